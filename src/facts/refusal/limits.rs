//! What a LimitRange forbids, in the words of its admission plugin
//! (<https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/limitranger/admission.go>).

use std::{collections::BTreeMap, sync::LazyLock};

use k8s_openapi::{
    api::core::v1::{Container, LimitRange},
    apimachinery::pkg::api::resource::Quantity,
};
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{in_spec, list_of};
use crate::{
    facts::{object, quantity, workload::Workload},
    inventory::Inventory,
};

/// What a LimitRange forbids.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct LimitFacts {
    /// Each bound that is not kept, as words: `maximum memory usage per Container is 128Mi, but limit is 256Mi
    /// (container web)`.
    pub bounds: Vec<String>,
    /// The containers at fault, in the order of the bounds.
    pub containers: Vec<String>,
    /// The LimitRanges of the namespace that set these bounds, as words; empty where none could be seen.
    pub ranges: String,
    /// What those allow for the resources in question, as words: `memory min 16Mi, max 128Mi`.
    pub allowed: String,
    /// A strategic merge patch that keeps all of them; empty where there is no telling how.
    pub patch: String,
}

struct Bound {
    is_maximum: bool,
    resource: String,
    /// `Container`, `Pod`, `PersistentVolumeClaim`.
    of: String,
    allowed: String,
    /// `limits`, `requests`; empty where nothing is said at all.
    list: &'static str,
    given: String,
    words: String,
}

/// Whether a refusal is a LimitRange's.
pub fn is_of_limits(message: &str) -> bool {
    !bounds(message).is_empty() || message.contains("max limit to request ratio per ")
}

/// What a refusal says of limits.
pub fn facts(inventory: &Inventory, workload: &Workload, message: &str) -> LimitFacts {
    let bounds = bounds(message);
    let named: Vec<_> = bounds.iter().map(|bound| container_of(workload, bound)).collect();
    let mut words: Vec<_> = bounds
        .iter()
        .zip(&named)
        .map(|(bound, container)| match container {
            Some(container) => format!("{} (container {})", bound.words, container.name),
            None => bound.words.clone(),
        })
        .collect();
    words.extend(ratios(message));
    let resources: Vec<_> = bounds.iter().map(|bound| bound.resource.as_str()).collect();
    let (ranges, allowed) = ranges(inventory, workload, &resources);
    let patch = patch(workload, &bounds, &named);
    let mut containers: Vec<_> = named.into_iter().flatten().map(|container| container.name.clone()).collect();
    containers.dedup();
    LimitFacts { bounds: words, containers, ranges, allowed, patch }
}

fn bounds(message: &str) -> Vec<Bound> {
    static BOUND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(maximum|minimum) (\S+) usage per (\w+) is ([0-9.]+[a-zA-Z]*)(?:, but (limit|request) is ([0-9.]+[a-zA-Z]*)|\.\s+No (limit|request) is specified)",
        )
        .ok()
    });
    let Some(pattern) = BOUND.as_ref() else { return Vec::new() };
    let one = |found: regex_lite::Captures| {
        let group = |at: usize| found.get(at).map_or("", |group| group.as_str());
        let list = if group(5) == "limit" || group(7) == "limit" { "limits" } else { "requests" };
        Bound {
            is_maximum: group(1) == "maximum",
            resource: group(2).to_owned(),
            of: group(3).to_owned(),
            allowed: group(4).to_owned(),
            list,
            given: group(6).to_owned(),
            words: group(0).replace(".  No", ". No"),
        }
    };
    pattern.captures_iter(message).map(one).collect()
}

fn ratios(message: &str) -> Vec<String> {
    let pattern = Regex::new(
        r"\S+ max limit to request ratio per \w+ is [^,]+, but (?:provided ratio is [0-9.]+|no \w+ is specified or \w+ is 0)",
    );
    let shorter = |words: &str| words.trim_start_matches('[').trim_end_matches("0000").trim_end_matches('.').to_owned();
    pattern.map(|pattern| pattern.find_iter(message).map(|found| shorter(found.as_str())).collect()).unwrap_or_default()
}

// The message does not name the container: the one that asks for this.
fn container_of<'a>(workload: &Workload<'a>, bound: &Bound) -> Option<&'a Container> {
    let spec = workload.spec.filter(|_| bound.of == "Container")?;
    let mut all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    all.find(|container| {
        let asked = asked(container, bound.list, &bound.resource);
        match (asked, bound.given.as_str()) {
            // A limit alone is the request as well.
            (None, given) => {
                bound.list == "requests" && asks_by_its_limit(container, &bound.resource, given)
                    || given.is_empty() && self::asked(container, "limits", &bound.resource).is_none()
            }
            (Some(quantity), given) => same(&quantity.0, given),
        }
    })
}

fn asks_by_its_limit(container: &Container, resource: &str, given: &str) -> bool {
    !given.is_empty() && asked(container, "limits", resource).is_some_and(|quantity| same(&quantity.0, given))
}

fn asked<'a>(container: &'a Container, list: &str, resource: &str) -> Option<&'a Quantity> {
    let resources = container.resources.as_ref()?;
    let list = if list == "limits" { &resources.limits } else { &resources.requests };
    list.as_ref()?.get(resource)
}

fn same(one: &str, other: &str) -> bool {
    one == other || quantity::parse(one).zip(quantity::parse(other)).is_some_and(|(one, other)| one == other)
}

fn ranges(inventory: &Inventory, workload: &Workload, resources: &[&str]) -> (String, String) {
    let mut names = Vec::new();
    let mut allowed = Vec::new();
    for range in inventory.seen::<LimitRange>(&workload.object.namespace) {
        for item in range.spec.iter().flat_map(|spec| &spec.limits) {
            for resource in resources {
                let of = |list: &Option<BTreeMap<String, Quantity>>, word: &str| {
                    Some(format!("{word} {}", list.as_ref()?.get(*resource)?.0))
                };
                let numbers: Vec<_> =
                    [of(&item.min, "min"), of(&item.max, "max"), of(&item.max_limit_request_ratio, "ratio")]
                        .into_iter()
                        .flatten()
                        .collect();
                if !numbers.is_empty() {
                    names.push(object::name(&range.metadata));
                    allowed.push(format!("{resource} per {}: {}", item.type_, numbers.join(", ")));
                }
            }
        }
    }
    names.dedup();
    allowed.dedup();
    (names.join(" and "), allowed.join("; "))
}

fn patch(workload: &Workload, bounds: &[Bound], named: &[Option<&Container>]) -> String {
    let mut changes: BTreeMap<(&str, &str), Value> = BTreeMap::new();
    for (bound, container) in bounds.iter().zip(named) {
        let place = container.and_then(|container| Some((list_of(workload, &container.name)?, container)));
        let Some((list, container)) = place else { return String::new() };
        let change = changes.entry((list, container.name.as_str())).or_insert_with(|| json!({"name": container.name}));
        change["resources"][bound.list][&bound.resource] = bound.allowed.as_str().into();
        // A request may not be above the limit.
        let other = if bound.is_maximum { "requests" } else { "limits" };
        let beyond = |quantity: &&Quantity| {
            quantity::parse(&quantity.0)
                .zip(quantity::parse(&bound.allowed))
                .is_some_and(|(has, allowed)| if bound.is_maximum { has > allowed } else { has < allowed })
        };
        if bound.list != other && asked(container, other, &bound.resource).filter(beyond).is_some() {
            change["resources"][other][&bound.resource] = bound.allowed.as_str().into();
        }
    }
    let mut spec = json!({});
    for ((list, _), change) in changes {
        match spec[list].as_array_mut() {
            Some(list) => list.push(change),
            None => spec[list] = json!([change]),
        }
    }
    if bounds.is_empty() { String::new() } else { in_spec(workload, spec) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_of_a_refusal_is_read() {
        let message = r#"pods "db-0" is forbidden: [minimum cpu usage per Container is 200m, but request is 100m, maximum memory usage per Container is 128Mi, but limit is 256Mi, maximum memory usage per Pod is 1Gi.  No limit is specified]"#;
        let words: Vec<_> = bounds(message).into_iter().map(|bound| bound.words).collect();
        assert_eq!(
            words,
            [
                "minimum cpu usage per Container is 200m, but request is 100m",
                "maximum memory usage per Container is 128Mi, but limit is 256Mi",
                "maximum memory usage per Pod is 1Gi. No limit is specified",
            ]
        );
    }

    #[test]
    fn a_ratio_is_a_bound_as_well() {
        let message = r#"pods "x" is forbidden: memory max limit to request ratio per Container is 2, but provided ratio is 4.000000"#;
        assert!(is_of_limits(message));
        assert_eq!(
            ratios(message),
            ["memory max limit to request ratio per Container is 2, but provided ratio is 4.00"]
        );
    }

    #[test]
    fn a_quota_is_no_limit() {
        assert!(!is_of_limits("exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1"));
    }
}
