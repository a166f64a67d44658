//! What active checks saw.

use serde::{Deserialize, Serialize};

use super::{answer::Answer, spoken::Spoken};

/// All that was checked for one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checks {
    /// From where pods and Services were asked; nothing where they were not.
    pub client: Option<Origin>,
    /// The checks, in the order of their steps.
    pub made: Vec<Check>,
    /// What could not be checked, and why.
    pub not_made: Vec<NotMade>,
}

/// A part that could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotMade {
    /// `what answers inside Pod/web`.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What may stay unseen by that, in words that fit before "would not be seen".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hides: String,
}

impl NotMade {
    /// With what it hides.
    pub fn new(what: impl Into<String>, why: impl Into<String>, hides: &str) -> Self {
        Self { what: what.into(), why: why.into(), hides: hides.to_owned() }
    }
}

/// Where the fault is, where this is the first to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Which sockets there are in the pod's network namespace.
    Listening,
    /// A connection to localhost, from inside the pod.
    Inside,
    /// A connection to the pod's address.
    Pod,
    /// The Service's name.
    Dns,
    /// A connection to the Service.
    Service,
    /// A connection by a node's port, or by an Ingress.
    Outside,
}

impl Step {
    /// As the document says it.
    pub fn word(self) -> &'static str {
        match self {
            Step::Listening => "listening",
            Step::Inside => "inside",
            Step::Pod => "pod",
            Step::Dns => "dns",
            Step::Service => "service",
            Step::Outside => "outside",
        }
    }
}

/// Where a check was made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "camelCase")]
pub enum Origin {
    /// Inside the pod itself, by an ephemeral container.
    Inside {
        /// The pod.
        pod: String,
    },
    /// The API server's port-forward into the pod, which is a connection from its localhost.
    Forward {
        /// The pod.
        pod: String,
    },
    /// A pod of the checks' own, in the namespace of what is asked about.
    Own,
    /// Inside a pod of the client that was named.
    Client {
        /// `Deployment`.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Which of its pods.
        pod: String,
    },
}

/// One check, made once or several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Which step it is of.
    pub step: Step,
    /// Where it was made from.
    pub origin: Origin,
    /// What it was made to: `10.244.0.7:8080`, `web.shop.svc.cluster.local`.
    pub to: String,
    /// The namespace of what it was made to.
    pub namespace: String,
    /// The pod that it is about; empty where it is not about one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// The Service that it is about; empty where it is not about one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// The Service's port; 0 where it is not about one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub port: u16,
    /// The port that the pods are asked on; 0 where it is not about one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub target: u16,
    /// The name server that was asked; empty where it is the pod's own, or none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// What is thought to be spoken there.
    pub spoken: Spoken,
    /// What came back, each time.
    pub answers: Vec<Said>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(port: &u16) -> bool {
    *port == 0
}

/// What came back once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// After so many milliseconds.
    pub milliseconds: u64,
    /// What.
    #[serde(flatten)]
    pub answer: Answer,
}

impl Check {
    /// Whether this is as it should be: what is known to speak HTTP answers so, without a server error.
    pub fn is_ok(&self, said: &Said) -> bool {
        use super::spoken::Protocol;
        match &said.answer {
            Answer::Status { code, tls } => {
                // A number alone tells little.
                let right_protocol = match self.spoken.protocol {
                    Protocol::Http if !self.spoken.told_by.is_empty() => !tls,
                    // Its TLS may end before it, at a load balancer.
                    Protocol::Https if self.spoken.is_sure() => *tls,
                    _ => true,
                };
                *code < 500 && right_protocol
            }
            // It may be gRPC.
            Answer::NotHttp if !self.spoken.is_sure() => true,
            Answer::Silent | Answer::Closed | Answer::NotHttp => {
                !matches!(self.spoken.protocol, Protocol::Http | Protocol::Https | Protocol::Grpc)
            }
            // What its own probes don't ask for it need not serve.
            Answer::Health { health } => match health.as_str() {
                "NOT_SERVING" => false,
                "UNKNOWN" | "SERVICE_UNKNOWN" | "NOT_FOUND" | "UNIMPLEMENTED" => !self.spoken.path_is_known,
                _ => true,
            },
            Answer::NotGrpc => self.spoken.protocol != Protocol::Grpc,
            Answer::NotTls => self.spoken.protocol != Protocol::Https,
            Answer::Connected
            | Answer::WantsCertificate
            | Answer::Addresses { .. }
            | Answer::Sockets { .. }
            | Answer::Resolver { .. }
            | Answer::Datagram
            | Answer::NoWord => true,
            Answer::Refused
            | Answer::TimedOut
            | Answer::Unknown
            | Answer::NoNameServer
            | Answer::Other { .. }
            | Answer::NotMade { .. } => false,
        }
    }

    /// Whether every answer is as it should be.
    pub fn all_ok(&self) -> bool {
        self.answers.iter().all(|said| self.is_ok(said))
    }

    /// Whether any answer is as it should be.
    pub fn any_ok(&self) -> bool {
        self.answers.iter().any(|said| self.is_ok(said))
    }

    /// Whether every one of its answers is known and a failure.
    pub fn all_failed(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(|said| !said.answer.is_unknown() && !self.is_ok(said))
    }

    /// The answers in words, those that are the same counted: `HTTP 200 (5 of 6), connection refused (1 of 6)`.
    pub fn words(&self) -> String {
        let mut counted: Vec<(String, usize)> = Vec::new();
        for said in &self.answers {
            let words = said.answer.words();
            match counted.iter_mut().find(|(known, _)| *known == words) {
                Some((_, count)) => *count += 1,
                None => counted.push((words, 1)),
            }
        }
        let of = self.answers.len();
        let word = |(words, count): &(String, usize)| match of {
            1 => words.clone(),
            _ if *count == of => format!("{words} ({of} times)"),
            _ => format!("{words} ({count} of {of} times)"),
        };
        counted.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// The longest that an answer took.
    pub fn milliseconds(&self) -> u64 {
        self.answers.iter().map(|said| said.milliseconds).max().unwrap_or(0)
    }
}
