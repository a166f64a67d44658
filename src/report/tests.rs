//! Whole reports of diagnoses made by hand.

use std::collections::BTreeMap;

use super::*;
use crate::document::*;
use crate::hides::hides;

mod formats;
mod screen;

const NOW: &str = "2026-05-01T12:00:00Z";

fn style(width: usize) -> Style {
    Style { color: false, width, now: Some(NOW.parse().unwrap()) }
}

fn text(diagnosis: &Diagnosis, width: usize) -> String {
    render(diagnosis, Format::Text, &style(width))
}

pub(crate) fn diagnosis(findings: Vec<Finding>) -> Diagnosis {
    Diagnosis {
        api_version: "kubectl-doctor/v1".to_owned(),
        kind: "Diagnosis".to_owned(),
        metadata: Metadata {
            tool: "kubectl-doctor 0.1.0".to_owned(),
            server: None,
            context: None,
            target: None,
            namespace: Some("shop".to_owned()),
            recorded: None,
        },
        findings,
        timeline: vec![],
        probe: vec![],
        deviations: Vec::new(),
        suppressed: 0,
        suppressed_findings: vec![],
        not_checked: vec![],
        checked: checked(&[("pods", 3), ("services", 1), ("events", 14)]),
    }
}

fn checked(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let counts = counts.iter();
    counts.map(|(plural, count)| ((*plural).to_owned(), *count)).collect()
}

fn forbidden(what: &str) -> NotChecked {
    NotChecked {
        what: what.to_owned(),
        why: format!("forbidden: User \"jane\" cannot list resource \"{what}\" in the namespace \"shop\""),
        hides: hides(what, None).to_owned(),
    }
}

pub(crate) fn object(kind: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: String::new(),
    }
}

pub(crate) fn finding(rule: &str, object: ObjectRef, summary: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Error,
        certainty: Certainty::Certain,
        root: true,
        past: false,
        is_final: true,
        fingerprint: String::new(),
        object,
        container: None,
        field: None,
        summary: summary.to_owned(),
        since: None,
        last_seen: None,
        count: None,
        affected: vec![],
        of: None,
        evidence: vec![],
        path: vec![],
        nearest: vec![],
        changes: vec![],
        deviations: Vec::new(),
        managed_by: None,
        why: String::new(),
        cures: vec![],
        docs: None,
        next_after: None,
        explains: vec![],
        explained_by: vec![],
    }
}

fn says(source: &str, text: &str, at: Option<&str>) -> Evidence {
    Evidence { source: source.to_owned(), text: text.to_owned(), at: at.map(str::to_owned) }
}

fn near(value: &str, why: &str) -> Nearest {
    Nearest { value: value.to_owned(), why: why.to_owned() }
}

fn cure(text: &str, command: Option<&str>) -> Cure {
    Cure {
        text: text.to_owned(),
        command: command.map(str::to_owned),
        argv: vec![],
        then: vec![],
        look: None,
        diff: None,
        restarts: false,
        destructive: false,
    }
}

/// `symptom`, which follows from `cause`.
fn explained_by(cause: &mut Finding, symptom: Finding) -> Finding {
    let reference = |finding: &Finding| FindingRef { rule: finding.rule.clone(), object: finding.object.clone() };
    cause.explains.push(reference(&symptom));
    Finding { root: false, explained_by: vec![reference(cause)], ..symptom }
}

fn selector_mismatch() -> Finding {
    Finding {
        field: Some("spec.selector".to_owned()),
        evidence: vec![says("EndpointSlice/hello-server-service-x7k2p", "no endpoints", Some("2026-05-01T11:58:00Z"))],
        nearest: vec![near("app=hello-server", "3 ready pods of Deployment/hello-server carry it")],
        changes: vec![Change {
            object: None,
            exact: true,
            field: "spec.selector".to_owned(),
            from: Some("app=hello-server".to_owned()),
            to: Some("app=hello-serve".to_owned()),
            by: Some("kubectl-edit".to_owned()),
            at: Some("2026-05-01T11:57:00Z".to_owned()),
        }],
        why: "A Service sends traffic only to pods that carry every label of its\nselector.\n\nMore of that."
            .to_owned(),
        cures: vec![Cure {
            diff: Some(diff::lines("spec.selector", "app: hello-serve", "app: hello-server")),
            ..cure(
                "select what Deployment/hello-server carries",
                Some(
                    r#"kubectl -n shop patch service hello-server-service --type merge -p '{"spec":{"selector":{"app":"hello-server"}}}'"#,
                ),
            )
        }],
        ..finding(
            "service-selector-mismatch",
            object("Service", "hello-server-service"),
            "Service/hello-server-service sends traffic to nobody: its selector matches no pod",
        )
    }
}

fn rollout_stuck(name: &str) -> Finding {
    let summary = format!("Deployment/{name} has made no progress for ten minutes");
    finding("rollout-stuck", object("Deployment", name), &summary)
}

#[test]
fn nothing_wrong_says_what_was_looked_at() {
    let mut healthy = diagnosis(vec![]);
    assert_eq!(text(&healthy, 80), "Nothing wrong found in namespace shop. Checked 3 pods, 1 service, 14 events.\n");
    healthy.metadata.target = Some("service/web".to_owned());
    let left_out = |kind: &str| Suppressed {
        rule: "oom-killed".to_owned(),
        object: object(kind, "web"),
        by: "--ignore".to_owned(),
    };
    healthy.suppressed_findings = vec![left_out("Pod")];
    assert_eq!(
        text(&healthy, 120),
        "Nothing wrong found with service/web. 1 finding left out as asked (oom-killed). Checked 3 pods, 1 service, 14 events.\n"
    );
    healthy.suppressed_findings = vec![left_out("Pod"), left_out("Deployment")];
    assert!(text(&healthy, 120).contains(" 2 findings left out as asked (oom-killed). "));
    healthy.metadata.recorded = Some("2026-04-30T08:00:00Z".to_owned());
    healthy.suppressed_findings = vec![];
    assert_eq!(
        text(&healthy, 80),
        "\
Nothing wrong found with service/web. Checked 3 pods, 1 service, 14 events.
Recorded 2026-04-30T08:00:00Z; ages count from then.
"
    );
}

#[test]
fn what_was_not_seen_is_not_said_to_be_healthy() {
    let mut partly = diagnosis(vec![]);
    partly.metadata.namespace = None;
    partly.not_checked = vec![
        forbidden("secrets"),
        forbidden("nodes"),
        NotChecked {
            what: "pods.metrics.k8s.io".to_owned(),
            why: "timed out after 10s".to_owned(),
            hides: hides("pods.metrics.k8s.io", None).to_owned(),
        },
    ];
    assert_eq!(
        text(&partly, 80),
        "\
Nothing wrong found in the cluster, but not everything could be seen. Checked 3
pods, 1 service, 14 events.
Not checked: nodes, secrets (forbidden to list in namespace shop): a node in
trouble or a missing Secret or key would not be seen.
Not checked: pods.metrics.k8s.io (timed out after 10s): a container near its
limits would not be seen.
"
    );
    partly.checked.clear();
    partly.not_checked.truncate(1);
    assert_eq!(
        text(&partly, 120),
        "\
Nothing could be checked in the cluster.
Not checked: secrets (forbidden to list in namespace shop): a missing Secret or key would not be seen.
"
    );
    partly.not_checked.clear();
    assert_eq!(text(&partly, 80), "Nothing to check in the cluster.\n");
}

#[test]
fn a_cause_is_told_with_its_diff_its_change_and_its_cure() {
    let mut one = diagnosis(vec![selector_mismatch()]);
    one.not_checked = vec![forbidden("secrets")];
    assert_eq!(
        text(&one, 120),
        "\
✗ Service/hello-server-service sends traffic to nobody: its selector matches no pod            service-selector-mismatch
  spec.selector
-   app: hello-serve
+   app: hello-server          3 ready pods of Deployment/hello-server carry it
  evidence  no endpoints (EndpointSlice/hello-server-service-x7k2p, 2m ago)
  changed   spec.selector by kubectl-edit 3m ago (was: app=hello-server)
  means     A Service sends traffic only to pods that carry every label of its selector.
  cure      select what Deployment/hello-server carries
            kubectl -n shop patch service hello-server-service --type merge -p '{\"spec\":{\"selector\":{\"app\":\"hello-server\"}}}'
  more      kubectl doctor explain service-selector-mismatch

1 cause. Checked 3 pods, 1 service, 14 events.
Not checked: secrets (forbidden to list in namespace shop): a missing Secret or key would not be seen.
"
    );
}

#[test]
fn in_80_columns_only_commands_are_longer() {
    let narrow = text(&diagnosis(vec![selector_mismatch()]), 80);
    let (commands, lines): (Vec<_>, Vec<_>) = narrow.lines().partition(|line| line.contains("kubectl -n"));
    assert_eq!(commands.len(), 1);
    assert!(lines.iter().all(|line| wrap::width(line) <= 80), "{narrow}");
    assert!(narrow.starts_with(
        "\
✗ Service/hello-server-service sends traffic to nobody: its selector matches no
  pod
  service-selector-mismatch
  spec.selector
"
    ));
}

#[test]
fn colour_changes_no_word() {
    let one = diagnosis(vec![selector_mismatch()]);
    let colored = Style { color: true, ..style(80) };
    let colored = render(&one, Format::Text, &colored);
    assert!(colored.starts_with("\u{1b}[31m✗\u{1b}[0m \u{1b}[1mService/"));
    assert_eq!(clean::lines(&colored).join("\n") + "\n", text(&one, 80));
}

#[test]
fn what_follows_from_a_cause_stands_beneath_it() {
    let mut cause = Finding {
        severity: Severity::Warning,
        certainty: Certainty::Likely,
        container: Some("web".to_owned()),
        field: Some("env[2].valueFrom.configMapKeyRef.key".to_owned()),
        since: Some("2026-05-01T10:00:00Z".to_owned()),
        last_seen: Some("2026-05-01T11:59:00Z".to_owned()),
        count: Some(14),
        affected: vec![object("Pod", "web-abc"), object("Pod", "web-def")],
        of: Some(3),
        nearest: vec![near("PORT", "one letter differs"), near("PORTS", "two letters differ")],
        cures: vec![
            Cure { restarts: true, ..cure("name the key that is there", None) },
            Cure {
                diff: Some(diff::lines("data", "PRT: x", "PORT: x\nA: b")),
                destructive: true,
                ..cure("rename the key", Some("kubectl edit cm web-config"))
            },
        ],
        ..finding(
            "configmap-key-missing",
            object("Deployment", "web"),
            "Deployment/web needs key PRT, which is not in ConfigMap web-config",
        )
    };
    let stuck = explained_by(&mut cause, rollout_stuck("web"));
    let assorted = diagnosis(vec![cause, stuck]);
    assert_eq!(
        text(&assorted, 80),
        "\
! Deployment/web needs key PRT, which is not in ConfigMap web-config (likely)
  configmap-key-missing
  at        container web, env[2].valueFrom.configMapKeyRef.key
  nearest   PORT (one letter differs)
            PORTS (two letters differ)
  affects   2 of 3 pods: web-abc, web-def
  seen      first 120m ago, 14 times, last 60s ago
  cure      name the key that is there (restarts pods)
  or        rename the key (deletes)
            data
            - PRT: x
            + PORT: x
            + A: b
            kubectl edit cm web-config
  more      kubectl doctor explain configmap-key-missing
  explains  Deployment/web rollout-stuck: has made no progress for ten minutes

No error found in namespace shop: 1 warning. Checked 3 pods, 1 service, 14
events.
"
    );
}

#[test]
fn long_lists_are_folded() {
    let mut cause = selector_mismatch();
    let names: Vec<_> = (1..=9).map(|at| format!("web-{at}")).collect();
    let stuck: Vec<_> = names.iter().map(|name| explained_by(&mut cause, rollout_stuck(name))).collect();
    cause.affected = names.iter().map(|name| object("Pod", name)).collect();
    let report = text(&diagnosis([vec![cause], stuck].concat()), 80);
    assert!(report.contains("  affects   9 pods: web-1, web-2, web-3, web-4, web-5 and 4 more\n"));
    assert!(report.contains("  explains  Deployment/web-1 rollout-stuck: has made no"));
    assert!(report.contains("\n            and 4 more\n\n1 cause."));
    assert!(!report.contains("Deployment/web-6"));
}

#[test]
fn all_that_follows_is_told_once_and_nothing_is_lost() {
    let mut cause = selector_mismatch();
    let mut ingress = finding("ingress-dead", object("Ingress", "web"), "Ingress/web is dead");
    let hpa = explained_by(&mut ingress, rollout_stuck("behind-ingress"));
    let ingress = explained_by(&mut cause, ingress);
    // Its cause was left out of the report.
    let orphan = Finding { root: false, ..rollout_stuck("orphan") };
    let report = text(&diagnosis(vec![cause, hpa, ingress, orphan]), 120);
    assert!(report.contains(
        "\
  explains  Ingress/web ingress-dead: is dead
            Deployment/behind-ingress rollout-stuck: has made no progress for ten minutes

✗ Deployment/orphan has made no progress"
    ));
    assert!(report.contains("\n2 causes. Checked"));
}

#[test]
fn over_several_namespaces_each_object_says_where_it_is() {
    let mut cause = finding(
        "configmap-missing",
        object("Deployment", "web"),
        "Deployment/web: container web needs ConfigMap settings",
    );
    let stuck = explained_by(&mut cause, rollout_stuck("web-2"));
    let node = ObjectRef { namespace: String::new(), ..object("Node", "worker-1") };
    let node = Finding { severity: Severity::Info, ..finding("node-cordoned", node, "takes no new pods") };
    let mut everywhere = diagnosis(vec![cause, stuck, node]);
    everywhere.metadata.namespace = None;
    assert_eq!(
        text(&everywhere, 90),
        "\
✗ Deployment/web in shop: container web needs ConfigMap settings         configmap-missing
  more      kubectl doctor explain configmap-missing
  explains  Deployment/web-2 in shop rollout-stuck: has made no progress for ten minutes

· Node/worker-1: takes no new pods                                           node-cordoned
  more      kubectl doctor explain node-cordoned

1 cause, 1 note. Checked 3 pods, 1 service, 14 events.
"
    );
}

#[test]
fn another_namespace_than_the_one_asked_about_is_named() {
    let mut elsewhere = selector_mismatch();
    elsewhere.object.namespace = "infra".to_owned();
    let report = text(&diagnosis(vec![elsewhere]), 80);
    assert!(report.starts_with("✗ Service/hello-server-service in infra sends traffic"));
}

#[test]
fn logs_stay_as_they_are_and_tables_are_aligned() {
    let crashing = Finding {
        evidence: vec![
            says(
                "log of Pod/web-abc, container web",
                "Traceback:\n\tat main\n    KeyError: 'PORT'\n",
                Some("2026-05-01T11:55:00Z"),
            ),
            says("Node status.allocatable", "NODE\tCPU FREE\nworker-1\t200m\nworker-two\t1", None),
            says(
                "Pod/web-abc status.containerStatuses[web].lastState.terminated",
                "exit code 1, Error, and more of the same",
                None,
            ),
        ],
        ..finding("crash-loop", object("Deployment", "web"), "Deployment/web crashes")
    };
    assert_eq!(
        text(&diagnosis(vec![crashing]), 80),
        "\
✗ Deployment/web crashes                                              crash-loop
  evidence  log of Pod/web-abc, container web, 5m ago:
              Traceback:
                  at main
                  KeyError: 'PORT'
            Node status.allocatable:
              NODE        CPU FREE
              worker-1    200m
              worker-two  1
            exit code 1, Error, and more of the same
            (Pod/web-abc status.containerStatuses[web].lastState.terminated)
  more      kubectl doctor explain crash-loop

1 cause. Checked 3 pods, 1 service, 14 events.
"
    );
}

#[test]
fn of_a_long_log_the_end_is_shown() {
    let log: Vec<_> = (1..=50).map(|line| format!("line {line}")).collect();
    let crashing = Finding {
        evidence: vec![says("log", &log.join("\n"), None)],
        ..finding("crash-loop", object("Deployment", "web"), "Deployment/web crashes")
    };
    let report = text(&diagnosis(vec![crashing]), 80);
    assert!(report.contains("  evidence  log:\n              … 10 lines above\n              line 11\n"));
    assert!(report.contains("line 50\n"));
}

#[test]
fn a_changed_value_of_several_lines_is_a_diff() {
    let changed = Finding {
        changes: vec![Change {
            object: None,
            exact: true,
            field: "data[app.conf]".to_owned(),
            from: Some("listen 80\nroot /\n".to_owned()),
            to: Some("listen eighty\nroot /\n".to_owned()),
            by: None,
            at: None,
        }],
        ..finding("crash-bad-config", object("ConfigMap", "web"), "ConfigMap/web is broken")
    };
    let report = text(&diagnosis(vec![changed]), 80);
    assert!(report.contains(
        "  changed   data[app.conf]\n            - listen 80\n            + listen eighty\n              root /\n"
    ));
}

#[test]
fn what_a_rule_means_is_told_once() {
    let twice = text(&diagnosis(vec![selector_mismatch(), selector_mismatch()]), 80);
    assert_eq!(twice.matches("  means ").count(), 1);
    assert!(twice.contains("\n2 causes. "));
}

#[test]
fn what_probes_saw_is_a_table() {
    let step = |step: &str, to: &str, answer: &str, ok| ProbeStep {
        step: step.to_owned(),
        from: "Pod/web-7d9f8b6c5-abcde".to_owned(),
        to: to.to_owned(),
        answer: answer.to_owned(),
        milliseconds: 12,
        ok,
    };
    let mut probed = diagnosis(vec![]);
    probed.probe = vec![
        step("pod", "10.0.0.1:8080", "HTTP 200", true),
        step("service", "web.shop:80", "connection refused", false),
    ];
    assert!(text(&probed, 100).starts_with(
        "  PROBE    FROM                     TO             ANSWER              TIME   VERDICT
  pod      Pod/web-7d9f8b6c5-abcde  10.0.0.1:8080  HTTP 200            12 ms  ok
  service  Pod/web-7d9f8b6c5-abcde  web.shop:80    connection refused  12 ms  failed

Nothing wrong"
    ));
}

const EVIL: &str = "evil\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}\u{200b}\u{0}\r\n\tnext";

/// Every text of a finding, by name, is what somebody else wrote.
fn evil() -> Diagnosis {
    let mut evil = Finding {
        container: Some(EVIL.to_owned()),
        field: Some(EVIL.to_owned()),
        since: Some(EVIL.to_owned()),
        last_seen: Some(EVIL.to_owned()),
        affected: vec![object(EVIL, EVIL)],
        evidence: vec![says(EVIL, EVIL, Some(EVIL)), says(EVIL, "a\tb\nc\u{1b}[2J\td", None)],
        nearest: vec![near(EVIL, EVIL)],
        changes: vec![Change {
            object: None,
            exact: true,
            field: EVIL.to_owned(),
            from: Some(EVIL.to_owned()),
            to: Some(EVIL.to_owned()),
            by: Some(EVIL.to_owned()),
            at: Some(EVIL.to_owned()),
        }],
        why: EVIL.to_owned(),
        cures: vec![Cure { diff: Some(diff::lines(EVIL, EVIL, "x")), ..cure(EVIL, Some(EVIL)) }; 2],
        ..finding(EVIL, object(EVIL, EVIL), EVIL)
    };
    evil.object.namespace = EVIL.to_owned();
    let symptom = explained_by(&mut evil, finding(EVIL, object("Pod", EVIL), EVIL));
    let mut diagnosis = diagnosis(vec![evil, symptom]);
    diagnosis.metadata.target = Some(EVIL.to_owned());
    diagnosis.timeline = vec![
        Moment { at: EVIL.to_owned(), ..at(0, object(EVIL, EVIL), EVIL, Some(EVIL)) },
        at(1, object(EVIL, EVIL), EVIL, None),
    ];
    diagnosis.metadata.recorded = Some(EVIL.to_owned());
    diagnosis.not_checked = vec![NotChecked { what: EVIL.to_owned(), why: EVIL.to_owned(), hides: EVIL.to_owned() }];
    diagnosis.checked = checked(&[(EVIL, 1), ("pods", 2)]);
    diagnosis.probe = vec![ProbeStep {
        step: EVIL.to_owned(),
        from: EVIL.to_owned(),
        to: EVIL.to_owned(),
        answer: EVIL.to_owned(),
        milliseconds: 12,
        ok: false,
    }];
    diagnosis
}

fn hidden_in(report: &str) -> Vec<char> {
    let hidden = report.chars().filter(|&it| it != '\n' && clean::is_hidden(it));
    hidden.collect()
}

#[test]
fn the_clusters_text_reaches_no_terminal_as_more_than_text() {
    let report = text(&evil(), 80);
    assert_eq!(hidden_in(&report), []);
    assert!(report.contains("\n✗ evil  next/evil  next in evil  next: evil  next"));
    assert!(report.contains("a command with characters that cannot be seen: left out"));
    assert!(!report.contains("[2J") && !report.contains("title"));
    // A line of its own is for the report to start.
    assert!(!report.lines().any(|line| line.starts_with("next")), "{report}");
}

#[test]
fn a_command_of_several_lines_is_whole() {
    let command = "kubectl apply -f - <<'E'\na:\n  b  \nE";
    let several = Finding {
        cures: vec![cure("", Some(command))],
        ..finding("x", object("Service", "web"), "Service/web is broken")
    };
    assert!(text(&diagnosis(vec![several]), 80).contains(&format!("  cure      {command}\n")));
}

#[test]
fn json_is_the_whole_document_and_harmless_on_a_terminal() {
    let evil = evil();
    let json = render(&evil, Format::Json, &style(80));
    assert_eq!(hidden_in(&json), []);
    assert!(json.ends_with("}\n") && json.starts_with("{\n  \"apiVersion\""));
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read, serde_json::to_value(&evil).unwrap());
    assert_eq!(read["findings"][0]["why"], EVIL);
}

fn at(second: u8, object: ObjectRef, what: &str, by: Option<&str>) -> Moment {
    let at = format!("2026-05-01T11:59:{second:02}Z");
    Moment { at, object, what: what.to_owned(), by: by.map(str::to_owned), is_change: by.is_some() }
}

fn timeline_of(timeline: Vec<Moment>) -> Vec<String> {
    let report = text(&Diagnosis { timeline, ..diagnosis(vec![]) }, 100);
    let from = report.lines().skip_while(|line| !line.starts_with("  timeline"));
    from.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_timeline_tells_what_came_of_which_change() {
    let timeline = vec![
        at(
            0,
            object("Deployment", "web"),
            "spec.template.spec.containers[name=web].image changed",
            Some("kubectl-set"),
        ),
        at(1, object("Pod", "web-1"), "created", None),
        at(50, object("Pod", "web-1"), "event BackOff", None),
        at(51, object("Service", "web"), "no ready endpoint", None),
    ];
    assert_eq!(
        timeline_of(timeline.clone()),
        [
            "  timeline  60s ago  Deployment/web image changed by kubectl-set",
            "            10s ago  Pod/web-1 event BackOff",
            "            9s ago   Service/web no ready endpoint",
        ]
    );
    let said_already = timeline.into_iter().take(3).collect();
    assert_eq!(timeline_of(said_already), Vec::<String>::new());
}

#[test]
fn of_many_changes_the_timeline_tells_the_last() {
    let change = |second| at(second, object("ConfigMap", "settings"), "data.A changed", Some("kubectl-edit"));
    let mut timeline: Vec<_> = (0..9).map(change).collect();
    timeline.extend([
        at(30, object("Pod", "web-1"), "created", None),
        at(40, object("Pod", "web-1"), "event BackOff", None),
    ]);
    let told = timeline_of(timeline);
    assert_eq!(told.len(), 6);
    assert!(told[5].ends_with("Pod/web-1 event BackOff") && told[3].contains("52s ago"), "{told:#?}");
}

/// A Service that is reached through an Ingress and leads nowhere.
fn path() -> Vec<Hop> {
    let hop = |object: Option<ObjectRef>, text: &str, broken: Option<&str>| Hop {
        object,
        text: text.to_owned(),
        broken: broken.map(str::to_owned),
    };
    vec![
        hop(Some(object("Ingress", "shop")), "Ingress/shop shop.example.com/", None),
        hop(Some(object("Service", "web")), "Service/web:80", None),
        hop(None, "no endpoint", None),
        hop(Some(object("Deployment", "web")), "3 pods of Deployment/web :8080", Some("the selector matches no pod")),
    ]
}

#[test]
fn the_way_of_traffic_shows_where_it_ends_and_breaks_before_an_arrow() {
    let mut cause = finding("service-selector-mismatch", object("Service", "web"), "Service/web leads nowhere");
    cause.path = path();
    let drawn = |width: usize| -> Vec<String> {
        let text = text(&diagnosis(vec![cause.clone()]), width);
        let lines = text.lines().skip_while(|line| !line.starts_with("  path"));
        lines
            .take_while(|line| line.starts_with("  path") || line.starts_with("            "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        drawn(120),
        ["  path      Ingress/shop shop.example.com/ → Service/web:80 → no endpoint ─✗ 3 pods of Deployment/web :8080"]
    );
    assert_eq!(
        drawn(80),
        [
            "  path      Ingress/shop shop.example.com/ → Service/web:80 → no endpoint",
            "            ─✗ 3 pods of Deployment/web :8080"
        ]
    );
    // Between two things alone there is nothing to draw.
    cause.path.drain(..2);
    let text = text(&diagnosis(vec![cause]), 80);
    assert!(!text.contains("  path"), "{text}");
}
