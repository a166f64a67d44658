//! How a container ended, and what its exit code means.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus};
use schemars::JsonSchema;
use serde::Serialize;

use super::object;

/// The newest end of a container.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ExitFacts {
    /// Whether it has ended at all.
    pub happened: bool,
    /// The exit code; 0 where it has not ended.
    pub code: i64,
    /// What that code means by convention; empty where it means nothing by itself.
    pub meaning: String,
    /// `OOMKilled`, `Error`, `Completed`, `StartError`.
    pub reason: String,
    /// The runtime's or the container's own message (terminationMessagePath).
    pub message: String,
    /// When it ended (RFC 3339).
    pub at: String,
    /// Whether it ended within the last ten minutes.
    pub lately: bool,
    /// Whether it has ended now, rather than before the instance that runs.
    pub now: bool,
    /// Whether an image other than the spec's ended: its end says nothing of the present image.
    pub stale: bool,
    /// How long the instance ran, in seconds.
    pub ran_for: i64,
}

const LATELY: i64 = 600;

/// The newest end that a container's status tells of.
pub fn newest(status: &ContainerStatus) -> Option<(&ContainerStateTerminated, bool)> {
    let now = status.state.as_ref().and_then(|state| state.terminated.as_ref());
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    now.map(|ended| (ended, true)).or(last.map(|ended| (ended, false)))
}

/// The facts of a container's newest end.
pub fn facts(status: Option<&ContainerStatus>, now: jiff::Timestamp, stale: bool) -> ExitFacts {
    let Some((ended, is_now)) = status.and_then(newest) else { return ExitFacts::default() };
    let seconds = |from: Option<&_>, to: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>| match (from, to)
    {
        (Some(from), Some(to)) => object::seconds_since(to.0, from),
        _ => 0,
    };
    ExitFacts {
        happened: true,
        code: i64::from(ended.exit_code),
        meaning: meaning(ended.exit_code).to_owned(),
        reason: ended.reason.clone().unwrap_or_default(),
        message: ended.message.clone().unwrap_or_default().trim().to_owned(),
        at: ended.finished_at.as_ref().map(object::time).unwrap_or_default(),
        lately: ended.finished_at.as_ref().is_some_and(|at| object::seconds_since(now, at) < LATELY),
        now: is_now,
        stale,
        ran_for: seconds(ended.started_at.as_ref(), ended.finished_at.as_ref()),
    }
}

/// What an exit code means by the conventions of shells (126, 127, 128 + signal)
/// and runtimes (<https://tldp.org/LDP/abs/html/exitcodes.html>).
fn meaning(code: i32) -> &'static str {
    match code {
        1 => "a general error",
        2 => "misuse of a command, or a panic in Go",
        125 => "the container failed to run",
        126 => "the command was found and cannot be executed",
        127 => "the command was not found",
        128 => "the container could not be started",
        130 => "ended by SIGINT",
        134 => "aborted (SIGABRT): a failed assertion or a runtime's abort",
        135 => "a bus error (SIGBUS)",
        136 => "an arithmetic error (SIGFPE)",
        137 => "killed (SIGKILL): out of memory, or it did not end in time when told to",
        139 => "a segmentation fault (SIGSEGV)",
        143 => "ended by SIGTERM",
        255 => "an exit code out of range",
        _ => "",
    }
}
