//! An object that was deleted and is still there.

use k8s_openapi::{
    api::core::v1::{Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{node, object, workload};
use crate::{
    custom::kind_name,
    document::{Evidence, ObjectRef},
    graph::{Key, Reach},
    inventory::{Inventory, Known, Lookup},
    kind::Kind,
};

/// An object that was deleted, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeletedFacts {
    /// `Pod`.
    pub kind: String,
    /// The word that kubectl takes for its kind: `pod`.
    pub r#type: String,
    /// Its name.
    pub name: String,
    /// Whether it has been there for longer than its deletion takes.
    pub stuck: bool,
    /// `metadata.finalizers`; of a namespace those that stand in what is left of it.
    pub finalizers: Vec<String>,
    /// Who is to remove them, as words: `example.com/cleanup by the controller that set it`.
    pub removers: String,
    /// Whether one of them is for a controller that does not belong to Kubernetes.
    pub foreign: bool,
    /// Whether its containers may still run; of a pod.
    pub running: bool,
    /// Its node; of a pod.
    pub node: String,
    /// `gone`, `not ready`, `ready`; empty where it has no node.
    pub node_state: Known<String>,
    /// What still uses it: `Pod/db` of a claim.
    pub users: Vec<String>,
    /// What of a namespace is still there, as far as that was seen: `Pod/web (finalizer example.com/cleanup)`.
    pub left: Vec<String>,
    /// What keeps a namespace in the words of its controller.
    pub words: String,
    /// The API groups that do not answer, so that nobody can tell what a namespace still holds.
    pub apis: Vec<String>,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// Every object within reach that was deleted and is still there.
pub fn within<'a>(inventory: &'a Inventory, reach: &Reach) -> Vec<(ObjectRef, &'a ObjectMeta)> {
    inventory.deleted().filter(|(object, metadata)| is_asked_for(inventory, reach, object, metadata)).collect()
}

fn is_asked_for(inventory: &Inventory, reach: &Reach, object: &ObjectRef, metadata: &ObjectMeta) -> bool {
    match object.kind.as_str() {
        // What happens to an event does not matter, and a slice goes with its Service.
        "Event" | "EndpointSlice" | "Node" => false,
        "Pod" => {
            let pod = inventory.get::<Pod>(object::namespace(metadata), object::name(metadata)).present();
            pod.is_some_and(|pod| {
                let root = workload::root_of_pod(inventory, pod);
                reach.asks_for_pod(&root, pod) && (reach.has(&Key::of(object)) || reach.has(&Key::of(&root)))
            })
        }
        // Of the volumes, which live in no namespace, those of claims that are.
        "PersistentVolume" => {
            let volume = inventory.get::<PersistentVolume>("", object::name(metadata)).present();
            volume
                .and_then(claim_of)
                .is_some_and(|(namespace, name)| reach.has(&Key::new(Kind::PersistentVolumeClaim, namespace, name)))
        }
        _ => reach.has(&Key::of(object)),
    }
}

/// The facts of an object that was deleted.
pub fn facts(inventory: &Inventory, object: &ObjectRef, metadata: &ObjectMeta) -> DeletedFacts {
    let pod = of_kind::<Pod>(inventory, object);
    let namespace = of_kind::<Namespace>(inventory, object);
    let left = namespace.map(|_| left_in(inventory, &object.name)).unwrap_or_default();
    let mut finalizers = metadata.finalizers.clone().unwrap_or_default();
    for (_, metadata) in &left {
        let of_part = metadata.finalizers.iter().flatten();
        of_part.for_each(|finalizer| {
            if !finalizers.contains(finalizer) {
                finalizers.push(finalizer.clone());
            }
        });
    }
    let node = pod.and_then(|pod| pod.spec.as_ref()?.node_name.clone()).unwrap_or_default();
    let conditions = namespace.map(conditions).unwrap_or_default();
    let stuck = overdue(inventory, metadata) > slack(object, metadata, pod.is_some_and(may_run))
        && (namespace.is_none()
            || !conditions.is_empty()
            || left.iter().any(|(_, metadata)| overdue(inventory, metadata) > SETTLE))
        && !only_waits_for_grace(inventory, &left);
    DeletedFacts {
        kind: object.kind.clone(),
        r#type: kind_name(&object.kind, &object.api_version).to_lowercase(),
        name: object.name.clone(),
        removers: removers(&finalizers),
        foreign: finalizers.iter().any(|finalizer| known_remover(finalizer).is_none()),
        running: pod.is_some_and(may_run),
        node_state: node_state(inventory, &node),
        users: users(inventory, object),
        left: left.iter().map(|(object, metadata)| in_words(object, metadata)).collect(),
        apis: conditions.iter().flat_map(|(_, words)| silent_apis(words)).collect(),
        words: conditions.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join("; "),
        evidence: evidence(object, metadata, &conditions),
        stuck,
        finalizers,
        node,
    }
}

fn of_kind<'a, T: crate::kind::Kept>(inventory: &'a Inventory, object: &ObjectRef) -> Option<&'a T> {
    let is_it = object.kind == T::OF.info().name;
    is_it.then(|| inventory.get::<T>(&object.namespace, &object.name).present()).flatten()
}

/// How long ago it was to be gone, in seconds: a pod's deletionTimestamp has its grace period in it.
fn overdue(inventory: &Inventory, metadata: &ObjectMeta) -> i64 {
    let deleted = metadata.deletion_timestamp.as_ref();
    deleted.map_or(0, |deleted| object::seconds_since(inventory.about.now, deleted))
}

// Where nothing has to be waited for, a controller removes its finalizer at once.
const AT_ONCE: i64 = 10;
// The kubelet ends containers, the namespace controller deletes what is in a namespace and looks again.
const SETTLE: i64 = 60;
// A cloud's load balancer goes in minutes, and the garbage collector waits for the pods' grace.
const SLOW: i64 = 300;

fn slack(object: &ObjectRef, metadata: &ObjectMeta, may_run: bool) -> i64 {
    let has = |wanted: &[&str]| metadata.finalizers.iter().flatten().any(|found| wanted.contains(&found.as_str()));
    match object.kind.as_str() {
        "Pod" if may_run || metadata.finalizers.is_none() => SETTLE,
        "Namespace" => SETTLE,
        "Ingress" => SLOW,
        // Its own controller may have a cloud to clean up.
        _ if Kind::from_object(&object.kind, &object.api_version).is_none() => SLOW,
        _ if has(&["foregroundDeletion", "orphan", "service.kubernetes.io/load-balancer-cleanup"]) => SLOW,
        _ => AT_ONCE,
    }
}

fn may_run(pod: &Pod) -> bool {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let mut all = statuses.filter_map(|status| status.state.as_ref());
    all.any(|state| state.running.is_some())
}

// Nothing is wrong with a namespace whose pods take the time that they were given.
fn only_waits_for_grace(inventory: &Inventory, left: &[(ObjectRef, &ObjectMeta)]) -> bool {
    !left.is_empty()
        && left.iter().all(|(object, metadata)| object.kind == "Pod" && overdue(inventory, metadata) <= SETTLE)
}

/// What of a namespace is deleted and still there.
pub fn left_in<'a>(inventory: &'a Inventory, namespace: &str) -> Vec<(ObjectRef, &'a ObjectMeta)> {
    let counts = |object: &ObjectRef| !matches!(object.kind.as_str(), "Event" | "EndpointSlice" | "Namespace");
    inventory.deleted().filter(|(object, _)| object.namespace == namespace && counts(object)).collect()
}

fn in_words(object: &ObjectRef, metadata: &ObjectMeta) -> String {
    let finalizers = metadata.finalizers.clone().unwrap_or_default();
    match finalizers.as_slice() {
        [] => object.to_string(),
        [one] => format!("{object} (finalizer {one})"),
        several => format!("{object} (finalizers {})", several.join(", ")),
    }
}

// What the namespace controller says that it can't get done, by the condition's type.
fn conditions(namespace: &Namespace) -> Vec<(String, String)> {
    let all = namespace.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    all.iter()
        .filter(|condition| condition.status == "True")
        .map(|condition| (condition.type_.clone(), condition.message.clone().unwrap_or_default()))
        .collect()
}

// `… unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: …`
fn silent_apis(words: &str) -> Vec<String> {
    let Some((_, list)) = words.split_once("complete list of server APIs: ") else { return Vec::new() };
    list.split(", ")
        .filter_map(|one| one.split(": ").next())
        .filter(|group_version| group_version.contains('/') && !group_version.contains(' '))
        .map(str::to_owned)
        .collect()
}

/// The APIServices that a namespace's end waits for: `v1beta1.metrics.k8s.io`.
pub fn silent_api_services(namespace: &Namespace) -> Vec<String> {
    let groups = conditions(namespace).into_iter().flat_map(|(_, words)| silent_apis(&words));
    groups.filter_map(|api| api.split_once('/').map(|(group, version)| format!("{version}.{group}"))).collect()
}

/// The kinds of which a deleted namespace still holds something, in the words of its controller.
pub fn remaining_kinds(namespace: &Namespace) -> Vec<Kind> {
    // `Some resources are remaining: configmaps. has 1 resource instances, widgets.example.com has 2 …`
    let words = conditions(namespace).into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ");
    let is_count = |rest: &str| rest.starts_with(|digit: char| digit.is_ascii_digit());
    let parts: Vec<_> = words.split(" has ").collect();
    let named = parts.windows(2).filter(|pair| is_count(pair[1])).filter_map(|pair| pair[0].rsplit(' ').next());
    // Secrets are not read to see who finalizes them.
    named.filter_map(|word| Kind::from_word(word.trim_end_matches('.'))).filter(|kind| *kind != Kind::Secret).collect()
}

fn node_state(inventory: &Inventory, node: &str) -> Known<String> {
    if node.is_empty() {
        return Known::Known(String::new());
    }
    match inventory.get::<Node>("", node) {
        Lookup::Absent => Known::Known("gone".to_owned()),
        Lookup::Unknown(why) => Known::Unknown(why),
        Lookup::Present(found) => Known::Known(if node::is_ready(found) { "ready" } else { "not ready" }.to_owned()),
    }
}

/// Whether a pod's node has to be known to tell why the pod is still there.
pub fn hangs_on_its_node(pod: &Pod) -> bool {
    let has_none = pod.metadata.finalizers.as_ref().is_none_or(Vec::is_empty);
    pod.metadata.deletion_timestamp.is_some() && (has_none || may_run(pod))
}

fn users(inventory: &Inventory, object: &ObjectRef) -> Vec<String> {
    if let Some(volume) = of_kind::<PersistentVolume>(inventory, object) {
        return claim_of(volume)
            .map(|(namespace, name)| format!("PersistentVolumeClaim/{name} in namespace {namespace}"))
            .into_iter()
            .collect();
    }
    if of_kind::<PersistentVolumeClaim>(inventory, object).is_none() {
        return Vec::new();
    }
    users_of_claim(inventory, &object.namespace, &object.name).map(|pod| object::object_ref(pod).to_string()).collect()
}

fn claim_of(volume: &PersistentVolume) -> Option<(&str, &str)> {
    let claim = volume.spec.as_ref()?.claim_ref.as_ref()?;
    Some((claim.namespace.as_deref()?, claim.name.as_deref()?))
}

/// The pods that keep a claim from going: those on a node that have not ended.
pub fn users_of_claim<'a>(inventory: &'a Inventory, namespace: &str, claim: &str) -> impl Iterator<Item = &'a Pod> {
    inventory.seen::<Pod>(namespace).filter(move |pod| {
        let spec = pod.spec.as_ref();
        let ended = matches!(workload::phase(pod), "Succeeded" | "Failed");
        !ended
            && spec.is_some_and(|spec| spec.node_name.is_some())
            && crate::graph::claims_of(pod).iter().any(|named| named == claim)
    })
}

fn evidence(object: &ObjectRef, metadata: &ObjectMeta, conditions: &[(String, String)]) -> Vec<Evidence> {
    let at = metadata.deletion_timestamp.as_ref().map(object::time);
    let finalizers = metadata.finalizers.iter().flatten().cloned().collect::<Vec<_>>();
    let text = match finalizers.as_slice() {
        [] => "deletionTimestamp is past".to_owned(),
        some => format!("deletionTimestamp is past, finalizers: {}", some.join(", ")),
    };
    let mut evidence = vec![Evidence { source: format!("{object} metadata.deletionTimestamp"), text, at }];
    evidence.extend(conditions.iter().map(|(kind, words)| Evidence {
        source: format!("{object} status.conditions[{kind}]"),
        text: words.clone(),
        at: None,
    }));
    evidence
}

// Who removes a finalizer, where that is known.
fn known_remover(finalizer: &str) -> Option<&'static str> {
    Some(match finalizer {
        "kubernetes.io/pvc-protection" => "the controller manager, once no pod uses the claim",
        "kubernetes.io/pv-protection" => "the controller manager, once no claim is bound to the volume",
        "foregroundDeletion" => "the garbage collector, once all that it owns is gone",
        "orphan" => "the garbage collector, once what it owns is set free",
        "service.kubernetes.io/load-balancer-cleanup" => {
            "the cloud's controller manager, once the load balancer is gone"
        }
        "batch.kubernetes.io/job-tracking" => "the Job controller, once the pod is counted",
        "external-provisioner.volume.kubernetes.io/finalizer" => "the CSI driver's provisioner",
        _ if finalizer.starts_with("external-attacher/") => "the CSI driver's attacher, once the volume is detached",
        _ if finalizer.starts_with("resources-finalizer.argocd.argoproj.io") => "Argo CD",
        _ if finalizer.starts_with("finalizers.fluxcd.io") => "Flux",
        _ => return None,
    })
}

fn removers(finalizers: &[String]) -> String {
    let one = |finalizer: &String| match known_remover(finalizer) {
        Some(who) => format!("{finalizer} by {who}"),
        None => {
            let domain = finalizer.split('/').next().unwrap_or_default();
            format!("{finalizer} by the controller that set it ({domain})")
        }
    };
    finalizers.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn namespace(message: &str) -> Namespace {
        let condition = json!({"type": "X", "status": "True", "message": message});
        serde_json::from_value(json!({"metadata": {"name": "x"}, "status": {"conditions": [condition]}})).unwrap()
    }

    #[test]
    fn an_api_that_does_not_answer_is_read_off_the_namespace() {
        let words = "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1";
        assert_eq!(silent_api_services(&namespace(words)), ["v1beta1.metrics.k8s.io"]);
        assert_eq!(silent_api_services(&namespace("All resources successfully discovered")), [""; 0]);
    }

    #[test]
    fn what_a_namespace_still_holds_is_read_off_it() {
        let words = "Some resources are remaining: configmaps. has 1 resource instances, deployments.apps has 2 resource instances, widgets.example.com has 1 resource instances, Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances";
        assert_eq!(remaining_kinds(&namespace(words)), [Kind::ConfigMap, Kind::Deployment]);
    }

    #[test]
    fn who_removes_a_finalizer_is_said() {
        assert_eq!(
            removers(&["example.com/cleanup".to_owned()]),
            "example.com/cleanup by the controller that set it (example.com)"
        );
        assert!(removers(&["kubernetes.io/pvc-protection".to_owned()]).ends_with("once no pod uses the claim"));
    }
}
