//! What a definition asks for that nobody here can do. It is valid, and `weir lint` shows what it means;
//! but a run would mean something else, so none is started.

use std::collections::{HashMap, HashSet};

use model::plan::{PlannedJob, When};
use pipeline::EvaluatedJob;
use runner::Containers;

use super::definition::Definition;

/// What beyond plain scripts can be done.
#[derive(Clone, Debug)]
pub struct Served {
    /// Why jobs with an image cannot be run; `None` when they can.
    no_containers: Option<&'static str>,
    /// Whether there is a server, which keeps time, children and environments.
    server: bool,
}

impl Default for Served {
    fn default() -> Self {
        Self::by(&Containers::Refuse)
    }
}

impl Served {
    /// By a server whose runner does this with jobs that have an image.
    pub fn by(containers: &Containers) -> Self {
        let no_containers = match containers {
            Containers::Refuse => {
                Some("containers are switched off here: `weir serve --containers auto` lets jobs have them")
            }
            Containers::Use(_) if containers.engine().is_none() => {
                Some("there is no Docker or Podman on this machine: install one, or call the tools in `script`")
            }
            Containers::Use(_) | Containers::Ignore => None,
        };
        Self { no_containers, server: true }
    }

    /// By `weir exec`.
    pub fn here(containers: &Containers) -> Self {
        Self { server: false, ..Self::by(containers) }
    }

    /// The keyword that a job has and nobody here does, and what to do instead.
    fn refuses(&self, job: &PlannedJob) -> Vec<(&'static str, &'static str)> {
        let mut list = Vec::new();
        if let Some(why) = self.no_containers {
            let keywords = [("image", job.image.is_some()), ("services", !job.services.is_empty())];
            list.extend(keywords.into_iter().filter(|(_, has)| *has).map(|(keyword, _)| (keyword, why)));
        }
        if !self.server {
            const SERVER: &str = "start the pipeline on a server";
            const DELAYED: &str = "name the job to start it at once, or start the pipeline on a server";
            let keywords = [
                ("start_in", DELAYED, job.when == When::Delayed),
                ("resource_group", SERVER, job.resource_group.is_some()),
                ("trigger", SERVER, job.trigger.is_some()),
                ("needs:pipeline", SERVER, !job.parent_needs.is_empty()),
            ];
            list.extend(keywords.into_iter().filter(|(.., has)| *has).map(|(keyword, way, _)| (keyword, way)));
        }
        list
    }
}

/// Turns a plan that asks for what nobody here does into findings that say so.
pub fn refuse_unserved(outcome: &mut pipeline::Outcome, definition: Definition<'_>, served: &Served) {
    let jobs: Vec<_> = match &outcome.plan {
        Some(plan) => plan.jobs.iter().collect(),
        None => outcome.in_run().map(|one| &one.job).collect(),
    };
    let known: HashMap<&str, &EvaluatedJob> =
        outcome.jobs.iter().chain(&outcome.sound).map(|one| (one.job.name.as_str(), one)).collect();
    // What many jobs take over from one place is told once.
    let mut told = HashSet::new();
    let mut found = Vec::new();
    for job in jobs {
        for (keyword, instead) in served.refuses(job) {
            let message = format!("the job `{}` asks for `{keyword}`, which cannot be done here", job.base_name);
            let known = known.get(job.name.as_str()).copied();
            let error = definition.error_at(job, keyword, known, message, Some(instead.to_owned()));
            if told.insert((keyword, error.file.clone(), error.span)) {
                found.push(error);
            }
        }
    }
    outcome.refuse(found);
}
