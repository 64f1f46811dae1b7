//! What a plan is of.

use super::Lang;
use crate::logic::wanted::{PlanOf, Wanted};

/// Sentences about plans.
pub trait Planned {
    /// "A run of what stands in the form: ref v1, 2 changed variables · 4 jobs".
    fn plan_of(self, of: &PlanOf, jobs: usize) -> String;
}

impl Planned for Lang {
    fn plan_of(self, of: &PlanOf, jobs: usize) -> String {
        let of = match (self, of) {
            (Self::En, PlanOf::Definition { branch: true }) => {
                "A run of the default branch, with the values of the definition".to_owned()
            }
            (Self::Zh, PlanOf::Definition { branch: true }) => "默认分支的运行，使用定义中的值".to_owned(),
            (Self::En, PlanOf::Definition { branch: false }) => "A run with the values of the definition".to_owned(),
            (Self::Zh, PlanOf::Definition { branch: false }) => "使用定义中的值的运行".to_owned(),
            (Self::En, PlanOf::Form(wanted)) => format!("A run of what stands in the form: {}", parts(self, wanted)),
            (Self::Zh, PlanOf::Form(wanted)) => format!("按表单内容的运行：{}", parts(self, wanted)),
            (Self::En, PlanOf::Editor) => "A run of the text in the editor, with its own values".to_owned(),
            (Self::Zh, PlanOf::Editor) => "编辑器中文本的运行，使用其中的值".to_owned(),
        };
        // Whoever does not see the list hears by this that it has changed.
        match (self, jobs) {
            (Self::En, 0) => format!("{of} · no job"),
            (Self::En, 1) => format!("{of} · 1 job"),
            (Self::En, _) => format!("{of} · {jobs} jobs"),
            (Self::Zh, 0) => format!("{of} · 没有作业"),
            (Self::Zh, _) => format!("{of} · {jobs} 个作业"),
        }
    }
}

fn parts(lang: Lang, wanted: &Wanted) -> String {
    let count = |n: usize, en: &str, zh: &str| match lang {
        _ if n == 0 => None,
        Lang::En => Some(format!("{n} changed {en}{}", if n == 1 { "" } else { "s" })),
        Lang::Zh => Some(format!("{n} 个已更改的{zh}")),
    };
    let named = |en: &str, zh: &str| if lang == Lang::En { en.to_owned() } else { zh.to_owned() };
    let parts = [
        wanted.git_ref.as_ref().map(|name| format!("{} {name}", named("ref", "引用"))),
        count(wanted.variables, "variable", "变量"),
        count(wanted.inputs, "input", "输入"),
        wanted.path.then(|| named("an input path", "输入路径")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(if lang == Lang::En { ", " } else { "，" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plan_is_of() {
        let wanted = Wanted { git_ref: Some("v1".into()), variables: 2, inputs: 1, path: true };
        let of = PlanOf::Form(wanted);
        assert_eq!(
            Lang::En.plan_of(&of, 4),
            "A run of what stands in the form: ref v1, 2 changed variables, 1 changed input, an input path · 4 jobs"
        );
        assert_eq!(
            Lang::Zh.plan_of(&of, 0),
            "按表单内容的运行：引用 v1，2 个已更改的变量，1 个已更改的输入，输入路径 · 没有作业"
        );
        assert_eq!(
            Lang::En.plan_of(&PlanOf::Definition { branch: false }, 1),
            "A run with the values of the definition · 1 job"
        );
    }
}
