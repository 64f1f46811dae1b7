//! The run that a form asks for: how far it differs from one that is started with the form as it was
//! at first, and what stands against it.

use model::view::LintView;
use model::{Diagnostic, Error, Severity, Span};

use super::{query, variables};

/// What a plan is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanOf {
    /// The definition as it is saved, with its own values.
    Definition {
        /// Whether it, or the files of its runs, come from the default branch of a repository.
        branch: bool,
    },
    /// What stands in the run form.
    Form(Wanted),
    /// The text in the editor.
    Editor,
}

/// What was typed or chosen in a run form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The ref.
    pub git_ref: Option<String>,
    /// How many variables: those that were changed, and those that were added.
    pub variables: usize,
    /// How many inputs were changed.
    pub inputs: usize,
    /// Whether there is an input path.
    pub path: bool,
}

impl Wanted {
    /// Reads the fields of the form, written as a query. As for the server, a field that stands as it was at first
    /// is nothing.
    pub fn read(form: &str) -> Self {
        let fields = query::read(form);
        let find = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let text = |name: &str| find(name).unwrap_or_default().trim();
        let changed = |now: &str, was: &str| {
            let differs = |(name, value): &&(String, String)| {
                let name = name.strip_prefix(now).filter(|name| name.starts_with('['));
                name.is_some_and(|name| find(&format!("{was}{name}")) != Some(value))
            };
            fields.iter().filter(differs).count()
        };
        Self {
            git_ref: Some(text("git_ref").to_owned()).filter(|text| !text.is_empty()),
            variables: changed("set", "was") + variables::lines(text("more")).count(),
            inputs: changed("input", "was_input"),
            path: !text("input_path").is_empty(),
        }
    }

    /// Whether the form stands as it was at first.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What stands against a run that was planned, for the form that asks for it: errors, or whatever was said when there
/// is no plan. A place is named where there is text to look at.
pub fn against(planned: &LintView) -> Vec<String> {
    let none = planned.plan.is_empty() && planned.excluded.is_empty();
    let errors = || planned.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let say = |found: &Diagnostic| {
        let Diagnostic { message, file, span, .. } = found;
        if found.source_line.is_empty() {
            message.clone()
        } else {
            format!("{message} ({file}:{}:{})", span.line, span.column)
        }
    };
    if none && errors().next().is_none() {
        return planned.diagnostics.iter().map(say).collect();
    }
    errors().map(say).collect()
}

/// A run that is refused before there is anything to plan.
#[cfg_attr(not(feature = "ssr"), allow(dead_code, reason = "only the server refuses"))]
pub fn refused(error: Error) -> LintView {
    let mut diagnostics = error.diagnostics;
    if diagnostics.is_empty() {
        diagnostics.push(Diagnostic {
            severity: Severity::Error,
            message: error.message,
            file: String::new(),
            span: Span::default(),
            hint: None,
            link: None,
            source_line: String::new(),
        });
    }
    LintView { diagnostics, plan: Vec::new(), excluded: Vec::new(), variables: Vec::new(), inputs: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_is_wanted() {
        let read = |form: &str| Wanted::read(form);
        let same =
            "key=shop&git_ref=+&set%5BA%5D=1&was%5BA%5D=1&input%5BB%5D=&was_input%5BB%5D=&more=%0D%0A%23+x&input_path=";
        assert!(read(same).is_nothing(), "{:?}", read(same));
        let form = "key=shop&git_ref=+v1+&set%5BA%5D=2&was%5BA%5D=1&set%5BC%5D=x&was%5BC%5D=x\
                    &input%5BB%5D=eu&was_input%5BB%5D=&more=D%3D1%0D%0AE&input_path=a%2Fb";
        let wanted = Wanted { git_ref: Some("v1".into()), variables: 3, inputs: 1, path: true };
        assert_eq!(read(form), wanted);
        assert!(!wanted.is_nothing());
        // A space is a value like any other, and what never stood there is new.
        assert_eq!(read("set%5BA%5D=1+&was%5BA%5D=1").variables, 1);
        assert_eq!(read("set%5BA%5D=").variables, 1);
        assert!(read("").is_nothing());
    }

    #[test]
    fn a_reason_is_said_with_its_place_and_warnings_only_where_nothing_is_planned() {
        let mut view = refused(Error::invalid("there is no ref `x`"));
        assert_eq!(against(&view), ["there is no ref `x`"]);
        let place = Span { line: 3, column: 5, ..Span::default() };
        let warning = Diagnostic {
            severity: Severity::Warning,
            message: "the input `a` is not given".into(),
            file: ".gitlab-ci.yml".into(),
            span: place,
            source_line: "    a:".into(),
            ..view.diagnostics[0].clone()
        };
        view.diagnostics.push(warning.clone());
        assert_eq!(against(&view), ["there is no ref `x`"]);
        view.diagnostics = vec![warning];
        assert_eq!(against(&view), ["the input `a` is not given (.gitlab-ci.yml:3:5)"]);
        view.plan.push(model::view::PlanStage { name: "test".into(), jobs: Vec::new() });
        assert_eq!(against(&view), [""; 0]);
    }
}
