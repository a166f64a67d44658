//! The formats that are for other programs.

use super::*;

const FORMATS: [Format; 10] = [
    Format::Text,
    Format::Wide,
    Format::Html,
    Format::Json,
    Format::Yaml,
    Format::Name,
    Format::Markdown,
    Format::Github,
    Format::Junit,
    Format::Sarif,
];

fn as_(format: Format, diagnosis: &Diagnosis) -> String {
    render(diagnosis, format, &style(100))
}

// A cause with a symptom, a warning, and something that could not be looked at.
fn three() -> Diagnosis {
    let mut cause = Finding {
        nearest: vec![near("app=web", "3 ready pods of Deployment/web carry it")],
        cures: vec![Cure {
            diff: Some(diff::lines("spec.selector", "app: wbe", "app: web")),
            ..cure("let it select the pods of Deployment/web", Some("kubectl -n shop patch service web -p '{\"a\":1}'"))
        }],
        evidence: vec![says("Service/web spec.selector", "app=wbe", None)],
        path: path(),
        ..finding(
            "service-selector-mismatch",
            object("Service", "web"),
            "Service/web: 100% lost, its selector matches no pod",
        )
    };
    let symptom = finding("service-unreachable", object("Ingress", "shop"), "Ingress/shop leads to nobody");
    let symptom = explained_by(&mut cause, symptom);
    let mut deployment = object("Deployment", "api");
    "apps/v1".clone_into(&mut deployment.api_version);
    let warning = Finding {
        severity: Severity::Warning,
        ..finding("memory-near-limit", deployment, "Deployment/api is near its limit")
    };
    let mut diagnosis = diagnosis(vec![cause, symptom, warning]);
    diagnosis.not_checked = vec![forbidden("secrets")];
    diagnosis
}

#[test]
fn a_wide_report_folds_nothing_and_cuts_nothing() {
    let long = "it has stood for long ".repeat(9);
    let mut cause = finding("oom-killed", object("Deployment", "web"), "Deployment/web is killed");
    cause.affected = (0..9).map(|at| object("Pod", &format!("web-{at}"))).collect();
    let symptom = finding("service-pods-not-ready", object("Service", "web"), &long);
    let symptom = explained_by(&mut cause, symptom);
    let mut diagnosis = diagnosis(vec![cause, symptom]);
    let by = "annotation of Deployment/cache".to_owned();
    diagnosis.suppressed_findings =
        vec![Suppressed { rule: "pdb-blocks-eviction".to_owned(), object: object("Deployment", "cache"), by }];
    let told = ["web-8", long.trim(), "annotation of Deployment/cache"];
    let (text, wide) = (as_(Format::Text, &diagnosis), as_(Format::Wide, &diagnosis));
    for told in told {
        assert!(wide.contains(told) && !text.contains(told), "{told}: {wide}");
    }
}

#[test]
fn yaml_is_the_same_document() {
    let read: serde_json::Value = serde_saphyr::from_str(&as_(Format::Yaml, &three())).unwrap();
    assert_eq!(read, serde_json::to_value(three()).unwrap());
}

#[test]
fn names_are_those_of_kubectl_each_once() {
    assert_eq!(as_(Format::Name, &three()), "service/web\ndeployment.apps/api\n");
    assert_eq!(as_(Format::Name, &diagnosis(vec![])), "");
}

#[test]
fn an_annotation_is_one_line_however_many_it_says() {
    insta::assert_snapshot!("github", as_(Format::Github, &three()));
}

#[test]
fn a_ticket_has_the_change_the_command_and_a_picture() {
    insta::assert_snapshot!("markdown", as_(Format::Markdown, &three()));
}

#[test]
fn a_ci_server_sees_errors_fail_and_what_was_not_looked_at_skipped() {
    insta::assert_snapshot!("junit", as_(Format::Junit, &three()));
    let healthy = as_(Format::Junit, &diagnosis(vec![]));
    let healthy = roxmltree::Document::parse(&healthy).unwrap();
    let passed = healthy.descendants().filter(|node| node.has_tag_name("testcase") && !node.has_children());
    assert_eq!(passed.count(), 1);
}

#[test]
fn code_scanning_gets_what_its_schema_says() {
    let schema = include_str!("../../../tests/schemas/sarif-2.1.0.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for diagnosis in [three(), evil(), diagnosis(vec![])] {
        let sarif: serde_json::Value = serde_json::from_str(&as_(Format::Sarif, &diagnosis)).unwrap();
        let errors: Vec<String> = schema.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
    let sarif: serde_json::Value = serde_json::from_str(&as_(Format::Sarif, &three())).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "service-selector-mismatch");
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
}

#[test]
fn the_clusters_text_is_no_more_than_text_in_any_format() {
    for format in FORMATS {
        // Tabs of a log stand in YAML as they are.
        let report = as_(format, &evil()).replace('\t', " ");
        assert_eq!(hidden_in(&report), [], "{format:?}");
    }
}

#[test]
fn the_clusters_text_is_no_markup() {
    let text = "a <b>\"&' ]]> </failure> ``` @jane #12 [x](http://evil) \n::error::y";
    let mut evil = finding(text, object(text, text), text);
    evil.evidence = vec![says(text, text, None)];
    evil.cures = vec![cure(text, Some(text))];
    let symptom = finding(text, object("Pod", text), text);
    let symptom = explained_by(&mut evil, symptom);
    let mut diagnosis = diagnosis(vec![evil, symptom]);
    diagnosis.not_checked = vec![NotChecked { what: text.to_owned(), why: text.to_owned(), hides: text.to_owned() }];

    let junit = as_(Format::Junit, &diagnosis);
    let junit = roxmltree::Document::parse(&junit).unwrap();
    assert_eq!(junit.descendants().filter(|node| node.has_tag_name("failure")).count(), 1);
    assert_eq!(as_(Format::Github, &diagnosis).lines().filter(|line| line.starts_with("::")).count(), 1);
    insta::assert_snapshot!("markdown_of_hostile_text", as_(Format::Markdown, &diagnosis));
}

#[test]
fn a_page_to_share_needs_nothing_from_elsewhere() {
    let page = as_(Format::Html, &three());
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    for never in ["<script", "src=", "url(", "@import", "<link", "<iframe", "{{"] {
        assert!(!page.contains(never), "{never}");
    }
    for told in [
        "1 cause",
        "3 pods of Deployment/web :8080",
        "the selector matches no pod",
        "svg class=\"graph\"",
        "Not checked",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn a_page_to_share_has_no_markup_but_its_own() {
    const OWN: [&str; 36] = [
        "a", "body", "circle", "code", "details", "doctype", "div", "h1", "h2", "h3", "head", "header", "html", "li",
        "line", "main", "meta", "ol", "p", "path", "pre", "rect", "section", "span", "strong", "style", "summary",
        "svg", "table", "td", "text", "th", "time", "title", "tr", "ul",
    ];
    let text = "a <img src=x onerror=alert(1)>\"' --> </style><script>alert(1)</script> {{body}} ${x} \n<iframe> y";
    let mut evil = finding(text, object(text, text), text);
    evil.evidence = vec![says(text, text, Some(NOW)), says(text, text, Some("2026-05-01T11:00:00Z"))];
    evil.cures = vec![Cure { diff: Some(text.to_owned()), ..cure(text, Some(text)) }];
    evil.docs = Some("javascript:alert(1)".to_owned());
    evil.nearest = vec![near(text, text)];
    evil.path = vec![Hop { object: None, text: text.to_owned(), broken: Some(text.to_owned()) }];
    evil.affected = vec![object(text, text)];
    let symptom = finding(text, object("Pod", text), text);
    let symptom = explained_by(&mut evil, symptom);
    let mut diagnosis = diagnosis(vec![evil, symptom]);
    diagnosis.metadata.context = Some(text.to_owned());
    diagnosis.metadata.target = Some(text.to_owned());
    diagnosis.not_checked = vec![NotChecked { what: text.to_owned(), why: text.to_owned(), hides: text.to_owned() }];
    diagnosis.suppressed_findings =
        vec![Suppressed { rule: text.to_owned(), object: object(text, text), by: text.to_owned() }];
    let page = as_(Format::Html, &diagnosis);
    for tag in page.split('<').skip(1) {
        let name = tag.trim_start_matches(['/', '!']).split(|sign: char| !sign.is_alphanumeric()).next().unwrap();
        assert!(OWN.contains(&name), "{name}: {tag}");
        let inside = tag.split('>').next().unwrap();
        assert!(!inside.contains("onerror") && !inside.contains("javascript:"), "{inside}");
    }
    assert_eq!(page.matches("<main>").count(), 1);
}
