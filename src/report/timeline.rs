//! In which order things came about, where the findings alone don't tell.

use jiff::Timestamp;

use crate::document::Moment;

use super::{
    age::ago,
    clean,
    page::Page,
    wrap::{fit, width},
};

/// More than this are read by nobody in a hurry.
const MOST: usize = 6;

/// What follows within this many seconds follows at once: a pod that is made for a change.
const AT_ONCE: i64 = 10;

pub(super) fn tell(page: &mut Page, timeline: &[Moment]) {
    let told: Vec<_> =
        timeline.iter().enumerate().filter(|(place, _)| !goes_without_saying(timeline, *place)).collect();
    // A change and a pod that failed at it: so much is said already.
    let is_of_a_pod = |moment: &Moment| moment.object.kind == "Pod";
    if told.len() < 3 && told.iter().all(|(_, moment)| moment.is_change || is_of_a_pod(moment)) {
        return;
    }
    let ages: Vec<_> = told.iter().map(|(_, moment)| ago(&moment.at, page.style.now)).collect();
    let column = ages.iter().map(|age| width(age)).max().unwrap_or_default();
    // The last changes, and what came of them first.
    let most = if page.is_wide { told.len() } else { MOST };
    let skipped = told.len().saturating_sub(most);
    let changes = told.iter().take_while(|(_, moment)| moment.is_change).count();
    let from = skipped.min(changes.saturating_sub(MOST / 2));
    let columns = page.line_columns();
    let line = |((_, moment), age): (&(usize, &Moment), &String)| {
        let by = moment.by.as_ref().map(|by| format!(" by {}", clean::line(by))).unwrap_or_default();
        let said = format!("{} {}", clean::line(&moment.object.to_string()), short(&clean::line(&moment.what)));
        format!("{age:column$}  {}{by}", fit(&said, columns.saturating_sub(column + 2 + width(&by))))
    };
    page.labelled("timeline", told.iter().zip(&ages).skip(from).take(most).map(line));
    page.line("");
}

// The whole path stands with the finding.
fn short(what: &str) -> &str {
    let in_container = what.strip_prefix("spec.template.spec.containers[name=").and_then(|rest| rest.split_once("]."));
    in_container.map_or(what, |(_, field)| field)
}

fn goes_without_saying(timeline: &[Moment], place: usize) -> bool {
    let second = |moment: &Moment| moment.at.parse::<Timestamp>().map(Timestamp::as_second);
    let Some((moment, before)) = timeline.get(place).and_then(|moment| Some((moment, timeline.get(..place)?))) else {
        return false;
    };
    let follows = |change: &Moment| match (second(change), second(moment)) {
        (Ok(change), Ok(made)) => made - change <= AT_ONCE,
        _ => false,
    };
    moment.what == "created" && before.iter().filter(|earlier| earlier.is_change).any(follows)
}
