//! Why no API server answers, told in one line that names what to do.

use std::{error::Error as StdError, io::ErrorKind, time::Duration};

use jiff::Timestamp;
use kube::client::AuthError;

use super::credentials::{Credential, Form};
use crate::{duration, error::Error};

/// Why a request got no answer from an API server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    Refused,
    TimedOut(Duration),
    NoSuchHost,
    /// What the system says: no route to host, network is unreachable.
    Unreachable(String),
    Closed,
    /// The answer is the beginning of one.
    Truncated,
    UnknownAuthority,
    ServerCertificateExpired(Option<Timestamp>),
    ServerCertificateNotYetValid,
    /// The names that the certificate is for.
    WrongName(String),
    /// What else is wrong with the server's certificate.
    BadServerCertificate(String),
    /// The TLS alert.
    ClientCertificateRefused(String),
    NotTls,
    OnlyTls,
    NotHttp,
    /// What the proxy answers.
    Proxy(String),
    /// 401, with the server's message.
    Unauthorized(String),
    /// The credential plugin, when it was asked again, in its words.
    NoCredential(String),
    /// The server takes the user for `system:anonymous`.
    Anonymous,
    /// A web page, by its title, or where a redirect leads.
    WebPage(String),
    /// A status and body that no API server gives.
    NotKubernetes(u16),
    /// 404 without a word on what is not found.
    NotServed,
    /// 5xx and 429, with the server's message.
    Failing(u16, String),
    Other(String),
}

/// Where requests go, as whom, and what says so.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    pub(super) server: String,
    pub(super) context: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
    /// The kubeconfig files.
    pub(super) origin: String,
    pub(super) proxy: Option<String>,
    pub(super) credential: Credential,
}

/// How the words of errors begin where a connection of HTTP/2 ends: h2 hands on no error but its words.
const CLOSED_OVER_HTTP_2: [&str; 6] = [
    "peer closed connection without sending TLS close_notify",
    "connection error received: not a result of an error",
    "stream error received: refused stream",
    "Connection reset by peer",
    "connection reset",
    "broken pipe",
];

/// What an error of the client comes down to.
pub(super) fn of(error: &kube::Error) -> Trouble {
    if let kube::Error::Auth(AuthError::AuthExec(what)) = error {
        return Trouble::NoCredential(what.clone());
    }
    let mut texts = Vec::new();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if let Some(trouble) = of_io(error).or_else(|| of_text(&text)) {
            return trouble;
        }
        texts.push(text);
        next = error.source();
    }
    Trouble::Other(texts.pop().unwrap_or_default())
}

fn of_io(error: &(dyn StdError + 'static)) -> Option<Trouble> {
    let mut error = error.downcast_ref::<std::io::Error>()?;
    // hyper-rustls wraps one in another, which `source` steps over.
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        error = inner;
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => Trouble::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => Trouble::Closed,
        ErrorKind::HostUnreachable => Trouble::Unreachable("no route to host".to_owned()),
        ErrorKind::NetworkUnreachable => Trouble::Unreachable("the network is unreachable".to_owned()),
        ErrorKind::TimedOut => Trouble::Unreachable("the connection timed out".to_owned()),
        _ => return None,
    })
}

// rustls and hyper-util are not ours to downcast to: the tests hold these words.
// Only the innermost errors are told by their own words, because the outer ones
// repeat them after words of their own.
fn of_text(text: &str) -> Option<Trouble> {
    let after = |mark: &str| text.strip_prefix(mark).map(str::to_owned);
    if let Some(reason) = after("invalid peer certificate: ") {
        return Some(of_certificate(&reason));
    }
    if let Some(alert) = after("received fatal alert: ") {
        let about = ["Certificate", "UnknownCA", "UnknownCa", "AccessDenied"];
        return Some(match about.iter().any(|word| alert.contains(word)) {
            true => Trouble::ClientCertificateRefused(alert),
            false => Trouble::Other(format!("TLS alert {alert}")),
        });
    }
    match text {
        "received corrupt message of type InvalidContentType" => Some(Trouble::NotTls),
        "dns error" => Some(Trouble::NoSuchHost),
        "connection closed before message completed" | "tls handshake eof" => Some(Trouble::Closed),
        // The same over HTTP/2, where many requests share one connection: of those under way, and of those to come.
        "request was canceled" | "operation was canceled" | "channel closed" => Some(Trouble::Closed),
        _ if CLOSED_OVER_HTTP_2.iter().any(|start| text.starts_with(start)) => Some(Trouble::Closed),
        // What connects to the proxy failed for a reason of its own, further in.
        "tunnel error: failed to create underlying connection" => None,
        "tunnel error: unsuccessful" => Some(Trouble::Proxy("it does not let the connection through".to_owned())),
        _ if text.starts_with("failed to lookup address") => Some(Trouble::NoSuchHost),
        // The server speaks first, as SSH does, or answers something else.
        "received unexpected message from connection" => Some(Trouble::NotHttp),
        _ if text.starts_with("invalid HTTP") => Some(Trouble::NotHttp),
        _ => after("tunnel error: ").or_else(|| after("SOCKS error: ")).map(Trouble::Proxy),
    }
}

fn of_certificate(reason: &str) -> Trouble {
    if reason == "UnknownIssuer" || reason == "BadSignature" {
        Trouble::UnknownAuthority
    } else if reason.starts_with("certificate expired") || reason == "Expired" {
        let end = reason.split_once("is not valid after ").and_then(|(_, rest)| {
            let seconds = rest.split_whitespace().next()?.parse().ok()?;
            Timestamp::from_second(seconds).ok()
        });
        Trouble::ServerCertificateExpired(end)
    } else if reason.starts_with("certificate not valid yet") || reason == "NotValidYet" {
        Trouble::ServerCertificateNotYetValid
    } else if let Some((_, names)) = reason.split_once("certificate is only valid for ") {
        Trouble::WrongName(few(names))
    } else if reason.starts_with("certificate not valid for name") {
        Trouble::WrongName("no name at all".to_owned())
    } else {
        Trouble::BadServerCertificate(reason.to_owned())
    }
}

// `DnsName("a"), DnsName("b") or IpAddress(10.0.0.1)`, and there may be many.
fn few(names: &str) -> String {
    let names = names.replace(" or ", ", ");
    let bare = |name: &str| {
        let name = name.split_once('(').map_or(name, |(_, name)| name);
        name.trim_matches(['"', ')']).to_owned()
    };
    let mut few: Vec<_> = names.split(", ").take(5).map(bare).collect();
    if names.split(", ").count() > few.len() {
        few.push("others".to_owned());
    }
    few.join(", ")
}

impl Trouble {
    /// Whether other requests need not be tried. A cheap one that takes too long
    /// says so, a long list does not.
    pub(super) fn is_final(&self, cheap: bool) -> bool {
        match self {
            Trouble::TimedOut(_) => cheap,
            Trouble::Failing(..) | Trouble::Truncated | Trouble::NotKubernetes(_) | Trouble::NotServed => false,
            _ => true,
        }
    }

    /// In a few words, where other requests did get an answer.
    pub(super) fn brief(&self) -> String {
        match self {
            Trouble::Refused => "connection refused".to_owned(),
            Trouble::TimedOut(limit) => format!("timed out after {}", duration::short(*limit)),
            Trouble::NoSuchHost => "its name does not resolve".to_owned(),
            Trouble::Unreachable(what) | Trouble::Other(what) => what.clone(),
            Trouble::Closed => "the server closed the connection".to_owned(),
            Trouble::Truncated => "the answer breaks off in the middle".to_owned(),
            Trouble::UnknownAuthority => "the server's certificate is not trusted".to_owned(),
            Trouble::ServerCertificateExpired(_) => "the server's certificate expired".to_owned(),
            Trouble::ServerCertificateNotYetValid => "the server's certificate is not valid yet".to_owned(),
            Trouble::WrongName(_) => "the server's certificate is for other names".to_owned(),
            Trouble::BadServerCertificate(what) => {
                format!("the server's certificate is bad: {what}")
            }
            Trouble::ClientCertificateRefused(_) => "the client certificate is refused".to_owned(),
            Trouble::NotTls => "the server does not speak TLS".to_owned(),
            Trouble::OnlyTls => "the server speaks only TLS".to_owned(),
            Trouble::NotHttp => "the server does not speak HTTP".to_owned(),
            Trouble::Proxy(what) => format!("proxy: {what}"),
            Trouble::Unauthorized(said) => format!("unauthorized: {said}"),
            Trouble::NoCredential(what) => what.clone(),
            Trouble::Anonymous => "forbidden to anonymous users".to_owned(),
            Trouble::WebPage(_) => "a web page came back".to_owned(),
            Trouble::NotKubernetes(code) => {
                format!("an answer that no API server gives (HTTP {code})")
            }
            Trouble::NotServed => "not served by this server".to_owned(),
            Trouble::Failing(504, said) => format!("timed out on the server: {said}"),
            Trouble::Failing(_, said) => said.clone(),
        }
    }

    /// The one line that ends the run.
    pub(super) fn fatal(&self, target: &Target) -> Error {
        // Through a proxy, it is the proxy that is not there.
        if let (Some(_), Trouble::Refused | Trouble::NoSuchHost | Trouble::Unreachable(_)) = (&target.proxy, self) {
            return Trouble::Proxy(self.brief()).fatal(target);
        }
        let server = match &target.proxy {
            Some(proxy) => format!("{} through the proxy {proxy}", target.server),
            None => target.server.clone(),
        };
        let right = target.right();
        let cannot = |what: &str, hint: &str| format!("cannot reach the API server {server}: {what}; {hint}");
        Error::new(match self {
            Trouble::Refused => cannot("connection refused", &format!("is the cluster running, and {right}?")),
            Trouble::TimedOut(limit) => cannot(
                &format!("no answer within {}", duration::short(*limit)),
                &format!("is the cluster running, is a VPN or a firewall in between, and {right}?"),
            ),
            Trouble::NoSuchHost => cannot(
                "its name does not resolve",
                &format!("is the VPN on, does the cluster still exist, and {right}?"),
            ),
            Trouble::Unreachable(what) => cannot(what, &format!("is the network or VPN up, and {right}?")),
            Trouble::Closed => cannot(
                "it closes the connection without an answer",
                &format!("is it starting or overloaded, is a proxy in between, and {right}?"),
            ),
            Trouble::Truncated => {
                cannot("its answers break off in the middle", &format!("is a proxy in between, and {right}?"))
            }
            Trouble::UnknownAuthority => format!(
                "the API server {server} shows a certificate of an authority that is not trusted; check {}: was the cluster rebuilt? Then fetch its kubeconfig again",
                target.authority()
            ),
            Trouble::ServerCertificateExpired(end) => format!(
                "the certificate of the API server {server} expired{}; renew it on the control plane (kubeadm certs renew all), or set this machine's clock right",
                at(*end)
            ),
            Trouble::ServerCertificateNotYetValid => {
                format!("the certificate of the API server {server} is not valid yet; set this machine's clock right")
            }
            Trouble::WrongName(names) => format!(
                "the certificate of the API server {server} is for {names} and not for this address; use one of those as --server, or set tls-server-name in {}",
                target.origin()
            ),
            Trouble::BadServerCertificate(what) => format!(
                "the certificate of the API server {server} cannot be verified: {what}; check {}",
                target.authority()
            ),
            Trouble::ClientCertificateRefused(alert) => match target.expired() {
                Some(line) => line,
                None => format!(
                    "the API server {server} refuses the {} of {} ({alert}); fetch the kubeconfig again",
                    target.credential.form,
                    target.user()
                ),
            },
            Trouble::NotTls => {
                format!("{server} does not speak TLS; write http:// if that is meant, or {right}?")
            }
            Trouble::OnlyTls => format!("{server} speaks only TLS; write https:// in its address"),
            Trouble::NotHttp => {
                format!("{server} does not speak HTTP: is this the API server's port, and {right}?")
            }
            Trouble::Proxy(what) => cannot(
                what,
                "check the proxy and its password (HTTPS_PROXY, or proxy-url in the kubeconfig), or add the server to NO_PROXY",
            ),
            Trouble::Unauthorized(said) => target.unauthorized(said),
            Trouble::NoCredential(what) => {
                format!("the API server {server} no longer accepts who you were, and {what}")
            }
            Trouble::Anonymous => format!(
                "the API server {server} takes you for system:anonymous, who may see nothing: {} has no credentials; log in, or give --token or --user",
                target.whose()
            ),
            Trouble::WebPage(what) => format!(
                "{server} answers with a web page ({what}) instead of the Kubernetes API; log in where it asks, or {right}?"
            ),
            Trouble::NotKubernetes(code) => format!(
                "{server} is not a Kubernetes API server: HTTP {code} without a Status; is the address right, with its path, and {right}?"
            ),
            Trouble::NotServed => format!(
                "{server} does not serve the Kubernetes API: 404 page not found; is the address right, with its path, and {right}?"
            ),
            Trouble::Failing(code, said) => format!(
                "the API server {server} answers {code}: {said}; is it starting or overloaded? Try again, and look at its log and at etcd"
            ),
            Trouble::Other(what) => cannot(what, &format!("try kubectl get --raw /version; {right}?")),
        })
    }
}

fn at(moment: Option<Timestamp>) -> String {
    moment.map(|moment| format!(" at {moment}")).unwrap_or_default()
}

impl Target {
    fn right(&self) -> String {
        match &self.context {
            Some(context) => {
                format!("is context {context:?} the right one (kubectl config get-contexts)")
            }
            None => "is this its address".to_owned(),
        }
    }

    fn origin(&self) -> &str {
        if self.origin.is_empty() { "the kubeconfig" } else { &self.origin }
    }

    fn authority(&self) -> String {
        match &self.cluster {
            Some(cluster) => format!("certificate-authority of cluster {cluster:?} in {}", self.origin()),
            None => "--certificate-authority".to_owned(),
        }
    }

    fn user(&self) -> String {
        match &self.user {
            Some(user) => format!("user {user:?} in {}", self.origin()),
            None => "this user".to_owned(),
        }
    }

    fn whose(&self) -> String {
        match (&self.user, &self.context) {
            (Some(user), _) => format!("user {user:?}"),
            (None, Some(context)) => format!("context {context:?}"),
            (None, None) => "the command line".to_owned(),
        }
    }

    fn expired(&self) -> Option<String> {
        let Credential { form, expires, .. } = &self.credential;
        let end = expires.filter(|end| *end <= Timestamp::now())?;
        let cure = match form {
            Form::Certificate => "renew it (kubeadm certs renew, or fetch the kubeconfig again)",
            _ => "log in again",
        };
        Some(format!("the {form} of {} expired at {end}; {cure}", self.user()))
    }

    fn unauthorized(&self, said: &str) -> String {
        if let Some(line) = self.expired() {
            return line;
        }
        let server = &self.server;
        let Credential { form, plugin, .. } = &self.credential;
        match (form, plugin) {
            (Form::Nothing, _) => format!(
                "the API server {server} wants to know who you are, and {} has no credentials; log in, or give --token or --user",
                self.whose()
            ),
            (_, Some(plugin)) => format!(
                "the API server {server} does not accept the {form} that {plugin} gives for {}: {said}; log in again, or {}?",
                self.user(),
                self.right()
            ),
            _ => format!(
                "the API server {server} does not accept the {form} of {}: {said}; log in again or fetch the kubeconfig again, or {}?",
                self.user(),
                self.right()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            server: "https://10.0.0.1:6443".to_owned(),
            context: Some("x".to_owned()),
            cluster: Some("c".to_owned()),
            user: Some("u".to_owned()),
            origin: "/home/me/.kube/config".to_owned(),
            ..Target::default()
        }
    }

    #[test]
    fn a_refused_connection_names_the_server_and_the_context() {
        assert_eq!(
            Trouble::Refused.fatal(&target()).to_string(),
            "cannot reach the API server https://10.0.0.1:6443: connection refused; is the cluster running, and is context \"x\" the right one (kubectl config get-contexts)?"
        );
    }

    #[test]
    fn a_connection_that_many_requests_share_is_told_when_it_closes() {
        for words in [
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/rustls/manual",
            "connection error received: not a result of an error",
            "stream error received: refused stream before processing any application logic",
            "Connection reset by peer (os error 104)",
            "request was canceled",
        ] {
            assert_eq!(of_text(words), Some(Trouble::Closed), "{words}");
        }
    }

    #[test]
    fn a_server_certificate_is_told_by_what_is_wrong_with_it() {
        for (words, trouble) in [
            ("UnknownIssuer", Trouble::UnknownAuthority),
            (
                "certificate expired: verification time 1700000001 (UNIX), but certificate is not valid after 1700000000 (1 seconds ago)",
                Trouble::ServerCertificateExpired(Timestamp::from_second(1_700_000_000).ok()),
            ),
            (
                "certificate not valid for name \"10.0.0.1\"; certificate is only valid for DnsName(\"kubernetes\") or IpAddress(10.96.0.1)",
                Trouble::WrongName("kubernetes, 10.96.0.1".to_owned()),
            ),
            (
                "Other(OtherError(CaUsedAsEndEntity))",
                Trouble::BadServerCertificate("Other(OtherError(CaUsedAsEndEntity))".to_owned()),
            ),
        ] {
            assert_eq!(of_text(&format!("invalid peer certificate: {words}")), Some(trouble), "{words}");
        }
    }

    #[test]
    fn an_expired_certificate_of_the_user_is_named_with_its_end() {
        let end: Timestamp = "2021-01-02T03:04:05Z".parse().unwrap();
        let credential = Credential { form: Form::Certificate, expires: Some(end), plugin: None };
        let target = Target { credential, ..target() };
        assert_eq!(
            Trouble::Unauthorized("Unauthorized".to_owned()).fatal(&target).to_string(),
            "the client certificate of user \"u\" in /home/me/.kube/config expired at 2021-01-02T03:04:05Z; renew it (kubeadm certs renew, or fetch the kubeconfig again)"
        );
    }

    #[test]
    fn a_proxy_that_is_not_there_is_told_apart_from_the_server() {
        let target = Target { proxy: Some("http://proxy:3128".to_owned()), ..target() };
        let line = Trouble::Refused.fatal(&target).to_string();
        assert!(line.contains("through the proxy http://proxy:3128: connection refused; check the proxy"), "{line}");
    }

    #[test]
    fn a_user_without_credentials_is_told_so() {
        let line = Trouble::Unauthorized("Unauthorized".to_owned()).fatal(&target()).to_string();
        assert!(line.contains("and user \"u\" has no credentials"), "{line}");
    }

    #[test]
    fn every_trouble_is_one_line_that_names_the_server() {
        let words = || "words".to_owned();
        for trouble in [
            Trouble::Refused,
            Trouble::TimedOut(Duration::from_secs(10)),
            Trouble::NoSuchHost,
            Trouble::Unreachable(words()),
            Trouble::Closed,
            Trouble::Truncated,
            Trouble::UnknownAuthority,
            Trouble::ServerCertificateExpired(None),
            Trouble::ServerCertificateNotYetValid,
            Trouble::WrongName(words()),
            Trouble::BadServerCertificate(words()),
            Trouble::ClientCertificateRefused(words()),
            Trouble::NotTls,
            Trouble::OnlyTls,
            Trouble::NotHttp,
            Trouble::Proxy(words()),
            Trouble::Unauthorized(words()),
            Trouble::NoCredential(words()),
            Trouble::Anonymous,
            Trouble::WebPage(words()),
            Trouble::NotKubernetes(200),
            Trouble::NotServed,
            Trouble::Failing(503, words()),
            Trouble::Other(words()),
        ] {
            let line = trouble.fatal(&target()).to_string();
            assert!(line.contains("https://10.0.0.1:6443") && !line.contains('\n'), "{line}");
            assert!(!trouble.brief().is_empty());
        }
    }
}
