//! What came back for a check.

use serde::{Deserialize, Serialize};

use super::socket::Socket;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub enum Answer {
    /// An HTTP status.
    Status {
        /// `200`.
        code: u16,
        /// Over TLS.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        tls: bool,
    },
    /// A connection, of which no more was asked.
    Connected,
    /// Nothing listens there.
    Refused,
    /// No connection came about in time.
    TimedOut,
    /// There is a connection, and nothing came over it in time.
    Silent,
    /// The connection was closed without an answer.
    Closed,
    /// What came back is not HTTP.
    NotHttp,
    /// What came back is not TLS.
    NotTls,
    /// What came back, if anything, is not gRPC.
    NotGrpc,
    /// It speaks TLS, and wants a certificate of who asks.
    WantsCertificate,
    /// gRPC's health check was answered
    /// (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).
    Health {
        /// `SERVING`, `NOT_SERVING`, `UNKNOWN`; where there is no such check, gRPC's own status, `UNIMPLEMENTED`.
        health: String,
    },
    /// The name is not known.
    Unknown,
    /// No name server answered.
    NoNameServer,
    /// The name's addresses.
    Addresses {
        /// In the order in which they came.
        addresses: Vec<String>,
    },
    /// The sockets that listen.
    Sockets {
        /// All of them.
        sockets: Vec<Socket>,
    },
    /// How names are resolved there.
    Resolver {
        /// The name servers.
        servers: Vec<String>,
        /// The domains that a short name is tried in.
        search: Vec<String>,
    },
    /// A datagram was sent, and nothing came back: most servers leave what they don't understand without an answer.
    NoWord,
    /// A datagram came back.
    Datagram,
    /// Anything else, in the words of the tool.
    Other {
        /// Its words.
        words: String,
    },
    /// It was not made.
    NotMade {
        /// Why not.
        why: String,
    },
}

impl Answer {
    /// Whether there was a connection.
    pub fn is_connected(&self) -> bool {
        matches!(
            self,
            Answer::Status { .. }
                | Answer::Connected
                | Answer::Silent
                | Answer::Closed
                | Answer::NotHttp
                | Answer::NotTls
                | Answer::NotGrpc
                | Answer::WantsCertificate
                | Answer::Health { .. }
                | Answer::Datagram
        )
    }

    /// Whether it is not known what it would have been.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Answer::NotMade { .. } | Answer::Other { .. })
    }

    /// In words: `answers 200`, `refused`.
    pub fn words(&self) -> String {
        match self {
            Answer::Status { code, tls: false } => format!("HTTP {code}"),
            Answer::Status { code, tls: true } => format!("HTTPS {code}"),
            Answer::Connected => "connects".to_owned(),
            Answer::Refused => "connection refused".to_owned(),
            Answer::TimedOut => "no connection in time".to_owned(),
            Answer::Silent => "connects, and no answer in time".to_owned(),
            Answer::Closed => "connects, and is closed without an answer".to_owned(),
            Answer::NotHttp => "an answer that is not HTTP".to_owned(),
            Answer::NotTls => "no TLS".to_owned(),
            Answer::NotGrpc => "connects, and no answer in gRPC".to_owned(),
            Answer::WantsCertificate => "TLS that wants a client certificate".to_owned(),
            Answer::Health { health } => format!("gRPC health {health}"),
            Answer::Unknown => "no such name".to_owned(),
            Answer::NoNameServer => "no name server answers".to_owned(),
            Answer::Addresses { addresses } => addresses.join(", "),
            Answer::Sockets { sockets } if sockets.is_empty() => "nothing listens".to_owned(),
            Answer::Sockets { sockets } => sockets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Answer::Resolver { servers, .. } => format!("asks {}", servers.join(", ")),
            Answer::NoWord => "no answer, which means nothing over UDP".to_owned(),
            Answer::Datagram => "an answer".to_owned(),
            Answer::Other { words } => words.clone(),
            Answer::NotMade { why } => format!("not checked: {why}"),
        }
    }
}
