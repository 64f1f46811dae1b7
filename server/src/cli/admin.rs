//! `weir project|pipeline|token create`: through the server that has the data folder, or straight
//! on the folder when none runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::service::{NewPipeline, Service as _};
use model::Caller;
use serde_json::{Value, json};

use super::args::{PipelineAction, ProjectAction, TokenAction};
use super::client::{Client, DEFAULT_URL, environment};
use super::config::data_folder;
use super::failure::{Exit, Failure, Outcome};
use super::output;
use crate::boot::{self, DataError, DataFolder};
use crate::service::Weir;
use crate::store::tokens::Scope;

/// Who does the work.
enum Place {
    /// The server that has the folder.
    Server(Client),
    /// Nobody has the folder: the command itself, while it holds the lock.
    Here(DataFolder, Arc<Weir>),
}

/// Finds who does the work. `--data` says which folder; otherwise a named server, the usual folder's
/// server, or one at the usual address comes before the usual folder itself.
async fn place(data: Option<&Path>, doing: &str) -> Result<Place, Failure> {
    let named = environment(["WEIR_URL", "ORDINE_API_URL"]);
    if let (None, Some(url)) = (data, &named) {
        return Client::new(url).map(Place::Server);
    }
    let path = data_folder(data)?;
    if data.is_none() && !super::serve::address_file(&path).exists() {
        let client = Client::new(DEFAULT_URL)?;
        if client.get::<Value>("/api/v4/version", doing).await.is_ok() {
            return Ok(Place::Server(client));
        }
    }
    match boot::open(&path) {
        Ok((folder, weir)) => Ok(Place::Here(folder, weir)),
        Err(DataError::InUse { .. }) => match std::fs::read_to_string(super::serve::address_file(&path)) {
            Ok(address) => Client::new(address.trim()).map(Place::Server),
            Err(error) => {
                let cause = format!("the server of {} does not say where it answers: {error}", path.display());
                Err(Failure::text(Exit::Unreachable, doing, cause))
            }
        },
        Err(error) => Err(Failure::new(Exit::Failed, doing, error)),
    }
}

/// The person at the keyboard.
pub fn local_caller() -> Caller {
    let name = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|n| !n.is_empty()));
    Caller::local(name.unwrap_or_else(|| "owner".into()))
}

/// `weir project …`
pub async fn project(action: ProjectAction, json: bool) -> Outcome {
    let ProjectAction::Create { path, source, data, private: _, public } = action;
    if public {
        output::note("weir: who may see a project is only asked once there are accounts; --public changes nothing yet");
    }
    let doing = format!("create project {path}");
    let source = source.map(|source| absolute_source(&source));
    let (id, path, uid) = match place(data.as_deref(), &doing).await? {
        Place::Server(client) => {
            let body = json!({"path": path, "source": source});
            let made: Value = client.post("/api/v4/weir/projects", &body, &doing).await?;
            let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
            if json {
                output::json(&made);
                return Ok(());
            }
            (made["id"].as_i64().unwrap_or_default(), text("path_with_namespace"), text("uid"))
        }
        Place::Here(_folder, weir) => {
            let made = weir.create_project(&local_caller(), &path, source.as_deref()).await;
            let made = made.map_err(|error| Failure::service(&doing, &error))?;
            if json {
                output::json(&crate::dialect::gitlab::wire::ProjectObject::new(&made, DEFAULT_URL));
                return Ok(());
            }
            (made.id.0, made.path.to_string(), made.uid.to_string())
        }
    };
    output::line(format!("{id} {path} {uid}"));
    Ok(())
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
    let (key, uid) = match place(data.as_deref(), &doing).await? {
        Place::Server(client) => {
            let body = json!({"id": key, "name": name, "projectId": project, "definition": definition});
            let made: Value = client.post("/api/pipelines", &body, &doing).await?;
            if json {
                output::json(&made);
                return Ok(());
            }
            let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
            (text("id"), text("uid"))
        }
        Place::Here(_folder, weir) => {
            let new = NewPipeline {
                key,
                name: name.unwrap_or_default(),
                description: String::new(),
                project: Some(project),
                definition,
            };
            let made = weir.create_pipeline(&local_caller(), new).await;
            let made = made.map_err(|error| {
                super::lint::print_diagnostics(&error.diagnostics, output::Paint::stderr());
                Failure::service(&doing, &error)
            })?;
            if json {
                output::json(&made);
                return Ok(());
            }
            (made.key.to_string(), made.uid.to_string())
        }
    };
    output::line(format!("{key} {uid}"));
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
    let token = match place(data.as_deref(), &doing).await? {
        Place::Server(client) => {
            let body = json!({"user": user, "name": name, "scope": scope, "expires_at": expires});
            let made: Value = client.post("/api/v4/weir/tokens", &body, &doing).await?;
            made["token"].as_str().unwrap_or_default().to_owned()
        }
        Place::Here(_folder, weir) => {
            let scope: Scope = scope.parse().map_err(|()| Failure::usage(&doing, "unknown scope"))?;
            let made = weir.create_token(&local_caller(), &user, &name, scope, expires).await;
            made.map_err(|error| Failure::service(&doing, &error))?
        }
    };
    if json {
        output::json(&json!({"token": token}));
    } else {
        output::line(token);
    }
    Ok(())
}

/// The last moment of a day, in UTC.
fn end_of(date: &str) -> Option<model::Timestamp> {
    let end = model::Timestamp::parse(&format!("{date}T23:59:59Z"))?;
    (date.len() == 10).then_some(end)
}
