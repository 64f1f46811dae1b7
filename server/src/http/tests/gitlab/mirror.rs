//! What is answered of a repository is what is in it now, and its branches and tags have names.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::super::schedules::{commit, git, project, repository};
use super::*;

const DEFINITION: &str = "a:\n  script: x\n";

struct Farm {
    world: World,
    folder: TempDir,
    root: String,
}

impl Farm {
    async fn new() -> Self {
        let (world, folder) = (World::new().await, repository(DEFINITION));
        let id = project(&world, "farm/web", folder.path()).await;
        Self { world, folder, root: format!("/api/v4/projects/{id}") }
    }

    async fn get(&self, path: &str) -> Answer {
        self.world.get(&format!("{}{path}", self.root)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let path = format!("{}{path}", self.root);
        self.world.send(request("POST", &path, &[JSON], body.to_string())).await
    }

    async fn start(&self, git_ref: &str) -> Answer {
        self.post("/pipeline", &json!({"ref": git_ref})).await
    }

    fn git(&self, arguments: &[&str]) {
        git(self.folder.path(), arguments);
    }

    fn sha(&self) -> String {
        let mut asked = std::process::Command::new("git");
        asked.arg("-C").arg(self.folder.path()).args(["rev-parse", "HEAD"]);
        String::from_utf8(asked.output().unwrap().stdout).unwrap().trim().to_owned()
    }
}

#[tokio::test]
async fn bug_the_latest_run_was_that_of_a_commit_that_the_branch_had_left() {
    let farm = Farm::new().await;
    let made = farm.start("main").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    for path in ["/pipelines/latest", "/pipelines/latest?ref=main", "/pipelines/latest?ref=refs%2Fheads%2Fmain"] {
        assert_eq!(farm.get(path).await.json()["id"], made.json()["id"], "{path}");
    }
    commit(farm.folder.path(), "a:\n  script: y\n");
    for path in ["/pipelines/latest?ref=main", "/pipelines/latest", "/pipelines/latest?ref=HEAD"] {
        assert_eq!(refused(&farm.get(path).await), (403, json!({"message": "403 Forbidden"})), "{path}");
    }
}

#[tokio::test]
async fn bug_runs_of_branches_that_are_gone_were_listed_as_those_of_branches() {
    let farm = Farm::new().await;
    farm.git(&["branch", "old"]);
    farm.git(&["tag", "v0"]);
    for git_ref in ["main", "old", "v0"] {
        assert_eq!(farm.start(git_ref).await.status, StatusCode::CREATED, "{git_ref}");
    }
    let refs = async |scope: &str| {
        let list = farm.get(&format!("/pipelines?scope={scope}")).await.json();
        list.as_array().unwrap().iter().map(|run| run["ref"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (refs("branches").await, refs("tags").await),
        (vec!["old".into(), "main".into()], vec!["v0".to_owned()])
    );
    farm.git(&["branch", "-D", "old"]);
    farm.git(&["tag", "-d", "v0"]);
    assert_eq!((refs("branches").await, refs("tags").await), (vec!["main".to_owned()], vec![]));
}

#[tokio::test]
async fn bug_what_git_reads_besides_names_was_taken_for_a_branch() {
    let farm = Farm::new().await;
    commit(farm.folder.path(), "a:\n  script: y\n");
    farm.git(&["branch", "feature/x"]);
    farm.git(&["tag", "v1"]);
    let sha = farm.sha();
    let trigger = farm.post("/triggers", &json!({"description": "t"})).await.json();
    let token = trigger["token"].as_str().unwrap();
    let kept = format!("keep/{sha}");
    let unknown = json!({"message": {"base": ["Reference not found"]}});
    for wrong in [
        "HEAD",
        "@",
        "main^{commit}",
        "main^0",
        "main~1",
        "heads/main",
        "tags/v1",
        "refs/main",
        ":/change",
        "main@{0}",
        &kept,
        &format!("refs/{kept}"),
        "refs/heads/main~1",
        "refs/heads/@",
        &sha,
        &sha[..8],
        "v1-0-gabcdef",
        "none",
    ] {
        assert_eq!(refused(&farm.start(wrong).await), (400, unknown.clone()), "{wrong}");
        let triggered = farm.post("/trigger/pipeline", &json!({"ref": wrong, "token": token})).await;
        assert_eq!(refused(&triggered), (400, unknown.clone()), "{wrong}");
    }
    // What looks like the name of a commit may be that of a branch.
    let digits = &"0123456789abcdef0123456789abcdef01234567"[..8];
    farm.git(&["branch", digits]);
    farm.git(&["branch", "heads/main"]);
    for (given, name, is_tag) in [
        ("main", "main", false),
        ("feature/x", "feature/x", false),
        ("v1", "v1", true),
        ("refs/heads/main", "main", false),
        ("refs/tags/v1", "v1", true),
        ("heads/main", "heads/main", false),
        (digits, digits, false),
    ] {
        let made = farm.start(given).await;
        assert_eq!(made.status, StatusCode::CREATED, "{given}: {}", made.text());
        assert_eq!((&made.json()["ref"], &made.json()["tag"]), (&json!(name), &json!(is_tag)), "{given}");
    }
    // Who only looks may say more.
    for looked in ["HEAD", "main~1", &sha[..8]] {
        assert_eq!(farm.get(&format!("/repository/commits/{looked}")).await.status, StatusCode::OK, "{looked}");
    }
}

#[tokio::test]
async fn bug_a_full_name_meant_the_branch_where_a_tag_is_called_so_too() {
    let farm = Farm::new().await;
    for arguments in [["branch", "both"], ["tag", "both"]] {
        farm.git(&arguments);
    }
    for (given, is_tag) in [("refs/tags/both", true), ("refs/heads/both", false), ("both", false)] {
        assert_eq!(farm.start(given).await.json()["tag"], is_tag, "{given}");
    }
}

#[tokio::test]
async fn bug_the_last_pipeline_of_a_commit_was_a_child() {
    let folder = repository("child:\n  trigger:\n    include: child.yml\n");
    std::fs::write(folder.path().join("child.yml"), DEFINITION).unwrap();
    commit(folder.path(), "child:\n  trigger:\n    include: child.yml\n");
    let world = World::new().await;
    let id = project(&world, "farm/web", folder.path()).await;
    let farm = Farm { world, folder, root: format!("/api/v4/projects/{id}") };
    let made = farm.start("main").await.json();
    farm.world.weir.start_children().await.unwrap();
    let bridges = farm.get(&format!("/pipelines/{}/bridges", made["id"])).await.json();
    assert!(bridges[0]["downstream_pipeline"]["id"].is_i64(), "{bridges}");
    let shown = farm.get("/repository/commits/main").await.json();
    assert_eq!(shown["last_pipeline"]["id"], made["id"], "{shown}");
}

#[tokio::test]
async fn a_branch_that_is_pushed_ends_the_wait_for_it() {
    let farm = Farm::new().await;
    for (path, name) in [("/repository/branches", "one"), ("/repository/branches?regex=^tw", "two")] {
        let before = farm.get(path).await;
        assert_eq!(before.status, StatusCode::OK, "{}", before.text());
        let (path, known) = (format!("{}{path}", farm.root), before.header("etag"));
        let headers = [("if-none-match", known), ("prefer", "wait=60")];
        let held = tokio::time::timeout(Duration::from_secs(20), farm.world.get_with(&path, &headers));
        let pushed = async {
            farm.world.holds(1).await;
            farm.git(&["branch", name]);
        };
        let (held, ()) = tokio::join!(held, pushed);
        let held = held.expect("who waits is told of a new branch");
        assert_eq!(held.status, StatusCode::OK);
        assert!(held.json().as_array().unwrap().iter().any(|one| one["name"] == name), "{}", held.text());
    }
    assert_eq!(refused(&farm.get("/repository/branches?regex=(").await), (400, json!({"error": "regex is invalid"})));
    // Who walks lists by key says the key, which is nothing to this one.
    assert_eq!(farm.get("/repository/tags?pagination=keyset&order_by=id").await.status, StatusCode::OK);
}

impl Farm {
    /// The answer to a request that is held until there is another one than now.
    async fn held(&self, path: &str) -> Answer {
        let before = self.get(path).await;
        assert_eq!(before.status, StatusCode::OK, "{path}: {}", before.text());
        let headers = [("if-none-match", before.header("etag")), ("prefer", "wait=60")];
        self.world.get_with(&format!("{}{path}", self.root), &headers).await
    }
}

#[tokio::test]
async fn bug_each_request_that_waited_fetched_for_itself() {
    let farm = Farm::new().await;
    let paths =
        ["/repository/branches", "/repository/branches/main", "/repository/commits/main", "/repository/commits"];
    let paths: Vec<&str> = paths.into_iter().cycle().take(12).collect();
    let waiting = join_all(paths.iter().map(|path| farm.held(path)));
    let pushed = async {
        farm.world.holds(paths.len()).await;
        let (begun, before) = (Instant::now(), farm.world.weir.fetches());
        commit(farm.folder.path(), "a:\n  script: y\n");
        (begun, before)
    };
    let (answers, (begun, before)) = tokio::join!(waiting, pushed);
    let (fetches, most) = (farm.world.weir.fetches() - before, begun.elapsed().as_secs() / 2 + 1);
    assert!(fetches <= most, "{fetches} fetches, at most {most} are due");
    for (path, answer) in paths.iter().zip(answers) {
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.text().contains(&farm.sha()), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_run_is_of_what_was_pushed_just_before_however_many_wait() {
    let farm = Farm::new().await;
    let waiting = join_all((0..5).map(|_| farm.held("/repository/tags")));
    let started = async {
        farm.world.holds(5).await;
        for script in ["y", "z", "y", "z"] {
            commit(farm.folder.path(), &format!("a:\n  script: {script}\n"));
            assert_eq!(farm.start("main").await.json()["sha"], farm.sha());
        }
    };
    tokio::select! {
        _ = waiting => panic!("nothing was tagged"),
        () = started => {}
    }
}

#[tokio::test]
async fn a_run_that_is_started_ends_the_wait_for_the_latest() {
    let farm = Farm::new().await;
    farm.start("main").await;
    for path in ["/pipelines/latest", "/repository/commits/main"] {
        let started = async {
            farm.world.holds(1).await;
            farm.start("main").await.json()["id"].clone()
        };
        let (held, id) = tokio::join!(farm.held(path), started);
        let shown = held.json();
        assert_eq!(if path.ends_with("latest") { &shown["id"] } else { &shown["last_pipeline"]["id"] }, &id, "{path}");
    }
}

#[tokio::test]
async fn schedules_are_for_branches_and_tags_and_not_for_commits() {
    let farm = Farm::new().await;
    let sha = farm.sha();
    let unknown = (400, json!({"message": {"base": ["Reference not found"]}}));
    let with = |git_ref: &str| json!({"description": "nightly", "ref": git_ref, "cron": "0 2 * * *"});
    for name in [&sha[..], &sha[..8]] {
        assert_eq!(refused(&farm.post("/pipeline_schedules", &with(name)).await), unknown, "{name}");
    }
    // What is not there may be made before it is due.
    let made = farm.post("/pipeline_schedules", &with("later")).await;
    assert_eq!((made.status, &made.json()["ref"]), (StatusCode::CREATED, &json!("later")), "{}", made.text());
    let (id, one) = (made.json()["id"].as_i64().unwrap(), format!("/pipeline_schedules/{}", made.json()["id"]));
    assert_eq!(refused(&farm.post(&format!("{one}/play"), &json!({})).await), unknown);
    // One that was made when commits were taken.
    let kept = sha.clone();
    let sql = "UPDATE schedules SET git_ref = ?2 WHERE id = ?1";
    farm.world.write(move |tx| Ok(tx.conn().execute(sql, (id, kept))?)).await;
    assert_eq!(refused(&farm.post(&format!("{one}/play"), &json!({})).await), unknown);
    farm.git(&["branch", "later"]);
    let path = format!("{}{one}", farm.root);
    let changed = farm.world.send(request("PUT", &path, &[JSON], json!({"ref": "later"}).to_string())).await;
    assert_eq!(changed.json()["ref"], "refs/heads/later", "{}", changed.text());
    let played = farm.post(&format!("{one}/play"), &json!({})).await;
    assert_eq!(played.status, StatusCode::CREATED, "{}", played.text());
}
