//! The job as the server hands it out with a 201 of `jobs/request`.

use std::collections::BTreeMap;

use super::{Secret, wire};

wire! {
    /// Everything that a runner needs to know to run one job.
    pub struct JobPayload {
        /// The job's number, in all of its addresses.
        pub id: i64,
        /// What the job endpoints are asked with.
        pub token: Secret,
        /// Whether sources are fetched (true) or cloned when the job does not say.
        pub allow_git_fetch: bool,
        /// What the job is.
        pub job_info: JobInfo,
        /// Where its sources are.
        pub git_info: GitInfo,
        /// Limits.
        pub runner_info: RunnerInfo,
        /// Its variables; of several with one key the last wins.
        pub variables: Vec<Variable>,
        /// `script`, then `after_script`, if any.
        pub steps: Vec<Step>,
        /// Commands around the fetching of sources.
        pub hooks: Vec<Hook>,
        /// The container image; a runner without containers ignores it.
        pub image: Option<Image>,
        /// Service containers.
        pub services: Vec<Service>,
        /// What is uploaded when the script has ended.
        pub artifacts: Vec<Artifact>,
        /// What is kept between jobs.
        pub cache: Vec<Cache>,
        /// Registry credentials.
        pub credentials: Vec<Credentials>,
        /// The jobs whose artifacts are wanted.
        pub dependencies: Vec<Dependency>,
        /// What the server can do.
        pub features: Features,
    }

    /// What a job is.
    pub struct JobInfo {
        /// The job's number.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// Its stage.
        pub stage: String,
        /// The run that it belongs to.
        pub pipeline_id: i64,
        /// The project's number.
        pub project_id: i64,
        /// The project's name.
        pub project_name: String,
        /// Namespace and name.
        pub project_full_path: String,
        /// The namespace's number.
        pub namespace_id: i64,
        /// The outermost namespace's number.
        pub root_namespace_id: i64,
        /// The organization's number.
        pub organization_id: i64,
        /// Who started it.
        pub user_id: Option<i64>,
        /// How long it waited for a runner.
        pub time_in_queue_seconds: f64,
        /// How many jobs of the project run; a text, `+Inf` included.
        pub project_jobs_running_on_instance_runners_count: String,
    }

    /// Where the sources are.
    pub struct GitInfo {
        /// The address, possibly with a user and a password in it.
        pub repo_url: Secret,
        /// `sha1` or `sha256`.
        pub repo_object_format: String,
        /// Branch or tag.
        #[serde(rename = "ref")]
        pub git_ref: String,
        /// The commit.
        pub sha: String,
        /// The commit before.
        pub before_sha: String,
        /// `branch` or `tag`.
        pub ref_type: String,
        /// What is fetched.
        pub refspecs: Vec<String>,
        /// How many commits are fetched; 0 is all of them.
        pub depth: u32,
        /// Whether the ref is protected.
        pub protected: Option<bool>,
        /// The address that the server itself fetches from. Weir's own: submodules whose addresses are relative are beside
        /// that, and not beside the server's copy.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub weir_origin: String,
    }

    /// Limits of this run of the job.
    pub struct RunnerInfo {
        /// Seconds; 0 or less is the runner's default.
        pub timeout: i64,
        /// Identifies the attempt.
        pub uuid: String,
    }

    /// A variable.
    pub struct Variable {
        /// Its name.
        pub key: String,
        /// Its value.
        pub value: Secret,
        /// Whether service containers get it too.
        pub public: bool,
        /// Whether its value is replaced in the trace.
        pub masked: bool,
        /// Whether the value goes to a file and the variable holds that file's path.
        pub file: bool,
        /// Whether references to other variables in it are left alone.
        pub raw: bool,
    }

    /// A list of commands.
    pub struct Step {
        /// `script` or `after_script`.
        pub name: String,
        /// The commands; each may have several lines.
        pub script: Vec<String>,
        /// Seconds; 0 is no limit of its own.
        pub timeout: i64,
        /// `on_success`, `on_failure` or `always`.
        pub when: String,
        /// Whether a failure leaves the job's result alone.
        pub allow_failure: bool,
    }

    /// Commands around the fetching of sources.
    pub struct Hook {
        /// `pre_get_sources_script` or `post_get_sources_script`.
        pub name: String,
        /// The commands.
        pub script: Vec<String>,
    }

    /// A container image.
    pub struct Image {
        /// Its name.
        pub name: String,
        /// What is run instead of the image's own entry point; empty means that one, and one empty
        /// text means none.
        pub entrypoint: Vec<String>,
        /// `always`, `if-not-present`, `never`, in the order in which they are tried.
        pub pull_policy: Vec<String>,
        /// What only some kinds of runners understand.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub executor_opts: Option<ExecutorOpts>,
    }

    /// A service container.
    pub struct Service {
        /// The image's name.
        pub name: String,
        /// Host names, separated by spaces or commas.
        pub alias: String,
        /// What is run instead of the image's own entry point.
        pub entrypoint: Vec<String>,
        /// Its command.
        pub command: Vec<String>,
        /// Its own variables.
        pub variables: Vec<Variable>,
        /// `always`, `if-not-present`, `never`, in the order in which they are tried.
        pub pull_policy: Vec<String>,
        /// What only some kinds of runners understand.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub executor_opts: Option<ExecutorOpts>,
    }

    /// What only some kinds of runners understand. Clients fail a job that names more than they know:
    /// nothing is written that is not asked for.
    pub struct ExecutorOpts {
        /// For Docker and Podman.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub docker: Option<DockerOpts>,
    }

    /// What Docker and Podman understand.
    pub struct DockerOpts {
        /// The platform of the image.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub platform: String,
        /// Who runs in it.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub user: String,
    }

    /// What is uploaded after the script.
    pub struct Artifact {
        /// The archive's name, without `.zip`.
        pub name: String,
        /// Whether files that git does not know are taken too.
        pub untracked: bool,
        /// Globs, relative to the project's folder.
        pub paths: Vec<String>,
        /// Globs of what is left out.
        pub exclude: Vec<String>,
        /// `on_success`, `on_failure` or `always`.
        pub when: String,
        /// `archive`, or the kind of a report.
        pub artifact_type: String,
        /// `zip`, `gzip` or `raw`.
        pub artifact_format: String,
        /// How long the server keeps it, in words.
        pub expire_in: String,
    }

    /// What is kept between jobs.
    pub struct Cache {
        /// Which of the caches.
        pub key: String,
        /// Whether files that git does not know are taken too.
        pub untracked: bool,
        /// `pull-push`, `pull` or `push`.
        pub policy: String,
        /// Globs.
        pub paths: Vec<String>,
        /// `on_success`, `on_failure` or `always`.
        pub when: String,
        /// Keys that are tried when the first is not there.
        pub fallback_keys: Vec<String>,
    }

    /// Credentials of a registry.
    pub struct Credentials {
        /// `registry`.
        #[serde(rename = "type")]
        pub kind: String,
        /// Where.
        pub url: String,
        /// Who.
        pub username: String,
        /// The secret.
        pub password: Secret,
    }

    /// A job whose artifacts are wanted.
    pub struct Dependency {
        /// The job's number.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// What its artifacts are asked with: the running job's token.
        pub token: Secret,
        /// Its archive; a dependency without one is skipped.
        pub artifacts_file: ArtifactsFile,
    }

    /// An archive on the server.
    pub struct ArtifactsFile {
        /// Its name; empty when there is none.
        pub filename: String,
        /// Bytes.
        pub size: u64,
    }

    /// What the server can do.
    pub struct Features {
        /// Whether section markers are wanted in the trace.
        pub trace_sections: bool,
        /// Beginnings of tokens that are replaced in the trace.
        pub token_mask_prefixes: Vec<String>,
        /// The failure reasons that the server understands beyond the first three.
        pub failure_reasons: Vec<String>,
        /// Whether `POST /jobs/:id/watch` tells at once when the job is cancelled; Weir's own.
        pub weir_job_watch: bool,
    }
}

impl JobPayload {
    /// The variables by name, later ones over earlier ones.
    pub fn variable_map(&self) -> BTreeMap<&str, &Variable> {
        self.variables.iter().map(|variable| (variable.key.as_str(), variable)).collect()
    }

    /// The step called `name`, if it has commands.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name && !step.script.is_empty())
    }
}

impl Variable {
    /// A public variable whose value may be expanded.
    pub fn plain(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: Secret::new(value), public: true, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_missing_are_empty_and_unknown_keys_are_ignored() {
        let text = r#"{"id": 7, "token": "glcbt-x", "variables": null, "image": null, "artifacts": null,
            "git_info": {"ref": "main", "protected": null, "depth": null}, "dependencies": [{"id": 3, "artifacts_file": null}],
            "steps": [{"name": "script", "script": ["true"]}, {"name": "after_script", "script": null}], "policy_options": {}}"#;
        let job: JobPayload = serde_json::from_str(text).unwrap();
        assert_eq!((job.id, job.token.reveal()), (7, "glcbt-x"));
        assert_eq!(job.git_info.git_ref, "main");
        assert!(
            job.variables.is_empty() && job.image.is_none() && job.dependencies[0].artifacts_file.filename.is_empty()
        );
        assert!(job.step("script").is_some() && job.step("after_script").is_none());
    }

    #[test]
    fn what_is_written_reads_back_and_secrets_stay_out_of_debug() {
        let job = JobPayload {
            id: 1,
            token: "glcbt-hidden".into(),
            variables: vec![Variable { masked: true, ..Variable::plain("KEY", "hunter22") }],
            ..JobPayload::default()
        };
        let text = serde_json::to_string(&job).unwrap();
        assert_eq!(serde_json::from_str::<JobPayload>(&text).unwrap(), job);
        let debug = format!("{job:?}");
        assert!(!debug.contains("hidden") && !debug.contains("hunter22"));
    }
}
