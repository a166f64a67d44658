//! Whether somebody who asks may see what is known of a namespace: whoever may read its pods and their logs could find
//! out the same.

use serde_json::{Value, json};

use crate::source::live::{Live, act::Act};

/// Subresources of pods that a report tells of.
const READ: [&str; 2] = ["", "log"];

/// Why somebody is shown nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No token came, or none that the server knows (401).
    Stranger(String),
    /// Who asks may not look there (403).
    Forbidden(String),
    /// Nobody could be asked (503).
    Unknown(String),
}

/// Asks the server who has this token, and whether they may read a namespace's pods.
///
/// # Errors
/// Where they may not, or that is not known.
pub async fn may_read(live: &Live, token: Option<&str>, namespace: &str) -> Result<(), Denied> {
    let token =
        token.ok_or_else(|| Denied::Stranger("send a token of yours: Authorization: Bearer TOKEN".to_owned()))?;
    let user = user(&ask(live, &Act::token_review(token)).await?)?;
    for subresource in READ {
        let review = ask(live, &Act::access_review(spec(&user, namespace, subresource))).await?;
        allowed(&review, &user, namespace, subresource)?;
    }
    Ok(())
}

async fn ask(live: &Live, review: &Act) -> Result<Value, Denied> {
    let unknown = |refused: crate::source::live::act::Refused| {
        Denied::Unknown(format!("cannot find out what you may see: {}", refused.words()))
    };
    live.act(review).await.map_err(unknown)
}

fn user(review: &Value) -> Result<Value, Denied> {
    match review.pointer("/status/authenticated") {
        Some(Value::Bool(true)) => Ok(review.pointer("/status/user").cloned().unwrap_or_default()),
        _ => Err(Denied::Stranger("the server does not know this token".to_owned())),
    }
}

// The user of a TokenReview is nearly that of a SubjectAccessReview.
fn spec(user: &Value, namespace: &str, subresource: &str) -> Value {
    json!({
        "user": user["username"], "groups": user["groups"], "uid": user["uid"], "extra": user["extra"],
        "resourceAttributes": {"verb": "get", "resource": "pods", "subresource": subresource, "namespace": namespace},
    })
}

fn allowed(review: &Value, user: &Value, namespace: &str, subresource: &str) -> Result<(), Denied> {
    if review.pointer("/status/allowed") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    let who = user["username"].as_str().unwrap_or_default();
    let what = if subresource.is_empty() { "pods".to_owned() } else { format!("pods/{subresource}") };
    Err(Denied::Forbidden(format!("{who} may not get {what} in namespace {namespace}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_the_server_does_not_know_is_a_strangers() {
        for status in [json!({}), json!({"authenticated": false}), json!({"user": {"username": "jane"}})] {
            assert!(matches!(user(&json!({"status": status})), Err(Denied::Stranger(_))), "{status}");
        }
        assert!(matches!(user(&Value::Null), Err(Denied::Stranger(_))));
    }

    #[test]
    fn a_user_is_asked_about_with_all_that_gives_rights() {
        let review = json!({"status": {"authenticated": true,
            "user": {"username": "jane", "uid": "7", "groups": ["devs"], "extra": {"scopes": ["view"]}}}});
        let spec = spec(&user(&review).unwrap(), "shop", "log");
        assert_eq!(
            spec,
            json!({"user": "jane", "uid": "7", "groups": ["devs"], "extra": {"scopes": ["view"]},
                "resourceAttributes": {"verb": "get", "resource": "pods", "subresource": "log", "namespace": "shop"}})
        );
    }

    #[test]
    fn whoever_is_not_allowed_in_so_many_words_is_not() {
        let jane = json!({"username": "jane"});
        let may = |status: Value| allowed(&json!({"status": status}), &jane, "shop", "log");
        assert_eq!(may(json!({"allowed": true})), Ok(()));
        for status in [json!({"allowed": false}), json!({"allowed": "true"}), json!({})] {
            assert_eq!(may(status), Err(Denied::Forbidden("jane may not get pods/log in namespace shop".to_owned())));
        }
    }
}
