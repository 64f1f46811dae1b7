//! Who may do what: one table ([`TABLE`]), and the one function that reads it.
//!
//! [`decide`] answers the gate ("may this caller?") and the question on the page and the command line ("what may X do
//! here, and why not?"), so the two cannot differ. It is pure: the caller looks up the role, which is the greatest that
//! the user has in the project and the namespaces above it, and leaves out who is deactivated.

mod row;
mod table;

pub use model::{Role, Visibility};
pub use row::{API, Action, JOB, On, Others, READ, Row, TRIGGER};
pub use table::{TABLE, artifacts, may_grant, row};

/// By what means somebody comes, as far as it narrows what they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A login, or the owner of a `--local` server.
    Session,
    /// A token of scope `api`, or a signed request.
    Api,
    /// A token of scope `read_api`.
    ReadApi,
    /// The token of a job that runs: the user who started the job, in the job's own project. In another project its
    /// role is [`Role::Nobody`], and it sees none but its own.
    Job,
    /// A trigger's token: the trigger's owner, in the trigger's project.
    Trigger,
}

/// Who asks, seen from one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// False for anonymous callers.
    pub signed_in: bool,
    /// The role in the resource, or [`Role::Administrator`].
    pub role: Role,
    /// By what means.
    pub means: Means,
}

impl Subject {
    /// Somebody without a session or token.
    pub const ANONYMOUS: Self = Self { signed_in: false, role: Role::Nobody, means: Means::Session };

    /// A user with a role in the resource.
    pub fn user(role: Role, means: Means) -> Self {
        Self { signed_in: true, role, means }
    }
}

/// To what something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// One project.
    Project {
        /// Who sees it.
        visibility: Visibility,
        /// Whether whoever sees it sees its runs too (GitLab's `public_jobs`).
        public_jobs: bool,
    },
    /// One namespace.
    Namespace {
        /// Who sees it.
        visibility: Visibility,
    },
    /// The whole server.
    Instance,
}

impl Resource {
    fn kind(self) -> On {
        match self {
            Resource::Project { .. } => On::Project,
            Resource::Namespace { .. } => On::Namespace,
            Resource::Instance => On::Instance,
        }
    }

    fn is_seen_by(self, subject: Subject) -> bool {
        // A job's or trigger's token opens its own project and no other, however public.
        let is_narrow = matches!(subject.means, Means::Job | Means::Trigger);
        let open = |visibility| match visibility {
            Visibility::Private => false,
            Visibility::Internal => subject.signed_in && !is_narrow,
            Visibility::Public => !is_narrow,
        };
        subject.role > Role::Nobody
            || match self {
                Resource::Project { visibility, .. } | Resource::Namespace { visibility } => open(visibility),
                Resource::Instance => true,
            }
    }
}

/// Why not; in the order in which the contract (GitLab's REST API, section 3) asks, so that no answer says more than
/// the caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in: 401.
    SignIn,
    /// The token's scope is too small: 403 `insufficient_scope`.
    Scope,
    /// A job's or trigger's token at the wrong place: 401.
    Means,
    /// The resource is not visible: 404, the same as if it were not there.
    Hidden,
    /// The role is too low: 403.
    Role,
}

/// The answer. `why` is for the caller only when `visible`, and for those who may ask what others may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// Whether the caller may know that the resource is there.
    pub visible: bool,
    /// What stands against it.
    pub refusal: Option<Refusal>,
    /// The least role with which it could be done; [`Role::Nobody`] where none is needed.
    pub needs: Role,
    /// The reason, as a sentence that fits after "failed to …: ".
    pub why: String,
}

/// Whether `subject` may do `action` to `resource`.
pub fn decide(subject: Subject, action: Action, resource: Resource) -> Decision {
    let row = row(action);
    let visible = resource.is_seen_by(subject);
    let is_open = match (row.others, resource) {
        (Others::Closed, _) => false,
        (Others::BySight, _) => visible,
        (Others::Jobs, resource) => visible && matches!(resource, Resource::Project { public_jobs: true, .. }),
    };
    let has_role = subject.signed_in && subject.role >= row.least;
    // What is open to others somewhere may be asked for by anybody: that it is closed here is answered by `Hidden`.
    let needs_login = row.others == Others::Closed;
    let refusal = if row.on != resource.kind() {
        Some(Refusal::Hidden)
    } else if !subject.signed_in && needs_login {
        Some(Refusal::SignIn)
    } else if !row.lets(subject) {
        Some(if subject.means == Means::ReadApi { Refusal::Scope } else { Refusal::Means })
    } else if !visible {
        Some(Refusal::Hidden)
    } else if !is_open && !has_role {
        Some(if subject.signed_in { Refusal::Role } else { Refusal::SignIn })
    } else {
        None
    };
    let needs = if is_open { Role::Nobody } else { row.least };
    Decision { allowed: refusal.is_none(), visible, refusal, needs, why: why(subject, row, needs, refusal) }
}

/// What `subject` may do to `resource` and what not: a decision for each row that is about such a resource.
pub fn explain(subject: Subject, resource: Resource) -> impl Iterator<Item = (&'static Row, Decision)> {
    let rows = TABLE.iter().filter(move |row| row.on == resource.kind());
    rows.map(move |row| (row, decide(subject, row.action, resource)))
}

fn why(subject: Subject, row: &Row, needs: Role, refusal: Option<Refusal>) -> String {
    let words = row.words;
    match refusal {
        None if needs == Role::Nobody && subject.role == Role::Nobody => {
            format!("anybody who sees this may {words}")
        }
        None => format!("{} may {words}", subject.role),
        Some(Refusal::SignIn) => format!("one has to sign in to {words}"),
        Some(Refusal::Scope) => format!("a token of scope read_api may only read; it takes scope api to {words}"),
        Some(Refusal::Means) => match subject.means {
            Means::Job => format!("the token of a job may not be used to {words}"),
            Means::Trigger => format!("the token of a trigger is for starting runs only, not to {words}"),
            Means::Session | Means::Api | Means::ReadApi => format!("it takes another kind of token to {words}"),
        },
        Some(Refusal::Hidden) => "there is nothing of that name, or it is not visible without a role in it".to_owned(),
        Some(Refusal::Role) => {
            let level = needs.level();
            format!(
                "it takes the role {needs} ({level}) to {words}; the role here is {} ({})",
                subject.role,
                subject.role.level()
            )
        }
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
