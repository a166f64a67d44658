//! No cluster to be had: one line that says why, and what to do.

use crate::doctor::{Folder, Run, command, doctor};

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
clusters:
- {name: lab, cluster: {server: 'http://127.0.0.1:1'}}
contexts:
- {name: staging, context: {cluster: lab, user: admin}}
users:
- {name: admin, user: {}}
current-context: staging
";

#[track_caller]
fn says(run: &Run, words: &[&str]) {
    let line = run.complaint();
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
}

fn with_kubeconfig(text: &str, args: &[&str]) -> Run {
    let folder = Folder::new();
    let file = folder.file("config", text);
    command(args).env("KUBECONFIG", file).output().unwrap().into()
}

#[test]
fn a_server_that_refuses_is_named_with_its_address() {
    says(&doctor(&["--server", "http://127.0.0.1:1"]), &["http://127.0.0.1:1", "connection refused"]);
    says(&with_kubeconfig(KUBECONFIG, &["pod", "web"]), &["127.0.0.1:1", "connection refused", "\"staging\""]);
}

#[test]
fn a_host_that_does_not_resolve_is_named() {
    let run = doctor(&["--server", "http://no-such-host.invalid", "--request-timeout", "20s"]);
    says(&run, &["no-such-host.invalid", "does not resolve"]);
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    says(&doctor(&["--kubeconfig", "/nonexistent"]), &["/nonexistent", "does not exist"]);
    let run: Run = command(&[]).env("KUBECONFIG", "/nonexistent").output().unwrap().into();
    says(&run, &["no cluster is configured", "/nonexistent"]);
    says(&doctor(&[]), &["no cluster is configured"]);
}

#[test]
fn a_context_cluster_or_user_that_is_misspelt_is_named_with_the_nearest() {
    says(&with_kubeconfig(KUBECONFIG, &["--context", "stagin"]), &["\"stagin\"", "staging"]);
    says(&with_kubeconfig(KUBECONFIG, &["--cluster", "lob"]), &["\"lob\"", "lab"]);
    says(&with_kubeconfig(KUBECONFIG, &["--user", "admn"]), &["\"admn\"", "admin"]);
}

#[test]
fn a_kubeconfig_that_is_broken_is_named_with_its_place() {
    let broken = with_kubeconfig("apiVersion: v1\nkind: Config\nclusters: [{name: lab\n", &[]);
    says(&broken, &["config"]);
    says(&with_kubeconfig("kind: Config\nclusters: 7\n", &[]), &["config"]);
    says(&with_kubeconfig(&KUBECONFIG.replace("cluster: lab", "cluster: gone"), &[]), &["\"gone\""]);
}

#[test]
fn the_first_of_several_kubeconfigs_wins_and_missing_ones_are_passed_over() {
    let folder = Folder::new();
    let one = folder.file("one", KUBECONFIG);
    let two = folder.file("two", &KUBECONFIG.replace("127.0.0.1:1", "127.0.0.1:2").replace("staging", "production"));
    let both = format!("{}:{one}:{two}", folder.path().to_owned() + "/missing");
    let run = |args: &[&str]| -> Run { command(args).env("KUBECONFIG", &both).output().unwrap().into() };
    says(&run(&[]), &["127.0.0.1:1", "\"staging\""]);
    says(&run(&["--context", "production"]), &["127.0.0.1:1", "\"production\""]);
    says(&run(&["--context", "productio"]), &["production"]);
}

#[test]
fn recording_needs_a_cluster_as_a_diagnosis_does() {
    says(&doctor(&["record", "--server", "http://127.0.0.1:1"]), &["connection refused"]);
}
