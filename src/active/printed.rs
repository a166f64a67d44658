//! What the script prints, read.

use super::{answer::Answer, ask::Ask, seen::Said, socket::Socket};

const MARK: &str = "@doctor";

/// A line of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An answer to a check.
    Said {
        /// Which check.
        id: usize,
        /// Which time, from 1.
        attempt: usize,
        /// What came back.
        said: Said,
    },
    /// All checks are made.
    End,
}

/// Reads a line; other words of the container's are none.
pub fn read(line: &str, asks: &[Ask]) -> Option<Line> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields.as_slice() {
        [MARK, "end"] => Some(Line::End),
        [MARK, id, attempt, milliseconds, kind, result, code, connected, remote, text] => {
            let id = id.parse().ok()?;
            asks.get(id)?;
            let told = Told { kind, result: result.parse().ok()?, code, connected: *connected == "1", remote, text };
            let said = Said { milliseconds: milliseconds.parse().ok()?, answer: told.answer() };
            Some(Line::Said { id, attempt: attempt.parse().ok()?, said })
        }
        _ => None,
    }
}

/// Takes an answer among those of its attempt: of two, in the clear and over TLS, the one that says something tells
/// more.
pub fn merge(known: Option<Said>, new: Said) -> Said {
    match known {
        None => new,
        Some(known) => match (&known.answer, &new.answer) {
            (Answer::WantsCertificate, _) => known,
            (_, Answer::Status { .. } | Answer::Health { .. } | Answer::WantsCertificate) => new,
            _ => known,
        },
    }
}

struct Told<'a> {
    kind: &'a str,
    result: i32,
    code: &'a str,
    connected: bool,
    remote: &'a str,
    text: &'a str,
}

impl Told<'_> {
    fn answer(&self) -> Answer {
        if self.result == 127 {
            return Answer::NotMade { why: self.text.to_owned() };
        }
        match self.kind {
            "sockets" => Answer::Sockets { sockets: sockets(self.text) },
            "resolver" => resolver(self.text),
            "dns" => addresses(self.text),
            "udp" => datagram(self.text),
            "tcp" if self.connected => Answer::Connected,
            _ if self.wants_certificate() => Answer::WantsCertificate,
            "grpc" | "grpcs" if self.connected && self.result != 28 => health(self.text),
            kind => self.connection(kind),
        }
    }

    // OpenSSL's words for the alerts 116, 42 and 41: https://www.rfc-editor.org/rfc/rfc8446#section-6.2
    fn wants_certificate(&self) -> bool {
        let text = self.text.to_lowercase();
        ["certificate required", "alert bad certificate", "alert no certificate"]
            .iter()
            .any(|words| text.contains(words))
    }

    // curl's exit codes: https://curl.se/libcurl/c/libcurl-errors.html
    fn connection(&self, kind: &str) -> Answer {
        match self.result {
            0 => match self.code.parse() {
                Ok(code) if code > 0 => Answer::Status { code, tls: kind == "https" },
                _ => Answer::NotHttp,
            },
            6 => Answer::Unknown,
            7 if self.text.to_lowercase().contains("timed out") => Answer::TimedOut,
            7 => Answer::Refused,
            28 if self.connected => Answer::Silent,
            28 if self.text.to_lowercase().contains("resolving timed out") => Answer::NoNameServer,
            28 => Answer::TimedOut,
            52 | 55 | 56 => Answer::Closed,
            1 | 8 => Answer::NotHttp,
            35 => Answer::NotTls,
            result => Answer::Other {
                words: format!("{kind}, exit {result}: {} {}", self.text, self.remote).trim().to_owned(),
            },
        }
    }
}

// The message, its bytes as digits, and gRPC's status: `0000281 =0`. A HealthCheckResponse is its field 1 alone, which
// is left out where it is 0; the codes of a status: https://grpc.io/docs/guides/status-codes/
fn health(text: &str) -> Answer {
    let mut words = text.split_whitespace();
    let message = words.next().unwrap_or_default();
    let status = words.next().and_then(|word| word.strip_prefix('=')).unwrap_or_default();
    let health = match (message, status) {
        ("0000281", _) => "SERVING",
        ("0000282", _) => "NOT_SERVING",
        ("0000283", _) => "SERVICE_UNKNOWN",
        ("00000", _) => "UNKNOWN",
        (_, "5") => "NOT_FOUND",
        (_, "7") => "PERMISSION_DENIED",
        (_, "12") => "UNIMPLEMENTED",
        (_, "16") => "UNAUTHENTICATED",
        (_, "") => return Answer::NotGrpc,
        (_, code) => return Answer::Health { health: format!("status {code}") },
    };
    Answer::Health { health: health.to_owned() }
}

fn sockets(text: &str) -> Vec<Socket> {
    let mut sockets: Vec<_> = text.split_whitespace().filter_map(Socket::from_proc).collect();
    sockets.sort();
    sockets.dedup();
    sockets
}

fn resolver(text: &str) -> Answer {
    let (mut servers, mut search) = (Vec::new(), Vec::new());
    for line in text.split(';') {
        let mut words = line.split_whitespace().map(str::to_owned);
        match words.next().as_deref() {
            Some("nameserver") => servers.extend(words.next()),
            Some("search") => search = words.collect(),
            _ => {}
        }
    }
    Answer::Resolver { servers, search }
}

// What nslookup says: the server first, then names and their addresses, and of what there is none, why.
fn addresses(text: &str) -> Answer {
    let answered = text.split_once("Name:").map(|(_, answers)| answers).unwrap_or_default();
    let words: Vec<&str> = answered.split_whitespace().collect();
    let mut addresses: Vec<String> = Vec::new();
    for pair in words.windows(2).filter(|pair| pair[0].starts_with("Address")) {
        // busybox numbers them: `Address 1: 10.96.0.1 name`.
        let address = pair[1].trim_end_matches(':');
        let address = address.split(['#']).next().unwrap_or(address);
        if address.parse::<std::net::IpAddr>().is_ok() && !addresses.iter().any(|known| known == address) {
            addresses.push(address.to_owned());
        }
    }
    if !addresses.is_empty() {
        addresses.sort();
        return Answer::Addresses { addresses };
    }
    let lower = text.to_lowercase();
    if lower.contains("nxdomain") || lower.contains("no answer") {
        return Answer::Unknown;
    }
    let silent = ["timed out", "no servers could be reached", "terminated", "connection refused"];
    if text.trim().is_empty() || silent.iter().any(|words| lower.contains(words)) {
        return Answer::NoNameServer;
    }
    Answer::Other { words: text.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn datagram(text: &str) -> Answer {
    let lower = text.to_lowercase();
    if lower.contains("connection refused") {
        return Answer::Refused;
    }
    let answered = ["nxdomain", "address", "servfail", "refused", "no answer", "can't find"];
    // Its own first lines name the server.
    let body = lower.split_once("\n").map_or(lower.as_str(), |(_, rest)| rest);
    let silent = ["timed out", "no servers could be reached", "terminated"].iter().any(|words| body.contains(words));
    if !silent && answered.iter().any(|words| body.contains(words)) { Answer::Datagram } else { Answer::NoWord }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::active::{
        ask::How,
        seen::{Origin, Step},
    };

    fn asks() -> Vec<Ask> {
        vec![Ask::new(Step::Pod, &Origin::Own, "shop", String::new(), How::Sockets)]
    }

    fn answer(fields: &str) -> Option<Answer> {
        match read(&format!("@doctor\t0\t1\t20\t{fields}"), &asks())? {
            Line::Said { said, .. } => Some(said.answer),
            Line::End => None,
        }
    }

    #[test]
    fn curls_exit_codes_tell_where_a_connection_failed() {
        assert_eq!(answer("http\t0\t200\t1\t10.0.0.1\t"), Some(Answer::Status { code: 200, tls: false }));
        assert_eq!(answer("https\t0\t200\t1\t10.0.0.1\t"), Some(Answer::Status { code: 200, tls: true }));
        assert_eq!(answer("http\t7\t000\t0\t\tCouldn't connect to server"), Some(Answer::Refused));
        assert_eq!(answer("http\t28\t000\t0\t\tConnection timed out"), Some(Answer::TimedOut));
        assert_eq!(answer("http\t28\t000\t1\t10.0.0.1\tOperation timed out"), Some(Answer::Silent));
        assert_eq!(answer("http\t28\t000\t0\t\tResolving timed out"), Some(Answer::NoNameServer));
        assert_eq!(answer("http\t52\t000\t1\t10.0.0.1\tEmpty reply"), Some(Answer::Closed));
        assert_eq!(answer("http\t6\t000\t0\t\tCould not resolve host"), Some(Answer::Unknown));
        assert_eq!(answer("tcp\t28\t000\t1\t10.0.0.1\tTime-out"), Some(Answer::Connected));
        assert_eq!(answer("https\t35\t000\t1\t10.0.0.1\twrong version number"), Some(Answer::NotTls));
        assert_eq!(
            answer("https\t56\t000\t1\t10.0.0.1\tOpenSSL SSL_read: tlsv13 alert certificate required, errno 0"),
            Some(Answer::WantsCertificate)
        );
        assert!(matches!(answer("http\t127\t000\t0\t-\tneither"), Some(Answer::NotMade { .. })));
    }

    #[test]
    fn a_health_check_is_told_by_its_message_or_by_the_status_of_the_call() {
        let health = |fields: &str| match answer(fields)? {
            Answer::Health { health } => Some(health),
            _ => None,
        };
        assert_eq!(health("grpc\t0\t200\t1\t10.0.0.1\t0000281 =0 ").as_deref(), Some("SERVING"));
        assert_eq!(health("grpcs\t0\t200\t1\t10.0.0.1\t0000282 =0 ").as_deref(), Some("NOT_SERVING"));
        assert_eq!(health("grpc\t0\t200\t1\t10.0.0.1\t- =12 ").as_deref(), Some("UNIMPLEMENTED"));
        assert_eq!(health("grpc\t0\t200\t1\t10.0.0.1\t- =14 ").as_deref(), Some("status 14"));
        assert_eq!(answer("grpcs\t0\t200\t1\t10.0.0.1\tOK = "), Some(Answer::NotGrpc));
        assert_eq!(answer("grpc\t52\t000\t1\t10.0.0.1\t- = Empty reply"), Some(Answer::NotGrpc));
        assert_eq!(answer("grpc\t28\t000\t1\t10.0.0.1\t- = Operation timed out"), Some(Answer::Silent));
        assert_eq!(answer("grpc\t7\t000\t0\t\t- = Couldn't connect"), Some(Answer::Refused));
    }

    #[test]
    fn nslookup_names_the_addresses_behind_its_server() {
        let said = "Server:  10.96.0.10 Address: 10.96.0.10:53  Name: web.shop.svc.cluster.local Address: 10.96.166.190  ** server can't find web.svc.cluster.local: NXDOMAIN";
        assert_eq!(addresses(said), Answer::Addresses { addresses: vec!["10.96.166.190".to_owned()] });
        assert_eq!(
            addresses("Server: 10.96.0.10 Address: 10.96.0.10:53 ** server can't find x: NXDOMAIN"),
            Answer::Unknown
        );
        assert_eq!(addresses(";; connection timed out; no servers could be reached"), Answer::NoNameServer);
        assert_eq!(addresses("Terminated"), Answer::NoNameServer);
        assert_eq!(addresses(""), Answer::NoNameServer);
    }

    #[test]
    fn a_closed_port_is_told_over_udp_and_silence_tells_nothing() {
        assert_eq!(datagram("nslookup: write to '10.244.0.127': Connection refused"), Answer::Refused);
        assert_eq!(datagram(";; connection timed out; no servers could be reached"), Answer::NoWord);
        assert_eq!(
            datagram("Server: 10.0.0.1 Address: 10.0.0.1:53 ** server can't find kubernetes.default: NXDOMAIN"),
            Answer::Datagram
        );
    }

    #[test]
    fn other_words_and_checks_that_nobody_asked_for_are_none() {
        for line in ["", "hello", "@doctor\t9\t1\t20\thttp\t0\t200\t1\t-\t", "@doctor\t0\t1\tx\thttp\t0\t200\t1\t-\t"] {
            assert_eq!(read(line, &asks()), None, "{line}");
        }
        assert_eq!(read("@doctor\tend", &asks()), Some(Line::End));
    }
}
