//! Node selectors and required node affinity
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>).

use k8s_openapi::api::core::v1::{Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec};

use crate::facts::schedule::{
    cluster::Place,
    obstacle::{Filter, Obstacle},
};

/// One demand on a node, and where it stands in the pod's spec.
#[derive(Debug, Clone)]
pub struct Demand {
    /// `disktype=ssd`, or `zone In [a, b]`.
    pub text: String,
    /// The label's key.
    pub key: String,
    /// The values that would do.
    pub values: Vec<String>,
    /// Its path.
    pub field: String,
    requirement: NodeSelectorRequirement,
    of_field: bool,
}

impl Demand {
    /// Whether a node meets it.
    pub fn is_met(&self, node: &Node) -> bool {
        meets(value(node, &self.key, self.of_field), &self.requirement)
    }
}

/// Each alternative of what a pod demands of nodes: its node selector, and one term of its required affinity.
pub fn alternatives(spec: &PodSpec) -> Vec<Vec<Demand>> {
    let selector: Vec<Demand> =
        spec.node_selector.iter().flatten().map(|(key, value)| of_selector(key, value)).collect();
    let terms = required(spec).map(|required| required.node_selector_terms.as_slice()).unwrap_or_default();
    if terms.is_empty() {
        return if selector.is_empty() { Vec::new() } else { vec![selector] };
    }
    let with_selector = |(index, term): (usize, &NodeSelectorTerm)| {
        let path =
            format!("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{index}]");
        selector.iter().cloned().chain(of_term(term, &path)).collect()
    };
    terms.iter().enumerate().map(with_selector).collect()
}

/// The first demand that no node meets; nothing where each is met by some node, for one of the alternatives.
pub fn met_by_none(spec: &PodSpec, nodes: &[&Node]) -> Option<Demand> {
    let alternatives = alternatives(spec);
    let is_met = |demand: &Demand| nodes.iter().any(|node| demand.is_met(node));
    if alternatives.iter().any(|demands| demands.iter().all(is_met)) {
        return None;
    }
    alternatives.into_iter().flatten().find(|demand| !is_met(demand))
}

/// What a node lacks of what the pod demands.
pub fn unmet(place: &Place, pod: &Pod) -> Option<Obstacle> {
    let alternatives = alternatives(pod.spec.as_ref()?);
    let unmet = |demands: &Vec<Demand>| -> Vec<Demand> {
        demands.iter().filter(|demand| !demand.is_met(place.node)).cloned().collect()
    };
    let least = alternatives.iter().map(unmet).min_by_key(Vec::len).filter(|unmet| !unmet.is_empty())?;
    let words = least.iter().map(|demand| match value(place.node, &demand.key, demand.of_field) {
        Some(value) => format!("{}: {value}, not {}", demand.key, wanted(demand)),
        None if demand.key.is_empty() => demand.text.clone(),
        None => format!("no label {}", demand.key),
    });
    let what = least.iter().map(|demand| demand.text.as_str()).collect::<Vec<_>>().join(" and ");
    Some(Obstacle::new(Filter::Selector, what, words.collect::<Vec<_>>().join(", ")))
}

/// Whether a node meets what a pod demands of it.
pub fn admits(place: &Place, pod: &Pod) -> bool {
    unmet(place, pod).is_none()
}

/// Whether a node meets one of a selector's terms, as of a PersistentVolume's node affinity.
pub fn selects(selector: &NodeSelector, place: &Place) -> bool {
    selector.node_selector_terms.iter().any(|term| of_term(term, "").all(|demand| demand.is_met(place.node)))
}

/// A selector in words: `kubernetes.io/hostname In [node-2]`.
pub fn describe(selector: &NodeSelector) -> String {
    let term = |term: &NodeSelectorTerm| of_term(term, "").map(|demand| demand.text).collect::<Vec<_>>().join(" and ");
    selector.node_selector_terms.iter().map(term).collect::<Vec<_>>().join(", or ")
}

fn required(spec: &PodSpec) -> Option<&NodeSelector> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    affinity.required_during_scheduling_ignored_during_execution.as_ref()
}

fn of_selector(key: &str, value: &str) -> Demand {
    Demand {
        text: format!("{key}={value}"),
        key: key.to_owned(),
        values: vec![value.to_owned()],
        field: format!("nodeSelector.{key}"),
        requirement: NodeSelectorRequirement {
            key: key.to_owned(),
            operator: "In".to_owned(),
            values: Some(vec![value.to_owned()]),
        },
        of_field: false,
    }
}

fn of_term<'t>(term: &'t NodeSelectorTerm, path: &'t str) -> impl Iterator<Item = Demand> + 't {
    let asks_nothing = term.match_expressions.iter().chain(&term.match_fields).flatten().next().is_none();
    let labels = term.match_expressions.iter().flatten().map(|requirement| (requirement, false));
    let fields = term.match_fields.iter().flatten().map(|requirement| (requirement, true));
    let demands = labels.chain(fields).map(|(requirement, of_field)| {
        let values = requirement.values.clone().unwrap_or_default();
        let list = if values.is_empty() { String::new() } else { format!(" [{}]", values.join(", ")) };
        Demand {
            text: format!("{} {}{list}", requirement.key, requirement.operator),
            key: requirement.key.clone(),
            values,
            field: path.to_owned(),
            requirement: requirement.clone(),
            of_field,
        }
    });
    demands.chain(asks_nothing.then(|| of_empty_term(path)))
}

// "An empty preferred scheduling term matches all objects", and a required one none.
fn of_empty_term(path: &str) -> Demand {
    Demand {
        text: "an empty term, which no node matches".to_owned(),
        key: String::new(),
        values: Vec::new(),
        field: path.to_owned(),
        requirement: NodeSelectorRequirement { operator: NEVER.to_owned(), ..NodeSelectorRequirement::default() },
        of_field: false,
    }
}

// No operator of the API's.
const NEVER: &str = "Never";

fn wanted(demand: &Demand) -> String {
    match demand.requirement.operator.as_str() {
        "In" => demand.values.join(" or "),
        operator => format!("{operator} {}", demand.values.join(", ")).trim_end().to_owned(),
    }
}

// The only field that a node can be chosen by is its name.
fn value<'n>(node: &'n Node, key: &str, of_field: bool) -> Option<&'n str> {
    match of_field {
        true => node.metadata.name.as_deref().filter(|_| key == "metadata.name"),
        false => node.metadata.labels.as_ref()?.get(key).map(String::as_str),
    }
}

// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators
fn meets(value: Option<&str>, requirement: &NodeSelectorRequirement) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let is_one_of = |value: &str| values.iter().any(|wanted| wanted == value);
    let bound = || values.first().and_then(|bound| bound.parse::<i64>().ok());
    let number = || value.and_then(|value| value.parse::<i64>().ok());
    match requirement.operator.as_str() {
        "In" => value.is_some_and(is_one_of),
        "NotIn" => !value.is_some_and(is_one_of),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number().zip(bound()).is_some_and(|(value, bound)| value > bound),
        "Lt" => number().zip(bound()).is_some_and(|(value, bound)| value < bound),
        operator => operator != NEVER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_required_term_that_asks_for_nothing_matches_no_node() {
        let node = Node::default();
        assert!(of_term(&NodeSelectorTerm::default(), "").all(|demand| !demand.is_met(&node)));
        assert_eq!(of_term(&NodeSelectorTerm::default(), "").count(), 1);
    }

    #[test]
    fn a_nodes_value_meets_each_operator_as_the_scheduler_has_it() {
        let meets = |value: Option<&str>, operator: &str, values: &[&str]| {
            let values = Some(values.iter().map(|value| (*value).to_owned()).collect());
            super::meets(value, &NodeSelectorRequirement { key: "key".into(), operator: operator.into(), values })
        };
        assert!(meets(Some("a"), "In", &["a", "b"]) && !meets(None, "In", &["a"]));
        assert!(meets(None, "NotIn", &["a"]) && !meets(Some("a"), "NotIn", &["a"]));
        assert!(meets(Some(""), "Exists", &[]) && !meets(None, "Exists", &[]));
        assert!(meets(None, "DoesNotExist", &[]) && !meets(Some("a"), "DoesNotExist", &[]));
        assert!(meets(Some("5"), "Gt", &["4"]) && !meets(Some("4"), "Gt", &["4"]) && !meets(Some("x"), "Gt", &["4"]));
        assert!(meets(Some("3"), "Lt", &["4"]) && !meets(None, "Lt", &["4"]));
    }
}
