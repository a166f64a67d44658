//! Which of all that keeps a pod off nodes is at fault, and the table that shows it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PersistentVolume, Pod};

use super::{
    cluster::{Cluster, Place},
    filters,
    obstacle::{Filter, Judged, Obstacle},
    said::{self, Reason},
};
use crate::{facts::quantity, inventory::Known};

// More rows are no help to a person who has to find one.
const MOST_ROWS: usize = 10;

/// What keeps a pod off each node, and which of that is at fault.
#[derive(Debug)]
pub struct Verdict<'c, 'a> {
    /// Each node, the one that is nearest to taking the pod first; none where nodes are not known.
    pub judged: Vec<Judged<'c, 'a>>,
    /// The filters at fault: each of them has to be mended for the nodes that are nearest to take the pod.
    pub at_fault: BTreeSet<Filter>,
    /// How many of `judged` would take the pod but for those.
    nearest: usize,
    /// Whether every node is kept off by something that this arithmetic knows, so that it need not go by the
    /// scheduler's words.
    pub by_arithmetic: bool,
    /// Whether only who sees the nodes can tell what is at fault.
    pub is_open: bool,
    /// Nodes that would take the pod by now.
    pub fits: Vec<&'a str>,
}

impl<'c, 'a> Verdict<'c, 'a> {
    /// The verdict on a pod that the scheduler has refused.
    pub fn of(cluster: &'c Cluster<'a>, pod: &Pod, message: &str) -> Self {
        let places: &'c [Place<'a>] = cluster.places().known().unwrap_or_default();
        let mut judged = filters::judge(cluster, places, pod);
        judged.sort_by_key(|judged| (judged.cost(), judged.obstacles.len(), judged.place.name()));
        let fits: Vec<&str> =
            judged.iter().filter(|judged| judged.obstacles.is_empty()).map(|judged| judged.place.name()).collect();
        let mut verdict = Self {
            by_arithmetic: fits.is_empty() && !judged.is_empty(),
            at_fault: BTreeSet::new(),
            nearest: 0,
            is_open: false,
            fits,
            judged,
        };
        if verdict.by_arithmetic {
            verdict.take_nearest();
        } else {
            verdict.take_words(cluster, message);
        }
        verdict
    }

    // Of the nodes that are nearest, those that the same filters keep off; the most of them, if these differ.
    fn take_nearest(&mut self) {
        let cost = |judged: &Judged| (judged.cost(), judged.obstacles.len());
        let Some(least) = self.judged.first().map(cost) else { return };
        let is_near = |judged: &&Judged| cost(judged) == least;
        let mut groups: BTreeMap<Vec<Filter>, usize> = BTreeMap::new();
        for judged in self.judged.iter().filter(is_near) {
            *groups.entry(judged.filters()).or_default() += 1;
        }
        let most = groups.iter().max_by_key(|(filters, count)| (**count, std::cmp::Reverse((*filters).clone())));
        let Some((chosen, count)) = most.map(|(filters, count)| (filters.clone(), *count)) else { return };
        self.judged.sort_by_key(|judged| (judged.filters() != chosen, cost(judged), judged.place.name()));
        self.nearest = count;
        self.at_fault = chosen.into_iter().collect();
    }

    // What depends on what runs there may have changed since; what nodes are like has been looked at.
    fn take_words(&mut self, cluster: &Cluster, message: &str) {
        let knows_nodes = cluster.places().known().is_some_and(|places| !places.is_empty());
        let knows_pods = cluster.knows_pods().known().is_some();
        let knows_volumes = cluster.inventory.list::<PersistentVolume>("").known().is_some();
        let may_be = |reason: &Reason| {
            !knows_nodes || reason.is_of_the_moment() || (reason.filter == Filter::Volume && !knows_volumes)
        };
        let reasons: Vec<_> = said::reasons(message).into_iter().filter(may_be).collect();
        self.is_open = !knows_nodes && said::is_ambiguous(&reasons);
        if self.is_open {
            return;
        }
        let nearest = reasons.into_iter().min_by_key(|reason| (reason.filter.cost(), std::cmp::Reverse(reason.nodes)));
        self.at_fault =
            nearest.map(|reason| reason.filter).into_iter().filter(|filter| *filter != Filter::Other).collect();
        if !knows_pods && knows_nodes {
            self.nearest = self.judged.iter().filter(|judged| judged.obstacles.is_empty()).count();
        }
    }

    /// The nodes that would take the pod but for what is at fault.
    pub fn near(&self) -> &[Judged<'c, 'a>] {
        &self.judged[..self.nearest.min(self.judged.len())]
    }

    /// The nodes on which the pod may run at all, were there room.
    pub fn open(&self) -> Vec<&'c Place<'a>> {
        self.judged.iter().filter(|judged| judged.is_open()).map(|judged| judged.place).collect()
    }

    /// What one filter says of the nodes that are nearest.
    pub fn obstacles(&self, filter: Filter) -> impl Iterator<Item = &Obstacle> {
        self.near().iter().flat_map(|judged| &judged.obstacles).filter(move |obstacle| obstacle.filter == filter)
    }

    /// What else would have to be mended; empty where a filter is at fault alone.
    pub fn besides(&self, filter: Filter) -> String {
        let Some(first) = self.near().first() else { return String::new() };
        let others: Vec<_> = first
            .obstacles
            .iter()
            .filter(|obstacle| obstacle.filter != filter)
            .map(|obstacle| obstacle.words.as_str())
            .collect();
        if others.is_empty() {
            String::new()
        } else {
            format!("; that is not all that keeps it off {}: {}", first.place.name(), others.join("; "))
        }
    }

    /// Per node what keeps the pod off, and what is free of the resources that are lacking.
    fn table(&self, lacking: &[String]) -> String {
        let shown = self.judged.iter().take(MOST_ROWS).collect::<Vec<_>>();
        let mut lines = vec![["node", "kept off by"].map(str::to_owned).to_vec()];
        lines[0].extend(lacking.iter().map(|resource| format!("free {resource}")));
        for Judged { place, obstacles } in shown {
            let words = obstacles.iter().map(|obstacle| obstacle.words.as_str());
            let words = words.collect::<Vec<_>>().join("; ");
            let mut line =
                vec![place.name().to_owned(), if words.is_empty() { "nothing by now".to_owned() } else { words }];
            line.extend(lacking.iter().map(|resource| {
                let show = |amount| quantity::show(resource, amount);
                format!("{} of {}", show(place.free(resource).max(0.0)), show(place.has(resource)))
            }));
            lines.push(line);
        }
        let mut text = lines.iter().map(|line| line.join("\t")).collect::<Vec<_>>().join("\n");
        if let Some(more) = self.judged.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
            let columns = "\t".repeat(lines[0].len() - 2);
            text.push_str(&format!("\n… {more} more\t{columns}"));
        }
        text
    }
}

/// The names of nodes as words: at most three, else how many.
pub fn names(judged: &[Judged]) -> String {
    match judged {
        [] => "no node".to_owned(),
        few if few.len() <= 3 => few.iter().map(|judged| judged.place.name()).collect::<Vec<_>>().join(", "),
        many => format!("{} nodes", many.len()),
    }
}

/// The table, where what it counts is known.
pub fn table(cluster: &Cluster, verdict: &Verdict, lacking: &[String]) -> Known<String> {
    match (cluster.places(), cluster.knows_pods()) {
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why),
        _ => Known::Known(verdict.table(lacking)),
    }
}
