//! `weir lint` and `weir plan`: the evaluator over the files of a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::plan::{Inputs, Plan, Variable};
use model::{Diagnostic, Severity, Span};
use pipeline::lint::Document;
use serde_json::Value;

use super::args::LintArgs;
use super::failure::{Exit, Failure, Outcome};
use super::folder::Folder;
use super::output::{self, Paint};
use super::pair::KeyValue;
use super::plan::{self, Durations};
use crate::service::definition::Definition;
use crate::service::{DEFAULT_TIMEOUT, names};

/// The name of a definition unless somebody says otherwise.
pub const FILE: &str = ".gitlab-ci.yml";

/// Runs the command; with durations also says which jobs a run would have.
pub fn main(args: LintArgs, plan: Option<&Durations>, json: bool) -> Outcome {
    let path = path_of(args.folder.as_deref(), args.file.as_deref());
    let variables = args.variables.into_iter().map(Variable::from).collect();
    let folder = Folder::new(&folder_of(args.folder.as_deref()), &args.event);
    let folder = folder.with_includes(args.includes);
    let mut evaluated = evaluate(&path, variables, inputs(args.inputs), folder);
    if evaluated.valid {
        // That no run can be made now is no fault of the definition: it is told, and nothing fails.
        evaluated.diagnostics.iter_mut().for_each(|found| found.severity = Severity::Warning);
    }
    if json {
        let mut document = serde_json::to_value(Document::new(&evaluated)).unwrap_or_default();
        if let Some(durations) = plan {
            document["plan"] = evaluated.plan.as_ref().map_or(Value::Null, |plan| plan::document(plan, durations));
        }
        output::json(&document);
    } else {
        print_diagnostics(&evaluated.diagnostics, Paint::stderr());
        match (&evaluated.plan, plan) {
            (Some(plan), Some(durations)) => plan::print(plan, durations),
            (Some(plan), None) => output::line(summary(&path, plan)),
            (None, _) => {}
        }
    }
    if evaluated.valid { Ok(()) } else { Err(Failure::silent(Exit::Failed)) }
}

/// The file that is meant: in the folder, under its own or the usual name. A file may stand in the
/// folder's place.
pub fn path_of(folder: Option<&Path>, file: Option<&Path>) -> PathBuf {
    match (folder, file) {
        (Some(folder), None) if folder.is_file() => folder.to_owned(),
        (Some(folder), file) => folder.join(file.unwrap_or(Path::new(FILE))),
        (None, Some(file)) => file.to_owned(),
        (None, None) => PathBuf::from(FILE),
    }
}

/// The folder whose files the definition includes.
fn folder_of(folder: Option<&Path>) -> PathBuf {
    match folder {
        Some(file) if file.is_file() => {
            file.parent().filter(|up| !up.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
        }
        Some(folder) => folder.to_owned(),
        None => PathBuf::from("."),
    }
}

/// Values of inputs as they were typed: text is read as the type of its input.
pub fn inputs(pairs: Vec<KeyValue>) -> Inputs {
    pairs.into_iter().map(|pair| (pair.key, Value::from(pair.value))).collect()
}

/// Evaluates a file for what the folder stands for; one that cannot be read is a finding like any
/// other. The plan has its names, tags too, as the run will.
pub fn evaluate(path: &Path, variables: Vec<Variable>, inputs: Inputs, folder: Folder) -> pipeline::Outcome {
    let name = path.display().to_string();
    let mut context = pipeline::Context::new(&name);
    context.variables = variables;
    context.inputs = inputs;
    context.predefined = folder.predefined();
    context.files = Arc::new(folder);
    context.default_timeout = DEFAULT_TIMEOUT;
    let unreadable = |diagnostic: Diagnostic| {
        let mut outcome = pipeline::Outcome::default();
        outcome.diagnostics.push(diagnostic);
        outcome
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            return unreadable(Diagnostic {
                severity: Severity::Error,
                message: format!("the definition cannot be read: {error}"),
                file: name,
                span: Span { line: 1, column: 1, ..Span::default() },
                hint: missing.then(|| "name the folder, or the file with `-f FILE`".to_owned()),
                link: None,
                source_line: String::new(),
            });
        }
    };
    match pipeline::decode(&bytes, &name) {
        Ok(text) => {
            let mut outcome = pipeline::plan(text, &context);
            let mut found = pipeline::check_children(&outcome, &context);
            outcome.diagnostics.append(&mut found);
            let (given, predefined) = (&context.variables, &context.predefined);
            let definition = Definition { file: &name, text };
            outcome.refuse(names::check(&outcome, given, predefined, definition));
            if let Some(plan) = &mut outcome.plan {
                // It has been seen to go well.
                let _ = names::fill(plan, given, &outcome.global_variables, predefined, definition, &outcome.jobs);
            }
            outcome
        }
        Err(diagnostic) => unreadable(*diagnostic),
    }
}

fn summary(path: &Path, plan: &Plan) -> String {
    let jobs = plan.jobs.len();
    let stages = plan.stages.iter().filter(|stage| plan.jobs.iter().any(|job| &job.stage == *stage)).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let paint = Paint::stdout();
    let good = paint.green("✓");
    format!("{good} {}: valid, {} in {}", path.display(), plural(jobs, "job"), plural(stages, "stage"))
}

/// Writes findings to stderr: the line, a caret under the place, and the way out.
pub fn print_diagnostics(diagnostics: &[Diagnostic], paint: Paint) {
    let renderer = if paint.is_on() { Renderer::styled() } else { Renderer::plain() };
    for diagnostic in diagnostics {
        output::note(render(diagnostic, &renderer));
    }
}

fn render(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let clean = |text: &str| output::harmless(text, false);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(clean(&diagnostic.message));
    let line: String = diagnostic.source_line.replace('\t', " ");
    let line = clean(&line);
    let start = line.char_indices().nth(diagnostic.span.column.max(1) as usize - 1).map_or(line.len(), |(at, _)| at);
    let end = line[start..].char_indices().nth(diagnostic.caret_width()).map_or(line.len(), |(at, _)| start + at);
    let mut groups = vec![
        Group::with_title(title).element(
            Snippet::source(line)
                .line_start(diagnostic.span.line.max(1) as usize)
                .path(clean(&diagnostic.file))
                .annotation(AnnotationKind::Primary.span(start..end.max(start))),
        ),
    ];
    if let Some(hint) = &diagnostic.hint {
        groups.push(Group::with_title(Level::HELP.secondary_title(clean(hint))));
    }
    if let Some(link) = &diagnostic.link {
        groups.push(Group::with_title(Level::NOTE.secondary_title(format!("see {}", clean(link)))));
    }
    format!("{}\n", renderer.render(&groups))
}

#[cfg(test)]
mod tests {
    use super::super::args::EventArgs;
    use super::*;

    fn diagnostic(column: u32, width: usize, line: &str) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            message: "unknown key `scirpt`".into(),
            file: ".gitlab-ci.yml".into(),
            span: Span { start: 10, end: 10 + width, line: 7, column },
            hint: Some("did you mean `script`?".into()),
            link: None,
            source_line: line.into(),
        }
    }

    #[test]
    fn a_finding_has_its_line_a_caret_and_a_way_out() {
        insta::assert_snapshot!(render(&diagnostic(3, 6, "  scirpt: [make]"), &Renderer::plain()));
    }

    #[test]
    fn plans_have_tags_as_the_run_will_have_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = "a: {script: x, variables: {OS: linux}, tags: [$OS-$CI_COMMIT_BRANCH, '$$x', $GONE]}\n";
        std::fs::write(&path, text).unwrap();
        let plan =
            evaluate(&path, Vec::new(), Inputs::new(), Folder::new(folder.path(), &EventArgs::default())).plan.unwrap();
        assert_eq!(plan.jobs[0].tags, ["linux-main", "$x", "$GONE"]);
    }

    #[test]
    fn any_place_can_be_shown() {
        for (column, width, line) in [(1, 0, ""), (9, 5, "ü"), (1, 1, "\t\x1b[31mx"), (2, 900, "äöü"), (0, 1, "x")]
        {
            render(&diagnostic(column, width, line), &Renderer::plain());
        }
    }

    #[test]
    fn what_only_the_server_sees_is_told_beside_other_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let text = "a: {script: x, retry: 9}\nb: {script: x, environment: {name: $X}, variables: {X: 'a#b'}}\n\
                    c: {trigger: {include: child.yml}}\n";
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("child.yml"), "d: {script: x, tmeout: 1h}\n").unwrap();
        let found = evaluate(&path, Vec::new(), Inputs::new(), Folder::new(folder.path(), &EventArgs::default()));
        let words = ["`retry` must be", "`tmeout` is not a keyword", "`b` deploys to"];
        let fits = found.diagnostics.iter().zip(words).all(|(found, word)| found.message.contains(word));
        assert!(fits && found.diagnostics.len() == words.len(), "{:#?}", found.diagnostics);
        assert!(found.plan.is_none() && !found.valid);
    }
}
