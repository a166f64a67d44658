//! One finding with all that stands beneath it.

use crate::document::{Change, Cure, Evidence, Finding, Hop, Severity};

use super::{
    super::{Style, age::ago, clean, cure::what_to_do, lead::Lead, path, title},
    markup::{element, entities, escaped, lines},
};

pub(super) fn class(finding: &Finding) -> &'static str {
    if finding.past { "past" } else { finding.severity.word() }
}

pub(super) fn of(lead: &Lead, at: usize, namespace: Option<&str>, style: &Style) -> String {
    let finding = lead.finding;
    let mark = match finding.severity {
        _ if finding.past => "earlier, and well now",
        _ if finding.next_after.is_some() => "next",
        Severity::Error => "cause",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let parts = [
        element("span", "mark", mark),
        element("h2", "", &escaped(&title::of(finding, namespace))),
        element("code", "rule", &escaped(&finding.rule)),
        place(finding),
        finding.cures.first().and_then(|cure| cure.diff.as_deref()).map(diff).unwrap_or_default(),
        nearest(finding),
        way(path::of(lead)),
        affected(finding),
        evidence(&finding.evidence, style),
        changes(finding, style),
        part("What it means", &element("p", "", &escaped(&finding.why))),
        cures(finding),
        explains(lead, namespace),
        docs(finding),
    ];
    format!("<section class=\"finding {}\" id=\"f{at}\">\n{}</section>\n", class(finding), parts.concat())
}

fn part(heading: &str, inner: &str) -> String {
    if inner.is_empty() { String::new() } else { format!("{}{inner}", element("h3", "", heading)) }
}

// The container and field, unless a diff names the field.
fn place(finding: &Finding) -> String {
    if finding.cures.first().is_some_and(|cure| cure.diff.is_some()) {
        return String::new();
    }
    let container = finding.container.as_ref().map(|name| format!("container {name}"));
    let places: Vec<String> = container.into_iter().chain(finding.field.clone()).collect();
    if places.is_empty() {
        String::new()
    } else {
        element("p", "quiet", &format!("at {}", escaped(&places.join(", "))))
    }
}

fn diff(text: &str) -> String {
    let lines = clean::lines(text);
    let lines = lines.iter().map(|line| {
        let class = match line.chars().next() {
            Some('-') => " class=\"gone\"",
            Some('+') => " class=\"come\"",
            _ => "",
        };
        format!("<span{class}>{}</span>", entities(line))
    });
    element("pre", "diff", &lines.collect::<String>())
}

fn nearest(finding: &Finding) -> String {
    let lines = finding.nearest.iter().map(|nearest| {
        let why = if nearest.why.is_empty() { String::new() } else { format!(" ({})", nearest.why) };
        element("li", "", &format!("<code>{}</code>{}", escaped(&nearest.value), escaped(&why)))
    });
    let lines: String = lines.collect();
    part("Probably meant", &if lines.is_empty() { lines } else { element("ul", "", &lines) })
}

const ARROW: &str = "<svg width=\"28\" height=\"14\" aria-hidden=\"true\"><path d=\"M2 7h22M18 2l6 5-6 5\"/></svg>";
const BREAK: &str = "<svg width=\"28\" height=\"14\" role=\"img\" aria-label=\"broken\"><path d=\"M2 7h9M15 2l10 10M25 2L15 12\"/></svg>";

fn way(path: &[Hop]) -> String {
    let hops = path.iter().enumerate().map(|(at, hop)| {
        let chip = element("span", "chip", &escaped(&hop.text));
        match &hop.broken {
            Some(why) => {
                let end = element("span", "end", &format!("{chip}{}", element("span", "why", &escaped(why))));
                element("li", "broken", &format!("{BREAK}{end}"))
            }
            None if at > 0 => element("li", "", &format!("{ARROW}{chip}")),
            None => element("li", "", &chip),
        }
    });
    let hops: String = hops.collect();
    part("Traffic path", &if hops.is_empty() { hops } else { element("ol", "path", &hops) })
}

fn affected(finding: &Finding) -> String {
    let others: Vec<_> = finding.affected.iter().filter(|it| **it != finding.object).map(ToString::to_string).collect();
    let of = finding.of.map(|of| format!("{} of {of}: ", others.len())).unwrap_or_default();
    part(
        "Affects",
        &if others.is_empty() || finding.of == Some(1) {
            String::new()
        } else {
            element("p", "", &escaped(&format!("{of}{}", others.join(", "))))
        },
    )
}

fn evidence(all: &[Evidence], style: &Style) -> String {
    let told = all.iter().map(|said| {
        let at = said.at.as_deref().map(|at| format!(", {}", ago(at, style.now))).unwrap_or_default();
        let source = element("p", "quiet", &escaped(&format!("{}{at}", said.source)));
        match said.text.trim() {
            "" => source,
            text => format!("{}{source}", element("pre", "", &lines(text))),
        }
    });
    part("Evidence", &told.collect::<String>())
}

fn changes(finding: &Finding, style: &Style) -> String {
    let told = |change: &Change| {
        let object = change.object.as_ref().unwrap_or(&finding.object).to_string();
        let by = change.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let at = change.at.as_deref().map(|at| format!(" {}", ago(at, style.now))).unwrap_or_default();
        let earlier = if change.exact || change.at.is_none() { "" } else { " or earlier" };
        let line = element("p", "", &escaped(&format!("{object} {}{by}{at}{earlier}", change.field)));
        let values = [("-", "gone", &change.from), ("+", "come", &change.to)];
        let values = values.into_iter().filter_map(|(sign, class, value)| {
            let value = lines(value.as_ref()?.trim());
            Some(format!("<span class=\"{class}\">{sign} {}</span>", value.replace('\n', &format!("\n{sign} "))))
        });
        let values: String = values.collect();
        if values.is_empty() { line } else { format!("{line}{}", element("pre", "diff", &values)) }
    };
    part("Changed", &finding.changes.iter().map(told).collect::<String>())
}

fn cures(finding: &Finding) -> String {
    let managed = finding.managed_by.as_ref().filter(|_| !finding.cures.is_empty()).map(|managed| {
        element("p", "", &format!("<strong>{}</strong>: {}", escaped(&managed.name), escaped(&managed.advice)))
    });
    let told = finding.cures.iter().enumerate().map(|(at, cure)| {
        let heading = if at == 0 { "Cure" } else { "Or" };
        let diff = cure.diff.as_deref().filter(|_| at > 0).map(diff).unwrap_or_default();
        format!(
            "{}{}{diff}{}",
            element("h3", "", heading),
            element("p", "", &escaped(&what_to_do(cure))),
            command(cure)
        )
    });
    managed.into_iter().chain(told).collect()
}

fn command(cure: &Cure) -> String {
    match cure.shown().map(clean::command) {
        Some(Some(command)) => element("pre", "command", &entities(command)),
        Some(None) => element("p", "quiet", "(a command with characters that cannot be seen: left out)"),
        None => String::new(),
    }
}

fn explains(lead: &Lead, namespace: Option<&str>) -> String {
    let lines = lead.explains.iter().map(|symptom| {
        element(
            "li",
            "",
            &format!(
                "{} <code class=\"rule\">{}</code>",
                escaped(&title::of(symptom, namespace)),
                escaped(&symptom.rule)
            ),
        )
    });
    let lines: String = lines.collect();
    part("Explains", &if lines.is_empty() { lines } else { element("ul", "", &lines) })
}

fn docs(finding: &Finding) -> String {
    let docs = finding.docs.as_deref().filter(|docs| docs.starts_with("https://")).map(escaped);
    let docs = docs.map(|docs| element("p", "quiet", &format!("<a href=\"{docs}\" rel=\"noreferrer\">{docs}</a>")));
    docs.unwrap_or_default()
}
