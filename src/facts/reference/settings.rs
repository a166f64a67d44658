//! The ConfigMaps and Secrets that one container reads, through its environment or as files.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::kind::Kind;

/// A ConfigMap or Secret that a container reads, or one key of it.
pub struct Setting<'a> {
    /// Which of the two.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// The key; empty where it is given all of them.
    pub key: &'a str,
    /// Whether the container keeps what it was given at its start, whatever becomes of the object.
    pub at_start: bool,
}

/// Each of them, as often as it is named.
pub fn settings<'a>(spec: &'a PodSpec, container: &'a Container) -> Vec<Setting<'a>> {
    let mut found = Vec::new();
    let mut add = |kind, name: Option<&'a String>, key, at_start| {
        found.extend(name.map(|name| Setting { kind, name, key, at_start }));
    };
    for from in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
        if let Some(of) = &from.config_map_key_ref {
            add(Kind::ConfigMap, Some(&of.name), of.key.as_str(), true);
        }
        if let Some(of) = &from.secret_key_ref {
            add(Kind::Secret, Some(&of.name), of.key.as_str(), true);
        }
    }
    for from in container.env_from.iter().flatten() {
        add(Kind::ConfigMap, from.config_map_ref.as_ref().map(|of| &of.name), "", true);
        add(Kind::Secret, from.secret_ref.as_ref().map(|of| &of.name), "", true);
    }
    for mount in container.volume_mounts.iter().flatten() {
        for volume in spec.volumes.iter().flatten().filter(|volume| volume.name == mount.name) {
            let file = mount.sub_path.as_deref().unwrap_or_default();
            add(Kind::ConfigMap, volume.config_map.as_ref().map(|map| &map.name), file, !file.is_empty());
            let secret = volume.secret.as_ref().and_then(|secret| secret.secret_name.as_ref());
            add(Kind::Secret, secret, file, !file.is_empty());
            for source in volume.projected.iter().flat_map(|all| all.sources.iter().flatten()) {
                add(Kind::ConfigMap, source.config_map.as_ref().map(|map| &map.name), "", false);
                add(Kind::Secret, source.secret.as_ref().map(|secret| &secret.name), "", false);
            }
        }
    }
    found
}

/// Which objects these are, but for the one that the cluster puts into every pod and nobody changes.
pub fn read_by(spec: &PodSpec, container: &Container) -> BTreeSet<(Kind, String)> {
    const ROOT_CA: &str = "kube-root-ca.crt";
    let read = settings(spec, container).into_iter().filter(|setting| setting.name != ROOT_CA);
    read.map(|setting| (setting.kind, setting.name.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_come_through_the_environment_and_as_files() {
        let spec = json!({
            "containers": [{
                "name": "web",
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "a"}}}],
                "envFrom": [{"configMapRef": {"name": "env"}}],
                "volumeMounts": [{"name": "files", "mountPath": "/etc/web"}],
            }],
            "volumes": [
                {"name": "files", "projected": {"sources": [{"configMap": {"name": "files"}}]}},
                {"name": "unused", "configMap": {"name": "unused"}},
            ],
        });
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        let found = read_by(&spec, &spec.containers[0]);
        let names: Vec<_> = found.iter().map(|(kind, name)| format!("{kind}/{name}")).collect();
        assert_eq!(names, ["ConfigMap/env", "ConfigMap/files", "Secret/key"]);
    }
}
