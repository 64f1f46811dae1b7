//! The addresses of the pages.

use model::{JobId, PipelineKey, ProjectId, RunId};

use super::query::segment;

/// A run's page.
pub fn run(id: RunId) -> String {
    format!("/runs/{id}")
}

/// A job's page.
pub fn job(id: JobId) -> String {
    format!("/jobs/{id}")
}

/// A pipeline's page.
pub fn pipeline(key: &PipelineKey) -> String {
    format!("/pipelines/{}", segment(key.as_str()))
}

/// The page of the documentation that a finding's link names: `docs/language.md#rules`. It is no page that the browser
/// takes over.
pub fn documentation(link: &str) -> String {
    format!("/{}", link.replacen(".md", "", 1))
}

/// The page of a project or namespace. It is no page that the browser takes over.
pub fn place(path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(segment).collect();
    format!("/projects/{}", parts.join("/"))
}

/// The CI/CD variables of a project. It is no page that the browser takes over.
pub fn variables(id: ProjectId) -> String {
    format!("/settings/variables?project={id}")
}

/// A file that a job left.
pub fn artifact(id: JobId, name: &str) -> String {
    format!("/jobs/{id}/artifacts/{}", segment(name))
}

/// An environment on the page of all of them.
pub fn environment(project: ProjectId, name: &str) -> String {
    format!("/environments#{}", anchor(project, name))
}

/// What an environment is called inside that page. Neither a space nor a percent sign is in it: some
/// decode what stands behind the `#`, and some do not.
pub fn anchor(project: ProjectId, name: &str) -> String {
    let mut out = format!("{project}-");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!(".{byte:02X}"));
        }
    }
    out
}

/// An address that somebody wrote, if a browser may be sent there: no script, no file.
pub fn outside(address: &str) -> Option<&str> {
    let scheme = |scheme: &str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (scheme("https://") || scheme("http://")).then_some(address)
}

/// The whole log of a job as plain text.
pub fn raw_log(id: JobId) -> String {
    format!("/jobs/{id}/raw")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_have_anchors_of_their_own() {
        let name = |name| anchor(ProjectId(3), name);
        assert_eq!(name("production"), "3-production");
        assert_eq!(name("review/a b"), "3-review.2Fa.20b");
        assert_ne!(name("a.2F"), name("a/"));
    }

    #[test]
    fn only_addresses_of_the_web_lead_outside() {
        assert_eq!(outside("HTTPS://shop.example"), Some("HTTPS://shop.example"));
        assert_eq!(outside("http://localhost:8080/?a=1"), Some("http://localhost:8080/?a=1"));
        for bad in ["javascript:alert(1)", " https://x", "data:text/html,x", "//x", "https:x", "", "文档"] {
            assert_eq!(outside(bad), None, "{bad:?}");
        }
    }
}
