//! The sockets that were seen inside pods.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;

use crate::{
    active::{Answer, Checks, Socket, Step},
    facts::object,
    inventory::Inventory,
};

/// The names of the pods that the same object made.
pub(super) fn siblings<'a>(inventory: &'a Inventory, pod: &'a Pod) -> impl Iterator<Item = &'a str> {
    let owner = object::controller(&pod.metadata);
    let all = inventory.seen::<Pod>(object::namespace(&pod.metadata));
    all.filter(move |one| owner.is_some() && object::controller(&one.metadata) == owner)
        .map(|one| object::name(&one.metadata))
}

/// The sockets of a pod, where they were looked at.
pub(super) fn of<'c>(checks: &'c Checks, pod: &str) -> Option<&'c [Socket]> {
    let of_pod = checks.made.iter().filter(|check| check.step == Step::Listening && check.pod == pod);
    of_pod.flat_map(|check| &check.answers).find_map(|said| match &said.answer {
        Answer::Sockets { sockets } => Some(sockets.as_slice()),
        _ => None,
    })
}

/// Of the pods of a Service's port whose sockets were looked at: whether any listens there, and where else they listen.
pub fn heard(
    inventory: &Inventory,
    namespace: &str,
    pods: &[&Pod],
    port: u16,
    protocol: &str,
) -> Option<(bool, String)> {
    let checks = inventory.checks()?;
    let of_pods = pods.iter().filter(|pod| object::namespace(&pod.metadata) == namespace);
    let seen: Vec<&[Socket]> = of_pods.filter_map(|pod| of(checks, object::name(&pod.metadata))).collect();
    let first: Vec<Socket> = seen.first()?.iter().filter(|one| one.protocol == protocol).cloned().collect();
    let listens = seen.iter().any(|sockets| sockets.iter().any(|one| one.port == port && one.protocol == protocol));
    Some((listens, others(&first, port, protocol)))
}

/// The other ports on which something listens that is not for localhost alone; only where its protocol differs from the
/// one that is asked is that told.
pub(super) fn others(sockets: &[Socket], port: u16, protocol: &str) -> String {
    let is_asked = |socket: &Socket| (socket.port, socket.protocol.as_str()) == (port, protocol);
    let shown = |socket: &Socket| match socket.protocol.as_str() {
        same if same == protocol => String::new(),
        other => format!("/{other}"),
    };
    let others: BTreeSet<(u16, String)> = sockets
        .iter()
        .filter(|socket| !is_asked(socket) && !socket.is_local())
        .map(|socket| (socket.port, shown(socket)))
        .collect();
    others.iter().map(|(port, protocol)| format!("{port}{protocol}")).collect::<Vec<_>>().join(", ")
}
