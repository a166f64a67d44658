//! What a credential plugin gives lasts for minutes or hours: where the server no longer accepts it, the plugin is asked
//! again, and what was asked of the server as well.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use http::{Request, Response, StatusCode};
use kube::{
    Client, Config,
    client::{AuthError, Body},
    config::AuthInfo,
};
use tokio::sync::{Mutex, oneshot};
use tower::service_fn;

use super::credentials;
use crate::error::Error;

/// A 401 may be about something else, as where a kubelet gives it: then a plugin that was just asked has no better answer.
const AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// Makes a client for a server and a credential.
type Make = fn(Config) -> Result<Client, kube::Error>;

/// A user of the kubeconfig whose credential comes from a plugin.
#[derive(Clone)]
pub(super) struct Plugin {
    /// As in the kubeconfig, before the plugin was run.
    pub(super) user: AuthInfo,
    /// The user in words.
    pub(super) who: String,
}

/// A client that asks the plugin for another credential where the server does not accept the one it has.
pub(super) fn client(config: Config, plugin: Plugin, make: Make) -> Result<Client, kube::Error> {
    let namespace = config.default_namespace.clone();
    let credential = Credential { client: make(config.clone())?, number: 0, asked: None, failed: None };
    let renewing = Arc::new(Renewing { config, plugin, make, credential: Mutex::new(credential) });
    let send = move |request| {
        let renewing = Arc::clone(&renewing);
        async move { renewing.send(request).await }
    };
    Ok(Client::new(service_fn(send), namespace))
}

struct Renewing {
    config: Config,
    plugin: Plugin,
    make: Make,
    credential: Mutex<Credential>,
}

/// What the server is shown now.
struct Credential {
    client: Client,
    /// How many there were before it.
    number: usize,
    /// When the plugin was asked for another one, and why it gave none.
    asked: Option<Instant>,
    failed: Option<String>,
}

impl Renewing {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        let (head, body) = request.into_parts();
        let again = body.try_clone().map(|body| Request::from_parts(head.clone(), body));
        let (client, number) = {
            let credential = self.credential.lock().await;
            (credential.client.clone(), credential.number)
        };
        let answer = client.send(Request::from_parts(head, body)).await?;
        let Some(again) = again.filter(|_| answer.status() == StatusCode::UNAUTHORIZED) else { return Ok(answer) };
        match self.after(number).await? {
            Some(client) => client.send(again).await,
            None => Ok(answer),
        }
    }

    // Of all who were refused at once, one asks the plugin; and nothing comes back where it was just asked in vain.
    async fn after(&self, refused: usize) -> Result<Option<Client>, kube::Error> {
        let mut credential = self.credential.lock().await;
        if credential.number == refused {
            if credential.asked.is_some_and(|asked| asked.elapsed() < AT_MOST_EVERY) {
                return credential.failed.as_deref().map_or(Ok(None), |why| Err(failed(why)));
            }
            credential.asked = Some(Instant::now());
            let given = self.ask().await;
            credential.asked = Some(Instant::now());
            credential.failed = given.as_ref().err().map(ToString::to_string);
            let mut config = self.config.clone();
            config.auth_info = given.map_err(|error| failed(&error.to_string()))?;
            credential.client = (self.make)(config)?;
            credential.number += 1;
        }
        Ok(Some(credential.client.clone()))
    }

    // In a thread that nobody waits for at the end, as a plugin may hang.
    async fn ask(&self) -> Result<AuthInfo, Error> {
        let Plugin { mut user, who } = self.plugin.clone();
        let (sender, receiver) = oneshot::channel();
        thread::spawn(move || {
            let given = credentials::settle(&mut user, &who).map(|_| user);
            // Who asked may have given up.
            let _ = sender.send(given);
        });
        receiver.await.unwrap_or_else(|_| Err(Error::new("the credential plugin broke off")))
    }
}

fn failed(why: &str) -> kube::Error {
    kube::Error::Auth(AuthError::AuthExec(why.to_owned()))
}
