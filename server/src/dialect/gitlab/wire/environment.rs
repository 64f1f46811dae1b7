//! Environments.

use model::{Deployment, Environment, EnvironmentState, Tier};
use serde::Serialize;

use super::{JobObject, User};

/// A place that jobs deploy to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvironmentObject {
    /// Number.
    pub id: i64,
    /// Name.
    pub name: String,
    /// The name for use in addresses.
    pub slug: String,
    /// Its address.
    pub external_url: Option<String>,
    /// When it was first named.
    pub created_at: String,
    /// When it changed last.
    pub updated_at: String,
    /// What it is for.
    pub tier: Tier,
    /// Whether something stands there.
    pub state: EnvironmentState,
    /// Always null.
    pub auto_stop_at: Option<String>,
    /// What people say about it.
    pub description: Option<String>,
    /// The newest deployment; only of one environment alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_deployment: Option<DeploymentObject>,
}

/// An attempt of a job to deploy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeploymentObject {
    /// Number.
    pub id: i64,
    /// Counts the deployments of the project.
    pub iid: i64,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Commit.
    pub sha: String,
    /// When its job started.
    pub created_at: String,
    /// When it ended.
    pub updated_at: String,
    /// How its job stands.
    pub status: String,
    /// Who started the job.
    pub user: User,
    /// Where to, without its deployment.
    pub environment: Box<EnvironmentObject>,
    /// The job.
    pub deployable: JobObject,
}

impl EnvironmentObject {
    /// Without its deployment.
    pub fn new(environment: &Environment) -> Self {
        Self {
            id: environment.id.0,
            name: environment.name.clone(),
            slug: environment.slug.clone(),
            external_url: environment.external_url.clone(),
            created_at: environment.created_at.rfc3339(),
            updated_at: environment.updated_at.rfc3339(),
            tier: environment.tier,
            state: environment.state,
            auto_stop_at: None,
            description: environment.description.clone(),
            last_deployment: None,
        }
    }

    /// With the newest deployment and its job, which is the work of the same person.
    pub fn with_deployment(self, deployment: &Deployment, deployable: JobObject) -> Self {
        let shown = DeploymentObject {
            id: deployment.id,
            iid: deployment.number,
            git_ref: deployment.git_ref.clone(),
            sha: deployment.sha.clone(),
            created_at: deployment.created_at.rfc3339(),
            updated_at: deployment.finished_at.unwrap_or(deployment.created_at).rfc3339(),
            status: deployment.status.as_str().to_owned(),
            user: deployable.user.user.clone(),
            environment: Box::new(self.clone()),
            deployable,
        };
        Self { last_deployment: Some(shown), ..self }
    }
}
