//! A finding in one line.

use crate::document::{Certainty, Finding, ObjectRef, Severity};

use super::clean;

/// What stands before it.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Info => "·",
    }
}

/// `Service/web in shop sends traffic to nobody (likely)`; the namespace that was asked about goes without saying.
pub(super) fn of(finding: &Finding, namespace: Option<&str>) -> String {
    format!("{}{}{}", name(&finding.object, namespace), said_of_object(finding), doubt(finding.certainty))
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
