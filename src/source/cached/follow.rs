//! Lists a kind and watches it from there on, for ever
//! (<https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>). This is done by hand
//! because a diagnosis must know whether the server still tells of changes: what is not told of is asked for instead.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::TryStreamExt as _;
use kube::{
    Api, Client,
    api::{ListParams, WatchParams},
    core::{ApiResource, DynamicObject, WatchEvent},
};

use super::{Watched, store::Named};
use crate::{kind::Kind, stats::Traffic};

const PAGE: u32 = 500;

/// The server ends a watch after so many seconds, so that one which died unseen costs no more.
const WATCH_SECONDS: u32 = 60;

/// After that it is dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Why a watch ended that was not to.
enum Ended {
    /// What was told last is too long ago to go on from (410).
    Gone,
    /// The server knows no such kind (404).
    Absent,
    /// It may not be watched (401, 403, 405).
    Refused,
    /// Anything else.
    Lost(String),
}

/// Keeps what is watched up to date for one kind.
pub(super) async fn follow(
    client: Client,
    kind: Kind,
    namespace: Option<String>,
    watched: Arc<Watched>,
    traffic: Arc<Traffic>,
) {
    let api = api(client, kind, namespace.as_deref());
    let traffic = &traffic;
    let mut pause = FIRST_PAUSE;
    loop {
        let ended = match list(&api, kind, traffic).await {
            Ok((objects, version)) => {
                watched.tell(|store| store.replace(kind, objects));
                pause = FIRST_PAUSE;
                watch(&api, kind, version, &watched, traffic).await
            }
            Err(error) => ended(&error),
        };
        match ended {
            Ended::Gone => continue,
            // It may be installed later.
            Ended::Absent if kind.is_installed_apart() => {
                watched.tell(|store| store.replace(kind, Vec::new()));
                pause = LONGEST_PAUSE;
            }
            Ended::Absent | Ended::Refused => {
                watched.tell(|store| store.is_refused(kind));
                pause = LONGEST_PAUSE;
            }
            Ended::Lost(why) => watched.tell(|store| store.is_lost(kind, why)),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn api(client: Client, kind: Kind, namespace: Option<&str>) -> Api<DynamicObject> {
    let info = kind.info();
    let resource = ApiResource {
        group: info.group.to_owned(),
        version: info.version.to_owned(),
        api_version: kind.api_version(),
        kind: info.name.to_owned(),
        plural: info.plural.to_owned(),
    };
    match namespace.filter(|_| info.namespaced) {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}

// Everything, and the version that a watch goes on from. A list that changes too fast for its pages begins anew.
async fn list(api: &Api<DynamicObject>, kind: Kind, traffic: &Traffic) -> Result<(Vec<Named>, String), kube::Error> {
    let mut page = ListParams::default().limit(PAGE);
    let mut objects = Vec::new();
    loop {
        let started = Instant::now();
        let list = api.list(&page).await;
        // kube does not tell how many bytes came.
        traffic.count(kind.resource(), 0, started.elapsed());
        let list = list?;
        objects.extend(list.items.into_iter().filter_map(Named::of));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) if page.continue_token.as_ref() == Some(&token) => {
                return Err(kube::Error::Service("the same page comes again and again".into()));
            }
            Some(token) => page.continue_token = Some(token),
            None => return Ok((objects, list.metadata.resource_version.unwrap_or_default())),
        }
    }
}

// Until it can't go on from where it was.
async fn watch(
    api: &Api<DynamicObject>,
    kind: Kind,
    mut version: String,
    watched: &Watched,
    traffic: &Traffic,
) -> Ended {
    let mut pause = FIRST_PAUSE;
    loop {
        traffic.count(&format!("watch of {}", kind.resource()), 0, Duration::ZERO);
        let started = Instant::now();
        match watch_once(api, kind, &mut version, watched).await {
            // A server that is on its way out ends every watch at once.
            Ok(()) => pause = FIRST_PAUSE,
            Err(Ended::Lost(why)) => watched.tell(|store| store.is_lost(kind, why)),
            Err(ended) => return ended,
        }
        // It was well for a while.
        if started.elapsed() > pause {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn watch_once(
    api: &Api<DynamicObject>,
    kind: Kind,
    version: &mut String,
    watched: &Watched,
) -> Result<(), Ended> {
    let params = WatchParams::default().timeout(WATCH_SECONDS);
    let stream = api.watch(&params, version).await.map_err(|error| ended(&error))?;
    watched.tell(|store| store.is_followed(kind));
    let mut stream = pin!(stream);
    loop {
        let next = tokio::time::timeout(SILENCE, stream.try_next()).await;
        let silent = || Ended::Lost("the server fell silent".to_owned());
        match next.map_err(|_| silent())?.map_err(|error| ended(&error))? {
            None => return Ok(()),
            Some(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                go_on_from(version, &object);
                watched.tell(|store| store.put(kind, object));
            }
            Some(WatchEvent::Deleted(object)) => {
                go_on_from(version, &object);
                watched.tell(|store| store.remove(kind, &object));
            }
            Some(WatchEvent::Bookmark(bookmark)) => version.clone_from(&bookmark.metadata.resource_version),
            Some(WatchEvent::Error(status)) => return Err(ended(&kube::Error::Api(status))),
        }
    }
}

fn go_on_from(version: &mut String, object: &DynamicObject) {
    if let Some(told) = &object.metadata.resource_version {
        version.clone_from(told);
    }
}

fn ended(error: &kube::Error) -> Ended {
    match error {
        kube::Error::Api(status) if status.code == 410 => Ended::Gone,
        kube::Error::Api(status) if status.code == 404 => Ended::Absent,
        kube::Error::Api(status) if matches!(status.code, 401 | 403 | 405) => Ended::Refused,
        other => Ended::Lost(other.to_string()),
    }
}
