//! An API server of a few objects, as far as a diagnosis asks it: lists in a namespace, and objects by their name.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::{Value, json};

/// Serves what `kubectl get -o yaml` printed, until the test ends; says where.
pub fn serve(file: &str) -> String {
    let listed: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let items = listed["items"].as_array().unwrap().clone();
    serve_each(move |path| answer(path, &items))
}

/// Serves what an API server answers of which nothing but the version may be seen, or can be.
pub fn serve_nothing(status: &'static str, why: &'static str) -> String {
    serve_each(move |path| match path {
        "/version" => ("200 OK", json!({"gitVersion": "v1.34.0"})),
        _ => (status, json!({"kind": "Status", "status": "Failure", "message": why})),
    })
}

fn serve_each(answer: impl Fn(&str) -> (&'static str, Value) + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer_all(stream.unwrap(), &*answer));
        }
    });
    format!("http://{address}")
}

fn answer_all(mut stream: TcpStream, answer: &dyn Fn(&str) -> (&'static str, Value)) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(first)) = lines.next() {
        let path = first.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let (status, body) = answer(&path);
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(path: &str, items: &[Value]) -> (&'static str, Value) {
    let words: Vec<&str> = path.split('/').skip(1).collect();
    let (namespace, rest) = match words.iter().position(|word| *word == "namespaces").filter(|at| at + 1 < words.len())
    {
        Some(at) => (words.get(at + 1).copied(), words.get(at + 2..).unwrap_or_default()),
        None => (None, words.last().map(std::slice::from_ref).unwrap_or_default()),
    };
    let here = |item: &&Value| namespace.is_none_or(|namespace| item["metadata"]["namespace"] == namespace);
    match rest {
        _ if path == "/version" => ("200 OK", json!({"gitVersion": "v1.34.0"})),
        [] if items.iter().any(|item| here(&item)) => {
            ("200 OK", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
        }
        [plural] => {
            let is_one = |item: &&Value| format!("{}s", item["kind"].as_str().unwrap()).to_lowercase() == *plural;
            let found: Vec<_> = items.iter().filter(here).filter(is_one).collect();
            ("200 OK", json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": found}))
        }
        _ => (
            "404 Not Found",
            json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}),
        ),
    }
}
