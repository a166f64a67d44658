//! Absent is not unknown: the answers that a look-up can give.

use serde::{Serialize, Serializer};

/// What a look-up of one object found.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<T> {
    /// It is there.
    Present(T),
    /// It was looked for and is not there.
    Absent,
    /// It was not looked at; the text says what and why: `secrets: forbidden`.
    Unknown(String),
}

impl<T> Lookup<T> {
    /// The object, where it is known to be there.
    pub fn present(self) -> Option<T> {
        match self {
            Lookup::Present(found) => Some(found),
            Lookup::Absent | Lookup::Unknown(_) => None,
        }
    }

    /// Whether it is known not to be there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Lookup::Absent)
    }

    /// Whether it is there, where that is known.
    pub fn exists(&self) -> Known<bool> {
        match self {
            Lookup::Present(_) => Known::Known(true),
            Lookup::Absent => Known::Known(false),
            Lookup::Unknown(why) => Known::Unknown(why.clone()),
        }
    }
}

/// A fact that may be unknown. In a rule's condition an unknown fact is an
/// error that says what was not looked at; it is never false and never empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Known<T> {
    /// The fact.
    Known(T),
    /// What was not looked at, and why.
    Unknown(String),
}

impl<T: Default> Default for Known<T> {
    fn default() -> Self {
        Known::Known(T::default())
    }
}

/// The key under which an unknown fact travels from Serialize to the engine.
pub const UNKNOWN: &str = "\u{0}unknown";

impl<T> Known<T> {
    /// The fact, where it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Known::Known(fact) => Some(fact),
            Known::Unknown(_) => None,
        }
    }

    /// The fact, where it is known.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Known::Known(fact) => Known::Known(fact),
            Known::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    /// What follows from the fact.
    pub fn map<U>(self, then: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Known::Known(fact) => Known::Known(then(fact)),
            Known::Unknown(why) => Known::Unknown(why),
        }
    }
}

impl<T: Serialize> Serialize for Known<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Known::Known(fact) => fact.serialize(serializer),
            Known::Unknown(why) => std::collections::BTreeMap::from([(UNKNOWN, why)]).serialize(serializer),
        }
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Known<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }
}
