//! One pod that stands for all of a controller's pods that are well: as its template describes them.

use k8s_openapi::{
    api::core::v1::{
        Container, ContainerState, ContainerStateRunning, ContainerStatus, LocalObjectReference, Pod, PodCondition,
        PodSpec, PodStatus, ServiceAccount,
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::controllers::Controller;
use crate::{
    inventory::{Inventory, Twin},
    source::Row,
};

/// A pod, and which pods it stands for.
pub type StandIn = (Pod, Vec<Twin>);

/// The stand-in for a controller's pods; nothing where it has none.
pub fn of(inventory: &Inventory, controller: &Controller) -> Option<StandIn> {
    let first = controller.rows.first()?;
    let mut spec = controller.template.spec.clone()?;
    spec.node_name = Some(first.node.clone());
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    if spec.image_pull_secrets.is_none() {
        spec.image_pull_secrets = of_account(inventory, controller.namespace(), &spec);
    }
    let owner = OwnerReference {
        api_version: controller.kind.api_version(),
        kind: controller.kind.info().name.to_owned(),
        name: controller.name().to_owned(),
        uid: controller.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    let metadata = ObjectMeta {
        name: Some(first.name.clone()),
        namespace: Some(controller.namespace().to_owned()),
        labels: controller.labels().cloned(),
        owner_references: Some(vec![owner]),
        ..ObjectMeta::default()
    };
    let status = status(&spec, first);
    let twins = controller.rows.iter().map(|row| Twin { name: row.name.clone(), node: row.node.clone() }).collect();
    Some((Pod { metadata, spec: Some(spec), status: Some(status) }, twins))
}

// What admission gives to a pod that names none of its own
// (<https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/>).
fn of_account(inventory: &Inventory, namespace: &str, spec: &PodSpec) -> Option<Vec<LocalObjectReference>> {
    let name = spec.service_account_name.as_deref().unwrap_or("default");
    inventory.get::<ServiceAccount>(namespace, name).present()?.image_pull_secrets.clone()
}

fn status(spec: &PodSpec, row: &Row) -> PodStatus {
    let is_true =
        |kind: &str| PodCondition { type_: kind.to_owned(), status: "True".to_owned(), ..PodCondition::default() };
    let runs = |container: &Container| ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        image_id: container.image.clone().unwrap_or_default(),
        ready: true,
        started: Some(true),
        state: Some(ContainerState { running: Some(ContainerStateRunning::default()), ..ContainerState::default() }),
        ..ContainerStatus::default()
    };
    PodStatus {
        phase: Some("Running".to_owned()),
        pod_ip: Some(row.ip.clone()),
        conditions: Some(["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(is_true).to_vec()),
        container_statuses: Some(spec.containers.iter().map(runs).collect()),
        ..PodStatus::default()
    }
}
