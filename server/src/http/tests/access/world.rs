//! A server with five projects and everybody who may ask.

use std::sync::atomic::{AtomicU64, Ordering};

use app::service::{Accounts as _, NewPipeline, Schedules as _, Service as _};
use model::{
    CiVariableDraft, CiVariableId, EnvironmentId, NewUser, Place, ProjectId, ProjectOptions, ProjectSettings, Role,
    RunnerDraft, RunnerId, ScheduleDraft, ScheduleId, SessionId, Timestamp, TokenDraft, TokenId, TokenKind, TokenScope,
    UserChanges, UserId, VariableOwner, Via, Visibility,
};

use super::super::super::rate::Rules;
use super::super::super::{Peer, Public};
use super::super::*;
use crate::auth::policy::{Means, Resource, Subject};
use crate::random;
use crate::store::{Tx, environments, sessions, users};

/// One project with one thing of each kind. All that is named after it has `zq-` and its word in it.
pub struct Ground {
    /// Its word, and the namespace it is in.
    pub word: &'static str,
    pub group: String,
    pub group_id: i64,
    pub path: String,
    pub id: ProjectId,
    pub visibility: Visibility,
    pub public_jobs: bool,
    pub key: PipelineKey,
    pub run: RunId,
    /// The job that ran.
    pub job: JobId,
    /// The uids of project, pipeline and run, and of the run's second job, which waits for somebody.
    pub uids: [String; 4],
    pub artifact: String,
    pub environment: EnvironmentId,
    pub token: TokenId,
    pub runner: RunnerId,
    pub schedule: ScheduleId,
    pub trigger: TokenId,
}

impl Ground {
    /// What everything of the project is called by.
    pub fn mark(&self) -> String {
        format!("zq-{}", self.word)
    }

    pub fn resource(&self) -> Resource {
        Resource::Project { visibility: self.visibility, public_jobs: self.public_jobs }
    }
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Who {
    pub name: String,
    pub headers: Vec<(&'static str, String)>,
    /// None: what they show is not good.
    pub means: Option<Means>,
    pub signed_in: bool,
    pub is_admin: bool,
    /// In `web`, and in its namespace.
    pub role: Role,
    pub group: Role,
    pub user: Option<UserId>,
}

impl Who {
    fn is_narrow(&self) -> bool {
        matches!(self.means, Some(Means::Job | Means::Trigger))
    }

    fn subject(&self, role: Role) -> Subject {
        match self.means {
            Some(means) if self.signed_in => Subject::user(role, means),
            _ => Subject::ANONYMOUS,
        }
    }

    pub fn in_project(&self, ground: &Ground) -> Subject {
        let role = match (self.is_narrow(), self.is_admin) {
            (true, _) if ground.word != "web" => Role::Nobody,
            (_, true) => Role::Administrator,
            _ if ground.word == "web" => self.role,
            _ => Role::Nobody,
        };
        self.subject(role)
    }

    pub fn in_group(&self, ground: &Ground) -> (Subject, Resource) {
        let role = match (self.is_narrow(), self.is_admin) {
            (true, _) => Role::Nobody,
            (_, true) => Role::Administrator,
            _ if ground.word == "web" => self.group,
            _ => Role::Nobody,
        };
        // A namespace is seen by who sees something in it.
        let has_role = self.in_project(ground).role > Role::Nobody;
        let visibility = if has_role { ground.visibility.max(Visibility::Internal) } else { ground.visibility };
        (self.subject(role), Resource::Namespace { visibility })
    }

    pub fn on_instance(&self) -> Subject {
        self.subject(if self.is_admin && !self.is_narrow() { Role::Administrator } else { Role::Nobody })
    }

    pub fn is_session(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == "cookie")
    }
}

/// The server, and who and what is on it.
pub struct Town {
    pub world: World,
    pub router: Router,
    pub grounds: Vec<Ground>,
    /// The project that objects without one belong to.
    pub default: Ground,
    pub people: Vec<Who>,
    /// The job of the developer's that runs in `web`.
    pub running: JobId,
    pub dummy: UserId,
    count: AtomicU64,
}

const MEMBERS: [(&str, Role); 5] = [
    ("gil", Role::Guest),
    ("rea", Role::Reporter),
    ("dev", Role::Developer),
    ("max", Role::Maintainer),
    ("oda", Role::Owner),
];

/// The file in the archive of each project's job.
pub const FILE: &str = "x";

/// The token of the job that runs.
const RUNNING: &str = "glcbt-0000000000000000000000000000000000000000000000000000000000000001";
/// That of one that ran.
const FINISHED: &str = "glcbt-0000000000000000000000000000000000000000000000000000000000000002";

impl World {
    /// A server that people log in to, with an administrator and nothing else.
    pub async fn public() -> Self {
        let folder = TempDir::new().unwrap();
        let weir = Arc::new(Weir::open(folder.path()).unwrap());
        let public = Public { rules: Rules::new(0), ..Public::default() };
        let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
        let state = AppState::new(Arc::clone(&weir), options, CancellationToken::new());
        let caller = Caller::local("weir");
        let root = NewUser { name: "root".into(), full_name: String::new(), email: None, is_admin: true };
        weir.create_user(&caller, root).await.unwrap();
        weir.store().write(|tx| runners::ensure(tx, "test", &[7; 32], &[])).await.unwrap();
        Self { weir, caller, state, folder }
    }

    pub async fn user(&self, name: &str) -> UserId {
        let new = NewUser { name: name.into(), full_name: String::new(), email: None, is_admin: false };
        self.weir.create_user(&self.caller, new).await.unwrap().0.id
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, crate::store::StoreError> + Send + 'static,
    ) -> T {
        self.weir.store().write(work).await.unwrap()
    }

    /// A browser's login: its number, and the header that carries it.
    pub async fn session(&self, user: UserId) -> (SessionId, (&'static str, String)) {
        let secret = random::token("");
        let hash = random::hash(&secret);
        let expires_at = Timestamp(crate::clock::now().0 + 3_600_000);
        let id = self.write(move |tx| sessions::insert(tx, user, &hash, expires_at, None, None)).await;
        (id, ("cookie", format!("weir_session={secret}")))
    }

    pub async fn token(&self, user: &str, scope: TokenScope) -> (TokenId, String) {
        let draft = TokenDraft {
            kind: TokenKind::Personal,
            name: random::uid().to_string(),
            scope,
            user: Some(user.into()),
            project: None,
            role: None,
            expires_at: None,
            description: None,
        };
        let made = self.weir.create_token(&self.caller, draft).await.unwrap();
        (made.token.id, made.secret)
    }

    /// The next job goes to a runner, which is given this token for it.
    pub async fn take_with(&self, token: &str) -> JobId {
        let hash = random::hash(token);
        self.write(move |tx| {
            let runner = runners::ensure(tx, "test", &[7; 32], &[])?;
            let asker = queue::Asker { runner, system_id: "s".into(), graceful: true };
            let job = queue::take(tx, &asker, &hash)?.unwrap();
            crate::scheduler::settle(tx, job.run_id, false)?;
            Ok(job.id)
        })
        .await
    }

    /// A request to a router that is there already.
    pub async fn ask(&self, router: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = request(method, path, headers, body.to_owned());
        // Each from another place: wrong tokens are counted by it.
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let [.., a, b, c] = PLACES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        request.extensions_mut().insert(Peer { address: Some([10, a, b, c].into()), is_secure: false });
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        // A stream goes on: its beginning says enough.
        if is_stream && parts.status == StatusCode::OK {
            let mut body = body;
            let mut text = Vec::new();
            while !String::from_utf8_lossy(&text).contains("data: ") {
                let Some(frame) = body.frame().await else { break };
                text.extend_from_slice(frame.unwrap().data_ref().unwrap());
            }
            return Answer { status: parts.status, headers: parts.headers, body: text };
        }
        Answer::read(Response::from_parts(parts, body)).await
    }
}

impl Town {
    pub async fn new() -> Self {
        let world = World::public().await;
        let mut users = Vec::new();
        for (name, role) in MEMBERS {
            users.push((name, role, world.user(name).await));
        }
        let (stranger, dummy, left) = (world.user("sam").await, world.user("zoe").await, world.user("lea").await);
        let default = ground(&world, "default", "local/default", Visibility::Private, true).await;
        let grounds = vec![
            ground(&world, "web", "shop/zq-web", Visibility::Private, true).await,
            ground(&world, "secret", "other/zq-secret", Visibility::Private, true).await,
            ground(&world, "inside", "within/zq-inside", Visibility::Internal, true).await,
            ground(&world, "open", "outside/zq-open", Visibility::Public, true).await,
            ground(&world, "shut", "outer/zq-shut", Visibility::Public, false).await,
        ];
        let shop = Place::Project(grounds[0].id);
        for (name, role, _) in &users {
            let place = if *role == Role::Owner { Place::Namespace("shop".into()) } else { shop.clone() };
            world.weir.set_member(&world.caller, place, name, Some(*role)).await.unwrap();
        }
        let (people, running) = people(&world, &grounds[0], &users, stranger, left).await;
        let router = world.router();
        let count = AtomicU64::new(0);
        let town = Self { world, router, grounds, default, people, running, dummy, count };
        let kept = CiVariableDraft { key: "KEPT".into(), value: Some("x".into()), ..CiVariableDraft::default() };
        town.world.weir.save_ci_variable(&town.world.caller, VariableOwner::Instance, None, kept).await.unwrap();
        town.operation("op").await;
        town
    }

    pub fn web(&self) -> &Ground {
        &self.grounds[0]
    }

    pub fn who(&self, name: &str) -> &Who {
        self.people.iter().find(|who| who.name == name).unwrap_or_else(|| panic!("nobody is {name}"))
    }

    /// A number that was not given before.
    pub fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    pub async fn ask(&self, who: &Who, method: &str, path: &str, kind: &str, body: &str, page: bool) -> Answer {
        let mut headers: Vec<(&str, &str)> = who.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if crate::dialect::codearts::is_root(path) {
            let is_token = |name: &str| matches!(name, "private-token" | "job-token" | "authorization");
            for (name, value) in headers.iter_mut().filter(|(name, _)| is_token(name)) {
                (*name, *value) = ("x-auth-token", value.trim_start_matches("Bearer "));
            }
        }
        if page {
            headers.push(("accept", "text/html"));
        }
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        self.world.ask(&self.router, method, path, &headers, body).await
    }

    /// A run of a project, all of whose jobs were canceled.
    pub async fn fresh_run(&self, ground: &Ground) -> (RunId, JobId, JobId) {
        let World { weir, caller, .. } = &self.world;
        let run = weir.start_run(caller, &ground.key, NewRun::default()).await.unwrap();
        let jobs = weir.run(caller, run.id).await.unwrap().jobs;
        (run.id, jobs[0].id, jobs[1].id)
    }

    pub async fn fresh_canceled_run(&self, ground: &Ground) -> (RunId, JobId, JobId) {
        let (run, first, second) = self.fresh_run(ground).await;
        self.world.weir.cancel_run(&self.world.caller, run).await.unwrap();
        (run, first, second)
    }

    pub async fn fresh_pipeline(&self, ground: &Ground) -> String {
        let key = format!("fresh-{}", self.next());
        pipeline(&self.world, ground.path.as_str(), &key, "a: {script: x}\n").await;
        key
    }

    pub async fn fresh_variable(&self, owner: VariableOwner) -> (CiVariableId, String) {
        let key = format!("FRESH_{}", self.next());
        let draft = CiVariableDraft { key: key.clone(), value: Some("x".into()), ..CiVariableDraft::default() };
        let made = self.world.weir.save_ci_variable(&self.world.caller, owner, None, draft).await.unwrap();
        (made.id, key)
    }

    pub async fn fresh_project(&self, ground: &Ground) -> (ProjectId, String) {
        let path = format!("{}/fresh-{}", ground.group, self.next());
        let World { weir, caller, .. } = &self.world;
        (weir.create_project(caller, &path, None, ground.visibility).await.unwrap().id, path)
    }

    pub async fn fresh_operation(&self) -> String {
        let id = format!("fresh-{}", self.next());
        self.operation(&id).await;
        id
    }

    async fn operation(&self, id: &str) {
        let (id, now) = (id.to_owned(), Timestamp(0));
        let op = crate::service::ordine::Operation {
            id: id.clone(),
            name: id.clone(),
            description: String::new(),
            body: serde_json::json!({"config": {"executor": {"type": "script", "command": "x"}}}),
            created_at: now,
            updated_at: now,
            version: model::Seq(0),
        };
        self.world.weir.ordine().store_operation(&self.world.caller, op, true).await.unwrap();
    }

    /// What must be the same after everybody was refused: the things that were there from the beginning.
    pub async fn state_of_things(&self) -> Vec<String> {
        let World { weir, caller, .. } = &self.world;
        let mut all = Vec::new();
        for ground in &self.grounds {
            let view = weir.run(caller, ground.run).await.unwrap();
            all.extend(view.jobs.iter().map(|job| format!("{} {}", job.name, job.status)));
            let log = weir.logs().read(ground.job, 0..100).unwrap();
            all.push(String::from_utf8(log).unwrap());
        }
        all
    }

    pub async fn fresh_runner(&self, ground: &Ground) -> RunnerId {
        project_runner(&self.world, ground.id).await
    }

    pub async fn fresh_schedule(&self, ground: &Ground) -> ScheduleId {
        project_schedule(&self.world, ground.id, "fresh").await
    }

    pub async fn fresh_trigger(&self, ground: &Ground) -> TokenId {
        project_trigger(&self.world, ground.id, "fresh").await
    }

    pub async fn fresh_token(&self, ground: &Ground) -> TokenId {
        project_token(&self.world, ground.id, &format!("fresh {}", self.next())).await
    }
}

async fn project_runner(world: &World, project: ProjectId) -> RunnerId {
    let draft = RunnerDraft { name: "far".into(), run_untagged: true, paused: true, ..RunnerDraft::default() };
    world.weir.create_runner(&world.caller, Some(project), draft).await.unwrap().0.id
}

/// The administrator, whose schedules and triggers they are.
async fn root(world: &World) -> Caller {
    let id = world.weir.store().read(|conn| users::by_name(conn, "root")).await.unwrap().unwrap().id;
    Caller { user: "root".into(), id: Some(id), via: Via::Local, address: None }
}

async fn project_schedule(world: &World, project: ProjectId, mark: &str) -> ScheduleId {
    let draft = ScheduleDraft { description: mark.into(), cron: "0 2 * * *".into(), ..ScheduleDraft::default() };
    let kept = vec![model::plan::Variable::new("KEPT", mark)];
    world.weir.create_schedule(&root(world).await, project, draft, kept).await.unwrap().schedule.id
}

async fn project_trigger(world: &World, project: ProjectId, mark: &str) -> TokenId {
    world.weir.create_trigger(&root(world).await, project, mark, None).await.unwrap().token.id
}

async fn project_token(world: &World, project: ProjectId, name: &str) -> TokenId {
    let draft = TokenDraft {
        kind: TokenKind::Project,
        name: name.into(),
        scope: TokenScope::ReadApi,
        user: None,
        project: Some(project),
        role: Some(Role::Guest),
        expires_at: None,
        description: None,
    };
    world.weir.create_token(&world.caller, draft).await.unwrap().token.id
}

async fn pipeline(world: &World, project: &str, key: &str, definition: &str) {
    let new = NewPipeline {
        key: key.into(),
        project: Some(project.into()),
        definition: Some(definition.into()),
        ..NewPipeline::default()
    };
    world.weir.create_pipeline(&world.caller, new).await.unwrap();
}

/// The definition of a project's pipeline.
pub fn definition(mark: &str) -> String {
    format!(
        "{mark}-build: {{script: x, environment: {mark}-live, artifacts: {{paths: [x]}}}}\n\
         {mark}-later: {{script: x, when: manual, resource_group: {mark}-lock, needs: []}}\n"
    )
}

async fn ground(world: &World, word: &'static str, path: &str, visibility: Visibility, public_jobs: bool) -> Ground {
    let World { weir, caller, .. } = world;
    let id = weir.create_project(caller, path, None, visibility).await.unwrap().id;
    let settings = ProjectSettings {
        visibility,
        public_jobs,
        protect_default: false,
        protected: vec![],
        source: None,
        options: ProjectOptions::default(),
    };
    weir.change_project(caller, id, settings).await.unwrap();
    let mark = format!("zq-{word}");
    let key: PipelineKey = format!("{mark}-flow").parse().unwrap();
    pipeline(world, path, key.as_str(), &definition(&mark)).await;
    let run = weir.start_run(caller, &key, NewRun::default()).await.unwrap().id;
    let job = world.take_with(FINISHED).await;
    weir.logs().append(job, 0, format!("the log of {mark}\n").as_bytes()).unwrap();
    let form = format!(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"artifacts.zip\"\r\n\r\n{}\r\n--b--\r\n",
        archive_of_one(FILE)
    );
    let headers = [("job-token", FINISHED), ("content-type", "multipart/form-data; boundary=b")];
    let path_of = format!("/api/v4/jobs/{job}/artifacts");
    let kept = world.ask(&world.router(), "POST", &path_of, &headers, &form).await;
    assert_eq!(kept.status, StatusCode::CREATED, "{}", kept.text());
    weir.end_job(job, End::Success).await.unwrap();
    let view = weir.run(caller, run).await.unwrap();
    let artifact = view.jobs.iter().find(|one| one.id == job).unwrap().artifacts[0].filename.clone();
    let pipeline = weir.read_pipeline_only(caller, &key).await.unwrap();
    let seen = weir.project_views(caller, Some(id)).await.unwrap().remove(0);
    let waits = view.jobs.iter().find(|one| one.id != job).unwrap();
    let uids = [seen.project.uid, pipeline.uid, view.run.uid.clone(), waits.uid.clone()].map(|uid| uid.to_string());
    let name = format!("{mark}-live");
    let environment =
        weir.store().read(move |conn| environments::called(conn, id, &name)).await.unwrap().expect("the job deployed");
    let group = path.split('/').next().unwrap().to_owned();
    for owner in [VariableOwner::Project(id), VariableOwner::Namespace(group.clone())] {
        let draft = CiVariableDraft { key: "KEPT".into(), value: Some(mark.clone()), ..CiVariableDraft::default() };
        weir.save_ci_variable(caller, owner, None, draft).await.unwrap();
    }
    let (token, runner) = (project_token(world, id, &mark).await, project_runner(world, id).await);
    let schedule = project_schedule(world, id, &mark).await;
    let trigger = project_trigger(world, id, &mark).await;
    Ground {
        word,
        group,
        group_id: seen.namespace.id,
        path: path.into(),
        id,
        visibility,
        public_jobs,
        key,
        run,
        job,
        uids,
        artifact,
        environment,
        token,
        runner,
        schedule,
        trigger,
    }
}

/// An archive with one empty file, which is text.
pub fn archive_of_one(name: &str) -> String {
    let length = char::from(name.len() as u8);
    // Version, flags, method, time, checksum, sizes: all zero, as they are of an empty file that is not packed.
    let (head, tail) = (format!("\n\0{}{length}\0", "\0".repeat(20)), format!("{}{name}", "\0".repeat(16)));
    let local = format!("PK\x03\x04{head}\0\0{name}");
    let central = format!("PK\x01\x02\n\0{head}{tail}");
    let (size, place) = (char::from(central.len() as u8), char::from(local.len() as u8));
    format!("{local}{central}PK\x05\x06\0\0\0\0\x01\0\x01\0{size}\0\0\0{place}\0\0\0\0\0")
}

async fn people(
    world: &World,
    web: &Ground,
    users: &[(&'static str, Role, UserId)],
    stranger: UserId,
    left: UserId,
) -> (Vec<Who>, JobId) {
    let nobody = Who {
        name: "anonymous".into(),
        headers: vec![],
        means: Some(Means::Session),
        signed_in: false,
        is_admin: false,
        role: Role::Nobody,
        group: Role::Nobody,
        user: None,
    };
    let mut all = vec![nobody.clone()];
    let root = world.weir.store().read(|conn| users::by_name(conn, "root")).await.unwrap().unwrap().id;
    let mut known = vec![("sam", Role::Nobody, stranger), ("root", Role::Administrator, root)];
    known.extend(users);
    for (name, role, id) in known {
        let is_admin = role == Role::Administrator;
        let who = Who {
            signed_in: true,
            is_admin,
            role: if is_admin { Role::Nobody } else { role },
            group: if role == Role::Owner { Role::Owner } else { Role::Nobody },
            user: Some(id),
            ..nobody.clone()
        };
        let session = world.session(id).await.1;
        all.push(Who { name: format!("{name} by session"), headers: vec![session], ..who.clone() });
        for (scope, means) in [(TokenScope::Api, Means::Api), (TokenScope::ReadApi, Means::ReadApi)] {
            // One of each suffices to see what a scope narrows.
            if means == Means::ReadApi && !matches!(name, "root" | "oda" | "sam") {
                continue;
            }
            let token = world.token(name, scope).await.1;
            let headers = vec![("private-token", token)];
            all.push(Who { name: format!("{name} by {}", scope.as_str()), headers, means: Some(means), ..who.clone() });
        }
    }
    let dev = all.iter().find(|who| who.name == "dev by session").unwrap().clone();
    let oda = all.iter().find(|who| who.name == "oda by session").unwrap().clone();
    // A job of the developer's runs in `web`.
    let by = Caller { user: "dev".into(), ..world.caller.clone() };
    world.weir.start_run(&by, &web.key, NewRun::default()).await.unwrap();
    let running = world.take_with(RUNNING).await;
    let shown = |name: &'static str, text: &str| vec![(name, text.to_owned())];
    all.push(Who {
        name: "running job".into(),
        headers: shown("job-token", RUNNING),
        means: Some(Means::Job),
        ..dev.clone()
    });
    let own = Caller { user: "oda".into(), id: oda.user, via: Via::Local, address: None };
    let draft = TokenDraft {
        kind: TokenKind::Trigger,
        name: "t".into(),
        scope: TokenScope::Api,
        user: None,
        project: Some(web.id),
        role: None,
        expires_at: None,
        description: None,
    };
    let trigger = world.weir.create_token(&own, draft).await.unwrap().secret;
    let means = Some(Means::Trigger);
    all.push(Who { name: "trigger".into(), headers: shown("private-token", &trigger), means, ..oda.clone() });
    // What is not good any more, or never was.
    let mut bad = |name: &str, headers| all.push(Who { name: name.into(), headers, means: None, ..oda.clone() });
    bad("finished job", shown("job-token", FINISHED));
    let (expired, text) = world.token("oda", TokenScope::Api).await;
    world
        .write(move |tx| {
            tx.conn().execute("UPDATE tokens SET expires_at = 1 WHERE id = ?1", [expired.0])?;
            Ok(())
        })
        .await;
    bad("expired token", shown("private-token", &text));
    let (revoked, text) = world.token("oda", TokenScope::Api).await;
    world.weir.revoke_token(&world.caller, revoked).await.unwrap();
    bad("revoked token", shown("authorization", &format!("Bearer {text}")));
    let text = world.token("oda", TokenScope::Api).await.1;
    bad("token cut off", shown("private-token", &text[..text.len() - 1]));
    let text = world.token("lea", TokenScope::Api).await.1;
    let session = world.session(left).await.1;
    world.weir.set_member(&world.caller, Place::Project(web.id), "lea", Some(Role::Owner)).await.unwrap();
    let changes = UserChanges { is_active: Some(false), ..UserChanges::default() };
    world.weir.change_user(&world.caller, left, changes).await.unwrap();
    bad("token of who left", shown("private-token", &text));
    // A login that has ended is none at all: pages say "sign in", as to everybody.
    all.push(Who { name: "login of who left".into(), headers: vec![session], ..nobody.clone() });
    (all, running)
}
