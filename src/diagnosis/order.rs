//! What stands first: what is to be mended first.

use std::{cmp::Reverse, collections::BTreeMap};

use super::causes;
use crate::{
    document::{Certainty, Finding, FindingRef, Severity},
    graph::{Key, Reach},
    rule::Rules,
};

// The areas of rules in the order in which a pod, and then what is sent to it, comes through them.
const STAGES: [&str; 8] =
    ["admission", "scheduling", "storage", "images", "config", "crashes", "controllers", "traffic"];

type Order = (bool, bool, Severity, Certainty, usize, Reverse<usize>, usize, [String; 4], String);

/// Sorts findings: roots before symptoms, what is so before what was so; then what is worse, surer, nearer to what was
/// asked about, what more follows from, and what stands earlier in a pod's life. The same every time.
pub(super) fn sort(rules: &Rules, reach: &Reach, findings: &mut [Finding]) {
    let weights = causes::weights(findings);
    findings.sort_by_cached_key(|finding| order(rules, reach, &weights, finding));
}

fn order(rules: &Rules, reach: &Reach, weights: &BTreeMap<FindingRef, usize>, finding: &Finding) -> Order {
    let object = &finding.object;
    let weight = weights.get(&finding.reference()).copied().unwrap_or_default();
    (
        !finding.root,
        finding.past,
        finding.severity,
        finding.certainty,
        reach.distance(&Key::of(object)),
        Reverse(weight),
        stage(rules, &finding.rule),
        [object.kind.clone(), object.namespace.clone(), object.name.clone(), finding.rule.clone()],
        finding.fingerprint.clone(),
    )
}

fn stage(rules: &Rules, id: &str) -> usize {
    let area = rules.get(id).map_or("", |rule| rule.area.as_str());
    STAGES.iter().position(|stage| *stage == area).unwrap_or(STAGES.len())
}
