//! What a pod asks of each resource.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Pod, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::facts::quantity;

/// Amounts by the name of the resource, in cores, bytes or pieces.
pub type Amounts = BTreeMap<String, f64>;

/// What a pod asks of each resource: its containers' sum, or the largest init container where that
/// is more, and the overhead (<https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>).
pub fn requests(pod: &Pod) -> Amounts {
    let mut sum = Amounts::new();
    let Some(spec) = &pod.spec else { return sum };
    for container in &spec.containers {
        add(&mut sum, &of(container.resources.as_ref()));
    }
    let mut largest = Amounts::new();
    let mut sidecars = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let asked = of(container.resources.as_ref());
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sidecars, &asked);
            raise(&mut largest, &sidecars);
            continue;
        }
        let mut at_once = sidecars.clone();
        add(&mut at_once, &asked);
        raise(&mut largest, &at_once);
    }
    add(&mut sum, &sidecars);
    raise(&mut sum, &largest);
    // What is asked for the pod as a whole stands above what its containers ask for.
    sum.extend(of(spec.resources.as_ref()));
    add(&mut sum, &amounts(spec.overhead.as_ref()));
    sum.insert("pods".to_owned(), 1.0);
    sum
}

/// Amounts as the API writes them.
pub fn amounts(list: Option<&BTreeMap<String, Quantity>>) -> Amounts {
    let amount = |(name, amount): (&String, &Quantity)| (name.clone(), quantity::parse(&amount.0).unwrap_or(0.0));
    list.into_iter().flatten().map(amount).collect()
}

/// Adds amounts to others.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *sum.entry(name.clone()).or_default() += amount;
    }
}

fn raise(most: &mut Amounts, to: &Amounts) {
    for (name, amount) in to {
        let known = most.entry(name.clone()).or_default();
        *known = known.max(*amount);
    }
}

fn of(resources: Option<&ResourceRequirements>) -> Amounts {
    amounts(resources.and_then(|resources| resources.requests.as_ref()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_asks_for_its_containers_sum_or_for_its_largest_init_container() {
        let cpu = |amount: &str| json!({"requests": {"cpu": amount}});
        let pod: Pod = serde_json::from_value(json!({"metadata": {}, "spec": {
            "overhead": {"cpu": "100m"},
            "initContainers": [
                {"name": "sidecar", "restartPolicy": "Always", "resources": cpu("200m")},
                {"name": "big", "resources": cpu("2")},
            ],
            "containers": [{"name": "a", "resources": cpu("500m")}, {"name": "b", "resources": cpu("1")}],
        }}))
        .unwrap();
        assert!((requests(&pod)["cpu"] - 2.3).abs() < 1e-9);
    }
}
