//! Kinds that the doctor does not know by itself.

use std::fs;

use serde_json::{Value, json};

use crate::doctor::{Folder, Run, doctor, doctor_reading};

/// A Backup whose Vault is misspelt, recorded.
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/custom-not-ready/recording.json");

/// Asks about it with one rule of one's own besides.
#[track_caller]
fn with_rule(rule: &str) -> Vec<String> {
    let rules = Folder::new();
    rules.file("mine.yaml", rule);
    let run = doctor(&["--from", RECORDING, "--rules", rules.path(), "-o", "json"]);
    assert_eq!(run.stderr, "", "{run:?}");
    run.found()
}

/// What is said of these objects, as `kubectl get -o json` prints them.
fn read(items: &Value, args: &[&str]) -> Run {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    doctor_reading(&[args, &["--from", "-"]].concat(), list.to_string().as_bytes())
}

fn widget(name: &str, status: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "status": status,
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"size": 3, "store": {"name": "one"}}})
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"conditions": [{"type": kind, "status": status, "reason": "Broken", "message": "it is", "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
}

// Something later, so that the conditions are old.
fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop", "creationTimestamp": "2026-01-02T00:00:00Z"}})
}

const NAMES_THE_VAULT: &str = "id: backup-vault
on: custom
severity: warning
when: custom.kind == 'Backup' && custom.bad.reason == 'VaultNotFound' && custom.spec.vaultRef.name != 's3-archive'
says: writes to ${custom.spec.vaultRef.name}, and ours is s3-archive
why: Everything goes there.
";

#[test]
fn a_rule_of_ones_own_takes_the_place_of_the_general_one() {
    assert_eq!(with_rule(NAMES_THE_VAULT), ["backup-vault"]);
    let run = doctor(&["--from", RECORDING, "-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(1), vec!["condition-not-met".to_owned()]));
}

#[test]
fn a_note_of_ones_own_stands_beside_the_general_finding() {
    let note = NAMES_THE_VAULT.replace("severity: warning", "severity: info");
    assert_eq!(with_rule(&note), ["condition-not-met", "backup-vault"]);
}

#[test]
fn a_rule_about_what_a_spec_does_not_say_is_silent() {
    for field in
        ["custom.spec.vaultRef.path == 'x'", "custom.status.lastBackup.failed > 1", "custom.labels.team == 'x'"]
    {
        let rule = NAMES_THE_VAULT.replace("custom.spec.vaultRef.name != 's3-archive'", field);
        assert_eq!(with_rule(&rule), ["condition-not-met"], "{field}");
    }
}

#[test]
fn a_fact_that_there_is_not_is_named_and_what_lies_in_a_spec_is_not_judged() {
    let rules = Folder::new();
    rules.file("mine.yaml", &NAMES_THE_VAULT.replace("custom.bad.reason", "custom.bad.raeson"));
    let run = doctor(&["--from", RECORDING, "--rules", rules.path()]);
    assert!(run.complaint().contains("there is no fact custom.bad.raeson; custom.bad.reason is near"), "{run:?}");
}

#[test]
fn a_rule_reads_numbers_and_conditions_of_a_controllers_own() {
    let rules = Folder::new();
    rules.file(
        "mine.yaml",
        "id: large-widget
on: custom
severity: warning
when: custom.spec.size > 2 && custom.conditions.exists(c, c.type == 'Drifted' && c.status == 'True')
says: has drifted
why: Large ones must not.
",
    );
    let drifted = widget("a", &condition("Drifted", "True"));
    let run = read(&json!([drifted]), &["--rules", rules.path(), "-o", "json"]);
    assert_eq!((run.found(), run.stderr.as_str()), (vec!["large-widget".to_owned()], ""));
}

#[test]
fn an_object_is_named_in_every_way_that_kubectl_takes() {
    for words in [
        &["backup", "nightly"][..],
        &["backup/nightly"],
        &["bkp/nightly"],
        &["Backups", "nightly"],
        &["backup.example.doctor.test/nightly"],
        &["backups.v1.example.doctor.test", "nightly"],
    ] {
        let run = doctor(&[words, &["--from", RECORDING, "-o", "json"]].concat());
        assert_eq!(run.json()["metadata"]["target"], "backup/nightly", "{words:?}");
    }
    let all = doctor(&["backups", "--from", RECORDING, "-o", "json"]);
    assert_eq!(
        (all.json()["metadata"]["target"].clone(), all.found()),
        ("backups".into(), vec!["condition-not-met".to_owned()])
    );
}

#[test]
fn what_is_not_there_is_named_with_the_nearest() {
    let says = |words: &[&str]| doctor(&[words, &["--from", RECORDING]].concat()).complaint().to_owned();
    let line = says(&["backup/nightli"]);
    assert_eq!(line, "there is no backup \"nightli\" in namespace custom-not-ready; did you mean backup/nightly?");
    assert_eq!(says(&["bakup/nightly"]), "there is no type \"bakup\"; did you mean backup?");
}

#[test]
fn what_could_not_be_listed_is_not_said_to_be_missing() {
    let mut recording: Value = serde_json::from_str(&fs::read_to_string(RECORDING).unwrap()).unwrap();
    recording["items"].as_array_mut().unwrap().retain(|item| item["kind"] != "Backup");
    let lists = recording["collected"].as_array_mut().unwrap();
    for list in lists.iter_mut().filter(|list| list["kind"] == "Backup") {
        *list = json!({"apiVersion": list["apiVersion"], "kind": "Backup", "namespace": "custom-not-ready", "state": "failed", "why": "forbidden: no"});
    }
    let folder = Folder::new();
    let run = doctor(&["--from", &folder.file("a.json", &recording.to_string())]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(run.line(), "cannot look at backups: forbidden: no");
    assert!(run.stdout.contains("Not checked: backups (forbidden)"), "{run:?}");
}

#[test]
fn conditions_that_mean_the_same_everywhere_are_read_of_whatever_kubectl_printed() {
    let broken = json!([widget("a", &condition("Ready", "False")), widget("b", &condition("Stalled", "True")), pod()]);
    for args in [&["-o", "json"][..], &["widgets", "-o", "json"], &["widget", "a", "b", "-o", "json"]] {
        assert_eq!(read(&broken, args).found(), ["condition-not-met"; 2], "{args:?}");
    }
}

#[test]
fn conditions_of_a_route_stand_with_the_gateway_that_they_are_of() {
    let refused = condition("ResolvedRefs", "False")["conditions"].clone();
    let accepted = condition("Accepted", "True")["conditions"].clone();
    let route = widget("a", &json!({"parents": [{"conditions": accepted}, {"conditions": refused}]}));
    let run = read(&json!([route, pod()]), &["widget/a"]);
    assert!(run.stdout.starts_with("✗ Widget/a refers to what can't be used"), "{}", run.stdout);
    assert!(run.stdout.contains("status.parents[1].conditions[ResolvedRefs]"), "{}", run.stdout);
}

#[test]
fn conditions_that_are_well_or_of_a_controllers_own_raise_no_alarm() {
    for (kind, status) in [
        ("Ready", "True"),
        ("Degraded", "False"),
        ("Paused", "True"),
        ("Upgradeable", "False"),
        ("ContainsFailure", "True"),
        ("Reconciling", "True"),
    ] {
        let run = read(&json!([widget("a", &condition(kind, status)), pod()]), &["-o", "json"]);
        assert_eq!((run.stderr.contains("rule"), run.found()), (false, vec![]), "{kind}={status}");
    }
}

#[test]
fn of_an_object_whose_conditions_tell_nothing_that_is_said() {
    for (status, why) in [
        (json!({}), "no controller has written a status"),
        (json!({"phase": "Done"}), "the status has no conditions"),
        (condition("Paused", "True"), "no condition of the status is of a type that means the same everywhere"),
    ] {
        let run = read(&json!([widget("a", &status), pod()]), &["widget/a", "-o", "json"]);
        let not_checked = run.json()["notChecked"].clone();
        let said = json!({"what": "widgets", "why": why, "hides": "a resource in trouble"});
        assert!(not_checked.as_array().unwrap().contains(&said), "{not_checked:#}");
        assert_eq!((run.code, run.found()), (Some(0), vec![]));
    }
}

#[test]
fn an_object_that_is_deleted_and_stays_is_stuck() {
    let mut stuck = widget("a", &condition("Ready", "True"));
    stuck["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z".into();
    stuck["metadata"]["finalizers"] = json!(["example.com/cleanup"]);
    let run = read(&json!([stuck, pod()]), &["widget/a"]);
    assert!(run.stdout.starts_with("✗ Widget/a was deleted and can't go"), "{}", run.stdout);
    assert!(run.stdout.contains("patch widget.example.com a --type merge"), "{}", run.stdout);
}

#[test]
fn what_looks_like_a_credential_in_an_object_is_not_kept() {
    let mut object = widget("a", &condition("Ready", "False"));
    object["spec"]["auth"] = json!({"password": "hunter2", "url": "https://u:hunter2@host/x", "secretName": "kept"});
    let rules = Folder::new();
    rules.file(
        "mine.yaml",
        "id: tell-all
on: custom
severity: warning
when: custom.failing
says: has ${custom.spec.auth.password}, ${custom.spec.auth.url} and ${custom.spec.auth.secretName}
why: It should not.
",
    );
    let run = read(&json!([object, pod()]), &["--rules", rules.path()]);
    assert!(run.stdout.contains("kept") && !run.stdout.contains("hunter2"), "{}", run.stdout);
}
