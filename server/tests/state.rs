//! State never lies: whatever happens to a run, in whatever order, its jobs, stages and status
//! agree, every committed change is an event, and no run gets stuck.

mod support;

use std::collections::HashMap;
use std::sync::Arc;

use app::service::{NewPipeline, Service};
use model::event::Change;
use model::status::{Of, aggregate};
use model::{Caller, ErrorKind, FailureReason, Job, JobId, JobKind, NewRun, PipelineKey, RunId, Seq, Status};
use proptest::prelude::*;
use weir::scheduler::finish::End;
use weir::service::{Scope, Weir};
use weir::store::{queue, runners};

const DEFINITIONS: &[&str] = &[
    "a: {script: 'true'}",
    "stages: [one, two, three]\n\
     a: {stage: one, script: x, retry: 1}\n\
     b: {stage: one, script: x, allow_failure: true}\n\
     c: {stage: two, script: x}\n\
     d: {stage: two, script: x, when: on_failure}\n\
     e: {stage: three, script: x, when: always}\n",
    "stages: [one, two, three]\n\
     gate: {stage: one, script: x, when: manual, allow_failure: false}\n\
     a: {stage: two, script: x}\n\
     late: {stage: three, script: x, needs: [a]}\n\
     free: {stage: three, script: x, needs: []}\n\
     maybe: {stage: two, script: x, when: manual}\n\
     after: {stage: three, script: x, needs: [maybe]}\n",
    "stages: [one, two]\n\
     a: {stage: one, script: x, allow_failure: {exit_codes: [3]}}\n\
     b: {stage: two, script: x, needs: [a], retry: {max: 2, when: [runner_system_failure]}}\n\
     c: {stage: two, script: x, needs: [b]}\n\
     d: {stage: two, script: x, needs: [b], when: on_failure}\n",
    "stages: [one, two]\n\
     soon: {stage: one, script: x, when: delayed, start_in: 1 hour}\n\
     lock: {stage: one, script: x, resource_group: lane, retry: 1}\n\
     both: {stage: two, script: x, when: delayed, start_in: 1 hour, resource_group: lane}\n\
     hand: {stage: two, script: x, when: manual, resource_group: lane}\n",
    "stages: [one, two]\n\
     workflow: {auto_cancel: {on_job_failure: all}}\n\
     many: {stage: one, script: x, parallel: {matrix: [{A: [b, c]}]}, resource_group: lane-$A}\n\
     one: {stage: two, script: x, needs: [{job: many, parallel: {matrix: [{A: b}]}}]}\n",
];

/// The definition of a project with a repository: jobs that start children, waited for and not.
const PARENT: &str = "stages: [one, two]\n\
     below: {stage: one, trigger: {include: child.yml, strategy: depend}}\n\
     free: {stage: one, trigger: {include: child.yml}, allow_failure: true}\n\
     ship: {stage: two, script: x, environment: live}\n";
const CHILD: &str = "stages: [a, b]\n\
     x: {stage: a, script: x, retry: 1}\n\
     gate: {stage: b, script: x, when: manual, allow_failure: false}\n";

/// One thing that may happen; the numbers choose what it happens to.
#[derive(Clone, Debug)]
enum Act {
    Start(u8),
    Take,
    Finish(u8, u8),
    CancelJob(u8),
    CancelRun(u8),
    RetryJob(u8),
    RetryRun(u8),
    Play(u8),
    Unschedule(u8),
    Due,
    Children,
    Delete(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => any::<u8>().prop_map(Act::Start),
        6 => Just(Act::Take),
        6 => (any::<u8>(), any::<u8>()).prop_map(|(job, how)| Act::Finish(job, how)),
        1 => any::<u8>().prop_map(Act::CancelJob),
        1 => any::<u8>().prop_map(Act::CancelRun),
        2 => any::<u8>().prop_map(Act::RetryJob),
        1 => any::<u8>().prop_map(Act::RetryRun),
        3 => any::<u8>().prop_map(Act::Play),
        1 => any::<u8>().prop_map(Act::Unschedule),
        1 => Just(Act::Due),
        3 => Just(Act::Children),
        1 => any::<u8>().prop_map(Act::Delete),
    ]
}

struct World {
    weir: Arc<Weir>,
    caller: Caller,
    runs: Vec<RunId>,
    jobs: Vec<JobId>,
    running: Vec<JobId>,
    _folder: tempfile::TempDir,
    _repository: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let weir = Arc::new(Weir::open(folder.path()).unwrap());
        let caller = Caller::local("ada");
        for (i, text) in DEFINITIONS.iter().enumerate() {
            let new =
                NewPipeline { key: format!("p{i}"), definition: Some((*text).to_owned()), ..NewPipeline::default() };
            weir.create_pipeline(&caller, new).await.unwrap();
        }
        let repository = support::repository(&[(".gitlab-ci.yml", PARENT), ("child.yml", CHILD)]);
        weir.create_project(&caller, "me/shop", repository.path().to_str(), model::Visibility::Private).await.unwrap();
        let new = NewPipeline {
            key: format!("p{}", DEFINITIONS.len()),
            project: Some("me/shop".to_owned()),
            ..NewPipeline::default()
        };
        weir.create_pipeline(&caller, new).await.unwrap();
        weir.store().write(|tx| runners::ensure(tx, "test", &[7; 32], &[])).await.unwrap();
        Self {
            weir,
            caller,
            runs: Vec::new(),
            jobs: Vec::new(),
            running: Vec::new(),
            _folder: folder,
            _repository: repository,
        }
    }

    /// The runs that this one's jobs started, and those below them.
    async fn below(&self, id: RunId) -> Vec<RunId> {
        let mut found = vec![id];
        for run in &self.runs {
            let parent = self.weir.run(&self.caller, *run).await.unwrap().run.parent;
            if parent.is_some_and(|parent| found.contains(&parent.run)) {
                found.push(*run);
            }
        }
        found
    }

    async fn take(&mut self) -> bool {
        let taken = self
            .weir
            .store()
            .write(|tx| {
                let runner = runners::ensure(tx, "test", &[7; 32], &[])?;
                let asker = queue::Asker { runner, system_id: "s".into(), graceful: true };
                let job = queue::take(tx, &asker, &[9; 32])?;
                if let Some(job) = &job {
                    weir::scheduler::settle(tx, job.run_id, false)?;
                }
                Ok(job)
            })
            .await
            .unwrap();
        self.running.extend(taken.iter().map(|job| job.id));
        taken.is_some()
    }

    /// The time of every delayed job has come.
    async fn due(&self) {
        let due = |tx: &mut weir::store::Tx<'_>| {
            tx.conn().execute("UPDATE jobs SET due_at = 0 WHERE status = 'scheduled'", [])?;
            weir::scheduler::start::due(tx)
        };
        self.weir.store().write(due).await.unwrap();
    }

    async fn act(&mut self, act: &Act) {
        let run = |i: u8| (!self.runs.is_empty()).then(|| self.runs[i as usize % self.runs.len()]);
        let job = |i: u8| (!self.jobs.is_empty()).then(|| self.jobs[i as usize % self.jobs.len()]);
        let refused = match act {
            Act::Start(i) => {
                let key: PipelineKey = format!("p{}", *i as usize % (DEFINITIONS.len() + 1)).parse().unwrap();
                let made = self.weir.start_run(&self.caller, &key, NewRun::default()).await.unwrap();
                self.runs.push(made.id);
                None
            }
            Act::Take => {
                self.take().await;
                None
            }
            Act::Finish(i, how) => {
                if self.running.is_empty() {
                    return;
                }
                let id = self.running.remove(*i as usize % self.running.len());
                let failed = |failure, code| End::Failed { failure, exit_code: code, detail: None };
                let end = match how % 5 {
                    0 => failed(FailureReason::ScriptFailure, Some(1)),
                    1 => failed(FailureReason::ScriptFailure, Some(3)),
                    2 => failed(FailureReason::RunnerSystemFailure, None),
                    _ => End::Success,
                };
                self.weir.end_job(id, end).await.err()
            }
            Act::CancelJob(i) => match job(*i) {
                Some(id) => self.weir.cancel_job(&self.caller, id).await.err(),
                None => None,
            },
            Act::CancelRun(i) => match run(*i) {
                Some(id) => self.weir.cancel_run(&self.caller, id).await.err(),
                None => None,
            },
            Act::RetryJob(i) => match job(*i) {
                Some(id) => self.weir.retry_job(&self.caller, id).await.err(),
                None => None,
            },
            Act::RetryRun(i) => match run(*i) {
                Some(id) => self.weir.retry_run(&self.caller, id).await.err(),
                None => None,
            },
            Act::Play(i) => match job(*i) {
                Some(id) => self.weir.play_job(&self.caller, id, Vec::new()).await.err(),
                None => None,
            },
            Act::Unschedule(i) => match job(*i) {
                Some(id) => self.weir.unschedule_job(&self.caller, id).await.err(),
                None => None,
            },
            Act::Due => {
                self.due().await;
                None
            }
            Act::Children => {
                self.weir.start_children().await.unwrap();
                None
            }
            Act::Delete(i) => {
                let Some(id) = run(*i) else { return };
                let gone = self.below(id).await;
                let mut jobs = Vec::new();
                for run in &gone {
                    jobs.extend(self.weir.run(&self.caller, *run).await.unwrap().jobs);
                }
                // Deleting a live run waits for its processes, which here are this test.
                if jobs.iter().any(|job| job.kind == JobKind::Build && job.status.is_running()) {
                    return;
                }
                self.weir.delete_run(&self.caller, id).await.unwrap();
                self.runs.retain(|one| !gone.contains(one));
                self.jobs.retain(|one| !jobs.iter().any(|job| job.id == *one));
                None
            }
        };
        if let Some(error) = refused {
            assert_eq!(error.kind, ErrorKind::Conflict, "{act:?}: {error}");
        }
    }

    /// The invariants; also learns of new jobs.
    async fn check(&mut self) {
        let mut holders: HashMap<String, u32> = HashMap::new();
        let mut waiting = Vec::new();
        for run in self.runs.clone() {
            let view = self.weir.run(&self.caller, run).await.unwrap();
            let latest: Vec<&Job> = view.jobs.iter().filter(|job| !job.retried).collect();
            for (index, stage) in view.run.stages.iter().enumerate() {
                let of_stage = latest.iter().filter(|job| job.stage_index as usize == index);
                let computed = aggregate(of_stage.map(|job| (job.status, job.allow_failure)), Of::Group);
                assert_eq!((stage.status, stage.warnings), (computed.status, computed.warnings), "{view:#?}");
            }
            let computed = aggregate(latest.iter().map(|job| (job.status, job.allow_failure)), Of::Group);
            assert_eq!((view.run.status, view.run.warnings), (computed.status, computed.warnings), "{view:#?}");
            for job in &view.jobs {
                assert_eq!(job.failure_reason.is_some(), job.status == Status::Failed);
                assert_eq!(job.finished_at.is_some(), job.status.is_final());
                assert!(job.version <= view.seq && view.run.version <= view.seq);
                if !self.jobs.contains(&job.id) {
                    self.jobs.push(job.id);
                }
                let attempts = view.jobs.iter().filter(|one| one.name == job.name).count();
                assert!(job.attempt as usize <= attempts);
                if let (JobKind::Bridge, Some(child)) = (job.kind, job.child) {
                    if !self.runs.contains(&child) {
                        self.runs.push(child);
                    }
                    let child = self.weir.run(&self.caller, child).await.unwrap().run;
                    assert_eq!(child.parent.unwrap().run, run);
                    // The one that is waited for and its child say the same.
                    let follows = !job.retried && job.name == "below";
                    if follows && job.status == Status::Running {
                        assert!(!child.status.is_complete(), "{job:?} {child:?}");
                    } else if follows && job.status != Status::Canceled {
                        assert_eq!(job.status, child.status, "{job:?} {child:?}");
                    }
                }
                if let Some(group) = &job.resource_group {
                    if job.status == Status::Pending || job.status.is_running() {
                        *holders.entry(group.clone()).or_default() += 1;
                    } else if job.status == Status::WaitingForResource {
                        waiting.push(group.clone());
                    }
                }
            }
        }
        assert!(holders.values().all(|count| *count == 1), "a group is held twice: {holders:?}");
        assert!(waiting.iter().all(|group| holders.contains_key(group)), "nobody holds what is waited for");
    }

    /// Replaying all events gives the state that is stored: nothing changes without an event.
    async fn replay(&self) {
        let events = self.weir.events_since(&self.caller, Seq(0), Scope::Instance).await.unwrap().unwrap();
        let mut jobs: HashMap<JobId, Job> = HashMap::new();
        let mut runs = HashMap::new();
        let mut last = Seq(0);
        for event in events {
            assert!(event.seq > last);
            last = event.seq;
            match event.change {
                Change::Job(job) => {
                    assert_eq!(job.version, event.seq);
                    jobs.insert(job.id, *job);
                }
                Change::Run(run) => {
                    assert_eq!(run.version, event.seq);
                    runs.insert(run.id, *run);
                }
                Change::RunDeleted(id) => {
                    runs.remove(&id);
                    jobs.retain(|_, job| job.run_id != id);
                }
                _ => {}
            }
        }
        assert_eq!(runs.len(), self.runs.len());
        for id in &self.runs {
            let view = self.weir.run(&self.caller, *id).await.unwrap();
            assert_eq!(runs[id], view.run);
            for job in &view.jobs {
                // A job that was made and has not moved yet has no event of its own.
                let Some(told) = jobs.get(&job.id) else {
                    assert_eq!(job.status, Status::Created);
                    continue;
                };
                // What a waiting job waits for is computed when it is read.
                let mut job = job.clone();
                if job.status == Status::Created {
                    job.reason.clone_from(&told.reason);
                }
                assert_eq!(*told, job);
            }
        }
    }

    /// With everything played and every job going well, each run comes to its end.
    async fn drain(&mut self) {
        for _ in 0..500 {
            while self.take().await {}
            for id in std::mem::take(&mut self.running) {
                // It may have been canceled for good meanwhile.
                let _ = self.weir.end_job(id, End::Success).await;
            }
            self.check().await;
            let mut busy = false;
            self.due().await;
            self.weir.start_children().await.unwrap();
            // A job that does not wait for its child has ended, while the child is still to be learnt of.
            self.check().await;
            for run in self.runs.clone() {
                for job in self.weir.run(&self.caller, run).await.unwrap().jobs {
                    busy |= !job.retried && !job.status.is_complete();
                    if job.is_playable() {
                        self.weir.play_job(&self.caller, job.id, Vec::new()).await.unwrap();
                    }
                }
            }
            if !busy {
                return;
            }
        }
        panic!("a run is stuck");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_makes_the_state_lie(acts in proptest::collection::vec(act(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for act in &acts {
                world.act(act).await;
                world.check().await;
            }
            world.drain().await;
            world.replay().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bug_who_retried_a_job_while_it_was_canceled_held_its_group_twice() {
    let mut world = World::new().await;
    // Two jobs with groups run, one fails, which cancels the other; that one is retried before it has ended.
    for act in [Act::Start(5), Act::Take, Act::Take, Act::Finish(1, 0), Act::RetryJob(0)] {
        world.act(&act).await;
        world.check().await;
    }
    let statuses = async |world: &World| {
        let view = world.weir.run(&world.caller, world.runs[0]).await.unwrap();
        let of = |retried: bool| view.jobs.iter().find(|job| job.name == "many: [b]" && job.retried == retried);
        (of(true).unwrap().status, of(false).unwrap().status)
    };
    assert_eq!(statuses(&world).await, (Status::Canceling, Status::WaitingForResource));
    world.act(&Act::Finish(0, 4)).await;
    world.check().await;
    assert_eq!(statuses(&world).await, (Status::Canceled, Status::Pending));
    world.drain().await;
    world.replay().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_play_one_job_one_wins() {
    let mut world = World::new().await;
    world.act(&Act::Start(2)).await;
    world.check().await;
    let view = world.weir.run(&world.caller, world.runs[0]).await.unwrap();
    let gate = view.jobs.iter().find(|job| job.name == "gate").unwrap().id;
    let tries = (0..50).map(|_| {
        let (weir, caller) = (Arc::clone(&world.weir), world.caller.clone());
        tokio::spawn(async move { weir.play_job(&caller, gate, Vec::new()).await })
    });
    let mut won = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(job) => {
                assert_eq!(job.status, Status::Pending);
                won += 1;
            }
            Err(error) => assert_eq!(error.kind, ErrorKind::Conflict),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_state_survives_the_store() {
    let mut world = World::new().await;
    world.act(&Act::Start(1)).await;
    world.take().await;
    let before = world.weir.run(&world.caller, world.runs[0]).await.unwrap();
    let World { weir, caller, runs, _folder: folder, .. } = world;
    drop(weir);
    let again = Weir::open(folder.path()).unwrap();
    assert_eq!(again.run(&caller, runs[0]).await.unwrap(), before);
}
