//! Every route as everybody: `routes.txt` says what each takes, and the table of `auth::policy` what that means for
//! whom. A route that is not in the file fails, and so does a line without its route.

pub(super) mod requests;
mod rows;
mod streams;
pub(super) mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use requests::Names;
use world::{Ground, Town, Who};

use super::*;
use crate::auth::policy::{Action, Means, Refusal, Resource, TABLE, decide};

const FILE: &str = include_str!("../routes.txt");

/// What a line demands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Need {
    Free,
    Anybody,
    Session,
    Person,
    Job,
    Token,
    Secret,
    Runner,
    Nobody,
    Does(Action),
    DoesAtDefault(Action),
    Lists(Action),
    Shows(Action),
    Among(Action),
}

/// A line of the file.
pub(super) struct Line {
    /// `GET /jobs/{id}/raw`, with what tells it from others of the same route.
    pub route: String,
    pub method: String,
    pub path: String,
    pub needs: Vec<Need>,
}

impl Line {
    /// The route without what stands behind its question mark.
    fn plain(&self) -> String {
        format!("{} {}", self.method, self.path.split('?').next().unwrap_or_default())
    }

    /// Whether a browser shows it.
    fn is_page(&self) -> bool {
        let roots = [
            "/runs",
            "/jobs",
            "/environments",
            "/pipelines",
            "/projects",
            "/settings",
            "/runners",
            "/schedules",
            "/login",
        ];
        let is_file = self.path.contains("/raw") || self.path.contains("/artifacts/");
        self.method == "GET" && !is_file && (self.path == "/" || roots.iter().any(|root| self.path.starts_with(root)))
    }

    /// Whether it is about something in one project.
    fn is_of_project(&self) -> bool {
        self.needs
            .iter()
            .any(|need| matches!(need, Need::Does(action) | Need::Among(action) if !is_of_instance(*action)))
    }
}

fn is_of_instance(action: Action) -> bool {
    TABLE.iter().any(|row| row.action == action && row.on == crate::auth::policy::On::Instance)
}

pub(super) fn lines() -> Vec<Line> {
    let action = |word: &str| {
        let found = TABLE.iter().find(|row| word_of(row.action) == word);
        found.unwrap_or_else(|| panic!("routes.txt: {word} is no action")).action
    };
    let need = |word: &str| match (word, word.split_once(':'), word.split_once('@')) {
        ("free", ..) => Need::Free,
        ("anybody", ..) => Need::Anybody,
        ("session", ..) => Need::Session,
        ("person", ..) => Need::Person,
        ("job", ..) => Need::Job,
        ("token", ..) => Need::Token,
        ("secret", ..) => Need::Secret,
        ("runner", ..) => Need::Runner,
        ("nobody", ..) => Need::Nobody,
        (_, Some(("list", of)), _) => Need::Lists(action(of)),
        (_, Some(("page", of)), _) => Need::Shows(action(of)),
        (_, Some(("among", of)), _) => Need::Among(action(of)),
        (_, _, Some((of, "default"))) => Need::DoesAtDefault(action(of)),
        _ => Need::Does(action(word)),
    };
    let lines = FILE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let read = lines.map(|line| {
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap().to_owned(), words.next().expect("a path").to_owned());
        Line { route: format!("{method} {path}"), needs: words.map(need).collect(), method, path }
    });
    read.collect()
}

/// `ReadRuns` as the file has it.
fn word_of(action: Action) -> String {
    let mut word = String::new();
    for c in format!("{action:?}").chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// How a request is answered, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Allowed,
    SignIn,
    Forbidden,
    Hidden,
}

impl Class {
    fn of(answer: &Answer) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        match answer.status {
            StatusCode::UNAUTHORIZED => Self::SignIn,
            // Pages lead to the login instead.
            StatusCode::FOUND | StatusCode::SEE_OTHER if answer.header("location").starts_with("/login?") => {
                Self::SignIn
            }
            // GitLab's words for a job in the wrong state, which only those hear who may.
            StatusCode::FORBIDDEN if text.contains("Job is not") || text.contains("Only one project") => Self::Allowed,
            // There is no repository here: who may look in it hears that.
            StatusCode::NOT_FOUND
                if ["Branch", "Commit", "File"].iter().any(|of| text.contains(&format!("404 {of} Not"))) =>
            {
                Self::Allowed
            }
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::Hidden,
            _ => Self::Allowed,
        }
    }
}

/// What one need means for somebody.
fn expected_of(need: &Need, who: &Who, ground: &Ground, town: &Town) -> Class {
    let of = |decision: crate::auth::policy::Decision| match decision.refusal {
        None => Class::Allowed,
        Some(_) if !decision.visible => Class::Hidden,
        Some(Refusal::SignIn | Refusal::Means) => Class::SignIn,
        Some(Refusal::Scope | Refusal::Role) => Class::Forbidden,
        Some(Refusal::Hidden) => Class::Hidden,
    };
    match need {
        Need::Person if who.means == Some(Means::Job) => Class::SignIn,
        // Of a login there is no token that it could be about, which is told: 400.
        Need::Token if !who.signed_in || matches!(who.means, Some(Means::Trigger | Means::Job)) => Class::SignIn,
        Need::Free | Need::Anybody | Need::Lists(_) | Need::Person | Need::Token => Class::Allowed,
        Need::Session if who.is_session() => Class::Allowed,
        Need::Job if !who.signed_in => Class::SignIn,
        Need::Job if who.means == Some(Means::Job) => Class::Allowed,
        Need::Job => Class::Hidden,
        Need::Session | Need::Runner | Need::Secret | Need::Nobody => Class::Forbidden,
        Need::Shows(action) => {
            let everything = town.grounds.iter().chain([&town.default]);
            let seen = everything.filter(|ground| decide(who.in_project(ground), *action, ground.resource()).allowed);
            if !who.signed_in && seen.count() == 0 { Class::SignIn } else { Class::Allowed }
        }
        Need::Among(action) => {
            let is_among = decide(who.in_project(ground), *action, ground.resource()).allowed;
            if is_among { Class::Allowed } else { Class::Hidden }
        }
        Need::DoesAtDefault(action) => of(decide(who.in_project(&town.default), *action, town.default.resource())),
        Need::Does(action) => match TABLE.iter().find(|row| row.action == *action).unwrap().on {
            crate::auth::policy::On::Project => of(decide(who.in_project(ground), *action, ground.resource())),
            crate::auth::policy::On::Namespace => {
                let (subject, resource) = who.in_group(ground);
                let decision = decide(subject, *action, resource);
                match decision.refusal {
                    // Whether there is a namespace is no secret for who would make it.
                    Some(Refusal::SignIn | Refusal::Means) if *action == Action::CreateProject => Class::SignIn,
                    Some(_) if *action == Action::CreateProject => Class::Forbidden,
                    _ => of(decision),
                }
            }
            crate::auth::policy::On::Instance => of(decide(who.on_instance(), *action, Resource::Instance)),
        },
    }
}

fn expected(line: &Line, who: &Who, ground: &Ground, town: &Town) -> Class {
    if who.means.is_none() {
        return if line.needs == [Need::Free] { Class::Allowed } else { Class::SignIn };
    }
    // git asks for a password when it hears this, and only then.
    if line.path.contains(".git/") && !who.signed_in {
        return Class::SignIn;
    }
    // GitLab's order: who asks, and by which token, comes before anything is looked up.
    let by_account = !matches!(line.needs.as_slice(), [Need::Free | Need::Runner | Need::Secret | Need::Nobody]);
    let below = line.path.strip_prefix("/api/v4/").unwrap_or_default();
    let is_personal = !matches!(below.split('/').next(), Some("" | "projects" | "groups" | "weir"));
    if by_account && is_personal && !who.signed_in {
        return Class::SignIn;
    }
    if by_account && line.path.starts_with("/api/v4/") && line.method != "GET" {
        match who.means {
            _ if !who.signed_in => return Class::SignIn,
            // A token ends itself, whatever its scope.
            Some(Means::ReadApi) if line.route != "DELETE /api/v4/personal_access_tokens/self" => {
                return Class::Forbidden;
            }
            _ => {}
        }
    }
    // Browsers do not get there, and nobody is anonymous.
    if crate::dialect::codearts::is_root(&line.path) && (!who.signed_in || who.is_session()) {
        return Class::SignIn;
    }
    let classes = line.needs.iter().map(|need| expected_of(need, who, ground, town));
    classes.into_iter().find(|class| *class != Class::Allowed).unwrap_or(Class::Allowed)
}

#[tokio::test]
async fn every_route_has_a_line_and_every_line_a_route() {
    let world = World::public().await;
    let served: BTreeSet<String> = super::super::routes(&world.state)
        .into_list()
        .into_iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let known: BTreeSet<String> = lines().iter().map(Line::plain).collect();
    let unknown: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(unknown.is_empty(), "served, and not in routes.txt: {unknown:#?}");
    assert!(gone.is_empty(), "in routes.txt, and not served: {gone:#?}");
    assert!(lines().iter().all(|line| !line.needs.is_empty()));
}

#[test]
fn routes_are_made_where_they_are_listed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<_> = ["http", "dialect", "dispatch"].map(|name| root.join(name)).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend((!path.ends_with("http/tests")).then_some(path));
            } else if !path.ends_with("http/routes.rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                if text.contains(".route(") || text.contains(".route_service(") || text.contains(".nest_service(") {
                    found.push(path);
                }
            }
        }
    }
    assert!(found.is_empty(), "these make routes that nobody lists: {found:?}");
}

/// Asks as one caller, about one project; what is wrong with the answer.
async fn ask(town: &Town, line: &Line, who: &Who, ground: &Ground) -> Option<String> {
    let wanted = expected(line, who, ground, town);
    let mut names = Names::of(town, ground);
    let who = &if line.path.contains("/personal_access_tokens/") {
        names = names.with_token_of(town, who).await;
        town.with_another_token(who).await
    } else {
        who.clone()
    };
    if wanted == Class::Allowed && line.method != "GET" {
        names = names.used_up(town, ground, who, &line.route).await;
    }
    let request = names.request(town, ground, &line.route);
    let answer = town.ask(who, &line.method, &request.path, request.kind, &request.body, line.is_page()).await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let wrong = |what: &str| {
        let short: String = text.chars().take(160).collect();
        let (method, path) = (&line.method, &request.path);
        Some(format!("{method} {path} of {} as {}: {what}; {} {short}", ground.word, who.name, answer.status))
    };
    // Passwords are asked for only so often.
    let is_too_many = answer.status == StatusCode::TOO_MANY_REQUESTS && line.needs != [Need::Secret];
    if answer.status.is_server_error() || is_too_many {
        return wrong("a fault");
    }
    match line.needs.as_slice() {
        // Others hear nothing of a runner's; whatever else is wrong is told to who has its token.
        [Need::Runner | Need::Secret | Need::Nobody] => {
            return if answer.status.is_success() { wrong("expected a refusal") } else { None };
        }
        [Need::Free] => return if Class::of(&answer) == Class::SignIn { wrong("expected an answer") } else { None },
        _ => {}
    }
    let got = Class::of(&answer);
    // Whoever is refused a page, and could sign in, is led to where that is.
    let is_led = line.is_page() && !who.signed_in && wanted != Class::Allowed;
    let is_gone_fine =
        matches!(line.path.as_str(), "/rpc/token/revoke" | "/rpc/runner/delete" | "/rpc/schedule/delete");
    if got != (if is_led { Class::SignIn } else { wanted }) && !(wanted == Class::Hidden && is_gone_fine) {
        return wrong(&format!("expected {wanted:?}, got {got:?}"));
    }
    if wanted == Class::Hidden {
        let missing = Names::missing(town).request(town, ground, &line.route);
        let other = town.ask(who, &line.method, &missing.path, missing.kind, &missing.body, line.is_page()).await;
        let said = String::from_utf8_lossy(&other.body).into_owned();
        // Pages repeat the address around what they say, and nowhere else.
        let told = |text: &str| {
            let main = text.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>"));
            main.map_or(text.to_owned(), |(main, _)| main.to_owned())
        };
        if other.status != answer.status || told(&said) != told(&text) || told(&text).contains(&ground.mark()) {
            let short: String = told(&said).chars().take(100).collect();
            return wrong(&format!("what is not there is answered {} {short}", other.status));
        }
    }
    // A list has what may be seen, and nothing else.
    let listed = line.needs.iter().filter_map(|need| match need {
        Need::Lists(action) | Need::Shows(action) => Some(*action),
        _ => None,
    });
    let listed: Vec<Action> = listed.collect();
    if !listed.is_empty() && wanted == Class::Allowed {
        for ground in &town.grounds {
            let is_there = text.contains(&ground.mark());
            let may = |action: &Action| decide(who.in_project(ground), *action, ground.resource()).allowed;
            if is_there != listed.iter().any(may) {
                let word = if is_there { "shows" } else { "leaves out" };
                return wrong(&format!("{word} {}", ground.word));
            }
        }
    }
    None
}

/// Every route x everybody x every project.
#[tokio::test]
async fn every_route_as_everybody() {
    let town = Town::new().await;
    let (mut wrong, mut count) = (String::new(), 0_usize);
    let since = std::time::Instant::now();
    let before = town.state_of_things().await;
    for line in lines() {
        for who in &town.people {
            // A login is ended by what ends it.
            if line.path == "/rpc/session/sign_out" && who.is_session() {
                continue;
            }
            // Where the project makes no difference one is enough.
            let few = !line.is_of_project() || who.means.is_none();
            for ground in town.grounds.iter().take(if few { 1 } else { town.grounds.len() }) {
                count += 1;
                if let Some(what) = ask(&town, &line, who, ground).await {
                    let _ = writeln!(wrong, "{what}");
                }
            }
        }
    }
    println!("{count} requests, {} routes, {} callers, {:?}", lines().len(), town.people.len(), since.elapsed());
    assert!(wrong.is_empty(), "{} wrong:\n{wrong}", wrong.lines().count());
    assert_eq!(town.state_of_things().await, before, "nobody had to change what was there before");
}
