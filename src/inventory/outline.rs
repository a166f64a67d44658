//! What the metadata of a ConfigMap or Secret tells of its content.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

/// Keys by the managers that wrote them, and when that was: a manager's fields are those that there are
/// (<https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Keys that it has; there may be others.
    pub keys: BTreeSet<String>,
    /// When one of them was last written, at the latest.
    pub changed: Option<Timestamp>,
}

impl Outline {
    /// Reads it off an object's metadata.
    pub fn of(object: &Value) -> Self {
        let mut outline = Self::default();
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let parts = ["f:data", "f:binaryData"].map(|part| entry.get("fieldsV1")?.get(part)?.as_object());
            let keys: Vec<&str> = parts
                .into_iter()
                .flatten()
                .flat_map(|part| part.keys())
                .filter_map(|key| key.strip_prefix("f:"))
                .collect();
            if !keys.is_empty() {
                let time = entry.get("time").and_then(|time| time.as_str()?.parse().ok());
                outline.changed = outline.changed.max(time);
                outline.keys.extend(keys.into_iter().map(str::to_owned));
            }
        }
        outline
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_their_last_change_stand_in_the_managed_fields() {
        let entry = |time: &str, fields: Value| json!({"manager": "m", "time": time, "fieldsV1": fields});
        let object = json!({"metadata": {"managedFields": [
            entry("2026-01-01T00:00:00Z", json!({"f:data": {".": {}, "f:PORT": {}}})),
            entry("2026-01-02T00:00:00Z", json!({"f:binaryData": {"f:logo": {}}})),
            entry("2026-01-03T00:00:00Z", json!({"f:metadata": {"f:labels": {}}})),
        ]}});
        let outline = Outline::of(&object);
        assert_eq!(outline.keys, BTreeSet::from(["PORT".to_owned(), "logo".to_owned()]));
        assert_eq!(outline.changed, Some("2026-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(Outline::of(&json!({"metadata": {}})), Outline::default());
    }
}
