//! The scheduler's own words.

use k8s_openapi::api::core::v1::{Pod, PodCondition};

use super::obstacle::Filter;
use crate::facts::{object, workload::phase};

// In the words of Kubernetes' default plugins; 1.34 and before.
const WORDS: [(&str, Filter); 16] = [
    ("were unschedulable", Filter::Cordon),
    ("had untolerated taint", Filter::Taint),
    ("didn't match Pod's node affinity", Filter::Selector),
    ("didn't match node selector", Filter::Selector),
    ("didn't match scheduler-enforced node affinity", Filter::Selector),
    // Of nodes that are not among those which every term of the affinity names.
    ("didn't satisfy plugin(s) [NodeAffinity]", Filter::Selector),
    ("didn't have free ports", Filter::Port),
    ("Insufficient ", Filter::Resources),
    ("Too many pods", Filter::Pods),
    ("PersistentVolume's node affinity", Filter::Volume),
    ("had volume node affinity conflict", Filter::Volume),
    ("had no available volume zone", Filter::Volume),
    ("didn't match pod topology spread constraints", Filter::Spread),
    ("didn't match pod affinity rules", Filter::Affinity),
    ("didn't match pod anti-affinity rules", Filter::Affinity),
    ("didn't satisfy existing pods anti-affinity rules", Filter::Affinity),
];

/// One reason why nodes will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which of its filters says so.
    pub filter: Filter,
    /// Of how many nodes.
    pub nodes: usize,
    /// `node(s) had untolerated taint {gpu: true}`.
    pub text: String,
}

impl Reason {
    /// Whether it depends on what runs on the nodes, which may have changed since.
    pub fn is_of_the_moment(&self) -> bool {
        self.filter.is_of_the_moment() && !self.text.contains("missing required label")
    }
}

/// The condition with which the scheduler says that no node will do.
pub fn unschedulable(pod: &Pod) -> Option<&PodCondition> {
    scheduled(pod)
        .filter(|condition| condition.status == "False" && condition.reason.as_deref() == Some("Unschedulable"))
}

/// What is said of whether a pod that waits has been given a node.
pub fn scheduled(pod: &Pod) -> Option<&PodCondition> {
    if phase(pod) != "Pending" {
        return None;
    }
    object::pod_condition(pod, "PodScheduled")
}

/// Why nodes will not do, as one text.
///
/// `0/3 nodes are available: 2 Insufficient cpu, 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: …`
pub fn reasons_text(message: &str) -> &str {
    let reasons = message.split_once(" nodes are available: ").map_or(message, |(_, reasons)| reasons);
    // Reasons are sentences' parts; what follows the first full stop is of preemption and claims.
    reasons.split(". ").next().unwrap_or_default().trim_end_matches('.')
}

/// Why nodes will not do, one by one.
pub fn reasons(message: &str) -> Vec<Reason> {
    // A taint's value may hold a comma; a reason begins with the number of nodes.
    let mut found: Vec<Reason> = Vec::new();
    for part in reasons_text(message).split(", ") {
        let (count, text) = part.split_once(' ').unwrap_or(("", part));
        match (count.parse(), found.last_mut()) {
            (Ok(nodes), _) => found.push(Reason { filter: filter(text), nodes, text: text.to_owned() }),
            (Err(_), Some(last)) => last.text = format!("{}, {part}", last.text),
            (Err(_), None) => found.push(Reason { filter: filter(part), nodes: 0, text: part.to_owned() }),
        }
    }
    found
}

/// Whether the words alone do not tell what is at fault: the scheduler looks at cordons and taints before it looks at
/// selectors, so that of a node which it names for those nobody knows whether it has the labels. Nor is it known of a
/// cordoned node whether it would take the pod otherwise, while others are kept off by what they are or run.
pub fn is_ambiguous(reasons: &[Reason]) -> bool {
    let names = |filter: Filter| reasons.iter().any(|reason| reason.filter == filter);
    let closed = [Filter::Cordon, Filter::Unready].into_iter().any(names);
    let is_further = |reason: &Reason| ![Filter::Cordon, Filter::Unready, Filter::Taint].contains(&reason.filter);
    closed && reasons.iter().any(is_further) || names(Filter::Taint) && names(Filter::Selector)
}

/// The resources that nodes lack.
pub fn lacking(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for reason in reasons(message) {
        let Some(name) = reason.text.strip_prefix("Insufficient ") else { continue };
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

fn filter(text: &str) -> Filter {
    // The cluster taints a node that is not ready.
    if text.contains("untolerated taint") && text.contains("{node.kubernetes.io/") {
        return if text.contains("{node.kubernetes.io/unschedulable") { Filter::Cordon } else { Filter::Unready };
    }
    WORDS.iter().find(|(words, _)| text.contains(words)).map_or(Filter::Other, |(_, filter)| *filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_apart_by_the_number_of_nodes() {
        let message = "0/6 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {a: b, c}, \
                       3 node(s) had untolerated taint {node.kubernetes.io/unreachable: }. preemption: 0/6 nodes are available.";
        let found: Vec<_> = reasons(message).into_iter().map(|reason| (reason.nodes, reason.filter)).collect();
        assert_eq!(found, [(1, Filter::Resources), (2, Filter::Taint), (3, Filter::Unready)]);
        assert_eq!(lacking(message), ["cpu"]);
    }

    #[test]
    fn a_taint_beside_a_selector_leaves_open_which_of_them_is_at_fault() {
        let selector = "didn't match Pod's node affinity/selector";
        let taint = "had untolerated taint {node-role.kubernetes.io/control-plane: }";
        let is_open =
            |said: &str| is_ambiguous(&reasons(&format!("0/4 nodes are available: {said}. preemption: 0/4.")));
        assert!(is_open(&format!("1 node(s) {taint}, 3 node(s) {selector}")));
        assert!(!is_open(&format!("4 node(s) {selector}")));
        assert!(!is_open(&format!("1 node(s) {taint}, 3 Insufficient cpu")));
        assert!(is_open("1 node(s) were unschedulable, 3 Insufficient cpu"));
        assert!(!is_open(&format!("1 node(s) were unschedulable, 3 node(s) {taint}")));
    }

    #[test]
    fn what_is_said_of_the_pod_as_a_whole_is_one_reason() {
        let found = reasons(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes.",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].filter, Filter::Other);
    }
}
