//! One container of a pod: its state, its image, how it ended, what its probes say.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, ContainerStateWaiting, ContainerStatus, Node, Pod};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    events::{EventFacts, Events},
    exit::{self, ExitFacts},
    gist,
    hook::{self, HookFacts},
    hosts::{self, HostFacts},
    image::{self, ImageFacts, ImagesInUse, same},
    object,
    probe::{self, ProbeFacts, Role},
    pull::{self, PullFacts},
    usage::{self, UsageFacts},
};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known},
    source::LogKey,
};

/// A container, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ContainerFacts {
    /// Its name.
    pub name: String,
    /// Whether it is an init container that runs to its end before the others.
    pub init: bool,
    /// Whether it is a sidecar: an init container with restartPolicy Always.
    pub sidecar: bool,
    /// `2 of 3` among the init containers; empty for the others, and for the only one.
    pub position: String,
    /// Its path in the workload: `spec.template.spec.containers[name=web]`.
    pub path: String,
    /// Its image.
    pub image: ImageFacts,
    /// How the pull of that image goes.
    pub pull: PullFacts,
    /// `waiting`, `running`, `terminated`; empty before the kubelet has said anything.
    pub state: String,
    /// The reason that it waits: `CrashLoopBackOff`.
    pub waiting: String,
    /// The kubelet's or runtime's words on why it waits; empty while it is only backed off.
    pub message: String,
    /// What those words come down to, or those of its newest end where there are none.
    pub complaint: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether its startup probe has passed; true where it runs and has none.
    pub started: bool,
    /// How often it was restarted.
    pub restarts: i64,
    /// The same in words: `restarted once`.
    pub restarted: String,
    /// For how many seconds the present instance runs; 0 where none does.
    pub running_for: i64,
    /// Whether it is in trouble now: it waits after a failure, ended with one, or was restarted
    /// after one again and again, within the last ten minutes.
    pub failing: bool,
    /// The newest end of it.
    pub exit: ExitFacts,
    /// The node's own word that it ran out of memory when this container was killed, and whom it killed.
    pub system_oom: Vec<Evidence>,
    /// What it runs, as words; empty where the image decides.
    pub command: String,
    /// The first word of that.
    pub program: String,
    /// The volume mount that hides the program's directory; empty where none does.
    pub program_hidden_by: String,
    /// The volume mount at which it can't be started; all empty where that is not its trouble.
    pub mount: MountFacts,
    /// Patches of the workload that change this container.
    pub patches: PatchFacts,
    /// The ports it declares, as words; empty where it declares none.
    pub ports: String,
    /// Its resources.
    pub resources: ResourceFacts,
    /// What it uses of its memory limit.
    pub memory: UsageFacts,
    /// What it uses of its CPU limit.
    pub cpu: UsageFacts,
    /// `runAsUser` that holds for it, as written; empty where none is.
    pub run_as_user: String,
    /// The last lines of the failed instance's log; empty where it wrote none.
    pub log: Known<String>,
    /// The log's last lines as evidence, at most ten of them.
    pub log_evidence: Known<Vec<Evidence>>,
    /// The hosts that its command asks for and that its log finds silent, of those that would be Services; of an
    /// init container that runs.
    pub waits_for: Vec<HostFacts>,
    /// Its state as evidence.
    pub evidence: Vec<Evidence>,
    /// Its newest end as evidence.
    pub exit_evidence: Vec<Evidence>,
    /// `livenessProbe`.
    pub liveness: ProbeFacts,
    /// `readinessProbe`.
    pub readiness: ProbeFacts,
    /// `startupProbe`.
    pub startup: ProbeFacts,
    /// A lifecycle hook of it that failed.
    pub hook: HookFacts,
    /// The operating system and architecture of its node: `linux/amd64`.
    pub platform: Known<String>,
}

/// Strategic merge patches of the workload that change one container.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PatchFacts {
    /// Sets imagePullPolicy IfNotPresent.
    pub if_not_present: String,
    /// Sets runAsUser 1000.
    pub user_1000: String,
    /// Sets twice the memory limit.
    pub twice_the_memory: String,
    /// Sets twice the CPU limit.
    pub twice_the_cpu: String,
}

/// A volume mount that the runtime refuses.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct MountFacts {
    /// The volume's name.
    pub volume: String,
    /// `mountPath`.
    pub path: String,
    /// `subPath`.
    pub sub_path: String,
}

/// What a container asks for and may use.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ResourceFacts {
    /// `resources.limits.memory`; empty where there is none.
    pub memory_limit: String,
    /// `resources.requests.memory`; empty where there is none.
    pub memory_request: String,
    /// `status.qosClass` of its pod.
    pub qos: String,
    /// A memory limit of twice the present one; empty where there is none.
    pub twice_the_limit: String,
    /// `resources.limits.cpu`; empty where there is none.
    pub cpu_limit: String,
    /// A CPU limit of twice the present one; empty where there is none.
    pub twice_the_cpu_limit: String,
}

/// The containers of a pod in the order in which they start: init containers first.
pub fn containers(pod: &Pod) -> Vec<(&Container, bool)> {
    let Some(spec) = &pod.spec else { return Vec::new() };
    let init = spec.init_containers.as_deref().unwrap_or_default();
    init.iter()
        .map(|container| (container, true))
        .chain(spec.containers.iter().map(|container| (container, false)))
        .collect()
}

/// The status of a container, once the kubelet has written one.
pub fn status<'a>(pod: &'a Pod, name: &str, init: bool) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let statuses = if init { &status.init_container_statuses } else { &status.container_statuses };
    statuses.as_deref()?.iter().find(|status| status.name == name)
}

/// What a container waits for, where it waits.
pub fn waiting<'a>(pod: &'a Pod, name: &str, init: bool) -> Option<&'a ContainerStateWaiting> {
    status(pod, name, init)?.state.as_ref()?.waiting.as_ref()
}

/// The log that tells how a container fares: of the instance that failed, of the one that runs and is not ready, and of
/// one that runs well what it wrote lately; nothing where it has not failed and does not run.
pub fn log_of(inventory: &Inventory, pod: &Pod, container: &Container, init: bool) -> Option<LogKey> {
    let status = status(pod, &container.name, init)?;
    let state = status.state.as_ref()?;
    let sidecar = container.restart_policy.as_deref() == Some("Always");
    let key = |previous| LogKey {
        namespace: object::namespace(&pod.metadata).to_owned(),
        pod: object::name(&pod.metadata).to_owned(),
        container: container.name.clone(),
        previous,
        recent: false,
    };
    if let Some(ended) = &state.terminated {
        return (ended.exit_code != 0).then(|| key(false));
    }
    let ended_before = status.last_state.as_ref().and_then(|last| last.terminated.as_ref()).is_some();
    if state.waiting.is_some() {
        // While the kubelet backs off, the newest instance is the one that failed.
        return ended_before.then(|| key(false));
    }
    if init && !sidecar {
        return Some(key(false));
    }
    if ended_before && is_restarting(inventory, status) {
        return Some(key(true));
    }
    Some(LogKey { recent: status.ready, ..key(false) })
}

/// The facts of one container.
pub fn facts(
    inventory: &Inventory,
    images: &ImagesInUse,
    pod: &Pod,
    (container, init): (&Container, bool),
    path: String,
    previous_image: Option<String>,
    all_events: &Events,
) -> ContainerFacts {
    let events = all_events.about(pod.metadata.uid.as_deref().unwrap_or_default());
    let now = inventory.about.now;
    let status = status(pod, &container.name, init);
    let wanted = container.image.as_deref().unwrap_or_default();
    let pull = pull::facts(inventory, pod, (container, init), status, events);
    let running_image = status
        .filter(|status| !status.image_id.is_empty() && !same(&status.image, wanted))
        .map(|status| image::short(&status.image));
    let stale = pull.edited && pull.failing;
    let exit = exit::facts(status, now, stale);
    let (state, waiting, message) = state_of(status);
    let sidecar = init && container.restart_policy.as_deref() == Some("Always");
    let program = program(container);
    let log = log(inventory, pod, container, init);
    let resources = resources(pod, container);
    ContainerFacts {
        name: container.name.clone(),
        init: init && !sidecar,
        sidecar,
        position: position(pod, container, init),
        image: images.facts(wanted, previous_image.or(running_image.filter(|_| pull.failing))),
        ready: status.is_some_and(|status| status.ready),
        started: status.and_then(|status| status.started) == Some(true),
        restarts: status.map_or(0, |status| i64::from(status.restart_count)),
        restarted: restarted(status.map_or(0, |status| status.restart_count)),
        complaint: gist::of(if message.is_empty() { &exit.message } else { &message }).to_owned(),
        mount: mount(container, &format!("{message} {}", exit.message)),
        running_for: probe::running_for(status, now),
        failing: !stale && status.is_some_and(|status| is_failing(inventory, status)),
        program_hidden_by: hidden_by(container, &program),
        ports: declared_ports(container),
        patches: patches(&path, container, &resources),
        memory: usage::facts(inventory, pod, container, status, "memory"),
        cpu: usage::facts(inventory, pod, container, status, "cpu"),
        resources,
        run_as_user: run_as_user(pod, container),
        waits_for: waits_for(inventory, pod, (container, init), &log),
        log_evidence: log.as_ref().map(|text| log_evidence(pod, container, text)),
        log,
        system_oom: system_oom(all_events, pod, status),
        evidence: state_evidence(pod, container, init, status, &message),
        exit_evidence: exit_evidence(pod, container, init, status),
        liveness: probe::facts(Role::Liveness, container, status, events),
        readiness: probe::facts(Role::Readiness, container, status, events),
        startup: probe::facts(Role::Startup, container, status, events),
        hook: hook::facts(container, events),
        platform: platform(inventory, pod),
        command: command(container).chars().take(200).collect(),
        path,
        program,
        pull,
        state,
        waiting,
        message,
        exit,
    }
}

/// Whether a container was killed though it has no limit of its own, so that its node's events are of interest.
pub fn was_killed_without_limit(container: &Container, status: Option<&ContainerStatus>) -> bool {
    let limited = container
        .resources
        .as_ref()
        .and_then(|resources| resources.limits.as_ref())
        .is_some_and(|limits| limits.contains_key("memory"));
    !limited && status.and_then(exit::newest).is_some_and(|(ended, _)| ended.exit_code == 137)
}

// The kubelet reports `SystemOOM` on its Node, with the node's name for a uid, in the namespace default.
fn system_oom(events: &Events, pod: &Pod, status: Option<&ContainerStatus>) -> Vec<Evidence> {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let ended = status
        .and_then(exit::newest)
        .filter(|(ended, _)| ended.exit_code == 137)
        .and_then(|(ended, _)| ended.finished_at.as_ref());
    let (Some(node), Some(ended)) = (node, ended) else { return Vec::new() };
    let at_that_time =
        |event: &EventFacts| event.reason == "SystemOOM" && (event.second() - ended.0.as_second()).abs() < 60;
    events.newest(node, at_that_time).map(EventFacts::evidence).into_iter().collect()
}

// `back-off 5m0s restarting failed container=web pod=…` says nothing of why.
const BACKED_OFF: &str = "CrashLoopBackOff";

fn restarted(count: i32) -> String {
    match count {
        0 => "not restarted".to_owned(),
        1 => "restarted once".to_owned(),
        count => format!("restarted {count} times"),
    }
}

// runc: `error mounting "/var/lib/…" to rootfs at "/etc/group": …`.
fn mount(container: &Container, message: &str) -> MountFacts {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let is_it = |mount: &&k8s_openapi::api::core::v1::VolumeMount| {
        message.contains(&format!("to rootfs at \"{}\"", mount.mount_path.trim_end_matches('/')))
    };
    let found = mounts.iter().find(is_it).map(|mount| MountFacts {
        volume: mount.name.clone(),
        path: mount.mount_path.clone(),
        sub_path: mount.sub_path.clone().unwrap_or_default(),
    });
    found.unwrap_or_default()
}

fn state_of(status: Option<&ContainerStatus>) -> (String, String, String) {
    let Some(state) = status.and_then(|status| status.state.as_ref()) else { return Default::default() };
    if let Some(waiting) = &state.waiting {
        let reason = waiting.reason.clone().unwrap_or_default();
        let message = waiting.message.clone().filter(|_| reason != BACKED_OFF).unwrap_or_default();
        return ("waiting".to_owned(), reason, message);
    }
    if let Some(ended) = &state.terminated {
        return ("terminated".to_owned(), String::new(), ended.message.clone().unwrap_or_default());
    }
    ("running".to_owned(), String::new(), String::new())
}

// The kubelet starts a crashing container again at once the first time: it is Running, even ready,
// for moments. Two restarts and an end within ten minutes are a loop, whatever it shows just now, until
// the present instance has lived clearly longer than the one before.
fn is_restarting(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let lately = exit::newest(status)
        .and_then(|(ended, _)| ended.finished_at.as_ref())
        .is_some_and(|at| object::seconds_since(inventory.about.now, at) < 600);
    status.restart_count > 0
        && lately
        && (status.restart_count > 1 || !status.ready)
        && !is_well_again(inventory, status)
}

// One that was restarted while what it needs came up, and has since run for a minute and for twice as long
// as it ran before it ended, is in no loop any more.
fn is_well_again(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let runs_for = probe::running_for(Some(status), inventory.about.now);
    status.ready && runs_for > 60 && runs_for > 2 * exit::facts(Some(status), inventory.about.now, false).ran_for
}

/// Whether it is in trouble now: it waits after a failure, ended with one, or is restarted again and again.
pub fn is_failing(inventory: &Inventory, status: &ContainerStatus) -> bool {
    let Some(state) = &status.state else { return false };
    let waits_after_an_end = state.waiting.is_some() && exit::newest(status).is_some();
    let ended = state.terminated.as_ref().is_some_and(|ended| ended.exit_code != 0 || status.restart_count > 0);
    waits_after_an_end || ended || is_restarting(inventory, status)
}

fn position(pod: &Pod, container: &Container, init: bool) -> String {
    let all = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
    if !init || all.len() == 1 {
        return String::new();
    }
    let index = all.iter().position(|other| other.name == container.name).unwrap_or_default();
    format!("{} of {}", index + 1, all.len())
}

/// What a container runs, as words; empty where the image decides.
pub fn command(container: &Container) -> String {
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn program(container: &Container) -> String {
    container.command.as_deref().unwrap_or_default().first().cloned().unwrap_or_default()
}

fn hidden_by(container: &Container, program: &str) -> String {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let hides = |mount: &&k8s_openapi::api::core::v1::VolumeMount| {
        mount.sub_path.as_deref().unwrap_or_default().is_empty()
            && program.starts_with(&format!("{}/", mount.mount_path.trim_end_matches('/')))
    };
    mounts.iter().find(hides).map(|mount| format!("volume {} at {}", mount.name, mount.mount_path)).unwrap_or_default()
}

fn declared_ports(container: &Container) -> String {
    let ports = container.ports.as_deref().unwrap_or_default();
    let text = |port: &k8s_openapi::api::core::v1::ContainerPort| match &port.name {
        Some(name) => format!("{} ({name})", port.container_port),
        None => port.container_port.to_string(),
    };
    ports.iter().map(text).collect::<Vec<_>>().join(", ")
}

// Containers are merged by their name; the path leads from the workload to their list.
fn patches(path: &str, container: &Container, resources: &ResourceFacts) -> PatchFacts {
    let list = path.split('[').next().unwrap_or_default();
    let patch = |mut change: serde_json::Value| {
        change["name"] = container.name.clone().into();
        let patch = list.rsplit('.').fold(json!([change]), |below, field| json!({field: below}));
        patch.to_string()
    };
    PatchFacts {
        if_not_present: patch(json!({"imagePullPolicy": "IfNotPresent"})),
        user_1000: patch(json!({"securityContext": {"runAsUser": 1000}})),
        twice_the_memory: patch(json!({"resources": {"limits": {"memory": resources.twice_the_limit}}})),
        twice_the_cpu: patch(json!({"resources": {"limits": {"cpu": resources.twice_the_cpu_limit}}})),
    }
}

fn resources(pod: &Pod, container: &Container) -> ResourceFacts {
    let limit = |resource: &str| usage::limit(container, resource).unwrap_or_default().to_owned();
    let requests = container.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let (memory_limit, cpu_limit) = (limit("memory"), limit("cpu"));
    ResourceFacts {
        twice_the_limit: super::quantity::twice(&memory_limit),
        memory_limit,
        memory_request: requests.and_then(|list| list.get("memory")).map(|asked| asked.0.clone()).unwrap_or_default(),
        twice_the_cpu_limit: super::quantity::twice(&cpu_limit),
        cpu_limit,
        qos: pod.status.as_ref().and_then(|status| status.qos_class.clone()).unwrap_or_default(),
    }
}

fn run_as_user(pod: &Pod, container: &Container) -> String {
    let own = container.security_context.as_ref().and_then(|context| context.run_as_user);
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref()?.run_as_user);
    own.or(of_pod).map(|user| user.to_string()).unwrap_or_default()
}

/// The lines of a container's log that tell how it fares; empty where it has written none, or none was wanted.
pub fn log(inventory: &Inventory, pod: &Pod, container: &Container, init: bool) -> Known<String> {
    let Some(key) = log_of(inventory, pod, container, init) else { return Known::Known(String::new()) };
    match inventory.log(&key) {
        Some(Ok(text)) => Known::Known(text.clone().unwrap_or_default()),
        Some(Err(why)) => Known::Unknown(format!("logs: {why}")),
        // Another replica's log tells for this one.
        None if inventory.has_logs() => Known::Known(String::new()),
        None => Known::Unknown("logs: not collected".to_owned()),
    }
}

const LOG_LINES: usize = 10;

pub(crate) fn log_evidence(pod: &Pod, container: &Container, text: &str) -> Vec<Evidence> {
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
    vec![object::pod_evidence(pod, &format!("log of container {}", container.name), last, None)]
}

fn waits_for(
    inventory: &Inventory,
    pod: &Pod,
    (container, init): (&Container, bool),
    log: &Known<String>,
) -> Vec<HostFacts> {
    if !is_init_at_work(pod, container, init) {
        return Vec::new();
    }
    let namespace = object::namespace(&pod.metadata);
    let mut found = hosts::named_in_command(inventory, namespace, &command(container));
    if let Known::Known(log) = log {
        found.extend(hosts::named_in_log(inventory, namespace, log));
    }
    let mut seen = BTreeSet::new();
    found.retain(|host| seen.insert((host.namespace.clone(), host.service.clone())));
    found
}

/// Whether it is an init container that runs now, and is to come to an end.
pub fn is_init_at_work(pod: &Pod, container: &Container, init: bool) -> bool {
    let runs = status(pod, &container.name, init).is_some_and(|status| probe::started_at(Some(status)).is_some());
    init && runs && container.restart_policy.as_deref() != Some("Always")
}

/// The list of the pod's status in which a container stands.
pub fn statuses_field(init: bool) -> &'static str {
    if init { "initContainerStatuses" } else { "containerStatuses" }
}

fn state_evidence(
    pod: &Pod,
    container: &Container,
    init: bool,
    status: Option<&ContainerStatus>,
    message: &str,
) -> Vec<Evidence> {
    let (_, waiting, _) = state_of(status);
    // That it is backed off after an end is told by the end, as is why it could not be started.
    let end = status.and_then(exit::newest);
    let is_told = waiting == BACKED_OFF && end.is_some()
        || end.is_some_and(|(ended, _)| !message.is_empty() && ended.message.as_deref() == Some(message));
    if matches!(waiting.as_str(), "" | "PodInitializing" | "ContainerCreating") || is_told {
        return Vec::new();
    }
    let field = format!("status.{}[{}].state.waiting", statuses_field(init), container.name);
    let text = if message.is_empty() { waiting.to_owned() } else { format!("{waiting}: {message}") };
    vec![object::pod_evidence(pod, &field, text, None)]
}

pub(crate) fn exit_evidence(
    pod: &Pod,
    container: &Container,
    init: bool,
    status: Option<&ContainerStatus>,
) -> Vec<Evidence> {
    let Some((ended, now)) = status.and_then(exit::newest) else { return Vec::new() };
    let which = if now { "state" } else { "lastState" };
    let field = format!("status.{}[{}].{which}.terminated", statuses_field(init), container.name);
    let reason = ended.reason.as_deref().unwrap_or_default();
    let message = ended.message.as_deref().unwrap_or_default().trim();
    let mut text = format!("{reason}, exit code {}", ended.exit_code);
    if !message.is_empty() {
        text = format!("{text}: {message}");
    }
    vec![object::pod_evidence(pod, &field, text, ended.finished_at.as_ref())]
}

fn platform(inventory: &Inventory, pod: &Pod) -> Known<String> {
    let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) else {
        return Known::Unknown("nodes: the pod is on none yet".to_owned());
    };
    match inventory.get::<Node>("", node) {
        crate::inventory::Lookup::Present(node) => {
            let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
            Known::Known(
                info.map(|info| format!("{}/{}", info.operating_system, info.architecture)).unwrap_or_default(),
            )
        }
        crate::inventory::Lookup::Absent => Known::Known(String::new()),
        crate::inventory::Lookup::Unknown(why) => Known::Unknown(why),
    }
}
