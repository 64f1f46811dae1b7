use std::{collections::BTreeSet, fmt::Write as _};

use super::*;

const MEANS: [Means; 5] = [Means::Session, Means::Api, Means::ReadApi, Means::Job, Means::Trigger];
const VISIBILITIES: [Visibility; 3] = [Visibility::Private, Visibility::Internal, Visibility::Public];

fn resources() -> Vec<Resource> {
    let mut all = vec![Resource::Instance];
    for visibility in VISIBILITIES {
        all.push(Resource::Namespace { visibility });
        all.extend([false, true].map(|public_jobs| Resource::Project { visibility, public_jobs }));
    }
    all
}

fn subjects() -> Vec<Subject> {
    let users = MEANS.into_iter().flat_map(|means| Role::ALL.map(|role| Subject::user(role, means)));
    users.chain([Subject::ANONYMOUS]).collect()
}

fn each() -> impl Iterator<Item = (Subject, &'static Row, Resource, Decision)> {
    let of = |subject| TABLE.iter().map(move |row| (subject, row));
    let of = subjects().into_iter().flat_map(of);
    let of = of.flat_map(|(subject, row)| resources().into_iter().map(move |resource| (subject, row, resource)));
    of.map(|(subject, row, resource)| (subject, row, resource, decide(subject, row.action, resource)))
}

#[test]
fn each_action_has_one_row() {
    let actions: BTreeSet<Action> = TABLE.iter().map(|row| row.action).collect();
    assert_eq!(actions.len(), TABLE.len());
    // In the order of the declaration, so that none is left out: the last one is the last row.
    assert!(TABLE.iter().zip(&actions).all(|(row, action)| row.action == *action));
    assert_eq!(actions.len(), Action::ReadInstanceAudit as usize + 1);
}

#[test]
fn a_greater_role_never_may_less() {
    for (subject, row, resource, decision) in each().filter(|(.., decision)| decision.allowed) {
        for role in Role::ALL.into_iter().filter(|role| *role > subject.role) {
            let greater = decide(Subject::user(role, subject.means), row.action, resource);
            assert!(greater.allowed && greater.visible, "{role} {:?} {resource:?} {decision:?}", row.action);
        }
    }
}

#[test]
fn a_wider_visibility_never_closes_anything() {
    for (subject, row, resource, decision) in each().filter(|(.., decision)| decision.allowed) {
        let Resource::Project { public_jobs, .. } = resource else { continue };
        let widest = Resource::Project { visibility: Visibility::Public, public_jobs };
        assert!(decide(subject, row.action, widest).allowed, "{subject:?} {:?} {decision:?}", row.action);
    }
}

#[test]
fn the_anonymous_and_reading_tokens_never_write() {
    for (subject, row, _, decision) in each().filter(|(.., decision)| decision.allowed) {
        if !subject.signed_in || subject.means == Means::ReadApi {
            assert!(row.action.is_reading(), "{subject:?} {decision:?}");
        }
    }
}

#[test]
fn the_anonymous_see_public_projects_only() {
    for (subject, row, resource, decision) in each().filter(|(subject, ..)| !subject.signed_in) {
        let public = matches!(
            resource,
            Resource::Project { visibility: Visibility::Public, .. }
                | Resource::Namespace { visibility: Visibility::Public }
        );
        assert!(!decision.allowed || public, "{subject:?} {:?} {resource:?}", row.action);
        assert!(decision.visible == (public || resource == Resource::Instance));
    }
}

#[test]
fn what_is_hidden_is_never_allowed_and_says_nothing() {
    for (subject, row, resource, decision) in each() {
        assert_eq!(decision.allowed, decision.refusal.is_none());
        assert!(decision.visible || !decision.allowed);
        if decision.visible || row.on != resource.kind() {
            continue;
        }
        // What is answered where nothing is visible depends on the caller alone, never on the resource.
        for other in resources().into_iter().filter(|other| other.kind() == resource.kind()) {
            let other = decide(subject, row.action, other);
            assert!(other.visible || (other.refusal, &other.why) == (decision.refusal, &decision.why));
        }
    }
}

#[test]
fn an_administrator_may_all() {
    for (subject, row, resource, decision) in each() {
        if subject.role == Role::Administrator && subject.means == Means::Session {
            assert_eq!(decision.allowed, row.on == resource.kind(), "{decision:?}");
        }
    }
}

#[test]
fn every_means_may_at_most_what_the_user_may() {
    for (subject, row, resource, decision) in each().filter(|(.., decision)| decision.allowed) {
        let by_session = Subject { means: Means::Session, ..subject };
        assert!(decide(by_session, row.action, resource).allowed, "{subject:?} {decision:?}");
    }
}

#[test]
fn a_job_s_token_sees_its_own_project_only() {
    for (subject, _, resource, decision) in each() {
        let narrow = matches!(subject.means, Means::Job | Means::Trigger);
        if narrow && subject.role == Role::Nobody && resource != Resource::Instance {
            assert!(!decision.visible && !decision.allowed);
        }
        assert!(!narrow || resource != Resource::Instance || !decision.allowed, "{decision:?}");
    }
}

#[test]
fn nobody_gives_more_than_they_have() {
    assert!(may_grant(Role::Maintainer, Role::Maintainer) && !may_grant(Role::Maintainer, Role::Owner));
    assert!(may_grant(Role::Administrator, Role::Owner) && !may_grant(Role::Administrator, Role::Administrator));
    assert!(!may_grant(Role::Developer, Role::Guest));
}

#[test]
fn roles_have_gitlab_s_numbers() {
    assert_eq!(Role::ALL.map(Role::level), [0, 10, 20, 30, 40, 50, 60]);
    assert_eq!(Role::of_member(40), Some(Role::Maintainer));
    assert_eq!([Role::of_member(60), Role::of_member(15), Role::of_member(-10)], [None; 3]);
}

#[test]
fn refusals_are_the_contract_s() {
    let hidden = Resource::Project { visibility: Visibility::Private, public_jobs: true };
    let open = Resource::Project { visibility: Visibility::Public, public_jobs: true };
    let refusal = |subject, action, resource| decide(subject, action, resource).refusal;
    let user = |role, means| Subject::user(role, means);
    assert_eq!(refusal(Subject::ANONYMOUS, Action::ReadProject, hidden), Some(Refusal::Hidden));
    assert_eq!(refusal(Subject::ANONYMOUS, Action::StartRun, hidden), Some(Refusal::SignIn));
    assert_eq!(refusal(user(Role::Nobody, Means::Api), Action::StartRun, hidden), Some(Refusal::Hidden));
    assert_eq!(refusal(user(Role::Nobody, Means::Api), Action::StartRun, open), Some(Refusal::Role));
    assert_eq!(refusal(user(Role::Owner, Means::ReadApi), Action::StartRun, open), Some(Refusal::Scope));
    assert_eq!(refusal(user(Role::Developer, Means::Job), Action::ReadJob, open), Some(Refusal::Means));
    assert_eq!(refusal(user(Role::Nobody, Means::Job), Action::ReadRuns, open), Some(Refusal::Hidden));
    assert_eq!(refusal(user(Role::Nobody, Means::Trigger), Action::StartRun, open), Some(Refusal::Hidden));
    assert_eq!(refusal(user(Role::Guest, Means::Api), Action::ReadTrace, hidden), None);
    assert_eq!(
        refusal(user(Role::Owner, Means::Session), Action::ManageUsers, Resource::Instance),
        Some(Refusal::Role)
    );
    assert_eq!(refusal(user(Role::Owner, Means::Session), Action::ManageUsers, open), Some(Refusal::Hidden));
}

#[test]
fn the_answer_is_a_sentence() {
    let project = Resource::Project { visibility: Visibility::Private, public_jobs: false };
    let why = |role, means, action| decide(Subject::user(role, means), action, project).why;
    assert_eq!(
        why(Role::Guest, Means::Session, Action::StartRun),
        "it takes the role developer (30) to start a run; the role here is guest (10)"
    );
    assert_eq!(
        why(Role::Owner, Means::ReadApi, Action::StartRun),
        "a token of scope read_api may only read; it takes scope api to start a run"
    );
    assert_eq!(why(Role::Owner, Means::Session, Action::DeleteRun), "owner may delete a run");
    let own = explain(Subject::user(Role::Guest, Means::Session), project);
    assert_eq!(own.filter(|(_, decision)| decision.allowed).count(), 2);
}

/// The table as people read it. It is made by asking [`decide`], not by printing the rows.
fn written() -> String {
    let mut text = String::from(
        "# Who may do what\n\n<!-- Made from the table in server/src/auth/policy/table.rs by a test, which also says when it is \
         old (WEIR_WRITE_DOCS=1 writes it anew). -->\n\n- `yes`: may. `jobs`: where the project's runs are public \
         (`public_jobs`). `-`: may not.\n- \"anybody\" and \"signed in\" are people without a role: in a public, in an \
         internal project or namespace.\n- The last four columns are what one may by such a token, where the role is \
         great enough.\n",
    );
    for (title, of) in
        [("In a project", On::Project), ("In a namespace", On::Namespace), ("On the server", On::Instance)]
    {
        let _ = writeln!(
            text,
            "\n## {title}\n\n| to … | anybody | signed in | guest 10 | reporter 20 | developer 30 | maintainer 40 | owner 50 | administrator | `api` | `read_api` | job | trigger |"
        );
        text.push_str("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        for row in TABLE.iter().filter(|row| row.on == of) {
            let cell = |subject: Subject, visibility: Visibility| {
                let may = |public_jobs| {
                    let resource = match of {
                        On::Project => Resource::Project { visibility, public_jobs },
                        On::Namespace => Resource::Namespace { visibility },
                        On::Instance => Resource::Instance,
                    };
                    decide(subject, row.action, resource).allowed
                };
                match (may(false), may(true)) {
                    (true, true) => "yes",
                    (false, true) => "jobs",
                    _ => "-",
                }
            };
            let mut cells = vec![cell(Subject::ANONYMOUS, Visibility::Public)];
            cells.push(cell(Subject::user(Role::Nobody, Means::Session), Visibility::Internal));
            let roles = Role::ALL.into_iter().skip(1);
            cells.extend(roles.map(|role| cell(Subject::user(role, Means::Session), Visibility::Private)));
            let means = MEANS.into_iter().skip(1);
            cells.extend(means.map(|means| cell(Subject::user(Role::Administrator, means), Visibility::Private)));
            let _ = writeln!(text, "| {} | {} |", row.words, cells.join(" | "));
        }
    }
    text
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let written = written();
    if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions.md"), &written).unwrap();
    } else {
        let is_current = written == include_str!("../../../docs/permissions.md");
        assert!(is_current, "docs/permissions.md is old: WEIR_WRITE_DOCS=1 cargo test writes it anew");
    }
}
