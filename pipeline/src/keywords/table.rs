//! The table of all keywords.

use super::{Keyword, Place, Support};

const fn yes(place: Place, name: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Yes }
}

const fn never(place: Place, name: &'static str, instead: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Never(instead) }
}

const fn moved(place: Place, name: &'static str, to: &'static str) -> Keyword {
    Keyword { place, name, support: Support::Moved(to) }
}

/// Refused as what it goes with is.
const fn with(place: Place, name: &'static str, first: &'static str, instead: &'static str) -> Keyword {
    Keyword { place, name, support: Support::With(first, instead) }
}

const SECRETS: &str = "give the job a masked variable of the project or of the run";
const OTHER_PROJECT: &str = "need a job of this pipeline";
const OTHER_PIPELINE: &str = "start a pipeline of another project with `weir run` in `script`";
const COPY: &str = "copy the file into the repository and include it with `local`";
const CHILD: &str = "copy the file into the repository and name it with `local`";
const CONTAINER: &str = "leave it out: containers run by Docker or Podman";
const KEY_FILES: &str = "use `files`: the commits that changed the files make the key";

/// Every keyword of the language, by place. What is missing here is unknown.
#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword] = &[
    yes(Place::Global, "stages"),
    yes(Place::Global, "variables"),
    yes(Place::Global, "default"),
    yes(Place::Global, "workflow"),
    yes(Place::Global, "include"),
    yes(Place::Global, "spec"),
    yes(Place::Global, "image"),
    yes(Place::Global, "services"),
    yes(Place::Global, "cache"),
    yes(Place::Global, "before_script"),
    yes(Place::Global, "after_script"),
    moved(Place::Global, "types", "it is called `stages` now"),
    never(Place::Global, "dast_configuration", "run the scanner in a job"),

    yes(Place::Spec, "inputs"),
    yes(Place::Spec, "description"),
    never(Place::Spec, "include", "declare the inputs in this file"),
    never(Place::Spec, "component", "use the variables `CI_COMMIT_SHA` and `CI_COMMIT_REF_NAME`"),

    yes(Place::Input, "type"),
    yes(Place::Input, "default"),
    yes(Place::Input, "description"),
    yes(Place::Input, "options"),
    yes(Place::Input, "regex"),
    yes(Place::Input, "rules"),

    yes(Place::InputRule, "if"),
    yes(Place::InputRule, "options"),
    yes(Place::InputRule, "default"),

    yes(Place::Include, "local"),
    yes(Place::Include, "project"),
    yes(Place::Include, "file"),
    yes(Place::Include, "ref"),
    yes(Place::Include, "remote"),
    yes(Place::Include, "integrity"),
    yes(Place::Include, "inputs"),
    yes(Place::Include, "rules"),
    never(Place::Include, "template", COPY),
    never(Place::Include, "component", COPY),
    never(Place::Include, "cache", "leave it out: the file is read for every run"),
    never(Place::Include, "artifact", "it stands under `trigger:include`, for child pipelines"),
    never(Place::Include, "job", "it stands under `trigger:include`, for child pipelines"),

    yes(Place::IncludeRule, "if"),
    yes(Place::IncludeRule, "changes"),
    yes(Place::IncludeRule, "exists"),
    yes(Place::IncludeRule, "when"),

    yes(Place::Job, "script"),
    yes(Place::Job, "before_script"),
    yes(Place::Job, "after_script"),
    yes(Place::Job, "stage"),
    yes(Place::Job, "extends"),
    yes(Place::Job, "variables"),
    yes(Place::Job, "needs"),
    yes(Place::Job, "when"),
    yes(Place::Job, "rules"),
    yes(Place::Job, "allow_failure"),
    yes(Place::Job, "artifacts"),
    yes(Place::Job, "timeout"),
    yes(Place::Job, "retry"),
    yes(Place::Job, "start_in"),
    yes(Place::Job, "dependencies"),
    yes(Place::Job, "cache"),
    yes(Place::Job, "parallel"),
    yes(Place::Job, "tags"),
    yes(Place::Job, "interruptible"),
    yes(Place::Job, "resource_group"),
    yes(Place::Job, "environment"),
    yes(Place::Job, "inherit"),
    yes(Place::Job, "image"),
    yes(Place::Job, "services"),
    yes(Place::Job, "coverage"),
    yes(Place::Job, "trigger"),
    yes(Place::Job, "manual_confirmation"),
    yes(Place::Job, "hooks"),
    yes(Place::Job, "only"),
    yes(Place::Job, "except"),
    never(Place::Job, "release", "call the tool that makes the release in `script`"),
    never(Place::Job, "pages", "keep the files with `artifacts`"),
    with(Place::Job, "publish", "pages", "keep the files with `artifacts`"),
    never(Place::Job, "secrets", SECRETS),
    never(Place::Job, "id_tokens", SECRETS),
    never(Place::Job, "identity", SECRETS),
    never(Place::Job, "run", "use `script`"),
    never(Place::Job, "inputs", "use `variables`"),
    never(Place::Job, "dast_configuration", "run the scanner in a job"),
    moved(Place::Job, "type", "it is called `stage` now"),

    yes(Place::Default, "before_script"),
    yes(Place::Default, "after_script"),
    yes(Place::Default, "artifacts"),
    yes(Place::Default, "timeout"),
    yes(Place::Default, "retry"),
    yes(Place::Default, "cache"),
    yes(Place::Default, "hooks"),
    yes(Place::Default, "image"),
    yes(Place::Default, "services"),
    yes(Place::Default, "interruptible"),
    yes(Place::Default, "tags"),
    never(Place::Default, "id_tokens", SECRETS),
    never(Place::Default, "identity", SECRETS),

    yes(Place::Artifacts, "paths"),
    yes(Place::Artifacts, "when"),
    yes(Place::Artifacts, "exclude"),
    yes(Place::Artifacts, "expire_in"),
    yes(Place::Artifacts, "expose_as"),
    yes(Place::Artifacts, "name"),
    yes(Place::Artifacts, "untracked"),
    yes(Place::Artifacts, "reports"),
    yes(Place::Artifacts, "public"),
    yes(Place::Artifacts, "access"),

    yes(Place::Reports, "accessibility"),
    yes(Place::Reports, "annotations"),
    yes(Place::Reports, "api_fuzzing"),
    yes(Place::Reports, "browser_performance"),
    yes(Place::Reports, "codequality"),
    yes(Place::Reports, "container_scanning"),
    yes(Place::Reports, "coverage_fuzzing"),
    yes(Place::Reports, "coverage_report"),
    yes(Place::Reports, "cyclonedx"),
    yes(Place::Reports, "dast"),
    yes(Place::Reports, "dependency_scanning"),
    yes(Place::Reports, "dotenv"),
    yes(Place::Reports, "junit"),
    yes(Place::Reports, "license_scanning"),
    yes(Place::Reports, "load_performance"),
    yes(Place::Reports, "lsif"),
    yes(Place::Reports, "metrics"),
    yes(Place::Reports, "repository_xray"),
    yes(Place::Reports, "requirements"),
    yes(Place::Reports, "requirements_v2"),
    yes(Place::Reports, "sarif"),
    yes(Place::Reports, "sast"),
    yes(Place::Reports, "secret_detection"),
    yes(Place::Reports, "terraform"),
    moved(Place::Reports, "performance", "it is called `browser_performance` now"),
    moved(Place::Reports, "cobertura", "it is a `coverage_report` now"),
    moved(Place::Reports, "license_management", "it is called `license_scanning` now"),

    yes(Place::CoverageReport, "coverage_format"),
    yes(Place::CoverageReport, "path"),

    yes(Place::Cache, "key"),
    yes(Place::Cache, "paths"),
    yes(Place::Cache, "policy"),
    yes(Place::Cache, "when"),
    yes(Place::Cache, "untracked"),
    yes(Place::Cache, "fallback_keys"),
    never(Place::Cache, "unprotect", "leave it out: protected refs have caches of their own"),

    yes(Place::CacheKey, "files"),
    yes(Place::CacheKey, "prefix"),
    never(Place::CacheKey, "files_commits", KEY_FILES),

    yes(Place::Image, "name"),
    yes(Place::Image, "entrypoint"),
    yes(Place::Image, "pull_policy"),
    yes(Place::Image, "docker"),
    never(Place::Image, "kubernetes", CONTAINER),

    yes(Place::ImageDocker, "platform"),
    yes(Place::ImageDocker, "user"),

    yes(Place::Service, "name"),
    yes(Place::Service, "alias"),
    yes(Place::Service, "entrypoint"),
    yes(Place::Service, "command"),
    yes(Place::Service, "variables"),
    yes(Place::Service, "pull_policy"),
    yes(Place::Service, "docker"),
    never(Place::Service, "kubernetes", CONTAINER),

    yes(Place::Hooks, "pre_get_sources_script"),

    yes(Place::Need, "job"),
    yes(Place::Need, "artifacts"),
    yes(Place::Need, "optional"),
    yes(Place::Need, "parallel"),
    yes(Place::Need, "pipeline"),
    never(Place::Need, "project", OTHER_PROJECT),
    with(Place::Need, "ref", "project", OTHER_PROJECT),

    yes(Place::NeedParallel, "matrix"),

    yes(Place::Parallel, "matrix"),

    yes(Place::Rule, "if"),
    yes(Place::Rule, "when"),
    yes(Place::Rule, "allow_failure"),
    yes(Place::Rule, "variables"),
    yes(Place::Rule, "needs"),
    yes(Place::Rule, "changes"),
    yes(Place::Rule, "exists"),
    yes(Place::Rule, "start_in"),
    yes(Place::Rule, "interruptible"),

    yes(Place::Changes, "paths"),
    yes(Place::Changes, "compare_to"),

    yes(Place::Exists, "paths"),
    yes(Place::Exists, "project"),
    yes(Place::Exists, "ref"),

    yes(Place::Environment, "name"),
    yes(Place::Environment, "url"),
    yes(Place::Environment, "action"),
    yes(Place::Environment, "on_stop"),
    yes(Place::Environment, "deployment_tier"),
    never(Place::Environment, "auto_stop_in", "stop it with a schedule that plays the job of `on_stop`"),
    never(Place::Environment, "kubernetes", "deploy with `kubectl` in `script`"),

    yes(Place::Inherit, "default"),
    yes(Place::Inherit, "variables"),

    yes(Place::Trigger, "include"),
    yes(Place::Trigger, "strategy"),
    yes(Place::Trigger, "forward"),
    never(Place::Trigger, "project", OTHER_PIPELINE),
    with(Place::Trigger, "branch", "project", OTHER_PIPELINE),
    never(Place::Trigger, "inputs", "give the inputs in the entry of `include`"),

    yes(Place::TriggerInclude, "local"),
    yes(Place::TriggerInclude, "artifact"),
    yes(Place::TriggerInclude, "job"),
    yes(Place::TriggerInclude, "inputs"),
    never(Place::TriggerInclude, "project", CHILD),
    with(Place::TriggerInclude, "file", "project", CHILD),
    with(Place::TriggerInclude, "ref", "project", CHILD),
    never(Place::TriggerInclude, "template", CHILD),
    never(Place::TriggerInclude, "component", CHILD),
    never(Place::TriggerInclude, "remote", CHILD),

    yes(Place::Forward, "yaml_variables"),
    yes(Place::Forward, "pipeline_variables"),

    yes(Place::Refs, "refs"),
    yes(Place::Refs, "variables"),
    yes(Place::Refs, "changes"),
    never(Place::Refs, "kubernetes", "use `rules`"),

    yes(Place::Workflow, "rules"),
    yes(Place::Workflow, "name"),
    yes(Place::Workflow, "auto_cancel"),

    yes(Place::WorkflowRule, "if"),
    yes(Place::WorkflowRule, "when"),
    yes(Place::WorkflowRule, "variables"),
    yes(Place::WorkflowRule, "changes"),
    yes(Place::WorkflowRule, "exists"),
    yes(Place::WorkflowRule, "auto_cancel"),

    yes(Place::AutoCancel, "on_new_commit"),
    yes(Place::AutoCancel, "on_job_failure"),
];
