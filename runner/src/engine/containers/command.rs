//! The command lines of Docker and Podman. Nothing secret is ever part of one.

use super::{Image, JobContainers, Service};
use crate::engine::places::Places;

/// The exit code of [`PULL`] when the engine does not answer.
pub(in crate::engine) const NO_ENGINE: i32 = 66;

/// Gets an image: engine, image, platform, then the policies in order.
pub(in crate::engine) const PULL: &str = r#"engine=$1 image=$2 platform=$3
shift 3
"$engine" version >/dev/null || exit 66
there() { "$engine" image inspect "$image" >/dev/null 2>&1; }
# Once is enough.
pull() {
    [ -z "$pulled" ] || return 1
    pulled=yes
    "$engine" pull --quiet ${platform:+--platform "$platform"} "$image"
}
pulled=
for policy; do
    case $policy in
        always) pull && exit 0 ;;
        if-not-present) there && exit 0; pull && exit 0 ;;
        never) there && exit 0 ;;
    esac
    echo "The image $image is not to be had by the policy $policy"
done
exit 1
"#;

/// Waits until services listen, for half a minute: engine, then names of containers.
pub(in crate::engine) const WAIT: &str = r#"engine=$1
shift
networks='{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}'
ports='{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}'
for name; do
    address=$("$engine" inspect --format "$networks" "$name") ip=${address%% *}
    port=
    for one in $("$engine" inspect --format "$ports" "$name"); do
        case $one in */tcp) port=${one%/tcp}; break ;; esac
    done
    # Only this shell can knock at a port.
    [ -n "$BASH_VERSION" ] && [ -n "$ip" ] && [ -n "$port" ] || continue
    tries=0
    until (exec 3<>"/dev/tcp/$ip/$port") 2>/dev/null; do
        running=$("$engine" inspect --format '{{.State.Running}}' "$name")
        tries=$((tries + 1))
        if [ "$running" != true ] || [ "$tries" -ge 30 ]; then
            echo "WARNING: the service $name does not listen at port $port; what it said:"
            "$engine" logs "$name" 2>&1 | tail -n 20
            break
        fi
        sleep 1
    done
done
exit 0
"#;

/// Removes all that has a label: engine, label.
pub(in crate::engine) const CLEAN: &str = r#"exec >/dev/null
containers=$("$1" ps --all --quiet --filter "label=$2") || exit
[ -z "$containers" ] || "$1" rm --force --volumes $containers || exit
networks=$("$1" network ls --quiet --filter "label=$2") || exit
[ -z "$networks" ] || "$1" network rm $networks
"#;

/// Run in the container: the script in the better of its shells, which hears of a cancel although the
/// first process of a container is deaf to signals. (Any other process is not, and must not tell all.)
const INSIDE: &str = r#"[ $$ -ne 1 ] || trap 'kill -TERM -1' TERM
if command -v bash >/dev/null 2>&1; then bash "$1" & else sh "$1" & fi
while :; do wait $!; code=$?; kill -0 $! 2>/dev/null || exit $code; done"#;

/// Run in the container: gives what is in the folders to whoever has the first of them.
const GIVE_BACK: &str = r#"owner=$(stat -c %u:%g "$1") && exec chown -R "$owner" "$@""#;

impl JobContainers {
    /// Runs [`PULL`] for an image.
    pub(in crate::engine) fn pull(&self, image: &Image) -> Vec<String> {
        let mut arguments = vec![self.engine.clone(), image.name.clone(), image.platform.clone()];
        arguments.extend_from_slice(&image.policies);
        arguments
    }

    /// Makes the network that the services are found in.
    pub(in crate::engine) fn make_network(&self) -> Vec<String> {
        let mut argv = self.begin(&["network", "create"]);
        argv.push(self.name.clone());
        argv
    }

    /// Starts a service.
    pub(in crate::engine) fn serve(&self, index: usize, service: &Service, env_file: &str) -> Vec<String> {
        let mut argv = self.begin(&["run", "--detach"]);
        argv.extend(["--name".to_owned(), self.service_name(index)]);
        argv.extend(["--network".to_owned(), self.name.clone()]);
        argv.extend(service.aliases.iter().flat_map(|alias| ["--network-alias".to_owned(), alias.clone()]));
        argv.extend(["--env-file".to_owned(), env_file.to_owned()]);
        finish(&mut argv, &service.image, &service.image.user);
        argv.extend_from_slice(&service.command);
        argv
    }

    /// Runs [`WAIT`] for all services.
    pub(in crate::engine) fn wait(&self) -> Vec<String> {
        let names = (0..self.services.len()).map(|index| self.service_name(index));
        std::iter::once(self.engine.clone()).chain(names).collect()
    }

    /// Runs a script.
    pub(in crate::engine) fn run(&self, step: usize, places: &Places, env_file: &str, script: &str) -> Vec<String> {
        let (build, private, temporary) = (
            places.build.to_string_lossy(),
            places.private.to_string_lossy(),
            places.temporary().to_string_lossy().into_owned(),
        );
        let mut argv = self.begin(&["run", "--rm"]);
        argv.extend(["--name".to_owned(), format!("{}-{step}", self.name)]);
        if !self.services.is_empty() {
            argv.extend(["--network".to_owned(), self.name.clone()]);
        }
        argv.extend(["--env-file".to_owned(), env_file.to_owned()]);
        for volume in
            [format!("{build}:{build}"), format!("{private}:{private}:ro"), format!("{temporary}:{temporary}")]
        {
            argv.extend(["--volume".to_owned(), volume]);
        }
        argv.extend(["--workdir".to_owned(), build.into_owned()]);
        finish(&mut argv, &self.image, &self.image.user);
        argv.extend(["sh", "-c", INSIDE, "weir", script].map(str::to_owned));
        argv
    }

    /// Gives what the container's user wrote to the runner, which has to remove it.
    pub(in crate::engine) fn give_back(&self, places: &Places) -> Vec<String> {
        let folders = [places.build.to_string_lossy().into_owned(), places.temporary().to_string_lossy().into_owned()];
        let mut argv = self.begin(&["run", "--rm"]);
        argv.extend(folders.iter().flat_map(|folder| ["--volume".to_owned(), format!("{folder}:{folder}")]));
        let image = Image {
            name: self.image.name.clone(),
            platform: self.image.platform.clone(),
            entrypoint: vec![String::new()],
            ..Image::default()
        };
        finish(&mut argv, &image, "0");
        argv.extend(["sh", "-c", GIVE_BACK, "weir"].map(str::to_owned));
        argv.extend(folders);
        argv
    }

    /// Runs [`CLEAN`] for all that belongs to the job.
    pub(in crate::engine) fn clean(&self) -> Vec<String> {
        vec![self.engine.clone(), self.labels[1].clone()]
    }

    fn service_name(&self, index: usize) -> String {
        format!("{}-service-{index}", self.name)
    }

    fn begin(&self, words: &[&str]) -> Vec<String> {
        let mut argv = vec![self.engine.clone()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        argv.extend(self.labels.iter().flat_map(|label| ["--label".to_owned(), label.clone()]));
        argv
    }
}

/// What every `run` ends with: what the image says of itself, and the image, which is there by now.
fn finish(argv: &mut Vec<String>, image: &Image, user: &str) {
    argv.extend(["--pull".to_owned(), "never".to_owned()]);
    for (option, value) in [("--platform", image.platform.as_str()), ("--user", user)] {
        if !value.is_empty() {
            argv.extend([option.to_owned(), value.to_owned()]);
        }
    }
    let (first, rest) = image.entrypoint.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    if let Some(first) = first {
        argv.extend(["--entrypoint".to_owned(), first.clone()]);
    }
    argv.push(image.name.clone());
    argv.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_texts_are_for_every_shell() {
        for text in [PULL, WAIT, CLEAN, INSIDE, GIVE_BACK] {
            let checked = Command::new("sh").args(["-n", "-c", text]).status().unwrap();
            assert!(checked.success(), "{text}");
        }
    }

    #[test]
    fn a_container_ends_as_its_script_does() {
        let dir = tempfile::tempdir().unwrap();
        for code in [0, 3, 77] {
            let script = dir.path().join("script.sh");
            std::fs::write(&script, format!("sleep 0; exit {code}")).unwrap();
            let mut inside = Command::new("sh");
            inside.args(["-c", INSIDE, "weir"]).arg(&script).stdin(Stdio::null());
            assert_eq!(inside.status().unwrap().code(), Some(code));
        }
    }
}
