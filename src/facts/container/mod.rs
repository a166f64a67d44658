//! One container of a pod: its state, its image, how it ended, what its probes say.

mod log;
mod patches;
mod settings;
mod state;

use k8s_openapi::api::core::v1::{Container, ContainerStateWaiting, ContainerStatus, Node, Pod};
use schemars::JsonSchema;
use serde::Serialize;

pub use log::{is_init_at_work, log, log_of};
pub use patches::{PatchFacts, patch};
pub use settings::{MountFacts, ResourceFacts, command};
pub use state::{BACKED_OFF, is_failing, statuses_field};

use super::{
    events::{EventFacts, Events},
    exit::{self, ExitFacts},
    gist,
    hook::{self, HookFacts},
    hosts::HostFacts,
    image::{self, ImageFacts, ImagesInUse, same},
    probe::{self, ProbeFacts, Role},
    pull::{self, PullFacts},
    usage::{self, UsageFacts},
};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known, Lookup},
};
pub(crate) use log::log_evidence;
use log::waits_for;
use settings::{declared_ports, mount, mount_of, program, resources, run_as_user};
pub(crate) use state::exit_evidence;
use state::{is_restarting, state_evidence, state_of};

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

/// The facts of one container.
pub fn facts(
    inventory: &Inventory,
    images: &ImagesInUse,
    pod: &Pod,
    (container, init): (&Container, bool),
    path: String,
    previous: Option<&Container>,
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
    let resources = resources(pod, container, previous);
    let previous_image = previous.and_then(|previous| previous.image.clone());
    let asked = |role| probe::facts(role, container, status, events);
    let (liveness, readiness, startup) = (asked(Role::Liveness), asked(Role::Readiness), asked(Role::Startup));
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
        program_hidden_by: mount_of(container, &program)
            .map(|mount| format!("volume {} at {}", mount.name, mount.mount_path))
            .unwrap_or_default(),
        ports: declared_ports(container),
        patches: patches::facts(&path, pod, container, &resources, [&liveness, &readiness, &startup]),
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
        liveness,
        readiness,
        startup,
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

fn restarted(count: i32) -> String {
    match count {
        0 => "not restarted".to_owned(),
        1 => "restarted once".to_owned(),
        count => format!("restarted {count} times"),
    }
}

fn position(pod: &Pod, container: &Container, init: bool) -> String {
    let all = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_deref()).unwrap_or_default();
    if !init || all.len() == 1 {
        return String::new();
    }
    let index = all.iter().position(|other| other.name == container.name).unwrap_or_default();
    format!("{} of {}", index + 1, all.len())
}

fn platform(inventory: &Inventory, pod: &Pod) -> Known<String> {
    let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) else {
        return Known::Unknown("nodes: the pod is on none yet".to_owned());
    };
    match inventory.get::<Node>("", node) {
        Lookup::Present(node) => {
            let info = node.status.as_ref().and_then(|status| status.node_info.as_ref());
            Known::Known(
                info.map(|info| format!("{}/{}", info.operating_system, info.architecture)).unwrap_or_default(),
            )
        }
        Lookup::Absent => Known::Known(String::new()),
        Lookup::Unknown(why) => Known::Unknown(why),
    }
}
