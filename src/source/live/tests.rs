//! The whole way over a socket, against servers that answer what they are told.

mod plugin;
mod sick;

use std::io::Write as _;

use serde_json::json;

use std::{io::Read as _, net::TcpListener, sync::Mutex};

use super::{
    fake::{json, live, refusal, serve},
    kubeconfig::Surroundings,
    *,
};
use crate::{
    inventory::{About, Inventory, State},
    question::{Question, Target},
    rule::{LogPatterns, Rules},
    source::collect::{Look, collect},
};

fn html(title: &str) -> (String, String) {
    ("200 OK\r\ncontent-type: text/html".to_owned(), format!("<html><title>{title}</title></html>"))
}

fn pods() -> Request {
    Request::List { kind: Kind::Pod, namespace: Some("shop".to_owned()) }
}

fn secret() -> Request {
    Request::Get { kind: Kind::Secret, namespace: Some("shop".to_owned()), name: "x".to_owned() }
}

async fn fatal(server: &str) -> String {
    live(server).answer(&[pods(), Request::Version]).await.unwrap_err().to_string()
}

#[tokio::test]
async fn replies_come_in_the_order_of_their_requests() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1.34.4"})),
        "/api/v1/namespaces/shop/secrets/x" => json(
            "404 Not Found",
            &json!({"kind": "Status", "code": 404, "reason": "NotFound", "details": {"name": "x", "kind": "secrets"}}),
        ),
        _ => json("200 OK", &json!({"kind": "PodList", "items": [{"metadata": {"name": "web"}}]})),
    });
    let replies = live(&server).answer(&[secret(), pods(), Request::Version]).await.unwrap();
    let web = json!({"metadata": {"name": "web"}}).try_into().unwrap();
    assert_eq!(replies, [Reply::Absent, Reply::Items(vec![web]), Reply::Version("v1.34.4".to_owned())]);
}

#[tokio::test]
async fn nothing_asked_is_nothing_answered() {
    assert_eq!(live("http://127.0.0.1:1").answer(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn the_token_and_the_user_agent_are_sent() {
    let (server, seen) = serve(|_| json("200 OK", &json!({"gitVersion": "v1"})));
    live(&server).answer(&[Request::Version]).await.unwrap();
    let request = seen.lock().unwrap()[0].to_lowercase();
    assert!(request.contains("authorization: bearer t\r\n"), "{request}");
    assert!(request.contains("user-agent: kubectl-doctor/"), "{request}");
}

#[tokio::test]
async fn names_are_asked_for_without_content() {
    let (server, seen) = serve(|_| json("200 OK", &json!({"kind": "PartialObjectMetadataList", "items": []})));
    let names = Request::Names { kind: Kind::Secret, namespace: Some("shop".to_owned()) };
    assert_eq!(live(&server).answer(&[names]).await.unwrap(), [Reply::Items(vec![])]);
    let request = seen.lock().unwrap()[0].clone();
    assert!(
        request.contains("accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"),
        "{request}"
    );
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page() {
    let (server, _) = serve(|path| match path.split_once("continue=") {
        Some((_, "2")) => json("200 OK", &json!({"kind": "PodList", "items": [{"metadata": {"name": "b"}}]})),
        _ => json(
            "200 OK",
            &json!({"kind": "PodList", "metadata": {"continue": "2"}, "items": [{"metadata": {"name": "a"}}]}),
        ),
    });
    let replies = live(&server).answer(&[pods()]).await.unwrap();
    assert!(matches!(&replies[0], Reply::Items(items) if items.len() == 2), "{replies:?}");
}

#[tokio::test]
async fn a_list_whose_pages_expired_is_read_again_at_once() {
    let (server, seen) = serve(|path| {
        if path.contains("continue=") {
            return refusal(410, "the provided continue parameter is too old");
        }
        let next = if path.contains("limit=") { "2" } else { "" };
        json("200 OK", &json!({"kind": "PodList", "metadata": {"continue": next}, "items": [{"metadata": {}}]}))
    });
    let replies = live(&server).answer(&[pods()]).await.unwrap();
    assert!(matches!(&replies[0], Reply::Items(items) if items.len() == 1), "{replies:?}");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_request_put_off_by_the_server_is_sent_again() {
    let count = Mutex::new(0);
    let (server, _) = serve(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 => ("429 X\r\nretry-after: 0".to_owned(), String::new()),
            _ => json("200 OK", &json!({"gitVersion": "v1"})),
        }
    });
    assert_eq!(live(&server).answer(&[Request::Version]).await.unwrap(), [Reply::Version("v1".to_owned())]);
}

#[tokio::test]
async fn one_failed_request_among_others_is_only_a_failed_reply() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => refusal(503, "the server is currently unable to handle the request"),
    });
    let live = live(&server);
    let failed = Reply::Failed("the server is currently unable to handle the request".to_owned());
    assert_eq!(
        live.answer(&[Request::Version, pods()]).await.unwrap(),
        [Reply::Version("v1".to_owned()), failed.clone()]
    );
    assert_eq!(live.answer(&[pods()]).await.unwrap(), [failed]);
}

#[tokio::test]
async fn a_server_that_only_fails_ends_the_run() {
    let (server, _) = serve(|_| refusal(503, "etcd is down"));
    let line = fatal(&server).await;
    assert!(line.starts_with(&format!("the API server {server} answers 503: etcd is down; ")), "{line}");
}

#[tokio::test]
async fn a_refused_token_ends_the_run() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => refusal(401, "Unauthorized"),
    });
    let line = fatal(&server).await;
    assert!(
        line.starts_with(&format!("the API server {server} does not accept the token of this user: Unauthorized; ")),
        "{line}"
    );
}

#[tokio::test]
async fn a_401_from_the_metrics_server_does_not_end_the_run() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => refusal(401, "Unauthorized"),
    });
    let metrics = Request::List { kind: Kind::PodMetrics, namespace: Some("shop".to_owned()) };
    let replies = live(&server).answer(&[Request::Version, metrics]).await.unwrap();
    assert!(matches!(&replies[1], Reply::Failed(text) if text.starts_with("unauthorized: ")), "{replies:?}");
}

#[tokio::test]
async fn a_401_from_the_kubelet_does_not_end_the_run() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => refusal(401, "the server has asked for the client to provide credentials"),
    });
    let log = Request::Log(crate::source::LogKey {
        namespace: "shop".to_owned(),
        pod: "web".to_owned(),
        container: "app".to_owned(),
        previous: false,
        recent: false,
    });
    let replies = live(&server).answer(&[Request::Version, log]).await.unwrap();
    assert!(matches!(&replies[1], Reply::Failed(text) if text.starts_with("unauthorized: ")), "{replies:?}");
}

#[tokio::test]
async fn a_user_without_credentials_is_told_apart_from_one_without_rights() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => refusal(403, "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\""),
    });
    let connection = Connection { server: Some(server.clone()), ..Connection::default() };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let line = live.answer(&[Request::Version, pods()]).await.unwrap_err().to_string();
    assert!(line.starts_with(&format!("the API server {server} takes you for system:anonymous")), "{line}");
}

#[tokio::test]
async fn a_closed_port_is_told() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let line = fatal(&format!("http://{port}")).await;
    assert!(line.starts_with(&format!("cannot reach the API server http://{port}: connection refused; ")), "{line}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told() {
    let line = fatal("http://no-such-host.invalid:6443").await;
    assert!(line.contains("its name does not resolve"), "{line}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = Connection {
        server: Some(format!("http://{}", listener.local_addr().unwrap())),
        request_timeout: Some("100ms".to_owned()),
        ..Connection::default()
    };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let line = live.answer(&[Request::Version]).await.unwrap_err().to_string();
    assert!(line.contains(": no answer within 100ms; "), "{line}");
}

#[tokio::test]
async fn a_server_out_of_reach_costs_one_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = Connection {
        server: Some(format!("http://{}", listener.local_addr().unwrap())),
        request_timeout: Some("300ms".to_owned()),
        ..Connection::default()
    };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let requests: Vec<_> = (0..3 * IN_FLIGHT).map(|_| pods()).chain([Request::Version]).collect();
    let start = std::time::Instant::now();
    live.answer(&requests).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(600), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_list_that_takes_too_long_does_not_end_the_run() {
    let (server, _) = serve(|path| match path {
        "/api/v1/namespaces/shop/secrets/x" => json("200 OK", &json!({"metadata": {"name": "x"}})),
        _ => {
            std::thread::sleep(Duration::from_millis(700));
            json("200 OK", &json!({"kind": "PodList", "items": []}))
        }
    });
    let connection =
        Connection { server: Some(server), request_timeout: Some("600ms".to_owned()), ..Connection::default() };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let replies = live.answer(&[pods(), secret()]).await.unwrap();
    assert_eq!(replies[0], Reply::Failed("timed out after 600ms".to_owned()));
    assert!(matches!(replies[1], Reply::Object(_)), "{replies:?}");
}

#[tokio::test]
async fn a_kind_that_hangs_costs_one_timeout_in_all_waves() {
    let (server, seen) = serve(|path| {
        if path.contains("secrets") {
            std::thread::sleep(Duration::from_secs(5));
        }
        json("200 OK", &json!({"kind": "PodList", "items": [], "gitVersion": "v1"}))
    });
    let connection =
        Connection { server: Some(server), request_timeout: Some("500ms".to_owned()), ..Connection::default() };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let start = Instant::now();
    let hung = Reply::Failed("timed out after 500ms".to_owned());
    let first = live.answer(&[Request::Version, secret(), pods()]).await.unwrap();
    assert_eq!(first[1..], [hung.clone(), Reply::Items(vec![])]);
    let names =
        |namespace: Option<&str>| Request::Names { kind: Kind::Secret, namespace: namespace.map(str::to_owned) };
    let next = live.answer(&[names(Some("shop")), names(None), pods()]).await.unwrap();
    assert_eq!(next, [hung.clone(), hung, Reply::Items(vec![])]);
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    let asked = seen.lock().unwrap().iter().filter(|request| request.contains("secrets")).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_question_is_answered_but_for_the_kind_that_hangs() {
    let (server, _) = serve(|path| {
        if path.contains("endpointslices") {
            std::thread::sleep(Duration::from_secs(5));
        }
        match path {
            "/api/v1/namespaces/shop" => json("200 OK", &json!({"kind": "Namespace", "metadata": {"name": "shop"}})),
            _ => json("200 OK", &json!({"kind": "List", "items": [], "gitVersion": "v1"})),
        }
    });
    let connection =
        Connection { server: Some(server), request_timeout: Some("500ms".to_owned()), ..Connection::default() };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    let question =
        Question { target: Target::Everything, namespace: Some("shop".to_owned()), selector: None, client: None };
    let about = About {
        server: None,
        context: None,
        namespace: "shop".to_owned(),
        now: jiff::Timestamp::UNIX_EPOCH,
        recorded: false,
    };
    let start = Instant::now();
    let inventory =
        collect(&live, &question, Inventory::new(about), &LogPatterns::default(), Look::InFull).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
    let state = |kind| inventory.coverage().of_list(kind, "shop");
    assert_eq!(state(Kind::EndpointSlice), State::Failed("timed out after 500ms".to_owned()));
    assert_eq!((state(Kind::Pod), state(Kind::Service)), (State::Collected, State::Collected));
    let diagnosis = crate::diagnosis::diagnose(&question, &inventory, &Rules::built_in().unwrap()).unwrap().diagnosis;
    let told: Vec<_> = diagnosis.not_checked.iter().map(|it| (it.what.as_str(), it.why.as_str())).collect();
    assert_eq!(told, [("endpointslices", "timed out after 500ms")]);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_in_the_middle_is_only_a_failed_reply() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => (
            "200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000".to_owned(),
            "{\"kind\":\"PodList\",\"items\":[".to_owned(),
        ),
    });
    let replies = live(&server).answer(&[Request::Version, pods()]).await.unwrap();
    assert_eq!(replies[1], Reply::Failed("the server closed the connection".to_owned()));
}

#[tokio::test]
async fn a_server_that_puts_off_for_longer_than_there_is_time_is_not_waited_for() {
    let (server, seen) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => {
            let (head, body) = refusal(429, "too many requests, please try again later");
            (format!("{head}\r\nretry-after: 30"), body)
        }
    });
    let start = Instant::now();
    let replies = live(&server).answer(&[Request::Version, pods()]).await.unwrap();
    assert_eq!(replies[1], Reply::Failed("too many requests, please try again later".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_puts_off_again_and_again_costs_no_more_than_one_timeout() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        _ => {
            let (head, body) = refusal(429, "too many requests");
            (format!("{head}\r\nretry-after: 1"), body)
        }
    });
    let start = Instant::now();
    let replies = live(&server).answer(&[Request::Version, pods()]).await.unwrap();
    assert_eq!(replies[1], Reply::Failed("too many requests".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_aggregated_api_that_is_down_does_not_end_the_run() {
    let (server, _) = serve(|path| match path {
        "/version" => json("200 OK", &json!({"gitVersion": "v1"})),
        path if path.contains("metrics.k8s.io") => {
            ("503 Service Unavailable\r\ncontent-type: text/plain".to_owned(), "service unavailable\n".to_owned())
        }
        path if path.contains("discovery.k8s.io") => {
            ("404 Not Found\r\naudit-id: x\r\ncontent-type: text/plain".to_owned(), "404 page not found\n".to_owned())
        }
        _ => json("200 OK", &json!({"kind": "PodList", "items": []})),
    });
    let list = |kind| Request::List { kind, namespace: Some("shop".to_owned()) };
    let requests = [Request::Version, list(Kind::PodMetrics), list(Kind::EndpointSlice), list(Kind::Gateway), pods()];
    let replies = live(&server).answer(&requests).await.unwrap();
    let failed = |why: &str| Reply::Failed(why.to_owned());
    let nothing = || Reply::Items(vec![]);
    assert_eq!(
        replies[1..],
        [failed("service unavailable"), failed("not served by this server"), nothing(), nothing()]
    );
}

#[tokio::test]
async fn a_login_page_is_told_by_its_title() {
    let (server, _) = serve(|_| html("Sign in"));
    let line = fatal(&server).await;
    assert!(line.starts_with(&format!("{server} answers with a web page (\"Sign in\")")), "{line}");
}

#[tokio::test]
async fn a_server_without_the_api_is_told() {
    let (server, _) =
        serve(|_| ("404 Not Found\r\ncontent-type: text/plain".to_owned(), "404 page not found".to_owned()));
    let line = fatal(&server).await;
    assert!(line.starts_with(&format!("{server} does not serve the Kubernetes API: ")), "{line}");
}

#[tokio::test]
async fn a_port_that_does_not_speak_http_is_told() {
    for first in [false, true] {
        let server = format!("http://{}", blurt(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", first));
        let line = fatal(&server).await;
        assert!(line.starts_with(&format!("{server} does not speak HTTP: ")), "{line}");
    }
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_told() {
    let server = format!("https://{}", blurt(b"HTTP/1.1 400 Bad Request\r\n\r\n", false));
    let line = insecurely(&server).await;
    assert!(line.starts_with(&format!("{server} does not speak TLS; ")), "{line}");
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told() {
    let server = format!("https://{}", blurt(b"", false));
    let line = insecurely(&server).await;
    assert!(line.contains(": it closes the connection without an answer; "), "{line}");
}

async fn insecurely(server: &str) -> String {
    let connection =
        Connection { server: Some(server.to_owned()), insecure_skip_tls_verify: true, ..Connection::default() };
    let live = connection.connect_from(&Surroundings::default()).unwrap();
    live.answer(&[Request::Version]).await.unwrap_err().to_string()
}

/// Says the same to everyone, before or after it hears something, and hangs up.
fn blurt(words: &'static [u8], first: bool) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !first {
                let _ = stream.read(&mut [0; 4096]);
            }
            let _ = stream.write_all(words);
        }
    });
    address
}

// KUBECONFIG=… cargo test --lib live -- --ignored --nocapture
#[tokio::test]
#[ignore = "needs a cluster"]
async fn a_real_cluster_answers_every_kind_of_request() {
    let live = Connection::default().connect().await.unwrap();
    let everything = Kind::ALL.iter().map(|kind| Request::List { kind: *kind, namespace: None });
    let absent = Request::Get { kind: Kind::Secret, namespace: Some("default".to_owned()), name: "x".to_owned() };
    let names = Request::Names { kind: Kind::Secret, namespace: None };
    let requests: Vec<_> = everything.chain([absent, names, Request::Version]).collect();
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let replies = live.answer(&requests).await.unwrap();
        println!("{} requests in {:?}", requests.len(), start.elapsed());
        assert!(replies.iter().all(|reply| !matches!(reply, Reply::Failed(_))), "{replies:?}");
    }
}
