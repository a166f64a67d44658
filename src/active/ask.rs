//! One check to be made, and the words by which the script knows it.

use super::{
    seen::{Check, Origin, Step},
    spoken::{Protocol, Spoken},
};

/// How much is asked.
pub struct Limits;

impl Limits {
    /// Connections that one container makes.
    pub const CHECKS: usize = 96;
    /// Of them at once: its memory is small.
    pub const WORKERS: usize = 16;
    /// Pods of one Service that are asked for themselves.
    pub const PODS: usize = 10;
    /// Ports of one Service.
    pub const PORTS: usize = 8;
    /// Times that a Service's address is asked, at most.
    pub const TIMES: u8 = 8;
}

/// A check to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The check, without its answers.
    pub check: Check,
    /// How it is made.
    pub how: How,
    /// How often.
    pub times: u8,
}

/// How a check is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Reads the sockets that there are.
    Sockets,
    /// Reads how names are resolved.
    Resolver,
    /// A connection, as it is spoken.
    Connect {
        /// An address or a name.
        host: String,
        /// The port.
        port: u16,
        /// The name that HTTP is asked for; empty for the host.
        name: String,
    },
    /// A name's addresses.
    Name {
        /// The name.
        name: String,
        /// The name server; empty for the pod's own.
        server: String,
    },
    /// The addresses of a Service's full name: its short one, and `.svc.` and the cluster's domain, which the pod knows.
    FullName {
        /// `web.shop`.
        name: String,
        /// The name server; empty for the pod's own.
        server: String,
    },
}

impl Ask {
    /// A check of a step, of which nothing more is known yet.
    pub fn new(step: Step, origin: &Origin, namespace: &str, to: String, how: How) -> Self {
        let check = Check {
            step,
            origin: origin.clone(),
            to,
            namespace: namespace.to_owned(),
            pod: String::new(),
            service: String::new(),
            port: 0,
            target: 0,
            server: String::new(),
            spoken: Spoken::default(),
            answers: Vec::new(),
        };
        Self { check, how, times: 1 }
    }

    /// A connection to a host and port.
    pub fn connect(step: Step, origin: &Origin, namespace: &str, host: &str, port: u16, spoken: &Spoken) -> Self {
        let shown = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let how = How::Connect { host: host.to_owned(), port, name: String::new() };
        let mut ask = Self::new(step, origin, namespace, shown, how);
        ask.check.spoken = spoken.clone();
        ask.check.target = port;
        ask
    }

    /// About a pod.
    pub fn pod(mut self, name: &str) -> Self {
        name.clone_into(&mut self.check.pod);
        self
    }

    /// About a port of a Service.
    pub fn service(mut self, name: &str, port: u16, target: u16) -> Self {
        name.clone_into(&mut self.check.service);
        self.check.port = port;
        self.check.target = target;
        self
    }

    /// Several times.
    pub fn times(mut self, times: u8) -> Self {
        self.times = times;
        self
    }

    /// The seven words of a check in the script: ID KIND ADDRESS PORT PATH NAME TIMES.
    pub fn words(&self, id: usize) -> [String; 7] {
        let (kind, address, port, path, name) = match &self.how {
            How::Sockets => ("sockets", "", 0, "", ""),
            How::Resolver => ("resolver", "", 0, "", ""),
            How::Name { name, server } => ("dns", server.as_str(), 0, "", name.as_str()),
            How::FullName { name, server } => ("fullname", server.as_str(), 0, "", name.as_str()),
            How::Connect { host, port, name } => {
                let kind = match self.check.spoken.protocol {
                    Protocol::Http => "http",
                    Protocol::Https => "https",
                    Protocol::Grpc => "grpc",
                    Protocol::Tcp => "tcp",
                    Protocol::Udp => "udp",
                };
                (kind, host.as_str(), *port, self.check.spoken.path.as_str(), name.as_str())
            }
        };
        // In a URL an IPv6 address stands in brackets; the server of a name does not.
        let is_url = matches!(self.how, How::Connect { .. }) && self.check.spoken.protocol != Protocol::Udp;
        let address = if is_url && address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let word = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        [id.to_string(), word(kind), word(&address), port.to_string(), word(path), word(name), self.times.to_string()]
    }
}
