//! Label selectors as `kubectl -l` takes them.

use kube::core::{Expression, Selector};

use crate::error::Error;

/// Reads `app=web,tier!=back,env in (a, b),!canary`.
///
/// # Errors
/// Names the part that is no requirement.
pub fn parse(text: &str) -> Result<Selector, Error> {
    split(text).into_iter().map(|part| requirement(part.trim())).collect::<Result<_, _>>()
}

// At the commas that stand outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(part: &str) -> Result<Expression, Error> {
    let wrong = || {
        Error::new(format!(
            "--selector: {part:?} is no requirement; write key=value, key!=value, key in (a,b), key notin (a,b), key or !key"
        ))
    };
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    let expression = if let Some(key) = part.strip_prefix('!') {
        Expression::DoesNotExist(key.trim().to_owned())
    } else if let Some((key, values)) = part.split_once(" notin ") {
        Expression::NotIn(key.trim().to_owned(), set(values).ok_or_else(wrong)?)
    } else if let Some((key, values)) = part.split_once(" in ") {
        Expression::In(key.trim().to_owned(), set(values).ok_or_else(wrong)?)
    } else if let Some((key, value)) = part.split_once("!=") {
        Expression::NotEqual(key.trim().to_owned(), value.trim().to_owned())
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        Expression::Equal(key.trim().to_owned(), value.trim().to_owned())
    } else {
        Expression::Exists(part.to_owned())
    };
    let key = match &expression {
        Expression::In(key, _)
        | Expression::NotIn(key, _)
        | Expression::Equal(key, _)
        | Expression::NotEqual(key, _)
        | Expression::Exists(key)
        | Expression::DoesNotExist(key) => key,
    };
    if is_key(key) { Ok(expression) } else { Err(wrong()) }
}

fn set(text: &str) -> Option<std::collections::BTreeSet<String>> {
    let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inside.split(',').map(|value| value.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kube::core::SelectorExt as _;

    use super::*;

    #[test]
    fn labels_are_matched_as_kubectl_does() {
        let labels: BTreeMap<String, String> = [("app", "web"), ("tier", "front")]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        for (text, matches) in [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web)", true),
            ("app notin (web)", false),
            ("tier", true),
            ("!tier", false),
            ("canary", false),
            ("!canary", true),
        ] {
            assert_eq!(parse(text).unwrap().matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_named() {
        for text in ["app=web,,", "a b", "app in web", "=x"] {
            assert!(parse(text).unwrap_err().to_string().starts_with("--selector: "), "{text}");
        }
    }
}
