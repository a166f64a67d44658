//! What may stand at the end of a command line, as kubectl and the shells ask.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::doctor::{Folder, Run, command, doctor};

/// The candidates without their descriptions, and what to do with them.
#[track_caller]
fn complete(words: &[&str]) -> (Vec<String>, String) {
    let run = doctor(&[&["__complete"], words].concat());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let mut lines: Vec<String> =
        run.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect();
    let directive = lines.pop().unwrap();
    (lines, directive)
}

#[track_caller]
fn words(words: &[&str]) -> Vec<String> {
    let (found, directive) = complete(words);
    assert_eq!(directive, ":4", "{words:?}");
    found
}

#[test]
fn the_first_word_is_a_command_or_a_type() {
    assert_eq!(words(&["de"]), ["demo", "deployments"]);
    assert_eq!(words(&["-n", "shop", "cron"]), ["cronjobs"]);
    assert!(words(&[""]).contains(&"explain".to_owned()));
}

#[test]
fn a_command_has_its_own_words() {
    assert_eq!(words(&["explain", "oom"]), ["oom-killed"]);
    assert_eq!(words(&["explain", "oom-killed", ""]), [""; 0]);
    assert_eq!(words(&["demo", "rollout"]), ["rollout-stuck-bad-image"]);
    assert_eq!(words(&["completion", ""]), ["bash", "zsh", "fish", "powershell", "install"]);
}

#[test]
fn flags_and_their_values_are_known() {
    assert_eq!(words(&["pod", "--fail"]), ["--fail-on"]);
    assert_eq!(words(&["-o", "js"]), ["json"]);
    assert_eq!(words(&["--output=mark"]), ["markdown"]);
    assert_eq!(words(&["--ignore", "service-sel"]), ["service-selector-mismatch", "service-selects-too-much"]);
    assert_eq!(complete(&["--from", "x"]), (vec![], ":0".to_owned()));
    assert_eq!(complete(&["--rules", ""]), (vec![], ":16".to_owned()));
    assert_eq!(complete(&["--client", "dep"]), (vec!["deployments/".to_owned()], ":6".to_owned()));
}

#[test]
fn without_a_cluster_there_are_no_names_and_no_complaint() {
    assert_eq!(words(&["pod", ""]), [""; 0]);
    assert_eq!(words(&["-n", ""]), [""; 0]);
}

#[test]
fn contexts_are_those_of_the_kubeconfig_that_the_line_names() {
    let folder = Folder::new();
    let entry = |name: &str| format!("- name: {name}\n  context: {{cluster: c, user: u}}\n");
    let hostile = entry("'$(touch owned)'");
    let file = folder.file(
        "config",
        &format!("apiVersion: v1\nkind: Config\ncontexts:\n{}{}{hostile}", entry("prod-eu"), entry("prod-us")),
    );
    assert_eq!(words(&["--kubeconfig", &file, "--context", "prod"]), ["prod-eu", "prod-us"]);
    assert_eq!(words(&["--kubeconfig", &file, "--context", "$"]), [""; 0]);
    let several = |typed: &str| complete(&["--kubeconfig", &file, "--contexts", typed]);
    assert_eq!(several(""), (vec!["prod-eu".to_owned(), "prod-us".to_owned()], ":6".to_owned()));
    assert_eq!(several("prod-us,pro"), (vec!["prod-us,prod-eu".to_owned()], ":6".to_owned()));
}

#[test]
fn every_shell_has_a_script_that_asks_the_binary() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = doctor(&["completion", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains(" __complete ") && run.stdout.contains("kubectl-doctor"), "{run:?}");
    }
    let unknown = doctor(&["completion", "tcsh"]);
    assert!(unknown.complaint().contains("tcsh"), "{unknown:?}");
}

#[test]
fn kubectls_own_completion_is_put_beside_the_plugin_on_the_path() {
    let folder = Folder::new();
    let install =
        |path: String| -> Run { command(&["completion", "install"]).env("PATH", path).output().unwrap().into() };
    let beside = Path::new(folder.path()).join("beside");
    let other = Path::new(folder.path()).join("other");
    fs::create_dir(&beside).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(beside.join("kubectl-doctor"), "").unwrap();
    let run = install(format!("{}:{}", other.display(), beside.display()));
    let file = beside.join("kubectl_complete-doctor");
    assert!(run.stdout.contains(file.to_str().unwrap()), "{run:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "#!/bin/sh\nexec kubectl-doctor __complete \"$@\"\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o755);
    // Once more is no harm, and somebody else's program is left alone.
    assert_eq!(install(beside.display().to_string()).code, Some(0));
    fs::write(&file, "#!/bin/sh\necho hello\n").unwrap();
    assert!(install(beside.display().to_string()).complaint().contains("another program"));
    assert!(install("/nonexistent".to_owned()).complaint().contains("cannot write /nonexistent/"));
}
