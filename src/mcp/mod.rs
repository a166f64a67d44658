//! A server of the Model Context Protocol on standard input and output, so that an assistant gets causes with their
//! evidence (<https://modelcontextprotocol.io/specification>).
//!
//! It only reads: no tool has an argument that connects to anything, changes or writes anything.

mod arguments;
mod calls;
mod server;
mod tools;

use rmcp::{ServiceExt as _, service::ServerInitializeError, transport};

use crate::{cli::Cli, error::Error, rule::Rules, run};
use server::Server;

/// Answers until the client ends.
///
/// # Errors
/// Where the flags ask for more than reading, or what comes in is not the protocol.
pub fn serve(cli: &Cli, rules: Rules) -> Result<(), Error> {
    refuse_what_more_is_asked(cli)?;
    let runtime = run::runtime()?;
    let served = runtime.block_on(async {
        let running = Server::new(cli, rules).serve(transport::stdio()).await.map_err(|error| not_begun(&error))?;
        running.waiting().await.map_err(|error| Error::new(format!("mcp broke off: {error}; please report it")))
    });
    // Nobody is left to hear what is still being asked.
    runtime.shutdown_background();
    served.map(drop)
}

fn refuse_what_more_is_asked(cli: &Cli) -> Result<(), Error> {
    if cli.active.probe || cli.fix.fix || !cli.look.filename.is_empty() {
        return Err(Error::new("mcp only reads, and its client says what to look at: leave --probe, --fix and -f out"));
    }
    if cli.look.from.iter().any(|path| path.as_os_str() == "-") {
        return Err(Error::new("mcp hears its client on standard input: give --from a file, and not -"));
    }
    Ok(())
}

fn not_begun(error: &ServerInitializeError) -> Error {
    let what = match error {
        ServerInitializeError::ConnectionClosed(_) => "nothing came in".to_owned(),
        other => other.to_string(),
    };
    Error::new(format!(
        "mcp is for a client of the Model Context Protocol, which begins with initialize: {what}; put it into the client's configuration"
    ))
}
