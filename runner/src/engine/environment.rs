//! The environment that a job's programs get: nothing of the runner's own but what makes a machine
//! usable, then the job's variables, then what the runner knows.

use std::{
    collections::{BTreeMap, HashMap},
    env, io,
    time::Duration,
};

use super::{Settings, expand::expand, places::Places};
use crate::{
    processes::MARK,
    protocol::{JobPayload, Variable},
    trace::{Log, Secrets},
};

/// What is passed on from the runner's own environment: where programs, certificates, proxies and
/// tool chains are. Nothing else, so that nothing that was meant for the server reaches a job.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "CARGO_HTTP_CAINFO",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "PYENV_ROOT",
    "NVM_DIR",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "PIP_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "NPM_CONFIG_REGISTRY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
];

/// What of that is about the runner's user, and so not for jobs of another.
const PERSONAL: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "CARGO_HOME",
    "GOPATH",
    "PIP_CONFIG_FILE",
];

/// The part of this process's environment that jobs get.
pub(crate) fn passed() -> Vec<(String, String)> {
    PASSED.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?))).collect()
}

/// A job's variables, expanded.
pub(super) struct Environment {
    values: BTreeMap<String, String>,
    /// What the runner's own helpers get: nothing that a job can set.
    machine: BTreeMap<String, String>,
    /// What says where things are on this machine, and so not in a container.
    here: BTreeMap<String, String>,
}

impl Environment {
    /// Works out the variables and writes those that are files.
    pub(super) fn new(
        job: &JobPayload,
        places: &Places,
        settings: &Settings,
        limit: Duration,
        number: usize,
    ) -> io::Result<Self> {
        let own = own(job, places, settings, limit, number);
        let mut raw: HashMap<&str, String> = HashMap::new();
        for variable in &job.variables {
            let value = if variable.file { file_path(variable, places) } else { variable.value.reveal().to_owned() };
            raw.insert(&variable.key, value);
        }
        for (key, value) in &own {
            raw.insert(key, value.clone());
        }
        let value_of =
            |name: &str| if name == "$" { "$".to_owned() } else { raw.get(name).cloned().unwrap_or_default() };
        let mut machine: BTreeMap<String, String> = settings.environment.iter().cloned().collect();
        let mut values = machine.clone();
        if let Some(user) = places.user() {
            values.retain(|name, _| !PERSONAL.contains(&name.as_str()));
            let home = user.home.clone().or_else(|| places.home());
            values.extend(home.map(|home| ("HOME".to_owned(), text(&home))));
            values.extend(["USER", "LOGNAME"].map(|name| (name.to_owned(), user.name.clone())));
        }
        let mut here = values.clone();
        here.insert(MARK.to_owned(), mark(settings, job.id));
        machine.insert(MARK.to_owned(), mark(settings, job.id));
        values.insert("TMPDIR".to_owned(), text(&places.temporary()));
        for variable in job.variables.iter().filter(|variable| is_name(&variable.key)) {
            let content = variable.value.reveal();
            let content = if variable.raw { content.to_owned() } else { expand(content, value_of) };
            let value = if variable.file { write_file(variable, places, &content)? } else { content };
            if !value.contains('\0') {
                values.insert(variable.key.clone(), value);
            }
        }
        values.extend(own);
        Ok(Self { values, machine, here })
    }

    /// These variables and no others.
    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        let values = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { values, machine: BTreeMap::new(), here: BTreeMap::new() }
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// `text` with the references to variables in it replaced, once.
    pub(super) fn expand(&self, text: &str) -> String {
        expand(text, |name| if name == "$" { "$".to_owned() } else { self.get(name).unwrap_or_default().to_owned() })
    }

    /// `text` as a name that others get to see: with the values of variables, of which none that the log masks is shown.
    /// Asked before anything is cut off a name: a part of a value would not be known.
    pub(super) fn name(&self, text: &str, log: &Log) -> String {
        log.masked(&self.expand(text))
    }

    /// Whether the variable says yes; `default` when it says nothing of the kind.
    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.get(name).and_then(truth).unwrap_or(default)
    }

    /// Sets a variable.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Says what is so in a container, which is gone after the job.
    pub(super) fn in_container(&mut self, image: &str) {
        self.values.remove("CI_SHARED_ENVIRONMENT");
        self.set("CI_DISPOSABLE_ENVIRONMENT", "true");
        self.set("CI_JOB_IMAGE", image);
        // The sources belong to the runner, which need not be the image's user: git would have none of them.
        if self.get("GIT_CONFIG_COUNT").is_none() {
            for (name, value) in
                [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")]
            {
                self.set(name, value);
            }
        }
    }

    /// What a container gets: nothing that says where things are on this machine, unless the job does.
    pub(super) fn job_pairs(&self) -> Vec<(String, String)> {
        self.pairs().into_iter().filter(|(key, value)| self.here.get(key) != Some(value)).collect()
    }

    /// What the runner's own helpers get.
    pub(super) fn machine_pairs(&self) -> Vec<(String, String)> {
        self.machine.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// All of them.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        self.values.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Yes or no in the words that Go takes for it.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The variables that the runner itself knows.
fn own(
    job: &JobPayload,
    places: &Places,
    settings: &Settings,
    limit: Duration,
    number: usize,
) -> Vec<(String, String)> {
    [
        ("CI_PROJECT_DIR", text(&places.build)),
        ("CI_BUILDS_DIR", text(&places.builds())),
        ("CI_CONCURRENT_ID", number.to_string()),
        ("CI_CONCURRENT_PROJECT_ID", number.to_string()),
        ("CI_SERVER", "yes".to_owned()),
        ("CI_JOB_STATUS", "running".to_owned()),
        ("CI_JOB_TIMEOUT", limit.as_secs().to_string()),
        ("CI_SHARED_ENVIRONMENT", "true".to_owned()),
        ("CI_RUNNER_VERSION", env!("CARGO_PKG_VERSION").to_owned()),
        ("CI_RUNNER_EXECUTABLE_ARCH", format!("{}/{}", env::consts::OS, crate::architecture())),
        ("RUNNER_TEMP_PROJECT_DIR", text(&places.temporary())),
        (MARK, mark(settings, job.id)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// What marks every process of a job.
pub(super) fn mark(settings: &Settings, job: i64) -> String {
    // The end is marked too: job 1 is not job 12.
    format!("{}:{job};", settings.instance)
}

/// What must not be seen in the log; the variables that are too short for it are named.
pub(super) fn secrets(job: &JobPayload) -> (Secrets, Vec<&str>) {
    let mut secrets = Secrets::default();
    let mut too_short = Vec::new();
    secrets.add(job.token.reveal());
    for variable in job.variables.iter().filter(|variable| variable.masked && !variable.value.is_empty()) {
        if !secrets.add(variable.value.reveal()) && !too_short.contains(&variable.key.as_str()) {
            too_short.push(&variable.key);
        }
    }
    for credentials in &job.credentials {
        secrets.add(credentials.password.reveal());
    }
    for prefix in job.features.token_mask_prefixes.iter().take(10) {
        secrets.add_prefix(prefix);
    }
    (secrets, too_short)
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && !key.contains(['=', '\0'])
}

/// Where a file variable's content goes. The name of the file is made of nothing but letters.
fn file_path(variable: &Variable, places: &Places) -> String {
    text(&places.hand.join(file_name(variable)))
}

fn file_name(variable: &Variable) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    format!("file-{}", variable.key.chars().take(200).map(safe).collect::<String>())
}

fn write_file(variable: &Variable, places: &Places, content: &str) -> io::Result<String> {
    places.write_hand(&file_name(variable), content.as_bytes()).map(|path| text(&path))
}

fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn variables_are_expanded_once_files_are_private_and_the_runner_has_the_last_word() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path(), 5);
        fs::create_dir_all(&places.private).unwrap();
        let mut file = Variable::plain("../KEY", "k=$A");
        file.file = true;
        let mut raw = Variable::plain("RAW", "$A");
        raw.raw = true;
        let job = JobPayload {
            id: 5,
            variables: vec![
                Variable::plain("A", "old"),
                Variable::plain("A", "1"),
                Variable::plain("B", "$A-$CI_PROJECT_DIR-$$-$C"),
                Variable::plain("C", "$A"),
                raw,
                file,
                Variable::plain("HOME", "/elsewhere"),
                Variable::plain("CI_PROJECT_DIR", "/wrong"),
                Variable::plain("BAD=NAME", "x"),
            ],
            ..JobPayload::default()
        };
        let environment =
            Environment::new(&job, &places, &Settings::for_tests(dir.path()), Duration::from_mins(1), 0).unwrap();
        let get = |name| environment.get(name).unwrap().to_owned();
        let build = places.build.display().to_string();
        assert_eq!(get("B"), format!("1-{build}-$-$A"));
        assert_eq!(
            (get("RAW"), get("HOME"), get("PATH")),
            ("$A".to_owned(), "/elsewhere".to_owned(), "/bin".to_owned())
        );
        assert_eq!(get("CI_PROJECT_DIR"), build);
        let path = get("../KEY");
        assert_eq!(path, places.private.join("file----KEY").display().to_string());
        assert_eq!(fs::read_to_string(&path).unwrap(), "k=1");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(environment.get("BAD=NAME").is_none());
    }
}
