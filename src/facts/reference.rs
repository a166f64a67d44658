//! What a pod template refers to by name: ConfigMaps, Secrets, claims, ServiceAccounts.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, PodSpec, Secret, Volume};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    container,
    events::{EventFacts, Events},
    nearest::{Candidate, nearest},
    object, pull,
    workload::{Workload, lacks_pods, phase},
};
use crate::{
    document::{Evidence, Nearest},
    inventory::{Inventory, Known, Lookup},
    kind::Kind,
};

/// One object, or one key of it, that a workload's pods can't do without.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ReferenceFacts {
    /// `ConfigMap`, `Secret`, `PersistentVolumeClaim`, `ServiceAccount`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The key; empty where the object as a whole is meant.
    pub key: String,
    /// Whether it is named only as a pull secret, without which the kubelet tries all the same.
    pub pull_secret: bool,
    /// Each place that names it, as words.
    pub places: String,
    /// The path of the first of them in the workload.
    pub field: String,
    /// Whether the object is there: by its own look-up, else by a component's words.
    pub exists: Known<bool>,
    /// Whether the object has the key; true where no key is meant.
    pub has_key: Known<bool>,
    /// The keys that the object has, as words: `its keys are PORT, HOST`; empty where that is not known.
    pub keys: String,
    /// Objects or keys that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The namespaces that have an object of this kind and name, as words: `namespace shop has one`; empty
    /// where none has, or where more than three have.
    pub elsewhere: String,
    /// Whether a pod can't start or can't be made for want of it. Otherwise its pods run, until they restart.
    pub blocks: bool,
    /// A JSON patch of the workload that names the nearest instead.
    pub patch: String,
    /// A component's words about it.
    pub evidence: Vec<Evidence>,
}

const PULL_SECRETS: &str = "imagePullSecrets";

struct Place {
    text: String,
    /// JSON pointer below the pod spec to the name, and to the key.
    name_at: String,
    key_at: String,
}

type Wanted = (Kind, String, String);

/// The names and keys that a pod spec can't do without, each with the places that name it.
pub struct References(BTreeMap<Wanted, Vec<Place>>);

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
                self.add(Kind::ConfigMap, &map.name, "", text.clone(), &format!("{at}/configMap/name"), "");
                for (nth, item) in map.items.iter().flatten().enumerate() {
                    self.add(
                        Kind::ConfigMap,
                        &map.name,
                        &item.key,
                        text.clone(),
                        &format!("{at}/configMap/name"),
                        &format!("{at}/configMap/items/{nth}/key"),
                    );
                }
            }
            if let Some(secret) = volume.secret.as_ref().filter(|secret| secret.optional != Some(true)) {
                let name = secret.secret_name.as_deref().unwrap_or_default();
                self.add(Kind::Secret, name, "", text.clone(), &format!("{at}/secret/secretName"), "");
                for (nth, item) in secret.items.iter().flatten().enumerate() {
                    self.add(
                        Kind::Secret,
                        name,
                        &item.key,
                        text.clone(),
                        &format!("{at}/secret/secretName"),
                        &format!("{at}/secret/items/{nth}/key"),
                    );
                }
            }
            if let Some(claim) = &volume.persistent_volume_claim {
                self.add(
                    Kind::PersistentVolumeClaim,
                    &claim.claim_name,
                    "",
                    text.clone(),
                    &format!("{at}/persistentVolumeClaim/claimName"),
                    "",
                );
            }
            let sources =
                volume.projected.as_ref().and_then(|projected| projected.sources.as_deref()).unwrap_or_default();
            for (part, source) in sources.iter().enumerate() {
                let text = format!("projected volume {}", volume.name);
                let at = format!("{at}/projected/sources/{part}");
                if let Some(map) = source.config_map.as_ref().filter(|map| map.optional != Some(true)) {
                    self.add(Kind::ConfigMap, &map.name, "", text.clone(), &format!("{at}/configMap/name"), "");
                    for (nth, item) in map.items.iter().flatten().enumerate() {
                        self.add(
                            Kind::ConfigMap,
                            &map.name,
                            &item.key,
                            text.clone(),
                            &format!("{at}/configMap/name"),
                            &format!("{at}/configMap/items/{nth}/key"),
                        );
                    }
                }
                if let Some(secret) = source.secret.as_ref().filter(|secret| secret.optional != Some(true)) {
                    self.add(Kind::Secret, &secret.name, "", text.clone(), &format!("{at}/secret/name"), "");
                    for (nth, item) in secret.items.iter().flatten().enumerate() {
                        self.add(
                            Kind::Secret,
                            &secret.name,
                            &item.key,
                            text.clone(),
                            &format!("{at}/secret/name"),
                            &format!("{at}/secret/items/{nth}/key"),
                        );
                    }
                }
            }
        }
    }

    /// The facts of each.
    pub fn facts(&self, inventory: &Inventory, events: &Events, workload: &Workload) -> Vec<ReferenceFacts> {
        let said = Said::of(inventory, events, workload);
        let one = |(wanted, places): (&Wanted, &Vec<Place>)| {
            one(inventory, &said, workload, wanted, &self.keys_of(wanted.0, &wanted.1), places)
        };
        self.0.iter().map(one).collect()
    }
}

fn one(
    inventory: &Inventory,
    said: &Said,
    workload: &Workload,
    (kind, name, key): &Wanted,
    wanted_keys: &BTreeSet<&str>,
    places: &[Place],
) -> ReferenceFacts {
    let namespace = &workload.object.namespace;
    let words = said.about(*kind, name, key);
    let exists = match inventory.exists(*kind, namespace, name) {
        // The kubelet's own words are evidence, for somebody who may not look: what lacks a key is there.
        Lookup::Unknown(_) if !words.is_empty() => Known::Known(!key.is_empty()),
        found => found.exists(),
    };
    let keys = keys_of(inventory, *kind, namespace, name);
    let has_key = match &keys {
        _ if key.is_empty() => Known::Known(true),
        Known::Unknown(_) if !words.is_empty() => Known::Known(false),
        Known::Unknown(why) => Known::Unknown(why.clone()),
        Known::Known(keys) => Known::Known(keys.contains(key)),
    };
    let names = inventory.known_names(*kind);
    let nearest = if key.is_empty() {
        let here = names.iter().filter(|(other, _)| other == namespace);
        let holds = |other: &str| {
            let keys = keys_of(inventory, *kind, namespace, other).known().unwrap_or_default();
            !wanted_keys.is_empty() && wanted_keys.iter().all(|wanted| keys.iter().any(|key| key == wanted))
        };
        nearest(
            name,
            here.map(|(_, other)| {
                let holds = holds(other);
                let keys = wanted_keys.iter().copied().collect::<Vec<_>>().join(", ");
                Candidate { name: other, holds, note: if holds { format!("has key {keys}") } else { String::new() } }
            }),
        )
    } else {
        let keys = keys.as_ref().known().cloned().unwrap_or_default();
        nearest_key(key, &keys)
    };
    let better = nearest.first().map(|nearest| nearest.value.clone()).unwrap_or_default();
    let first = places.first();
    let pull_secret = places.iter().all(|place| place.text.starts_with(PULL_SECRETS));
    let at = |place: &Place| if key.is_empty() { place.name_at.clone() } else { place.key_at.clone() };
    ReferenceFacts {
        kind: kind.to_string(),
        name: name.clone(),
        key: key.clone(),
        pull_secret,
        places: join_unique(places),
        field: first.map(&at).filter(|at| !at.is_empty()).map(|at| field_path(workload, &at)).unwrap_or_default(),
        elsewhere: elsewhere(names.iter().filter(|(other, found)| found == name && other != namespace)),
        blocks: if pull_secret { said.refused } else { said.blocks },
        patch: patch(workload, places.iter().map(at), if key.is_empty() { name } else { key }, &better),
        keys: keys.known().map(|keys| words_for(&keys)).unwrap_or_default(),
        evidence: words,
        exists,
        has_key,
        nearest,
        better,
    }
}

fn words_for(keys: &[String]) -> String {
    match keys {
        [] => "it has no keys".to_owned(),
        [only] => format!("its only key is {only}"),
        keys => format!("its keys are {}", keys.join(", ")),
    }
}

fn elsewhere<'a>(found: impl Iterator<Item = &'a (String, String)>) -> String {
    let namespaces: Vec<_> = found.map(|(namespace, _)| namespace.as_str()).collect();
    match namespaces.as_slice() {
        [] | [_, _, _, _, ..] => String::new(),
        [one] => format!("namespace {one} has one of that name"),
        some => format!("namespaces {} have one of that name", some.join(", ")),
    }
}

// The only key there is was probably meant, even where it is written quite differently.
fn nearest_key(wanted: &str, keys: &[String]) -> Vec<Nearest> {
    let found = nearest(wanted, keys.iter().map(|key| Candidate { name: key, holds: false, note: String::new() }));
    match keys {
        [only] if found.is_empty() => vec![Nearest { value: only.clone(), why: "the only key there is".to_owned() }],
        _ => found,
    }
}

fn keys_of(inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> Known<Vec<String>> {
    let found = match kind {
        Kind::ConfigMap => match inventory.get::<ConfigMap>(namespace, name) {
            Lookup::Present(map) => {
                let text = map.data.iter().flatten().map(|(key, _)| key.clone());
                let binary = map.binary_data.iter().flatten().map(|(key, _)| key.clone());
                Lookup::Present(text.chain(binary).collect())
            }
            Lookup::Absent => Lookup::Absent,
            Lookup::Unknown(why) => Lookup::Unknown(why),
        },
        Kind::Secret => match inventory.get::<Secret>(namespace, name) {
            Lookup::Present(secret) => {
                Lookup::Present(secret.data.iter().flatten().map(|(key, _)| key.clone()).collect())
            }
            Lookup::Absent => Lookup::Absent,
            Lookup::Unknown(why) => Lookup::Unknown(why),
        },
        _ => Lookup::Present(Vec::new()),
    };
    match found {
        Lookup::Present(keys) => Known::Known(keys),
        // Where the object is absent its keys are no subject: the missing object is.
        Lookup::Absent => Known::Unknown(format!("{}: {name} is not there", kind.info().plural)),
        Lookup::Unknown(why) => Known::Unknown(why),
    }
}

fn join_unique(places: &[Place]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for place in places {
        if !texts.contains(&place.text.as_str()) {
            texts.push(&place.text);
        }
    }
    texts.join(", ")
}

fn field_path(workload: &Workload, pointer: &str) -> String {
    let mut path = workload.spec_path.to_owned();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        match part.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => {
                path.push('.');
                path.push_str(part);
            }
        }
    }
    path
}

// Each replacement is guarded by a test of the old value, so that the patch can't hit another place.
fn patch(workload: &Workload, pointers: impl Iterator<Item = String>, old: &str, new: &str) -> String {
    let pointers: Vec<_> = pointers.filter(|pointer| !pointer.is_empty()).collect();
    if new.is_empty() || pointers.is_empty() {
        return String::new();
    }
    let root = format!("/{}", workload.spec_path.replace('.', "/"));
    let steps: Vec<_> = pointers
        .into_iter()
        .flat_map(|pointer| {
            let path = format!("{root}{pointer}");
            [json!({"op": "test", "path": path, "value": old}), json!({"op": "replace", "path": path, "value": new})]
        })
        .collect();
    serde_json::Value::from(steps).to_string()
}

/// What components say now about a workload's pods and their making.
struct Said {
    words: Vec<Evidence>,
    blocks: bool,
    refused: bool,
}

impl Said {
    fn of(inventory: &Inventory, events: &Events, workload: &Workload) -> Self {
        let mut words = Vec::new();
        let mut blocked = 0;
        let mut refused = false;
        for pod in &workload.pods {
            if is_blocked(pod) {
                refused |= pull::is_refused(inventory, events, pod);
                blocked += 1;
                words.extend(words_about(events, pod));
            }
        }
        let lacks_pods = lacks_pods(inventory, workload);
        if lacks_pods {
            let parts = workload.parts.iter().chain([&workload.object]);
            let refused = parts.filter_map(|part| events.newest(&part.uid, |event| event.reason == "FailedCreate"));
            words.extend(refused.map(EventFacts::evidence));
        }
        Self { words, blocks: blocked > 0 || lacks_pods, refused }
    }

    // The kubelet's and controllers' wordings of a missing object and a missing key.
    fn about(&self, kind: Kind, name: &str, key: &str) -> Vec<Evidence> {
        let is_it = |text: &str| {
            if key.is_empty() {
                let quoted = format!("{} \"{name}\" not found", kind.info().name.to_lowercase());
                text.contains(&quoted) || (kind == Kind::Secret && is_unretrieved(text, name))
            } else {
                let in_env = text
                    .split_once(&format!("couldn't find key {key} in {kind} "))
                    .and_then(|(_, rest)| rest.split_whitespace().next()?.split_once('/'))
                    .is_some_and(|(_, found)| found == name);
                let word = if kind == Kind::Secret { "secret" } else { "config" };
                in_env || text.contains(&format!("references non-existent {word} key: {key}"))
            }
        };
        let mut found: Vec<Evidence> = self.words.iter().filter(|evidence| is_it(&evidence.text)).cloned().collect();
        found.dedup_by(|one, other| one.text == other.text);
        found.truncate(2);
        found
    }
}

// `Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.`
fn is_unretrieved(text: &str, name: &str) -> bool {
    let named = text
        .split_once("Unable to retrieve some image pull secrets (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(named, _)| named);
    named.is_some_and(|named| named.split(", ").any(|found| found == name))
}

// A pod that has not begun to run, or waits for its configuration.
fn is_blocked(pod: &Pod) -> bool {
    let waits = container::containers(pod).into_iter().any(|(spec, init)| {
        let waiting =
            container::status(pod, &spec.name, init).and_then(|status| status.state.as_ref()?.waiting.as_ref());
        waiting.is_some_and(|waiting| waiting.reason.as_deref() != Some("PodInitializing"))
    });
    phase(pod) == "Pending" || waits
}

fn words_about(events: &Events, pod: &Pod) -> Vec<Evidence> {
    let mut words = Vec::new();
    for (spec, init) in container::containers(pod) {
        let waiting =
            container::status(pod, &spec.name, init).and_then(|status| status.state.as_ref()?.waiting.as_ref());
        if let Some(message) = waiting.and_then(|waiting| waiting.message.as_deref()) {
            let list = if init { "initContainerStatuses" } else { "containerStatuses" };
            let field = format!("status.{list}[{}].state.waiting", spec.name);
            words.push(object::pod_evidence(pod, &field, message, None));
        }
    }
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    for condition in
        conditions.iter().filter(|condition| condition.type_ == "PodScheduled" && condition.status == "False")
    {
        if let Some(message) = &condition.message {
            words.push(object::pod_evidence(
                pod,
                "status.conditions[PodScheduled]",
                message,
                condition.last_transition_time.as_ref(),
            ));
        }
    }
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    for reason in ["FailedMount", "FailedToRetrieveImagePullSecret"] {
        words.extend(events.newest(uid, |event| event.reason == reason).map(EventFacts::evidence));
    }
    words
}
