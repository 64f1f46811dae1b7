//! The command lines of Docker and Podman. Nothing secret is ever part of one.

use super::{Image, JobContainers, Service};
use crate::engine::places::Places;

/// The exit code of [`PULL`] when the engine does not answer.
pub(in crate::engine) const NO_ENGINE: i32 = 66;

/// The label of a script's container.
const STEP: &str = "weir.step";

/// Gets an image: engine, image, platform, then the policies in order.
pub(in crate::engine) const PULL: &str = r#"engine=$1 image=$2 platform=$3
shift 3
"$engine" version >/dev/null || exit 66
there() { "$engine" image inspect "$image" >/dev/null 2>&1; }
fetch() { "$engine" pull --quiet ${platform:+--platform "$platform"} "$1" 2>&1; }
# Once is enough.
pull() {
    [ -z "$pulled" ] || return 1
    pulled=yes
    said=$(fetch "$image")
    code=$?
    printf '%s\n' "$said"
    [ "$code" -ne 0 ] || return 0
    # A Podman that was told of no registry knows not where a short name is; by then it means what Docker means.
    case $said in *"no unqualified-search registries"*) ;; *) return 1 ;; esac
    case $image in */*) full=docker.io/$image ;; *) full=docker.io/library/$image ;; esac
    echo "Trying $full"
    fetch "$full"
}
pulled=
for policy; do
    case $policy in
        always) pull && exit 0 ;;
        if-not-present)
            if there; then [ -z "$pulled" ] || echo "Using the one that is here"; exit 0; fi
            pull && exit 0 ;;
        never) there && exit 0 ;;
    esac
    echo "The image $image is not to be had by the policy $policy"
done
exit 1
"#;

/// Runs what it is given, of whose output nothing but errors is of interest.
pub(in crate::engine) const QUIET: &str = r#"exec "$@" >/dev/null"#;

/// Waits until services listen, half a minute for each, and notes their addresses: engine, the file of
/// addresses, then names of containers.
pub(in crate::engine) const WAIT: &str = r#"engine=$1 hosts=$2
shift 2
ports='{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}'
of() { "$engine" inspect --format "$1" "$name" 2>/dev/null; }
warn() {
    echo "WARNING: the service $name $1; what it said:"
    "$engine" logs "$name" 2>&1 | tail -n 20
}
# What listens is seen in the service's network namespace. Where that is out of sight (an engine on another
# machine) its port is knocked at, if something here can.
listens() {
    seen=/proc/$(of '{{.State.Pid}}')/net
    if grep -qwF "$ip" "$seen/fib_trie" 2>/dev/null; then
        grep -q "$(printf ':%04X ' "$port")[0-9A-F]*:0000 0A" "$seen/tcp" "$seen/tcp6" 2>/dev/null
    elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
        timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$ip" "$port" 2>/dev/null
    fi
}
for name; do
    address=$(of '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}')
    ip=${address%% *}
    [ -z "$ip" ] || echo "$name $ip" >>"$hosts"
    port=
    for one in $("$engine" image inspect --format "$ports" "$(of '{{.Image}}')" 2>/dev/null); do
        case $one in */tcp) port=${one%/tcp}; break ;; esac
    done
    tries=0
    while :; do
        if [ "$(of '{{.State.Running}}')" != true ]; then warn "has ended"; break; fi
        [ -n "$ip" ] && [ -n "$port" ] || break
        ! listens || break
        tries=$((tries + 1))
        if [ "$tries" -ge 30 ]; then warn "does not listen at port $port"; break; fi
        sleep 1
    done
done
exit 0
"#;

/// Removes all that has a label: engine, label. Podman would wait for containers that are deaf to TERM,
/// so they are killed first; one that is just going by itself cannot be removed, and is looked for again.
pub(in crate::engine) const CLEAN: &str = r#"engine=$1 label=label=$2 tries=0
while containers=$("$engine" ps --all --quiet --filter "$label") || exit; [ -n "$containers" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 20 ]; then printf '%s\n' "$said"; exit 1; fi
    said=$("$engine" kill $containers 2>&1; "$engine" rm --force --volumes $containers 2>&1) || sleep 0.2
done
networks=$("$engine" network ls --quiet --filter "$label") || exit
[ -z "$networks" ] || "$engine" network rm $networks >/dev/null
"#;

/// Run in the container: the script in the better of its shells, which hears of a cancel although the
/// first process of a container is deaf to signals. (Any other process is not, and must not tell all.)
/// Errors go where the rest goes, or the engine would mix up the order. The last argument is a file that
/// proves that the script was run: an image's entrypoint may do anything else. A script that clears the
/// folder of temporary files takes it along, so it is made twice.
const INSIDE: &str = r#"exec 2>&1
[ $$ -ne 1 ] || trap 'kill -TERM -1' TERM
ran() { (: >"$1") 2>/dev/null; }
ran "$2"
if command -v bash >/dev/null 2>&1; then bash "$1" & else sh "$1" & fi
while :; do wait $!; code=$?; kill -0 $! 2>/dev/null || { ran "$2"; exit $code; }; done"#;

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
    pub(in crate::engine) fn wait(&self, hosts: &str) -> Vec<String> {
        let names = (0..self.services.len()).map(|index| self.service_name(index));
        [self.engine.clone(), hosts.to_owned()].into_iter().chain(names).collect()
    }

    /// The names of the services with their addresses, of what [`WAIT`] has noted. Not every network of
    /// Podman has a server for names.
    pub(in crate::engine) fn hosts(&self, noted: &str) -> Vec<(String, String)> {
        let mut hosts: Vec<(String, String)> = Vec::new();
        for (index, service) in self.services.iter().enumerate() {
            let name = self.service_name(index);
            let mut lines = noted.lines().filter_map(|line| line.split_once(' '));
            let Some((_, address)) = lines.find(|(of, _)| *of == name) else { continue };
            for alias in &service.aliases {
                if !hosts.iter().any(|(known, _)| known == alias) {
                    hosts.push((alias.clone(), address.to_owned()));
                }
            }
        }
        hosts
    }

    /// Runs a script; the file `ran` is there after it has been.
    pub(in crate::engine) fn run(
        &self,
        step: usize,
        places: &Places,
        hosts: &[(String, String)],
        env_file: &str,
        script: &str,
        ran: &str,
    ) -> Vec<String> {
        let (build, private, temporary) = (
            places.build.to_string_lossy(),
            places.hand.to_string_lossy(),
            places.temporary().to_string_lossy().into_owned(),
        );
        let mut argv = self.begin(&["run", "--rm"]);
        let name = format!("{}-{step}", self.name);
        argv.extend(["--label".to_owned(), format!("{STEP}={name}"), "--name".to_owned(), name]);
        if !self.services.is_empty() {
            argv.extend(["--network".to_owned(), self.name.clone()]);
        }
        for (alias, address) in hosts {
            argv.extend(["--add-host".to_owned(), format!("{alias}:{address}")]);
        }
        argv.extend(["--env-file".to_owned(), env_file.to_owned()]);
        for volume in
            [format!("{build}:{build}"), format!("{private}:{private}:ro"), format!("{temporary}:{temporary}")]
        {
            argv.extend(["--volume".to_owned(), volume]);
        }
        argv.extend(["--workdir".to_owned(), build.into_owned()]);
        finish(&mut argv, &self.image, &self.image.user);
        argv.extend(["sh", "-c", INSIDE, "weir", script, ran].map(str::to_owned));
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

    /// The same for the container of a script.
    pub(in crate::engine) fn clean_step(&self, step: usize) -> Vec<String> {
        vec![self.engine.clone(), format!("{STEP}={}-{step}", self.name)]
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
        for text in [PULL, QUIET, WAIT, CLEAN, INSIDE, GIVE_BACK] {
            let checked = Command::new("sh").args(["-n", "-c", text]).status().unwrap();
            assert!(checked.success(), "{text}");
        }
    }

    #[test]
    fn a_short_name_is_docker_hubs_where_the_engine_knows_no_registry() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let engine = dir.path().join("podman");
        let text = r#"#!/bin/sh
for last; do :; done
case "$1 $last" in
    "pull docker.io/library/tool:1" | "pull docker.io/team/tool") echo sha256:0123 ;;
    "pull registry.example/"*) echo "no such manifest"; exit 125 ;;
    "pull "*) echo "short-name did not resolve and no unqualified-search registries are defined"; exit 125 ;;
    version*) ;;
    *) exit 1 ;;
esac
"#;
        std::fs::write(&engine, text).unwrap();
        std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).unwrap();
        for (image, code, said) in [
            ("tool:1", 0, "Trying docker.io/library/tool:1\nsha256:0123\n"),
            ("team/tool", 0, "Trying docker.io/team/tool\nsha256:0123\n"),
            ("other", 1, "Trying docker.io/library/other\n"),
            ("registry.example/tool", 1, "no such manifest\nThe image"),
        ] {
            let mut pull = Command::new("sh");
            pull.args(["-c", PULL, "weir"]).arg(&engine).args([image, "", "if-not-present"]);
            let output = pull.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.code() == Some(code) && text.contains(said), "{image}: {text}");
        }
    }

    #[test]
    fn a_container_ends_as_its_script_does() {
        let dir = tempfile::tempdir().unwrap();
        for code in [0, 3, 77] {
            let script = dir.path().join("script.sh");
            let ran = dir.path().join("ran");
            std::fs::write(&script, format!("sleep 0; rm {}; exit {code}", ran.display())).unwrap();
            let mut inside = Command::new("sh");
            inside.args(["-c", INSIDE, "weir"]).args([&script, &ran]).stdin(Stdio::null());
            assert_eq!(inside.status().unwrap().code(), Some(code));
            assert!(ran.exists());
        }
    }
}
