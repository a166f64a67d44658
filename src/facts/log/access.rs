//! What the API server refuses a ServiceAccount, and what its Roles let it do
//! (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/>).

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    facts::{nearest::nearest_name, object},
    inventory::{Inventory, Known},
    rule::Told,
};

/// Something that the API server refuses, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AccessFacts {
    /// The ServiceAccount's name.
    pub account: String,
    /// Its namespace.
    pub account_namespace: String,
    /// `get`, `list`, `watch`, `create`.
    pub verb: String,
    /// The resource with its group, as kubectl takes it: `deployments.apps`, `pods/log`; or a path that is none.
    pub resource: String,
    /// The namespace in which; empty where it is of the whole cluster.
    pub namespace: String,
    /// What its Roles lack, in words.
    pub lacks: Known<String>,
    /// The Role that lacks no more than the verb, as kubectl takes it: `role/pod-reader`; empty where there is none.
    pub role: String,
    /// A JSON patch of that Role that adds the verb.
    pub patch: String,
    /// A Role that allows it and is not bound to the account: `Role/pod-lister`; empty where there is none.
    pub unbound: String,
    /// The option of `kubectl create rolebinding` that names that Role: `--role=pod-lister`.
    pub unbound_option: String,
}

/// What a ServiceAccount is refused.
struct Wanted<'a> {
    account: &'a str,
    account_namespace: &'a str,
    verb: &'a str,
    resource: &'a str,
    group: &'a str,
    namespace: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(told: &'a Told) -> Option<Self> {
        let (account_namespace, account) =
            told.get("user").strip_prefix("system:serviceaccount:").and_then(|user| user.split_once(':'))?;
        let [verb, resource, group, namespace] = ["verb", "resource", "group", "namespace"].map(|name| told.get(name));
        Some(Self { account, account_namespace, verb, resource, group, namespace })
    }

    fn names(&self, subject: &Subject, binding_namespace: &str) -> bool {
        let namespace = subject.namespace.as_deref().unwrap_or(binding_namespace);
        match subject.kind.as_str() {
            "ServiceAccount" => subject.name == self.account && namespace == self.account_namespace,
            "Group" => {
                subject.name == "system:serviceaccounts"
                    || subject.name == format!("system:serviceaccounts:{}", self.account_namespace)
            }
            "User" => subject.name == format!("system:serviceaccount:{}:{}", self.account_namespace, self.account),
            _ => false,
        }
    }

    fn speaks_of_it(&self, rule: &PolicyRule) -> bool {
        has(&rule.api_groups, self.group) && has(&rule.resources, self.resource) && rule.resource_names.is_none()
    }

    fn is_allowed_by(&self, rules: &[PolicyRule]) -> bool {
        rules
            .iter()
            .any(|rule| self.speaks_of_it(rule) && rule.verbs.iter().any(|verb| verb == self.verb || verb == "*"))
    }
}

fn has(list: &Option<Vec<String>>, wanted: &str) -> bool {
    list.iter().flatten().any(|one| one == wanted || one == "*")
}

/// A Role or ClusterRole that a binding gives.
struct Given<'a> {
    binding: String,
    /// Whom it gives it to, in words.
    to: String,
    role: &'a RoleRef,
    rules: Option<&'a [PolicyRule]>,
}

/// The facts of what a line says is forbidden.
pub fn facts(inventory: &Inventory, told: &Told) -> AccessFacts {
    let Some(wanted) = Wanted::of(told).filter(|_| told.of == super::FORBIDDEN) else { return nothing() };
    let resource = match (wanted.group, wanted.resource) {
        (_, "") => told.get("path").to_owned(),
        ("", resource) => resource.to_owned(),
        // `deployments/scale` is kubectl's `deployments.apps/scale`.
        (group, resource) => match resource.split_once('/') {
            Some((resource, part)) => format!("{resource}.{group}/{part}"),
            None => format!("{resource}.{group}"),
        },
    };
    let mut facts = AccessFacts {
        account: wanted.account.to_owned(),
        account_namespace: wanted.account_namespace.to_owned(),
        verb: wanted.verb.to_owned(),
        namespace: wanted.namespace.to_owned(),
        resource,
        ..nothing()
    };
    let bindings = match bindings(inventory, &wanted) {
        Known::Known(bindings) => bindings,
        Known::Unknown(why) => return AccessFacts { lacks: Known::Unknown(why), ..facts },
    };
    let given: Vec<&Given> = bindings.iter().filter(|(is_bound, _)| *is_bound).map(|(_, given)| given).collect();
    facts.lacks = Known::Known(lacks(&wanted, &facts.resource, &given, &bindings, at_home(inventory, &wanted)));
    if let Some((given, index)) = one_that_lacks_the_verb(&wanted, &given) {
        facts.role = format!("{}/{}", given.role.kind.to_lowercase(), given.role.name);
        facts.patch =
            json!([{"op": "add", "path": format!("/rules/{index}/verbs/-"), "value": wanted.verb}]).to_string();
    }
    if let Some((kind, name)) = unbound(inventory, &wanted) {
        facts.unbound = format!("{kind}/{name}");
        facts.unbound_option = format!("--{}={name}", kind.to_lowercase());
    }
    facts
}

fn nothing() -> AccessFacts {
    AccessFacts {
        account: String::new(),
        account_namespace: String::new(),
        verb: String::new(),
        resource: String::new(),
        namespace: String::new(),
        lacks: Known::Unknown("rolebindings: nothing is forbidden".to_owned()),
        role: String::new(),
        patch: String::new(),
        unbound: String::new(),
        unbound_option: String::new(),
    }
}

// Each binding that could give it, and whether it is the account's.
fn bindings<'a>(inventory: &'a Inventory, wanted: &Wanted) -> Known<Vec<(bool, Given<'a>)>> {
    let mut all = Vec::new();
    let mut add = |kind: &str, name: &str, namespace: &str, subjects: &Option<Vec<Subject>>, role: &'a RoleRef| {
        let rules = rules_of(inventory, namespace, role);
        let is_bound = subjects.iter().flatten().any(|subject| wanted.names(subject, namespace));
        all.push((is_bound, Given { binding: format!("{kind} {name}"), to: to(subjects), role, rules }));
    };
    if !wanted.namespace.is_empty() {
        match inventory.list::<RoleBinding>(wanted.namespace) {
            Known::Known(found) => found.into_iter().for_each(|one| {
                add("RoleBinding", object::name(&one.metadata), wanted.namespace, &one.subjects, &one.role_ref);
            }),
            Known::Unknown(why) => return Known::Unknown(why),
        }
    }
    match inventory.list::<ClusterRoleBinding>("") {
        Known::Known(found) => found.into_iter().for_each(|one| {
            add("ClusterRoleBinding", object::name(&one.metadata), "", &one.subjects, &one.role_ref);
        }),
        Known::Unknown(why) => return Known::Unknown(why),
    }
    Known::Known(all)
}

fn to(subjects: &Option<Vec<Subject>>) -> String {
    let text = |subject: &Subject| match &subject.namespace {
        Some(namespace) => format!("{} {} of namespace {namespace}", subject.kind, subject.name),
        None => format!("{} {}", subject.kind, subject.name),
    };
    let all: Vec<_> = subjects.iter().flatten().take(2).map(text).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(" and ") }
}

// A Role that allows it, given in the account's own namespace alone.
fn at_home(inventory: &Inventory, wanted: &Wanted) -> Option<String> {
    let home = wanted.account_namespace;
    let mut bindings = inventory.seen::<RoleBinding>(home).filter(|_| home != wanted.namespace);
    let binding = bindings.find(|binding| {
        binding.subjects.iter().flatten().any(|subject| wanted.names(subject, home))
            && rules_of(inventory, home, &binding.role_ref).is_some_and(|rules| wanted.is_allowed_by(rules))
    })?;
    let (role, name) = (&binding.role_ref, object::name(&binding.metadata));
    Some(format!("RoleBinding {name} gives it {} {}, which holds in namespace {home} alone", role.kind, role.name))
}

fn rules_of<'a>(inventory: &'a Inventory, namespace: &str, role: &RoleRef) -> Option<&'a [PolicyRule]> {
    let rules = match role.kind.as_str() {
        "Role" => inventory.get::<Role>(namespace, &role.name).present()?.rules.as_ref(),
        _ => inventory.get::<ClusterRole>("", &role.name).present()?.rules.as_ref(),
    };
    Some(rules.map_or(&[], Vec::as_slice))
}

fn one_that_lacks_the_verb<'g>(wanted: &Wanted, given: &[&'g Given<'g>]) -> Option<(&'g Given<'g>, usize)> {
    given.iter().find_map(|given| {
        let index = given.rules?.iter().position(|rule| wanted.speaks_of_it(rule))?;
        // What comes with the cluster is not for anybody's own use.
        (!given.role.name.starts_with("system:")).then_some((*given, index))
    })
}

fn lacks(wanted: &Wanted, resource: &str, given: &[&Given], all: &[(bool, Given)], at_home: Option<String>) -> String {
    let own: Vec<&&Given> = given.iter().filter(|given| !given.role.name.starts_with("system:")).collect();
    let text = |given: &Given| format!("{} {} (by {})", given.role.kind, given.role.name, given.binding);
    if let Some((given, index)) = one_that_lacks_the_verb(wanted, given) {
        let verbs =
            given.rules.and_then(|rules| rules.get(index)).map(|rule| rule.verbs.join(", ")).unwrap_or_default();
        return format!("it has {}, which lets it {verbs} {resource} and not {}", text(given), wanted.verb);
    }
    for given in &own {
        for rule in given.rules.unwrap_or_default() {
            if has(&rule.resources, wanted.resource) && rule.resource_names.is_none() {
                let groups = quoted(rule.api_groups.iter().flatten());
                return format!(
                    "it has {}, which speaks of {} in API group {groups} and not {:?}",
                    text(given),
                    wanted.resource,
                    wanted.group
                );
            }
            if has(&rule.resources, wanted.resource) {
                let names = quoted(rule.resource_names.iter().flatten());
                return format!("it has {}, which speaks of {resource} only by the names {names}", text(given));
            }
            if let Some(near) = nearest_name(wanted.resource, rule.resources.iter().flatten()) {
                return format!("it has {}, which speaks of {near} and not {}", text(given), wanted.resource);
            }
        }
        if given.rules.is_none() {
            return format!(
                "{} binds it to {} {}, which does not exist",
                given.binding, given.role.kind, given.role.name
            );
        }
    }
    if !own.is_empty() {
        let texts: Vec<_> = own.iter().take(3).map(|given| text(given)).collect();
        return format!("it has {}, and none of that speaks of {resource}", texts.join(", "));
    }
    let allowing = all.iter().find(|(is_bound, given)| {
        !is_bound
            && !given.role.name.starts_with("system:")
            && given.rules.is_some_and(|rules| wanted.is_allowed_by(rules))
            && given.binding.starts_with("RoleBinding")
    });
    match allowing {
        Some((_, given)) => format!(
            "no Role is bound to it; {} gives {} {}, which allows it, to {}",
            given.binding, given.role.kind, given.role.name, given.to
        ),
        None if at_home.is_some() => at_home.unwrap_or_default(),
        None if wanted.namespace.is_empty() => "no ClusterRole is bound to it".to_owned(),
        None => format!("no Role is bound to it in namespace {}", wanted.namespace),
    }
}

fn quoted<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

// A Role that somebody made for it; the cluster's own ClusterRoles allow much more.
fn unbound(inventory: &Inventory, wanted: &Wanted) -> Option<(&'static str, String)> {
    let allows = |rules: &Option<Vec<PolicyRule>>| rules.as_ref().is_some_and(|rules| wanted.is_allowed_by(rules));
    let role = inventory.seen::<Role>(wanted.namespace).find(|role| allows(&role.rules));
    let is_own = |role: &&ClusterRole| {
        let labels = role.metadata.labels.as_ref();
        !labels.is_some_and(|labels| labels.contains_key("kubernetes.io/bootstrapping"))
            && !object::name(&role.metadata).starts_with("system:")
    };
    let cluster_role = || inventory.seen_anywhere::<ClusterRole>().filter(is_own).find(|role| allows(&role.rules));
    match role.filter(|_| !wanted.namespace.is_empty()) {
        Some(role) => Some(("Role", object::name(&role.metadata).to_owned())),
        None => cluster_role().map(|role| ("ClusterRole", object::name(&role.metadata).to_owned())),
    }
}
