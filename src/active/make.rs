//! What is made in the cluster: an ephemeral container, and a pod.

use k8s_openapi::api::core::v1::{EphemeralContainer, Pod};
use serde_json::{Value, json};

use super::{ask::Limits, flags::Flags, plan::Visit};
use crate::facts::object;

/// The label of every pod that is made.
pub const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "kubectl-doctor");

/// What every name begins with.
pub const NAME: &str = "kubectl-doctor";

const SCRIPT: &str = include_str!("script.sh");

/// No image's own user does where runAsNonRoot is asked for: it may be given by name.
const USER: i64 = 65532;

/// How long an image may take to be pulled.
pub const PULL_SECONDS: u64 = 60;

/// A Job that makes no pods and takes the pod of the checks along as it goes, whatever becomes of this program: once its
/// deadline is over it has failed, and is deleted for that
/// (<https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/>).
pub fn job(name: &str, visit: &Visit, flags: &Flags) -> Value {
    let mut template = pod(name, None, visit, flags);
    if let Some(template) = template.as_object_mut() {
        template.retain(|key, _| key == "spec");
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": visit.namespace, "labels": {LABEL.0: LABEL.1}},
        "spec": {
            "parallelism": 0,
            "activeDeadlineSeconds": deadline(visit, flags),
            "ttlSecondsAfterFinished": 0,
            "template": template,
        },
    })
}

/// The pod of the checks' own, and the uid of the Job that takes it along.
pub fn pod(name: &str, job: Option<&str>, visit: &Visit, flags: &Flags) -> Value {
    let owner = job.map(|uid| json!({"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}));
    let owners: Vec<_> = owner.into_iter().collect();
    let mut container = container("checks", visit, flags);
    container["resources"] = json!({
        "requests": {"cpu": "10m", "memory": "16Mi"},
        "limits": {"cpu": "500m", "memory": "128Mi"},
    });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": visit.namespace, "labels": {LABEL.0: LABEL.1}, "annotations": alone(),
            "ownerReferences": owners,
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": deadline(visit, flags),
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        },
    })
}

// A mesh's proxy takes every connection before it is one, and would not end with the checks.
fn alone() -> Value {
    json!({"sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled"})
}

/// After so many seconds the pod ends, whatever becomes of this program.
pub fn deadline(visit: &Visit, flags: &Flags) -> u64 {
    visit.longest(flags).as_secs() + PULL_SECONDS
}

/// The ephemeral container for a pod that is there.
pub fn ephemeral(name: &str, visit: &Visit, flags: &Flags) -> Value {
    let mut container = container(name, visit, flags);
    if let Some(target) = visit.pod.as_ref().and_then(target) {
        container["targetContainerName"] = json!(target);
    }
    container
}

fn container(name: &str, visit: &Visit, flags: &Flags) -> Value {
    json!({
        "name": name,
        "image": flags.probe_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", SCRIPT, NAME],
        "args": words(visit),
        "env": [
            {"name": "CHECK_TIMEOUT", "value": flags.seconds().to_string()},
            {"name": "CHECK_WORKERS", "value": Limits::WORKERS.to_string()},
            {"name": "CHECK_HEADERS", "value": literal(&flags.header.join("\n"))},
        ],
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": USER,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    })
}

fn words(visit: &Visit) -> Vec<String> {
    let words = visit.asks.iter().enumerate().flat_map(|(id, ask)| ask.words(id));
    words.map(|word| literal(&word)).collect()
}

// What a kubelet expands, `$(NAME)`, stands for itself with its sign written twice.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

fn made_before(pod: &Pod) -> Vec<&EphemeralContainer> {
    let there = pod.spec.iter().flat_map(|spec| spec.ephemeral_containers.iter().flatten());
    there.filter(|container| container.name.starts_with(NAME)).collect()
}

/// The ephemeral container of an earlier run that makes the same checks and, as far as the pod's status tells, has not
/// ended.
pub fn at_work(pod: &Pod, visit: &Visit) -> Option<String> {
    let statuses = pod.status.iter().flat_map(|status| status.ephemeral_container_statuses.iter().flatten());
    let running: Vec<&str> = statuses
        .filter(|status| status.state.as_ref().is_some_and(|state| state.running.is_some()))
        .map(|status| status.name.as_str())
        .collect();
    let args = words(visit);
    let is_same = |container: &&EphemeralContainer| {
        running.contains(&container.name.as_str()) && container.args.as_ref() == Some(&args)
    };
    made_before(pod).into_iter().find(is_same).map(|container| container.name.clone())
}

/// A name for an ephemeral container that the pod has not had: none can be had twice.
pub fn free_name(pod: &Pod) -> String {
    let there = made_before(pod);
    let numbers = 1..=there.len() + 1;
    let mut names = numbers.map(|number| format!("{NAME}-{number}"));
    names.find(|name| !there.iter().any(|container| container.name == *name)).unwrap_or_else(|| NAME.to_owned())
}

// A container that runs; with one that does not the runtime refuses.
fn target(pod: &Pod) -> Option<String> {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let mut running = statuses.filter(|status| status.state.as_ref().is_some_and(|state| state.running.is_some()));
    running.next().map(|status| status.name.clone())
}

/// `Pod/web-1 of namespace shop`.
pub fn shown(namespace: &str, pod: &Pod) -> String {
    format!("Pod/{} of namespace {namespace}", object::name(&pod.metadata))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use clap::Parser as _;

    use super::*;
    use crate::{
        active::{
            ask::Ask,
            seen::{Origin, Step},
            spoken::{Protocol, Spoken},
        },
        cli::Cli,
    };

    fn flags(words: &[&str]) -> Flags {
        Cli::try_parse_from(["doctor"].iter().chain(words)).unwrap().active
    }

    fn visit(host: &str, path: &str) -> Visit {
        let spoken = Spoken { protocol: Protocol::Http, path: path.to_owned(), ..Spoken::default() };
        let ask = Ask::connect(Step::Pod, &Origin::Own, "shop", host, 8080, &spoken);
        Visit { origin: Origin::Own, namespace: "shop".to_owned(), pod: None, asks: vec![ask] }
    }

    #[test]
    fn the_pod_of_the_checks_is_as_restricted_as_can_be_and_ends_by_itself() {
        let pod = pod("kubectl-doctor-x", Some("1"), &visit("10.0.0.1", "/"), &flags(&[]));
        assert_eq!(pod["metadata"]["labels"][LABEL.0], LABEL.1);
        assert_eq!(pod["metadata"]["ownerReferences"][0]["kind"], "Job");
        assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
        assert_eq!(pod["spec"]["restartPolicy"], "Never");
        assert!(pod["spec"]["activeDeadlineSeconds"].as_u64().unwrap() <= 120);
        let security = &pod["spec"]["containers"][0]["securityContext"];
        assert_eq!(security["runAsNonRoot"], true);
        assert!(security["runAsUser"].as_i64().unwrap() > 0);
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["capabilities"]["drop"][0], "ALL");
        assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
    }

    #[test]
    fn the_job_makes_no_pod_and_goes_with_the_deadline_of_the_checks() {
        let (visit, flags) = (visit("10.0.0.1", "/"), flags(&[]));
        let job = job("kubectl-doctor-x", &visit, &flags);
        assert_eq!(job["spec"]["parallelism"], 0);
        assert_eq!(job["spec"]["ttlSecondsAfterFinished"], 0);
        assert_eq!(job["spec"]["activeDeadlineSeconds"], deadline(&visit, &flags));
        assert_eq!(job["spec"]["template"]["spec"]["restartPolicy"], "Never");
    }

    #[test]
    fn what_a_kubelet_would_expand_stands_for_itself() {
        let words = words(&visit("10.0.0.1", "/$(CHECK_TIMEOUT)"));
        assert_eq!(words[4], "/$$(CHECK_TIMEOUT)");
    }

    #[test]
    fn nothing_in_a_word_is_read_as_code() {
        let file = std::env::temp_dir().join(format!("doctor-{}", std::process::id()));
        let hostile = format!("$(touch {0})`touch {0}`;touch {0};'\"", file.display());
        for kind in ["http", "https", "tcp", "udp", "dns", "fullname", "sockets", "resolver"] {
            let words = ["0", kind, hostile.as_str(), "9", hostile.as_str(), hostile.as_str(), "1"];
            let out = Command::new("sh")
                .args(["-c", SCRIPT, NAME])
                .args(words)
                .env("CHECK_TIMEOUT", "1")
                .env("CHECK_HEADERS", &hostile)
                .output()
                .unwrap();
            assert!(String::from_utf8_lossy(&out.stdout).ends_with("@doctor\tend\n"), "{kind}");
            assert!(!file.exists(), "{kind} runs what it is given");
        }
    }
}
