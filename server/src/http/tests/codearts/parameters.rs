//! Parameters of runs: what they may be called, how large they may be, and who gets them.

use serde_json::json;

use super::pipelines::Shop;
use super::*;

/// What a runner that asks for a job is given.
async fn payload(world: &World) -> Value {
    let token = "glrt-test";
    let hash = crate::random::hash(token);
    let made = world.weir.store().write(move |tx| runners::ensure(tx, "asks", &hash, &[]));
    made.await.unwrap();
    let body = json!({"token": token, "system_id": "s", "info": {"features": {}}}).to_string();
    let asked = request("POST", "/api/v4/jobs/request", &[("content-type", "application/json")], body);
    let answer = world.send(asked).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn bug_names_that_no_shell_knows_were_refused() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let names = ["a-b.c", "名", "a b", "1A", "A=B", "WHO"];
    let list: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "me"})).collect();
    let starts = [
        ("/v3/jobs/build".to_owned(), json!({"job_id": web, "parameter": list})),
        (format!("/v3/pipelines/{web}/start"), json!({"build_params": list})),
        (format!("/v5/{}/api/pipelines/{web}/run", shop.project), json!({"variables": list})),
    ];
    for (number, (target, body)) in (1..).zip(&starts) {
        shop.post(target, body).await;
        let told = shop.get(&format!("/v1/job/{web}/{number}/history-parameters")).await;
        assert_eq!(told["result"], json!(list), "{target}");
        let details = shop.get(&format!("/v3/jobs/{web}/{number}/history-details")).await;
        assert!(names.iter().all(|name| details["parameters"][name] == "me"), "{details}");
        let one = shop.get(&format!("/v3/pipelines/{web}/status")).await;
        assert_eq!(one["parameters"], json!(list));
    }
    // Whoever wrote a shell's script gets what a shell can have.
    let variables = payload(&shop.world).await["variables"].take();
    let keys: Vec<&str> = variables.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(names.map(|name| keys.contains(&name)), [false, false, false, false, false, true]);
    // The other interfaces have the names of GitLab.
    let body = json!({"variables": {"a-b": "x"}}).to_string();
    let refused = shop.world.send(request("POST", "/api/pipelines/web/run", &[JSON], body)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn bug_a_parameter_that_no_process_can_get_was_accepted() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let project = shop.world.weir.project_of_uid(&shop.world.caller, &shop.project).await.unwrap().id;
    let own = shop.world.weir.pipeline_of_project(&shop.world.caller, project).await;
    let key = own.map_or_else(|_| "web".to_owned(), |key| key.to_string());
    let large = "x".repeat(128 << 10);
    // Many that are small enough, and too many together.
    let many: Vec<(String, String)> = (0..9).map(|at| (format!("V{at}"), large[4..].to_owned())).collect();
    for (given, name, limit) in [(vec![("BIG".to_owned(), large.clone())], "BIG", "131072"), (many, "V8", "1048576")] {
        let list = |name: &str| -> Vec<Value> { given.iter().map(|(k, v)| json!({name: k, "value": v})).collect() };
        let named = list("name");
        for (target, body) in [
            ("/v3/jobs/build".to_owned(), json!({"job_id": web, "parameter": named})),
            (format!("/v3/pipelines/{web}/start"), json!({"build_params": named})),
            (format!("/v5/{}/api/pipelines/{web}/run", shop.project), json!({"variables": named})),
        ] {
            let answer = shop.signer.ask(&shop.world, "POST", &target, &body.to_string()).await;
            let (said, is_build) = (answer.json(), target.contains("/jobs/"));
            let code = if is_build { "CB.00060200" } else { "DEVCP.00000001" };
            assert_eq!((answer.status.as_u16(), &said["error_code"]), (400, &json!(code)), "{target}");
            let text = said["error_msg"].as_str().unwrap();
            assert!(text.contains(name) && text.contains(limit) && text.len() < 300, "{text}");
        }
        if given.len() == 1 {
            let keyed = list("key");
            for (target, body) in [
                (format!("/api/v4/projects/{}/pipeline", project.0), json!({"ref": "main", "variables": keyed})),
                (format!("/api/pipelines/{key}/run"), json!({"variables": keyed})),
            ] {
                let answer = shop.world.send(request("POST", &target, &[JSON], body.to_string())).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{target}: {}", answer.text());
                assert!(answer.text().contains(name) && answer.text().contains(limit), "{}", answer.text());
            }
        }
    }
    let list = shop.world.weir.runs(&shop.world.caller, model::view::RunFilter::default()).await.unwrap();
    assert!(list.runs.is_empty(), "nothing was made");
}

#[tokio::test]
async fn bug_the_dashboard_did_not_show_what_a_run_was_started_with() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let mut listener = Listener::open(&shop.world, "/live/dashboard", None).await;
    listener.expect("state").await;
    let names = ["WHO", "REF", "LONG", "FOUR", "FIVE"];
    let list: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "markZ".repeat(9)})).collect();
    shop.post("/v3/jobs/build", &json!({"job_id": web, "parameter": list})).await;
    let run = listener.expect("state").await.data["active"][0].take();
    let shown: Vec<&str> = run["given"]["shown"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!((run["user"].as_str(), shown.len(), &run["given"]["more"]), (Some("ada"), 3, &json!(2)));
    assert!(shown[0].starts_with("WHO=markZmarkZ") && shown[0].chars().count() == 40, "{shown:?}");
    let page = shop.world.get_with("/", &[("accept", "text/html")]).await;
    assert!(page.text().contains("WHO=markZmarkZ") && page.text().contains("… +2<"), "{}", page.text());
    // The list of runs has the same rows.
    let page = shop.world.get_with("/runs", &[("accept", "text/html")]).await;
    assert!(page.text().contains("WHO=markZmarkZ"));
    // Who may not see variables on the page of the run does not see them here, nor does anybody see secrets.
    let id = RunId(run["id"].as_i64().unwrap());
    let viewer = |caller: Caller| {
        let weir = Arc::clone(&shop.world.weir);
        async move { (weir.dashboard(&caller).await.unwrap().active, weir.run(&caller, id).await.unwrap().variables) }
    };
    let project = shop.world.weir.project_of_uid(&shop.world.caller, &shop.project).await.unwrap().id;
    for (name, role, sees) in [
        ("gil", model::Role::Reporter, false),
        ("dev", model::Role::Developer, false),
        ("max", model::Role::Maintainer, true),
    ] {
        let id = shop.world.user(name).await;
        let via = model::Via::Session(shop.world.session(id).await.0);
        let user = Caller { user: name.into(), id: Some(id), via, address: None };
        let place = model::Place::Project(project);
        shop.world.weir.set_member(&shop.world.caller, place, name, Some(role)).await.unwrap();
        let (active, variables) = viewer(user).await;
        assert_eq!((active[0].given.is_some(), variables.is_empty()), (sees, !sees), "{name}");
    }
    let masked = shop.world.weir.store().write(move |tx| {
        let sql = "UPDATE runs SET variables = json_set(variables, '$[0].masked', json('true')) WHERE id = ?1";
        tx.conn().execute(sql, [id.0])?;
        Ok(())
    });
    masked.await.unwrap();
    let given = viewer(shop.world.caller.clone()).await.0[0].given.clone().unwrap();
    assert!(given.shown[0].starts_with("REF=") && given.more == 1, "{given:?}");
}
