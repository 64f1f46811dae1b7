//! The pages that only the server renders, as their readers get them: in every language, without a script,
//! and without anything that should not be there.

#![cfg(feature = "ssr")]

mod common;

use axum::body::Body;
use common::site::Visitor::{self, Admin, Local, Member, Nobody};
use common::site::{form, get_as, location, on_one_runtime, send_as, site_for, text};
use http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt;

const SECRET: &str = "s3cr3t-of-ada";

const PAGES: &[(&str, Visitor, &str)] = &[
    ("login", Nobody, "/login?next=%2Fruns%2F42"),
    ("welcome", Nobody, "/welcome?key=right"),
    ("welcome_without_key", Nobody, "/welcome"),
    ("password_link", Nobody, "/password?key=right"),
    ("password_link_used", Nobody, "/password?key=used"),
    ("account", Admin, "/settings/account"),
    ("account_local", Local, "/settings/account"),
    ("users", Admin, "/settings/users"),
    ("users_edit", Admin, "/settings/users?text=gr&edit=2"),
    ("runners", Admin, "/runners"),
    ("runners_edit", Admin, "/runners?edit=7"),
    ("schedules", Admin, "/schedules"),
    ("schedules_edit", Admin, "/schedules?edit=5"),
    ("schedules_of_project", Member, "/schedules?project=1&cron=30+2+*+*+1-5&timezone=Europe%2FBerlin"),
    ("schedules_seen", Nobody, "/schedules"),
    ("audit", Admin, "/settings/audit"),
    ("audit_none", Admin, "/settings/audit?user=nobody&since=2027-01-31"),
    ("projects", Member, "/projects"),
    ("project", Member, "/projects/demo/shop"),
    ("project_members", Member, "/projects/demo/shop?tab=members"),
    ("project_settings", Member, "/projects/demo/shop?tab=settings"),
    ("project_owned", Member, "/projects/team/docs?tab=settings"),
    ("project_tokens", Member, "/projects/demo/shop?tab=tokens"),
    ("project_runners", Member, "/projects/demo/shop?tab=runners"),
    ("project_runners_none", Member, "/projects/team/docs?tab=runners"),
    ("project_permissions", Member, "/projects/demo/shop?tab=permissions"),
    ("project_permissions_nobody", Member, "/projects/demo/shop?tab=permissions&nobody=1"),
    ("project_audit", Member, "/projects/demo/shop?tab=audit&action=project."),
    ("project_redact", Member, "/projects/demo/shop?tab=redact"),
    ("project_guest", Member, "/projects/team/docs/site"),
    ("namespace", Member, "/projects/team/docs?kind=namespace"),
];

#[test]
fn every_page_in_every_language() {
    on_one_runtime(async {
        for (name, visitor, path) in PAGES {
            for language in ["en", "zh"] {
                let (status, _, html) = get_as(*visitor, path, language).await;
                assert_eq!(status, StatusCode::OK, "{path}");
                insta::assert_snapshot!(format!("{name}_{language}"), text(&html));
            }
        }
    });
}

#[test]
fn before_anything_is_there() {
    on_one_runtime(async {
        for (name, visitor, path) in [
            ("none_seen", Nobody, "/projects"),
            ("none", Admin, "/projects"),
            ("account_new", Admin, "/settings/account"),
            ("runners", Admin, "/runners"),
            ("schedules", Admin, "/schedules"),
        ] {
            let response =
                site_for(true, visitor).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
            insta::assert_snapshot!(format!("first_day_{name}"), text(&String::from_utf8_lossy(&bytes)));
        }
    });
}

#[test]
fn no_page_has_a_script_and_hostile_text_stays_text() {
    on_one_runtime(async {
        let variables =
            ["", "?project=1", "?project=1&edit=5"].map(|query| (Admin, format!("/settings/variables{query}")));
        let others = PAGES.iter().map(|(_, visitor, path)| (*visitor, (*path).to_owned()));
        for (visitor, path) in others.chain(variables) {
            let (_, headers, html) = get_as(visitor, &path, "en").await;
            assert!(!html.contains("<script") && !html.contains("modulepreload"), "{path} has a script");
            assert!(!html.contains("<noscript"), "{path} says that it has none");
            for evil in ["<img src=x", "<b>scan", " style=\"", " onclick=", "javascript:", "\u{202e}", "\u{1b}"] {
                assert!(!html.contains(evil), "{path} has {evil:?}");
            }
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(html.matches("<h1").count(), 1, "{path}");
            assert!(html.contains("<link rel=\"stylesheet\" href=\"/pkg/test/weir.css\""), "{path}");
            // Each field has a label around it, or says what it is for.
            for input in html.split("<input").skip(1) {
                let tag = input.split('>').next().unwrap();
                let known = tag.contains("type=\"hidden\"") || tag.contains("aria-") || tag.contains("name=\"");
                assert!(known, "{path}: {tag}");
                if tag.contains("type=\"password\"") {
                    assert!(!tag.contains("value="), "{path} fills in a password: {tag}");
                    let fills = ["current-password", "new-password", "off"];
                    assert!(
                        fills.iter().any(|what| tag.contains(&format!("autocomplete=\"{what}\""))),
                        "{path}: {tag}"
                    );
                }
            }
        }
        // Pages that live still do.
        assert!(get_as(Admin, "/", "en").await.2.contains("<script"));
    });
}

#[test]
fn variables_and_schedules_of_a_project_are_tabs_of_it() {
    on_one_runtime(async {
        let lit = |html: &str| {
            let tags = html.split("<a ").skip(1).filter_map(|rest| rest.split('>').next());
            let here = tags.filter(|tag| tag.contains("aria-current=\"page\""));
            here.filter_map(|tag| tag.split('"').nth(1)).map(str::to_owned).collect::<Vec<_>>()
        };
        for (path, tabs) in [
            ("/settings/variables?project=1", "demo/shop"),
            ("/settings/variables?namespace=demo", "demo"),
            ("/schedules?project=1", "demo/shop"),
        ] {
            let html = get_as(Admin, path, "en").await.2;
            let lit = lit(&html);
            assert_eq!(lit[..2], ["/projects", path], "{path}");
            let nav = html.split("<nav").find(|nav| nav.contains("class=\"tabs\"")).unwrap_or_default();
            assert!(nav.split('>').next().is_some_and(|tag| tag.contains(&format!("\"{tabs}\""))), "{path}: {nav}");
        }
        for (path, entry) in [("/settings/variables", "/settings"), ("/schedules", "/schedules")] {
            assert_eq!(lit(&get_as(Admin, path, "en").await.2)[0], entry, "{path}");
        }
    });
}

#[test]
fn every_page_says_who_is_signed_in() {
    on_one_runtime(async {
        let head = |html: &str| html.split("</header>").next().unwrap().to_owned();
        for path in ["/", "/projects"] {
            let of = async |visitor| head(&get_as(visitor, path, "en").await.2);
            let ada = of(Admin).await;
            assert!(ada.contains("<span class=\"who\">ada") && ada.contains("/rpc/session/sign_out"), "{ada}");
            let nobody = of(Nobody).await;
            assert!(nobody.contains("href=\"/login\" rel=\"external\"") && !nobody.contains("sign_out"));
            let local = of(Local).await;
            assert!(!local.contains("/login") && !local.contains("sign_out"));
            assert!(local.contains("<a href=\"/settings\" rel=\"external\""));
        }
    });
}

#[test]
fn in_front_of_the_door_nothing_leads_past_it() {
    on_one_runtime(async {
        for path in ["/login", "/welcome", "/welcome?key=right", "/password?key=right", "/password?key=used"] {
            let (_, _, html) = get_as(Nobody, path, "en").await;
            let head = html.split("<header").nth(1).unwrap().split("</header>").next().unwrap();
            assert!(!head.contains("<nav") && !head.contains("href=\"/login"), "{path}: {head}");
            assert_eq!(head.matches("<a ").count(), 1, "{path} has more than the brand: {head}");
        }
    });
}

#[test]
fn runners_are_paused_and_changed_one_thing_at_a_time() {
    on_one_runtime(async {
        for (body, path) in [
            ("id=8&name=lab&tags=gpu&untagged=true", "runner/change"),
            ("id=7&paused=true", "runner/pause"),
            ("id=8", "runner/pause"),
            ("id=8", "runner/delete"),
        ] {
            let (status, headers, _) = form(Admin, &format!("/rpc/{path}"), body).await;
            assert_eq!((status, location(&headers)), (StatusCode::FOUND, "/runners"), "{path} {body}");
        }
        let (_, _, html) = get_as(Admin, "/runners", "en").await;
        let row = |name: &str| html.split("<tr").find(|row| row.contains(name)).unwrap().to_owned();
        let own = row("embedded");
        assert!(own.contains("/rpc/runner/pause") && !own.contains("/rpc/runner/delete") && !own.contains("rotate"));
        assert!(row("mac mini").contains("/rpc/runner/delete") && row("mac mini").contains("name=\"paused\""));
        assert!(!row("lab ").contains("name=\"paused\""), "what is paused is resumed");
    });
}

#[test]
fn settings_lead_to_what_there_is() {
    on_one_runtime(async {
        for (visitor, to) in [(Local, "/settings/variables"), (Member, "/settings/account")] {
            let (status, headers, _) = get_as(visitor, "/settings", "en").await;
            assert_eq!((status, location(&headers)), (StatusCode::FOUND, to));
        }
        let (status, headers, _) = get_as(Nobody, "/settings/users?text=a", "en").await;
        assert_eq!((status, location(&headers)), (StatusCode::FOUND, "/login?next=%2Fsettings%2Fusers%3Ftext%3Da"));
        for path in ["/settings/users", "/settings/audit", "/runners"] {
            assert_eq!(get_as(Member, path, "en").await.0, StatusCode::FORBIDDEN, "{path}");
        }
        let local = get_as(Local, "/settings/account", "en").await.2;
        assert!(!local.contains("type=\"password\"") && !local.contains("end_session"));
        for path in [
            "/projects/demo",
            "/projects/demo/none",
            "/projects/demo/shop?tab=x",
            "/projects/team/docs/site?tab=tokens",
        ] {
            let status = get_as(Member, path, "en").await.0;
            let expected = if path == "/projects/demo" { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(status, expected, "{path}");
        }
    });
}

#[test]
fn signing_in_goes_on_to_pages_of_ours_only() {
    on_one_runtime(async {
        for (next, to) in [
            ("%2Fruns%2F42%3Fview%3Dtable", "/runs/42?view=table"),
            ("", "/"),
            ("%2F%2Fevil.example", "/"),
            ("%2F%5Cevil.example", "/"),
            ("%5C%5Cevil.example", "/"),
            ("https%3A%2F%2Fevil.example", "/"),
            ("javascript%3Aalert(1)", "/"),
            ("%2Fa%0D%0ASet-Cookie%3A+x%3Dy", "/"),
        ] {
            let body = format!("name=ada&password={SECRET}&next={next}");
            let (status, headers, _) = form(Nobody, "/rpc/session/sign_in", &body).await;
            assert_eq!((status, location(&headers)), (StatusCode::FOUND, to), "{next}");
            // What the page itself offers is no better.
            let (_, _, html) = get_as(Nobody, &format!("/login?next={next}"), "en").await;
            assert!(html.contains(&format!("name=\"next\" value=\"{to}\"")), "{next}: {html}");
            let (_, headers, _) = get_as(Admin, &format!("/login?next={next}"), "en").await;
            assert_eq!(location(&headers), to);
        }
        // Who says nothing comes back to where they were.
        for (from, to) in [
            ("http://weir.example/runs?status=failed", "/runs?status=failed"),
            ("https://evil.example/runs", "/"),
            ("http://weir.example/login", "/"),
        ] {
            let request = Request::get("/login").header(header::HOST, "weir.example").header(header::REFERER, from);
            let (_, _, html) = send_as(Nobody, request.body(Body::empty()).unwrap()).await;
            assert!(html.contains(&format!("name=\"next\" value=\"{to}\"")), "{from}");
        }
    });
}

#[test]
fn sessions_are_cookies_that_no_script_reads() {
    on_one_runtime(async {
        let cookie = |headers: &HeaderMap| headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        let body = format!("name=ada&password={SECRET}");
        let (_, headers, answer) = form(Nobody, "/rpc/session/sign_in", &body).await;
        let set = cookie(&headers);
        assert!(set.starts_with(&format!("weir_session={SECRET}; Path=/; HttpOnly; SameSite=Lax; Max-Age=")), "{set}");
        assert!(!set.contains("Secure") && !answer.contains(SECRET));
        let (_, headers, _) = form(Admin, "/rpc/session/sign_in", &body).await;
        assert!(cookie(&headers).ends_with("; Secure"));
        let (_, headers, _) = form(Admin, "/rpc/session/sign_out", "").await;
        assert_eq!(cookie(&headers), "weir_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure");
        assert_eq!(location(&headers), "/login");
        for (path, body) in [
            ("/rpc/welcome", "key=right&name=ada&password=long+enough&again=long+enough"),
            ("/rpc/password", "key=right&password=long+enough&again=long+enough"),
        ] {
            let (_, headers, _) = form(Nobody, path, body).await;
            assert!(cookie(&headers).starts_with("weir_session=") && location(&headers) == "/", "{path}");
        }
    });
}

#[test]
fn secrets_are_shown_once_and_to_nobody_else() {
    on_one_runtime(async {
        for (visitor, other, path, body, shown) in [
            (Member, Admin, "token/create", "name=ci&scope=api&expires=", "glpat-s3cr3t-of-ada"),
            (Member, Admin, "token/rotate", "id=1", "glpat-s3cr3t-of-ada-2"),
            (
                Member,
                Admin,
                "token/create",
                "kind=trigger&name=n&project=1&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dtokens",
                "weir.example/api/v4/projects/1/trigger/pipeline",
            ),
            (Member, Admin, "access_key/create", "project=demo%2Fshop", "HUAWEICLOUD_SDK_SK=s3cr3t-of-ada"),
            (Member, Admin, "access_key/rotate", "access=HSTN", "HUAWEICLOUD_SDK_SK=s3cr3t-of-ada"),
            (Admin, Member, "user/create", "name=neu&full_name=Neu", "https://weir.example/password?key=s3cr3t-of-ada"),
            (
                Admin,
                Member,
                "runner/create",
                "name=n&untagged=true",
                "--url https://weir.example --token glrt-s3cr3t-of-ada",
            ),
            (
                Member,
                Admin,
                "runner/create",
                "name=n&tags=gpu&project=1&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Drunners",
                "weir runner --url http://weir.example --token-file",
            ),
            (Admin, Member, "runner/rotate", "id=7", "glrt-s3cr3t-of-ada-2"),
            (Admin, Member, "user/reset_password", "id=2", "https://weir.example/password?key=s3cr3t-of-ada"),
        ] {
            let (status, headers, answer) = form(visitor, &format!("/rpc/{path}"), body).await;
            let to = location(&headers).to_owned();
            assert!(status == StatusCode::FOUND && to.contains("new=") && !to.contains(SECRET), "{path}: {to}");
            assert!(!answer.contains(SECRET), "{path} tells it twice");
            let seen = async |visitor| get_as(visitor, &to, "en").await.2;
            assert!(!seen(other).await.contains(SECRET), "{path}: somebody else sees it");
            assert!(!seen(Nobody).await.contains(SECRET), "{path}: everybody sees it");
            let html = seen(visitor).await;
            assert!(html.contains(shown) && html.contains("not shown again"), "{path}: {}", text(&html));
            let html = seen(visitor).await;
            assert!(!html.contains(SECRET) && html.contains("was shown once"), "{path}: {}", text(&html));
        }
    });
}

#[test]
fn what_leaked_is_told_and_kept_nowhere() {
    on_one_runtime(async {
        let body = "id=1&value=hunter2-leaked&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dredact";
        let (_, headers, answer) = form(Member, "/rpc/project/redact", body).await;
        let to = location(&headers).to_owned();
        assert!(!to.contains("hunter2") && !answer.contains("hunter2"));
        for _ in 0..2 {
            let (_, _, html) = get_as(Member, &to, "en").await;
            let said = text(&html);
            assert!(said.contains("17 logs were looked through; 2 had the value, in 12 places"), "{said}");
            assert!(said.contains("Not looked through: archives within artifacts"), "{said}");
            assert!(
                html.contains("href=\"/jobs/104\"") && html.contains("Grace ⟨U+202E⟩") && !html.contains("hunter2")
            );
            let has = |text: &str| html.contains(text);
            assert!(has("⟨U+202E⟩.txt") && !has("<b>") && said.contains("and 3 more files"), "{said}");
            assert!(has("href=\"/jobs/107\"") && has("/rpc/job/delete_artifacts"));
        }
        // What was deleted is not offered again, and the rest stays.
        let body = format!("id=106&shown={}&back=%2Fprojects%2Fdemo%2Fshop", to.rsplit_once("new=").unwrap().1);
        let (_, headers, _) = form(Member, "/rpc/job/delete_artifacts", &body).await;
        let (_, _, html) = get_as(Member, location(&headers), "en").await;
        assert!(html.contains("⟨U+202E⟩.txt") && !html.contains("report-1.txt"), "{}", text(&html));
    });
}

#[test]
fn the_audit_log_shows_names_as_text_and_leads_on() {
    on_one_runtime(async {
        let (_, _, html) = get_as(Admin, "/settings/audit?action=user&since=2026-03-05", "en").await;
        assert!(html.contains("&lt;script>alert(8)&lt;/script>") || html.contains("&lt;script&gt;alert(8)"), "{html}");
        assert!(html.contains("user ⟨U+202E⟩nimda⟨U+001B⟩[31m"));
        assert!(html.contains("/audit.csv?action=user&amp;since=2026-03-05"), "{html}");
        assert!(html.contains("/settings/audit?action=user&amp;since=2026-03-05&amp;before=93"));
        let (_, _, html) = get_as(Member, "/projects/demo/shop?tab=audit", "en").await;
        assert!(html.contains("/audit.jsonl?project=1") && html.contains("name=\"tab\" value=\"audit\""));
        let (status, _, html) = get_as(Member, "/projects/demo?tab=audit&action=project", "en").await;
        assert!(status == StatusCode::OK && html.contains("/audit.jsonl?action=project&amp;namespace=demo"), "{html}");
        assert_eq!(get_as(Admin, "/settings/audit?since=x", "en").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn addresses_with_a_key_are_told_to_nobody() {
    on_one_runtime(async {
        for path in ["/welcome?key=right", "/password?key=right"] {
            let (_, _, html) = get_as(Nobody, path, "en").await;
            assert!(html.contains("<meta name=\"referrer\" content=\"strict-origin\""), "{path}");
            assert!(!html.contains("no-referrer"), "a form of such a page would come from nowhere");
        }
    });
}
