//! Writing the definition. Texts are written as JSON strings, which YAML reads as they are; program
//! texts reach their interpreter through a quoted here-document, so nothing in them is expanded.

use std::fmt::Write as _;

use super::read::{Action, Graph, Input, Language, Mode, Step};

/// The whole definition.
pub fn write(graph: &Graph) -> String {
    let mut out = String::from(
        "# Made from nodes and edges. Each job's output goes on to the jobs that need it, on their\n\
         # standard input; INPUT_PATH is the path they work on.\nstages: [run]\n",
    );
    for step in &graph.steps {
        let needs: Vec<String> = step.needs.iter().map(|i| json(&graph.steps[*i].name)).collect();
        let _ = write!(out, "\n{}:\n  stage: run\n  needs: [{}]\n", json(&step.name), needs.join(", "));
        let _ = write!(out, "  artifacts:\n    paths: [{}]\n", json(&step.file));
        if let Some(seconds) = step.timeout.or(graph.timeout) {
            let _ = writeln!(out, "  timeout: {seconds} seconds");
        }
        out.push_str("  script:\n");
        for command in commands(graph, step) {
            let _ = writeln!(out, "    - {}", json(&command));
        }
    }
    out
}

fn json(text: &str) -> String {
    // Characters that YAML does not allow raw in a double-quoted text.
    let mut quoted = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted
}

/// A word that a shell reads as it is.
pub fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn commands(graph: &Graph, step: &Step) -> Vec<String> {
    let mut commands = vec!["mkdir -p .weir".to_owned()];
    match &step.path {
        Input::Run => commands.push("export INPUT_PATH=\"${INPUT_PATH:-}\"".into()),
        Input::Fixed(path) => commands.push(format!("export INPUT_PATH={}", quote(path))),
        Input::None => commands.push("export INPUT_PATH=''".into()),
    }
    commands.push(match step.needs.as_slice() {
        // The content of a file, where the path is one.
        [] => {
            "if [ -f \"$INPUT_PATH\" ]; then cat -- \"$INPUT_PATH\"; else printf '%s' \"$INPUT_PATH\"; fi > .weir/input"
                .into()
        }
        needs => {
            let files: Vec<&str> = needs.iter().map(|i| graph.steps[*i].file.as_str()).collect();
            // Several contents are joined with a rule line, as Ordine does.
            let mut parts = vec![format!("cat {}", files[0])];
            parts.extend(files[1..].iter().map(|file| format!("printf '\\n---\\n'; cat {file}")));
            format!("{{ {}; }} > .weir/input", parts.join("; "))
        }
    });
    commands.push("export INPUT_FILE=\"$PWD/.weir/input\"".into());
    let file = &step.file;
    match &step.action {
        Action::Script(language, code) => {
            let (program, name) = match language {
                Language::Bash => ("bash", "step.sh"),
                Language::Python => ("python3 -u", "step.py"),
                Language::JavaScript => ("node", "step.js"),
            };
            let mark = mark(code);
            let end = if code.ends_with('\n') { "" } else { "\n" };
            commands.push(format!("cat > .weir/{name} <<'{mark}'\n{code}{end}{mark}"));
            commands.push(format!("bash -o pipefail -c '{program} .weir/{name} < .weir/input | tee {file}'"));
            // An output without content hands on what came in.
            commands.push(format!("[ -s {file} ] || cp .weir/input {file}"));
        }
        Action::Save { folder, name, mode } => {
            let (folder, stem) = (quote(folder), quote(name));
            commands.push(format!("mkdir -p {folder}/results"));
            let place = match mode {
                Mode::Overwrite => format!("place={folder}/results/{stem}"),
                Mode::Refuse => format!(
                    "place={folder}/results/{stem}; if [ -e \"$place\" ]; then echo \"$place exists already\"; exit 1; fi"
                ),
                Mode::Rename => format!(
                    "place={folder}/results/{stem}; n=1; while [ -e \"$place\" ]; do n=$((n + 1)); place={folder}/results/{stem}.$n; done"
                ),
            };
            commands.push(place);
            commands.push(format!("cp .weir/input \"$place\" && cp .weir/input {file} && echo \"written to $place\""));
        }
        Action::Tell(path) => {
            commands.push(format!("cp .weir/input {file}; echo {}", quote(&format!("output for {path}"))));
        }
    }
    commands
}

/// A word that is no line of the text.
fn mark(code: &str) -> String {
    let mut mark = "END_OF_STEP".to_owned();
    while code.lines().any(|line| line.trim_end_matches('\r') == mark) {
        mark.push('_');
    }
    mark
}
