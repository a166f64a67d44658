//! Requests against what nodes have, and what would be little enough.

use k8s_openapi::api::core::v1::Pod;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    cluster::{Cluster, Place},
    filters::resources::short,
    obstacle::Filter,
    requests::{Amounts, requests},
    said,
    verdict::Verdict,
};
use crate::{
    facts::{quantity, workload::Workload},
    inventory::Known,
};

/// What a pod asks for and nodes lack.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ResourceFacts {
    /// Whether that keeps the pod off the nodes that are nearest to taking it.
    pub at_fault: bool,
    /// What else would have to be mended for them to take it; empty where there is nothing.
    pub besides: String,
    /// The resources that no node has enough of: `cpu`, `nvidia.com/gpu`.
    pub lacking: Vec<String>,
    /// What the pod asks of those, as words: `cpu 64`.
    pub asks: String,
    /// The lacking resources that no node offers at all: a GPU in a cluster without.
    pub not_offered: Known<Vec<String>>,
    /// In a rollout, what the old pods hold of the lacking resources until new ones are ready; empty where there are none.
    pub held_by_old: String,
    /// That no node that the pod may run on has that much, as words: `no node has`, `none of the 2 nodes … has`.
    pub none: String,
    /// Whether one of those could hold it if it were empty.
    pub could_ever_fit: Known<bool>,
    /// Whether one of those has that much free by now, which the scheduler has not seen yet.
    pub fits_now: Known<bool>,
    /// Whether all of them together have that much free.
    pub cluster_has_room: Known<bool>,
    /// The most that would fit now, as words: `cpu 1960m would fit on node-1`; empty where nothing would, or that is not known.
    pub room: String,
}

impl Default for ResourceFacts {
    fn default() -> Self {
        Self {
            at_fault: false,
            besides: String::new(),
            lacking: Vec::new(),
            asks: String::new(),
            not_offered: Known::Known(Vec::new()),
            held_by_old: String::new(),
            none: String::new(),
            could_ever_fit: Known::Known(false),
            fits_now: Known::Known(false),
            cluster_has_room: Known::Known(false),
            room: String::new(),
        }
    }
}

/// The facts of a pod that the scheduler has refused.
pub fn facts(cluster: &Cluster, verdict: &Verdict, workload: &Workload, pod: &Pod, message: &str) -> ResourceFacts {
    let lacking = lacking(verdict, pod, message);
    let asked = requests(pod);
    let asks = |resource: &String| asked.get(resource).copied().unwrap_or(0.0);
    let everywhere = || verdict.judged.iter().map(|judged| judged.place).collect();
    let open = Some(verdict.open()).filter(|open| !open.is_empty()).unwrap_or_else(everywhere);
    let nearest: Vec<_> = verdict.near().iter().map(|judged| judged.place).collect();
    let all = match (cluster.places(), cluster.knows_pods()) {
        (Known::Unknown(why), _) | (_, Known::Unknown(why)) => Known::Unknown(why),
        (Known::Known(all), _) => Known::Known(all),
    };
    let on_one = |fits: &dyn Fn(&Place, &String) -> bool| {
        all.as_ref().map(|_| open.iter().any(|place| lacking.iter().all(|resource| fits(place, resource))))
    };
    ResourceFacts {
        at_fault: verdict.at_fault.contains(&Filter::Resources),
        besides: verdict.besides(Filter::Resources),
        asks: show(&lacking, &asked),
        not_offered: all.as_ref().map(|all| {
            lacking.iter().filter(|resource| all.iter().all(|place| place.has(resource) == 0.0)).cloned().collect()
        }),
        held_by_old: held_by_old(workload, pod, &lacking),
        none: match open.len() {
            all if all == verdict.judged.len() => "no node has".to_owned(),
            1 => format!("{}, the only node that it may run on, does not have", open[0].name()),
            few => format!("none of the {few} nodes that it may run on has"),
        },
        could_ever_fit: on_one(&|place, resource| place.has(resource) >= asks(resource)),
        fits_now: on_one(&|place, resource| place.free(resource) >= asks(resource)),
        cluster_has_room: all.as_ref().map(|_| {
            let free = |resource: &String| open.iter().map(|place| place.free(resource).max(0.0)).sum::<f64>();
            lacking.iter().all(|resource| free(resource) >= asks(resource))
        }),
        room: all.known().and_then(|_| room(&nearest, &lacking, &asked)).unwrap_or_default(),
        lacking,
    }
}

// What the nodes that are nearest lack; where that is not known, what the scheduler says.
fn lacking(verdict: &Verdict, pod: &Pod, message: &str) -> Vec<String> {
    if !verdict.by_arithmetic {
        return said::lacking(message);
    }
    let near = verdict.near().iter().filter(|judged| judged.filters().contains(&Filter::Resources));
    let mut found: Vec<String> =
        near.flat_map(|judged| short(judged.place, pod)).filter(|name| name != "pods").collect();
    found.sort();
    found.dedup();
    found
}

// Of the nodes, the one that has most of what is asked for.
fn room(open: &[&Place], lacking: &[String], asked: &Amounts) -> Option<String> {
    let share = |place: &Place| {
        let shares = lacking.iter().map(|name| place.free(name) / asked.get(name).copied().unwrap_or(1.0).max(1e-9));
        shares.fold(f64::INFINITY, f64::min)
    };
    let best = open.iter().copied().filter(|place| share(place) > 0.0 && share(place).is_finite());
    let best = best.max_by(|one, other| share(one).total_cmp(&share(other)))?;
    let short: Vec<&String> =
        lacking.iter().filter(|name| best.free(name) < asked.get(*name).copied().unwrap_or(0.0)).collect();
    let words: Vec<_> =
        short.iter().map(|name| format!("{name} {}", quantity::show_at_most(name, best.free(name)))).collect();
    (!words.is_empty()).then(|| format!("{} would fit on {}", words.join(" and "), best.name()))
}

fn show(names: &[String], amounts: &Amounts) -> String {
    let amount = |name: &String| amounts.get(name).copied().unwrap_or(0.0);
    names.iter().map(|name| format!("{name} {}", quantity::show(name, amount(name)))).collect::<Vec<_>>().join(", ")
}

// A rolling update makes up to maxSurge pods more than there are replicas before it takes old ones away.
fn held_by_old(workload: &Workload, pod: &Pod, lacking: &[String]) -> String {
    let hash = |pod: &Pod| pod.metadata.labels.as_ref().and_then(|labels| labels.get("pod-template-hash")).cloned();
    let present = hash(pod);
    let is_placed = |pod: &Pod| pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    let old: Vec<_> =
        workload.pods.iter().filter(|other| present.is_some() && hash(other) != present && is_placed(other)).collect();
    if old.is_empty() || lacking.is_empty() {
        return String::new();
    }
    let mut held = Amounts::new();
    old.iter().for_each(|pod| super::requests::add(&mut held, &requests(pod)));
    format!("{} of its old pods hold {} until new ones are ready", old.len(), show(lacking, &held))
}
