//! Runners: the server's own, one that is away, and one of a project alone. What people typed is hostile.

use model::{ProjectId, RunnerDraft, RunnerId, RunnerView};

use super::data::at;

pub fn runners(project: Option<ProjectId>) -> Vec<RunnerView> {
    let draft = |name: &str, tags: &[&str]| RunnerDraft {
        name: name.into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        run_untagged: true,
        ..RunnerDraft::default()
    };
    let runner = |id, draft, created_by: Option<&str>| RunnerView {
        id: RunnerId(id),
        draft,
        project: None,
        created_by: created_by.map(Into::into),
        created_at: at(-700),
        updated_at: at(-700),
        lent_to: Vec::new(),
        managers: Vec::new(),
        is_online: true,
        running: 0,
    };
    let own = RunnerView { running: 2, ..runner(1, draft("embedded", &[]), None) };
    let mac = RunnerDraft { run_untagged: false, protected: true, ..draft("mac mini", &["macos", "arm64"]) };
    let mac = RunnerView { running: 1, ..runner(7, mac, Some("ada")) };
    let evil = RunnerDraft { paused: true, ..draft("lab <b>scan</b> \u{202e}", &["<img src=x>", "gpu"]) };
    let evil = RunnerView {
        project: Some((ProjectId(1), "demo/shop".parse().unwrap())),
        is_online: false,
        ..runner(8, evil, Some("Grace"))
    };
    let all = [own, mac, evil].into_iter();
    all.filter(|one| project.is_none() || one.project.as_ref().map(|of| of.0) == project).collect()
}
