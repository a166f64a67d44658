//! Coordinates of objects and the cluster's words about them, as facts.

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Pod, PodCondition},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time},
};

use crate::{
    document::{Evidence, ObjectRef},
    kind::{Kept, Kind},
};

/// An object's coordinates.
pub fn object_ref<T: Kept>(object: &T) -> ObjectRef {
    ref_of(T::OF, object.metadata())
}

/// The coordinates of an object by its kind and metadata.
pub fn ref_of(kind: Kind, metadata: &ObjectMeta) -> ObjectRef {
    ObjectRef { api_version: kind.api_version(), kind: kind.info().name.to_owned(), ..unkinded_ref(metadata) }
}

/// What an object's metadata tells of its coordinates.
pub fn unkinded_ref(metadata: &ObjectMeta) -> ObjectRef {
    ObjectRef {
        api_version: String::new(),
        kind: String::new(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
    }
}

/// The coordinates that an owner reference names.
pub fn owner_ref(owner: &OwnerReference, namespace: &str) -> ObjectRef {
    ObjectRef {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        namespace: namespace.to_owned(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
    }
}

/// The owner that manages an object, where it has one.
pub fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.as_ref()?.iter().find(|owner| owner.controller == Some(true))
}

/// A timestamp as the document writes it.
pub fn time(time: &Time) -> String {
    time.0.to_string()
}

/// How many seconds ago something was, counted from `now`.
pub fn seconds_since(now: Timestamp, then: &Time) -> i64 {
    now.as_second() - then.0.as_second()
}

/// `metadata.name`, or nothing.
pub fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// `metadata.namespace`, or nothing.
pub fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or_default()
}

/// A condition of a pod by its type.
pub fn pod_condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}

/// A condition of a pod as evidence.
pub fn condition_evidence(pod: &Pod, condition: &PodCondition) -> Evidence {
    let field = format!("status.conditions[{}]", condition.type_);
    let words = condition.message.clone().unwrap_or_default();
    pod_evidence(pod, &field, words, condition.last_transition_time.as_ref())
}

/// How many there are, as a fact.
pub fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A field of a pod as evidence.
pub fn pod_evidence(pod: &Pod, field: &str, text: impl Into<String>, at: Option<&Time>) -> Evidence {
    Evidence { source: format!("Pod/{} {field}", name(&pod.metadata)), text: text.into(), at: at.map(time) }
}
