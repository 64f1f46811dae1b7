//! The settings of `weir serve`: configuration file, then environment, then flags; later wins.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use model::Zone;
use runner::{Containers, JobUsers};
use serde::Deserialize;

use super::args::ServeArgs;
use super::failure::{Exit, Failure};
use crate::http::{Proxies, REQUESTS};
use crate::outbound::prefix::Prefix;
use crate::service::Limits;

/// What the configuration file may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<String>,
    local: Option<bool>,
    external_url: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trusted_proxy: Option<Vec<String>>,
    rate_limit: Option<u32>,
    concurrent: Option<usize>,
    no_runner: Option<bool>,
    containers: Option<String>,
    job_user: Option<String>,
    jobs_dir: Option<PathBuf>,
    runner_tags: Option<Vec<String>>,
    include_remote: Option<Vec<String>>,
    log_limit: Option<String>,
    artifacts_limit: Option<String>,
    artifacts_expire_in: Option<String>,
    codearts_zone: Option<String>,
}

/// The settings a server starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder for everything the server keeps.
    pub data: PathBuf,
    /// Address to listen on; port 0 picks one.
    pub listen: SocketAddr,
    /// One-person mode.
    pub local: bool,
    /// The address under which people reach the server.
    pub external_url: Option<String>,
    /// The certificate to speak https with.
    pub tls: Option<TlsFiles>,
    /// The proxies that are believed.
    pub proxies: Proxies,
    /// Requests per minute of a user or a token; 0 for no limit.
    pub rate_limit: u32,
    /// How many jobs the embedded runner runs at a time.
    pub concurrent: usize,
    /// Whether the server starts a runner.
    pub runner: bool,
    /// What that runner does with jobs that have an image.
    pub containers: Containers,
    /// Who its jobs run as.
    pub job_users: JobUsers,
    /// Where what such jobs reach is.
    pub jobs_dir: Option<PathBuf>,
    /// The tags of that runner.
    pub runner_tags: Vec<String>,
    /// What the addresses of files begin with that definitions may include from other servers.
    pub include_remote: Vec<Prefix>,
    /// How much of what jobs leave is kept, and how long.
    pub limits: Limits,
    /// Where CodeArts' interface is, as far as times and days go.
    pub codearts_zone: Zone,
}

/// The two files of a certificate, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

const DOING: &str = "read the configuration";

/// Reads the settings; `env` looks up an environment variable.
pub fn resolve(args: &ServeArgs, env: impl Fn(&str) -> Option<String>) -> Result<Settings, Failure> {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let file = match args.config.clone().or_else(|| env("WEIR_CONFIG").map(PathBuf::from)) {
        Some(path) => read(&path)?,
        None => File::default(),
    };
    let data = args.data.clone().or_else(|| env("WEIR_DATA").map(PathBuf::from)).or(file.data);
    let listen = args.listen.clone().or_else(|| env("WEIR_LISTEN")).or(file.listen);
    let listen = listen.as_deref().unwrap_or("127.0.0.1:9433");
    let local = args.local || parsed::<Flag>(&env, "WEIR_LOCAL")?.map(|flag| flag.0).or(file.local).unwrap_or(false);
    let no_runner = args.no_runner
        || parsed::<Flag>(&env, "WEIR_NO_RUNNER")?.map(|flag| flag.0).or(file.no_runner).unwrap_or(false);
    let concurrent = match args.concurrent {
        Some(n) => Some(n),
        None => parsed(&env, "WEIR_CONCURRENT")?.or(file.concurrent),
    };
    if concurrent == Some(0) {
        return Err(Failure::usage(DOING, "`concurrent` is at least 1; use `--no-runner` for none"));
    }
    let external_url = args.external_url.clone().or_else(|| env("WEIR_EXTERNAL_URL")).or(file.external_url);
    let containers = args.containers.clone().or_else(|| env("WEIR_CONTAINERS")).or(file.containers);
    let containers = match containers {
        Some(text) => {
            text.parse().map_err(|error| Failure::usage(DOING, format!("`containers` = {text:?}: {error}")))?
        }
        None => Containers::default(),
    };
    let job_users = match args.job_user.clone().or_else(|| env("WEIR_JOB_USER")).or(file.job_user) {
        Some(text) => text.parse().map_err(|error| Failure::usage(DOING, format!("`job_user` = {text:?}: {error}")))?,
        // Whoever reaches such a server owns it.
        None if local => JobUsers::Same,
        None => JobUsers::usual(),
    };
    let jobs_dir = args.jobs_dir.clone().or_else(|| env("WEIR_JOBS_DIR").map(PathBuf::from)).or(file.jobs_dir);
    let jobs_dir = jobs_dir.map(|path| std::path::absolute(&path)).transpose();
    let jobs_dir = jobs_dir.map_err(|error| Failure::usage(DOING, format!("`jobs_dir`: {error}")))?;
    let of_env = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    let tags = args.runner_tags.clone().or_else(|| env("WEIR_RUNNER_TAGS").map(of_env)).or(file.runner_tags);
    let mut tags: Vec<String> = tags.unwrap_or_default().iter().map(|tag| tag.trim().to_owned()).collect();
    tags.retain(|tag| !tag.is_empty());
    if let Some(tag) = tags.iter().find(|tag| tag.len() > 255 || tag.chars().any(char::is_control)) {
        return Err(Failure::usage(DOING, format!("{tag:?} is no tag of a runner: at most 255 bytes on one line")));
    }
    let remote = args.include_remote.clone().or_else(|| env("WEIR_INCLUDE_REMOTE").map(of_env)).or(file.include_remote);
    let remote = remote.unwrap_or_default();
    let prefixes = remote.iter().map(|url| url.trim()).filter(|url| !url.is_empty());
    let include_remote = prefixes
        .map(|url| url.parse().map_err(|error: String| Failure::usage(DOING, format!("`include_remote`: {error}"))))
        .collect::<Result<_, _>>()?;
    let path_of = |given: &Option<PathBuf>, name| given.clone().or_else(|| env(name).map(PathBuf::from));
    let certificate = path_of(&args.tls_cert, "WEIR_TLS_CERT").or(file.tls_cert);
    let key = path_of(&args.tls_key, "WEIR_TLS_KEY").or(file.tls_key);
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => return Err(Failure::usage(DOING, "`tls_cert` needs `tls_key`: its private key")),
        (None, Some(_)) => return Err(Failure::usage(DOING, "`tls_key` needs `tls_cert`: its certificate")),
    };
    let proxies = args.trusted_proxy.clone().or_else(|| env("WEIR_TRUSTED_PROXY").map(of_env)).or(file.trusted_proxy);
    let proxies = Proxies::parse(&proxies.unwrap_or_default())
        .map_err(|error| Failure::usage(DOING, format!("`trusted_proxy`: {error}")))?;
    let rate_limit = match args.rate_limit {
        Some(n) => Some(n),
        None => parsed(&env, "WEIR_RATE_LIMIT")?.or(file.rate_limit),
    };
    let log_limit = args.log_limit.clone().or_else(|| env("WEIR_LOG_LIMIT")).or(file.log_limit);
    let artifacts_limit = args.artifacts_limit.clone().or_else(|| env("WEIR_ARTIFACTS_LIMIT")).or(file.artifacts_limit);
    let expire_in =
        args.artifacts_expire_in.clone().or_else(|| env("WEIR_ARTIFACTS_EXPIRE_IN")).or(file.artifacts_expire_in);
    let usual = Limits::default();
    let limits = Limits {
        log: size(log_limit, "log_limit", usual.log)?,
        archive: size(artifacts_limit, "artifacts_limit", usual.archive)?,
        artifacts_expire_in: match expire_in {
            Some(text) => pipeline::expiry(&text).ok_or_else(|| {
                let cause =
                    format!("`artifacts_expire_in` = {text:?} is no length of time, such as 30 days, nor `never`");
                Failure::usage(DOING, cause)
            })?,
            None => usual.artifacts_expire_in,
        },
    };
    let zone = args.codearts_zone.clone().or_else(|| env("WEIR_CODEARTS_ZONE")).or(file.codearts_zone);
    let codearts_zone = match zone {
        Some(text) => text
            .trim()
            .parse()
            .map_err(|error| Failure::usage(DOING, format!("`codearts_zone` = {text:?}: {error}")))?,
        None => Zone::CHINA,
    };
    let settings = Settings {
        data: data_folder(data.as_deref())?,
        listen: address(listen)?,
        local,
        external_url: external_url.map(|url| url.trim_end_matches('/').to_owned()),
        tls,
        proxies,
        rate_limit: rate_limit.unwrap_or(REQUESTS),
        concurrent: concurrent.unwrap_or_else(processors),
        runner: !no_runner,
        containers,
        job_users,
        jobs_dir,
        runner_tags: tags,
        include_remote,
        limits,
        codearts_zone,
    };
    let is_web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    if let Some(url) = &settings.external_url
        && (!is_web(url) || url.parse::<http::Uri>().is_err())
    {
        return Err(Failure::usage(DOING, format!("the external URL {url:?} is no http:// or https:// address")));
    }
    if let Some(url) = &settings.external_url
        && (url.contains('@') || url.splitn(4, '/').nth(3).is_some())
    {
        let cause = format!("the external URL {url:?} has more than scheme, host and port: no path, no user name");
        return Err(Failure::usage(DOING, cause));
    }
    Ok(settings)
}

fn size(given: Option<String>, name: &str, default: u64) -> Result<u64, Failure> {
    let Some(text) = given else { return Ok(default) };
    match text.trim().parse::<bytesize::ByteSize>() {
        Ok(size) if size.0 > 0 => Ok(size.0),
        _ => Err(Failure::usage(DOING, format!("`{name}` = {text:?} is no size, such as 500MB or 2GiB"))),
    }
}

/// How many jobs run at a time unless somebody says otherwise.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The server's folder: the given one, `WEIR_DATA`, or the usual place.
pub fn data_folder(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| Failure::usage("find the data folder", format!("{}: {error}", path.display())))
    };
    if let Some(path) = given {
        return absolute(path);
    }
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = var("WEIR_DATA") {
        return absolute(&path);
    }
    // systemd names the unit's own folder, /var/lib/weir.
    if let Some(path) = var("STATE_DIRECTORY") {
        return absolute(&path);
    }
    match var("XDG_DATA_HOME").filter(|path| path.is_absolute()).or_else(|| Some(var("HOME")?.join(".local/share"))) {
        Some(path) => absolute(&path.join("weir")),
        None => Err(Failure::usage("find the data folder", "neither XDG_DATA_HOME nor HOME is set; use --data DIR")),
    }
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port));
    }
    Err(Failure::usage(DOING, format!("{text:?} is no address to listen on, such as 127.0.0.1:9433")))
}

fn read(path: &Path) -> Result<File, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::text(Exit::Usage, DOING, format!("{shown}: {error}")))?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Failure::usage(DOING, format!("{shown}:{line}:{column}: {}", error.message()))
    })
}

fn parsed<T>(env: &impl Fn(&str) -> Option<String>, name: &str) -> Result<Option<T>, Failure>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    env(name)
        .map(|text| text.parse().map_err(|error| Failure::usage(DOING, format!("{name}={text:?}: {error}"))))
        .transpose()
}

/// A switch in the environment.
struct Flag(bool);

impl FromStr for Flag {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" | "true" | "yes" | "on" => Ok(Self(true)),
            "0" | "false" | "no" | "off" => Ok(Self(false)),
            _ => Err("expected true or false"),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::plan::Expiry;

    use super::*;

    fn message(result: Result<Settings, Failure>) -> String {
        let failure = result.unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        failure.message.unwrap()
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        let of = |text: &'static str| {
            resolve(&ServeArgs { log_limit: Some(text.into()), ..ServeArgs::default() }, |_| None).map(|s| s.limits.log)
        };
        assert_eq!((of("100MB").unwrap(), of("2 GiB").unwrap(), of("4096").unwrap()), (100_000_000, 2 << 30, 4096));
        for wrong in ["", "much", "-1", "0", "1 parsec"] {
            assert!(format!("{:?}", of(wrong).unwrap_err()).contains("is no size"), "{wrong}");
        }
        let plain = resolve(&ServeArgs::default(), |_| None).unwrap();
        assert_eq!((plain.limits.log, plain.limits.archive), (16 << 30, 100 << 20));
    }

    #[test]
    fn artifacts_are_kept_thirty_days_or_as_somebody_says() {
        let of = |text: Option<&str>| {
            let args = ServeArgs { artifacts_expire_in: text.map(str::to_owned), ..ServeArgs::default() };
            resolve(&args, |_| None).map(|settings| settings.limits.artifacts_expire_in)
        };
        assert_eq!(of(None).unwrap(), Expiry::After(30 * 86_400));
        assert_eq!(of(Some("1 week and 2 days")).unwrap(), Expiry::After(9 * 86_400));
        assert_eq!(of(Some("Never")).unwrap(), Expiry::Never);
        for wrong in ["", "soon", "3 moons", "-1 day"] {
            assert!(format!("{:?}", of(Some(wrong)).unwrap_err()).contains("is no length of time"), "{wrong}");
        }
    }

    #[test]
    fn flags_beat_environment_beats_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.toml");
        std::fs::write(&path, "data = \"/f\"\nlisten = \"127.0.0.1:1\"\nlocal = true\nconcurrent = 3\nrunner_tags = [\"x\"]\ncontainers = \"podman\"\ninclude_remote = [\"https://ci.example.org/t/\"]\n").unwrap();
        let args = ServeArgs { config: Some(path), listen: Some("localhost:9".into()), ..ServeArgs::default() };
        let env = |name: &str| match name {
            "WEIR_LISTEN" => Some("127.0.0.1:2".to_owned()),
            "WEIR_DATA" => Some("/e".to_owned()),
            "WEIR_RUNNER_TAGS" => Some("linux, big,".to_owned()),
            _ => None,
        };
        let settings = resolve(&args, env).unwrap();
        assert_eq!(settings.data, Path::new("/e"));
        assert_eq!(settings.listen, "127.0.0.1:9".parse().unwrap());
        assert_eq!(
            (settings.runner_tags.join("+"), settings.containers.to_string()),
            ("linux+big".into(), "podman".into())
        );
        assert_eq!((settings.local, settings.concurrent, settings.runner), (true, 3, true));
        assert_eq!(settings.include_remote, ["https://ci.example.org/t".parse().unwrap()]);
    }

    #[test]
    fn addresses_of_remote_files_come_from_one_place() {
        let env =
            |name: &str| (name == "WEIR_INCLUDE_REMOTE").then(|| "https://a.example/, http://b.example/x,".into());
        let of_env = resolve(&ServeArgs::default(), env).unwrap().include_remote;
        assert_eq!(of_env, ["https://a.example".parse().unwrap(), "http://b.example/x".parse().unwrap()]);
        let args = ServeArgs { include_remote: Some(vec!["https://c.example/".into()]), ..ServeArgs::default() };
        assert_eq!(resolve(&args, env).unwrap().include_remote, ["https://c.example/".parse().unwrap()]);
        assert!(resolve(&ServeArgs::default(), |_| None).unwrap().include_remote.is_empty());
    }

    #[test]
    fn users_of_jobs_are_read_and_are_safe_when_nobody_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.toml");
        std::fs::write(&path, "job_user = \"ci\"\njobs_dir = \"/srv/jobs\"\n").unwrap();
        let args = ServeArgs { config: Some(path), ..ServeArgs::default() };
        let of_file = resolve(&args, |_| None).unwrap();
        assert_eq!((of_file.job_users, of_file.jobs_dir), (JobUsers::Named("ci".into()), Some("/srv/jobs".into())));
        let env = |name: &str| (name == "WEIR_JOB_USER").then(|| "7000-7001".to_owned());
        assert_eq!(resolve(&args, env).unwrap().job_users, JobUsers::Numbers(7000, 7001));
        let flag = ServeArgs { job_user: Some("same".into()), ..args };
        assert_eq!(resolve(&flag, env).unwrap().job_users, JobUsers::Same);
        assert_eq!(resolve(&ServeArgs::default(), |_| None).unwrap().job_users, JobUsers::usual());
        let local = ServeArgs { local: true, ..ServeArgs::default() };
        assert_eq!(resolve(&local, |_| None).unwrap().job_users, JobUsers::Same);
    }

    #[test]
    fn certificates_proxies_and_limits_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.toml");
        std::fs::write(
            &path,
            "tls_cert = \"/f/c\"\ntls_key = \"/f/k\"\ntrusted_proxy = [\"10.0.0.0/8\"]\nrate_limit = 7\n",
        )
        .unwrap();
        let args = ServeArgs { config: Some(path), tls_key: Some("/a/k".into()), ..ServeArgs::default() };
        let env = |name: &str| match name {
            "WEIR_TLS_CERT" => Some("/e/c".to_owned()),
            "WEIR_TRUSTED_PROXY" => Some("loopback, fd00::/8,".to_owned()),
            "WEIR_RATE_LIMIT" => Some("0".to_owned()),
            _ => None,
        };
        let of_file = resolve(&ServeArgs { tls_key: None, ..args.clone() }, |_| None).unwrap();
        let files = |certificate: &str, key: &str| Some(TlsFiles { certificate: certificate.into(), key: key.into() });
        assert_eq!((of_file.tls, of_file.rate_limit), (files("/f/c", "/f/k"), 7));
        assert_eq!(of_file.proxies, Proxies::parse(&["10.0.0.0/8"]).unwrap());
        let of_env = resolve(&args, env).unwrap();
        assert_eq!((of_env.tls, of_env.rate_limit), (files("/e/c", "/a/k"), 0));
        assert_eq!(of_env.proxies, Proxies::parse(&["loopback", "fd00::/8"]).unwrap());
        let plain = resolve(&ServeArgs::default(), |_| None).unwrap();
        assert_eq!(plain.codearts_zone, Zone::CHINA);
        let west = ServeArgs { codearts_zone: Some("-05:00".into()), ..ServeArgs::default() };
        assert_eq!(resolve(&west, |_| None).unwrap().codearts_zone.to_string(), "-05:00");
        assert_eq!((plain.tls, plain.proxies, plain.rate_limit), (None, Proxies::default(), REQUESTS));
    }

    #[test]
    fn unknown_keys_have_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weir.toml");
        std::fs::write(&path, "local = true\n\nlitsen = \"127.0.0.1:1\"\n").unwrap();
        let text = message(resolve(&ServeArgs { config: Some(path), ..ServeArgs::default() }, |_| None));
        assert!(text.contains("weir.toml:3:1: unknown field `litsen`"), "{text}");
    }

    #[test]
    fn nonsense_is_refused() {
        let with = |name: &'static str, value: &'static str| {
            message(resolve(&ServeArgs::default(), move |asked| (asked == name).then(|| value.to_owned())))
        };
        assert!(with("WEIR_LISTEN", "nowhere").contains("\"nowhere\" is no address"));
        assert!(with("WEIR_LOCAL", "maybe").contains("expected true or false"));
        assert!(with("WEIR_CONCURRENT", "0").contains("at least 1"));
        assert!(with("WEIR_JOB_USER", "9-1").contains("`job_user` = \"9-1\": expected auto, same"));
        assert!(with("WEIR_RUNNER_TAGS", "a,b\nc").contains("is no tag"));
        assert!(with("WEIR_EXTERNAL_URL", "ci.example").contains("is no http://"));
        assert!(with("WEIR_TLS_CERT", "/c").contains("`tls_cert` needs `tls_key`"));
        assert!(with("WEIR_TLS_KEY", "/k").contains("`tls_key` needs `tls_cert`"));
        assert!(with("WEIR_TRUSTED_PROXY", "10.0.0.1,proxy").contains("`trusted_proxy`: \"proxy\" is no address"));
        assert!(with("WEIR_TRUSTED_PROXY", "0.0.0.0/0").contains("is everybody"));
        assert!(with("WEIR_CODEARTS_ZONE", "Mars").contains("`codearts_zone` = \"Mars\": a zone is UTC"));
        assert!(with("WEIR_RATE_LIMIT", "-1").contains("WEIR_RATE_LIMIT=\"-1\""));
        let remote = with("WEIR_INCLUDE_REMOTE", "https://a.example/,ftp://b.example/");
        assert!(remote.contains("`include_remote`: \"ftp://b.example/\" cannot begin an address"), "{remote}");
    }
}
