//! What an HTTP response means for the request that it answers.

use std::time::Duration;

use kube::core::Status;
use serde::Deserialize;
use serde_json::Value;

use super::trouble::Trouble;
use crate::source::{Item, Reply, Request, Row, log, said::forbidden};

/// An HTTP response.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub(super) code: u16,
    pub(super) content_type: String,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// Whether the API server itself answered: it gives each request an Audit-Id.
    pub(super) audited: bool,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

/// Why there is nothing to read in a response.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// The pages of a list have expired.
    Gone,
    /// The answer is a reply all the same.
    Reply(Reply),
    /// It is no answer of an API server.
    Trouble(Trouble),
}

/// One page of a list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    kind: String,
    metadata: Option<ListMetadata>,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct ListMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
#[derive(Deserialize)]
struct Table {
    #[serde(default)]
    kind: String,
    #[serde(rename = "columnDefinitions", default)]
    columns: Vec<Column>,
    #[serde(default)]
    rows: Vec<TableRow>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

#[derive(Deserialize)]
struct TableRow {
    cells: Vec<Value>,
}

impl Response {
    /// How long to wait before the same is asked again, where the server says that this may help.
    pub(super) fn puts_off(&self) -> Option<Duration> {
        match (self.code, self.retry_after) {
            (429, after) => Some(Duration::from_secs(after.unwrap_or(1))),
            (500.., Some(after)) => Some(Duration::from_secs(after)),
            _ => None,
        }
    }

    /// A page of a list.
    pub(super) fn page(&self, request: &Request) -> Result<Page, Refusal> {
        self.accepted(request)?;
        let list: List = self.read()?;
        if !list.kind.ends_with("List") {
            return Err(Refusal::Trouble(Trouble::NotKubernetes(self.code)));
        }
        let next = list.metadata.and_then(|metadata| metadata.next).filter(|token| !token.is_empty());
        Ok(Page { items: list.items.unwrap_or_default(), next })
    }

    /// The rows of a table of pods.
    pub(super) fn rows(&self, request: &Request) -> Result<Vec<Row>, Refusal> {
        self.accepted(request)?;
        let table: Table = self.read()?;
        if table.kind != "Table" {
            return Err(Refusal::Reply(Reply::Failed("the server makes no tables of pods".to_owned())));
        }
        let column = |name: &str| table.columns.iter().position(|column| column.name == name);
        let names = ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"];
        let columns: Option<Vec<usize>> = names.iter().map(|name| column(name)).collect();
        let Some(columns) = columns else {
            return Err(Refusal::Reply(Reply::Failed("the server's table of pods lacks a column".to_owned())));
        };
        let row = |row: &TableRow| {
            let mut cells = columns.iter().map(|column| match row.cells.get(*column) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            });
            let mut next = || cells.next().unwrap_or_default();
            Row {
                name: next(),
                ready: next(),
                status: next(),
                restarts: next(),
                age: next(),
                ip: next(),
                node: next(),
                nominated: next(),
                gates: next(),
            }
        };
        Ok(table.rows.iter().map(row).collect())
    }

    /// One object.
    pub(super) fn object(&self, request: &Request) -> Result<Value, Refusal> {
        let object = self.json(request)?;
        match object.get("metadata") {
            Some(Value::Object(_)) => Ok(object),
            _ => Err(Refusal::Trouble(Trouble::NotKubernetes(self.code))),
        }
    }

    /// What the server serves, all groups in one document.
    pub(super) fn discovery(&self, request: &Request) -> Result<Value, Refusal> {
        let document = self.json(request)?;
        match document.get("kind").and_then(Value::as_str) {
            Some("APIGroupDiscoveryList") => Ok(document),
            // Before 1.26 there is one document for each group.
            Some(_) => Err(Refusal::Reply(Reply::Failed("the server is older than Kubernetes 1.26".to_owned()))),
            None => Err(Refusal::Trouble(Trouble::NotKubernetes(self.code))),
        }
    }

    /// The server's version.
    pub(super) fn version(&self, request: &Request) -> Result<String, Refusal> {
        match self.json(request)?.get("gitVersion").and_then(Value::as_str) {
            Some(version) => Ok(version.to_owned()),
            None => Err(Refusal::Trouble(Trouble::NotKubernetes(self.code))),
        }
    }

    /// The end of a log, in whole lines.
    pub(super) fn log(&self, request: &Request) -> Result<String, Refusal> {
        self.accepted(request)?;
        if self.content_type.starts_with("text/html") {
            return Err(Refusal::Trouble(Trouble::WebPage(title(&self.body))));
        }
        log::end(&String::from_utf8_lossy(&self.body)).map_err(|why| Refusal::Reply(Reply::Failed(why)))
    }

    fn json(&self, request: &Request) -> Result<Value, Refusal> {
        self.accepted(request)?;
        self.read()
    }

    fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let breaks_off = error.is_eof() && !self.body.is_empty();
            Refusal::Trouble(if breaks_off { Trouble::Truncated } else { self.foreign() })
        })
    }

    // Neither JSON nor a Status: some other server, or one in between.
    fn foreign(&self) -> Trouble {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(256)]).to_lowercase();
        let start = start.trim_start();
        if start.contains("http request to an https server") {
            return Trouble::OnlyTls;
        }
        let page = start.starts_with("<!doctype html") || start.starts_with("<html");
        if page || self.content_type.starts_with("text/html") {
            return match self.code {
                // A gateway's error page, not a login.
                502..=504 => Trouble::Failing(self.code, title(&self.body)),
                _ => Trouble::WebPage(title(&self.body)),
            };
        }
        match self.code {
            500.. => Trouble::Failing(self.code, line(&String::from_utf8_lossy(&self.body))),
            _ => Trouble::NotKubernetes(self.code),
        }
    }

    fn accepted(&self, request: &Request) -> Result<(), Refusal> {
        let status = match self.code {
            200..300 => return Ok(()),
            300..400 => {
                let to = self.location.as_deref().unwrap_or("nowhere");
                return Err(Refusal::Trouble(Trouble::WebPage(format!("redirect to {to}"))));
            }
            _ => self.status(),
        };
        let Some(status) = status else {
            return Err(Refusal::Trouble(match self.code {
                401 => Trouble::Unauthorized("Unauthorized".to_owned()),
                404 if self.audited => return Err(Refusal::Reply(not_served(request))),
                404 if !self.content_type.starts_with("text/html") => Trouble::NotServed,
                _ => self.foreign(),
            }));
        };
        let said = line(&status.message);
        Err(match self.code {
            401 => Refusal::Trouble(Trouble::Unauthorized(said)),
            403 => Refusal::Reply(Reply::Failed(forbidden(&said))),
            404 if is_about(&status, request) => Refusal::Reply(Reply::Absent),
            404 => Refusal::Reply(not_served(request)),
            410 => Refusal::Gone,
            // No previous instance, or none started yet.
            400 if matches!(request, Request::Log(_)) => Refusal::Reply(Reply::Absent),
            // Between the API server and the kubelet: the API server is well.
            429.. if matches!(request, Request::Log(_)) => Refusal::Reply(Reply::Failed(said)),
            429 | 500.. => Refusal::Trouble(Trouble::Failing(self.code, said)),
            _ => Refusal::Reply(Reply::Failed(said)),
        })
    }

    fn status(&self) -> Option<Status> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        if body.get("kind").and_then(Value::as_str) != Some("Status") {
            return None;
        }
        serde_json::from_value(body).ok()
    }
}

// Where an API is not installed there is nothing of its kinds.
fn not_served(request: &Request) -> Reply {
    match request {
        Request::List { kind, .. } | Request::Names { kind, .. } if kind.is_installed_apart() => {
            Reply::Items(Vec::new())
        }
        Request::Get { kind, .. } if kind.is_installed_apart() => Reply::Absent,
        _ => Reply::Failed(Trouble::NotServed.brief()),
    }
}

// A 404 is about the object when it names it; a resource that is not served
// comes back without a name.
fn is_about(status: &Status, request: &Request) -> bool {
    let named = status.details.as_ref().map(|details| details.name.as_str()).unwrap_or_default();
    match request {
        Request::Get { name, .. } => named == name,
        Request::Log(key) => named == key.pod,
        _ => false,
    }
}

// `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"`
fn line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let joined = words.join(" ");
    match joined.char_indices().nth(400) {
        Some((cut, _)) => format!("{}…", &joined[..cut]),
        None if joined.is_empty() => "no reason given".to_owned(),
        None => joined,
    }
}

fn title(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        page.get(start..start + lower[start..].find("</title")?)
    });
    match title.map(line) {
        Some(title) => format!("\"{title}\""),
        None => "without a title".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{kind::Kind, source::LogKey};

    fn list() -> Request {
        Request::List { kind: Kind::Pod, namespace: Some("shop".to_owned()) }
    }

    fn get() -> Request {
        Request::Get { kind: Kind::Secret, namespace: Some("shop".to_owned()), name: "x".to_owned() }
    }

    fn log() -> Request {
        Request::Log(LogKey {
            namespace: "shop".to_owned(),
            pod: "web".to_owned(),
            container: "app".to_owned(),
            previous: true,
            recent: false,
        })
    }

    fn response(code: u16, content_type: &str, body: &str) -> Response {
        Response { code, content_type: content_type.to_owned(), body: body.as_bytes().to_vec(), ..Response::default() }
    }

    fn status(code: u16, reason: &str, message: &str, name: &str) -> Response {
        let body = json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason,
            "message": message, "details": {"name": name}});
        response(code, "application/json", &body.to_string())
    }

    fn failed(text: &str) -> Refusal {
        Refusal::Reply(Reply::Failed(text.to_owned()))
    }

    #[test]
    fn a_404_that_names_the_object_means_absent() {
        let response = status(404, "NotFound", "secrets \"x\" not found", "x");
        assert_eq!(response.object(&get()), Err(Refusal::Reply(Reply::Absent)));
    }

    #[test]
    fn a_404_that_names_no_object_means_that_the_kind_is_not_served() {
        let response = status(404, "NotFound", "the server could not find the requested resource", "");
        assert_eq!(response.object(&get()), Err(failed("not served by this server")));
        assert_eq!(response.page(&list()), Err(failed("not served by this server")));
    }

    #[test]
    fn of_what_is_installed_apart_and_is_not_installed_there_is_nothing() {
        let response = status(404, "NotFound", "the server could not find the requested resource", "");
        let metrics = Request::List { kind: Kind::PodMetrics, namespace: Some("shop".to_owned()) };
        assert_eq!(response.page(&metrics), Err(Refusal::Reply(Reply::Items(Vec::new()))));
    }

    #[test]
    fn a_404_without_a_status_is_an_answer_only_from_an_api_server() {
        let mut response = response(404, "text/plain", "404 page not found\n");
        assert_eq!(response.object(&get()), Err(Refusal::Trouble(Trouble::NotServed)));
        response.audited = true;
        assert_eq!(response.object(&get()), Err(failed("not served by this server")));
    }

    #[test]
    fn a_403_keeps_who_may_not_do_what() {
        let response = status(
            403,
            "Forbidden",
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"",
            "",
        );
        assert_eq!(
            response.page(&list()),
            Err(failed("forbidden: User \"jane\" cannot list resource \"pods\" in the namespace \"shop\""))
        );
    }

    #[test]
    fn a_401_is_trouble_with_or_without_a_status() {
        let trouble = Err(Refusal::Trouble(Trouble::Unauthorized("Unauthorized".to_owned())));
        assert_eq!(status(401, "Unauthorized", "Unauthorized", "").object(&get()), trouble);
        assert_eq!(response(401, "text/plain", "no").object(&get()), trouble);
    }

    #[test]
    fn a_failing_server_is_trouble() {
        let said = "the server is currently unable to handle the request";
        assert_eq!(
            status(503, "ServiceUnavailable", said, "").object(&get()),
            Err(Refusal::Trouble(Trouble::Failing(503, said.to_owned())))
        );
    }

    #[test]
    fn a_login_page_is_trouble_whatever_its_status() {
        let page = "<!DOCTYPE html><html><head><title>Sign in\n to Corp</title>";
        for code in [200, 403, 404] {
            assert_eq!(
                response(code, "text/html; charset=utf-8", page).page(&list()),
                Err(Refusal::Trouble(Trouble::WebPage("\"Sign in to Corp\"".to_owned()))),
                "{code}"
            );
        }
        let redirect = Response { code: 302, location: Some("https://sso".to_owned()), ..Response::default() };
        assert_eq!(
            redirect.object(&get()),
            Err(Refusal::Trouble(Trouble::WebPage("redirect to https://sso".to_owned())))
        );
    }

    #[test]
    fn json_of_something_else_is_trouble() {
        for body in ["{}", "[]", "null", "{\"kind\":\"Pod\"}", "{\"kind\":\"PodList\"", ""] {
            assert!(
                matches!(response(200, "application/json", body).page(&list()), Err(Refusal::Trouble(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn plain_http_to_a_tls_port_is_told() {
        let response = response(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n");
        assert_eq!(response.object(&get()), Err(Refusal::Trouble(Trouble::OnlyTls)));
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let object = json!({"metadata": {"name": "web"}});
        let body = json!({"kind": "DeploymentList", "apiVersion": "apps/v1",
            "metadata": {"continue": "more"}, "items": [object]});
        let deployments = Request::List { kind: Kind::Deployment, namespace: None };
        let page = response(200, "application/json", &body.to_string()).page(&deployments).unwrap();
        assert_eq!(page, Page { items: vec![object.try_into().unwrap()], next: Some("more".to_owned()) });
    }

    #[test]
    fn a_row_is_read_by_the_names_of_its_columns() {
        let names = ["Name", "Ready", "Status", "New", "Restarts", "Age", "IP", "Node", "Nominated Node"];
        let columns: Vec<_> = names.iter().map(|name| json!({"name": name, "type": "string"})).collect();
        let cells = json!(["web-1", "1/1", "Running", "?", 0, "5m", "10.0.0.1", "n1", "<none>", "1/1"]);
        let table = |columns: &[Value]| {
            let body = json!({"kind": "Table", "columnDefinitions": columns, "rows": [{"cells": cells}]});
            let rows = Request::Rows { namespace: "shop".to_owned() };
            response(200, "application/json", &body.to_string()).rows(&rows)
        };
        let lacking = failed("the server's table of pods lacks a column");
        assert_eq!(table(&columns), Err(lacking));
        let columns = [columns, vec![json!({"name": "Readiness Gates"})]].concat();
        let row = table(&columns).unwrap().remove(0);
        assert_eq!((row.name.as_str(), row.restarts.as_str(), row.age.as_str()), ("web-1", "0", "5m"));
        assert_eq!((row.node.as_str(), row.gates.as_str()), ("n1", "1/1"));
    }

    #[test]
    fn a_log_that_is_not_there_yet_is_absent() {
        let response = status(400, "BadRequest", "previous terminated container \"app\" in pod \"web\" not found", "");
        assert_eq!(response.log(&log()), Err(Refusal::Reply(Reply::Absent)));
    }

    #[test]
    fn the_kubelets_own_words_are_no_log() {
        let words = "unable to retrieve container logs for containerd://0a1b";
        assert_eq!(response(200, "text/plain", words).log(&log()), Err(failed("gone with its container")));
        let quoted = format!("starting\n{words}\n");
        assert_eq!(response(200, "text/plain", &quoted).log(&log()), Ok(quoted));
    }

    #[test]
    fn a_kubelet_out_of_reach_says_nothing_against_the_api_server() {
        let said = "Get \"https://10.0.0.9:10250/containerLogs\": dial tcp: no route to host";
        assert_eq!(status(500, "InternalError", said, "").log(&log()), Err(failed(said)));
    }

    #[test]
    fn the_end_of_a_long_log_is_kept_in_whole_lines() {
        let long: String = (0..4000).map(|number| format!("line {number} é\n")).collect();
        let kept = response(200, "text/plain", &long).log(&log()).unwrap();
        assert!(kept.len() <= log::BYTES && kept.starts_with("line ") && kept.ends_with("line 3999 é\n"));
        let one = "é".repeat(log::BYTES);
        assert!(!response(200, "text/plain", &one).log(&log()).unwrap().is_empty());
    }
}
