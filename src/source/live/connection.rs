//! kubectl's connection flags, and the way from them to a client.

use std::{path::PathBuf, time::Duration};

use http::{HeaderValue, Uri, header::USER_AGENT};
use kube::{
    Config,
    client::AuthError,
    config::{AuthInfo, Cluster, ExecAuthCluster},
};

use super::{
    Live, credentials, expiry,
    kubeconfig::{self, Chosen, Files, KubeconfigNames, Surroundings},
    proxy,
    renewal::Plugin,
    trouble::Target,
};
use crate::{duration, error::Error};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Which cluster to talk to, and as whom: kubectl's flags with kubectl's meaning.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Path to the kubeconfig file [default: KUBECONFIG, else ~/.kube/config, else the pod's service account]
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig cluster to use
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The kubeconfig user to use
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// The namespace to look at [default: the context's]
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Username to impersonate; a service account is system:serviceaccount:NAMESPACE:NAME
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(long, global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// The address and port of the API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// How long to wait for one request: 10s, 1m, 500ms, a number of seconds, 0 for no limit [default: 10s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub request_timeout: Option<String>,
    /// Path to the certificate of the authority that signed the API server's
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate_authority: Option<PathBuf>,
    /// Do not check the API server's certificate
    #[arg(long, global = true)]
    pub insecure_skip_tls_verify: bool,
}

impl Connection {
    /// The flags by which kubectl reaches the same cluster as the same user. A token stays out of what is printed.
    pub fn given(&self) -> Vec<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let flags = [
            ("--kubeconfig", path(&self.kubeconfig)),
            ("--context", self.context.clone()),
            ("--cluster", self.cluster.clone()),
            ("--user", self.user.clone()),
            ("--as", self.as_user.clone()),
            ("--server", self.server.clone()),
            ("--certificate-authority", path(&self.certificate_authority)),
        ];
        let flags = flags.into_iter().filter_map(|(flag, value)| Some((flag, value?)));
        let groups = self.as_group.iter().map(|group| ("--as-group", group.clone()));
        let mut words: Vec<String> = flags.chain(groups).flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        words.extend(self.insecure_skip_tls_verify.then(|| "--insecure-skip-tls-verify".to_owned()));
        words
    }

    /// Makes the client; nothing is asked of the server yet.
    ///
    /// A credential plugin is run here, and may ask the user for something.
    ///
    /// # Errors
    /// Where the flags or the kubeconfig do not lead to a server, or the
    /// credentials cannot be had.
    pub async fn connect(&self) -> Result<Live, Error> {
        self.connect_from(&Surroundings::of_process())
    }

    /// What the kubeconfig has to choose from.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn kubeconfig_names(&self) -> Result<KubeconfigNames, Error> {
        kubeconfig::read(self.kubeconfig.as_deref(), &Surroundings::of_process()).map(Files::names)
    }

    /// The contexts of these names, each once; all that the kubeconfig has where none is named.
    ///
    /// # Errors
    /// Where it can't be read, one is not in it, or there is none at all.
    pub fn contexts(&self, named: &[String]) -> Result<Vec<String>, Error> {
        kubeconfig::read(self.kubeconfig.as_deref(), &Surroundings::of_process())?.contexts(named)
    }

    pub(super) fn connect_from(&self, around: &Surroundings) -> Result<Live, Error> {
        let timeout = match &self.request_timeout {
            Some(text) => duration::parse(text).map_err(|what| Error::new(format!("--request-timeout: {what}")))?,
            None => Some(TIMEOUT),
        };
        let (mut chosen, origin) = self.chosen(around)?;
        self.override_with_flags(&mut chosen)?;
        let mut target = Target {
            context: chosen.context.clone(),
            cluster: chosen.cluster_name.clone(),
            user: chosen.user_name.clone(),
            origin,
            ..Target::default()
        };
        let mut config = config(&chosen)?;
        target.server = proxy::shown(&config.cluster_url);
        if let Some(exec) = chosen.user.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
            exec.cluster = ExecAuthCluster::try_from(&chosen.cluster).ok();
        }
        let who = match &chosen.user_name {
            Some(user) => format!("user {user:?}"),
            None => "the user".to_owned(),
        };
        let asked = chosen.user.clone();
        target.credential = credentials::settle(&mut chosen.user, &who)?;
        let plugin = target.credential.plugin.is_some().then_some(Plugin { user: asked, who });
        config.auth_info = chosen.user;
        config.connect_timeout = timeout;
        target.proxy = config.proxy_url.as_ref().map(proxy::shown);
        let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let namespace = named(&self.namespace).or(chosen.namespace);
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        Live::new((config, plugin), target.clone(), namespace, timeout).map_err(|error| unusable(&error, &target))
    }

    fn chosen(&self, around: &Surroundings) -> Result<(Chosen, String), Error> {
        let files = kubeconfig::read(self.kubeconfig.as_deref(), around)?;
        let named = self.context.is_some() || self.cluster.is_some() || self.user.is_some();
        if files.is_empty() && around.in_cluster && !named && self.server.is_none() {
            return in_cluster().map(|chosen| (chosen, "the pod's service account".to_owned()));
        }
        let origin = files.origin.clone();
        Ok((files.choose(self)?, origin))
    }

    fn override_with_flags(&self, chosen: &mut Chosen) -> Result<(), Error> {
        let Chosen { cluster, user, .. } = chosen;
        if let Some(server) = &self.server {
            cluster.server = Some(server.clone());
            // It was the other server's.
            cluster.tls_server_name = None;
        }
        if let Some(path) = &self.certificate_authority {
            if self.insecure_skip_tls_verify {
                return Err(Error::new(
                    "--certificate-authority and --insecure-skip-tls-verify contradict each other: give one of them",
                ));
            }
            cluster.certificate_authority = Some(path.display().to_string());
            cluster.certificate_authority_data = None;
            cluster.insecure_skip_tls_verify = None;
        }
        if self.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
        }
        if let Some(token) = &self.token {
            user.token = Some(token.trim().into());
            user.token_file = None;
            user.exec = None;
            user.auth_provider = None;
            user.username = None;
        }
        if let Some(name) = &self.as_user {
            user.impersonate = Some(name.clone());
        }
        if !self.as_group.is_empty() {
            user.impersonate_groups = Some(self.as_group.clone());
        }
        if user.impersonate.is_none() && user.impersonate_groups.is_some() {
            return Err(Error::new("--as-group needs --as: groups are impersonated along with a user"));
        }
        Ok(())
    }
}

fn in_cluster() -> Result<Chosen, Error> {
    let config = Config::incluster()
        .map_err(|error| Error::new(format!("the pod's service account cannot be used: {error}; give --kubeconfig")))?;
    let file = |name: &str| format!("/var/run/secrets/kubernetes.io/serviceaccount/{name}");
    Ok(Chosen {
        namespace: Some(config.default_namespace.trim().to_owned()),
        cluster: Cluster {
            server: Some(config.cluster_url.to_string()),
            certificate_authority: Some(file("ca.crt")),
            ..Cluster::default()
        },
        user: AuthInfo { token_file: Some(file("token")), ..AuthInfo::default() },
        ..Chosen::default()
    })
}

// All but the credentials.
fn config(chosen: &Chosen) -> Result<Config, Error> {
    let cluster = &chosen.cluster;
    let whose = match &chosen.cluster_name {
        Some(name) => format!("of cluster {name:?}"),
        None => "of the cluster".to_owned(),
    };
    let server = match cluster.server.as_deref().map(str::trim).filter(|server| !server.is_empty()) {
        Some(server) => url(server, chosen).ok_or_else(|| {
            Error::new(format!("the server address {server:?} {whose} is no URL: write https://HOST:PORT"))
        })?,
        None => {
            return Err(Error::new(format!("the kubeconfig has no server address {whose}: add it, or give --server")));
        }
    };
    let plain = server.scheme_str() == Some("http");
    let mut config = Config::new(server);
    config.root_cert = authority(cluster, &whose)?;
    if plain {
        // The system's certificates are not needed, and there may be none.
        config.root_cert.get_or_insert_default();
    }
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.tls_server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
    let proxy = cluster.proxy_url.clone().filter(|proxy| !proxy.is_empty());
    let proxy = proxy.or_else(|| proxy::from_environment(&config.cluster_url, |name| std::env::var(name).ok()));
    if let Some(text) = proxy {
        let proxy = proxy::url(&text).map_err(|error| {
            Error::new(format!("the proxy's address is no URL: {error}; correct HTTPS_PROXY, or proxy-url {whose}"))
        })?;
        config.proxy_url = Some(proxy);
    }
    let agent = HeaderValue::from_static(concat!("kubectl-doctor/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    // It repeats for minutes what a diagnosis can do without.
    config.default_retry = false;
    Ok(config)
}

// Without a scheme it is kubectl's guess: TLS where there is something for it.
fn url(server: &str, chosen: &Chosen) -> Option<Uri> {
    let Chosen { cluster, user, .. } = chosen;
    let secure = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some();
    let scheme = if secure { "https" } else { "http" };
    let text = if server.contains("://") { server.to_owned() } else { format!("{scheme}://{server}") };
    let url: Uri = text.parse().ok()?;
    matches!(url.scheme_str(), Some("http" | "https")).then_some(url)
}

fn authority(cluster: &Cluster, whose: &str) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (pem, from) = if let Some(data) = filled(&cluster.certificate_authority_data) {
        (expiry::base64(&data).unwrap_or_default(), "certificate-authority-data".to_owned())
    } else if let Some(path) = filled(&cluster.certificate_authority) {
        let pem = std::fs::read(&path)
            .map_err(|error| Error::new(format!("cannot read the certificate authority {path} {whose}: {error}")))?;
        (pem, path)
    } else {
        return Ok(None);
    };
    let certificates = expiry::certificates(&pem);
    if certificates.is_empty() {
        return Err(Error::new(format!("{from} {whose} holds no certificate: fetch the kubeconfig again")));
    }
    Ok(Some(certificates))
}

// What is wrong before anything is sent.
fn unusable(error: &kube::Error, target: &Target) -> Error {
    let user = match &target.user {
        Some(user) => format!("user {user:?} in {}", target.origin),
        None => "this user".to_owned(),
    };
    Error::new(match error {
        kube::Error::ProxyProtocolDisabled { proxy_url, .. } => format!(
            "this build cannot go through the proxy {}: add the server to NO_PROXY, or forward a port to it",
            proxy::shown(proxy_url)
        ),
        kube::Error::ProxyProtocolUnsupported { proxy_url } => {
            format!(
                "the proxy {} is neither http, https nor socks5: correct proxy-url or HTTPS_PROXY",
                proxy::shown(proxy_url)
            )
        }
        // Its own words show the output, in which there may be a token.
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
            format!("the auth-provider of {user} failed: {}; log in again", last.unwrap_or("it says nothing more"))
        }
        kube::Error::Auth(AuthError::AuthExec(what)) => {
            format!("the auth-provider of {user} failed: {what}")
        }
        kube::Error::Auth(error) => format!("the credentials of {user} cannot be used: {error}"),
        kube::Error::RustlsTls(error) => {
            format!("the certificates of {user} cannot be used: {error}")
        }
        kube::Error::InferKubeconfig(error) => {
            format!("the kubeconfig of {user} cannot be used: {error}")
        }
        other => format!("no client can be made for {}: {other}", target.server),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        connection: Connection,
        #[command(subcommand)]
        sub: Option<Sub>,
    }

    #[derive(clap::Subcommand)]
    enum Sub {
        Explain,
    }

    fn flags(words: &[&str]) -> Connection {
        Command::try_parse_from([&["doctor"], words].concat()).unwrap().connection
    }

    fn error(words: &[&str]) -> String {
        flags(words).connect_from(&Surroundings::default()).err().unwrap().to_string()
    }

    #[test]
    fn the_flags_are_kubectls() {
        let flags = flags(&[
            "-n",
            "shop",
            "--as",
            "jane",
            "--as-group",
            "a",
            "--as-group=b",
            "-s",
            "https://x",
            "--kubeconfig",
            "f",
            "--context",
            "c",
            "--cluster",
            "k",
            "--user",
            "u",
            "--token",
            "t",
            "--request-timeout",
            "5s",
        ]);
        assert_eq!(flags.namespace.as_deref(), Some("shop"));
        assert_eq!(flags.as_user.as_deref(), Some("jane"));
        assert_eq!(flags.as_group, ["a", "b"]);
        assert_eq!(flags.server.as_deref(), Some("https://x"));
    }

    #[test]
    fn the_flags_stand_before_or_after_a_subcommand() {
        assert_eq!(flags(&["explain", "-n", "shop"]).namespace.as_deref(), Some("shop"));
        assert_eq!(flags(&["-n", "shop", "explain"]).namespace.as_deref(), Some("shop"));
        assert!(Command::try_parse_from(["doctor", "explain"]).unwrap().sub.is_some());
    }

    #[tokio::test]
    async fn a_server_and_a_token_need_no_kubeconfig() {
        let live =
            flags(&["-s", "http://10.0.0.1:8080/", "--token", "t"]).connect_from(&Surroundings::default()).unwrap();
        assert_eq!(live.server(), "http://10.0.0.1:8080");
        assert_eq!(live.context, None);
        assert_eq!(live.namespace, "default");
    }

    #[test]
    fn without_a_cluster_it_is_said_so() {
        assert!(error(&[]).starts_with("no cluster is configured: "));
    }

    #[test]
    fn flags_that_lead_nowhere_are_named() {
        for (words, line) in [
            (
                &["-s", "ftp://x"][..],
                "the server address \"ftp://x\" of the cluster is no URL: write https://HOST:PORT",
            ),
            (
                &["-s", "https://x", "--request-timeout", "soon"],
                "--request-timeout: \"soon\" is no duration: write 10s, 1m30s or 500ms, a number of seconds, or 0 for no limit",
            ),
            (
                &["-s", "https://x", "--as-group", "g"],
                "--as-group needs --as: groups are impersonated along with a user",
            ),
            (
                &["-s", "https://x", "--certificate-authority", "/nowhere/ca"],
                "cannot read the certificate authority /nowhere/ca of the cluster: No such file or directory (os error 2)",
            ),
        ] {
            assert_eq!(error(words), line);
        }
    }

    #[test]
    fn an_address_without_a_scheme_is_read_as_kubectl_reads_it() {
        let mut chosen = Chosen::default();
        assert_eq!(url("10.0.0.1:8080", &chosen).unwrap().scheme_str(), Some("http"));
        chosen.cluster.certificate_authority = Some("ca.crt".to_owned());
        assert_eq!(url("10.0.0.1:6443", &chosen).unwrap().scheme_str(), Some("https"));
    }
}
