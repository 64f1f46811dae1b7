//! Runners and the processes behind them.

use model::{RunnerManager, RunnerView, Timestamp, User};
use serde_json::{Value, json};

use super::user;

/// A runner that was not heard of for so long is stale, in milliseconds.
const STALE: i64 = 7 * 24 * 3600 * 1000;

/// How a runner stands.
pub fn status(is_online: bool, contacted: Option<Timestamp>, now: Timestamp) -> &'static str {
    match contacted {
        _ if is_online => "online",
        None => "never_contacted",
        Some(at) if now.since(at) > STALE => "stale",
        Some(_) => "offline",
    }
}

/// Whether jobs run on it.
fn execution(runner: &RunnerView) -> &'static str {
    if runner.running > 0 { "active" } else { "idle" }
}

/// A runner as lists show it. `contacted` is when it was heard of last.
pub fn basic(
    runner: &RunnerView,
    contacted: Option<Timestamp>,
    now: Timestamp,
    creator: Option<&User>,
    base: &str,
) -> Value {
    json!({
        "id": runner.id,
        "description": runner.draft.name,
        "ip_address": null,
        "active": !runner.draft.paused,
        "paused": runner.draft.paused,
        "is_shared": runner.project.is_none(),
        "runner_type": if runner.project.is_none() { "instance_type" } else { "project_type" },
        "name": null,
        "online": runner.is_online,
        "created_by": creator.map(|one| user::basic(one, base)),
        "created_at": runner.created_at.rfc3339(),
        "status": status(runner.is_online, contacted, now),
        "job_execution_status": execution(runner),
    })
}

/// What one runner alone has besides.
pub fn details(runner: &RunnerView, contacted: Option<Timestamp>, base: &str) -> Value {
    let latest = runner.managers.first();
    let text = |of: fn(&RunnerManager) -> &String| latest.map(of).filter(|text| !text.is_empty());
    let projects = runner.project.iter().chain(&runner.lent_to).map(|(id, path)| {
        json!({
            "id": id,
            "name": path.name(),
            "path": path.name(),
            "name_with_namespace": path.as_str().replace('/', " / "),
            "path_with_namespace": path,
            "web_url": format!("{base}/projects/{path}"),
        })
    });
    json!({
        "tag_list": runner.draft.tags,
        "run_untagged": runner.draft.run_untagged,
        "locked": runner.draft.locked,
        "maximum_timeout": runner.draft.maximum_timeout,
        "access_level": if runner.draft.protected { "ref_protected" } else { "not_protected" },
        "version": text(|one| &one.version),
        "revision": text(|one| &one.revision),
        "platform": text(|one| &one.platform),
        "architecture": text(|one| &one.architecture),
        "contacted_at": contacted.map(Timestamp::rfc3339),
        "maintenance_note": runner.draft.note,
        "projects": projects.collect::<Vec<_>>(),
        "groups": [],
    })
}

/// A process of a runner, heard of last at `contacted`; what the runner does is what its latest process does.
pub fn manager(
    one: &RunnerManager,
    runner: &RunnerView,
    contacted: Timestamp,
    is_latest: bool,
    now: Timestamp,
) -> Value {
    json!({
        "id": one.id,
        "system_id": one.system_id,
        "version": one.version,
        "revision": one.revision,
        "platform": one.platform,
        "architecture": one.architecture,
        "created_at": one.created_at.rfc3339(),
        "contacted_at": contacted.rfc3339(),
        "ip_address": one.address,
        "status": status(is_latest && runner.is_online, Some(contacted), now),
        "job_execution_status": if is_latest { execution(runner) } else { "idle" },
    })
}
