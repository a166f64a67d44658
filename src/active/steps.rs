//! What was seen, as the document says it.

use super::seen::{Answer, Check, Checks, Origin, Step};
use crate::document::ProbeStep;

/// The checks that tell something beside the others.
pub fn shown(checks: &Checks) -> impl Iterator<Item = &Check> {
    checks.made.iter().filter(|check| !is_other_family(checks, check))
}

/// A check as a step; nothing for what is no connection.
pub fn step(check: &Check) -> Option<ProbeStep> {
    if check.answers.iter().any(|said| matches!(said.answer, Answer::Resolver { .. })) {
        return None;
    }
    let service = if check.service.is_empty() || check.step == Step::Dns { "" } else { check.service.as_str() };
    let to = match (check.step, check.pod.as_str()) {
        (Step::Listening, pod) => pod.to_owned(),
        (Step::Inside, _) => check.to.clone(),
        (_, "") if service.is_empty() || check.to.starts_with(service) => check.to.clone(),
        (_, "") => format!("{} ({service})", check.to),
        (_, pod) => format!("{} ({pod})", check.to),
    };
    Some(ProbeStep {
        step: check.step.word().to_owned(),
        from: origin(&check.origin),
        to,
        answer: check.words(),
        milliseconds: check.milliseconds(),
        ok: check.all_ok(),
    })
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Inside { pod } => format!("inside {pod}"),
        Origin::Forward { pod } => format!("port-forward to {pod}"),
        Origin::Own => "a pod of its own".to_owned(),
        Origin::Client { kind, name, .. } => format!("{kind}/{name}"),
    }
}

// Few programs listen on both localhosts by name; ::1 matters where it alone answers.
fn is_other_family(checks: &Checks, check: &Check) -> bool {
    let is_v6 = check.step == Step::Inside && check.to.starts_with("[::1]");
    is_v6 && {
        let beside = |other: &&Check| {
            other.step == Step::Inside
                && other.origin == check.origin
                && other.target == check.target
                && !other.to.starts_with('[')
        };
        !check.any_ok() || checks.made.iter().find(beside).is_some_and(Check::any_ok)
    }
}
