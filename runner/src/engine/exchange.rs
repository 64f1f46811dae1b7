//! Where archives come from and go to: the server, or files beside a local run.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    client::{Backoff, Client, ClientError, JobKey},
    protocol::{Artifact, Dependency},
};

/// How often a transfer is tried when the server has trouble.
const ATTEMPTS: u32 = 5;

/// The place that artifacts are exchanged through.
pub(crate) enum Exchange {
    /// The job's server.
    Server { client: Client, job: JobKey },
    /// A folder: each job's archives are in a folder of its number, its reports below their kind.
    Folder {
        dir: PathBuf,
        /// Looks at reports as a server would.
        check: Option<ReportCheck>,
    },
}

/// Looks at a report, by its kind and file as it was packed; the error says what is wrong with it.
pub type ReportCheck = Arc<dyn Fn(&str, &Path) -> Result<(), String> + Send + Sync>;

/// Why something was not handed over.
pub(crate) enum UploadError {
    /// It is not what it is said to be, or more than is taken: the same again would be refused again.
    Refused(String),
    /// The other side has trouble.
    Failed(String),
}

impl Exchange {
    /// Whether the server did not answer; then it does again when this says so.
    pub(super) async fn was_away(&self) -> bool {
        let Self::Server { client, .. } = self else { return false };
        if client.is_there().await {
            return false;
        }
        let mut away = client.backoff();
        loop {
            away.pause(None).await;
            if client.is_there().await {
                return true;
            }
        }
    }

    /// Gets a dependency's archive into `to`.
    pub(super) async fn download(&self, from: &Dependency, to: &Path) -> Result<(), String> {
        match self {
            Self::Server { client, .. } => {
                let mut patience = Patience::new(client);
                while let Err(error) = client.download(from, to).await {
                    patience.after(error).await.map_err(|error| error.to_string())?;
                }
                Ok(())
            }
            Self::Folder { dir, .. } => {
                let source = dir.join(ARCHIVES).join(from.id.to_string()).join(safe(&from.artifacts_file.filename));
                tokio::fs::copy(source, to).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// Hands an archive or a report over.
    pub(super) async fn upload(
        &self,
        job: i64,
        artifact: &Artifact,
        name: &str,
        file: &Path,
    ) -> Result<(), UploadError> {
        match self {
            Self::Server { client, job } => {
                let mut patience = Patience::new(client);
                while let Err(error) = client.upload(job, artifact, name, file).await {
                    patience.after(error).await.map_err(|error| match error {
                        ClientError::Refused { status: 400 | 413 | 422, .. } => UploadError::Refused(error.to_string()),
                        error => UploadError::Failed(error.to_string()),
                    })?;
                }
                Ok(())
            }
            Self::Folder { dir, check } => {
                let kind = kind_folder(artifact);
                if let Some(check) = check.clone().filter(|_| kind != ARCHIVES) {
                    let (kind, file) = (artifact.artifact_type.clone(), file.to_owned());
                    let looked = tokio::task::spawn_blocking(move || check(&kind, &file)).await;
                    looked.map_err(|error| UploadError::Failed(error.to_string()))?.map_err(UploadError::Refused)?;
                }
                let folder = dir.join(kind).join(job.to_string());
                let target = folder.join(safe(name));
                let copied = async {
                    tokio::fs::create_dir_all(&folder).await?;
                    tokio::fs::copy(file, target).await
                };
                copied.await.map(drop).map_err(|error| UploadError::Failed(error.to_string()))
            }
        }
    }
}

/// The folder of what other jobs ask for.
pub(crate) const ARCHIVES: &str = "archive";

/// The folder of its kind in a local exchange.
fn kind_folder(artifact: &Artifact) -> String {
    match artifact.artifact_type.as_str() {
        "" => ARCHIVES.to_owned(),
        kind => safe(kind),
    }
}

/// How long a transfer is tried: as long as it takes when the server is not there, a few times when it
/// is there and has trouble.
struct Patience {
    away: Backoff,
    trouble: Backoff,
    attempts: u32,
}

impl Patience {
    fn new(client: &Client) -> Self {
        let trouble = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        Self { away: client.backoff(), trouble, attempts: 0 }
    }

    /// Waits before the next attempt, or gives the error back when there is to be none.
    async fn after(&mut self, error: ClientError) -> Result<(), ClientError> {
        match error {
            ClientError::Away { answered: false, .. } => self.away.pause(None).await,
            ClientError::Away { retry_after, .. } if self.attempts < ATTEMPTS => {
                self.attempts += 1;
                self.trouble.pause(retry_after).await;
            }
            error => return Err(error),
        }
        Ok(())
    }
}

/// A file name that is nothing but a file name.
fn safe(name: &str) -> String {
    let name: String = name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    if matches!(name.as_str(), "" | "." | "..") { "artifacts.zip".to_owned() } else { name }
}
