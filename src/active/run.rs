//! Makes the checks: what they run in is made, their answers are read as they come, and what was made is removed,
//! whatever happens.

use std::{cell::Cell, time::Duration};

use futures::future::{FutureExt as _, join, join_all};
use serde_json::Value;

use super::{
    flags::Flags,
    forward,
    gather::{Answers, tell},
    make,
    own::Own,
    plan::{self, Plan, Visit},
    rights::Rights,
    seen::{Check, Checks, NotMade, Origin},
    waiting,
};
use crate::{
    error::Error,
    facts::object,
    inventory::Inventory,
    signal,
    source::{
        LogKey,
        live::{
            Live,
            act::{Act, Refused},
        },
    },
};

/// How often it is looked whether a container has started.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks that are made while somebody reads take longer than reading does.
const STALE: Duration = Duration::from_millis(300);

/// Makes the checks of a plan.
///
/// # Errors
/// Where somebody interrupts them, or nothing can be told of what was made.
pub async fn run(
    live: &Live,
    plan: &Plan,
    inventory: &Inventory,
    flags: &Flags,
    rights: &Rights,
) -> Result<Checks, Error> {
    let runner = Runner { live, flags, rights, plan, inventory };
    let own = plan.client.as_ref().filter(|visit| visit.pod.is_none() && rights.to_make(&visit.namespace).is_none());
    let Some(visit) = own else {
        return interruptible(runner.all(None)).await.ok_or_else(interrupted);
    };
    let own = Own::new(live, visit, flags, rights);
    let is_begun = Cell::new(false);
    let making = own.make().boxed_local().shared();
    let begun = async {
        is_begun.set(true);
        making.clone().await.pod
    };
    let done = interruptible(runner.all(Some((own.name.as_str(), begun.boxed_local())))).await;
    // A request that is under way may still be granted: only then is it known that there is something to remove.
    if is_begun.get() {
        own.remove(&making.await).await?;
    }
    done.ok_or_else(interrupted)
}

fn interrupted() -> Error {
    Error::new(
        "interrupted; what the checks made in the cluster is removed, but for ephemeral containers, which have ended or will in a moment",
    )
}

// What a future gives, or nothing where a signal came first.
async fn interruptible<T>(work: impl Future<Output = T>) -> Option<T> {
    // Signals are heard before anything is begun.
    tokio::select! {
        biased;
        () = signal::ended() => None,
        done = work => Some(done),
    }
}

struct Runner<'a> {
    live: &'a Live,
    flags: &'a Flags,
    rights: &'a Rights,
    plan: &'a Plan,
    inventory: &'a Inventory,
}

type Making<'m> = futures::future::LocalBoxFuture<'m, Result<Value, Refused>>;

impl Runner<'_> {
    async fn all(&self, own: Option<(&str, Making<'_>)>) -> Checks {
        let inside = join_all(self.plan.inside.iter().map(|visit| self.inside(visit)));
        let (inside, client) = join(inside, self.client(own)).await;
        let mut checks = Checks {
            client: self.plan.client.as_ref().map(|visit| visit.origin.clone()),
            made: Vec::new(),
            not_made: self.plan.not_made.clone(),
        };
        inside.into_iter().for_each(|result| add(&mut checks, result));
        client.into_iter().for_each(|result| add(&mut checks, result.map(|made| (made, None))));
        let again = plan::second_look(self.plan, self.inventory, &checks.made);
        for result in join_all(again.iter().map(|visit| self.inside(visit))).await {
            add(&mut checks, result);
        }
        checks.made.sort_by_key(|check| check.step);
        checks
    }

    // What is not known of it may be told beside what is.
    async fn inside(&self, visit: &Visit) -> Result<(Vec<Check>, Option<NotMade>), NotMade> {
        let what = match &visit.pod {
            Some(pod) => format!("what answers inside Pod/{}", object::name(&pod.metadata)),
            None => "what answers inside the pods".to_owned(),
        };
        let why = match self.rights.to_enter(&visit.namespace) {
            Some(right) => right.to_string(),
            None => match self.enter(visit).await {
                Ok(made) => return Ok((made, None)),
                Err(why) => why,
            },
        };
        // Without an image there is a way that needs none.
        match forward::forward(self.live, visit, self.flags).await {
            Ok(made) => {
                made.iter().for_each(tell);
                let what = what.replace("what answers", "what listens");
                Ok((made, Some(NotMade::new(what, why, "on which port the program listens instead"))))
            }
            Err(other) => {
                let why = format!("{why}; and by port-forward: {other}");
                Err(NotMade::new(what, why, "a program that answers on localhost alone"))
            }
        }
    }

    async fn client(&self, own: Option<(&str, Making<'_>)>) -> Option<Result<Vec<Check>, NotMade>> {
        let visit = self.plan.client.as_ref()?;
        let what = match &visit.origin {
            Origin::Client { kind, name, .. } => format!("what answers {kind}/{name}"),
            _ => "what answers other pods, the name and the Service".to_owned(),
        };
        let answers = match (own, &visit.pod) {
            (Some((name, making)), _) => self.in_own_pod(visit, name, making).await,
            (None, Some(_)) => match self.rights.to_enter(&visit.namespace) {
                Some(right) => Err(right.to_string()),
                None => self.enter(visit).await,
            },
            (None, None) => Err(self.rights.to_make(&visit.namespace).map(ToString::to_string).unwrap_or_default()),
        };
        let hides = "a name, Service or policy that lets no connection through";
        Some(answers.map_err(|why| NotMade::new(what, why, hides)))
    }

    async fn enter(&self, visit: &Visit) -> Result<Vec<Check>, String> {
        let Some(pod) = &visit.pod else { return Err("there is no pod".to_owned()) };
        let pod_name = object::name(&pod.metadata);
        if let Some(name) = make::at_work(pod, visit) {
            let answers = self.answers(visit, pod_name, &name).await?;
            // What came all at once was seen by a run that is over, and may not be so any more.
            if answers.came_over() > STALE {
                return Ok(answers.checks());
            }
        }
        let name = make::free_name(pod);
        let act = Act::add_container(&visit.namespace, pod_name, make::ephemeral(&name, visit, self.flags));
        self.live.act(&act).await.map_err(|refused| refused.words())?;
        Ok(self.answers(visit, pod_name, &name).await?.checks())
    }

    async fn in_own_pod(&self, visit: &Visit, name: &str, making: Making<'_>) -> Result<Vec<Check>, String> {
        making.await.map_err(|refused| refused.words())?;
        Ok(self.answers(visit, name, "checks").await?.checks())
    }

    // What a container answers, once it has started and until it is done.
    async fn answers<'v>(&self, visit: &'v Visit, pod: &str, container: &str) -> Result<Answers<'v>, String> {
        let key = LogKey {
            namespace: visit.namespace.clone(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            previous: false,
            recent: false,
        };
        let mut answers = Answers::of(&visit.asks);
        let reading = async {
            let ending = waiting::until_it_ends(self.live, &key);
            let reading = self.read(&key, &mut answers);
            tokio::select! {
                ended = ending => ended,
                () = reading => Ok(()),
            }
        };
        let limit = visit.longest(self.flags) + Duration::from_secs(make::PULL_SECONDS);
        tokio::time::timeout(limit, reading).await.unwrap_or(Ok(()))?;
        Ok(answers)
    }

    // From its start again wherever it breaks off: a log that has just been opened may be empty, and what is known is
    // not taken in twice.
    async fn read(&self, key: &LogKey, answers: &mut Answers<'_>) {
        loop {
            if let Ok(mut lines) = self.live.follow(key).await {
                while let Ok(Some(line)) = Live::next_line(&mut lines).await {
                    if answers.take(&line) {
                        return;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn add(checks: &mut Checks, result: Result<(Vec<Check>, Option<NotMade>), NotMade>) {
    match result {
        Ok((made, not_made)) => {
            checks.made.extend(made);
            checks.not_made.extend(not_made);
        }
        Err(not_made) => checks.not_made.push(not_made),
    }
}
