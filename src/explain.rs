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
    fn what_a_terminal_would_obey_is_left_out_of_anybodys_rule() {
        let folder = std::env::temp_dir().join(format!("kubectl-doctor-{}-explain", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let hostile = "\\e[2J\\u202e\\x07";
        let text = format!(
            "id: mine\non: pod\nseverity: error\nwhen: \"pod.name == '{hostile}'\"\nsays: \"a{hostile}\"\nwhy: \"b{hostile}\"\n\
             unless: [\"c{hostile}\"]\ndocs: \"d{hostile}\"\ncures: [{{says: \"e{hostile}\", run: [\"f{hostile}\"]}}]\n"
        );
        std::fs::write(folder.join("mine.yaml"), text).unwrap();
        let mut rules = Rules::default();
        rules.add_folder(&folder).unwrap();
        let style = Style { color: false, width: 100, now: None };
        let text = rule(&rules, "mine", &style).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']) && text.contains("says      a"), "{text:?}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

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
