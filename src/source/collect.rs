//! Which requests a question takes: one wave of what is always looked at, and
//! further ones for what the answers name. Nothing is asked for twice.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    apps::v1::DaemonSet,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Container, Namespace, Node, PersistentVolumeClaim, Pod, Service},
    networking::v1::{Ingress, NetworkPolicy},
};

use super::{LogKey, Request, Source};
use crate::{
    error::Error,
    facts::{
        api_service, container,
        controller::{daemon, job},
        deleted,
        events::Events,
        gateway, ingress, log,
        nearest::{Candidate, nearest},
        node, object, policy, pull,
        reference::References,
        refusal,
        schedule::{self, preemption::Preemptions},
        service::{named_in_cluster, selected, selected_workloads, selector, text},
        usage,
        workload::{Workload, Workloads},
    },
    gateway_api::{Gateway, HTTPRoute},
    graph::{Graph, Key, Reach, claims_of},
    inventory::{About, Inventory, Lookup},
    kind::{APIService, Kind},
    question::{Asked, Question, Target},
    rule::LogPatterns,
};

/// Where events about nodes, which live in no namespace, are kept.
const NODE_EVENTS: &str = "default";

const SERVING: [Kind; 8] = [
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Pod,
    Kind::Event,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
];

// An answer may name something that names something more; then it is enough.
const WAVES: usize = 4;

/// Collects what a diagnosis looks at.
///
/// # Errors
/// Where the source can't answer at all.
pub async fn collect(
    source: &impl Source,
    question: &Question,
    about: About,
    patterns: &LogPatterns,
) -> Result<Inventory, Error> {
    let mut inventory = Inventory::new(about);
    inventory.logs_are_collected();
    let mut asked = BTreeSet::new();
    for _ in 0..WAVES {
        let wave: Vec<Request> = wanted(question, &inventory, patterns, &asked).difference(&asked).cloned().collect();
        if wave.is_empty() {
            break;
        }
        for (request, reply) in wave.iter().zip(source.answer(&wave).await?) {
            inventory.take(request, reply)?;
        }
        asked.extend(wave);
    }
    Ok(inventory)
}

fn wanted(
    question: &Question,
    inventory: &Inventory,
    patterns: &LogPatterns,
    asked: &BTreeSet<Request>,
) -> BTreeSet<Request> {
    let mut wanted = Wanted { question, inventory, patterns, requests: first(question), in_passing: BTreeSet::new() };
    wanted.of_namespace();
    wanted.of_client();
    wanted.of_routes();
    if !asked.is_empty() {
        match question.resolve(inventory) {
            Ok(asked) => wanted.what_is_named(&asked),
            Err(_) => wanted.what_else_there_is(),
        }
    }
    // What is worth a request and no wave of its own.
    if !wanted.requests.is_subset(asked) {
        wanted.requests.append(&mut wanted.in_passing);
    }
    wanted.requests
}

struct Wanted<'a> {
    question: &'a Question,
    inventory: &'a Inventory,
    patterns: &'a LogPatterns,
    requests: BTreeSet<Request>,
    in_passing: BTreeSet<Request>,
}

impl Wanted<'_> {
    fn list(&mut self, kind: Kind, namespace: Option<&str>) {
        self.requests.insert(Request::List { kind, namespace: namespace.map(str::to_owned) });
    }

    fn get(&mut self, kind: Kind, namespace: &str, name: &str) {
        self.requests.insert(Request::Get { kind, namespace: Some(namespace.to_owned()), name: name.to_owned() });
    }

    fn names(&mut self, kind: Kind, namespace: Option<&str>) {
        self.requests.insert(Request::Names { kind, namespace: namespace.map(str::to_owned) });
    }

    fn of_namespace(&mut self) {
        let namespace = self.question.namespace.as_deref();
        for kind in self.question.kinds(self.inventory) {
            self.list(kind, namespace);
        }
        for kind in self.question.target.each().iter().filter_map(Target::kind) {
            self.list(kind, namespace.filter(|_| kind.info().namespaced));
        }
    }

    fn what_else_there_is(&mut self) {
        self.names(Kind::Namespace, None);
        // What has the name of a pod that is not there may be what was to make it.
        if self.question.is_about_pods() {
            let owners = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Job, Kind::CronJob];
            owners.into_iter().for_each(|kind| self.names(kind, self.question.namespace.as_deref()));
        }
        for target in self.question.target.each() {
            match target {
                Target::One(kind, _) if kind.info().namespaced => self.names(*kind, None),
                Target::Named(_) => {
                    [Kind::Pod, Kind::Deployment, Kind::Service].into_iter().for_each(|kind| self.names(kind, None));
                }
                _ => {}
            }
        }
    }

    fn what_is_named(&mut self, asked: &Asked) {
        let workloads = Workloads::of(self.inventory);
        let graph = Graph::of(self.inventory, &workloads, self.patterns);
        let events = Events::of(self.inventory);
        let preemptions = Preemptions::of(self.inventory);
        let reach = match asked {
            Asked::Everything => Reach::everything(&graph, self.question.namespace.clone()),
            Asked::Objects(keys, pods) => Reach::of(&graph, keys, pods.clone()),
        };
        for workload in reach.workloads(&workloads) {
            self.references(workload);
            self.of_refusal(workload, &events);
            self.of_pods(workload, &reach);
            self.of_usage(workload, &reach);
            // Who took a place may be in any namespace.
            if preemptions.is_by_unseen(&reach, workload) {
                self.list(Kind::Pod, None);
            }
        }
        self.of_nodes(asked, &reach);
        self.of_daemon_sets(&reach);
        self.of_jobs(&workloads, &reach);
        self.of_services(&workloads, &reach);
        self.of_ingresses(&reach);
        self.of_gateways(&reach);
        self.of_policies(&reach);
        self.of_claims(&reach);
        self.of_deleted(&reach);
        self.of_apis(asked, &reach);
    }

    fn references(&mut self, workload: &Workload) {
        let Some(references) = References::of_workload(workload).filter(|_| !workload.idle) else { return };
        let namespace = workload.object.namespace.as_str();
        // Over all namespaces one listing of names serves every reference.
        let scope = self.question.namespace.as_deref();
        for (kind, name, key) in references.wanted() {
            match kind {
                Kind::PersistentVolumeClaim => self.list(kind, scope),
                _ if !key.is_empty() => self.get(kind, namespace, name),
                _ => self.names(kind, scope),
            }
            if self.inventory.exists(kind, namespace, name).is_absent() {
                self.names(kind, scope);
                self.names(kind, None);
                // What holds the wanted keys is more probably meant than what has the nearer name.
                let wanted = references.keys_of(kind, name);
                let names = self.inventory.known_names(kind);
                let here = names.iter().filter(|(other, _)| other == namespace).map(|(_, name)| Candidate::named(name));
                for near in nearest(name, here).iter().filter(|_| !wanted.is_empty()) {
                    self.get(kind, namespace, &near.value);
                }
            }
        }
    }

    // What keeps a deleted object may be its node, or something in a namespace that is not looked at otherwise.
    fn of_deleted(&mut self, reach: &Reach) {
        for (object, _) in deleted::within(self.inventory, reach) {
            let pod = self.inventory.get::<Pod>(&object.namespace, &object.name).present();
            if object.kind == "Pod" && pod.is_some_and(deleted::hangs_on_its_node) {
                self.list(Kind::Node, None);
            }
            if object.kind == "Namespace"
                && let Some(namespace) = self.inventory.get::<Namespace>("", &object.name).present()
            {
                for kind in deleted::remaining_kinds(namespace) {
                    self.list(kind, kind.info().namespaced.then_some(object.name.as_str()));
                }
                if !deleted::silent_api_services(namespace).is_empty() {
                    self.list(Kind::APIService, None);
                }
            }
        }
    }

    // An aggregated API that does not answer is looked for where something waits for it, and over all namespaces.
    fn of_apis(&mut self, asked: &Asked, reach: &Reach) {
        let mut scalers = reach.objects::<HorizontalPodAutoscaler>(self.inventory);
        if scalers.any(|scaler| api_service::metrics_api(scaler).is_some()) {
            self.list(Kind::APIService, None);
        }
        if self.question.namespace.is_none() && matches!(asked, Asked::Everything) {
            self.list(Kind::APIService, None);
            self.list(Kind::Namespace, None);
        }
        let services = reach.objects::<APIService>(self.inventory);
        for service in services.filter(|it| api_service::unavailable(it).is_some()) {
            if let Some((namespace, _)) = api_service::service_of(service) {
                self.what_serves(namespace);
            }
        }
    }

    // Why pods can't be made tells what else is worth a look.
    fn of_refusal(&mut self, workload: &Workload, events: &Events) {
        let Some(words) = refusal::words(self.inventory, events, workload) else { return };
        if refusal::is_of_limits(&words.text) {
            self.list(Kind::LimitRange, self.question.namespace.as_deref());
        }
        if refusal::is_of_priority_class(&words.text) {
            self.names(Kind::PriorityClass, None);
        }
        if refusal::failed(&words.text) {
            refusal::CONFIGURATIONS.into_iter().for_each(|kind| self.list(kind, None));
        }
        if let Some((namespace, _)) =
            refusal::called(self.inventory, &words.text).as_ref().and_then(refusal::Configured::service)
        {
            self.what_serves(namespace);
        }
    }

    // Whatever may keep a Service of another namespace from answering.
    fn what_serves(&mut self, namespace: &str) {
        if self.question.namespace.as_deref().is_some_and(|asked| asked != namespace) {
            SERVING.into_iter().for_each(|kind| self.list(kind, Some(namespace)));
        }
    }

    fn of_pods(&mut self, workload: &Workload, reach: &Reach) {
        let mut logged = BTreeSet::new();
        for pod in workload.pods.iter().filter(|pod| reach.asks_for_pod(pod)) {
            if let Some(name) =
                pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|_| node::seems_lost(pod))
            {
                self.requests.insert(Request::Get { kind: Kind::Node, namespace: None, name });
            }
            if schedule::claims_devices(pod) {
                self.list(Kind::ResourceClaim, self.question.namespace.as_deref());
                self.list(Kind::DeviceClass, None);
            }
            if schedule::unschedulable(pod).is_some() {
                self.of_unschedulable(pod);
            }
            for (spec, init) in container::containers(pod) {
                let status = container::status(pod, &spec.name, init);
                if pull::may_fail(spec, status) {
                    self.list(Kind::Node, None);
                    for secret in pull::pull_secrets(pod) {
                        self.get(Kind::Secret, object::namespace(&pod.metadata), secret);
                    }
                }
                if container::was_killed_without_limit(spec, status) {
                    self.list(Kind::Event, Some(NODE_EVENTS));
                }
                // One log of each container tells for all replicas.
                if let Some(key) = container::log_of(self.inventory, pod, spec, init).filter(|key| !key.recent)
                    && logged.insert(spec.name.as_str())
                {
                    self.log(pod, (spec, init), key);
                }
            }
        }
        self.of_pods_that_run(workload, reach, &logged);
    }

    // What a container that runs well has written lately is of interest where somebody asks about it by name, and
    // where it has a ServiceAccount of its own, so that it probably asks the API server for something.
    fn of_pods_that_run(&mut self, workload: &Workload, reach: &Reach, logged: &BTreeSet<&str>) {
        let Some(pod) = workload.pods.iter().find(|pod| reach.asks_for_pod(pod)) else { return };
        let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
        let has_own_account = account != "default" && self.question.namespace.is_some();
        let is_named = self.is_named(workload, reach);
        if !has_own_account && !is_named {
            return;
        }
        for (spec, init) in container::containers(pod) {
            let key = container::log_of(self.inventory, pod, spec, init).filter(|key| key.recent);
            let Some(key) = key.filter(|_| !logged.contains(spec.name.as_str())) else { continue };
            if self.inventory.log(&key).is_some() || (is_named && !self.question.is_about_pods()) {
                self.log(pod, (spec, init), key);
            } else {
                self.in_passing.insert(Request::Log(key));
            }
        }
    }

    fn is_named(&self, workload: &Workload, reach: &Reach) -> bool {
        self.question.names_objects() && reach.distance(&Key::of(&workload.object)) == 0
    }

    // How near its containers are to their limits; many clusters have no metrics API.
    fn of_usage(&mut self, workload: &Workload, reach: &Reach) {
        let mut pods = workload.pods.iter().filter(|pod| reach.asks_for_pod(pod));
        if self.is_named(workload, reach) && pods.any(|pod| usage::matters(pod)) {
            let namespace = Some(workload.object.namespace.clone());
            self.in_passing.insert(Request::List { kind: Kind::PodMetrics, namespace });
        }
    }

    // A log, and what there is to know of what its end tells.
    fn log(&mut self, pod: &Pod, (spec, init): (&Container, bool), key: LogKey) {
        let text = self.inventory.log(&key).and_then(|log| log.as_ref().ok()?.as_deref()).unwrap_or_default();
        if text.contains("exec format error") {
            self.list(Kind::Node, None);
        }
        self.requests.insert(Request::Log(key));
        let Some(told) = log::told(self.inventory, self.patterns, pod, (spec, init)) else { return };
        let namespace = object::namespace(&pod.metadata);
        match told.of.as_str() {
            log::MISSING_SETTING => {
                self.list(Kind::ConfigMap, Some(namespace));
                self.list(Kind::Secret, Some(namespace));
            }
            log::FORBIDDEN => {
                let home = told.get("user").split(':').nth(2).unwrap_or_default();
                for namespace in [told.get("namespace"), home].into_iter().filter(|namespace| !namespace.is_empty()) {
                    self.list(Kind::RoleBinding, Some(namespace));
                    self.list(Kind::Role, Some(namespace));
                }
                self.list(Kind::ClusterRoleBinding, None);
                self.list(Kind::ClusterRole, None);
            }
            log::HOST_UNKNOWN | log::HOST_UNREACHABLE => {
                let there = log::target::service_of(self.inventory, namespace, &told);
                if !there.is_some_and(|(namespace, name)| {
                    self.inventory.exists(Kind::Service, &namespace, &name) == Lookup::Present(())
                }) {
                    self.names(Kind::Service, None);
                }
            }
            _ => {}
        }
    }

    // Over all namespaces every node is looked at; what runs there only of one that is in trouble and asked about.
    fn of_nodes(&mut self, asked: &Asked, reach: &Reach) {
        if self.question.namespace.is_none() && matches!(asked, Asked::Everything) {
            self.list(Kind::Node, None);
        }
        if reach.objects::<Node>(self.inventory).any(node::is_in_trouble) {
            self.list(Kind::Pod, None);
        }
    }

    // One that is for no node is looked at beside the nodes that there are.
    fn of_daemon_sets(&mut self, reach: &Reach) {
        if reach.objects::<DaemonSet>(self.inventory).any(daemon::wants_none) {
            self.list(Kind::Node, None);
        }
    }

    // Where its volumes are, and which namespaces its affinity means, only where it has such.
    fn of_unschedulable(&mut self, pod: &Pod) {
        self.list(Kind::Node, None);
        self.list(Kind::Pod, None);
        let namespace = object::namespace(&pod.metadata);
        let is_bound = |name: &String| {
            let claim = self.inventory.get::<PersistentVolumeClaim>(namespace, name).present();
            claim.and_then(|claim| claim.spec.as_ref()?.volume_name.as_ref()).is_some()
        };
        if claims_of(pod).iter().any(is_bound) {
            self.list(Kind::PersistentVolume, None);
        }
        if schedule::asks_for_namespaces(pod) {
            self.list(Kind::Namespace, None);
        }
    }

    // A failed pod of a CronJob's Job may be followed by a next one that runs already.
    fn of_jobs(&mut self, workloads: &Workloads, reach: &Reach) {
        for workload in reach.workloads(workloads) {
            let pod = job::told_by(self.inventory, workload).and_then(|job| job::last_failed_pod(self.inventory, job));
            for (spec, init) in pod.iter().flat_map(|pod| container::containers(pod)) {
                self.requests
                    .extend(pod.and_then(|pod| container::log_of(self.inventory, pod, spec, init)).map(Request::Log));
            }
        }
    }

    fn of_services(&mut self, workloads: &Workloads, reach: &Reach) {
        for service in reach.objects::<Service>(self.inventory) {
            let labels = selector(service);
            let has_workload = !selected_workloads(workloads, service).is_empty();
            if !labels.is_empty() && !has_workload && selected(self.inventory, service).is_empty() {
                self.requests.insert(Request::Matching { kind: Kind::Pod, selector: text(&labels) });
            }
            if let Some((_, namespace)) = named_in_cluster(service) {
                self.names(Kind::Service, Some(&namespace));
            }
        }
    }

    fn of_ingresses(&mut self, reach: &Reach) {
        let inventory = self.inventory;
        for ingress in reach.objects::<Ingress>(inventory) {
            let namespace = object::namespace(&ingress.metadata);
            if !ingress::has_address(ingress) {
                self.list(Kind::IngressClass, None);
            }
            for secret in ingress::secrets(ingress) {
                self.get(Kind::Secret, namespace, secret);
                if inventory.exists(Kind::Secret, namespace, secret).is_absent() {
                    self.names(Kind::Secret, Some(namespace));
                }
            }
        }
    }

    // The Gateway API, where traffic is asked about: many clusters have none.
    fn of_routes(&mut self) {
        const TRAFFIC: [Kind; 4] = [Kind::Service, Kind::Ingress, Kind::Gateway, Kind::HTTPRoute];
        let is_about_traffic = |target: &Target| {
            *target == Target::Everything || target.kind().is_some_and(|kind| TRAFFIC.contains(&kind))
        };
        if self.question.target.each().iter().any(is_about_traffic) {
            self.list(Kind::Gateway, self.question.namespace.as_deref());
            self.list(Kind::HTTPRoute, self.question.namespace.as_deref());
        }
    }

    fn of_gateways(&mut self, reach: &Reach) {
        if !reach.objects::<Gateway>(self.inventory).all(gateway::is_programmed) {
            self.list(Kind::GatewayClass, None);
        }
        for route in reach.objects::<HTTPRoute>(self.inventory) {
            let own = object::namespace(&route.metadata);
            for (namespace, name) in gateway::gateways(route) {
                if namespace != own {
                    self.get(Kind::Gateway, &namespace, &name);
                }
            }
            for (namespace, _) in gateway::services(route).iter().filter(|(namespace, _)| namespace != own) {
                self.names(Kind::Service, Some(namespace));
            }
        }
    }

    fn of_policies(&mut self, reach: &Reach) {
        let policies = self.inventory.seen_anywhere::<NetworkPolicy>();
        let mut asked = policies.filter(|found| self.question.client.is_some() || reach.holds(*found));
        if asked.any(policy::namespaces_matter) {
            self.list(Kind::Namespace, None);
        }
    }

    // Both ends of a client's traffic: its pods, and the policies of its namespace and of the other.
    fn of_client(&mut self) {
        let Some(client) = &self.question.client else { return };
        for kind in [client.kind, Kind::Pod, Kind::NetworkPolicy] {
            self.list(kind, Some(&client.namespace));
        }
        self.list(Kind::NetworkPolicy, self.question.namespace.as_deref());
        self.requests.insert(Request::Get { kind: Kind::Namespace, namespace: None, name: client.namespace.clone() });
    }

    fn of_claims(&mut self, reach: &Reach) {
        for claim in reach.objects::<PersistentVolumeClaim>(self.inventory) {
            if claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Pending") {
                self.list(Kind::StorageClass, None);
                self.list(Kind::PersistentVolume, None);
            }
        }
    }
}

// To know the server, and whether the namespace is there at all.
fn first(question: &Question) -> BTreeSet<Request> {
    let namespace = question.namespace.iter();
    let get = namespace.map(|name| Request::Get { kind: Kind::Namespace, namespace: None, name: name.clone() });
    get.chain([Request::Version]).collect()
}
