//! What jobs keep for later ones.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use common::{Bench, Screen, job, until};
use runner::{
    Control, Level,
    protocol::{Cache, JobPayload, JobState, Variable},
};

fn cache(key: &str, paths: &[&str]) -> Cache {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Cache { key: key.to_owned(), paths, policy: "pull-push".to_owned(), ..Cache::default() }
}

/// A job of project 7 with one cache.
fn cached(id: i64, cache: Cache, script: &[&str]) -> JobPayload {
    let mut job = job(id, script);
    job.job_info.project_id = 7;
    job.cache = vec![cache];
    job
}

/// The archives that are kept.
fn archives(bench: &Bench) -> Vec<PathBuf> {
    let folders = fs::read_dir(bench.dir.path().join("runner/cache")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A key loses its dots and slashes, and would be known no more.
#[tokio::test]
async fn keys_have_no_masked_values() {
    let bench = Bench::new();
    let mut one = cache("x/$SECRET/y", &["kept"]);
    one.fallback_keys = vec!["$SECRET".to_owned()];
    let mut job = cached(1, one, &["touch kept"]);
    job.variables = vec![Variable { masked: true, ..Variable::plain("SECRET", "part-one/./part-two") }];
    let (_, text) = bench.run(&job).await;
    assert!(
        text.contains("Creating cache x/[MASKED]/y...") && text.contains("Checking cache for [MASKED]..."),
        "{text}"
    );
    assert!(!text.contains("part-two"), "{text}");
}

#[tokio::test]
async fn what_one_job_keeps_the_next_finds() {
    let bench = Bench::new();
    let write = "test ! -e kept/file; mkdir -p kept/empty kept/bin; echo here > kept/file; ln -s /usr/bin/env kept/env; \
        printf '#!/bin/sh\\necho ran\\n' > kept/bin/tool; chmod +x kept/bin/tool";
    let (outcome, text) = bench.run(&cached(1, cache("default", &["kept/"]), &[write])).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    let lines = ["Restoring cache", "Checking cache for default...", "Failed to extract cache"];
    let saved =
        ["Saving cache for successful job", "Creating cache default...", "kept/: found 6 matching", "Created cache"];
    assert!(lines.iter().chain(&saved).all(|line| text.contains(line)), "{text}");
    // The same again, with nothing changed: it is not written again.
    let read = "cat kept/file; kept/bin/tool; test -d kept/empty; readlink kept/env";
    let (outcome, text) = bench.run(&cached(2, cache("default", &["kept/"]), &[read])).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    assert!(
        text.contains("\nSuccessfully extracted cache") || text.contains("mSuccessfully extracted cache"),
        "{text}"
    );
    assert!(text.contains("\nhere\nran\n/usr/bin/env\n") && text.contains("Archive is up to date!"), "{text}");
    // A change of one byte, at once, is seen.
    let (_, text) = bench.run(&cached(3, cache("default", &["kept/"]), &["echo HERE > kept/file"])).await;
    assert!(text.contains("Created cache"), "{text}");
    let (_, text) = bench.run(&cached(4, cache("default", &["kept/"]), &["cat kept/file"])).await;
    assert!(text.contains("\nHERE\n"), "{text}");
    // Another project has none of it, nor has another key.
    let mut other = cached(5, cache("default", &["kept/"]), &["test ! -e kept"]);
    other.job_info.project_id = 8;
    for job in [other, cached(6, cache("else", &["kept/"]), &["test ! -e kept"])] {
        let (outcome, text) = bench.run(&job).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains("WARNING: kept/: no matching files"), "{text}");
    }
    assert_eq!(archives(&bench).len(), 1);
}

#[tokio::test]
async fn policies_and_the_end_of_the_script_decide_which_way_a_cache_goes() {
    let bench = Bench::new();
    // policy, when, exit code; restored, saved
    let cases = [
        ("pull-push", "on_success", 0, true, true),
        ("", "", 0, true, true),
        ("pull", "always", 0, true, false),
        ("push", "on_success", 0, false, true),
        ("pull-push", "on_success", 3, true, false),
        ("pull-push", "on_failure", 3, true, true),
        ("pull-push", "on_failure", 0, true, false),
        ("push", "always", 3, false, true),
        ("$POLICY", "on_success", 0, true, false),
        ("sideways", "on_success", 0, false, false),
    ];
    for (id, (policy, when, code, restored, saved)) in (1..).step_by(3).zip(cases) {
        bench.run(&cached(id, cache("k", &["f"]), &["echo before > f"])).await;
        let mut one = cache("k", &["f"]);
        (one.policy, one.when) = (policy.to_owned(), when.to_owned());
        let script = format!("if [ -e f ]; then echo had it; fi; echo after > f; exit {code}");
        let mut this = cached(id + 1, one, &[&script]);
        this.variables = vec![Variable::plain("POLICY", "pull")];
        let (outcome, text) = bench.run(&this).await;
        assert_eq!(outcome.exit_code, Some(code), "{text}");
        assert_eq!(text.contains("\nhad it\n"), restored, "{policy} {when} {code}: {text}");
        let (_, now) = bench.run(&cached(id + 2, cache("k", &["f"]), &["cat f"])).await;
        assert_eq!(now.contains("\nafter\n"), saved, "{policy} {when} {code}: {text}");
        if policy == "push" {
            assert!(text.contains("Not downloading cache k due to policy"), "{text}");
        }
        if policy == "pull" {
            assert!(text.contains("Not uploading cache k due to policy"), "{text}");
        }
        let header = if code == 0 { "Saving cache for successful job" } else { "Saving cache for failed job" };
        assert!(!saved || text.contains(header), "{text}");
    }
}

#[tokio::test]
async fn keys_have_variables_and_other_keys_stand_in() {
    let bench = Bench::new();
    for (id, key) in (1..).zip(["old", "feature/old", "global"]) {
        bench.run(&cached(id, cache(key, &["f"]), &[&format!("echo from {key} > f")])).await;
    }
    let mut asking = cache("$CI_COMMIT_REF_SLUG-new", &["f", "$EXTRA"]);
    asking.fallback_keys = ["missing", "feature%2F$OLD", "old"].map(str::to_owned).into();
    let mut first = cached(4, asking.clone(), &["cat f; echo new > f; mkdir extra; echo more > extra/g"]);
    first.variables =
        [("CI_COMMIT_REF_SLUG", "main"), ("OLD", "old"), ("EXTRA", "extra"), ("CACHE_FALLBACK_KEY", "global")]
            .map(|(key, value)| Variable::plain(key, value))
            .into();
    let (_, text) = bench.run(&first).await;
    let tried: Vec<&str> = text.lines().filter(|line| line.contains("Checking cache")).collect();
    let of = |key: &str| format!("\x1b[32;1mChecking cache for {key}...\x1b[0;m");
    assert_eq!(tried, [of("main-new"), of("missing"), of("feature/old")]);
    assert!(text.contains("\nfrom feature/old\n") && text.contains("Creating cache main-new"), "{text}");
    // Its own key from then on.
    let mut second = JobPayload { id: 5, ..first.clone() };
    second.steps = job(5, &["cat f extra/g"]).steps;
    let (_, text) = bench.run(&second).await;
    assert!(text.contains("\nnew\nmore\n"), "{text}");
    // The one for all comes last, and never with the suffix of protected refs.
    for (id, (fallback, found)) in (6..).zip([("global /", true), ("global-protected", false)]) {
        let mut third = cached(id, cache("nowhere", &["f"]), &["cat f || echo nothing; rm -f f"]);
        third.variables = vec![Variable::plain("CACHE_FALLBACK_KEY", fallback)];
        let (_, text) = bench.run(&third).await;
        assert_eq!(text.contains("\nfrom global\n"), found, "{text}");
        assert_eq!(text.contains("\nnothing\n"), !found, "{text}");
    }
    // A key that variables leave nothing of is no key.
    let (outcome, text) = bench.run(&cached(8, cache("$MISSING", &["f"]), &["echo x > f"])).await;
    assert_eq!(outcome.state, JobState::Success);
    assert!(text.contains("Skipping cache extraction due to empty cache key"), "{text}");
    assert!(text.contains("Skipping cache archiving due to empty cache key"), "{text}");
}

#[tokio::test]
async fn a_damaged_archive_is_passed_over_and_replaced() {
    let bench = Bench::new();
    let big = "head -c 200000 /dev/urandom > f; echo small > g";
    bench.run(&cached(1, cache("good", &["f", "g"]), &[big])).await;
    bench.run(&cached(2, cache("bad", &["f", "g"]), &[big])).await;
    let bad = archives(&bench).into_iter().find(|path| path.to_string_lossy().contains("bad")).unwrap();
    let whole = fs::read(&bad).unwrap();
    let mut flipped = whole.clone();
    flipped[100_000] ^= 1;
    for (id, content) in (3..).zip([&whole[..100], b"", &flipped]) {
        fs::write(&bad, content).unwrap();
        let mut asking = cache("bad", &["f", "g"]);
        asking.fallback_keys = vec!["good".to_owned()];
        asking.policy = "pull".to_owned();
        let script = "wc -c < f; cat g";
        let (outcome, text) = bench.run(&cached(id, asking, &[script])).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert!(text.contains("WARNING: the cache cannot be used and has been removed"), "{text}");
        assert!(text.contains("\n200000\nsmall\n"), "{text}");
        assert!(!bad.exists());
    }
    // Nothing of a damaged one is left in the workspace.
    fs::write(&bad, &flipped).unwrap();
    let (_, text) = bench.run(&cached(9, cache("bad", &["f", "g"]), &["ls -A | wc -l; echo small > g"])).await;
    assert!(text.contains("\n0\n") && text.contains("Created cache"), "{text}");
}

#[tokio::test]
async fn caches_that_are_too_many_or_too_large_harm_nobody() {
    let mut bench = Bench::new();
    let shared = bench.dir.path().join("shared");
    bench.runner.keep_caches(shared.clone(), 250_000);
    let write = "test -e f || head -c 100000 /dev/urandom > f; cksum f";
    for id in 1..=3 {
        let (outcome, text) = bench.run(&cached(id, cache(&format!("k{id}"), &["f"]), &[write])).await;
        assert_eq!(outcome.state, JobState::Success, "{text}");
        assert_eq!(text.contains("1 caches that were used longest ago have made room"), id == 3, "{text}");
    }
    let (_, text) = bench.run(&cached(4, cache("big", &["f"]), &["head -c 300000 /dev/urandom > f"])).await;
    assert!(text.contains("WARNING: the cache has") && text.contains("not kept"), "{text}");
    let kept = fs::read_dir(shared.join("7")).unwrap().count();
    assert_eq!(kept, 2);
    // A store that cannot be written to is a line in the log.
    bench.runner.keep_caches(Path::new("/proc/nowhere").to_owned(), 1 << 20);
    let (outcome, text) = bench.run(&cached(5, cache("k", &["f"]), &[write])).await;
    assert_eq!(outcome.state, JobState::Success, "{text}");
    assert!(text.contains("Failed to create cache"), "{text}");
}

#[tokio::test]
async fn many_jobs_use_one_cache_at_the_same_time() {
    let bench = Bench::new();
    let script = "for f in a b c; do cat d/$f 2>/dev/null || :; done | uniq -c | wc -l; mkdir -p d; \
        for f in a b c; do echo $CI_JOB_ID > d/$f; done";
    let jobs: Vec<JobPayload> = (1..=12)
        .map(|id| {
            let mut job = cached(id, cache("k", &["d"]), &[script]);
            job.variables = vec![Variable::plain("CI_JOB_ID", id.to_string())];
            job
        })
        .collect();
    let (screen, control) = (Screen::default(), Control::new());
    for chunk in jobs.chunks(4) {
        let runs = chunk.iter().map(|job| bench.runner.run(job, None, screen.sink(), &control));
        let outcomes = futures_util::future::join_all(runs).await;
        assert!(outcomes.iter().all(|outcome| outcome.state == JobState::Success), "{}", screen.text());
    }
    // Whichever archive a job had, its files were of one job.
    assert!(!screen.text().contains("\n2\n") && !screen.text().contains("\n3\n"), "{}", screen.text());
    assert_eq!(archives(&bench).len(), 1);
}

#[tokio::test]
async fn a_job_that_is_taken_away_while_its_cache_is_packed_keeps_nothing() {
    let bench = Bench::new();
    let (screen, control) = (Screen::default(), Control::new());
    // Large to read, small to store.
    let job = cached(1, cache("k", &["large"]), &["truncate -s 100G large"]);
    let run = bench.runner.run(&job, None, screen.sink(), &control);
    let take = async {
        let begun = |draft: &PathBuf| fs::metadata(draft).is_ok_and(|meta| meta.len() > 0);
        until("the packing to begin", || archives(&bench).iter().any(begun)).await;
        control.raise(Level::Gone);
    };
    let both = async { tokio::join!(run, take) };
    tokio::time::timeout(Duration::from_mins(1), both).await.unwrap();
    bench.assert_clean();
    assert!(archives(&bench).is_empty());
}
