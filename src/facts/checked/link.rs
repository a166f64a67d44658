//! What NetworkPolicies say of a connection that was made.

use k8s_openapi::api::{core::v1::Pod, networking::v1::NetworkPolicy};

use crate::{
    active::{Checks, Origin},
    facts::{
        object,
        policy::{self, End, Way},
    },
    inventory::Inventory,
};

/// Who made the connections, as policies see it; nothing where nobody did, or where that pod was not looked at.
pub fn client<'a>(inventory: &'a Inventory, checks: &'a Checks, namespace: &'a str) -> Option<End<'a>> {
    match checks.client.as_ref()? {
        Origin::Own => Some(End::of_labels(inventory, namespace, [crate::active::LABEL])),
        Origin::Client { namespace, pod, .. } => {
            let mut pods = inventory.seen::<Pod>(namespace);
            pods.find(|found| object::name(&found.metadata) == pod).map(|pod| End::of_pod(inventory, pod))
        }
        Origin::Inside { .. } | Origin::Forward { .. } => None,
    }
}

/// The policies that keep a client from a pod's port, and on which way; nothing where it is not known whether any does.
pub fn shut<'a>(
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
