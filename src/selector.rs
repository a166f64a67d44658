//! Label selectors as `kubectl -l` takes them, read as the API server reads them
//! (`k8s.io/apimachinery/pkg/labels/selector.go`).

#[cfg(test)]
mod oracle;
mod words;

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Expression, Selector};

use self::words::{Word, Words};
use crate::error::Error;

/// Reads `app=web,tier!=back,env in (a, b),!canary`; what asks for nothing selects all.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(text: &str) -> Result<Selector, Error> {
    selector(&mut Words::of(text)).map_err(|what| {
        Error::new(format!(
            "--selector: {text:?} is no selector: {what}; write key=value, key!=value, key in (a,b), key notin (a,b), key or !key, with commas between them"
        ))
    })
}

/// The selector of an object; nothing where it can't be read, which no API server takes.
pub fn of(selector: &LabelSelector) -> Option<Selector> {
    Selector::try_from(selector.clone()).ok()
}

fn selector(words: &mut Words) -> Result<Selector, String> {
    let mut requirements = Vec::new();
    if words.next_is(&Word::End) {
        return Ok(Selector::default());
    }
    loop {
        requirements.push(requirement(words)?);
        match words.take() {
            Word::End => return Ok(requirements.into_iter().collect()),
            Word::Comma => {}
            other => return Err(format!("{other} stands where a comma is wanted")),
        }
    }
}

fn requirement(words: &mut Words) -> Result<Expression, String> {
    let is_not = words.take_if(&Word::Not);
    let key = key(words)?;
    if is_not {
        return Ok(Expression::DoesNotExist(key));
    }
    if words.next_is(&Word::End) || words.next_is(&Word::Comma) {
        return Ok(Expression::Exists(key));
    }
    match words.take() {
        Word::Equal => Ok(Expression::Equal(key, value(words)?)),
        Word::NotEqual => Ok(Expression::NotEqual(key, value(words)?)),
        Word::Text(word) if word == "in" => Ok(Expression::In(key, values(words)?)),
        Word::Text(word) if word == "notin" => Ok(Expression::NotIn(key, values(words)?)),
        other => Err(format!("{other} stands behind {key}")),
    }
}

fn key(words: &mut Words) -> Result<String, String> {
    match words.take() {
        Word::Text(key) if is_key(&key) => Ok(key),
        Word::Text(key) => Err(format!("{key:?} can't be the key of a label")),
        other => Err(format!("{other} stands where a key is wanted")),
    }
}

fn value(words: &mut Words) -> Result<String, String> {
    if words.next_is(&Word::End) || words.next_is(&Word::Comma) {
        return Ok(String::new());
    }
    match words.take() {
        Word::Text(value) => checked(value),
        other => Err(format!("{other} stands where a value is wanted")),
    }
}

// `(a, b)`. An empty value may stand before, behind and between commas, where the server's own reader takes one.
fn values(words: &mut Words) -> Result<BTreeSet<String>, String> {
    let mut values = BTreeSet::new();
    if !words.take_if(&Word::Open) {
        return Err(format!("{} stands where ( is wanted", words.take()));
    }
    if words.next_is(&Word::Close) {
        values.insert(String::new());
    }
    while !words.take_if(&Word::Close) {
        match words.take() {
            Word::Text(value) => {
                values.insert(checked(value)?);
                if !words.next_is(&Word::Comma) && !words.next_is(&Word::Close) {
                    return Err(format!("{} stands where , or ) is wanted", words.take()));
                }
            }
            Word::Comma => {
                let is_between = !words.next_is(&Word::Close) && !words.next_is(&Word::Comma) && !values.is_empty();
                if !is_between {
                    values.insert(String::new());
                }
                if words.take_if(&Word::Comma) && words.next_is(&Word::Close) {
                    return Err("a third comma, or none, is wanted before )".to_owned());
                }
            }
            other => return Err(format!("{other} stands where a value is wanted")),
        }
    }
    Ok(values)
}

fn checked(value: String) -> Result<String, String> {
    if value.is_empty() || is_name(&value) {
        Ok(value)
    } else {
        Err(format!("{value:?} can't be the value of a label"))
    }
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(key),
    }
}

const LONGEST_NAME: usize = 63;
const LONGEST_DOMAIN: usize = 253;

fn is_name(text: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.len() <= LONGEST_NAME && begins_and_ends(text, |byte| byte.is_ascii_alphanumeric()) && text.bytes().all(within)
}

fn is_domain(text: &str) -> bool {
    let at_ends = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label =
        |label: &str| begins_and_ends(label, at_ends) && label.bytes().all(|byte| at_ends(byte) || byte == b'-');
    text.len() <= LONGEST_DOMAIN && text.split('.').all(is_label)
}

fn begins_and_ends(text: &str, with: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&with) && text.bytes().next_back().is_some_and(with)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kube::core::SelectorExt as _;

    use super::*;

    #[test]
    fn labels_are_matched_as_kubectl_does() {
        let labels: BTreeMap<String, String> = [("app", "web"), ("tier", "front"), ("empty", "")]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        for (text, matches) in [
            ("", true),
            (" ", true),
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web)", true),
            ("app in(web)", true),
            ("app\tin ( web )", true),
            ("app notin (web)", false),
            ("other notin (web)", true),
            ("other!=web", true),
            ("tier", true),
            ("! tier", false),
            ("canary", false),
            ("!canary", true),
            ("empty=", true),
            ("empty=,app", true),
            ("app=", false),
            ("empty in (,a)", true),
            ("app in (a,)", false),
            ("app in (,,web)", true),
            ("empty in ( )", true),
            ("in in (in)", false),
            ("notin", false),
        ] {
            assert_eq!(parse(text).unwrap().matches(&labels), matches, "{text}");
        }
    }

    #[test]
    fn what_is_no_selector_is_named() {
        for text in [
            "app=web,,",
            "app=web,",
            ",app",
            "a b",
            "app in web",
            "app in (a",
            "app in (a b)",
            "app in (a,,)",
            "=x",
            "!",
            "!a=b",
            "a=b=c",
            "a=-b",
            "a=b-",
            "a=ä",
            "ä",
            "-a",
            "a/b/c",
            "A.com/x",
            "/a",
            "a/",
            "a>1",
            "a=b)",
            "(a)",
        ] {
            let error = parse(text).map(|selector| selector.to_string()).unwrap_err().to_string();
            assert!(error.starts_with("--selector: ") && error.contains(&format!("{text:?}")), "{text}: {error}");
        }
    }

    #[test]
    fn a_selector_that_is_written_again_is_the_same() {
        let mut random = crate::random::Random::new(1);
        let parts = ["a", "b", "in", "notin", " ", "=", "!=", "!", "(", ")", ",", "-", ".", "/", "1", "é", ">"];
        let mut read = 0;
        for _ in 0..20_000 {
            let text = random.text(&parts, 8);
            let Ok(selector) = parse(&text) else { continue };
            read += 1;
            assert_eq!(parse(&selector.to_string()).ok(), Some(selector), "{text:?}");
        }
        assert!(read > 500, "{read}");
    }

    #[test]
    fn names_are_as_long_as_the_server_allows() {
        let name = |length: usize| "a".repeat(length);
        assert!(parse(&format!("{}/{}={}", name(253), name(63), name(63))).is_ok());
        for text in [format!("{}/a", name(254)), name(64), format!("a={}", name(64))] {
            assert!(parse(&text).is_err(), "{text}");
        }
    }
}
