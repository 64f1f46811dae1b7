//! The project's files: fetched with `git`, copied from a folder, or none.

use std::{ffi::OsStr, fs, io, os::unix::ffi::OsStrExt, path::Path};

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

/// What `git` is to do, once it is known to be harmless.
pub(super) struct Fetch {
    /// The address without credentials.
    url: String,
    /// The same with them, if there are any.
    secret_url: Option<String>,
    is_file: bool,
    sha: String,
    refspecs: Vec<String>,
    depth: u32,
    checkout: bool,
    submodules: Option<bool>,
    attempts: u32,
    title: String,
}

/// Run by the shell, so that every `git` is a process of the job. All that differs comes in variables
/// and positional parameters; nothing is ever part of the text.
const SCRIPT: &str = r#"set -e
git init --quiet --template= .
git remote add -- origin "$WEIR_GIT_URL"
fetch() {
    git fetch --quiet --prune ${WEIR_GIT_UPLOAD_PACK:+--upload-pack="$WEIR_GIT_UPLOAD_PACK"} \
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
fi
if [ -n "$WEIR_GIT_SUBMODULES" ]; then
    git submodule sync --quiet ${WEIR_GIT_SUBMODULES#normal}
    git submodule --quiet update --init ${WEIR_GIT_SUBMODULES#normal}
fi
"#;

impl Fetch {
    /// What the job asks for; none when it needs no sources.
    pub(super) fn new(job: &JobPayload, environment: &Environment) -> Result<Option<Self>, String> {
        let strategy = environment.get("GIT_STRATEGY").unwrap_or("fetch");
        let info = &job.git_info;
        match strategy {
            "none" | "empty" => return Ok(None),
            // Workspaces are new: there is nothing to fetch into.
            "" | "clone" | "fetch" => {}
            other => return Err(format!("GIT_STRATEGY {other:?} is none of clone, fetch, none, empty")),
        }
        if info.repo_url.is_empty() {
            return Ok(None);
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
        let short = &info.sha[..info.sha.len().min(8)];
        let submodules = match environment.get("GIT_SUBMODULE_STRATEGY") {
            None | Some("" | "none") => None,
            Some("normal") => Some(false),
            Some("recursive") => Some(true),
            Some(other) => return Err(format!("GIT_SUBMODULE_STRATEGY {other:?} is none of none, normal, recursive")),
        };
        let attempts = environment.get("GET_SOURCES_ATTEMPTS").and_then(|text| text.parse().ok()).unwrap_or(1);
        Ok(Some(Self {
            is_file: url.starts_with("file://") || url.starts_with('/'),
            title: format!("Fetching {} as {}", short, info.git_ref),
            url,
            secret_url,
            sha: info.sha.clone(),
            refspecs,
            depth: info.depth,
            checkout: environment.get("GIT_CHECKOUT") != Some("false"),
            submodules,
            attempts: u32::clamp(attempts, 1, 10),
        }))
    }

    /// What the log says before it begins.
    pub(super) fn title(&self) -> &str {
        &self.title
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
        if let Some(secret) = &self.secret_url {
            config.push((format!("url.{secret}.insteadOf"), self.url.clone()));
        }
        let mut variables = vec![
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GIT_CONFIG_COUNT", config.len().to_string()),
            ("WEIR_GIT_URL", self.url.clone()),
            ("WEIR_GIT_SHA", if self.checkout { self.sha.clone() } else { String::new() }),
            ("WEIR_GIT_DEPTH", if self.depth == 0 { String::new() } else { self.depth.to_string() }),
            ("WEIR_GIT_ATTEMPTS", self.attempts.to_string()),
            (
                "WEIR_GIT_SUBMODULES",
                self.submodules.map_or("", |deep| if deep { "--recursive" } else { "normal" }).to_owned(),
            ),
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

/// Takes user and password out of an HTTP address.
fn split_credentials(url: &str) -> (String, Option<String>) {
    for scheme in ["http://", "https://"] {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let authority = rest.split('/').next().unwrap_or_default();
        if let Some((credentials, _)) = authority.rsplit_once('@') {
            return (format!("{scheme}{}", &rest[credentials.len() + 1..]), Some(url.to_owned()));
        }
    }
    (url.to_owned(), None)
}

/// Lets through what names a repository, and nothing that makes git run a program.
fn check_url(url: &str) -> Result<(), String> {
    let known = ["http://", "https://", "ssh://", "git://", "file:///"].iter().any(|scheme| url.starts_with(scheme));
    // `user@host:path`; `ext::program` and the like have two colons.
    let like_scp = url.split_once(':').is_some_and(|(host, path)| {
        !path.starts_with([':', '/']) && !host.is_empty() && !host.starts_with('-') && !host.contains('/')
    });
    if url.contains(char::is_control) || !(known || like_scp || url.starts_with('/')) {
        return Err("the sources' address is not one that git may be asked for".to_owned());
    }
    Ok(())
}

/// Copies the files of `from` that belong to the project: those that git knows and those that it does
/// not know but does not ignore; everything when it is no repository or there is no git.
pub(super) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    let git = |folder: &Path, arguments: &[&OsStr]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]).args(arguments).current_dir(folder);
        command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).output()
    };
    if from.join(".git").exists() {
        // Scripts may ask git about the commit, and change what they like: a repository of its own that
        // borrows the objects. Without one (there is no commit yet) the files alone must do.
        let clone = ["clone", "--quiet", "--shared", "--no-checkout", "--template=", "--"].map(OsStr::new);
        let cloned = git(to, &[&clone[..], &[from.as_os_str(), OsStr::new(".")]].concat());
        if cloned.is_ok_and(|cloned| cloned.status.success()) {
            let _ = git(to, &["reset", "--quiet"].map(OsStr::new));
        }
    }
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"].map(OsStr::new);
    match git(from, &list) {
        Ok(listed) if listed.status.success() => {
            for name in listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
                let name = Path::new(OsStr::from_bytes(name));
                let target = to.join(name);
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                copy(&from.join(name), &target)?;
            }
            Ok(())
        }
        _ => copy(from, to),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(meta) = fs::symlink_metadata(from) else {
        // Known to git, but deleted.
        return Ok(());
    };
    if meta.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)
    } else if meta.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else if meta.is_file() {
        fs::copy(from, to)?;
        // What `make` compares stays as it was.
        fs::File::options().write(true).open(to).and_then(|file| file.set_modified(meta.modified()?)).or(Ok(()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_address_and_programs_are_no_addresses() {
        let (url, secret) = split_credentials("https://ci:p@ss@host/a/b@c.git");
        assert_eq!((url.as_str(), secret.is_some()), ("https://host/a/b@c.git", true));
        assert_eq!(split_credentials("https://host/a@b.git"), ("https://host/a@b.git".to_owned(), None));
        for good in ["https://h/p.git", "file:///srv/p.git", "git@host:a/b.git", "/srv/p.git", "ssh://git@h/p"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["ext::sh -c id", "-u/x", "--upload-pack=x:y", "file://h/x", "relative/path", "fd::17", "a\nb:c"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
