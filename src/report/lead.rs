//! Which findings lead the report, and what stands beneath each of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Finding, FindingRef};

/// A finding of its own, and all that follows from it.
pub(super) struct Lead<'a> {
    pub(super) finding: &'a Finding,
    pub(super) explains: Vec<&'a Finding>,
}

/// The roots, in their order. What follows from no root that is there (it was
/// left out, or two explain each other) leads as well: nothing is lost. What is
/// over stands last.
pub(super) fn leads(findings: &[Finding]) -> Vec<Lead<'_>> {
    let below = directly_below(findings);
    let mut told = BTreeSet::new();
    let mut leads = vec![];
    let roots = findings.iter().enumerate().filter(|(_, it)| it.root);
    let others = findings.iter().enumerate().filter(|(_, it)| !it.root);
    for (at, finding) in roots.chain(others) {
        if told.contains(&at) {
            continue;
        }
        let explained = all_below(&below, at);
        told.insert(at);
        told.extend(&explained);
        leads.push(Lead { finding, explains: explained.iter().filter_map(|&it| findings.get(it)).collect() });
    }
    leads.sort_by_key(|lead| lead.finding.past);
    leads
}

/// The findings that lead, without what is well now.
pub(super) fn at_fault(findings: &[Finding]) -> Vec<&Finding> {
    leads(findings).into_iter().map(|lead| lead.finding).filter(|finding| !finding.past).collect()
}

type Below = BTreeMap<usize, BTreeSet<usize>>;

/// What follows from which, by their places in the list, whichever of the two says so.
fn directly_below(findings: &[Finding]) -> Below {
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let key = (finding.rule.as_str(), &finding.object);
        places.entry(key).or_default().push(at);
    }
    let placed = |references: &[FindingRef]| -> Vec<usize> {
        let found = references.iter().filter_map(|it| places.get(&(it.rule.as_str(), &it.object)));
        found.flatten().copied().collect()
    };

    let mut below = Below::new();
    for (at, finding) in findings.iter().enumerate() {
        below.entry(at).or_default().extend(placed(&finding.explains));
        for cause in placed(&finding.explained_by) {
            below.entry(cause).or_default().insert(at);
        }
    }
    // A root is told by itself, whatever it is said to follow from.
    for explained in below.values_mut() {
        explained.retain(|&it| findings.get(it).is_some_and(|it| !it.root));
    }
    below
}

/// What follows from a finding, and what follows from that; nearest first.
fn all_below(below: &Below, from: usize) -> Vec<usize> {
    let mut reached = vec![from];
    let mut next = 0;
    while let Some(at) = reached.get(next) {
        let new = below.get(at).into_iter().flatten();
        let new: Vec<_> = new.filter(|it| !reached.contains(it)).copied().collect();
        reached.extend(new);
        next += 1;
    }
    reached.split_off(1)
}
