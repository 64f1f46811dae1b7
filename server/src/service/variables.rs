//! The variables that the server sets (contracts/ci-yaml.md part 6): those known before a run
//! exists, which conditions may ask for, and which every job gets too.

use model::plan::Variable;
use model::{Project, Source};

use crate::store::runs::Commit;

/// What is known of a run before it exists.
pub fn of_trigger(external_url: &str, project: &Project, commit: &Commit, source: Source) -> Vec<Variable> {
    let path = &project.path;
    let mut list = vec![
        ("CI", "true".to_owned()),
        ("GITLAB_CI", "true".to_owned()),
        ("WEIR", "true".to_owned()),
        ("CI_SERVER_NAME", "Weir".to_owned()),
        ("CI_SERVER_URL", external_url.to_owned()),
        ("CI_SERVER_VERSION", env!("CARGO_PKG_VERSION").to_owned()),
        ("CI_API_V4_URL", format!("{external_url}/api/v4")),
        ("CI_PIPELINE_SOURCE", source.as_str().to_owned()),
        ("CI_PROJECT_ID", project.id.to_string()),
        ("CI_PROJECT_NAME", path.name().to_owned()),
        ("CI_PROJECT_TITLE", path.name().to_owned()),
        ("CI_PROJECT_PATH", path.as_str().to_owned()),
        ("CI_PROJECT_PATH_SLUG", slug(path.as_str())),
        ("CI_PROJECT_NAMESPACE", path.namespace().to_owned()),
        ("CI_PROJECT_ROOT_NAMESPACE", path.namespace().split('/').next().unwrap_or_default().to_owned()),
        ("CI_CONFIG_PATH", super::source::DEFINITION_FILE.to_owned()),
    ];
    if !commit.sha.is_empty() {
        list.push(("CI_COMMIT_SHA", commit.sha.clone()));
        list.push(("CI_COMMIT_SHORT_SHA", commit.sha.chars().take(8).collect()));
        list.push(("CI_COMMIT_BEFORE_SHA", "0".repeat(40)));
        list.push(("CI_COMMIT_REF_NAME", commit.git_ref.clone()));
        list.push(("CI_COMMIT_REF_SLUG", slug(&commit.git_ref)));
        list.push(("CI_COMMIT_TITLE", commit.title.clone()));
        list.push((if commit.is_tag { "CI_COMMIT_TAG" } else { "CI_COMMIT_BRANCH" }, commit.git_ref.clone()));
    }
    list.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }).collect()
}

/// GitLab's slug: lower case, at most 63 characters, anything else a dash, no dash at the ends.
pub fn slug(text: &str) -> String {
    let mapped: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .take(63)
        .collect();
    mapped.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_gitlabs() {
        assert_eq!(slug("feature/Über_Größe!"), "feature--ber-gr--e");
        assert_eq!(slug(&"x".repeat(80)).len(), 63);
    }
}
