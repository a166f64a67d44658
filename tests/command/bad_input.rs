//! What cannot be: one line that says what, and what to do.

use crate::doctor::{Folder, TYPO, doctor, doctor_reading};

#[track_caller]
fn says(args: &[&str], words: &[&str]) {
    let run = doctor(args);
    let line = run.complaint();
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
}

#[test]
fn a_flag_that_there_is_not_is_named_with_the_nearest() {
    says(&["--namespce", "shop"], &["--namespce", "--namespace", "kubectl doctor --help"]);
    says(&["--nosuch"], &["--nosuch"]);
}

#[test]
fn a_flag_without_its_value_is_named() {
    for flag in ["-n", "-o", "-l", "--context", "--from", "--rules", "--request-timeout", "--fail-on"] {
        says(&[flag], &["a value is required for", flag.trim_start_matches('-')]);
    }
}

#[test]
fn a_value_that_a_flag_does_not_take_is_named_with_those_that_it_does() {
    says(&["-o", "prose"], &["'prose'", "--output", "text, wide, json"]);
    says(&["--fail-on", "never"], &["'never'", "error, warning, info"]);
    says(&["--color", "yes"], &["'yes'", "auto, always, never"]);
}

#[test]
fn serve_takes_nothing_that_narrows_its_look_or_changes_something() {
    for flags in
        [&["--from", TYPO][..], &["-f", TYPO], &["-l", "app=web"], &["--client", "pod/a"], &["--probe"], &["--fix"]]
    {
        says(&[&["serve"], flags].concat(), &["serve looks at whole namespaces", flags[0]]);
    }
}

#[test]
fn an_address_that_serve_cannot_listen_on_is_named() {
    says(&["serve", "--listen", "8080"], &["'8080'", "--listen", "invalid socket address"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    says(&["serve", "--listen", &address], &["cannot listen on", &address, "name another address with --listen"]);
}

#[test]
fn a_selector_that_is_none_is_said_before_a_cluster_is_asked() {
    for selector in ["=web", "app in web", "a b", "app=web,,tier"] {
        says(&["-l", selector, "--server", "http://127.0.0.1:1"], &["--selector: "]);
    }
}

#[test]
fn a_duration_that_is_none_is_said_with_what_to_write() {
    for duration in ["abc", "10x", "-5s", ""] {
        says(&[&format!("--request-timeout={duration}")], &["--request-timeout", "10s"]);
    }
}

#[test]
fn a_type_that_there_is_not_is_named_with_the_nearest() {
    let says = |args: &[&str], words: &[&str]| says(&[args, &["--from", TYPO]].concat(), words);
    says(&["depoyment/web"], &["\"depoyment\"", "did you mean deployment?"]);
    says(&["servic", "web"], &["\"servic\"", "did you mean service?"]);
    says(&["xyzzy/web"], &["\"xyzzy\"", "the types are pod, "]);
    says(&["ingress.example.com/web"], &["ingress.example.com"]);
    says(&["deploy,servic"], &["\"servic\"", "did you mean service?"]);
}

#[test]
fn a_type_that_is_only_looked_at_where_it_is_used_is_said_to_be_so() {
    for word in ["cm", "configmaps", "secret/db", "sa", "pv"] {
        says(&[word], &["looked at only where something uses them"]);
    }
}

#[test]
fn a_type_without_a_name_behind_the_slash_is_told_apart_from_the_type() {
    says(&["pod/"], &["no name after the slash", "pod/NAME"]);
    says(&["pod/a/b"], &["more than one slash"]);
    says(&["/web"], &["no type \"\""]);
}

#[test]
fn two_ways_to_write_a_target_are_not_mixed() {
    says(&["pod", "a", "service/b"], &["mixes TYPE/NAME with TYPE NAME"]);
    says(&["pod/a", "b"], &["mixes TYPE/NAME with TYPE NAME"]);
    says(&["myapp", "other", "--from", TYPO], &["no type \"myapp\""]);
}

#[test]
fn an_empty_word_is_no_target() {
    says(&[""], &["empty word"]);
    says(&["pod", ""], &["empty word"]);
}

#[test]
fn several_namespaces_are_not_asked_about_at_once() {
    says(&["ns", "a", "b", "--from", TYPO], &["one namespace at a time"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    says(&["--from", "/nonexistent.yaml"], &["/nonexistent.yaml", "No such file"]);
    says(&["--from", folder.path()], &[folder.path(), "no .yaml, .yml or .json file in it"]);
}

#[test]
fn a_file_that_is_broken_is_named_with_line_and_column() {
    let folder = Folder::new();
    let broken = folder.file("broken.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web\n");
    says(&["--from", &broken], &[&format!("{broken}:"), "not YAML"]);
    let cut_off = folder.file("cut.json", "{\"kind\": \"List\", \"apiVersion\": \"v1\",\n \"items\": [");
    says(&["--from", &cut_off], &[&format!("{cut_off}:2:"), "cut off"]);
    let text = folder.file("table.yaml", "NAME   READY   STATUS\n");
    says(&["--from", &text], &[&text, "-o yaml"]);
    let binary = folder.file("binary.yaml", "\u{0}\u{1}\u{2}");
    says(&["--from", &binary], &[&binary]);
}

#[test]
fn a_recording_that_is_cut_off_or_of_another_version_is_refused() {
    let folder = Folder::new();
    let whole = include_str!("../../testdata/seed/recording.json");
    let cut_off = folder.file("cut.json", &whole[..whole.len() / 2]);
    says(&["--from", &cut_off], &[&cut_off, "cut off"]);
    let newer = folder.file("newer.json", &whole.replace("kubectl-doctor/v1", "kubectl-doctor/v9"));
    says(&["--from", &newer], &["kubectl-doctor/v9"]);
}

#[test]
fn an_input_with_nothing_in_it_is_no_healthy_one() {
    for input in ["", "\n", "---\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"] {
        let run = doctor_reading(&["--from", "-"], input.as_bytes());
        assert!(run.complaint().contains("standard input"), "{run:?}");
    }
}

#[test]
fn a_demo_that_there_is_not_is_named_with_those_that_there_are() {
    says(&["demo", "nosuch"], &["\"nosuch\"", "seed"]);
    says(&["demo", "sed"], &["did you mean seed?"]);
}

#[test]
fn a_command_without_what_it_needs_is_named() {
    says(&["explain"], &["required", "<ID>"]);
    says(&["rules", "x"], &["'x'"]);
}

#[test]
fn a_recording_that_cannot_be_written_is_said() {
    says(&["record", "--from", TYPO, "--file", "/nonexistent/x.json"], &["/nonexistent/x.json"]);
}

#[test]
fn a_target_that_is_not_there_is_named_with_the_nearest() {
    says(&["svc/hello-server-servic", "--from", TYPO], &["did you mean service/hello-server-service?"]);
    let run = doctor(&["hello-serve", "--from", TYPO]);
    assert!(run.line().contains("neither a type nor the name") && run.line().contains("did you mean hello-server?"));
    says(&["svc", "hello-server", "--from", TYPO], &["there is deployment/hello-server"]);
    says(&["record", "svc/nosuch", "--from", TYPO], &["there is no service \"nosuch\""]);
}

#[test]
fn control_characters_in_what_was_typed_do_not_reach_the_terminal() {
    let run = doctor(&["pod/\u{1b}[31mred\nline", "--from", TYPO]);
    assert!(!run.complaint().contains('\u{1b}'), "{run:?}");
}
