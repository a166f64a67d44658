//! What a rule can be about, and the names and shapes of the facts that it can read there.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use serde::{Deserialize, Serialize};

use super::{
    api_service, checked, claim, container,
    controller::{budget, scaler},
    custom, deleted, gateway, ingress, log, manifest, node, pod, policy, reference, refusal, resolver, rollout,
    schedule, service,
};

/// What a rule can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Each container of each pod: `container`, `log`, `pod`, `workload`.
    Container,
    /// Each thing that a pod template refers to by name: `reference`, `workload`.
    Reference,
    /// Each pod: `pod`, `workload`.
    Pod,
    /// Each workload: `workload`, `resolver`.
    Workload,
    /// Each Service: `service`.
    Service,
    /// Each port of each Service: `port`, `service`.
    Port,
    /// Each Ingress: `ingress`.
    Ingress,
    /// Each backend of each Ingress: `backend`, `ingress`.
    Backend,
    /// Each Secret with a certificate of each Ingress: `tls`, `ingress`.
    Tls,
    /// Each Gateway: `gateway`.
    Gateway,
    /// Each Gateway that a route is for: `parent`.
    Parent,
    /// Each Service that a route leads to: `destination`.
    Destination,
    /// Each NetworkPolicy: `policy`.
    Policy,
    /// Each PersistentVolumeClaim: `claim`.
    Claim,
    /// Each HorizontalPodAutoscaler: `scaler`.
    Scaler,
    /// Each PodDisruptionBudget: `budget`.
    Budget,
    /// Each object of a kind that the doctor does not know by itself: `custom`.
    Custom,
    /// Each node: `node`.
    Node,
    /// Each APIService that another Service answers for: `api_service`.
    ApiService,
    /// Each object that was deleted and is still there: `object`.
    Deleted,
    /// Each admission webhook because of which pods can't be made: `webhook`.
    Webhook,
    /// Each workload whose pods had to make room and are on no node since: `preemption`, `workload`.
    Preemption,
    /// Each port of each pod that active checks asked: `listener`.
    Listener,
    /// Each port of each Service that active checks asked: `access`.
    Access,
    /// Each host and path of each Ingress that active checks asked for: `entry`.
    Entry,
    /// Each Service's name that active checks asked for: `names`.
    Names,
    /// Each object as a file has it, before it is applied: `manifest`.
    Manifest,
    /// Each field of such an object that its kind does not have: `field`.
    Field,
    /// Each name in such an object that is nearly that of something else in the files: `mention`.
    Mention,
}

impl On {
    /// The names of the facts that a rule on this can read.
    fn names(self) -> &'static [&'static str] {
        match self {
            On::Container => &["container", "log", "pod", "workload"],
            On::Reference => &["reference", "workload"],
            On::Pod => &["pod", "workload"],
            On::Workload => &["workload", "resolver"],
            On::Service => &["service"],
            On::Port => &["port", "service"],
            On::Ingress => &["ingress"],
            On::Backend => &["backend", "ingress"],
            On::Tls => &["tls", "ingress"],
            On::Gateway => &["gateway"],
            On::Parent => &["parent"],
            On::Destination => &["destination"],
            On::Policy => &["policy"],
            On::Claim => &["claim"],
            On::Scaler => &["scaler"],
            On::Budget => &["budget"],
            On::Custom => &["custom"],
            On::Node => &["node"],
            On::ApiService => &["api_service"],
            On::Deleted => &["object"],
            On::Webhook => &["webhook"],
            On::Preemption => &["preemption", "workload"],
            On::Listener => &["listener"],
            On::Access => &["access"],
            On::Entry => &["entry"],
            On::Names => &["names"],
            On::Manifest => &["manifest"],
            On::Field => &["field"],
            On::Mention => &["mention"],
        }
    }

    /// The names and shapes of the facts that a rule on this can read.
    pub fn shape(self) -> BTreeMap<&'static str, serde_json::Value> {
        self.names().iter().map(|name| (*name, shape_of(name).to_value())).collect()
    }
}

fn shape_of(name: &str) -> schemars::Schema {
    let generator = SchemaGenerator::default();
    match name {
        "container" => generator.into_root_schema_for::<container::ContainerFacts>(),
        "log" => generator.into_root_schema_for::<log::LogFacts>(),
        "pod" => generator.into_root_schema_for::<pod::PodFacts>(),
        "workload" => generator.into_root_schema_for::<rollout::WorkloadFacts>(),
        "resolver" => generator.into_root_schema_for::<resolver::ResolverFacts>(),
        "reference" => generator.into_root_schema_for::<reference::ReferenceFacts>(),
        "service" => generator.into_root_schema_for::<service::ServiceFacts>(),
        "port" => generator.into_root_schema_for::<service::PortFacts>(),
        "backend" => generator.into_root_schema_for::<ingress::BackendFacts>(),
        "ingress" => generator.into_root_schema_for::<ingress::IngressFacts>(),
        "tls" => generator.into_root_schema_for::<ingress::TlsFacts>(),
        "api_service" => generator.into_root_schema_for::<api_service::ApiServiceFacts>(),
        "object" => generator.into_root_schema_for::<deleted::DeletedFacts>(),
        "webhook" => generator.into_root_schema_for::<refusal::WebhookFacts>(),
        "preemption" => generator.into_root_schema_for::<schedule::preemption::PreemptionFacts>(),
        "gateway" => generator.into_root_schema_for::<gateway::GatewayFacts>(),
        "parent" => generator.into_root_schema_for::<gateway::ParentFacts>(),
        "destination" => generator.into_root_schema_for::<gateway::RouteBackendFacts>(),
        "policy" => generator.into_root_schema_for::<policy::PolicyFacts>(),
        "node" => generator.into_root_schema_for::<node::NodeFacts>(),
        "custom" => generator.into_root_schema_for::<custom::CustomFacts>(),
        "claim" => generator.into_root_schema_for::<claim::ClaimFacts>(),
        "scaler" => generator.into_root_schema_for::<scaler::ScalerFacts>(),
        "listener" => generator.into_root_schema_for::<checked::ListenerFacts>(),
        "access" => generator.into_root_schema_for::<checked::AccessFacts>(),
        "entry" => generator.into_root_schema_for::<checked::EntryFacts>(),
        "names" => generator.into_root_schema_for::<checked::NamesFacts>(),
        "manifest" => generator.into_root_schema_for::<manifest::ManifestFacts>(),
        "mention" => generator.into_root_schema_for::<manifest::MentionFacts>(),
        "field" => generator.into_root_schema_for::<manifest::FieldFacts>(),
        "budget" => generator.into_root_schema_for::<budget::BudgetFacts>(),
        // `names` gives no other; the test below holds the two together.
        _ => false.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_rule_can_read_has_a_shape() {
        use On::{
            Access, ApiService, Backend, Budget, Claim, Container, Custom, Deleted, Destination, Entry, Field, Gateway,
            Ingress, Listener, Manifest, Mention, Names, Node, Parent, Pod, Policy, Port, Preemption, Reference,
            Scaler, Service, Tls, Webhook, Workload,
        };
        let of_pods = [Container, Reference, Pod, Workload, Scaler, Budget, Policy, Gateway, Parent, Destination, Node];
        for on in of_pods
            .into_iter()
            .chain([Listener, Access, Entry, Names, Manifest, Field, Mention])
            .chain([Service, Port, Ingress, Backend, Tls, Claim, Webhook, ApiService, Custom, Deleted, Preemption])
        {
            for (name, shape) in on.shape() {
                assert!(shape["properties"].is_object(), "{name}");
            }
        }
    }
}
