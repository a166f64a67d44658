//! Did-you-mean: what was probably meant by a name that nothing has. The one
//! near-match that all rules use, so that they agree on what is near.
//!
//! Candidates are ranked by what they hold (the wanted key, label or port), by
//! words in common and by edit distance. Where nothing is near, nothing is
//! said: a wrong suggestion sends a person the wrong way.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::document::Nearest;

use likeness::{Likeness, Name};

mod likeness;
mod words;

/// More are no help to a person who has to choose.
const MOST: usize = 3;

/// What holding the wanted thing is worth: more than any likeness that is only
/// of words, so that it decides between two that are both somewhat like it.
const HOLDS: u32 = 45;

/// A thing that may be what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// It holds the wanted key, label or port.
    pub holds: bool,
    /// What speaks for it, shown to the user: `holds key PORT`. Where it is
    /// empty, the likeness of the names is shown.
    pub note: String,
}

/// What was probably meant by `wanted`: best first, at most three, never
/// `wanted` itself. A name that is not near is among them only where it is the
/// only one that holds what is wanted.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = Candidate<'a>>) -> Vec<Nearest> {
    let others: Vec<_> = candidates.into_iter().filter(|candidate| candidate.name != wanted).collect();
    let only_holder = only_holder(&others);

    let mut ranked: Vec<_> = others
        .iter()
        .filter_map(|candidate| {
            let (wanted, name) = without_common_path(wanted, candidate.name);
            let likeness = Likeness::between(&Name::new(wanted), &Name::new(name))
                .or_else(|| (only_holder == Some(candidate.name)).then(Likeness::nowhere))?;
            Some((candidate.rank(&likeness), candidate, likeness))
        })
        .collect();
    ranked.sort_by_key(|(rank, candidate, _)| (Reverse(*rank), candidate.name));
    ranked.dedup_by_key(|(_, candidate, _)| candidate.name);
    ranked.into_iter().take(MOST).map(|(_, candidate, likeness)| candidate.said_with(likeness)).collect()
}

/// The name that was probably meant by `wanted`, if one is near.
pub fn nearest_name(wanted: &str, names: impl IntoIterator<Item = impl AsRef<str>>) -> Option<String> {
    let names: Vec<_> = names.into_iter().collect();
    let candidates = names.iter().map(|name| Candidate::named(name.as_ref()));
    nearest(wanted, candidates).into_iter().next().map(|best| best.value)
}

/// [`nearest_name`], and where there is but one name to choose from, also one
/// that shares no more than a word with `wanted`: `default.conf` for
/// `site.conf` as the only key of a ConfigMap.
pub fn nearest_or_only(wanted: &str, names: impl IntoIterator<Item = impl AsRef<str>>) -> Option<String> {
    let names: Vec<_> = names.into_iter().collect();
    nearest_name(wanted, names.iter().map(AsRef::as_ref)).or_else(|| {
        let name = only(names.iter())?.as_ref();
        let shares = Name::new(wanted).shares_a_word_with(&Name::new(name));
        (shares && name != wanted).then(|| name.to_owned())
    })
}

impl<'a> Candidate<'a> {
    /// A candidate of which no more is known than its name.
    pub fn named(name: &'a str) -> Candidate<'a> {
        Candidate { name, holds: false, note: String::new() }
    }

    fn rank(&self, likeness: &Likeness) -> u32 {
        likeness.score + if self.holds { HOLDS } else { 0 }
    }

    fn said_with(&self, likeness: Likeness) -> Nearest {
        Nearest {
            value: self.name.to_owned(),
            why: if self.note.is_empty() { likeness.why } else { self.note.clone() },
        }
    }
}

// That two labels are of one domain, or two images of one registry, makes them no nearer.
fn without_common_path<'n>(one: &'n str, other: &'n str) -> (&'n str, &'n str) {
    let shared = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let end = one.as_bytes()[..shared].iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    (&one[end..], &other[end..])
}

// Many things hold a port 80: that speaks for one of them only where it is the only one.
fn only_holder<'a>(candidates: &[Candidate<'a>]) -> Option<&'a str> {
    let holders = candidates.iter().filter(|candidate| candidate.holds);
    let names: BTreeSet<_> = holders.map(|holder| holder.name).collect();
    only(names.into_iter())
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const NEAR: &[(&str, &str, &str)] = &[
        ("PRT", "PORT", "one letter differs"),
        ("hello-serve", "hello-server", "one letter differs"),
        ("web-svc", "web-service", "svc is short for service"),
        ("ngnix", "nginx", "two letters are swapped"),
        ("fast-sdd", "fast-ssd", "one letter differs"),
        ("default-schedular", "default-scheduler", "one letter differs"),
        ("wbe", "web", "two letters are swapped"),
        ("pasword", "password", "one letter differs"),
        ("hello-server-conf", "hello-server-config", "conf is short for config"),
        ("front-end", "frontend", "only the separators differ"),
        ("db-config", "database-config", "db is short for database"),
        ("DB_HOST", "DATABASE_HOST", "db is short for database"),
        ("dbHost", "DB_HOST", "only the separators differ"),
        ("Port", "PORT", "only upper and lower case differ"),
        ("user-service", "users-service", "users is the plural of user"),
        ("network-policy", "network-policies", "policies is the plural of policy"),
        ("config-db", "db-config", "the same words in another order"),
        ("helo-svc", "hello-service", "each word is much the same"),
        ("redis", "redis-master", "shares the word redis"),
        ("web", "web-frontend", "shares the word web"),
        ("scheduler", "default-scheduler", "shares the word scheduler"),
        ("payments-db-conf", "payments-config", "shares the words payments, config"),
        ("postgres-14", "postgres-15", "only a number differs"),
        ("nginx:1.27", "nginx:1.28", "only a number differs"),
        ("db-1", "db-2", "only a number differs"),
        ("postgresql", "postgres", "postgres is short for postgresql"),
        ("auth-service", "authentication-service", "auth is short for authentication"),
        ("frontend", "frotnend", "two letters are swapped"),
        ("metadata.namespase", "metadata.namespace", "one letter differs"),
        ("PASSWROD_FLIE", "PASSWORD_FILE", "two letters differ"),
        ("DATABASE_URI", "DATABASE_URL", "one letter differs"),
        ("ns-reader", "namespace-reader", "ns is short for namespace"),
        ("ingress-ngnix-contoler", "ingress-nginx-controller", "three letters differ"),
        ("app-cfg", "app-config", "cfg is short for config"),
        ("htpp", "http", "one letter differs"),
        ("api.exmaple.com", "api.example.com", "two letters are swapped"),
        ("gröse", "grösse", "one letter differs"),
        ("topology.kubernetes.io/zoen", "topology.kubernetes.io/zone", "two letters are swapped"),
        ("registry.example.com/team/wbe", "registry.example.com/team/web", "two letters are swapped"),
    ];

    const FAR: &[(&str, &str)] = &[
        ("web", "db"),
        ("api", "app"),
        ("a", "b"),
        ("redis", "mysql"),
        ("web", "web"),
        ("", "web"),
        ("web", ""),
        ("---", "..."),
        ("test", "rest"),
        ("log", "blog"),
        ("v1", "v2"),
        ("8080", "8081"),
        ("8080", "80801"),
        ("web-config", "app-config"),
        ("web-service", "api-service"),
        ("orders-db", "payments-db"),
        ("payments-api", "orders-api"),
        ("web-production", "db-production"),
        ("hello-server", "echo-server"),
        ("nginx:1.27", "httpd:1.27"),
        ("site.conf", "default.conf"),
        ("redis-master", "redis-slave"),
        ("worker", "broker"),
        ("standard", "gp3"),
        ("a", "a-b"),
        ("app.kubernetes.io/name", "app.kubernetes.io/instance"),
        ("cloud.google.com/gke-accelerator", "cloud.google.com/gke-nodepool"),
        ("registry.example.com/team/web", "registry.example.com/team/api"),
    ];

    fn named(wanted: &str, names: &[&str]) -> Vec<Nearest> {
        nearest(wanted, names.iter().map(|name| Candidate::named(name)))
    }

    fn values(found: &[Nearest]) -> Vec<&str> {
        found.iter().map(|near| near.value.as_str()).collect()
    }

    fn holder(name: &str) -> Candidate<'_> {
        Candidate { name, holds: true, note: "holds key PORT".to_owned() }
    }

    #[test]
    fn near_names_are_found_in_both_directions() {
        for (wanted, name, why) in NEAR {
            let found = named(wanted, &[name]);
            assert_eq!(values(&found), [*name], "{wanted} {name}");
            assert_eq!(found[0].why, *why, "{wanted} {name}");
            assert_eq!(values(&named(name, &[wanted])), [*wanted], "{name} {wanted}");
        }
    }

    #[test]
    fn names_that_are_not_near_are_not_suggested() {
        for (wanted, name) in FAR {
            assert_eq!(named(wanted, &[name]), [], "{wanted} {name}");
            assert_eq!(named(name, &[wanted]), [], "{name} {wanted}");
        }
    }

    fn name(random: &mut Random) -> String {
        let parts = [
            "web", "db", "api", "service", "svc", "config", "s", "-", "-", "_", ".", "/", "1", "2", "A", "é", "ß", "İ",
            "",
        ];
        random.text(&parts, 5)
    }

    #[test]
    fn whatever_is_wanted_of_whatever_there_is_what_is_suggested_is_there_and_is_not_what_was_wanted() {
        let mut random = Random::new(1);
        let mut found = 0;
        for _ in 0..2000 {
            let wanted = name(&mut random);
            let names: Vec<String> = (0..random.below(8)).map(|_| name(&mut random)).collect();
            let candidates = || {
                names.iter().enumerate().map(|(at, name)| Candidate { holds: at % 3 == 0, ..Candidate::named(name) })
            };
            let near = nearest(&wanted, candidates());
            found += near.len();
            assert!(near.len() <= MOST, "{wanted} {names:?}");
            for one in &near {
                assert!(
                    one.value != wanted && names.contains(&one.value) && !one.why.is_empty(),
                    "{wanted} {names:?}: {one:?}"
                );
            }
            let told: BTreeSet<_> = near.iter().map(|one| &one.value).collect();
            assert_eq!(told.len(), near.len(), "{wanted} {names:?}: {near:?}");
        }
        assert!(found > 500, "{found}");
    }

    #[test]
    fn two_names_are_near_each_other_or_are_not() {
        let mut random = Random::new(2);
        for _ in 0..5000 {
            let (one, other) = (name(&mut random), name(&mut random));
            let there = nearest_name(&one, [&other]).is_some();
            assert_eq!(there, nearest_name(&other, [&one]).is_some(), "{one} {other}");
        }
    }

    // Were they compared, this would not come to an end.
    #[test]
    fn names_that_are_longer_than_any_are_near_none() {
        let long = "web-".repeat(200_000);
        let names: Vec<String> = (0..3).map(|at| format!("{long}{at}x")).collect();
        assert_eq!(nearest(&format!("{long}9y"), names.iter().map(|name| Candidate::named(name))), []);
        let (longest, other) = ("a".repeat(likeness::LONGEST - 1), "b");
        assert!(nearest_name(&longest, [format!("{longest}{other}")]).is_some());
    }

    #[test]
    fn the_best_stands_first_and_three_are_enough() {
        let names = ["web-svc-old", "web-servise", "WEB-SVC", "web-service", "websvc", "db"];
        assert_eq!(values(&named("web-svc", &names)), ["WEB-SVC", "websvc", "web-service"]);
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter() {
        let names = ["web-2", "web-1", "web-3", "web-4"];
        let backwards: Vec<_> = names.iter().rev().copied().collect();
        assert_eq!(named("web-0", &names), named("web-0", &backwards));
        assert_eq!(values(&named("web-0", &names)), ["web-1", "web-2", "web-3"]);
    }

    #[test]
    fn a_name_that_is_there_twice_is_said_once() {
        assert_eq!(values(&named("ngnix", &["nginx", "nginx"])), ["nginx"]);
    }

    #[test]
    fn what_holds_the_wanted_thing_stands_first() {
        let candidates = [Candidate::named("web-confg"), holder("web-configuration")];
        let found = nearest("web-config", candidates);
        assert_eq!(values(&found), ["web-configuration", "web-confg"]);
        assert_eq!(found[0].why, "holds key PORT");
        assert_eq!(found[1].why, "one letter differs");
    }

    #[test]
    fn the_only_holder_is_near_whatever_its_name() {
        let found = nearest("app-config", [holder("settings"), Candidate::named("certs")]);
        assert_eq!(values(&found), ["settings"]);
    }

    #[test]
    fn one_of_many_holders_is_near_by_its_name_only() {
        assert_eq!(nearest("app-config", [holder("settings"), holder("certs")]), []);
    }

    #[test]
    fn a_name_alone_is_enough_to_ask_with() {
        let names = vec!["db".to_owned(), "nginx".to_owned()];
        assert_eq!(nearest_name("ngnix", &names), Some("nginx".to_owned()));
        assert_eq!(nearest_name("redis", &names), None);
    }

    #[test]
    fn one_word_in_common_is_enough_where_there_is_nothing_else() {
        let only = |names: &[&str]| nearest_or_only("site.conf", names);
        assert_eq!(only(&["default.conf"]), Some("default.conf".to_owned()));
        assert_eq!(only(&["default.conf", "extra.conf"]), None);
        assert_eq!(only(&["tls.crt"]), None);
        assert_eq!(only(&["site.conf"]), None);
    }
}
