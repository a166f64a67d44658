//! The document as YAML. What a terminal would obey is left out of it, as YAML has no way to write that in every place;
//! as JSON it is all there.

use serde::Serialize;
use serde_json::Value;

use crate::document::{Diagnosis, DiagnosisList};

use super::clean;

pub(super) fn render(diagnosis: &Diagnosis) -> String {
    let mut diagnosis = diagnosis.clone();
    take_broken_commands(&mut diagnosis);
    written(&diagnosis)
}

pub(super) fn list(list: &DiagnosisList) -> String {
    let mut list = list.clone();
    list.items.iter_mut().for_each(take_broken_commands);
    written(&list)
}

// A command of which something was taken away is another command.
fn take_broken_commands(diagnosis: &mut Diagnosis) {
    for cure in diagnosis.findings.iter_mut().flat_map(|finding| &mut finding.cures) {
        if cure.shown().is_some_and(|command| clean::command(command).is_none()) {
            cure.take_commands();
        }
    }
}

fn written(document: &impl Serialize) -> String {
    // Cannot fail: the document's keys are all text.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    harmless(&mut document);
    serde_saphyr::to_string(&document).unwrap_or_default()
}

fn harmless(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean::text(text),
        Value::Array(all) => all.iter_mut().for_each(harmless),
        Value::Object(fields) => {
            let taken = std::mem::take(fields).into_iter();
            fields.extend(taken.map(|(key, mut value)| {
                harmless(&mut value);
                (clean::text(&key), value)
            }));
        }
        _ => {}
    }
}
