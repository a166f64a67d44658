//! Which finding explains which: a symptom, by what its object depends on; and which is another one's next.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    document::{Finding, FindingRef, Severity},
    facts::World,
    graph::{Graph, Key},
    kind::Kind,
    rule::{Follows, Rules},
};

/// Puts an edge from each finding to what explains it: a finding on what its object depends on, or on its own object.
/// What nothing explains is a root.
pub(super) fn explain(rules: &Rules, graph: &Graph, findings: &mut [Finding]) {
    let causes = without_rings(direct_causes(rules, graph, findings));
    let references: Vec<FindingRef> = findings.iter().map(Finding::reference).collect();
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

// By their places in the list.
fn direct_causes(rules: &Rules, graph: &Graph, findings: &[Finding]) -> Vec<Vec<usize>> {
    let follows = |finding: &Finding| rules.get(&finding.rule).map_or(Follows::Nothing, |rule| rule.follows);
    let keys: Vec<Key> = findings.iter().map(|finding| Key::of(&finding.object)).collect();
    let mut beneath: BTreeMap<&Key, BTreeSet<Key>> = BTreeMap::new();
    let mut causes = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let caused_by = rules.get(&finding.rule).map(|rule| rule.caused_by.as_slice()).unwrap_or_default();
        let beneath = match follows(finding) {
            Follows::Nothing => &BTreeSet::new(),
            _ => &*beneath.entry(&keys[index]).or_insert_with(|| graph.beneath(&keys[index])),
        };
        let is_of_own = |other: &Finding| {
            let anything = follows(finding) == Follows::Anything && follows(other) != Follows::Anything;
            other.object == finding.object && (anything || caused_by.contains(&other.rule))
        };
        let explains = |other: usize| {
            (beneath.contains(&keys[other]) || is_of_own(&findings[other]))
                && findings[other].severity <= finding.severity
        };
        causes.push((0..findings.len()).filter(|other| *other != index && explains(*other)).collect());
    }
    causes
}

// Where two things wait for each other, neither is explained away.
fn without_rings(mut causes: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    for index in 0..causes.len() {
        if !leads_to_a_root(&causes, index, &mut BTreeSet::new()) {
            causes[index].clear();
        }
    }
    causes
}

fn leads_to_a_root(causes: &[Vec<usize>], from: usize, seen: &mut BTreeSet<usize>) -> bool {
    causes[from].is_empty()
        || (seen.insert(from) && causes[from].iter().any(|next| leads_to_a_root(causes, *next, seen)))
}

/// Which findings each explains, directly.
pub(super) type Explains = BTreeMap<FindingRef, Vec<FindingRef>>;

/// Which finding explains which.
pub(super) fn explained(findings: &[Finding]) -> Explains {
    findings.iter().map(|finding| (finding.reference(), finding.explains.clone())).collect()
}

/// What follows from a finding, over any number of links, and itself.
pub(super) fn with_what_follows(explains: &Explains, from: &FindingRef) -> BTreeSet<FindingRef> {
    let mut reached = BTreeSet::from([from.clone()]);
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        next.extend(explains.get(at).into_iter().flatten().filter(|symptom| reached.insert((*symptom).clone())));
    }
    reached
}

/// How many findings follow from each, over any number of links.
pub(super) fn weights(findings: &[Finding]) -> BTreeMap<FindingRef, usize> {
    let explains = explained(findings);
    let weight = |from: &FindingRef| with_what_follows(&explains, from).len() - 1;
    explains.keys().map(|reference| (reference.clone(), weight(reference))).collect()
}

/// Says of each root, in their order, after which other it is to be mended: a fault of its own, from which the same
/// workload or Service suffers, so that mending the first alone does not make that well. What stands above, an
/// Ingress with several backends, may well suffer from several at once.
pub(super) fn mark_next(world: &World, graph: &Graph, findings: &mut [Finding]) {
    let is_root_error = |finding: &Finding| finding.root && finding.severity == Severity::Error;
    if findings.iter().filter(|finding| is_root_error(finding)).count() < 2 {
        return;
    }
    let workloads: BTreeSet<Key> = world.workloads.all.iter().map(|workload| Key::of(&workload.object)).collect();
    let is_one_thing = |key: &Key| workloads.contains(key) || key.kind == Kind::Service.info().name;
    let above = graph.reversed();
    let mut first_of: BTreeMap<Key, FindingRef> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|finding| is_root_error(finding)) {
        let own = Key::of(&finding.object);
        let mut sufferers = above.beneath(&own);
        sufferers.insert(own);
        sufferers.retain(is_one_thing);
        finding.next_after = sufferers.iter().find_map(|sufferer| first_of.get(sufferer)).cloned();
        for sufferer in sufferers {
            first_of.entry(sufferer).or_insert_with(|| finding.reference());
        }
    }
}

fn sorted(references: impl Iterator<Item = FindingRef>) -> Vec<FindingRef> {
    references.collect::<BTreeSet<_>>().into_iter().collect()
}
