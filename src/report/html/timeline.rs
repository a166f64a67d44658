//! In which order things came about: changes, events, ends of containers.

use jiff::Timestamp;

use crate::document::{Diagnosis, ObjectRef};

use super::{
    super::{Style, age::ago, title},
    markup::{element, escaped},
};

/// More than this fit on no phone. The last ones tell most.
const MOST: usize = 12;

struct Point {
    at: Timestamp,
    text: String,
    is_change: bool,
}

/// Nothing where less than two times are known.
pub(super) fn of(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut points = points(diagnosis);
    points.drain(..points.len().saturating_sub(MOST));
    if points.len() < 2 {
        return String::new();
    }
    let class = |point: &Point| if point.is_change { "change" } else { "event" };
    let rows = points.iter().enumerate().map(|(at, point)| {
        let time = point.at.to_string();
        let number = element("span", class(point), &format!("{}", at + 1));
        let age = format!("<time datetime=\"{time}\" title=\"{time}\">{}</time>", escaped(&ago(&time, style.now)));
        element("li", "", &format!("{number}{age}{}", element("span", "", &escaped(&point.text))))
    });
    let rows = rows.collect::<String>();
    let dots = places(&points).into_iter().zip(&points).enumerate().map(|(at, (place, point))| {
        let y = if at % 2 == 0 { 12 } else { 46 };
        format!(
            "<circle class=\"{}\" cx=\"{place:.1}%\" cy=\"26\" r=\"5\"><title>{}</title></circle>\
             <text x=\"{place:.1}%\" y=\"{y}\" text-anchor=\"middle\">{}</text>\n",
            class(point),
            escaped(&point.text),
            at + 1,
        )
    });
    let axis = format!(
        "<svg class=\"axis\" height=\"52\" role=\"img\" aria-label=\"when it came about\">\
         <line x1=\"1%\" y1=\"26\" x2=\"99%\" y2=\"26\"/>\n{}</svg>\n",
        dots.collect::<String>()
    );
    let heading = element("h3", "", "Timeline");
    element("section", "", &format!("{heading}{axis}{}", element("ol", "moments", &rows)))
}

// Moments, and whatever has a time among the evidence; each once, in the order of time.
fn points(diagnosis: &Diagnosis) -> Vec<Point> {
    let namespace = diagnosis.metadata.namespace.as_deref();
    let name = |object: &ObjectRef| title::name(object, namespace);
    let by = |by: &Option<String>| by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let moments = diagnosis.timeline.iter().map(|moment| {
        let said = format!("{} {}{}", name(&moment.object), moment.what, by(&moment.by));
        (Some(&moment.at), said, Some(&moment.object).filter(|_| moment.is_change))
    });
    let findings = || diagnosis.findings.iter();
    let changes = findings().flat_map(|finding| finding.changes.iter().map(move |change| (finding, change)));
    let changes = changes.map(|(finding, change)| {
        let object = change.object.as_ref().unwrap_or(&finding.object);
        let said = format!("{} {} changed{}", name(object), change.field, by(&change.by));
        (change.at.as_ref(), said, Some(object))
    });
    let evidence = findings().flat_map(|finding| finding.evidence.iter().map(move |said| (finding, said)));
    let evidence = evidence.map(|(finding, evidence)| {
        let first = evidence.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let of = if namespace.is_some() { String::new() } else { format!("{}: ", name(&finding.object)) };
        (evidence.at.as_ref(), format!("{of}{}: {first}", evidence.source), None)
    });
    // What else has its time told already need not be said again.
    let seen = findings().flat_map(|finding| {
        let name = format!("{} {}", name(&finding.object), finding.rule);
        let count =
            finding.count.filter(|count| *count > 1).map(|count| format!(" ({count} times)")).unwrap_or_default();
        [
            (finding.since.as_ref(), format!("{name} first seen")),
            (finding.last_seen.as_ref(), format!("{name} last seen{count}")),
        ]
    });
    let mut points: Vec<Point> = Vec::new();
    let read = |at: Option<&String>| at.and_then(|at| at.parse().ok());
    let mut changed = Vec::new();
    for (at, text, change) in moments.chain(changes).chain(evidence) {
        let Some(at) = read(at) else { continue };
        // A change is told among the moments as well, in other words.
        let is_told = change.is_some() && changed.contains(&(at, change));
        if !is_told && !points.iter().any(|point| point.at == at && point.text == text) {
            changed.push((at, change));
            points.push(Point { at, text, is_change: change.is_some() });
        }
    }
    for (at, text) in seen {
        let Some(at) = read(at) else { continue };
        if !points.iter().any(|point| point.at == at) {
            points.push(Point { at, text, is_change: false });
        }
    }
    points.sort_by_key(|point| (point.at, !point.is_change));
    points
}

// In percent. A gap grows with the logarithm of its time: what is seconds apart can be told apart beside what is days.
fn places(points: &[Point]) -> Vec<f64> {
    let gap = |pair: &[Point]| match pair {
        [before, after] => {
            3.0 + f64::from(1 + i32::try_from(after.at.as_second() - before.at.as_second()).unwrap_or(i32::MAX - 1))
                .log2()
        }
        _ => 0.0,
    };
    let gaps: Vec<f64> = points.windows(2).map(gap).collect();
    let all: f64 = gaps.iter().sum();
    let mut place = 4.0;
    let mut places = vec![place];
    for gap in gaps {
        place += 92.0 * gap / all;
        places.push(place);
    }
    places
}
