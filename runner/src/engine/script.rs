//! From a list of commands to the text that a shell runs.

use std::{env, fs, os::unix::fs::PermissionsExt, path::PathBuf};

/// The shell of scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shell {
    /// Where it is.
    pub path: String,
    /// Whether it is `bash`, which knows `pipefail`.
    pub bash: bool,
}

impl Shell {
    /// `bash` if there is one, else `sh`.
    pub(crate) fn find() -> Option<Self> {
        let bash = find_program("bash").map(|path| Self { path, bash: true });
        bash.or_else(|| find_program("sh").map(|path| Self { path, bash: false }))
    }

    /// The name that a runner reports.
    pub(crate) fn name(&self) -> &'static str {
        if self.bash { "bash" } else { "sh" }
    }
}

/// Where a program is: in `PATH`, or where programs are on any machine.
pub(super) fn find_program(name: &str) -> Option<String> {
    let paths = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let found = env::split_paths(&paths)
        .chain(["/bin", "/usr/bin"].map(PathBuf::from))
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0))?;
    found.into_os_string().into_string().ok()
}

/// The script of `lines`: each is shown, in green, before it is run in the one shell; the first
/// failure ends it. With `trace` the shell shows all that it does, variables replaced.
pub(super) fn script(shell: &Shell, lines: &[String], trace: bool) -> String {
    let mut text = String::from(if shell.bash { "set -eo pipefail\n" } else { "set -e\n" });
    if trace {
        text.push_str("set -x\n");
    }
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let mut shown = line.trim_end_matches(['\n', '\r']).lines();
        let first = shown.next().unwrap_or_default();
        let more = if shown.next().is_some() { " # collapsed multi-line command" } else { "" };
        let echo = format!("\x1b[32;1m$ {first}{more}\x1b[0;m");
        text.push_str(&format!("printf '%s\\n' {}\n{line}\n", quote(&echo)));
    }
    text
}

/// What stands before a script that is run in a container, whose shell is known only there: the option
/// that `bash` has, and the variables that have no other way in.
pub(super) fn container_prelude(variables: &[(String, String)]) -> String {
    let mut text = String::from("if [ -n \"${BASH_VERSION:-}\" ]; then set -o pipefail; fi\n");
    for (name, value) in variables.iter().filter(|(name, _)| is_shell_name(name)) {
        text.push_str(&format!("export {name}={}\n", quote(value)));
    }
    text
}

fn is_shell_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A text as one word of a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn commands_are_shown_then_run_in_one_shell_until_one_fails() {
        let lines =
            ["x='it'\\''s'", "", "echo \"$x\" | cat\necho two", "false | true", "echo never"].map(str::to_owned);
        for (path, last) in [("bash", "$ false | true"), ("sh", "never")] {
            let text = script(&Shell { path: path.to_owned(), bash: path == "bash" }, &lines, false);
            let out = Command::new(path).args(["-c", &text]).output().unwrap();
            let out = String::from_utf8(out.stdout).unwrap().replace("\x1b[32;1m", "").replace("\x1b[0;m", "");
            let begin = "$ x='it'\\''s'\n$ echo \"$x\" | cat # collapsed multi-line command\nit's\ntwo\n";
            assert!(out.starts_with(begin), "{out}");
            assert_eq!(out.lines().last(), Some(last));
        }
    }
}
