use std::convert::Infallible;

use app::service::{Accounts, NewPipeline, Service as _};
use bytes::Bytes;
use futures_util::stream;
use model::{AuditFilter, NewRun};
use tempfile::TempDir;

use super::*;
use crate::artifacts::ARCHIVE;
use crate::scheduler::finish::End;
use crate::store::{environments, queue, runners};

const SECRET: &str = "jX9kQ2vLr8TzW4nB7mYp";

struct World {
    weir: Weir,
    by: Caller,
    project: ProjectId,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let weir = Weir::open(folder.path()).unwrap();
        weir.begin_local("ada").await.unwrap();
        let by = Caller::local("ada");
        let new = NewPipeline { key: "p".into(), definition: Some("a: {script: x}".into()), ..NewPipeline::default() };
        weir.create_pipeline(&by, new).await.unwrap();
        let project = weir.projects(&by).await.unwrap()[0].id;
        Self { weir, by, project, folder }
    }

    /// A job that ended after it wrote this.
    async fn job(&self, log: &str) -> JobId {
        let run = self.weir.start_run(&self.by, &"p".parse().unwrap(), NewRun::default()).await.unwrap();
        let taken = self.weir.store().write(move |tx| {
            let runner = runners::ensure(tx, "test", &[7; 32], &[])?;
            let asker = queue::Asker { runner, system_id: "s".into(), graceful: true };
            let job = queue::take(tx, &asker, &[9; 32])?.unwrap();
            crate::scheduler::settle(tx, run.id, false)?;
            Ok(job.id)
        });
        let job = taken.await.unwrap();
        self.weir.logs().append(job, 0, log.as_bytes()).unwrap();
        self.weir.end_job(job, End::Success).await.unwrap();
        self.weir.logs().finish(job).unwrap();
        job
    }

    fn log(&self, job: JobId) -> String {
        String::from_utf8(self.weir.logs().read(job, 0..1 << 20).unwrap()).unwrap()
    }

    async fn recorded(&self, action: &str) -> Vec<model::AuditEntry> {
        let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        self.weir.audit(&self.by, filter).await.unwrap().entries
    }

    async fn is_due(&self) -> bool {
        self.weir.store().read(|conn| redactions::next(conn, 0)).await.unwrap().is_some()
    }

    /// Another server on the folder of one that was killed.
    fn again(self) -> Self {
        let Self { weir, by, project, folder } = self;
        drop(weir);
        Self { weir: Weir::open(folder.path()).unwrap(), by, project, folder }
    }
}

#[tokio::test]
async fn what_was_decided_happens_whatever_becomes_of_the_server() {
    let world = World::new().await;
    let log = format!("one\ntoken {SECRET} is\nlast\n");
    let (first, second, other) = (world.job(&log).await, world.job(&log).await, world.job("nothing\n").await);
    world.weir.store().write(move |tx| views::record(tx, first, "bob")).await.unwrap();
    let forms: Arc<[String]> = mask::forms(SECRET).into();
    let found = world.weir.look_for(&world.by, world.project, &forms).await.unwrap();
    let done = world.weir.decide_redaction(&world.by, world.project, forms, found).await.unwrap();
    assert_eq!((done.searched, done.redacted), (3, vec![(first, 1), (second, 1)]));
    // It is recorded before anything is blanked, with who had seen it, and without the value.
    let recorded = world.recorded("traces.redact").await;
    assert_eq!(recorded.len(), 1);
    let text = format!("{:?}", recorded[0].changes);
    assert!(text.contains(&format!("{first} (1), {second} (1)")) && text.contains("bob"), "{text}");
    let database = std::fs::read(world.folder.path().join("weir.db-wal")).unwrap();
    assert!(memchr::memmem::find(&database, SECRET.as_bytes()).is_none(), "the value is written nowhere");
    assert!(world.log(first).contains(SECRET) && world.is_due().await);
    // The power is cut here; and again when one of the two logs is done and the other is not whole.
    let world = world.again();
    let due = world.weir.store().read(|conn| redactions::next(conn, 0)).await.unwrap().unwrap();
    world.weir.logs().blank(due.job, &Places::of_bytes(&due.places), &due.line).unwrap();
    let world = world.again();
    world.weir.finish_redactions().await.unwrap();
    for job in [first, second] {
        let after = world.log(job);
        assert!(!after.contains(SECRET) && after.starts_with("one\ntoken [REDACTED]**********"), "{after}");
        assert_eq!(after.matches("1 place of this log was blanked by ada on ").count(), 1, "{after}");
    }
    assert_eq!(world.log(other), "nothing\n");
    assert!(!world.is_due().await);
    assert_eq!(world.recorded("traces.redact").await.len(), 1);
    let again = world.weir.redact(&world.by, world.project, SECRET).await.unwrap();
    assert_eq!((again.redacted, again.artifacts), (vec![], vec![]), "there is no more of it");
}

#[tokio::test]
async fn artifacts_that_have_the_value_are_told_and_can_be_deleted() {
    let world = World::new().await;
    let (clean, leaked, broken) = (world.job("x\n").await, world.job("x\n").await, world.job("x\n").await);
    for (job, kind, text) in
        [(clean, "dotenv", "A=1"), (leaked, "dotenv", "TOKEN=jX9kQ2vLr8TzW4nB7mYp"), (broken, ARCHIVE, "no archive")]
    {
        let body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(text.as_bytes()))]);
        let received = world.weir.artifacts().receive(job, 1 << 20, body).await.unwrap();
        received.keep_async(kind.to_owned()).await.unwrap();
    }
    let done = world.weir.redact(&world.by, world.project, SECRET).await.unwrap();
    assert_eq!(done.artifacts, [(leaked, vec!["dotenv".to_owned()])]);
    assert_eq!((done.redacted, done.unread), (vec![], vec![broken]));
    let recorded = format!("{:?}", world.recorded("traces.redact").await);
    assert!(recorded.contains(&format!("{leaked} (1)")) && !recorded.contains(SECRET), "{recorded}");
    Accounts::delete_artifacts(&world.weir, &world.by, leaked).await.unwrap();
    assert!(world.weir.artifacts().report(leaked, "dotenv").unwrap().is_none());
    assert!(world.weir.artifacts().report(clean, "dotenv").unwrap().is_some());
    assert_eq!(world.recorded("artifacts.delete").await.len(), 1);
    assert!(world.weir.redact(&world.by, world.project, SECRET).await.unwrap().artifacts.is_empty());
    let run = world.weir.start_run(&world.by, &"p".parse().unwrap(), NewRun::default()).await.unwrap();
    let waiting = world.weir.run(&world.by, run.id).await.unwrap().jobs[0].id;
    let refused = Accounts::delete_artifacts(&world.weir, &world.by, waiting).await.unwrap_err();
    assert_eq!(refused.kind, model::ErrorKind::Conflict);
}

#[tokio::test]
async fn names_of_artifacts_and_the_words_of_a_failure_are_blanked_too() {
    let world = World::new().await;
    let (named, other) = (world.job("one\n").await, world.job("one\n").await);
    let told = model::Reason::Failed {
        failure: model::FailureReason::ScriptFailure,
        exit_code: None,
        signal: None,
        detail: Some(format!("line 1: {SECRET}")),
    };
    let written = world.weir.store().write(move |tx| {
        for (job, filename) in [(named, format!("n-{SECRET}.zip")), (other, "plain.zip".to_owned())] {
            let artifact = model::ArtifactInfo {
                kind: ARCHIVE.into(),
                filename,
                size: 1,
                expires_at: None,
                exposed_as: None,
                access: model::plan::Access::default(),
            };
            jobs::add_artifact(tx, job, &artifact)?;
        }
        jobs::set_reason(tx, named, &told)
    });
    written.await.unwrap();
    let before = world.weir.store().read(crate::store::events::last).await.unwrap();
    let done = world.weir.redact(&world.by, world.project, SECRET).await.unwrap();
    assert_eq!(done.redacted, [(named, 2)]);
    let job = world.weir.job(&world.by, named).await.unwrap().job;
    assert_eq!(job.artifacts[0].filename, "n-[REDACTED].zip");
    assert!(job.reason.to_string().ends_with("line 1: [REDACTED]"), "{}", job.reason);
    assert!(world.log(named).contains("\n2 texts of this job were blanked by ada on "), "{}", world.log(named));
    assert_eq!(world.log(other), "one\n");
    // Nor do streams tell it that begin further back, and open pages learn of it.
    let events = world.weir.store().read(|conn| crate::store::events::since(conn, model::Seq(0), None)).await.unwrap();
    let events = events.unwrap();
    assert!(!format!("{events:?}").contains(SECRET) && events.last().unwrap().seq > before);
    assert!(world.weir.redact(&world.by, world.project, SECRET).await.unwrap().redacted.is_empty());
}

/// What is said to be erased is: the files go first.
#[tokio::test]
async fn a_job_whose_files_stay_is_not_said_to_be_erased() {
    let world = World::new().await;
    let job = world.job("one\n").await;
    let path = world.folder.path().join(format!("logs/0/{job}.log"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let refused = world.weir.erase_job(&world.by, job).await.unwrap_err();
    assert_eq!(refused.kind, model::ErrorKind::Unavailable, "{refused}");
    assert!(world.weir.job(&world.by, job).await.unwrap().job.erased_at.is_none());
    assert!(world.recorded("job.erase").await.is_empty());
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "one\n").unwrap();
    assert!(world.weir.erase_job(&world.by, job).await.unwrap().erased_at.is_some());
    assert_eq!(world.weir.erase_job(&world.by, job).await.unwrap_err().kind, model::ErrorKind::Conflict);
}

/// Jobs are kept as JSON, which writes the backslashes and quotes of a quoted value otherwise.
#[tokio::test]
async fn words_that_a_shell_quoted_are_blanked_too() {
    let world = World::new().await;
    let job = world.job("one\n").await;
    let value = r"it's-jX9kQ2vLr8TzW4";
    let told = model::Reason::Failed {
        failure: model::FailureReason::ScriptFailure,
        exit_code: None,
        signal: None,
        detail: Some(format!("'{}'", value.replace('\'', r"'\''"))),
    };
    world.weir.store().write(move |tx| jobs::set_reason(tx, job, &told)).await.unwrap();
    let done = world.weir.redact(&world.by, world.project, value).await.unwrap();
    assert_eq!(done.redacted, [(job, 1)]);
    let reason = world.weir.job(&world.by, job).await.unwrap().job.reason.to_string();
    assert!(reason.contains("[REDACTED]") && !reason.contains("jX9k"), "{reason}");
}

#[tokio::test]
async fn bug_a_run_that_was_deleted_meanwhile_ended_the_search() {
    let world = World::new().await;
    let log = format!("token {SECRET}\n");
    let (unread, gone, left) = (world.job(&log).await, world.job(&log).await, world.job(&log).await);
    let delete = async |job: JobId| {
        let run = world.weir.job(&world.by, job).await.unwrap().job.run_id;
        world.weir.delete_run(&world.by, run).await.unwrap();
    };
    // One whose log is deleted in the middle of being read, and one that is found.
    let path = world.folder.path().join(format!("logs/0/{unread}.log"));
    std::fs::remove_file(path).unwrap();
    let forms: Arc<[String]> = mask::forms(SECRET).into();
    let found = world.weir.look_for(&world.by, world.project, &forms).await.unwrap();
    delete(gone).await;
    delete(unread).await;
    let done = world.weir.decide_redaction(&world.by, world.project, forms, found).await.unwrap();
    assert_eq!(done.redacted, [(left, 1)]);
    world.weir.finish_redactions().await.unwrap();
    assert!(world.log(left).contains("[REDACTED]"), "{}", world.log(left));
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_no_log_without_the_value() {
    let world = World::new().await;
    let (unread, _) = (world.job("one\n").await, world.job(SECRET).await);
    std::fs::remove_file(world.folder.path().join(format!("logs/0/{unread}.log"))).unwrap();
    let refused = world.weir.redact(&world.by, world.project, SECRET).await.unwrap_err();
    assert_eq!(refused.kind, model::ErrorKind::Unavailable);
    assert!(refused.message.starts_with(&format!("the log of job {unread} cannot be looked through")), "{refused}");
    assert!(!world.is_due().await, "nothing was decided");
}

/// Who holds a page or a list of environments is told.
#[tokio::test]
async fn bug_an_address_that_was_blanked_was_still_held() {
    let world = World::new().await;
    let job = world.job("one\n").await;
    let made = world.weir.store().write(move |tx| {
        let job = jobs::require(tx.conn(), job)?.job;
        let id = environments::ensure(tx, job.project_id, "live", "live", model::Tier::Production)?;
        environments::begin(tx, &job, id, None)?;
        let address = format!("https://{SECRET}.example.org");
        environments::set_url(tx, job.id, &address)?;
        environments::set_state(tx, id, model::EnvironmentState::Available, Some(&address))?;
        Ok(id)
    });
    let id = made.await.unwrap();
    let read = async || world.weir.store().read(move |conn| environments::require(conn, id)).await.unwrap();
    let before = read().await;
    let done = world.weir.redact(&world.by, world.project, SECRET).await.unwrap();
    assert_eq!(done.redacted, [(job, 2)]);
    let after = read().await;
    assert_eq!(after.external_url.as_deref(), Some("https://[REDACTED].example.org"));
    assert!(after.version > before.version);
    let deployed = world.weir.store().read(move |conn| environments::url(conn, job)).await.unwrap();
    assert_eq!(deployed.as_deref(), Some("https://[REDACTED].example.org"));
    let since = world.weir.store().read(move |conn| crate::store::events::since(conn, before.version, None));
    let told = since.await.unwrap().unwrap();
    assert!(told.iter().any(|event| event.change == model::event::Change::Touched("environments".into())), "{told:?}");
}
