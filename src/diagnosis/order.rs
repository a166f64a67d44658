//! What stands first.

use crate::{
    document::{Certainty, Finding, Severity},
    graph::{Key, Reach},
};

pub(super) type Order = (bool, Severity, Certainty, usize, String, String, String, String, String);

// Roots first; then what is worse, surer, and nearer to what was asked; the same every time.
pub(super) fn order(finding: &Finding, reach: &Reach) -> Order {
    let object = &finding.object;
    (
        !finding.root,
        finding.severity,
        finding.certainty,
        reach.distance(&Key::of(object)),
        object.kind.clone(),
        object.namespace.clone(),
        object.name.clone(),
        finding.rule.clone(),
        finding.fingerprint.clone(),
    )
}
