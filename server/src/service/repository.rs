//! Repositories for git: who may read a project's mirror, and the program that serves it to them. Nobody writes to one
//! but `source`, which fetches.

use std::path::{Path, PathBuf};

use model::{Caller, Error, ProjectPath, Via};

use super::{Weir, access, source};
use crate::auth::policy::Action;
use crate::auth::token::Token;
use crate::store::{jobs, projects, tokens, users};

/// What is asked of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// What there is: branches and tags, or what the server can do.
    Refs,
    /// Commits and all that belongs to them.
    Pack,
}

impl Weir {
    /// The mirror of a project's repository. A job that runs reads that of its own project, and no other: its sources are
    /// part of what it is given, whatever has become of who started it meanwhile.
    pub async fn repository(&self, caller: &Caller, path: &str) -> Result<PathBuf, Error> {
        let missing = || Error::not_found("repository");
        let path: ProjectPath = path.parse().map_err(|_| missing())?;
        let caller = caller.clone();
        let found = self.store().read(move |conn| {
            let project = projects::by_path(conn, path.as_str())?;
            if let Via::Job(job, own) = caller.via {
                let is_running = jobs::require(conn, job).is_ok_and(|stored| stored.job.status.is_running());
                let project = project.filter(|project| is_running && project.id == own);
                return Ok(project.ok_or_else(missing)?.id);
            }
            let project = project.ok_or_else(missing)?.id;
            access::at_project(conn, &caller, Action::ReadRepository, project, "repository")?;
            Ok(project)
        });
        let mirror = self.mirror(found.await?);
        if !tokio::fs::try_exists(mirror.join("HEAD")).await.unwrap_or(false) {
            let text = "this project has no repository here: it has no source, or it could not be fetched yet";
            return Err(Error::conflict(text));
        }
        Ok(mirror)
    }

    /// The job that holds this token, as who asks for its sources; `None` unless it runs.
    pub async fn job_itself(&self, token: &Token, address: Option<&str>) -> Result<Option<Caller>, Error> {
        let hash = token.hash();
        let found = self.store().glance(move |conn| {
            let Some((job, project, name)) = tokens::of_job(conn, &hash)? else { return Ok(None) };
            let id = users::by_name(conn, &name)?.map(|user| user.id);
            Ok(Some((name, id, Via::Job(job, project))))
        });
        let address = address.map(str::to_owned);
        Ok(found.await?.map(|(user, id, via)| Caller { user, id, via, address }))
    }
}

/// `git upload-pack` over a mirror, as git's smart HTTP wants it: what the client says comes on stdin, what it gets goes
/// to stdout. `version` is that of the protocol which the client speaks.
pub fn upload_pack(mirror: &Path, ask: Ask, version: u8) -> tokio::process::Command {
    let mut command = source::command(None);
    // A commit that is no branch's any more is still a run's. The rest keeps one client from taking the machine.
    for setting in ["uploadpack.allowAnySHA1InWant=true", "pack.threads=2", "pack.windowMemory=64m"] {
        command.args(["-c", setting]);
    }
    command.args(["upload-pack", "--strict", "--stateless-rpc"]);
    if ask == Ask::Refs {
        command.arg("--advertise-refs");
    }
    command.arg("--").arg(mirror);
    command.env_remove("GIT_PROTOCOL");
    if version > 0 {
        command.env("GIT_PROTOCOL", format!("version={version}"));
    }
    tokio::process::Command::from(command)
}
