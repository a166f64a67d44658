//! Whose traffic is asked about: `--client`.

use super::target;
use crate::{error::Error, graph::Key, kind::Kind};

/// What can be a client: what has pods.
pub const CLIENTS: [Kind; 6] =
    [Kind::Pod, Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::Job, Kind::CronJob];

/// A pod, or a workload for its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it is.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Client {
    /// From `TYPE/NAME`, or `NAMESPACE/TYPE/NAME` for one that lives elsewhere.
    ///
    /// # Errors
    /// Where it is neither, its type has no pods, or its namespace is not known.
    pub fn from_word(word: &str, here: Option<&str>) -> Result<Self, Error> {
        let form = "write --client TYPE/NAME, or NAMESPACE/TYPE/NAME for one of another namespace";
        let parts: Vec<_> = word.split('/').collect();
        let (namespace, kind, name) = match parts.as_slice() {
            [kind, name] => (here, *kind, *name),
            [namespace, kind, name] => (Some(*namespace), *kind, *name),
            _ => return Err(Error::new(format!("{word:?} names no client; {form}"))),
        };
        let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) else {
            return Err(Error::new(format!("in which namespace is client {word}? {form}")));
        };
        let kind = target::kind(kind)?;
        if name.is_empty() || !CLIENTS.contains(&kind) {
            return Err(Error::new(format!("{word:?} names no client, which is a pod or what makes pods; {form}")));
        }
        Ok(Self { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// Where it stands in the inventory.
    pub fn key(&self) -> Key {
        Key::new(self.kind, &self.namespace, &self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(word: &str, here: Option<&str>) -> Result<(Kind, String, String), String> {
        let client = Client::from_word(word, here).map_err(|error| error.to_string())?;
        Ok((client.kind, client.namespace, client.name))
    }

    #[test]
    fn a_client_is_named_as_kubectl_names_an_object() {
        let of = |kind, namespace: &str| Ok((kind, namespace.to_owned(), "web".to_owned()));
        assert_eq!(client("deploy/web", Some("shop")), of(Kind::Deployment, "shop"));
        assert_eq!(client("front/pod/web", Some("shop")), of(Kind::Pod, "front"));
        assert_eq!(client("front/pod/web", None), of(Kind::Pod, "front"));
    }

    #[test]
    fn what_has_no_pods_or_no_namespace_is_no_client() {
        for (word, here) in [
            ("web", Some("shop")),
            ("a/b/c/d", Some("shop")),
            ("pod/", Some("shop")),
            ("service/web", Some("shop")),
            ("pod/web", None),
        ] {
            let error = client(word, here).unwrap_err();
            assert!(error.contains("NAMESPACE/TYPE/NAME"), "{error}");
        }
    }
}
