//! What OpenShift's `oc adm must-gather` and `oc adm inspect` write
//! (<https://github.com/openshift/oc/tree/master/pkg/cli/admin/inspect>): lists in namespaces/NAMESPACE/GROUP/RESOURCE.yaml,
//! the logs of each container, and what lives in no namespace as single objects.
//! In a Secret the names of the keys stand, and in place of what they hold how long it is.

use super::{Format, Holds, Singles, all, behind, log, objects_file};
use crate::kind::Kind;

pub const FORMAT: Format = Format {
    is_mark,
    holds,
    timestamps: true,
    // https://github.com/openshift/must-gather/blob/master/collection-scripts/gather
    singles: Singles::AllOf("openshift/must-gather", &[Kind::Node, Kind::PersistentVolume, Kind::StorageClass]),
};

const CLUSTER: &str = "cluster-scoped-resources";
const NAMESPACES: &str = "namespaces";
const CORE: &str = "core";

fn is_mark(path: &[&str]) -> bool {
    let is_core = |path: &[&str]| matches!(path, [_, CORE, file] if objects_file(file).is_some());
    behind(CLUSTER, path).is_some() || behind(NAMESPACES, path).is_some_and(is_core)
}

fn holds(path: &[&str]) -> Holds {
    if let Some(path) = behind(CLUSTER, path) {
        return match path {
            [group, file] => objects_file(file).map_or(Holds::Nothing, |resource| list(group, resource, None)),
            [_, _, file] if objects_file(file).is_some() => Holds::Objects,
            _ => Holds::Nothing,
        };
    }
    match behind(NAMESPACES, path) {
        Some([namespace, "pods", pod, container, _, "logs", "current.log"]) => log(namespace, pod, container, false),
        Some([namespace, "pods", pod, container, _, "logs", "previous.log"]) => log(namespace, pod, container, true),
        Some([namespace, group, file]) => {
            objects_file(file).map_or(Holds::Nothing, |resource| list(group, resource, Some(namespace)))
        }
        // The namespace itself, and what was asked for by name; a pod stands in the list as well.
        Some([_, file] | [_, _, _, file]) if objects_file(file).is_some() => Holds::Objects,
        None if path.last() == Some(&"version") => Holds::Writer,
        _ => Holds::Nothing,
    }
}

fn list(group: &str, resource: &str, namespace: Option<&str>) -> Holds {
    let is_of = |kind: &Kind| {
        let info = kind.info();
        info.plural == resource && (info.group == group || (info.group.is_empty() && group == CORE))
    };
    match Kind::ALL.iter().copied().find(is_of) {
        Some(kind) => all(Some(kind), namespace),
        None => Holds::Objects,
    }
}
