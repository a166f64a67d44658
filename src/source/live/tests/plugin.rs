//! Users whose credential comes from a plugin, and is no longer accepted after a while.

use std::path::PathBuf;

use super::{super::fake::serve_heads, *};

/// A server that accepts only this token once it has told its version, whoever asks for that.
fn accepting(token: &'static str) -> (String, super::super::fake::Seen) {
    serve_heads(move |head| {
        if head.starts_with("GET /version ") {
            json("200 OK", &json!({"gitVersion": "v1"}))
        } else if head.to_lowercase().contains(&format!("authorization: bearer {token}\r\n")) {
            json("200 OK", &json!({"kind": "PodList", "items": []}))
        } else {
            refusal(401, "Unauthorized")
        }
    })
}

/// A user of a plugin that says `first` when it is asked first, and from then on what the script says.
fn user_of(server: &str, name: &str, then: &str) -> (Live, PathBuf) {
    let folder = std::env::temp_dir().join(format!("kubectl-doctor-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "cd '{}'; echo asked >>asked; if [ $(wc -l <asked) = 1 ]; then token=first; else {then}; fi; \
         echo \"{{status: {{token: $token}}}}\"",
        folder.display()
    );
    let user = json!({"exec": {"command": "sh", "args": ["-c", script], "interactiveMode": "Never",
        "apiVersion": "client.authentication.k8s.io/v1"}});
    let config = json!({
        "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}], "current-context": "x"});
    let file = folder.join("config");
    std::fs::write(&file, config.to_string()).unwrap();
    let connection = Connection { kubeconfig: Some(file), ..Connection::default() };
    (connection.connect_from(&Surroundings::default()).unwrap(), folder.join("asked"))
}

fn times(asked: &std::path::Path) -> usize {
    std::fs::read_to_string(asked).unwrap().lines().count()
}

fn some_requests() -> Vec<Request> {
    let lists = Kind::ALL.iter().take(5).map(|kind| Request::List { kind: *kind, namespace: None });
    [Request::Version].into_iter().chain(lists).collect()
}

#[tokio::test]
async fn it_is_asked_once_for_another_one_and_everything_is_answered() {
    let (server, _) = accepting("second");
    let (live, asked) = user_of(&server, "renews", "token=second");
    let replies = live.answer(&some_requests()).await.unwrap();
    assert!(replies.iter().all(|reply| !matches!(reply, Reply::Failed(_))), "{replies:?}");
    assert_eq!(times(&asked), 2);
}

#[tokio::test]
async fn what_it_says_when_it_has_none_ends_the_run() {
    let (server, _) = accepting("second");
    let (live, asked) = user_of(&server, "fails", "echo 'run sso login' >&2; exit 1");
    let line = live.answer(&some_requests()).await.unwrap_err().to_string();
    assert!(line.contains("no longer accepts who you were, and the credential plugin sh of user \"u\" failed: run sso login; log in again"), "{line}");
    assert_eq!(times(&asked), 2);
}

#[tokio::test]
async fn one_that_gives_nothing_better_is_not_asked_again_and_again() {
    let (server, _) = accepting("second");
    let (live, asked) = user_of(&server, "insists", "token=first");
    let line = live.answer(&some_requests()).await.unwrap_err().to_string();
    assert!(line.contains("does not accept the token that sh gives for user \"u\""), "{line}");
    live.answer(&some_requests()).await.unwrap_err();
    assert_eq!(times(&asked), 2);
}
