//! What may be set about a schedule. Refusals begin with the name of the field.

use jiff::tz::TimeZone;
use model::plan::Inputs;
use model::{Cause, Error, PipelineKey, ProjectId, ScheduleDraft};
use serde_json::Value;

use super::Weir;
use crate::scheduler::cron::{self, Cron, CronError};
use crate::store::{Snapshot, StoreError, pipelines, projects};

/// Characters of a description.
const DESCRIPTION: usize = 1000;
/// Bytes of a ref.
const REF: usize = 1024;
/// Inputs, and bytes of all of them.
const INPUTS: usize = 50;
const INPUT_BYTES: usize = 64 << 10;

/// A draft that can be kept.
pub(super) struct Checked {
    pub(super) draft: ScheduleDraft,
    pub(super) cron: Cron,
    pub(super) zone: TimeZone,
}

/// Refuses what is no schedule.
pub(super) fn checked(mut draft: ScheduleDraft) -> Result<Checked, Error> {
    draft.description = draft.description.trim().to_owned();
    if draft.description.is_empty() {
        return Err(Error::invalid("description: can't be blank"));
    }
    if draft.description.chars().count() > DESCRIPTION || draft.description.chars().any(char::is_control) {
        return Err(Error::invalid(format!("description: up to {DESCRIPTION} characters on one line")));
    }
    draft.cron = draft.cron.trim().to_owned();
    // A zone in the expression counts for more than one beside it, as on GitLab.
    if let Some((fields, zone)) = cron::with_zone(&draft.cron) {
        zone.iana_name().unwrap_or(model::cron::UTC).clone_into(&mut draft.timezone);
        draft.cron = fields.to_owned();
    }
    let cron = Cron::parse(&draft.cron).map_err(|error| match &error {
        // GitLab's words first, then what people want to know.
        CronError::Syntax(detail) => Error::invalid(format!("cron: {error} ({detail})")),
        CronError::Never => Error::invalid(format!("cron: {error}")),
    })?;
    let zone = cron::zone(&draft.timezone).ok_or_else(|| Error::invalid("cron_timezone: syntax is invalid"))?;
    zone.iana_name().unwrap_or(model::cron::UTC).clone_into(&mut draft.timezone);
    draft.git_ref = draft.git_ref.trim().to_owned();
    if draft.git_ref.len() > REF || draft.git_ref.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(format!("ref: up to {REF} bytes without spaces")));
    }
    inputs(&draft.inputs)?;
    Ok(Checked { draft, cron, zone })
}

fn inputs(inputs: &Inputs) -> Result<(), Error> {
    if inputs.len() > INPUTS {
        return Err(Error::invalid(format!("inputs: exceeds the limit of {INPUTS}.")));
    }
    let bytes = serde_json::to_string(inputs).map_or(usize::MAX, |text| text.len());
    if bytes > INPUT_BYTES {
        return Err(Error::invalid("inputs: up to 64 KiB"));
    }
    for (name, value) in inputs {
        if name.is_empty() || name.chars().count() > 255 || name.chars().any(char::is_control) {
            return Err(Error::invalid("inputs: a name has 1 to 255 characters"));
        }
        if matches!(value, Value::Object(_) | Value::Null) {
            return Err(Error::invalid(format!("inputs: {name} is a text, a number, a switch or a list")));
        }
    }
    Ok(())
}

/// The key of a pipeline that somebody gives; empty for none.
pub(super) fn key(text: &str) -> Result<Option<PipelineKey>, Error> {
    let given = Some(text.trim()).filter(|text| !text.is_empty());
    given.map(|key| key.parse().map_err(|error| Error::invalid(format!("pipeline: {error}")))).transpose()
}

/// Refuses a pipeline of another project.
pub(super) fn pipeline(conn: &Snapshot, project: ProjectId, key: Option<&PipelineKey>) -> Result<(), StoreError> {
    let Some(key) = key else { return Ok(()) };
    let found = pipelines::by_key(conn, key)?.filter(|found| found.project_id == project);
    found.map(|_| ()).ok_or_else(|| Error::invalid(format!("pipeline: the project has no pipeline {key}")).into())
}

impl Weir {
    /// With the full name of its ref.
    pub(super) async fn with_full_ref(&self, project: ProjectId, mut checked: Checked) -> Result<Checked, Error> {
        checked.draft.git_ref = self.full_ref(project, &checked.draft.git_ref).await?;
        Ok(checked)
    }

    /// `refs/heads/main` for `main`. What names nothing now stays as it is, as on GitLab: it may be made before the schedule
    /// is due, and if not, the schedule will say so. A commit is no ref.
    pub(super) async fn full_ref(&self, project: ProjectId, name: &str) -> Result<String, Error> {
        let name = name.trim();
        if name.is_empty() || name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            return Ok(name.to_owned());
        }
        let project = self.store.read(move |conn| projects::require(conn, project)).await?;
        let Some(source) = &project.source else { return Ok(name.to_owned()) };
        let mut found = self.sources.full_names(&project, source, name).await;
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => Err(Error::invalid("ref: is ambiguous")),
            (None, _) if self.sources.head_of(project.id, name).await.is_some() => {
                Err(Error::invalid(format!("{name} is a commit: a schedule is for a branch or a tag"))
                    .about(Cause::UnknownRef))
            }
            (None, _) => Ok(name.to_owned()),
        }
    }
}
