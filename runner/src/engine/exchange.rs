//! Where archives come from and go to: the server, or files beside a local run.

use std::path::{Path, PathBuf};

use crate::{
    client::{Client, ClientError, JobKey},
    protocol::{Artifact, Dependency},
};

/// How often a transfer is tried when the server has trouble.
const ATTEMPTS: u32 = 5;

/// The place that artifacts are exchanged through.
pub(crate) enum Exchange {
    /// The job's server.
    Server { client: Client, job: JobKey },
    /// A folder: each job's archives are in a folder of its number.
    Folder(PathBuf),
}

impl Exchange {
    /// Gets a dependency's archive into `to`.
    pub(super) async fn download(&self, from: &Dependency, to: &Path) -> Result<(), String> {
        match self {
            Self::Server { client, .. } => {
                let mut backoff = client.backoff();
                for attempt in 1.. {
                    match client.download(from, to).await {
                        Ok(_) => return Ok(()),
                        // A server that is away comes back; one that always has trouble does not.
                        Err(ClientError::Away { retry_after, .. }) if attempt < ATTEMPTS * 20 => {
                            backoff.pause(retry_after).await;
                        }
                        Err(error) => return Err(error.to_string()),
                    }
                }
                Ok(())
            }
            Self::Folder(folder) => {
                let source = folder.join(from.id.to_string()).join(safe(&from.artifacts_file.filename));
                tokio::fs::copy(source, to).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// Hands an archive over.
    pub(super) async fn upload(&self, job: i64, artifact: &Artifact, name: &str, file: &Path) -> Result<(), String> {
        match self {
            Self::Server { client, job } => {
                let mut backoff = client.backoff();
                for attempt in 1.. {
                    match client.upload(job, artifact, name, file).await {
                        Ok(()) => return Ok(()),
                        Err(ClientError::Away { retry_after, .. }) if attempt < ATTEMPTS * 20 => {
                            backoff.pause(retry_after).await;
                        }
                        Err(error) => return Err(error.to_string()),
                    }
                }
                Ok(())
            }
            Self::Folder(folder) => {
                let folder = folder.join(job.to_string());
                let target = folder.join(safe(name));
                let copied = async {
                    tokio::fs::create_dir_all(&folder).await?;
                    tokio::fs::copy(file, target).await
                };
                copied.await.map(drop).map_err(|error| error.to_string())
            }
        }
    }
}

/// A file name that is nothing but a file name.
fn safe(name: &str) -> String {
    let name: String = name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    if matches!(name.as_str(), "" | "." | "..") { "artifacts.zip".to_owned() } else { name }
}
