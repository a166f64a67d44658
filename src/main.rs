//! The `kubectl doctor` command: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use doctor::{cli::Cli, run};
use mimalloc::MiMalloc;

// Objects are many small texts: a fifth to a third of all the work goes into allocating them with the system's own, and
// more than that with musl's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli.settled(),
        Err(error) => return run::usage(&error),
    };
    match run::run(&cli) {
        Ok(code) => code,
        Err(error) => {
            run::complain(&error.to_string());
            ExitCode::from(2)
        }
    }
}
