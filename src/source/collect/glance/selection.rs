//! How the pods of many controllers are asked for at once: by labels that all of them carry.

use std::collections::{BTreeMap, BTreeSet};

use super::controllers::Controller;

/// A selector may be so long: it goes into a URL.
const LONGEST: usize = 3000;

/// What is asked for at once.
pub struct Selection {
    /// Nothing for all of them.
    pub namespace: Option<String>,
    values: BTreeMap<String, BTreeSet<String>>,
}

impl Selection {
    /// As `kubectl -l` takes it.
    pub fn text(&self) -> String {
        let requirement = |(key, values): (&String, &BTreeSet<String>)| {
            format!("{key} in ({})", values.iter().map(String::as_str).collect::<Vec<_>>().join(","))
        };
        self.values.iter().map(requirement).collect::<Vec<_>>().join(",")
    }

    /// Whether it selects a controller's pods.
    pub fn holds(&self, controller: &Controller) -> bool {
        let is_here = self.namespace.as_deref().is_none_or(|namespace| namespace == controller.namespace());
        let has = |key: &str, values: &BTreeSet<String>| {
            controller.labels().and_then(|labels| labels.get(key)).is_some_and(|value| values.contains(value))
        };
        is_here && self.values.iter().all(|(key, values)| has(key, values))
    }

    fn of(namespace: Option<&str>, controllers: &[&Controller]) -> Self {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, value) in controllers.iter().filter_map(|controller| labels(controller)).flatten() {
            values.entry(key.clone()).or_default().insert(value.clone());
        }
        Self { namespace: namespace.map(str::to_owned), values }
    }
}

// What selects its pods, where that is labels alone.
fn labels<'a>(controller: &Controller<'a>) -> Option<&'a BTreeMap<String, String>> {
    let selector = controller.selector.filter(|selector| selector.match_expressions.is_none())?;
    selector.match_labels.as_ref().filter(|labels| !labels.is_empty())
}

/// What to ask for to have every pod of what is not well: in one request where that brings few others, else in one
/// for each namespace. Namespaces come in addition where a selector is none of labels alone.
pub fn plan<'a>(controllers: &[Controller<'a>], whole: &mut BTreeSet<&'a str>) -> Vec<Selection> {
    let unwell = || controllers.iter().filter(|controller| !controller.is_well);
    whole.extend(unwell().filter(|controller| labels(controller).is_none()).map(Controller::namespace));
    let mut by_keys: BTreeMap<Vec<&String>, Vec<&Controller>> = BTreeMap::new();
    for controller in unwell().filter(|controller| !whole.contains(controller.namespace())) {
        let keys = labels(controller).into_iter().flat_map(BTreeMap::keys).collect();
        by_keys.entry(keys).or_default().push(controller);
    }
    by_keys.into_values().flat_map(|alike| together(controllers, &alike)).collect()
}

fn together(all: &[Controller], wanted: &[&Controller]) -> Vec<Selection> {
    let pods = |controller: &Controller| controller.rows.len().max(controller.expected);
    let at_once = Selection::of(None, wanted);
    let brought: usize = all.iter().filter(|controller| at_once.holds(controller)).map(pods).sum();
    let needed: usize = wanted.iter().map(|controller| pods(controller)).sum();
    if brought <= 2 * needed && at_once.text().len() < LONGEST {
        return vec![at_once];
    }
    let mut by_namespace: BTreeMap<&str, Vec<&Controller>> = BTreeMap::new();
    for controller in wanted {
        by_namespace.entry(controller.namespace()).or_default().push(controller);
    }
    by_namespace.into_iter().map(|(namespace, here)| Selection::of(Some(namespace), &here)).collect()
}
