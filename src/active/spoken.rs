//! Which protocol a port is thought to speak, and what says so.

use k8s_openapi::api::core::v1::{ContainerPort, Pod, Probe, ServicePort};
use serde::{Deserialize, Serialize};

use crate::facts::ports;

/// What a guess is told by.
const NUMBER: &str = "port number";

/// What is spoken over a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP in the clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// gRPC, in the clear or over TLS.
    Grpc,
    /// Anything over TCP.
    #[default]
    Tcp,
    /// Anything over UDP.
    Udp,
}

/// What is thought to be spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spoken {
    /// The protocol.
    pub protocol: Protocol,
    /// What says so: `port name http`; empty where it is only likely.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub told_by: String,
    /// The path that is asked for, or the gRPC service whose health is; empty where none is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether that path is the program's own to answer well: a probe asks for it, or the user does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub path_is_known: bool,
}

impl Spoken {
    /// `TCP` or `UDP`.
    pub fn transport(&self) -> &'static str {
        if self.protocol == Protocol::Udp { "UDP" } else { "TCP" }
    }

    /// Whether a name, a probe or the like says what is spoken; a number alone makes it likely.
    pub fn is_sure(&self) -> bool {
        !self.told_by.is_empty() && !self.told_by.starts_with(NUMBER)
    }

    /// Whether it is HTTP, in the clear or over TLS.
    pub fn is_http(&self) -> bool {
        matches!(self.protocol, Protocol::Http | Protocol::Https)
    }

    /// As people write it.
    pub fn name(&self) -> &'static str {
        match self.protocol {
            Protocol::Http => "HTTP",
            Protocol::Https => "HTTPS",
            Protocol::Grpc => "gRPC",
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }
}

/// What a Service's port is thought to speak at a pod.
pub fn of(port: Option<&ServicePort>, pod: Option<&Pod>, target: u16) -> Spoken {
    let declared = pod.and_then(|pod| declared(pod, target));
    let is_udp = port.and_then(|port| port.protocol.as_deref()).or(declared.and_then(|port| port.protocol.as_deref()));
    if is_udp == Some("UDP") {
        return Spoken { protocol: Protocol::Udp, told_by: "its protocol UDP".to_owned(), ..Spoken::default() };
    }
    let probed = pod.and_then(|pod| probed(pod, target));
    let mut spoken = told(port, declared, probed.as_ref(), target);
    if spoken.is_http() {
        spoken.path = "/".to_owned();
    }
    if let Some((_, path)) =
        probed.filter(|(protocol, _)| (*protocol == Protocol::Grpc) == (spoken.protocol == Protocol::Grpc))
    {
        spoken.path = path;
        spoken.path_is_known = true;
    }
    spoken
}

fn told(
    port: Option<&ServicePort>,
    declared: Option<&ContainerPort>,
    probed: Option<&(Protocol, String)>,
    target: u16,
) -> Spoken {
    let told = |protocol, by: String| Spoken { protocol, told_by: by, ..Spoken::default() };
    if let Some((protocol, by)) = port
        .and_then(|port| port.app_protocol.as_deref())
        .and_then(|word| Some((named(word.rsplit('/').next()?)?, format!("appProtocol {word}"))))
    {
        return told(protocol, by);
    }
    // The probe is what the program answers to.
    if let Some((protocol, _)) = probed {
        return told(*protocol, "its probe".to_owned());
    }
    let names = [port.and_then(|port| port.name.as_deref()), declared.and_then(|port| port.name.as_deref())];
    for name in names.into_iter().flatten() {
        if let Some(protocol) = named(name.split('-').next().unwrap_or(name)) {
            return told(protocol, format!("the port's name {name}"));
        }
    }
    let number = port.and_then(|port| u16::try_from(port.port).ok()).unwrap_or(target);
    match (number, target) {
        (80, _) => told(Protocol::Http, format!("{NUMBER} 80")),
        (443, _) => told(Protocol::Https, format!("{NUMBER} 443")),
        // What is told by nothing else may be TLS all the same, and is then asked for that.
        (8443, _) | (_, 443 | 8443) => told(Protocol::Http, String::new()),
        (8080 | 8000 | 8081 | 3000 | 5000 | 9090, _) | (_, 80 | 8080 | 8000 | 8081 | 3000) => {
            told(Protocol::Http, String::new())
        }
        _ => told(Protocol::Tcp, String::new()),
    }
}

// https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol and what Istio reads of names.
fn named(word: &str) -> Option<Protocol> {
    match word.to_lowercase().as_str() {
        "http" | "web" | "metrics" | "ws" => Some(Protocol::Http),
        "https" | "wss" => Some(Protocol::Https),
        "grpc" => Some(Protocol::Grpc),
        "h2c" | "http2" | "tcp" | "tls" | "mysql" | "mongo" | "mongodb" | "postgres" | "postgresql" | "redis"
        | "amqp" | "kafka" | "smtp" | "imap" | "ldap" | "ldaps" | "ssh" | "dns" => Some(Protocol::Tcp),
        _ => None,
    }
}

fn declared(pod: &Pod, target: u16) -> Option<&ContainerPort> {
    ports::declared(pod).find(|port| port.container_port == i32::from(target))
}

// What a probe over HTTP or gRPC asks a port for.
fn probed(pod: &Pod, target: u16) -> Option<(Protocol, String)> {
    let mut of_port = ports::probes(pod).filter(|(container, probe)| ports::asked(container, probe) == Some(target));
    of_port.find_map(|(_, probe)| asked_for(probe))
}

fn asked_for(probe: &Probe) -> Option<(Protocol, String)> {
    if let Some(grpc) = &probe.grpc {
        return Some((Protocol::Grpc, grpc.service.clone().unwrap_or_default()));
    }
    let http = probe.http_get.as_ref()?;
    let protocol = if http.scheme.as_deref() == Some("HTTPS") { Protocol::Https } else { Protocol::Http };
    let path = http.path.as_deref().filter(|path| path.starts_with('/')).unwrap_or("/");
    Some((protocol, escaped(path)))
}

// What can't stand in the first line of a request, as the kubelet sends it.
fn escaped(path: &str) -> String {
    let escape = |sign: char| match sign {
        '!'..='~' => sign.to_string(),
        other => other.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
    };
    path.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(port: serde_json::Value, probe: serde_json::Value) -> Pod {
        let container = json!({"name": "web", "image": "web", "ports": [port], "readinessProbe": probe});
        serde_json::from_value(json!({"spec": {"containers": [container]}})).unwrap()
    }

    fn service_port(port: serde_json::Value) -> ServicePort {
        serde_json::from_value(port).unwrap()
    }

    #[test]
    fn what_a_port_speaks_is_told_by_the_surest_that_there_is() {
        let pod = pod(json!({"name": "http-api", "containerPort": 8080}), json!({"tcpSocket": {"port": 8080}}));
        let told = |port: serde_json::Value| {
            let spoken = of(Some(&service_port(port)), Some(&pod), 8080);
            (spoken.protocol, spoken.told_by.clone(), spoken.is_sure())
        };
        let by_app = json!({"port": 443, "name": "http", "appProtocol": "kubernetes.io/wss"});
        assert_eq!(told(by_app), (Protocol::Https, "appProtocol kubernetes.io/wss".to_owned(), true));
        assert_eq!(told(json!({"port": 443, "name": "grpc"})).0, Protocol::Grpc);
        let by_container = (Protocol::Http, "the port's name http-api".to_owned(), true);
        assert_eq!(told(json!({"port": 443})), by_container);
        assert_eq!(told(json!({"port": 53, "protocol": "UDP"})).0, Protocol::Udp);
    }

    #[test]
    fn a_number_alone_makes_it_likely() {
        let port = service_port(json!({"port": 80}));
        assert_eq!(of(Some(&port), None, 9999).protocol, Protocol::Http);
        assert!(!of(Some(&port), None, 9999).is_sure());
    }

    #[test]
    fn the_path_is_that_of_the_pods_own_probe_as_a_request_can_carry_it() {
        let declared = json!({"containerPort": 8080});
        let by_http = pod(declared.clone(), json!({"httpGet": {"port": 8080, "path": "/a b\r\nHost: é"}}));
        let spoken = of(None, Some(&by_http), 8080);
        assert_eq!((spoken.path.as_str(), spoken.path_is_known), ("/a%20b%0D%0AHost:%20%C3%A9", true));
        let by_grpc = pod(declared, json!({"grpc": {"port": 8080, "service": "shop.Cart"}}));
        let spoken = of(None, Some(&by_grpc), 8080);
        assert_eq!((spoken.protocol, spoken.path.as_str()), (Protocol::Grpc, "shop.Cart"));
    }
}
