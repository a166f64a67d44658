//! The pod of the checks' own: how it is made, and taken away again.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{flags::Flags, make, plan::Visit, rights::Rights};
use crate::{
    error::Error,
    source::live::{
        Live,
        act::{Act, Refused},
    },
};

/// How long something is tried to be deleted.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is sent and not answered may still be done so much later.
const LATE: Duration = Duration::from_secs(5);

/// The pod of the checks' own.
pub(super) struct Own<'a> {
    live: &'a Live,
    visit: &'a Visit,
    flags: &'a Flags,
    has_job: bool,
    /// Its name, which the Job has as well.
    pub(super) name: String,
}

/// What came of making them.
#[derive(Clone)]
pub(super) struct Made {
    /// The Job that takes the pod along; nothing where none was tried.
    job: Option<Result<Value, Refused>>,
    /// The pod.
    pub(super) pod: Result<Value, Refused>,
}

impl<'a> Own<'a> {
    pub(super) fn new(live: &'a Live, visit: &'a Visit, flags: &'a Flags, rights: &Rights) -> Self {
        let has_job = rights.to_make_job(&visit.namespace).is_none();
        Self { live, visit, flags, has_job, name: format!("{}-{}", make::NAME, random()) }
    }

    /// Makes the Job and the pod. What refuses the one, a quota of Jobs, need not refuse the other.
    pub(super) async fn make(&self) -> Made {
        let Self { live, visit, flags, has_job, name } = self;
        let mut job = None;
        if *has_job {
            job = Some(live.act(&Act::create_job(&visit.namespace, make::job(name, visit, flags))).await);
        }
        let made = job.iter().flatten().next();
        let uid = made.and_then(|job| job.pointer("/metadata/uid")).and_then(Value::as_str);
        let pod = make::pod(name, uid, visit, flags);
        let pod = live.act(&Act::create_pod(&visit.namespace, pod)).await;
        Made { job, pod }
    }

    /// Removes what was made, as often as it takes to be sure.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub(super) async fn remove(&self, made: &Made) -> Result<(), Error> {
        let (namespace, name) = (&self.visit.namespace, &self.name);
        let (delete_job, delete_pod) = (Act::delete_job(namespace, name), Act::delete_pod(namespace, name));
        let job = async {
            match &made.job {
                Some(made) => self.remove_one("job", &delete_job, made).await,
                None => Ok(()),
            }
        };
        let (job, pod) = futures::future::join(job, self.remove_one("pod", &delete_pod, &made.pod)).await;
        pod.and(job)
    }

    async fn remove_one(&self, kind: &str, act: &Act, made: &Result<Value, Refused>) -> Result<(), Error> {
        if matches!(made, Err(Refused::Forbidden(_) | Refused::Said(_))) {
            return Ok(());
        }
        let may_come_late = matches!(made, Err(Refused::Lost(_)));
        let began = Instant::now();
        loop {
            match self.live.act(act).await {
                Ok(_) => return Ok(()),
                Err(Refused::Absent) if !may_come_late || began.elapsed() > LATE => return Ok(()),
                Err(refused) if began.elapsed() > PATIENCE => {
                    let (name, namespace) = (&self.name, &self.visit.namespace);
                    return Err(Error::new(format!(
                        "{kind} {name} of namespace {namespace} could not be deleted: {}; it ends by itself, and kubectl doctor cleanup -n {namespace} removes it",
                        refused.words()
                    )));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}

// Six letters that no other run has; names of pods are nothing to guess.
fn random() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut number = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let letters = b"bcdfghjklmnpqrstvwxz2456789";
    let mut name = String::new();
    for _ in 0..6 {
        let index = usize::try_from(number % 27).unwrap_or(0);
        name.push(char::from(letters[index]));
        number /= 27;
    }
    name
}
