//! Which proxy stands between here and the server, by kubectl's rules. The kube
//! crate compares `NO_PROXY` with the proxy's host instead of the server's, and
//! takes an empty entry in it for an error.

use std::net::IpAddr;

use http::Uri;

/// From `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` in either case; never for
/// the machine itself.
pub(super) fn from_environment(server: &Uri, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let either = |name: &str| {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        set(name).or_else(|| set(&name.to_lowercase()))
    };
    let (name, port) = match server.scheme_str() {
        Some("http") => ("HTTP_PROXY", 80),
        _ => ("HTTPS_PROXY", 443),
    };
    let proxy = either(name)?;
    let host = server.host()?.trim_matches(['[', ']']).to_lowercase();
    let port = server.port_u16().unwrap_or(port);
    let address = host.parse::<IpAddr>().ok();
    let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let excepted = either("NO_PROXY").is_some_and(|exceptions| {
        exceptions.split(',').any(|entry| covers(&entry.trim().to_lowercase(), &host, address, port))
    });
    (!here && !excepted).then_some(proxy)
}

/// A proxy's address as a URL; without a scheme it speaks HTTP.
pub(super) fn url(text: &str) -> Result<Uri, http::uri::InvalidUri> {
    match text.split_once("://") {
        // The name is resolved by the proxy with either.
        Some(("socks5h", rest)) => format!("socks5://{rest}").parse(),
        Some(_) => text.parse(),
        None => format!("http://{text}").parse(),
    }
}

/// A URL as it may be shown: without a password, and without the last slash.
pub(super) fn shown(url: &Uri) -> String {
    let text = url.to_string();
    let text = match (text.split_once("://"), url.authority()) {
        (Some((scheme, rest)), Some(authority)) => {
            let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
            format!("{scheme}://{host}{}", rest.strip_prefix(authority.as_str()).unwrap_or_default())
        }
        _ => text,
    };
    text.trim_end_matches('/').to_owned()
}

fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return match (network.parse(), bits.parse(), address) {
            (Ok(network), Ok(bits), Some(address)) => is_in(address, network, bits),
            _ => false,
        };
    }
    if let Ok(same) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address == Some(same);
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, only)) => (name, only.parse::<u16>().ok()),
        None => (entry, None),
    };
    if only.is_some_and(|only| only != port) {
        return false;
    }
    let name = name.trim_start_matches('*');
    match name.strip_prefix('.') {
        _ if name.is_empty() => false,
        Some(_) => host.ends_with(name),
        None => host == name || host.ends_with(&format!(".{name}")),
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits <= 32 && differing.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            bits <= 128 && differing.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, exceptions: &str) -> Option<String> {
        from_environment(&server.parse().unwrap(), |name| match name {
            "HTTPS_PROXY" => Some("proxy.corp:3128".to_owned()),
            "no_proxy" => Some(exceptions.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn a_server_is_reached_through_the_proxy() {
        assert_eq!(proxy("https://10.0.0.1:6443", "").as_deref(), Some("proxy.corp:3128"));
        assert_eq!(proxy("http://10.0.0.1:8080", ""), None);
    }

    #[test]
    fn this_machine_is_reached_without_the_proxy() {
        for server in ["https://localhost:6443", "https://127.0.0.1:6443", "https://[::1]:6443"] {
            assert_eq!(proxy(server, ""), None, "{server}");
        }
    }

    #[test]
    fn an_excepted_server_is_reached_without_the_proxy() {
        for (server, exceptions) in [
            ("https://10.1.2.3:6443", "10.1.2.3"),
            ("https://10.1.2.3:6443", "a.org, 10.0.0.0/8,"),
            ("https://10.1.2.3:6443", "*"),
            ("https://10.1.2.3:6443", "0.0.0.0/0"),
            ("https://[fd00::7]:6443", "fd00::/8"),
            ("https://k8s.corp.org:6443", "corp.org"),
            ("https://k8s.corp.org:6443", ".corp.org"),
            ("https://k8s.corp.org:6443", "*.corp.org"),
            ("https://k8s.corp.org:6443", "CORP.org:6443"),
        ] {
            assert_eq!(proxy(server, exceptions), None, "{server} {exceptions}");
        }
    }

    #[test]
    fn what_only_looks_like_an_excepted_server_is_not() {
        for (server, exceptions) in [
            ("https://11.1.2.3:6443", "10.0.0.0/8"),
            ("https://10.1.2.3:6443", "10.0.0.0/64"),
            ("https://k8s.notcorp.org:6443", "corp.org"),
            ("https://corp.org:6443", ".corp.org"),
            ("https://k8s.corp.org:6443", "corp.org:443"),
            ("https://k8s.corp.org:6443", ","),
        ] {
            assert!(proxy(server, exceptions).is_some(), "{server} {exceptions}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        for (url, bare) in [
            ("http://jane:secret@proxy.corp:3128/", "http://proxy.corp:3128"),
            ("https://10.0.0.1:6443/k8s/clusters/c-1/", "https://10.0.0.1:6443/k8s/clusters/c-1"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), bare);
        }
    }

    #[test]
    fn a_proxy_without_a_scheme_speaks_http() {
        assert_eq!(url("proxy.corp:3128").unwrap().to_string(), "http://proxy.corp:3128/");
        assert_eq!(url("socks5h://p:1080").unwrap().scheme_str(), Some("socks5"));
    }
}
