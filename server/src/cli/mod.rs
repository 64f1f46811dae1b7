//! The command line: thin commands over the server's own parts or over HTTP.

mod admin;
mod args;
mod board;
mod client;
mod config;
mod exec;
mod failure;
mod folder;
mod follow;
mod jobs;
mod lint;
mod output;
mod pair;
mod pipelines;
mod plan;
mod run;
mod runner;
mod runs;
mod serve;
mod sse;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser as _;
use client::Client;
use failure::{Exit, Failure, Outcome};

/// Runs the command that the process's arguments ask for.
pub fn main() -> ExitCode {
    // Every job starts a leader: it goes straight to its work.
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|first| first == "leader") {
        return runner::leader();
    }
    match Cli::try_parse() {
        Ok(cli) => finish(run(cli)),
        Err(error) => usage(&error),
    }
}

fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = &failure.message {
                let message = output::spelled(message);
                output::note(format!("{} {message}", output::Paint::stderr().red("weir:")));
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// Help goes to stdout; wrong usage is told like every other failure.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        output::write(&error.render().to_string());
        return ExitCode::SUCCESS;
    }
    let text = output::spelled(&error.render().to_string());
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::note(text);
    } else {
        output::note(format!("weir: failed to read the command line: {text}"));
    }
    ExitCode::from(Exit::Usage as u8)
}

fn run(cli: Cli) -> Outcome {
    let json = cli.json;
    match cli.command {
        Command::Serve(args) => serve::main(&args, json),
        Command::Exec(args) => exec::main(args, json),
        Command::Lint(args) => lint::main(args, None, json),
        Command::Plan(args) if args.pipeline.is_none() => lint::main(args.lint, Some(&plan::Durations::new()), json),
        Command::Plan(args) => over_http(async |client| plan::main(client, args, json).await),
        Command::Runner(args) => runner::main(args, json),
        // Reached only with flags before the word.
        Command::Leader { .. } => Err(Failure::usage("hold a job", "the leader takes no flags")),
        Command::Project { action } => wait(admin::project(action, json)),
        Command::Pipeline { action } => wait(admin::pipeline(action, json)),
        Command::Token { action } => wait(admin::token(action, json)),
        Command::User { action } => wait(admin::user(action, json)),
        Command::Aksk { action } => wait(admin::aksk(action, json)),
        Command::Key { action } => wait(admin::key(action, json)),
        Command::Run(args) => over_http(async |client| run::main(client, args, json).await),
        Command::Pipelines { .. } => over_http(async |client| pipelines::main(client, json).await),
        Command::Runs { action } => over_http(async |client| runs::main(client, action, json).await),
        Command::Jobs { action } => over_http(async |client| jobs::main(client, action, json).await),
        Command::Why { id } => over_http(async |client| runs::why(client, &id, json).await),
    }
}

fn over_http(command: impl AsyncFnOnce(&Client) -> Outcome) -> Outcome {
    let client = Client::from_environment()?;
    wait(command(&client))
}

/// Runs a command that waits; one thread is enough for a client.
fn wait(command: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, "start", error))?
        .block_on(command)
}
