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

/// Of the pods of a Service's port whose sockets were looked at: whether any listens there, and where else they listen
/// over the same protocol.
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
    let same = |socket: &&Socket| socket.protocol == protocol;
    let listens = seen.iter().any(|sockets| sockets.iter().filter(same).any(|socket| socket.port == port));
    let others: BTreeSet<u16> =
        elsewhere(seen.first()?, port, protocol).filter(same).map(|socket| socket.port).collect();
    Some((listens, others.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")))
}

/// The other ports on which something listens that is not for localhost alone: `9999, 53/UDP`.
pub(super) fn others(sockets: &[Socket], port: u16, protocol: &str) -> String {
    let shown = |socket: &Socket| match (socket.protocol.as_str(), protocol) {
        ("TCP", "TCP") => String::new(),
        (other, _) => format!("/{other}"),
    };
    let others: BTreeSet<(u16, String)> =
        elsewhere(sockets, port, protocol).map(|socket| (socket.port, shown(socket))).collect();
    others.iter().map(|(port, protocol)| format!("{port}{protocol}")).collect::<Vec<_>>().join(", ")
}

fn elsewhere<'s>(sockets: &'s [Socket], port: u16, protocol: &'s str) -> impl Iterator<Item = &'s Socket> {
    let is_asked = move |socket: &Socket| (socket.port, socket.protocol.as_str()) == (port, protocol);
    sockets.iter().filter(move |socket| !is_asked(socket) && !socket.is_local())
}
