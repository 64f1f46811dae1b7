//! The job as the page holds it.

use leptos::prelude::*;
use model::view::JobView;
use model::{Job, JobId, Run, Status};

use crate::components::page::use_page;
use crate::components::status::word;
use crate::i18n::use_lang;
use crate::live::{Background, subscribe, update};
use crate::rpc::read;

/// An attempt: job, number, status.
pub type Attempt = (JobId, u32, Status);

/// Signals of one job.
#[derive(Clone, Copy)]
pub struct JobState {
    /// The job.
    pub job: RwSignal<Job>,
    /// Its run.
    pub run: RwSignal<Run>,
    /// All attempts, oldest first.
    pub attempts: RwSignal<Vec<Attempt>>,
    /// The run that it started.
    pub child: RwSignal<Option<Run>>,
}

impl JobState {
    /// From a snapshot.
    pub fn new(view: &JobView) -> Self {
        Self {
            job: RwSignal::new(view.job.clone()),
            run: RwSignal::new(view.run.clone()),
            attempts: RwSignal::new(view.attempts.clone()),
            child: RwSignal::new(view.child.clone()),
        }
    }

    /// Keeps it up to date as long as the page lives.
    pub fn follow(self) {
        let page = use_page();
        let lang = use_lang();
        let id = self.job.with_untracked(|j| j.id);
        Effect::new(move |before: Option<Status>| {
            let status = self.job.with(|j| j.status);
            if before.is_some_and(|b| b != status) {
                let text = self.job.with_untracked(|j| format!("{}: {}", j.name, word(lang, status, j.allow_failure)));
                page.say.set(text);
            }
            status
        });
        let names = &["state", "job", "run"];
        subscribe(
            page.heart,
            Background::Stays,
            move || format!("/live/jobs/{id}"),
            names,
            move |event, data| match event {
                "state" => {
                    if let Ok(view) = read::<JobView>(data) {
                        update(self.job, view.job);
                        update(self.run, view.run);
                        self.attempts.set(view.attempts);
                        if let Some(child) = view.child {
                            self.take_child(child);
                        }
                    }
                }
                "job" => {
                    if let Ok(job) = read::<Job>(data) {
                        self.attempt(&job);
                        if job.id == id {
                            update(self.job, job);
                        }
                    }
                }
                "run" => {
                    if let Ok(run) = read::<Run>(data)
                        && self.run.with_untracked(|mine| mine.id == run.id)
                    {
                        update(self.run, run);
                    }
                }
                _ => {}
            },
        );
    }

    /// Notes how the run stands that the job started, unless that is known better already.
    pub fn take_child(self, run: Run) {
        if self.child.with_untracked(|old| old.as_ref().is_none_or(|old| run.version > old.version)) {
            self.child.set(Some(run));
        }
    }

    /// Notes the status of an attempt at this job, perhaps a new one.
    fn attempt(self, job: &Job) {
        if self.job.with_untracked(|mine| mine.name != job.name || mine.run_id != job.run_id) {
            return;
        }
        let entry = (job.id, job.attempt, job.status);
        if self.attempts.with_untracked(|all| all.contains(&entry)) {
            return;
        }
        self.attempts.update(|all| {
            match all.iter_mut().find(|(known, ..)| *known == job.id) {
                Some(known) => *known = entry,
                None => all.push(entry),
            }
            all.sort_by_key(|(_, attempt, _)| *attempt);
        });
    }
}
