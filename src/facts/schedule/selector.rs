//! What a pod's selector and affinity want of nodes, and what nodes have instead.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    cluster::Cluster,
    filters::labels::{Demand, alternatives, met_by_none},
    obstacle::Filter,
    verdict::Verdict,
};
use crate::{
    document::Nearest,
    facts::{
        nearest::{Candidate, nearest},
        object,
    },
    inventory::Known,
};

/// A demand on nodes that none meets.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SelectorFacts {
    /// Whether that keeps the pod off the nodes that are nearest to taking it.
    pub at_fault: Known<bool>,
    /// What else would have to be mended for them to take it; empty where there is nothing.
    pub besides: String,
    /// The first demand that no node meets, or all of them where each is met by some node; empty where nodes are not known.
    pub term: String,
    /// The label's key in that term; empty where there are several terms.
    pub key: String,
    /// The nodes' values of that key, as words: `linux (node-1)`; empty where no node has it.
    pub values: String,
    /// The value or key that was probably meant.
    pub nearest: Vec<Nearest>,
    /// The path of the term in the pod's spec.
    pub field: String,
}

/// The facts of a pod that the scheduler has refused.
pub fn facts(cluster: &Cluster, verdict: &Verdict, pod: &Pod) -> SelectorFacts {
    let at_fault = verdict.at_fault.contains(&Filter::Selector);
    let base = SelectorFacts {
        at_fault: match cluster.places() {
            Known::Unknown(why) if verdict.is_open => Known::Unknown(why),
            _ => Known::Known(at_fault),
        },
        besides: verdict.besides(Filter::Selector),
        ..SelectorFacts::default()
    };
    let (Some(places), Some(spec)) = (cluster.places().known(), &pod.spec) else { return base };
    if !at_fault {
        return base;
    }
    let nodes: Vec<&Node> = places.iter().map(|place| place.node).collect();
    match met_by_none(spec, &nodes) {
        Some(demand) => SelectorFacts {
            term: demand.text.clone(),
            key: demand.key.clone(),
            values: values_of(&nodes, &demand.key),
            nearest: nearest_label(&nodes, &demand),
            field: demand.field.clone(),
            ..base
        },
        None => {
            let all: Vec<String> =
                alternatives(spec).into_iter().next().into_iter().flatten().map(|demand| demand.text).collect();
            SelectorFacts { term: all.join(" and "), ..base }
        }
    }
}

/// The nodes' values of a label, as words: `ssd (node-1, node-2)`.
pub fn values_of(nodes: &[&Node], key: &str) -> String {
    let mut by_value: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        if let Some(value) = label(node, key) {
            by_value.entry(value).or_default().push(object::name(&node.metadata));
        }
    }
    let words = by_value.iter().map(|(value, nodes)| {
        let who = if nodes.len() > 3 { format!("{} nodes", nodes.len()) } else { nodes.join(", ") };
        format!("{value} ({who})")
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The label of a node that was probably meant.
pub fn nearest_label(nodes: &[&Node], demand: &Demand) -> Vec<Nearest> {
    let values: Vec<&str> = nodes.iter().filter_map(|node| label(node, &demand.key)).collect();
    let of_values =
        demand.values.iter().flat_map(|wanted| nearest(wanted, values.iter().map(|value| Candidate::named(value))));
    let found: Vec<Nearest> =
        of_values.map(|found| Nearest { value: format!("{}={}", demand.key, found.value), why: found.why }).collect();
    if !found.is_empty() || !values.is_empty() {
        return found;
    }
    // A key that no node has may be another's misspelling; one that carries the wanted value says more.
    let labels = nodes.iter().flat_map(|node| node.metadata.labels.iter().flatten());
    let keys =
        labels.map(|(key, value)| Candidate { name: key, holds: demand.values.contains(value), note: String::new() });
    nearest(&demand.key, keys)
}

fn label<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.metadata.labels.as_ref()?.get(key).map(String::as_str)
}
