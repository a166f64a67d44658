//! What is answered over HTTP, and to whom.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use kube::client::Body;
use tokio::sync::{Semaphore, oneshot};

use super::{
    Shared,
    caller::{self, Denied},
    metrics,
};
use crate::{
    error::Error,
    report::{self, Format, Style},
    source::live::Live,
};

/// So many connections at once.
const CONNECTIONS: usize = 64;

/// So many at once have the server asked what they may see.
const REVIEWS: usize = 4;

/// Who says nothing for so long is hung up on.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers that are under way have so long at the end.
const LAST: Duration = Duration::from_secs(3);

const TEXT: &str = "text/plain; charset=utf-8";

const WHAT_THERE_IS: &str =
    "/metrics, /healthz, /readyz; /namespaces/NAME and /namespaces/NAME.json for the last report of a namespace\n";

/// What is answered.
pub struct Site {
    live: Arc<Live>,
    seen: Arc<Shared>,
    // Nobody else can reach it.
    is_local: bool,
    reviews: Semaphore,
}

impl Site {
    /// Of what is seen of a cluster, at an address: whoever is on this machine sees it all, everybody else what their
    /// rights let them see.
    pub fn new(live: Arc<Live>, seen: Arc<Shared>, at: SocketAddr) -> Self {
        Self { live, seen, is_local: at.ip().is_loopback(), reviews: Semaphore::new(REVIEWS) }
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused = said(StatusCode::METHOD_NOT_ALLOWED, "it only tells: GET");
            refused.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match request.uri().path() {
            "/" => said(StatusCode::OK, WHAT_THERE_IS),
            "/metrics" => found(metrics::CONTENT_TYPE, metrics::text(&self.seen.lock(), &self.live.traffic.requests())),
            "/healthz" if self.seen.lock().is_alive() => said(StatusCode::OK, "ok"),
            "/healthz" => said(StatusCode::SERVICE_UNAVAILABLE, "nobody looks any more"),
            "/readyz" if self.seen.lock().is_ready => said(StatusCode::OK, "ok"),
            "/readyz" => said(StatusCode::SERVICE_UNAVAILABLE, "not everything was looked at yet"),
            path => match path.strip_prefix("/namespaces/") {
                Some(name) => self.report(name, request.headers()).await,
                None => said(StatusCode::NOT_FOUND, WHAT_THERE_IS),
            },
        }
    }

    async fn report(&self, name: &str, headers: &HeaderMap) -> Response<Body> {
        // No namespace has a dot in its name.
        let (namespace, format) = match name.strip_suffix(".json") {
            Some(namespace) => (namespace, Format::Json),
            None => (name, Format::Html),
        };
        if namespace.is_empty() {
            return said(StatusCode::NOT_FOUND, WHAT_THERE_IS);
        }
        if let Err(denied) = self.may_see(namespace, headers).await {
            return refusal(&denied);
        }
        let style = Style { color: false, width: 100, now: None };
        let seen = self.seen.lock();
        match seen.board.report(namespace) {
            Some(diagnosis) => {
                let kind = if format == Format::Json { "application/json" } else { "text/html; charset=utf-8" };
                found(kind, report::render(diagnosis, format, &style))
            }
            None => said(StatusCode::NOT_FOUND, &format!("namespace {namespace} is not looked at")),
        }
    }

    async fn may_see(&self, namespace: &str, headers: &HeaderMap) -> Result<(), Denied> {
        if self.is_local {
            // A page of others may have the browser take this address for its own.
            let is_meant = headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_of_this_machine);
            let elsewhere = || Denied::Forbidden("ask for it as localhost".to_owned());
            return if is_meant { Ok(()) } else { Err(elsewhere()) };
        }
        let full = |_| Denied::Unknown("it ends".to_owned());
        let _turn = self.reviews.acquire().await.map_err(full)?;
        caller::may_read(&self.live, token(headers), namespace).await
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}

fn is_of_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

fn refusal(denied: &Denied) -> Response<Body> {
    match denied {
        Denied::Stranger(why) => {
            let mut answer = said(StatusCode::UNAUTHORIZED, why);
            answer.headers_mut().insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
            answer
        }
        Denied::Forbidden(why) => said(StatusCode::FORBIDDEN, why),
        Denied::Unknown(why) => said(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

fn found(kind: &'static str, text: String) -> Response<Body> {
    answer(StatusCode::OK, kind, text)
}

// In one line.
fn said(code: StatusCode, what: &str) -> Response<Body> {
    answer(code, TEXT, format!("{}\n", report::clean::line(what.trim_end())))
}

fn answer(code: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(text.into_bytes()));
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    headers.insert(X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    answer
}

/// Somebody who answers, until they are told to end.
pub struct Listening {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Listening {
    /// Answers what is under way, and no more.
    pub fn end(self) {
        let _ = self.end.send(());
        let _ = self.thread.join();
    }
}

/// Answers on a thread of its own: a long diagnosis is no reason to answer late.
///
/// # Errors
/// Where that can't be begun.
pub fn listen(listener: TcpListener, site: Site) -> Result<Listening, Error> {
    let cannot = |error: std::io::Error| Error::new(format!("cannot answer HTTP: {error}"));
    listener.set_nonblocking(true).map_err(cannot)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener).map_err(cannot)?
    };
    let (end, ended) = oneshot::channel();
    let serving = move || runtime.block_on(serve(listener, Arc::new(site), ended));
    let thread = thread::Builder::new().name("http".to_owned()).spawn(serving).map_err(cannot)?;
    Ok(Listening { end, thread })
}

async fn serve(listener: tokio::net::TcpListener, site: Arc<Site>, mut ended: oneshot::Receiver<()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let open = GracefulShutdown::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = &mut ended => break,
        };
        let Ok((stream, _)) = accepted else {
            // There may be too many open files just now.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let site = site.clone();
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let site = site.clone();
            async move { Ok::<_, Infallible>(site.answer(&request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST, open.shutdown()).await;
}

#[cfg(test)]
mod tests;
