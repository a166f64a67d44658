//! What is kept of a kind whose watch is cut, or told of too late, or refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::source::live::fake::{json, live, refusal, serve};

const NO_MEMORY: Duration = Duration::ZERO;

fn pod(name: &str, version: &str) -> Value {
    let metadata = json!({"name": name, "namespace": "shop", "labels": {"app": name}, "resourceVersion": version});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
}

fn list(pods: &[Value], version: &str) -> (String, String) {
    json(
        "200 OK",
        &json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": pods}),
    )
}

fn told(events: &[Value]) -> (String, String) {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    ("200 OK\r\ncontent-type: application/json".to_owned(), lines)
}

fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

fn is_watch(path: &str) -> bool {
    path.contains("watch=true")
}

fn pods() -> Request {
    Request::List { kind: Kind::Pod, namespace: Some("shop".to_owned()) }
}

async fn names(cached: &Cached<'_>, request: Request) -> Vec<String> {
    let Reply::Items(items) = cached.answer(&[request]).await.unwrap().remove(0) else { panic!("no list") };
    items.iter().map(|item| item.read().unwrap()["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

// Until what is kept is this.
async fn becomes(cached: &Cached<'_>, wanted: &[&str]) {
    let all = async {
        while names(cached, pods()).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("it becomes so");
}

#[tokio::test]
async fn a_watch_that_ends_goes_on_from_where_it_was() {
    let watches = AtomicUsize::new(0);
    let (server, seen) = serve(move |path| match (is_watch(path), watches.load(Ordering::SeqCst)) {
        (false, _) => list(&[pod("a", "1")], "5"),
        (true, 0) => {
            watches.fetch_add(1, Ordering::SeqCst);
            let bookmark = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"resourceVersion": "9"}});
            told(&[event("ADDED", pod("b", "7")), event("BOOKMARK", bookmark)])
        }
        _ if path.contains("resourceVersion=9") => told(&[event("DELETED", pod("a", "11"))]),
        _ => told(&[]),
    });
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], Some("shop"), NO_MEMORY);
    cached.listed().await;
    becomes(&cached, &["b"]).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|head| !head.contains("watch=true")).count(), 1, "it was listed once: {seen:#?}");
}

#[tokio::test]
async fn what_was_deleted_while_nobody_could_tell_is_gone_after_410() {
    let lists = AtomicUsize::new(0);
    let (server, _) = serve(move |path| {
        if is_watch(path) {
            let status =
                json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"});
            let is_old = path.contains("resourceVersion=5");
            return if is_old { told(&[event("ERROR", status)]) } else { told(&[]) };
        }
        match lists.fetch_add(1, Ordering::SeqCst) {
            0 => list(&[pod("a", "1"), pod("b", "2")], "5"),
            _ => list(&[pod("b", "2")], "20"),
        }
    });
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], Some("shop"), NO_MEMORY);
    cached.listed().await;
    becomes(&cached, &["b"]).await;
}

#[tokio::test]
async fn what_the_server_does_not_tell_of_is_asked_for() {
    let lists = AtomicUsize::new(0);
    let (server, _) = serve(move |path| match is_watch(path) {
        true => refusal(500, "not now"),
        false if lists.fetch_add(1, Ordering::SeqCst) == 0 => list(&[pod("a", "1")], "5"),
        false => list(&[pod("new", "6")], "6"),
    });
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], Some("shop"), NO_MEMORY);
    cached.listed().await;
    becomes(&cached, &["new"]).await;
    assert!(cached.health().trouble().is_some());
}

#[tokio::test]
async fn what_may_not_be_watched_is_asked_for_and_no_trouble() {
    let (server, _) = serve(|_| refusal(403, "pods is forbidden"));
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], Some("shop"), NO_MEMORY);
    cached.listed().await;
    let reply = cached.answer(&[pods()]).await.unwrap().remove(0);
    assert!(matches!(&reply, Reply::Failed(why) if why.contains("forbidden")), "{reply:?}");
    assert_eq!(cached.health().trouble(), None);
}

#[tokio::test]
async fn objects_are_found_by_their_labels_and_their_names() {
    let (server, _) = serve(|path| match is_watch(path) {
        true => told(&[]),
        false => list(&[pod("a", "1"), pod("b", "2"), pod("c", "3")], "5"),
    });
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], None, NO_MEMORY);
    cached.listed().await;
    assert_eq!(cached.changed().into_keys().collect::<Vec<_>>(), ["shop"]);
    assert!(cached.changed().is_empty());
    let selected = |namespace: Option<&str>| Request::Selected {
        kind: Kind::Pod,
        namespace: namespace.map(str::to_owned),
        selector: "app in (a,c)".to_owned(),
    };
    assert_eq!(names(&cached, selected(Some("shop"))).await, ["a", "c"]);
    assert_eq!(names(&cached, selected(None)).await, ["a", "c"]);
    assert_eq!(names(&cached, selected(Some("other"))).await, Vec::<String>::new());
    let get = |name: &str| Request::Get { kind: Kind::Pod, namespace: Some("shop".to_owned()), name: name.to_owned() };
    let replies = cached.answer(&[get("b"), get("d")]).await.unwrap();
    assert!(matches!(&replies[0], Reply::Object(found) if found["metadata"]["name"] == "b"), "{replies:?}");
    assert_eq!(replies[1], Reply::Absent);
}

#[tokio::test]
async fn a_list_whose_pages_have_no_end_is_trouble() {
    let (server, _) = serve(|_| {
        let metadata = json!({"resourceVersion": "1", "continue": "2"});
        json("200 OK", &json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": []}))
    });
    let live = live(&server);
    let cached = Cached::of(&live, [Kind::Pod], Some("shop"), NO_MEMORY);
    cached.listed().await;
    let trouble = cached.health().trouble().unwrap();
    assert!(trouble.contains("the same page comes again and again"), "{trouble}");
}
