//! The contents. Names are hostile on purpose: they must arrive as text.

use model::plan::{Access, ExcludedJob, FormInput, FormVariable, InputType, Variable, When};
use model::reason::Predecessor;
use model::view::{
    Dashboard, JobView, LintView, PipelineHealth, PipelineView, PlanJob, PlanStage, RunMark, RunView, Why,
};
use model::{
    ArtifactInfo, Diagnostic, FailureReason, Given, Job, JobId, JobKind, NewRun, Parent, Pipeline, PipelineId,
    PipelineKey, Project, ProjectId, Protection, Reason, Run, RunId, Seq, Severity, Source, Span, Stage, Status,
    TestCounts, Timestamp, Uid, Visibility,
};

const T0: i64 = 1_772_702_102_417;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(T0 + seconds * 1000)
}

pub const DEFINITION: &str = "stages: [build, test, deploy]

variables:
  TARGET:
    value: staging
    description: Where the shop goes
    options: [staging, production]
  WORKERS: \"2\"

compile:
  stage: build
  script: [make all]
  artifacts:
    paths: [build/]

unit:
  stage: test
  needs: [compile]
  script: [make test]
";

pub fn project() -> Project {
    Project {
        id: ProjectId(1),
        uid: Uid::from_bytes([1; 16]),
        path: "demo/shop".parse().unwrap(),
        namespace_id: 1,
        source: Some("/srv/git/shop.git".into()),
        visibility: Visibility::Private,
        public_jobs: true,
        protection: Protection::default(),
        options: model::ProjectOptions::default(),
        created_at: at(-9000),
        updated_at: at(-9000),
        version: Seq(1),
    }
}

pub fn pipeline(id: i64, key: &str, name: &str) -> Pipeline {
    Pipeline {
        id: PipelineId(id),
        uid: Uid::from_bytes([id as u8; 16]),
        key: key.parse().unwrap(),
        project_id: ProjectId(1),
        project_path: "demo/shop".parse().unwrap(),
        name: name.into(),
        description: "Builds, tests and ships the shop".into(),
        definition: Some(DEFINITION.into()),
        disabled: false,
        creator: None,
        created_at: at(-9000),
        updated_at: at(-4000),
        version: Seq(3),
    }
}

pub fn pipelines() -> Vec<Pipeline> {
    vec![
        pipeline(1, "shop", "Shop"),
        pipeline(2, "nightly", "Nightly <b>scan</b></title><script>alert(2)</script>"),
        pipeline(3, "docs", "文档"),
        pipeline(4, "release & ship", "Release"),
    ]
}

pub fn run(id: i64, status: Status) -> Run {
    let stage = |name: &str, status| Stage { name: name.into(), status, warnings: false };
    let (middle, last) = match status {
        Status::Success => (Status::Success, Status::Success),
        Status::Failed => (Status::Failed, Status::Skipped),
        Status::Manual => (Status::Success, Status::Manual),
        _ => (Status::Running, Status::Created),
    };
    let started = at(id * 40);
    Run {
        id: RunId(id),
        uid: Uid::from_bytes([id as u8; 16]),
        project_id: ProjectId(1),
        project_path: "demo/shop".parse().unwrap(),
        pipeline_id: Some(PipelineId(1)),
        pipeline_key: "shop".parse().unwrap(),
        pipeline_name: "Shop".into(),
        number: id - 30,
        status,
        warnings: status == Status::Success && id % 2 == 0,
        // The second run is the child that the first one started.
        source: if id == 41 { Source::ParentPipeline } else { Source::Web },
        git_ref: "main".into(),
        sha: "8c1f2a90d4e5b6a7988c1f2a90d4e5b6a798aabb".into(),
        commit_title: "Cart: round <script>alert(1)</script> totals half to even".into(),
        user: "ada".into(),
        input_path: None,
        external_project: None,
        is_tag: false,
        is_commit: false,
        created_at: started,
        started_at: Some(started),
        finished_at: status.is_complete().then(|| at(id * 40 + 75)),
        updated_at: started,
        ran: None,
        stages: vec![stage("build", Status::Success), stage("test", middle), stage("deploy", last)],
        name: (id == 42).then(|| "Release 2.4 for <b>scan</b> & <script>alert(3)</script> customers".into()),
        parent: (id == 41).then_some(Parent { run: RunId(42), job: JobId(113) }),
        schedule: None,
        given: (id == 42)
            .then(|| Given { shown: vec!["WHO=ada".into(), "NOTE=<script>alert(4)</script>".into()], more: 2 }),
        version: Seq(800 + id),
    }
}

pub fn runs() -> Vec<Run> {
    let one = |(i, status): (usize, &Status)| run(42 - i as i64, *status);
    [
        Status::Running,
        Status::Manual,
        Status::Failed,
        Status::Success,
        Status::Success,
        Status::Canceled,
        Status::Success,
    ]
    .iter()
    .enumerate()
    .map(one)
    .collect()
}

pub fn dashboard() -> Dashboard {
    let all = runs();
    let marks = |pattern: &str| {
        let mark = |(i, c): (usize, char)| RunMark {
            id: RunId(42 - i as i64),
            number: 12 - i as i64,
            status: match c {
                'f' => Status::Failed,
                'r' => Status::Running,
                'c' => Status::Canceled,
                'm' => Status::Manual,
                _ => Status::Success,
            },
            warnings: c == 'w',
            duration: Some(75_000),
        };
        pattern.chars().enumerate().map(mark).collect::<Vec<_>>()
    };
    let health = |(p, (pattern, last_good)): (Pipeline, (&str, Option<i64>))| PipelineHealth {
        pipeline: p,
        last: marks(pattern),
        last_good,
    };
    let patterns = [("rmfsswcsss", None), ("fffsssssss", Some(9)), ("ssssssssss", None), ("", None)];
    Dashboard {
        seq: Seq(900),
        active: vec![all[0].clone(), run(41, Status::Pending)],
        blocked: vec![all[1].clone()],
        recent: all[2..].to_vec(),
        pipelines: pipelines().into_iter().zip(patterns).map(health).collect(),
        queued_jobs: 3,
        running_jobs: 2,
        runners_online: 1,
    }
}

pub fn empty_dashboard() -> Dashboard {
    Dashboard {
        seq: Seq(0),
        active: vec![],
        blocked: vec![],
        recent: vec![],
        pipelines: vec![],
        queued_jobs: 0,
        running_jobs: 0,
        runners_online: 0,
    }
}

fn job(id: i64, name: &str, stage: (&str, u32), status: Status, needs: Option<&[&str]>) -> Job {
    let reason = match status {
        Status::Success => Reason::Succeeded,
        Status::Failed => {
            Reason::Failed { failure: FailureReason::ScriptFailure, exit_code: Some(2), signal: None, detail: None }
        }
        Status::Running => Reason::TakenBy { runner: "local".into() },
        Status::Manual => Reason::WaitsForPerson { blocking: true },
        Status::Pending => Reason::WaitsForRunner,
        Status::Skipped => Reason::SkippedAfter {
            when: "on_success".into(),
            because: vec![Predecessor { name: "lint".into(), status: Status::Failed, allowed: false }],
        },
        _ => Reason::WaitsForStage { stage: "test".into() },
    };
    let ran = matches!(status, Status::Success | Status::Failed | Status::Running);
    Job {
        id: JobId(id),
        uid: Uid::from_bytes([id as u8; 16]),
        run_id: RunId(42),
        project_id: ProjectId(1),
        name: name.into(),
        stage: stage.0.into(),
        stage_index: stage.1,
        status,
        reason,
        when: if status == Status::Manual { When::Manual } else { When::OnSuccess },
        allow_failure: name.contains("audit"),
        needs: needs.map(|n| n.iter().map(|s| (*s).to_owned()).collect()),
        attempt: 1,
        retried: false,
        failure_reason: (status == Status::Failed).then_some(FailureReason::ScriptFailure),
        exit_code: match status {
            Status::Success => Some(0),
            Status::Failed => Some(2),
            _ => None,
        },
        user: "ada".into(),
        runner: ran.then(|| "local".into()),
        timeout: 3600,
        created_at: at(1680),
        queued_at: Some(at(1680)),
        started_at: ran.then(|| at(1682 + id % 7)),
        finished_at: status.is_final().then(|| at(1690 + id % 13)),
        artifacts: vec![],
        artifacts_expired_at: None,
        erased_at: None,
        resource_group: None,
        kind: JobKind::Build,
        child: None,
        tags: vec![],
        environment: None,
        confirmation: None,
        coverage: None,
        tests: None,
        version: Seq(800 + id),
    }
}

fn artifact(kind: &str, filename: &str, size: u64) -> ArtifactInfo {
    ArtifactInfo {
        kind: kind.into(),
        filename: filename.into(),
        size,
        expires_at: None,
        exposed_as: None,
        access: Access::All,
    }
}

pub fn run_view(id: RunId) -> Option<RunView> {
    if !(30..=42).contains(&id.0) {
        return None;
    }
    use Status::{Created, Failed, Manual, Pending, Running, Skipped, Success};
    let (build, test, scan, ship) = (("build", 1), ("test", 2), ("scan", 3), ("deploy", 4));
    let mut jobs = vec![
        job(101, "compile", build, Success, None),
        job(102, "assets <img src=x>", build, Success, Some(&[])),
        job(103, "unit 1/3", test, Success, Some(&["compile"])),
        job(104, "unit 2/3", test, Failed, Some(&["compile"])),
        job(110, "unit 2/3", test, Running, Some(&["compile"])),
        job(105, "unit 3/3", test, Running, Some(&["compile"])),
        job(106, "browser", test, Pending, Some(&["compile", "assets <img src=x>"])),
        job(107, "license audit of everything we depend on", scan, Failed, None),
        job(108, "image", scan, Created, Some(&["assets <img src=x>"])),
        job(111, "smoke", scan, Created, Some(&["image"])),
        job(109, "staging", ship, Manual, Some(&["smoke", "compile"])),
        job(112, "production", ship, Created, None),
        job(113, "child <img src=x> of docs", ship, Running, Some(&["compile"])),
        job(114, "partners", ship, Created, None),
        job(115, "mirrors", ship, Skipped, None),
    ];
    jobs[3].retried = true;
    jobs[4].attempt = 2;
    for (at, child) in [(12, Some(RunId(41))), (13, None), (14, None)] {
        (jobs[at].kind, jobs[at].child, jobs[at].runner) = (JobKind::Bridge, child, None);
    }
    for (at, exposed, access) in [(0, "The shop, built", Access::All), (1, "<img src=x> sources", Access::None)] {
        let exposed_as = Some(exposed.into());
        jobs[at].artifacts = vec![ArtifactInfo { exposed_as, access, ..artifact("archive", "artifacts.zip", 48_213) }];
    }
    let counts = |success, failed, skipped| TestCounts {
        total: success + failed + skipped,
        success,
        failed,
        error: 0,
        skipped,
        time: 4.25,
    };
    (jobs[2].coverage, jobs[2].tests) = (Some(87.5), Some(counts(3, 1, 1)));
    (jobs[7].coverage, jobs[7].tests) = (Some(62.25), Some(counts(2, 0, 0)));
    // A report that cannot be read.
    jobs[8].tests = Some(counts(0, 0, 0));
    jobs[2].tags = vec!["linux".into(), "<b>scan</b>".into()];
    jobs[10].confirmation = Some("Everybody will see it. Deploy to <b>scan</b>-staging?".into());
    jobs[10].environment = Some("review/<script>alert(4)</script>".into());
    jobs[11].environment = Some("production".into());
    let mut run = run(id.0, if id.0 == 42 { Running } else { Failed });
    let stage = |name: &str, status, warnings| Stage { name: name.into(), status, warnings };
    run.stages = vec![
        stage("build", Success, false),
        stage("test", Running, false),
        stage("scan", Success, true),
        stage("deploy", Manual, false),
    ];
    let variables = vec![Variable::new("TARGET", "<b>staging</b>"), Variable::new("NOTE", "two\nlines")];
    Some(RunView { seq: Seq(900), run, jobs, variables })
}

pub fn job_view(id: JobId) -> Option<JobView> {
    let view = run_view(RunId(42))?;
    let known = if id.0 == 1000 { JobId(103) } else { id };
    let mut job = view.jobs.iter().find(|j| j.id == known)?.clone();
    job.id = id;
    if job.kind.is_build() && job.artifacts.is_empty() {
        job.artifacts = vec![
            ArtifactInfo {
                expires_at: Some(Timestamp(4_102_444_800_000)),
                ..artifact("archive", "artifacts.zip", 48_213)
            },
            artifact("junit", "report <1>.xml", 812),
        ];
    }
    let child = job.child.map(|id| run(id.0, Status::Manual));
    let attempts =
        view.jobs.iter().filter(|j| j.name == job.name).map(|j| (j.id, j.attempt, j.status)).collect::<Vec<_>>();
    Some(JobView {
        seq: Seq(900),
        job,
        run: view.run,
        attempts,
        variables: vec![Variable::new("TARGET", "staging"), Variable::new("TOKEN", "[MASKED]")],
        script: vec!["make test".into()],
        after_script: vec!["make clean".into()],
        trace_bytes: 4096,
        child,
    })
}

pub fn log_size(id: JobId) -> (u64, bool) {
    match id.0 {
        1000 => (1_000_000, true),
        105 | 110 => (40, false),
        106 | 108 | 109 | 111..=115 => (0, false),
        _ => (60, true),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

pub fn log_line(_: JobId, number: u64) -> String {
    match number {
        1 => "\u{1b}[0Ksection_start:1772702102:prepare[collapsed=true]\r\u{1b}[0K\u{1b}[36;1mPreparing the workspace\u{1b}[0m".into(),
        2 => "Cloning into '/builds/demo/shop'…".into(),
        3 => "HEAD is now at 8c1f2a90 Cart: round totals half to even".into(),
        4 => "\u{1b}[0Ksection_end:1772702104:prepare\r\u{1b}[0K".into(),
        5 => "\u{1b}[0Ksection_start:1772702104:script\r\u{1b}[0K\u{1b}[32;1m$ make test\u{1b}[0m".into(),
        7 => "<script>alert('log')</script> & <img src=x onerror=alert(1)>".into(),
        8 => "\u{1b}[31merror\u{1b}[0m: \u{1b}[1massertion failed\u{1b}[0m at src/cart.rs:120".into(),
        9 => "\u{1b}[33mwarning\u{1b}[0m: unused variable `total` 中文输出也对齐".into(),
        10 => joined((0..16).map(|n| format!("\u{1b}[38;5;{n}m██ {n} "))) + "\u{1b}[0m",
        11 => joined((0..24).map(|n| format!("\u{1b}[38;5;{}m██", 16 + n * 9))) + "\u{1b}[0m",
        12 => " 10%\r 50%\r\u{1b}[K100% ok".into(),
        13 => "2026-03-05T09:15:02.417123Z 01E a line with a time stamp, from stderr".into(),
        14 => format!("a long line {}", "0123456789 ".repeat(60)),
        59 => "\u{1b}[0Ksection_end:1772702164:script\r\u{1b}[0K".into(),
        n if n % 11 == 0 => format!("test cart::case_{n} ... \u{1b}[32mok\u{1b}[0m"),
        n => format!("    Compiling dependency-{n} v0.{}.{}", n % 17, n % 7),
    }
}

pub fn diagnostics() -> Vec<Diagnostic> {
    vec![
        Diagnostic {
            severity: Severity::Error,
            message: "job `unit` has an unknown key `scirpt`".into(),
            file: ".gitlab-ci.yml".into(),
            span: Span { start: 260, end: 266, line: 19, column: 3 },
            hint: Some("did you mean `script`?".into()),
            link: None,
            source_line: "  scirpt: [make test]".into(),
        },
        Diagnostic {
            severity: Severity::Warning,
            message: "variable WORKERS is never used".into(),
            file: ".gitlab-ci.yml".into(),
            span: Span { start: 140, end: 147, line: 8, column: 3 },
            hint: None,
            link: None,
            source_line: "  WORKERS: \"2\"".into(),
        },
    ]
}

pub fn plan() -> Vec<PlanStage> {
    let job = |name: &str, when, needs: Option<&[&str]>| PlanJob {
        name: name.into(),
        when,
        allow_failure: matches!(name, "audit" | "staging"),
        needs: needs.map(|n| n.iter().map(|s| (*s).to_owned()).collect()),
        last_duration: match name {
            "compile" => Some(72_000),
            "unit" => Some(185_000),
            _ => None,
        },
    };
    let stage = |name: &str, jobs| PlanStage { name: name.into(), jobs };
    vec![
        stage("build", vec![job("compile", When::OnSuccess, None)]),
        stage("test", vec![job("unit", When::OnSuccess, Some(&["compile"])), job("audit", When::Always, Some(&[]))]),
        stage("deploy", vec![job("staging", When::Manual, None)]),
    ]
}

pub fn pipeline_view(key: &PipelineKey) -> Option<PipelineView> {
    let pipeline = pipelines().into_iter().find(|p| p.key == *key)?;
    let broken = pipeline.key.as_str() == "nightly";
    Some(PipelineView {
        seq: Seq(900),
        pipeline,
        project: project(),
        definition: Some(
            DEFINITION
                .replace("script: [make test]", if broken { "scirpt: [make test]" } else { "script: [make test]" }),
        ),
        diagnostics: if broken { diagnostics() } else { vec![] },
        plan: if broken { vec![] } else { plan() },
        excluded: vec![ExcludedJob {
            name: "fuzz".into(),
            stage: "test".into(),
            reason: "`when: never`".into(),
            details: Vec::new(),
        }],
        variables: vec![
            FormVariable {
                key: "TARGET".into(),
                value: "staging".into(),
                description: Some("Where the shop goes".into()),
                options: vec!["staging".into(), "production".into()],
            },
            FormVariable { key: "WORKERS".into(), value: "2".into(), description: None, options: vec![] },
        ],
        inputs: vec![FormInput {
            name: "region".into(),
            kind: InputType::String,
            default: None,
            description: Some("Where it is offered".into()),
            options: vec![],
            regex: None,
            value: serde_json::Value::Null,
        }],
        runs: runs().into_iter().map(|run| Run { given: None, ..run }).collect(),
    })
}

/// The plan of a run: `FUZZ=yes` lets in what is left out otherwise, `TARGET=production` leaves staging out; there is
/// only the ref `main`, and only the region `eu`.
pub fn plan_of_run(key: &PipelineKey, new: &NewRun) -> Option<LintView> {
    let PipelineView { mut diagnostics, mut plan, mut excluded, variables, inputs, .. } = pipeline_view(key)?;
    let given = |key: &str, value: &str| new.variables.iter().any(|v| v.key == key && v.value == value);
    if given("FUZZ", "yes") {
        let fuzz = excluded.remove(0);
        let job =
            PlanJob { name: fuzz.name, when: When::OnSuccess, allow_failure: false, needs: None, last_duration: None };
        plan[1].jobs.push(job);
    }
    if given("TARGET", "production") {
        let staging = plan.pop()?;
        let reason = "`if: $TARGET == \"staging\"` is false".to_owned();
        let left_out = ExcludedJob { name: "staging".into(), stage: staging.name, reason, details: Vec::new() };
        excluded.push(left_out);
    }
    let mut against = |message: String| {
        let found = Diagnostic { message, source_line: String::new(), hint: None, ..self::diagnostics().remove(0) };
        diagnostics.push(found);
        plan.clear();
        excluded.clear();
    };
    if let Some(wanted) = new.git_ref.as_ref().filter(|wanted| *wanted != "main") {
        against(format!("there is no ref `{wanted}`"));
    }
    if let Some(region) = new.inputs.get("region").filter(|region| *region != "eu") {
        against(format!("the input `region` cannot be {region}"));
    }
    Some(LintView { diagnostics, plan, excluded, variables, inputs })
}

pub fn why(id: RunId) -> Why {
    let leaf = |subject: &str, status, answer: &str, because| Why {
        subject: subject.into(),
        status,
        answer: answer.into(),
        because,
    };
    let compile = leaf("job 101 (compile)", Status::Success, "ended with exit code 0", vec![]);
    let unit = leaf("job 105 (unit 3/3)", Status::Running, "runs on local", vec![compile]);
    leaf(&format!("run {id}"), Status::Running, "runs, because unit 3/3 runs", vec![unit])
}
