//! A template before anything is filled in, for somebody who reads a rule.

/// An expression of a template in words: `<image.name>` for a fact, the texts that it may choose among for a
/// choice, `…` for what has no words of its own.
pub fn of(expression: &str) -> String {
    let expression = expression.trim();
    let is_path = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c));
    let fact = expression.split(".join(").next().unwrap_or_default();
    if is_path(fact) && (fact == expression || expression.ends_with("')")) {
        return format!("<{fact}>");
    }
    let mut said: Vec<String> = Vec::new();
    for text in texts(expression).into_iter().filter(|text| text.contains(' ')) {
        let text = trimmed(text).replace("\\'", "'");
        if text.len() > SHORTEST && !said.contains(&text) {
            said.push(text);
        }
    }
    if said.is_empty() { "…".to_owned() } else { format!("[{}]", said.join(" / ")) }
}

// Shorter ones, as ` is` and ` are`, tell nothing by themselves.
const SHORTEST: usize = 3;

// Without what joins it to its neighbours.
fn trimmed(text: &str) -> &str {
    let text = text.trim_matches([' ', ',', ';', ':']);
    if text.matches('(').count() == text.matches(')').count() { text } else { text.trim_matches(['(', ')', ' ']) }
}

// The texts that an expression may give: not those that it compares with, or passes to a function.
fn texts(expression: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = &rest[start..=start];
        let before = rest[..start].trim_end();
        let is_given = !before.ends_with(['(', '=', '[', ',']);
        let mut end = start + 1;
        let mut escaped = false;
        for character in rest[start + 1..].chars() {
            if !escaped && quote.starts_with(character) {
                break;
            }
            escaped = character == '\\' && !escaped;
            end += character.len_utf8();
        }
        let is_read = !rest[(end + 1).min(rest.len())..].trim_start().starts_with(['.', '=']);
        if is_given && is_read {
            found.push(&rest[start + 1..end]);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_told_in_words() {
        for (expression, words) in [
            ("container.image.name", "<container.image.name>"),
            ("webhook.workloads.join(', ')", "<webhook.workloads>"),
            ("container.failing ? 'does not answer' : 'has no room'", "[does not answer / has no room]"),
            ("pod.message.matches('(?i)not found') ? 'it\\'s gone for good' : ''", "[it's gone for good]"),
            ("string(workload.pods)", "…"),
        ] {
            assert_eq!(of(expression), words);
        }
    }
}
