//! What jobs leave: which files, in which form, after which end.

mod common;

use std::{collections::BTreeMap, fs::File, io::Read};

use common::{Bench, job};
use runner::protocol::{Artifact, JobPayload, JobState, Variable};

fn artifact(paths: &[&str]) -> Artifact {
    Artifact { paths: paths.iter().map(|path| (*path).to_owned()).collect(), ..Artifact::default() }
}

fn report(kind: &str, format: &str, name: &str, paths: &[&str]) -> Artifact {
    Artifact {
        name: name.to_owned(),
        artifact_type: kind.to_owned(),
        artifact_format: format.to_owned(),
        when: "always".to_owned(),
        ..artifact(paths)
    }
}

fn leaving(id: i64, artifacts: Vec<Artifact>, script: &[&str]) -> JobPayload {
    JobPayload { artifacts, ..job(id, script) }
}

/// Names and contents of an archive.
fn contents(path: &std::path::Path) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[tokio::test]
async fn names_and_paths_have_variables_and_exclusions_leave_out() {
    let bench = Bench::new();
    let mut one = artifact(&["$OUT/", "**/*.txt", "$MISSING"]);
    one.name = "result-$CI_COMMIT_REF_SLUG".to_owned();
    one.exclude = vec!["$OUT/**/*.log".to_owned()];
    let script = ["mkdir -p out/deep; echo 1 > out/a; echo 2 > out/deep/x.log; echo 3 > notes.txt; echo 4 > other"];
    let mut job = leaving(1, vec![one], &script);
    job.variables = vec![Variable::plain("OUT", "out"), Variable::plain("CI_COMMIT_REF_SLUG", "main")];
    let (outcome, text) = bench.run(&job).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    let files = bench.runner.files(1);
    assert_eq!(files[0].name, "result-main.zip");
    let names: Vec<String> = contents(&files[0].path).into_keys().collect();
    assert_eq!(names, ["notes.txt", "out/", "out/a", "out/deep/"]);
    for line in [
        "Uploading artifacts for successful job",
        "out/: found 3 matching artifact files and directories",
        "out/**/*.log: excluded 1 files",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Names are shown to whoever may see a job, its variables are not. What is cut off a name is so once it is masked.
#[tokio::test]
async fn names_have_no_masked_values() {
    let bench = Bench::new();
    let masked = |key: &str, value: &str| Variable { masked: true, ..Variable::plain(key, value) };
    let named = |name: &str| Artifact { name: name.to_owned(), ..artifact(&["a"]) };
    for (id, name, shown) in [
        (1, "n-$PLAIN", "n-[MASKED].zip"),
        (2, "c-$COPY", "c-of-[MASKED].zip"),
        (3, "x/$PATH_LIKE", "[MASKED].zip"),
        (4, "$CI_JOB_TOKEN-$OPEN", "[MASKED]-open.zip"),
    ] {
        let mut job = leaving(id, vec![named(name)], &["touch a"]);
        job.token = "a-token-of-the-job-1".into();
        job.variables = vec![
            masked("PLAIN", "Plain-Secret-0815x"),
            masked("PATH_LIKE", "s3cr3t/Value+one=Q~z"),
            masked("CI_JOB_TOKEN", "a-token-of-the-job-1"),
            Variable::plain("COPY", "of-$PLAIN"),
            Variable::plain("OPEN", "open"),
        ];
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert_eq!(bench.runner.files(id)[0].name, shown);
        assert!(text.contains(&format!("as {shown} ")) && !text.contains("Value+one"), "{text}");
    }
    let script = ["touch \"$PLAIN.xml\""];
    let mut job = leaving(9, vec![report("junit", "raw", "", &["$PLAIN.xml"])], &script);
    job.variables = vec![masked("PLAIN", "Plain-Secret-0815x")];
    let (_, text) = bench.run(&job).await;
    assert_eq!(bench.runner.reports(9)[0].1.name, "[MASKED].xml", "{text}");
}

#[tokio::test]
async fn nothing_to_upload_is_told_and_no_failure() {
    let bench = Bench::new();
    let artifacts =
        vec![artifact(&["missing", "../outside", "/etc/passwd"]), report("junit", "gzip", "junit.xml", &["*.xml"])];
    let (outcome, text) = bench.run(&leaving(1, artifacts, &["true"])).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    for line in [
        "WARNING: missing: no matching files. Ensure that the artifact path is relative to the working directory",
        "WARNING: ../outside: it is outside the project's folder",
        "WARNING: /etc/passwd: it is outside the project's folder",
        "ERROR: No files to upload",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(text.matches("ERROR: No files to upload").count(), 2);
    assert!(bench.runner.files(1).is_empty() && bench.runner.reports(1).is_empty());
}

#[tokio::test]
async fn reports_come_in_their_own_forms_whatever_the_end() {
    let bench = Bench::new();
    let mut kept = artifact(&["log"]);
    kept.when = "on_failure".to_owned();
    let artifacts = vec![
        artifact(&["good"]),
        kept,
        report("junit", "gzip", "junit.xml", &["reports/*.xml"]),
        report("dotenv", "gzip", ".env", &["build.env"]),
        report("codequality", "raw", "quality", &["quality.json"]),
    ];
    let script = "mkdir reports; echo '<a/>' > reports/a.xml; echo '<b/>' > reports/b.xml; echo A=1 > build.env; \
        echo '[]' > quality.json; echo why > log; echo good > good; exit 3";
    let (outcome, text) = bench.run(&leaving(1, artifacts, &[script])).await;
    assert_eq!(outcome.exit_code, Some(3), "{text}");
    assert!(text.contains("Uploading artifacts for failed job"), "{text}");
    let archive = &bench.runner.files(1)[0];
    assert_eq!(contents(&archive.path).into_keys().collect::<Vec<_>>(), ["log"]);
    let mut reports = bench.runner.reports(1);
    reports.sort_by(|a, b| a.0.cmp(&b.0));
    let names: Vec<(&str, &str)> = reports.iter().map(|(kind, file)| (kind.as_str(), file.name.as_str())).collect();
    assert_eq!(names, [("codequality", "quality.json"), ("dotenv", ".env.gz"), ("junit", "junit.xml.gz")]);
    let unpacked = |index: usize| {
        let mut text = String::new();
        let file = File::open(&reports[index].1.path).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!((unpacked(1).as_str(), unpacked(2).as_str()), ("A=1\n", "<a/>\n<b/>\n"));
}

#[tokio::test]
async fn files_that_git_does_not_know_are_taken_when_asked_for() {
    let bench = Bench::new();
    let mut one = artifact(&[]);
    one.untracked = true;
    one.exclude = vec!["*.tmp".to_owned()];
    let script = "git init -q .; echo x > known; echo ignored > .gitignore; git add .; echo 1 > new; echo 2 > ignored; \
        echo 3 > x.tmp";
    let (_, text) = bench.run(&leaving(1, vec![one], &[script])).await;
    let names: Vec<String> = contents(&bench.runner.files(1)[0].path).into_keys().collect();
    assert_eq!(names, ["ignored", "new"], "{text}");
    assert!(text.contains("untracked: found 2 files") && text.contains("*.tmp: excluded 1 files"), "{text}");
}
