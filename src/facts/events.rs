//! What the cluster's components said of an object, oldest first.

use std::collections::HashMap;

use k8s_openapi::{api::core::v1::Event, apimachinery::pkg::apis::meta::v1::Time};

use super::object;
use crate::{document::Evidence, inventory::Inventory};

/// One event, with the times that its several fields give.
#[derive(Debug, Clone)]
pub struct EventFacts<'a> {
    /// `Failed`, `BackOff`.
    pub reason: &'a str,
    /// The component's words.
    pub message: &'a str,
    /// `spec.containers{web}`, where it speaks of one container.
    pub field_path: &'a str,
    /// When it was last seen.
    pub at: Option<&'a Time>,
    /// `Pod/web`.
    pub object: String,
}

impl EventFacts<'_> {
    /// The event as evidence.
    pub fn evidence(&self) -> Evidence {
        Evidence {
            source: format!("Event {} on {}", self.reason, self.object),
            text: self.message.trim_end().to_owned(),
            at: self.at.map(object::time),
        }
    }

    /// Whether it speaks of this container: events name it in `fieldPath` as `spec.containers{web}`.
    pub fn is_of_container(&self, container: &str) -> bool {
        self.field_path.ends_with(&format!("{{{container}}}"))
    }

    /// When it was last seen, in seconds.
    pub fn second(&self) -> i64 {
        self.at.map_or(i64::MIN, |at| at.0.as_second())
    }
}

/// The events by the object that they are about.
pub struct Events<'a>(HashMap<&'a str, Vec<EventFacts<'a>>>);

impl<'a> Events<'a> {
    /// Indexes all events by the uid of their object: a name may be reused by a later object.
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut by_uid: HashMap<&str, Vec<EventFacts>> = HashMap::new();
        for event in inventory.seen_anywhere::<Event>() {
            let Some(uid) = event.involved_object.uid.as_deref() else { continue };
            by_uid.entry(uid).or_default().push(facts(event));
        }
        for events in by_uid.values_mut() {
            events.sort_by_key(EventFacts::second);
        }
        Self(by_uid)
    }

    /// What was said of an object, oldest first.
    pub fn about(&self, uid: &str) -> &[EventFacts<'a>] {
        self.0.get(uid).map_or(&[], Vec::as_slice)
    }

    /// Every event there is, for what is known by its name alone.
    pub fn all(&self) -> impl Iterator<Item = &EventFacts<'a>> {
        self.0.values().flatten()
    }

    /// The newest event about an object that is like this.
    pub fn newest(&self, uid: &str, like: impl Fn(&EventFacts) -> bool) -> Option<&EventFacts<'a>> {
        self.about(uid).iter().rev().find(|event| like(event))
    }
}

/// One event, as it is.
pub fn facts(event: &Event) -> EventFacts<'_> {
    let about = &event.involved_object;
    EventFacts {
        reason: event.reason.as_deref().unwrap_or_default(),
        message: event.message.as_deref().unwrap_or_default(),
        field_path: about.field_path.as_deref().unwrap_or_default(),
        at: last_seen(event),
        object: format!("{}/{}", about.kind.as_deref().unwrap_or_default(), about.name.as_deref().unwrap_or_default()),
    }
}

// events.k8s.io writes `eventTime` and `series`, older components `lastTimestamp`.
fn last_seen(event: &Event) -> Option<&Time> {
    event.last_timestamp.as_ref().or(event.metadata.creation_timestamp.as_ref())
}
