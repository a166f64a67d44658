//! Several clusters in one report.

use std::{fs, iter};

use serde_json::Value;

use crate::{
    doctor::{Folder, Run, TYPO, command, doctor},
    server::serve,
};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/diagnosis-list.json");

/// A kubeconfig with contexts of these names, and the servers behind them.
fn kubeconfig(folder: &Folder, contexts: &[(&str, &str)]) -> String {
    let entries = |text: &dyn Fn(&str, &str) -> String| {
        contexts.iter().map(|(name, server)| format!("- {}\n", text(name, server))).collect::<String>()
    };
    let clusters = entries(&|name, server| format!("{{name: {name}, cluster: {{server: '{server}'}}}}"));
    let named = entries(&|name, _| {
        format!("{{name: {name}, context: {{cluster: {name}, user: u, namespace: service-selector-typo}}}}")
    });
    let users = "- {name: u, user: {token: t}}\n";
    folder.file(
        "config",
        &format!("apiVersion: v1\nkind: Config\nclusters:\n{clusters}contexts:\n{named}users:\n{users}"),
    )
}

/// Two clusters with the same fault, and one behind a closed port between them.
fn run(flags: &[&str]) -> Run {
    let folder = Folder::new();
    let (east, west) = (serve(TYPO), serve(TYPO));
    let file = kubeconfig(&folder, &[("east", &east), ("dead", "http://127.0.0.1:1"), ("west", &west)]);
    command(flags).env("KUBECONFIG", file).output().unwrap().into()
}

#[test]
fn each_context_has_its_own_part_and_a_dead_one_spoils_none() {
    let run = run(&["--all-contexts"]);
    let headings: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("Context ")).collect();
    assert_eq!(headings, ["Context east:", "Context west:", "Context dead:"], "{run:?}");
    let told = "✗ Service/hello-server-service sends traffic to nobody";
    assert_eq!(run.stdout.matches(told).count(), 2, "{run:?}");
    let dead = run.stdout.split("Context dead:\n").nth(1).unwrap();
    assert!(dead.contains("Not diagnosed: ") && dead.contains("http://127.0.0.1:1"), "{dead}");
    assert_eq!((run.code, run.line()), (Some(2), "no diagnosis of 1 of 3 contexts: dead"));
}

#[test]
fn contexts_are_told_in_the_order_in_which_they_are_named_and_each_once() {
    let run = run(&["--contexts", "west,east,west", "svc"]);
    let headings: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("Context ")).collect();
    assert_eq!(headings, ["Context west:", "Context east:"], "{run:?}");
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
}

#[test]
fn the_document_is_a_list_of_those_of_each_context() {
    let run = run(&["--contexts", "east,dead,west", "-o", "json"]);
    let document = run.json();
    let of_each = |key: &str| -> Vec<&Value> {
        document["items"].as_array().unwrap().iter().map(|item| item.pointer(key).unwrap()).collect()
    };
    assert_eq!(of_each("/metadata/context"), ["east", "west"]);
    assert_eq!(of_each("/findings/0/rule"), ["service-selector-mismatch"; 2]);
    assert_eq!(document["unanswered"][0]["context"], "dead");
    assert!(document["unanswered"][0]["why"].as_str().unwrap().contains("connection refused"), "{document}");
    assert_eq!(run.code, Some(2));
    let schema: Value = serde_json::from_str(&fs::read_to_string(SCHEMA).unwrap()).unwrap();
    let wrong: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn commands_reach_the_cluster_whose_cause_they_cure() {
    let document = run(&["--contexts", "east,west", "-o", "json"]).json();
    for (item, context) in iter::zip(document["items"].as_array().unwrap(), ["east", "west"]) {
        let command = item.pointer("/findings/0/cures/0/command").and_then(Value::as_str).unwrap();
        assert!(command.contains(&format!("--context {context}")), "{command}");
    }
}

#[test]
fn yaml_and_markdown_tell_the_same() {
    let yaml = run(&["--all-contexts", "-o", "yaml"]).stdout;
    let document: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(document["items"].as_array().unwrap().len(), 2);
    assert_eq!(document["unanswered"][0]["context"], "dead");
    let markdown = run(&["--all-contexts", "-o", "markdown"]).stdout;
    for heading in ["## Context east\n", "## Context west\n", "## Context dead\n\nNot diagnosed: "] {
        assert!(markdown.contains(heading), "{markdown}");
    }
}

#[test]
fn what_is_not_in_a_cluster_is_said_of_that_one() {
    let run = run(&["--contexts", "east,west", "svc/hello-server-servic"]);
    assert_eq!(run.stdout.matches("Not diagnosed: there is no service \"hello-server-servic\"").count(), 2, "{run:?}");
    assert_eq!((run.code, run.line()), (Some(2), "no diagnosis of 2 of 2 contexts: east, west"));
}

#[test]
fn the_exit_status_is_that_of_the_worst() {
    assert_eq!(run(&["--contexts", "east,west"]).code, Some(1));
    assert_eq!(run(&["--contexts", "east,west", "--ignore", "service-selector-mismatch"]).code, Some(0));
    assert_eq!(run(&["--contexts", "east,dead"]).code, Some(2));
}

#[test]
fn what_is_misspelt_is_said_before_a_cluster_is_asked() {
    for (flags, words) in [
        (&["--contexts", "east,wset"][..], &["\"wset\"", "did you mean \"west\"?"][..]),
        (&["--contexts", ""], &["the context \"\" does not exist"]),
        (&["--all-contexts", "-l", "a b"], &["--selector: "]),
        (&["--all-contexts", "pod/"], &["no name after the slash"]),
        (&["--all-contexts", "-o", "html"], &["text, wide, json, yaml or markdown"]),
    ] {
        let run = run(flags);
        for word in words {
            assert!(run.complaint().contains(word), "{word:?} is not in: {run:?}");
        }
    }
    assert!(doctor(&["--all-contexts"]).complaint().contains("no cluster is configured"));
}

#[test]
fn flags_that_are_about_one_cluster_are_refused() {
    let one = [
        &["--context", "east"][..],
        &["--cluster", "east"],
        &["--server", "http://127.0.0.1:1"],
        &["--from", TYPO],
        &["-f", TYPO],
        &["--fix"],
        &["--probe"],
        &["--stats"],
    ];
    for flags in one {
        for several in [&["--contexts", "east,west"][..], &["--all-contexts"]] {
            let run = run(&[flags, several].concat());
            assert!(run.complaint().contains("cannot be used with"), "{run:?}");
        }
    }
    assert!(run(&["--contexts", "east", "--all-contexts"]).complaint().contains("cannot be used with"));
    for command in [&["record"][..], &["demo"], &["mcp"], &["cleanup"]] {
        let run = run(&[command, &["--contexts", "east,west"]].concat());
        assert!(run.complaint().contains("for a diagnosis alone"), "{run:?}");
    }
}
