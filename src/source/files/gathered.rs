//! Reads what other tools collected: a bundle's files, each for what it holds.

use std::{io::Read, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use serde_json::Value;

use super::{
    Reader,
    bundle::{self, Format, Holds, Part, Singles},
    documents, is_list, refuse_truncated, take_items, text,
    tree::Tree,
    word,
};
use crate::{
    error::Error,
    inventory::State,
    kind::Kind,
    source::{LogKey, log, said::forbidden},
};

const NO_TIMES: &str = "without times in the input";

/// What is known of a bundle only when all of it was read.
#[derive(Default)]
struct Rest {
    logs: Vec<(LogKey, String)>,
    writer: String,
}

impl Reader<'_> {
    /// Reads every file of a bundle that holds something.
    pub(super) fn bundle(&mut self, tree: &Tree, format: &Format) -> Result<(), Error> {
        let mut rest = Rest::default();
        tree.each(&mut |path, content| self.bundled(tree, format, path, content, &mut rest))?;
        for (key, text) in rest.logs {
            self.log(key, &text, format.timestamps);
        }
        self.say_all_of_singles(format.singles, &rest.writer);
        Ok(())
    }

    fn bundled(
        &mut self,
        tree: &Tree,
        format: &Format,
        path: &str,
        content: &mut dyn Read,
        rest: &mut Rest,
    ) -> Result<(), Error> {
        let name = tree.name_of(path);
        let holds = format.holds(path);
        match &holds {
            Holds::Nothing => Ok(()),
            Holds::Log(key) => {
                let text = String::from_utf8_lossy(&tree.end_of(path, content)?).into_owned();
                rest.logs.push((key.clone(), text));
                Ok(())
            }
            Holds::Logs => self.printed_dump(&name, &tree.content(path, content)?).unwrap_or(Ok(())),
            Holds::Writer => {
                rest.writer = String::from_utf8_lossy(&tree.content(path, content)?).into_owned();
                Ok(())
            }
            Holds::All { .. } | Holds::Objects | Holds::Some(_) | Holds::Failures(_) => {
                let bytes = tree.content(path, content)?;
                // How a list without items is written where it is given without its kind.
                if bytes.trim_ascii() == b"null" {
                    return self.of_bundle(&holds, Value::Null);
                }
                for text::Document { line, value } in documents(&name, bytes)? {
                    self.of_bundle(&holds, value).map_err(|error| Error::new(format!("{name}:{line}: {error}")))?;
                }
                Ok(())
            }
        }
    }

    fn of_bundle(&mut self, holds: &Holds, document: Value) -> Result<(), Error> {
        match holds {
            Holds::All { kind, namespace } => self.all_of(*kind, namespace.as_deref(), document),
            Holds::Failures(kind) => {
                self.failures(*kind, &document);
                Ok(())
            }
            holds => {
                let objects = match document {
                    Value::Array(objects) => objects,
                    Value::Null => Vec::new(),
                    single => vec![single],
                };
                let named = |object| if let Holds::Some(kind) = holds { named(*kind, object) } else { object };
                objects.into_iter().map(named).try_for_each(|object| self.some(object))
            }
        }
    }

    fn some(&mut self, document: Value) -> Result<(), Error> {
        let is_of_no_rule = || {
            let (kind, api_version) = (word(&document, "kind"), word(&document, "apiVersion"));
            !is_list(&document) && Kind::from_object(kind, api_version).is_none() && is_kubernetes_own(api_version)
        };
        if is_of_no_rule() { Ok(()) } else { self.document(document) }
    }

    // A list as the API gives it, or its items alone.
    fn all_of(&mut self, kind: Kind, namespace: Option<&str>, mut document: Value) -> Result<(), Error> {
        let items = match document {
            Value::Null => Vec::new(),
            Value::Array(items) => items,
            _ if is_list(&document) => {
                refuse_truncated(&document)?;
                take_items(&mut document)?
            }
            single => return self.document(single),
        };
        let mut are_all_read = true;
        for item in items {
            let place = self.object(named(kind, item), State::Collected)?;
            are_all_read &= place.is_some_and(|place| place.kind == kind);
        }
        if are_all_read {
            self.input.inventory.coverage_mut().list(kind, namespace, State::Collected);
            self.namespaces.extend(namespace.map(str::to_owned));
            self.known += 1;
        }
        Ok(())
    }

    // By namespace, or for the whole cluster.
    fn failures(&mut self, kind: Kind, document: &Value) {
        let said = |why: &Value| {
            let why = why.as_str().unwrap_or_default();
            if why.contains("forbidden: ") { forbidden(why) } else { why.to_owned() }
        };
        match document {
            Value::Object(failed) => {
                let coverage = self.input.inventory.coverage_mut();
                for (namespace, why) in failed {
                    coverage.list(kind, Some(namespace), State::Failed(said(why)));
                }
            }
            Value::Array(failed) => {
                if let Some(why) = failed.first() {
                    self.partly.insert(kind, said(why));
                }
            }
            _ => {}
        }
    }

    /// What `kubectl cluster-info dump` printed; nothing where the text has no logs in it.
    pub(super) fn printed_dump(&mut self, name: &str, bytes: &[u8]) -> Option<Result<(), Error>> {
        let text = std::str::from_utf8(bytes).ok()?;
        let parts = bundle::parts(text)?;
        Some(match parts {
            Ok(parts) => self.parts(name, parts),
            Err(bundle::Unfinished(line)) => Err(Error::new(format!(
                "{name}:{line}: the log that begins here has no end, so the file was cut off: write it once more"
            ))),
        })
    }

    fn parts(&mut self, name: &str, parts: Vec<Part<'_>>) -> Result<(), Error> {
        for part in parts {
            match part {
                Part::Log(key, Ok(Some(text))) => self.log(key, text, false),
                Part::Log(key, Ok(None)) => {
                    self.input.inventory.insert_log(LogKey { recent: true, ..key.clone() }, Ok(None));
                    self.input.inventory.insert_log(key, Ok(None));
                }
                Part::Log(key, Err(why)) => self.input.inventory.insert_log(key, Err(why.to_owned())),
                Part::Documents(text, begins) => self.dumped(name, text, begins)?,
            }
        }
        Ok(())
    }

    // The lists of one namespace, behind those of the nodes or the logs of another. Of which namespace an empty list is
    // the others tell.
    fn dumped(&mut self, name: &str, text: &str, begins: usize) -> Result<(), Error> {
        let documents = text::documents(text.as_bytes().to_vec())
            .map_err(|fault| Error::new(format!("{name}:{}", fault.further_down(begins - 1))))?;
        let namespaces: Vec<Option<String>> = documents
            .chunk_by(|_, next| word(&next.value, "kind") != "EventList")
            .flat_map(|lists| vec![lists.iter().find_map(|list| namespace_in(&list.value)); lists.len()])
            .collect();
        for (text::Document { line, value }, namespace) in documents.into_iter().zip(namespaces) {
            let listed = word(&value, "kind").strip_suffix("List").unwrap_or_default();
            let kind = bundle::KINDS.into_iter().chain([Kind::Node]).find(|kind| kind.info().name == listed);
            let Some(kind) = kind.filter(|kind| namespace.is_some() || *kind == Kind::Node) else { continue };
            let namespace = namespace.as_deref().filter(|_| kind.info().namespaced);
            self.all_of(kind, namespace, value)
                .map_err(|error| Error::new(format!("{name}:{}: {error}", line + begins - 1)))?;
        }
        Ok(())
    }

    /// Puts the end of a log in; with times before its lines also what was written of late.
    fn log(&mut self, key: LogKey, text: &str, timestamps: bool) {
        let inventory = &mut self.input.inventory;
        let lines: Vec<_> = text.lines().map(|line| if timestamps { timed(line) } else { (None, line) }).collect();
        let last = |lines: &[(Option<Timestamp>, &str)]| {
            let last = &lines[lines.len().saturating_sub(log::LINES)..];
            let text: String = last.iter().flat_map(|(_, line)| [*line, "\n"]).collect();
            log::end(&text).map(Some)
        };
        let since = self.newest.and_then(|now| now.checked_sub(Duration::from_secs(log::RECENT.into())).ok());
        let recent = if timestamps {
            let from = lines.iter().position(|(at, _)| at.is_some() && *at >= since).unwrap_or(lines.len());
            last(&lines[from..])
        } else {
            Err(NO_TIMES.to_owned())
        };
        inventory.insert_log(LogKey { recent: true, ..key.clone() }, recent);
        inventory.insert_log(key, last(&lines));
    }

    fn say_all_of_singles(&mut self, singles: Singles, writer: &str) {
        let inventory = &mut self.input.inventory;
        match singles {
            Singles::Some => {}
            Singles::AllOf(words, kinds) => {
                for kind in kinds.iter().filter(|_| writer.starts_with(words)) {
                    if !inventory.known_names(*kind).is_empty() {
                        inventory.coverage_mut().list(*kind, None, State::Collected);
                    }
                }
            }
            Singles::AllWhereUnfiltered => {
                // Every namespace has both, and nobody who picks objects by name or label picks these.
                let accounts = inventory.seen_anywhere::<ServiceAccount>();
                let namespaces: Vec<String> = accounts
                    .filter(|account| account.metadata.name.as_deref() == Some("default"))
                    .filter_map(|account| account.metadata.namespace.clone())
                    .filter(|namespace| inventory.get::<ConfigMap>(namespace, "kube-root-ca.crt").present().is_some())
                    .collect();
                for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Namespace) {
                    let names = inventory.known_names(kind);
                    let coverage = inventory.coverage_mut();
                    if !kind.info().namespaced {
                        if !names.is_empty() && !namespaces.is_empty() {
                            coverage.list(kind, None, State::Collected);
                        }
                        continue;
                    }
                    for namespace in &namespaces {
                        if names.iter().any(|(of, _)| of == namespace) {
                            coverage.list(kind, Some(namespace), State::Collected);
                        }
                    }
                }
            }
        }
    }
}

fn namespace_in(list: &Value) -> Option<String> {
    let items = list["items"].as_array()?.iter();
    items.map(|item| word(&item["metadata"], "namespace")).find(|name| !name.is_empty()).map(str::to_owned)
}

// The items of a typed list, and those that stand alone, leave their kind to it.
fn named(kind: Kind, mut item: Value) -> Value {
    if let Some(item) = item.as_object_mut() {
        item.entry("kind").or_insert_with(|| kind.info().name.into());
        item.entry("apiVersion").or_insert_with(|| kind.api_version().into());
    }
    item
}

// Of the API server itself, and not of a CustomResourceDefinition: coordination.k8s.io/v1, flowcontrol.apiserver.k8s.io/v1.
fn is_kubernetes_own(api_version: &str) -> bool {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let first = group.strip_suffix(".k8s.io").map(|first| first.strip_suffix(".apiserver").unwrap_or(first));
    first.map_or(!group.contains('.'), |first| !first.contains('.'))
}

// A line behind its time, as `kubectl logs --timestamps` writes it.
fn timed(line: &str) -> (Option<Timestamp>, &str) {
    match line.split_once(' ').map(|(time, rest)| (time.parse(), rest)) {
        Some((Ok(time), rest)) => (Some(time), rest),
        _ => (None, line),
    }
}
