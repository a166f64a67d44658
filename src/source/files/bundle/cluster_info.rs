//! What `kubectl cluster-info dump` writes, to a folder or to standard output: the nodes, and of each namespace its
//! events, Services, DaemonSets, Deployments, ReplicaSets, pods and their logs. Nothing else of a cluster is in it.

use super::{Format, Holds, Singles, all, log, objects_file};
use crate::{kind::Kind, source::LogKey};

pub const FORMAT: Format = Format { is_mark, holds, timestamps: false, singles: Singles::Some };

// The doctor does not read it, and nothing else writes a file of this name.
const MARK: &str = "replication-controllers";

/// What is listed of each namespace, in this order, with [`MARK`] behind the events.
pub const KINDS: [Kind; 6] =
    [Kind::Event, Kind::Service, Kind::DaemonSet, Kind::Deployment, Kind::ReplicaSet, Kind::Pod];

fn is_mark(path: &[&str]) -> bool {
    path.len() > 1 && path.last().and_then(|file| objects_file(file)) == Some(MARK)
}

fn holds(path: &[&str]) -> Holds {
    match path {
        [.., "logs.txt"] => Holds::Logs,
        ["nodes.json" | "nodes.yaml"] | [.., "nodes.json" | "nodes.yaml"] => all(Some(Kind::Node), None),
        [.., namespace, file] => {
            let resource = objects_file(file).unwrap_or_default();
            all(KINDS.into_iter().find(|kind| kind.resource() == resource), Some(namespace))
        }
        _ => Holds::Nothing,
    }
}

/// A part of what was written to standard output, or of a file of logs.
#[derive(Debug, PartialEq)]
pub enum Part<'a> {
    /// JSON or YAML, one document or several; the line at which they begin.
    Documents(&'a str, usize),
    /// The log of a container: the text, nothing where it has none, or why it could not be had.
    Log(LogKey, Result<Option<&'a str>, &'a str>),
}

const START: &str = "==== START logs for container ";
const END: &str = "==== END logs for container ";
const FAILED: [&str; 2] = ["Request log error: ", "Create log request error: "];
// kubectl's words for status 400, with which the kubelet answers where there is no log yet.
const NONE_YET: &str = "the server rejected our request for an unknown reason";

/// The parts of a text with logs in it; nothing where it has none, or one without an end.
pub fn parts(text: &str) -> Option<Result<Vec<Part<'_>>, Unfinished>> {
    if !text.starts_with(START) && !text.contains(&format!("\n{START}")) {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.trim().is_empty() {
        let Some((before, behind)) = next_log(rest) else {
            parts.push(Part::Documents(rest, line_of(text, rest)));
            break;
        };
        if !before.trim().is_empty() {
            parts.push(Part::Documents(before, line_of(text, before)));
        }
        match read_log(behind) {
            Some((part, behind)) => {
                parts.push(part);
                rest = behind;
            }
            None => return Some(Err(Unfinished(line_of(text, behind)))),
        }
    }
    Some(Ok(parts))
}

/// A log without its end, and the line at which it begins.
#[derive(Debug, PartialEq)]
pub struct Unfinished(pub usize);

fn next_log(rest: &str) -> Option<(&str, &str)> {
    let at = if rest.starts_with(START) { 0 } else { rest.find(&format!("\n{START}"))? + 1 };
    Some(rest.split_at(at))
}

// A program may write such words itself: the end is where something else begins behind them.
fn read_log(text: &str) -> Option<(Part<'_>, &str)> {
    let (head, body) = text.split_once('\n')?;
    let of = head.strip_prefix(START)?.strip_suffix(" ====")?;
    let (container, place) = of.split_once(" of pod ")?;
    let (namespace, pod) = place.split_once('/')?;
    let end = format!("{END}{of} ====\n");
    let is_end = |at: &usize| {
        let behind = body[at + end.len()..].trim_start();
        behind.is_empty() || ["{", START, "apiVersion:"].iter().any(|start| behind.starts_with(start))
    };
    let at = body.match_indices(&end).map(|(at, _)| at).find(is_end)?;
    let Holds::Log(key) = log(namespace, pod, container, false) else { return None };
    Some((Part::Log(key, said(&body[..at])), &body[at + end.len()..]))
}

fn said(log: &str) -> Result<Option<&str>, &str> {
    let why = FAILED.iter().find_map(|words| log.trim_end().strip_prefix(words)).filter(|why| !why.contains('\n'));
    match why {
        Some(why) if why.starts_with(NONE_YET) => Ok(None),
        Some(why) => Err(why),
        None => Ok(Some(log)),
    }
}

fn line_of(text: &str, part: &str) -> usize {
    let before = part.as_ptr().addr() - text.as_ptr().addr();
    text.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn log_of(container: &str, text: &str) -> String {
        let of = format!("{container} of pod shop/web-1 ====");
        format!("{START}{of}\n{text}{END}{of}\n")
    }

    fn key(container: &str) -> LogKey {
        LogKey {
            namespace: "shop".to_owned(),
            pod: "web-1".to_owned(),
            container: container.to_owned(),
            previous: false,
            recent: false,
        }
    }

    #[test]
    fn logs_stand_between_the_lists() {
        let none = format!("{}{NONE_YET} (get pods web-1)\n", FAILED[0]);
        let text = format!(
            "{{}}\n{}{}{}{{\n}}\n",
            log_of("init", "no line end"),
            log_of("app", &none),
            log_of("side", "Request log error: timeout\n")
        );
        let parts = parts(&text).unwrap().unwrap();
        assert_eq!(
            parts,
            [
                Part::Documents("{}\n", 1),
                Part::Log(key("init"), Ok(Some("no line end"))),
                Part::Log(key("app"), Ok(None)),
                Part::Log(key("side"), Err("timeout")),
                Part::Documents("{\n}\n", 10),
            ]
        );
    }

    #[test]
    fn what_a_program_says_ends_no_log() {
        let nested = log_of("app", "");
        let text = log_of("app", &format!("{nested}and on\n"));
        let whole = parts(&text).unwrap().unwrap();
        assert_eq!(whole, [Part::Log(key("app"), Ok(Some(format!("{nested}and on\n").as_str())))]);
    }

    #[test]
    fn a_log_that_was_cut_off_is_told_by_its_line() {
        let whole = format!("{{}}\n{}", log_of("app", "one\ntwo\n"));
        assert_eq!(parts(&whole[..whole.len() - 4]).unwrap().unwrap_err(), Unfinished(2));
        assert!(parts("{\"data\": \"==== START logs for container x\"}").is_none());
    }
}
