//! As much of everything as an API server admits, and more: each is diagnosed, and told in every format.

use serde_json::{Value, json};

use super::{ends, targets::TARGETS};

/// What an API server takes at most of one object, in bytes: `--max-request-bytes` of etcd.
const LARGEST: usize = 1_500_000;
/// What it takes of an object's annotations.
const LONGEST_ANNOTATIONS: usize = 256 * 1024;
/// What the kubelet keeps of a program's last words.
const LONGEST_MESSAGE: usize = 4096;
/// What is kept of a log, in one line.
const LONGEST_LOG: usize = 256 * 1024;
const AT: &str = "2026-01-01T00:00:00Z";

fn diagnosed(what: &'static str, items: Vec<Value>, logs: Vec<Value>) {
    let kinds = ["Pod", "ReplicaSet", "Deployment", "Service", "EndpointSlice", "Event", "ConfigMap", "Secret"];
    let collected = kinds.map(|kind| json!({"kind": kind, "namespace": "load", "state": "collected"}));
    let recorded = json!({
        "apiVersion": "kubectl-doctor/v1", "kind": "Recording",
        "metadata": {"tool": "", "namespace": "load", "recorded": "2026-01-01T01:00:00Z"},
        "collected": collected, "names": [], "items": items, "logsCollected": true, "logs": logs,
    });
    let (_, input) = TARGETS.into_iter().find(|(name, _)| *name == "input").unwrap();
    ends(what, move || input(recorded.to_string().as_bytes()));
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "namespace": "load", "uid": format!("uid-{name}"), "creationTimestamp": AT})
}

fn owned(name: &str, kind: &str, by: &str) -> Value {
    let mut metadata = metadata(name);
    metadata["ownerReferences"] =
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": by, "uid": format!("uid-{by}"), "controller": true}]);
    metadata
}

fn crashing(name: &str, containers: usize) -> Value {
    let names = (0..containers).map(|at| format!("app-{at}"));
    let specs: Vec<Value> = names.clone().map(|name| json!({"name": name, "image": "web:1"})).collect();
    let ended = json!({"terminated": {"exitCode": 1, "reason": "Error", "startedAt": AT, "finishedAt": AT}});
    let waits = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}});
    let statuses: Vec<Value> = names
        .map(|name| json!({"name": name, "image": "web:1", "imageID": "x", "ready": false, "restartCount": 9, "state": waits, "lastState": ended}))
        .collect();
    let mut metadata = metadata(name);
    metadata["labels"] = json!({"app": "web"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": specs, "nodeName": "node"},
        "status": {"phase": "Running", "containerStatuses": statuses}})
}

fn event(at: usize, pod: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": metadata(&format!("event-{at}")), "type": "Warning", "reason": "BackOff", "message": message,
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "load", "name": pod, "uid": format!("uid-{pod}")},
        "firstTimestamp": AT, "lastTimestamp": AT, "count": 1})
}

#[test]
fn five_thousand_events_of_one_pod_and_of_many() {
    let pods = (0..50).map(|at| crashing(&format!("web-{at}"), 1));
    let of_one = (0..2500).map(|at| event(at, "web-0", &format!("Back-off restarting failed container {at}")));
    let of_many = (2500..5000).map(|at| event(at, &format!("web-{}", at % 50), "Back-off restarting failed container"));
    diagnosed("events", pods.chain(of_one).chain(of_many).collect(), Vec::new());
}

#[test]
fn a_service_with_a_thousand_endpoints_in_many_slices() {
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("web"), "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    let slices = (0..100).map(|slice| {
        let endpoint = |at: usize| json!({"addresses": [format!("10.0.{slice}.{at}")], "conditions": {"ready": at.is_multiple_of(2)},
            "targetRef": {"kind": "Pod", "namespace": "load", "name": format!("web-{}", slice * 10 + at)}});
        let mut metadata = metadata(&format!("web-{slice}"));
        metadata["labels"] = json!({"kubernetes.io/service-name": "web"});
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4",
            "ports": [{"port": 8080}], "endpoints": (0..10).map(endpoint).collect::<Vec<_>>()})
    });
    let pods = (0..1000).map(|at| crashing(&format!("web-{at}"), 1));
    diagnosed("endpoints", [service].into_iter().chain(slices).chain(pods).collect(), Vec::new());
}

#[test]
fn a_pod_of_five_hundred_containers_that_all_crash() {
    diagnosed("containers", vec![crashing("web", 500)], Vec::new());
}

#[test]
fn owners_in_a_deep_chain_and_in_circles() {
    let set = |metadata: Value| {
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata,
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}}})
    };
    let chain = (0..2000).map(|at| set(owned(&format!("set-{at}"), "ReplicaSet", &format!("set-{}", at + 1))));
    let circle =
        (0..3).map(|at| set(owned(&format!("circle-{at}"), "ReplicaSet", &format!("circle-{}", (at + 1) % 3))));
    let mut pods = vec![crashing("deep", 1), crashing("round", 1), crashing("own", 1)];
    for (pod, (kind, by)) in pods.iter_mut().zip([("ReplicaSet", "set-0"), ("ReplicaSet", "circle-0"), ("Pod", "own")])
    {
        pod["metadata"]["ownerReferences"] = owned("", kind, by)["ownerReferences"].clone();
    }
    let own = set(owned("own", "ReplicaSet", "own"));
    diagnosed("owners", pods.into_iter().chain(chain).chain(circle).chain([own]).collect(), Vec::new());
}

#[test]
fn objects_and_logs_of_the_largest_size() {
    let words = |length: usize| "connection refused dial tcp db:5432 ".repeat(length / 36);
    let settings = |name: &str, data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name), "data": data});
    let many: serde_json::Map<String, Value> = (0..40_000).map(|at| (format!("KEY_{at}"), "value".into())).collect();
    let mut pod = crashing("web", 1);
    let refers =
        |name: &str, key: &str| json!({"name": key, "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}});
    let many_settings = (0..2000).map(|at| json!({"name": format!("SETTING_{at}"), "value": words(LARGEST / 2000)}));
    let settings_of_pod = [refers("many", "KEY_399999"), refers("large", "missing")].into_iter().chain(many_settings);
    pod["spec"]["containers"][0]["env"] = settings_of_pod.collect();
    pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = words(LONGEST_MESSAGE).into();
    pod["metadata"]["annotations"] = json!({"large": words(LONGEST_ANNOTATIONS)});
    let log =
        json!({"namespace": "load", "pod": "web", "container": "app-0", "previous": true, "text": words(LONGEST_LOG)});
    let items = vec![
        pod,
        settings("large", json!({"long": words(LARGEST)})),
        settings("many", many.into()),
        event(1, "web", &words(LONGEST_MESSAGE)),
    ];
    diagnosed("large", items, vec![log]);
}
