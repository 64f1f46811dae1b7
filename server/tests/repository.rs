//! Repositories over HTTP: git itself against the running server, and runners that cannot read its folder.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use model::Status;
use serde_json::{Value, json};
use support::{Server, eventually, git, job, repository, signal, statuses, weir};

/// git as a script elsewhere has it: without anybody's settings, and with nobody to ask for a password.
fn ask_git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.current_dir(folder).args(arguments).output().unwrap()
}

/// Whether git could read this repository, and what it said when it could not.
fn reads(url: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let output = ask_git(folder.path(), &["ls-remote", "--", url]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { Err(said) }
}

/// The address of a repository with a name and a password.
fn with(server: &Server, name: &str, secret: &str, path: &str) -> String {
    format!("{}/{path}.git", server.url.replace("://", &format!("://{name}:{secret}@")))
}

/// Starts a run of a pipeline, as a script.
fn start(server: &Server, token: &str, key: &str) -> i64 {
    let headers = [("private-token", token), ("content-type", "application/json")];
    let (status, text) = server.ask("POST", &format!("/api/pipelines/{key}/run"), &headers, "{}");
    assert_eq!(status, 202, "{text}");
    serde_json::from_str::<Value>(&text).unwrap()["runId"].as_i64().unwrap()
}

/// What a runner elsewhere gets.
fn take(server: &Server, runner: &str) -> Value {
    let body = json!({"token": runner, "info": {"features": {"refspecs": true}}, "weir_mirrors": true}).to_string();
    eventually("there is a job", || {
        let (status, text) = server.ask("POST", "/api/v4/jobs/request", &[("content-type", "application/json")], &body);
        (status == 201).then(|| serde_json::from_str(&text).unwrap())
    })
}

fn finish(server: &Server, job: &Value) {
    let body = json!({"token": job["token"], "state": "success"}).to_string();
    let path = format!("/api/v4/jobs/{}", job["id"]);
    assert_eq!(server.ask("PUT", &path, &[("content-type", "application/json")], &body).0, 200);
}

const DEFINITION: &str = "build: {script: 'true'}\n";

#[test]
fn a_running_job_reads_its_own_repository_and_nobody_else_does() {
    let (server, root) = Server::with_administrator(1, &["--no-runner"]);
    let (web, docs) = (repository(&[(".gitlab-ci.yml", DEFINITION), ("file", "of web\n")]), repository(&[("a", "b")]));
    server.project("shop/web", web.path(), "web");
    server.project("shop/docs", docs.path(), "docs");
    let runner = server.admin(&["runner", "create", "--name", "far"]);
    start(&server, &root, "web");
    let taken = take(&server, &runner);
    let token = taken["token"].as_str().unwrap();
    let url = taken["git_info"]["repo_url"].as_str().unwrap();
    assert_eq!(url, with(&server, "gitlab-ci-token", token, "shop/web"));
    let variable = taken["variables"].as_array().unwrap().iter().find(|one| one["key"] == "CI_REPOSITORY_URL").unwrap();
    assert_eq!((&variable["value"], &variable["public"]), (&json!(url), &json!(false)));

    let folder = tempfile::tempdir().unwrap();
    let cloned = ask_git(folder.path(), &["clone", "--quiet", url, "here"]);
    assert!(cloned.status.success(), "{}", String::from_utf8_lossy(&cloned.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("here/file")).unwrap(), "of web\n");
    // The commit of the run by its reference, shallow, and in the older protocol too.
    let refspec = taken["git_info"]["refspecs"][0].as_str().unwrap();
    for version in ["0", "1", "2"] {
        let name = format!("at-{version}");
        assert!(ask_git(folder.path(), &["init", "--quiet", &name]).status.success());
        let of = format!("protocol.version={version}");
        let fetched = ask_git(&folder.path().join(&name), &["-c", &of, "fetch", "--depth", "1", url, refspec]);
        assert!(fetched.status.success(), "{version}: {}", String::from_utf8_lossy(&fetched.stderr));
    }

    // Another project's, a wrong token, none, and the token under another name.
    let sees_none = |url: &str| {
        let said = reads(url).unwrap_err();
        assert!(!said.contains(token), "{said}");
        said
    };
    assert!(sees_none(&with(&server, "gitlab-ci-token", token, "shop/docs")).contains("not found"));
    assert!(sees_none(&with(&server, "gitlab-ci-token", token, "shop/none")).contains("not found"));
    assert!(sees_none(&with(&server, "gitlab-ci-token", &token[..token.len() - 1], "shop/web")).contains("Auth"));
    let plain = format!("{}/shop/web.git", server.url);
    assert!(sees_none(&plain).contains("could not read Username"), "git asks who it is");
    assert_eq!(sees_none(&plain), sees_none(&format!("{}/shop/none.git", server.url)).replace("none", "web"));
    assert!(sees_none(&with(&server, "ada", token, "shop/web")).contains("Auth"));

    finish(&server, &taken);
    assert!(sees_none(url).contains("Auth"), "a job that has ended reads nothing");
}

#[test]
fn people_read_with_a_token_as_the_table_says_and_nobody_writes() {
    let (server, root) = Server::with_administrator(1, &["--no-runner"]);
    let web = repository(&[(".gitlab-ci.yml", DEFINITION)]);
    server.admin(&["project", "create", "shop/empty"]);
    let said = reads(&with(&server, "root", &root, "shop/empty")).unwrap_err();
    assert!(said.contains("has no source, or it could not be fetched yet"), "{said}");
    server.project("shop/web", web.path(), "web");
    let url = |name: &str, token: &str| with(&server, name, token, "shop/web");
    start(&server, &root, "web");
    assert!(reads(&url("root", &root)).unwrap().contains("refs/heads/main"));
    for (name, role, may) in [("rita", "reporter", true), ("gus", "guest", false), ("sam", "none", false)] {
        server.admin(&["user", "create", name]);
        if role != "none" {
            server.admin(&["project", "member", "shop/web", name, role]);
        }
        for scope in ["api", "read_api"] {
            let token = server.admin(&["token", "create", "--user", name, "--name", scope, "--scope", scope]);
            let said = reads(&url("anybody", &token));
            assert_eq!(said.is_ok(), may, "{name} {scope}: {said:?}");
            if role == "none" {
                assert!(said.unwrap_err().contains("not found"), "hidden");
            }
        }
    }
    // That a project is public is about its logs: its repository may come from a private place.
    let output =
        server.admin(&["project", "create", "shop/open", "--public", "--source", web.path().to_str().unwrap()]);
    assert!(output.contains("shop/open"));
    assert!(reads(&format!("{}/shop/open.git", server.url)).is_err());

    let clone = tempfile::tempdir().unwrap();
    assert!(ask_git(clone.path(), &["clone", "--quiet", &url("root", &root), "."]).status.success());
    let pushed = ask_git(clone.path(), &["push", &url("root", &root), "main:refs/heads/evil"]);
    let said = String::from_utf8_lossy(&pushed.stderr).into_owned();
    assert!(!pushed.status.success() && said.contains("repositories are read here"), "{said}");
}

#[test]
fn requests_may_be_packed_and_are_bounded() {
    let (server, root) = Server::with_administrator(1, &["--no-runner"]);
    let web = repository(&[(".gitlab-ci.yml", DEFINITION)]);
    server.project("shop/web", web.path(), "web");
    start(&server, &root, "web");
    let post = |body: Vec<u8>, headers: &[(&str, &str)]| {
        let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        let mut request = client.post(format!("{}/shop/web.git/git-upload-pack", server.url));
        request = request.header("private-token", &root).header("git-protocol", "version=2");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().unwrap();
        (answer.status().as_u16(), String::from_utf8_lossy(&answer.bytes().unwrap()).into_owned())
    };
    let kind = ("content-type", "application/x-git-upload-pack-request");
    let packed = |text: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    };
    let list = b"0014command=ls-refs\n0000";
    for (body, packing) in [(list.to_vec(), "identity"), (packed(list), "gzip"), (packed(list), "x-gzip")] {
        let (status, text) = post(body, &[kind, ("content-encoding", packing)]);
        assert!(status == 200 && text.contains("refs/heads/main"), "{packing}: {status} {text}");
    }
    assert_eq!(post(list.to_vec(), &[]).0, 415);
    assert_eq!(post(list.to_vec(), &[kind, ("content-encoding", "br")]).0, 415);
    assert_eq!(post(b"no gzip".to_vec(), &[kind, ("content-encoding", "gzip")]).0, 400);
    // A small request that unfolds to a large one. git waits for the end of the list, which never comes.
    let mut bomb = b"0011command=fetch0001".to_vec();
    let have = format!("0032have {}\n", "0".repeat(40));
    for _ in 0..(80 << 20) / have.len() {
        bomb.extend_from_slice(have.as_bytes());
    }
    assert_eq!(post(packed(&bomb), &[kind, ("content-encoding", "gzip")]).0, 413);
}

#[test]
fn hostile_addresses_lead_nowhere() {
    let (server, root) = Server::with_administrator(1, &["--no-runner"]);
    let web = repository(&[(".gitlab-ci.yml", DEFINITION)]);
    server.project("shop/web", web.path(), "web");
    start(&server, &root, "web");
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nPRIVATE-TOKEN: {root}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let end = "info/refs?service=git-upload-pack";
    assert!(ask(&format!("/shop/web.git/{end}")).starts_with("HTTP/1.1 200"));
    let data = server.data.display().to_string();
    for path in [
        "/../shop/web.git/",
        "/shop/../shop/web.git/",
        "/shop/./web.git/",
        "//shop/web.git/",
        "/shop//web.git/",
        "/shop%2fweb.git/",
        "/shop%2Fweb.git/",
        "/shop/web%00.git/",
        "/shop/web.git%00.git/",
        "/shop/%2e%2e/shop/web.git/",
        "/shop/web.git/../web.git/",
        "/.git/../shop/web.git/",
        "/.git/",
        "/shop/.git/",
        "/--upload-pack=id/web.git/",
        "/shop/web.git;x.git/",
        "/1.git/",
        "/repos/1.git/",
        &format!("{data}/repos/1.git/"),
        &format!("/{}/repos/1.git/", data.replace('/', "%2f")),
    ] {
        let answer = ask(&format!("{path}{end}"));
        let status: u16 = answer.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        assert!((400..500).contains(&status), "{path}: {answer}");
        assert!(!answer.contains("# service") && !answer.contains("refs/heads"), "{path}: {answer}");
    }
    for query in ["", "?service=", "?service=git-upload-archive", "?service=git-upload-pack%00", "?service=../x"] {
        let answer = ask(&format!("/shop/web.git/info/refs{query}"));
        assert!(answer.starts_with("HTTP/1.1 40"), "{query}: {answer}");
    }
}

/// The most that a process has ever had in memory.
fn peak(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[test]
fn a_large_repository_goes_through_without_being_held() {
    let (server, root) = Server::with_administrator(1, &["--no-runner"]);
    let large = repository(&[(".gitlab-ci.yml", DEFINITION)]);
    let mut noise = vec![0; 96 << 20];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut noise).unwrap();
    std::fs::write(large.path().join("noise"), &noise).unwrap();
    git(large.path(), &["add", "."]);
    git(large.path(), &["-c", "core.compression=0", "commit", "-qm", "Noise"]);
    server.project("shop/large", large.path(), "large");
    start(&server, &root, "large");
    let before = peak(server.pid());
    let folder = tempfile::tempdir().unwrap();
    let url = with(&server, "x", &root, "shop/large");
    let cloned = ask_git(folder.path(), &["clone", "--quiet", &url, "here"]);
    assert!(cloned.status.success(), "{}", String::from_utf8_lossy(&cloned.stderr));
    assert!(std::fs::read(folder.path().join("here/noise")).unwrap() == noise);
    let more = peak(server.pid()).saturating_sub(before);
    assert!(more < 24 << 20, "{} MiB more", more >> 20);
}

/// A runner in a folder elsewhere, over HTTP.
struct Elsewhere {
    child: Child,
    folder: tempfile::TempDir,
}

impl Elsewhere {
    fn start(server: &Server, arguments: &[&str], environment: &[(&str, &Path)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, server.admin(&["runner", "create", "--name", "elsewhere"])).unwrap();
        let mut command = weir();
        command.args(["runner", "--url", &server.url, "--token-file"]).arg(&token);
        command.arg("--dir").arg(folder.path().join("runner")).args(arguments).stdin(Stdio::null());
        command.envs(environment.iter().copied());
        Self { child: command.spawn().unwrap(), folder }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        signal(self.child.id(), "TERM");
        signal(self.child.id(), "TERM");
        let _ = self.child.wait();
    }
}

#[test]
fn a_runner_elsewhere_gets_the_sources_over_http() {
    let server = {
        let mut server = Server::start(1);
        // The embedded one would be faster.
        server.admin(&["runner", "stop"]);
        server.stop();
        server.arguments = vec!["--no-runner".to_owned()];
        server.start_again();
        server
    };
    let definition = "
stages: [one, two]
plain:
  stage: one
  script:
    - cat file
    - git rev-parse --is-shallow-repository
    - test \"$(git rev-parse HEAD)\" = \"$CI_COMMIT_SHA\"
    - git fetch --quiet origin main && echo fetched again
    - git clone --quiet \"$CI_REPOSITORY_URL\" again && cat again/file
    - git config remote.origin.url
deep:
  stage: one
  variables: {GIT_DEPTH: 0}
  script: [git rev-parse --is-shallow-repository, git log --oneline]
kept: {stage: two, variables: {GIT_STRATEGY: none}, script: 'test ! -e file'}
cloned: {stage: two, variables: {GIT_STRATEGY: clone}, script: cat file}
";
    let web = repository(&[(".gitlab-ci.yml", definition), ("file", "the first\n")]);
    for n in 0..25 {
        std::fs::write(web.path().join("file"), format!("change {n}\n")).unwrap();
        git(web.path(), &["commit", "-qam", &format!("Change {n}")]);
    }
    server.project("shop/web", web.path(), "web");
    let _runner = Elsewhere::start(&server, &[], &[]);
    let run = server.run("web");
    let view = server.ended(run);
    let logs: Vec<String> = view.jobs.iter().map(|job| server.trace(job)).collect();
    assert_eq!(view.run.status, Status::Success, "{:?}\n{}", statuses(&view), logs.join("\n"));
    let log = server.trace(job(&view, "plain"));
    assert_eq!(log.matches("change 24\n").count(), 2, "{log}");
    assert!(log.contains("\ntrue\n") && log.contains("fetched again"), "{log}");
    assert!(log.contains(&format!("{}/shop/web.git", server.url)), "{log}");
    assert!(!log.contains("glcbt-"), "{log}");
    let log = server.trace(job(&view, "deep"));
    assert!(log.contains("\nfalse\n") && log.contains("Change 0"), "{log}");
}

#[test]
fn a_runner_elsewhere_speaks_https() {
    let (mut server, root) = Server::with_administrator(1, &["--no-runner"]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let definition = format!("a: {{script: ['cat file', 'touch {}']}}\n", at("marker").display());
    let web = repository(&[(".gitlab-ci.yml", &definition), ("file", "over https\n")]);
    server.project("shop/web", web.path(), "web");
    let run = model::RunId(start(&server, &root, "web"));
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    std::fs::write(at("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(at("key.pem"), key.serialize_pem()).unwrap();
    std::fs::set_permissions(at("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    // What asks the server here speaks http only: before and after.
    server.stop();
    let plain = server.arguments.clone();
    for (flag, name) in [("--tls-cert", "cert.pem"), ("--tls-key", "key.pem")] {
        server.arguments.extend([flag.to_owned(), at(name).display().to_string()]);
    }
    server.start_again();
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let trusted = at("cert.pem");
    let environment = [("SSL_CERT_FILE", trusted.as_path()), ("GIT_SSL_CAINFO", trusted.as_path())];
    let runner = Elsewhere::start(&server, &["--job-user", "same"], &environment);
    eventually("the job has run and is reported", || {
        let left = std::fs::read_dir(runner.folder.path().join("runner/jobs")).ok()?.count();
        (at("marker").exists() && left == 0).then_some(())
    });
    server.stop();
    server.arguments = plain;
    server.start_again();
    let view = server.ended(run);
    let log = server.trace(&view.jobs[0]);
    assert!(view.run.status == Status::Success && log.contains("over https\n"), "{log}");
}
