//! Who manages an object: where a change has to be made that is to last.

use serde_json::Value;

use crate::{document::ManagedBy, kind::Kind};

/// Who manages an object; nothing where nobody is known to. What reconciles on its own comes before what it
/// installs with: Argo CD and Flux leave Helm's labels in place.
pub fn of(object: &Value) -> Option<ManagedBy> {
    let mark = Marks { metadata: object.get("metadata")? };
    flux(&mark).or_else(|| argo_cd(&mark)).or_else(|| helm(&mark)).or_else(|| owner(&mark)).or_else(|| label(&mark))
}

struct Marks<'a> {
    metadata: &'a Value,
}

impl<'a> Marks<'a> {
    fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata.get("labels")?.get(key)?.as_str()
    }

    fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata.get("annotations")?.get(key)?.as_str()
    }

    fn is_written_by(&self, manager: &str) -> bool {
        let fields = self.metadata.get("managedFields").and_then(Value::as_array);
        fields.is_some_and(|fields| fields.iter().any(|entry| entry["manager"] == manager))
    }

    fn controller(&self) -> Option<&'a Value> {
        self.metadata.get("ownerReferences")?.as_array()?.iter().find(|owner| owner["controller"] == true)
    }
}

fn managed(name: String, shown_by: &str, advice: &str) -> ManagedBy {
    ManagedBy { name, shown_by: shown_by.to_owned(), advice: advice.to_owned() }
}

// https://fluxcd.io/flux/components/kustomize/kustomizations/, https://fluxcd.io/flux/components/helm/helmreleases/
fn flux(mark: &Marks) -> Option<ManagedBy> {
    const ADVICE: &str = "change it in the Git repository; a patch here is undone within minutes";
    for (group, kind) in [("kustomize.toolkit.fluxcd.io", "Kustomization"), ("helm.toolkit.fluxcd.io", "HelmRelease")] {
        if let Some(name) = mark.label(&format!("{group}/name")) {
            let namespace = mark.label(&format!("{group}/namespace")).unwrap_or_default();
            let name = format!("Flux {kind} {}", in_namespace(name, namespace));
            return Some(managed(name, &format!("metadata.labels[{group}/name]"), ADVICE));
        }
    }
    None
}

// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/: `app:group/kind:namespace/name`.
fn argo_cd(mark: &Marks) -> Option<ManagedBy> {
    const TRACKING: &str = "argocd.argoproj.io/tracking-id";
    const INSTANCE: &str = "argocd.argoproj.io/instance";
    const ADVICE: &str = "change it in the Git repository; a patch here is undone by the next sync";
    let named = |name: &str, shown_by: String| managed(format!("Argo CD Application {name}"), &shown_by, ADVICE);
    let tracked = mark.annotation(TRACKING).and_then(|id| id.split_once(':'));
    if let Some((name, _)) = tracked {
        return Some(named(name, format!("metadata.annotations[{TRACKING}]")));
    }
    if let Some(name) = mark.label(INSTANCE) {
        return Some(named(name, format!("metadata.labels[{INSTANCE}]")));
    }
    // The label that it writes where it is told nothing else is one that others write as well.
    let name = mark.label("app.kubernetes.io/instance").filter(|_| mark.is_written_by("argocd-controller"))?;
    Some(named(name, "metadata.managedFields[argocd-controller]".to_owned()))
}

// helm/helm pkg/action/validate.go, helmReleaseNameAnnotation: on all that a release installs.
fn helm(mark: &Marks) -> Option<ManagedBy> {
    const RELEASE: &str = "meta.helm.sh/release-name";
    let name = mark.annotation(RELEASE)?;
    let namespace = mark.annotation("meta.helm.sh/release-namespace").unwrap_or_default();
    let advice = "change it in the chart or its values; a patch here is undone by the next upgrade";
    let shown_by = format!("metadata.annotations[{RELEASE}]");
    Some(managed(format!("Helm release {}", in_namespace(name, namespace)), &shown_by, advice))
}

// What Kubernetes' own controllers make is reported on those already.
fn owner(mark: &Marks) -> Option<ManagedBy> {
    let owner = mark.controller()?;
    let word = |key: &str| owner.get(key).and_then(Value::as_str);
    let (kind, name) = (word("kind")?, word("name")?);
    if Kind::from_object(kind, word("apiVersion")?).is_some() {
        return None;
    }
    let advice = "change it there; what its operator writes here is undone by it";
    Some(managed(format!("{kind} {name}"), "metadata.ownerReferences", advice))
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
fn label(mark: &Marks) -> Option<ManagedBy> {
    const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
    // These apply once and never come back of themselves.
    const BY_HAND: [&str; 4] = ["kubectl", "kustomize", "manual", "manually"];
    let name = mark.label(MANAGED_BY).filter(|name| !BY_HAND.contains(&name.to_lowercase().as_str()))?;
    let advice = "change it there; a patch here may be undone";
    Some(managed(name.to_owned(), &format!("metadata.labels[{MANAGED_BY}]"), advice))
}

fn in_namespace(name: &str, namespace: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{name} in namespace {namespace}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(metadata: Value) -> Option<String> {
        of(&json!({ "metadata": metadata })).map(|managed| managed.name)
    }

    #[test]
    fn each_tool_is_known_by_what_it_leaves_on_an_object() {
        let helm = json!({"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"});
        let rollout =
            json!({"controller": true, "kind": "Prometheus", "name": "k8s", "apiVersion": "monitoring.coreos.com/v1"});
        for (metadata, expected) in [
            (json!({"annotations": helm}), "Helm release shop in namespace prod"),
            (
                json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}),
                "Flux Kustomization apps in namespace flux-system",
            ),
            (json!({"annotations": helm, "labels": {"helm.toolkit.fluxcd.io/name": "shop"}}), "Flux HelmRelease shop"),
            (
                json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/web"}}),
                "Argo CD Application shop",
            ),
            (
                json!({"labels": {"app.kubernetes.io/instance": "shop"}, "managedFields": [{"manager": "argocd-controller"}]}),
                "Argo CD Application shop",
            ),
            (json!({"ownerReferences": [rollout]}), "Prometheus k8s"),
            (
                json!({"labels": {"app.kubernetes.io/managed-by": "strimzi-cluster-operator"}}),
                "strimzi-cluster-operator",
            ),
        ] {
            assert_eq!(name(metadata.clone()).as_deref(), Some(expected), "{metadata}");
        }
    }

    #[test]
    fn what_a_person_applied_is_managed_by_nobody() {
        for metadata in [
            json!({}),
            json!({"labels": {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "Kustomize"}}),
            json!({"ownerReferences": [{"controller": true, "kind": "ReplicaSet", "name": "web-1", "apiVersion": "apps/v1"}]}),
            json!({"ownerReferences": [{"kind": "Prometheus", "name": "k8s", "apiVersion": "monitoring.coreos.com/v1"}]}),
        ] {
            assert_eq!(name(metadata.clone()), None, "{metadata}");
        }
    }
}
