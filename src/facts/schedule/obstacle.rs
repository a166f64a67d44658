//! What can keep a pod off a node.

use super::cluster::Place;

/// One of the scheduler's filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Filter {
    /// The node takes no new pods.
    Cordon,
    /// The node is not ready, or short of something, and tainted so by the cluster itself.
    Unready,
    /// A taint that the pod does not tolerate.
    Taint,
    /// The node selector and the required node affinity.
    Selector,
    /// A host port that another pod has.
    Port,
    /// Too little of a resource.
    Resources,
    /// The node's limit of pods.
    Pods,
    /// A volume that can't be used from there.
    Volume,
    /// A topology spread constraint.
    Spread,
    /// Pod affinity or anti-affinity.
    Affinity,
    /// Something that the scheduler says and this arithmetic does not know.
    Other,
}

impl Filter {
    /// How much of what the pod asks for would have to be given up, for the node to take it. A pod's selector says
    /// where it wants to be, and a taint that a node is not for it; what happens to run there, or a cordon, is
    /// what keeps it off the nodes that are meant for it.
    pub fn cost(self) -> u32 {
        match self {
            Filter::Cordon | Filter::Unready => 2,
            Filter::Port | Filter::Resources | Filter::Pods | Filter::Spread | Filter::Affinity | Filter::Other => 3,
            Filter::Taint => 6,
            Filter::Volume => 7,
            Filter::Selector => 20,
        }
    }

    /// The rule that tells of it; nothing where only the scheduler's words do.
    pub fn rule(self) -> Option<&'static str> {
        match self {
            Filter::Cordon => Some("node-cordoned"),
            Filter::Taint => Some("untolerated-taint"),
            Filter::Selector => Some("node-affinity-mismatch"),
            Filter::Port => Some("host-port-conflict"),
            Filter::Resources => Some("insufficient-resources"),
            Filter::Pods => Some("too-many-pods"),
            Filter::Volume => Some("volume-node-conflict"),
            Filter::Spread => Some("topology-spread-unsatisfiable"),
            Filter::Affinity => Some("pod-affinity-unsatisfiable"),
            Filter::Unready | Filter::Other => None,
        }
    }

    /// Whether it depends on what runs on the nodes, which may have changed since the scheduler looked.
    pub fn is_of_the_moment(self) -> bool {
        self.cost() == 3
    }

    /// Whether it closes a node to the pod, whatever runs there.
    pub fn closes(self) -> bool {
        self.cost() > 3
    }
}

/// What keeps one pod off one node.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// Which filter.
    pub filter: Filter,
    /// Of what: the taint, the port, the volume.
    pub what: String,
    /// Who has it, or where it is: another pod, a zone.
    pub by: String,
    /// The same in a few words for a table.
    pub words: String,
    /// What stands in the way more than usual: a taint that keeps everything but the control plane off.
    pub extra_cost: u32,
}

impl Obstacle {
    /// An obstacle, with the words that a table has for it.
    pub fn new(filter: Filter, what: impl Into<String>, words: impl Into<String>) -> Self {
        Self { filter, what: what.into(), by: String::new(), words: words.into(), extra_cost: 0 }
    }

    /// Says who or where.
    #[must_use]
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = by.into();
        self
    }
}

/// A node, and everything that keeps a pod off it.
#[derive(Debug)]
pub struct Judged<'c, 'a> {
    /// The node.
    pub place: &'c Place<'a>,
    /// In the scheduler's order.
    pub obstacles: Vec<Obstacle>,
}

impl Judged<'_, '_> {
    /// How far the node is from taking the pod.
    pub fn cost(&self) -> u32 {
        self.obstacles.iter().map(|obstacle| obstacle.filter.cost() + obstacle.extra_cost).sum()
    }

    /// Whether the pod may run there at all, were there room.
    pub fn is_open(&self) -> bool {
        !self.obstacles.iter().any(|obstacle| obstacle.filter.closes())
    }

    /// The filters that keep the pod off.
    pub fn filters(&self) -> Vec<Filter> {
        self.obstacles.iter().map(|obstacle| obstacle.filter).collect()
    }
}
