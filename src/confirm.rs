//! The question whether to go on, before anything is changed.

use std::io::{IsTerminal as _, Write as _};

use crate::error::Error;

/// Asks it on stderr; whether the answer is yes.
///
/// # Errors
/// Where there is nobody to ask.
pub fn go_on() -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::new("there is no terminal to ask whether to go on; --yes goes on without asking"));
    }
    // Where nobody reads stderr, nobody answers either.
    let _ = write!(std::io::stderr(), "Go on? [y/N] ");
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
