//! Kinds that the doctor does not know by itself, of which a server's discovery tells: their objects stay untyped.

mod condition;
mod discovery;
mod health;
mod relatives;
mod types;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use condition::{Condition, Polarity, conditions};
pub use discovery::Root;
pub use health::{Health, changed, controller, health, is_left_behind, observed_generation};
pub use relatives::{Reference, kin, references};
pub use types::{Types, types_of_its_own};

use crate::{document::ObjectRef, facts::object, kind::Kind};

/// A kind as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The version that is asked for.
    pub version: String,
    /// As in `kind:` of a manifest.
    pub kind: String,
    /// The resource's name in paths.
    pub plural: String,
    /// kubectl's word for one of them.
    pub singular: String,
    /// kubectl's short names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<String>,
    /// Whether objects of it live in a namespace.
    pub namespaced: bool,
    /// Whether a controller writes a status of its own: it is served as a subresource.
    pub has_status: bool,
}

impl Resource {
    /// `cert-manager.io/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// What tells it from every other kind: `Certificate.cert-manager.io`.
    pub fn name(&self) -> String {
        qualified(&self.kind, &self.group)
    }

    /// A word for it, with its group where the same word means a kind that the doctor knows.
    pub fn unlike_built_in(&self, word: &str) -> String {
        if Kind::from_word(word).is_some() { qualified(word, &self.group) } else { word.to_owned() }
    }

    /// Where an object is the first that tells of its kind: the names that kubectl would guess
    /// (k8s.io/apimachinery pkg/api/meta/restmapper.go, `UnsafeGuessKindToResource`).
    pub fn of_object(kind: &str, api_version: &str, namespaced: bool) -> Self {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let singular = kind.to_lowercase();
        let plural = match singular.strip_suffix('y') {
            _ if singular.ends_with('s') => format!("{singular}es"),
            Some(stem) => format!("{stem}ies"),
            None => format!("{singular}s"),
        };
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural,
            singular,
            short: Vec::new(),
            namespaced,
            has_status: true,
        }
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

/// The name by which a kind is told from all others: built-in ones by their own, others with their group.
pub fn kind_name(kind: &str, api_version: &str) -> String {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    // The groups of custom resources are names of a domain.
    let is_known = !group.contains('.') || Kind::from_object(kind, api_version).is_some();
    if is_known { kind.to_owned() } else { qualified(kind, group) }
}

/// An object of such a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomObject {
    /// Its kind.
    pub of: Resource,
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// All of it.
    pub json: Value,
}

impl CustomObject {
    /// From what the API sends.
    ///
    /// # Errors
    /// Where its metadata is none.
    pub fn new(of: Resource, json: Value) -> Result<Self, serde_json::Error> {
        let metadata = ObjectMeta::deserialize(json.get("metadata").unwrap_or(&Value::Null))?;
        Ok(Self { of, metadata, json })
    }

    /// Its coordinates.
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.of.api_version(),
            kind: self.of.kind.clone(),
            ..object::unkinded_ref(&self.metadata)
        }
    }

    /// Whether somebody told its controller to leave it alone.
    pub fn is_paused(&self) -> bool {
        let is_set = |pointer| self.json.pointer(pointer) == Some(&Value::Bool(true));
        ["/spec/paused", "/spec/suspend", "/spec/suspended"].into_iter().any(is_set)
            || self.json.pointer("/status/phase").is_some_and(|phase| phase == "Paused" || phase == "Suspended")
    }
}
