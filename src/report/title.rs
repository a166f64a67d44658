//! A finding in one line.

use colored::Color;

use crate::document::{Certainty, Finding, Metadata, ObjectRef, Severity};

use super::clean;

/// What stands before it.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Info => "·",
    }
}

/// In which colour.
pub(super) fn color(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Info => Color::Blue,
    }
}

/// `Service/web in shop sends traffic to nobody (likely)`; the namespace that was asked about goes without saying.
pub(super) fn of(finding: &Finding, namespace: Option<&str>) -> String {
    format!("{}{}{}", name(&finding.object, namespace), said_of_object(finding), doubt(finding.certainty))
}

/// `service/web in namespace shop`: what was asked about; nothing where that was everything.
pub(super) fn asked(metadata: &Metadata) -> Option<String> {
    let namespace = metadata.namespace.as_ref().map(|namespace| format!("namespace {namespace}"));
    match (&metadata.target, namespace) {
        (Some(target), Some(namespace)) => Some(format!("{target} in {namespace}")),
        (Some(target), None) => Some(target.clone()),
        (None, namespace) => namespace,
    }
}

/// `Service/web`, and where it is if that was not asked about.
pub(super) fn name(object: &ObjectRef, namespace: Option<&str>) -> String {
    let name = clean::line(&object.to_string());
    match object.namespace.as_str() {
        "" => name,
        here if namespace == Some(here) => name,
        elsewhere => format!("{name} in {}", clean::line(elsewhere)),
    }
}

/// The summary behind the object that it begins with.
pub(super) fn said_of_object(finding: &Finding) -> String {
    let (summary, name) = (clean::line(&finding.summary), clean::line(&finding.object.to_string()));
    match summary.strip_prefix(&name) {
        Some(rest) if !continues_name(rest) => rest.to_owned(),
        _ => format!(": {summary}"),
    }
}

// `Service/web-2` does not begin with the name of `Service/web`.
fn continues_name(rest: &str) -> bool {
    rest.starts_with(|it: char| it.is_alphanumeric() || it == '-' || it == '.')
}

fn doubt(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "",
        Certainty::Likely => " (likely)",
        Certainty::Possible => " (possible)",
    }
}
