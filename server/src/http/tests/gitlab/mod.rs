//! GitLab's dialect as its clients see it: status codes, bodies and headers, each as the contract has it.

mod answers;
mod artifacts;
mod errors;
mod frame;
mod held;
mod lists;
mod mirror;
mod nasty;
mod order;
mod people;
mod states;
mod things;

use serde_json::{Value, json};

use super::access::world::{Town, Who};
use super::*;

const JSON: (&str, &str) = ("content-type", "application/json");

impl Town {
    /// Asks as somebody below `/api/v4`, with a JSON body.
    async fn api(&self, who: &str, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(self.who(who), method, &format!("/api/v4{path}"), JSON.1, &body, false).await
    }

    /// Asks with further headers.
    async fn with(&self, who: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let own = self.who(who).headers.iter().map(|(name, value)| (*name, value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(headers.iter().copied()).collect();
        self.world.ask(&self.router, method, &format!("/api/v4{path}"), &all, "").await
    }
}

/// The status and the body of a refusal.
fn refused(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

fn token_of(who: &Who) -> &str {
    &who.headers[0].1
}

impl Town {
    /// The answer to a developer's question, which is a good one.
    async fn dev(&self, path: &str) -> Value {
        let answer = self.api("dev by api", "GET", path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// Lets the jobs of a run that need nobody end well.
    async fn finish(&self, run: RunId) {
        let World { weir, caller, .. } = &self.world;
        // The developer's run, which others look at, goes on.
        let jobs = weir.run(caller, run).await.unwrap().jobs;
        for job in jobs.iter().filter(|job| job.status == model::Status::Pending) {
            let id = job.id;
            self.world
                .write(move |tx| {
                    tx.conn().execute("UPDATE jobs SET token_hash = ?2 WHERE id = ?1", (id.0, vec![id.0 as u8; 32]))?;
                    let reason = model::Reason::TakenBy { runner: "test".into() };
                    crate::store::jobs::transition(tx, id, model::Status::Pending, model::Status::Running, &reason)?;
                    crate::scheduler::settle(tx, run, false)
                })
                .await;
            weir.end_job(id, End::Success).await.unwrap();
        }
    }
}
