//! Targets in kubectl's words.

use crate::doctor::{TYPO, doctor};

/// What the document says was asked about.
#[track_caller]
fn target(words: &[&str]) -> String {
    let run = doctor(&[words, &["--from", TYPO, "-o", "json"]].concat());
    assert!(matches!(run.code, Some(0 | 1)), "{words:?}: {run:?}");
    run.json()["metadata"]["target"].as_str().unwrap_or("everything").to_owned()
}

#[test]
fn one_object_is_named_in_every_way_that_kubectl_takes() {
    for words in [
        &["service", "hello-server-service"][..],
        &["svc", "hello-server-service"],
        &["services/hello-server-service"],
        &["Service/hello-server-service"],
        &["SVC", "hello-server-service"],
    ] {
        assert_eq!(target(words), "service/hello-server-service");
    }
    for word in ["deploy", "deployments.apps", "deployment.v1.apps", "Deployments.v1.apps"] {
        assert_eq!(target(&[word, "hello-server"]), "deployment/hello-server");
    }
}

#[test]
fn several_objects_are_asked_about_at_once() {
    assert_eq!(
        target(&["deploy/hello-server", "svc/hello-server-service"]),
        "deployment/hello-server service/hello-server-service"
    );
    let run = doctor(&["pod", "a", "b", "--from", TYPO]);
    assert!(run.complaint().contains("there is no pod \"a\""), "{run:?}");
}

#[test]
fn several_types_are_asked_about_at_once() {
    assert_eq!(target(&["deploy,svc"]), "deployments,services");
    assert_eq!(target(&["svc"]), "services");
    assert_eq!(target(&["all"]), "everything");
    assert_eq!(target(&[]), "everything");
}

#[test]
fn a_word_that_is_no_type_is_the_name_of_anything() {
    assert_eq!(target(&["hello-server"]), "hello-server");
    assert_eq!(target(&["hello-server-service"]), "hello-server-service");
}

#[test]
fn a_namespace_is_asked_about_by_what_is_in_it() {
    let run = |words: &[&str]| doctor(&[words, &["--from", TYPO, "-o", "json"]].concat()).json()["metadata"].clone();
    let one = run(&["ns", "service-selector-typo"]);
    assert_eq!((&one["namespace"], &one["target"]), (&"service-selector-typo".into(), &serde_json::Value::Null));
    assert_eq!(run(&["namespaces"])["namespace"], serde_json::Value::Null);
    assert_eq!(run(&["-A"])["namespace"], serde_json::Value::Null);
    assert_eq!(run(&[])["namespace"], "service-selector-typo");
    assert_eq!(run(&["-n", ""])["namespace"], "service-selector-typo");
}

#[test]
fn a_selector_chooses_by_labels() {
    assert_eq!(doctor(&["pods", "-l", "app=hello-server", "--from", TYPO, "-o", "json"]).json()["checked"]["pods"], 3);
    let none = doctor(&["pods", "-l", "app=nosuch", "--from", TYPO]);
    assert!(none.stdout.starts_with("Nothing could be checked"), "{}", none.stdout);
}

#[test]
fn a_command_wins_over_a_type_or_name_only_as_the_first_word() {
    assert!(doctor(&["rules"]).stdout.starts_with("ID "));
    for words in [&["pod", "rules"][..], &["pod", "--color", "never", "rules"], &["pod", "demo"], &["pod/demo"]] {
        let run = doctor(&[words, &["--from", TYPO]].concat());
        assert!(run.complaint().contains("there is no pod "), "{words:?}: {run:?}");
    }
}

#[test]
fn flags_stand_before_and_behind_what_is_asked() {
    let behind = doctor(&["svc", "hello-server-service", "--from", TYPO, "--color", "never"]);
    let before = doctor(&["--color", "never", "--from", TYPO, "svc", "hello-server-service"]);
    assert_eq!(before.stdout, behind.stdout);
    assert_eq!(doctor(&["--color", "never", "rules"]).stdout, doctor(&["rules", "--color", "never"]).stdout);
}
