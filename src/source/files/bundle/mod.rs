//! What other tools collect from a cluster, each in files of its own: which kinds those hold in full, and which logs.

mod cluster_info;
mod crust_gather;
mod must_gather;
mod troubleshoot;

pub use cluster_info::{KINDS, Part, Unfinished, parts};

use crate::{kind::Kind, source::LogKey};

/// How one tool lays out what it collects.
pub struct Format {
    /// Whether a file of this path is one that only this tool writes.
    is_mark: fn(&[&str]) -> bool,
    /// What a file of this path holds.
    holds: fn(&[&str]) -> Holds,
    /// Whether its logs have the time before each line.
    pub timestamps: bool,
    /// How far single objects tell of their kind.
    pub singles: Singles,
}

/// What a file of a bundle holds.
#[derive(Debug, PartialEq)]
pub enum Holds {
    /// Every object that there was of a kind: in one namespace, or of one that has none.
    All { kind: Kind, namespace: Option<String> },
    /// Objects, which need not be all.
    Objects,
    /// Objects of this kind, which need not be all, and may not say of which kind they are.
    Some(Kind),
    /// Why a kind could not be listed, for each namespace or as a whole.
    Failures(Kind),
    /// The log of one container.
    Log(LogKey),
    /// The logs of a pod's containers, one after the other.
    Logs,
    /// Which tool wrote it.
    Writer,
    /// Nothing that a diagnosis reads.
    Nothing,
}

/// How far single objects tell of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Singles {
    /// There may be others.
    Some,
    /// Where the file [`Holds::Writer`] begins with these words, of these kinds there are no others.
    AllOf(&'static str, &'static [Kind]),
    /// There are no others in a namespace of which nothing was left out by name or label, as what each has tells.
    AllWhereUnfiltered,
}

const FORMATS: [&Format; 4] =
    [&cluster_info::FORMAT, &troubleshoot::FORMAT, &must_gather::FORMAT, &crust_gather::FORMAT];

impl Format {
    /// The format of files with these paths; nothing where they are but files of objects.
    pub fn of(paths: &[String]) -> Option<&'static Self> {
        FORMATS.into_iter().find(|format| paths.iter().any(|path| (format.is_mark)(&split(path))))
    }

    /// What a file holds.
    pub fn holds(&self, path: &str) -> Holds {
        (self.holds)(&split(path))
    }
}

fn split(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// The name of a file of objects, without what says how they are written.
fn objects_file(name: &str) -> Option<&str> {
    [".json", ".yaml", ".yml"].iter().find_map(|end| name.strip_suffix(end))
}

/// What stands behind a folder's name, wherever the folder is.
fn behind<'a, 'p>(folder: &str, path: &'a [&'p str]) -> Option<&'a [&'p str]> {
    let at = path.iter().position(|part| *part == folder)?;
    Some(&path[at + 1..])
}

/// All objects of a kind, where that is one which lives in a namespace just where there is one.
fn all(kind: Option<Kind>, namespace: Option<&str>) -> Holds {
    match kind.filter(|kind| kind.info().namespaced == namespace.is_some()) {
        Some(kind) => Holds::All { kind, namespace: namespace.map(str::to_owned) },
        None => Holds::Nothing,
    }
}

fn log(namespace: &str, pod: &str, container: &str, previous: bool) -> Holds {
    Holds::Log(LogKey {
        namespace: namespace.to_owned(),
        pod: pod.to_owned(),
        container: container.to_owned(),
        previous,
        recent: false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn holds(path: &str) -> Holds {
        Format::of(&[path.to_owned()]).unwrap().holds(path)
    }

    fn all_of(kind: Kind, namespace: &str) -> Holds {
        all(Some(kind), Some(namespace).filter(|namespace| !namespace.is_empty()))
    }

    #[test]
    fn each_tool_is_told_by_what_only_it_writes() {
        for (path, timestamps, singles) in [
            ("dump/shop/replication-controllers.json", false, Singles::Some),
            ("support-bundle-2026/cluster-resources/pods/shop.json", false, Singles::Some),
            ("crust-gather/namespaces/shop/v1/pod/web-1.yaml", false, Singles::AllWhereUnfiltered),
        ] {
            let format = Format::of(&[path.to_owned()]).unwrap();
            assert_eq!((format.timestamps, format.singles), (timestamps, singles), "{path}");
        }
        let gathered = Format::of(&["inspect.local.7/namespaces/shop/core/pods.yaml".to_owned()]).unwrap();
        assert!(gathered.timestamps);
        for manifests in ["deploy.yaml", "base/namespaces/shop.yaml", "cluster/apps/web.yaml", "shop/pods.json"] {
            assert!(Format::of(&[manifests.to_owned()]).is_none(), "{manifests}");
        }
    }

    #[test]
    fn a_list_of_a_kind_is_all_of_it_in_its_namespace() {
        for (path, held) in [
            ("cluster-resources/pods/shop.json", all_of(Kind::Pod, "shop")),
            ("cluster-resources/network-policy/shop.json", all_of(Kind::NetworkPolicy, "shop")),
            ("b/cluster-resources/storage-classes.json", all_of(Kind::StorageClass, "")),
            ("cluster-resources/pods-errors.json", Holds::Failures(Kind::Pod)),
            ("cluster-resources/storage-classes-errors.json", Holds::Failures(Kind::StorageClass)),
            ("cluster-resources/custom-resources/certificates.cert-manager.io/shop.json", Holds::Objects),
            ("cluster-resources/namespaces.json", Holds::Some(Kind::Namespace)),
            ("cluster-resources/endpoints/shop.json", Holds::Nothing),
            ("cluster-resources/auth-cani-list/shop.json", Holds::Nothing),
            ("must/q/namespaces/shop/apps/deployments.yaml", all_of(Kind::Deployment, "shop")),
            ("must/q/namespaces/shop/core/configmaps.yaml", all_of(Kind::ConfigMap, "shop")),
            ("must/q/cluster-scoped-resources/core/nodes/n1.yaml", Holds::Objects),
            ("must/q/cluster-scoped-resources/core/persistentvolumes.yaml", all_of(Kind::PersistentVolume, "")),
            ("must/q/namespaces/shop/route.openshift.io/routes.yaml", Holds::Objects),
        ] {
            let format = if path.starts_with("must") { &must_gather::FORMAT } else { &troubleshoot::FORMAT };
            assert_eq!(format.holds(path), held, "{path}");
        }
        let dumped = |path| cluster_info::FORMAT.holds(path);
        assert_eq!(dumped("dump/shop/pods.json"), all_of(Kind::Pod, "shop"));
        assert_eq!(dumped("dump/nodes.yaml"), all_of(Kind::Node, ""));
        assert_eq!(dumped("shop/replication-controllers.json"), Holds::Nothing);
    }

    #[test]
    fn a_log_is_known_by_its_place() {
        for (path, previous) in [
            ("support/cluster-resources/pods/logs/shop/web-1/app.log", false),
            ("support/cluster-resources/pods/logs/shop/web-1/app-previous.log", true),
            ("must/namespaces/shop/core/pods.yaml", false),
            ("crust/namespaces/shop/v1/pod/web-1/app/previous.log", true),
        ] {
            if path.ends_with(".log") {
                let is_crust = path.starts_with("crust");
                let format = if is_crust { &crust_gather::FORMAT } else { &troubleshoot::FORMAT };
                assert_eq!(format.holds(path), log("shop", "web-1", "app", previous), "{path}");
            }
        }
        let gathered = |name| must_gather::FORMAT.holds(&format!("m/namespaces/shop/pods/web-1/app/app/logs/{name}"));
        assert_eq!(gathered("current.log"), log("shop", "web-1", "app", false));
        assert_eq!(gathered("previous.log"), log("shop", "web-1", "app", true));
        assert_eq!(gathered("previous.insecure.log"), Holds::Nothing);
        assert_eq!(holds("shop/replication-controllers.json"), Holds::Nothing);
        assert_eq!(cluster_info::FORMAT.holds("dump/shop/web-1/logs.txt"), Holds::Logs);
    }
}
