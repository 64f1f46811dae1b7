//! Users, sessions, tokens, places and what was recorded. What people typed is hostile.

use app::service::Accounts;
use async_trait::async_trait;
use model::{
    AccessKey, AccessKeyId, AccountView, AuditChange, AuditEntry, AuditFilter, AuditId, AuditPage, Caller, Error,
    JobId, Me, Member, NewAccessKey, NewSession, NewToken, NewUser, PasswordLink, Permission, PermissionsView, Place,
    PlaceRights, PlaceView, ProjectId, ProjectOptions, ProjectSettings, ProtectedRef, Redaction, Role, RunnerDraft,
    RunnerId, RunnerView, Seq, Session, SessionId, Timestamp, Token, TokenDraft, TokenId, TokenKind, TokenScope, Uid,
    User, UserChanges, UserId, Visibility,
};

use super::data::at;
use super::{Fixture, runners};

/// The password that is right, and the text of every new secret.
pub const SECRET: &str = "s3cr3t-of-ada";

fn user(id: i64, name: &str, full_name: &str) -> User {
    User {
        id: UserId(id),
        uid: Uid::from_bytes([id as u8; 16]),
        name: name.into(),
        full_name: full_name.into(),
        email: Some(format!("{}@weir.example", name.to_lowercase())),
        is_admin: false,
        is_bot: false,
        is_active: true,
        has_password: true,
        created_at: at(-9000),
        seen_at: Some(at(1700)),
    }
}

pub fn ada() -> User {
    User { is_admin: true, ..user(1, "ada", "Ada <b>scan</b> Lovelace") }
}

pub fn grace() -> User {
    user(2, "Grace", "Grace Hopper")
}

fn users() -> Vec<User> {
    vec![
        ada(),
        grace(),
        User { has_password: false, seen_at: None, email: None, ..user(3, "王", "王小云") },
        User { is_active: false, ..user(4, "old", "old") },
        User { is_bot: true, email: None, has_password: false, ..user(5, "project_1_bot", "deploy") },
    ]
}

fn token(id: i64, kind: TokenKind, name: &str) -> Token {
    let of_project = kind != TokenKind::Personal;
    Token {
        id: TokenId(id),
        kind,
        name: name.into(),
        scope: (kind != TokenKind::Trigger).then_some(TokenScope::Api),
        user: "ada".into(),
        project_id: of_project.then_some(ProjectId(1)),
        role: (kind == TokenKind::Project).then_some(Role::Developer),
        hint: format!("x{id:03}"),
        created_at: at(-500),
        expires_at: (id % 2 == 0).then_some(at(9_000_000)),
        used_at: (id % 2 == 0).then_some(at(1600)),
        used_from: (id % 2 == 0).then(|| "10.0.0.7".into()),
        description: None,
        revoked_at: None,
    }
}

fn known() -> Vec<(Place, String, Role)> {
    vec![
        (Place::Namespace("demo".into()), "demo".into(), Role::Maintainer),
        (Place::Project(ProjectId(1)), "demo/shop".into(), Role::Maintainer),
        (Place::Namespace("team".into()), "team".into(), Role::Developer),
        (Place::Namespace("team/docs".into()), "team/docs".into(), Role::Developer),
        (Place::Project(ProjectId(3)), "team/docs".into(), Role::Owner),
        (Place::Project(ProjectId(2)), "team/docs/site".into(), Role::Guest),
    ]
}

fn link(name: &str) -> PasswordLink {
    PasswordLink { user: name.into(), path: format!("/password?key={SECRET}"), expires_at: at(260_000) }
}

fn session(user: &str) -> NewSession {
    NewSession { user: user.into(), secret: SECRET.into(), expires_at: Timestamp(4_102_444_800_000) }
}

fn entry(id: i64, user: Option<&str>, action: &str, target: &str, changes: Vec<AuditChange>) -> AuditEntry {
    AuditEntry {
        id: AuditId(id),
        at: at(id),
        user: user.map(Into::into),
        via: "session 4".into(),
        address: Some("10.0.0.7".into()),
        action: action.into(),
        target: target.into(),
        project_id: None,
        changes,
    }
}

fn change(field: &str, before: Option<&str>, after: Option<&str>) -> AuditChange {
    AuditChange { field: field.into(), before: before.map(Into::into), after: after.map(Into::into) }
}

fn recorded() -> Vec<AuditEntry> {
    vec![
        entry(93, Some("<script>alert(8)</script>"), "user.create", "user \u{202e}nimda\u{1b}[31m", vec![]),
        entry(
            92,
            Some("ada"),
            "project.change",
            "project demo/shop",
            vec![change("visibility", Some("private"), Some("public")), change("source", None, Some("<img src=x>"))],
        ),
        entry(91, None, "session.refuse", "user ada", vec![]),
        entry(
            90,
            Some("ada"),
            "variable.create",
            "variable TOKEN of demo/shop",
            vec![
                change("description", None, Some("")),
                change("masked", None, Some("true")),
                change("protected", None, Some("false")),
                change("environment", None, Some("*")),
                change("hidden", None, Some("true")),
                change("type", None, Some("file")),
            ],
        ),
    ]
}

fn missing(what: &str) -> Error {
    Error::not_found(what)
}

fn rights(role: Role) -> PlaceRights {
    let most = role >= Role::Maintainer;
    PlaceRights {
        members: most,
        settings: most,
        delete: role >= Role::Owner,
        tokens: most,
        variables: most,
        redact: most,
        audit: most,
        projects: most,
    }
}

impl Fixture {
    fn signed_in(caller: &Caller) -> Result<User, Error> {
        match caller.user.as_str() {
            "" => Err(Error::unauthorized("sign in first")),
            "ada" => Ok(ada()),
            _ => Ok(grace()),
        }
    }

    fn admin(caller: &Caller) -> Result<(), Error> {
        let user = Self::signed_in(caller)?;
        user.is_admin.then_some(()).ok_or_else(|| Error::forbidden("only administrators see users"))
    }
}

#[async_trait]
impl Accounts for Fixture {
    async fn me(&self, caller: &Caller) -> Result<Me, Error> {
        let user = Self::signed_in(caller).ok();
        let is_admin = user.as_ref().is_some_and(|user| user.is_admin);
        Ok(Me { user, is_local: false, is_admin })
    }
    async fn set_up(&self, _: &Caller, key: &str, user: NewUser, password: &str) -> Result<NewSession, Error> {
        match (key, password.len()) {
            ("right", 8..) => Ok(session(&user.name)),
            ("right", _) => Err(Error::invalid("a password has at least 8 characters")),
            _ => Err(missing("key")),
        }
    }
    async fn sign_in(&self, _: &Caller, name: &str, password: &str, _: Option<&str>) -> Result<NewSession, Error> {
        if name == "busy" {
            return Err(Error::too_many("too many attempts to sign in: try again in 30 s", 30));
        }
        let right = name == "ada" && password == SECRET;
        right.then(|| session(name)).ok_or_else(|| Error::unauthorized("the name or the password is wrong"))
    }
    async fn sign_out(&self, _: &Caller) -> Result<(), Error> {
        Ok(())
    }
    async fn password_link(&self, _: &Caller, secret: &str) -> Result<String, Error> {
        (secret == "right").then(|| "Grace".into()).ok_or_else(|| missing("link"))
    }
    async fn use_password_link(
        &self,
        _: &Caller,
        secret: &str,
        password: &str,
        _: Option<&str>,
    ) -> Result<NewSession, Error> {
        match (secret, password.len()) {
            ("right", 8..) => Ok(session("Grace")),
            ("right", _) => Err(Error::invalid("a password has at least 8 characters")),
            _ => Err(missing("link")),
        }
    }
    async fn account(&self, caller: &Caller) -> Result<AccountView, Error> {
        let user = Self::signed_in(caller)?;
        let path = |id, path: &str| (ProjectId(id), path.parse().unwrap());
        let session = |id: i64, agent: &str| Session {
            id: SessionId(id),
            created_at: at(id),
            seen_at: at(id + 60),
            expires_at: at(90_000),
            address: Some("10.0.0.7".into()),
            agent: Some(agent.into()),
            is_current: id == 1,
        };
        let key = AccessKey {
            id: AccessKeyId(1),
            access: "HSTNXXXXXXXXXXXXXXXX".into(),
            user: user.name.clone(),
            project: Some("demo/shop".parse().unwrap()),
            created_at: at(-400),
            used_at: None,
        };
        let laptop = "laptop <script>alert(9)</script>";
        Ok(AccountView {
            user,
            sessions: vec![session(1, "Mozilla/5.0 (X11; Linux)"), session(2, "curl <img src=x>\u{202e}")],
            tokens: if self.empty {
                vec![]
            } else {
                vec![token(2, TokenKind::Personal, laptop), token(1, TokenKind::Personal, "ci")]
            },
            access_keys: if self.empty { vec![] } else { vec![key] },
            projects: vec![path(1, "demo/shop"), path(2, "team/docs/site")],
        })
    }
    async fn change_account(&self, _: &Caller, _: &str, email: &str) -> Result<(), Error> {
        let good = email.is_empty() || email.contains('@');
        good.then_some(()).ok_or_else(|| Error::invalid("an address has an @"))
    }
    async fn change_password(&self, _: &Caller, old: &str, _: &str) -> Result<(), Error> {
        (old == SECRET).then_some(()).ok_or_else(|| Error::forbidden("the password until now is another one"))
    }
    async fn end_session(&self, _: &Caller, _: Option<SessionId>) -> Result<(), Error> {
        Ok(())
    }
    async fn create_token(&self, _: &Caller, draft: TokenDraft) -> Result<NewToken, Error> {
        if draft.name.is_empty() {
            return Err(Error::invalid("a token has a name"));
        }
        let token = Token { expires_at: draft.expires_at, ..token(7, draft.kind, &draft.name) };
        Ok(NewToken { token, secret: format!("glpat-{SECRET}") })
    }
    async fn rotate_token(&self, _: &Caller, id: TokenId) -> Result<NewToken, Error> {
        Ok(NewToken { token: token(id.0, TokenKind::Personal, "ci"), secret: format!("glpat-{SECRET}-2") })
    }
    async fn revoke_token(&self, _: &Caller, id: TokenId) -> Result<(), Error> {
        if id.0 == 9 { Err(Error::forbidden("that token is somebody else's")) } else { Ok(()) }
    }
    async fn create_access_key(
        &self,
        caller: &Caller,
        _: Option<&str>,
        project: Option<&str>,
    ) -> Result<NewAccessKey, Error> {
        let key = AccessKey {
            id: AccessKeyId(2),
            access: "HSTNYYYYYYYYYYYYYYYY".into(),
            user: caller.user.clone(),
            project: project.map(|path| path.parse().unwrap()),
            created_at: at(0),
            used_at: None,
        };
        Ok(NewAccessKey { key, secret: SECRET.into(), project_uid: project.map(|_| Uid::from_bytes([1; 16])) })
    }
    async fn rotate_access_key(&self, by: &Caller, _: &str, _: Option<&str>) -> Result<NewAccessKey, Error> {
        self.create_access_key(by, None, None).await
    }
    async fn revoke_access_key(&self, _: &Caller, _: AccessKeyId) -> Result<(), Error> {
        Ok(())
    }
    async fn users(&self, caller: &Caller) -> Result<Vec<User>, Error> {
        Self::admin(caller).map(|()| users())
    }
    async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<(User, PasswordLink), Error> {
        Self::admin(caller)?;
        if users().iter().any(|user| user.name == new.name) {
            return Err(Error::conflict(format!("the name {} is taken", new.name)));
        }
        Ok((user(8, &new.name, &new.full_name), link(&new.name)))
    }
    async fn change_user(&self, caller: &Caller, id: UserId, changes: UserChanges) -> Result<User, Error> {
        Self::admin(caller)?;
        if id.0 == 1 && (changes.is_active == Some(false) || changes.is_admin == Some(false)) {
            return Err(Error::conflict("ada is the last administrator"));
        }
        users().into_iter().find(|user| user.id == id).ok_or_else(|| missing("user"))
    }
    async fn reset_password(&self, caller: &Caller, id: UserId) -> Result<PasswordLink, Error> {
        Self::admin(caller)?;
        let found = users().into_iter().find(|user| user.id == id);
        found.map(|user| link(&user.name)).ok_or_else(|| missing("user"))
    }
    async fn places(&self, caller: &Caller) -> Result<Vec<(Place, String, Role)>, Error> {
        let none = self.empty || caller.user.is_empty();
        Ok(if none { Vec::new() } else { known() })
    }
    async fn place(&self, _: &Caller, place: Place) -> Result<PlaceView, Error> {
        let (_, path, role) = known().into_iter().find(|(one, ..)| *one == place).ok_or_else(|| missing("project"))?;
        let is_project = matches!(place, Place::Project(_));
        let shop = place == Place::Project(ProjectId(1));
        let member =
            |user, role, from: Option<&str>| Member { user, role, from: from.map(Into::into), since: at(-800) };
        let settings = ProjectSettings {
            visibility: Visibility::Internal,
            public_jobs: true,
            protect_default: true,
            protected: vec![
                ProtectedRef { is_tag: false, pattern: "release/*".into() },
                ProtectedRef { is_tag: true, pattern: "v*</textarea><script>alert(5)</script>".into() },
            ],
            source: Some("https://git.example/shop.git".into()),
            options: ProjectOptions {
                description: Some("What sells <script>alert(6)</script>".into()),
                default_branch: Some("trunk".into()),
                config_path: Some("ci/\"><script>alert(7)</script>.yml".into()),
                ..ProjectOptions::default()
            },
        };
        Ok(PlaceView {
            seq: Seq(900),
            uid: is_project.then(|| Uid::from_bytes([1; 16])),
            role,
            settings: is_project.then_some(settings),
            members: vec![
                member(ada(), Role::Owner, is_project.then_some("demo")),
                member(grace(), Role::Developer, None),
            ],
            tokens: if shop {
                vec![token(11, TokenKind::Project, "deploy"), token(12, TokenKind::Trigger, "nightly <b>scan</b>")]
            } else {
                vec![]
            },
            pipelines: if shop {
                vec![("shop".into(), "Shop".into()), ("release & ship".into(), "<b>scan</b>".into())]
            } else {
                vec![]
            },
            may: rights(role),
            place,
            path,
        })
    }
    async fn set_member(&self, _: &Caller, _: Place, user: &str, role: Option<Role>) -> Result<(), Error> {
        match (user, role) {
            ("nobody", _) => Err(missing("user")),
            ("ada", None) => Err(Error::conflict("ada is the last owner")),
            _ => Ok(()),
        }
    }
    async fn change_project(&self, _: &Caller, _: ProjectId, settings: ProjectSettings) -> Result<(), Error> {
        let folder = settings.source.is_some_and(|source| source.starts_with('/'));
        if folder { Err(Error::forbidden("only administrators set folders")) } else { Ok(()) }
    }
    async fn delete_project(&self, _: &Caller, _: ProjectId) -> Result<(), Error> {
        Ok(())
    }
    async fn runners(&self, caller: &Caller, project: Option<ProjectId>) -> Result<Vec<RunnerView>, Error> {
        if project.is_none() {
            Self::admin(caller)?;
        }
        Ok(if self.empty { Vec::new() } else { runners::runners(project) })
    }
    async fn create_runner(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: RunnerDraft,
    ) -> Result<(RunnerView, String), Error> {
        if project.is_none() {
            Self::admin(caller)?;
        }
        if draft.tags.is_empty() && !draft.run_untagged {
            return Err(Error::invalid("such a runner would never have work"));
        }
        let made = RunnerView { draft, ..runners::runners(None).remove(1) };
        Ok((made, format!("glrt-{SECRET}")))
    }
    async fn change_runner(&self, _: &Caller, id: RunnerId, draft: RunnerDraft) -> Result<RunnerView, Error> {
        let now = runners::runners(None).into_iter().find(|one| one.id == id).ok_or_else(|| missing("runner"))?;
        match draft.name.as_str() {
            "" => Err(Error::invalid("a runner has a name")),
            // What the pages must leave as it was.
            "lab" if draft.paused != now.draft.paused => Err(Error::internal("it was not to be resumed")),
            _ => Ok(RunnerView { draft, ..now }),
        }
    }
    async fn rotate_runner(&self, _: &Caller, id: RunnerId) -> Result<String, Error> {
        let own = id.0 == 1;
        (!own).then(|| format!("glrt-{SECRET}-2")).ok_or_else(|| Error::conflict("the server keeps that token itself"))
    }
    async fn delete_runner(&self, _: &Caller, id: RunnerId) -> Result<(), Error> {
        if id.0 == 7 { Err(Error::conflict("1 jobs run on it: pause it")) } else { Ok(()) }
    }
    async fn permissions(&self, caller: &Caller, user: Option<&str>, place: Place) -> Result<PermissionsView, Error> {
        let name = user.unwrap_or(&caller.user);
        let role = match name {
            "" => Role::Nobody,
            "ada" => Role::Maintainer,
            "Grace" => Role::Developer,
            _ => return Err(missing("user")),
        };
        let row = |action: &str, words: &str, least: Role| Permission {
            action: action.into(),
            words: words.into(),
            allowed: role >= least,
            why: if role >= least {
                format!("{role} may {words}")
            } else {
                format!("it takes the role {least} ({}) to {words}; the role here is {role}", least.level())
            },
        };
        Ok(PermissionsView {
            user: Some(name.to_owned()).filter(|name| !name.is_empty()),
            place,
            path: "demo/shop".into(),
            role,
            permissions: vec![
                row("read_project", "see the project", Role::Guest),
                row("start_run", "start a run", Role::Developer),
                row("change_project", "change settings", Role::Maintainer),
            ],
        })
    }
    async fn audit(&self, caller: &Caller, filter: AuditFilter) -> Result<AuditPage, Error> {
        Self::signed_in(caller)?;
        if filter.project.is_none() && filter.namespace.is_none() {
            Self::admin(caller)?;
        }
        let fits = |one: &AuditEntry| {
            filter.user.as_ref().is_none_or(|user| one.user.as_ref() == Some(user))
                && filter.action.as_ref().is_none_or(|action| one.action.starts_with(action.as_str()))
                && filter.before.is_none_or(|before| one.id < before)
        };
        let entries: Vec<_> = recorded().into_iter().filter(fits).collect();
        Ok(AuditPage { next: entries.last().map(|one| one.id).filter(|_| filter.before.is_none()), entries })
    }
    async fn redact(&self, _: &Caller, _: ProjectId, value: &str) -> Result<Redaction, Error> {
        if value.len() < 4 {
            return Err(Error::invalid("that is too short to be looked for"));
        }
        let viewers = vec![("Grace \u{202e}".to_owned(), JobId(104), at(1700))];
        let files = (1..=12).map(|n| format!("out/report-{n}.txt")).chain(["<b>\u{202e}".to_owned()]).collect();
        Ok(Redaction {
            searched: 17,
            redacted: vec![(JobId(104), 11), (JobId(105), 1)],
            viewers,
            artifacts: vec![(JobId(104), vec!["<b>\u{202e}.txt".to_owned()]), (JobId(106), files)],
            unread: vec![JobId(107)],
        })
    }
    async fn delete_artifacts(&self, _: &Caller, _: JobId) -> Result<(), Error> {
        Ok(())
    }
}
