//! GitLab's API beside runs, jobs and schedules: variables, environments, runners, repositories and resource groups; and
//! that what has not changed is not sent again.

mod support;

use serde_json::{Value, json};
use support::gitlab::{Team, refused};
use support::{git, repository};

/// A snapshot of an answer.
macro_rules! shown {
    ($team:expr, $name:literal, $value:expr) => {
        insta::assert_json_snapshot!($name, $team.plain(&$value))
    };
}

#[test]
fn variables_of_projects_groups_and_the_server() {
    let team = Team::new();
    team.project("shop/web", None);
    let ada = team.user("ada");
    team.member("shop/web", "ada", "developer");
    for (at, missing, name) in [
        ("/projects/1/variables", "404 Variable Not Found", "project"),
        ("/groups/1/variables", "404 GroupVariable Not Found", "group"),
        ("/admin/ci/variables", "404 InstanceVariable Not Found", "instance"),
    ] {
        let made = team.send(
            "POST",
            at,
            &json!({"key": "DEPLOY_KEY", "value": "s3cret-value", "masked": "true", "protected": true}),
            201,
        );
        insta::assert_json_snapshot!(format!("variable_of_{name}"), made);
        let one = format!("{at}/DEPLOY_KEY");
        assert_eq!(team.get(&one), made);
        let changed = team.send(
            "PUT",
            &one,
            &json!({"key": "DEPLOY_KEY", "value": 9_041_726_530_i64, "description": "for deploys", "raw": "1"}),
            200,
        );
        assert_eq!(
            (&changed["value"], &changed["raw"], &changed["masked"]),
            (&json!("9041726530"), &json!(true), &json!(true))
        );
        let cleared = team.send("PUT", &one, &json!({"description": null}), 200);
        assert_eq!((&cleared["description"], &cleared["value"]), (&Value::Null, &json!("9041726530")));
        assert_eq!(team.get(at), json!([cleared]));
        let taken = json!({"message": {"key": ["(DEPLOY_KEY) has already been taken"]}});
        let bad = json!({"message": {"value": ["is invalid"]}});
        let gone = json!({"message": missing});
        refused(
            &team,
            &[
                ("POST", at, json!({"key": "DEPLOY_KEY", "value": "x"}), 400, taken),
                ("POST", at, json!({"key": "A", "value": "short", "masked": true}), 400, bad.clone()),
                ("POST", at, json!({"key": "A", "value": "two\nlines here", "masked": true}), 400, bad),
                ("POST", at, json!({"value": "x"}), 400, json!({"error": "key is missing"})),
                ("POST", at, json!({"key": "A"}), 400, json!({"error": "value is missing"})),
                ("POST", at, json!({"key": "A", "value": {"a": 1}}), 400, json!({"error": "value is invalid"})),
                (
                    "POST",
                    at,
                    json!({"key": "A", "value": "x", "masked": "perhaps"}),
                    400,
                    json!({"error": "masked is invalid"}),
                ),
                (
                    "POST",
                    at,
                    json!({"key": "A", "value": "x", "variable_type": "x"}),
                    400,
                    json!({"error": "variable_type does not have a valid value"}),
                ),
                ("GET", &format!("{at}/NONE"), Value::Null, 404, gone.clone()),
                ("PUT", &format!("{at}/NONE"), json!({"value": "x"}), 404, gone.clone()),
                ("DELETE", &format!("{at}/NONE"), Value::Null, 404, gone),
            ],
        );
        for key in ["", "A-B", "ä", "A\u{0}", &"K".repeat(4096)] {
            assert_eq!(team.ask(&team.root, "POST", at, &json!({"key": key, "value": "x"})).0, 400, "{key}");
        }
        assert_eq!(team.ask(&team.root, "POST", at, &json!({"key": "A", "value": "x".repeat(10_001)})).0, 400);
        assert_eq!(team.ask(&ada, "GET", at, &Value::Null).0, 403, "{at}");
        assert_eq!(team.ask(&ada, "POST", at, &json!({"key": "A", "value": "x"})).0, 403, "{at}");
        assert_eq!(team.ask("", "POST", at, &json!({"key": "A", "value": "x"})).0, 401, "{at}");
        team.send("DELETE", &one, &Value::Null, 204);
        assert_eq!(team.get(at), json!([]));
    }
    // Several of one key are told apart by their scopes, in the query or in the body.
    let at = "/projects/1/variables";
    for scope in ["*", "live"] {
        team.send("POST", at, &json!({"key": "K", "value": scope, "environment_scope": scope}), 201);
    }
    let several = json!({"message": "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"});
    refused(
        &team,
        &[
            ("GET", "/projects/1/variables/K", Value::Null, 409, several.clone()),
            ("PUT", "/projects/1/variables/K", json!({"value": "x"}), 409, several.clone()),
            ("DELETE", "/projects/1/variables/K", Value::Null, 409, several),
        ],
    );
    let one = "/projects/1/variables/K?filter%5Benvironment_scope%5D=live";
    assert_eq!(team.get(one)["value"], "live");
    assert_eq!(
        team.send(
            "PUT",
            "/projects/1/variables/K",
            &json!({"value": "x", "filter": {"environment_scope": "live"}}),
            200
        )["value"],
        "x"
    );
    team.send("DELETE", one, &Value::Null, 204);
    assert_eq!(team.get("/projects/1/variables/K")["value"], "*");
    // A hidden one is never shown again.
    let hidden = json!({"key": "H", "value": "never-shown-again", "masked_and_hidden": true});
    let made = team.send("POST", at, &hidden, 201);
    assert_eq!((&made["value"], &made["hidden"], &made["masked"]), (&Value::Null, &json!(true), &json!(true)));
    let (status, said) = team.ask(&team.root, "PUT", "/projects/1/variables/H", &json!({"masked": false}));
    assert_eq!((status, said["message"]["base"].is_array()), (400, true), "{said}");
    // Pages, in the order in which they were made.
    let headers = [("private-token", team.root.as_str())];
    let page = team.server.raw("GET", &format!("/api/v4{at}?per_page=1"), &headers, "");
    assert_eq!(
        (&page.headers()["x-total"], &page.headers()["x-next-page"]),
        (&"2".parse().unwrap(), &"2".parse().unwrap())
    );
}

#[test]
fn environments_are_made_changed_stopped_and_deleted() {
    let team = Team::new();
    team.project("shop/web", None);
    let at = "/projects/1/environments";
    let made =
        team.send("POST", at, &json!({"name": "review/cart", "external_url": "https://review.example.org"}), 201);
    shown!(team, "environment_made", made);
    assert_eq!(
        (&made["tier"], &made["state"], &made["slug"].is_string()),
        (&json!("development"), &json!("available"), &true)
    );
    team.send("POST", at, &json!({"name": "live", "tier": "production"}), 201);
    shown!(team, "environments", team.get(at));
    shown!(team, "environment", team.get("/projects/1/environments/1"));
    let names = |query: &str| -> Vec<String> {
        team.get(&format!("{at}{query}"))
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("?name=live"), ["live"]);
    assert_eq!(names("?search=CART"), ["review/cart"]);
    let changed = team.send(
        "PUT",
        "/projects/1/environments/1",
        &json!({"tier": "testing", "external_url": "", "description": "d"}),
        200,
    );
    assert_eq!(
        (&changed["tier"], &changed["external_url"], &changed["description"]),
        (&json!("testing"), &Value::Null, &json!("d"))
    );
    let field = |name: &str, text: &str| json!({"message": {name: [text]}});
    refused(
        &team,
        &[
            ("POST", at, json!({}), 400, json!({"error": "name is missing"})),
            ("POST", at, json!({"name": "live"}), 400, field("name", "has already been taken")),
            (
                "POST",
                at,
                json!({"name": "x", "slug": "x"}),
                400,
                json!({"error": "slug is automatically generated and cannot be changed"}),
            ),
            (
                "POST",
                at,
                json!({"name": "x", "tier": "moon"}),
                400,
                json!({"error": "tier does not have a valid value"}),
            ),
            (
                "POST",
                at,
                json!({"name": "x", "auto_stop_setting": "moon"}),
                400,
                json!({"error": "auto_stop_setting does not have a valid value"}),
            ),
            (
                "POST",
                at,
                json!({"name": "x", "external_url": "javascript:alert(1)"}),
                400,
                field("external_url", "must be an http or https address of at most 255 characters"),
            ),
            ("DELETE", "/projects/1/environments/1", Value::Null, 403, json!({"message": "403 Forbidden"})),
            ("GET", "/projects/1/environments/99", Value::Null, 404, json!({"message": "404 Not found"})),
            ("PUT", "/projects/1/environments/x", json!({}), 400, json!({"error": "environment_id is invalid"})),
            (
                "GET",
                "/projects/1/environments?name=a&search=abc",
                Value::Null,
                400,
                json!({"error": "name, search are mutually exclusive"}),
            ),
            (
                "GET",
                "/projects/1/environments?search=ab",
                Value::Null,
                400,
                json!({"error": "Search query is less than 3 characters"}),
            ),
            (
                "GET",
                "/projects/1/environments?states=x",
                Value::Null,
                400,
                json!({"error": "states does not have a valid value"}),
            ),
        ],
    );
    for name in ["/x", "x/", "ä", "a\u{0}b", "a\nb", &"x".repeat(4096)] {
        assert_eq!(team.ask(&team.root, "POST", at, &json!({"name": name})).0, 400, "{name}");
    }
    let stopped = team.send("POST", "/projects/1/environments/1/stop", &json!({}), 200);
    assert_eq!(stopped["state"], "stopped");
    assert_eq!(team.send("POST", "/projects/1/environments/1/stop?force=True", &json!({}), 200)["state"], "stopped");
    assert_eq!(names("?states=stopped"), ["review/cart"]);
    team.send("DELETE", "/projects/1/environments/1", &Value::Null, 204);
    team.send("GET", "/projects/1/environments/1", &Value::Null, 404);
    let (ada, bob) = (team.user("ada"), team.user("bob"));
    team.member("shop/web", "ada", "reporter");
    assert_eq!(team.ask(&ada, "POST", at, &json!({"name": "x"})).0, 403);
    assert_eq!(team.ask(&ada, "GET", at, &Value::Null).0, 200);
    assert_eq!(team.ask(&bob, "GET", at, &Value::Null).0, 404);
    // Of another project: not there.
    team.project("shop/other", None);
    team.send("GET", "/projects/2/environments/2", &Value::Null, 404);
    team.send("DELETE", "/projects/2/environments/2", &Value::Null, 404);
}

#[test]
fn runners_are_made_shown_changed_lent_and_deleted() {
    let team = Team::new();
    team.project("shop/web", None);
    team.project("shop/cart", None);
    team.project("far/away", None);
    let ada = team.user("ada");
    team.member("shop/web", "ada", "maintainer");
    let own = json!({"runner_type": "project_type", "project_id": 1, "description": "builder", "tag_list": "linux,big", "run_untagged": false, "maximum_timeout": 900});
    let made = team.send("POST", "/user/runners", &own, 201);
    shown!(team, "runner_made", made);
    let id = made["id"].as_i64().unwrap();
    let one = format!("/runners/{id}");
    shown!(team, "runner", team.get(&one));
    team.send("POST", "/user/runners", &json!({"runner_type": "instance_type", "description": "for all"}), 201);
    let names = |token: &str, path: &str| -> Vec<String> {
        let (status, all) = team.ask(token, "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {all}");
        all.as_array().unwrap().iter().map(|one| one["description"].as_str().unwrap().to_owned()).collect()
    };
    shown!(team, "runners", team.get("/projects/1/runners?type=project_type"));
    let root = team.root.as_str();
    let ours = |all: Vec<String>| all.into_iter().filter(|name| name != "embedded runner").collect::<Vec<_>>();
    assert_eq!(ours(names(root, "/runners/all")), ["for all", "builder"]);
    assert_eq!(names(&ada, "/runners"), ["builder"]);
    assert_eq!(ours(names(&ada, "/projects/1/runners")), ["for all", "builder"]);
    assert_eq!(ours(names(root, "/projects/2/runners")), ["for all"]);
    assert_eq!(ours(names(root, "/groups/shop/runners")), ["for all", "builder"]);
    assert_eq!(names(root, "/runners/all?tag_list=big,linux"), ["builder"]);
    assert_eq!(names(root, "/runners/all?tag_list=small"), [""; 0]);
    assert_eq!(names(root, "/runners/all?status=never_contacted&type=project_type"), ["builder"]);
    assert_eq!(ours(names(root, "/runners/all?scope=shared")), ["for all"]);
    assert_eq!(names(root, "/runners/all?creator_id=1").len(), 2);
    assert_eq!(names(root, "/runners/all?paused=true"), [""; 0]);
    team.send("PUT", "/projects/2", &json!({"shared_runners_enabled": false}), 200);
    assert_eq!(names(root, "/projects/2/runners"), [""; 0]);

    let change = json!({"description": "renamed", "active": "false", "tag_list": "mac", "locked": true, "access_level": "ref_protected", "maintenance_note": "n"});
    let changed = team.send("PUT", &one, &change, 200);
    shown!(team, "runner_changed", changed);
    assert_eq!((&changed["paused"], &changed["status"]), (&json!(true), &json!("never_contacted")));
    assert_eq!(team.get(&one), changed);
    assert_eq!(team.get(&format!("{one}/managers")), json!([]));
    assert_eq!(team.get(&format!("{one}/jobs")), json!([]));

    // Lent to another project, and taken back; the last one stays.
    let lend = json!({"runner_id": id});
    let locked = json!({"message": "403 Forbidden - Runner is locked"});
    refused(&team, &[("POST", "/projects/2/runners", lend.clone(), 403, locked)]);
    team.send("PUT", &one, &json!({"locked": false}), 200);
    let lent = team.send("POST", "/projects/2/runners", &lend, 201);
    assert_eq!(lent["projects"].as_array().unwrap().len(), 2);
    assert_eq!(names(root, "/projects/2/runners"), ["renamed"]);
    assert_eq!(team.ask(&ada, "POST", "/projects/3/runners", &lend).0, 404);
    assert_eq!(team.ask(&ada, "POST", "/projects/1/runners", &json!({"runner_id": 1})).0, 403);
    team.send("DELETE", &format!("/projects/1/runners/{id}"), &Value::Null, 204);
    let only = json!({"message": "403 Forbidden - Only one project associated with the runner. Please remove the runner instead"});
    let gone = json!({"message": "404 Not found"});
    let number = json!({"error": "runner_id is invalid"});
    let nothing = team.ask(root, "PUT", &one, &json!({})).1;
    assert!(nothing["error"].as_str().unwrap().ends_with("at least one parameter must be provided"), "{nothing}");
    refused(
        &team,
        &[
            ("DELETE", &format!("/projects/2/runners/{id}"), Value::Null, 403, only),
            ("DELETE", &format!("/projects/3/runners/{id}"), Value::Null, 404, gone.clone()),
            (
                "POST",
                "/projects/2/runners",
                lend.clone(),
                400,
                json!({"message": {"runner": ["has already been taken"]}}),
            ),
            ("POST", "/projects/2/runners", json!({}), 400, json!({"error": "runner_id is missing"})),
            ("POST", "/projects/2/runners", json!({"runner_id": "x"}), 400, number),
            ("POST", "/projects/2/runners", json!({"runner_id": 987}), 404, gone.clone()),
            ("GET", "/runners/987", Value::Null, 404, gone.clone()),
            ("GET", "/runners/x", Value::Null, 400, json!({"error": "id is invalid"})),
            ("DELETE", "/runners/987", Value::Null, 404, gone),
            (
                "PUT",
                &one,
                json!({"maximum_timeout": 5}),
                400,
                json!({"message": {"maximum_timeout": ["needs to be at least 10 minutes"]}}),
            ),
            ("PUT", &one, json!({"maximum_timeout": "x"}), 400, json!({"error": "maximum_timeout is invalid"})),
            (
                "PUT",
                &one,
                json!({"access_level": "x"}),
                400,
                json!({"error": "access_level does not have a valid value"}),
            ),
            ("PUT", &one, json!({"paused": "x"}), 400, json!({"error": "paused is invalid"})),
            ("GET", "/runners?status=x", Value::Null, 400, json!({"error": "status does not have a valid value"})),
            ("GET", "/runners?type=x", Value::Null, 400, json!({"error": "type does not have a valid value"})),
            (
                "GET",
                &format!("{one}/jobs?status=x"),
                Value::Null,
                400,
                json!({"error": "status does not have a valid value"}),
            ),
            ("POST", "/user/runners", json!({}), 400, json!({"error": "runner_type is missing"})),
            (
                "POST",
                "/user/runners",
                json!({"runner_type": "x"}),
                400,
                json!({"error": "runner_type does not have a valid value"}),
            ),
            (
                "POST",
                "/user/runners",
                json!({"runner_type": "project_type"}),
                400,
                json!({"error": "project_id is missing"}),
            ),
        ],
    );
    assert_eq!(team.ask(&ada, "GET", &one, &Value::Null).0, 404, "it is no longer theirs");
    assert_eq!(team.ask(&ada, "GET", "/runners/all", &Value::Null).0, 403);
    let old = made["token"].as_str().unwrap();
    let turned = team.send("POST", &format!("{one}/reset_authentication_token"), &json!({}), 201);
    assert_ne!(turned["token"], json!(old));
    let verify = |token: &str| {
        team.server
            .ask(
                "POST",
                "/api/v4/runners/verify",
                &[("content-type", "application/json")],
                &json!({"token": token}).to_string(),
            )
            .0
    };
    assert_eq!((verify(old), verify(turned["token"].as_str().unwrap())), (403, 200));
    // A process that asks for work is told of.
    let ask = json!({"token": turned["token"], "system_id": "s_1", "info": {"name": "weir", "version": "1.2.3", "platform": "linux", "architecture": "arm64", "revision": "abc"}});
    team.server.ask("POST", "/api/v4/jobs/request", &[("content-type", "application/json")], &ask.to_string());
    let managers = support::eventually("it is noted", || {
        Some(team.get(&format!("{one}/managers"))).filter(|all| all[0].is_object())
    });
    shown!(team, "runner_managers", managers);
    let now = team.get(&one);
    assert_eq!(
        (&now["status"], &now["version"], &now["architecture"]),
        (&json!("online"), &json!("1.2.3"), &json!("arm64"))
    );
    assert_eq!(names(root, "/runners/all?version_prefix=1.2"), ["renamed"]);
    team.send("DELETE", &one, &Value::Null, 204);
    team.send("GET", &one, &Value::Null, 404);
}

#[test]
fn a_repository_is_read() {
    let team = Team::new();
    let ci = "a: {script: [x], resource_group: live}\n";
    let source = repository(&[
        (".gitlab-ci.yml", ci),
        ("docs/a b.md", "# Hello\n"),
        ("docs/raw", "a file called raw\n"),
        (":(glob)**", "odd\n"),
    ]);
    git(source.path(), &["tag", "-a", "v1.0", "-m", "The first"]);
    git(source.path(), &["branch", "feature/cart"]);
    let more = source.path().join("more.txt");
    std::fs::write(&more, "one\ntwo\n").unwrap();
    git(source.path(), &["add", "."]);
    git(source.path(), &["commit", "-qm", "More\n\nWhy it is so.\n"]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    let at = "/projects/1/repository";
    shown!(team, "branches", team.get(&format!("{at}/branches")));
    let branch = team.get(&format!("{at}/branches/feature%2Fcart"));
    shown!(team, "branch", branch);
    assert_eq!(team.get(&format!("{at}/branches/feature/cart")), branch, "raw slashes");
    assert_eq!(
        (&branch["merged"], &branch["default"], &branch["protected"]),
        (&json!(true), &json!(false), &json!(false))
    );
    let names = |path: &str| -> Vec<String> {
        let all = team.get(&format!("{at}{path}"));
        all.as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().or(one["title"].as_str()).unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("/branches?search=CAR"), ["feature/cart"]);
    assert_eq!(names("/branches?search=%5Emain"), ["main"]);
    assert_eq!(names("/branches?search=cart%24"), ["feature/cart"]);
    shown!(team, "tags", team.get(&format!("{at}/tags")));
    // What is new is there.
    git(source.path(), &["branch", "later"]);
    assert_eq!(names("/branches?sort=name_asc"), ["feature/cart", "later", "main"]);
    assert_eq!(names("/commits"), ["More", "Files"]);
    assert_eq!(names("/commits?ref_name=v1.0"), ["Files"]);
    assert_eq!(names("/commits?path=docs"), ["Files"]);
    assert_eq!(names("/commits?path=:(glob)**"), ["Files"]);
    assert_eq!(names("/commits?author=nobody"), [""; 0]);
    assert_eq!(names("/commits?since=2200-01-01T00:00:00Z"), [""; 0]);
    assert_eq!(names("/commits?per_page=1&page=2"), ["Files"]);
    let commit = team.get(&format!("{at}/commits/main"));
    shown!(team, "commit", commit);
    assert_eq!(
        (&commit["last_pipeline"], &commit["stats"]),
        (&Value::Null, &json!({"additions": 2, "deletions": 0, "total": 2}))
    );
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web"]);
    let (_, run) = team.ask(&team.root, "POST", "/../../api/pipelines/web/run", &json!({}));
    let commit = team.get(&format!("{at}/commits/{}", commit["id"].as_str().unwrap()));
    assert_eq!((&commit["last_pipeline"]["id"], commit["status"].is_string()), (&run["runId"], true));
    let file = team.get(&format!("{at}/files/.gitlab-ci.yml?ref=main"));
    shown!(team, "file", file);
    assert_eq!(team.get(&format!("{at}/files/docs%2Fa%20b.md?ref=HEAD"))["content"], "IyBIZWxsbwo=");
    assert_eq!(team.get(&format!("{at}/files/docs%2Fraw?ref=main"))["file_name"], "raw");
    let headers = [("private-token", team.root.as_str())];
    for (path, text) in [
        ("docs%2Fa%20b.md/raw", "# Hello\n"),
        ("docs/a%20b.md/raw?ref=v1.0", "# Hello\n"),
        ("docs%2Fraw/raw", "a file called raw\n"),
        ("%3A(glob)**/raw", "odd\n"),
    ] {
        let answer = team.server.raw("GET", &format!("/api/v4{at}/files/{path}"), &headers, "");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.text().unwrap(), text, "{path}");
    }
    let head = team.server.raw("HEAD", &format!("/api/v4{at}/files/more.txt?ref=main"), &headers, "");
    assert_eq!((head.status().as_u16(), &head.headers()["x-gitlab-size"]), (200, &"8".parse().unwrap()));
    let not = |what: &str| json!({"message": format!("404 {what} Not Found")});
    let long = format!("{at}/files/{}?ref=main", "x".repeat(4096));
    refused(
        &team,
        &[
            ("GET", "/projects/1/repository/branches/none", Value::Null, 404, not("Branch")),
            ("GET", "/projects/1/repository/branches/--help", Value::Null, 404, not("Branch")),
            ("GET", "/projects/1/repository/branches/a%00b", Value::Null, 404, not("Branch")),
            (
                "GET",
                "/projects/1/repository/branches?sort=x",
                Value::Null,
                400,
                json!({"error": "sort does not have a valid value"}),
            ),
            ("GET", "/projects/1/repository/commits/none", Value::Null, 404, not("Commit")),
            ("GET", "/projects/1/repository/commits/--all", Value::Null, 404, not("Commit")),
            ("GET", "/projects/1/repository/commits?ref_name=--output%3D%2Ftmp%2Fx", Value::Null, 404, not("Commit")),
            ("GET", "/projects/1/repository/commits?since=x", Value::Null, 400, json!({"error": "since is invalid"})),
            ("GET", "/projects/1/repository/files/more.txt", Value::Null, 400, json!({"error": "ref is missing"})),
            ("GET", "/projects/1/repository/files/none?ref=main", Value::Null, 404, not("File")),
            ("GET", "/projects/1/repository/files/docs?ref=main", Value::Null, 404, not("File")),
            ("GET", "/projects/1/repository/files/more.txt?ref=none", Value::Null, 404, not("Commit")),
            ("GET", "/projects/1/repository/files/..%2F..%2Fetc%2Fpasswd?ref=main", Value::Null, 404, not("File")),
            ("GET", "/projects/1/repository/files/%2Fetc%2Fpasswd?ref=main", Value::Null, 404, not("File")),
            ("GET", "/projects/1/repository/files/a%00b?ref=main", Value::Null, 404, not("File")),
            ("GET", &long, Value::Null, 404, not("File")),
        ],
    );
    let (ada, bob) = (team.user("ada"), team.user("bob"));
    team.member("shop/web", "ada", "guest");
    assert_eq!(team.ask(&ada, "GET", &format!("{at}/branches"), &Value::Null).0, 403);
    assert_eq!(team.ask(&bob, "GET", &format!("{at}/branches"), &Value::Null).0, 404);
    assert_eq!(team.ask("", "GET", &format!("{at}/branches"), &Value::Null).0, 404);

    // The resource group of the run's job.
    let groups = team.get("/projects/1/resource_groups");
    shown!(team, "resource_groups", groups);
    let group = "/projects/1/resource_groups/live";
    assert_eq!(team.get(group), groups[0]);
    assert_eq!(team.send("PUT", group, &json!({"process_mode": "newest_first"}), 200)["process_mode"], "newest_first");
    let form = [("private-token", team.root.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let (status, said) = team.server.ask("PUT", &format!("/api/v4{group}"), &form, "process_mode=oldest_first");
    assert!(status == 200 && said.contains("oldest_first"), "{said}");
    assert_eq!(team.get(&format!("{group}/upcoming_jobs")), json!([]));
    refused(
        &team,
        &[
            (
                "PUT",
                group,
                json!({"process_mode": "x"}),
                400,
                json!({"error": "process_mode does not have a valid value"}),
            ),
            ("GET", "/projects/1/resource_groups/none", Value::Null, 404, json!({"message": "404 Not found"})),
        ],
    );
}

#[test]
fn what_has_not_changed_is_not_sent_and_head_has_the_same_headers() {
    let team = Team::new();
    let source = repository(&[("a.txt", "a\n")]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    team.send("POST", "/projects/1/environments", &json!({"name": "live"}), 201);
    team.send("POST", "/projects/1/variables", &json!({"key": "K", "value": "v"}), 201);
    for path in [
        "/version",
        "/metadata",
        "/user",
        "/users",
        "/users/1",
        "/personal_access_tokens",
        "/personal_access_tokens/self",
        "/personal_access_tokens/1",
        "/groups",
        "/groups/1",
        "/groups/1/runners",
        "/groups/1/variables",
        "/projects",
        "/projects/1",
        "/projects/1/variables",
        "/projects/1/variables/K",
        "/projects/1/runners",
        "/runners",
        "/runners/all",
        "/projects/1/environments",
        "/projects/1/environments/1",
        "/projects/1/resource_groups",
        "/admin/ci/variables",
        "/projects/1/repository/branches",
        "/projects/1/repository/branches/main",
        "/projects/1/repository/tags",
        "/projects/1/repository/commits",
        "/projects/1/repository/commits/main",
        "/projects/1/repository/files/a.txt?ref=main",
    ] {
        let path = format!("/api/v4{path}");
        let token = ("private-token", team.root.as_str());
        let got = team.server.raw("GET", &path, &[token], "");
        assert_eq!(got.status(), 200, "{path}");
        assert_eq!(got.headers()["content-type"], "application/json", "{path}");
        let tag = got.headers()["etag"].to_str().unwrap().to_owned();
        let again = team.server.raw("GET", &path, &[token, ("if-none-match", &tag)], "");
        assert_eq!(again.status(), 304, "{path}");
        let head = team.server.raw("HEAD", &path, &[token], "");
        assert_eq!((head.status().as_u16(), head.headers()["etag"].to_str().unwrap()), (200, tag.as_str()), "{path}");
    }
    // Somebody who waits is told as soon as something changes.
    let url = format!("{}/api/v4/projects/1", team.server.url);
    let tag =
        team.server.raw("GET", "/api/v4/projects/1", &[("private-token", &team.root)], "").headers()["etag"].clone();
    let root = team.root.clone();
    let waiting = std::thread::spawn(move || {
        let client = reqwest::blocking::Client::builder().timeout(support::PATIENCE).build().unwrap();
        let request =
            client.get(url).header("private-token", root).header("if-none-match", tag).header("prefer", "wait=60");
        request.send().unwrap().json::<Value>().unwrap()
    });
    team.send("PUT", "/projects/1", &json!({"description": "changed"}), 200);
    assert_eq!(waiting.join().unwrap()["description"], "changed");
}
