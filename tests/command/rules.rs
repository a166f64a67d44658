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

/// What a folder with these files finds in a recording that is in testdata/.
#[track_caller]
fn found_in(case: &str, files: &[(&str, &str)]) -> Vec<String> {
    let rules = Folder::new();
    for (name, text) in files {
        rules.file(name, text);
    }
    let recording = format!("{}/testdata/{case}/recording.json", env!("CARGO_MANIFEST_DIR"));
    let run = doctor(&["--from", &recording, "--rules", rules.path(), "-o", "json"]);
    assert_eq!(run.stderr, "", "{run:?}");
    run.found()
}

/// What a program says that no built-in pattern knows.
const STORE: &str = "tells: store-not-open
lines:
- pattern: 'FATAL: cannot open (?<path>/[^ ]+)'
  examples:
  - line: 'FATAL: cannot open /data/app.db'
    path: /data/app.db
";

const STORE_RULE: &str = "id: store-not-open
on: container
severity: error
when: log.tells == 'store-not-open' && container.failing
says: container ${container.name} can't open its store ${log.place.path}
why: It keeps everything there.
";

#[test]
fn a_line_of_a_log_is_told_by_a_pattern_of_ones_own() {
    let files = [("store.yaml", STORE), ("store-rule.yaml", STORE_RULE)];
    assert!(found_in("crash-app-error", &files).contains(&"store-not-open".to_owned()));
    // The same words of a program that is well are none of its business.
    assert_eq!(found_in("healthy-deployment", &files), Vec::<String>::new());
}

#[test]
fn an_events_wording_and_a_condition_are_there_for_ones_own_rules() {
    let event = "id: hook-event
on: pod
severity: warning
when: pod.events.exists(e, e.reason == 'FailedPostStartHook' && e.message.matches('^PostStartHook'))
says: has a hook that fails
evidence: [\"pod.events.filter(e, e.reason == 'FailedPostStartHook').map(e, e.evidence)\"]
why: The kubelet says so.
";
    let condition = "id: ready-false
on: pod
severity: warning
when: pod.conditions.exists(c, c.type == 'Ready' && c.status == 'False' && c.reason == 'ContainersNotReady')
says: is not ready
evidence: [\"pod.conditions.filter(c, c.type == 'Ready').map(c, c.evidence)\"]
why: The kubelet says so.
";
    let files = [("event.yaml", event), ("condition.yaml", condition)];
    let found = found_in("post-start-hook-failed", &files);
    assert!(["hook-event", "ready-false"].iter().all(|id| found.contains(&(*id).to_owned())), "{found:?}");
    assert_eq!(found_in("healthy-deployment", &files), Vec::<String>::new());
}

#[test]
fn a_pattern_that_does_not_match_its_own_example_is_named_with_its_place() {
    let rules = Folder::new();
    rules.file(
        "store.yaml",
        &STORE
            .replace("FATAL: cannot open (", "FATAL: can't open (")
            .replace("'FATAL: can't open (?<path>/[^ ]+)'", "\"FATAL: can't open (?<path>/[^ ]+)\""),
    );
    let line = doctor(&["--rules", rules.path(), "demo"]).complaint().to_owned();
    assert!(line.contains("store.yaml:3:12: the example \"FATAL: cannot open /data/app.db\""), "{line}");
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
        assert!(run.stdout.starts_with(&format!("{id}\n")), "{}", run.stdout);
    }
}

#[test]
fn a_rule_that_there_is_not_is_named_with_the_nearest() {
    let run = doctor(&["explain", "service-selector-mismatc"]);
    assert!(run.complaint().contains("did you mean service-selector-mismatch?"), "{run:?}");
}
