//! Which requests a question takes: one wave of what is always looked at, and
//! further ones for what the answers name. Nothing is asked for twice.

mod alone;
mod changes;
mod cluster;
mod custom;
mod glance;
mod pods;
mod traffic;
mod workloads;

use std::collections::BTreeSet;

use super::{Reply, Request, Source};
use crate::{
    error::Error,
    facts::{events::Events, schedule::preemption::Preemptions, workload::Workloads},
    graph::Graph,
    inventory::Inventory,
    kind::Kind,
    question::{Asked, Question, Target},
    rule::LogPatterns,
};

pub use custom::types;

/// Where events about nodes and whatever else lives in no namespace are kept.
const CLUSTER_EVENTS: &str = "default";

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

// An answer may name something that names something more: a log a Service of another namespace, whose pod a Secret.
const WAVES: usize = 6;

/// How closely to look at a whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// At everything, as for a recording.
    InFull,
    /// In full only at what looks unwell at a glance, and at what that depends on.
    AtAGlance,
}

/// Collects what a diagnosis looks at, into an inventory that knows the kinds which the question names.
///
/// # Errors
/// Where the source can't answer at all.
pub async fn collect(
    source: &impl Source,
    question: &Question,
    mut inventory: Inventory,
    patterns: &LogPatterns,
    how: Look,
) -> Result<Inventory, Error> {
    inventory.logs_are_collected();
    let mut asked = BTreeSet::new();
    if how == Look::AtAGlance && glance::is_enough_for(question) {
        glance::look(source, question, &mut inventory, &mut asked).await?;
    }
    for _ in 0..WAVES {
        let wave: Vec<Request> =
            wanted(question, &inventory, patterns, how, &asked).difference(&asked).cloned().collect();
        if wave.is_empty() {
            break;
        }
        ask(source, &mut inventory, &wave).await?;
        asked.extend(wave);
    }
    alone::is_all(question, &mut inventory, how);
    Ok(inventory)
}

/// Asks for all of this at once and takes in what comes back; whether all of it was answered.
///
/// # Errors
/// Where the source can't answer at all.
pub async fn ask(source: &impl Source, inventory: &mut Inventory, requests: &[Request]) -> Result<bool, Error> {
    let mut all = true;
    for (request, reply) in requests.iter().zip(source.answer(requests).await?) {
        all &= !matches!(reply, Reply::Failed(_));
        inventory.take(request, reply)?;
    }
    Ok(all)
}

fn wanted(
    question: &Question,
    inventory: &Inventory,
    patterns: &LogPatterns,
    how: Look,
    asked: &BTreeSet<Request>,
) -> BTreeSet<Request> {
    let mut wanted = Wanted {
        question,
        inventory,
        patterns,
        how,
        requests: first(question, inventory, how),
        in_passing: BTreeSet::new(),
    };
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
    how: Look,
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

    // The namespace to list where it is one that is asked about, and nothing where all of them are.
    fn within<'n>(&self, namespace: &'n str) -> Option<&'n str> {
        self.question.namespace.as_ref().map(|_| namespace)
    }

    // Whatever may keep a Service from answering, where that is of another namespace or only pods were looked at.
    fn what_serves(&mut self, namespace: &str) {
        let asked = self.question.namespace.as_deref();
        if asked.is_some_and(|asked| asked != namespace || self.question.is_about_pods()) {
            SERVING.into_iter().for_each(|kind| self.list(kind, Some(namespace)));
        }
    }

    fn of_namespace(&mut self) {
        let namespace = self.question.namespace.as_deref();
        let mut kinds = self.question.kinds(self.inventory);
        kinds.extend(self.question.target.each().iter().filter_map(Target::kind));
        if let Some(namespace) = namespace
            && alone::is_enough_for(self.question, self.inventory, self.how)
        {
            kinds.remove(&Kind::Pod);
            self.each_by_name(namespace);
        }
        for kind in kinds {
            self.list(kind, namespace.filter(|_| kind.info().namespaced));
        }
        self.of_custom_targets();
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
        let reach = self.question.reach(&graph, asked);
        for workload in reach.workloads(&workloads) {
            self.references(workload);
            self.of_refusal(workload, &events);
            self.of_pods(workload, &reach);
            self.of_changes(workload, &reach);
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
        self.beside_them(&workloads, &reach);
        self.of_services_elsewhere(asked, &graph, &workloads, &reach);
        self.of_ingresses(&reach);
        self.of_gateways(&reach);
        self.of_policies(&reach);
        self.of_claims(&reach);
        self.of_deleted(&reach);
        self.of_apis(asked, &reach);
        self.of_custom(&reach);
    }
}

// To know the server, and whether the namespace is there at all, where no pod in it says so.
fn first(question: &Question, inventory: &Inventory, how: Look) -> BTreeSet<Request> {
    let namespace = question.namespace.iter().filter(|_| !alone::is_enough_for(question, inventory, how));
    let get = namespace.map(|name| Request::Get { kind: Kind::Namespace, namespace: None, name: name.clone() });
    get.chain([Request::Version]).collect()
}
