//! Jobs in containers: a job with an image has its scripts run by Docker or Podman, with its services
//! beside it. Sources, caches and artifacts are the runner's own work, on the same folders.
//!
//! A container is an environment here and no wall: who may write a job is trusted as far as with jobs
//! that run on the machine itself.

mod command;
mod names;

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(super) use command::{CLEAN, NO_ENGINE, PULL, QUIET, WAIT};

use super::{
    Settings,
    environment::Environment,
    script::{Shell, find_program},
};
use crate::protocol::{ExecutorOpts, JobPayload, Variable};

/// How long an engine may take to remove what was left behind.
const LEFT_LIMIT: Duration = Duration::from_mins(1);

/// What becomes of jobs that ask for a container image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Containers {
    /// They are refused.
    #[default]
    Refuse,
    /// They run on the machine itself, and their log says so.
    Ignore,
    /// They run in a container of this program (`docker`, `podman`, or what takes their arguments);
    /// none is the first of the two that there is.
    Use(Option<PathBuf>),
}

impl Containers {
    /// The program, if there is to be one and there is one.
    pub fn engine(&self) -> Option<String> {
        match self {
            Self::Refuse | Self::Ignore => None,
            Self::Use(Some(program)) if program.is_absolute() => program.to_str().map(str::to_owned),
            Self::Use(Some(program)) => find_program(program.to_str()?),
            Self::Use(None) => ["docker", "podman"].into_iter().find_map(find_program),
        }
    }
}

/// The words of the setting: `off`, `ignore`, `auto` (whichever of Docker and Podman there is), or the
/// program.
impl FromStr for Containers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("expected off, ignore, auto, docker, podman or a program"),
            "off" => Ok(Self::Refuse),
            "ignore" => Ok(Self::Ignore),
            "auto" => Ok(Self::Use(None)),
            program => Ok(Self::Use(Some(program.into()))),
        }
    }
}

impl fmt::Display for Containers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse => f.write_str("off"),
            Self::Ignore => f.write_str("ignore"),
            Self::Use(None) => f.write_str("auto"),
            Self::Use(Some(program)) => write!(f, "{}", program.display()),
        }
    }
}

/// The containers of one job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JobContainers {
    engine: String,
    /// What the names of its containers begin with.
    name: String,
    /// Marks all that belongs to the runner, and to the job.
    labels: [String; 2],
    pub image: Image,
    pub services: Vec<Service>,
}

/// An image with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub name: String,
    entrypoint: Vec<String>,
    platform: String,
    user: String,
    policies: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub image: Image,
    aliases: Vec<String>,
    command: Vec<String>,
    pub variables: Vec<(String, String)>,
}

/// How a job's scripts are run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Where {
    Here,
    /// Here, although it asks for an image.
    Regardless,
    In(JobContainers),
}

/// Where the job's scripts are run; the error is why not at all.
pub(super) fn place(job: &JobPayload, settings: &Settings, environment: &Environment) -> Result<Where, String> {
    let image = job.image.as_ref().filter(|image| !image.name.is_empty());
    if image.is_none() && job.services.is_empty() {
        return Ok(Where::Here);
    }
    let engine = match (&settings.containers, settings.containers.engine()) {
        (Containers::Ignore, _) => return Ok(Where::Regardless),
        (Containers::Refuse, _) => return Err("jobs in containers are switched off here".to_owned()),
        (Containers::Use(_), None) => return Err("there is neither docker nor podman on this machine".to_owned()),
        (Containers::Use(_), Some(engine)) => engine,
    };
    let Some(image) = image else { return Err("services need a job with an image".to_owned()) };
    let services = job.services.iter().map(|service| {
        let name = environment.expand(&service.name);
        let given = environment.expand(&service.alias);
        let given: Vec<&str> = given.split([' ', ',']).filter(|alias| !alias.is_empty()).collect();
        if let Some(bad) = given.iter().find(|alias| !names::is_host(alias)) {
            return Err(format!("{bad:?} is no name of a host"));
        }
        let own = names::aliases(&name).into_iter().filter(|alias| names::is_host(alias));
        Ok(Service {
            aliases: own.chain(given.into_iter().map(str::to_owned)).collect(),
            image: Image::new(
                name,
                &service.entrypoint,
                &service.pull_policy,
                service.executor_opts.as_ref(),
                environment,
            )?,
            command: service.command.iter().map(|word| environment.expand(word)).collect(),
            variables: variables_of(job, &service.variables, environment),
        })
    });
    Ok(Where::In(JobContainers {
        services: services.collect::<Result<_, String>>()?,
        image: Image::new(
            environment.expand(&image.name),
            &image.entrypoint,
            &image.pull_policy,
            image.executor_opts.as_ref(),
            environment,
        )?,
        name: format!("weir-{}-{}", settings.instance, job.id),
        labels: [format!("weir.instance={}", settings.instance), format!("weir.job={}-{}", settings.instance, job.id)],
        engine,
    }))
}

impl Image {
    fn new(
        name: String,
        entrypoint: &[String],
        policies: &[String],
        opts: Option<&ExecutorOpts>,
        environment: &Environment,
    ) -> Result<Self, String> {
        // It is an argument of the engine, and must not be an option.
        if name.is_empty() || name.starts_with('-') || name.contains(char::is_whitespace) {
            return Err(format!("{name:?} is no name of an image"));
        }
        if let Some(bad) = policies.iter().find(|one| !["always", "if-not-present", "never"].contains(&one.as_str())) {
            return Err(format!("{bad:?} is no pull policy"));
        }
        let docker = opts.and_then(|opts| opts.docker.clone()).unwrap_or_default();
        let default = || ["always", "if-not-present"].map(str::to_owned).into();
        Ok(Self {
            name,
            entrypoint: entrypoint.to_vec(),
            platform: environment.expand(&docker.platform),
            user: environment.expand(&docker.user),
            policies: if policies.is_empty() { default() } else { policies.to_vec() },
        })
    }
}

/// The environment of a service: what of the job's variables is public, then its own.
fn variables_of(job: &JobPayload, own: &[Variable], environment: &Environment) -> Vec<(String, String)> {
    let public = job.variable_map().into_values().filter(|variable| variable.public && !variable.file);
    let public = public.filter_map(|variable| Some((variable.key.clone(), environment.get(&variable.key)?.to_owned())));
    let own = own.iter().map(|variable| {
        let value = variable.value.reveal();
        (variable.key.clone(), if variable.raw { value.to_owned() } else { environment.expand(value) })
    });
    public.chain(own).collect()
}

/// Removes the containers that an earlier runner process of the same folder left behind.
pub(crate) async fn remove_left(settings: &Settings) -> std::io::Result<()> {
    remove_left_of(&settings.containers, &settings.shell, &settings.instance).await
}

/// The same for the runner of this name.
pub(crate) async fn remove_left_of(containers: &Containers, shell: &Shell, instance: &str) -> std::io::Result<()> {
    let Some(engine) = containers.engine() else { return Ok(()) };
    let mut command = tokio::process::Command::new(&shell.path);
    command.args(["-c", CLEAN, "weir"]).args([engine, format!("weir.instance={instance}")]);
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let status = tokio::time::timeout(LEFT_LIMIT, command.status()).await.map_err(std::io::Error::other)??;
    if status.success() { Ok(()) } else { Err(std::io::Error::other(status.to_string())) }
}

/// Whether a line of a file of variables can hold this one: the engines read lines of up to 64 KiB.
pub(super) fn fits_line(key: &str, value: &str) -> bool {
    !value.contains(['\n', '\r']) && !key.starts_with('#') && key.len() + value.len() < 60 << 10
}

/// Variables as a file of lines, and those that are not to be in one.
pub(super) fn env_file(
    variables: Vec<(String, String)>,
    fits: impl Fn(&str, &str) -> bool,
) -> (String, Vec<(String, String)>) {
    let (lines, rest): (Vec<_>, Vec<_>) = variables.into_iter().partition(|(key, value)| fits(key, value));
    let lines: Vec<String> = lines.into_iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    (lines.concat(), rest)
}

/// The file that the engines read the passwords of registries from.
pub(super) fn auth_file(job: &JobPayload) -> Option<String> {
    let of = |credentials: &crate::protocol::Credentials| {
        let text = format!("{}:{}", credentials.username, credentials.password.reveal());
        (credentials.url.clone(), serde_json::json!({"auth": STANDARD.encode(text)}))
    };
    let registries = job.credentials.iter().filter(|credentials| credentials.kind == "registry");
    let auths: serde_json::Map<String, serde_json::Value> = registries.map(of).collect();
    (!auths.is_empty()).then(|| serde_json::json!({"auths": auths}).to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::places::Places, *};
    use crate::protocol::{self, Credentials, DockerOpts};

    fn using() -> Settings {
        Settings { containers: Containers::Use(Some("/usr/bin/docker".into())), ..Settings::for_tests(Path::new("/r")) }
    }

    fn job(image: &str, services: Vec<protocol::Service>) -> JobPayload {
        let image = (!image.is_empty()).then(|| protocol::Image { name: image.to_owned(), ..Default::default() });
        JobPayload { id: 7, image, services, ..JobPayload::default() }
    }

    fn service(name: &str) -> protocol::Service {
        protocol::Service { name: name.to_owned(), ..protocol::Service::default() }
    }

    fn contained(job: &JobPayload, variables: &[(&str, &str)]) -> JobContainers {
        match place(job, &using(), &Environment::of(variables)) {
            Ok(Where::In(containers)) => containers,
            other => panic!("{other:?}"),
        }
    }

    const LABELS: &str = "--label weir.instance=i --label weir.job=i-7";

    #[test]
    fn settings_and_payload_decide_where_a_job_runs() {
        let environment = Environment::of(&[]);
        let with = |containers: Containers| Settings { containers, ..using() };
        let none = || Containers::Use(Some("no-such-engine".into()));
        for (containers, job, want) in [
            (Containers::Refuse, job("", vec![]), Ok(Where::Here)),
            (Containers::Refuse, job("a", vec![]), Err("jobs in containers are switched off here")),
            (Containers::Refuse, job("", vec![service("a")]), Err("jobs in containers are switched off here")),
            (Containers::Ignore, job("a", vec![]), Ok(Where::Regardless)),
            (none(), job("", vec![]), Ok(Where::Here)),
            (none(), job("a", vec![]), Err("there is neither docker nor podman on this machine")),
            (using().containers, job("", vec![service("a")]), Err("services need a job with an image")),
            (using().containers, job("-v/:/host", vec![]), Err("\"-v/:/host\" is no name of an image")),
            (
                using().containers,
                job("a", vec![protocol::Service { alias: "ok, a:b".to_owned(), ..service("a") }]),
                Err("\"a:b\" is no name of a host"),
            ),
            (using().containers, job("a", vec![service("a b")]), Err("\"a b\" is no name of an image")),
        ] {
            assert_eq!(place(&job, &with(containers), &environment), want.map_err(str::to_owned));
        }
    }

    #[test]
    fn a_script_is_run_in_the_image_with_the_jobs_folders() {
        let places = Places::new(Path::new("/r"), 7);
        let inside = |containers: &JobContainers| {
            let hosts = containers.hosts("weir-i-7-service-0 10.0.0.2\n");
            let argv = containers.run(1, &places, &hosts, "/r/jobs/7/job.env", "/r/jobs/7/script.sh", "/ran");
            assert_eq!(argv[argv.len() - 3..], ["weir", "/r/jobs/7/script.sh", "/ran"]);
            argv[..argv.len() - 4].join(" ")
        };
        let folders = "--env-file /r/jobs/7/job.env --volume /r/builds/7:/r/builds/7 \
            --volume /r/jobs/7:/r/jobs/7:ro --volume /r/jobs/7/tmp:/r/jobs/7/tmp --workdir /r/builds/7 --pull never";
        let plain = contained(&job("ruby:$V", vec![]), &[("V", "3")]);
        let begin = format!("/usr/bin/docker run --rm {LABELS} --label weir.step=weir-i-7-1 --name weir-i-7-1");
        assert_eq!(inside(&plain), format!("{begin} {folders} ruby:3 sh -c"));
        let mut full = job("ruby", vec![service("redis")]);
        let docker = DockerOpts { platform: "linux/$ARCH".to_owned(), user: "1000:1000".to_owned() };
        full.image = full.image.map(|image| protocol::Image {
            entrypoint: ["/bin/tini", "--", ""].map(str::to_owned).into(),
            executor_opts: Some(ExecutorOpts { docker: Some(docker) }),
            ..image
        });
        let full = contained(&full, &[("ARCH", "arm64")]);
        let options = "--platform linux/arm64 --user 1000:1000 --entrypoint /bin/tini ruby --";
        assert_eq!(
            inside(&full),
            format!("{begin} --network weir-i-7 --add-host redis:10.0.0.2 {folders} {options}  sh -c")
        );
        assert_eq!(full.clean(), ["/usr/bin/docker", "weir.job=i-7"]);
        let back = full.give_back(&places).join(" ");
        assert!(back.contains("--platform linux/arm64 --user 0 --entrypoint  ruby sh -c"), "{back}");
        assert!(back.ends_with("weir /r/builds/7 /r/jobs/7/tmp"), "{back}");
    }

    #[test]
    fn services_have_names_commands_and_what_is_public() {
        let mut database = service("registry:5000/db/postgres:$V");
        database.alias = "db, $NAME".to_owned();
        database.command = ["postgres", "-c", "fsync=$OFF"].map(str::to_owned).into();
        database.variables = vec![Variable::plain("POSTGRES_DB", "$NAME-db")];
        let mut job = job("ruby", vec![database]);
        let hidden = Variable { public: false, ..Variable::plain("TOKEN", "x") };
        job.variables = vec![Variable::plain("OPEN", "1"), hidden];
        let variables = [("V", "16"), ("NAME", "main"), ("OFF", "off"), ("OPEN", "1"), ("TOKEN", "x")];
        let containers = contained(&job, &variables);
        let pairs =
            |list: &[(&str, &str)]| list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!(containers.services[0].variables, pairs(&[("OPEN", "1"), ("POSTGRES_DB", "main-db")]));
        assert_eq!(
            containers.serve(0, &containers.services[0], "/e").join(" "),
            format!(
                "/usr/bin/docker run --detach {LABELS} --name weir-i-7-service-0 --network weir-i-7 \
                 --network-alias registry__db__postgres --network-alias registry-db-postgres --network-alias db \
                 --network-alias main --env-file /e --pull never registry:5000/db/postgres:16 postgres -c fsync=off"
            )
        );
        assert_eq!(containers.make_network().join(" "), format!("/usr/bin/docker network create {LABELS} weir-i-7"));
        assert_eq!(containers.wait("/h"), ["/usr/bin/docker", "/h", "weir-i-7-service-0"]);
    }

    #[test]
    fn policies_are_tried_in_order_and_unknown_ones_are_refused() {
        let with = |policies: &[&str]| {
            let mut job = job("a", vec![]);
            let pull_policy = policies.iter().map(|policy| (*policy).to_owned()).collect();
            job.image = job.image.map(|image| protocol::Image { pull_policy, ..image });
            job
        };
        let pulled = |job: &JobPayload| {
            let containers = contained(job, &[]);
            containers.pull(&containers.image).join(" ")
        };
        assert_eq!(pulled(&with(&[])), "/usr/bin/docker a  always if-not-present");
        assert_eq!(pulled(&with(&["never"])), "/usr/bin/docker a  never");
        let refused = place(&with(&["sometimes"]), &using(), &Environment::of(&[]));
        assert_eq!(refused, Err("\"sometimes\" is no pull policy".to_owned()));
    }

    #[test]
    fn what_no_line_can_hold_takes_another_way_and_passwords_are_in_a_file() {
        let pairs = [("A", "1 $x 'y'"), ("B", "two\nlines"), ("#C", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let (lines, rest) = env_file(pairs.to_vec(), fits_line);
        assert!(!fits_line("LONG", &"x".repeat(64 << 10)));
        assert_eq!(lines, "A=1 $x 'y'\n");
        assert_eq!(rest, pairs[1..]);
        let mut job = job("a", vec![]);
        assert_eq!(auth_file(&job), None);
        job.credentials = vec![Credentials {
            kind: "registry".to_owned(),
            url: "registry:5000".to_owned(),
            username: "me".to_owned(),
            password: "pw".into(),
        }];
        assert_eq!(auth_file(&job).as_deref(), Some(r#"{"auths":{"registry:5000":{"auth":"bWU6cHc="}}}"#));
    }

    #[tokio::test]
    async fn what_an_earlier_runner_left_is_removed_by_its_label() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let engine = dir.path().join("docker");
        let text = "#!/bin/sh\necho \"$*\" >> \"$(dirname \"$0\")/asked\"\n[ \"$1\" != ps ] || [ -e \"$0.gone\" ] || echo one two\n\
            [ \"$1\" != rm ] || touch \"$0.gone\"\n";
        std::fs::write(&engine, text).unwrap();
        std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).unwrap();
        let settings = Settings { containers: Containers::Use(Some(engine)), ..Settings::for_tests(dir.path()) };
        remove_left(&settings).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(dir.path().join("asked")).unwrap(),
            "ps --all --quiet --filter label=weir.instance=i\nkill one two\nrm --force --volumes one two\n\
             ps --all --quiet --filter label=weir.instance=i\nnetwork ls --quiet --filter label=weir.instance=i\n"
        );
    }
}
