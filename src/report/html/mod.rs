//! The report as one page to share: nothing in it comes from elsewhere, and no script runs in it.

mod finding;
mod graph;
mod markup;
mod timeline;

use crate::document::{Diagnosis, Metadata, NotChecked, ProbeStep, Suppressed};

use super::{
    Style, footer,
    lead::{Lead, leads},
    title,
};
use markup::{element, escaped, fill};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

pub(super) fn render(diagnosis: &Diagnosis, style: &Style) -> String {
    let leads = leads(&diagnosis.findings);
    let namespace = diagnosis.metadata.namespace.as_deref();
    let mut body = header(diagnosis, &leads, style);
    body.push_str(&graph::of(&leads, namespace));
    body.extend(leads.iter().enumerate().map(|(at, lead)| finding::of(lead, at, namespace, style)));
    body.push_str(&timeline::of(diagnosis, style));
    body.push_str(&probe(&diagnosis.probe));
    body.push_str(&suppressed(&diagnosis.suppressed_findings));
    body.push_str(&not_checked(&diagnosis.not_checked));
    fill(PAGE, &[("title", &escaped(&title(&diagnosis.metadata))), ("style", STYLE), ("body", &body)])
}

fn title(metadata: &Metadata) -> String {
    title::asked(metadata).unwrap_or_else(|| "the whole cluster".to_owned())
}

fn header(diagnosis: &Diagnosis, leads: &[Lead], style: &Style) -> String {
    let metadata = &diagnosis.metadata;
    let context = metadata.context.as_ref().map(|context| format!("context {context}"));
    let server = metadata.server.as_ref().map(|server| format!("Kubernetes {server}"));
    let at = style.now.map(|now| now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let about: Vec<String> = [context, server, at, Some(metadata.tool.clone())].into_iter().flatten().collect();
    let counts = footer::counts(leads);
    let counts = counts.iter().map(|(severity, said)| element("li", severity.word(), said));
    let counts: String = counts.collect();
    let counts = if counts.is_empty() { counts } else { element("ul", "counts", &counts) };
    let verdict = footer::paragraphs(diagnosis, leads);
    let verdict = verdict.first().map(|verdict| element("p", "quiet", &escaped(verdict))).unwrap_or_default();
    format!(
        "<header>\n{}{}{counts}{verdict}</header>\n",
        element("h1", "", &format!("Diagnosis of {}", escaped(&title(metadata)))),
        element("p", "quiet", &escaped(&about.join(" · "))),
    )
}

fn probe(steps: &[ProbeStep]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let rows = steps.iter().map(|step| {
        let cells = [&step.step, &step.from, &step.to, &step.answer].map(|cell| element("td", "", &escaped(cell)));
        let (class, verdict) = if step.ok { ("", "ok") } else { ("failed", "failed") };
        let last = format!("<td class=\"time\">{} ms</td>{}", step.milliseconds, element("td", class, verdict));
        format!("<tr>{}{last}</tr>\n", cells.concat())
    });
    let header = ["step", "from", "to", "answer", "time", "verdict"].map(|cell| format!("<th>{cell}</th>")).concat();
    let table = format!("<table><tr>{header}</tr>\n{}</table>", rows.collect::<String>());
    section("Connections made", &element("div", "wide", &table))
}

fn suppressed(all: &[Suppressed]) -> String {
    let lines = all.iter().map(|it| element("li", "", &escaped(&it.to_string())));
    list("Left out as asked", &lines.collect::<String>())
}

fn not_checked(all: &[NotChecked]) -> String {
    let lines = all.iter().map(|it| {
        let hides = if it.hides.is_empty() { String::new() } else { format!("; {} would not be seen", it.hides) };
        element("li", "", &escaped(&format!("{} ({}){hides}", it.what, it.why)))
    });
    list("Not checked", &lines.collect::<String>())
}

fn list(heading: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { section(heading, &element("ul", "", lines)) }
}

fn section(heading: &str, inner: &str) -> String {
    element("section", "", &format!("{}{inner}", element("h3", "", heading)))
}
