//! docs/causes.md lists every cause, and every cause has a rule; what shows it firing and silent is in testdata/.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::report::rule::severity;

const LISTED: &str = include_str!("../../docs/causes.md");

/// Those that are no rules, and why.
const NO_RULES: [(&str, &str); 2] =
    [("object-not-found", "the question itself answers it"), ("namespace-not-found", "the question itself answers it")];

/// Those that have no rule yet, and why. One that has is taken off.
const NOT_YET: &[(&str, &str)] = &[
    ("app-listens-on-localhost", "needs an active check"),
    ("app-not-listening", "needs an active check"),
    ("service-unreachable", "needs an active check"),
    ("dns-failing", "needs an active check"),
    ("network-policy-not-enforced", "needs an active check"),
    ("manifest-field-unknown", "needs the server's schema"),
    ("api-version-removed", "needs the server's schema"),
];

/// Id and severity of each row.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let cells = |line: &'static str| line.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect::<Vec<_>>();
    let rows = LISTED.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id |")).map(cells);
    rows.map(|row| {
        let [id, _, severity, when] = row[..] else { panic!("a row has four cells: {row:?}") };
        assert!(!when.is_empty(), "{id} does not say when it is true");
        (id, severity)
    })
    .collect()
}

#[test]
fn every_cause_of_the_list_has_a_rule_or_a_reason_to_have_none() {
    let rules = Rules::built_in().unwrap();
    let excused: BTreeSet<_> = NO_RULES.iter().chain(NOT_YET).map(|(id, _)| *id).collect();
    let lacking: Vec<_> = rows().into_keys().filter(|id| rules.get(id).is_none() && !excused.contains(id)).collect();
    assert!(lacking.is_empty(), "docs/causes.md lists what no rule is about: {lacking:?}");
    let listed = rows();
    let unknown: Vec<_> = excused.iter().filter(|id| !listed.contains_key(*id)).collect();
    assert!(unknown.is_empty(), "excused, and not in docs/causes.md: {unknown:?}");
}

#[test]
fn every_rule_is_listed_with_its_severity() {
    let listed = rows();
    for rule in Rules::built_in().unwrap().all() {
        let row = listed.get(rule.id.as_str());
        assert!(row.is_some(), "docs/causes.md does not list {}", rule.id);
        assert!(row == Some(&severity(rule).as_str()), "docs/causes.md says {row:?} of {}", rule.id);
    }
}
