//! Where a file of a container lies: on which volume, and who may write there.

use k8s_openapi::api::core::v1::{Container, Pod, Volume, VolumeMount};
use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::pod;

/// A file that a log names, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct PlaceFacts {
    /// The file or directory; empty where the log names none.
    pub path: String,
    /// The volume that it is on; empty where it is in the container's own file system.
    pub volume: String,
    /// What that volume is: `ConfigMap settings`, `PersistentVolumeClaim data`, `emptyDir`.
    pub source: String,
    /// Where it is mounted.
    pub mount: String,
    /// Whether it can't be written to: mounted readOnly, or a ConfigMap, a Secret or projected.
    pub read_only: bool,
    /// Whether it is a ConfigMap, a Secret or projected of those.
    pub is_config: bool,
    /// `emptyDir.sizeLimit`; empty where there is none.
    pub size_limit: String,
    /// Whether it is an emptyDir in memory.
    pub in_memory: bool,
    /// `readOnlyRootFilesystem`.
    pub root_read_only: bool,
    /// `runAsUser` that holds for the container; empty where none is set.
    pub user: String,
    /// `fsGroup` of the pod; empty where none is set.
    pub fs_group: String,
    /// `limits.ephemeral-storage`; empty where there is none.
    pub ephemeral_limit: String,
    /// Whether an option or argument of the container's command is the file.
    pub in_command: bool,
}

/// The facts of a file that a container's log names.
pub fn facts(pod: &Pod, container: &Container, path: &str) -> PlaceFacts {
    let context = container.security_context.as_ref();
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let user = context.and_then(|context| context.run_as_user).or(of_pod.and_then(|of_pod| of_pod.run_as_user));
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let found = mounted(pod, container, path);
    let volume = found.map(|(_, volume)| volume);
    let empty_dir = volume.and_then(|volume| volume.empty_dir.as_ref());
    let is_config = volume
        .is_some_and(|volume| volume.config_map.is_some() || volume.secret.is_some() || volume.projected.is_some());
    PlaceFacts {
        path: path.to_owned(),
        volume: volume.map(|volume| volume.name.clone()).unwrap_or_default(),
        source: match (volume, empty_dir) {
            (Some(_), Some(_)) => "emptyDir".to_owned(),
            (Some(volume), None) => pod::describe(volume),
            (None, _) => String::new(),
        },
        mount: found.map(|(mount, _)| mount.mount_path.clone()).unwrap_or_default(),
        read_only: is_config || found.is_some_and(|(mount, _)| mount.read_only == Some(true)),
        is_config,
        size_limit: empty_dir.and_then(|dir| dir.size_limit.as_ref()).map(|limit| limit.0.clone()).unwrap_or_default(),
        in_memory: empty_dir.is_some_and(|dir| dir.medium.as_deref() == Some("Memory")),
        root_read_only: context.and_then(|context| context.read_only_root_filesystem) == Some(true),
        user: user.map(|user| user.to_string()).unwrap_or_default(),
        fs_group: of_pod.and_then(|of_pod| of_pod.fs_group).map(|group| group.to_string()).unwrap_or_default(),
        ephemeral_limit: limits
            .and_then(|limits| limits.get("ephemeral-storage"))
            .map(|limit| limit.0.clone())
            .unwrap_or_default(),
        in_command: is_argument(container, path),
    }
}

// `--config=/etc/app.yaml` or `-c /etc/app.yaml`; what a shell's script does with it is another matter.
fn is_argument(container: &Container, path: &str) -> bool {
    let words = container.command.iter().chain(&container.args).flatten().skip(1);
    let mut words = words.map(|word| word.rsplit_once('=').map_or(word.as_str(), |(_, value)| value));
    !path.is_empty() && words.any(|word| word == path)
}

// The mount that is deepest above a path.
fn mounted<'a>(pod: &'a Pod, container: &'a Container, path: &str) -> Option<(&'a VolumeMount, &'a Volume)> {
    let above = |mount: &&VolumeMount| {
        let at = mount.mount_path.trim_end_matches('/');
        path == at || path.starts_with(&format!("{at}/"))
    };
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let mount = mounts.iter().filter(above).max_by_key(|mount| mount.mount_path.len())?;
    let volumes = pod.spec.as_ref()?.volumes.as_deref().unwrap_or_default();
    Some((mount, volumes.iter().find(|volume| volume.name == mount.name)?))
}
