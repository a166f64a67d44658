//! What was seen, as the document says it.

use super::{
    answer::Answer,
    seen::{Check, Checks, Origin, Said, Step},
};
use crate::document::ProbeStep;

/// The checks that tell something beside the others.
pub fn shown(checks: &Checks) -> impl Iterator<Item = &Check> {
    checks.made.iter().filter(|check| !is_other_family(checks, check))
}

/// A check as a step among the others; nothing for how names are resolved.
pub fn step(checks: &Checks, check: &Check) -> Option<ProbeStep> {
    let step = alone(check)?;
    let ok = step.ok && check.answers.iter().all(|said| hears_all(checks, check, said));
    Some(ProbeStep { ok, ..step })
}

// Whether something listens for other pods on every port that is asked inside that pod.
fn hears_all(checks: &Checks, check: &Check, said: &Said) -> bool {
    let Answer::Sockets { sockets } = &said.answer else { return true };
    let mut asked = checks.made.iter().filter(|other| other.step == Step::Inside && other.pod == check.pod);
    asked.all(|other| {
        let is_heard = |port: u16, protocol: &str| (port, protocol) == (other.target, other.spoken.transport());
        sockets.iter().any(|socket| is_heard(socket.port, &socket.protocol) && !socket.is_local())
    })
}

/// A check as a step, as far as it tells by itself.
pub(super) fn alone(check: &Check) -> Option<ProbeStep> {
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
        Origin::Own => "another pod".to_owned(),
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
