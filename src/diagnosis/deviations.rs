//! Where objects differ from the manifests that a user takes for good, and which difference is the cause.

use std::collections::BTreeSet;

use crate::{
    changes::{
        compare::{compare_set, show},
        path::Path,
    },
    command,
    document::{Cure, Deviation, Finding, ObjectRef},
    facts::quantity,
    inventory::{Inventory, Manifest},
    kind::Kind,
    report,
};

/// The rule whose cure it is to apply the file.
const NOT_APPLIED: &str = "manifest-not-applied";
/// The rules that say that a manifest is none which a server takes.
const REFUSED: [&str; 2] = ["manifest-field-unknown", "api-version-removed"];

/// What the server or a controller says of an object, which a manifest has where it was taken from a cluster.
const NOT_COMPARED: [&str; 11] = [
    "apiVersion",
    "kind",
    "status",
    "metadata.uid",
    "metadata.resourceVersion",
    "metadata.generation",
    "metadata.creationTimestamp",
    "metadata.managedFields",
    "metadata.selfLink",
    "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
    "metadata.annotations[deployment.kubernetes.io/revision]",
];

/// Says of each finding in which fields at fault its object differs from its manifest, and how to go back to that. What
/// no finding comes of is returned.
pub fn explain(inventory: &Inventory, findings: &mut [Finding]) -> Vec<Deviation> {
    let mut unexplained = Vec::new();
    for manifest in inventory.manifests() {
        for (path, deviation) in deviations(inventory, manifest) {
            let mut explains = false;
            for finding in findings.iter_mut().filter(|finding| is_of(&finding.object, &deviation.object)) {
                if is_at_fault(finding, &path, inventory) {
                    explains = true;
                    finding.deviations.push(deviation.clone());
                }
            }
            if !explains {
                unexplained.push(deviation);
            }
        }
    }
    let refused = refused(findings);
    for finding in findings.iter_mut().filter(|finding| !finding.deviations.is_empty()) {
        let files: BTreeSet<&str> = finding.deviations.iter().map(|it| it.file.as_str()).collect();
        let goes_back = finding.deviations.iter().all(may_heal);
        if goes_back && files.iter().all(|file| !refused.contains(*file)) {
            let others = unexplained.iter().filter(|it| files.contains(it.file.as_str())).count();
            let cure = apply(finding, &files, others);
            finding.cures.insert(0, cure);
        }
    }
    unexplained
}

/// Takes the commands off what cures an object that only a file has: there is none yet that they could change.
pub fn leave_to_the_file(inventory: &Inventory, finding: &mut Finding) {
    let is_written = inventory.manifests().iter().any(|manifest| is_of(&manifest.object, &finding.object));
    let has_uid = |object: serde_json::Value| object.pointer("/metadata/uid").is_some();
    if is_written && !inventory.json_of(&finding.object).is_some_and(has_uid) && finding.rule != NOT_APPLIED {
        for cure in &mut finding.cures {
            cure.take_commands();
            cure.restarts = false;
        }
    }
}

fn is_of(one: &ObjectRef, other: &ObjectRef) -> bool {
    (&one.kind, &one.namespace, &one.name) == (&other.kind, &other.namespace, &other.name)
}

// Only what the manifest sets is compared: the rest is the server's to fill in.
fn deviations(inventory: &Inventory, manifest: &Manifest) -> Vec<(Path, Deviation)> {
    let object = &manifest.object;
    let Some(kind) = Kind::from_object(&object.kind, &object.api_version) else { return Vec::new() };
    let live = inventory.json(kind, &object.namespace, &object.name);
    let Some((live, written)) = live.zip(kind.as_understood(manifest.written.clone())) else { return Vec::new() };
    // What a Secret holds is not there to be compared.
    if kind == Kind::Secret {
        return Vec::new();
    }
    let differences = compare_set(&Path::default(), &written, &live).into_iter();
    let told = differences.filter(|it| !NOT_COMPARED.iter().any(|field| it.path.is_below(field)));
    told.map(|it| {
        let shown = |value: &serde_json::Value| (!value.is_null()).then(|| show(value));
        let deviation = Deviation {
            object: object.clone(),
            file: manifest.file().to_owned(),
            field: it.path.to_string(),
            manifest: shown(&it.from),
            live: shown(&it.to),
        };
        (it.path, deviation)
    })
    .collect()
}

fn is_at_fault(finding: &Finding, path: &Path, inventory: &Inventory) -> bool {
    let Some(field) = finding.field.as_deref().filter(|field| !field.is_empty()) else { return false };
    let object = inventory.json_of(&finding.object).unwrap_or_default();
    Path::parse(field).by_names(&object).meets(path)
}

// A container is not short of what the manifest gives it less of.
fn may_heal(deviation: &Deviation) -> bool {
    let amount = |value: &Option<String>| value.as_deref().and_then(quantity::parse);
    match amount(&deviation.manifest).zip(amount(&deviation.live)) {
        Some((manifest, live)) if deviation.field.contains(".limits.") => manifest > live,
        Some((manifest, live)) if deviation.field.contains(".requests.") => manifest < live,
        _ => true,
    }
}

// The files that kubectl apply would not take as they are.
fn refused(findings: &[Finding]) -> BTreeSet<String> {
    let is_of_file = |finding: &&Finding| REFUSED.contains(&finding.rule.as_str());
    let places = findings.iter().filter(is_of_file).flat_map(|finding| &finding.evidence);
    places.filter_map(|place| Some(place.source.rsplit_once(':')?.0.to_owned())).collect()
}

fn apply(finding: &Finding, files: &BTreeSet<&str>, others: usize) -> Cure {
    let words = ["kubectl", "apply"].into_iter().chain(files.iter().flat_map(|file| ["-f", *file]));
    let argv = command::in_namespace(words.map(str::to_owned).collect(), &finding.object.namespace);
    let diff = finding.deviations.first().map(|it| {
        let value = |value: &Option<String>| value.clone().unwrap_or_default();
        report::diff::lines(&it.field, &value(&it.live), &value(&it.manifest))
    });
    let as_well = match others {
        0 => String::new(),
        1 => ", which changes another field as well".to_owned(),
        others => format!(", which changes {others} other fields as well"),
    };
    Cure {
        text: format!("apply {} as it is{as_well}", files.iter().copied().collect::<Vec<_>>().join(" and ")),
        command: command::quoted(&argv),
        argv,
        then: Vec::new(),
        look: None,
        diff,
        restarts: finding.deviations.iter().any(|it| it.field.starts_with("spec.template")),
        destructive: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_gives_less_room_heals_nothing() {
        let heals = |field: &str, manifest: &str, live: &str| {
            may_heal(&Deviation {
                object: ObjectRef {
                    api_version: "v1".to_owned(),
                    kind: "Pod".to_owned(),
                    namespace: "shop".to_owned(),
                    name: "web".to_owned(),
                    uid: String::new(),
                },
                file: "web.yaml".to_owned(),
                field: field.to_owned(),
                manifest: Some(manifest.to_owned()),
                live: Some(live.to_owned()),
            })
        };
        assert!(heals("spec.containers[name=web].resources.limits.memory", "1Gi", "64Mi"));
        assert!(!heals("spec.containers[name=web].resources.limits.memory", "64Mi", "128Mi"));
        assert!(heals("spec.containers[name=web].resources.requests.cpu", "500m", "40"));
        assert!(!heals("spec.containers[name=web].resources.requests.cpu", "41", "40"));
        assert!(heals("spec.selector.app", "web", "wbe"));
    }
}
