//! When a CronJob runs, and whether that ever comes
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax>).

use k8s_openapi::api::batch::v1::CronJob;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::Evidence,
    facts::{
        events::{EventFacts, Events},
        object,
        workload::Workload,
    },
    inventory::Inventory,
    kind::Kind,
};

/// A CronJob's schedule.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct CronFacts {
    /// `spec.schedule`; empty of all that is no CronJob.
    pub schedule: String,
    /// `spec.timeZone`; empty where the controller's own holds.
    pub time_zone: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// The days that it waits for and no year has: `day 31 of month 2`; empty where there is one.
    pub never: String,
    /// Whether the controller says that it can't go by the present schedule or time zone.
    pub refused: bool,
    /// Its words.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
    /// When it ran last; empty where it never has.
    pub last_run: Vec<Evidence>,
}

/// The schedule of a workload, where it is a CronJob.
pub fn facts(inventory: &Inventory, events: &Events, workload: &Workload) -> CronFacts {
    let object = &workload.object;
    let found = (object.kind == Kind::CronJob.info().name)
        .then(|| inventory.get::<CronJob>(&object.namespace, &object.name).present())
        .flatten();
    let Some((found, spec)) = found.and_then(|found| Some((found, found.spec.as_ref()?))) else {
        return CronFacts::default();
    };
    let zone = spec.time_zone.clone().unwrap_or_default();
    // An event about a schedule that has been corrected since names that one.
    let is_refusal = |event: &EventFacts| match event.reason {
        "UnparseableSchedule" | "UnParseableCronJobSchedule" | "InvalidSchedule" => {
            event.message.contains(&spec.schedule)
        }
        "UnknownTimeZone" => !zone.is_empty() && event.message.contains(&zone),
        _ => false,
    };
    let refusal = events.newest(&object.uid, is_refusal);
    let last = found.status.as_ref().and_then(|status| status.last_schedule_time.as_ref());
    CronFacts {
        suspended: spec.suspend == Some(true),
        never: never(&spec.schedule).unwrap_or_default(),
        refused: refusal.is_some(),
        message: refusal.map(|event| event.message.trim().to_owned()).unwrap_or_default(),
        evidence: refusal.map(EventFacts::evidence).into_iter().collect(),
        last_run: last
            .map(|at| Evidence {
                source: format!("{object} status.lastScheduleTime"),
                text: "it was last due".to_owned(),
                at: Some(object::time(at)),
            })
            .into_iter()
            .collect(),
        schedule: spec.schedule.clone(),
        time_zone: zone,
    }
}

// A day of the month that none of the months has, in words. The day of the week is an alternative to it where
// both are restricted, and a further condition where one is `*` (<https://pkg.go.dev/github.com/robfig/cron/v3>).
fn never(schedule: &str) -> Option<String> {
    const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let fields: Vec<&str> = schedule.split_whitespace().filter(|field| !is_zone(field)).collect();
    let [_, _, days, months, weekdays] = fields[..] else { return None };
    if !is_any(weekdays) || is_any(days) {
        return None;
    }
    let (wanted_days, wanted_months) = (values(days, 1, 31)?, values(months, 1, 12)?);
    let has = |month: u32, day: u32| LONGEST.get(month as usize - 1).is_some_and(|longest| day <= *longest);
    let comes = wanted_months.iter().any(|month| wanted_days.iter().any(|day| has(*month, *day)));
    (!comes).then(|| format!("day {days} of month {months}"))
}

fn is_zone(field: &str) -> bool {
    field.starts_with("TZ=") || field.starts_with("CRON_TZ=")
}

fn is_any(field: &str) -> bool {
    field.starts_with(['*', '?'])
}

// `1,15`, `MON-FRI`, `*/2`, `5/10`; nothing where it is none of these, which the API server does not let through.
fn values(field: &str, first: u32, last: u32) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step: usize = step.map_or(Some(1), |step| step.parse().ok()).filter(|step| *step > 0)?;
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (value(from)?, value(to)?),
            None if is_any(range) => (first, last),
            None => (value(range)?, if part.contains('/') { last } else { value(range)? }),
        };
        if from < first || to > last {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    Some(all)
}

fn value(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == word.to_lowercase());
    month.map(|(_, number)| number).or_else(|| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        for schedule in [
            "0 0 31 2 *",
            "0 0 30 FEB *",
            "0 0 30-31 2 *",
            "5 4 31 4,6,sep,11 *",
            "0 0 31 2 ?",
            "CRON_TZ=UTC 0 0 30 2 *",
        ] {
            assert!(never(schedule).is_some(), "{schedule}");
        }
    }

    #[test]
    fn what_comes_in_some_year_is_no_fault() {
        for schedule in [
            "* * * * *",
            "0 0 29 2 *",
            "0 0 31 * *",
            "0 0 31 2,3 *",
            "0 0 31 2-12/5 *",
            "0 0 31 2 1",
            "0 0 31 2 MON-FRI",
            "0 0 1/30 2 *",
            "0 0 */31 2 *",
            "@monthly",
            "@every 1h",
            "",
            "0 0 x 2 *",
            "0 0 31 2",
        ] {
            assert_eq!(never(schedule), None, "{schedule}");
        }
    }
}
