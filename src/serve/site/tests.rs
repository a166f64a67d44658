#![allow(clippy::unwrap_used, reason = "a test may panic")]

use clap::Parser;

use super::*;
use crate::cli::Cli;

// Of a cluster that nothing is asked of.
async fn site(at: &str) -> Site {
    let cli = Cli::try_parse_from(["kubectl-doctor", "-s", "http://127.0.0.1:1", "--request-timeout", "1s"]).unwrap();
    let live = cli.connection.connect().await.unwrap();
    Site::new(Arc::new(live), Arc::default(), at.parse().unwrap())
}

async fn ask(site: &Site, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = site.answer(&request.body(()).unwrap()).await;
    let code = answer.status().as_u16();
    (code, String::from_utf8(answer.into_body().collect_bytes().await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn it_is_ready_when_everything_was_looked_at_and_alive_before() {
    let site = site("127.0.0.1:8080").await;
    assert_eq!(ask(&site, "/healthz", &[]).await.0, 200);
    assert_eq!(ask(&site, "/readyz", &[]).await.0, 503);
    site.seen.lock().is_ready = true;
    assert_eq!(ask(&site, "/readyz", &[]).await, (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn nothing_is_taken_and_what_is_not_there_is_told() {
    let site = site("127.0.0.1:8080").await;
    let posted = site.answer(&Request::post("/metrics").body(()).unwrap()).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask(&site, "/nowhere", &[]).await, (404, WHAT_THERE_IS.to_owned()));
}

#[tokio::test]
async fn who_comes_from_elsewhere_needs_a_token() {
    let site = site("0.0.0.0:8080").await;
    for headers in
        [&[][..], &[("host", "localhost")], &[("authorization", "Basic Zm9v")], &[("authorization", "Bearer ")]]
    {
        let (code, said) = ask(&site, "/namespaces/shop", headers).await;
        assert_eq!((code, said.as_str()), (401, "send a token of yours: Authorization: Bearer TOKEN\n"), "{headers:?}");
    }
}

#[tokio::test]
async fn on_this_machine_a_report_is_shown_to_who_asks_for_this_machine() {
    let site = site("127.0.0.1:8080").await;
    for (host, code) in [
        ("localhost:8080", 404),
        ("127.0.0.1", 404),
        ("[::1]:8080", 404),
        ("[::1]", 404),
        ("evil.example", 403),
        ("localhost.evil.example:8080", 403),
        ("", 403),
    ] {
        assert_eq!(ask(&site, "/namespaces/shop.json", &[("host", host)]).await.0, code, "{host}");
    }
    assert_eq!(ask(&site, "/namespaces/shop", &[]).await.0, 403);
}
