//! A real Podman, where one works: with an image that is made here, and nothing from a network.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use runner::{
    Containers,
    protocol::{Image, JobPayload},
};

use super::{Bench, job};

/// With this in the environment a test that cannot run is a failed one.
const REQUIRED: &str = "WEIR_TEST_PODMAN_REQUIRED";
const ENGINE: &str = "podman";

/// Podman, and images of this test's own, which go with it.
pub struct Podman {
    pub bench: Bench,
    /// Has nothing but busybox.
    pub image: String,
    tar: PathBuf,
    images: Vec<String>,
}

impl Podman {
    /// None where containers do not work; the reason is printed.
    pub fn find() -> Option<Self> {
        Self::try_find().map_err(|why| skipped(&why)).ok()
    }

    /// The same, where containers have networks too.
    pub fn with_networks() -> Option<Self> {
        let podman = Self::find()?;
        podman.try_network().map_err(|why| skipped(&why)).ok()?;
        Some(podman)
    }

    /// The same, where containers have users other than root.
    pub fn with_users() -> Option<Self> {
        let podman = Self::find()?;
        let tried = asked(&["run", "--rm", "--pull", "never", "--user", "1000:1000", &podman.image, "true"]);
        tried.map_err(|why| skipped(&why)).ok()?;
        Some(podman)
    }

    fn try_find() -> Result<Self, String> {
        asked(&["--version"])?;
        let mut bench = Bench::new();
        bench.runner.use_containers(Containers::Use(Some(ENGINE.into())));
        let tar = pack(bench.dir.path())?;
        let mut podman = Self { bench, image: String::new(), tar, images: Vec::new() };
        podman.image = podman.try_import(&[])?;
        let said = asked(&["run", "--rm", "--pull", "never", &podman.image, "echo", "it works"])?;
        if said == "it works" { Ok(podman) } else { Err(format!("a container should say that it works, not {said:?}")) }
    }

    fn try_network(&self) -> Result<(), String> {
        let name = self.image.replace(['/', ':'], "-");
        asked(&["network", "create", &name])?;
        let tried = asked(&["run", "--rm", "--pull", "never", "--network", &name, &self.image, "true"]);
        asked(&["network", "rm", &name])?;
        tried.map(drop)
    }

    /// An image with these changes, such as `USER 1000`.
    pub fn import(&mut self, changes: &[&str]) -> String {
        self.try_import(changes).unwrap()
    }

    fn try_import(&mut self, changes: &[&str]) -> Result<String, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("localhost/weir-test-{}-{number}:1", std::process::id());
        let mut arguments = vec!["import", "--quiet"];
        arguments.extend(changes.iter().flat_map(|change| ["--change", *change]));
        arguments.extend([self.tar.to_str().unwrap(), &name]);
        asked(&arguments)?;
        self.images.push(name.clone());
        Ok(name)
    }

    /// A job in the image.
    pub fn job(&self, id: i64, script: &[&str]) -> JobPayload {
        JobPayload { image: Some(here(&self.image)), ..job(id, script) }
    }

    /// Starts a container, deaf to TERM, that the runner in `dir` seems to have started.
    pub fn detach(&self, dir: &Path) {
        let label = format!("weir.instance={}", name(dir));
        asked(&["run", "--detach", "--pull", "never", "--label", &label, &self.image, "sleep", "1000"]).unwrap();
    }

    /// No container and no network of this runner is left.
    pub fn assert_removed(&self) {
        assert_eq!(left(&self.bench.dir.path().join("runner")), "");
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let mut remove = Command::new(ENGINE);
        let _ = remove.args(["rmi", "--force"]).args(&self.images).output();
    }
}

/// An image that is not looked for elsewhere.
pub fn here(name: &str) -> Image {
    Image { name: name.to_owned(), pull_policy: vec!["never".to_owned()], ..Image::default() }
}

/// The containers and networks of the runner in `dir`.
pub fn left(dir: &Path) -> String {
    let filter = format!("label=weir.instance={}", name(dir));
    let containers = asked(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}} {{.Status}}"]).unwrap();
    containers + &asked(&["network", "ls", "--quiet", "--filter", &filter]).unwrap()
}

fn name(dir: &Path) -> String {
    fs::read_to_string(dir.join(".runner_system_id")).unwrap().trim().to_owned()
}

fn skipped(why: &str) {
    assert!(std::env::var_os(REQUIRED).is_none(), "containers do not work here: {why}");
    eprintln!("skipped: containers do not work here: {why}");
}

fn asked(arguments: &[&str]) -> Result<String, String> {
    ask(Command::new(ENGINE).args(arguments))
}

fn ask(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if status.success() { Ok(text(stdout)) } else { Err(format!("{command:?}: {status}: {}", text(stderr))) }
}

/// The root of an image: a busybox, by all its names.
fn pack(dir: &Path) -> Result<PathBuf, String> {
    let found = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
    let busybox = found.ok_or("there is no busybox to make an image from (Debian: busybox-static)")?;
    let root = dir.join("root");
    for folder in ["bin", "etc", "tmp", "www"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    for name in ask(Command::new(busybox).arg("--list"))?.lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(name)).unwrap();
    }
    fs::write(root.join("www/page"), "served\n").unwrap();
    let tar = dir.join("image.tar");
    ask(Command::new("tar").args(["--owner=0", "--group=0", "-cf"]).arg(&tar).arg("-C").arg(&root).arg("."))?;
    Ok(tar)
}
