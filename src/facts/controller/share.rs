//! What an autoscaler goes by a share of, and the pods that it is to scale do not request.

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Container, PodSpec},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::workload::Workload;

/// What pods don't request of that which their autoscaler takes a share of; all empty where nothing is missing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct UnrequestedFacts {
    /// `cpu`.
    pub resource: String,
    /// The container that does not request it.
    pub container: String,
    /// Whose it is, as kubectl takes it: `deployment/web`.
    pub of: String,
}

pub(super) fn unrequested(scaler: &HorizontalPodAutoscaler, workload: &Workload) -> UnrequestedFacts {
    // A LimitRange gives pods what their template does not say.
    let Some(spec) = workload.pods.first().and_then(|pod| pod.spec.as_ref()).or(workload.spec) else {
        return UnrequestedFacts::default();
    };
    let missing = shares(scaler).find_map(|resource| Some((lacking(spec, resource)?, resource)));
    let facts = missing.map(|(container, resource)| UnrequestedFacts {
        resource: resource.to_owned(),
        container: container.name.clone(),
        of: format!("{}/{}", workload.object.kind.to_lowercase(), workload.object.name),
    });
    facts.unwrap_or_default()
}

fn shares(scaler: &HorizontalPodAutoscaler) -> impl Iterator<Item = &str> {
    let metrics = scaler.spec.iter().flat_map(|spec| spec.metrics.iter().flatten());
    let of_pods = metrics.filter_map(|metric| metric.resource.as_ref());
    of_pods.filter(|resource| resource.target.average_utilization.is_some()).map(|resource| resource.name.as_str())
}

// A limit is a request as well, where there is no other.
fn lacking<'a>(spec: &'a PodSpec, resource: &str) -> Option<&'a Container> {
    spec.containers.iter().find(|container| {
        let asked = container.resources.as_ref();
        let lists = asked.into_iter().flat_map(|asked| [&asked.requests, &asked.limits]).flatten();
        !lists.into_iter().any(|list| list.contains_key(resource))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn missing(resources: &Value, target: &Value) -> Option<String> {
        let spec: PodSpec = serde_json::from_value(json!({"containers": [
            {"name": "web", "resources": {"requests": {"cpu": "10m"}}}, {"name": "log", "resources": resources},
        ]}))
        .unwrap();
        let scaler: HorizontalPodAutoscaler = serde_json::from_value(json!({"spec": {
            "maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }}))
        .unwrap();
        shares(&scaler).find_map(|resource| lacking(&spec, resource)).map(|container| container.name.clone())
    }

    #[test]
    fn a_share_is_of_what_every_container_requests() {
        let share = json!({"type": "Utilization", "averageUtilization": 60});
        assert_eq!(missing(&json!({"requests": {"memory": "1Mi"}}), &share).as_deref(), Some("log"));
        assert_eq!(missing(&json!({"limits": {"cpu": "1"}}), &share), None);
        assert_eq!(missing(&json!({}), &json!({"type": "AverageValue", "averageValue": "100m"})), None);
    }
}
