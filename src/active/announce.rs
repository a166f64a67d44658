//! What active checks will make, said before they do, and the question whether to go on.

use std::{collections::BTreeSet, io::Write as _};

use super::{
    flags::Flags,
    make,
    plan::{Plan, Visit},
    rights::Rights,
};
use crate::{confirm, error::Error, report::clean};

/// What will be made and where, a line each.
fn lines(plan: &Plan, flags: &Flags, rights: &Rights) -> Vec<String> {
    let may_enter = |visit: &&Visit| rights.to_enter(&visit.namespace).is_none();
    let entered = plan.inside.iter().chain(&plan.client).filter(may_enter);
    let entered = entered.filter_map(|visit| Some((visit, visit.pod.as_ref()?)));
    let mut lines: Vec<String> = entered
        .map(|(visit, pod)| {
            let (pod, longest) = (make::shown(&visit.namespace, pod), visit.longest(flags).as_secs());
            format!("an ephemeral container in {pod}; its process ends within {longest} s, and it stays listed in the pod until that is replaced")
        })
        .collect();
    if !lines.is_empty() && asked_pods(plan) > plan.inside.len() {
        lines.push("an ephemeral container in one more pod, where that fails and another does not".to_owned());
    }
    let own = plan.client.as_ref().filter(|visit| visit.pod.is_none());
    if let Some(visit) = own.filter(|visit| rights.to_make(&visit.namespace).is_none()) {
        let (namespace, deadline) = (&visit.namespace, make::deadline(visit, flags));
        lines.push(match rights.to_make_job(namespace) {
            None => format!("a pod in namespace {namespace}, and a Job without pods that takes it along: deleted at the end, and by themselves within {deadline} s"),
            Some(_) => format!("a pod in namespace {namespace}: deleted at the end, and ended by itself within {deadline} s"),
        });
    }
    lines
}

// Of which one may be entered later.
fn asked_pods(plan: &Plan) -> usize {
    let asks = plan.client.iter().flat_map(|visit| &visit.asks);
    asks.map(|ask| ask.check.pod.as_str()).filter(|pod| !pod.is_empty()).collect::<BTreeSet<_>>().len()
}

/// Says what will be made, and asks whether to go on where nobody said so beforehand.
///
/// # Errors
/// Where the answer is no, or there is nobody to ask.
pub fn agree(plan: &Plan, flags: &Flags, rights: &Rights) -> Result<(), Error> {
    let lines = lines(plan, flags, rights);
    let mut out = std::io::stderr();
    for right in rights.missing() {
        let _ = writeln!(out, "{}", clean::line(&format!("the user {right}")));
    }
    if plan.inside.is_empty() && plan.client.is_none() {
        let _ = writeln!(out, "--probe makes nothing: nothing runs there that connections could be made to");
    }
    if lines.is_empty() {
        return Ok(());
    }
    let _ = writeln!(out, "--probe makes, with image {}:", clean::line(&flags.probe_image));
    for line in lines {
        let _ = writeln!(out, "  {}", clean::line(&line));
    }
    if flags.yes {
        return Ok(());
    }
    if confirm::go_on()? {
        return Ok(());
    }
    Err(Error::new("nothing was made, and nothing checked; without --probe the diagnosis makes nothing"))
}
