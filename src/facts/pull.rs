//! A failed image pull: the runtime's words, and the credentials it was tried with.

#[cfg(test)]
mod wordings;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, Secret};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    container::{self, statuses_field},
    events::{EventFacts, Events},
    gist, image, object,
};
use crate::{
    document::Evidence,
    inventory::{Inventory, Lookup, registries},
};

/// The type of a Secret whose content the server looks at.
const DOCKER_CONFIG: &str = "kubernetes.io/dockerconfigjson";

/// How the pull of a container's present image goes.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PullFacts {
    /// Whether the newest pull of the image that the spec asks for failed.
    pub failing: bool,
    /// The kubelet's reason: `ErrImagePull`, `ImagePullBackOff`, `InvalidImageName`, `ErrImageNeverPull`.
    pub reason: String,
    /// The runtime's words; empty where their event has expired.
    pub message: String,
    /// What those come down to: `docker.io/library/web:1: not found`.
    pub complaint: String,
    /// Whether the old image still runs or crashes, since the spec was edited in place.
    pub edited: bool,
    /// Which pull secrets there are and whether they are for this registry, as a sentence.
    pub credentials: String,
    /// Whether a pull secret is named.
    pub has_secret: bool,
    /// `imagePullPolicy`.
    pub policy: String,
    /// The cluster's words.
    pub evidence: Vec<Evidence>,
}

// The kubelet's reasons for a container that waits for its image (pkg/kubelet/images/types.go).
const WAITING: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// What is known of the pull of one container's image.
pub fn facts(
    inventory: &Inventory,
    pod: &Pod,
    (container, init): (&Container, bool),
    status: Option<&ContainerStatus>,
    events: &[EventFacts],
) -> PullFacts {
    let wanted = container.image.as_deref().unwrap_or_default();
    let waiting = status
        .and_then(|status| status.state.as_ref()?.waiting.as_ref())
        .filter(|waiting| WAITING.contains(&waiting.reason.as_deref().unwrap_or_default()));
    let newest = newest_pull(container, wanted, events);
    let failed = newest.filter(|event| event.reason == "Failed");
    let edited = status.is_some_and(|status| !status.image_id.is_empty() && !image::same(&status.image, wanted));
    // An old failure is no failure: it counts where the container waits for its image now, or where
    // the spec was edited and the newest word on the new image is that it can't be had.
    let failing = waiting.is_some() || (edited && failed.is_some());
    if !failing {
        return PullFacts { policy: policy(container), ..PullFacts::default() };
    }
    let waiting_message = waiting.and_then(|waiting| waiting.message.as_deref()).unwrap_or_default();
    let message = failed.map_or("", |event| event.message);
    let message = if tells_why(waiting_message) { waiting_message } else { message };
    let mut evidence = Vec::new();
    if let Some(waiting) = waiting {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        let field = format!("status.{}[{}].state.waiting", statuses_field(init), container.name);
        evidence.push(object_evidence(pod, &field, format!("{reason}: {waiting_message}")));
    }
    // Since Kubernetes 1.33 the status quotes the error as well.
    if let Some(event) = failed.filter(|event| !waiting_message.contains(gist::of(event.message))) {
        evidence.push(event.evidence());
    }
    let named = pull_secrets(pod);
    PullFacts {
        failing,
        reason: waiting.and_then(|waiting| waiting.reason.clone()).unwrap_or_else(|| "ErrImagePull".to_owned()),
        message: message.to_owned(),
        complaint: gist::of(message).to_owned(),
        edited,
        credentials: credentials(inventory, pod, &named, &image::ImageRef::parse(wanted).host),
        has_secret: !named.is_empty(),
        policy: policy(container),
        evidence,
    }
}

/// Whether a registry refuses one of a pod's images, or does not say so any more: other failed pulls need no secret.
pub fn is_refused(inventory: &Inventory, events: &Events, pod: &Pod) -> bool {
    let events = events.about(pod.metadata.uid.as_deref().unwrap_or_default());
    container::containers(pod).into_iter().any(|(spec, init)| {
        let pull = facts(inventory, pod, (spec, init), container::status(pod, &spec.name, init), events);
        let message = pull.message.to_lowercase();
        let words = [
            "401",
            "403",
            "denied",
            "unauthorized",
            "insufficient_scope",
            "authentication",
            "authorization",
            "credentials",
        ];
        pull.failing && (!tells_why(&pull.message) || words.iter().any(|word| message.contains(word)))
    })
}

/// Whether a container's status is like that of one whose pull fails; its events may tell otherwise.
pub fn may_fail(container: &Container, status: Option<&ContainerStatus>) -> bool {
    let Some(status) = status else { return false };
    let waiting =
        status.state.as_ref().and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.as_deref());
    let edited =
        !status.image_id.is_empty() && !image::same(&status.image, container.image.as_deref().unwrap_or_default());
    edited || waiting.is_some_and(|reason| WAITING.contains(&reason))
}

// `Back-off pulling image "x"` alone does not; since 1.33 the pull's error follows it.
fn tells_why(waiting_message: &str) -> bool {
    !waiting_message.is_empty()
        && (!waiting_message.starts_with("Back-off pulling image") || waiting_message.contains(": "))
}

// `Pulling`, `Pulled` and `Failed` events of this container that name this image.
fn newest_pull<'a, 'b>(
    container: &Container,
    wanted: &str,
    events: &'b [EventFacts<'a>],
) -> Option<&'b EventFacts<'a>> {
    let quoted = format!("\"{wanted}\"");
    events.iter().rev().find(|event| {
        event.is_of_container(&container.name)
            && event.message.contains(&quoted)
            && (event.reason == "Pulled"
                || (event.reason == "Failed" && event.message.starts_with("Failed to pull image")))
    })
}

fn object_evidence(pod: &Pod, field: &str, text: String) -> Evidence {
    object::pod_evidence(pod, field, text.trim_end_matches([' ', ':']), None)
}

fn policy(container: &Container) -> String {
    container.image_pull_policy.clone().unwrap_or_default()
}

/// The pull secrets that a pod names; the ServiceAccount's were copied there when it was admitted.
pub fn pull_secrets(pod: &Pod) -> Vec<&str> {
    let secrets = pod.spec.as_ref().and_then(|spec| spec.image_pull_secrets.as_deref()).unwrap_or_default();
    secrets.iter().map(|secret| secret.name.as_str()).filter(|name| !name.is_empty()).collect()
}

fn credentials(inventory: &Inventory, pod: &Pod, named: &[&str], host: &str) -> String {
    if named.is_empty() {
        return "no pull secret is named on the pod or its ServiceAccount".to_owned();
    }
    let namespace = object::namespace(&pod.metadata);
    let each: Vec<_> = named.iter().map(|name| one_secret(inventory, namespace, name, host)).collect();
    each.join("; ")
}

fn one_secret(inventory: &Inventory, namespace: &str, name: &str, host: &str) -> String {
    let secret = match inventory.get::<Secret>(namespace, name) {
        Lookup::Present(secret) => secret,
        Lookup::Absent => return format!("the pull secret {name} does not exist"),
        Lookup::Unknown(why) => return format!("the pull secret {name} could not be read ({why})"),
    };
    let kind = secret.type_.as_deref().unwrap_or("Opaque");
    let Some(hosts) = registries(secret) else {
        // The server takes none of this type that it can't read: whoever collected it has left that out.
        if kind == DOCKER_CONFIG {
            return format!("what the pull secret {name} holds could not be read");
        }
        return format!(
            "Secret {name} is of type {kind} and holds no registry credentials (kubernetes.io/dockerconfigjson is the type for that)"
        );
    };
    if hosts.iter().any(|held| is_for(held, host)) {
        format!(
            "Secret {name} has an entry for {host}, whose user name or password the registry refused, or which lacks the right to this repository"
        )
    } else if hosts.is_empty() {
        format!("Secret {name} names no registry")
    } else {
        format!("Secret {name} has no entry for {host}, only for {}", hosts.join(", "))
    }
}

// Docker's own key is `https://index.docker.io/v1/`; keys may have a scheme and a path.
fn is_for(key: &str, host: &str) -> bool {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let held = key.split('/').next().unwrap_or_default();
    let held = if held == "index.docker.io" || held == "registry-1.docker.io" { "docker.io" } else { held };
    held == host || held.strip_prefix("*.").is_some_and(|domain| host.ends_with(&format!(".{domain}")))
}
