//! Pipelines with their latest runs: many at once, as one snapshot has them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::{Caller, Error, Project, ProjectId, Run};

use super::super::Weir;
use super::super::access::{self, Standing};
use super::super::projects::shown;
use crate::auth::Action;
use crate::store::codearts::{self, Brief, Part};
use crate::store::{Scope, Snapshot, StoreError, projects};

/// A pipeline and how it stands.
#[derive(Clone, Debug)]
pub struct Card {
    /// The pipeline.
    pub pipeline: Brief,
    /// Its latest run, if it ever ran and the caller may know.
    pub latest: Option<Run>,
    /// The stages of that run, and those that it was started without; when they began and ended as far as [`Part`] has it.
    pub parts: Vec<Part>,
}

/// Cards, and what is told of everything on them.
#[derive(Clone, Debug, Default)]
pub struct Cards {
    /// In the order that was asked for.
    pub list: Vec<Card>,
    /// Their projects, as the caller sees them.
    pub projects: HashMap<ProjectId, Project>,
    /// Uids of the users who are named, by name.
    pub people: HashMap<String, String>,
}

impl Weir {
    /// How the pipelines with these uids stand: those that have a run and whose runs the caller may see, each once, in the
    /// order of the list. `within` narrows them to one project. One snapshot, whatever happens meanwhile.
    pub async fn cards_of(
        &self,
        caller: &Caller,
        uids: &[String],
        within: Option<ProjectId>,
        with_spans: bool,
    ) -> Result<Cards, Error> {
        let (caller, uids) = (caller.clone(), uids.to_vec());
        let cards = self.store.read(move |conn| {
            let scope = access::scope(conn, &caller, Action::ReadRuns)?.narrowed(within);
            let mut found: HashMap<String, Brief> = codearts::called(conn, &uids, &scope)?
                .into_iter()
                .map(|brief| (brief.uid.as_str().to_owned(), brief))
                .collect();
            let briefs: Vec<Brief> = uids.iter().filter_map(|uid| found.remove(uid)).collect();
            let mut cards = cards(conn, &caller, briefs, &scope, with_spans)?;
            cards.list.retain(|card| card.latest.is_some());
            Ok(cards)
        });
        Ok(cards.await?)
    }

    /// Every pipeline of these projects that the caller sees (all projects for `None`), by number.
    pub async fn cards_in(&self, caller: &Caller, within: Option<Vec<ProjectId>>) -> Result<Cards, Error> {
        let caller = caller.clone();
        let cards = self.store.read(move |conn| {
            let scope = access::scope(conn, &caller, Action::ReadProject)?;
            let scope = match within {
                Some(wanted) => Scope::Of(wanted.into_iter().filter(|project| scope.holds(*project)).collect()),
                None => scope,
            };
            let briefs = codearts::of_projects(conn, &scope)?;
            let runs = access::scope(conn, &caller, Action::ReadRuns)?;
            cards(conn, &caller, briefs, &runs, true)
        });
        Ok(cards.await?)
    }
}

fn cards(
    conn: &Snapshot,
    caller: &Caller,
    briefs: Vec<Brief>,
    runs: &Scope,
    with_spans: bool,
) -> Result<Cards, StoreError> {
    let ids: Vec<_> = briefs.iter().filter(|brief| runs.holds(brief.project)).map(|brief| brief.id).collect();
    let mut latest = codearts::latest(conn, &ids)?;
    let mut parts = codearts::parts(conn, latest.values(), with_spans)?;
    let list: Vec<Card> = briefs
        .into_iter()
        .map(|pipeline| {
            let latest = latest.remove(&pipeline.id);
            let parts = latest.as_ref().and_then(|run| parts.remove(&run.id)).unwrap_or_default();
            Card { pipeline, latest, parts }
        })
        .collect();
    let mut of = HashMap::new();
    let mut people = HashMap::new();
    if with_spans {
        let standing = Standing::of(conn, caller)?;
        for card in &list {
            let id = card.pipeline.project;
            if let Entry::Vacant(vacant) = of.entry(id) {
                vacant.insert(shown(&standing, projects::require(conn, id)?));
            }
        }
        let creators = list.iter().filter_map(|card| card.pipeline.creator.as_deref());
        let users = list.iter().filter_map(|card| card.latest.as_ref()).map(|run| run.user.as_str());
        people = codearts::people(conn, creators.chain(users))?;
    }
    Ok(Cards { list, projects: of, people })
}
