//! Managed fields, kept as text: few are ever read, and taken apart they are many times as large as the object itself.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// An object in which each manager's fields were never taken apart.
pub struct Packed(pub Value);

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

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

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object of the API")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Packed(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = if key == "fieldsV1" {
                entries.next_value::<&RawValue>()?.get().into()
            } else {
                entries.next_value::<Packed>()?.0
            };
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_read_packed_is_what_would_be_packed_after_reading() {
        let text =
            r#"{"metadata":{"managedFields":[{"fieldsV1":{"f:spec":{}}}]},"spec":{"a":[1,-2,0.5,true,null,"é\n"]}}"#;
        let mut object: Value = serde_json::from_str(text).unwrap();
        pack(&mut object);
        assert_eq!(serde_json::from_str::<Packed>(text).unwrap().0, object);
    }

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
