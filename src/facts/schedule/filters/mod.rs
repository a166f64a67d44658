//! One file a filter of the scheduler: what each needs of a node
//! (<https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins>).

pub mod affinity;
pub mod labels;
pub mod ports;
pub mod resources;
pub mod spread;
pub mod taints;
pub mod volumes;

use k8s_openapi::api::core::v1::Pod;

use super::{
    cluster::{Cluster, Place},
    obstacle::{Judged, Obstacle},
};

/// What keeps a pod off each node, in the scheduler's order. What runs on the nodes counts where that is known.
pub fn judge<'c, 'a>(cluster: &'c Cluster<'a>, places: &'c [Place<'a>], pod: &Pod) -> Vec<Judged<'c, 'a>> {
    let knows_pods = cluster.knows_pods().known().is_some();
    let volumes = volumes::Volumes::of(cluster.inventory, pod);
    let spread = spread::Spread::of(places, pod);
    let affinity = affinity::Affinity::of(cluster, places, pod);
    let judge = |place: &'c Place<'a>| {
        let mut obstacles: Vec<Obstacle> = Vec::new();
        obstacles.extend(taints::cordon(place, pod));
        obstacles.extend(taints::taint(place, pod));
        obstacles.extend(labels::unmet(place, pod));
        if knows_pods {
            obstacles.extend(ports::taken(place, pod));
            obstacles.extend(resources::lacking(place, pod));
        }
        obstacles.extend(volumes.elsewhere(place));
        if knows_pods {
            obstacles.extend(spread.skewed(place));
            obstacles.extend(affinity.against(place));
        }
        Judged { place, obstacles }
    };
    places.iter().map(judge).collect()
}
