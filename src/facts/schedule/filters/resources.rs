//! Requests against what a node has left, its limit of pods among them.

use k8s_openapi::api::core::v1::Pod;

use crate::facts::{
    quantity,
    schedule::{
        cluster::Place,
        obstacle::{Filter, Obstacle},
        requests::requests,
    },
};

// Sums of decimal fractions are off by less than this.
const NOTHING: f64 = 1e-6;

/// What a node has too little of.
pub fn lacking(place: &Place, pod: &Pod) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let short = short(place, pod);
    let (pods, others): (Vec<&String>, Vec<&String>) = short.iter().partition(|resource| *resource == "pods");
    if !pods.is_empty() {
        let limit = quantity::show("pods", place.has("pods"));
        obstacles.push(Obstacle::new(
            Filter::Pods,
            limit.clone(),
            format!("it runs {} of {limit} pods", place.pods.len()),
        ));
    }
    if !others.is_empty() {
        let names = others.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        obstacles.push(Obstacle::new(Filter::Resources, names.clone(), format!("too little {names}")));
    }
    obstacles
}

/// The resources that a node has too little of for a pod, by now.
pub fn short(place: &Place, pod: &Pod) -> Vec<String> {
    let asked = requests(pod).into_iter().filter(|(_, amount)| *amount > 0.0);
    asked.filter(|(resource, amount)| place.free(resource) + NOTHING < *amount).map(|(resource, _)| resource).collect()
}
