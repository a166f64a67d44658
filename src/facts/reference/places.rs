//! Where a pod spec names ConfigMaps, Secrets, claims and ServiceAccounts.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, KeyToPath, PodSpec, Volume};

use crate::{facts::workload::Workload, kind::Kind};

/// Where a pod names its pull secrets.
pub const PULL_SECRETS: &str = "imagePullSecrets";

/// A place in a pod spec that names something.
pub struct Place {
    /// In words.
    pub text: String,
    /// JSON pointer below the pod spec to the name.
    pub name_at: String,
    /// The same to the key; empty where the object as a whole is meant.
    pub key_at: String,
}

/// Kind, name and key; the key is empty where the object as a whole is meant.
pub type Wanted = (Kind, String, String);

/// The names and keys that a pod spec can't do without, each with the places that name it.
pub struct References(pub(super) BTreeMap<Wanted, Vec<Place>>);

impl References {
    /// Reads them off a pod spec; what is `optional` is left out.
    pub fn of(spec: &PodSpec) -> Self {
        let mut references = Self(BTreeMap::new());
        references.add_containers(spec.init_containers.as_deref().unwrap_or_default(), "initContainers");
        references.add_containers(&spec.containers, "containers");
        references.add_volumes(spec);
        for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
            references.add(
                Kind::Secret,
                &secret.name,
                "",
                PULL_SECRETS.to_owned(),
                &format!("/imagePullSecrets/{index}/name"),
                "",
            );
        }
        if let Some(account) = &spec.service_account_name
            && account != "default"
        {
            references.add(
                Kind::ServiceAccount,
                account,
                "",
                "serviceAccountName".to_owned(),
                "/serviceAccountName",
                "",
            );
        }
        references
    }

    /// Reads them off a workload's pod template, and off its pods what their ServiceAccount added to it.
    pub fn of_workload(workload: &Workload) -> Option<Self> {
        let spec = workload.spec?;
        let mut references = Self::of(spec);
        let account = spec.service_account_name.as_deref().unwrap_or("default");
        let of_pods = workload.pods.iter().filter_map(|pod| pod.spec.as_ref()?.image_pull_secrets.as_ref()).flatten();
        for secret in of_pods {
            let wanted = (Kind::Secret, secret.name.clone(), String::new());
            if !secret.name.is_empty() && !references.0.contains_key(&wanted) {
                let text = format!("{PULL_SECRETS} of ServiceAccount {account}");
                let place = Place { text, name_at: String::new(), key_at: String::new() };
                references.0.insert(wanted, vec![place]);
            }
        }
        Some(references)
    }

    /// The keys that are wanted of one object.
    pub fn keys_of(&self, kind: Kind, name: &str) -> BTreeSet<&str> {
        let of_it = self.0.keys().filter(|(other, named, key)| *other == kind && named == name && !key.is_empty());
        of_it.map(|(_, _, key)| key.as_str()).collect()
    }

    /// The kinds, names and keys, in order; the key is empty where the object as a whole is meant.
    pub fn wanted(&self) -> impl Iterator<Item = (Kind, &str, &str)> {
        self.0.keys().map(|(kind, name, key)| (*kind, name.as_str(), key.as_str()))
    }

    fn add(&mut self, kind: Kind, name: &str, key: &str, text: String, name_at: &str, key_at: &str) {
        if name.is_empty() {
            return;
        }
        let place = || Place { text: text.clone(), name_at: name_at.to_owned(), key_at: key_at.to_owned() };
        self.0.entry((kind, name.to_owned(), String::new())).or_default().push(place());
        if !key.is_empty() {
            self.0.entry((kind, name.to_owned(), key.to_owned())).or_default().push(place());
        }
    }

    fn add_containers(&mut self, containers: &[Container], list: &str) {
        for (index, container) in containers.iter().enumerate() {
            for (nth, env) in container.env.iter().flatten().enumerate() {
                let Some(from) = &env.value_from else { continue };
                let text = format!("env {} of container {}", env.name, container.name);
                let at = format!("/{list}/{index}/env/{nth}/valueFrom");
                if let Some(of) = from.config_map_key_ref.as_ref().filter(|of| of.optional != Some(true)) {
                    self.add(
                        Kind::ConfigMap,
                        &of.name,
                        &of.key,
                        text,
                        &format!("{at}/configMapKeyRef/name"),
                        &format!("{at}/configMapKeyRef/key"),
                    );
                } else if let Some(of) = from.secret_key_ref.as_ref().filter(|of| of.optional != Some(true)) {
                    self.add(
                        Kind::Secret,
                        &of.name,
                        &of.key,
                        text,
                        &format!("{at}/secretKeyRef/name"),
                        &format!("{at}/secretKeyRef/key"),
                    );
                }
            }
            for (nth, from) in container.env_from.iter().flatten().enumerate() {
                let text = format!("envFrom of container {}", container.name);
                let at = format!("/{list}/{index}/envFrom/{nth}");
                if let Some(of) = from.config_map_ref.as_ref().filter(|of| of.optional != Some(true)) {
                    self.add(Kind::ConfigMap, &of.name, "", text, &format!("{at}/configMapRef/name"), "");
                } else if let Some(of) = from.secret_ref.as_ref().filter(|of| of.optional != Some(true)) {
                    self.add(Kind::Secret, &of.name, "", text, &format!("{at}/secretRef/name"), "");
                }
            }
        }
    }

    fn add_volumes(&mut self, spec: &PodSpec) {
        // Nobody wrote the token's own volume, and every namespace has what it takes: looking that up costs
        // each question about a healthy pod a second wave. Where it fails, the failed mount says so.
        let is_written = |volume: &Volume| !volume.name.starts_with("kube-api-access-");
        for (index, volume) in spec.volumes.iter().flatten().enumerate().filter(|(_, volume)| is_written(volume)) {
            let text = format!("volume {}", volume.name);
            let at = format!("/volumes/{index}");
            if let Some(map) = volume.config_map.as_ref().filter(|map| map.optional != Some(true)) {
                self.add_source(Kind::ConfigMap, &map.name, map.items.as_deref(), &text, (&at, "configMap", "name"));
            }
            if let Some(secret) = volume.secret.as_ref().filter(|secret| secret.optional != Some(true)) {
                let name = secret.secret_name.as_deref().unwrap_or_default();
                self.add_source(Kind::Secret, name, secret.items.as_deref(), &text, (&at, "secret", "secretName"));
            }
            if let Some(claim) = &volume.persistent_volume_claim {
                let name_at = format!("{at}/persistentVolumeClaim/claimName");
                self.add(Kind::PersistentVolumeClaim, &claim.claim_name, "", text, &name_at, "");
            }
            let sources =
                volume.projected.as_ref().and_then(|projected| projected.sources.as_deref()).unwrap_or_default();
            for (part, source) in sources.iter().enumerate() {
                let text = format!("projected volume {}", volume.name);
                let at = format!("{at}/projected/sources/{part}");
                if let Some(map) = source.config_map.as_ref().filter(|map| map.optional != Some(true)) {
                    self.add_source(
                        Kind::ConfigMap,
                        &map.name,
                        map.items.as_deref(),
                        &text,
                        (&at, "configMap", "name"),
                    );
                }
                if let Some(secret) = source.secret.as_ref().filter(|secret| secret.optional != Some(true)) {
                    self.add_source(
                        Kind::Secret,
                        &secret.name,
                        secret.items.as_deref(),
                        &text,
                        (&at, "secret", "name"),
                    );
                }
            }
        }
    }

    // A ConfigMap or Secret as files: the object, and each key that is named.
    fn add_source(
        &mut self,
        kind: Kind,
        name: &str,
        items: Option<&[KeyToPath]>,
        text: &str,
        (at, source, name_field): (&str, &str, &str),
    ) {
        let name_at = format!("{at}/{source}/{name_field}");
        self.add(kind, name, "", text.to_owned(), &name_at, "");
        for (nth, item) in items.unwrap_or_default().iter().enumerate() {
            self.add(kind, name, &item.key, text.to_owned(), &name_at, &format!("{at}/{source}/items/{nth}/key"));
        }
    }
}
