//! The document itself.

use std::fmt::Write;

use serde::Serialize;

use crate::document::Diagnosis;

use super::clean;

pub(super) fn render(diagnosis: &Diagnosis) -> String {
    safe(diagnosis)
}

/// The same in one line.
pub(super) fn line(diagnosis: &Diagnosis) -> String {
    // Cannot fail: the document's keys are all text.
    let json = serde_json::to_string(diagnosis)
        .unwrap_or_else(|failure| serde_json::json!({"error": failure.to_string()}).to_string());
    escaped(&json)
}

/// Anything as JSON that is harmless on a terminal.
pub(super) fn safe(document: &impl Serialize) -> String {
    // Cannot fail: the document's keys are all text.
    let json = serde_json::to_string_pretty(document)
        .unwrap_or_else(|failure| serde_json::json!({"error": failure.to_string()}).to_string());
    escaped(&json) + "\n"
}

/// The same document, and harmless on a terminal: what `serde_json` leaves as
/// it is and a terminal may act on can stand only in strings, and is escaped there.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character != '\n' && clean::is_hidden(character) {
            true => push_escaped(&mut safe, character),
            false => safe.push(character),
        }
    }
    safe
}

fn push_escaped(json: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(json, "\\u{unit:04x}");
    }
}
