//! The certificates that an Ingress shows, and whether their Secrets are there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::Secret,
    networking::v1::{Ingress, IngressTLS},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::Nearest,
    facts::{
        nearest::{Candidate, nearest},
        object,
    },
    inventory::{self, Inventory, Known, Lookup},
    kind::Kind,
};

/// cert-manager makes the Secret where the Ingress bears one of these.
const ISSUERS: [&str; 3] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"];

/// One Secret of `spec.tls`, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TlsFacts {
    /// The Secret's name.
    pub secret: String,
    /// The path at which it is named.
    pub field: String,
    /// Whether it is there.
    pub exists: Known<bool>,
    /// Which of tls.crt and tls.key it lacks, as words; empty where it has both.
    pub lacks: Known<String>,
    /// The keys that it has, as words.
    pub keys: String,
    /// The Secrets that were probably meant.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// A JSON patch of the Ingress that names it.
    pub patch: String,
    /// The namespaces that have a Secret of that name, as words; empty where none has.
    pub elsewhere: String,
    /// The cert-manager issuer that is to make it; empty where none is.
    pub issuer: String,
    /// The hosts that are to show it, as words.
    pub hosts: String,
    /// What its certificate says; nothing where there is none that can be read.
    pub certificate: Known<Option<CertificateFacts>>,
}

/// What a certificate says, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CertificateFacts {
    /// Whether it has ended.
    pub expired: bool,
    /// Whether it has not begun.
    pub not_yet: bool,
    /// `2026-11-21 14:30 UTC`.
    pub not_before: String,
    /// The same of its end.
    pub not_after: String,
    /// Its names, as words; empty where it has none.
    pub names: String,
    /// The hosts that are to show it and that it is not for, as words.
    pub not_for: String,
}

// Each Secret with the path of its name and the hosts that are to show it.
fn entries(ingress: &Ingress) -> Vec<(usize, &IngressTLS, &str)> {
    let all = ingress.spec.as_ref().and_then(|spec| spec.tls.as_deref()).unwrap_or_default();
    let named = |tls: &'_ IngressTLS| tls.secret_name.as_ref().is_some_and(|name| !name.is_empty());
    let entries = all.iter().enumerate().filter(|(_, tls)| named(tls));
    entries.map(|(index, tls)| (index, tls, tls.secret_name.as_deref().unwrap_or_default())).collect()
}

/// The names of the Secrets of `spec.tls`.
pub fn secrets(ingress: &Ingress) -> BTreeSet<&str> {
    entries(ingress).into_iter().map(|(_, _, name)| name).collect()
}

/// The facts of each Secret of `spec.tls`.
pub fn tls_facts(inventory: &Inventory, ingress: &Ingress) -> Vec<TlsFacts> {
    entries(ingress).into_iter().map(|(index, tls, name)| one(inventory, ingress, index, tls, name)).collect()
}

fn one(inventory: &Inventory, ingress: &Ingress, index: usize, tls: &IngressTLS, name: &str) -> TlsFacts {
    let namespace = object::namespace(&ingress.metadata);
    let found = inventory.get::<Secret>(namespace, name);
    let names = if found.is_absent() { inventory.known_names(Kind::Secret) } else { BTreeSet::new() };
    let here = names.iter().filter(|(other, _)| other == namespace);
    let nearest = nearest(name, here.map(|(_, name)| Candidate::named(name)));
    let better = nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    let elsewhere = names.iter().filter(|(other, same)| other != namespace && same == name);
    let annotations = ingress.metadata.annotations.as_ref();
    let issuer = ISSUERS.iter().find_map(|key| Some((key, annotations?.get(*key)?)));
    let hosts = tls.hosts.clone().unwrap_or_default();
    let path = format!("/spec/tls/{index}/secretName");
    TlsFacts {
        field: format!("spec.tls[{index}].secretName"),
        exists: found.exists(),
        lacks: known(&found, |secret| lacking(&keys(secret))).map(Option::unwrap_or_default),
        keys: found.clone().present().map(|secret| keys(secret).join(", ")).unwrap_or_default(),
        patch: json!([{"op": "test", "path": path, "value": name}, {"op": "replace", "path": path, "value": better}])
            .to_string(),
        nearest,
        better,
        elsewhere: elsewhere.map(|(namespace, _)| namespace.clone()).collect::<Vec<_>>().join(", "),
        issuer: issuer.map(|(key, value)| format!("{key}: {value}")).unwrap_or_default(),
        certificate: known(&found, |secret| certificate(inventory.about.now, secret, &hosts)).map(Option::flatten),
        hosts: hosts.join(", "),
        secret: name.to_owned(),
    }
}

fn known<T>(found: &Lookup<&Secret>, fact: impl Fn(&Secret) -> T) -> Known<Option<T>> {
    match found {
        Lookup::Present(secret) => Known::Known(Some(fact(secret))),
        Lookup::Absent => Known::Known(None),
        Lookup::Unknown(why) => Known::Unknown(why.clone()),
    }
}

fn keys(secret: &Secret) -> Vec<&str> {
    let data = secret.data.iter().flat_map(|data| data.keys());
    let text = secret.string_data.iter().flat_map(|data| data.keys());
    data.chain(text).map(String::as_str).collect()
}

fn lacking(keys: &[&str]) -> String {
    let lacking: Vec<_> = ["tls.crt", "tls.key"].into_iter().filter(|key| !keys.contains(key)).collect();
    lacking.join(" and ")
}

fn certificate(now: Timestamp, secret: &Secret, hosts: &[String]) -> Option<CertificateFacts> {
    let said = inventory::certificate(secret)?;
    let not_for: Vec<_> = hosts.iter().filter(|host| !said.is_for(host)).map(String::as_str).collect();
    Some(CertificateFacts {
        expired: said.not_after < now,
        not_yet: said.not_before > now,
        not_before: minute(said.not_before),
        not_after: minute(said.not_after),
        not_for: not_for.join(", "),
        names: said.names.unwrap_or_default().join(", "),
    })
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
