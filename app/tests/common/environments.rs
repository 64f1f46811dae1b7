//! Environments of two projects, with hostile names and an address that must not become a link.

use model::view::EnvironmentView;
use model::{Deployment, Environment, EnvironmentId, EnvironmentState, JobId, ProjectId, RunId, Seq, Status, Tier};

use super::data::at;

fn environment(id: i64, project: &str, name: &str, state: EnvironmentState, url: Option<&str>) -> Environment {
    Environment {
        id: EnvironmentId(id),
        project_id: ProjectId(if project == "demo/shop" { 1 } else { 2 }),
        project_path: project.parse().unwrap(),
        name: name.into(),
        slug: format!("slug-{id}"),
        tier: Tier::of_name(name),
        state,
        external_url: url.map(Into::into),
        description: None,
        created_at: at(-5000),
        updated_at: at(1700),
        version: Seq(870 + id),
    }
}

fn deployment(id: i64, environment: i64, job: (i64, &str), status: Status) -> Deployment {
    Deployment {
        id,
        number: id,
        environment_id: EnvironmentId(environment),
        job_id: JobId(job.0),
        job_name: job.1.into(),
        run_id: RunId(42),
        status,
        git_ref: "main".into(),
        sha: "8c1f2a90d4e5b6a7988c1f2a90d4e5b6a798aabb".into(),
        user: "ada".into(),
        created_at: at(1680),
        finished_at: status.is_final().then(|| at(1710)),
    }
}

pub fn all() -> Vec<EnvironmentView> {
    use EnvironmentState::{Available, Stopped, Stopping};
    let view = |environment, last, live, stop_job| EnvironmentView { environment, last, live, stop_job };
    let production = environment(1, "demo/shop", "production", Available, Some("https://shop.example/?a=1&b=2"));
    let review = environment(2, "demo/shop", "review/<script>alert(4)</script>", Stopped, Some("JavaScript:alert(5)"));
    let staging = environment(3, "demo/shop", "staging 文档", Stopping, Some("http://staging.example"));
    let docs = environment(4, "team/docs", "pages", Available, None);
    vec![
        view(
            production,
            Some(deployment(7, 1, (112, "production"), Status::Failed)),
            Some(deployment(5, 1, (103, "unit <img src=x>"), Status::Success)),
            Some(JobId(109)),
        ),
        view(review, Some(deployment(3, 2, (109, "staging"), Status::Success)), None, None),
        view(staging, Some(deployment(6, 3, (109, "staging"), Status::Running)), None, Some(JobId(109))),
        view(docs, None, None, None),
    ]
}
