//! What NetworkPolicies say of a connection that was made.

use k8s_openapi::api::{core::v1::Pod, networking::v1::NetworkPolicy};

use crate::{
    active::{Check, Checks, Origin},
    facts::{
        object,
        policy::{self, End, Way},
    },
    inventory::Inventory,
};

/// The policies that keep whoever made the connections from what a check was made to, and on which way; nothing where it
/// is not known whether any does.
pub fn shut_on<'a>(inventory: &'a Inventory, checks: &Checks, check: &Check) -> Option<Vec<(&'a NetworkPolicy, Way)>> {
    let client = client(inventory, checks, &check.namespace)?;
    let pod = inventory.get::<Pod>(&check.namespace, &check.pod).present()?;
    shut(inventory, &client, pod, check.target, check.spoken.transport())
}

/// Who made the connections, as policies see it; nothing where nobody did, or where that pod was not looked at.
pub fn client<'a>(inventory: &'a Inventory, checks: &'a Checks, namespace: &'a str) -> Option<End<'a>> {
    match checks.client.as_ref()? {
        Origin::Own => Some(End::of_labels(inventory, namespace, [crate::active::LABEL])),
        Origin::Client { namespace, pod, .. } => {
            let pod = inventory.get::<Pod>(namespace, pod).present()?;
            Some(End::of_pod(inventory, pod))
        }
        Origin::Inside { .. } | Origin::Forward { .. } => None,
    }
}

fn shut<'a>(
    inventory: &'a Inventory,
    client: &End,
    pod: &Pod,
    port: u16,
    protocol: &str,
) -> Option<Vec<(&'a NetworkPolicy, Way)>> {
    let namespace = object::namespace(&pod.metadata);
    for namespace in [namespace, client.namespace] {
        inventory.list::<NetworkPolicy>(namespace).known()?;
    }
    let mut policies: Vec<&NetworkPolicy> = inventory.seen::<NetworkPolicy>(namespace).collect();
    if client.namespace != namespace {
        policies.extend(inventory.seen::<NetworkPolicy>(client.namespace));
    }
    policy::in_between(&policies, client, &End::of_pod(inventory, pod), i32::from(port), protocol)
}
