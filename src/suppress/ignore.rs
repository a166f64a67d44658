//! `ID`, or `ID=Kind/name`: what `--ignore` and the config file take.

use crate::{document::ObjectRef, error::Error, facts::nearest::nearest_name, kind::Kind, rule::Rules};

/// A rule whose findings are not to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// Its id.
    pub rule: String,
    /// Where that was asked for: `--ignore`, `/home/jane/.config/kubectl-doctor/config.yaml`.
    pub said_in: String,
    object: Option<Named>,
}

/// An object as a user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    namespace: Option<String>,
    kind: String,
    name: String,
}

impl Ignore {
    /// From `ID`, `ID=KIND/NAME` or `ID=NAMESPACE/KIND/NAME`.
    ///
    /// # Errors
    /// Where it is none of them, or there is no such rule; names the nearest.
    pub fn parse(word: &str, said_in: &str, rules: &Rules) -> Result<Self, Error> {
        let (rule, object) = match word.split_once('=') {
            Some((rule, object)) => (rule, Some(object)),
            None => (word, None),
        };
        if rules.get(rule).is_none() {
            let ids = rules.all().iter().map(|rule| rule.id.as_str());
            let near = nearest_name(rule, ids).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(Error::new(format!(
                "{said_in}: there is no rule {rule:?} to ignore{near} (kubectl doctor rules lists them)"
            )));
        }
        let object = match object.map(Named::parse) {
            Some(None) => {
                return Err(Error::new(format!(
                    "{said_in}: {word:?} names no object; write {rule}=KIND/NAME, or {rule}=NAMESPACE/KIND/NAME"
                )));
            }
            Some(named) => named,
            None => None,
        };
        Ok(Self { rule: rule.to_owned(), said_in: said_in.to_owned(), object })
    }

    /// Whether it holds for this object.
    pub fn names(&self, object: &ObjectRef) -> bool {
        self.object.as_ref().is_none_or(|named| named.is(object))
    }
}

impl Named {
    fn parse(word: &str) -> Option<Self> {
        let parts: Vec<_> = word.split('/').collect();
        let (namespace, kind, name) = match parts.as_slice() {
            [kind, name] => (None, *kind, *name),
            [namespace, kind, name] => (Some(*namespace), *kind, *name),
            _ => return None,
        };
        let is_whole = ![namespace.unwrap_or(kind), kind, name].contains(&"");
        let namespace = namespace.map(str::to_owned);
        is_whole.then(|| Self { namespace, kind: kind.to_owned(), name: name.to_owned() })
    }

    fn is(&self, object: &ObjectRef) -> bool {
        let is_place = self.namespace.as_ref().is_none_or(|namespace| *namespace == object.namespace);
        is_place && self.name == object.name && self.is_of_kind(object)
    }

    fn is_of_kind(&self, object: &ObjectRef) -> bool {
        match (Kind::from_object(&object.kind, &object.api_version), Kind::from_word(&self.kind)) {
            (None, None) => {
                let (kind, group) = self.kind.split_once('.').unwrap_or((&self.kind, ""));
                let is_group = group.is_empty() || object.api_version.starts_with(&format!("{group}/"));
                is_group && kind.eq_ignore_ascii_case(&object.kind)
            }
            (known, meant) => known == meant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore(word: &str) -> Result<Ignore, String> {
        Ignore::parse(word, "--ignore", &Rules::built_in().unwrap()).map_err(|error| error.to_string())
    }

    fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: String::new(),
        }
    }

    #[test]
    fn an_object_is_named_in_kubectls_words() {
        let web = object("apps/v1", "Deployment", "shop", "web");
        for word in
            ["oom-killed", "oom-killed=deploy/web", "oom-killed=Deployment/web", "oom-killed=shop/deployments/web"]
        {
            assert!(ignore(word).unwrap().names(&web), "{word}");
        }
        for word in ["oom-killed=deploy/web2", "oom-killed=sts/web", "oom-killed=other/deploy/web"] {
            assert!(!ignore(word).unwrap().names(&web), "{word}");
        }
        let custom = object("cert-manager.io/v1", "Certificate", "shop", "web");
        assert!(ignore("condition-not-met=certificate/web").unwrap().names(&custom));
        let knative = object("serving.knative.dev/v1", "Service", "shop", "web");
        assert!(!ignore("condition-not-met=service/web").unwrap().names(&knative));
        assert!(ignore("condition-not-met=service.serving.knative.dev/web").unwrap().names(&knative));
        assert!(!ignore("condition-not-met=service.example.com/web").unwrap().names(&knative));
    }

    #[test]
    fn what_is_misspelt_is_said_with_what_was_meant() {
        let error = ignore("oom-kiled=pod/web").unwrap_err();
        assert_eq!(
            error,
            "--ignore: there is no rule \"oom-kiled\" to ignore; did you mean oom-killed? (kubectl doctor rules lists them)"
        );
        for word in ["oom-killed=", "oom-killed=web", "oom-killed=pod/", "oom-killed=/pod/web", "oom-killed=a/b/c/d"] {
            assert!(ignore(word).unwrap_err().contains("write oom-killed=KIND/NAME"), "{word}");
        }
    }
}
