//! Administration on the server's machine: `weir user|token|aksk|project|pipeline|key …`, through the server that has
//! the data folder (over the folder's own socket, which only its owner reaches), or on the folder itself when none runs.
//! Both answer the same requests.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::args::{AkskAction, KeyAction, PipelineAction, ProjectAction, RunnerAction, TokenAction, UserAction};
use super::client::{Client, DEFAULT_URL, environment, segment};
use super::config::data_folder;
use super::failure::{Exit, Failure, Outcome};
use super::output;
use crate::boot::{self, DataError, DataFolder};
use crate::http::{AppState, Options, socket_router};

/// Who does the work.
enum Place {
    /// The server that has the folder, or one that was named.
    Server(Client),
    /// Nobody has the folder: the command itself, while it holds the lock.
    Here {
        /// Held as long as it works.
        _lock: DataFolder,
        /// What a server would answer with.
        router: Router,
        /// The file whose text is sent as a definition.
        definition: Option<String>,
    },
}

impl Place {
    /// Finds who does the work. `--data` says which folder; otherwise a named server, the usual folder's
    /// server, or one at the usual address comes before the usual folder itself.
    async fn find(data: Option<&Path>, doing: &str) -> Result<Self, Failure> {
        let named = environment(["WEIR_URL", "ORDINE_API_URL"]);
        if let (None, Some(url)) = (data, &named) {
            return Client::new(url).map(Self::Server);
        }
        let path = data_folder(data)?;
        DataFolder::act_as_owner(&path).map_err(|error| Failure::new(Exit::Failed, doing, error))?;
        if data.is_none() && !super::serve::address_file(&path).exists() {
            let client = Client::new(DEFAULT_URL)?;
            if client.get::<Value>("/api/v4/version", doing).await.is_ok() {
                return Ok(Self::Server(client));
            }
        }
        match boot::open_known(&path) {
            Ok((folder, weir)) => {
                let options = Options { owner: owner(), port: 0, public: None };
                let state = AppState::new(weir, options, CancellationToken::new());
                Ok(Self::Here { _lock: folder, router: socket_router(state), definition: None })
            }
            Err(DataError::InUse { .. }) => Client::over_socket(&path.join(boot::SOCKET)).map(Self::Server),
            Err(error) => Err(Failure::new(Exit::Failed, doing, error)),
        }
    }

    /// Shows what is wrong with a definition that is sent under the name of its file.
    fn naming(mut self, file: Option<&Path>) -> Self {
        let file = file.map(|file| file.display().to_string());
        match &mut self {
            Self::Server(client) => client.name(file),
            Self::Here { definition, .. } => *definition = file,
        }
        self
    }

    /// A request; the answer's JSON, `null` for none.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>, doing: &str) -> Result<Value, Failure> {
        let (router, definition) = match self {
            Self::Server(client) => {
                let response = client.send(method, path, body, doing).await?;
                let bytes = client.checked(response, doing).await?.bytes().await;
                let bytes = bytes.map_err(|error| client.unreachable(doing, &error))?;
                return Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null));
            }
            Self::Here { router, definition, .. } => (router.clone(), definition.as_deref()),
        };
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = http::Request::builder()
            .method(method.as_str())
            .uri(path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Body::from(text))
            .map_err(|error| Failure::new(Exit::Internal, doing, error))?;
        let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let (status, reason) = (response.status(), super::client::reason(response.headers()));
        let body = response.into_body().collect().await.map_err(|error| Failure::new(Exit::Internal, doing, error))?;
        let body = body.to_bytes();
        if status.is_success() {
            return Ok(serde_json::from_slice(&body).unwrap_or(Value::Null));
        }
        let said = super::client::Said { status, body: &body, reason };
        Err(super::client::refused(&said, doing, false, definition))
    }

    async fn post(&self, path: &str, body: &Value, doing: &str) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(body), doing).await
    }
}

/// The person at the keyboard, who owns a server of one.
pub fn owner() -> String {
    let name = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|n| !n.is_empty()));
    // What cannot be the name of a user here is none.
    name.filter(|name| crate::auth::name::UserName::parse(name).is_ok()).unwrap_or_else(|| "owner".into())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// Prints the JSON, or the line made of it.
fn tell(json: bool, answer: &Value, line: impl FnOnce(&Value) -> String) {
    if json {
        output::json(answer);
    } else {
        output::line(line(answer));
    }
}

/// `weir user …`
pub async fn user(action: UserAction, json: bool) -> Outcome {
    let link = |answer: &Value| {
        output::note(format!("weir: the link sets a password once, until {}", text(answer, "expires_at")));
        text(answer, "link").to_owned()
    };
    match action {
        UserAction::Create { name, admin, email, full_name, data } => {
            let doing = format!("create user {name}");
            let body =
                json!({"name": name, "admin": admin, "email": email, "full_name": full_name.unwrap_or_default()});
            let made = Place::find(data.as_deref(), &doing).await?.post("/api/v4/weir/users", &body, &doing).await?;
            tell(json, &made, link);
        }
        UserAction::Password { name, data } => {
            let doing = format!("make a password link for {name}");
            let path = format!("/api/v4/weir/users/{}/password", segment(&name));
            let made = Place::find(data.as_deref(), &doing).await?.post(&path, &json!({}), &doing).await?;
            tell(json, &made, link);
        }
        UserAction::List { data } => {
            let doing = "list the users";
            let place = Place::find(data.as_deref(), doing).await?;
            let users = place.ask(Method::GET, "/api/v4/weir/users", None, doing).await?;
            if json {
                output::json(&users);
                return Ok(());
            }
            for user in users.as_array().into_iter().flatten() {
                let mut words = vec![output::harmless(text(user, "name"), false)];
                words.extend(user["is_admin"].as_bool().filter(|yes| *yes).map(|_| "administrator".to_owned()));
                words.extend(user["is_bot"].as_bool().filter(|yes| *yes).map(|_| "token".to_owned()));
                words.extend(user["is_active"].as_bool().filter(|yes| !yes).map(|_| "deactivated".to_owned()));
                output::line(words.join(" "));
            }
        }
        UserAction::Deactivate { name, data } => set_active(&name, false, data.as_deref(), json).await?,
        UserAction::Activate { name, data } => set_active(&name, true, data.as_deref(), json).await?,
    }
    Ok(())
}

async fn set_active(name: &str, is_active: bool, data: Option<&Path>, json: bool) -> Outcome {
    let doing = format!("{} {name}", if is_active { "activate" } else { "deactivate" });
    let path = format!("/api/v4/weir/users/{}", segment(name));
    let body = json!({"is_active": is_active});
    let changed = Place::find(data, &doing).await?.ask(Method::PUT, &path, Some(&body), &doing).await?;
    tell(json, &changed, |user| {
        let name = output::harmless(text(user, "name"), false);
        format!(
            "{name} is {}",
            if is_active { "active" } else { "deactivated: sessions, tokens and keys no longer work" }
        )
    });
    Ok(())
}

/// `weir project …`
pub async fn project(action: ProjectAction, json: bool) -> Outcome {
    match action {
        ProjectAction::Create { path, source, data, private: _, internal, public } => {
            let doing = format!("create project {path}");
            let visibility = match (public, internal) {
                (true, _) => "public",
                (_, true) => "internal",
                _ => "private",
            };
            let source = source.map(|source| absolute_source(&source));
            let body = json!({"path": path, "source": source, "visibility": visibility});
            let made = Place::find(data.as_deref(), &doing).await?.post("/api/v4/weir/projects", &body, &doing).await?;
            tell(json, &made, |made| {
                format!("{} {} {}", made["id"], text(made, "path_with_namespace"), text(made, "uid"))
            });
        }
        ProjectAction::Member { path, user, role, data } => {
            let doing = format!("give {user} a role at {path}");
            let body = json!({"user": user, "role": Some(role.as_str()).filter(|role| *role != "none")});
            let place = Place::find(data.as_deref(), &doing).await?;
            place.post(&format!("/api/v4/weir/members/{}", segments(&path)), &body, &doing).await?;
            tell(json, &body, |_| format!("{user} is {role} at {path}"));
        }
        ProjectAction::May { path, user, data } => {
            let doing = "ask what somebody may do";
            let query = super::client::query(&[("user", user.as_deref())]);
            let path = path.filter(|path| !path.is_empty()).map(|path| format!("/{}", segments(&path)));
            let path = format!("/api/v4/weir/permissions{}{query}", path.unwrap_or_default());
            let place = Place::find(data.as_deref(), doing).await?;
            let view = place.ask(Method::GET, &path, None, doing).await?;
            if json {
                output::json(&view);
                return Ok(());
            }
            for row in view["permissions"].as_array().into_iter().flatten() {
                let mark = if row["allowed"] == true { "yes" } else { "no " };
                output::line(format!("{mark}  {}: {}", text(row, "words"), text(row, "why")));
            }
        }
    }
    Ok(())
}

/// A path of several parts in an address: its slashes stay.
fn segments(path: &str) -> String {
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// A folder is named from where the command runs; anything with a scheme or a host stays.
fn absolute_source(source: &str) -> String {
    let remote = source.contains("://") || (source.contains(':') && !Path::new(source).exists());
    if remote {
        return source.to_owned();
    }
    let path = std::fs::canonicalize(source).or_else(|_| std::path::absolute(source));
    path.unwrap_or_else(|_| PathBuf::from(source)).to_string_lossy().into_owned()
}

/// `weir pipeline …`
pub async fn pipeline(action: PipelineAction, json: bool) -> Outcome {
    let PipelineAction::Create { key, project, file, name, data } = action;
    let doing = format!("create pipeline {key}");
    let definition = match &file {
        Some(path) => Some(read(path, &doing)?),
        None => None,
    };
    let body = json!({"id": key, "name": name, "projectId": project, "definition": definition});
    let place = Place::find(data.as_deref(), &doing).await?.naming(file.as_deref());
    let made = place.post("/api/pipelines", &body, &doing).await?;
    tell(json, &made, |made| format!("{} {}", text(made, "id"), text(made, "uid")));
    Ok(())
}

fn read(path: &Path, doing: &str) -> Result<String, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| Failure::text(Exit::Usage, doing, format!("{shown}: {error}")))?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::text(Exit::Usage, doing, format!("{shown}: the file is not UTF-8 text")))
}

/// `weir token …`: prints only the token.
pub async fn token(action: TokenAction, json: bool) -> Outcome {
    let TokenAction::Create { user, name, scope, expires, data } = action;
    let doing = format!("create a token for {user}");
    let expires = expires.map(|date| {
        end_of(&date).ok_or_else(|| Failure::usage(&doing, format!("{date:?} is no date such as 2027-01-31")))
    });
    let expires = expires.transpose()?;
    let body = json!({"user": user, "name": name, "scope": scope, "expires_at": expires});
    let made = Place::find(data.as_deref(), &doing).await?.post("/api/v4/weir/tokens", &body, &doing).await?;
    if json {
        output::json(&json!({"token": made["token"]}));
    } else {
        output::line(text(&made, "token"));
    }
    Ok(())
}

/// `weir aksk …`: prints "AK SK PROJECT_ID", without the last for a user who sees no project.
pub async fn aksk(action: AkskAction, json: bool) -> Outcome {
    let (doing, path, body, data) = match action {
        AkskAction::Create { user, project, data } => {
            let body = json!({"user": user, "project": project});
            (format!("create keys for {user}"), "/api/v4/weir/access_keys".to_owned(), body, data)
        }
        AkskAction::Rotate { access_key, user, data } => {
            let doing = format!("rotate the keys {access_key} of {user}");
            let (access_key, user) = (segment(&access_key), segment(&user));
            (doing, format!("/api/v4/weir/access_keys/{access_key}/rotate?user={user}"), json!({}), data)
        }
    };
    let made = Place::find(data.as_deref(), &doing).await?.post(&path, &body, &doing).await?;
    tell(json, &made, |made| {
        let words = ["access", "secret", "project_id"].map(|name| text(made, name));
        words.join(" ").trim_end().to_owned()
    });
    Ok(())
}

/// `weir runner create`: prints only the token.
pub async fn runner(action: RunnerAction, json: bool) -> Outcome {
    let RunnerAction::Create { name, tags, tagged_only, protected, project, data } = action else { return Ok(()) };
    let doing = format!("create runner {name}");
    let body = json!({
        "description": name,
        "tag_list": tags,
        "run_untagged": !tagged_only,
        "access_level": if protected { "ref_protected" } else { "not_protected" },
        "runner_type": if project.is_some() { "project_type" } else { "instance_type" },
        "project_id": project,
    });
    let made = Place::find(data.as_deref(), &doing).await?.post("/api/v4/user/runners", &body, &doing).await?;
    tell(json, &made, |made| text(made, "token").to_owned());
    Ok(())
}

/// `weir key …`
pub async fn key(action: KeyAction, json: bool) -> Outcome {
    let KeyAction::Rotate { data } = action;
    let doing = "rotate the key of the secrets";
    let done = Place::find(data.as_deref(), doing).await?.post("/api/v4/weir/keys/rotate", &json!({}), doing).await?;
    tell(json, &done, |done| {
        let (count, key) = (&done["resealed"], text(done, "key"));
        if done["fresh"] == true {
            return format!("{count} secrets are sealed with the key {key} now");
        }
        format!(
            "the environment has the keys: {count} secrets were sealed anew with the first of them, {key}; to change it, put \
             a new one in front in WEIR_SECRET_KEY, start the server again, rotate, and drop the old one"
        )
    });
    Ok(())
}

/// The last moment of a day, in UTC.
fn end_of(date: &str) -> Option<model::Timestamp> {
    let end = model::Timestamp::parse(&format!("{date}T23:59:59Z"))?;
    (date.len() == 10).then_some(end)
}
