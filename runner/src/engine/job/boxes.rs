//! The job's containers: made before the script, removed whatever comes.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::{
        containers::{CLEAN, JobContainers, NO_ENGINE, PULL, QUIET, WAIT, auth_file, env_file, fits_line},
        outcome::End,
        script::container_prelude,
        session::Ended,
    },
    Course, end_of,
};
use crate::control::Level;

/// How long the removal of a job's containers may take.
const CLEANING: Duration = Duration::from_mins(1);

impl Course<'_> {
    /// Gets the images and starts the services.
    pub(super) async fn start_containers(&mut self, containers: &JobContainers) -> Result<(), End> {
        self.section("prepare_executor", "Preparing the containers");
        let end = self.start(containers).await;
        self.section_end("prepare_executor");
        end
    }

    async fn start(&mut self, containers: &JobContainers) -> Result<(), End> {
        let failed = |error: std::io::Error| End::System(format!("failed to prepare the containers: {error}"));
        self.work.places.open_up().map_err(failed)?;
        let mut env = self.environment.machine_pairs();
        if let Some(auth) = auth_file(self.work.job) {
            let file = self.work.places.write_private("config.json", auth.as_bytes()).map_err(failed)?;
            env.push(("DOCKER_CONFIG".to_owned(), self.work.places.private.to_string_lossy().into_owned()));
            env.push(("REGISTRY_AUTH_FILE".to_owned(), file.to_string_lossy().into_owned()));
        }
        let images = std::iter::once(&containers.image).chain(containers.services.iter().map(|service| &service.image));
        for image in images {
            self.work.log.notice(&format!("Using image {}", image.name));
            match self.helper("pull.sh", PULL, containers.pull(image), env.clone()).await? {
                End::Success => {}
                End::Exit(NO_ENGINE) => return Err(End::System("the container engine does not answer".to_owned())),
                End::Exit(_) => return Err(End::NoImage(image.name.clone())),
                other => return Err(other),
            }
        }
        // What the job may read does not hold the registries' passwords.
        let _ = std::fs::remove_file(self.work.places.private.join("config.json"));
        if containers.services.is_empty() {
            return Ok(());
        }
        self.engine(containers.make_network(), "make the network of the services").await?;
        for (index, service) in containers.services.iter().enumerate() {
            self.work.log.line(&format!("Starting service {}", service.image.name));
            let (lines, rest) = env_file(service.variables.clone(), fits_line);
            for (name, _) in rest {
                self.work.log.warning(&format!("{name} has several lines or is too long: the service does not get it"));
            }
            let file =
                self.work.places.write_private(&format!("service-{index}.env"), lines.as_bytes()).map_err(failed)?;
            let argv = containers.serve(index, service, &file.to_string_lossy());
            self.engine(argv, &format!("start the service {}", service.image.name)).await?;
        }
        let env = self.environment.machine_pairs();
        let hosts = self.work.places.write_private("hosts", b"").map_err(failed)?;
        self.helper("wait.sh", WAIT, containers.wait(&hosts.to_string_lossy()), env).await?;
        self.hosts = containers.hosts(&std::fs::read_to_string(hosts).map_err(failed)?);
        Ok(())
    }

    /// Runs a script in a container.
    pub(super) async fn shell_contained(
        &mut self,
        containers: &JobContainers,
        name: &str,
        text: &str,
        deadline: Instant,
        heed: Level,
    ) -> Result<Ended, End> {
        // What is quoted means other things to some engines.
        let plain = |key: &str, value: &str| fits_line(key, value) && !value.starts_with(['"', '\'']);
        let (lines, rest) = env_file(self.environment.job_pairs(), plain);
        let script = self.file(name, &format!("{}{text}", container_prelude(&rest)))?;
        let env = self.own_file("job.env", &lines)?;
        self.work.places.open_up().map_err(|error| End::System(format!("failed to prepare the container: {error}")))?;
        self.steps_run += 1;
        self.lent = true;
        let ran = self.work.places.temporary().join(format!(".ran-{}", self.steps_run));
        let argv = containers.run(self.steps_run, self.work.places, &self.hosts, &env, &script, &ran.to_string_lossy());
        // What ends with the container needs no ending here.
        match self.own_program(argv, self.environment.machine_pairs(), deadline, heed).await {
            Ended::Exit(code) if !ran.exists() => Err(End::System(format!(
                "the container of {} ended with exit code {code} and without running the script; if that is because \
                 of the image's entrypoint, `entrypoint: [\"\"]` leaves it out",
                containers.image.name
            ))),
            Ended::Exit(code) => Ok(Ended::Exit(code)),
            // The program that started the container has ended, the container need not have.
            ended => {
                let remove = self.helper_argv("end.sh", CLEAN, containers.clean_step(self.steps_run))?;
                if self.regardless(remove).await != End::Success {
                    self.work.log.warning("the container could not be ended");
                }
                Ok(ended)
            }
        }
    }

    /// Lets the container's user write to what the runner put into the workspace.
    pub(super) async fn hand_over(&mut self) -> Result<(), End> {
        let argv = ["chmod", "-R", "a+rwX", "--", "."].map(str::to_owned).into();
        let env = self.environment.machine_pairs();
        end_result(
            end_of(self.program(argv, env, self.deadline, Level::Run, false).await, self.limit),
            "open the workspace",
        )
    }

    /// Takes back what the container's user wrote, so that it can be read and removed.
    pub(super) async fn take_back(&mut self, containers: &JobContainers) {
        if !std::mem::take(&mut self.lent) {
            return;
        }
        let argv = match self.work.places.user() {
            // Links are given themselves, and not what they lead to.
            Some(user) => {
                let owner = format!("{}:{}", user.uid, user.gid);
                let mut argv = ["chown", "-R", "-h", "-P", &owner, "--"].map(str::to_owned).to_vec();
                let folders = [self.work.places.build.clone(), self.work.places.temporary()];
                argv.extend(folders.iter().map(|folder| folder.to_string_lossy().into_owned()));
                Some(argv)
            }
            None if rustix::process::geteuid().is_root() => None,
            None => Some(containers.give_back(self.work.places)),
        };
        if let Some(argv) = argv
            && self.regardless(argv).await != End::Success
        {
            self.work.log.warning("what the container wrote could not be taken back: it may be left behind");
        }
    }

    /// Removes all containers of the job, whatever has been ordered.
    pub(super) async fn remove_containers(&mut self, containers: &JobContainers) {
        let removed = match self.helper_argv("clean.sh", CLEAN, containers.clean()) {
            Ok(argv) => self.regardless(argv).await,
            Err(end) => end,
        };
        if removed != End::Success {
            self.work.log.warning("the job's containers could not be removed");
        }
        self.take_back(containers).await;
    }

    async fn regardless(&mut self, argv: Vec<String>) -> End {
        let env = self.environment.machine_pairs();
        end_of(self.own_program(argv, env, Instant::now() + CLEANING, Level::Gone).await, CLEANING)
    }

    async fn engine(&mut self, command: Vec<String>, doing: &str) -> Result<(), End> {
        let env = self.environment.machine_pairs();
        let mut argv = [&self.work.settings.shell.path, "-c", QUIET, "weir"].map(str::to_owned).to_vec();
        argv.extend(command);
        end_result(end_of(self.own_program(argv, env, self.deadline, Level::Run).await, self.limit), doing)
    }

    /// Runs one of the runner's own scripts.
    async fn helper(
        &mut self,
        name: &str,
        text: &str,
        arguments: Vec<String>,
        env: Vec<(String, String)>,
    ) -> Result<End, End> {
        let argv = self.helper_argv(name, text, arguments)?;
        Ok(end_of(self.own_program(argv, env, self.deadline, Level::Run).await, self.limit))
    }

    fn helper_argv(&self, name: &str, text: &str, arguments: Vec<String>) -> Result<Vec<String>, End> {
        let mut argv = vec![self.work.settings.shell.path.clone(), self.own_file(name, text)?];
        argv.extend(arguments);
        Ok(argv)
    }
}

fn end_result(end: End, doing: &str) -> Result<(), End> {
    match end {
        End::Success => Ok(()),
        End::Exit(code) => Err(End::System(format!("failed to {doing}: exit code {code}"))),
        other => Err(other),
    }
}
