//! Environments: where jobs deploy to, and what stands there.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{EnvironmentId, JobId, ProjectId, ProjectPath, RunId, Seq, Status, Timestamp};

/// Whether something stands in an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentState {
    /// Deployed to, or being deployed to.
    #[default]
    Available,
    /// A job takes it down.
    Stopping,
    /// Taken down; the next deployment makes it available again.
    Stopped,
}

/// What an environment is for (`environment:deployment_tier`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Those who use the product.
    Production,
    /// The last look before production.
    Staging,
    /// Tests.
    Testing,
    /// Reviews and work in progress.
    Development,
    /// Anything else.
    #[default]
    Other,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal,)* }) => {
        impl $type {
            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $type {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

words!(EnvironmentState { Available = "available", Stopping = "stopping", Stopped = "stopped", });
words!(Tier {
    Production = "production",
    Staging = "staging",
    Testing = "testing",
    Development = "development",
    Other = "other",
});

impl Tier {
    /// What the name of an environment tells, as on GitLab: the first of these parts that is in it.
    pub fn of_name(name: &str) -> Self {
        const PARTS: &[(Tier, &[&str])] = &[
            (Tier::Development, &["dev", "review", "trunk"]),
            (Tier::Testing, &["test", "tst", "int", "accept", "acpt", "qa", "qc", "control", "quality"]),
            (Tier::Staging, &["stag", "stg", "model", "modl", "pre", "demo", "non"]),
            (Tier::Production, &["prod", "prd", "live"]),
        ];
        let name = name.to_lowercase();
        PARTS
            .iter()
            .find(|(_, parts)| parts.iter().any(|part| name.contains(part)))
            .map_or(Self::Other, |(tier, _)| *tier)
    }
}

/// A place that jobs of a project deploy to. It is made when the first job that names it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Number in this instance: `CI_ENVIRONMENT_ID`.
    pub id: EnvironmentId,
    /// The project.
    pub project_id: ProjectId,
    /// That project's path.
    pub project_path: ProjectPath,
    /// Its name, unique in the project.
    pub name: String,
    /// The name for use in addresses, at most 24 characters: `CI_ENVIRONMENT_SLUG`.
    pub slug: String,
    /// What it is for.
    pub tier: Tier,
    /// Whether something stands there.
    pub state: EnvironmentState,
    /// Its address, from the last deployment that went well.
    pub external_url: Option<String>,
    /// What people say about it.
    #[serde(default)]
    pub description: Option<String>,
    /// When it was first named.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Last change.
    pub version: Seq,
}

impl Environment {
    /// The slug of a name: a letter first, then small letters, digits and dashes, at most 24
    /// characters. A name that is none gets an end that tells it from similar ones.
    pub fn slug_of(name: &str) -> String {
        const LIMIT: usize = 24;
        let mut slug = String::new();
        for c in name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }) {
            if !(c == '-' && slug.ends_with('-')) {
                slug.push(c);
            }
        }
        if !slug.starts_with(|c: char| c.is_ascii_lowercase()) {
            slug.insert_str(0, "env-");
        }
        let slug = slug.trim_end_matches('-');
        if slug == name && slug.len() <= LIMIT {
            return slug.to_owned();
        }
        // FNV-1a, in the digits that a slug may have.
        let mut hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut end = String::new();
        for _ in 0..6 {
            end.push(char::from_digit((hash % 36) as u32, 36).unwrap_or('0'));
            hash /= 36;
        }
        format!("{}-{end}", slug[..slug.len().min(LIMIT - 7)].trim_end_matches('-'))
    }
}

/// One attempt of a job to deploy to an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Number in this instance.
    pub id: i64,
    /// Counts the deployments of the project from 1.
    pub number: i64,
    /// The environment.
    pub environment_id: EnvironmentId,
    /// The job that deploys.
    pub job_id: JobId,
    /// That job's name.
    pub job_name: String,
    /// That job's run.
    pub run_id: RunId,
    /// How that job stands.
    pub status: Status,
    /// Branch or tag; empty without a repository.
    pub git_ref: String,
    /// Commit; empty without a repository.
    pub sha: String,
    /// Who started the job.
    pub user: String,
    /// When the job started.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::{Environment, Tier};

    #[test]
    fn slugs_are_short_and_apart() {
        assert_eq!(Environment::slug_of("production"), "production");
        let (one, two) = (Environment::slug_of("review/Topic_1"), Environment::slug_of("review/topic-1"));
        assert!(one.starts_with("review-topic-1-") && two.starts_with("review-topic-1-") && one != two);
        for name in ["1st", &"x".repeat(60), "äöü", "/", "a--b"] {
            let slug = Environment::slug_of(name);
            assert!(slug.len() <= 24 && slug.starts_with(|c: char| c.is_ascii_lowercase()), "{name}: {slug}");
        }
    }

    #[test]
    fn names_tell_tiers() {
        for (name, tier) in [
            ("production", Tier::Production),
            ("prod-eu", Tier::Production),
            ("review/topic-live", Tier::Development),
            ("staging", Tier::Staging),
            ("qa", Tier::Testing),
            ("pre-prod", Tier::Staging),
            ("customers", Tier::Other),
        ] {
            assert_eq!(Tier::of_name(name), tier, "{name}");
        }
    }
}
