//! Which checks a question takes, worked out of what was collected.

use std::time::Duration;

use k8s_openapi::api::{
    core::v1::{Node, Pod, Service},
    networking::v1::NetworkPolicy,
};

use super::{
    about::About,
    ask::{Ask, How, Limits},
    flags::Flags,
    outside,
    planner::Planner,
    seen::{Check, NotMade, Origin, Step},
    spoken::Spoken,
};
use crate::{
    error::Error,
    facts::{
        object, policy,
        service::{is_external_name, selector},
        workload::Workloads,
    },
    graph::Key,
    inventory::Inventory,
    kind::Kind,
    question::{Asked, Question, Target},
    source::Request,
};

/// Services that one question checks.
const SERVICES: usize = 4;

/// What is checked, and from where.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The namespace of what is asked about.
    pub namespace: String,
    /// The checks from inside pods.
    pub inside: Vec<Visit>,
    /// The checks from a client; nothing where there is nothing to ask for.
    pub client: Option<Visit>,
    /// What can't be checked.
    pub not_made: Vec<NotMade>,
}

/// The checks of one container.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Where they are made from.
    pub origin: Origin,
    /// The namespace of the pod that they run in.
    pub namespace: String,
    /// The pod that gets an ephemeral container; nothing for a pod of the checks' own.
    pub pod: Option<Pod>,
    /// The checks.
    pub asks: Vec<Ask>,
}

impl Visit {
    /// After this long every check is over, whatever came back: some are made in the clear and over TLS.
    pub fn longest(&self, flags: &Flags) -> Duration {
        let attempts: usize = self.asks.iter().map(|ask| usize::from(ask.times)).sum();
        let rounds = u64::try_from(attempts.div_ceil(Limits::WORKERS)).unwrap_or(u64::MAX);
        Duration::from_secs(flags.seconds() * 2 * rounds + 2)
    }
}

/// What has to be looked at beside what a diagnosis takes.
pub fn needs(question: &Question, inventory: &Inventory) -> Vec<Request> {
    let mut requests = Vec::new();
    if inventory.list::<Service>("kube-system").known().is_none() {
        requests.push(Request::List { kind: Kind::Service, namespace: Some("kube-system".to_owned()) });
    }
    let namespace = question.namespace.as_deref().unwrap_or_default();
    let has_node_port = inventory.seen::<Service>(namespace).any(|service| outside::node_port(service).is_some());
    if has_node_port {
        requests.push(Request::List { kind: Kind::Node, namespace: None });
    }
    // A question about a pod looks at no policies, and what does not come through may be shut by one.
    if inventory.list::<NetworkPolicy>(namespace).known().is_none() {
        requests.push(Request::List { kind: Kind::NetworkPolicy, namespace: question.namespace.clone() });
    }
    if inventory.seen_anywhere::<NetworkPolicy>().any(policy::namespaces_matter) {
        requests.push(Request::List { kind: Kind::Namespace, namespace: None });
    }
    requests
}

/// What to check.
///
/// # Errors
/// Where the question is about nothing that connections are made to.
pub fn plan(question: &Question, inventory: &Inventory, flags: &Flags) -> Result<Plan, Error> {
    let what = "--probe needs what to connect to: kubectl doctor service web --probe, or a pod, deployment, statefulset, daemonset or ingress";
    let Some(namespace) = question.namespace.clone() else {
        return Err(Error::new("--probe looks at one namespace: name it with -n"));
    };
    if question.target == Target::Everything {
        return Err(Error::new(what));
    }
    let Ok(Asked::Objects(keys, pods)) = question.resolve(inventory) else { return Err(Error::new(what)) };
    let workloads = Workloads::of(inventory);
    let asked = About::of(inventory, &workloads, &keys);
    if asked.services.is_empty() && asked.workloads.is_empty() && asked.ingresses.is_empty() {
        return Err(Error::new(what));
    }
    let origin = client(question, inventory, &workloads)?;
    let mut planner = Planner {
        inventory,
        flags,
        namespace: &namespace,
        client: origin.0,
        pods,
        inside: Vec::new(),
        outside: Vec::new(),
        not_made: Vec::new(),
    };
    for service in planner.first(asked.services, SERVICES, "Services") {
        planner.of_service(service, &workloads);
    }
    for workload in &asked.workloads {
        planner.of_workload(workload);
    }
    for ingress in &asked.ingresses {
        planner.outside_by_ingress(ingress);
    }
    Ok(planner.finish(origin.1, origin.2))
}

/// Where a pod fails and another behind the same Service does not, what goes on inside that one.
pub fn second_look(plan: &Plan, inventory: &Inventory, made: &[Check]) -> Vec<Visit> {
    let entered = |name: &str| {
        plan.inside.iter().any(|visit| visit.pod.as_ref().is_some_and(|pod| object::name(&pod.metadata) == name))
    };
    let to_pods = || made.iter().filter(|check| check.step == Step::Pod && !check.pod.is_empty());
    let mut failed = to_pods().filter(|check| check.all_failed() && !entered(&check.pod));
    let another_works = to_pods().any(Check::any_ok);
    let Some(check) = failed.next().filter(|_| another_works) else { return Vec::new() };
    let Some(pod) = inventory.get::<Pod>(&plan.namespace, &check.pod).present() else { return Vec::new() };
    vec![visit(pod, &plan.namespace, &[(check.target, check.spoken.clone())])]
}

// Where the client's checks are made, its namespace, and the pod that is entered for them.
fn client(
    question: &Question,
    inventory: &Inventory,
    workloads: &Workloads,
) -> Result<(Origin, String, Option<Pod>), Error> {
    let Some(client) = &question.client else {
        return Ok((Origin::Own, question.namespace.clone().unwrap_or_default(), None));
    };
    let pods: Vec<&Pod> = match client.kind {
        Kind::Pod => inventory.get::<Pod>(&client.namespace, &client.name).present().into_iter().collect(),
        _ => {
            let of_client = workloads.all.iter().filter(|workload| Key::of(&workload.object) == client.key());
            of_client.flat_map(|workload| workload.pods.iter().copied()).collect()
        }
    };
    let Some(pod) = pods.into_iter().find(|pod| is_running(pod)) else {
        let name = format!("{}/{}", client.kind.info().name.to_lowercase(), client.name);
        return Err(Error::new(format!("--client {name} has no running pod to check from")));
    };
    let origin = Origin::Client {
        kind: client.kind.to_string(),
        namespace: client.namespace.clone(),
        name: client.name.clone(),
        pod: object::name(&pod.metadata).to_owned(),
    };
    Ok((origin, client.namespace.clone(), Some(pod.clone())))
}

/// The checks from inside a pod: its sockets, and localhost at these ports.
pub(super) fn visit(pod: &Pod, namespace: &str, targets: &[(u16, Spoken)]) -> Visit {
    let name = object::name(&pod.metadata);
    let origin = Origin::Inside { pod: name.to_owned() };
    let sockets = Ask::new(Step::Listening, &origin, namespace, format!("sockets of {name}"), How::Sockets).pod(name);
    let mut asks = vec![sockets];
    for (target, spoken) in targets {
        for host in ["127.0.0.1", "::1"] {
            let ask = Ask::connect(Step::Inside, &origin, namespace, host, *target, spoken).pod(name);
            if !asks.contains(&ask) {
                asks.push(ask);
            }
        }
    }
    Visit { origin, namespace: namespace.to_owned(), pod: Some(pod.clone()), asks }
}

/// Whether a pod has an address to connect to.
pub(super) fn is_running(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let has_address = status.and_then(|status| status.pod_ip.as_ref()).is_some_and(|ip| !ip.is_empty());
    pod.metadata.deletion_timestamp.is_none()
        && status.and_then(|status| status.phase.as_deref()) == Some("Running")
        && has_address
}

/// The nodes that pods run on.
pub(super) fn nodes<'a>(inventory: &'a Inventory, pods: &[&Pod]) -> Vec<&'a Node> {
    let of_pod = |node: &&Node| {
        pods.iter().any(|pod| {
            pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(object::name(&node.metadata))
        })
    };
    inventory.seen_anywhere::<Node>().filter(of_pod).collect()
}

/// Whether a Service's endpoints are made by hand.
pub(super) fn is_by_hand(service: &Service) -> bool {
    selector(service).is_empty() && !is_external_name(service)
}
