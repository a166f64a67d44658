//! Where on the server a request is answered.

use crate::{
    custom::Root,
    kind::Kind,
    source::{LogKey, Request, log},
};

/// Lists come in pages of this many objects, as kubectl asks for them.
pub(super) const PAGE: usize = 500;

/// Of the objects that match, so many are enough to find the nearest.
const MATCHES: usize = 100;

/// The path and query for a request; `None` for a name that no object can have
/// (empty, `..`, with a slash or percent sign): nothing is asked then, and
/// `GET pods/` does not become a list.
pub(super) fn of(request: &Request) -> Option<String> {
    match request {
        Request::List { kind, namespace } | Request::Names { kind, namespace } => {
            Some(format!("{}?limit={PAGE}", collection(*kind, namespace.as_deref())?))
        }
        Request::Objects { of, namespace } => {
            let place = namespace.as_deref().filter(|_| of.namespaced);
            Some(format!("{}?limit={PAGE}", within(&of.group, &of.version, place, &of.plural)?))
        }
        Request::Selected { kind, namespace, selector } => {
            let collection = collection(*kind, namespace.as_deref())?;
            Some(format!("{collection}?limit={PAGE}&labelSelector={}", escape(selector)))
        }
        // From the server's memory: of what a table shows nothing is said, it tells what to look at.
        Request::Rows { namespace } => {
            Some(format!("{}?includeObject=None&resourceVersion=0", collection(Kind::Pod, Some(namespace))?))
        }
        Request::Discovery(Root::Core) => Some("/api".to_owned()),
        Request::Discovery(Root::Groups) => Some("/apis".to_owned()),
        Request::Get { kind, namespace, name } => {
            let collection = collection(*kind, namespace.as_deref())?;
            Some(format!("{collection}/{}", segment(name)?))
        }
        Request::Matching { kind, selector } => {
            let collection = collection(*kind, None)?;
            Some(format!("{collection}?labelSelector={}&limit={MATCHES}", escape(selector)))
        }
        Request::Log(LogKey { namespace, pod, container, previous, recent }) => {
            let pods = collection(Kind::Pod, Some(namespace))?;
            let (pod, container) = (segment(pod)?, segment(container)?);
            let previous = if *previous { "&previous=true" } else { "" };
            let recent = if *recent { format!("&sinceSeconds={}", log::RECENT) } else { String::new() };
            // Not limitBytes: it keeps the first bytes and drops the end.
            Some(format!("{pods}/{pod}/log?container={container}&tailLines={}{previous}{recent}", log::LINES))
        }
        Request::Version => Some("/version".to_owned()),
    }
}

/// The next page of a list.
pub(super) fn next(first: &str, token: &str) -> String {
    format!("{first}&continue={}", escape(token))
}

/// The whole list at once, for when its pages expired under way.
pub(super) fn whole(first: &str) -> &str {
    first.split_once('?').map_or(first, |(path, _)| path)
}

fn collection(kind: Kind, namespace: Option<&str>) -> Option<String> {
    let info = kind.info();
    within(info.group, info.version, namespace.filter(|_| info.namespaced), info.plural)
}

fn within(group: &str, version: &str, namespace: Option<&str>, plural: &str) -> Option<String> {
    let root = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    match namespace {
        Some(namespace) => Some(format!("{root}/namespaces/{}/{plural}", segment(namespace)?)),
        None => Some(format!("{root}/{plural}")),
    }
}

fn segment(name: &str) -> Option<String> {
    let possible = !matches!(name, "" | "." | "..") && !name.contains(['/', '%']);
    possible.then(|| escape(name))
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(kind: Kind, namespace: Option<&str>) -> Request {
        Request::List { kind, namespace: namespace.map(str::to_owned) }
    }

    fn get(kind: Kind, namespace: Option<&str>, name: &str) -> Request {
        Request::Get { kind, namespace: namespace.map(str::to_owned), name: name.to_owned() }
    }

    #[test]
    fn a_list_is_asked_for_in_one_namespace_or_in_all() {
        assert_eq!(of(&list(Kind::Pod, Some("shop"))).unwrap(), "/api/v1/namespaces/shop/pods?limit=500");
        assert_eq!(of(&list(Kind::Pod, None)).unwrap(), "/api/v1/pods?limit=500");
        assert_eq!(
            of(&list(Kind::Ingress, Some("shop"))).unwrap(),
            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses?limit=500"
        );
    }

    #[test]
    fn objects_of_a_kind_that_discovery_told_of_are_asked_for_where_it_says() {
        let objects = |namespaced, namespace: Option<&str>| {
            let kind = crate::custom::Resource::of_object("Certificate", "cert-manager.io/v1", namespaced);
            of(&Request::Objects { of: kind, namespace: namespace.map(str::to_owned) }).unwrap()
        };
        let there = "/apis/cert-manager.io/v1/namespaces/shop/certificates?limit=500";
        assert_eq!(objects(true, Some("shop")), there);
        assert_eq!(objects(true, None), "/apis/cert-manager.io/v1/certificates?limit=500");
        assert_eq!(objects(false, Some("shop")), "/apis/cert-manager.io/v1/certificates?limit=500");
        assert_eq!(of(&Request::Discovery(Root::Groups)).unwrap(), "/apis");
    }

    #[test]
    fn names_are_asked_for_where_the_list_is() {
        let names = Request::Names { kind: Kind::Secret, namespace: Some("shop".to_owned()) };
        assert_eq!(of(&names).unwrap(), "/api/v1/namespaces/shop/secrets?limit=500");
    }

    #[test]
    fn matches_are_asked_for_in_all_namespaces() {
        let request = Request::Matching { kind: Kind::Pod, selector: "app=web,tier=front".to_owned() };
        assert_eq!(of(&request).unwrap(), "/api/v1/pods?labelSelector=app%3Dweb%2Ctier%3Dfront&limit=100");
    }

    #[test]
    fn a_kind_without_namespaces_is_asked_for_without_one() {
        assert_eq!(of(&get(Kind::Node, Some("shop"), "n1")).unwrap(), "/api/v1/nodes/n1");
        assert_eq!(of(&list(Kind::StorageClass, None)).unwrap(), "/apis/storage.k8s.io/v1/storageclasses?limit=500");
    }

    #[test]
    fn an_object_is_asked_for_by_its_name() {
        assert_eq!(
            of(&get(Kind::Deployment, Some("shop"), "web")).unwrap(),
            "/apis/apps/v1/namespaces/shop/deployments/web"
        );
    }

    #[test]
    fn a_log_is_asked_for_from_its_end() {
        let mut key = LogKey {
            namespace: "shop".to_owned(),
            pod: "web-1".to_owned(),
            container: "app".to_owned(),
            previous: false,
            recent: false,
        };
        let path = "/api/v1/namespaces/shop/pods/web-1/log?container=app&tailLines=50";
        assert_eq!(of(&Request::Log(key.clone())).unwrap(), path);
        key.previous = true;
        assert_eq!(of(&Request::Log(key.clone())).unwrap(), format!("{path}&previous=true"));
        (key.previous, key.recent) = (false, true);
        assert_eq!(of(&Request::Log(key)).unwrap(), format!("{path}&sinceSeconds=300"));
    }

    #[test]
    fn the_version_has_its_own_path() {
        assert_eq!(of(&Request::Version).unwrap(), "/version");
    }

    #[test]
    fn a_name_that_no_object_can_have_is_not_asked_for() {
        for name in ["", ".", "..", "a/b", "a%2fb"] {
            assert_eq!(of(&get(Kind::Pod, Some("shop"), name)), None, "{name}");
            assert_eq!(of(&list(Kind::Pod, Some(name))), None, "{name}");
        }
    }

    #[test]
    fn odd_characters_in_a_name_stay_in_its_segment() {
        assert_eq!(of(&get(Kind::Pod, Some("shop"), "a b?c#d")).unwrap(), "/api/v1/namespaces/shop/pods/a%20b%3Fc%23d");
    }

    #[test]
    fn the_next_page_carries_the_token_and_the_limit() {
        let first = of(&list(Kind::Pod, None)).unwrap();
        assert_eq!(next(&first, "a=b&c"), "/api/v1/pods?limit=500&continue=a%3Db%26c");
        assert_eq!(whole(&first), "/api/v1/pods");
    }
}
