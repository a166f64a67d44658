//! Managed fields, kept as text: few are ever read, and taken apart they are many times as large as the object itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;

/// Makes a text of each manager's fields.
pub fn pack(object: &mut Value) {
    each(object, |fields| *fields = fields.to_string().into());
}

/// Takes them apart again.
pub fn unpack(mut object: Value) -> Value {
    each(&mut object, |fields| {
        if let Some(unpacked) = unpacked(fields) {
            *fields = unpacked;
        }
    });
    object
}

/// The fields of one manager.
pub fn of(entry: &ManagedFieldsEntry) -> Option<Value> {
    let fields = &entry.fields_v1.as_ref()?.0;
    Some(unpacked(fields).unwrap_or_else(|| fields.clone()))
}

fn unpacked(fields: &Value) -> Option<Value> {
    serde_json::from_str(fields.as_str()?).ok()
}

fn each(object: &mut Value, change: impl Fn(&mut Value)) {
    let entries = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut);
    entries.into_iter().flatten().filter_map(|entry| entry.get_mut("fieldsV1")).for_each(change);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_as_it_was() {
        let object = json!({"metadata": {"managedFields": [
            {"manager": "a", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "b"},
        ]}});
        let mut packed = object.clone();
        pack(&mut packed);
        assert!(packed["metadata"]["managedFields"][0]["fieldsV1"].is_string());
        let entry = serde_json::from_value(packed["metadata"]["managedFields"][0].clone()).unwrap();
        assert_eq!(of(&entry), Some(json!({"f:spec": {"f:replicas": {}}})));
        assert_eq!(unpack(packed), object);
    }
}
