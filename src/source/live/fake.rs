//! Servers that answer what they are told, for tests.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{Connection, Live, kubeconfig::Surroundings};

/// The heads of the requests that came.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// Answers each path with what `answer` makes of it (status and headers, body),
/// one request a connection.
pub(crate) fn serve(answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> (String, Seen) {
    serve_heads(move |head| answer(head.split(' ').nth(1).unwrap_or_default()))
}

/// Answers each request by its head; without a status the connection is closed.
pub(crate) fn serve_heads(answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let requests = Arc::clone(&seen);
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
            std::thread::spawn(move || {
                let request = head(&mut stream);
                requests.lock().unwrap().push(request.clone());
                let (head, body) = answer(&request);
                if head.is_empty() {
                    return;
                }
                let length = if head.contains("content-length") {
                    String::new()
                } else {
                    format!("content-length: {}\r\n", body.len())
                };
                let _ = write!(stream, "HTTP/1.1 {head}\r\n{length}connection: close\r\n\r\n{body}");
            });
        }
    });
    (server, seen)
}

fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        read.push(byte[0]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// The one who asks such a server.
pub(crate) fn live(server: &str) -> Live {
    let connection = Connection {
        server: Some(server.to_owned()),
        token: Some("t".to_owned()),
        request_timeout: Some("2s".to_owned()),
        ..Connection::default()
    };
    connection.connect_from(&Surroundings::default()).unwrap()
}

/// An answer of JSON.
pub(crate) fn json(code: &str, body: &Value) -> (String, String) {
    (format!("{code}\r\ncontent-type: application/json"), body.to_string())
}

/// A refusal in the API server's form.
pub(crate) fn refusal(code: u16, message: &str) -> (String, String) {
    json(&format!("{code} X"), &json!({"kind": "Status", "status": "Failure", "code": code, "message": message}))
}
