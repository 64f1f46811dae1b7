//! The runner and its leader as a program, for this package's tests; `weir` has them as subcommands.

use std::{env, process::ExitCode};

use runner::{
    Endpoint,
    supervisor::{RunnerConfig, runner_main},
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["leader"] => runner::leader_main(),
        ["runner", socket, dir, concurrent, ref containers @ ..] => {
            let mut config = RunnerConfig::new(Endpoint::Unix(socket.into()), "glrt-test".into(), dir.into());
            config.concurrent = concurrent.parse().unwrap_or(1);
            config.containers = containers.first().and_then(|text| text.parse().ok()).unwrap_or_default();
            match runner_main(config) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("runner-helper: {error}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => ExitCode::from(2),
    }
}
