//! What an object of a kind that the doctor does not know by itself has to do with others.

use serde_json::{Map, Value, json};

use super::{CustomObject, Resource, Types};
use crate::facts::object;

/// Something that an object's spec names.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Where: `spec.issuerRef.name`.
    pub field: String,
    /// Its kind.
    pub of: Resource,
    /// Its namespace; empty where its kind lives in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it can be changed by a merge patch: it stands in no list.
    pub is_mergeable: bool,
}

impl Reference {
    /// A merge patch that names another.
    pub fn patch(&self, name: &str) -> String {
        self.field.rsplit('.').fold(json!(name), |inner, key| json!({ key: inner })).to_string()
    }
}

/// What an object's spec names of such kinds: a name beside a kind, as in `sourceRef: {kind: GitRepository, name: shop}`,
/// or in a field that is called after a kind of its own group, as in `issuerRef: {name: letsencrypt}`.
pub fn references(types: &Types, object: &CustomObject) -> Vec<Reference> {
    let mut found = Vec::new();
    if let Some(spec) = object.json.get("spec") {
        visit(types, object, spec, "spec", true, &mut found);
    }
    found
}

fn visit(
    types: &Types,
    object: &CustomObject,
    value: &Value,
    path: &str,
    is_mergeable: bool,
    found: &mut Vec<Reference>,
) {
    match value {
        Value::Object(map) => {
            found.extend(reference(types, object, map, path, is_mergeable));
            for (key, value) in map {
                visit(types, object, value, &format!("{path}.{key}"), is_mergeable && !key.contains('.'), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                visit(types, object, value, &format!("{path}[{index}]"), false, found);
            }
        }
        _ => {}
    }
}

fn reference(
    types: &Types,
    object: &CustomObject,
    map: &Map<String, Value>,
    path: &str,
    is_mergeable: bool,
) -> Option<Reference> {
    let word = |key: &str| map.get(key).and_then(Value::as_str).filter(|word| !word.is_empty());
    let name = word("name")?;
    let field = path.rsplit('.').next().unwrap_or_default();
    let group = word("group").or_else(|| word("apiVersion")?.rsplit_once('/').map(|(group, _)| group));
    let of = match (word("kind"), field.strip_suffix("Ref")) {
        (Some(kind), Some(_)) => types.of_kind(kind, group, &object.of.group)?,
        (None, Some(kind)) => types.of_kind(kind, Some(&object.of.group), &object.of.group)?,
        _ => return None,
    };
    let own = object::namespace(&object.metadata);
    let namespace = if of.namespaced { word("namespace").unwrap_or(own) } else { "" };
    Some(Reference {
        field: format!("{path}.name"),
        of: of.clone(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        is_mergeable,
    })
}

/// The kinds of which something may belong to an object of this kind: those of its group, and of groups below and
/// above it, that have a status.
pub fn kin<'a>(types: &'a Types, of: &Resource) -> Vec<&'a Resource> {
    // `strimzi.io` of `kafka.strimzi.io`, but not `io` of `cert-manager.io`.
    let parent = of.group.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
    let is_within = |group: &str, above: &str| {
        group == above || group.strip_suffix(above).is_some_and(|below| below.ends_with('.'))
    };
    let is_kin = |other: &&Resource| {
        of.group.contains('.')
            && other.has_status
            && (is_within(&other.group, &of.group) || parent.is_some_and(|parent| is_within(&other.group, parent)))
    };
    let mut kin: Vec<&Resource> = Vec::new();
    for other in types.all().iter().filter(is_kin) {
        if !kin.iter().any(|known| known.name() == other.name()) {
            kin.push(other);
        }
    }
    kin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> Types {
        let mut types = Types::default();
        for (kind, api_version, namespaced) in [
            ("Certificate", "cert-manager.io/v1", true),
            ("Issuer", "cert-manager.io/v1", true),
            ("ClusterIssuer", "cert-manager.io/v1", false),
            ("Order", "acme.cert-manager.io/v1", true),
            ("Issuer", "example.com/v1", true),
            ("GitRepository", "source.toolkit.fluxcd.io/v1", true),
            ("Kustomization", "kustomize.toolkit.fluxcd.io/v1", true),
        ] {
            types.add(Resource::of_object(kind, api_version, namespaced));
        }
        types
    }

    fn named(kind: &str, api_version: &str, spec: Value) -> Vec<(String, String, String)> {
        let json = json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": spec});
        let object = CustomObject::new(Resource::of_object(kind, api_version, true), json).unwrap();
        let all = references(&types(), &object);
        all.into_iter()
            .map(|found| (found.field, found.of.name(), format!("{}/{}", found.namespace, found.name)))
            .collect()
    }

    #[test]
    fn what_a_spec_names_is_found_by_its_kind_or_by_the_field() {
        let of = |field: &str, kind: &str, at: &str| vec![(field.to_owned(), kind.to_owned(), at.to_owned())];
        let certificate = |spec| named("Certificate", "cert-manager.io/v1", spec);
        assert_eq!(
            certificate(json!({"secretName": "tls", "issuerRef": {"name": "ca"}})),
            of("spec.issuerRef.name", "Issuer.cert-manager.io", "shop/ca")
        );
        assert_eq!(
            certificate(json!({"issuerRef": {"name": "ca", "kind": "ClusterIssuer", "group": "cert-manager.io"}})),
            of("spec.issuerRef.name", "ClusterIssuer.cert-manager.io", "/ca")
        );
        assert_eq!(
            named(
                "Kustomization",
                "kustomize.toolkit.fluxcd.io/v1",
                json!({"sourceRef": {"kind": "GitRepository", "name": "x", "namespace": "flux"}})
            ),
            of("spec.sourceRef.name", "GitRepository.source.toolkit.fluxcd.io", "flux/x")
        );
    }

    #[test]
    fn what_is_of_no_such_kind_or_no_reference_is_passed_over() {
        for spec in [
            json!({"secretRef": {"name": "tls"}}),
            json!({"scaleTargetRef": {"kind": "Deployment", "name": "web"}}),
            json!({"template": {"kind": "Issuer", "name": "x"}}),
            json!({"issuerRef": {"name": "", "kind": "Issuer"}}),
        ] {
            assert_eq!(named("Certificate", "cert-manager.io/v1", spec.clone()), [], "{spec}");
        }
    }

    #[test]
    fn another_name_is_patched_where_it_stands() {
        let reference = Reference {
            field: "spec.issuerRef.name".to_owned(),
            of: Resource::of_object("Issuer", "cert-manager.io/v1", true),
            namespace: String::new(),
            name: "x".to_owned(),
            is_mergeable: true,
        };
        assert_eq!(reference.patch("ca"), r#"{"spec":{"issuerRef":{"name":"ca"}}}"#);
    }

    #[test]
    fn kin_are_the_kinds_of_the_group_and_of_those_around_it() {
        let types = types();
        let of = |kind: &str, api_version: &str| {
            let all = kin(&types, &Resource::of_object(kind, api_version, true));
            all.into_iter().map(|of| of.kind.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("Certificate", "cert-manager.io/v1"), ["Certificate", "Issuer", "ClusterIssuer", "Order"]);
        assert_eq!(of("Kustomization", "kustomize.toolkit.fluxcd.io/v1"), ["GitRepository", "Kustomization"]);
        assert_eq!(of("Lease", "coordination.k8s.io/v1"), Vec::<String>::new());
    }
}
