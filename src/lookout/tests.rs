//! What the board says after one look and the next.

use jiff::Timestamp;

use super::*;
use crate::{
    document::{Diagnosis, Finding, Severity},
    report::tests::{diagnosis, finding, object},
};

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn found(names: &[&str]) -> Option<Diagnosis> {
    let of = |name: &&str| Finding {
        fingerprint: (*name).to_owned(),
        ..finding("crash-loop", object("Deployment", name), "ends again and again")
    };
    Some(diagnosis(names.iter().map(of).collect()))
}

fn names<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<&'a str> {
    findings.into_iter().map(|finding| finding.fingerprint.as_str()).collect()
}

#[test]
fn what_is_not_found_any_more_has_healed_and_what_comes_back_has_not() {
    let mut board = Board::default();
    let renewed = board.renew("shop", found(&["a", "b"]), at("2026-01-01T08:00:00Z"));
    assert_eq!((names(&renewed.new), names(&renewed.healed)), (vec!["a", "b"], vec![]));
    let renewed = board.renew("shop", found(&["b"]), at("2026-01-01T08:01:00Z"));
    assert_eq!((names(&renewed.new), names(&renewed.healed)), (vec![], vec!["a"]));
    assert_eq!(names(board.healed().map(|healed| &healed.finding)), ["a"]);
    board.renew("shop", found(&["a", "b"]), at("2026-01-01T08:02:00Z"));
    assert_eq!(names(board.healed().map(|healed| &healed.finding)), Vec::<&str>::new());
    assert_eq!(board.causes().len(), 2);
}

#[test]
fn one_namespace_says_nothing_of_another_and_one_that_is_gone_nothing_at_all() {
    let mut board = Board::default();
    board.renew("shop", found(&["a"]), at("2026-01-01T08:00:00Z"));
    board.renew("bank", found(&["b"]), at("2026-01-01T08:00:00Z"));
    assert_eq!(board.causes().len(), 2);
    board.renew("shop", None, at("2026-01-01T08:01:00Z"));
    assert_eq!(names(board.causes().into_iter().map(|cause| &cause.finding)), ["b"]);
    assert_eq!(board.reports().map(|(namespace, _)| namespace).collect::<Vec<_>>(), ["bank"]);
}

#[test]
fn the_worst_stands_first_and_then_what_began_last() {
    let mut board = Board::default();
    let mut diagnosis = found(&["old", "new", "note"]).unwrap();
    diagnosis.findings[0].since = Some("2026-01-01T07:00:00Z".to_owned());
    diagnosis.findings[1].since = Some("2026-01-01T07:59:00Z".to_owned());
    diagnosis.findings[2].severity = Severity::Info;
    board.renew("shop", Some(diagnosis), at("2026-01-01T08:00:00Z"));
    assert_eq!(names(board.causes().into_iter().map(|cause| &cause.finding)), ["new", "old", "note"]);
}
