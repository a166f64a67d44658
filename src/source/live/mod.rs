//! A live cluster, asked with plain GETs and nothing else.

pub mod act;
mod client;
mod clock;
mod connection;
mod credentials;
mod expiry;
mod kubeconfig;
mod path;
mod proxy;
mod renewal;
mod reply;
mod trouble;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::stream::{self, StreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use jiff::Timestamp;
use kube::{Client, Config, client::Body, core::discovery::v2::ACCEPT_AGGREGATED_DISCOVERY_V2};

pub use connection::Connection;
pub use kubeconfig::KubeconfigNames;

use self::{
    clock::Clock,
    credentials::Form,
    renewal::Plugin,
    reply::{Page, Refusal, Response},
    trouble::{Target, Trouble},
};
use super::{Item, Reply, Request, Source};
use crate::{error::Error, inventory::About, kind::Kind, stats::Traffic};

/// So many requests of a wave are under way at once.
const IN_FLIGHT: usize = 32;

/// So often a request is sent that the server puts off, or whose connection is closed before the answer is there.
const TRIES: usize = 3;

const AFTER_CLOSE: Duration = Duration::from_millis(100);

/// A cluster that answers.
pub struct Live {
    /// The kubeconfig context in use; none with `--server` alone or in a pod.
    pub context: Option<String>,
    /// Of `-n`, else of the context, else `default`.
    pub namespace: String,
    /// What was asked of it so far.
    pub traffic: Arc<Traffic>,
    client: Client,
    config: Config,
    plugin: Option<Plugin>,
    target: Target,
    timeout: Option<Duration>,
    clock: Clock,
    // Whether the server ever answered: from then on, a failed request is no
    // reason to end the run.
    heard: AtomicBool,
    // What did not answer in time. Nothing like it is asked for again: one kind that hangs costs one timeout.
    hung: Mutex<Vec<Request>>,
}

impl Live {
    fn new(
        (config, plugin): (Config, Option<Plugin>),
        target: Target,
        namespace: String,
        timeout: Option<Duration>,
    ) -> Result<Self, kube::Error> {
        let client = made(&config, plugin.as_ref(), client::of)?;
        let context = target.context.clone();
        Ok(Self {
            context,
            namespace,
            traffic: Arc::default(),
            client,
            config,
            plugin,
            target,
            timeout,
            clock: Clock::default(),
            heard: AtomicBool::new(false),
            hung: Mutex::default(),
        })
    }

    /// A client whose connections can become WebSockets, which those of HTTP/2 can't.
    ///
    /// # Errors
    /// Where kube's client can't be made.
    pub fn upgrading(&self) -> Result<Client, kube::Error> {
        made(&self.config, self.plugin.as_ref(), Client::try_from)
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        &self.target.server
    }

    /// A look that begins now, at a namespace or all of them.
    pub fn about(&self, namespace: Option<String>) -> About {
        let (context, namespace) = (self.context.clone(), namespace.unwrap_or_default());
        About { server: None, context, namespace, now: self.now(), recorded: false }
    }

    /// What time it is for the server, as far as it has answered: it and its nodes write times by their clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The client of all requests, for what is no single answer.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// What did not answer in time is asked for again.
    pub fn forgive(&self) {
        self.hung().clear();
    }

    async fn ask(&self, request: &Request) -> Result<Reply, Trouble> {
        if let Some(timeout) = self.timeout.filter(|_| self.hung().iter().any(|hung| hangs_with(request, hung))) {
            return Err(Trouble::TimedOut(timeout));
        }
        let answer = self.ask_at_all(request).await;
        if matches!(answer, Err(Trouble::TimedOut(_))) {
            self.hung().push(request.clone());
        }
        answer
    }

    fn hung(&self) -> MutexGuard<'_, Vec<Request>> {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_at_all(&self, request: &Request) -> Result<Reply, Trouble> {
        let Some(path) = path::of(request) else {
            return Ok(match request {
                Request::List { .. }
                | Request::Names { .. }
                | Request::Matching { .. }
                | Request::Selected { .. }
                | Request::Objects { .. } => Reply::Items(Vec::new()),
                Request::Rows { .. } => Reply::Rows(Vec::new()),
                _ => Reply::Absent,
            });
        };
        let reply = match request {
            Request::List { .. } | Request::Names { .. } | Request::Selected { .. } | Request::Objects { .. } => {
                self.list(request, &path).await.map(Reply::Items)
            }
            Request::Rows { .. } => {
                let response = self.fetch(&path, request).await;
                response.and_then(|response| response.rows(request)).map(Reply::Rows)
            }
            Request::Discovery(_) => {
                let response = self.fetch(&path, request).await;
                response
                    .and_then(|response| response.discovery(request))
                    .map(|document| Reply::Object(Box::new(document)))
            }
            Request::Matching { .. } => {
                let response = self.fetch(&path, request).await;
                response.and_then(|response| response.page(request)).map(|page| Reply::Items(page.items))
            }
            Request::Get { .. } => {
                let response = self.fetch(&path, request).await;
                response.and_then(|response| response.object(request)).map(|object| Reply::Object(Box::new(object)))
            }
            Request::Log(_) => {
                let response = self.fetch(&path, request).await;
                response.and_then(|response| response.log(request)).map(Reply::Log)
            }
            Request::Version => {
                let response = self.fetch(&path, request).await;
                response.and_then(|response| response.version(request)).map(Reply::Version)
            }
        };
        match reply {
            Ok(reply) | Err(Refusal::Reply(reply)) => Ok(reply),
            Err(Refusal::Gone) => Ok(Reply::Failed("the list changed while it was read".to_owned())),
            Err(Refusal::Trouble(trouble)) => Err(trouble),
        }
    }

    async fn list(&self, request: &Request, first: &str) -> Result<Vec<Item>, Refusal> {
        let mut items = Vec::new();
        let mut path = first.to_owned();
        let mut pages = BTreeSet::new();
        loop {
            let response = self.fetch(&path, request).await?;
            match response.page(request) {
                Ok(Page { items: more, next }) => {
                    items.extend(more);
                    let Some(token) = next else { return Ok(items) };
                    path = path::next(first, &token);
                    if !pages.insert(token) {
                        return Err(Refusal::Reply(Reply::Failed("the same page comes again and again".to_owned())));
                    }
                }
                // The pages' snapshot is compacted away: all at once then, which
                // cannot happen to it.
                Err(Refusal::Gone) if path != path::whole(first) => {
                    items.clear();
                    path = path::whole(first).to_owned();
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }

    async fn fetch(&self, path: &str, request: &Request) -> Result<Response, Refusal> {
        let start = Instant::now();
        for _ in 1..TRIES {
            let answer = self.within(start, self.send(path, request)).await;
            let wait = match &answer {
                Ok(response) => response.puts_off(),
                // As a server that is started anew behind a load balancer does, which closes connections under way.
                Err(Refusal::Trouble(Trouble::Closed)) => Some(AFTER_CLOSE),
                Err(_) => None,
            };
            let in_time = |wait: &Duration| self.timeout.is_none_or(|timeout| start.elapsed() + *wait < timeout);
            let Some(wait) = wait.filter(in_time) else { return answer };
            tokio::time::sleep(wait).await;
        }
        self.within(start, self.send(path, request)).await
    }

    // The time that there is counts from the first try.
    async fn within(
        &self,
        start: Instant,
        sent: impl Future<Output = Result<Response, kube::Error>>,
    ) -> Result<Response, Refusal> {
        let answered = match self.timeout {
            Some(timeout) => match tokio::time::timeout(timeout.saturating_sub(start.elapsed()), sent).await {
                Ok(answered) => answered,
                Err(_) => return Err(Refusal::Trouble(Trouble::TimedOut(timeout))),
            },
            None => sent.await,
        };
        answered.map_err(|error| Refusal::Trouble(trouble::of(&error)))
    }

    async fn send(&self, path: &str, asked: &Request) -> Result<Response, kube::Error> {
        let start = Instant::now();
        let _under_way = self.traffic.begin(asked.what());
        let request = http::Request::get(path).header(ACCEPT, accepts(asked)).body(Body::empty());
        let (parts, body) = self.client.send(request.map_err(kube::Error::HttpError)?).await?.into_parts();
        let body = Vec::from(body.collect_bytes().await?);
        self.traffic.count(&asked.what(), body.len(), start.elapsed());
        let header = |name: &str| {
            let value = parts.headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        self.clock.set(header(DATE.as_str()).as_deref());
        Ok(Response {
            code: parts.status.as_u16(),
            content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            location: header(LOCATION.as_str()),
            audited: parts.headers.contains_key("audit-id"),
            retry_after: header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok()),
            body,
        })
    }

    // The first request of all, the cheapest if it is there.
    fn ahead(&self, requests: &[Request]) -> Option<usize> {
        if self.heard.load(Ordering::Relaxed) || requests.is_empty() {
            return None;
        }
        let version = requests.iter().position(|request| *request == Request::Version);
        Some(version.unwrap_or(0))
    }

    async fn open(&self, request: &Request) -> Result<Result<Reply, Trouble>, Error> {
        let answer = self.ask(request).await;
        match &answer {
            Err(trouble) if trouble.is_final(*request == Request::Version) => Err(trouble.fatal(&self.target)),
            _ => Ok(answer),
        }
    }

    // What would be as true of every other request ends the run.
    fn end_of_run(&self, requests: &[Request], answers: &[Result<Reply, Trouble>]) -> Option<Trouble> {
        let heard = self.heard.load(Ordering::Relaxed) || answers.iter().any(Result::is_ok);
        self.heard.store(heard, Ordering::Relaxed);
        let refused = requests.iter().zip(answers).find_map(|(request, answer)| match (request, answer) {
            // The kubelet or the metrics server may not accept the API server, which then hands on its 401.
            (Request::Log(_) | Request::List { kind: Kind::PodMetrics, .. }, _) => None,
            (_, Err(trouble @ (Trouble::Unauthorized(_) | Trouble::NoCredential(_)))) => Some(trouble),
            _ => None,
        });
        if let Some(trouble) = refused {
            return Some(trouble.clone());
        }
        if !heard {
            return answers.iter().find_map(|answer| answer.as_ref().err()).cloned();
        }
        let looks = || requests.iter().zip(answers).filter(|(request, _)| **request != Request::Version);
        let nobody = |answer: &Result<Reply, Trouble>| match answer {
            Ok(Reply::Failed(text)) => text.starts_with("forbidden: User \"system:anonymous\""),
            _ => false,
        };
        let stranger = self.target.credential.form == Form::Nothing
            && looks().next().is_some()
            && looks().all(|(_, answer)| nobody(answer));
        stranger.then_some(Trouble::Anonymous)
    }
}

impl Source for Live {
    async fn answer(&self, requests: &[Request]) -> Result<Vec<Reply>, Error> {
        let start = Instant::now();
        // One goes ahead and makes the connection that the others share; and a server
        // out of reach is found out by one.
        let ahead = self.ahead(requests);
        let opening = match ahead {
            Some(index) => Some((index, self.open(&requests[index]).await?)),
            None => None,
        };
        let rest = requests.iter().enumerate();
        let rest = rest.filter(|(index, _)| Some(*index) != ahead);
        let mut answers: Vec<Result<Reply, Trouble>> =
            stream::iter(rest).map(|(_, request)| self.ask(request)).buffered(IN_FLIGHT).collect().await;
        if let Some((index, answer)) = opening {
            answers.insert(index, answer);
        }
        self.traffic.wave(start.elapsed());
        if let Some(trouble) = self.end_of_run(requests, &answers) {
            return Err(trouble.fatal(&self.target));
        }
        let reply = |answer: Result<_, Trouble>| answer.unwrap_or_else(|trouble| Reply::Failed(trouble.brief()));
        Ok(answers.into_iter().map(reply).collect())
    }
}

fn made(
    config: &Config,
    plugin: Option<&Plugin>,
    make: fn(Config) -> Result<Client, kube::Error>,
) -> Result<Client, kube::Error> {
    match plugin {
        Some(plugin) => renewal::client(config.clone(), plugin.clone(), make),
        None => make(config.clone()),
    }
}

// Whether a request goes where another one hung: to the same kind, there or everywhere; or for a log, to the kubelets.
fn hangs_with(request: &Request, hung: &Request) -> bool {
    let place = |request: &Request| match request {
        Request::List { kind, namespace }
        | Request::Get { kind, namespace, .. }
        | Request::Names { kind, namespace }
        | Request::Selected { kind, namespace, .. } => Some((*kind, namespace.clone())),
        Request::Rows { namespace } => Some((Kind::Pod, Some(namespace.clone()))),
        Request::Matching { kind, .. } => Some((*kind, None)),
        Request::Objects { .. } | Request::Discovery(_) | Request::Log(_) | Request::Version => None,
    };
    match (request, hung) {
        (Request::Log(_), Request::Log(_)) => true,
        (Request::Objects { of, .. }, Request::Objects { of: other, .. }) => of == other,
        _ => place(request)
            .zip(place(hung))
            .is_some_and(|((kind, here), (of, there))| kind == of && (here.is_none() || here == there)),
    }
}

fn accepts(request: &Request) -> &'static str {
    match request {
        Request::Names { .. } => "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
        Request::Rows { .. } => "application/json;as=Table;v=v1;g=meta.k8s.io",
        Request::Discovery(_) => ACCEPT_AGGREGATED_DISCOVERY_V2,
        Request::Log(_) => "*/*",
        _ => "application/json",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
