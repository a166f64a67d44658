//! Which finding explains which: a symptom, by what its object depends on.

use std::collections::BTreeSet;

use crate::{
    document::{Finding, FindingRef},
    graph::{Graph, Key},
    rule::{Follows, Rules},
};

// An edge runs from a finding to what explains it: a finding on its own object or on what that depends on.
pub(super) fn explain(rules: &Rules, graph: &Graph, findings: &mut [Finding]) {
    let follows = |finding: &Finding| rules.get(&finding.rule).map_or(Follows::Nothing, |rule| rule.follows);
    let mut causes: Vec<Vec<usize>> = vec![Vec::new(); findings.len()];
    for (index, finding) in findings.iter().enumerate() {
        let of_finding = follows(finding);
        for (other_index, other) in findings.iter().enumerate().filter(|(other, _)| *other != index) {
            let is_as_bad = other.severity <= finding.severity;
            let (here, there) = (Key::of(&finding.object), Key::of(&other.object));
            let explains = match of_finding {
                Follows::Nothing => false,
                Follows::Dependencies => graph.depends(&here, &there),
                Follows::Anything => {
                    graph.depends(&here, &there) || (here == there && follows(other) != Follows::Anything)
                }
            };
            if is_as_bad && explains {
                causes[index].push(other_index);
            }
        }
    }
    // Where two things wait for each other, neither is explained away.
    for index in 0..findings.len() {
        if !leads_to_a_root(&causes, index, &mut BTreeSet::new()) {
            causes[index].clear();
        }
    }
    let references: Vec<FindingRef> = findings
        .iter()
        .map(|finding| FindingRef { rule: finding.rule.clone(), object: finding.object.clone() })
        .collect();
    for (index, explained_by) in causes.iter().enumerate() {
        findings[index].root = explained_by.is_empty();
        findings[index].explained_by = sorted(explained_by.iter().map(|cause| references[*cause].clone()));
        for cause in explained_by {
            findings[*cause].explains.push(references[index].clone());
        }
    }
    for finding in findings {
        finding.explains = sorted(finding.explains.drain(..));
    }
}

fn sorted(references: impl Iterator<Item = FindingRef>) -> Vec<FindingRef> {
    references.collect::<BTreeSet<_>>().into_iter().collect()
}

fn leads_to_a_root(causes: &[Vec<usize>], from: usize, seen: &mut BTreeSet<usize>) -> bool {
    causes[from].is_empty()
        || (seen.insert(from) && causes[from].iter().any(|next| leads_to_a_root(causes, *next, seen)))
}
