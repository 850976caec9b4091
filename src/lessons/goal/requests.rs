//! Atoms about how requests fare: counts per second of virtual time.

use crate::api::play::lesson::{Goal, Requests};
use crate::cluster::Cluster;
use crate::network::Stats;
use crate::sim::{Time, secs};

use super::words::Missing;
use crate::lessons::start::span;

#[derive(Clone, Debug)]
pub struct Asked {
    namespace: String,
    service: String,
    traffic: String,
    want: Want,
    /// In seconds.
    over: u64,
    throughout: bool,
    began: u64,
    /// The second that was looked at last.
    looked: Option<u64>,
    /// What ended in the window, and how many of its seconds lie in the step.
    stats: Stats,
    seconds: u64,
}

#[derive(Clone, Copy, Debug)]
enum Want {
    Success(u32),
    Failures(u32),
}

fn second(at: Time) -> u64 {
    at.0 / 1_000_000_000
}

impl Asked {
    pub fn of(goal: &Goal, requests: &Requests, throughout: bool) -> Asked {
        let over = span(&requests.over).unwrap_or(secs(10));
        Asked {
            namespace: match goal.namespace.as_str() {
                "" => "default".to_owned(),
                namespace => namespace.to_owned(),
            },
            service: requests.service.clone(),
            traffic: requests.traffic.clone(),
            want: match requests.failures {
                Some(failures) => Want::Failures(failures),
                None => Want::Success(requests.success.unwrap_or(100)),
            },
            over: over.as_secs().clamp(1, 120),
            throughout,
            began: 0,
            looked: None,
            stats: Stats::default(),
            seconds: 0,
        }
    }

    pub fn begin(&mut self, now: Time) {
        // Of the second in which the step began, nobody knows what was before.
        self.began = second(now) + 1;
        self.forget();
    }

    /// The clock was set back.
    pub fn forget(&mut self) {
        self.looked = None;
        self.stats = Stats::default();
        self.seconds = 0;
    }

    /// Looks once in a second; tells whether it did.
    pub fn look(&mut self, cluster: &Cluster, now: Time) -> bool {
        let this = second(now);
        if self.looked == Some(this) {
            return false;
        }
        // A frame that leaps must not hide what failed meanwhile.
        let since = self.looked.map_or(0, |last| this.saturating_sub(last));
        let over = match self.throughout {
            true => self.over.max(since),
            false => self.over,
        };
        self.looked = Some(this);
        self.seconds = over.min(this.saturating_sub(self.began));
        let network = cluster.network();
        self.stats = match (self.seconds, self.service.is_empty()) {
            (0, _) => Stats::default(),
            (n, true) => network.traffic_stats(&self.namespace, &self.traffic, n, now),
            (n, false) => network.stats(&self.namespace, &self.service, n, now),
        };
        true
    }

    fn fares_well(&self, success: u32) -> bool {
        self.stats.ok * 100 >= self.stats.requests * u64::from(success)
    }

    pub fn holds(&self) -> bool {
        match self.want {
            Want::Success(success) if self.throughout => self.fares_well(success),
            Want::Success(success) => {
                self.stats.requests > 0 && self.seconds >= self.over && self.fares_well(success)
            }
            Want::Failures(failures) => self.stats.failures() >= u64::from(failures),
        }
    }

    pub fn missing(&self) -> Option<Missing> {
        if self.holds() {
            return None;
        }
        let to = match self.service.is_empty() {
            true => &self.traffic,
            false => &self.service,
        };
        let to = to.clone();
        Some(match self.want {
            _ if self.stats.requests == 0 => Missing::NoRequests { to },
            Want::Success(want) if self.fares_well(want) => Missing::Held {
                seconds: self.seconds,
                want: self.over,
            },
            Want::Success(want) => Missing::Requests {
                to,
                ok: self.stats.ok,
                total: self.stats.requests,
                want,
            },
            Want::Failures(want) => Missing::Failures {
                to,
                failed: self.stats.failures(),
                want,
            },
        })
    }
}
