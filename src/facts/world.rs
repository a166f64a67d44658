//! Everything that facts are worked out of, and the subjects that there are in it.

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Node, PersistentVolumeClaim, Pod, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};

use super::{
    On, api_service, checked, claim, container,
    controller::{budget, scaler},
    custom, deleted,
    events::Events,
    gateway,
    image::ImagesInUse,
    ingress, left_to_do, log, manifest, node, object, pod, policy, reference, refusal, resolver, rollout,
    schedule::{self, preemption::Preemptions},
    service,
    subject::{Facts, Subject},
    workload::{Workload, Workloads, is_superseded},
};
use crate::{
    document::ObjectRef,
    gateway_api::{Gateway, HTTPRoute},
    graph::{Key, Reach},
    inventory::Inventory,
    kind::{APIService, Kept},
    rule::LogPatterns,
};

/// One thing that was asked about: brings its subjects, on whatever thread.
pub type Part<'p> = Box<dyn Fn(&mut Vec<Subject>) + Send + Sync + 'p>;

/// Everything that facts are worked out of, indexed once.
pub struct World<'a> {
    /// The objects.
    pub inventory: &'a Inventory,
    /// Who owns which pods.
    pub workloads: Workloads<'a>,
    client: Option<Key>,
    /// What was reported of them.
    pub events: Events<'a>,
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

    /// Everything that was asked about and what it depends on, in parts each of which brings its subjects.
    pub fn parts<'p>(&'p self, reach: &'p Reach) -> Vec<Part<'p>> {
        let mut parts: Vec<Part> = Vec::new();
        for workload in reach.workloads(&self.workloads) {
            parts.push(Box::new(move |subjects| self.add_workload(subjects, reach, workload)));
        }
        self.add_each(&mut parts, reach, Self::add_service);
        self.add_each(&mut parts, reach, Self::add_ingress);
        self.add_each(&mut parts, reach, Self::add_gateway);
        self.add_each(&mut parts, reach, Self::add_route);
        parts.push(Box::new(|subjects| self.add_policies(subjects, reach)));
        self.add_each(&mut parts, reach, Self::add_claim);
        self.add_each(&mut parts, reach, Self::add_scaler);
        self.add_each(&mut parts, reach, Self::add_budget);
        self.add_each(&mut parts, reach, Self::add_node);
        parts.push(Box::new(|subjects| self.add_webhooks(subjects, reach)));
        self.add_each(&mut parts, reach, Self::add_api_service);
        parts.push(Box::new(|subjects| self.add_custom(subjects, reach)));
        parts.push(Box::new(|subjects| self.add_deleted(subjects, reach)));
        parts.push(Box::new(|subjects| self.add_checked(subjects, reach)));
        parts.push(Box::new(|subjects| self.add_manifests(subjects, reach)));
        parts
    }

    fn add_each<'p, T: Kept + Sync>(
        &'p self,
        parts: &mut Vec<Part<'p>>,
        reach: &Reach,
        add: fn(&Self, &mut Vec<Subject>, &T),
    ) {
        for object in reach.objects::<T>(self.inventory) {
            parts.push(Box::new(move |subjects| add(self, subjects, object)));
        }
    }

    // What active checks saw is of what was asked about.
    fn add_checked(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        for (pod, facts) in checked::listeners(self.inventory) {
            let mut owners = self.workloads.in_namespace(object::namespace(&pod.metadata));
            let is_owner = |workload: &&Workload| {
                workload.pods.iter().any(|one| object::name(&one.metadata) == object::name(&pod.metadata))
            };
            let Some(workload) = owners.find(is_owner) else { continue };
            let subject = Subject::new(On::Listener, workload.object.clone()).shown_by(pod, workload);
            subjects
                .push(subject.part(format!("{}/{}", facts.port, facts.protocol)).with("listener", &Facts::of(&facts)));
        }
        for service in reach.objects::<Service>(self.inventory) {
            for facts in checked::accesses(self.inventory, service) {
                let subject = Subject::new(On::Access, object::object_ref(service)).part(facts.port.to_string());
                subjects.push(subject.with("access", &Facts::of(&facts)));
            }
        }
        for ingress in reach.objects::<Ingress>(self.inventory) {
            for facts in checked::entries(self.inventory, ingress) {
                let subject = Subject::new(On::Entry, object::object_ref(ingress)).part(facts.to.clone());
                subjects.push(subject.with("entry", &Facts::of(&facts)));
            }
        }
        for (object, facts) in checked::names(self.inventory) {
            subjects.push(Subject::new(On::Names, object).with("names", &Facts::of(&facts)));
        }
        self.add_client_resolver(subjects, reach);
    }

    // A client is not of what was asked about, and how it resolves names matters all the same.
    fn add_client_resolver(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        let skips = |workload: &&Workload| checked::skips_cluster(self.inventory, &workload.object).is_some();
        for workload in self.workloads.all.iter().filter(skips) {
            if !reach.has(&Key::of(&workload.object)) || reach.is_about_pods_of(&workload.object) {
                let facts = Facts::of(&rollout::facts(self.inventory, &self.events, workload));
                let resolver = Facts::of(&resolver::facts(self.inventory, workload));
                let subject = Subject::new(On::Workload, workload.object.clone()).with("workload", &facts);
                subjects.push(subject.with("resolver", &resolver));
            }
        }
    }

    // One webhook may keep several workloads from their pods.
    fn add_webhooks(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        let mut found: Vec<(ObjectRef, refusal::WebhookFacts)> = Vec::new();
        for workload in reach.workloads(&self.workloads).filter(|it| !reach.is_about_pods_of(&it.object)) {
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

    fn add_custom(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        for found in self.inventory.custom().objects() {
            let object = found.object_ref();
            let key = Key::of(&object);
            if reach.has(&key) {
                let facts = custom::facts(self.inventory, &self.events, found, reach.asks_for(&key));
                subjects.push(Subject::new(On::Custom, object).with("custom", &Facts::of(&facts)));
            }
        }
    }

    fn add_deleted(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        for (object, metadata) in deleted::within(self.inventory, reach) {
            let facts = Facts::of(&deleted::facts(self.inventory, &object, metadata));
            subjects.push(Subject::new(On::Deleted, object).with("object", &facts));
        }
    }

    fn add_manifests(&self, subjects: &mut Vec<Subject>, reach: &Reach) {
        // In a version that is gone it is no object that the doctor knows, and asked about by its kind all the same.
        let is_asked = |object: &ObjectRef| {
            let key = Key::of(object);
            reach.has(&Key { kind: object.kind.clone(), ..key.clone() }) || reach.has(&key)
        };
        for found in self.inventory.manifests() {
            let told = manifest::facts(self.inventory, found);
            // What is not there leads to nothing that could be asked about.
            if !told.absent && !is_asked(&found.object) {
                continue;
            }
            let facts = Facts::of(&told);
            subjects.push(Subject::new(On::Manifest, found.object.clone()).with("manifest", &facts));
            for field in manifest::misspelt(found) {
                let subject = Subject::new(On::Field, found.object.clone()).part(field.path.clone());
                subjects.push(subject.with("field", &Facts::of(&field)));
            }
            for mention in manifest::mentions(self.inventory, &self.workloads, found) {
                let subject = Subject::new(On::Mention, found.object.clone()).part(mention.path.clone());
                subjects.push(subject.with("mention", &Facts::of(&mention)));
            }
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
        let proofs = checked::proofs(self.inventory);
        for found in self.inventory.seen_anywhere::<NetworkPolicy>().filter(at_fault) {
            let facts = Facts::of(&policy::facts(found, &denials, proofs.get(&policy::key(found))));
            subjects.push(Subject::new(On::Policy, object::object_ref(found)).with("policy", &facts));
        }
    }

    fn add_claim(&self, subjects: &mut Vec<Subject>, claim: &PersistentVolumeClaim) {
        let claim_facts = claim::facts(self.inventory, &self.events, claim);
        let facts = Facts::of(&claim_facts);
        let mut subject = Subject::new(On::Claim, object::object_ref(claim)).with("claim", &facts);
        if !claim_facts.stateful_set.is_empty() {
            let namespace = &subject.object.namespace;
            subject.made_by = format!("StatefulSet/{namespace}/{} {}", claim_facts.stateful_set, claim_facts.class);
            subject.shown_by = Some(subject.object.clone());
        }
        subjects.push(subject);
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
        let first = subjects.len();
        let facts = Facts::of(&rollout::facts(self.inventory, &self.events, workload));
        if !reach.is_about_pods_of(&workload.object) {
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
        // What stands for several pods is well, as a table has shown: there is nothing to say of each.
        let present = |pod: &&&Pod| {
            self.inventory.twins(pod).is_empty()
                && reach.asks_for_pod(&workload.object, pod)
                && !is_superseded(self.inventory, workload, pod)
        };
        for pod in workload.pods.iter().filter(present) {
            self.add_pod(subjects, workload, pod, &facts);
        }
        let left_to_do = left_to_do::of(self.inventory, workload);
        subjects[first..].iter_mut().for_each(|subject| subject.left_to_do.clone_from(&left_to_do));
    }

    fn add_pod(&self, subjects: &mut Vec<Subject>, workload: &Workload, pod: &Pod, workload_facts: &Facts) {
        let pod_facts = Facts::of(&pod::facts(&self.cluster, &self.events, workload, pod));
        let subject = Subject::new(On::Pod, workload.object.clone()).shown_by(pod, workload);
        subjects.push(subject.with("pod", &pod_facts).with("workload", workload_facts));
        for (spec, init) in container::containers(pod) {
            let path = workload.container_path(&spec.name, init);
            let previous = rollout::previous(self.inventory, workload, &spec.name);
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
