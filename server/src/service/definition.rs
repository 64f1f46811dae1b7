//! Where a run's definition comes from, and a definition under the name that people know it by, for findings that the
//! language itself does not make.

use model::options::DEFINITION_FILE;
use model::plan::PlannedJob;
use model::{Caller, Cause, Diagnostic, Error, Pipeline, PipelineKey, Project, Severity, Span};
use pipeline::{EvaluatedJob, Place};

use super::pipelines::meant;
use super::source::definition_file;
use super::{Weir, access, audit};
use crate::auth::Action;
use crate::store::Scope;
use crate::store::pipelines::{self, Draft};
use crate::store::runs::Commit;

/// What of a repository is meant; without anything the default branch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meant<'t> {
    /// A branch, tag or commit, or the full name of one of the first two.
    pub(super) git_ref: Option<&'t str>,
    /// First digits of a commit. With a ref, which has to be there; alone it is what is meant.
    pub(super) commit: Option<&'t str>,
}

/// Whether a repository is asked for what is new in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// For who starts a run.
    Now,
    /// For who is still typing: what was fetched before will do, unless the ref is not among it.
    IfUnknown,
}

impl Weir {
    /// The commit that a run of this pipeline would be made for, and the definition at it.
    pub(super) async fn definition_of(
        &self,
        pipeline: &Pipeline,
        project: &Project,
        meant: Meant<'_>,
        fetch: Fetch,
    ) -> Result<(Commit, Option<String>), Error> {
        let commit = match &project.source {
            Some(source) => match fetch {
                Fetch::Now => self.sources.resolve_exactly(project, source, meant.git_ref, meant.commit).await?,
                Fetch::IfUnknown => self.sources.resolve_known(project, source, meant.git_ref).await?,
            },
            None if meant.git_ref.or(meant.commit).is_some_and(|wanted| !wanted.is_empty()) => {
                let text = format!("the project {} has no source, so it has no refs", project.path);
                return Err(Error::invalid(text).about(Cause::UnknownRef));
            }
            None => Commit::default(),
        };
        let text = match &pipeline.definition {
            Some(text) => Some(text.clone()),
            None if commit.sha.is_empty() => None,
            None => self.sources.definition(project, &commit.sha).await?,
        };
        Ok((commit, text))
    }

    /// The pipeline of the definition in a project's repository, made for its first run: whoever commits the file that
    /// GitLab looks for need not know that there is more to make.
    pub(super) async fn own_pipeline(
        &self,
        caller: &Caller,
        project: &Project,
        git_ref: Option<&str>,
    ) -> Result<PipelineKey, Error> {
        let file = definition_file(project);
        let missing = |text: String| Error::invalid(text).about(Cause::NoDefinition);
        let Some(source) = &project.source else {
            return Err(missing(format!(
                "the project has neither a pipeline nor a repository that could have a {file}: make a pipeline with a \
                 definition"
            )));
        };
        let commit = self.sources.resolve(project, source, git_ref).await?;
        if self.sources.definition(project, &commit.sha).await?.is_none() {
            let text =
                format!("the project has no {file} at {}, and no pipeline with another definition", commit.git_ref);
            return Err(missing(text));
        }
        let (caller, project) = (caller.clone(), project.clone());
        let made = self.store.write(move |tx| {
            access::at_project(tx.conn(), &caller, Action::StartRun, project.id, "project")?;
            // Somebody was faster.
            let all = pipelines::list(tx.conn(), &Scope::Of(vec![project.id]))?;
            if !all.is_empty() {
                return Ok(meant(&all)?.key.clone());
            }
            let path = project.path.as_str().replace('/', "-");
            let keys = [project.path.name().to_owned(), path.clone(), format!("{path}-{}", project.id)];
            for key in keys {
                let key: PipelineKey = key.parse().map_err(|error| Error::invalid(format!("{error}")))?;
                if pipelines::by_key(tx.conn(), &key)?.is_some() {
                    continue;
                }
                let name = project.path.name().to_owned();
                let draft = Draft { key, name, description: String::new(), definition: None, disabled: false };
                let target = format!("pipeline {}", draft.key);
                audit::of_project(tx, &caller, "pipeline.create", project.id, &target, vec![]);
                return Ok(pipelines::insert(tx, &project, &draft, &caller.user)?.key);
            }
            Err(missing("the project has no pipeline, and the keys that it could have are taken: make one".to_owned())
                .into())
        });
        Ok(made.await?)
    }
}

/// A definition.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'t> {
    /// What people call it: the file's name.
    pub file: &'t str,
    /// Its text; empty when nobody has it.
    pub text: &'t str,
}

impl<'t> Definition<'t> {
    /// The text of a definition that has the usual name.
    pub const fn of(text: &'t str) -> Self {
        Self { file: DEFINITION_FILE, text }
    }

    /// An error at a keyword of a job (`needs:pipeline` is at `needs`), or at the line in which the job begins when
    /// it is not `known` where the keyword stands.
    pub fn error_at(
        &self,
        job: &PlannedJob,
        keyword: &str,
        known: Option<&EvaluatedJob>,
        message: String,
        hint: Option<String>,
    ) -> Diagnostic {
        let keyword = keyword.split(':').next().unwrap_or(keyword);
        let place = known.and_then(|one| one.place_of(keyword)).cloned().unwrap_or_else(|| self.start_of(job));
        Diagnostic {
            severity: Severity::Error,
            message,
            file: place.file,
            span: place.span,
            hint,
            link: Some(format!("docs/language.md#{keyword}")),
            source_line: place.source_line,
        }
    }

    /// An error in a keyword of the file.
    pub fn error_of_file(&self, keyword: &str, message: String) -> Diagnostic {
        let is_it = |line: &str| line.strip_prefix(keyword).is_some_and(|rest| rest.trim_start().starts_with(':'));
        let (at, line) = (1..).zip(self.text.lines()).find(|(_, line)| is_it(line)).unwrap_or_default();
        Diagnostic {
            severity: Severity::Error,
            message,
            file: self.file.to_owned(),
            span: Span { line: u32::max(at, 1), column: 1, ..Span::default() },
            hint: None,
            link: Some(format!("docs/language.md#{keyword}")),
            source_line: line.to_owned(),
        }
    }

    /// The line in which a job begins.
    fn start_of(&self, job: &PlannedJob) -> Place {
        let own = job.file.is_empty();
        let line = if own { self.text.lines().nth(job.line.max(1) as usize - 1) } else { None };
        Place {
            file: if own { self.file.to_owned() } else { job.file.clone() },
            span: Span { line: job.line, column: 1, ..Span::default() },
            source_line: line.unwrap_or_default().to_owned(),
        }
    }
}
