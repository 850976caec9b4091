//! How long failures are waited out: 10 s after the first, twice as long after each further one
//! (`backoff_utils.go`).

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::policy::judge;
use crate::api::time::from_api;
use crate::controllers::pods;
use crate::sim::{Time, secs};
use k8s_openapi::api::batch::v1::JobSpec;

const FIRST: Duration = secs(10);
const LONGEST: Duration = secs(600);

/// How often a pod of this index has failed: counted, and ignored.
pub const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
pub const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// The failures of a job since the last success.
#[derive(Clone, Copy, Debug, Default)]
pub struct Record {
    failures: i64,
    last: Option<Time>,
}

impl Record {
    /// What the record is when these pods have ended.
    pub fn with(self, succeeded: &[Rc<Pod>], failed: &[Rc<Pod>]) -> Record {
        let latest = |pods: &[Rc<Pod>]| pods.iter().map(|p| finished_at(p)).max();
        match (latest(succeeded), latest(failed)) {
            (None, None) => self,
            (None, last) => Record {
                failures: self.failures + failed.len() as i64,
                last,
            },
            (Some(success), _) => {
                let times = failed.iter().map(|p| finished_at(p));
                let since: Vec<Time> = times.filter(|t| *t > success).collect();
                Record {
                    failures: since.len() as i64,
                    last: since.into_iter().max(),
                }
            }
        }
    }

    /// For how long no pod is to be made.
    pub fn remaining(&self, now: Time) -> Duration {
        self.last
            .map_or(Duration::ZERO, |last| remaining(self.failures, last, now))
    }
}

fn remaining(failures: i64, last: Time, now: Time) -> Duration {
    if failures <= 0 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(16);
    let delay = (FIRST * 2u32.pow(doublings)).min(LONGEST);
    delay.saturating_sub(now.since(last))
}

/// For how long the index of a failed pod is to be left alone.
pub fn remaining_for_index(pod: Option<&Rc<Pod>>, now: Time) -> Duration {
    pod.map_or(Duration::ZERO, |pod| {
        remaining(absolute_failures(pod) + 1, finished_at(pod), now)
    })
}

fn count(pod: &Pod, annotation: &str) -> i64 {
    let annotations = pod.metadata.annotations.as_ref();
    let count = annotations.and_then(|a| a.get(annotation)?.parse::<i32>().ok());
    i64::from(count.unwrap_or_default().max(0))
}

/// How often pods of the index failed before this one, ignored failures too.
pub fn absolute_failures(pod: &Pod) -> i64 {
    count(pod, FAILURES) + count(pod, IGNORED)
}

/// How often pods of the index failed before this one.
pub fn failures(pod: &Pod) -> i64 {
    count(pod, FAILURES)
}

/// The counts for the pod that replaces `failed`.
pub fn next_counts(spec: &JobSpec, failed: Option<&Rc<Pod>>) -> (i64, i64) {
    let Some(pod) = failed else {
        return (0, 0);
    };
    let counted = judge(spec, pod).counts();
    let add = |yes: bool| i64::from(yes);
    (
        count(pod, FAILURES) + add(counted),
        count(pod, IGNORED) + add(!counted),
    )
}

/// When a pod came to its end, as well as can be told.
pub fn finished_at(pod: &Pod) -> Time {
    let status = pod.status.as_ref();
    let containers = status.and_then(|s| s.container_statuses.as_deref());
    let ends: Option<Vec<Time>> = containers
        .unwrap_or_default()
        .iter()
        .map(|c| {
            let ended = c.state.as_ref()?.terminated.as_ref()?;
            ended.finished_at.as_ref().map(from_api)
        })
        .collect();
    if let Some(last) = ends.and_then(|ends| ends.into_iter().max()) {
        return last;
    }
    let ready = pods::condition(pod, "Ready").filter(|c| c.status == "False");
    if let Some(time) = ready.and_then(|c| c.last_transition_time.as_ref()) {
        return from_api(time);
    }
    if let Some(time) = &pod.metadata.deletion_timestamp {
        let grace = pod
            .metadata
            .deletion_grace_period_seconds
            .unwrap_or_default();
        let nanos = grace.unsigned_abs().saturating_mul(1_000_000_000);
        return Time(from_api(time).0.saturating_sub(nanos));
    }
    let created = pod.metadata.creation_timestamp.as_ref();
    created.map(from_api).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_ten_minutes() {
        let start = Time::from_unix(1_000_000, 0);
        for (failures, seconds) in [
            (0, 0),
            (1, 10),
            (2, 20),
            (3, 40),
            (6, 320),
            (7, 600),
            (99, 600),
        ] {
            assert_eq!(
                remaining(failures, start, start),
                secs(seconds),
                "{failures}"
            );
        }
        assert_eq!(remaining(2, start, start + secs(5)), secs(15));
        assert_eq!(remaining(2, start, start + secs(50)), Duration::ZERO);
    }
}
