//! What a server says of the kinds that it serves, in one document for all groups
//! (<https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>).

use kube::core::discovery::v2::{APIGroupDiscoveryList, APIResourceDiscovery};

use super::Resource;

/// Where discovery begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// `/api`: the core group.
    Core,
    /// `/apis`: all others.
    Groups,
}

/// The resources of a document, in kubectl's order: groups by their priority, of each resource the group's preferred
/// version; and the group versions that did not answer the server.
pub fn read(document: APIGroupDiscoveryList) -> (Vec<Resource>, Vec<String>) {
    let (mut resources, mut silent): (Vec<Resource>, Vec<String>) = (Vec::new(), Vec::new());
    for found in document.items {
        let group = found.metadata.and_then(|metadata| metadata.name).unwrap_or_default();
        for served in found.versions {
            let version = served.version.unwrap_or_default();
            if served.freshness.as_deref() == Some("Stale") {
                silent.push(format!("{group}/{version}"));
            }
            resources.extend(served.resources.into_iter().filter_map(|resource| of(&group, &version, resource)));
        }
    }
    (resources, silent)
}

// What can't be listed is no object: a review, a binding.
fn of(group: &str, version: &str, found: APIResourceDiscovery) -> Option<Resource> {
    let kind = found.response_kind.and_then(|kind| kind.kind).filter(|kind| !kind.is_empty())?;
    let plural = found.resource.filter(|_| found.verbs.iter().any(|verb| verb == "list"))?;
    Some(Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        singular: found.singular_resource.filter(|name| !name.is_empty()).unwrap_or_else(|| kind.to_lowercase()),
        kind,
        plural,
        short: found.short_names,
        namespaced: found.scope.as_deref() == Some("Namespaced"),
        has_status: found.subresources.iter().any(|part| part.subresource.as_deref() == Some("status")),
    })
}
