//! The server for assistants, spoken to as a client does: a JSON document a line.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::Stdio,
};

use serde_json::{Value, json};

use crate::doctor::{Folder, Run, TYPO, command, doctor, doctor_reading};

const SERVICE: &str = "svc/hello-server-service";

/// What came back.
struct Session {
    run: Run,
    /// In the order in which they came.
    replies: Vec<Value>,
}

impl Session {
    /// Begins, makes these calls, and ends.
    #[track_caller]
    fn of(flags: &[&str], calls: &[(&str, Value)]) -> Self {
        let calls = calls.iter().map(|(tool, arguments)| ("tools/call", json!({"name": tool, "arguments": arguments})));
        Self::requesting(flags, calls)
    }

    #[track_caller]
    fn requesting<'a>(flags: &[&str], requests: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let client = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let hello = [
            json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": client}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        ];
        let numbered = requests.into_iter().enumerate();
        let requests = numbered
            .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let messages: Vec<Value> = hello.into_iter().chain(requests).collect();
        let mut server = command(&[&["mcp"], flags].concat());
        let mut server =
            server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut input = server.stdin.take().expect("its input");
        for message in &messages {
            writeln!(input, "{message}").expect("it reads");
        }
        // A client goes when it has what it asked for; of the messages one is no request.
        let output = BufReader::new(server.stdout.take().expect("its output")).lines();
        let replies = output.take(messages.len() - 1).map(|line| line.expect("text"));
        let replies: Vec<Value> = replies.map(|line| serde_json::from_str(&line).expect(&line)).collect();
        drop(input);
        let run = Run::from(server.wait_with_output().expect("it ends"));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(replies.iter().all(|reply| reply["jsonrpc"] == "2.0"), "{run:?}");
        Self { run, replies }
    }

    #[track_caller]
    fn reply(&self, id: impl Into<Value>) -> &Value {
        let id = id.into();
        self.replies.iter().find(|reply| reply["id"] == id).unwrap_or_else(|| panic!("no reply {id}: {:?}", self.run))
    }

    #[track_caller]
    fn text(&self, id: usize) -> &str {
        let result = &self.reply(id)["result"];
        assert_eq!(result["isError"], false, "{result}");
        result["content"][0]["text"].as_str().expect("a text")
    }

    /// The only line of a call that has no answer.
    #[track_caller]
    fn complaint(&self, id: usize) -> &str {
        let result = &self.reply(id)["result"];
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(!text.contains('\n'), "{text}");
        text
    }
}

#[test]
fn a_client_is_told_what_there_is_and_that_it_only_reads() {
    let session = Session::requesting(&["--from", TYPO], [("tools/list", json!({}))]);
    let server = &session.reply("hello")["result"];
    assert_eq!(server["serverInfo"]["name"], "kubectl-doctor");
    assert!(server["instructions"].as_str().unwrap().contains("diagnose"));
    let tools = session.reply(0)["result"]["tools"].as_array().unwrap();
    let arguments = |tool: &Value| -> Vec<String> {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        tool["inputSchema"]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let tools: BTreeMap<_, _> = tools.iter().map(|tool| (tool["name"].as_str().unwrap(), arguments(tool))).collect();
    let place = ["all_namespaces", "client", "context", "namespace", "selector", "target"].map(str::to_owned).to_vec();
    let expected =
        [("diagnose", place.clone()), ("explain", vec!["rule".to_owned()]), ("list_rules", vec![]), ("record", place)];
    assert_eq!(tools, BTreeMap::from(expected));
}

#[test]
fn a_diagnosis_is_the_document_of_the_command_line() {
    let session = Session::of(&["--from", TYPO], &[("diagnose", json!({"target": SERVICE}))]);
    let document = doctor(&[SERVICE, "--from", TYPO, "-o", "json"]).json();
    assert_eq!(document["findings"][0]["rule"], "service-selector-mismatch");
    assert_eq!(session.reply(0)["result"]["structuredContent"], document);
    assert_eq!(serde_json::from_str::<Value>(session.text(0)).unwrap(), document);
}

#[test]
fn arguments_are_the_flags_of_the_command_line() {
    let session = Session::of(
        &["--from", TYPO],
        &[
            ("diagnose", json!({"target": "svc", "selector": "app=nosuch"})),
            ("diagnose", json!({"target": SERVICE, "namespace": "elsewhere"})),
            ("diagnose", json!({"all_namespaces": true})),
        ],
    );
    let structured = |id: usize| &session.reply(id)["result"]["structuredContent"];
    let same = |flags: &[&str]| doctor(&[flags, &["--from", TYPO]].concat());
    assert_eq!(*structured(0), same(&["svc", "-l", "app=nosuch", "-o", "json"]).json());
    assert_eq!(session.complaint(1), same(&[SERVICE, "-n", "elsewhere"]).line());
    assert_eq!(*structured(2), same(&["-A", "-o", "json"]).json());
    assert_eq!(structured(2)["metadata"]["namespace"], Value::Null);
}

#[test]
fn rules_are_told_as_on_the_command_line() {
    let session = Session::of(&[], &[("explain", json!({"rule": "oom-killed"})), ("list_rules", json!({}))]);
    assert_eq!(session.text(0), doctor(&["explain", "oom-killed"]).stdout);
    assert_eq!(session.text(1), doctor(&["rules"]).stdout);
}

#[test]
fn a_recording_can_be_diagnosed_elsewhere() {
    let session = Session::of(&["--from", TYPO], &[("record", json!({"target": SERVICE}))]);
    let folder = Folder::new();
    let file = folder.file("recording.json", session.text(0));
    assert_eq!(doctor(&["--from", &file, "-o", "json"]).found(), ["service-selector-mismatch"]);
}

#[test]
fn what_has_no_answer_is_one_line_and_the_server_goes_on() {
    let session = Session::of(
        &["--from", TYPO],
        &[
            ("diagnose", json!({"target": "svc/hello-server-servic"})),
            ("diagnose", json!({"target": "depoyment/web"})),
            ("diagnose", json!({"targt": "pod"})),
            ("diagnose", json!({"target": 7})),
            ("diagnose", json!({"target": "svc", "selector": "a b"})),
            ("explain", json!({"rule": "oom-killd"})),
            ("explain", json!({})),
            ("record", json!({"target": "svc/nosuch"})),
            ("diagnose", json!({"target": "--probe"})),
            ("nosuch", json!({})),
            ("diagnose", json!({"target": SERVICE})),
        ],
    );
    for (id, words) in [
        (0, "did you mean service/hello-server-service?"),
        (1, "did you mean deployment?"),
        (2, "did you mean target?"),
        (3, "target has to be a string"),
        (4, "--selector: "),
        (5, "did you mean oom-killed?"),
        (6, "explain needs rule"),
        (7, "there is no service \"nosuch\""),
        (8, "\"--probe\" is neither a type nor the name"),
    ] {
        assert!(session.complaint(id).contains(words), "{words:?} is not in: {}", session.complaint(id));
    }
    assert!(session.reply(9)["error"]["message"].as_str().unwrap().contains("diagnose, explain"));
    assert!(session.text(10).contains("service-selector-mismatch"));
    assert_eq!(session.run.stderr, "");
}

#[test]
fn a_server_out_of_reach_is_said_with_its_address() {
    let session = Session::of(&["--server", "http://127.0.0.1:1"], &[("diagnose", json!({"target": "pod/web"}))]);
    assert!(session.complaint(0).contains("http://127.0.0.1:1"), "{}", session.complaint(0));
}

#[test]
fn a_server_for_one_context_asks_no_other() {
    let place = |name: &str| ("diagnose", json!({"target": "pod/web", "context": name}));
    let session = Session::of(&["--context", "staging"], &[place("production"), place("staging")]);
    assert!(session.complaint(0).contains("for context \"staging\" alone"), "{}", session.complaint(0));
    assert!(session.complaint(1).contains("there is no kubeconfig file"), "{}", session.complaint(1));
}

#[test]
fn a_call_that_waits_does_not_hold_up_another() {
    // Takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", silent.local_addr().unwrap());
    let flags = ["--server", &server, "--request-timeout", "2s"];
    let session = Session::of(&flags, &[("diagnose", json!({"target": "pod/web"})), ("list_rules", json!({}))]);
    let order: Vec<String> = session.replies.iter().map(|reply| reply["id"].to_string()).collect();
    assert_eq!(order, ["\"hello\"", "1", "0"]);
    assert!(session.complaint(0).contains(&server), "{}", session.complaint(0));
}

#[test]
fn the_servers_own_rules_and_what_it_ignores_hold_in_every_call() {
    let ask = [("diagnose", json!({"target": SERVICE}))];
    let session = Session::of(&["--from", TYPO, "--ignore", "service-selector-mismatch"], &ask);
    let document = &session.reply(0)["result"]["structuredContent"];
    assert_eq!((&document["findings"], &document["suppressed"]), (&json!([]), &json!(1)));
    let folder = Folder::new();
    folder.file("broken.yaml", "id: x\n");
    let run = doctor(&["mcp", "--rules", folder.path()]);
    assert!(run.complaint().contains("broken.yaml"), "{run:?}");
}

#[test]
fn what_is_asked_for_besides_reading_is_refused() {
    for flags in [&["--probe"][..], &["--fix"], &["-f", TYPO]] {
        let run = doctor(&[&["mcp"], flags].concat());
        assert!(run.complaint().starts_with("mcp only reads"), "{run:?}");
    }
    assert!(doctor(&["mcp", "--from", "-"]).complaint().contains("standard input"));
    assert!(doctor(&["mcp", "pod"]).complaint().contains("'pod'"));
}

#[test]
fn who_is_no_client_is_told_what_it_is_for() {
    for input in ["", "pod myapp\n"] {
        let run = doctor_reading(&["mcp"], input.as_bytes());
        assert!(run.complaint().contains("Model Context Protocol"), "{run:?}");
    }
}
