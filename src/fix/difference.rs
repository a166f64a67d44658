//! What a cure would change, line by line, as YAML.

use std::fmt::Write as _;

use colored::{Color, Colorize as _};
use serde_json::Value;
use similar::{ChangeTag, group_diff_ops};

use super::kubectl::Preview;
use crate::{
    inventory::{LAST_APPLIED, mask_text},
    report::{Style, clean, diff},
};

/// Lines around a change that stay as they are.
const CONTEXT: usize = 3;

/// What the server keeps for itself, and what follows from the rest.
const NOT_SAID: [&str; 6] = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

pub fn between(preview: &Preview, style: &Style) -> String {
    match preview {
        Preview::Untried => "  kubectl can't try this beforehand\n".to_owned(),
        Preview::Said(said) => format!("  {}\n", clean::line(said.trim())),
        Preview::Change(_, after) if after["kind"] == "Secret" => "  the change of a Secret is not shown\n".to_owned(),
        Preview::Change(before, after) => {
            let before = before.as_ref().map(yaml).unwrap_or_default();
            changes(&before, &yaml(after), style.color)
        }
    }
}

fn changes(before: &str, after: &str, color: bool) -> String {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let mut text = String::new();
    for group in group_diff_ops(diff::operations(&before, &after), CONTEXT) {
        text.push_str("  ...\n");
        for change in group.iter().flat_map(|it| it.iter_changes(before.as_slice(), after.as_slice())) {
            let paint = match change.tag() {
                ChangeTag::Delete => Some(Color::Red),
                ChangeTag::Insert => Some(Color::Green),
                ChangeTag::Equal => None,
            };
            let line = diff::signed(change);
            let _ = match paint.filter(|_| color) {
                Some(paint) => writeln!(text, "{}", line.color(paint)),
                None => writeln!(text, "{line}"),
            };
        }
    }
    if text.is_empty() { "  nothing would change\n".to_owned() } else { text }
}

// An object that a client has built says `creationTimestamp: null`, one that the server kept does not.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn yaml(object: &Value) -> String {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        NOT_SAID.iter().for_each(|field| drop(metadata.remove(*field)));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    drop_nulls(&mut object);
    let text = mask_text(&serde_saphyr::to_string(&object).unwrap_or_default());
    clean::lines(&text).iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(before: Option<Value>, after: Value) -> String {
        between(&Preview::Change(before, after), &Style { color: false, width: 80, now: None })
    }

    #[test]
    fn what_changes_stands_among_what_stays_and_what_the_server_keeps_for_itself_is_left_out() {
        let service = |app: &str, version: &str| {
            json!({"kind": "Service", "metadata": {"name": "web", "resourceVersion": version, "creationTimestamp": null},
                "spec": {"selector": {"app": app}}, "status": {"loadBalancer": {}}})
        };
        assert_eq!(
            shown(Some(service("wbe", "1")), service("web", "2")),
            "  ...\n    name: web\n  spec:\n    selector:\n-     app: wbe\n+     app: web\n"
        );
        assert_eq!(shown(Some(service("web", "1")), service("web", "2")), "  nothing would change\n");
    }

    #[test]
    fn no_secret_and_nothing_that_looks_like_one_is_shown() {
        let secret = json!({"kind": "Secret", "data": {"password": "czNjcjN0"}});
        assert_eq!(shown(None, secret), "  the change of a Secret is not shown\n");
        let settings = json!({"kind": "ConfigMap", "data": {"url": "postgres://web:s3cr3t@db/shop"}});
        assert!(
            shown(None, settings.clone()).contains("+   url: postgres://web:<redacted>@db/shop"),
            "{}",
            shown(None, settings)
        );
    }
}
