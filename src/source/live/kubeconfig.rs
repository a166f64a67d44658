//! The kubeconfig files: found, merged, and the context chosen, in kubectl's way.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};

use super::Connection;
use crate::error::Error;

/// What the process finds around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// `KUBECONFIG`.
    pub(super) variable: Option<OsString>,
    /// The user's home.
    pub(super) home: Option<PathBuf>,
    /// Whether this runs in a pod with a service account's token.
    pub(super) in_cluster: bool,
}

impl Surroundings {
    pub(super) fn of_process() -> Self {
        let token = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token");
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            variable: std::env::var_os("KUBECONFIG"),
            home: std::env::home_dir(),
            in_cluster: set("KUBERNETES_SERVICE_HOST") && set("KUBERNETES_SERVICE_PORT") && token.is_file(),
        }
    }
}

/// All kubeconfig files as one.
#[derive(Debug)]
pub(super) struct Files {
    config: Kubeconfig,
    /// The files by their paths, for messages.
    pub(super) origin: String,
    /// Whether a file was there at all.
    found: bool,
}

/// Where to, as whom, and in which namespace.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) context: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) cluster: Cluster,
    pub(super) cluster_name: Option<String>,
    pub(super) user: AuthInfo,
    pub(super) user_name: Option<String>,
}

/// Reads `--kubeconfig`, else the files of `KUBECONFIG` (those that exist),
/// else `~/.kube/config`.
pub(super) fn read(explicit: Option<&Path>, around: &Surroundings) -> Result<Files, Error> {
    if let Some(path) = explicit {
        if !path.exists() {
            return Err(Error::new(format!(
                "the kubeconfig file {} does not exist: correct --kubeconfig",
                path.display()
            )));
        }
        return merge(&[path.to_owned()]);
    }
    let listed: Vec<PathBuf> = std::env::split_paths(around.variable.as_deref().unwrap_or_default())
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if !listed.is_empty() {
        return merge(&listed);
    }
    let usual = around.home.iter().map(|home| home.join(".kube").join("config"));
    merge(&usual.collect::<Vec<_>>())
}

fn merge(paths: &[PathBuf]) -> Result<Files, Error> {
    let mut config = Kubeconfig::default();
    let there: Vec<_> = paths.iter().filter(|path| path.exists()).collect();
    for path in &there {
        if is_cut_in_a_character(path) {
            return Err(Error::new(format!(
                "{} is no kubeconfig: it ends within a character; repair the file, or choose another with --kubeconfig",
                path.display()
            )));
        }
        let mut next = Kubeconfig::read_from(path).map_err(|error| unreadable(path, &error))?;
        // The first file that names a context wins, not the first that names none.
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        config = config.merge(next).map_err(|error| unreadable(path, &error))?;
    }
    let found = !there.is_empty();
    let named: Vec<_> =
        paths.iter().filter(|path| !found || path.exists()).map(|path| path.display().to_string()).collect();
    Ok(Files { config, origin: named.join(", "), found })
}

// PowerShell's UTF-16, of which kube takes two bytes at a time without looking whether they are there.
fn is_cut_in_a_character(path: &Path) -> bool {
    // What is no file can be read but once.
    path.is_file()
        && std::fs::read(path)
            .is_ok_and(|bytes| matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) && bytes.len() % 2 == 1)
}

fn unreadable(path: &Path, error: &KubeconfigError) -> Error {
    let path = path.display();
    let said = match error {
        KubeconfigError::ReadConfig(error, _) => {
            return Error::new(format!("cannot read the kubeconfig file {path}: {error}"));
        }
        KubeconfigError::Parse(error) => error.to_string(),
        other => other.to_string(),
    };
    let first = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Error::new(format!("{path} is no kubeconfig: {first}; repair the file, or choose another with --kubeconfig"))
}

/// What there is to choose from.
#[derive(Debug, Default)]
pub struct KubeconfigNames {
    /// For `--context`.
    pub contexts: Vec<String>,
    /// For `--cluster`.
    pub clusters: Vec<String>,
    /// For `--user`.
    pub users: Vec<String>,
}

impl Files {
    pub(super) fn names(self) -> KubeconfigNames {
        KubeconfigNames {
            contexts: self.config.contexts.into_iter().map(|context| context.name).collect(),
            clusters: self.config.clusters.into_iter().map(|cluster| cluster.name).collect(),
            users: self.config.auth_infos.into_iter().map(|user| user.name).collect(),
        }
    }

    /// The contexts of these names, or all where none is named.
    pub(super) fn contexts(self, named: &[String]) -> Result<Vec<String>, Error> {
        for name in named {
            self.context(name, true)?;
        }
        if named.is_empty() && self.config.contexts.is_empty() {
            return Err(self.no_context());
        }
        let mut names = if named.is_empty() { self.names().contexts } else { named.to_vec() };
        let mut told = BTreeSet::new();
        names.retain(|name| told.insert(name.clone()));
        Ok(names)
    }

    /// Whether they say nothing of any cluster.
    pub(super) fn is_empty(&self) -> bool {
        self.config.contexts.is_empty() && self.config.clusters.is_empty()
    }

    /// The context, cluster and user that the flags and the files name.
    pub(super) fn choose(self, flags: &Connection) -> Result<Chosen, Error> {
        let context_name = flags.context.clone().or_else(|| self.config.current_context.clone());
        let context = match &context_name {
            Some(name) => self.context(name, flags.context.is_some())?,
            None if flags.cluster.is_none() && flags.server.is_none() => {
                return Err(self.no_context());
            }
            None => Context::default(),
        };
        let filled = |name: String| Some(name).filter(|name| !name.is_empty());
        let of_context = context_name.as_deref().unwrap_or_default();

        let cluster_name = flags.cluster.clone().or_else(|| filled(context.cluster));
        let cluster = match &cluster_name {
            Some(name) => self.cluster(name, flags.cluster.is_some(), of_context)?,
            None => Cluster::default(),
        };
        let user_name = flags.user.clone().or_else(|| context.user.and_then(filled));
        let user = match &user_name {
            Some(name) => self.user(name, flags.user.is_some(), of_context)?,
            None => AuthInfo::default(),
        };
        Ok(Chosen {
            context: context_name,
            namespace: context.namespace.and_then(filled),
            cluster,
            cluster_name,
            user,
            user_name,
        })
    }

    fn context(&self, name: &str, asked: bool) -> Result<Context, Error> {
        let all = &self.config.contexts;
        let found = all.iter().find(|named| named.name == name).and_then(|named| named.context.clone());
        found.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|named| named.name.as_str()).collect();
            let which = if asked { "the context" } else { "the current context" };
            self.missing(which, name, &names, "kubectl config get-contexts")
        })
    }

    fn cluster(&self, name: &str, asked: bool, context: &str) -> Result<Cluster, Error> {
        let all = &self.config.clusters;
        let found = all.iter().find(|named| named.name == name).and_then(|named| named.cluster.clone());
        found.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|named| named.name.as_str()).collect();
            let which = if asked { "the cluster".to_owned() } else { format!("context {context:?}: its cluster") };
            self.missing(&which, name, &names, "kubectl config get-clusters")
        })
    }

    fn user(&self, name: &str, asked: bool, context: &str) -> Result<AuthInfo, Error> {
        let all = &self.config.auth_infos;
        let found = all.iter().find(|named| named.name == name);
        match found {
            Some(named) => Ok(named.auth_info.clone().unwrap_or_default()),
            None => {
                let names: Vec<_> = all.iter().map(|named| named.name.as_str()).collect();
                let which = if asked { "the user".to_owned() } else { format!("context {context:?}: its user") };
                Err(self.missing(&which, name, &names, "kubectl config get-users"))
            }
        }
    }

    fn missing(&self, which: &str, name: &str, names: &[&str], lists: &str) -> Error {
        let origin = &self.origin;
        if !self.found {
            return Error::new(format!("{which} {name:?} does not exist: there is no kubeconfig file {origin}"));
        }
        let hint = match nearest(name, names) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("{lists} lists what there is"),
        };
        Error::new(format!("{which} {name:?} does not exist in {origin}; {hint}"))
    }

    fn no_context(&self) -> Error {
        let names: Vec<_> = self.config.contexts.iter().take(5).map(|named| named.name.as_str()).collect();
        let origin = &self.origin;
        Error::new(match (names.is_empty(), self.found) {
            (false, _) => {
                format!("{origin} names no current context: choose one with --context ({})", names.join(", "))
            }
            (true, true) => format!(
                "no cluster is configured: {origin} names no context; give --context of another file with --kubeconfig, or --server"
            ),
            (true, false) => format!(
                "no cluster is configured: there is no kubeconfig file {origin}; set KUBECONFIG, or give --kubeconfig or --server"
            ),
        })
    }
}

/// The name that was probably meant.
fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distance = |other: &str| {
        let other = other.to_lowercase();
        // A part of a long name: `prod` of `arn:aws:eks:…:cluster/prod`.
        if name.len() > 2 && other.contains(&name) {
            return 0;
        }
        strsim::osa_distance(&name, &other)
    };
    names
        .iter()
        .map(|other| (distance(other), *other))
        .filter(|(distance, _)| *distance <= name.chars().count() / 3)
        .min()
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
clusters:
- name: c1
  cluster: {server: https://10.0.0.1:6443, certificate-authority: ca.crt}
contexts:
- name: staging
  context: {cluster: c1, user: u1, namespace: shop}
- name: production
  context: {cluster: c2, user: u1}
users:
- name: u1
  user: {token: abc}
current-context: staging
";

    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("kubectl-doctor-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn file(test: &str, name: &str, text: &str) -> PathBuf {
        let path = folder(test).join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn listed(paths: &[&Path]) -> Surroundings {
        Surroundings { variable: Some(std::env::join_paths(paths).unwrap()), ..Surroundings::default() }
    }

    fn choose(text: &str, test: &str, flags: Connection) -> Result<Chosen, Error> {
        let path = file(test, "config", text);
        read(Some(&path), &Surroundings::default()).unwrap().choose(&flags)
    }

    #[test]
    fn the_current_context_is_chosen() {
        let chosen = choose(TWO, "current", Connection::default()).unwrap();
        assert_eq!(chosen.context.as_deref(), Some("staging"));
        assert_eq!(chosen.namespace.as_deref(), Some("shop"));
        assert_eq!(chosen.cluster.server.as_deref(), Some("https://10.0.0.1:6443"));
        assert_eq!(chosen.user_name.as_deref(), Some("u1"));
    }

    #[test]
    fn files_named_in_a_kubeconfig_are_beside_it() {
        let chosen = choose(TWO, "beside", Connection::default()).unwrap();
        let expected = folder("beside").join("ca.crt");
        assert_eq!(chosen.cluster.certificate_authority.as_deref(), expected.to_str());
    }

    #[test]
    fn a_misspelt_context_names_the_nearest() {
        let flags = Connection { context: Some("stagin".to_owned()), ..Connection::default() };
        let error = choose(TWO, "misspelt", flags).unwrap_err().to_string();
        assert!(error.starts_with("the context \"stagin\" does not exist in "), "{error}");
        assert!(error.ends_with("; did you mean \"staging\"?"), "{error}");
    }

    #[test]
    fn a_context_like_no_other_names_where_they_are_listed() {
        let flags = Connection { context: Some("minikube".to_owned()), ..Connection::default() };
        let error = choose(TWO, "unlike", flags).unwrap_err().to_string();
        assert!(error.ends_with("; kubectl config get-contexts lists what there is"), "{error}");
    }

    #[test]
    fn a_misspelt_user_or_cluster_is_an_error() {
        let flags = Connection { user: Some("u2".to_owned()), ..Connection::default() };
        let error = choose(TWO, "user", flags).unwrap_err().to_string();
        assert!(error.starts_with("the user \"u2\" does not exist in "), "{error}");
        let flags = Connection { cluster: Some("c9".to_owned()), ..Connection::default() };
        let error = choose(TWO, "cluster", flags).unwrap_err().to_string();
        assert!(error.starts_with("the cluster \"c9\" does not exist in "), "{error}");
    }

    #[test]
    fn a_context_whose_cluster_is_not_defined_is_named() {
        let flags = Connection { context: Some("production".to_owned()), ..Connection::default() };
        let error = choose(TWO, "undefined", flags).unwrap_err().to_string();
        assert!(error.starts_with("context \"production\": its cluster \"c2\" does not exist in "), "{error}");
    }

    #[test]
    fn without_a_current_context_the_contexts_are_named() {
        let text = TWO.replace("current-context: staging", "");
        let error = choose(&text, "none", Connection::default()).unwrap_err().to_string();
        assert!(
            error.ends_with("names no current context: choose one with --context (staging, production)"),
            "{error}"
        );
    }

    #[test]
    fn a_server_needs_no_context() {
        let flags = Connection { server: Some("https://x".to_owned()), ..Connection::default() };
        let chosen = read(None, &Surroundings::default()).unwrap().choose(&flags).unwrap();
        assert_eq!(chosen.context, None);
    }

    #[test]
    fn without_any_file_no_cluster_is_configured() {
        let home = folder("nothing");
        let around = Surroundings { home: Some(home.clone()), ..Surroundings::default() };
        let error = read(None, &around).unwrap().choose(&Connection::default()).unwrap_err().to_string();
        let path = home.join(".kube").join("config");
        assert!(error.starts_with("no cluster is configured: there is no kubeconfig file "), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }

    #[test]
    fn a_missing_file_among_several_is_passed_over() {
        let path = file("several", "config", TWO);
        let around = listed(&[Path::new("/nowhere/config"), &path]);
        let files = read(None, &around).unwrap();
        assert_eq!(files.origin, path.display().to_string());
        assert!(files.choose(&Connection::default()).is_ok());
    }

    #[test]
    fn the_first_file_that_names_a_context_wins() {
        let empty = file("first", "empty", "current-context: \"\"\n");
        let path = file("first", "config", TWO);
        let chosen = read(None, &listed(&[&empty, &path])).unwrap().choose(&Connection::default());
        assert_eq!(chosen.unwrap().context.as_deref(), Some("staging"));
    }

    #[test]
    fn a_missing_file_named_by_the_flag_is_an_error() {
        let error = read(Some(Path::new("/nowhere/config")), &Surroundings::default()).unwrap_err();
        assert_eq!(error.to_string(), "the kubeconfig file /nowhere/config does not exist: correct --kubeconfig");
    }

    #[test]
    fn a_file_that_is_not_yaml_is_named_in_one_line() {
        let path = file("garbage", "config", "clusters: [\n  {");
        let error = read(Some(&path), &Surroundings::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} is no kubeconfig: ", path.display())), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn a_part_of_a_long_context_name_finds_it() {
        let names = ["arn:aws:eks:eu-1:1:cluster/prod", "kind"];
        assert_eq!(nearest("prod", &names), Some(names[0]));
        assert_eq!(nearest("knid", &names), Some("kind"));
        assert_eq!(nearest("x", &names), None);
    }
}
