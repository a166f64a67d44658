//! Servers that answer in part, too late, or as somebody else.

use std::sync::atomic::AtomicUsize;

use super::*;

/// What `then` makes of each request from the second one on, and a closed connection before.
fn at_second(then: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> (String, super::super::fake::Seen) {
    let count = AtomicUsize::new(0);
    serve(move |path| match count.fetch_add(1, Ordering::Relaxed) {
        0 => (String::new(), String::new()),
        _ => then(path),
    })
}

fn version() -> (String, String) {
    json("200 OK", &json!({"gitVersion": "v1"}))
}

#[tokio::test]
async fn what_was_asked_over_a_connection_that_closed_is_asked_again() {
    let (server, seen) = at_second(|_| version());
    assert_eq!(live(&server).answer(&[Request::Version]).await.unwrap(), [Reply::Version("v1".to_owned())]);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_failing_server_is_asked_again_only_where_it_says_when() {
    for (after, asked) in [("\r\nretry-after: 0", 3), ("", 1)] {
        let (server, seen) = serve(move |_| {
            let (head, body) = refusal(503, "apiserver is shutting down");
            (format!("{head}{after}"), body)
        });
        live(&server).answer(&[Request::Version]).await.unwrap_err();
        assert_eq!(seen.lock().unwrap().len(), asked, "{after:?}");
    }
}

#[tokio::test]
async fn a_list_whose_pages_have_no_end_is_given_up() {
    let (server, _) = serve(|path| match path {
        "/version" => version(),
        _ => json("200 OK", &json!({"kind": "PodList", "metadata": {"continue": "2"}, "items": []})),
    });
    let replies = live(&server).answer(&[Request::Version, pods()]).await.unwrap();
    assert_eq!(replies[1], Reply::Failed("the same page comes again and again".to_owned()));
}

#[tokio::test]
async fn json_that_breaks_off_is_no_answer() {
    let (server, _) = serve(|path| match path {
        "/version" => version(),
        _ => {
            let (head, body) =
                json("200 OK", &json!({"kind": "PodList", "metadata": {}, "items": [{"metadata": {"name": "web"}}]}));
            (head, body[..body.len() - 3].to_owned())
        }
    });
    let replies = live(&server).answer(&[Request::Version, pods(), secret()]).await.unwrap();
    let broken = Reply::Failed("the answer breaks off in the middle".to_owned());
    assert_eq!(replies[1..], [broken.clone(), broken]);
}

#[tokio::test]
async fn what_time_it_is_the_server_says() {
    let (server, _) = serve(|_| {
        let (head, body) = version();
        (format!("{head}\r\ndate: Wed, 01 Jan 2020 12:00:00 GMT"), body)
    });
    let live = live(&server);
    live.answer(&[Request::Version]).await.unwrap();
    assert_eq!(live.about(None).now.strftime("%F %H").to_string(), "2020-01-01 12");
}
