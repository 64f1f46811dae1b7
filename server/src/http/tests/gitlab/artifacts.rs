//! What jobs left: whole, in parts, by branch, kept, deleted; and archives that are not what they say.

use std::io::Write as _;

use model::plan::Access;
use model::{JobId, Timestamp};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::store::jobs;

/// An archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, packed).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

impl Town {
    /// Puts another archive in the place of a job's, behind the server's back.
    fn leave(&self, job: JobId, bytes: &[u8]) {
        let folder = self.world.folder.path().join(format!("artifacts/{}/{job}", job.0 / 1000));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("archive.zip"), bytes).unwrap();
    }

    /// Lets the time of what a job left be over.
    async fn let_expire(&self, job: JobId) {
        self.world
            .write(move |tx| {
                let mut artifacts = jobs::require(tx.conn(), job)?.job.artifacts;
                artifacts[0].expires_at = Some(Timestamp(1));
                jobs::add_artifact(tx, job, &artifacts[0])
            })
            .await;
    }

    async fn file(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.with("dev by api", "GET", &format!("/projects/{}/jobs/{path}", self.web().id), headers).await
    }
}

/// Replaces the length that an archive says its one file has, in both places.
fn lying(bytes: &[u8], told: u32, real: u32) -> Vec<u8> {
    let (told, real) = (told.to_le_bytes(), real.to_le_bytes());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == real).collect();
    assert!(places.len() >= 2, "{places:?}");
    for at in places {
        bytes[at..at + 4].copy_from_slice(&told);
    }
    bytes
}

#[tokio::test]
async fn archives_and_files_in_them_come_whole_and_in_parts() {
    let town = Town::new().await;
    let job = town.web().job;
    let large: Vec<u8> = (0..6_000_000_u32).map(|n| (n % 251) as u8).collect();
    let bytes = archive(&[("a/hello.txt", b"hello"), ("raw/x.json", b"{}"), ("large", &large)]);
    town.leave(job, &bytes);
    let whole = town.file(&format!("{job}/artifacts"), &[]).await;
    assert_eq!((whole.status.as_u16(), &whole.body), (200, &bytes));
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert!(whole.header("content-disposition").starts_with("attachment; filename=\"artifacts.zip\""));
    assert_eq!(whole.header("content-length"), bytes.len().to_string());
    let part = town.file(&format!("{job}/artifacts"), &[("range", "bytes=0-9")]).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &bytes[..10]));
    assert_eq!(part.header("content-range"), format!("bytes 0-9/{}", bytes.len()));
    let beyond = town.file(&format!("{job}/artifacts"), &[("range", "bytes=99999999-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, &*format!("bytes */{}", bytes.len())));
    let head = town.with("dev by api", "HEAD", &format!("/projects/{}/jobs/{job}/artifacts", town.web().id), &[]).await;
    assert_eq!((head.header("content-length"), head.body.len()), (whole.header("content-length"), 0));
    let hello = town.file(&format!("{job}/artifacts/a/hello.txt"), &[]).await;
    assert_eq!((hello.text(), hello.header("content-type")), ("hello", "text/plain; charset=utf-8"));
    let part = town.file(&format!("{job}/artifacts/a/hello.txt"), &[("range", "bytes=1-2")]).await;
    assert_eq!((part.status.as_u16(), part.text(), part.header("content-range")), (206, "el", "bytes 1-2/5"));
    let beyond = town.file(&format!("{job}/artifacts/a/hello.txt"), &[("range", "bytes=5-")]).await;
    assert_eq!(beyond.status.as_u16(), 416);
    let streamed = town.file(&format!("{job}/artifacts/large"), &[]).await;
    assert!(streamed.body == large, "a large file is whole");
    let part = town.file(&format!("{job}/artifacts/large"), &[("range", "bytes=5000000-5000009")]).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &large[5_000_000..5_000_010]));
    for none in ["a", "a/", "a/hello.txt/x", "nothing", "A/HELLO.TXT"] {
        let answer = town.file(&format!("{job}/artifacts/{none}"), &[]).await;
        assert_eq!(refused(&answer), (404, json!({"message": "404 Not Found"})), "{none}");
    }
    let none = town.file(&format!("{job}/artifacts?file_type=junit"), &[]).await;
    assert_eq!(refused(&none), (404, json!({"message": "404 Not Found"})));
    let waiting = town.running;
    assert_eq!(town.file(&format!("{waiting}/artifacts"), &[]).await.status.as_u16(), 404);
}

#[tokio::test]
async fn paths_that_lead_out_are_refused() {
    let town = Town::new().await;
    let job = town.web().job;
    let long = "a".repeat(4097);
    for path in
        ["..%2f..%2fweir.db", "%2e%2e%2fx", "a%2f..%2fb", "%2fetc%2fpasswd", "/etc/passwd", "a%00b", "a%5cb", &long]
    {
        let one = town.file(&format!("{job}/artifacts/{path}"), &[]).await;
        assert_eq!(refused(&one), (400, json!({"message": "400 Bad request"})), "{path}");
        let of_ref = town.file(&format!("artifacts/main/raw/{path}?job=zq-web-build"), &[]).await;
        assert_eq!(of_ref.status.as_u16(), 400, "{path}");
    }
    let fits = "a".repeat(4096);
    assert_eq!(town.file(&format!("{job}/artifacts/{fits}"), &[]).await.status.as_u16(), 404);
}

#[tokio::test]
async fn archives_that_lie_are_told_of() {
    let town = Town::new().await;
    let job = town.web().job;
    let zeros = vec![0_u8; 3_000_000];
    let real = archive(&[("x", &zeros)]);
    let broken = async |bytes: &[u8]| {
        town.leave(job, bytes);
        town.file(&format!("{job}/artifacts/x"), &[]).await
    };
    for told in [10, 3_500_000] {
        let answer = broken(&lying(&real, told, 3_000_000)).await;
        let said = refused(&answer);
        assert_eq!(said.0, 400, "{told}: {}", said.1);
        assert!(said.1["message"].as_str().unwrap().starts_with("400 Bad request - "), "{}", said.1);
    }
    for bytes in [&b"no archive"[..], &real[..real.len() - 30], b""] {
        assert_eq!(broken(bytes).await.status.as_u16(), 400);
    }
    let outside = archive(&[("../x", b"out"), ("x", b"in")]);
    town.leave(job, &outside);
    assert_eq!(town.file(&format!("{job}/artifacts/x"), &[]).await.text(), "in");
    // Whole it is what it is: bytes.
    assert_eq!(town.file(&format!("{job}/artifacts"), &[]).await.body, outside);
}

#[tokio::test]
async fn a_large_file_that_lies_is_broken_off() {
    let town = Town::new().await;
    let job = town.web().job;
    let real = archive(&[("x", &vec![0_u8; 9_000_000])]);
    town.leave(job, &lying(&real, 8_000_000, 9_000_000));
    let path = format!("/api/v4/projects/{}/jobs/{job}/artifacts/x", town.web().id);
    let headers = [("private-token", token_of(town.who("dev by api")))];
    let response = town.router.clone().oneshot(request("GET", &path, &headers, "")).await.unwrap();
    let length = response.headers()["content-length"].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), length.as_str()), (200, "8000000"));
    let mut body = response.into_body();
    let mut read = 0;
    let broken = loop {
        match body.frame().await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, bytes::Bytes::len),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && read <= 8_000_000, "{read}");
}

#[tokio::test]
async fn artifacts_of_a_branch_are_those_of_its_latest_good_run() {
    let town = Town::new().await;
    town.leave(town.web().job, &archive(&[("raw/x", b"deep"), ("x", b"first")]));
    let get = async |path: &str| town.file(&format!("artifacts/{path}"), &[]).await;
    let job = "job=zq-web-build";
    assert_eq!(get(&format!("main/raw/x?{job}")).await.text(), "first");
    assert_eq!(get(&format!("main/raw/raw/x?{job}")).await.text(), "deep");
    assert_eq!(get(&format!("refs%2Fheads%2Fmain/raw/x?{job}")).await.text(), "first");
    assert_eq!(get(&format!("main/download?{job}")).await.status.as_u16(), 200);
    let missing = json!({"error": "job is missing"});
    assert_eq!(refused(&get("main/download").await), (400, missing));
    let record = json!({"message": "404 Not found"});
    assert_eq!(refused(&get(&format!("feature/x/download?{job}")).await), (404, record.clone()));
    assert_eq!(refused(&get("main/download?job=other").await), (404, record.clone()));
    assert_eq!(refused(&get(&format!("main/other?{job}")).await), (404, json!({"error": "404 Not Found"})));
    // A later good run without the job's artifacts hides those of an earlier one, unless one looks further.
    let (run, ..) = town.fresh_run(town.web()).await;
    town.finish(run).await;
    assert_eq!(refused(&get(&format!("main/raw/x?{job}")).await), (404, record));
    let further = format!("main/raw/x?{job}&search_recent_successful_pipelines=true");
    assert_eq!(get(&further).await.text(), "first");
    let wrong = get(&format!("main/raw/x?{job}&search_recent_successful_pipelines=x")).await;
    assert_eq!(wrong.status.as_u16(), 400);
}

#[tokio::test]
async fn the_latest_of_a_ref_is_kept_beyond_its_time() {
    let town = Town::new().await;
    let job = town.web().job;
    let path = format!("/projects/{}/jobs/{job}", town.web().id);
    let has = async || town.dev(&path).await.get("artifacts_file").is_some();
    let expire = async || {
        town.let_expire(job).await;
        town.world.weir.do_due().await.unwrap()
    };
    assert_eq!(expire().await, None, "nothing is due");
    assert!(has().await, "the latest is kept");
    let (run, ..) = town.fresh_run(town.web()).await;
    assert!(town.world.weir.do_due().await.unwrap().is_none() && has().await, "a run that goes on changes nothing");
    town.finish(run).await;
    town.world.weir.do_due().await.unwrap();
    assert!(!has().await, "there is a later one");
}

/// `keep_latest_artifact` off: what is kept by nothing but being the latest goes when its time is over, and with all others.
#[tokio::test]
async fn a_project_need_not_keep_the_latest() {
    let town = Town::new().await;
    let change = json!({"keep_latest_artifact": "False"});
    let has = async |ground: &access::world::Ground| {
        let path = format!("/projects/{}/jobs/{}", ground.id, ground.job);
        town.api("root by api", "GET", &path, &Value::Null).await.json().get("artifacts_file").is_some()
    };
    for (ground, expires) in [(town.web(), true), (&town.grounds[1], false)] {
        let path = format!("/projects/{}", ground.id);
        let changed = town.api("root by api", "PUT", &path, &change).await.json();
        assert_eq!(changed["keep_latest_artifact"], false);
        assert!(has(ground).await);
        if expires {
            town.let_expire(ground.job).await;
        } else {
            let gone = town.api("root by api", "DELETE", &format!("{path}/artifacts"), &Value::Null).await;
            assert_eq!(gone.status, StatusCode::ACCEPTED);
        }
        town.world.weir.do_due().await.unwrap();
        assert!(!has(ground).await, "{}", ground.word);
    }
}

#[tokio::test]
async fn artifacts_are_for_those_whom_the_definition_names() {
    let town = Town::new().await;
    let job = town.web().job;
    town.leave(job, &archive(&[("x", b"in")]));
    // Jobs of this project are for whoever sees the project, its guests too.
    let allowed = [
        (Access::All, ["gil by session", "rea by session", "dev by session", "max by session"].as_slice()),
        (Access::Developer, &["dev by session", "max by session"]),
        (Access::Maintainer, &["max by session"]),
        (Access::None, &[]),
    ];
    for (access, allowed) in allowed {
        town.world
            .write(move |tx| {
                let mut artifact = jobs::require(tx.conn(), job)?.job.artifacts.remove(0);
                artifact.access = access;
                jobs::add_artifact(tx, job, &artifact)
            })
            .await;
        for who in ["sam by session", "gil by session", "rea by session", "dev by session", "max by session"] {
            let expected = if allowed.contains(&who) { 200 } else { 403 };
            // Somebody to whom the project does not exist learns nothing of it.
            let expected = if who.starts_with("sam") { 404 } else { expected };
            for path in ["artifacts", "artifacts/x"] {
                let path = format!("/projects/{}/jobs/{job}/{path}", town.web().id);
                let answer = town.api(who, "GET", &path, &Value::Null).await;
                assert_eq!(answer.status.as_u16(), expected, "{access:?} {who} {path}");
            }
            let page =
                town.ask(town.who(who), "GET", &format!("/jobs/{job}/artifacts/artifacts.zip"), "", "", false).await;
            assert_eq!(page.status.as_u16(), expected, "{access:?} {who}");
        }
    }
}

#[tokio::test]
async fn artifacts_are_kept_and_deleted() {
    let town = Town::new().await;
    let (job, root) = (town.web().job, format!("/projects/{}", town.web().id));
    let path = format!("{root}/jobs/{job}");
    let none = json!({"message": "404 Not Found"});
    town.world
        .write(move |tx| {
            let mut artifacts = jobs::require(tx.conn(), job)?.job.artifacts;
            artifacts[0].expires_at = Some(Timestamp(crate::clock::now().0 + 3_600_000));
            jobs::add_artifact(tx, job, &artifacts[0])
        })
        .await;
    assert!(town.dev(&path).await["artifacts_expire_at"].is_string());
    let kept = town.api("dev by api", "POST", &format!("{path}/artifacts/keep"), &json!({})).await;
    assert_eq!((kept.status.as_u16(), &kept.json()["artifacts_expire_at"]), (200, &Value::Null));
    let running = format!("{root}/jobs/{}/artifacts/keep", town.running);
    assert_eq!(refused(&town.api("dev by api", "POST", &running, &json!({})).await), (404, none.clone()));
    // All of a project's go, but the latest of each ref.
    let all = town.api("max by api", "DELETE", &format!("{root}/artifacts"), &Value::Null).await;
    assert_eq!((all.status.as_u16(), all.json()), (202, json!({"message": "202 Accepted"})));
    assert!(town.dev(&path).await.get("artifacts_file").is_some());
    let gone = town.api("max by api", "DELETE", &format!("{path}/artifacts"), &Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    let job = town.dev(&path).await;
    assert!(job.get("artifacts_file").is_none() && job["artifacts"][0]["file_type"] == "trace", "{job}");
    let archive = town.api("dev by api", "GET", &format!("{path}/artifacts"), &Value::Null).await;
    assert_eq!(refused(&archive), (404, none));
    let erased = town.api("max by api", "POST", &format!("{path}/erase"), &json!({})).await;
    assert_eq!((erased.status.as_u16(), &erased.json()["artifacts"]), (201, &json!([])));
    let trace = town.api("dev by api", "GET", &format!("{path}/trace"), &Value::Null).await;
    assert_eq!((trace.status.as_u16(), trace.text()), (200, ""));
    let twice = town.api("max by api", "POST", &format!("{path}/erase"), &json!({})).await;
    assert_eq!(refused(&twice), (403, json!({"message": "403 Forbidden - Job is not erasable!"})));
}

/// The order is noted with the time of what goes, so whoever looks at what is due next finishes it.
#[tokio::test]
async fn a_deletion_of_all_artifacts_that_was_cut_off_is_finished() {
    let town = Town::new().await;
    let (latest, project) = (town.web().job, town.web().id);
    let (_, old, _) = town.fresh_canceled_run(town.web()).await;
    town.leave(old, &archive(&[("a", b"a")]));
    town.world
        .write(move |tx| {
            let left = jobs::require(tx.conn(), latest)?.job.artifacts[0].clone();
            jobs::add_artifact(tx, old, &left)?;
            jobs::end_free_artifacts(tx, project)
        })
        .await;
    let path = |job: JobId| format!("/projects/{project}/jobs/{job}");
    assert!(town.dev(&path(old)).await.get("artifacts_file").is_some());
    town.world.weir.do_due().await.unwrap();
    assert!(town.dev(&path(old)).await.get("artifacts_file").is_none());
    assert!(!town.world.folder.path().join(format!("artifacts/{}/{old}/archive.zip", old.0 / 1000)).exists());
    assert!(town.dev(&path(latest)).await.get("artifacts_file").is_some());
}

#[tokio::test]
async fn bug_downloads_were_packed_so_that_nobody_knew_how_long_they_are() {
    let town = Town::new().await;
    let (id, job) = (town.web().id, town.web().job);
    let text = b"a line as any other\n".repeat(1000);
    town.leave(job, &archive(&[("log.txt", &text), ("data.json", &text), ("page.html", &text)]));
    town.world.weir.logs().append(town.running, 0, &text).unwrap();
    for path in [
        format!("{job}/artifacts"),
        format!("{job}/artifacts/log.txt"),
        format!("{job}/artifacts/data.json"),
        format!("{job}/artifacts/page.html"),
        "artifacts/main/download?job=zq-web-build".to_owned(),
        "artifacts/main/raw/log.txt?job=zq-web-build".to_owned(),
        format!("{}/trace", town.running),
        format!("{}/trace?byte_offset=20&byte_limit=40", town.running),
    ] {
        let path = format!("/projects/{id}/jobs/{path}");
        let packs = [("accept-encoding", "gzip, deflate, br")];
        let whole = town.with("dev by api", "GET", &path, &packs).await;
        assert_eq!(whole.status, StatusCode::OK, "{path}");
        assert_eq!(
            (whole.header("content-encoding"), whole.header("content-length")),
            ("", &*whole.body.len().to_string()),
            "{path}"
        );
        let head = town.with("dev by api", "HEAD", &path, &packs).await;
        assert_eq!(
            (head.header("content-encoding"), head.header("content-length")),
            ("", whole.header("content-length")),
            "{path}"
        );
    }
    // What is no file still is.
    let list = town.with("dev by api", "GET", &format!("/projects/{id}/jobs"), &[("accept-encoding", "gzip")]).await;
    assert_eq!(list.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_file_that_cannot_be_as_long_as_it_says_is_refused_before_it_is_sent() {
    let town = Town::new().await;
    let job = town.web().job;
    let text = "hello".repeat(1000);
    let bytes = archive(&[("out.txt", text.as_bytes())]);
    let refusal = "400 Bad request - the archive cannot be read: it is not a zip archive, or a broken one";
    town.leave(job, &bytes);
    assert_eq!(town.file(&format!("{job}/artifacts/out.txt"), &[]).await.text(), text);
    for told in [1 << 31, 64 << 20] {
        town.leave(job, &lying(&bytes, told, 5000));
        let answer = town.file(&format!("{job}/artifacts/out.txt"), &[]).await;
        assert_eq!(refused(&answer), (400, json!({"message": refusal})), "{told}");
    }
}

/// A job tells when its artifacts were deleted, as GitLab's do.
#[tokio::test]
async fn bug_the_time_of_artifacts_was_lost_with_them() {
    let town = Town::new().await;
    let job = town.web().job;
    let path = format!("/projects/{}/jobs/{job}", town.web().id);
    let over = Timestamp(crate::clock::now().0 - 1000);
    town.world
        .write(move |tx| {
            let stored = jobs::require(tx.conn(), job)?.job;
            let artifact = model::ArtifactInfo { expires_at: Some(over), ..stored.artifacts[0].clone() };
            // The latest good run keeps what it has.
            tx.conn().execute("UPDATE projects SET keep_latest = 0 WHERE id = ?1", [stored.project_id.0])?;
            jobs::add_artifact(tx, job, &artifact)
        })
        .await;
    town.world.weir.do_due().await.unwrap();
    let shown = town.dev(&path).await;
    assert!(shown.get("artifacts_file").is_none(), "{shown}");
    assert_eq!(shown["artifacts_expire_at"], over.rfc3339());
    assert_eq!(town.world.weir.do_due().await.unwrap(), None, "nothing is left to do");
    // Erasing is another matter: nothing ran out.
    let erased = town.api("max by api", "POST", &format!("{path}/erase"), &json!({})).await;
    assert_eq!((erased.status.as_u16(), &erased.json()["artifacts_expire_at"]), (201, &Value::Null));
}
