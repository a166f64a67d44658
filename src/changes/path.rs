//! The path of a field, as findings name it: `spec.template.spec.containers[name=web].image`, `spec.ports[0].targetPort`,
//! `metadata.annotations[example.com/owner]`.

use std::fmt;

use serde_json::Value;

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A field, or the key of a map.
    Field(String),
    /// An item of a list by its place.
    Index(usize),
    /// An item of a list by its `name`.
    Named(String),
}

/// The way to a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Reads one. A key that holds dots stands in brackets, but for the last of a `nodeSelector`.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end > 0 {
                steps.push(Step::Field(rest[..end].to_owned()));
            }
            rest = &rest[end..];
            if let Some(inside) = rest.strip_prefix('[') {
                let close = inside.find(']').unwrap_or(inside.len());
                steps.push(in_brackets(&inside[..close]));
                rest = inside.get(close + 1..).unwrap_or_default();
            }
            if let Some(after) = rest.strip_prefix('.') {
                if matches!(steps.last(), Some(Step::Field(last)) if last == "nodeSelector") {
                    steps.push(Step::Field(after.to_owned()));
                    break;
                }
                rest = after;
            }
        }
        Self(steps)
    }

    /// The path of a field below.
    pub fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether one of the two is the other, or holds it.
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }

    /// Whether it is the other, or holds it.
    pub fn holds(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.meets(other)
    }

    /// Whether it is this field or one beneath.
    pub fn is_below(&self, field: &str) -> bool {
        Self::parse(field).holds(self)
    }

    /// What it leads to.
    pub fn follow<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(object, take)
    }

    /// The same with items that have a name by that, as far as they are there: two ways of naming one field become one.
    pub fn by_names(&self, object: &Value) -> Self {
        let mut at = Some(object);
        let named = |step: &Step| {
            let below = at.and_then(|value| take(value, step));
            let is_item = at.is_some_and(Value::is_array);
            at = below;
            let name = below.and_then(|item| item.get("name")).and_then(Value::as_str).filter(|_| is_item);
            name.map_or_else(|| step.clone(), |name| Step::Named(name.to_owned()))
        };
        Self(self.0.iter().map(named).collect())
    }
}

fn in_brackets(key: &str) -> Step {
    match (key.strip_prefix("name="), key.parse()) {
        (Some(name), _) => Step::Named(name.to_owned()),
        (None, Ok(index)) => Step::Index(index),
        (None, Err(_)) => Step::Field(key.to_owned()),
    }
}

/// One step further.
pub fn take<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Field(name) => value.get(name),
        // A label's key may be a number.
        Step::Index(index) if value.is_object() => value.get(index.to_string()),
        Step::Index(index) => value.get(index),
        Step::Named(name) => {
            value.as_array()?.iter().find(|item| item.get("name").and_then(Value::as_str) == Some(name))
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(key) if key.contains(['.', '/']) => write!(f, "[{key}]")?,
                Step::Field(key) if place == 0 => f.write_str(key)?,
                Step::Field(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Named(name) => write!(f, "[name={name}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_read_and_written_is_the_same() {
        for text in [
            "spec.selector",
            "spec.ports[0].targetPort",
            "spec.template.spec.containers[name=web].env[name=PORT].value",
            "metadata.annotations[kubernetes.io/ingress.class]",
            "webhooks[name=check.example.com]",
        ] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
    }

    #[test]
    fn a_key_with_dots_is_one_step() {
        let last = |text| Path::parse(text).0.pop();
        let arch = Some(Step::Field("kubernetes.io/arch".to_owned()));
        assert_eq!(last("spec.nodeSelector.kubernetes.io/arch"), arch);
        assert_eq!(last("spec.nodeSelector[kubernetes.io/arch]"), arch);
    }

    #[test]
    fn items_are_found_by_place_and_name_and_keys_that_are_numbers_in_maps() {
        let object = json!({"list": [{"name": "a", "v": 1}, {"name": "b", "v": 2}], "data": {"8080": "x"}});
        assert_eq!(Path::parse("list[1].v").follow(&object), Some(&json!(2)));
        assert_eq!(Path::parse("list[name=b].v").follow(&object), Some(&json!(2)));
        assert_eq!(Path::parse("data[8080]").follow(&object), Some(&json!("x")));
        assert_eq!(Path::parse("list[2].v").follow(&object), None);
        assert_eq!(Path::parse("list[1].v").by_names(&object), Path::parse("list[name=b].v"));
    }

    #[test]
    fn paths_meet_where_one_holds_the_other() {
        let meet = |one, other| Path::parse(one).meets(&Path::parse(other));
        assert!(meet("spec.rules", "spec.rules[0].host") && meet("spec.rules[0].host", "spec.rules"));
        assert!(!meet("spec.rules", "spec.rulesX") && !meet("spec.a.b", "spec.a.c"));
    }
}
