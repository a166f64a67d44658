//! What Prometheus reads (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use std::{collections::BTreeMap, fmt::Display, fmt::Write as _};

use super::{Seen, histogram::Histogram};

/// The text's type, as Prometheus wants it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics, with how often each kind of thing was asked of the server.
pub fn text(seen: &Seen, requests: &BTreeMap<String, usize>) -> String {
    let mut page = Page::default();
    page.family("kubectl_doctor_causes", "gauge", "Root causes that stand now.");
    for ([rule, kind, namespace, severity], count) in causes(seen) {
        let labels = [("rule", rule), ("kind", kind), ("namespace", namespace), ("severity", severity)];
        page.sample("kubectl_doctor_causes", &labels, count);
    }
    page.histogram("kubectl_doctor_diagnosis_duration_seconds", "How long a diagnosis took.", &seen.diagnosis);
    let help = "How long after the server told of a change its diagnosis stood here.";
    page.histogram("kubectl_doctor_change_to_report_seconds", help, &seen.after_change);
    page.family("kubectl_doctor_api_requests_total", "counter", "Requests to the API server, by what was asked for.");
    for (what, count) in requests {
        page.sample("kubectl_doctor_api_requests_total", &[("what", what)], count);
    }
    page.family(
        "kubectl_doctor_watch_up",
        "gauge",
        "Whether the server tells of every change (1) or not just now (0).",
    );
    page.sample("kubectl_doctor_watch_up", &[], u8::from(seen.trouble.is_none()));
    page.family("kubectl_doctor_ready", "gauge", "Whether everything was looked at once.");
    page.sample("kubectl_doctor_ready", &[], u8::from(seen.is_ready));
    page.family("kubectl_doctor_last_look_timestamp_seconds", "gauge", "When a namespace was looked at last.");
    if let Some(at) = seen.last_look {
        page.sample("kubectl_doctor_last_look_timestamp_seconds", &[], at.as_second());
    }
    page.family("kubectl_doctor_build_info", "gauge", "The version of kubectl doctor.");
    page.sample("kubectl_doctor_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.0
}

fn causes(seen: &Seen) -> BTreeMap<[&str; 4], usize> {
    let mut causes = BTreeMap::new();
    for cause in seen.board.causes() {
        let (finding, object) = (&cause.finding, &cause.finding.object);
        let labels = [finding.rule.as_str(), &object.kind, &object.namespace, finding.severity.word()];
        *causes.entry(labels).or_default() += 1;
    }
    causes
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, form: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {form}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (bound, count) in histogram.up_to() {
            self.sample(&bucket, &[("le", &bound.to_string())], count);
        }
        self.sample(&bucket, &[("le", "+Inf")], histogram.count());
        self.sample(&format!("{name}_sum"), &[], histogram.sum());
        self.sample(&format!("{name}_count"), &[], histogram.count());
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
pub(super) mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        demo, diagnosis,
        lookout::Sight,
        question::{Question, Target},
        rule::Rules,
    };

    // What is found in a recording.
    pub fn sight() -> Sight {
        let (inventory, _) = demo::recording(Some("configmap-key-typo")).unwrap();
        let namespace = inventory.about.namespace.clone();
        let question =
            Question { target: Target::Everything, namespace: Some(namespace.clone()), selector: None, client: None };
        let answer = diagnosis::diagnose(&question, &inventory, &Rules::built_in().unwrap());
        let (took, after) = (Duration::from_millis(30), Some(Duration::from_millis(800)));
        Sight { namespace, diagnosis: Some(answer.unwrap().diagnosis), is_all: true, took, after }
    }

    fn seen(sight: Sight) -> Seen {
        let mut seen = Seen::default();
        seen.take(sight, Timestamp::from_second(1_700_000_000).unwrap());
        seen
    }

    #[test]
    fn a_board_is_told_as_prometheus_reads_it() {
        let requests = BTreeMap::from([("pods".to_owned(), 3), ("watch of pods".to_owned(), 60)]);
        insta::assert_snapshot!("metrics", text(&seen(sight()), &requests));
    }

    #[test]
    fn a_cause_that_healed_has_no_series() {
        let sight = sight();
        let namespace = sight.namespace.clone();
        let mut seen = seen(sight);
        let is_told = |seen: &Seen| text(seen, &BTreeMap::new()).contains("kubectl_doctor_causes{");
        assert!(is_told(&seen));
        let gone = Sight { namespace, diagnosis: None, is_all: true, took: Duration::ZERO, after: None };
        seen.take(gone, Timestamp::from_second(1_700_000_060).unwrap());
        assert!(!is_told(&seen));
    }

    #[test]
    fn a_look_without_a_change_counts_for_no_change() {
        let seen = seen(Sight { after: None, ..sight() });
        assert_eq!((seen.diagnosis.count(), seen.after_change.count()), (1, 0));
    }

    #[test]
    fn a_lost_server_is_told() {
        let mut seen = Seen::default();
        assert!(text(&seen, &BTreeMap::new()).contains("\nkubectl_doctor_watch_up 1\n"));
        seen.trouble = Some("gone".to_owned());
        assert!(text(&seen, &BTreeMap::new()).contains("\nkubectl_doctor_watch_up 0\n"));
    }

    #[test]
    fn a_label_may_hold_anything() {
        let mut page = Page::default();
        page.sample("m", &[("rule", "a\"b\\c\nd")], 1);
        assert_eq!(page.0, "m{rule=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
