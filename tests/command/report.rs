//! Where the report goes, in which format and colour, and the exit status.

use std::{io::Read as _, process::Stdio};

use crate::doctor::{Run, TYPO, command, doctor};

#[test]
fn a_demo_is_diagnosed_as_a_cluster_would_be() {
    let run = doctor(&["demo"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert!(run.stdout.starts_with("✗ "), "{}", run.stdout);
    assert_eq!(doctor(&["demo", "seed"]).stdout, run.stdout);
    let found = doctor(&["demo", "-o", "json"]).found();
    for rule in ["image-not-found", "oom-killed", "service-selector-mismatch"] {
        assert!(found.iter().any(|it| it == rule), "{found:?}");
    }
}

#[test]
fn a_demo_answers_to_flags_as_a_cluster_does() {
    assert!(doctor(&["demo", "-n", "nosuch"]).stdout.starts_with("Nothing "));
    assert!(doctor(&["demo", "-l", "app=nosuch"]).stdout.starts_with("Nothing "));
}

#[test]
fn the_report_is_the_same_every_time() {
    for args in [&["demo"][..], &["demo", "-o", "json"], &["--from", TYPO, "-o", "json"]] {
        assert_eq!(doctor(args).stdout, doctor(args).stdout);
    }
}

#[test]
fn colour_is_for_terminals_and_for_whoever_asks() {
    let colored = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut command = command(args);
        command.envs(variable);
        Run::from(command.output().unwrap()).stdout.contains('\u{1b}')
    };
    assert!(!colored(&["demo"], None));
    assert!(!colored(&["demo", "--color", "never"], None));
    assert!(colored(&["demo", "--color", "always"], None));
    assert!(colored(&["demo", "--color=always"], Some(("NO_COLOR", "1"))));
    assert!(!colored(&["demo"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!colored(&["demo", "--color", "always", "-o", "json"], None));
}

#[test]
fn colour_changes_no_word() {
    let plain = doctor(&["demo", "--color", "never"]).stdout;
    let mut colored = doctor(&["demo", "--color", "always"]).stdout;
    while let Some(start) = colored.find('\u{1b}') {
        let end = start + colored[start..].find('m').unwrap();
        colored.replace_range(start..=end, "");
    }
    assert_eq!(colored, plain);
}

#[test]
fn the_exit_status_says_whether_there_is_a_finding_as_bad_as_asked_for() {
    let code = |args: &[&str]| doctor(args).code;
    assert_eq!(code(&["--from", TYPO]), Some(1));
    assert_eq!(code(&["--from", TYPO, "--fail-on", "warning"]), Some(1));
    assert_eq!(code(&["--from", TYPO, "--fail-on", "info"]), Some(1));
    assert_eq!(code(&["--from", TYPO, "pods", "-l", "app=hello-server"]), Some(0));
    assert_eq!(code(&["--from", TYPO, "pods", "-l", "app=hello-server", "--fail-on", "info"]), Some(0));
    assert_eq!(code(&["--from", TYPO, "pod/nosuch"]), Some(2));
}

#[test]
fn a_warning_alone_is_no_error_unless_asked_for() {
    let (manifest, args) = (crate::rules::WARNING, |fail_on: &'static str| ["--fail-on", fail_on]);
    for (fail_on, code) in [("error", 0), ("warning", 1), ("info", 1)] {
        let run = crate::rules::with_rule(manifest, &args(fail_on));
        assert_eq!(run.code, Some(code), "{fail_on}: {run:?}");
    }
}

#[test]
fn a_target_that_is_not_there_is_a_finding_in_json() {
    let run = doctor(&["svc/hello-server-servic", "--from", TYPO, "-o", "json"]);
    assert_eq!((run.code, run.found()), (Some(2), vec!["object-not-found".to_owned()]));
    assert!(run.line().contains("did you mean service/hello-server-service?"));
    let document = run.json();
    assert_eq!(document["kind"], "Diagnosis");
    assert_eq!(document["findings"][0]["object"]["kind"], "Service");
    assert_eq!(document["findings"][0]["nearest"][0]["value"], "hello-server-service");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for args in [&["demo"][..], &["rules"], &["explain", "crash-loop"], &["--help"], &["demo", "-o", "json"]] {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(stderr, "", "{args:?}");
        assert!(matches!(child.wait().unwrap().code(), Some(0 | 1)), "{args:?}");
    }
}

#[test]
fn what_was_not_looked_at_is_not_said_to_be_healthy() {
    for words in [&["statefulsets"][..], &["job/nosuch"], &["-n", "elsewhere"], &["nosuch"], &["hello-serve"]] {
        let run = doctor(&[words, &["--from", TYPO]].concat());
        assert!(run.stdout.starts_with("Nothing could be checked"), "{words:?}: {}", run.stdout);
        assert_eq!(run.code, Some(2));
        assert!(run.line().contains("cannot look at "), "{run:?}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["help"], &["demo", "--help"], &["--version"]] {
        let run = doctor(args);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(run.stdout.contains("kubectl doctor"), "{args:?}");
    }
}

#[test]
fn a_command_that_only_looks_is_in_every_report_that_people_read() {
    for format in ["text", "wide", "markdown", "html", "github", "junit"] {
        let run = doctor(&["--from", "testdata/crash-app-error/recording.json", "-o", format]);
        assert!(run.stdout.contains("kubectl -n crash-app-error logs api -c api --previous"), "{format}: {run:?}");
    }
}
