//! The `kubectl doctor` command: parse, run, exit code.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use doctor::{cli::Cli, complete, run};
use mimalloc::MiMalloc;

// Objects are many small texts: a fifth to a third of all the work goes into allocating them with the system's own, and
// more than that with musl's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some((complete::COMMAND, line)) = words.split_first().map(|(first, line)| (first.as_str(), line)) {
        run::print(&complete::answer(line));
        return ExitCode::SUCCESS;
    }
    let parsed = Cli::command().try_get_matches().and_then(|given| Ok((Cli::from_arg_matches(&given)?, given)));
    let (cli, given) = match parsed {
        Ok((cli, given)) => (cli.settled(), given),
        Err(error) => return run::usage(&error),
    };
    match cli.configured(&given).and_then(|cli| run::run(&cli)) {
        Ok(code) => code,
        Err(error) => {
            run::complain(&error.to_string());
            ExitCode::from(2)
        }
    }
}
