//! Real vulnerabilities of such servers, one row of the list in the design each, and the test that keeps ours from them.
//!
//! | row | what it was | test |
//! |---|---|---|
//! | 1 | the server opened a path that a client named | [`a_folder_of_the_server_is_for_administrators`] |
//! | 2 | a foreign page opened a stream | [`foreign_pages_open_no_stream_and_call_no_function`] |
//! | 3, 4 | another spelling of a path went past the guard | [`no_spelling_of_an_address_goes_past_the_guard`], [`head_says_no_more_than_get`] |
//! | 5, 7 | a name or id became a path | [`ids_and_names_are_no_paths`], `http::tests::text::an_archive_is_a_download_in_a_sandbox` |
//! | 6 | a fresh server let everybody in | [`a_server_without_an_administrator_answers_nothing_else`] |
//! | 8 | a stream without a guard | `every_route_as_everybody`, `streams` |
//! | 9 | secrets in lists and without login | [`the_password_of_a_source_is_for_who_may_set_it`], [`nothing_that_lets_in_is_stored`], `app` `admin::secrets_are_shown_once_and_to_nobody_else` |
//! | 10 | what a job reported ran as script | [`what_jobs_say_is_text`], `app` `pages::hostile_text_stays_text_and_the_policy_can_be_strict` |
//! | 11 | objects of a runner were trusted | `every_route_as_everybody` (`runner`), `http::tests::pages::below_the_interfaces_every_refusal_is_json` (sizes) |
//! | 12 | a git URL was an option | [`a_source_is_no_option`] |
//! | 13 | helpers without authorisation | [`a_definition_is_looked_at_for_who_may_make_pipelines`], [`lint_tells_no_variables`] |
//! | 14 | a token was readable and could not be turned over | [`nothing_that_lets_in_is_stored`], `every_route_as_everybody` (`/rpc/token/rotate`) |
//! | 15 | a run as somebody else | [`who::nobody_acts_as_somebody_else`], [`who::the_token_of_a_job_may_what_its_user_may`] |
//! | 16, 17 | the server fetched what lies inside | `outbound::tests::what_leads_inside_is_not_asked`, `…::a_name_that_leads_elsewhere_a_moment_later_gains_nothing`, `…::redirects_are_followed_and_checked` |
//! | 18 | objects of other projects by their number | [`who::a_thing_is_found_in_its_own_project_only`] |
//! | 19 | a name in the log of the administrator | [`what_jobs_say_is_text`], `app` `admin::the_audit_log_shows_names_as_text_and_leads_on` |
//! | 20 | an ambiguous signature of an address | none: no address is signed; artifacts are asked for with one's own right |
//! | 21 | commands in a log | [`what_jobs_say_is_text`]; a trace is stored as it is, and `runner` `logs` reads no command but sections |
//! | 22 | an archive wrote outside | `runner` `engine::archive::nothing_escapes`, `…::an_archive_that_unfolds_too_far_is_stopped`, `artifacts::tests::names_that_lead_out_of_the_archive_are_refused` |
//! | 23 | pipeline text granted itself more | `tests/surroundings` `jobs_with_an_image_are_refused_before_the_run_starts`, `runner` `engine::environment::variables_are_expanded_once_files_are_private_and_the_runner_has_the_last_word` |
//! | 24 | secrets in arguments and errors | `tests/secrets` `a_masked_value_is_in_no_log_whatever_form_it_takes` |
//! | 25 | files that others could read | `boot::data::a_folder_has_one_owner_and_is_private`, `http::tests::sockets::tcp_serves_people_and_the_private_socket_the_runner` |
//! | 26 | bombs, escapes, cross-site posts, NUL | `pipeline` `yaml::load::bombs_are_defused`, `app` `logic::href::only_addresses_of_the_web_lead_outside`, [`foreign_pages_open_no_stream_and_call_no_function`], [`ids_and_names_are_no_paths`] |

mod who;

use app::service::{Accounts as _, NewPipeline, Service as _};
use model::{CiVariableDraft, NewUser, Place, ProjectSettings, Role, TokenScope, VariableOwner, Visibility};
use serde_json::json;

use super::super::super::Public;
use super::super::super::rate::Rules;
use super::requests::Names;
use super::world::{Town, Who};
use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What a page says, without what repeats its address.
fn main_of(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let main = text.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>"));
    main.map_or(text.clone(), |(main, _)| main.to_owned())
}

async fn get(town: &Town, who: &Who, path: &str) -> Answer {
    town.ask(who, "GET", path, "", "", false).await
}

/// Rows 3 and 4.
#[tokio::test]
async fn no_spelling_of_an_address_goes_past_the_guard() {
    let town = Town::new().await;
    let secret = town.grounds.iter().find(|ground| ground.word == "secret").unwrap();
    let (run, job, project) = (secret.run, secret.job, secret.id);
    let classes = [
        format!("/runs/{run}"),
        format!("/jobs/{job}"),
        format!("/jobs/{job}/raw"),
        format!("/live/runs/{run}"),
        format!("/live/jobs/{job}/log"),
        format!("/rpc/run?id={run}"),
        format!("/api/v4/projects/{project}"),
        format!("/api/v4/projects/{project}/variables"),
        format!("/api/v4/weir/runs/{run}"),
        format!("/api/jobs/{run}"),
        "/api/v4/weir/users".to_owned(),
        "/audit.csv".to_owned(),
        "/settings/users".to_owned(),
    ];
    let mut count = 0;
    for class in &classes {
        let (path, query) = class.split_once('?').unwrap_or((class, ""));
        let tail = path.trim_start_matches('/');
        let (head, last) = path.rsplit_once('/').unwrap();
        let spellings = [
            format!("/{path}"),
            format!("{path}/"),
            format!("{path}//"),
            format!("{path};x"),
            format!("{path};.jsp"),
            format!("{path};/healthz"),
            format!("{path}/;/healthz"),
            format!("{path}.json"),
            format!("{path}.css"),
            format!("{path}/healthz"),
            format!("{path}/healthz.json"),
            format!("{path}/favicon.svg"),
            format!("{path}."),
            format!("{path}%00"),
            format!("{path}%20"),
            format!("{path}%23"),
            format!("{path}%3f.css"),
            format!("{head}%2f{last}"),
            format!("{head}%2F{last}"),
            format!("{head}%252f{last}"),
            format!("{head}//{last}"),
            format!("{head}/./{last}"),
            format!("{head}/x/../{last}"),
            format!("{head}/..;/{tail}"),
            format!("/healthz/../{tail}"),
            format!("/healthz/..;/{tail}"),
            format!("/healthz;/../{tail}"),
            format!("/login/..;/{tail}"),
            format!("/pkg/../{tail}"),
            format!("/pkg/0/..%2f..%2f{tail}"),
            format!("/%2e%2e/{tail}"),
            format!("/.;/{tail}"),
            path.to_uppercase(),
        ];
        for spelling in spellings.into_iter().filter(|spelling| spelling.starts_with('/')) {
            let address = if query.is_empty() { spelling } else { format!("{spelling}?{query}&jsp=/healthz") };
            for name in ["anonymous", "sam by session", "oda by api"] {
                for page in [false, true] {
                    count += 1;
                    let answer = town.ask(town.who(name), "GET", &address, "", "", page).await;
                    let told = main_of(&answer);
                    let is_told = told.contains(&secret.mark()) || told.contains("root");
                    assert!(!is_told, "{address} as {name}: {} {told}", answer.status);
                    assert!(!answer.status.is_server_error(), "{address}: {}", answer.status);
                }
            }
        }
    }
    assert!(count > 2000, "{count}");
}

/// Rows 3 and 4: `HEAD` is served by the same handlers.
#[tokio::test]
async fn head_says_no_more_than_get() {
    let town = Town::new().await;
    let who = town.who("sam by session");
    let secret = town.grounds.iter().find(|ground| ground.word == "secret").unwrap();
    // Server functions know their own method alone.
    let asked = |line: &&Line| line.method == "GET" && line.is_of_project() && !line.path.starts_with("/rpc/");
    for line in lines().iter().filter(asked) {
        let path = Names::of(&town, secret).request(&town, secret, &line.route).path;
        let got = get(&town, who, &path).await.status;
        let head = town.ask(who, "HEAD", &path, "", "", false).await;
        assert_eq!((head.status, head.body.len()), (got, 0), "{path}");
    }
}

/// Rows 2 and 26: a cookie goes with every request that a browser makes, whichever page made it.
#[tokio::test]
async fn foreign_pages_open_no_stream_and_call_no_function() {
    let town = Town::new().await;
    let (root, web) = (town.who("root by session"), town.web());
    let reads = [
        "/live/dashboard".to_owned(),
        format!("/live/runs/{}", web.run),
        format!("/live/jobs/{}/log", web.job),
        format!("/live/pipelines/{}", web.key),
    ];
    let changes = lines().into_iter().filter(|line| line.method != "GET");
    let changes = changes.map(|line| (line.method.clone(), Names::of(&town, web).request(&town, web, &line.route)));
    let mut all: Vec<(String, String, &str, String)> =
        reads.map(|path| ("GET".to_owned(), path, "", String::new())).into();
    all.extend(changes.map(|(method, request)| (method, request.path, request.kind, request.body)));
    let before = town.state_of_things().await;
    for (method, path, kind, body) in &all {
        for foreign in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost.evil.example:9433"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let cookie = (root.headers[0].0, root.headers[0].1.as_str());
            let headers = [cookie, ("content-type", *kind), foreign];
            let answer = town.world.ask(&town.router, method, path, &headers, body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path} {foreign:?}");
        }
    }
    assert_eq!(town.state_of_things().await, before);
    let own = [(root.headers[0].0, root.headers[0].1.as_str()), ("origin", "http://localhost:9433")];
    assert_eq!(town.world.ask(&town.router, "GET", &reads_of(web), &own, "").await.status, StatusCode::OK);
}

fn reads_of(ground: &Ground) -> String {
    format!("/live/runs/{}", ground.run)
}

/// Rows 5, 7 and 26.
#[tokio::test]
async fn ids_and_names_are_no_paths() {
    let town = Town::new().await;
    let root = town.who("root by api");
    let hostile = [
        "..",
        "..%2f..%2fweir.db",
        "%2e%2e%2f%2e%2e%2fweir.db",
        "..%252f..%252fweir.db",
        "..%5c..%5cweir.db",
        "%2fetc%2fpasswd",
        "1%2f..%2f2",
        "1%00",
        "%00",
        "1;2",
        "1.log",
        "-1",
        "1e0",
        "0x1",
        "99999999999999999999",
        "%ff",
    ];
    let job = town.web().job;
    for id in hostile {
        for path in [
            format!("/jobs/{id}/raw"),
            format!("/jobs/{id}/artifacts/artifacts.zip"),
            format!("/jobs/{job}/artifacts/{id}"),
            format!("/live/jobs/{id}/log"),
            format!("/live/runs/{id}"),
            format!("/live/pipelines/{id}"),
            format!("/api/v4/weir/jobs/{id}/trace"),
            format!("/api/v4/weir/runs/{id}"),
            format!("/api/v4/projects/{id}"),
            format!("/api/jobs/{id}/traces"),
            format!("/api/pipelines/{id}"),
            format!("/api/v4/jobs/{id}/artifacts"),
            format!("/rpc/job/log?id={id}&from=1&limit=5"),
            format!("/pkg/0/{id}"),
            format!("/projects/{id}"),
        ] {
            let answer = get(&town, root, &path).await;
            let (status, text) = (answer.status, String::from_utf8_lossy(&answer.body).into_owned());
            // Of server functions the framework says of every argument that cannot be read.
            let is_unread = path.starts_with("/rpc/") && text.contains("\"kind\":\"invalid\"");
            assert!(status.is_client_error() || is_unread, "{path}: {status} {text}");
            assert!(!text.contains("SQLite format") && !text.contains("root:"), "{path}: {text}");
        }
    }
}

/// Row 6: every route again, on a server that nobody has set up.
#[tokio::test]
async fn a_server_without_an_administrator_answers_nothing_else() {
    let folder = TempDir::new().unwrap();
    let weir = Arc::new(Weir::open(folder.path()).unwrap());
    let public = Public { rules: Rules::new(0), ..Public::default() };
    let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
    let state = AppState::new(Arc::clone(&weir), options, CancellationToken::new());
    let world = World { weir, caller: Caller::local("weir"), state, folder };
    let router = world.router();
    let open = [
        "/healthz",
        "/readyz",
        "/welcome",
        "/password",
        "/pkg/",
        "/rpc/welcome",
        "/rpc/password",
        "/rpc/prefs",
        "/rpc/draft",
    ];
    for line in lines() {
        let path = line.path.replace(['{', '}', '*'], "");
        let answer = world.ask(&router, &line.method, &path, &[], "").await;
        if open.iter().any(|open| path.starts_with(open)) && path != "/rpc/prefs/keys" {
            assert_ne!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        } else {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{} {path}", line.method);
        }
    }
}

/// Row 1.
#[tokio::test]
async fn a_folder_of_the_server_is_for_administrators() {
    let town = Town::new().await;
    let mut said = Vec::new();
    for source in ["/etc", "/no/such/folder", "/etc/passwd"] {
        let body = json!({"path": format!("oda/a{}", town.next()), "source": source}).to_string();
        let answer = town.ask(town.who("oda by api"), "POST", "/api/v4/weir/projects", JSON, &body, false).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{source}: {}", answer.text());
        said.push(answer.body);
    }
    assert!(said.iter().all(|body| *body == said[0]), "what is there and what is not sound alike");
}

/// Permission first: who may not call a function learns nothing of what it takes.
#[tokio::test]
async fn who_may_not_is_told_so_whatever_was_sent() {
    let town = Town::new().await;
    let wide = "x".repeat(300);
    for (path, form) in [
        ("/rpc/user/create", "name=%01".to_owned()),
        ("/rpc/user/change", "id=abc".to_owned()),
        ("/rpc/variable/save", "key=1-bad&value=x".to_owned()),
        ("/rpc/variable/save", "value=x".to_owned()),
        ("/rpc/member/set", "project=1&user=x&role=emperor".to_owned()),
        ("/rpc/project/change", "id=1&visibility=odd&timeout=x".to_owned()),
        ("/rpc/runner/create", format!("name={wide}")),
        ("/rpc/token/create", format!("name={wide}&expires=never")),
        ("/rpc/project/redact", "id=1&value=x".to_owned()),
        ("/rpc/project/redact", "id=one&value=x".to_owned()),
        ("/rpc/schedule/create", "project=1&variables=odd".to_owned()),
    ] {
        let answer = town.ask(town.who("anonymous"), "POST", path, FORM, &form, false).await;
        let is_hidden = answer.status == StatusCode::NOT_FOUND;
        assert!(answer.status == StatusCode::UNAUTHORIZED || is_hidden, "{path} {form}: {}", answer.text());
    }
    // Of those who are known, those who may not.
    for (path, form) in
        [("/rpc/user/create", "name=%01"), ("/rpc/variable/save", "key=1-bad&value=x"), ("/rpc/runner/create", "name=")]
    {
        let answer = town.ask(town.who("oda by api"), "POST", path, FORM, form, false).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {form}: {}", answer.text());
    }
}

/// Row 12.
#[tokio::test]
async fn a_source_is_no_option() {
    let town = Town::new().await;
    for source in ["--upload-pack=touch x", "-x", "ext::sh -c touch%20x", "fd::17", "a\nb"] {
        let body = json!({"path": format!("oda/b{}", town.next()), "source": source}).to_string();
        for name in ["oda by api", "root by api"] {
            let answer = town.ask(town.who(name), "POST", "/api/v4/weir/projects", JSON, &body, false).await;
            assert!(answer.status.is_client_error(), "{source}: {} {}", answer.status, answer.text());
        }
    }
}

/// Row 9: people put passwords into addresses.
#[tokio::test]
async fn the_password_of_a_source_is_for_who_may_set_it() {
    let town = Town::new().await;
    let web = town.web();
    let source = Some("https://robot:hunter2hunter2@git.invalid/shop/web.git".to_owned());
    let (visibility, protected) = (Visibility::Private, Vec::new());
    let settings = ProjectSettings {
        visibility,
        public_jobs: true,
        protect_default: false,
        protected,
        source,
        options: model::ProjectOptions::default(),
    };
    let World { weir, .. } = &town.world;
    let id = web.id;
    town.world.write(move |tx| crate::store::projects::update(tx, id, &settings)).await;
    for (name, is_shown) in [("gil by session", false), ("dev by session", false), ("max by session", true)] {
        let answer = get(&town, town.who(name), "/rpc/projects").await;
        assert!(answer.text().contains("git.invalid"), "{}", answer.text());
        assert_eq!(answer.text().contains("hunter2"), is_shown, "{name}: {}", answer.text());
        for line in lines().iter().filter(|line| line.method == "GET" && !is_shown) {
            // Fetching is not what this is about.
            if line.path.contains("pipeline") && !line.path.starts_with("/api") {
                continue;
            }
            let path = Names::of(&town, web).request(&town, web, &line.route).path;
            let answer = get(&town, town.who(name), &path).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"), "{path} as {name}");
        }
    }
    assert!(weir.projects(&town.world.caller).await.unwrap().iter().any(|one| one.source.is_some()));
}

/// Rows 9 and 14: what is stored lets nobody in.
#[tokio::test]
async fn nothing_that_lets_in_is_stored() {
    let world = World::public().await;
    let user = world.user("ann").await;
    let (_, cookie) = world.session(user).await;
    let session = cookie.1.trim_start_matches("weir_session=").to_owned();
    let token = world.token("ann", TokenScope::Api).await.1;
    let link = world.weir.reset_password(&world.caller, user).await.unwrap().path;
    let link = link.split_once('=').unwrap().1.to_owned();
    let keys = world.weir.create_access_key(&world.caller, Some("ann"), None).await.unwrap().secret;
    let draft = CiVariableDraft { key: "K".into(), value: Some("correct-horse-battery".into()), ..Default::default() };
    world.weir.save_ci_variable(&world.caller, VariableOwner::Instance, None, draft).await.unwrap();
    let secrets = [session, token.clone(), token[6..].to_owned(), link, keys, "correct-horse-battery".to_owned()];
    let mut folders = vec![world.folder.path().to_owned()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            read += bytes.len();
            for secret in &secrets {
                let is_there = memchr::memmem::find(&bytes, secret.as_bytes()).is_some();
                assert!(!is_there, "{secret} is in {}", path.display());
            }
        }
    }
    assert!(read > 10_000, "the database was read");
}

/// Rows 10, 19 and 21: whatever jobs and people write is text, wherever it is shown.
#[tokio::test]
async fn what_jobs_say_is_text() {
    let world = World::public().await;
    let evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let name = NewUser { name: "eve".into(), full_name: evil.into(), email: None, is_admin: true };
    let eve = world.weir.create_user(&world.caller, name).await.unwrap().0.id;
    let path = "eve/p";
    world.weir.create_project(&world.caller, path, None, Visibility::Private).await.unwrap();
    let definition = format!(
        "'{evil}': {{script: ['echo {evil}'], stage: test, artifacts: {{paths: [x], reports: {{junit: j.xml}}}}}}\n"
    );
    let new = NewPipeline {
        key: "p".into(),
        name: evil.into(),
        description: evil.into(),
        project: Some(path.into()),
        definition: Some(definition),
    };
    world.weir.create_pipeline(&world.caller, new).await.unwrap();
    let by = Caller { user: "eve".into(), id: Some(eve), ..world.caller.clone() };
    let run = world.weir.start_run(&by, &"p".parse().unwrap(), NewRun::default()).await.unwrap().id;
    let token = "glcbt-0000000000000000000000000000000000000000000000000000000000000003";
    let job = world.take_with(token).await;
    let log =
        format!("{evil}\n::set-env name=PATH::{evil}\n\u{1b}]8;;javascript:alert(1)\u{7}here\u{1b}]8;;\u{7}\n\0\n");
    world.weir.logs().append(job, 0, log.as_bytes()).unwrap();
    let info = model::ArtifactInfo {
        kind: "archive".into(),
        filename: format!("{evil}.html").replace('/', ""),
        size: 1,
        expires_at: None,
        exposed_as: Some(evil.into()),
        access: model::plan::Access::All,
    };
    world.write(move |tx| crate::store::jobs::add_artifact(tx, job, &info)).await;
    let xml = "<testsuite name='&lt;script&gt;alert(2)'><testcase name='&lt;img src=x onerror=alert(1)&gt;' classname='c'><failure message='&lt;script&gt;alert(2)'>&lt;script&gt;alert(2)</failure></testcase></testsuite>";
    let packed = gzip(xml.as_bytes());
    let mut form =
        b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"<script>alert(2)</script>.gz\"\r\n\r\n"
            .to_vec();
    form.extend(packed);
    form.extend(b"\r\n--b--\r\n");
    let headers = [("job-token", token), ("content-type", "multipart/form-data; boundary=b")];
    let report = format!("/api/v4/jobs/{job}/artifacts?artifact_type=junit&artifact_format=gzip");
    let kept = world.send(request("POST", &report, &headers, form)).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text());
    world.weir.end_job(job, End::Success).await.unwrap();
    let cookie = world.session(eve).await.1;
    let headers = [(cookie.0, cookie.1.as_str()), ("accept", "text/html")];
    let router = world.router();
    let pages = [
        "/".to_owned(),
        "/runs".to_owned(),
        format!("/runs/{run}"),
        format!("/runs/{run}?tab=tests"),
        format!("/jobs/{job}"),
        format!("/jobs/{job}?tab=tests"),
        "/pipelines".to_owned(),
        "/pipelines/p".to_owned(),
        "/projects/eve/p".to_owned(),
        "/settings/users".to_owned(),
        "/settings/account".to_owned(),
        "/settings/audit".to_owned(),
    ];
    let mut shown = 0;
    for path in &pages {
        let page = world.ask(&router, "GET", path, &headers, "").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let text = page.text();
        assert!(!text.contains("<img src=x") && !text.contains("<script>alert"), "{path}: {text}");
        assert!(!text.contains("href=\"javascript:"), "{path}");
        shown += text.matches("&lt;img src=x").count();
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self' 'nonce-") && !policy.contains("unsafe-inline"), "{path}: {policy}");
    }
    assert!(shown > 10, "it is shown, as text: {shown}");
    // No word in an address makes something else of a file.
    for path in [
        format!("/jobs/{job}/raw?format=html&content_type=text/html&callback=alert"),
        "/audit.csv?format=html&callback=alert".to_owned(),
        "/audit.jsonl?callback=alert".to_owned(),
        "/api/v4/weir/runs?callback=alert&format=html".to_owned(),
    ] {
        let answer = world.ask(&router, "GET", &path, &headers, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.header("content-type").contains("html"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("sandbox"), "{path}");
        assert!(!answer.body.starts_with(b"alert("), "{path}");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Row 13: to look at a definition is to fetch what it includes.
#[tokio::test]
async fn a_definition_is_looked_at_for_who_may_make_pipelines() {
    let town = Town::new().await;
    let bad = "a: [";
    let text: String = form_urlencoded::byte_serialize(bad.as_bytes()).collect();
    for project in ["", "other/zq-secret", "within/zq-inside", "outside/zq-open"] {
        let form = format!("key=bad&project={project}&definition={text}");
        let mut whole = json!({"id": "bad", "definition": bad});
        if !project.is_empty() {
            whole["projectId"] = project.into();
        }
        for name in ["anonymous", "sam by session", "dev by session", "oda by read_api", "running job", "trigger"] {
            let who = town.who(name);
            let answer = town.ask(who, "POST", "/rpc/pipeline/create", FORM, &form, false).await;
            assert_ne!(Class::of(&answer), Class::Allowed, "{project} {name}: {}", answer.text());
            for (method, path) in [("POST", "/api/pipelines"), ("PUT", "/api/pipelines"), ("PUT", "/api/pipelines/bad")]
            {
                let answer = town.ask(who, method, path, JSON, &whole.to_string(), false).await;
                assert_ne!(Class::of(&answer), Class::Allowed, "{method} {path} {project} {name}: {}", answer.text());
            }
        }
    }
    let path = format!("/api/pipelines/{}", town.grounds[3].key);
    let body = json!({"definition": bad}).to_string();
    let answer = town.ask(town.who("sam by api"), "PATCH", &path, JSON, &body, false).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// Row 13: a definition of one's own could ask the variables of the project, condition by condition.
#[tokio::test]
async fn lint_tells_no_variables() {
    let town = Town::new().await;
    let web = town.web();
    let draft = CiVariableDraft { key: "PASSPHRASE".into(), value: Some("tr0ub4dor".into()), ..Default::default() };
    let owner = VariableOwner::Project(web.id);
    town.world.weir.save_ci_variable(&town.world.caller, owner, None, draft).await.unwrap();
    let text = "include: {local: \"$PASSPHRASE.yml\"}\na: {script: x}\n";
    let guess = "yes: {script: x, rules: [{if: '$PASSPHRASE =~ /^tr0/'}]}\nno: {script: x}\n";
    for (name, may) in [("dev by session", false), ("max by session", true)] {
        for text in [text, guess] {
            let body = json!({"text": text, "of": web.key}).to_string();
            let answer = town.ask(town.who(name), "POST", "/rpc/lint", JSON, &body, false).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            let view = answer.json();
            let plan = view["plan"].to_string();
            assert!(may || !answer.text().contains("tr0ub4dor"), "{name}: {}", answer.text());
            assert_eq!(plan.contains("\"yes\""), may && text == guess, "{name}: {plan}");
        }
    }
}
