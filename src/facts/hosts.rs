//! The hosts that a command or a log names, and what they are in this cluster.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Service;
use regex_lite::Regex;
use schemars::JsonSchema;
use serde::Serialize;

use super::nearest::nearest_name;
use crate::{
    inventory::{Inventory, Known},
    kind::Kind,
};

/// A host that a container waits for or can't reach.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HostFacts {
    /// As the log or the command writes it.
    pub host: String,
    /// The Service's name that it would be.
    pub service: String,
    /// The namespace in which that Service would be.
    pub namespace: String,
    /// Whether that Service is there.
    pub exists: Known<bool>,
    /// The name of a Service of that namespace that is near; empty where none is.
    pub nearest: String,
}

/// The in-cluster hosts that a command asks for, in their order, each once. Only what stands where a
/// shell expects a command is one: `echo waiting for the host to answer` asks for nothing.
pub fn named_in_command(inventory: &Inventory, namespace: &str, command: &str) -> Vec<HostFacts> {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        const START: &str =
            r"(?i)(?:^|[;&|!(`\n]|-c |(?-u:\b)(?:until|while|if|do|then|else|exec|timeout [0-9]+s?) ) *(?:/[^ ]*/)?";
        const OPTIONS: &str = r" +(?:-[^ ]+ +(?:[0-9]+s? +)?)*";
        const HOST: &str = r"([a-z0-9][a-z0-9.-]*)";
        patterns([
            format!(r"{START}(?:nslookup|getent +hosts|host|ping|dig){OPTIONS}{HOST}"),
            format!(r"{START}nc{OPTIONS}{HOST} +[0-9]+"),
            format!(
                r"{START}(?:pg_isready|psql|redis-cli|mysqladmin|mysql|mongosh?)(?-u:\b)[^;&|]* (?:-h|--host)[ =]*{HOST}"
            ),
            format!(r"(?i)wait-for[^ ]* +{HOST}:[0-9]+"),
            format!(r"(?i)[a-z0-9+]://(?:[^/ \t\r\n@]*@)?{HOST}"),
        ])
    });
    in_cluster_of(inventory, namespace, PATTERNS.iter().flat_map(|pattern| captured(pattern, command)))
}

/// The in-cluster hosts of which a log says that they do not answer, in their order, each once. A host that is
/// named and about which nothing is wrong is no cause.
pub fn named_in_log(inventory: &Inventory, namespace: &str, log: &str) -> Vec<HostFacts> {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        const HOST: &str = r"['\x22]?([a-z0-9][a-z0-9.-]*)";
        patterns([
            format!(r"(?i)[a-z0-9+]://(?:[^/ \t\r\n@]*@)?{HOST}"),
            format!(r"(?i)can't (?:find|resolve) {HOST}"),
            format!(
                r"(?i)(?:resolve host(?:name)?|(?-u:\b)lookup|bad address|unknown host|unknownhostexception|getaddrinfo (?:enotfound|eai_again)|translate host name)[: ]+{HOST}"
            ),
            format!(r"(?i)(?:connect(?:ion)? to|reach|waiting for|dial tcp) +{HOST}(?::| port )[0-9]+"),
            format!(r"(?i)server at {HOST}"),
            format!(r"(?i)host={HOST}"),
        ])
    });
    static FAILURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let words = r"(?i)refused|time-?out|timed out|fail|can ?not|can't|could not|couldn't|unable|unreachable|no such host|nxdomain|not known|unknown ?host|enotfound|eai_again|bad address|reset by peer|no route|waiting|retry|error";
        Regex::new(words).ok()
    });
    let tells = |line: &&str| FAILURE.as_ref().is_some_and(|failure| failure.is_match(line));
    let lines: Vec<&str> = log.lines().filter(tells).collect();
    let found = PATTERNS.iter().flat_map(|pattern| lines.iter().flat_map(move |line| captured(pattern, line)));
    in_cluster_of(inventory, namespace, found)
}

fn patterns<const N: usize>(texts: [String; N]) -> Vec<Regex> {
    texts.iter().filter_map(|text| Regex::new(text).ok()).collect()
}

fn captured<'t>(pattern: &Regex, text: &'t str) -> impl Iterator<Item = &'t str> {
    let found: Vec<_> = pattern.captures_iter(text).filter_map(|captures| captures.get(1)).collect();
    found.into_iter().map(|host| host.as_str().trim_end_matches(['.', '-']))
}

fn in_cluster_of<'t>(inventory: &Inventory, namespace: &str, names: impl Iterator<Item = &'t str>) -> Vec<HostFacts> {
    let mut hosts: Vec<HostFacts> = Vec::new();
    for host in names {
        if let Some(facts) = in_cluster(inventory, namespace, host)
            && !hosts.iter().any(|known| known.service == facts.service && known.namespace == facts.namespace)
        {
            hosts.push(facts);
        }
    }
    hosts
}

/// The namespace and name of the Service that a host is or would be: `db`, `db.shop`, `db.shop.svc`,
/// `db.shop.svc.cluster.local`; a name with other dots is outside the cluster.
pub fn service_of(inventory: &Inventory, namespace: &str, host: &str) -> Option<(String, String)> {
    // The name of a Service begins with a letter.
    if !host.starts_with(|first: char| first.is_ascii_alphabetic()) || host == "localhost" {
        return None;
    }
    let parts: Vec<_> = host.split('.').collect();
    let (service, namespace) = match parts.as_slice() {
        [service] => (*service, namespace.to_owned()),
        [service, namespace, "svc", ..] => (*service, (*namespace).to_owned()),
        // `web-0.web` is a pod of the headless Service web.
        [_, other] if inventory.exists(Kind::Service, namespace, other).present().is_some() => return None,
        [service, other] if inventory.known_names(Kind::Namespace).iter().any(|(_, name)| name == other) => {
            (*service, (*other).to_owned())
        }
        _ => return None,
    };
    Some((namespace, service.to_owned()))
}

/// What a host is in this cluster; nothing where it is outside.
pub fn in_cluster(inventory: &Inventory, namespace: &str, host: &str) -> Option<HostFacts> {
    let (namespace, service) = service_of(inventory, namespace, host)?;
    let exists = inventory.exists(Kind::Service, &namespace, &service).exists();
    let services: Vec<_> =
        inventory.seen::<Service>(&namespace).map(|service| super::object::name(&service.metadata)).collect();
    let nearest = nearest_name(&service, &services).unwrap_or_default();
    Some(HostFacts { host: host.to_owned(), service, namespace, exists, nearest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::About;

    fn empty() -> Inventory {
        let now = jiff::Timestamp::UNIX_EPOCH;
        Inventory::new(About { server: None, context: None, namespace: String::new(), now, recorded: true })
    }

    fn services(found: &[HostFacts]) -> Vec<&str> {
        found.iter().map(|host| host.service.as_str()).collect()
    }

    #[test]
    fn a_command_asks_for_the_hosts_that_its_programs_are_given() {
        let inventory = empty();
        for (command, hosts) in [
            ("sh -c until nslookup db; do echo waiting for host to come up; sleep 2; done", vec!["db"]),
            ("sh -c until nslookup db.$(cat /ns).svc.cluster.local; do sleep 2; done", vec!["db"]),
            ("sh -c while ! nc -z -w 2 cache 6379; do sleep 1; done", vec!["cache"]),
            ("ping -c 1 queue", vec!["queue"]),
            ("sh -c until pg_isready -h store -p 5432; do sleep 1; done", vec!["store"]),
            ("sh -c wget -qO- http://api:8080/ready", vec!["api"]),
            ("sh -c echo the host is up, ping me", vec![]),
            ("sh -c curl https://api.example.com", vec![]),
            ("nslookup 10.96.0.1", vec![]),
        ] {
            assert_eq!(services(&named_in_command(&inventory, "shop", command)), hosts, "{command}");
        }
    }

    #[test]
    fn a_log_names_what_does_not_answer() {
        let inventory = empty();
        for (log, hosts) in [
            ("dial tcp db:5432: connect: connection refused", vec!["db"]),
            ("dial tcp: lookup db on 10.96.0.10:53: no such host", vec!["db"]),
            ("curl: (6) Could not resolve host: db", vec!["db"]),
            ("curl: (7) Failed to connect to db port 5432 after 2 ms", vec!["db"]),
            ("nslookup: can't resolve 'db'", vec!["db"]),
            ("java.net.UnknownHostException: db", vec!["db"]),
            ("metrics are pushed to http://stats:9091/\npanic: division by zero", vec![]),
            ("waiting for host to come up", vec![]),
            ("curl: (6) Could not resolve host: api.example.com", vec![]),
        ] {
            assert_eq!(services(&named_in_log(&inventory, "shop", log)), hosts, "{log}");
        }
    }
}
