//! The use cases, one file per noun: permission, parse, transaction, event. The only place with
//! rules about who may do what. It knows nothing of HTTP.

mod access;
mod accounts;
mod audit;
pub mod browse;
pub mod builds;
mod children;
pub mod ci_variables;
pub mod codearts;
mod dashboard;
pub mod definition;
pub mod details;
pub mod environments;
pub mod files;
pub mod given;
mod job_files;
mod jobs;
mod last_seen;
mod limits;
pub mod lint;
mod maintenance;
pub mod masked;
mod mirrors;
pub mod names;
pub mod namespaces;
pub mod ordine;
mod pages;
pub mod pipelines;
pub mod projects;
mod refusals;
pub mod reports;
pub mod repository;
mod resource_groups;
mod runs;
mod schedules;
mod source;
mod streams;
pub mod unserved;
pub mod variables;
mod why;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::service::{Lines, NewPipeline, Service};
use async_trait::async_trait;
use model::log::LogPage;
use model::plan::Variable;
use model::view::{
    Dashboard, EnvironmentView, EnvironmentsView, JobView, LintView, PipelineView, RunFilter, RunPage, RunView, Why,
};
use model::{
    Caller, CiVariable, CiVariableDraft, CiVariableId, CiVariablesView, EnvironmentId, Error, Job, JobId, NewRun,
    Pipeline, PipelineKey, Project, Run, RunId, TestReport, VariableOwner, Visibility,
};

use crate::artifacts::Artifacts;
use crate::auth::aksk::Replays;
use crate::auth::password::Hasher;
use crate::logs::Logs;
use crate::logs::sequence::Sequences;
use crate::outbound::RemoteIncludes;
use crate::secrets::keys::{self, KeyError, KeyRing, Keys};
use crate::store::{
    Bus, Store, ci_variables as stored_variables, schedules as stored_schedules, tokens as stored_tokens,
};

pub use accounts::{Ended, LoginLimit, SESSION, Setup, SigningKey, Trigger, Views, token_of};
pub use last_seen::LastSeen;
pub use limits::Limits;
pub use maintenance::Heartbeats;
pub use refusals::Refusals;
pub(crate) use source::without_secret;
pub use streams::Scope;
pub use unserved::Served;

/// Seconds a job may run unless its definition or its project says otherwise.
pub const DEFAULT_TIMEOUT: u32 = model::options::DEFAULT_TIMEOUT;
/// The project that pipelines without one belong to.
pub const DEFAULT_PROJECT: &str = "local/default";

/// The service: one per server, shared by HTTP, dispatch and the dialects.
pub struct Weir {
    store: Arc<Store>,
    logs: Arc<Logs>,
    sequences: Arc<Sequences>,
    artifacts: Arc<Artifacts>,
    sources: Arc<source::Sources>,
    heartbeats: Heartbeats,
    refusals: Refusals,
    data: PathBuf,
    external_url: std::sync::OnceLock<String>,
    configured_url: std::sync::OnceLock<String>,
    sources_url: std::sync::OnceLock<String>,
    served: std::sync::OnceLock<Served>,
    keys: Keys,
    /// Where the keys are kept; `None` when the environment has them.
    key_file: Option<PathBuf>,
    remote: std::sync::OnceLock<Arc<RemoteIncludes>>,
    limits: std::sync::OnceLock<Limits>,
    setup: Setup,
    hasher: Hasher,
    login_limit: std::sync::OnceLock<Arc<dyn LoginLimit>>,
    views: Views,
    redacting: tokio::sync::Mutex<()>,
    rotating: tokio::sync::Mutex<()>,
    replays: Replays,
    local: std::sync::atomic::AtomicBool,
    access: tokio::sync::watch::Sender<u64>,
}

/// Why a data folder cannot be opened; fits after "failed to open DIR: ".
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A folder in it.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The keys of the secrets.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl std::fmt::Debug for Weir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weir").field("data", &self.data).finish_non_exhaustive()
    }
}

impl Weir {
    /// Opens the data folder, which the caller has locked.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        let store = Store::open(&data.join("weir.db"))?;
        let (keys, key_file) = match std::env::var(keys::VARIABLE) {
            Ok(text) if !text.is_empty() => (KeyRing::from_variable(&text)?, None),
            _ => {
                let path = data.join("secret.key");
                (
                    KeyRing::from_file(
                        &path,
                        store.at_start(|conn| {
                            Ok(stored_variables::any(conn)?
                                || crate::store::access_keys::any(conn)?
                                || !stored_schedules::sealed(conn)?.is_empty()
                                || !stored_tokens::sealed(conn)?.is_empty())
                        })?,
                    )?,
                    Some(path),
                )
            }
        };
        let sealed = store.at_start(|conn| {
            let mut sealed = stored_variables::sealed(conn)?;
            sealed.extend(crate::store::access_keys::sealed(conn)?);
            sealed.extend(stored_schedules::sealed(conn)?);
            sealed.extend(stored_tokens::sealed(conn)?);
            Ok(sealed.into_iter().map(|(_, text)| text).collect::<Vec<_>>())
        })?;
        keys.check(&sealed)?;
        let replays = accounts::replays(&store)?;
        let [logs, artifacts, repos] = ["logs", "artifacts", "repos"].map(|name| data.join(name));
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| OpenError::Io { path, error }
        };
        Ok(Self {
            store: Arc::new(store),
            keys: Keys::new(keys),
            key_file,
            logs: Arc::new(Logs::open(logs.clone()).map_err(at(&logs))?),
            sequences: Arc::new(Sequences::new(&logs)),
            artifacts: Arc::new(Artifacts::open(artifacts.clone()).map_err(at(&artifacts))?),
            sources: Arc::new(source::Sources::open(repos.clone()).map_err(at(&repos))?),
            heartbeats: Heartbeats::default(),
            refusals: Refusals::default(),
            data: data.to_owned(),
            external_url: std::sync::OnceLock::new(),
            configured_url: std::sync::OnceLock::new(),
            sources_url: std::sync::OnceLock::new(),
            served: std::sync::OnceLock::new(),
            remote: std::sync::OnceLock::new(),
            limits: std::sync::OnceLock::new(),
            setup: Setup::default(),
            hasher: Hasher::default(),
            login_limit: std::sync::OnceLock::new(),
            views: Views::default(),
            redacting: tokio::sync::Mutex::default(),
            rotating: tokio::sync::Mutex::default(),
            replays,
            local: std::sync::atomic::AtomicBool::new(false),
            access: tokio::sync::watch::Sender::new(0),
        })
    }

    /// Where committed changes are published.
    pub fn bus(&self) -> &Arc<Bus> {
        self.store.bus()
    }

    /// The store, for dispatch and the dialects' own tables.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The traces.
    pub fn logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// The artifacts.
    pub fn artifacts(&self) -> &Arc<Artifacts> {
        &self.artifacts
    }

    /// When runners were last heard of.
    pub fn heartbeats(&self) -> &Heartbeats {
        &self.heartbeats
    }

    /// What of running jobs' files was refused.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The address under which people and jobs reach this server; without a slash at its end.
    pub fn external_url(&self) -> &str {
        self.external_url.get().map_or("http://127.0.0.1:9433", String::as_str)
    }

    /// Sets that address, once, when the server knows its port.
    pub fn set_external_url(&self, url: &str) {
        // A second call is a mistake that harms nobody: the first address stays.
        let _ = self.external_url.set(url.trim_end_matches('/').to_owned());
    }

    /// That address where the administrator said it; otherwise each client has its own name for the server.
    pub fn configured_url(&self) -> Option<&str> {
        self.configured_url.get().map(String::as_str)
    }

    /// Sets both, once, when the server starts.
    pub fn set_configured_url(&self, url: &str) {
        self.set_external_url(url);
        // A second call is a mistake that harms nobody.
        let _ = self.configured_url.set(url.trim_end_matches('/').to_owned());
    }

    /// The address under which jobs on this machine fetch repositories; without a slash at its end.
    pub fn sources_url(&self) -> &str {
        self.sources_url.get().map_or_else(|| self.external_url(), String::as_str)
    }

    /// Sets that address, once, where it is another one than people's: no proxy on the way, and no name to be looked up.
    pub fn set_sources_url(&self, url: &str) {
        // A second call is a mistake that harms nobody.
        let _ = self.sources_url.set(url.trim_end_matches('/').to_owned());
    }

    /// The keys that secrets are sealed with.
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// What beyond plain scripts the runners of this server can do.
    pub fn served(&self) -> Served {
        self.served.get().cloned().unwrap_or_default()
    }

    /// Sets that, once, when the server starts its runner.
    pub fn set_served(&self, served: Served) {
        // A second call is a mistake that harms nobody.
        let _ = self.served.set(served);
    }

    /// The files of other servers that definitions may include; none until somebody says so.
    pub fn remote_includes(&self) -> Arc<RemoteIncludes> {
        self.remote.get().cloned().unwrap_or_default()
    }

    /// Sets them, once, when the server starts.
    pub fn set_remote_includes(&self, remote: RemoteIncludes) {
        // A second call is a mistake that harms nobody.
        let _ = self.remote.set(Arc::new(remote));
    }

    /// How much of what jobs leave is kept, and how long.
    pub fn limits(&self) -> Limits {
        self.limits.get().copied().unwrap_or_default()
    }

    /// Sets that, once, when the server starts.
    pub fn set_limits(&self, limits: Limits) {
        self.logs.set_limit(limits.log);
        // A second call is a mistake that harms nobody.
        let _ = self.limits.set(limits);
    }

    /// Whether this is a server of one person.
    pub fn is_local(&self) -> bool {
        self.local.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Sets how often somebody may try to log in, once, when the server starts.
    pub fn set_login_limit(&self, limit: Arc<dyn LoginLimit>) {
        // A second call is a mistake that harms nobody.
        let _ = self.login_limit.set(limit);
    }

    /// Changes whenever somebody may have lost a right: streams look again then.
    pub fn access(&self) -> tokio::sync::watch::Receiver<u64> {
        self.access.subscribe()
    }

    /// Says so.
    fn access_changed(&self) {
        self.access.send_modify(|count| *count += 1);
    }

    /// How many fetches of repositories have begun since the server started.
    pub fn fetches(&self) -> u64 {
        self.sources.fetches()
    }

    /// Where the mirror of a project's repository lies.
    pub fn mirror(&self, project: model::ProjectId) -> PathBuf {
        self.sources.mirror(project)
    }
}

#[async_trait]
impl Service for Weir {
    async fn dashboard(&self, caller: &Caller) -> Result<Dashboard, Error> {
        self.read_dashboard(caller).await
    }
    async fn runs(&self, caller: &Caller, filter: RunFilter) -> Result<RunPage, Error> {
        self.list_runs(caller, filter).await
    }
    async fn run(&self, caller: &Caller, id: RunId) -> Result<RunView, Error> {
        self.read_run(caller, id).await
    }
    async fn job(&self, caller: &Caller, id: JobId) -> Result<JobView, Error> {
        self.read_job(caller, id).await
    }
    async fn log_lines(&self, caller: &Caller, id: JobId, from: Lines, limit: u32) -> Result<LogPage, Error> {
        self.read_log(caller, id, from, limit).await
    }
    async fn pipelines(&self, caller: &Caller) -> Result<Vec<Pipeline>, Error> {
        self.list_pipelines(caller).await
    }
    async fn pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<PipelineView, Error> {
        self.read_pipeline(caller, key).await
    }
    async fn projects(&self, caller: &Caller) -> Result<Vec<Project>, Error> {
        self.list_projects(caller).await
    }
    async fn create_project(
        &self,
        caller: &Caller,
        path: &str,
        source: Option<&str>,
        visibility: Visibility,
    ) -> Result<Project, Error> {
        self.make_project(caller, path, source, visibility).await
    }
    async fn create_pipeline(&self, caller: &Caller, new: NewPipeline) -> Result<Pipeline, Error> {
        self.make_pipeline(caller, new).await
    }
    async fn save_definition(&self, caller: &Caller, key: &PipelineKey, text: String) -> Result<Pipeline, Error> {
        self.change_pipeline(caller, key, pipelines::Changes { definition: Some(text), ..Default::default() }).await
    }
    async fn delete_pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<(), Error> {
        self.remove_pipeline(caller, key).await
    }
    async fn switch_pipeline(&self, caller: &Caller, key: &PipelineKey, disabled: bool) -> Result<Pipeline, Error> {
        let changes = pipelines::Changes { disabled: Some(disabled), ..Default::default() };
        self.change_pipeline(caller, key, changes).await
    }
    async fn lint(&self, caller: &Caller, text: String, of: Option<&PipelineKey>) -> Result<LintView, Error> {
        self.lint_text(caller, text, of).await
    }
    async fn plan_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<LintView, Error> {
        self.preview_run(caller, key, new).await
    }
    async fn unschedule_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        self.stop_clock(caller, id).await
    }
    async fn start_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<Run, Error> {
        self.make_run(caller, key, new).await
    }
    async fn retry_run(&self, caller: &Caller, id: RunId) -> Result<Run, Error> {
        self.rerun(caller, id).await
    }
    async fn cancel_run(&self, caller: &Caller, id: RunId) -> Result<Run, Error> {
        self.stop_run(caller, id).await
    }
    async fn delete_run(&self, caller: &Caller, id: RunId) -> Result<(), Error> {
        self.remove_run(caller, id, LastSeen::default()).await
    }
    async fn play_job(&self, caller: &Caller, id: JobId, variables: Vec<Variable>) -> Result<Job, Error> {
        self.play(caller, id, variables).await
    }
    async fn retry_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        self.retry(caller, id).await
    }
    async fn cancel_job(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        self.cancel(caller, id).await
    }
    async fn environments(&self, caller: &Caller) -> Result<EnvironmentsView, Error> {
        self.list_environments(caller).await
    }
    async fn stop_environment(&self, caller: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Error> {
        self.take_down(caller, id).await
    }
    async fn ci_variables(&self, caller: &Caller, owner: VariableOwner) -> Result<CiVariablesView, Error> {
        self.list_ci_variables(caller, owner).await
    }
    async fn save_ci_variable(
        &self,
        caller: &Caller,
        owner: VariableOwner,
        id: Option<CiVariableId>,
        draft: CiVariableDraft,
    ) -> Result<CiVariable, Error> {
        self.put_ci_variable(caller, owner, id, draft).await
    }
    async fn delete_ci_variable(&self, caller: &Caller, owner: VariableOwner, id: CiVariableId) -> Result<(), Error> {
        self.drop_ci_variable(caller, owner, id, LastSeen::default()).await
    }
    async fn run_tests(&self, caller: &Caller, id: RunId) -> Result<TestReport, Error> {
        self.tests_of_run(caller, id).await
    }
    async fn job_tests(&self, caller: &Caller, id: JobId) -> Result<TestReport, Error> {
        self.tests_of_job(caller, id).await
    }
    async fn why_run(&self, caller: &Caller, id: RunId) -> Result<Why, Error> {
        self.explain_run(caller, id).await
    }
    async fn why_job(&self, caller: &Caller, id: JobId) -> Result<Why, Error> {
        self.explain_job(caller, id).await
    }
}
