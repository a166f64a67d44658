//! How a Job ended, or why it never will; of a CronJob its newest one
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>).

use std::collections::BTreeMap;

use k8s_openapi::api::{
    batch::v1::{Job, JobCondition, JobSpec},
    core::v1::Pod,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::lingering::{self, LingeringFacts};
use crate::{
    document::Evidence,
    facts::{
        container,
        events::{EventFacts, Events},
        exit, gist, object,
        workload::Workload,
    },
    inventory::{Inventory, Known},
    kind::Kind,
};

/// A Job, or the one of a CronJob that ended last.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct JobFacts {
    /// Its name; empty of all that makes no Jobs, and of a CronJob none of whose Jobs has ended.
    pub name: String,
    /// Whether it failed, for good.
    pub failed: bool,
    /// Why, in a word: `BackoffLimitExceeded`, `DeadlineExceeded`, `PodFailurePolicy`.
    pub reason: String,
    /// The controller's words.
    pub message: String,
    /// The Job like it that has succeeded since; empty where none has.
    pub made_good_by: String,
    /// How many of its pods failed.
    pub failures: i64,
    /// `spec.backoffLimit`.
    pub backoff_limit: i64,
    /// `spec.activeDeadlineSeconds`; 0 where it has none.
    pub deadline: i64,
    /// The indexes that failed, of an indexed Job: `1,3-5`.
    pub failed_indexes: String,
    /// Its pod that failed last; empty where that is gone.
    pub pod: String,
    /// The container of that pod that failed, and its exit code in words; empty where none did.
    pub end: String,
    /// What its last pod came to before that was taken away, as far as events tell: `Started container main`.
    pub last_words: String,
    /// The controller's words as evidence.
    pub evidence: Vec<Evidence>,
    /// How that container ended and what it wrote, as evidence.
    pub pod_evidence: Known<Vec<Evidence>>,
    /// A container that keeps it from its end.
    pub lingering: LingeringFacts,
}

/// The Job that tells how a workload fares: itself, or the one of a CronJob that ended last.
pub fn told_by<'a>(inventory: &'a Inventory, workload: &Workload) -> Option<&'a Job> {
    let namespace = &workload.object.namespace;
    let job = |name: &str| inventory.get::<Job>(namespace, name).present();
    if workload.object.kind == Kind::CronJob.info().name {
        let mut ended: Vec<_> = workload.parts.iter().filter_map(|part| job(&part.name)).collect();
        ended.retain(|job| condition(job, "Complete").or(condition(job, "Failed")).is_some());
        return ended.into_iter().max_by_key(|job| job.metadata.creation_timestamp.clone());
    }
    (workload.object.kind == Kind::Job.info().name).then(|| job(&workload.object.name)).flatten()
}

/// A condition of a Job that holds: `Complete`, `Failed`.
pub fn condition<'a>(job: &'a Job, kind: &str) -> Option<&'a JobCondition> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True")
}

/// The pod of a failed Job that failed last.
pub fn last_failed_pod<'a>(inventory: &'a Inventory, job: &Job) -> Option<&'a Pod> {
    condition(job, "Failed")?;
    let uid = job.metadata.uid.as_deref();
    let pods = inventory.seen::<Pod>(object::namespace(&job.metadata));
    let of_job =
        pods.filter(|pod| object::controller(&pod.metadata).is_some_and(|owner| Some(owner.uid.as_str()) == uid));
    of_job.filter(|pod| failed_container(pod).is_some()).max_by_key(|pod| pod.metadata.creation_timestamp.clone())
}

fn failed_container(pod: &Pod) -> Option<(&k8s_openapi::api::core::v1::Container, bool)> {
    container::containers(pod).into_iter().find(|(spec, init)| {
        let ended = container::status(pod, &spec.name, *init).and_then(exit::newest);
        ended.is_some_and(|(ended, _)| ended.exit_code != 0)
    })
}

/// The facts of a workload's Job.
pub fn facts(inventory: &Inventory, events: &Events, workload: &Workload) -> JobFacts {
    let lingering = lingering::facts(inventory, workload);
    let nothing = JobFacts { lingering, ..JobFacts::default() };
    let Some((job, spec)) = told_by(inventory, workload).and_then(|job| Some((job, job.spec.as_ref()?))) else {
        return nothing;
    };
    let Some(failed) = condition(job, "Failed") else {
        return JobFacts { name: object::name(&job.metadata).to_owned(), ..nothing };
    };
    let pod = last_failed_pod(inventory, job);
    let last_words = if pod.is_none() { last_words(events, job) } else { None };
    let (end, pod_evidence) = pod.map(|pod| end(inventory, pod)).unwrap_or_default();
    JobFacts {
        name: object::name(&job.metadata).to_owned(),
        failed: true,
        reason: failed.reason.clone().unwrap_or_default(),
        message: failed.message.clone().unwrap_or_default(),
        made_good_by: made_good_by(inventory, job)
            .map(|job| object::name(&job.metadata).to_owned())
            .unwrap_or_default(),
        failures: job.status.as_ref().and_then(|status| status.failed).map_or(0, i64::from),
        backoff_limit: backoff_limit(spec),
        deadline: spec.active_deadline_seconds.unwrap_or(0),
        failed_indexes: job.status.as_ref().and_then(|status| status.failed_indexes.clone()).unwrap_or_default(),
        pod: pod.map(|pod| object::name(&pod.metadata).to_owned()).unwrap_or_default(),
        end,
        evidence: [evidence(job, failed)].into_iter().chain(last_words.map(EventFacts::evidence)).collect(),
        last_words: last_words.map(|event| gist::of(event.message).to_owned()).unwrap_or_default(),
        pod_evidence,
        ..nothing
    }
}

// A migration that failed is tried again under another name, `migrate-r1` as `migrate-r2`, by each release of a chart:
// the same containers under the same labels. What a CronJob makes is told by its newest.
fn made_good_by<'a>(inventory: &'a Inventory, failed: &Job) -> Option<&'a Job> {
    let wanted = likeness(failed)?;
    let failed_at = condition(failed, "Failed")?.last_transition_time.as_ref()?;
    let has_succeeded_since = |job: &&Job| {
        let completed = job.status.as_ref().and_then(|status| status.completion_time.as_ref());
        completed.is_some_and(|completed| completed > failed_at) && likeness(job).as_ref() == Some(&wanted)
    };
    inventory.seen::<Job>(object::namespace(&failed.metadata)).find(has_succeeded_since)
}

#[derive(PartialEq)]
struct Likeness<'a> {
    stem: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    containers: Vec<&'a str>,
}

// What is the same in Jobs that are tries of one thing; nothing where the name does not look like that of a try.
fn likeness(job: &Job) -> Option<Likeness<'_>> {
    const OF_CONTROLLER: [&str; 4] =
        ["job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"];
    let (stem, number) = object::name(&job.metadata).rsplit_once('-')?;
    let template = &job.spec.as_ref()?.template;
    let labels = template.metadata.as_ref()?.labels.iter().flatten();
    let labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
    let is_try = number.contains(|letter: char| letter.is_ascii_digit()) && object::controller(&job.metadata).is_none();
    is_try.then_some(Likeness {
        stem,
        labels: labels.filter(|(key, _)| !OF_CONTROLLER.contains(key)).collect(),
        containers: template.spec.as_ref()?.containers.iter().map(|container| container.name.as_str()).collect(),
    })
}

fn evidence(job: &Job, failed: &JobCondition) -> Evidence {
    let (reason, message) = (failed.reason.as_deref(), failed.message.as_deref());
    Evidence {
        source: format!("Job/{} status.conditions[Failed]", object::name(&job.metadata)),
        text: format!("{}: {}", reason.unwrap_or_default(), message.unwrap_or_default()),
        at: failed.last_transition_time.as_ref().map(object::time),
    }
}

// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
fn backoff_limit(spec: &JobSpec) -> i64 {
    i64::from(spec.backoff_limit.unwrap_or(6))
}

fn end(inventory: &Inventory, pod: &Pod) -> (String, Known<Vec<Evidence>>) {
    let Some((spec, init)) = failed_container(pod) else { return Default::default() };
    let status = container::status(pod, &spec.name, init);
    let ended = exit::facts(status, inventory.about.now, false);
    let meaning = if ended.meaning.is_empty() { String::new() } else { format!(" ({})", ended.meaning) };
    let kind = if init { "init container" } else { "container" };
    let words = format!("{kind} {} ended with exit code {}{meaning}", spec.name, ended.code);
    let how = container::exit_evidence(pod, spec, init, status);
    let log = container::log(inventory, pod, spec, init);
    (words, log.map(|log| how.into_iter().chain(container::log_evidence(pod, spec, &log)).collect()))
}

// Pods that the controller took away are known by its events, and what they came to by theirs.
fn last_words<'e>(events: &'e Events, job: &Job) -> Option<&'e EventFacts<'e>> {
    let uid = job.metadata.uid.as_deref().unwrap_or_default();
    let made = events.newest(uid, |event| event.reason == "SuccessfulCreate")?;
    let pod = format!("Pod/{}", made.message.strip_prefix("Created pod: ")?);
    let of_pod = || events.all().filter(|event| event.object == pod);
    // What went wrong before it started is past. `Error: ImagePullBackOff` follows the words of the pull itself, and
    // a back-off those of what failed.
    let is_trouble = |event: &&EventFacts| {
        event.reason.starts_with("Failed") && !event.message.starts_with("Error: ") || event.reason == "Unhealthy"
    };
    let newest = |like: &dyn Fn(&&EventFacts) -> bool| of_pod().filter(like).max_by_key(|event| event.second());
    let started = newest(&|event| event.reason == "Started");
    let is_since = |event: &&EventFacts| started.is_none_or(|started| event.second() > started.second());
    newest(&is_trouble)
        .filter(is_since)
        .or_else(|| newest(&|event| event.reason == "BackOff").filter(is_since))
        .or(started)
}
