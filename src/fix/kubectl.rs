//! Cures are kubectl's commands, and it is kubectl that carries them out: as they are printed.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::error::Error;

/// What a command would change.
pub enum Preview {
    /// The object as it is and as it would be; nothing of what is not there yet.
    Change(Option<Value>, Value),
    /// The server takes it, and kubectl shows no more than this of it.
    Said(String),
    /// kubectl can't try this one.
    Untried,
}

/// These print the object that the server would keep.
const SHOWING: [&str; 8] = ["apply", "patch", "set", "scale", "create", "label", "annotate", "taint"];
/// These can be tried, and print a line.
const TRIED: [&str; 3] = ["delete", "cordon", "uncordon"];

/// Lets the server check a command, without keeping anything.
///
/// # Errors
/// Where the server or kubectl refuses it.
pub fn preview(argv: &[String]) -> Result<Preview, Error> {
    let Some(verb) = argv.iter().position(|word| SHOWING.contains(&word.as_str()) || TRIED.contains(&word.as_str()))
    else {
        return Ok(Preview::Untried);
    };
    let with =
        |more: &[&str]| argv.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect::<Vec<_>>();
    if TRIED.contains(&argv[verb].as_str()) {
        return run(&with(&["--dry-run=server"]), None).map(Preview::Said);
    }
    let text = run(&with(&["--dry-run=server", "-o", "json"]), None)?;
    let after: Value = serde_json::from_str(&text)
        .map_err(|error| Error::new(format!("cannot read what kubectl says that it would change: {error}")))?;
    // Before the verb stand kubectl and the flags that say where.
    let mut get = argv[..verb].to_vec();
    get.extend(["get", "-f", "-", "-o", "json", "--ignore-not-found"].map(str::to_owned));
    let before: Value = serde_json::from_str(&run(&get, Some(&text))?).unwrap_or_default();
    // kubectl makes a list of what it does not look for at all costs.
    let before = if before["kind"] == "List" { before["items"][0].clone() } else { before };
    Ok(Preview::Change(Some(before).filter(Value::is_object), after))
}

/// Runs a command; what it printed.
///
/// # Errors
/// Where it can't be started or fails, with what it says.
pub fn run(argv: &[String], input: Option<&str>) -> Result<String, Error> {
    let (program, words) = argv.split_first().ok_or_else(|| Error::new("there is no command"))?;
    let failed = |error: std::io::Error| Error::new(format!("cannot run {program}: {error}: is it on the PATH?"));
    let mut child = Command::new(program)
        .args(words)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        // Who does not read to the end says on stderr why.
        let _ = stdin.write_all(text.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("the cure was refused: {}", said.trim().trim_start_matches("error: "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
