//! Every page as the server renders it, in every language: what a browser without script gets.

#![cfg(feature = "ssr")]

mod common;

use axum::body::Body;
use common::site::{Visitor, get, get_as, on_one_runtime, post, send, site, text};
use http::{Request, StatusCode, header};
use model::view::LintView;
use tower::ServiceExt;

const PAGES: [(&str, &str); 27] = [
    ("dashboard", "/"),
    ("runs", "/runs?status=failed"),
    ("run", "/runs/42"),
    ("run_table", "/runs/42?view=table"),
    ("run_tests", "/runs/42?view=tests"),
    ("run_tests_failed", "/runs/42?view=tests&only=failed"),
    ("run_child", "/runs/41"),
    ("job", "/jobs/104"),
    ("job_tested", "/jobs/103"),
    ("job_tests", "/jobs/103?view=tests"),
    ("job_tests_all", "/jobs/103?view=tests&all=1"),
    ("job_manual", "/jobs/109"),
    ("job_bridge", "/jobs/113"),
    ("job_bridge_waits", "/jobs/114"),
    ("job_bridge_skipped", "/jobs/115"),
    ("environments", "/environments"),
    ("variables", "/settings/variables"),
    ("variables_of_project", "/settings/variables?project=1"),
    ("variables_of_namespace", "/settings/variables?namespace=demo"),
    ("variables_none", "/settings/variables?project=2"),
    ("variable_edit", "/settings/variables?project=1&edit=5"),
    ("variable_edit_hidden", "/settings/variables?project=1&edit=4"),
    ("variable_gone", "/settings/variables?edit=99"),
    ("pipelines", "/pipelines"),
    ("pipeline", "/pipelines/shop"),
    ("pipeline_invalid", "/pipelines/nightly"),
    ("pipeline_new", "/pipelines/new"),
];

#[test]
fn every_page_in_every_language() {
    on_one_runtime(async {
        for (name, path) in PAGES {
            for language in ["en", "zh"] {
                let (status, html) = get(path, language).await;
                assert_eq!(status, StatusCode::OK, "{path}");
                assert!(html.contains(&format!("<html lang=\"{}\"", if language == "zh" { "zh-CN" } else { "en" })));
                // What runs has run since the day of the fixture.
                let filters = [(r"\d{4,}( h |小时)\d\d( m|分)", "[long]")];
                insta::with_settings!({filters => filters}, {
                    insta::assert_snapshot!(format!("{name}_{language}"), text(&html));
                });
            }
        }
    });
}

#[test]
fn the_first_day() {
    on_one_runtime(async {
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = site(true).oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
        insta::assert_snapshot!("first_day", text(&String::from_utf8_lossy(&bytes)));
    });
}

#[test]
fn what_is_not_there_is_404() {
    on_one_runtime(async {
        for path in [
            "/runs/7",
            "/runs/x",
            "/jobs/1",
            "/jobs/-1",
            "/pipelines/nobody",
            "/nowhere",
            "/runs/1/2",
            "/settings/variables?project=9",
            "/settings/variables?project=x",
        ] {
            let (status, html) = get(path, "en").await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(html.contains("Not found"), "{path}");
        }
        assert_eq!(get("/runs?status=green", "en").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn hostile_text_stays_text_and_the_policy_can_be_strict() {
    on_one_runtime(async {
        for (_, path) in PAGES {
            let (_, html) = get(path, "en").await;
            for evil in ["<script>alert", "<img src=x", "<b>scan"] {
                assert!(!html.contains(evil), "{path} has {evil}");
            }
            assert!(!html.contains(" style=\""), "{path} has an inline style");
            for script in html.split("<script").skip(1) {
                let tag = script.split('>').next().unwrap();
                assert!(tag.contains("nonce="), "{path} has a script without nonce: {tag}");
            }
            for handler in [" onclick=", " onload=", " onerror=\"", "javascript:"] {
                assert!(!html.contains(handler), "{path} has {handler}");
            }
        }
    });
}

#[test]
fn titles_show_the_state() {
    on_one_runtime(async {
        assert!(get("/jobs/104", "en").await.1.contains("<title>✕ unit 2/3 · Shop #12 · Weir</title>"));
        let (_, html) = get("/runs/42", "zh").await;
        assert!(html.contains("<title>▸ Shop #12 · Weir</title>") && html.contains("/favicon-running.svg"));
    });
}

#[test]
fn forms_work_without_script() {
    on_one_runtime(async {
        let (status, headers, _) = post("/rpc/run/retry", "id=42", "text/html").await;
        assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::FOUND, "/runs/42"));
        let (status, headers, _) = post("/rpc/run/cancel", "id=42", "text/html").await;
        assert_eq!(status, StatusCode::FOUND);
        let back = headers[header::LOCATION].to_str().unwrap().to_owned();
        assert!(back.starts_with("http://localhost/pipelines/shop?__path="), "{back}");
        let (_, html) = get(back.trim_start_matches("http://localhost"), "en").await;
        assert!(html.contains("the run has ended already"));
    });
}

#[test]
fn what_asks_first_asks_in_graph_table_and_head() {
    on_one_runtime(async {
        for path in ["/runs/42", "/runs/42?view=table", "/jobs/109"] {
            let (_, html) = get(path, "en").await;
            let asked =
                html.split("<details class=\"ask confirm\"").nth(1).and_then(|rest| rest.split("</details>").next());
            let asked = asked.unwrap_or_else(|| panic!("{path} asks nothing"));
            assert!(asked.contains("Deploy to &lt;b&gt;scan&lt;/b&gt;-staging?"), "{path}: {asked}");
            assert!(asked.contains("type=\"submit\""), "{path}: {asked}");
        }
        // Others act at once.
        assert_eq!(get("/runs/42", "en").await.1.matches("ask confirm").count(), 1);
    });
}

#[test]
fn ten_thousand_tests_do_not_make_a_page_unusable() {
    on_one_runtime(async {
        let (_, html) = get("/jobs/1000?view=tests", "en").await;
        // A hundred failed; 200 of the others are shown.
        assert_eq!(html.matches(" class=\"case\"").count(), 100);
        assert!(html.contains("300 of 10000 tests are shown."));
        assert!(html.contains("href=\"/jobs/1000?view=tests&amp;all=1\""));
        assert!(html.contains(">case_200<") && !html.contains(">case_202<"), "others are cut");
        let (_, html) = get("/jobs/1000?view=tests&only=failed", "en").await;
        assert!(!html.contains(">case_0<") && html.contains(">case_9999<"));
        let (_, html) = get("/jobs/1000?view=tests&all=1", "en").await;
        assert!(html.contains(">case_202<") && !html.contains("tests are shown"));
    });
}

#[test]
fn environments_lead_only_to_the_web_and_stop_once() {
    on_one_runtime(async {
        let (_, html) = get("/environments", "en").await;
        assert!(html.contains("href=\"https://shop.example/?a=1&amp;b=2\" rel=\"external noopener noreferrer\""));
        assert!(!html.contains("href=\"JavaScript") && html.contains(">JavaScript:alert(5)<"));
        // Only what stands can be stopped: one with a job for that, one without.
        assert_eq!(html.matches("action=\"/rpc/environment/stop\"").count(), 2);
        assert!(html.contains("Job 109 is played") && html.contains("only marked as stopped"));
        let (_, job) = get("/jobs/109", "en").await;
        let anchor = job.split("/environments#").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert!(html.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        let (status, headers, _) = post("/rpc/environment/stop", "id=4", "text/html").await;
        assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::FOUND, "/environments"));
        let (status, ..) = post("/rpc/environment/stop", "id=9", "application/json").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let response = site(true).oneshot(Request::get("/environments").body(Body::empty()).unwrap()).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
        insta::assert_snapshot!("environments_none", text(&String::from_utf8_lossy(&bytes)));
    });
}

#[test]
fn values_of_variables_stand_only_where_they_are_to_be_read() {
    on_one_runtime(async {
        let secret = common::variables::SECRET;
        for path in ["", "?project=1", "?namespace=demo", "?project=1&edit=3", "?project=1&edit=4", "?project=1&edit=5"]
        {
            let (_, html) = get(&format!("/settings/variables{path}"), "en").await;
            let mut rest = html.clone();
            for tag in ["pre", "textarea", "script"] {
                let (start, end) = (format!("<{tag}"), format!("</{tag}>"));
                let mut parts = rest.split(&start);
                let mut kept = parts.next().unwrap().to_owned();
                for part in parts {
                    let (inside, after) = part.split_once(&end).unwrap();
                    // The tag itself may not have it either.
                    kept.push_str(inside.split_once('>').unwrap().0);
                    kept.push_str(after);
                }
                rest = kept;
            }
            assert!(html.contains(secret) && !rest.contains(secret), "{path}: {rest}");
        }
        // Of a hidden one nothing comes back; of one that begins with a line end nothing is lost.
        let area = |html: &str| html.split("<textarea").nth(1).unwrap().split_once('>').unwrap().1.to_owned();
        assert!(area(&get("/settings/variables?project=1&edit=4", "en").await.1).starts_with("</textarea>"));
        let file = area(&get("/settings/variables?project=1&edit=5", "en").await.1);
        assert!(file.starts_with("\n\ncluster: &lt;/textarea>"), "{file}");
        let (_, headers, _) = send(Request::get("/settings/variables").body(Body::empty()).unwrap()).await;
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    });
}

#[test]
fn variables_are_saved_and_deleted_without_script() {
    on_one_runtime(async {
        let to = |headers: &header::HeaderMap| headers[header::LOCATION].to_str().unwrap().to_owned();
        for (body, page) in [
            ("key=URL&value=https%3A%2F%2Fshop.example", "/settings/variables"),
            (
                "namespace=demo&key=TOKEN&value=0123456789&visibility=hidden&protected=true",
                "/settings/variables?namespace=demo",
            ),
            // It keeps the value that it has.
            (
                "project=1&id=4&key=DEPLOY_TOKEN&value=&visibility=hidden&environment_scope=*",
                "/settings/variables?project=1",
            ),
        ] {
            let (status, headers, _) = post("/rpc/variable/save", body, "text/html").await;
            assert_eq!((status, to(&headers).as_str()), (StatusCode::FOUND, page), "{body}");
        }
        let (status, headers, _) = post("/rpc/variable/delete", "project=1&id=3", "text/html").await;
        assert_eq!((status, to(&headers).as_str()), (StatusCode::FOUND, "/settings/variables?project=1"));
        let (status, ..) = post("/rpc/variable/delete", "project=1&id=1", "application/json").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_refused_variable_keeps_all_but_its_value() {
    on_one_runtime(async {
        let body = "project=1&key=PIN_CODE&value=s3cr3t&variable_type=file&visibility=hidden&raw=true\
                    &environment_scope=review%2F*&description=%3Cb%3Escan";
        let (status, headers, answer) = post("/rpc/variable/save", body, "text/html").await;
        let back = headers[header::LOCATION].to_str().unwrap().to_owned();
        assert!(status == StatusCode::FOUND && back.starts_with("/settings/variables?project=1&draft="), "{back}");
        let (_, html) = get(&back, "en").await;
        let form = html.split("/rpc/variable/save").nth(1).and_then(|rest| rest.split("</form>").next()).unwrap();
        for kept in ["PIN_CODE", "review/*", "&lt;b&gt;scan"] {
            assert!(form.contains(&format!("value=\"{kept}\"")), "{kept}: {form}");
        }
        for chosen in ["value=\"file\" checked", "value=\"hidden\" checked", "name=\"raw\" value=\"true\" checked"] {
            assert!(form.contains(chosen), "{chosen}: {form}");
        }
        assert_eq!(form.matches(" checked").count(), 3, "{form}");
        assert!(html.contains("at least 8 characters") && html.contains("was not kept"));
        assert!(!back.contains("s3cr3t") && !answer.contains("s3cr3t") && !form.contains("s3cr3t"));
        // A change comes back as one, and a script gets the status.
        let body = "project=1&id=3&key=DEPLOY_TOKEN&value=short&visibility=masked";
        let (_, headers, _) = post("/rpc/variable/save", body, "text/html").await;
        let back = headers[header::LOCATION].to_str().unwrap();
        assert!(back.starts_with("/settings/variables?project=1&edit=3&draft="), "{back}");
        assert!(get(back, "en").await.1.contains("or the saved one stays"));
        let (status, ..) = post("/rpc/variable/save", body, "application/json").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn a_refused_text_is_not_lost_without_script() {
    on_one_runtime(async {
        let body = "key=shop&definition=unit%3A%0A++scirpt%3A+%3C%2Ftextarea%3E";
        let (status, headers, _) = post("/rpc/pipeline/save", body, "text/html").await;
        let location = headers[header::LOCATION].to_str().unwrap();
        assert!(status == StatusCode::FOUND && location.starts_with("/pipelines/shop?draft="), "{location}");
        let (_, html) = get(location, "en").await;
        assert!(html.contains("unknown key `scirpt`"));
        assert!(html.contains("scirpt: &lt;/textarea"), "{}", html.split("<textarea").nth(1).unwrap_or("none"));
        let body = "key=mine&name=My+own&project=demo%2Fshop&definition=scirpt";
        let (_, headers, _) = post("/rpc/pipeline/create", body, "text/html").await;
        let (_, html) = get(headers[header::LOCATION].to_str().unwrap(), "en").await;
        assert!(html.contains("value=\"My own\"") && html.contains("value=\"demo/shop\" selected"));
        assert_eq!(get("/pipelines/shop?draft=unknown", "en").await.0, StatusCode::OK);
    });
}

#[test]
fn who_is_not_signed_in_makes_no_pipeline() {
    on_one_runtime(async {
        let (status, _, html) = get_as(Visitor::Nobody, "/pipelines/new", "en").await;
        assert!(status == StatusCode::UNAUTHORIZED && !html.contains("/rpc/pipeline/create"), "{status}");
        assert!(html.contains("sign in to make a pipeline") && html.contains("href=\"/login\""));
        for visitor in [Visitor::Member, Visitor::Local] {
            assert_eq!(get_as(visitor, "/pipelines/new", "en").await.0, StatusCode::OK);
        }
        // What is refused is said in front of the form.
        let (_, headers, _) = post("/rpc/pipeline/create", "key=shop&project=demo%2Fshop", "text/html").await;
        let (_, html) = get(headers[header::LOCATION].to_str().unwrap(), "en").await;
        let (before, _) = html.split_once("action=\"/rpc/pipeline/create\"").unwrap();
        assert!(before.contains("role=\"alert\"") && before.contains("the key shop is taken"));
    });
}

#[test]
fn a_script_gets_kind_and_status() {
    on_one_runtime(async {
        let (status, _, body) = post("/rpc/run/cancel", "id=42", "application/json").await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(serde_json::from_str::<model::Error>(&body).unwrap().message, "the run has ended already");
        let (status, _, body) = post("/rpc/pipeline/save", "key=shop&definition=x", "application/json").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(serde_json::from_str::<model::Error>(&body).unwrap().diagnostics.len(), 2);
        let (status, ..) = post("/rpc/job/play", "id=109&variables=no+variable", "application/json").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn run_forms_send_only_what_changed() {
    on_one_runtime(async {
        let body = "key=shop&set%5BTARGET%5D=production&was%5BTARGET%5D=staging&set%5BW%5D=2&was%5BW%5D=2&more=A%3D1";
        let (status, headers, _) = post("/rpc/pipeline/run", body, "text/html").await;
        assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::FOUND, "/runs/42"));
    });
}

#[test]
fn a_plan_follows_what_is_typed_in_the_run_form() {
    on_one_runtime(async {
        let plan = async |fields: &str| {
            let body = format!("key=shop&set%5BTARGET%5D=staging&was%5BTARGET%5D=staging&{fields}");
            let (status, headers, answer) = post("/rpc/pipeline/plan", &body, "application/json").await;
            assert_eq!(status, StatusCode::OK, "{fields}: {answer}");
            assert!(!headers.contains_key(header::LOCATION), "{fields}");
            serde_json::from_str::<LintView>(&answer).unwrap()
        };
        let jobs = |view: &LintView| {
            let names = view.plan.iter().flat_map(|stage| &stage.jobs).map(|job| job.name.clone());
            names.collect::<Vec<_>>().join(" ")
        };
        let said = |view: &LintView| view.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<_>>();
        assert_eq!(jobs(&plan("git_ref=main&more=").await), "compile unit audit staging");
        assert_eq!(jobs(&plan("more=%23+no%0D%0AFUZZ%3Dyes").await), "compile unit audit fuzz staging");
        assert_eq!(jobs(&plan("set%5BFUZZ%5D=yes&was%5BFUZZ%5D=").await), "compile unit audit fuzz staging");
        assert_eq!(jobs(&plan("set%5BFUZZ%5D=yes&was%5BFUZZ%5D=yes").await), "compile unit audit staging");
        let production = plan("more=TARGET%3Dproduction").await;
        assert_eq!(jobs(&production), "compile unit audit");
        assert!(production.excluded.iter().any(|job| job.name == "staging"));
        // What stands against a run is no failure of the question.
        for (fields, why) in [
            ("git_ref=+nowhere+", "there is no ref `nowhere`"),
            ("input%5Bregion%5D=mars&was_input%5Bregion%5D=", "the input `region` cannot be \"mars\""),
            ("more=FUZZ%3Dyes%0D%0AFUZ", "line 2 of the variables is not NAME=value"),
        ] {
            let view = plan(fields).await;
            assert_eq!((said(&view), jobs(&view)), (vec![why.to_owned()], String::new()), "{fields}");
        }
        let (status, ..) = post("/rpc/pipeline/plan", "key=nobody", "application/json").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn preferences_are_cookies_and_lead_back() {
    on_one_runtime(async {
        let (status, headers, _) =
            post("/rpc/prefs/theme", "value=dark&back=%2Fruns%3Fstatus%3Dfailed", "text/html").await;
        assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::FOUND, "/runs?status=failed"));
        assert!(headers[header::SET_COOKIE].to_str().unwrap().starts_with("weir_theme=dark;"));
        for back in ["//evil.example", "https://evil.example", "/\\evil.example", ""] {
            let (_, headers, _) = post("/rpc/prefs/language", &format!("value=zh&back={back}"), "text/html").await;
            assert_eq!(headers[header::LOCATION].to_str().unwrap(), "/", "{back:?}");
        }
        let (_, headers, _) = post("/rpc/prefs/theme", "value=x%3B+Path%3D%2F&back=%2F", "text/html").await;
        assert!(!headers.contains_key(header::SET_COOKIE));
    });
}
