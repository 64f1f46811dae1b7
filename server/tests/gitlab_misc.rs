//! GitLab's API beside runs, jobs and schedules: people, tokens, groups and projects; over a real server, as scripts ask
//! it.

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
fn people_are_shown_to_each_as_far_as_they_may_see_them() {
    let team = Team::new();
    team.server.admin(&["user", "create", "ada", "--email", "ada@example.org", "--full-name", "Ada Example"]);
    let ada = team.server.admin(&["token", "create", "--user", "ada", "--name", "tests"]);
    shown!(team, "version", team.get("/version"));
    assert_eq!(team.get("/metadata"), team.get("/version"));
    shown!(team, "user", team.get("/user"));
    shown!(team, "users", team.get("/users"));
    shown!(team, "users_for_others", team.ask(&ada, "GET", "/users", &Value::Null).1);
    shown!(team, "user_by_number", team.get("/users/2"));
    shown!(team, "user_by_number_for_others", team.ask(&ada, "GET", "/users/1", &Value::Null).1);
    let names = |path: &str| -> Vec<String> {
        team.get(path).as_array().unwrap().iter().map(|one| one["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/users?username=ADA"), ["ada"]);
    assert_eq!(names("/users?username=ad"), [""; 0]);
    assert_eq!(names("/users?search=exam"), ["ada"]);
    assert_eq!(names("/users?sort=asc"), ["root", "ada"]);
    assert_eq!(names("/users?admins=true"), ["root"]);
    assert_eq!(names("/users?active=True"), ["ada", "root"]);
    team.send("PUT", "/weir/users/ada", &json!({"is_active": false}), 200);
    assert_eq!(names("/users?active=t"), ["root"]);
    assert_eq!(names("/users?blocked=1"), ["ada"]);
    assert_eq!(team.get("/users/2")["state"], "blocked");
    refused(
        &team,
        &[
            ("GET", "/users/99", Value::Null, 404, json!({"message": "404 User Not Found"})),
            ("GET", "/users/x", Value::Null, 400, json!({"error": "id is invalid"})),
            ("GET", "/users?active=perhaps", Value::Null, 400, json!({"error": "active is invalid"})),
            ("GET", "/users?order_by=x", Value::Null, 400, json!({"error": "order_by does not have a valid value"})),
            ("GET", "/users?page=0", Value::Null, 400, json!({"error": "page does not have a valid value"})),
        ],
    );
    assert_eq!(team.ask("", "GET", "/users", &Value::Null).0, 401);
    assert_eq!(team.ask("", "GET", "/user", &Value::Null).0, 401);
    assert_eq!(team.ask(&ada, "GET", "/user", &Value::Null).0, 401, "blocked");
}

#[test]
fn personal_tokens_are_made_listed_replaced_and_ended() {
    let team = Team::new();
    let ada = team.user("ada");
    let draft =
        json!({"name": "deploy", "scopes": ["read_api"], "expires_at": "2099-12-31", "description": "for the shop"});
    let made = team.send("POST", "/users/2/personal_access_tokens", &draft, 201);
    shown!(team, "token_made", made);
    assert_eq!((&made["user_id"], &made["expires_at"]), (&json!(2), &json!("2099-12-31")));
    let text = made["token"].as_str().unwrap().to_owned();
    // It acts as ada, and may only read.
    assert_eq!(team.ask(&text, "GET", "/user", &Value::Null).1["username"], "ada");
    let (status, said) = team.ask(&text, "POST", "/user/personal_access_tokens", &draft);
    assert_eq!((status, &said["error"]), (403, &json!("insufficient_scope")));
    // Everybody makes their own, as a form too.
    let form = [("private-token", ada.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = "name=mine&scopes[]=api";
    let (status, own) = team.server.ask("POST", "/api/v4/user/personal_access_tokens", &form, body);
    let own: Value = serde_json::from_str(&own).unwrap();
    assert_eq!((status, &own["scopes"], &own["expires_at"]), (201, &json!(["api"]), &Value::Null), "{own}");
    let taken = json!({"name": "mine", "scopes": ["api"]});
    let (status, said) = team.ask(&ada, "POST", "/user/personal_access_tokens", &taken);
    assert_eq!((status, said["message"]["name"].is_array()), (400, true), "{said}");
    assert_eq!(team.ask(&ada, "POST", "/users/1/personal_access_tokens", &draft).0, 403);

    // Lists: one's own, and for administrators all.
    let names = |token: &str, query: &str| -> Vec<String> {
        let (status, all) = team.ask(token, "GET", &format!("/personal_access_tokens{query}"), &Value::Null);
        assert_eq!(status, 200, "{query}: {all}");
        all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&ada, ""), ["mine", "deploy", "tests"]);
    assert_eq!(names(&ada, "?sort=name_asc"), ["deploy", "mine", "tests"]);
    assert_eq!(names(&ada, "?search=EPL"), ["deploy"]);
    assert_eq!(names(&ada, "?expires_before=2100-01-01"), ["deploy"]);
    assert_eq!(names(&ada, "?expires_after=2100-01-01"), [""; 0]);
    assert_eq!(names(&ada, "?created_after=2020-01-01T00%3A00%3A00Z&created_before=2020-02-01"), [""; 0]);
    assert_eq!(names(&team.root, "?user_id=2").len(), 3);
    assert_eq!(names(&team.root, "").len(), 4);
    assert_eq!(team.ask(&ada, "GET", "/personal_access_tokens?user_id=1", &Value::Null).0, 403);
    let root_id = team.get("/personal_access_tokens/self")["id"].clone();
    assert_eq!(team.ask(&ada, "GET", &format!("/personal_access_tokens/{root_id}"), &Value::Null).0, 404);
    shown!(team, "token", team.get(&format!("/personal_access_tokens/{}", made["id"])));

    // Another text, another number; the old one is over.
    let id = own["id"].clone();
    let (status, turned) = team.ask(&ada, "POST", &format!("/personal_access_tokens/{id}/rotate"), &json!({}));
    assert_eq!(status, 200, "{turned}");
    assert_ne!(turned["id"], id);
    assert_eq!((&turned["name"], &turned["revoked"]), (&json!("mine"), &json!(false)));
    let old = own["token"].as_str().unwrap();
    assert_eq!(team.ask(old, "GET", "/user", &Value::Null).0, 401);
    assert_eq!(team.ask(turned["token"].as_str().unwrap(), "GET", "/user", &Value::Null).0, 200);
    assert_eq!(names(&ada, "?revoked=true"), ["mine"]);
    assert_eq!(names(&ada, "?state=inactive"), ["mine"]);
    assert_eq!(names(&ada, "?state=active").len(), 3);
    assert_eq!(team.ask(&ada, "POST", &format!("/personal_access_tokens/{id}/rotate"), &json!({})).0, 404, "over");
    // Nobody gets the text of another's, administrators neither; they may end it.
    assert_eq!(
        team.ask(&team.root, "POST", &format!("/personal_access_tokens/{}/rotate", turned["id"]), &json!({})).0,
        403
    );
    assert_eq!(
        team.ask(&team.root, "DELETE", &format!("/personal_access_tokens/{}", turned["id"]), &Value::Null).0,
        204
    );
    assert_eq!(team.ask(turned["token"].as_str().unwrap(), "GET", "/user", &Value::Null).0, 401);

    // The one that is asked with, whatever its scope.
    assert_eq!(team.ask(&text, "GET", "/personal_access_tokens/self", &Value::Null).1["name"], "deploy");
    let (status, said) = team.ask(&text, "POST", "/personal_access_tokens/self/rotate", &json!({}));
    assert_eq!((status, &said["error"]), (403, &json!("insufficient_scope")));
    assert_eq!(team.ask(&text, "DELETE", "/personal_access_tokens/self", &Value::Null).0, 204);
    assert_eq!(team.ask(&text, "GET", "/personal_access_tokens/self", &Value::Null).0, 401);
    let turned = team.ask(&ada, "POST", "/personal_access_tokens/self/rotate", &json!({"expires_at": "2098-01-02"})).1;
    assert_eq!(turned["expires_at"], "2098-01-02");
    assert_eq!(team.ask(&ada, "GET", "/user", &Value::Null).0, 401);

    let missing = |field: &str| json!({"error": format!("{field} is missing")});
    let at = "/user/personal_access_tokens";
    refused(
        &team,
        &[
            ("POST", at, json!({"scopes": ["api"]}), 400, missing("name")),
            ("POST", at, json!({"name": "x"}), 400, missing("scopes")),
            ("POST", at, json!({"name": "x", "scopes": []}), 400, missing("scopes")),
            (
                "POST",
                at,
                json!({"name": "x", "scopes": ["sudo"]}),
                400,
                json!({"error": "scopes does not have a valid value"}),
            ),
            ("POST", at, json!({"name": "x", "scopes": [1]}), 400, json!({"error": "scopes is invalid"})),
            ("POST", at, json!({"name": {}, "scopes": ["api"]}), 400, json!({"error": "name is invalid"})),
            (
                "POST",
                at,
                json!({"name": "x", "scopes": ["api"], "expires_at": "soon"}),
                400,
                json!({"error": "expires_at is invalid"}),
            ),
            (
                "POST",
                "/users/99/personal_access_tokens",
                json!({"name": "x", "scopes": ["api"]}),
                404,
                json!({"message": "404 User Not Found"}),
            ),
            ("GET", "/personal_access_tokens/x", Value::Null, 400, json!({"error": "id is invalid"})),
            ("GET", "/personal_access_tokens/987654", Value::Null, 404, json!({"message": "404 Not Found"})),
            ("DELETE", "/personal_access_tokens/987654", Value::Null, 404, json!({"message": "404 Not Found"})),
            (
                "GET",
                "/personal_access_tokens?state=x",
                Value::Null,
                400,
                json!({"error": "state does not have a valid value"}),
            ),
            (
                "GET",
                "/personal_access_tokens?created_after=x",
                Value::Null,
                400,
                json!({"error": "created_after is invalid"}),
            ),
        ],
    );
    let long = json!({"name": "n".repeat(4096), "scopes": ["api"]});
    assert_eq!(team.ask(&team.root, "POST", at, &long).0, 400);
    assert_eq!(team.ask(&team.root, "POST", at, &json!({"name": "a\u{0}b", "scopes": ["api"]})).0, 400);
    let past = json!({"name": "x", "scopes": ["api"], "expires_at": "2001-01-01"});
    assert_eq!(team.ask(&team.root, "POST", at, &past).0, 400);
}

#[test]
fn projects_are_made_found_changed_and_deleted() {
    let team = Team::new();
    let ada = team.user("ada");
    let source = repository(&[(".gitlab-ci.yml", "a: {script: [x]}\n"), ("ci/other.yml", "b: {script: [x]}\n")]);
    git(source.path(), &["branch", "next"]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    team.project("shop/parts/cart", None);
    let group = team.get("/groups/shop")["id"].clone();
    let body = json!({"name": "My Pump", "namespace_id": group, "visibility": "internal", "description": "Pumps",
        "build_timeout": 1200, "ci_default_git_depth": "5", "shared_runners_enabled": "false"});
    let made = team.send("POST", "/projects", &body, 201);
    shown!(team, "project_made", made);
    assert_eq!((&made["path_with_namespace"], &made["name"]), (&json!("shop/my-pump"), &json!("My Pump")));
    assert_eq!(team.send("POST", "/projects", &json!({"path": "own"}), 201)["path_with_namespace"], "root/own");
    team.send("POST", "/pipelines", &json!({}), 404);

    // By number, path and encoded path.
    let whole = team.get("/projects/1");
    shown!(team, "project", whole);
    assert_eq!(team.get("/projects/shop%2Fweb"), whole);
    shown!(team, "projects_simple", team.get("/projects?simple=true"));
    let names = |token: &str, query: &str| -> Vec<String> {
        let (status, all) = team.ask(token, "GET", &format!("/projects{query}"), &Value::Null);
        assert_eq!(status, 200, "{query}: {all}");
        let path = |one: &Value| one["path_with_namespace"].as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(path).collect()
    };
    let root = team.root.as_str();
    assert_eq!(names(root, ""), ["root/own", "shop/my-pump", "shop/parts/cart", "shop/web"]);
    assert_eq!(names(root, "?search=PUMP"), ["shop/my-pump"]);
    assert_eq!(names(root, "?search=shop"), [""; 0]);
    assert_eq!(
        names(root, "?search=shop&search_namespaces=true&order_by=name&sort=asc"),
        ["shop/parts/cart", "shop/my-pump", "shop/web"]
    );
    assert_eq!(names(root, "?visibility=internal"), ["shop/my-pump"]);
    assert_eq!(names(root, "?archived=true"), [""; 0]);
    assert_eq!(names(root, "?id_after=2&sort=asc"), ["shop/my-pump", "root/own"]);
    assert_eq!(names(&ada, ""), ["shop/my-pump"]);
    assert_eq!(names(&ada, "?membership=true"), [""; 0]);
    team.member("shop", "ada", "maintainer");
    assert_eq!(names(&ada, "?membership=true").len(), 3);
    assert_eq!(names(&ada, "?owned=true"), [""; 0]);
    assert_eq!(names(&ada, "?min_access_level=40").len(), 3);
    let access = team.ask(&ada, "GET", "/projects/1", &Value::Null).1["permissions"].clone();
    assert_eq!(access, json!({"project_access": null, "group_access": {"access_level": 40, "notification_level": 3}}));

    // By keyset only `Link` leads on.
    let headers = [("private-token", root)];
    let page = team.server.raw("GET", "/api/v4/projects?pagination=keyset&order_by=id&per_page=3", &headers, "");
    let link = page.headers()["link"].to_str().unwrap().to_owned();
    assert!(
        link.contains("id_before=2") && link.ends_with("rel=\"next\"") && !page.headers().contains_key("x-total"),
        "{link}"
    );
    let rest =
        link.trim_start_matches('<').split('>').next().unwrap().strip_prefix(&team.server.url).unwrap().to_owned();
    let last = team.server.raw("GET", &rest, &headers, "");
    assert!(!last.headers().contains_key("link"));
    assert_eq!(last.json::<Value>().unwrap().as_array().unwrap().len(), 1);

    // Changes: each is there at once, and has its effect.
    let change = json!({"description": "The shop", "default_branch": "next", "ci_config_path": "ci/other.yml",
        "auto_cancel_pending_pipelines": "disabled", "public_jobs": "False", "build_timeout": "7200"});
    let changed = team.send("PUT", "/projects/1", &change, 200);
    shown!(team, "project_changed", changed);
    assert_eq!(team.get("/projects/1"), changed);
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web"]);
    let (status, run) = team.ask(root, "POST", "/../../api/pipelines/web/run", &json!({}));
    assert_eq!(status, 202, "{run}");
    let jobs = team.get(&format!("/projects/1/pipelines/{}/jobs", run["runId"]));
    assert_eq!((&jobs[0]["name"], &jobs[0]["ref"]), (&json!("b"), &json!("next")));
    let same = team.send("PUT", "/projects/1", &json!({"description": null, "default_branch": "", "path": "web"}), 200);
    assert_eq!((&same["description"], &same["default_branch"]), (&Value::Null, &json!("main")));
    // A maintainer changes settings; who sees it is the owner's to say.
    assert_eq!(team.ask(&ada, "PUT", "/projects/1", &json!({"description": "x"})).0, 200);
    assert_eq!(team.ask(&ada, "PUT", "/projects/1", &json!({"visibility": "public"})).0, 403);
    assert_eq!(team.ask(&ada, "DELETE", "/projects/1", &Value::Null).0, 403);

    let field = |name: &str, text: &str| json!({"message": {name: [text]}});
    let value = |name: &str| json!({"error": format!("{name} does not have a valid value")});
    let hidden = json!({"message": "404 Project Not Found"});
    let none = json!({"error": "name, path are missing, at least one parameter must be provided"});
    let taken = json!({"message": {"project_namespace.name": ["has already been taken"], "name": ["has already been taken"], "path": ["has already been taken"]}});
    refused(
        &team,
        &[
            ("POST", "/projects", json!({}), 400, none),
            ("POST", "/projects", json!({"path": "web", "namespace_id": group}), 400, taken.clone()),
            ("POST", "/projects", json!({"path": "WEB", "namespace_id": group}), 400, taken),
            ("POST", "/projects", json!({"path": "x", "namespace_id": 987}), 400, field("namespace", "is not valid")),
            ("POST", "/projects", json!({"path": "x", "visibility": "open"}), 400, value("visibility")),
            (
                "POST",
                "/projects",
                json!({"path": "x.GIT"}),
                400,
                field("path", "no part of a project's path ends with '.git' or '.atom': x.GIT"),
            ),
            ("POST", "/projects", json!({"path": ["x"]}), 400, json!({"error": "path is invalid"})),
            (
                "PUT",
                "/projects/1",
                json!({"build_timeout": 5}),
                400,
                field("build_timeout", "must be between 600 and 2592000"),
            ),
            ("PUT", "/projects/1", json!({"build_timeout": "x"}), 400, json!({"error": "build_timeout is invalid"})),
            (
                "PUT",
                "/projects/1",
                json!({"ci_default_git_depth": -1}),
                400,
                field("ci_default_git_depth", "must be between 0 and 1000"),
            ),
            (
                "PUT",
                "/projects/1",
                json!({"auto_cancel_pending_pipelines": "x"}),
                400,
                value("auto_cancel_pending_pipelines"),
            ),
            ("PUT", "/projects/1", json!({"public_jobs": "perhaps"}), 400, json!({"error": "public_jobs is invalid"})),
            (
                "PUT",
                "/projects/1",
                json!({"default_branch": "gone"}),
                400,
                field("default_branch", "there is no branch gone in the repository"),
            ),
            (
                "PUT",
                "/projects/1",
                json!({"path": "other"}),
                400,
                field("path", "cannot be changed: a project keeps its path"),
            ),
            ("PUT", "/projects/1", json!({}), 400, json!({"error": "at least one parameter must be provided"})),
            ("GET", "/projects/987654", Value::Null, 404, hidden.clone()),
            ("PUT", "/projects/no%2Fwhere", json!({"description": "x"}), 404, hidden.clone()),
            ("DELETE", "/projects/987654", Value::Null, 404, hidden),
            ("GET", "/projects?order_by=stars", Value::Null, 400, value("order_by")),
            ("GET", "/projects?sort=up", Value::Null, 400, value("sort")),
            ("GET", "/projects?visibility=x", Value::Null, 400, value("visibility")),
            ("GET", "/projects?id_after=x", Value::Null, 400, json!({"error": "id_after is invalid"})),
            (
                "GET",
                "/projects?pagination=keyset&order_by=name",
                Value::Null,
                405,
                json!({"error": "Keyset pagination is not yet available for this type of request"}),
            ),
        ],
    );
    for path in ["../x.yml", "/x.yml", "x@other/project", "https://example.org/x.yml", "a\u{0}b", &"x".repeat(4096)] {
        assert_eq!(team.ask(root, "PUT", "/projects/1", &json!({"ci_config_path": path})).0, 400, "{path}");
    }
    for branch in ["-x", "a..b", "a b", "a\u{0}", &"x".repeat(4096)] {
        assert_eq!(team.ask(root, "PUT", "/projects/1", &json!({"default_branch": branch})).0, 400, "{branch}");
    }
    for path in ["a/b", "..", "a b", "ä", "x\u{0}", &"x".repeat(4096)] {
        let (status, said) = team.ask(root, "POST", "/projects", &json!({"path": path, "namespace_id": group}));
        assert_eq!(status, 400, "{path}: {said}");
    }
    let bob = team.user("bob");
    assert_eq!(team.ask(&bob, "POST", "/projects", &json!({"path": "x", "namespace_id": group})).0, 403);
    assert_eq!(team.ask(&bob, "POST", "/projects", &json!({"path": "x"})).0, 403);
    assert_eq!(team.ask(&bob, "GET", "/projects/1", &Value::Null).0, 404);

    assert_eq!(team.send("DELETE", "/projects/1", &Value::Null, 202), json!({"message": "202 Accepted"}));
    team.send("GET", "/projects/1", &Value::Null, 404);
    // A namespace keeps its number as long as it is there, and is gone with its last project.
    assert_eq!(team.get("/groups/shop")["id"], group);
    team.send("DELETE", "/projects/root%2Fown", &Value::Null, 202);
    team.send("GET", "/groups/root", &Value::Null, 404);
}

#[test]
fn groups_have_numbers_that_stay() {
    let team = Team::new();
    team.project("shop/parts/cart", None);
    team.project("open/web", None);
    let ada = team.user("ada");
    shown!(team, "groups", team.get("/groups"));
    shown!(team, "group", team.get("/groups/shop%2Fparts"));
    assert_eq!(team.get("/groups/2")["full_path"], "shop/parts");
    assert_eq!(team.get("/groups/shop?with_projects=false").get("projects"), None);
    assert_eq!(team.get("/groups/shop")["projects"], json!([]));
    let names = |query: &str| -> Vec<String> {
        team.get(&format!("/groups{query}"))
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["full_path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("?search=PART"), ["shop/parts"]);
    assert_eq!(names("?top_level_only=true"), ["open", "shop"]);
    assert_eq!(names("?order_by=id&sort=desc"), ["open", "shop/parts", "shop"]);
    assert_eq!(team.ask(&ada, "GET", "/groups", &Value::Null), (200, json!([])));
    assert_eq!(team.ask(&ada, "GET", "/groups/shop", &Value::Null), (404, json!({"message": "404 Group Not Found"})));
    team.member("shop/parts/cart", "ada", "guest");
    assert_eq!(team.ask(&ada, "GET", "/groups/1", &Value::Null).0, 200);
    assert_eq!(team.ask(&ada, "GET", "/groups/1/variables", &Value::Null).0, 403);
    assert_eq!(team.ask(&ada, "GET", "/groups/1/runners", &Value::Null).0, 403);
    refused(
        &team,
        &[
            ("GET", "/groups/99", Value::Null, 404, json!({"message": "404 Group Not Found"})),
            ("GET", "/groups/a%00b", Value::Null, 404, json!({"message": "404 Group Not Found"})),
            ("GET", "/groups?sort=x", Value::Null, 400, json!({"error": "sort does not have a valid value"})),
        ],
    );
}

/// Said by another name it would be a secret that everybody is shown.
#[test]
fn a_variable_is_not_hidden_by_half() {
    let team = Team::new();
    team.project("shop/web", None);
    let at = "/projects/1/variables";
    let made = json!({"key": "H", "value": "never-shown-again", "hidden": true});
    let (status, said) = team.ask(&team.root, "POST", at, &made);
    assert_eq!((status, said["message"]["hidden"].to_string().contains("masked_and_hidden")), (400, true), "{said}");
    assert_eq!(team.get(at), json!([]));
    team.send("POST", at, &json!({"key": "H", "value": "shown-to-maintainers", "hidden": false}), 201);
    let both = json!({"key": "B", "value": "never-shown-again", "hidden": true, "masked_and_hidden": true});
    assert_eq!(team.send("POST", at, &both, 201)["value"], Value::Null);
}

/// Git's own words for dates reach from 1973 to 2099; what was outside was taken for now.
#[test]
fn commits_are_filtered_by_any_day() {
    let team = Team::new();
    let source = repository(&[("a.txt", "a\n")]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    let found = |filter: &str| team.get(&format!("/projects/1/repository/commits?{filter}T00:00:00Z"));
    for none in ["since=2200-01-01", "until=1971-01-01", "until=1969-01-01"] {
        assert_eq!(found(none), json!([]), "{none}");
    }
    for all in ["until=2200-01-01", "since=1971-01-01", "since=1969-01-01"] {
        assert_eq!(found(all).as_array().map(Vec::len), Some(1), "{all}");
    }
}
