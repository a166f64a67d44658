//! Rules of one's own, and what the built-in ones say of themselves.

use crate::doctor::{Folder, Run, TYPO, doctor};

/// Holds for the Service of the input.
pub const WARNING: &str = "id: node-port
on: service
severity: warning
when: service.type == 'NodePort'
says: opens a port on every node
why: Whoever reaches a node reaches it.
";

/// Asks about the Deployment and the Service above it, with one rule that is there besides.
pub fn with_rule(text: &str, args: &[&str]) -> Run {
    let folder = Folder::new();
    folder.file("mine.yaml", text);
    let right = folder.file(
        "input.json",
        &std::fs::read_to_string(TYPO).unwrap().replace("app: hello-serve\n", "app: hello-server\n"),
    );
    let rules = Folder::new();
    rules.file("mine.yaml", text);
    doctor(&[&["--from", &right, "--rules", rules.path()], args].concat())
}

#[track_caller]
fn refused(from: &str, to: &str) -> String {
    let run = with_rule(&WARNING.replace(from, to), &[]);
    let line = run.complaint();
    line[line.find("mine.yaml").expect("names the file")..].to_owned()
}

#[test]
fn a_rule_of_ones_own_is_evaluated_like_any_other() {
    let run = with_rule(WARNING, &["-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(0), vec!["node-port".to_owned()]), "{run:?}");
}

#[test]
fn a_rule_that_is_broken_is_named_with_file_line_and_column() {
    assert!(refused("severity: warning", "severity: bad").starts_with("mine.yaml:3:"));
    assert!(refused("why:", "wy:").starts_with("mine.yaml:6:"));
    assert!(refused("== 'NodePort'", "== 'NodePort").starts_with("mine.yaml:4:"));
    assert!(refused("id: node-port", "id: [").starts_with("mine.yaml:"));
}

#[test]
fn a_path_that_no_fact_has_is_named_with_its_place_and_the_nearest() {
    assert_eq!(
        refused("service.type", "service.typ"),
        "mine.yaml:4:7: there is no fact service.typ; service.type is near"
    );
    assert!(refused("opens a port", "opens ${service.prt}").starts_with("mine.yaml:5:"));
    assert!(refused("service.type", "container.name").starts_with("mine.yaml:4:7: "));
}

#[test]
fn a_built_in_rule_is_not_redefined() {
    let line = refused("node-port", "crash-loop");
    assert!(line.contains("the id crash-loop is taken"), "{line}");
}

#[test]
fn a_folder_of_rules_that_is_not_there_is_named() {
    assert!(doctor(&["--rules", "/nonexistent", "demo"]).complaint().contains("/nonexistent"));
}

#[test]
fn every_rule_explains_itself() {
    let table = doctor(&["rules"]);
    assert_eq!((table.code, table.stderr.as_str()), (Some(0), ""));
    let ids: Vec<&str> = table.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() > 30 && ids.is_sorted(), "{ids:?}");
    for id in [ids[0], ids[ids.len() - 1], "service-selector-mismatch"] {
        let run = doctor(&["explain", id]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains(&format!("id: {id}\n")), "{}", run.stdout);
    }
}

#[test]
fn a_rule_that_there_is_not_is_named_with_the_nearest() {
    let run = doctor(&["explain", "service-selector-mismatc"]);
    assert!(run.complaint().contains("did you mean service-selector-mismatch?"), "{run:?}");
}
