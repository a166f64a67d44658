//! What one row of a table tells of its pod.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Node;

use crate::{
    facts::{node, object},
    inventory::Inventory,
    source::Row,
};

const NONE: &str = "<none>";

/// Whether a pod has nothing that a rule about pods and containers could tell: it runs, all of its containers are
/// ready and were never started anew.
pub fn is_well(row: &Row, nodes_in_trouble: &BTreeSet<&str>) -> bool {
    let all = |text: &str| text.split_once('/').is_some_and(|(ready, all)| ready == all && all != "0");
    row.status == "Running"
        && all(&row.ready)
        && row.restarts == "0"
        && row.nominated == NONE
        && (row.gates == NONE || all(&row.gates))
        && !row.node.is_empty()
        && row.node != NONE
        && !nodes_in_trouble.contains(row.node.as_str())
}

/// Whether it is done, so that it counts no more.
pub fn is_done(row: &Row) -> bool {
    row.status == "Completed"
}

/// On these a table shows pods as they were last heard of.
pub fn nodes_in_trouble(inventory: &Inventory) -> BTreeSet<&str> {
    let nodes = inventory.seen_anywhere::<Node>().filter(|found| node::is_in_trouble(found));
    nodes.map(|found| object::name(&found.metadata)).collect()
}

/// The longest that a pod may have been there: `5d2h` may be anything up to three hours more than five days
/// (<https://pkg.go.dev/k8s.io/apimachinery/pkg/util/duration#HumanDuration>).
pub fn oldest(age: &str) -> Option<SignedDuration> {
    let mut seconds = 0;
    let mut number = String::new();
    let mut unit = 0;
    for character in age.chars() {
        if character.is_ascii_digit() {
            number.push(character);
            continue;
        }
        unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'y' => 365 * 24 * 60 * 60,
            _ => return None,
        };
        seconds += number.parse::<i64>().ok()? * unit;
        number.clear();
    }
    (unit > 0 && number.is_empty()).then(|| SignedDuration::from_secs(seconds + unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            name: "web-1".to_owned(),
            ready: "2/2".to_owned(),
            status: "Running".to_owned(),
            restarts: "0".to_owned(),
            age: "5m".to_owned(),
            ip: "10.0.0.1".to_owned(),
            node: "n1".to_owned(),
            nominated: NONE.to_owned(),
            gates: NONE.to_owned(),
        }
    }

    #[test]
    fn a_pod_is_well_where_nothing_in_its_row_says_otherwise() {
        let nowhere = BTreeSet::new();
        assert!(is_well(&row(), &nowhere));
        assert!(is_well(&Row { gates: "1/1".to_owned(), ..row() }, &nowhere));
        for unwell in [
            Row { ready: "1/2".to_owned(), ..row() },
            Row { ready: "0/0".to_owned(), ..row() },
            Row { status: "CrashLoopBackOff".to_owned(), ..row() },
            Row { status: "Terminating".to_owned(), ..row() },
            Row { restarts: "1 (60m ago)".to_owned(), ..row() },
            Row { node: NONE.to_owned(), ..row() },
            Row { nominated: "n2".to_owned(), ..row() },
            Row { gates: "0/1".to_owned(), ..row() },
        ] {
            assert!(!is_well(&unwell, &nowhere), "{unwell:?}");
        }
        assert!(!is_well(&row(), &BTreeSet::from(["n1"])));
    }

    #[test]
    fn an_age_is_read_as_the_longest_that_it_may_be() {
        for (age, seconds) in [("45s", 46), ("5m10s", 311), ("12m", 13 * 60), ("5d2h", (5 * 24 + 3) * 3600)] {
            assert_eq!(oldest(age), Some(SignedDuration::from_secs(seconds)), "{age}");
        }
        for age in ["", "<unknown>", "<invalid>", "5"] {
            assert_eq!(oldest(age), None, "{age}");
        }
    }
}
