//! Cordons, and taints that a pod does not tolerate
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>).

use k8s_openapi::api::core::v1::{Pod, Taint, Toleration};

use crate::facts::schedule::{
    cluster::Place,
    obstacle::{Filter, Obstacle},
};

const CORDON: &str = "node.kubernetes.io/unschedulable";

// With these the cluster itself says how a node fares.
const UNREADY: [(&str, &str); 8] = [
    ("node.kubernetes.io/not-ready", "not ready"),
    ("node.kubernetes.io/unreachable", "unreachable"),
    ("node.kubernetes.io/network-unavailable", "its network is not up"),
    ("node.kubernetes.io/memory-pressure", "short of memory"),
    ("node.kubernetes.io/disk-pressure", "short of disk"),
    ("node.kubernetes.io/pid-pressure", "short of process ids"),
    ("node.kubernetes.io/out-of-service", "out of service"),
    ("node.cloudprovider.kubernetes.io/uninitialized", "not initialized by the cloud provider"),
];

/// Whether a node is cordoned, for a pod that minds.
pub fn cordon(place: &Place, pod: &Pod) -> Option<Obstacle> {
    let is_cordoned = place.node.spec.as_ref().is_some_and(|spec| spec.unschedulable == Some(true));
    let taint = Taint { key: CORDON.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() };
    (is_cordoned && !is_tolerated(&taint, pod)).then(|| Obstacle::new(Filter::Cordon, "", "cordoned"))
}

/// The first taints that keep a pod off: what the cluster says of the node's health apart from what people do.
pub fn taint(place: &Place, pod: &Pod) -> Vec<Obstacle> {
    let taints = place.node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let minded: Vec<&Taint> =
        taints.iter().filter(|taint| repels(taint) && taint.key != CORDON && !is_tolerated(taint, pod)).collect();
    let health = |taint: &Taint| UNREADY.iter().find(|(key, _)| *key == taint.key).map(|(_, words)| *words);
    let mut obstacles = Vec::new();
    // A node that went away carries the same taint twice, once for each effect.
    if let Some(words) = minded.iter().find_map(|taint| health(taint)) {
        obstacles.push(Obstacle::new(Filter::Unready, words, words));
    }
    let others: Vec<&&Taint> = minded.iter().filter(|taint| health(taint).is_none()).collect();
    if !others.is_empty() {
        let text = others.iter().map(|taint| describe(taint)).collect::<Vec<_>>().join(", ");
        let mut obstacle = Obstacle::new(Filter::Taint, text.clone(), format!("taint {text}"));
        let of_control_plane = |taint: &Taint| {
            matches!(taint.key.as_str(), "node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master")
        };
        obstacle.extra_cost = if others.iter().any(|taint| of_control_plane(taint)) { 2 } else { 0 };
        obstacles.push(obstacle);
    }
    obstacles
}

/// Whether nothing but the cluster's word on its health keeps a pod off by taints.
pub fn tolerates_all(place: &Place, pod: &Pod) -> bool {
    let taints = place.node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    taints.iter().all(|taint| !repels(taint) || is_tolerated(taint, pod))
}

/// A toleration of a taint that `describe` has described, as YAML in one line.
pub fn toleration(taint: &str) -> String {
    let (pair, effect) = taint.rsplit_once(':').unwrap_or((taint, ""));
    let effect = if effect.is_empty() { String::new() } else { format!(", effect: {effect}") };
    match pair.split_once('=') {
        Some((key, value)) => format!("{{key: {key}, operator: Equal, value: \"{value}\"{effect}}}"),
        None => format!("{{key: {pair}, operator: Exists{effect}}}"),
    }
}

/// The taint that a toleration is for, as kubectl writes it; nothing where it is for many.
pub fn tolerated(toleration: &Toleration) -> Option<String> {
    let key = toleration.key.clone().filter(|key| !key.is_empty())?;
    let effect = toleration.effect.clone().unwrap_or_default();
    Some(describe(&Taint { key, value: toleration.value.clone(), effect, time_added: None }))
}

/// `gpu=true:NoSchedule`, as kubectl writes it.
pub fn describe(taint: &Taint) -> String {
    match taint.value.as_deref() {
        Some(value) if !value.is_empty() => format!("{}={value}:{}", taint.key, taint.effect),
        _ => format!("{}:{}", taint.key, taint.effect).trim_end_matches(':').to_owned(),
    }
}

fn repels(taint: &Taint) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

fn is_tolerated(taint: &Taint, pod: &Pod) -> bool {
    pod.spec.iter().flat_map(|spec| spec.tolerations.iter().flatten()).any(|toleration| tolerates(toleration, taint))
}

/// Whether a toleration is for a taint.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let is_about_it = (key.is_empty() || key == taint.key) && (effect.is_empty() || effect == taint.effect);
    is_about_it
        && match toleration.operator.as_deref().unwrap_or("Equal") {
            "Exists" => true,
            // Only Exists may leave the key out.
            "Equal" | "" => {
                !key.is_empty()
                    && toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default()
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_toleration_is_compared_by_key_operator_value_and_effect() {
        let taint: Taint =
            serde_json::from_value(json!({"key": "gpu", "value": "true", "effect": "NoSchedule"})).unwrap();
        let tolerates = |toleration| tolerates(&serde_json::from_value(toleration).unwrap(), &taint);
        assert!(tolerates(json!({"operator": "Exists"})));
        assert!(tolerates(json!({"key": "gpu", "operator": "Exists"})));
        assert!(tolerates(json!({"key": "gpu", "value": "true"})));
        assert!(tolerates(json!({"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"})));
        assert!(!tolerates(json!({"key": "gpu", "value": "yes"})));
        assert!(!tolerates(json!({"key": "gpus", "operator": "Exists"})));
        assert!(!tolerates(json!({"key": "gpu", "operator": "Exists", "effect": "NoExecute"})));
    }

    #[test]
    fn a_toleration_is_made_of_a_taint() {
        assert_eq!(
            toleration("gpu=true:NoSchedule"),
            "{key: gpu, operator: Equal, value: \"true\", effect: NoSchedule}"
        );
        assert_eq!(toleration("gpu:NoExecute"), "{key: gpu, operator: Exists, effect: NoExecute}");
    }
}
