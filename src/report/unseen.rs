//! What could not be looked at: each reason once, with what it may hide.

use crate::{document::NotChecked, kind::Kind};

use super::{clean, wrap::folded};

/// Of what may be hidden, so much is told; the document has it all.
const TOLD: usize = 3;

/// A sentence for each reason.
pub(super) fn sentences(not_checked: &[NotChecked]) -> Vec<String> {
    let mut by_reason: Vec<Unseen> = vec![];
    for it in in_order(not_checked) {
        let reason = reason(it);
        let at = by_reason.iter().position(|known| known.reason == reason).unwrap_or_else(|| {
            by_reason.push(Unseen { reason, ..Unseen::default() });
            by_reason.len() - 1
        });
        by_reason[at].add(it);
    }
    by_reason.iter().map(Unseen::sentence).collect()
}

// As a person would list them, pods first and events last.
fn in_order(not_checked: &[NotChecked]) -> Vec<&NotChecked> {
    let mut all: Vec<_> = not_checked.iter().collect();
    all.sort_by_key(|it| {
        let known = Kind::ALL.iter().position(|kind| kind.resource() == it.what);
        known.unwrap_or(usize::MAX)
    });
    all
}

#[derive(Default)]
struct Unseen {
    reason: String,
    what: Vec<String>,
    hides: Vec<String>,
}

impl Unseen {
    fn add(&mut self, it: &NotChecked) {
        let new = |list: &mut Vec<String>, text: &str| {
            let text = clean::line(text);
            if !text.is_empty() && !list.contains(&text) {
                list.push(text);
            }
        };
        new(&mut self.what, &it.what);
        it.hides.split(", ").for_each(|hidden| new(&mut self.hides, hidden));
    }

    fn sentence(&self) -> String {
        let hidden = match self.hides.as_slice() {
            [] => String::new(),
            [one] => format!(": {one} would not be seen"),
            all if all.len() > TOLD => format!(": {} and more would not be seen", all[..TOLD].join(", ")),
            [most @ .., last] => format!(": {} or {last} would not be seen", most.join(", ")),
        };
        format!("Not checked: {} ({}){hidden}.", folded(&self.what), self.reason)
    }
}

/// `forbidden to list in namespace shop` of `forbidden: User "jane" cannot list resource "secrets" in the namespace
/// "shop"`; the document has it all.
fn reason(it: &NotChecked) -> String {
    let why = clean::line(&it.why);
    let reason = match why.split_once(": ") {
        Some(("forbidden", refusal)) => match right(&it.what, refusal) {
            Some(right) => format!("forbidden to {right}"),
            None => "forbidden".to_owned(),
        },
        Some(("unauthorized", _)) => "unauthorized".to_owned(),
        _ => why,
    };
    clean::cut(&reason, 80)
}

// What to ask for, in the words of a role: `list in namespace shop`.
fn right(what: &str, refusal: &str) -> Option<String> {
    let (_, refused) = refusal.split_once(" cannot ")?;
    let (verb, rest) = refused.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    // The kind's own name stands before the reason already.
    let resource = if what.starts_with(resource) { String::new() } else { format!(" {resource}") };
    let place = match rest.split_once("in the namespace \"") {
        Some((_, namespace)) => format!("in namespace {}", namespace.split('"').next()?),
        None => "in the whole cluster".to_owned(),
    };
    Some(format!("{verb}{resource} {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unseen(what: &str, why: &str, hides: &str) -> NotChecked {
        NotChecked { what: what.to_owned(), why: why.to_owned(), hides: hides.to_owned() }
    }

    #[test]
    fn a_right_that_is_lacking_is_told_as_one_asks_for_it() {
        for (what, why, told) in [
            (
                "nodes",
                "forbidden: User \"jane\" cannot list resource \"nodes\" at the cluster scope",
                "Not checked: nodes (forbidden to list in the whole cluster).",
            ),
            (
                "logs",
                "forbidden: User \"jane\" cannot get resource \"pods/log\" in the namespace \"shop\": no role",
                "Not checked: logs (forbidden to get pods/log in namespace shop).",
            ),
            ("secrets", "forbidden: the webhook says no", "Not checked: secrets (forbidden)."),
            ("jobs", "timed out after 10s", "Not checked: jobs (timed out after 10s)."),
            ("jobs", "etcdserver: request timed out", "Not checked: jobs (etcdserver: request timed out)."),
        ] {
            assert_eq!(sentences(&[unseen(what, why, "")]), [told]);
        }
    }

    #[test]
    fn what_many_kinds_may_hide_is_told_once_and_in_part() {
        let why = "not in the input";
        let all = [
            unseen("events", why, "e"),
            unseen("statefulsets", why, "a rollout"),
            unseen("deployments", why, "a rollout"),
            unseen("services", why, "s"),
            unseen("jobs", why, "j"),
        ];
        let told = "Not checked: deployments, statefulsets, jobs, services, events (not in the input): ";
        assert_eq!(sentences(&all), [format!("{told}a rollout, j, s and more would not be seen.")]);
        assert_eq!(
            sentences(&all[..2]),
            ["Not checked: statefulsets, events (not in the input): a rollout or e would not be seen."]
        );
    }
}
