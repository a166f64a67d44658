//! Diagnoses without a cluster.

use crate::doctor::{Folder, Run, TYPO, command, doctor, doctor_reading};

const MANIFESTS: [(&str, &str); 2] = [
    (
        "deploy.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1', envFrom: [{configMapRef: {name: settings}}]}
",
    ),
    (
        "service.yaml",
        "apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
",
    ),
];

#[test]
fn what_kubectl_printed_is_diagnosed_from_a_pipe_as_from_a_file() {
    let piped = doctor_reading(&["--from", "-"], &std::fs::read(TYPO).unwrap());
    assert_eq!((piped.code, piped.stderr.as_str()), (Some(1), ""));
    assert!(piped.stdout.starts_with("✗ Service/hello-server-service sends traffic to nobody"), "{}", piped.stdout);
    assert!(piped.stdout.contains("-   app: hello-serve\n+   app: hello-server "), "{}", piped.stdout);
    assert_eq!(doctor(&["--from", TYPO]).stdout, piped.stdout);
}

#[test]
fn a_kind_that_is_not_in_the_input_is_not_checked_and_not_missing() {
    let run = doctor(&["--from", TYPO, "-o", "json"]);
    assert_eq!(run.found(), ["service-selector-mismatch"]);
    let document = run.json();
    let not_checked = document["notChecked"].as_array().unwrap();
    assert!(not_checked.iter().any(|it| it["what"] == "events" && it["why"] == "not in the input"), "{document:#}");
    assert!(not_checked.iter().all(|it| it["what"] != "pods" && it["what"] != "services"), "{document:#}");
}

#[test]
fn a_folder_of_manifests_claims_nothing_that_only_a_cluster_can_tell() {
    let folder = Folder::new();
    for (name, text) in MANIFESTS {
        folder.file(name, text);
    }
    let run = doctor(&["--from", folder.path(), "-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(0), vec![]), "{run:?}");
    let document = run.json();
    let not_checked: Vec<_> = document["notChecked"].as_array().unwrap().iter().map(|it| it["what"].clone()).collect();
    assert!(not_checked.contains(&"configmaps".into()) && not_checked.contains(&"pods".into()), "{document:#}");
    assert_eq!(document["metadata"]["namespace"], "default");
}

#[test]
fn several_inputs_are_one() {
    let folder = Folder::new();
    let map = folder.file("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n");
    for (name, text) in MANIFESTS {
        folder.file(name, text);
    }
    let run = doctor(&["--from", folder.path(), "--from", &map, "-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(0), vec![]), "{run:?}");
    assert_eq!(run.json()["checked"]["deployments"], 1);
}

#[test]
fn a_recording_made_of_files_gives_the_same_diagnosis_to_the_byte() {
    let folder = Folder::new();
    let file = format!("{}/recording.json", folder.path());
    for target in ["svc/hello-server-service", "deploy,svc", "deploy/hello-server svc/hello-server-service"] {
        let words: Vec<&str> = target.split(' ').collect();
        let recorded = doctor(&[&["record", "--from", TYPO, "--file", &file], &words[..]].concat());
        assert_eq!((recorded.code, recorded.stdout.as_str(), recorded.stderr.as_str()), (Some(0), "", ""));
        for format in ["text", "json"] {
            let first = doctor(&[&["--from", TYPO, "-o", format], &words[..]].concat());
            let again = doctor(&["--from", &file, "-o", format]);
            assert_eq!((first.code, &first.stdout), (again.code, &again.stdout), "{target}");
        }
    }
}

#[test]
fn a_recording_goes_to_stdout_where_no_file_is_named() {
    let run = doctor(&["record", "--from", TYPO]);
    assert_eq!((run.code, run.json()["kind"].as_str()), (Some(0), Some("Recording")));
}

#[test]
fn no_cluster_is_asked_where_files_are() {
    let run: Run = command(&["--from", TYPO, "--context", "nosuch"]).env("KUBECONFIG", "/x").output().unwrap().into();
    assert_eq!(run.code, Some(1));
}
