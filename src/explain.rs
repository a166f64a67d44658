//! What a rule means, for a person.

use crate::{
    document::Severity,
    error::Error,
    facts::nearest::nearest_name,
    report::table,
    rule::{Rule, Rules},
};

// As wide as the longest id and its columns need.
const WIDTH: usize = 120;

/// Every rule with its area and severity, as a table.
pub fn table(rules: &Rules) -> String {
    let rows = rules
        .all()
        .iter()
        .map(|rule| vec![rule.id.clone(), rule.area.clone(), severity(rule), format!("{:?}", rule.on).to_lowercase()]);
    let lines = table::of(vec!["ID", "AREA", "SEVERITY", "ON"], rows, WIDTH);
    format!("{}\n", lines.join("\n"))
}

fn severity(rule: &Rule) -> String {
    let word = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    if rule.warning_when.is_some() { format!("{word} or warning") } else { word.to_owned() }
}

/// A rule's own text.
///
/// # Errors
/// Where there is no such rule; names the nearest.
pub fn rule(rules: &Rules, id: &str) -> Result<String, Error> {
    match rules.get(id) {
        Some(rule) => Ok(rule.source.clone()),
        None => {
            let ids: Vec<&str> = rules.all().iter().map(|rule| rule.id.as_str()).collect();
            let near = nearest_name(id, &ids).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Err(Error::new(format!("there is no rule {id:?}{near} (kubectl doctor rules lists them)")))
        }
    }
}
