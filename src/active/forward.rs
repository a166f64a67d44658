//! What answers inside a pod, by the API server's port-forward: it needs no image and leaves no trace.

use std::time::{Duration, Instant};

use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    answer::Answer,
    ask::{Ask, How},
    flags::Flags,
    plan::Visit,
    seen::{Check, Origin, Said, Step},
    spoken::Protocol,
};
use crate::{
    facts::object,
    source::live::{Live, act::refusal},
};

/// How long a connection that is refused may take to be told so.
const REFUSAL: Duration = Duration::from_secs(2);

/// Makes the checks of a visit that are connections over TCP.
///
/// # Errors
/// Where the API server does not forward.
pub async fn forward(live: &Live, visit: &Visit, flags: &Flags) -> Result<Vec<Check>, String> {
    let Some(pod) = &visit.pod else { return Err("there is no pod".to_owned()) };
    let name = object::name(&pod.metadata);
    let client = live.upgrading().map_err(|error| error.to_string())?;
    let api: Api<Pod> = Api::namespaced(client, &visit.namespace);
    // Which of the localhosts it is the kubelet chooses.
    let is_one = |ask: &&Ask| {
        ask.check.step == Step::Inside && ask.check.to.starts_with("127.") && ask.check.spoken.protocol != Protocol::Udp
    };
    let asked = visit.asks.iter().filter(is_one).map(|ask| async {
        let began = Instant::now();
        let answer = connect(&api, name, ask, flags).await?;
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut check = ask.check.clone();
        check.origin = Origin::Forward { pod: name.to_owned() };
        check.answers = vec![Said { milliseconds, answer }];
        Ok(check)
    });
    join_all(asked).await.into_iter().collect()
}

async fn connect(api: &Api<Pod>, pod: &str, ask: &Ask, flags: &Flags) -> Result<Answer, String> {
    let How::Connect { port, name, .. } = &ask.how else { return Err("it is no connection".to_owned()) };
    let mut forwarder = api.portforward(pod, &[*port]).await.map_err(|error| refusal(&error).words())?;
    let (Some(mut stream), Some(error)) = (forwarder.take_stream(*port), forwarder.take_error(*port)) else {
        return Err("the API server forwards nothing".to_owned());
    };
    if ask.check.spoken.protocol != Protocol::Http {
        return Ok(match tokio::time::timeout(REFUSAL, error).await {
            Ok(Some(words)) => refused(&words),
            Ok(None) | Err(_) => Answer::Connected,
        });
    }
    let host = if name.is_empty() { format!("localhost:{port}") } else { name.clone() };
    let headers: String = flags.header.iter().map(|header| format!("{header}\r\n")).collect();
    let path = &ask.check.spoken.path;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    let exchange = async {
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut start = Vec::new();
        while start.len() < 12 {
            let mut part = [0; 64];
            match stream.read(&mut part).await.ok()? {
                0 => break,
                count => start.extend_from_slice(&part[..count]),
            }
        }
        Some(start)
    };
    let limit = Duration::from_secs(flags.seconds());
    let Ok(said) = tokio::time::timeout(limit, exchange).await else { return Ok(Answer::Silent) };
    let said = said.unwrap_or_default();
    if !said.is_empty() {
        return Ok(status(&said));
    }
    Ok(match tokio::time::timeout(REFUSAL, error).await {
        Ok(Some(words)) => refused(&words),
        Ok(None) | Err(_) => Answer::Closed,
    })
}

// `HTTP/1.1 200 OK`.
fn status(start: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(start);
    let code = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|code| code.parse().ok());
    match code {
        Some(code) => Answer::Status { code, tls: false },
        None => Answer::NotHttp,
    }
}

fn refused(words: &str) -> Answer {
    if words.contains("refused") { Answer::Refused } else { Answer::Other { words: words.trim().to_owned() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_an_answer_tells_its_status() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n"), Answer::Status { code: 200, tls: false });
        assert_eq!(status(b"HTTP/1.0 503 "), Answer::Status { code: 503, tls: false });
        assert_eq!(status(b"SSH-2.0-OpenSSH_9.6"), Answer::NotHttp);
        assert_eq!(status(b"\x15\x03\x01\x00\x02\x02\x46"), Answer::NotHttp);
    }

    #[test]
    fn a_port_on_which_nothing_listens_is_told_by_the_kubelet() {
        let words = "an error occurred forwarding 8080 -> 8080: … connect: connection refused";
        assert_eq!(refused(words), Answer::Refused);
        assert!(matches!(refused("lost connection to pod"), Answer::Other { .. }));
    }
}
