//! A whole cluster at a glance: tables of pods, which cost little, and in full only what looks unwell there, and what
//! that depends on. A well pod is stood for by its template.

mod controllers;
mod rows;
mod selection;
mod settings;
mod stand_in;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Namespace, Service};

use super::{Request, Source};
use crate::{
    error::Error,
    facts::{object, service},
    inventory::{Inventory, State},
    kind::Kind,
    question::{Question, Target},
    source::{Reply, Row},
};
use controllers::Controller;
use selection::Selection;

pub(super) use settings::{has_keys, may_have_changed};

/// What tables and the rest tell of, so that it is not listed.
const IN_PART: [Kind; 3] = [Kind::Pod, Kind::ReplicaSet, Kind::EndpointSlice];

/// What a glance needs besides what every question looks at.
const BESIDES: [Kind; 6] =
    [Kind::Namespace, Kind::Node, Kind::APIService, Kind::ServiceAccount, Kind::Gateway, Kind::HTTPRoute];

/// Without these nobody can tell which pods are well.
const NEEDED: [Kind; 8] = [
    Kind::Namespace,
    Kind::Node,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::ServiceAccount,
    Kind::Event,
];

/// Whether a question is about everything that there is.
pub(super) fn is_enough_for(question: &Question) -> bool {
    question.target == Target::Everything
        && question.namespace.is_none()
        && question.selector.is_none()
        && question.client.is_none()
}

/// Looks at a whole cluster. Where that can't be done at a glance, what is lacking is left to be asked for in full.
pub(super) async fn look(
    source: &impl Source,
    question: &Question,
    inventory: &mut Inventory,
    asked: &mut BTreeSet<Request>,
) -> Result<(), Error> {
    let everywhere = |kind| Request::List { kind, namespace: None };
    let kinds = question.kinds(inventory).into_iter().filter(|kind| !IN_PART.contains(kind)).chain(BESIDES);
    ask(source, inventory, asked, kinds.map(everywhere).chain([Request::Version]).collect()).await?;
    if NEEDED.iter().any(|kind| inventory.coverage().of_list(*kind, "") != State::Collected) {
        return Ok(());
    }
    let mut requests = settings::named(inventory);
    requests.extend(slices(inventory));
    let Some(rows) = rows_of(source, inventory, asked, requests).await? else { return Ok(()) };
    let (requests, stand_ins) = {
        let glance = Glance::of(inventory, &rows);
        (glance.requests(), glance.stand_ins(inventory))
    };
    if !ask(source, inventory, asked, requests).await? {
        return Ok(());
    }
    stand_ins.into_iter().for_each(|(pod, twins)| inventory.insert_alike(pod, twins));
    for kind in IN_PART {
        inventory.collected_in_part(kind);
        asked.insert(everywhere(kind));
    }
    Ok(())
}

// Whether all of them were answered.
async fn ask(
    source: &impl Source,
    inventory: &mut Inventory,
    asked: &mut BTreeSet<Request>,
    requests: Vec<Request>,
) -> Result<bool, Error> {
    let all = super::ask(source, inventory, &requests).await?;
    asked.extend(requests);
    Ok(all)
}

// The rows of every namespace, and what is asked for along with them; nothing where a table could not be had.
async fn rows_of(
    source: &impl Source,
    inventory: &mut Inventory,
    asked: &mut BTreeSet<Request>,
    besides: Vec<Request>,
) -> Result<Option<BTreeMap<String, Vec<Row>>>, Error> {
    let namespaces = inventory.seen_anywhere::<Namespace>().map(|found| object::name(&found.metadata).to_owned());
    let tables = namespaces.map(|namespace| Request::Rows { namespace });
    let requests: Vec<Request> = tables.chain(besides).collect();
    let mut rows = Some(BTreeMap::new());
    for (request, reply) in requests.iter().zip(source.answer(&requests).await?) {
        match (request, reply) {
            (Request::Rows { namespace }, Reply::Rows(found)) => {
                rows.as_mut().and_then(|rows| rows.insert(namespace.clone(), found));
            }
            (Request::Rows { .. }, _) => rows = None,
            (request, reply) => inventory.take(request, reply)?,
        }
    }
    asked.extend(requests);
    Ok(rows)
}

// Of a Service with a selector its pods tell what is in its slices.
fn slices(inventory: &Inventory) -> Option<Request> {
    let services = inventory.seen_anywhere::<Service>();
    let bare = services.filter(|found| service::selector(found).is_empty() && found.spec.is_some());
    let names: BTreeSet<&str> = bare.map(|found| object::name(&found.metadata)).collect();
    (!names.is_empty()).then(|| Request::Selected {
        kind: Kind::EndpointSlice,
        namespace: None,
        selector: format!("kubernetes.io/service-name in ({})", Vec::from_iter(names).join(",")),
    })
}

/// What tables show of every controller's pods, and what is to be looked at in full.
struct Glance<'a> {
    controllers: Vec<Controller<'a>>,
    // Namespaces with pods of which nobody can tell by their names what controls them.
    whole: BTreeSet<&'a str>,
    selections: Vec<Selection>,
}

impl<'a> Glance<'a> {
    fn of(inventory: &'a Inventory, rows: &'a BTreeMap<String, Vec<Row>>) -> Self {
        let mut controllers = controllers::all(inventory);
        let mut whole = controllers::assign(&mut controllers, rows);
        whole.extend(controllers::by_events(inventory, &mut controllers));
        whole.extend(controllers::leaving(inventory));
        let nodes = rows::nodes_in_trouble(inventory);
        for controller in &mut controllers {
            controller.is_well &= controller.rows_are_well(&nodes) && !settings::changed(inventory, controller);
        }
        let selections = selection::plan(&controllers, &mut whole);
        Self { controllers, whole, selections }
    }

    fn requests(&self) -> Vec<Request> {
        const OF_PODS: [Kind; 2] = [Kind::Pod, Kind::ReplicaSet];
        let whole = self
            .whole
            .iter()
            .flat_map(|namespace| OF_PODS.map(|kind| Request::List { kind, namespace: Some((*namespace).to_owned()) }));
        let selected = self.selections.iter().flat_map(|selection| {
            OF_PODS.map(|kind| Request::Selected {
                kind,
                namespace: selection.namespace.clone(),
                selector: selection.text(),
            })
        });
        whole.chain(selected).collect()
    }

    fn stand_ins(&self, inventory: &Inventory) -> Vec<stand_in::StandIn> {
        let is_in_full = |controller: &Controller| {
            self.whole.contains(controller.namespace())
                || self.selections.iter().any(|selection| selection.holds(controller))
        };
        let well = self.controllers.iter().filter(|controller| !is_in_full(controller));
        well.filter_map(|controller| stand_in::of(inventory, controller)).collect()
    }
}

#[cfg(test)]
mod tests;
