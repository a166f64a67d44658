//! Manifests: objects as people write them, which no server has looked at yet.

use k8s_openapi::ByteString;
use serde_json::{Map, Value};

use super::{Reader, word};
use crate::{
    document::ObjectRef,
    facts::{manifest::removed, nearest::nearest_name},
    inventory::Manifest,
    kind::Kind,
};

const METADATA: &str = "metadata";

/// Whether an object has nothing of what a server gives it.
pub fn is_one(object: &Value) -> bool {
    let metadata = &object[METADATA];
    let is_given = |field: &str| !metadata[field].is_null();
    let has_status = object["status"].as_object().is_some_and(|status| !status.is_empty());
    !has_status && !["uid", "resourceVersion", "creationTimestamp"].into_iter().any(is_given)
}

/// Whether no server serves its version any more.
pub fn is_removed(object: &Value) -> bool {
    removed(word(object, "kind"), word(object, "apiVersion")).is_some()
}

/// Takes what is misspelt `metadate` for the metadata, without which nobody could say which object this is.
pub fn name_metadata(object: &mut Value) {
    let Some(map) = object.as_object_mut().filter(|map| !map.contains_key(METADATA)) else { return };
    let is_meant = |(key, value): &(&String, &Value)| {
        value.is_object() && nearest_name(key, [METADATA]).is_some() && value.get("name").is_some()
    };
    let meant = map.iter().find(is_meant).map(|(key, _)| key.clone());
    if let Some(metadata) = meant.and_then(|key| map.remove(&key)) {
        map.insert(METADATA.to_owned(), metadata);
    }
}

/// Puts what a Secret's manifest has as text where the server keeps it.
pub fn keep_texts(secret: &mut Value) {
    let Some(map) = secret.as_object_mut() else { return };
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    let data = map.entry("data").or_insert_with(|| Value::Object(Map::new()));
    for (key, text) in texts {
        let bytes = text.as_str().unwrap_or_default().as_bytes().to_vec();
        if let (Some(data), Ok(encoded)) = (data.as_object_mut(), serde_json::to_value(ByteString(bytes))) {
            data.insert(key, encoded);
        }
    }
}

impl Reader<'_> {
    /// Keeps how an object is written, where it is a manifest; the object says which one it is.
    pub(super) fn note_manifest(&mut self, written: Option<Value>, object: &Value) {
        let Some(written) = written else { return };
        let metadata = &object[METADATA];
        let lives_in_one = |kind: &Kind| kind.info().name == word(object, "kind") && kind.info().namespaced;
        let namespace = match word(metadata, "namespace") {
            "" if Kind::ALL.iter().any(lives_in_one) => self.namespace,
            given => given,
        };
        let object = ObjectRef {
            api_version: word(object, "apiVersion").to_owned(),
            kind: word(object, "kind").to_owned(),
            namespace: namespace.to_owned(),
            name: word(metadata, "name").to_owned(),
            uid: String::new(),
        };
        self.known += 1;
        self.namespaces.extend(Some(object.namespace.clone()).filter(|namespace| !namespace.is_empty()));
        self.input.inventory.insert_manifest(Manifest { object, place: self.place.clone(), written });
    }
}
