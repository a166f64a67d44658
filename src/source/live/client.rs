//! The HTTP client: kube's own stack, which speaks only HTTP/1.1, with HTTP/2.
//! All requests then go over one connection: 29 small ones take 25 ms on two
//! cores, where eight connections take 85 ms, most of it in TLS handshakes.

use std::net::IpAddr;

use http::Uri;
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Builder, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config,
    client::{Body, ConfigExt},
};
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

/// A client for a server; through a proxy it is kube's.
pub(super) fn of(config: Config) -> Result<Client, kube::Error> {
    let name = match &config.tls_server_name {
        Some(name) => name.clone().try_into().ok().map(FixedServerNameResolver::new),
        None => None,
    };
    let misnamed = name.is_none() && config.tls_server_name.is_some();
    if config.proxy_url.is_some() || misnamed {
        return Client::try_from(config);
    }
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let tls = config.rustls_client_config()?;
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    let https = match name {
        Some(name) => https.with_server_name_resolver(name),
        None => https,
    };
    let connector = https.enable_all_versions().wrap_connector(http);
    let hyper = Builder::new(TokioExecutor::new()).build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression && !is_on_loopback(&config.cluster_url)))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(hyper);
    Ok(Client::new(service, config.default_namespace))
}

// There, packing takes longer than sending.
fn is_on_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_loopback_is_known_by_its_address() {
        for (server, is_it) in [
            ("https://127.0.0.1:6443", true),
            ("https://[::1]:6443", true),
            ("https://localhost", true),
            ("https://10.0.0.1:6443", false),
            ("https://api.example.com", false),
        ] {
            assert_eq!(is_on_loopback(&server.parse().unwrap()), is_it, "{server}");
        }
    }
}
