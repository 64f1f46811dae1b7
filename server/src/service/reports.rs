//! What jobs report: read once when it arrives, for the counts and variables that belong to the job,
//! and again when somebody looks at it.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use model::{Caller, Error, Job, JobId, RunId, TestCounts, TestReport, TestSuite};
use tokio::task::spawn_blocking;

use super::Weir;
use super::access;
use crate::artifacts::Artifacts;
use crate::auth::Action;
use crate::reports::{MAX_XML, ReportError, cobertura, coverage::Finder, dotenv, jacoco, junit};
use crate::store::jobs;

/// The most variables that a job hands on.
const MAX_VARIABLES: usize = 150;

/// What a report tells of its job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// How its tests went.
    pub tests: Option<TestCounts>,
    /// Its coverage in percent.
    pub coverage: Option<f64>,
    /// The variables that it hands on.
    pub dotenv: Option<Vec<(String, String)>>,
}

/// Reads a report as it arrived. Variables that nobody could read are an error; of the other kinds a
/// broken file is worth keeping, and whoever looks at it is told what is wrong.
pub fn read(kind: &str, file: File) -> Result<Told, ReportError> {
    match kind {
        "junit" => {
            let counts = suites(file).iter().map(TestSuite::counts).reduce(|sum, one| sum + one);
            Ok(Told { tests: Some(counts.unwrap_or_default()), ..Told::default() })
        }
        "dotenv" => {
            let mut variables: Vec<(String, String)> = Vec::new();
            for text in texts(file)? {
                for (key, value) in dotenv::parse(&text, MAX_VARIABLES)? {
                    variables.retain(|(known, _)| *known != key);
                    variables.push((key, value));
                }
            }
            if variables.len() > MAX_VARIABLES {
                return Err(ReportError::TooMany { what: "variables", limit: MAX_VARIABLES });
            }
            Ok(Told { dotenv: Some(variables), ..Told::default() })
        }
        "cobertura" | "jacoco" => {
            let line_coverage = if kind == "jacoco" { jacoco::line_coverage } else { cobertura::line_coverage };
            let told: Vec<f64> =
                texts(file).unwrap_or_default().iter().filter_map(|text| line_coverage(text).ok().flatten()).collect();
            let mean = (!told.is_empty()).then(|| told.iter().sum::<f64>() / told.len() as f64);
            Ok(Told { coverage: mean, ..Told::default() })
        }
        _ => Ok(Told::default()),
    }
}

/// What is said of a report that nobody could read.
pub fn refusal(kind: &str, error: &ReportError) -> String {
    format!("the report {kind} is not valid: {error}")
}

/// The files that a runner packed one behind the other, each a gzip member of its own.
fn texts(file: File) -> Result<Vec<Vec<u8>>, ReportError> {
    let broken = |error: std::io::Error| ReportError::Whole(format!("it cannot be unpacked: {error}"));
    let mut packed = BufReader::new(file);
    let (mut texts, mut total) = (Vec::new(), 0);
    while !std::io::BufRead::fill_buf(&mut packed).map_err(broken)?.is_empty() {
        let mut text = Vec::new();
        // What it says of its size is not believed.
        let left = (MAX_XML + 1 - total) as u64;
        GzDecoder::new(&mut packed).take(left).read_to_end(&mut text).map_err(broken)?;
        total += text.len();
        if total > MAX_XML {
            return Err(ReportError::TooLarge { size: total, limit: MAX_XML });
        }
        texts.push(text);
    }
    Ok(texts)
}

/// The suites of a JUnit report; one that says why where they cannot be read.
fn suites(file: File) -> Vec<TestSuite> {
    let problem = |error: ReportError| TestSuite { suite_error: Some(error.to_string()), ..TestSuite::default() };
    match texts(file) {
        Ok(texts) => {
            texts.iter().flat_map(|text| junit::parse(text).unwrap_or_else(|error| vec![problem(error)])).collect()
        }
        Err(error) => vec![problem(error)],
    }
}

impl Weir {
    /// The coverage that a job's log tells (`coverage`).
    pub(super) async fn coverage_of(&self, id: JobId, pattern: String) -> Option<f64> {
        let logs = Arc::clone(&self.logs);
        let find = move || -> std::io::Result<Option<f64>> {
            // The definition was checked: a pattern that is none finds nothing.
            let Ok(mut finder) = Finder::new(&pattern) else { return Ok(None) };
            let Some((mut file, _)) = logs.file(id)? else { return Ok(None) };
            let mut piece = vec![0; 256 << 10];
            loop {
                match file.read(&mut piece)? {
                    0 => return Ok(finder.finish()),
                    n => finder.feed(&piece[..n]),
                }
            }
        };
        match spawn_blocking(find).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(job.id = id.0, %error, "failed to look for the coverage in a log");
                None
            }
            Err(_) => None,
        }
    }

    pub(super) async fn tests_of_job(&self, caller: &Caller, id: JobId) -> Result<TestReport, Error> {
        let job = self.read_job_only(caller, id).await?;
        let artifacts = Arc::clone(&self.artifacts);
        blocking(move || TestReport { suites: of_job(&artifacts, &job) }).await
    }

    pub(super) async fn tests_of_run(&self, caller: &Caller, id: RunId) -> Result<TestReport, Error> {
        let caller = caller.clone();
        let of_run = self
            .store
            .read(move |conn| {
                let run = crate::store::runs::require(conn, id)?;
                access::at_project(conn, &caller, Action::ReadRuns, run.project_id, "run")?;
                jobs::of_run(conn, id)
            })
            .await?;
        let artifacts = Arc::clone(&self.artifacts);
        blocking(move || {
            let mut report = TestReport::default();
            for job in of_run.iter().filter(|job| !job.retried && job.tests.is_some()) {
                // One suite per job, as on GitLab.
                let mut all = TestSuite { name: job.name.clone(), ..TestSuite::default() };
                for suite in of_job(&artifacts, job) {
                    all.absorb(suite);
                }
                report.suites.push(all);
            }
            report
        })
        .await
    }
}

fn of_job(artifacts: &Artifacts, job: &Job) -> Vec<TestSuite> {
    if job.tests.is_none() {
        return Vec::new();
    }
    match artifacts.report(job.id, "junit") {
        Ok(Some(file)) => suites(file),
        Ok(None) => vec![TestSuite { suite_error: Some("the report is gone".into()), ..TestSuite::default() }],
        Err(error) => vec![TestSuite { suite_error: Some(error.to_string()), ..TestSuite::default() }],
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))
}
