//! Names and labels in a file that nothing in these files has, and which come near one that something has: what is not
//! in the files may well be on the cluster, and such a slip mostly is none.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{fields::slip, written};
use crate::{
    changes::path::{Path, Step},
    document::Evidence,
    facts::{
        nearest::nearest_name,
        service,
        workload::{Workload, Workloads},
    },
    inventory::{Inventory, Known, Lookup, Manifest},
    kind::Kind,
};

/// A name in a file that is nearly that of something in these files, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MentionFacts {
    /// `spec.scaleTargetRef.name`, `spec.selector`.
    pub path: String,
    /// Of what it is the name: `ConfigMap`; empty for the labels of a selector.
    pub kind: String,
    /// As it is written; labels as the lines of a YAML mapping.
    pub name: String,
    /// What is near, and is there.
    pub meant: String,
    /// What carries those labels: `Deployment/web`; empty for a name.
    pub carrier: String,
    /// Where it is written.
    pub evidence: Vec<Evidence>,
}

/// The names and labels in an object's file that come near others.
pub fn mentions(inventory: &Inventory, workloads: &Workloads, manifest: &Manifest) -> Vec<MentionFacts> {
    let mut names = Vec::new();
    names_in(&Path::default(), &manifest.written, &mut names);
    let named = names.into_iter().filter_map(|(path, kind, name)| {
        let meant = nearly(inventory, kind, &manifest.object.namespace, &name)?;
        let evidence = vec![written(manifest, format!("{name} ({path})"))];
        Some(MentionFacts {
            path: path.to_string(),
            kind: kind.to_string(),
            name,
            meant,
            carrier: String::new(),
            evidence,
        })
    });
    named.chain(of_service(inventory, workloads, manifest)).collect()
}

// What two of a series are called differs in a number.
fn nearly(inventory: &Inventory, kind: Kind, namespace: &str, name: &str) -> Option<String> {
    if !matches!(inventory.exists(kind, namespace, name), Lookup::Unknown(_)) {
        return None;
    }
    let names = inventory.known_names(kind);
    let here: Vec<&str> = names.iter().filter(|(of, _)| of == namespace).map(|(_, name)| name.as_str()).collect();
    let letters = |text: &str| text.replace(|character: char| character.is_ascii_digit(), "");
    let near = here.into_iter().filter(|other| slip(name, other).is_some() && letters(name) != letters(other));
    nearest_name(name, near)
}

// A Service tells of its pods by what workloads in the files make, where nobody looked for others.
fn of_service(inventory: &Inventory, workloads: &Workloads, manifest: &Manifest) -> Vec<MentionFacts> {
    let object = &manifest.object;
    let found = inventory.get::<Service>(&object.namespace, &object.name).present();
    let Some(found) = found.filter(|_| object.kind == "Service") else { return Vec::new() };
    let selector = service::selector(found);
    if selector.is_empty() || matches!(inventory.list::<Pod>(&object.namespace), Known::Known(_)) {
        return Vec::new();
    }
    let carries =
        |labels: &BTreeMap<String, String>| selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let here = workloads.in_namespace(&object.namespace);
    let selected: Vec<&Workload> = here.filter(|workload| workload.labels.is_some_and(carries)).collect();
    match selected.as_slice() {
        [] => nearly_selected(workloads, manifest, found, &selector).into_iter().collect(),
        selected => nearly_named_ports(manifest, found, selected),
    }
}

fn nearly_selected(
    workloads: &Workloads,
    manifest: &Manifest,
    found: &Service,
    selector: &BTreeMap<String, String>,
) -> Option<MentionFacts> {
    let workload = service::nearest_workload(workloads, found, selector)?;
    let (_, wanted) = service::adapt(selector, workload.labels?)?;
    let name = service::yaml_lines(selector);
    Some(MentionFacts {
        path: "spec.selector".to_owned(),
        kind: String::new(),
        evidence: vec![written(manifest, format!("selector: {}", name.replace('\n', ", ")))],
        name,
        meant: service::yaml_lines(&wanted),
        carrier: workload.object.to_string(),
    })
}

fn nearly_named_ports(manifest: &Manifest, found: &Service, selected: &[&Workload]) -> Vec<MentionFacts> {
    let containers = selected.iter().filter_map(|workload| workload.spec).flat_map(|spec| &spec.containers);
    let names: Vec<&str> =
        containers.flat_map(|it| it.ports.iter().flatten()).filter_map(|it| it.name.as_deref()).collect();
    let ports = found.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).enumerate();
    let mention = |(index, port): (usize, &ServicePort)| {
        let Some(IntOrString::String(name)) = &port.target_port else { return None };
        let meant = nearest_name(name, &names).filter(|_| !names.contains(&name.as_str()))?;
        Some(MentionFacts {
            path: format!("spec.ports[{index}].targetPort"),
            kind: "port".to_owned(),
            evidence: vec![written(manifest, format!("targetPort: {name}"))],
            name: name.clone(),
            meant,
            carrier: String::new(),
        })
    };
    ports.filter_map(mention).collect()
}

fn names_in(at: &Path, written: &Value, names: &mut Vec<(Path, Kind, String)>) {
    match written {
        Value::Object(map) => {
            for (key, value) in map {
                let path = at.then(Step::Field(key.clone()));
                if let Some((kind, field)) = named_by(at, key, value, map) {
                    let (path, name) = match field {
                        "" => (path.clone(), value.as_str()),
                        field => (path.then(Step::Field(field.to_owned())), value[field].as_str()),
                    };
                    // What may be missing is not missed.
                    let name = name.filter(|name| !name.is_empty() && value["optional"] != true);
                    names.extend(name.map(|name| (path, kind, name.to_owned())));
                }
                names_in(&path, value, names);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, item)| names_in(&at.then(Step::Index(index)), item, names));
        }
        _ => {}
    }
}

// The kind that a field names, and the field within it that has the name.
fn named_by<'f>(
    at: &Path,
    key: &str,
    value: &Value,
    beside: &serde_json::Map<String, Value>,
) -> Option<(Kind, &'f str)> {
    let is_below = |field: &str| at.0.iter().any(|step| *step == Step::Field(field.to_owned()));
    let named = match key {
        "configMapRef" | "configMapKeyRef" | "configMap" => (Kind::ConfigMap, "name"),
        "secretRef" | "secretKeyRef" => (Kind::Secret, "name"),
        "secret" if value.get("secretName").is_some() => (Kind::Secret, "secretName"),
        "secret" => (Kind::Secret, "name"),
        "secretName" if is_below("tls") => (Kind::Secret, ""),
        "persistentVolumeClaim" => (Kind::PersistentVolumeClaim, "claimName"),
        "serviceAccountName" => (Kind::ServiceAccount, ""),
        "serviceName" if beside.contains_key("template") => (Kind::Service, ""),
        "service" if is_below("backend") || is_below("defaultBackend") => (Kind::Service, "name"),
        "scaleTargetRef" => (Kind::from_object(value["kind"].as_str()?, value["apiVersion"].as_str()?)?, "name"),
        _ => return None,
    };
    Some(named)
}
