//! Which kind a word means that is none of the doctor's own.

use kube::core::discovery::v2::APIGroupDiscoveryList;
use serde_json::Value;

use super::{Resource, discovery};
use crate::{facts::nearest::nearest_name, kind::Kind};

/// The kinds that a server serves, or that an input holds, in the order in which a word is looked up among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Types {
    all: Vec<Resource>,
    // Group versions that did not answer the server when it was asked.
    silent: Vec<String>,
    // Why nothing, or not everything, could be asked.
    unread: Option<String>,
}

impl Types {
    /// Takes in a document of discovery.
    pub fn learn(&mut self, document: Value) {
        match serde_json::from_value::<APIGroupDiscoveryList>(document) {
            Ok(document) => {
                let (resources, silent) = discovery::read(document);
                self.all.extend(resources);
                self.silent.extend(silent);
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// Takes in that discovery failed.
    pub fn fail(&mut self, why: String) {
        self.unread.get_or_insert(why);
    }

    /// Takes in a kind, where it is not known yet.
    pub fn add(&mut self, resource: Resource) {
        if !self.all.contains(&resource) {
            self.all.push(resource);
        }
    }

    /// Every kind.
    pub fn all(&self) -> &[Resource] {
        &self.all
    }

    /// The kind of an object by its `kind` and `apiVersion`, in whatever version it is served.
    pub fn of_object(&self, kind: &str, api_version: &str) -> Option<&Resource> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let mut alike = self.all.iter().filter(|known| known.kind == kind && known.group == group);
        let first = alike.next()?;
        Some(std::iter::once(first).chain(alike).find(|known| known.api_version() == api_version).unwrap_or(first))
    }

    /// A kind by its name and the group that is given with it, or else first of all that of this group.
    pub fn of_kind(&self, kind: &str, group: Option<&str>, own: &str) -> Option<&Resource> {
        let alike = || self.all.iter().filter(|known| known.kind.eq_ignore_ascii_case(kind));
        match group {
            Some(group) => alike().find(|known| known.group == group),
            None => alike().find(|known| known.group == own).or_else(|| alike().next()),
        }
        .filter(|known| Kind::from_object(&known.kind, &known.api_version()).is_none())
    }

    /// The kind that a word means, as kubectl takes it: plural, singular or kind before a short name, with or without
    /// a group, or a version and a group, of which the beginning is enough
    /// (k8s.io/cli-runtime pkg/resource, k8s.io/client-go restmapper/shortcut.go).
    pub fn find(&self, word: &str) -> Option<&Resource> {
        let word = word.to_lowercase();
        let (name, place) = word.split_once('.').unwrap_or((&word, ""));
        let is_named = |known: &&Resource| {
            [&known.plural, &known.singular].contains(&&name.to_owned()) || known.kind.to_lowercase() == name
        };
        let is_short = |known: &&Resource| known.short.iter().any(|short| short == name);
        let is_there = |known: &&Resource| {
            place == known.group || place == format!("{}.{}", known.version, known.group) || place.is_empty()
        };
        let begins_there = |known: &&Resource| known.group.starts_with(place);
        let all = || self.all.iter();
        all()
            .filter(is_there)
            .find(is_named)
            .or_else(|| all().filter(is_there).find(is_short))
            .or_else(|| all().filter(begins_there).find(|known| is_named(known) || is_short(known)))
    }

    /// What to say of a word that is no type.
    pub fn unknown(&self, word: &str) -> String {
        let mut known = types_of_its_own();
        let name = word.to_lowercase();
        let asked = name.split('.').next().unwrap_or_default();
        let others = self.all.iter().filter(|other| Kind::from_object(&other.kind, &other.api_version()).is_none());
        let others: Vec<_> = others.flat_map(|other| [other.singular.clone(), other.plural.clone()]).collect();
        let near = match nearest_name(asked, known.iter().chain(&others)) {
            Some(near) => format!("did you mean {near}?"),
            None if others.len() > A_FEW => "kubectl api-resources lists those that there are".to_owned(),
            None => {
                known.extend(others.into_iter().step_by(2));
                format!("the types are {}", known.join(", "))
            }
        };
        match (&self.unread, self.silent.is_empty()) {
            (Some(why), _) => {
                format!("{word:?} is no type of Kubernetes itself, and the server could not be asked for others: {why}")
            }
            (None, false) => format!(
                "there is no type {word:?} among those that the server could tell of, and {} did not answer it; {near}",
                self.silent.join(", ")
            ),
            (None, true) => format!("there is no type {word:?}; {near}"),
        }
    }
}

/// The words for what the doctor can be asked about without looking further.
pub fn types_of_its_own() -> Vec<String> {
    Kind::ALL.iter().filter(|kind| kind.info().target).map(|kind| kind.info().name.to_lowercase()).collect()
}

// Those of a recording are told one by one; those of a server are too many.
const A_FEW: usize = 16;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn types() -> Types {
        let resource = |resource: &str, kind: &str, short: &[&str], scope: &str| {
            json!({"resource": resource, "singularResource": kind.to_lowercase(), "responseKind": {"group": "", "version": "", "kind": kind},
                "scope": scope, "shortNames": short, "verbs": ["get", "list"], "subresources": [{"subresource": "status"}]})
        };
        let review = json!({"resource": "shopreviews", "responseKind": {"kind": "ShopReview"}, "verbs": ["create"]});
        let group = |name: &str, versions: &[(&str, &str, Vec<Value>)]| {
            let versions: Vec<_> = versions
                .iter()
                .map(|(version, freshness, resources)| {
                    json!({"version": version, "freshness": freshness, "resources": resources})
                })
                .collect();
            json!({"metadata": {"name": name}, "versions": versions})
        };
        let certificates = || resource("certificates", "Certificate", &["cert", "certs"], "Namespaced");
        let mut types = Types::default();
        types.learn(json!({"kind": "APIGroupDiscoveryList", "metadata": {}, "items": [
            group("cert-manager.io", &[
                ("v1", "Current", vec![certificates(), resource("clusterissuers", "ClusterIssuer", &["ciss"], "Cluster")]),
                ("v1alpha2", "Current", vec![certificates()]),
            ]),
            group("networking.internal.knative.dev", &[("v1alpha1", "Current", vec![resource("certificates", "Certificate", &["kcert"], "Namespaced"), review])]),
            group("metrics.example.com", &[("v1beta1", "Stale", Vec::new())]),
        ]}));
        types
    }

    fn found(word: &str) -> Option<String> {
        types().find(word).map(|found| format!("{} {}", found.api_version(), found.kind))
    }

    #[test]
    fn a_kind_is_found_by_every_word_kubectl_takes_for_it() {
        for word in ["certificate", "certificates", "Certificate", "cert", "CERTS", "certificates.cert-manager.io"] {
            assert_eq!(found(word).as_deref(), Some("cert-manager.io/v1 Certificate"), "{word}");
        }
        for word in ["certificates.v1.cert-manager.io", "certificates.cert-manager"] {
            assert_eq!(found(word).as_deref(), Some("cert-manager.io/v1 Certificate"), "{word}");
        }
        assert_eq!(found("cert.v1alpha2.cert-manager.io").as_deref(), Some("cert-manager.io/v1alpha2 Certificate"));
        for word in ["certificate.networking.internal.knative.dev", "kcert"] {
            assert_eq!(found(word).as_deref(), Some("networking.internal.knative.dev/v1alpha1 Certificate"), "{word}");
        }
        assert!(!types().find("ciss").unwrap().namespaced);
    }

    #[test]
    fn what_cannot_be_listed_or_is_of_another_group_is_no_type() {
        for word in ["shopreview", "certificates.example.com", "widget", ""] {
            assert_eq!(found(word), None, "{word}");
        }
    }

    #[test]
    fn a_word_that_is_no_type_is_told_with_the_nearest_and_with_who_kept_silent() {
        let said = types().unknown("certificat.cert-manager.io");
        assert!(said.ends_with("metrics.example.com/v1beta1 did not answer it; did you mean certificate?"), "{said}");
        assert_eq!(Types::default().unknown("depoyment"), "there is no type \"depoyment\"; did you mean deployment?");
        let mut forbidden = Types::default();
        forbidden.fail("forbidden".to_owned());
        assert!(forbidden.unknown("certificate").ends_with("could not be asked for others: forbidden"));
    }
}
