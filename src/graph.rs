//! What depends on what: Ingress → Service → workload → claim; Gateway → HTTPRoute → Service; an autoscaler → its
//! target; a budget → what it covers; an ExternalName Service → the Service whose other name it is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Namespace, Node, Pod, Service, Volume},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};

use crate::{
    custom::{self, kind_name},
    document::ObjectRef,
    facts::{
        api_service, container,
        controller::budget,
        deleted,
        events::Events,
        gateway, hosts, ingress, log, node, object,
        policy::{self, End, Way},
        reference::References,
        refusal, rollout,
        schedule::Cluster,
        service,
        workload::{Workload, Workloads},
    },
    gateway_api::HTTPRoute,
    inventory::{Inventory, Known},
    kind::{APIService, Kept, Kind},
    rule::LogPatterns,
};

/// An object by kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `Deployment`, or with its group where the doctor does not know it by itself: `Certificate.cert-manager.io`.
    pub kind: String,
    /// Empty for kinds that live in no namespace.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl Key {
    /// The key of an object.
    pub fn of(object: &ObjectRef) -> Self {
        Self {
            kind: kind_name(&object.kind, &object.api_version),
            namespace: object.namespace.clone(),
            name: object.name.clone(),
        }
    }

    /// From its parts.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_string(), namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// The edges from objects to what they depend on, pods standing for their workload.
#[derive(Debug, Default)]
pub struct Graph {
    needs: BTreeMap<Key, BTreeSet<Key>>,
    needed_by: BTreeMap<Key, BTreeSet<Key>>,
}

impl Graph {
    /// Reads the edges off the objects.
    pub fn of(inventory: &Inventory, workloads: &Workloads, patterns: &LogPatterns) -> Self {
        let mut graph = Self::default();
        for found in inventory.seen_anywhere::<Service>() {
            let from = Key::of(&object::object_ref(found));
            let selected = service::selected_workloads(workloads, found);
            // What it was meant for is what it will send traffic to once that is mended; who asks about that does not
            // ask about the Service.
            let selector = service::selector(found);
            if selected.is_empty() && !selector.is_empty() {
                let meant = service::nearest_workload(workloads, found, &selector);
                graph.add_one_way(&from, meant.map(|workload| Key::of(&workload.object)));
            }
            for workload in selected {
                graph.add(&from, Key::of(&workload.object));
            }
            for policy in policies_of(inventory, &from.namespace, &service::selected(inventory, found), Way::In) {
                graph.add(&from, policy);
            }
            if let Some((name, namespace)) = service::named_in_cluster(found) {
                graph.add(&from, Key::new(Kind::Service, &namespace, &name));
            }
        }
        for found in inventory.seen_anywhere::<Ingress>() {
            let from = Key::of(&object::object_ref(found));
            for service in ingress::services(found) {
                graph.add(&from, Key::new(Kind::Service, &from.namespace, &service));
            }
        }
        for found in inventory.seen_anywhere::<HTTPRoute>() {
            let from = Key::of(&object::object_ref(found));
            for (namespace, name) in gateway::services(found) {
                graph.add(&from, Key::new(Kind::Service, &namespace, &name));
            }
            for (namespace, name) in gateway::gateways(found) {
                graph.add(&Key::new(Kind::Gateway, &namespace, &name), from.clone());
            }
        }
        // What a budget covers does not fare otherwise for it: who asks about that does not ask about the budget.
        for found in inventory.seen_anywhere::<PodDisruptionBudget>() {
            let covered = budget::workloads(workloads, found).into_iter().map(|workload| Key::of(&workload.object));
            graph.add_one_way(&Key::of(&object::object_ref(found)), covered);
        }
        for workload in &workloads.all {
            let from = Key::of(&workload.object);
            for (kind, name, _) in References::of_workload(workload).iter().flat_map(References::wanted) {
                graph.add(&from, Key::new(kind, &from.namespace, name));
            }
            for claim in workload.pods.iter().flat_map(|pod| claims_of(pod)) {
                graph.add(&from, Key::new(Kind::PersistentVolumeClaim, &from.namespace, &claim));
            }
            for policy in policies_of(inventory, &from.namespace, &workload.pods, Way::Out) {
                graph.add(&from, policy);
            }
            for key in services_in_logs(inventory, workload, patterns) {
                graph.add(&from, key);
            }
            for scaler in inventory
                .seen::<HorizontalPodAutoscaler>(&from.namespace)
                .filter(|scaler| rollout::targets(scaler, workload))
            {
                graph.add(&Key::of(&object::object_ref(scaler)), from.clone());
            }
        }
        graph.add_nodes(inventory, workloads);
        graph.add_webhooks(inventory, workloads);
        graph.add_api_services(inventory);
        graph.add_deleted(inventory);
        graph.add_custom(inventory);
        graph
    }

    // Only nodes in trouble: nothing else of a node explains what happens on it.
    fn add_nodes(&mut self, inventory: &Inventory, workloads: &Workloads) {
        let cluster = Cluster::of(inventory);
        if !inventory.seen_anywhere::<Node>().any(node::is_in_trouble) {
            return;
        }
        for workload in &workloads.all {
            for node in workload.pods.iter().flat_map(|pod| node::suffers_from(&cluster, pod)) {
                self.add(&Key::of(&workload.object), Key::of(&object::object_ref(node)));
            }
        }
    }

    // Configurations are collected only where a refusal names a webhook.
    fn add_webhooks(&mut self, inventory: &Inventory, workloads: &Workloads) {
        if refusal::CONFIGURATIONS.iter().all(|kind| inventory.known_names(*kind).is_empty()) {
            return;
        }
        let events = Events::of(inventory);
        for workload in &workloads.all {
            let words = refusal::words(inventory, &events, workload);
            let Some(found) = words.and_then(|words| refusal::called(inventory, &words.text)) else { continue };
            let configuration = Key::of(&found.object);
            self.add(&Key::of(&workload.object), configuration.clone());
            if let Some((namespace, name)) = found.service() {
                self.add(&configuration, Key::new(Kind::Service, namespace, name));
            }
        }
    }

    fn add_api_services(&mut self, inventory: &Inventory) {
        for service in inventory.seen_anywhere::<APIService>() {
            let key = Key::of(&object::object_ref(service));
            if let Some((namespace, name)) = api_service::service_of(service) {
                self.add(&key, Key::new(Kind::Service, namespace, name));
            }
            let serves = |scaler: &&HorizontalPodAutoscaler| {
                api_service::metrics_api(scaler).is_some_and(|group| key.name.ends_with(&format!(".{group}")))
            };
            for scaler in inventory.seen_anywhere::<HorizontalPodAutoscaler>().filter(serves) {
                self.add(&Key::of(&object::object_ref(scaler)), key.clone());
            }
        }
    }

    // What was deleted hangs on its node, on what uses it, on what is left in it.
    fn add_deleted(&mut self, inventory: &Inventory) {
        for (object, _) in inventory.deleted() {
            let key = Key::of(&object);
            if let Some(pod) = inventory.get::<Pod>(&key.namespace, &key.name).present().filter(|_| key.kind == "Pod") {
                let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
                if let Some(node) = node.filter(|_| deleted::hangs_on_its_node(pod)) {
                    self.add(&key, Key::new(Kind::Node, "", node));
                }
            } else if key.kind == "PersistentVolumeClaim" {
                for pod in deleted::users_of_claim(inventory, &key.namespace, &key.name) {
                    self.add(&key, Key::of(&object::object_ref(pod)));
                }
            } else if let Some(namespace) = inventory.get::<Namespace>("", &key.name).present()
                && key.kind == "Namespace"
            {
                for (left, _) in deleted::left_in(inventory, &key.name) {
                    self.add(&key, Key::of(&left));
                }
                for api in deleted::silent_api_services(namespace) {
                    self.add(&key, Key::new(Kind::APIService, "", &api));
                }
            }
        }
    }

    // What an object of another kind controls, and what it names.
    fn add_custom(&mut self, inventory: &Inventory) {
        let custom = inventory.custom();
        if custom.is_empty() {
            return;
        }
        let keys: BTreeSet<Key> = custom.objects().map(|object| Key::of(&object.object_ref())).collect();
        for (object, owner) in inventory.controlled() {
            // What lives in no namespace may control what does.
            let owners = [object.namespace.as_str(), ""].map(|place| Key::of(&object::owner_ref(owner, place)));
            for owner in owners.iter().filter(|owner| keys.contains(owner)) {
                self.add(owner, Key::of(&object));
            }
        }
        for object in custom.objects() {
            for reference in custom::references(&custom.types, object) {
                let to = Key { kind: reference.of.name(), namespace: reference.namespace, name: reference.name };
                self.add(&Key::of(&object.object_ref()), to);
            }
        }
    }

    // Who asks about what is needed does not ask about what needs it.
    fn add_one_way(&mut self, from: &Key, to: impl IntoIterator<Item = Key>) {
        self.needs.entry(from.clone()).or_default().extend(to);
    }

    fn add(&mut self, from: &Key, to: Key) {
        self.needed_by.entry(to.clone()).or_default().insert(from.clone());
        self.needs.entry(from.clone()).or_default().insert(to);
    }

    /// What an object depends on, over any number of links.
    pub fn beneath(&self, key: &Key) -> BTreeSet<Key> {
        let mut beneath: BTreeSet<_> = spread(&self.needs, [key.clone()]).into_keys().collect();
        beneath.remove(key);
        beneath
    }

    /// The same edges the other way: beneath an object is then what depends on it.
    pub fn reversed(&self) -> Self {
        let mut reversed = Self::default();
        for (from, needed) in &self.needs {
            needed.iter().for_each(|to| reversed.add(to, from.clone()));
        }
        reversed
    }

    /// The Services that these depend on, over any number of links.
    pub fn services_of(&self, from: impl IntoIterator<Item = Key>) -> impl Iterator<Item = Key> {
        spread(&self.needs, from).into_keys().filter(|key| key.kind == Kind::Service.info().name)
    }
}

// The policies that have a say in what gets into these pods, or out of them.
fn policies_of(inventory: &Inventory, namespace: &str, pods: &[&Pod], way: Way) -> Vec<Key> {
    let mut policies = inventory.seen::<NetworkPolicy>(namespace).peekable();
    if policies.peek().is_none() {
        return Vec::new();
    }
    let ends: Vec<_> = pods.iter().map(|pod| End::of_pod(inventory, pod)).collect();
    let has_say = |found: &&NetworkPolicy| {
        policy::rules(found, way).is_some() && ends.iter().any(|end| policy::selects(found, end))
    };
    policies.filter(has_say).map(|found| Key::of(&object::object_ref(found))).collect()
}

/// The claims that a pod uses. A StatefulSet's, and those of ephemeral volumes, stand in its pods alone.
pub fn claims_of(pod: &Pod) -> Vec<String> {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let name = |volume: &Volume| match (&volume.persistent_volume_claim, &volume.ephemeral) {
        (Some(claim), _) => Some(claim.claim_name.clone()),
        (None, Some(_)) => Some(format!("{}-{}", object::name(&pod.metadata), volume.name)),
        (None, None) => None,
    };
    volumes.iter().filter_map(name).collect()
}

// A failing container's log names what it can't do without.
fn services_in_logs(inventory: &Inventory, workload: &Workload, patterns: &LogPatterns) -> Vec<Key> {
    let mut keys = Vec::new();
    for pod in &workload.pods {
        for (spec, init) in container::containers(pod) {
            let namespace = &workload.object.namespace;
            let told = log::told(inventory, patterns, pod, (spec, init));
            let silent = told.and_then(|told| log::target::service_of(inventory, namespace, &told));
            keys.extend(silent.map(|(namespace, name)| Key::new(Kind::Service, &namespace, &name)));
            // Of one that runs well only the line that tells of trouble counts.
            let key = container::log_of(inventory, pod, spec, init).filter(|key| !key.recent);
            let log = key.and_then(|key| inventory.log(&key)?.clone().ok()?);
            let mut named = log.map(|log| hosts::named_in_log(inventory, namespace, &log)).unwrap_or_default();
            if container::is_init_at_work(pod, spec, init) {
                named.extend(hosts::named_in_command(inventory, namespace, &container::command(spec)));
            }
            let there = named.into_iter().filter(|host| host.exists == Known::Known(true));
            keys.extend(there.map(|host| Key::new(Kind::Service, &host.namespace, &host.service)));
        }
    }
    keys
}

// What can be reached, each with the number of links.
fn spread(edges: &BTreeMap<Key, BTreeSet<Key>>, from: impl IntoIterator<Item = Key>) -> BTreeMap<Key, usize> {
    let mut reached: BTreeMap<Key, usize> = BTreeMap::new();
    let mut queue: VecDeque<(Key, usize)> = from.into_iter().map(|key| (key, 0)).collect();
    while let Some((key, distance)) = queue.pop_front() {
        if reached.contains_key(&key) {
            continue;
        }
        queue.extend(edges.get(&key).into_iter().flatten().map(|next| (next.clone(), distance + 1)));
        reached.insert(key, distance);
    }
    reached
}

/// What a question is about: what was asked for, what that depends on, and what depends on that.
#[derive(Debug)]
pub struct Reach {
    // Nothing here is everything in the namespace.
    distance: Option<BTreeMap<Key, usize>>,
    // Nothing here is all of them.
    namespace: Option<String>,
    // What things of the namespace, or of none, lead to in others: the Service that a log names, a webhook's, its pods.
    beyond: BTreeSet<Key>,
    // The nodes that something in the namespace suffers from; a cluster's others are no matter of it.
    nodes: BTreeSet<Key>,
    pods: Option<BTreeSet<(String, String)>>,
    // What the asked pods depend on, which is looked at as a whole.
    beneath: BTreeSet<Key>,
}

impl Reach {
    /// Everything in a namespace and what that depends on, or everything in all of them: other pods of other namespaces
    /// were collected to see what they take or carry.
    pub fn everything(graph: &Graph, namespace: Option<String>) -> Self {
        let is_here = |key: &&Key| key.namespace.is_empty() || namespace.as_ref() == Some(&key.namespace);
        let beyond = spread(&graph.needs, graph.needs.keys().filter(is_here).cloned()).into_keys().collect();
        let here = graph.needs.iter().filter(|(from, _)| namespace.as_ref() == Some(&from.namespace));
        let nodes = here.flat_map(|(_, to)| to).filter(|key| is_node(key)).cloned().collect();
        Self { distance: None, namespace, beyond, nodes, pods: None, beneath: BTreeSet::new() }
    }

    /// Everything that these objects depend on, over any number of links, and the Services, Ingresses
    /// and autoscalers above them. Pods stand for their workload, of which only they are looked at; of what they depend on
    /// everything is.
    pub fn of(graph: &Graph, asked: &[Key], pods: Option<BTreeSet<(String, String)>>) -> Self {
        let mut distance = spread(&graph.needed_by, asked.iter().cloned());
        let needed = spread(&graph.needs, asked.iter().cloned());
        let beneath = needed.keys().filter(|key| !asked.contains(key)).cloned().collect();
        distance.extend(needed);
        Self {
            distance: Some(distance),
            namespace: None,
            beyond: BTreeSet::new(),
            nodes: BTreeSet::new(),
            pods,
            beneath,
        }
    }

    /// Whether the question is about this object.
    pub fn has(&self, key: &Key) -> bool {
        match &self.distance {
            Some(distance) => distance.contains_key(key),
            None if is_node(key) => self.namespace.is_none() || self.nodes.contains(key),
            None => {
                self.namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace || key.namespace.is_empty())
                    || self.beyond.contains(key)
            }
        }
    }

    /// Whether the question is about this object.
    pub fn holds<T: Kept>(&self, object: &T) -> bool {
        self.has(&Key::of(&object::object_ref(object)))
    }

    /// The objects of a kind that the question is about.
    pub fn objects<'a, T: Kept>(&self, inventory: &'a Inventory) -> impl Iterator<Item = &'a T> {
        inventory.seen_anywhere::<T>().filter(|object| self.holds(*object))
    }

    /// The workloads that the question is about.
    pub fn workloads<'w, 'a>(&self, workloads: &'w Workloads<'a>) -> impl Iterator<Item = &'w Workload<'a>> {
        workloads.all.iter().filter(|workload| self.has(&Key::of(&workload.object)))
    }

    /// Whether the question names it, and not all there is.
    pub fn asks_for(&self, key: &Key) -> bool {
        self.distance.as_ref().is_some_and(|distance| distance.get(key) == Some(&0))
    }

    /// How many links it is from what was asked for.
    pub fn distance(&self, key: &Key) -> usize {
        self.distance.as_ref().and_then(|distance| distance.get(key)).copied().unwrap_or(0)
    }

    /// Whether the question is about single pods of a workload, so that how that fares as a whole is another one.
    pub fn is_about_pods_of(&self, workload: &ObjectRef) -> bool {
        self.pods.is_some() && !self.beneath.contains(&Key::of(workload))
    }

    /// Whether the question is about this pod of a workload that it is about.
    pub fn asks_for_pod(&self, workload: &ObjectRef, pod: &Pod) -> bool {
        let key = (object::namespace(&pod.metadata).to_owned(), object::name(&pod.metadata).to_owned());
        let is_named = self.pods.as_ref().is_none_or(|pods| pods.contains(&key));
        is_named || !self.is_about_pods_of(workload)
    }
}

fn is_node(key: &Key) -> bool {
    key.kind == Kind::Node.info().name
}
