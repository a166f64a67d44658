//! A rule's YAML file.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{CureRule, Expression, Follows, Rule, ShownBy, Template};
use crate::{
    document::{Certainty, Severity},
    error::Error,
    facts::On,
};

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: Text,
    on: On,
    #[serde(default)]
    shown_by: ShownBy,
    severity: Severity,
    warning_when: Option<Text>,
    past_when: Option<Text>,
    #[serde(default)]
    note_in_sweep: bool,
    #[serde(default = "certain")]
    certainty: Certainty,
    when: Text,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    general: bool,
    #[serde(default)]
    follows: Follows,
    #[serde(default)]
    caused_by: Vec<String>,
    #[serde(default, rename = "final")]
    is_final: bool,
    field: Option<Text>,
    says: Text,
    #[serde(default)]
    evidence: Vec<Text>,
    nearest: Option<Text>,
    why: Text,
    #[serde(default)]
    cures: Vec<Cure>,
    docs: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cure {
    when: Option<Text>,
    says: Text,
    #[serde(default)]
    run: Vec<Text>,
    #[serde(default)]
    then: Vec<Text>,
    #[serde(default)]
    look: Vec<Text>,
    diff: Option<Diff>,
    #[serde(default)]
    restarts: bool,
    #[serde(default)]
    destructive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diff {
    path: Text,
    from: Text,
    to: Text,
}

fn certain() -> Certainty {
    Certainty::Certain
}

/// Reads a rule file.
pub fn parse(name: &str, area: &str, text: &str) -> Result<Rule, Error> {
    let file: File = serde_saphyr::from_str(text).map_err(|error| unreadable(name, &error))?;
    rule(name, area, file)
}

/// Reads the rules that the build script made ready: a list of area and rule.
pub fn parse_ready(text: &str) -> Result<Vec<Rule>, Error> {
    let files: Vec<(String, File)> =
        serde_json::from_str(text).map_err(|error| Error::new(format!("the rules in the binary: {error}")))?;
    files.into_iter().map(|(area, file)| rule("a rule in the binary", &area, file)).collect()
}

fn rule(name: &str, area: &str, file: File) -> Result<Rule, Error> {
    if file.id.value.is_empty()
        || !file.id.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        let at = &file.id.referenced;
        return Err(Error::new(format!(
            "{name}:{}:{}: an id is written in lower-case letters, digits and dashes",
            at.line(),
            at.column()
        )));
    }
    let template = |text: Text| Template::parse(name, text);
    Ok(Rule {
        area: area.to_owned(),
        on: file.on,
        shown_by: file.shown_by,
        severity: file.severity,
        warning_when: file.warning_when.map(Expression::new),
        past_when: file.past_when.map(Expression::new),
        note_in_sweep: file.note_in_sweep,
        certainty: file.certainty,
        when: Expression::new(file.when),
        unless: file.unless,
        general: file.general,
        follows: file.follows,
        caused_by: file.caused_by,
        is_final: file.is_final,
        field: file.field.map(template).transpose()?,
        says: template(file.says)?,
        evidence: file.evidence.into_iter().map(Expression::new).collect(),
        nearest: file.nearest.map(Expression::new),
        why: template(file.why)?,
        cures: file.cures.into_iter().map(|cure| cure_rule(name, cure)).collect::<Result<_, _>>()?,
        docs: file.docs,
        id: file.id.value,
    })
}

/// What is wrong in a file that can't be read, with its place.
pub fn unreadable(name: &str, error: &serde_saphyr::Error) -> Error {
    let at = error.location().map(|at| format!("{}:{}:", at.line(), at.column())).unwrap_or_default();
    let what = error.to_string();
    let what = what.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Error::new(format!("{name}:{at} {what}"))
}

fn cure_rule(name: &str, cure: Cure) -> Result<CureRule, Error> {
    let template = |text: Text| Template::parse(name, text);
    Ok(CureRule {
        when: cure.when.map(Expression::new),
        says: template(cure.says)?,
        run: cure.run.into_iter().map(template).collect::<Result<_, _>>()?,
        then: cure.then.into_iter().map(template).collect::<Result<_, _>>()?,
        look: cure.look.into_iter().map(template).collect::<Result<_, _>>()?,
        diff: match cure.diff {
            Some(diff) => Some([template(diff.path)?, template(diff.from)?, template(diff.to)?]),
            None => None,
        },
        restarts: cure.restarts,
        destructive: cure.destructive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "id: mine\non: service\nseverity: error\nwhen: service.headless\nsays: ${service.name} is headless\nwhy: it is\n";

    #[test]
    fn a_rule_file_is_read() {
        let rule = parse("mine.yaml", "yours", GOOD).unwrap();
        assert_eq!(rule.id, "mine");
        rule.check("mine.yaml").unwrap();
    }

    #[test]
    fn what_is_wrong_in_a_rule_file_is_named_with_line_and_column() {
        let wrong = |from: &str, to: &str| {
            let text = GOOD.replace(from, to);
            parse("mine.yaml", "yours", &text).and_then(|rule| rule.check("mine.yaml")).unwrap_err().to_string()
        };
        assert_eq!(
            wrong("service.headless", "service.headles"),
            "mine.yaml:4:7: there is no fact service.headles; service.headless is near"
        );
        assert_eq!(
            wrong("${service.name}", "${service.nam}"),
            "mine.yaml:5:7: there is no fact service.nam; service.name is near"
        );
        let bad_pattern = wrong("service.headless", "service.name.matches('(')");
        assert!(bad_pattern.contains("\"(\" is no pattern"), "{bad_pattern}");
        assert!(wrong("when: service.headless", "when: service.headless &&").starts_with("mine.yaml:4:"));
        assert!(wrong("severity: error", "severity: bad").starts_with("mine.yaml:3:"));
        assert!(wrong("why:", "wy:").starts_with("mine.yaml:6:"));
        assert_eq!(
            wrong("id: mine", "id: My Rule"),
            "mine.yaml:1:5: an id is written in lower-case letters, digits and dashes"
        );
        assert!(wrong("${service.name}", "${service.name").starts_with("mine.yaml:5:7: `${` without its `}`"));
    }
}
