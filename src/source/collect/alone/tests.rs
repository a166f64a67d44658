//! What a pod's own question finds is what it finds with every pod of the namespace in sight: on every recording.

use std::{collections::BTreeMap, fs, sync::Mutex};

use serde_json::Value;

use super::*;
use crate::{
    diagnosis,
    error::Error,
    inventory::Inventory,
    rule::Rules,
    source::{Item, Reply, Source, collect::collect, recording},
};

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");

/// Answers as the cluster did from which a recording is.
struct Recorded {
    inventory: Inventory,
    asked: Mutex<Vec<Request>>,
}

impl Recorded {
    fn items(&self, kind: Kind, namespace: Option<&str>, selector: Option<&str>) -> Reply {
        let state = self.inventory.coverage().of_list_in(kind, namespace);
        if let State::Failed(why) = state {
            return Reply::Failed(why);
        }
        let labels: BTreeMap<&str, &str> =
            selector.into_iter().flat_map(|it| it.split(',')).map(|it| it.split_once('=').unwrap()).collect();
        let is_it = |object: &Value| {
            let metadata = &object["metadata"];
            object["kind"] == kind.info().name
                && namespace.is_none_or(|namespace| metadata["namespace"] == namespace)
                && labels.iter().all(|(key, value)| metadata["labels"][*key] == *value)
        };
        Reply::Items(self.inventory.all_json().filter(is_it).map(|it| Item::try_from(it).unwrap()).collect())
    }

    fn names(&self, kind: Kind, namespace: Option<&str>) -> Reply {
        let listed = self.inventory.names().find(|(of, here, _)| *of == kind && (*here == namespace || here.is_none()));
        match listed {
            Some((_, _, Err(why))) => Reply::Failed(why.clone()),
            None if self.inventory.coverage().of_list_in(kind, namespace) != State::Collected => {
                Reply::Failed("not collected".to_owned())
            }
            _ => {
                let names = self.inventory.known_names(kind).into_iter();
                let here = names.filter(|(of, _)| namespace.is_none_or(|namespace| namespace == of));
                let item = |(namespace, name)| serde_json::json!({"metadata": {"namespace": namespace, "name": name}});
                Reply::Items(here.map(|it| Item::try_from(item(it)).unwrap()).collect())
            }
        }
    }

    fn reply(&self, request: &Request) -> Reply {
        match request {
            Request::List { kind, namespace } => self.items(*kind, namespace.as_deref(), None),
            Request::Selected { kind, namespace, selector } => {
                self.items(*kind, namespace.as_deref(), Some(selector.as_str()))
            }
            Request::Matching { kind, selector } => self.items(*kind, None, Some(selector.as_str())),
            Request::Names { kind, namespace } => self.names(*kind, namespace.as_deref()),
            Request::Get { kind, namespace, name } => {
                let namespace = namespace.as_deref().unwrap_or_default();
                match self.inventory.json(*kind, namespace, name) {
                    Some(object) => Reply::Object(Box::new(object)),
                    None => match self.inventory.coverage().of_name(*kind, namespace, name) {
                        State::Failed(why) => Reply::Failed(why),
                        _ => Reply::Absent,
                    },
                }
            }
            Request::Log(key) => match self.inventory.log(key) {
                Some(Ok(Some(text))) => Reply::Log(text.clone()),
                Some(Err(why)) => Reply::Failed(why.clone()),
                _ => Reply::Absent,
            },
            Request::Version => Reply::Version(self.inventory.about.server.clone().unwrap_or_default()),
            Request::Rows { .. } | Request::Objects { .. } | Request::Discovery(_) => {
                Reply::Failed("not in a recording".to_owned())
            }
        }
    }
}

impl Source for Recorded {
    async fn answer(&self, requests: &[Request]) -> Result<Vec<Reply>, Error> {
        self.asked.lock().unwrap().extend(requests.iter().cloned());
        Ok(requests.iter().map(|request| self.reply(request)).collect())
    }
}

// What is found, and whether the pods of the namespace were listed for it.
fn found(recorded: &Recorded, rules: &Rules, question: &Question, how: Look) -> (Vec<String>, bool) {
    let about = recorded.inventory.about.clone();
    let collecting = collect(recorded, question, Inventory::new(about), &rules.logs, how);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let inventory = runtime.block_on(collecting).unwrap();
    let asked = std::mem::take(&mut *recorded.asked.lock().unwrap());
    let listed = Request::List { kind: Kind::Pod, namespace: question.namespace.clone() };
    let answer = diagnosis::diagnose(question, &inventory, rules).unwrap();
    let findings = answer.diagnosis.findings.iter().map(|it| serde_json::to_string_pretty(it).unwrap());
    let unseen = answer.diagnosis.not_checked.iter().map(|it| format!("not checked: {it:?}"));
    (findings.chain(unseen).collect(), asked.contains(&listed))
}

#[test]
fn what_is_found_of_a_pod_is_the_same_without_the_others_of_its_namespace() {
    let rules = Rules::built_in().unwrap();
    let (mut alone, mut told) = (0, 0);
    for folder in fs::read_dir(TESTDATA).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let (inventory, _) = recording::read(&fs::read_to_string(folder.join("recording.json")).unwrap()).unwrap();
        let mut owners = BTreeSet::new();
        let is_new = |pod: &&Pod| owners.insert(object::controller(&pod.metadata).map(|owner| owner.uid.clone()));
        let pods: Vec<Pod> = inventory.seen_anywhere::<Pod>().filter(is_new).cloned().collect();
        let recorded = Recorded { inventory, asked: Mutex::default() };
        for pod in pods {
            let (namespace, name) = (object::namespace(&pod.metadata), object::name(&pod.metadata));
            if recorded.inventory.coverage().of_list(Kind::Pod, namespace) != State::Collected {
                continue;
            }
            let target = Target::One(Kind::Pod, name.to_owned());
            let question = Question { target, namespace: Some(namespace.to_owned()), selector: None, client: None };
            let (few, listed) = found(&recorded, &rules, &question, Look::AtAGlance);
            if listed {
                continue;
            }
            let (all, _) = found(&recorded, &rules, &question, Look::InFull);
            assert_eq!(few, all, "{name} of {}", folder.display());
            alone += 1;
            told += usize::from(!few.is_empty());
        }
    }
    assert!(alone > 100 && told > 50, "{alone} pods were looked at alone, of {told} something was told");
}
