//! What a run is of: a branch, a tag and a commit are three things, whatever they are called.

use std::path::Path;

use model::Visibility;
use serde_json::json;

use super::*;

/// A server with a pipeline whose project has a repository of two commits.
struct Shop {
    world: World,
    signer: Signer,
    repository: TempDir,
    project: String,
    uid: String,
    commits: [String; 2],
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let done = std::process::Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

impl Shop {
    async fn new() -> Self {
        let repository = TempDir::new().unwrap();
        let folder = repository.path();
        git(folder, &["init", "--quiet", "--initial-branch", "main"]);
        for (name, value) in [("user.name", "t"), ("user.email", "t@example.org")] {
            git(folder, &["config", name, value]);
        }
        let commits = ["One", "Two"].map(|title| {
            git(folder, &["commit", "--quiet", "--allow-empty", "-m", title]);
            git(folder, &["rev-parse", "HEAD"])
        });
        let world = World::new().await;
        let source = Some(folder.to_string_lossy().into_owned());
        let made = world.weir.create_project(&world.caller, "shop/web", source.as_deref(), Visibility::Private);
        let project = made.await.unwrap().uid.to_string();
        let new = NewPipeline {
            key: "web".into(),
            project: Some("shop/web".into()),
            definition: Some("a: {script: x}".into()),
            ..NewPipeline::default()
        };
        let uid = world.weir.create_pipeline(&world.caller, new).await.unwrap().uid.to_string();
        let signer = Signer::of(&world, None, None).await;
        Self { world, signer, repository, project, uid, commits }
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.repository.path(), arguments)
    }

    /// Builds; the ref and the commit of what was made, or why nothing was.
    async fn build(&self, scm: &Value) -> Result<(String, String), String> {
        let body = json!({"job_id": self.uid, "scm": scm}).to_string();
        let answer = self.signer.ask(&self.world, "POST", "/v3/jobs/build", &body).await;
        self.made(&answer).await
    }

    /// Runs the pipeline as version 5 does.
    async fn run(&self, build: &Value) -> Result<(String, String), String> {
        let body = json!({"sources": [{"type": "code", "params": {"build_params": build}}]}).to_string();
        let target = format!("/v5/{}/api/pipelines/{}/run", self.project, self.uid);
        let answer = self.signer.ask(&self.world, "POST", &target, &body).await;
        self.made(&answer).await
    }

    async fn made(&self, answer: &Answer) -> Result<(String, String), String> {
        if answer.status != StatusCode::OK {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
            return Err(answer.json()["error_msg"].as_str().unwrap().to_owned());
        }
        let list = self.world.weir.runs(&self.world.caller, model::view::RunFilter::default()).await.unwrap();
        let run = &list.runs[0];
        Ok((format!("{}{}", if run.is_tag { "tag " } else { "" }, run.git_ref), run.sha.clone()))
    }
}

#[tokio::test]
async fn bug_a_tag_that_moved_was_built_although_the_commit_was_named() {
    let shop = Shop::new().await;
    let [one, two] = &shop.commits;
    shop.git(&["tag", "mv", one]);
    assert_eq!(shop.build(&json!({"build_tag": "mv"})).await, Ok(("tag mv".into(), one.clone())));
    shop.git(&["tag", "--force", "mv", two]);
    let both = json!({"build_tag": "mv", "build_commit_id": one});
    let said = format!("the tag \"mv\" is not of the commit {one}, but of {two}");
    assert_eq!(shop.build(&both).await, Err(said));
    let both = json!({"build_tag": "mv", "build_commit_id": &two[..8]});
    assert_eq!(shop.build(&both).await, Ok(("tag mv".into(), two.clone())));
}

#[tokio::test]
async fn bug_a_branch_that_is_called_as_its_commit_begins_was_told_as_a_commit() {
    let shop = Shop::new().await;
    let two = &shop.commits[1];
    shop.git(&["branch", &two[..8]]);
    let kinds = async || {
        let span = "start_time=2020-01-01%2000%3A00%3A00&end_time=2999-01-01%2000%3A00%3A00";
        let records = format!("/v3/jobs/{}/build-info-records?{span}", shop.uid);
        let records = shop.signer.get(&shop.world, &records).await["result"]["job_build_states"][0].take();
        let runs = format!("/v5/{}/api/pipelines/{}/pipeline-runs/list", shop.project, shop.uid);
        let runs = shop.signer.post(&shop.world, &runs, "{}").await["pipeline_runs"][0]["build_params"].take();
        assert_eq!((&records["build_type"], &records["code_branch"]), (&runs["build_type"], &runs["target_branch"]));
        (records["build_type"].clone(), records["code_branch"].clone())
    };
    shop.run(&json!({"build_type": "branch", "target_branch": two[..8]})).await.unwrap();
    assert_eq!(kinds().await, (json!("branch"), json!(two[..8])));
    shop.build(&json!({"build_commit_id": two[..8]})).await.unwrap();
    assert_eq!(kinds().await, (json!("commit"), Value::Null));
}

#[tokio::test]
async fn bug_a_branch_was_built_for_the_tag_of_its_name() {
    let shop = Shop::new().await;
    let [one, two] = &shop.commits;
    shop.git(&["tag", "v1", one]);
    assert!(shop.build(&json!({"build_tag": "v1"})).await.is_ok());
    shop.git(&["branch", "v1", two]);
    for _ in 0..2 {
        assert_eq!(shop.build(&json!({"build_tag": "v1"})).await, Ok(("tag v1".into(), one.clone())));
    }
    let tag = json!({"build_type": "tag", "tag": "v1"});
    assert_eq!(shop.run(&tag).await, Ok(("tag v1".into(), one.clone())));
    let branch = json!({"build_type": "branch", "target_branch": "v1"});
    assert_eq!(shop.run(&branch).await, Ok(("v1".into(), two.clone())));
    // What is only the one of both is not taken for the other.
    shop.git(&["tag", "--delete", "v1"]);
    let none = Err("there is no tag \"v1\" in the repository".to_owned());
    assert_eq!((shop.build(&json!({"build_tag": "v1"})).await, shop.run(&tag).await), (none.clone(), none));
    assert_eq!(
        shop.run(&json!({"build_type": "tag", "tag": "main"})).await,
        Err("there is no tag \"main\" in the repository".to_owned())
    );
    shop.git(&["tag", "only", one]);
    assert_eq!(
        shop.run(&json!({"build_type": "branch", "target_branch": "only"})).await,
        Err("there is no branch \"only\" in the repository".to_owned())
    );
    // A commit is no branch.
    assert!(shop.run(&json!({"build_type": "branch", "target_branch": one})).await.is_err());
    assert!(shop.run(&json!({"target_branch": one})).await.is_err());
}

#[tokio::test]
async fn bug_a_branch_was_built_for_the_commit_whose_digits_it_is_called() {
    let shop = Shop::new().await;
    let [one, two] = &shop.commits;
    let digits = &one[..7];
    shop.git(&["update-ref", &format!("refs/heads/{digits}"), two]);
    shop.git(&["update-ref", &format!("refs/tags/{one}"), two]);
    for wanted in [digits, &digits.to_uppercase(), one] {
        let made = shop.build(&json!({"build_commit_id": wanted})).await;
        assert_eq!(made, Ok((wanted.to_lowercase(), one.clone())), "{wanted}");
    }
    let commit = json!({"build_type": "commit", "commit_id": digits});
    assert_eq!(shop.run(&commit).await, Ok((digits.to_owned(), one.clone())));
    let target = format!("/v5/{}/api/pipelines/{}/pipeline-runs/detail", shop.project, shop.uid);
    let build = shop.signer.get(&shop.world, &target).await["sources"][0]["params"]["build_params"].clone();
    let told = ["build_type", "commit_id", "target_branch", "tag"].map(|name| build[name].clone());
    assert_eq!(told, [json!("commit"), json!(one), Value::Null, Value::Null]);
    assert!(shop.run(&json!({"build_type": "commit"})).await.is_err(), "no commit is named");
    assert!(shop.build(&json!({"build_commit_id": "0000000"})).await.is_err());
    // A tree has a name of the same kind.
    let tree = shop.git(&["rev-parse", "HEAD^{tree}"]);
    assert!(shop.build(&json!({"build_commit_id": tree})).await.is_err());
}

#[tokio::test]
async fn bug_expressions_were_taken_for_tags() {
    let shop = Shop::new().await;
    shop.git(&["tag", "v1"]);
    for wrong in ["v1^{}", "v1~1", "v1^{commit}", "v1:x", "v1@{0}", "../heads/main", ""] {
        let made = shop.build(&json!({"build_tag": wrong})).await;
        assert_eq!(made.is_err(), !wrong.is_empty(), "{wrong}");
    }
}
