//! Support bundles of troubleshoot.sh, from what its `clusterResources` and `logs` collectors write
//! (<https://troubleshoot.sh/docs/collect/cluster-resources/>): a list for each kind and namespace, beside it why others
//! could not be had, and the logs of the pods that are unwell.
//! Secrets are not among them, but for what registries pull secrets are for.

use super::{Format, Holds, Singles, all, behind, log, objects_file};
use crate::kind::Kind;

pub const FORMAT: Format = Format { is_mark, holds, timestamps: false, singles: Singles::Some };

const FOLDER: &str = "cluster-resources";
const PREVIOUS: &str = "-previous";

fn is_mark(path: &[&str]) -> bool {
    behind(FOLDER, path).is_some_and(|path| path.last().is_some_and(|file| objects_file(file).is_some()))
}

fn holds(path: &[&str]) -> Holds {
    match behind(FOLDER, path) {
        Some(["pods", "logs", namespace, pod, file]) => container(file).map_or(Holds::Nothing, |container| {
            let (container, previous) =
                container.strip_suffix(PREVIOUS).map_or((container, false), |container| (container, true));
            log(namespace, pod, container, previous)
        }),
        Some([file]) => objects_file(file).map_or(Holds::Nothing, of_cluster),
        Some(["custom-resources", .., file]) if !file.ends_with("-errors.json") => Holds::Objects,
        Some([resource, file]) => all(kind(resource), objects_file(file)),
        _ => Holds::Nothing,
    }
}

fn of_cluster(name: &str) -> Holds {
    // A collector of some namespaces writes down just those.
    if name == "namespaces" {
        return Holds::Some(Kind::Namespace);
    }
    match name.strip_suffix("-errors") {
        Some(resource) => kind(resource).map_or(Holds::Nothing, Holds::Failures),
        None => all(kind(name), None),
    }
}

fn container(file: &str) -> Option<&str> {
    file.strip_suffix(".log").filter(|name| !name.ends_with("-logs-errors"))
}

// Most folders have the name of the resource, some with a dash between its words.
fn kind(folder: &str) -> Option<Kind> {
    let word = match folder {
        "ingress" => "ingresses",
        "network-policy" => "networkpolicies",
        "resource-quota" => "resourcequotas",
        "pvs" => "persistentvolumes",
        "pvcs" => "persistentvolumeclaims",
        other => &other.replace('-', ""),
    };
    Kind::ALL.iter().copied().find(|kind| kind.resource() == word)
}
