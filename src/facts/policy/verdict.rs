//! What policies together do to a connection, and which of them is at fault where they shut it.

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer};

use super::{
    end::End,
    rule::{Rule, Way, is_peer, rules, selects},
};

/// What policies do to a connection.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// They let it through, or none of them has a say.
    Open,
    /// What a rule asks for was not looked at.
    Unknown,
    /// They shut it; these are at fault.
    Shut(Vec<Fault<'a>>),
}

/// Why a policy shuts a connection.
#[derive(Debug, Clone)]
pub struct Fault<'a> {
    /// The policy.
    pub policy: &'a NetworkPolicy,
    /// The way that it shuts.
    pub way: Way,
    /// The part that is at fault.
    pub part: Part,
    /// The rule that came nearest to letting it through; nothing where the policy has none that did.
    pub rule: Option<Rule<'a>>,
}

/// The part of a policy that shuts a connection, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A rule for the port lets others in, or out to others.
    Peers,
    /// A rule for the peer is for other ports.
    Ports,
    /// No rule comes near.
    Rules,
}

/// The policies that shut a connection between two pods, and on which way; nothing where what they ask for was not
/// looked at.
pub fn in_between<'a>(
    policies: &[&'a NetworkPolicy],
    client: &End,
    server: &End,
    port: i32,
    protocol: &str,
) -> Option<Vec<(&'a NetworkPolicy, Way)>> {
    match between(policies, client, server, port, protocol) {
        Verdict::Open => Some(Vec::new()),
        Verdict::Unknown => None,
        Verdict::Shut(faults) => Some(faults.into_iter().map(|fault| (fault.policy, fault.way)).collect()),
    }
}

/// What policies do to a connection between two pods, on both ways.
pub fn between<'a>(
    policies: &[&'a NetworkPolicy],
    client: &End,
    server: &End,
    port: i32,
    protocol: &str,
) -> Verdict<'a> {
    // What stays in one namespace's pod, or comes from the node itself, is the plugin's business.
    let let_in =
        one_way(policies, Way::In, server, server, (port, protocol), &|policy, peer| is_peer(policy, peer, client));
    let let_out =
        one_way(policies, Way::Out, client, server, (port, protocol), &|policy, peer| is_peer(policy, peer, server));
    match (let_in, let_out) {
        (Verdict::Shut(mut faults), Verdict::Shut(more)) => {
            faults.extend(more);
            Verdict::Shut(faults)
        }
        (shut @ Verdict::Shut(_), _) | (_, shut @ Verdict::Shut(_)) => shut,
        (Verdict::Open, Verdict::Open) => Verdict::Open,
        _ => Verdict::Unknown,
    }
}

/// What the policies that select one end do on one way to whoever `is_wanted` knows at the other.
pub fn one_way<'a>(
    policies: &[&'a NetworkPolicy],
    way: Way,
    selected: &End,
    server: &End,
    (port, protocol): (i32, &str),
    is_wanted: &dyn Fn(&NetworkPolicy, &NetworkPolicyPeer) -> Option<bool>,
) -> Verdict<'a> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut is_unknown = false;
    for policy in policies.iter().filter(|policy| selects(policy, selected)) {
        let Some(rules) = rules(policy, way) else { continue };
        let mut fault = Fault { policy, way, part: Part::Rules, rule: None };
        for rule in rules {
            let peers: Vec<_> = rule.peers.iter().map(|peer| is_wanted(policy, peer)).collect();
            let is_for_peer = peers.is_empty() || peers.contains(&Some(true));
            match (is_for_peer, rule.has_port(server, port, protocol)) {
                (true, true) => return Verdict::Open,
                (false, true) if peers.contains(&None) => is_unknown = true,
                (false, true) if fault.part > Part::Peers => {
                    fault = Fault { part: Part::Peers, rule: Some(rule), ..fault };
                }
                (true, false) if fault.part > Part::Ports => {
                    fault = Fault { part: Part::Ports, rule: Some(rule), ..fault };
                }
                _ => {}
            }
        }
        faults.push(fault);
    }
    if faults.is_empty() {
        return Verdict::Open;
    }
    if is_unknown {
        return Verdict::Unknown;
    }
    // Beside a policy that was to let it through, one that shuts everything is meant so.
    let most_telling = faults.iter().map(|fault| fault.part).min();
    faults.retain(|fault| Some(fault.part) == most_telling);
    Verdict::Shut(faults)
}
