//! `serve`: looks at what changes, and tells over HTTP, until it is told to end.

use std::{net::TcpListener, process::ExitCode, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{look, rules, terminal::tell_on_stderr};
use crate::{
    cli::Cli,
    error::Error,
    lookout::{Health, Lookout},
    report::clean,
    serve::{self, Flags, Lease, Shared, Site, Teller},
    signal,
};

/// After the server could not be asked.
const PAUSE: Duration = Duration::from_secs(2);

/// So long others may be kept waiting for the lease.
const LAST: Duration = Duration::from_secs(3);

/// So often is looked at how the watches fare.
const TICK: Duration = Duration::from_secs(1);

pub(super) fn serve(cli: &Cli, flags: &Flags) -> Result<ExitCode, Error> {
    look::whole_namespaces(cli, "serve")?;
    let rules = rules(cli)?;
    let listener = TcpListener::bind(flags.listen).map_err(|error| {
        Error::new(format!("cannot listen on {}: {error}; name another address with --listen", flags.listen))
    })?;
    let address = listener.local_addr().unwrap_or(flags.listen);
    look::runtime()?.block_on(async {
        let live = Arc::new(cli.connection.connect().await?);
        let seen = Arc::new(Shared::default());
        let http = serve::listen(listener, Site::new(live.clone(), seen.clone(), address))?;
        let namespace = look::scope(cli, &live);
        let scope = look::scope_text(namespace.as_deref());
        log(&format!("looks at {scope} of {}; answers on http://{address}", live.server()));
        let me = identity();
        let teller = Teller { live: &live, seen: &seen, scope: namespace.clone(), me: &me };
        let mut lease = Lease::of(&live, &live.namespace, &me);
        let lookout = Lookout::new(&live, &rules, namespace);
        let health = lookout.health();
        tokio::select! {
            () = look_out(lookout, &seen) => {}
            () = tell_of_trouble(&health, &seen) => {}
            () = teller.tell(&mut lease, log), if flags.events => {}
            () = signal::ended() => log("ends"),
        }
        let _ = tokio::time::timeout(LAST, lease.release()).await;
        http.end();
        Ok(ExitCode::SUCCESS)
    })
}

async fn look_out(mut lookout: Lookout<'_>, seen: &Shared) {
    let mut failure = None;
    loop {
        let sight = lookout.step().await;
        seen.lock().tried();
        match sight {
            Ok(sight) => {
                seen.lock().take(sight, Timestamp::now());
                failure = None;
            }
            Err(error) => {
                let words = error.to_string();
                if failure.as_ref() != Some(&words) {
                    log(&format!("cannot look: {words}"));
                }
                failure = Some(words);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn tell_of_trouble(health: &Health, seen: &Shared) {
    loop {
        let now = health.trouble();
        let before = std::mem::replace(&mut seen.lock().trouble, now.clone());
        match (before, now) {
            (None, Some(why)) => log(&format!("the server does not tell of changes: {why}")),
            (Some(_), None) => log("the server tells of changes again"),
            _ => {}
        }
        tokio::time::sleep(TICK).await;
    }
}

// The pod's name, and no other process's.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "unknown".to_owned());
    format!("{host}_{}_{}", std::process::id(), Timestamp::now().as_millisecond())
}

fn log(what: &str) {
    tell_on_stderr(&format!("{} {}", Timestamp::now().strftime("%FT%TZ"), clean::line(what)));
}
