//! The arithmetic against what the scheduler of a real cluster has made of random pods, as
//! `tests/scheduling/agree-at-random` collects it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    filters,
    obstacle::{Filter, Judged},
    said::{self, Reason},
};
use crate::{
    inventory::{Inventory, Known},
    source::recording,
};

const SAMPLE: &str = include_str!("../../../tests/scheduling/sample.json");

/// Nodes, what runs on them, and the pods that were tried one after the other.
#[derive(Deserialize)]
struct World {
    nodes: Vec<Value>,
    pods: Vec<Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    pod: Value,
    /// Where it was placed.
    node: Option<String>,
    /// Why it was not.
    #[serde(default)]
    message: String,
}

/// How many nodes the first filter that fails keeps off, by filter and what it says.
type Counted = BTreeMap<String, usize>;

#[test]
fn the_arithmetic_agrees_with_the_scheduler() {
    let told = std::env::var("ORACLE_SCHEDULING")
        .map_or_else(|_| SAMPLE.to_owned(), |path| std::fs::read_to_string(path).unwrap());
    let worlds: Vec<World> = serde_json::from_str(&told).unwrap();
    let wrong: Vec<String> = worlds.iter().flat_map(World::disagreements).collect();
    let count: usize = worlds.iter().map(|world| world.cases.len()).sum();
    println!("{} of {count} pods agree with the scheduler", count - wrong.len());
    assert!(
        wrong.is_empty(),
        "{} of {count} pods do not agree\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(count > 0);
}

impl World {
    fn disagreements(&self) -> Vec<String> {
        let inventory = self.inventory();
        let cluster = Cluster::of(&inventory);
        let tell = |case: &Case| case.disagreement(&cluster).map(|what| format!("{what}\n  {}", case.pod));
        self.cases.iter().filter_map(tell).collect()
    }

    fn inventory(&self) -> Inventory {
        let namespace = |name: &str, team: &str| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {
                "kubernetes.io/metadata.name": name, "kdoc-agree-team": team,
            }}})
        };
        let namespaces = [namespace("oracle-scheduling", "a"), namespace("oracle-scheduling-b", "b")];
        let items: Vec<&Value> = namespaces.iter().chain(&self.nodes).chain(&self.pods).collect();
        let collected: Vec<Value> =
            ["Namespace", "Node", "Pod"].map(|kind| json!({"kind": kind, "state": "collected"})).into();
        let recorded = json!({
            "apiVersion": "kubectl-doctor/v1", "kind": "Recording",
            "metadata": {"tool": "", "namespace": "oracle-scheduling", "recorded": "2026-01-01T00:00:00Z"},
            "collected": collected, "names": [], "items": items, "logsCollected": false, "logs": [],
        });
        recording::read(&recorded.to_string()).unwrap().0
    }
}

impl Case {
    fn disagreement(&self, cluster: &Cluster) -> Option<String> {
        let pod: Pod = serde_json::from_value(self.pod.clone()).unwrap();
        let Known::Known(places) = cluster.places() else { panic!("nodes are known") };
        let judged = filters::judge(cluster, places, &pod);
        if let Some(node) = &self.node {
            let there = judged.iter().find(|judged| judged.place.name() == node)?;
            let words: Vec<_> = there.obstacles.iter().map(|obstacle| obstacle.words.as_str()).collect();
            return (!words.is_empty()).then(|| format!("placed on {node}, which {}", words.join("; ")));
        }
        let (ours, theirs) = (counted(&judged, &pod), said(&self.message));
        (ours != theirs).then(|| format!("{ours:?}, but the scheduler says {theirs:?}: {}", self.message))
    }
}

fn counted(judged: &[Judged], pod: &Pod) -> Counted {
    let mut counted = Counted::new();
    for judged in judged {
        for reason in first(judged, pod) {
            *counted.entry(reason).or_default() += 1;
        }
    }
    counted
}

// The first filter that fails; of resources, every one that is lacking.
fn first(judged: &Judged, pod: &Pod) -> Vec<String> {
    if is_elsewhere_by_name(judged, pod) {
        return vec![key(Filter::Selector, "")];
    }
    let Some(first) = judged.obstacles.first() else { return vec!["nothing".to_owned()] };
    match first.filter {
        Filter::Resources | Filter::Pods => resources_short(judged, pod),
        filter => vec![key(filter, &first.what)],
    }
}

fn resources_short(judged: &Judged, pod: &Pod) -> Vec<String> {
    let short = filters::resources::short(judged.place, pod);
    let reason = |resource: &String| match resource.as_str() {
        "pods" => key(Filter::Pods, ""),
        name => key(Filter::Resources, &format!("Insufficient {name}")),
    };
    short.iter().map(reason).collect()
}

// Where every alternative names its nodes, the scheduler looks at no others.
fn is_elsewhere_by_name(judged: &Judged, pod: &Pod) -> bool {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref()?.node_affinity.as_ref());
    let Some(required) = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref()) else {
        return false;
    };
    let named = required.node_selector_terms.iter().map(|term| {
        let fields = term.match_fields.iter().flatten().filter(|field| field.operator == "In");
        fields.filter_map(|field| field.values.clone()).next()
    });
    let named: Option<Vec<_>> = named.collect();
    named.is_some_and(|terms| !terms.is_empty() && !terms.iter().flatten().any(|name| name == judged.place.name()))
}

fn said(message: &str) -> Counted {
    let mut counted = Counted::new();
    for Reason { filter, nodes, text } in said::reasons(message) {
        *counted.entry(key(filter, &text)).or_default() += nodes;
    }
    counted
}

// What both say of it.
fn key(filter: Filter, what: &str) -> String {
    let detail = match filter {
        // The scheduler names the first taint in the node's order, whoever made it.
        Filter::Unready => return key(Filter::Taint, what),
        Filter::Resources => what.trim_start_matches("Insufficient ").to_owned(),
        Filter::Affinity => match what {
            _ if what.contains("existing pods anti-affinity") || what.contains("of a pod there") => "of others",
            _ if what.contains("anti-affinity") => "anti",
            _ => "",
        }
        .to_owned(),
        _ => String::new(),
    };
    format!("{filter:?} {detail}").trim_end().to_owned()
}
