//! The last lines: how many causes, what was looked at, and what was not.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    document::{Diagnosis, Metadata, Severity, Suppressed},
    kind::Kind,
};

use super::{
    clean, deviation,
    lead::Lead,
    page::Page,
    unseen,
    wrap::{folded, wrap},
};

pub(super) fn tell(page: &mut Page, diagnosis: &Diagnosis, leads: &[Lead]) {
    if page.is_wide && !diagnosis.suppressed_findings.is_empty() {
        let lines = diagnosis.suppressed_findings.iter().map(|it| clean::line(&it.to_string()));
        page.labelled("left out", lines);
        page.line("");
    }
    for paragraph in paragraphs(diagnosis, leads) {
        for line in wrap(&paragraph, page.columns()) {
            page.line(&line);
        }
    }
}

/// The verdict with what was looked at, and each reason why something was not.
pub(super) fn paragraphs(diagnosis: &Diagnosis, leads: &[Lead]) -> Vec<String> {
    let sentences = [
        Some(verdict(diagnosis, leads)),
        left_out(&diagnosis.suppressed_findings),
        checked(&diagnosis.checked),
        recorded(&diagnosis.metadata),
    ];
    let text: Vec<_> = sentences.into_iter().flatten().collect();
    let mut paragraphs = vec![text.join(" ")];
    paragraphs.extend(deviation::paragraph(diagnosis));
    paragraphs.extend(unseen::sentences(&diagnosis.not_checked));
    paragraphs
}

fn verdict(diagnosis: &Diagnosis, leads: &[Lead]) -> String {
    let counts: Vec<_> = counts(leads).into_iter().map(|(_, said)| said).collect();
    let counts = counts.join(", ");
    let has_cause = leads.iter().any(|it| it.finding.severity == Severity::Error);
    match (has_cause, counts.is_empty()) {
        (true, _) => format!("{counts}."),
        (false, false) => format!("No error found {}: {counts}.", where_looked(diagnosis)),
        (false, true) => healthy(diagnosis),
    }
}

fn healthy(diagnosis: &Diagnosis) -> String {
    let looked = diagnosis.checked.values().any(|&count| count > 0);
    let where_asked = where_asked(&diagnosis.metadata);
    match (looked, diagnosis.not_checked.is_empty()) {
        (true, _) => format!("Nothing wrong found {}.", where_looked(diagnosis)),
        (false, true) => format!("Nothing to check {where_asked}."),
        (false, false) => format!("Nothing could be checked {where_asked}."),
    }
}

// What was not seen is never said to be healthy.
fn where_looked(diagnosis: &Diagnosis) -> String {
    let where_asked = where_asked(&diagnosis.metadata);
    match diagnosis.not_checked.is_empty() {
        true => where_asked,
        false => format!("{where_asked}, but not everything could be seen"),
    }
}

fn where_asked(metadata: &Metadata) -> String {
    let namespace = metadata.namespace.as_deref().map(clean::line);
    match (metadata.target.as_deref(), namespace) {
        (Some(target), _) => format!("with {}", clean::line(target)),
        (None, Some(namespace)) => format!("in namespace {namespace}"),
        (None, None) => "in the cluster".to_owned(),
    }
}

/// `1 cause`, `2 warnings`, `1 note`.
pub(super) fn counts(leads: &[Lead]) -> Vec<(Severity, String)> {
    let words = [(Severity::Error, "cause"), (Severity::Warning, "warning"), (Severity::Info, "note")];
    counted(leads.iter().map(|lead| lead.finding.severity), words)
}

/// How many there are of each severity, in these words.
pub(super) fn counted(
    found: impl Iterator<Item = Severity> + Clone,
    words: [(Severity, &str); 3],
) -> Vec<(Severity, String)> {
    words
        .into_iter()
        .filter_map(|(severity, word)| match found.clone().filter(|it| *it == severity).count() {
            0 => None,
            1 => Some((severity, format!("1 {word}"))),
            count => Some((severity, format!("{count} {word}s"))),
        })
        .collect()
}

fn left_out(suppressed: &[Suppressed]) -> Option<String> {
    let rules: BTreeSet<_> = suppressed.iter().map(|it| clean::line(&it.rule)).collect();
    let rules = folded(&Vec::from_iter(rules));
    match suppressed.len() {
        0 => None,
        1 => Some(format!("1 finding left out as asked ({rules}).")),
        count => Some(format!("{count} findings left out as asked ({rules}).")),
    }
}

fn checked(checked: &BTreeMap<String, usize>) -> Option<String> {
    let mut kinds: Vec<_> = checked.iter().filter(|&(_, &count)| count > 0).collect();
    // As a person would list them, pods first and events last.
    kinds.sort_by_key(|(plural, _)| {
        let known = Kind::from_word(plural);
        known.map_or(usize::MAX, |kind| kind as usize)
    });
    let counted: Vec<_> = kinds
        .into_iter()
        .map(|(plural, count)| match count {
            1 => format!("1 {}", singular(&clean::line(plural))),
            _ => format!("{count} {}", clean::line(plural)),
        })
        .collect();
    (!counted.is_empty()).then(|| format!("Checked {}.", counted.join(", ")))
}

fn singular(plural: &str) -> String {
    match Kind::from_word(plural) {
        Some(kind) => kind.info().name.to_lowercase(),
        None => plural.strip_suffix('s').unwrap_or(plural).to_owned(),
    }
}

fn recorded(metadata: &Metadata) -> Option<String> {
    let recorded = metadata.recorded.as_deref()?;
    // Fractions of a second help nobody who reads.
    let when = recorded
        .parse::<Timestamp>()
        .map_or_else(|_| clean::line(recorded), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    Some(format!("Recorded {when}; ages count from then."))
}
