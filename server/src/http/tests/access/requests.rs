//! What to send: each route's address with its parts filled in, and a body that nothing but a missing right stands
//! against. What a request uses up is made for it.

use app::service::{Accounts as _, Service as _};
use model::{EnvironmentId, TokenId, TokenScope, UserId, VariableOwner};
use serde_json::json;

use super::World;
use super::world::{Ground, Town, Who};
use crate::auth::policy::Means;
use crate::store::users;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// One request.
pub struct Wanted {
    pub path: String,
    pub kind: &'static str,
    pub body: String,
}

/// What the parts of an address mean.
#[derive(Clone)]
pub struct Names {
    project: String,
    group: String,
    group_id: i64,
    path: String,
    run: String,
    job: String,
    environment: String,
    pipeline: String,
    lock: String,
    variable: String,
    variable_id: String,
    token: String,
    runner: String,
    schedule: String,
    trigger: String,
    artifact: String,
    artifact_job: String,
    user: String,
    user_id: String,
    operation: String,
    session: String,
    project_id: String,
    pipeline_id: String,
    pipeline_run_id: String,
    job_run_id: String,
    build_id: String,
    /// Those of all projects.
    pipeline_ids: String,
    build_no: String,
    record_id: String,
    personal: String,
    access_key: String,
}

impl Names {
    /// Those of things that are nowhere.
    pub fn missing(town: &Town) -> Self {
        let number = || "987654".to_owned();
        Self {
            project: number(),
            group: "nowhere".into(),
            group_id: 987_654,
            path: "nowhere/none".into(),
            run: number(),
            job: number(),
            environment: number(),
            pipeline: "zq-none".into(),
            lock: "none".into(),
            variable: "NONE".into(),
            variable_id: number(),
            token: number(),
            runner: number(),
            schedule: number(),
            trigger: number(),
            artifact: "none.zip".into(),
            project_id: "f".repeat(32),
            pipeline_id: "f".repeat(32),
            pipeline_run_id: "f".repeat(32),
            job_run_id: "f".repeat(32),
            build_no: number(),
            record_id: dashed(&"f".repeat(32)),
            ..Self::of(town, town.web())
        }
    }

    /// Those of a project.
    pub fn of(town: &Town, ground: &Ground) -> Self {
        Self {
            project: ground.id.to_string(),
            group: ground.group.clone(),
            group_id: ground.group_id,
            path: ground.path.clone(),
            run: ground.run.to_string(),
            job: ground.job.to_string(),
            environment: ground.environment.to_string(),
            pipeline: ground.key.to_string(),
            lock: format!("{}-lock", ground.mark()),
            variable: "KEPT".into(),
            variable_id: "1".into(),
            token: ground.token.to_string(),
            runner: ground.runner.to_string(),
            schedule: ground.schedule.to_string(),
            trigger: ground.trigger.to_string(),
            artifact: ground.artifact.clone(),
            artifact_job: format!("{}-build", ground.mark()),
            user: "zoe".into(),
            user_id: town.dummy.to_string(),
            operation: "op".into(),
            session: "987654".into(),
            project_id: ground.uids[0].clone(),
            pipeline_id: ground.uids[1].clone(),
            pipeline_run_id: ground.uids[2].clone(),
            job_run_id: ground.uids[3].clone(),
            build_id: "1".into(),
            pipeline_ids: town.grounds.iter().map(|one| one.uids[1].as_str()).collect::<Vec<_>>().join(","),
            build_no: "1".into(),
            record_id: dashed(&ground.uids[2]),
            personal: "987654".into(),
            access_key: "NONE".into(),
        }
    }

    /// The same, with a personal token of whoever asks.
    pub async fn with_token_of(mut self, town: &Town, who: &Who) -> Self {
        if let Some(user) = who.user {
            self.personal = town.personal_token(user).await.0.to_string();
        }
        self
    }

    /// The same, with a fresh thing in the place of what this request uses up.
    pub async fn used_up(mut self, town: &Town, ground: &Ground, who: &Who, route: &str) -> Self {
        let (method, path) = route.split_once(' ').unwrap_or_default();
        let path = path.trim();
        let last = path.rsplit('/').next().unwrap_or_default();
        let owner = if path.contains("{group}") {
            VariableOwner::Namespace(ground.group.clone())
        } else if path.contains("/admin/") {
            VariableOwner::Instance
        } else {
            VariableOwner::Project(ground.id)
        };
        if path.contains("{schedule}") || path.starts_with("/rpc/schedule/") {
            self.schedule = town.fresh_schedule(ground).await.to_string();
            return self;
        }
        if path.contains("{trigger}") {
            self.trigger = town.fresh_trigger(ground).await.to_string();
            return self;
        }
        if path.contains("{job_id}") && matches!(last, "disable" | "recover" | "stop") {
            let (weir, by) = (&town.world.weir, &town.world.caller);
            let key = town.fresh_pipeline(ground).await.parse().unwrap();
            self.pipeline_id = weir.read_pipeline_only(by, &key).await.unwrap().uid.to_string();
            if last == "stop" {
                weir.start_run(by, &key, model::NewRun::default()).await.unwrap();
            }
            return self;
        }
        if crate::dialect::codearts::is_root(path) {
            let action = last.split('?').next().unwrap_or_default();
            let (run, _, waiting) = match action {
                "stop" | "pass" | "refuse" => town.fresh_run(ground).await,
                "retry" => town.fresh_canceled_run(ground).await,
                _ => return self,
            };
            let view = town.world.weir.run(&town.world.caller, run).await.unwrap();
            self.pipeline_run_id = view.run.uid.to_string();
            self.build_id = view.run.number.to_string();
            self.job_run_id = view.jobs.iter().find(|job| job.id == waiting).unwrap().uid.to_string();
            return self;
        }
        let is_variable = path.contains("variables/{key}") || path == "/rpc/variable/delete";
        if is_variable {
            let (id, key) = town.fresh_variable(owner).await;
            (self.variable_id, self.variable) = (id.to_string(), key);
        } else if path == "/rpc/token/rotate" || path == "/rpc/token/revoke" {
            self.token = town.fresh_token(ground).await.to_string();
        } else if path == "/rpc/runner/delete" || method == "DELETE" && path.ends_with("/runners/{runner}") {
            self.runner = town.fresh_runner(ground).await.to_string();
        } else if path.contains("access_key") && last == "rotate" {
            if who.user.is_some() {
                let own = model::Caller { id: who.user, ..town.world.caller.clone() };
                self.access_key = town.world.weir.create_access_key(&own, None, None).await.unwrap().key.access;
            }
        } else if path == "/rpc/account/end_session" {
            if let Some(user) = who.user {
                self.session = town.world.session(user).await.0.to_string();
            }
        } else if method == "DELETE" && path.ends_with("/environments/{environment}") {
            self.environment = town.fresh_stopped_environment(ground).await.to_string();
        } else if path == "/rpc/project/delete" || method == "DELETE" && path == "/api/v4/projects/{project}" {
            let made = town.fresh_project(ground).await;
            (self.project, self.path) = (made.0.to_string(), made.1);
        } else if path == "/rpc/pipeline/delete" || method == "DELETE" && path == "/api/pipelines/{id}" {
            self.pipeline = town.fresh_pipeline(ground).await;
        } else if method == "DELETE" && path == "/api/operations/{id}" {
            self.operation = town.fresh_operation().await;
        } else if last == "play" {
            let (run, _, waiting) = town.fresh_run(ground).await;
            (self.run, self.job) = (run.to_string(), waiting.to_string());
        } else if method == "DELETE" || matches!(last, "retry" | "cancel" | "erase" | "delete" | "delete_artifacts") {
            let (run, job, _) = town.fresh_canceled_run(ground).await;
            (self.run, self.job) = (run.to_string(), job.to_string());
        }
        self
    }

    fn fill(&self, path: &str) -> String {
        let is_ordine = path.starts_with("/api/") && !path.starts_with("/api/v4/");
        let id = match path.split('/').rev().skip_while(|part| *part != "{id}").nth(1) {
            Some("runs") => &self.run,
            Some("pipelines") => &self.pipeline,
            Some("operations") => &self.operation,
            Some("jobs") if is_ordine => &self.run,
            _ => &self.job,
        };
        let key = if path.contains("resource_groups") {
            &self.lock
        } else if path.contains("variables") {
            &self.variable
        } else {
            &self.pipeline
        };
        let user = if path.starts_with("/api/v4/users/") { &self.user_id } else { &self.user };
        let token = &self.personal;
        let in_archive = format!("main/raw/{}", super::world::FILE);
        let rest = match path {
            _ if path.starts_with("/pkg/") => "none.js",
            _ if path.contains("/jobs/artifacts/") => &in_archive,
            _ if path.contains("/artifacts/") => super::world::FILE,
            _ => &self.path,
        };
        // The job is named like its project.
        let path = &path.replace("?job=", &format!("?job={}", self.artifact_job));
        let mut filled = path.replace("{id}", id).replace("{key}", key).replace("{*path}", rest);
        for (name, value) in [
            ("project_id", &self.project_id),
            ("pipeline_id", &self.pipeline_id),
            ("pipeline_ids", &self.pipeline_ids),
            ("build_id", &self.build_id),
            ("job_id", &self.pipeline_id),
            ("build_no", &self.build_no),
            ("build_number", &self.build_no),
            ("record_id", &self.record_id),
            ("pipeline_run_id", &self.pipeline_run_id),
            ("job_run_id", &self.job_run_id),
            ("step_run_id", &crate::dialect::codearts::derived("step", &self.job_run_id, 0)),
            ("project", &self.project),
            ("group", &self.group),
            ("run", &self.run),
            ("job", &self.job),
            ("environment", &self.environment),
            ("runner", &self.runner),
            ("schedule", &self.schedule),
            ("trigger", &self.trigger),
            ("pipeline", &self.pipeline),
            ("name", &self.artifact),
            ("user", user),
            ("token", token),
            ("access_key", &self.access_key),
            ("*branch", &"main".to_owned()),
            ("sha", &"main".to_owned()),
            ("version", &"0".to_owned()),
        ] {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }

    /// The request of a route.
    pub fn request(&self, town: &Town, ground: &Ground, route: &str) -> Wanted {
        let (method, pattern) = route.split_once(' ').unwrap_or_default();
        let pattern = pattern.trim();
        let path = self.fill(pattern);
        let (kind, body) = match (method, pattern) {
            ("GET" | "DELETE", _) => ("", String::new()),
            (_, rpc) if rpc.starts_with("/rpc/") => self.form(town, ground, rpc),
            (_, other) => (JSON, self.json(town, other)),
        };
        // What tells the lines of one route apart is not part of it.
        let is_codearts = crate::dialect::codearts::is_root(pattern);
        let path =
            if method == "POST" && !is_codearts { path.split('?').next().unwrap_or_default().to_owned() } else { path };
        Wanted { path, kind, body }
    }

    fn form(&self, town: &Town, ground: &Ground, pattern: &str) -> (&'static str, String) {
        let Self {
            project,
            path,
            run,
            job,
            environment,
            pipeline,
            variable_id,
            token,
            runner,
            schedule,
            user_id,
            session,
            ..
        } = self;
        let (n, group) = (town.next(), &self.group);
        let body = match pattern {
            "/rpc/lint" => return (JSON, json!({"text": "a: {script: x}", "of": pipeline}).to_string()),
            "/rpc/prefs/theme" => "value=dark".to_owned(),
            "/rpc/prefs/language" => "value=en".to_owned(),
            "/rpc/prefs/keys" => "value=on".to_owned(),
            "/rpc/pipeline/create" => format!("key=made-{n}&project={path}&definition=a%3A%20%7Bscript%3A%20x%7D"),
            "/rpc/pipeline/save" => {
                let text: String =
                    form_urlencoded::byte_serialize(super::world::definition(&ground.mark()).as_bytes()).collect();
                format!("key={pipeline}&definition={text}")
            }
            "/rpc/pipeline/switch" => format!("key={pipeline}&disabled=false"),
            "/rpc/pipeline/delete" | "/rpc/pipeline/run" | "/rpc/pipeline/plan" => format!("key={pipeline}"),
            "/rpc/run/retry" | "/rpc/run/cancel" | "/rpc/run/delete" => format!("id={run}"),
            "/rpc/job/play"
            | "/rpc/job/unschedule"
            | "/rpc/job/retry"
            | "/rpc/job/cancel"
            | "/rpc/job/delete_artifacts" => format!("id={job}"),
            "/rpc/environment/stop" => format!("id={environment}"),
            "/rpc/variable/save" => format!("project={project}&key=MADE_{n}&value=x"),
            "/rpc/variable/delete" => format!("project={project}&id={variable_id}"),
            "/rpc/project/create" => format!("path={group}/made-{n}"),
            "/rpc/project/change" => {
                let jobs = ground.public_jobs;
                format!("id={project}&visibility={}&public_jobs={jobs}&shared_runners=true", ground.visibility.as_str())
            }
            "/rpc/project/delete" => format!("id={project}&path={path}&typed={path}"),
            "/rpc/project/redact" => format!("id={project}&value=jX9kQ2vLr8TzW4nB7mYp"),
            "/rpc/member/set" => format!("project={project}&user=zoe&role=guest"),
            "/rpc/account/change" => "full_name=&email=".to_owned(),
            "/rpc/account/password" => "old=x&password=correct-horse-7&again=correct-horse-7".to_owned(),
            "/rpc/account/end_session" => format!("id={session}"),
            "/rpc/token/create" => format!("name=made-{n}&scope=read_api"),
            "/rpc/token/create?project" => {
                format!("kind=project&name=made-{n}&scope=read_api&role=guest&project={project}")
            }
            "/rpc/token/create?trigger" => format!("kind=trigger&name=made-{n}&project={project}"),
            "/rpc/token/rotate" | "/rpc/token/revoke" => format!("id={token}"),
            "/rpc/runner/create" => format!("name=made-{n}&untagged=true"),
            "/rpc/runner/create?project" => format!("name=made-{n}&untagged=true&project={project}"),
            "/rpc/runner/change" => format!("id={runner}&project={project}&name=again&untagged=true"),
            "/rpc/runner/pause" => format!("id={runner}&project={project}&paused=false"),
            "/rpc/runner/rotate" | "/rpc/runner/delete" => format!("id={runner}"),
            "/rpc/schedule/create" => format!("project={project}&description=made+{n}&cron=0+2+*+*+*&timezone=UTC"),
            "/rpc/schedule/change" => format!("id={schedule}&description=again&cron=0+2+*+*+*&timezone=UTC"),
            "/rpc/schedule/activate" => format!("id={schedule}&active=true"),
            "/rpc/schedule/play" | "/rpc/schedule/take" | "/rpc/schedule/delete" => format!("id={schedule}"),
            "/rpc/access_key/create" | "/rpc/session/sign_out" => String::new(),
            "/rpc/access_key/rotate" => format!("access={}", self.access_key),
            "/rpc/access_key/revoke" => "id=987654".to_owned(),
            "/rpc/user/create" => format!("name=made-{n}"),
            "/rpc/user/change" => format!("id={user_id}&full_name=Zoe"),
            "/rpc/user/activate" => format!("id={user_id}&active=true"),
            "/rpc/user/reset_password" => format!("id={user_id}"),
            "/rpc/session/sign_in" => "name=root&password=wrong".to_owned(),
            "/rpc/welcome" | "/rpc/password" => {
                "key=x&name=x&password=correct-horse-7&again=correct-horse-7".to_owned()
            }
            other => panic!("no form for {other}"),
        };
        (FORM, body)
    }

    fn json(&self, town: &Town, pattern: &str) -> String {
        let (n, definition) = (town.next(), "a: {script: x}");
        let body = match pattern {
            "/v3/jobs/build" | "/v1/job/execute" => json!({"job_id": self.pipeline_id}),
            "/v1/job/{job_id}/disable" => json!({"disabled": true}),
            "/api/v4/weir/projects" => json!({"path": format!("{}/made-{n}", self.group)}),
            "/api/v4/weir/tokens" => json!({"name": format!("made-{n}"), "scope": "read_api"}),
            "/api/v4/user/runners" => json!({"runner_type": "instance_type"}),
            "/api/v4/user/runners?project" => json!({"runner_type": "project_type", "project_id": self.project}),
            "/api/v4/projects" => json!({"name": format!("made-{n}"), "namespace_id": self.group_id}),
            "/api/v4/projects/{project}" => json!({"description": "again"}),
            "/api/v4/projects/{project}/environments" => json!({"name": format!("made-{n}")}),
            "/api/v4/projects/{project}/runners" => json!({"runner_id": self.runner}),
            other if other.ends_with("/personal_access_tokens") => {
                json!({"name": format!("made-{n}"), "scopes": ["read_api"]})
            }
            "/api/v4/runners/{runner}" => json!({"description": "again"}),
            "/api/v4/ci/lint" | "/api/v4/projects/{project}/ci/lint" => json!({"content": definition}),
            "/api/v4/projects/{project}/pipeline" => json!({"ref": "main"}),
            "/api/v4/projects/{project}/pipelines/{run}/metadata" => json!({"name": "again"}),
            "/api/v4/projects/{project}/trigger/pipeline" => json!({"ref": "main", "token": "glptt-none"}),
            "/api/v4/projects/{project}/ref/{*path}" => json!({"token": "glptt-none"}),
            "/api/v4/projects/{project}/pipeline_schedules" => {
                json!({"description": format!("made {n}"), "ref": "main", "cron": "0 2 * * *"})
            }
            "/api/v4/projects/{project}/triggers" => json!({"description": format!("made {n}")}),
            other if other.ends_with("{schedule}") || other.ends_with("{trigger}") => json!({"description": "again"}),
            "/api/v4/weir/users" => json!({"name": format!("made-{n}")}),
            "/api/v4/weir/users/{user}" => json!({"full_name": "Zoe"}),
            "/api/v4/weir/members/{*path}" => json!({"user": "zoe", "role": "guest"}),
            "/api/v4/jobs/request" | "/api/v4/runners/verify" | "/api/v4/runners" | "/api/v4/jobs/{id}/watch" => {
                json!({"token": "glrt-none", "state": "running", "jobs": []})
            }
            "/api/v4/jobs/{id}" => json!({"token": "glcbt-none", "state": "success"}),
            "/api/jobs" => json!({"id": format!("made-{n}")}),
            "/api/jobs/{id}" => json!({}),
            "/api/pipelines" => {
                json!({"id": format!("made-{n}"), "projectId": self.path, "definition": definition})
            }
            "/api/pipelines/{id}" => json!({"name": "again"}),
            "/api/operations" => {
                json!({"id": format!("made-{n}"), "config": {"executor": {"type": "script", "command": "x"}}})
            }
            "/api/operations/{id}" => json!({"config": {"executor": {"type": "script", "command": "x"}}}),
            "/v5/{project_id}/api/pipelines/status" => json!([self.pipeline_id]),
            "/v3/pipelines/list" => json!({"limit": 100, "sort_key": "create_time", "sort_dir": "asc"}),
            other if other.ends_with("/variables") => json!({"key": format!("MADE_{n}"), "value": "x"}),
            other if other.contains("/variables/") => json!({"value": "y"}),
            other if other.contains("/resource_groups/") => json!({"process_mode": "oldest_first"}),
            _ => json!({}),
        };
        body.to_string()
    }
}

/// A uid as records of builds have it.
fn dashed(uid: &str) -> String {
    format!("{}-{}-{}-{}-{}", &uid[..8], &uid[8..12], &uid[12..16], &uid[16..20], &uid[20..])
}

impl Town {
    pub async fn fresh_stopped_environment(&self, ground: &Ground) -> EnvironmentId {
        let World { weir, caller, .. } = &self.world;
        let name = Some(format!("fresh-{}", self.next()));
        let draft = crate::service::environments::EnvironmentDraft { name, ..Default::default() };
        let made = weir.put_environment(caller, ground.id, None, draft).await.unwrap().environment.id;
        weir.force_stop(caller, made).await.unwrap();
        made
    }

    /// A personal token of somebody: its number and its text.
    pub async fn personal_token(&self, user: UserId) -> (TokenId, String) {
        let user = self.world.weir.store().read(move |conn| users::require(conn, user)).await.unwrap();
        self.world.token(&user.name, TokenScope::ReadApi).await
    }

    /// Somebody with another token than the one they have, which may be used up.
    pub async fn with_another_token(&self, who: &Who) -> Who {
        let scope = match who.means {
            Some(Means::Api) => TokenScope::Api,
            Some(Means::ReadApi) => TokenScope::ReadApi,
            _ => return who.clone(),
        };
        let name = who.name.split(' ').next().unwrap();
        let (_, text) = self.world.token(name, scope).await;
        Who { headers: vec![("private-token", text)], ..who.clone() }
    }
}
