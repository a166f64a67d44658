//! An object as its file has it, which no server has looked at yet.

mod fields;
mod mentions;
mod versions;

use schemars::JsonSchema;
use serde::Serialize;

pub use mentions::{MentionFacts, mentions};
pub use versions::removed;

use crate::{
    document::Evidence,
    inventory::{Inventory, Manifest},
    kind::Kind,
};

/// An object in a file, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ManifestFacts {
    /// `Deployment`.
    pub kind: String,
    /// As it is written: `apps/v1beta2`.
    pub api_version: String,
    /// The first version of Kubernetes that does not serve this; empty where it is served.
    pub removed_in: String,
    /// What serves the kind in its place; empty where nothing does, or none is needed.
    pub served: String,
    /// Whether the cluster is known not to have it.
    pub absent: bool,
    /// The file.
    pub file: String,
    /// Where it is written.
    pub evidence: Vec<Evidence>,
}

/// A field in a file that its kind does not have, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FieldFacts {
    /// `spec.replcas`.
    pub path: String,
    /// `replcas`.
    pub name: String,
    /// The field that was meant.
    pub meant: String,
    /// Where it is written.
    pub evidence: Vec<Evidence>,
}

/// The facts of an object in a file.
pub fn facts(inventory: &Inventory, manifest: &Manifest) -> ManifestFacts {
    let (kind, api_version) = (manifest.object.kind.clone(), manifest.object.api_version.clone());
    let known = Kind::from_object(&kind, &api_version);
    let (namespace, name) = (&manifest.object.namespace, &manifest.object.name);
    let removed = removed(&kind, &api_version);
    ManifestFacts {
        evidence: vec![written(manifest, format!("apiVersion: {api_version}"))],
        absent: known.is_some_and(|kind| inventory.exists(kind, namespace, name).is_absent()),
        file: manifest.file().to_owned(),
        removed_in: removed.map(|it| it.since.to_owned()).unwrap_or_default(),
        served: removed.map(|it| it.served.to_owned()).unwrap_or_default(),
        kind,
        api_version,
    }
}

/// The fields of an object in a file that its kind does not have.
pub fn misspelt(manifest: &Manifest) -> Vec<FieldFacts> {
    let object = &manifest.object;
    let kind = Kind::from_object(&object.kind, &object.api_version);
    let Some(kind) = kind.filter(|kind| kind.api_version() == object.api_version) else { return Vec::new() };
    let facts = |it: fields::Misspelt| FieldFacts {
        path: it.path.to_string(),
        evidence: vec![written(manifest, format!("{}:", it.name))],
        name: it.name,
        meant: it.meant,
    };
    fields::misspelt(kind, &manifest.written).into_iter().map(facts).collect()
}

fn written(manifest: &Manifest, text: String) -> Evidence {
    Evidence { source: manifest.place.clone(), text, at: None }
}
