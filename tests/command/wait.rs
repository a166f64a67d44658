//! Waiting and watching, with no cluster to be had.

use crate::{doctor::doctor, server::serve_nothing};

const NOWHERE: [&str; 2] = ["--server", "http://127.0.0.1:1"];

#[track_caller]
fn complains(args: &[&str], words: &[&str]) {
    let run = doctor(args);
    for word in words {
        assert!(run.complaint().contains(word), "{word:?} is not in: {}", run.complaint());
    }
}

#[test]
fn who_waits_says_for_what() {
    complains(&["wait"], &["wait for what", "deploy/web", "-l", "-f"]);
    complains(&["wait", "deploy/web", "--for", "happiness"], &["--for", "healthy", "deleted"]);
    complains(&["wait", "deploy/web", "--timeout", "soon"], &["--timeout", "soon", "1m30s"]);
}

#[test]
fn waiting_and_watching_take_a_cluster_and_change_nothing() {
    for flag in [&["--probe"][..], &["--fix"], &["--from", "recording.json"]] {
        complains(&[&["wait", "deploy/web"], flag].concat(), &["wait watches a cluster", flag[0]]);
        complains(&[&["watch"], flag].concat(), &["watch looks at whole namespaces", flag[0]]);
    }
    complains(&["watch", "-l", "app=web"], &["watch looks at whole namespaces", "-l"]);
}

#[test]
fn a_cluster_that_never_answers_is_not_waited_for() {
    complains(&[&["wait", "deploy/web"][..], &NOWHERE].concat(), &["127.0.0.1:1", "connection refused"]);
}

#[test]
fn without_a_terminal_nothing_is_watched() {
    complains(&[&["watch"][..], &NOWHERE].concat(), &["terminal", "wait"]);
}

#[test]
fn what_cannot_be_seen_is_neither_missing_nor_deleted() {
    let forbidden = "deployments.apps is forbidden: User \"jane\" cannot list resource \"deployments\"";
    for (status, why, told) in
        [("403 Forbidden", forbidden, "forbidden: User"), ("503 Unavailable", "etcd is down", "etcd is down")]
    {
        let server = serve_nothing(status, why);
        for goal in ["healthy", "deleted"] {
            let args = ["wait", "deployment/web", "-n", "shop", "--for", goal, "--server", &server];
            complains(&args, &["cannot look at deployments", told]);
        }
    }
}

#[test]
fn nothing_is_called_missing_by_a_name_where_nothing_can_be_seen() {
    let server = serve_nothing("403 Forbidden", "pods is forbidden: User \"jane\" cannot list resource \"pods\"");
    let run = doctor(&["web", "-n", "shop", "--server", &server]);
    let told =
        "\"web\" is neither a type nor the name of anything that can be seen in namespace shop; cannot look at pods: ";
    assert!(run.code == Some(2) && run.line().starts_with(told), "{run:?}");
}
