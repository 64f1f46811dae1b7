//! The run as the page holds it: a signal for the run and one for each job, so that a change
//! re-renders what it concerns and nothing else.

use std::collections::HashMap;

use leptos::prelude::*;
use model::view::RunView;
use model::{ArtifactInfo, Job, JobId, Run, RunId, TestCounts};

use crate::components::page::use_page;
use crate::components::status::{run_state, word};
use crate::i18n::{Phrases, use_lang};
use crate::live::{Background, signal_in, subscribe, update};
use crate::rpc::read;

/// Signals of one run.
#[derive(Clone, Copy)]
pub struct RunState {
    /// The run.
    pub run: RwSignal<Run>,
    /// All attempts of all jobs, by stage, place and attempt.
    pub jobs: RwSignal<Vec<RwSignal<Job>>>,
    /// Whether it was deleted while somebody looked.
    pub gone: RwSignal<bool>,
    /// How often a job has come or changed its status: what the reason chain of the run rests on.
    pub turns: RwSignal<u32>,
    by_id: StoredValue<HashMap<JobId, RwSignal<Job>>>,
}

impl RunState {
    /// From a snapshot.
    pub fn new(view: RunView) -> Self {
        let jobs: Vec<_> = view.jobs.into_iter().map(RwSignal::new).collect();
        let by_id = jobs.iter().map(|j| (j.with_untracked(|j| j.id), *j)).collect();
        Self {
            run: RwSignal::new(view.run),
            jobs: RwSignal::new(jobs),
            gone: RwSignal::new(false),
            turns: RwSignal::new(0),
            by_id: StoredValue::new(by_id),
        }
    }

    /// The latest attempts: what the graph shows.
    pub fn latest(self) -> Vec<RwSignal<Job>> {
        self.jobs.with(|all| all.iter().filter(|j| j.with(|j| !j.retried)).copied().collect())
    }

    /// What the latest attempts tell of coverage and tests, and whether one of them left a report
    /// without a test: that may be a broken one.
    pub fn told(self) -> (Option<f64>, Option<TestCounts>, bool) {
        let telling = |job: &Job| (job.coverage.is_some() || job.tests.is_some()).then(|| job.clone());
        let jobs: Vec<Job> = self.jobs.with(|all| all.iter().filter_map(|job| job.with(telling)).collect());
        let unread = jobs.iter().any(|job| !job.retried && job.tests.is_some_and(|counts| counts.total == 0));
        (model::view::coverage(&jobs), model::view::tests(&jobs), unread)
    }

    /// What the latest attempts left for people to find on the page of the run.
    pub fn exposed(self) -> Vec<(JobId, ArtifactInfo)> {
        let of = |job: &Job| {
            let shown = job.artifacts.iter().filter(|file| file.exposed_as.is_some() && !job.retried);
            shown.map(|file| (job.id, file.clone())).collect::<Vec<_>>()
        };
        self.jobs.with(|all| all.iter().flat_map(|job| job.with(of)).collect())
    }

    /// Keeps everything up to date as long as the page lives.
    pub fn follow(self) {
        let page = use_page();
        let lang = use_lang();
        let id = self.run.with_untracked(|r| r.id);
        let owner = Owner::current();
        Effect::new(move |before: Option<model::Status>| {
            let (status, number) = self.run.with(|r| (r.status, r.number));
            if before.is_some_and(|b| b != status) {
                let (status, warnings) = self.run.with_untracked(run_state);
                page.say.set(lang.run_is(number, word(lang, status, warnings)));
            }
            status
        });
        let names = &["state", "run", "job", "run_deleted"];
        subscribe(
            page.heart,
            Background::Stays,
            move || format!("/live/runs/{id}"),
            names,
            move |event, data| match event {
                "state" => {
                    if let Ok(view) = read::<RunView>(data) {
                        update(self.run, view.run);
                        for job in view.jobs {
                            self.put(job, owner.as_ref());
                        }
                    }
                }
                "run" => {
                    if let Ok(run) = read::<Run>(data)
                        && run.id == id
                    {
                        update(self.run, run);
                    }
                }
                "job" => {
                    if let Ok(job) = read::<Job>(data)
                        && job.run_id == id
                    {
                        self.put(job, owner.as_ref());
                    }
                }
                "run_deleted" if read::<RunId>(data).is_ok_and(|gone| gone == id) => self.gone.set(true),
                _ => {}
            },
        );
    }

    /// Puts a job in its place: over its older self, or, when it is a new attempt, behind the one before.
    fn put(self, job: Job, owner: Option<&Owner>) {
        if let Some(known) = self.by_id.with_value(|all| all.get(&job.id).copied()) {
            let turns = known.with_untracked(|old| old.status != job.status || old.reason != job.reason);
            if update(known, job) && turns {
                self.turned();
            }
            return;
        }
        let id = job.id;
        let signal = signal_in(owner, job);
        self.by_id.update_value(|all| {
            all.insert(id, signal);
        });
        self.jobs.update(|all| {
            let at = signal.with_untracked(|new| place(all, new));
            all.insert(at, signal);
        });
        self.turned();
    }

    fn turned(self) {
        self.turns.update(|n| *n = n.wrapping_add(1));
    }
}

/// Where a new attempt belongs: behind the last attempt of its name, else behind its stage.
fn place(all: &[RwSignal<Job>], new: &Job) -> usize {
    let last = |test: &dyn Fn(&Job) -> bool| all.iter().rposition(|j| j.with_untracked(test)).map(|i| i + 1);
    last(&|job| job.name == new.name).or_else(|| last(&|job| job.stage_index <= new.stage_index)).unwrap_or(0)
}
