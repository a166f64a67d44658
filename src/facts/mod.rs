//! What is true of one object, worked out once. Rules read nothing but these.
//!
//! Each thing that a rule can be `on` is a [`Subject`]: a container, a reference,
//! a port. It brings the facts of itself and of what it belongs to.

pub mod api_service;
pub mod claim;
pub mod container;
pub mod controller;
pub mod deleted;
pub mod events;
pub mod exit;
pub mod gateway;
pub mod gist;
pub mod hook;
pub mod hosts;
pub mod image;
pub mod ingress;
pub mod log;
pub mod nearest;
pub mod node;
pub mod object;
pub mod pod;
pub mod policy;
pub mod probe;
pub mod pull;
pub mod quantity;
pub mod reference;
pub mod refusal;
pub mod resolver;
pub mod rollout;
pub mod schedule;
pub mod service;
pub mod usage;
pub mod workload;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Node, PersistentVolumeClaim, Pod, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use schemars::SchemaGenerator;
use serde::{Deserialize, Serialize};

use crate::{
    document::ObjectRef,
    gateway_api::{Gateway, HTTPRoute},
    graph::{Key, Reach},
    inventory::{Inventory, UNKNOWN},
    kind::APIService,
    rule::LogPatterns,
};
use controller::{budget, scaler};
use events::Events;
use image::ImagesInUse;
use schedule::preemption::Preemptions;
use workload::{Workload, Workloads, is_superseded};

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
            On::Node => &["node"],
            On::ApiService => &["api_service"],
            On::Deleted => &["object"],
            On::Webhook => &["webhook"],
            On::Preemption => &["preemption", "workload"],
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
        "claim" => generator.into_root_schema_for::<claim::ClaimFacts>(),
        "scaler" => generator.into_root_schema_for::<scaler::ScalerFacts>(),
        "budget" => generator.into_root_schema_for::<budget::BudgetFacts>(),
        // `names` gives no other; the test below holds the two together.
        _ => false.into(),
    }
}

/// One thing that rules are evaluated on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What it is.
    pub on: On,
    /// What a person would edit: findings are reported on it.
    pub object: ObjectRef,
    /// The pod that shows it, where that is not what a person would edit.
    pub pod: Option<ObjectRef>,
    /// Out of how many pods.
    pub of: Option<usize>,
    /// The container, where it is about one.
    pub container: Option<String>,
    /// What is left to do by hand after a cure that changes the pod template; empty mostly.
    pub left_to_do: String,
    /// What tells it from others of the same object: the reference's name, the port.
    pub part: String,
    /// The facts by their names in rules.
    pub facts: Vec<(&'static str, cel::Value)>,
    /// What was not looked at, by the name of the fact that would need it.
    pub unknown: BTreeMap<String, String>,
}

impl Subject {
    fn new(on: On, object: ObjectRef) -> Self {
        Self {
            on,
            object,
            pod: None,
            of: None,
            container: None,
            left_to_do: String::new(),
            part: String::new(),
            facts: Vec::new(),
            unknown: BTreeMap::new(),
        }
    }

    fn with(mut self, name: &'static str, facts: &Facts) -> Self {
        self.facts.push((name, facts.value.clone()));
        self.unknown.extend(facts.unknown.clone());
        self
    }

    fn part(mut self, part: impl Into<String>) -> Self {
        self.part = part.into();
        self
    }

    fn shown_by(mut self, pod: &Pod, workload: &Workload) -> Self {
        if !workload.is_pod() {
            self.pod = Some(object::object_ref(pod));
            self.of = Some(workload.pods.len());
        }
        self
    }
}

/// Facts as a rule reads them; those that are unknown are left out and listed.
struct Facts {
    value: cel::Value,
    unknown: BTreeMap<String, String>,
}

impl Facts {
    fn of(facts: &impl Serialize) -> Self {
        // Facts are structs of numbers, texts, lists and maps with text keys, which all have a CEL value.
        let mut value = cel::to_value(facts).unwrap_or(cel::Value::Null);
        let mut unknown = BTreeMap::new();
        take_unknown(&mut value, &mut unknown);
        Self { value, unknown }
    }
}

// An unknown fact is no key at all, so that reading it is an error; `unknown` says what it hides.
fn take_unknown(value: &mut cel::Value, unknown: &mut BTreeMap<String, String>) {
    match value {
        cel::Value::Map(map) => {
            let mut entries = (*map.map).clone();
            entries.retain(|key, value| match why_unknown(value) {
                Some(why) => {
                    unknown.insert(key.to_string(), why);
                    false
                }
                None => {
                    take_unknown(value, unknown);
                    true
                }
            });
            map.map = std::sync::Arc::new(entries);
        }
        cel::Value::List(list) => {
            let mut items = (**list).clone();
            items.iter_mut().for_each(|item| take_unknown(item, unknown));
            *list = std::sync::Arc::new(items);
        }
        _ => {}
    }
}

fn why_unknown(value: &cel::Value) -> Option<String> {
    let cel::Value::Map(map) = value else { return None };
    match map.map.get(&cel::objects::Key::from(UNKNOWN)) {
        Some(cel::Value::String(why)) if map.map.len() == 1 => Some(why.to_string()),
        _ => None,
    }
}

/// Everything that facts are worked out of, indexed once.
pub struct World<'a> {
    /// The objects.
    pub inventory: &'a Inventory,
    /// Who owns which pods.
    pub workloads: Workloads<'a>,
    client: Option<Key>,
    events: Events<'a>,
    cluster: schedule::Cluster<'a>,
    preemptions: Preemptions<'a>,
    images: ImagesInUse,
    patterns: &'a LogPatterns,
}

impl<'a> World<'a> {
    /// Indexes an inventory, whose logs are read with these patterns.
    pub fn of(inventory: &'a Inventory, patterns: &'a LogPatterns) -> Self {
        Self {
            inventory,
            workloads: Workloads::of(inventory),
            client: None,
            events: Events::of(inventory),
            cluster: schedule::Cluster::of(inventory),
            preemptions: Preemptions::of(inventory),
            images: ImagesInUse::of(inventory),
            patterns,
        }
    }

    /// With whose traffic is asked about.
    pub fn with_client(mut self, client: Option<Key>) -> Self {
        self.client = client;
        self
    }

    /// The subjects of everything that was asked about and what it depends on.
    pub fn subjects(&self, reach: &Reach) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for workload in reach.workloads(&self.workloads) {
            self.add_workload(&mut subjects, reach, workload);
        }
        reach.objects(self.inventory).for_each(|service| self.add_service(&mut subjects, service));
        reach.objects(self.inventory).for_each(|ingress| self.add_ingress(&mut subjects, ingress));
        reach.objects(self.inventory).for_each(|gateway| self.add_gateway(&mut subjects, gateway));
        reach.objects(self.inventory).for_each(|route| self.add_route(&mut subjects, route));
        self.add_policies(&mut subjects, reach);
        reach.objects(self.inventory).for_each(|claim| self.add_claim(&mut subjects, claim));
        reach.objects(self.inventory).for_each(|scaler| self.add_scaler(&mut subjects, scaler));
        reach.objects(self.inventory).for_each(|budget| self.add_budget(&mut subjects, budget));
        reach.objects(self.inventory).for_each(|node| self.add_node(&mut subjects, node));
        self.add_webhooks(&mut subjects, reach);
        reach.objects(self.inventory).for_each(|service| self.add_api_service(&mut subjects, service));
        self.add_deleted(&mut subjects, reach);
        subjects
    }

    // One webhook may keep several workloads from their pods.
    fn add_webhooks(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        let mut found: Vec<(ObjectRef, refusal::WebhookFacts)> = Vec::new();
        for workload in reach.workloads(&self.workloads).filter(|_| !reach.is_about_pods()) {
            let words = refusal::words(self.inventory, &self.events, workload);
            let Some((object, facts)) =
                words.and_then(|words| refusal::webhook_facts(self.inventory, workload, &words))
            else {
                continue;
            };
            match found.iter_mut().find(|(known, of)| *known == object && of.name == facts.name) {
                Some((_, known)) => known.workloads.extend(facts.workloads),
                None => found.push((object, facts)),
            }
        }
        for (object, facts) in found {
            let subject = Subject::new(On::Webhook, object).part(facts.name.clone());
            subjects.push(subject.with("webhook", &Facts::of(&facts)));
        }
    }

    fn add_node(&self, subjects: &mut Vec<Subject>, node: &Node) {
        let facts = Facts::of(&node::facts(self.inventory, node));
        subjects.push(Subject::new(On::Node, object::object_ref(node)).with("node", &facts));
    }

    fn add_api_service(&self, subjects: &mut Vec<Subject>, service: &APIService) {
        let facts = Facts::of(&api_service::facts(self.inventory, service));
        subjects.push(Subject::new(On::ApiService, object::object_ref(service)).with("api_service", &facts));
    }

    fn add_deleted(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        for (object, metadata) in deleted::within(self.inventory, reach) {
            let facts = Facts::of(&deleted::facts(self.inventory, &object, metadata));
            subjects.push(Subject::new(On::Deleted, object).with("object", &facts));
        }
    }

    fn add_gateway(&self, subjects: &mut Vec<Subject>, gateway: &Gateway) {
        let facts = Facts::of(&gateway::facts(self.inventory, gateway));
        subjects.push(Subject::new(On::Gateway, object::object_ref(gateway)).with("gateway", &facts));
    }

    fn add_route(&self, subjects: &mut Vec<Subject>, route: &HTTPRoute) {
        let object = object::object_ref(route);
        for parent in gateway::parents(self.inventory, route) {
            let subject =
                Subject::new(On::Parent, object.clone()).part(format!("{}/{}", parent.gateway, parent.section));
            subjects.push(subject.with("parent", &Facts::of(&parent)));
        }
        for backend in gateway::backends(self.inventory, route) {
            let subject =
                Subject::new(On::Destination, object.clone()).part(format!("{}:{}", backend.service, backend.port));
            subjects.push(subject.with("destination", &Facts::of(&backend)));
        }
    }

    fn add_policies(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        let client = self.client.as_ref().and_then(|key| policy::Client::of(self.inventory, &self.workloads, key));
        let services = reach.objects::<Service>(self.inventory);
        let denials = policy::denials(self.inventory, &self.workloads, client.as_ref(), services);
        // A client's own policies may lie in a namespace that nobody asked about.
        let at_fault = |found: &&NetworkPolicy| reach.holds(*found) || denials.contains_key(&policy::key(found));
        for found in self.inventory.seen_anywhere::<NetworkPolicy>().filter(at_fault) {
            let facts = Facts::of(&policy::facts(found, &denials));
            subjects.push(Subject::new(On::Policy, object::object_ref(found)).with("policy", &facts));
        }
    }

    fn add_claim(&self, subjects: &mut Vec<Subject>, claim: &PersistentVolumeClaim) {
        let facts = Facts::of(&claim::facts(self.inventory, &self.events, claim));
        subjects.push(Subject::new(On::Claim, object::object_ref(claim)).with("claim", &facts));
    }

    fn add_scaler(&self, subjects: &mut Vec<Subject>, scaler: &HorizontalPodAutoscaler) {
        let facts = Facts::of(&scaler::facts(self.inventory, &self.workloads, scaler));
        subjects.push(Subject::new(On::Scaler, object::object_ref(scaler)).with("scaler", &facts));
    }

    fn add_budget(&self, subjects: &mut Vec<Subject>, budget: &PodDisruptionBudget) {
        let facts = Facts::of(&budget::facts(self.inventory, &self.workloads, budget));
        subjects.push(Subject::new(On::Budget, object::object_ref(budget)).with("budget", &facts));
    }

    fn add_workload(&self, subjects: &mut Vec<Subject>, reach: &Reach, workload: &Workload) {
        let facts = Facts::of(&rollout::facts(self.inventory, &self.events, workload));
        if !reach.is_about_pods() {
            let resolver = Facts::of(&resolver::facts(self.inventory, workload));
            let subject = Subject::new(On::Workload, workload.object.clone()).with("workload", &facts);
            subjects.push(subject.with("resolver", &resolver));
        }
        if let Some(preemption) = self.preemptions.facts(reach, workload) {
            let subject = Subject::new(On::Preemption, workload.object.clone());
            subjects.push(subject.with("preemption", &Facts::of(&preemption)).with("workload", &facts));
        }
        // A workload that asks for no pods misses nothing.
        if let Some(references) = reference::References::of_workload(workload).filter(|_| !workload.idle) {
            for reference in references.facts(self.inventory, &self.events, workload) {
                let part = format!("{}/{}/{}", reference.kind, reference.name, reference.key);
                let subject = Subject::new(On::Reference, workload.object.clone()).part(part);
                subjects.push(subject.with("reference", &Facts::of(&reference)).with("workload", &facts));
            }
        }
        let present = |pod: &&&Pod| reach.asks_for_pod(pod) && !is_superseded(self.inventory, workload, pod);
        for pod in workload.pods.iter().filter(present) {
            self.add_pod(subjects, workload, pod, &facts);
        }
        let left_to_do = rollout::left_to_do(self.inventory, workload);
        subjects.iter_mut().filter(|subject| subject.object == workload.object).for_each(|subject| {
            subject.left_to_do.clone_from(&left_to_do);
        });
    }

    fn add_pod(&self, subjects: &mut Vec<Subject>, workload: &Workload, pod: &Pod, workload_facts: &Facts) {
        let pod_facts = Facts::of(&pod::facts(&self.cluster, &self.events, workload, pod));
        let subject = Subject::new(On::Pod, workload.object.clone()).shown_by(pod, workload);
        subjects.push(subject.with("pod", &pod_facts).with("workload", workload_facts));
        for (spec, init) in container::containers(pod) {
            let path = workload.container_path(&spec.name, init);
            let previous = rollout::previous_image(self.inventory, workload, &spec.name);
            let facts = container::facts(self.inventory, &self.images, pod, (spec, init), path, previous, &self.events);
            let mut subject = Subject::new(On::Container, workload.object.clone()).shown_by(pod, workload);
            subject.container = Some(spec.name.clone());
            let log = Facts::of(&log::facts(self.inventory, self.patterns, workload, pod, (spec, init)));
            let subject = subject.with("container", &Facts::of(&facts)).with("log", &log).with("pod", &pod_facts);
            subjects.push(subject.with("workload", workload_facts));
        }
    }

    fn add_service(&self, subjects: &mut Vec<Subject>, service: &Service) {
        let object = object::object_ref(service);
        let facts = Facts::of(&service::facts(self.inventory, &self.workloads, &self.events, service));
        subjects.push(Subject::new(On::Service, object.clone()).with("service", &facts));
        for port in service::ports(self.inventory, &self.workloads, service) {
            let subject = Subject::new(On::Port, object.clone()).part(port.name.clone());
            subjects.push(subject.with("port", &Facts::of(&port)).with("service", &facts));
        }
    }

    fn add_ingress(&self, subjects: &mut Vec<Subject>, ingress: &Ingress) {
        let object = object::object_ref(ingress);
        let facts = Facts::of(&ingress::facts(self.inventory, &self.events, ingress));
        subjects.push(Subject::new(On::Ingress, object.clone()).with("ingress", &facts));
        for backend in ingress::backend_facts(self.inventory, ingress) {
            let subject =
                Subject::new(On::Backend, object.clone()).part(format!("{} {}", backend.service, backend.port));
            subjects.push(subject.with("backend", &Facts::of(&backend)).with("ingress", &facts));
        }
        for tls in ingress::tls_facts(self.inventory, ingress) {
            let subject = Subject::new(On::Tls, object.clone()).part(tls.secret.clone());
            subjects.push(subject.with("tls", &Facts::of(&tls)).with("ingress", &facts));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_rule_can_read_has_a_shape() {
        use On::{
            ApiService, Backend, Budget, Claim, Container, Deleted, Destination, Gateway, Ingress, Node, Parent, Pod,
            Policy, Port, Preemption, Reference, Scaler, Service, Tls, Webhook, Workload,
        };
        let of_pods = [Container, Reference, Pod, Workload, Scaler, Budget, Policy, Gateway, Parent, Destination, Node];
        for on in of_pods
            .into_iter()
            .chain([Service, Port, Ingress, Backend, Tls, Claim, Webhook, ApiService, Deleted, Preemption])
        {
            for (name, shape) in on.shape() {
                assert!(shape["properties"].is_object(), "{name}");
            }
        }
    }
}
