//! The project's files: fetched with `git`, copied from a folder, or none.

mod address;
mod folder;

use address::{check_url, host_end, is_here, split_credentials};
pub(super) use folder::copy_folder;

use super::environment::Environment;
use crate::protocol::{GitInfo, JobPayload};

/// Where a job's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sources {
    /// What the payload says.
    Payload,
    /// A copy of what git knows, or could know, of this folder; of all of it when it is no repository.
    Folder(std::path::PathBuf),
}

/// What there is to be fetched.
pub(super) enum Plan {
    /// There are no sources.
    Nothing,
    /// The job does not want them.
    Unwanted,
    Fetch(Fetch),
}

/// What `git` is to do, once it is known to be harmless.
pub(super) struct Fetch {
    /// The address without credentials.
    url: String,
    /// The same with them, if there are any.
    secret_url: Option<String>,
    /// What the remote is called by: where the server has it from, or the address itself.
    origin: String,
    is_file: bool,
    sha: String,
    refspecs: Vec<String>,
    depth: u32,
    flags: String,
    checkout: bool,
    /// The branch that a clone stands on which is not told what to check out.
    branch: String,
    clean: String,
    submodules: Option<Submodules>,
    attempts: u32,
    title: String,
}

/// How submodules are fetched.
struct Submodules {
    deep: bool,
    depth: String,
    paths: String,
    flags: String,
    /// Whether addresses of the sources' host that are for SSH are asked for over HTTP.
    force_http: bool,
}

/// Run by the shell, so that every `git` is a process of the job. All that differs comes in variables
/// and positional parameters; nothing is ever part of the text.
///
/// `set -f`: flags and paths that a job gives are words, never patterns. What hooks left lying about is
/// cleaned away as it would be in a workspace that had been used before.
const SCRIPT: &str = r#"set -ef
git init --quiet --template= .
git remote add -- origin "$WEIR_GIT_URL" 2>/dev/null || git remote set-url -- origin "$WEIR_GIT_URL"
[ -z "$WEIR_GIT_KEPT" ] || printf '%s\n' "$WEIR_GIT_KEPT" >>.git/config
fetch() {
    git fetch $WEIR_GIT_FLAGS ${WEIR_GIT_UPLOAD_PACK:+--upload-pack="$WEIR_GIT_UPLOAD_PACK"} \
        ${WEIR_GIT_DEPTH:+--depth="$WEIR_GIT_DEPTH"} -- origin "$@"
}
attempt=1
until fetch "$@"; do
    [ "$attempt" -lt "$WEIR_GIT_ATTEMPTS" ] || exit 128
    attempt=$((attempt + 1))
    sleep 1
done
if [ -n "$WEIR_GIT_SHA" ]; then
    # A branch that was forced elsewhere, or has moved on further than the depth, lacks the commit.
    git cat-file -e "$WEIR_GIT_SHA^{commit}" 2>/dev/null || fetch "$WEIR_GIT_SHA"
    git checkout --quiet --force --detach "$WEIR_GIT_SHA" --
    [ -z "$WEIR_GIT_CLEAN" ] || git clean --quiet $WEIR_GIT_CLEAN
fi
if [ -n "$WEIR_GIT_BRANCH" ]; then
    fetch "+refs/heads/$WEIR_GIT_BRANCH:refs/remotes/origin/$WEIR_GIT_BRANCH"
    git checkout --quiet --force --track -B "$WEIR_GIT_BRANCH" "origin/$WEIR_GIT_BRANCH"
fi
if [ -n "$WEIR_GIT_SUBMODULES" ]; then
    git submodule --quiet sync ${WEIR_GIT_SUBMODULES#normal}
    git submodule --quiet update --init ${WEIR_GIT_SUBMODULES#normal} \
        ${WEIR_GIT_SUBMODULE_DEPTH:+--depth="$WEIR_GIT_SUBMODULE_DEPTH"} $WEIR_GIT_SUBMODULE_FLAGS \
        -- $WEIR_GIT_SUBMODULE_PATHS
fi
"#;

impl Fetch {
    /// What the job asks for.
    pub(super) fn plan(job: &JobPayload, environment: &Environment) -> Result<Plan, String> {
        let info = &job.git_info;
        if info.repo_url.is_empty() {
            return Ok(Plan::Nothing);
        }
        let get = |name: &str| environment.get(name).unwrap_or_default();
        match get("GIT_STRATEGY") {
            "none" | "empty" => return Ok(Plan::Unwanted),
            // Workspaces are new: there is nothing to fetch into.
            "" | "clone" | "fetch" => {}
            other => return Err(format!("GIT_STRATEGY {other:?} is none of clone, fetch, none, empty")),
        }
        let (url, secret_url) = split_credentials(info.repo_url.reveal());
        check_url(&url)?;
        if !info.sha.is_empty() && (info.sha.len() < 7 || !info.sha.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err("the commit is not a hexadecimal number".to_owned());
        }
        let refspecs = refspecs(info);
        if let Some(bad) = refspecs.iter().find(|spec| spec.starts_with('-') || spec.contains(char::is_control)) {
            return Err(format!("{bad:?} is not a refspec"));
        }
        let checkout = environment.flag("GIT_CHECKOUT", true);
        let branch = if checkout || get("GIT_STRATEGY") != "clone" { "" } else { get("CI_DEFAULT_BRANCH") };
        let deep = match get("GIT_SUBMODULE_STRATEGY") {
            "" | "none" => None,
            "normal" => Some(false),
            "recursive" => Some(true),
            other => return Err(format!("GIT_SUBMODULE_STRATEGY {other:?} is none of none, normal, recursive")),
        };
        let depth = |text: &str| text.parse::<u32>().ok().filter(|depth| *depth > 0);
        let submodules = deep.filter(|_| checkout).map(|deep| Submodules {
            deep,
            depth: depth(get("GIT_SUBMODULE_DEPTH")).map(|depth| depth.to_string()).unwrap_or_default(),
            paths: get("GIT_SUBMODULE_PATHS").to_owned(),
            flags: get("GIT_SUBMODULE_UPDATE_FLAGS").to_owned(),
            force_http: environment.flag("GIT_SUBMODULE_FORCE_HTTPS", false),
        });
        let flags = environment.get("GIT_FETCH_EXTRA_FLAGS").unwrap_or("--prune --quiet");
        let clean = match get("GIT_CLEAN_FLAGS") {
            "none" => "",
            // Nothing can be there that is not of the commit.
            "" if job.hooks.is_empty() => "",
            "" => "-ffdx",
            flags => flags,
        };
        let is_jobs_own = is_jobs_own(secret_url.as_deref());
        // The server that gives the job gives these: it may just be starting anew.
        let usual = if is_jobs_own { 3 } else { 1 };
        let attempts = environment.get("GET_SOURCES_ATTEMPTS").and_then(|text| text.parse().ok()).unwrap_or(usual);
        let origin = info.weir_origin.trim_end_matches('/');
        let is_elsewhere = !origin.is_empty() && !origin.starts_with(['/', '-']) && !origin.starts_with("file:");
        let origin = if is_elsewhere && check_url(origin).is_ok() && !origin.contains(['"', '\\']) {
            // With a slash at its end it is the beginning of no other repository's address.
            format!("{origin}/")
        } else {
            url.clone()
        };
        Ok(Plan::Fetch(Self {
            origin,
            is_file: url.starts_with("file://") || url.starts_with('/'),
            title: format!("Fetching {} as {}", &info.sha[..info.sha.len().min(8)], info.git_ref),
            url,
            secret_url,
            sha: info.sha.clone(),
            refspecs,
            depth: info.depth,
            flags: flags.to_owned(),
            checkout,
            branch: branch.to_owned(),
            clean: clean.to_owned(),
            submodules,
            attempts: u32::clamp(attempts, 1, 10),
        }))
    }

    /// What the log says before it begins.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Whether they come from the server that gave the job.
    pub(super) fn is_from_server(&self) -> bool {
        is_jobs_own(self.secret_url.as_deref())
    }

    /// Whether the commit's files are put into the workspace.
    pub(super) fn checks_out(&self) -> bool {
        self.checkout
    }

    /// The shell's text.
    pub(super) fn script() -> &'static str {
        SCRIPT
    }

    /// The script's positional parameters.
    pub(super) fn arguments(&self) -> &[String] {
        &self.refspecs
    }

    /// What the script needs to know. Credentials travel here: an environment is not shown to other
    /// users as arguments are.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let mut config = vec![
            // The workspace and a repository on this machine may have other owners.
            ("safe.directory".to_owned(), "*".to_owned()),
            ("protocol.allow".to_owned(), "never".to_owned()),
            ("advice.detachedHead".to_owned(), "false".to_owned()),
            ("gc.auto".to_owned(), "0".to_owned()),
        ];
        for scheme in ["http", "https", "ssh", "git"] {
            config.push((format!("protocol.{scheme}.allow"), "always".to_owned()));
        }
        if self.is_file {
            config.push(("protocol.file.allow".to_owned(), "always".to_owned()));
        }
        // For the whole host: submodules are beside the project more often than not.
        let base = self.secret_url.as_ref().unwrap_or(&self.url);
        let base = &base[..host_end(base)];
        let plain = &self.url[..host_end(&self.url)];
        if base != plain {
            config.push((format!("url.{base}/.insteadOf"), format!("{plain}/")));
        }
        if self.origin != self.url {
            let full = self.secret_url.as_ref().unwrap_or(&self.url);
            config.push((format!("url.{full}.insteadOf"), self.origin.clone()));
        }
        if is_here(plain) {
            // A proxy would look for it on its own machine.
            config.push((format!("http.{plain}/.proxy"), String::new()));
        }
        if let Some(host) = plain.split_once("://").map(|(_, host)| host.split(':').next().unwrap_or_default())
            && self.submodules.as_ref().is_some_and(|submodules| submodules.force_http)
            && plain.starts_with("http")
        {
            config.push((format!("url.{base}/.insteadOf"), format!("git@{host}:")));
            config.push((format!("url.{base}/.insteadOf"), format!("ssh://git@{host}/")));
        }
        let submodules = self.submodules.as_ref();
        let of = |part: fn(&Submodules) -> &str| submodules.map(part).unwrap_or_default().to_owned();
        let mut variables = vec![
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GIT_CONFIG_COUNT", config.len().to_string()),
            ("WEIR_GIT_URL", self.origin.clone()),
            ("WEIR_GIT_SHA", if self.checkout { self.sha.clone() } else { String::new() }),
            ("WEIR_GIT_BRANCH", self.branch.clone()),
            ("WEIR_GIT_DEPTH", if self.depth == 0 { String::new() } else { self.depth.to_string() }),
            ("WEIR_GIT_FLAGS", self.flags.clone()),
            ("WEIR_GIT_CLEAN", self.clean.clone()),
            ("WEIR_GIT_ATTEMPTS", self.attempts.to_string()),
            ("WEIR_GIT_SUBMODULES", of(|submodules| if submodules.deep { "--recursive" } else { "normal" })),
            ("WEIR_GIT_SUBMODULE_DEPTH", of(|submodules| &submodules.depth)),
            ("WEIR_GIT_SUBMODULE_PATHS", of(|submodules| &submodules.paths)),
            ("WEIR_GIT_SUBMODULE_FLAGS", of(|submodules| &submodules.flags)),
            ("WEIR_GIT_KEPT", self.kept()),
            // git does not hand its configuration on to the other side of a local fetch.
            (
                "WEIR_GIT_UPLOAD_PACK",
                if self.is_file { "git -c 'safe.directory=*' upload-pack" } else { "" }.to_owned(),
            ),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect::<Vec<_>>();
        for (index, (key, value)) in config.into_iter().enumerate() {
            variables.push((format!("GIT_CONFIG_KEY_{index}"), key));
            variables.push((format!("GIT_CONFIG_VALUE_{index}"), value));
        }
        variables
    }
}

impl Fetch {
    /// What the repository in the workspace is set to, so that scripts can fetch more: with the job's own token, which is
    /// worth nothing when the job has ended. Other credentials are kept out of it. What scripts push goes to where the
    /// server has the repository from.
    fn kept(&self) -> String {
        let secret = self.secret_url.as_deref();
        let full = secret.unwrap_or(&self.url);
        if (secret.is_some() && !is_jobs_own(secret)) || full.contains(['"', '\\', '\n']) {
            return String::new();
        }
        let (base, plain) = (&full[..host_end(full)], &self.url[..host_end(&self.url)]);
        let mut lines = String::new();
        if self.origin != self.url {
            let origin = &self.origin;
            lines.push_str(&format!("[url \"{full}\"]\n\tinsteadOf = {origin}\n"));
            lines.push_str(&format!("[url \"{origin}\"]\n\tpushInsteadOf = {origin}\n"));
        }
        if secret.is_some() {
            lines.push_str(&format!("[url \"{base}/\"]\n\tinsteadOf = {plain}/\n"));
        }
        if is_here(plain) {
            lines.push_str(&format!("[http \"{plain}/\"]\n\tproxy =\n"));
        }
        lines
    }
}

/// Whether an address has the name that goes with a job's token.
fn is_jobs_own(url: Option<&str>) -> bool {
    url.is_some_and(|url| url.contains("://gitlab-ci-token:"))
}

fn refspecs(info: &GitInfo) -> Vec<String> {
    if !info.refspecs.is_empty() {
        return info.refspecs.clone();
    }
    match info.ref_type.as_str() {
        "tag" => vec![format!("+refs/tags/{0}:refs/tags/{0}", info.git_ref)],
        _ if info.git_ref.is_empty() => vec!["+refs/heads/*:refs/remotes/origin/*".to_owned()],
        _ => vec![format!("+refs/heads/{0}:refs/remotes/origin/{0}", info.git_ref)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_serve_the_whole_host_and_submodules_that_are_asked_for_by_ssh() {
        let environment = Environment::of(&[
            ("GIT_SUBMODULE_STRATEGY", "recursive"),
            ("GIT_SUBMODULE_FORCE_HTTPS", "true"),
            ("GIT_SUBMODULE_DEPTH", "3"),
            ("GIT_SUBMODULE_PATHS", "lib :(exclude)vendor"),
            ("GIT_CLEAN_FLAGS", "-ffdx -e kept/"),
        ]);
        let git_info = GitInfo { repo_url: "https://ci:secret@git.example:8443/a/b.git".into(), ..GitInfo::default() };
        let job = JobPayload { git_info, ..JobPayload::default() };
        let Ok(Plan::Fetch(fetch)) = Fetch::plan(&job, &environment) else { panic!("nothing to fetch") };
        let variables: std::collections::BTreeMap<_, _> = fetch.variables().into_iter().collect();
        let mut instead: Vec<&str> = variables
            .iter()
            .filter(|(_, value)| value.starts_with("url."))
            .map(|(key, value)| {
                assert_eq!(value, "url.https://ci:secret@git.example:8443/.insteadOf");
                variables[&key.replace("KEY", "VALUE")].as_str()
            })
            .collect();
        instead.sort_unstable();
        assert_eq!(instead, ["git@git.example:", "https://git.example:8443/", "ssh://git@git.example/"]);
        for (name, want) in [
            ("WEIR_GIT_URL", "https://git.example:8443/a/b.git"),
            ("WEIR_GIT_SUBMODULES", "--recursive"),
            ("WEIR_GIT_SUBMODULE_DEPTH", "3"),
            ("WEIR_GIT_SUBMODULE_PATHS", "lib :(exclude)vendor"),
            ("WEIR_GIT_CLEAN", "-ffdx -e kept/"),
            ("WEIR_GIT_FLAGS", "--prune --quiet"),
        ] {
            assert_eq!(variables[name], want, "{name}");
        }
    }

    #[test]
    fn submodules_are_beside_where_the_server_has_the_repository_from() {
        let plan = |repo_url: &str, weir_origin: &str| {
            let git_info = GitInfo { repo_url: repo_url.into(), weir_origin: weir_origin.into(), ..GitInfo::default() };
            let job = JobPayload { git_info, ..JobPayload::default() };
            let Ok(Plan::Fetch(fetch)) = Fetch::plan(&job, &Environment::of(&[])) else { panic!("nothing to fetch") };
            let variables: std::collections::BTreeMap<_, _> = fetch.variables().into_iter().collect();
            (variables["WEIR_GIT_URL"].clone(), variables["WEIR_GIT_KEPT"].clone())
        };
        let own = "http://gitlab-ci-token:glcbt-1@ci.example/shop/web.git";
        let (url, kept) = plan(own, "https://git.example/acme/web.git");
        assert_eq!(url, "https://git.example/acme/web.git/");
        assert!(
            kept.contains(&format!("[url \"{own}\"]\n\tinsteadOf = https://git.example/acme/web.git/\n")),
            "{kept}"
        );
        assert!(kept.contains("pushInsteadOf = https://git.example/acme/web.git/\n"), "{kept}");
        assert!(kept.contains("[url \"http://gitlab-ci-token:glcbt-1@ci.example/\"]"), "{kept}");
        assert_eq!(plan(own, "git@git.example:acme/web").0, "git@git.example:acme/web/");
        // A folder of the server is nothing to a job, and a program is no address.
        for none in ["", "/srv/web", "file:///srv/web", "ext::sh -c id", "-u/x"] {
            assert_eq!(plan(own, none).0, "http://ci.example/shop/web.git", "{none}");
        }
        let (url, kept) = plan("https://deploy:secret@git.example/a.git", "");
        assert_eq!((url.as_str(), kept.as_str()), ("https://git.example/a.git", ""));
        assert_eq!(plan("file:///srv/1.git", ""), ("file:///srv/1.git".to_owned(), String::new()));
    }

    #[test]
    fn words_that_mean_nothing_are_refused_and_strategies_are_told_apart() {
        let url = || GitInfo { repo_url: "/srv/p.git".into(), ..GitInfo::default() };
        let job = JobPayload { git_info: url(), ..JobPayload::default() };
        let plan = |pairs: &[(&str, &str)]| Fetch::plan(&job, &Environment::of(pairs));
        for strategy in ["none", "empty"] {
            assert!(matches!(plan(&[("GIT_STRATEGY", strategy)]), Ok(Plan::Unwanted)));
        }
        for (no, word) in [(false, "true"), (true, "false"), (true, "0"), (false, "perhaps"), (false, "")] {
            let Ok(Plan::Fetch(fetch)) = plan(&[("GIT_CHECKOUT", word)]) else { panic!("{word}") };
            assert_eq!(fetch.checks_out(), !no, "{word}");
        }
        assert!(plan(&[("GIT_STRATEGY", "pull")]).is_err());
        assert!(plan(&[("GIT_SUBMODULE_STRATEGY", "some")]).is_err());
        assert!(matches!(Fetch::plan(&JobPayload::default(), &Environment::of(&[])), Ok(Plan::Nothing)));
    }
}
