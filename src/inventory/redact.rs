//! Replaces secret values before anything else can see them. A rule, a report
//! and a recording read what is left: the names of keys, never what they hold.

use std::sync::OnceLock;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::{certificate::Certificate, kind::Kind};

const REDACTED: &str = "<redacted>";
/// A ConfigMap's value above this many bytes is left out: no rule reads it.
const LARGEST_VALUE: usize = 1024;
/// The key of a TLS Secret's certificate.
const CERTIFICATE: &str = "tls.crt";
/// The annotation in which `kubectl apply` keeps what it was given.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Replaces what an object of this kind must not show.
pub fn object(kind: Kind, object: &mut Value) {
    match kind {
        Kind::Secret => secret(object),
        Kind::ConfigMap => config_map(object),
        Kind::Event => event(object),
        _ => settings(object),
    }
    last_applied(kind, object);
}

/// Replaces what an object of any other kind must not show: nobody can say where it keeps what.
pub fn custom(object: &mut Value) {
    settings(object);
    for part in ["spec", "status", "data", "stringData"] {
        object.get_mut(part).into_iter().for_each(|part| credentials(part, ""));
    }
    let applied = object.pointer_mut("/metadata/annotations").and_then(|annotations| annotations.get_mut(LAST_APPLIED));
    if let Some(applied) = applied {
        let inner = applied.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        *applied = inner.map_or_else(
            || REDACTED.into(),
            |mut inner| {
                custom(&mut inner);
                inner.to_string().into()
            },
        );
    }
}

// Texts by the names of their fields, and whatever looks like a credential in others. What names a Secret is none.
fn credentials(value: &mut Value, field: &str) {
    match value {
        Value::String(text) => {
            let names_one = ["name", "ref", "key", "namespace"].iter().any(|end| field.to_lowercase().ends_with(end));
            let is_one = looks_like_a_credential(field) && !names_one && !field.contains("Ref");
            *value = if is_one { REDACTED.into() } else { mask_text(text).into() };
        }
        Value::Array(list) => list.iter_mut().for_each(|item| credentials(item, field)),
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| credentials(value, key)),
        _ => {}
    }
}

/// A kind of credential in a text: it is looked for where one of its words stands.
struct Mask {
    words: &'static [&'static str],
    pattern: &'static str,
    with: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

const fn mask(words: &'static [&'static str], pattern: &'static str, with: &'static str) -> Mask {
    Mask { words, pattern, with, compiled: OnceLock::new() }
}

static MASKS: [Mask; 7] = [
    mask(
        &["password", "passphrase", "secret", "token", "key", "credential"],
        r#"(?i)((?:password|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["']?[ \t]*[=:][ \t]*["']?)([^ \t\r\n"',;&)}\]]+)"#,
        "${1}<redacted>",
    ),
    // Not `/etc/passwd: Permission denied`.
    mask(&["passwd"], r#"(?i)(passwd["']?=["']?)([^ \t\r\n"',;&)}\]]+)"#, "${1}<redacted>"),
    // Of a connection string, and not a shell's PWD.
    mask(&["pwd"], r#"(?i)(;[ \t]*pwd[ \t]*=[ \t]*)([^;"'\r\n]+)"#, "${1}<redacted>"),
    mask(&["bearer", "basic"], r"(?i)((?:bearer|basic)[ \t]+)([A-Za-z0-9+/_=.~-]{8,})", "${1}<redacted>"),
    mask(&["://"], r"(://[^/ \t\r\n:@]*:)([^/ \t\r\n@]+)@", "${1}<redacted>@"),
    mask(
        &["private key"],
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
        "<redacted>",
    ),
    // What is known by its form: a JSON Web Token, and those of AWS, GitHub, GitLab, Slack and Stripe.
    mask(
        &["eyj", "akia", "asia", "gh", "glpat-", "xox", "_live_"],
        r"\b(?:eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|A[KS]IA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|[rs]k_live_[A-Za-z0-9]{16,})",
        "<redacted>",
    ),
];

/// Replaces what looks like a credential in a line of text: `password=…`,
/// `Authorization: Bearer …`, the password in a URL.
pub fn mask_text(text: &str) -> String {
    let mut masked = text.to_owned();
    let lower = text.to_ascii_lowercase();
    for mask in MASKS.iter().filter(|mask| mask.words.iter().any(|word| lower.contains(word))) {
        if let Some(pattern) = mask.compiled.get_or_init(|| Regex::new(mask.pattern).ok()) {
            masked = pattern.replace_all(&masked, mask.with).into_owned();
        }
    }
    masked
}

fn looks_like_a_credential(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', '_', '.'], "");
    [
        "passw",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
        "authorization",
        "dsn",
        "connectionstring",
    ]
    .iter()
    .any(|word| name.contains(word))
}

fn secret(object: &mut Value) {
    for field in ["data", "stringData"] {
        let Some(data) = object.get_mut(field).filter(|data| !data.is_null()) else { continue };
        let Value::Object(keys) = data else {
            *data = json!({});
            continue;
        };
        for (key, value) in keys {
            *value = match key.as_str() {
                ".dockerconfigjson" | ".dockercfg" => Value::String(registries_only(key, value, field)),
                CERTIFICATE => Value::String(certificate_only(value, field)),
                _ => Value::String(String::new()),
            };
        }
    }
}

// A pull secret's registry hosts are no secret, and are what a failed pull is compared with.
fn registries_only(key: &str, value: &Value, field: &str) -> String {
    // What others have made unreadable before stays so.
    let Ok(config) = serde_json::from_slice::<Value>(&bytes_of(value, field)) else { return String::new() };
    let auths = if key == ".dockercfg" { Some(&config) } else { config.get("auths") };
    let hosts: Map<String, Value> =
        auths.and_then(Value::as_object).into_iter().flatten().map(|(host, _)| (mask_text(host), json!({}))).collect();
    let hosts = if key == ".dockercfg" { Value::Object(hosts) } else { json!({ "auths": hosts }) };
    encoded(hosts.to_string(), field)
}

// A server shows its certificate's dates and names to everybody; nothing else of it is kept.
fn certificate_only(value: &Value, field: &str) -> String {
    let bytes = bytes_of(value, field);
    let said = serde_json::from_slice(&bytes).ok().or_else(|| Certificate::of_pem(&bytes));
    said.and_then(|said: Certificate| serde_json::to_string(&said).ok())
        .map(|said| encoded(said, field))
        .unwrap_or_default()
}

fn bytes_of(value: &Value, field: &str) -> Vec<u8> {
    if field == "stringData" {
        return value.as_str().unwrap_or_default().as_bytes().to_vec();
    }
    serde_json::from_value::<ByteString>(value.clone()).map(|bytes| bytes.0).unwrap_or_default()
}

fn encoded(text: String, field: &str) -> String {
    if field == "stringData" {
        return text;
    }
    match serde_json::to_value(ByteString(text.into_bytes())) {
        Ok(Value::String(encoded)) => encoded,
        _ => String::new(),
    }
}

/// What a TLS Secret's certificate says; `None` where there is none that can be read.
pub fn certificate(secret: &Secret) -> Option<Certificate> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(CERTIFICATE)).map(|bytes| bytes.0.as_slice());
    let text = || secret.string_data.as_ref()?.get(CERTIFICATE).map(|text| text.as_bytes());
    serde_json::from_slice(bytes.or_else(text)?).ok()
}

/// The registry hosts that a pull secret holds credentials for; `None` where it is not readable as one.
pub fn registries(secret: &Secret) -> Option<Vec<String>> {
    let data = secret.data.as_ref()?;
    let (key, bytes) = [".dockerconfigjson", ".dockercfg"].iter().find_map(|key| Some((*key, data.get(*key)?)))?;
    let config: Value = serde_json::from_slice(&bytes.0).ok()?;
    let auths = if key == ".dockercfg" { Some(&config) } else { config.get("auths") };
    Some(auths?.as_object()?.keys().cloned().collect())
}

fn config_map(object: &mut Value) {
    if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
        for (key, value) in data {
            let text = value.as_str().unwrap_or_default();
            if looks_like_a_credential(key) {
                *value = REDACTED.into();
            } else if text.len() > LARGEST_VALUE {
                *value = format!("<{} bytes left out>", text.len()).into();
            } else {
                *value = mask_text(text).into();
            }
        }
    }
    if let Some(data) = object.get_mut("binaryData").and_then(Value::as_object_mut) {
        data.values_mut().for_each(|value| *value = Value::String(String::new()));
    }
}

fn event(object: &mut Value) {
    object.get_mut("message").into_iter().for_each(mask_one);
}

// Environment variables, arguments, annotations and what a program or a component says, wherever they stand in the object.
fn settings(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let credential = map.get("name").and_then(Value::as_str).is_some_and(looks_like_a_credential);
            if let Some(setting) = map.get_mut("value").filter(|setting| setting.is_string()) {
                *setting =
                    if credential { REDACTED.into() } else { mask_text(setting.as_str().unwrap_or_default()).into() };
            }
            for (key, value) in map {
                match key.as_str() {
                    "annotations" => annotations(value),
                    "args" | "command" => mask_strings(value),
                    "message" => mask_one(value),
                    "managedFields" => {}
                    _ => settings(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(settings),
        _ => {}
    }
}

fn annotations(value: &mut Value) {
    for (key, value) in value.as_object_mut().into_iter().flatten() {
        if key == LAST_APPLIED {
            continue; // on its own, as JSON
        }
        if looks_like_a_credential(key) {
            *value = REDACTED.into();
        } else {
            mask_one(value);
        }
    }
}

fn mask_strings(value: &mut Value) {
    value.as_array_mut().into_iter().flatten().for_each(mask_one);
}

fn mask_one(value: &mut Value) {
    if let Some(text) = value.as_str() {
        *value = mask_text(text).into();
    }
}

// The annotation holds the whole object once more.
fn last_applied(kind: Kind, object: &mut Value) {
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    let Some(applied) = annotations.get_mut(LAST_APPLIED) else { return };
    let parsed = applied.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    *applied = match parsed {
        Some(mut inner) => {
            if kind == Kind::Secret {
                inner = json!({});
            } else {
                self::object(kind, &mut inner);
            }
            inner.to_string().into()
        }
        None => REDACTED.into(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_keeps_its_key_names_and_registry_hosts_and_loses_its_values() {
        let mut secret = json!({
            "metadata": {"annotations": {LAST_APPLIED: r#"{"stringData":{"password":"hunter2"}}"#}},
            "data": {"password": "aHVudGVyMg==", ".dockerconfigjson": "eyJhdXRocyI6eyJyZWcuZXhhbXBsZSI6eyJwYXNzd29yZCI6Imh1bnRlcjIifX19"},
        });
        object(Kind::Secret, &mut secret);
        let text = secret.to_string();
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        let typed: Secret = serde_json::from_value(secret).unwrap();
        assert_eq!(registries(&typed), Some(vec!["reg.example".to_owned()]));
        assert!(typed.data.unwrap().contains_key("password"));
    }

    #[test]
    fn of_a_certificate_only_the_dates_and_names_stay() {
        let pem = include_str!("../certificate.pem");
        let data = serde_json::to_value(ByteString(pem.as_bytes().to_vec())).unwrap();
        for mut secret in [
            json!({"data": {"tls.crt": data, "tls.key": "aHVudGVyMg=="}}),
            json!({"stringData": {"tls.crt": pem, "tls.key": "hunter2"}}),
        ] {
            object(Kind::Secret, &mut secret);
            let once = secret.clone();
            object(Kind::Secret, &mut secret);
            assert_eq!(secret, once);
            let typed: Secret = serde_json::from_value(secret).unwrap();
            let said = certificate(&typed).unwrap();
            assert_eq!(said.names.unwrap(), ["shop.example.com", "*.shop.example.com"]);
            let kept = serde_json::to_string(&typed).unwrap();
            assert!(
                !kept.contains("hunter2") && !kept.contains("aHVudGVyMg") && !kept.contains("CERTIFICATE"),
                "{kept}"
            );
            assert!(kept.len() < 300, "{kept}");
        }
    }

    #[test]
    fn redacting_twice_changes_nothing_more() {
        let mut secret =
            json!({"data": {".dockerconfigjson": "eyJhdXRocyI6eyJyZWcuZXhhbXBsZSI6eyJwYXNzd29yZCI6Imh1bnRlcjIifX19"}});
        object(Kind::Secret, &mut secret);
        let once = secret.clone();
        object(Kind::Secret, &mut secret);
        assert_eq!(secret, once);
    }

    #[test]
    fn what_looks_like_a_credential_is_replaced_wherever_it_stands() {
        let mut pod = json!({
            "metadata": {"annotations": {LAST_APPLIED: r#"{"spec":{"containers":[{"env":[{"name":"API_KEY","value":"hunter2"}]}]}}"#, "x/token": "hunter2"}},
            "spec": {"containers": [{"args": ["--password=hunter2"], "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "URL", "value": "postgres://u:hunter2@db/x"}, {"name": "PORT", "value": "80"}]}]},
        });
        object(Kind::Pod, &mut pod);
        let text = pod.to_string();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains(r#""value":"80""#), "{text}");
    }

    #[test]
    fn the_kubelets_words_about_secrets_stay() {
        for text in [
            "secret \"db-password\" not found",
            "couldn't find key pasword in Secret shop/db-credentials",
            "references non-existent secret key: pasword",
            "open /etc/passwd: permission denied",
        ] {
            assert_eq!(mask_text(text), text);
        }
    }

    #[test]
    fn every_mask_is_a_pattern() {
        for mask in &MASKS {
            Regex::new(mask.pattern).unwrap();
        }
    }

    #[test]
    fn credentials_in_a_log_line_are_masked() {
        assert_eq!(mask_text("connect: password=hunter2 host=db"), "connect: password=<redacted> host=db");
        assert_eq!(mask_text("GET postgres://app:hunter2@db:5432/x"), "GET postgres://app:<redacted>@db:5432/x");
        assert_eq!(mask_text("Authorization: Bearer abcdefghijk"), "Authorization: Bearer <redacted>");
        assert_eq!(mask_text("Server=db;Uid=sa;Pwd=hunter 2;"), "Server=db;Uid=sa;Pwd=<redacted>;");
        assert_eq!(mask_text("PWD=/srv"), "PWD=/srv");
    }

    #[test]
    fn credentials_that_are_known_by_their_form_are_masked_wherever_they_stand() {
        for one in [
            concat!("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiJ3ZWIifQ.", "c2lnbmF0dXJl"),
            concat!("AKIA", "IOSFODNN7EXAMPLE"),
            concat!("ghp", "_0123456789abcdefghijABCDEFGHIJ012345"),
            concat!("xoxb", "-0123456789-abcdefghij"),
            concat!("sk_live", "_0123456789abcdef"),
        ] {
            assert_eq!(mask_text(&format!("refused {one}, giving up")), "refused <redacted>, giving up");
        }
        let image = "ghcr.io/shop/web:1.4 on node-1";
        assert_eq!(mask_text(image), image);
    }

    #[test]
    fn what_a_program_said_at_its_end_is_masked() {
        let mut pod = json!({"status": {"containerStatuses": [{"lastState": {"terminated": {"message": "fatal: token: hunter2"}}}]}});
        object(Kind::Pod, &mut pod);
        assert_eq!(
            pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"],
            "fatal: token: <redacted>"
        );
    }

    #[test]
    fn a_secret_whose_data_is_no_map_loses_all_of_it() {
        for data in [json!("hunter2"), json!(["hunter2"]), json!({"key": {"in": "hunter2"}})] {
            let mut secret = json!({"data": data});
            object(Kind::Secret, &mut secret);
            assert!(!secret.to_string().contains("hunter2"), "{secret}");
        }
    }
}
