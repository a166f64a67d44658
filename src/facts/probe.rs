//! Liveness, readiness and startup probes: what they ask, and what came back.

use k8s_openapi::{
    api::core::v1::{Container, ContainerPort, ContainerStatus, Probe},
    apimachinery::pkg::{apis::meta::v1::Time, util::intstr::IntOrString},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{events::EventFacts, nearest, object};
use crate::document::Evidence;

/// Which of the three probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Restarts the container.
    Liveness,
    /// Takes the pod out of its Services.
    Readiness,
    /// Holds the other two off until it passes.
    Startup,
}

impl Role {
    // As the kubelet's `Unhealthy` events begin.
    fn word(self) -> &'static str {
        match self {
            Role::Liveness => "Liveness",
            Role::Readiness => "Readiness",
            Role::Startup => "Startup",
        }
    }
}

/// One probe, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ProbeFacts {
    /// Whether the container has it.
    pub set: bool,
    /// `HTTP GET /healthz on port 8080`.
    pub text: String,
    /// `http`, `tcp`, `grpc`, `exec`; empty where there is none.
    pub how: String,
    /// The port's number or name as the spec writes it; empty for `exec`.
    pub port: String,
    /// Whether the container declares this port, or declares none at all.
    pub port_is_declared: bool,
    /// The port to ask instead: the only one that the container declares, else the one with nearly the same name; empty
    /// where it declares this one, none is to be preferred, or it would have to speak gRPC's health protocol there.
    pub better_port: String,
    /// Whether the newest answer is a failure of the present instance or of the one that it killed.
    pub failing: bool,
    /// Whether the kubelet killed the container for it.
    pub killed: bool,
    /// Whether that may be so, though no event tells of it any more: the container ran for just as long as the probe
    /// allows, and ended as one does that is told to.
    pub may_have_killed: bool,
    /// What the kubelet says came back; empty where its event has expired.
    pub answer: String,
    /// Seconds until it first acts: initialDelaySeconds + periodSeconds × failureThreshold.
    pub allows: i64,
    /// `initialDelaySeconds`.
    pub initial_delay: i64,
    /// `periodSeconds`.
    pub period: i64,
    /// `timeoutSeconds`.
    pub timeout: i64,
    /// `failureThreshold`.
    pub threshold: i64,
    /// The kubelet's words.
    pub evidence: Vec<Evidence>,
}

/// What is known of one probe of a container.
pub fn facts(role: Role, container: &Container, status: Option<&ContainerStatus>, events: &[EventFacts]) -> ProbeFacts {
    let probe = match role {
        Role::Liveness => container.liveness_probe.as_ref(),
        Role::Readiness => container.readiness_probe.as_ref(),
        Role::Startup => container.startup_probe.as_ref(),
    };
    let Some(probe) = probe else { return ProbeFacts::default() };
    let (how, text, port) = describe(probe);
    let failed = events.iter().rev().find(|event| {
        event.reason == "Unhealthy" && event.is_of_container(&container.name) && event.message.starts_with(role.word())
    });
    let kill = events.iter().rev().find(|event| {
        event.reason == "Killing"
            && event.is_of_container(&container.name)
            && event.message.contains(&format!("failed {} probe", role.word().to_lowercase()))
    });
    let started = started_at(status);
    let delay = i64::from(probe.initial_delay_seconds.unwrap_or(0));
    let period = i64::from(probe.period_seconds.unwrap_or(10));
    let threshold = i64::from(probe.failure_threshold.unwrap_or(3));
    let allows = delay + period * threshold;
    let killed = kill.is_some_and(|kill| ended_by(kill, status, allows, period));
    let answer = failed.map(|event| answer(event.message)).unwrap_or_default();
    ProbeFacts {
        set: true,
        port_is_declared: port.is_empty() || declares(container, &port),
        better_port: better_port(container, &port).filter(|_| how != "grpc").unwrap_or_default(),
        failing: failed.is_some_and(|event| started.is_none_or(|started| event.second() >= started.0.as_second()))
            || killed,
        may_have_killed: !killed && role != Role::Readiness && may_be_ended_by(status, allows, period),
        killed,
        evidence: [failed, kill.filter(|_| killed)].into_iter().flatten().map(EventFacts::evidence).collect(),
        text,
        how,
        port,
        answer,
        allows,
        initial_delay: delay,
        period,
        timeout: i64::from(probe.timeout_seconds.unwrap_or(1)),
        threshold,
    }
}

// A kill shows as the next end of the container, after its grace period; one that is younger than the newest end
// is on its way to the instance that runs. The kubelet soon stops to send the events of a pod that has many
// (client-go's spam filter lets one through in five minutes): then an end after just as long as the probe allows
// is one more of the same.
fn ended_by(kill: &EventFacts, status: Option<&ContainerStatus>, allows: i64, period: i64) -> bool {
    const GRACE: i64 = 35;
    let Some((ended, _)) = status.and_then(super::exit::newest) else { return true };
    let (Some(from), Some(to)) = (&ended.started_at, &ended.finished_at) else { return true };
    let since_kill = to.0.as_second() - kill.second();
    let ran_for = object::seconds_since(to.0, from);
    let as_long_as_allowed = (allows - 2 * period..=allows + 2 * period + GRACE).contains(&ran_for);
    since_kill <= 120 || as_long_as_allowed
}

// The kubelet asks to end, and after the grace period makes it. A program of Go that is a container's first process
// ends with 2 then; others with 143, or with 0 where they heed the signal.
fn may_be_ended_by(status: Option<&ContainerStatus>, allows: i64, period: i64) -> bool {
    const GRACE: i64 = 30;
    let Some((ended, _)) = status.and_then(super::exit::newest) else { return false };
    let (Some(from), Some(to)) = (&ended.started_at, &ended.finished_at) else { return false };
    let most = match ended.exit_code {
        137 => allows + period + GRACE,
        0 | 2 | 143 => allows + period,
        _ => return false,
    };
    (allows - period..=most).contains(&object::seconds_since(to.0, from))
}

/// When the instance that runs was started.
pub fn started_at(status: Option<&ContainerStatus>) -> Option<&Time> {
    status?.state.as_ref()?.running.as_ref()?.started_at.as_ref()
}

/// How many seconds the instance that runs has been running; 0 where none runs.
pub fn running_for(status: Option<&ContainerStatus>, now: jiff::Timestamp) -> i64 {
    started_at(status).map_or(0, |started| object::seconds_since(now, started))
}

fn describe(probe: &Probe) -> (String, String, String) {
    let port_text = |port: &IntOrString| match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    if let Some(http) = &probe.http_get {
        let port = port_text(&http.port);
        let scheme = http.scheme.as_deref().unwrap_or("HTTP");
        let path = http.path.as_deref().unwrap_or("/");
        ("http".to_owned(), format!("{scheme} GET {path} on port {port}"), port)
    } else if let Some(tcp) = &probe.tcp_socket {
        let port = port_text(&tcp.port);
        ("tcp".to_owned(), format!("TCP connection to port {port}"), port)
    } else if let Some(grpc) = &probe.grpc {
        ("grpc".to_owned(), format!("gRPC health check on port {}", grpc.port), grpc.port.to_string())
    } else if let Some(exec) = &probe.exec {
        let command = exec.command.as_deref().unwrap_or_default().join(" ");
        ("exec".to_owned(), format!("command `{command}`"), String::new())
    } else {
        (String::new(), "no check".to_owned(), String::new())
    }
}

// A container need not declare its ports; only where it declares some does another stand out.
fn declares(container: &Container, port: &str) -> bool {
    let ports = container.ports.as_deref().unwrap_or_default();
    ports.is_empty()
        || ports
            .iter()
            .any(|declared| declared.container_port.to_string() == port || declared.name.as_deref() == Some(port))
}

fn better_port(container: &Container, port: &str) -> Option<String> {
    if port.is_empty() || declares(container, port) {
        return None;
    }
    let serves = |declared: &&ContainerPort| declared.protocol.as_deref().unwrap_or("TCP") == "TCP";
    let declared: Vec<_> = container.ports.iter().flatten().filter(serves).collect();
    let names = declared.iter().filter_map(|declared| declared.name.as_deref());
    let is_name = port.parse::<u16>().is_err();
    match declared[..] {
        [only] => Some(only.name.clone().filter(|_| is_name).unwrap_or_else(|| only.container_port.to_string())),
        _ => nearest::nearest_name(port, names.filter(|_| is_name)),
    }
}

// `Readiness probe failed: HTTP probe failed with statuscode: 503` after the first colon; an exec probe
// without output leaves nothing.
fn answer(message: &str) -> String {
    message.split_once(": ").map_or("", |(_, answer)| answer).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::events::Events;

    // A container that was killed once, at `ended`, and whose newest kill is of the moment `killed`.
    fn is_killed(killed: &str, ended: &str) -> bool {
        let pod: k8s_openapi::api::core::v1::Pod = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
            "spec": {"containers": [{"name": "web", "livenessProbe": {"httpGet": {"port": 80}}}]},
            "status": {"containerStatuses": [{
                "name": "web", "image": "", "imageID": "", "ready": false, "restartCount": 1,
                "lastState": {"terminated": {"exitCode": 137, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": ended}},
            }]},
        }))
        .unwrap();
        let event = serde_json::json!({
            "metadata": {"name": "web.1", "namespace": "shop"}, "reason": "Killing", "lastTimestamp": killed,
            "involvedObject": {"kind": "Pod", "uid": "1", "fieldPath": "spec.containers{web}"},
            "message": "Container web failed liveness probe, will be restarted",
        });
        let about = crate::inventory::About {
            server: None,
            context: None,
            namespace: "shop".to_owned(),
            now: jiff::Timestamp::UNIX_EPOCH,
            recorded: true,
        };
        let mut inventory = crate::inventory::Inventory::new(about);
        inventory.insert(crate::kind::Kind::Event, event).unwrap();
        let events = Events::of(&inventory);
        let status = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap().first();
        facts(Role::Liveness, &pod.spec.as_ref().unwrap().containers[0], status, events.about("1")).killed
    }

    #[test]
    fn a_port_to_ask_instead_is_the_only_one_or_the_near_one() {
        let better = |ports: serde_json::Value, asked: &str| {
            let container = serde_json::from_value(serde_json::json!({"name": "web", "ports": ports})).unwrap();
            better_port(&container, asked)
        };
        let one =
            serde_json::json!([{"containerPort": 8080, "name": "http"}, {"containerPort": 53, "protocol": "UDP"}]);
        let two =
            serde_json::json!([{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}]);
        assert_eq!(better(one.clone(), "9090").as_deref(), Some("8080"));
        assert_eq!(better(one.clone(), "web").as_deref(), Some("http"));
        assert_eq!(better(one, "8080"), None);
        assert_eq!(better(two.clone(), "metric").as_deref(), Some("metrics"));
        assert_eq!(better(two, "8081"), None);
    }

    #[test]
    fn a_kill_is_known_by_the_end_that_follows_it() {
        assert!(is_killed("2026-01-01T00:05:00Z", "2026-01-01T00:05:30Z"));
    }

    #[test]
    fn a_kill_that_is_on_its_way_to_the_instance_that_runs_is_one() {
        assert!(is_killed("2026-01-01T00:09:00Z", "2026-01-01T00:08:00Z"));
    }

    #[test]
    fn an_end_long_after_a_kill_has_another_reason() {
        assert!(!is_killed("2026-01-01T00:05:00Z", "2026-01-01T00:15:00Z"));
    }
}
