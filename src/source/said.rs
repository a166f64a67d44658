//! What the API server says where it refuses.

/// `forbidden: User "jane" cannot list …` of the whole sentence.
pub fn forbidden(said: &str) -> String {
    // Of what is no resource it says nothing before: `forbidden: User "jane" cannot get path "/apis"`.
    let reason = said.split_once(" is forbidden: ").map_or(said, |(_, reason)| reason);
    let reason = reason.strip_prefix("forbidden: ").unwrap_or(reason);
    format!("forbidden: {}", reason.replace(" in API group \"\"", ""))
}
