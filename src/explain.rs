//! What a rule means, for a person.

use crate::{
    error::Error,
    facts::nearest::nearest_name,
    report::{self, Style, rule::severity, table},
    rule::Rules,
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

/// What a rule says of itself.
///
/// # Errors
/// Where there is no such rule; names the nearest.
pub fn rule(rules: &Rules, id: &str, style: &Style) -> Result<String, Error> {
    match rules.get(id) {
        Some(rule) => Ok(report::rule::render(rule, style)),
        None => {
            let ids: Vec<&str> = rules.all().iter().map(|rule| rule.id.as_str()).collect();
            let near = nearest_name(id, &ids).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Err(Error::new(format!("there is no rule {id:?}{near} (kubectl doctor rules lists them)")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read_before_anything_is_filled_in() {
        let rules = Rules::built_in().unwrap();
        let style = Style { color: false, width: 100, now: None };
        for one in rules.all() {
            let text = rule(&rules, &one.id, &style).unwrap();
            let label = |label: &str| text.lines().any(|line| line.starts_with(&format!("  {label} ")));
            for wanted in ["area", "severity", "about", "says", "when", "means", "cure", "docs"] {
                assert!(label(wanted), "{} says nothing under {wanted}:\n{text}", one.id);
            }
            assert!(text.starts_with(&format!("{}\n", one.id)), "{text}");
            assert!(!text.contains("${"), "{} has a template in it:\n{text}", one.id);
            let says = one.says.outline();
            assert!(says.trim() != "…", "{} has no words of its own: {says}", one.id);
        }
    }
}
