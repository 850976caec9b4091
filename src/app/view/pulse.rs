//! What flows through the services of late: rates, successes, and which pods are taking part.

use std::time::Duration;

use crate::api::{Key, Resource};
use crate::app::{Mirror, words};
use crate::app::{Text, say};
use crate::cluster::Cluster;
use crate::network::Stats;
use crate::sim::Time;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// Over how many seconds of virtual time a rate is taken.
const RATE_SECS: u64 = 10;
/// How many seconds of the past a curve of successes shows.
pub const SERIES_SECS: u64 = 120;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    pub services: BTreeMap<Key, Through>,
    pub clients: BTreeMap<Key, Rate>,
    /// Pods that requests have reached of late.
    pub busy: BTreeSet<Key>,
}

/// What went through a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Through {
    pub rate: Rate,
    /// The instant at which the series ends: that of the last second, which may not be over.
    pub until: Time,
    /// Second by second, oldest first: requests, and how many of them went well.
    pub series: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub requests: u64,
    pub ok: u64,
    /// The kind of failure that is most frequent.
    pub failure: Option<Failure>,
    pub mean_micros: Option<u64>,
}

/// How a request can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Refused,
    Timeout,
    Reset,
    Unreachable,
    Name,
    Server,
    Client,
    /// A network policy dropped them.
    Policy,
}

impl Failure {
    fn words(self) -> Text {
        match self {
            Failure::Policy => say!("rate.policy"),
            Failure::Refused => say!("rate.refused"),
            Failure::Timeout => say!("rate.timeout"),
            Failure::Reset => say!("rate.reset"),
            Failure::Unreachable => say!("rate.unreachable"),
            Failure::Name => say!("rate.name"),
            Failure::Server => say!("rate.server"),
            Failure::Client => say!("rate.client"),
        }
    }
}

impl Rate {
    fn of(stats: &Stats) -> Rate {
        let kinds = [
            (Failure::Refused, stats.refused),
            (Failure::Timeout, stats.timeouts),
            (Failure::Reset, stats.reset),
            (Failure::Unreachable, stats.unreachable),
            (Failure::Name, stats.names),
            (Failure::Server, stats.server_errors),
            (Failure::Client, stats.client_errors),
            // Last: it says more than the timeouts that it brings.
            (Failure::Policy, stats.denied),
        ];
        let worst = kinds.into_iter().max_by_key(|(_, n)| *n);
        Rate {
            requests: stats.requests,
            ok: stats.ok,
            failure: worst.filter(|(_, n)| *n > 0).map(|(kind, _)| kind),
            mean_micros: stats.mean_micros(),
        }
    }

    /// "4.9 requests/s".
    pub fn per_second(&self) -> Text {
        let tenths = i64::try_from(self.requests * 10 / RATE_SECS).unwrap_or(i64::MAX);
        say!("rate.requests", rate = Text::fraction(tenths, 1))
    }

    /// "99.2 % succeed", "80 % succeed, the others: refused".
    pub fn success(&self) -> Text {
        if self.requests == 0 {
            let span = words::span(Duration::from_secs(RATE_SECS));
            return say!("rate.none", span = span);
        }
        let share = words::percent(self.ok, self.requests);
        match self.failure {
            None => say!("rate.ok", share = share),
            Some(failure) => say!("rate.hurt", share = share, failure = failure.words()),
        }
    }

    pub fn is_hurt(&self) -> bool {
        self.ok < self.requests
    }
}

impl Pulse {
    /// `recent` is how long ago a request may have been for its pod to count as busy.
    pub fn take(mirror: &Mirror, cluster: &Cluster, recent: Duration) -> Pulse {
        let (network, now) = (cluster.network(), cluster.now());
        let mut pulse = Pulse::default();
        for service in mirror.services.iter() {
            let (namespace, name) = (service.namespace(), service.name());
            let stats = network.stats(namespace, name, SERIES_SECS, now);
            if stats.requests == 0 {
                continue;
            }
            let series = network.stats_series(namespace, name, SERIES_SECS, now);
            let through = Through {
                rate: Rate::of(&network.stats(namespace, name, RATE_SECS, now)),
                until: Time::from_unix(now.unix_secs() + 1, 0),
                series: series
                    .iter()
                    .map(|s| (clamp(s.requests), clamp(s.ok)))
                    .collect(),
            };
            pulse.services.insert(service.key(), through);
        }
        for traffic in mirror.traffics.iter() {
            let stats = network.traffic_stats(traffic.namespace(), traffic.name(), RATE_SECS, now);
            pulse.clients.insert(traffic.key(), Rate::of(&stats));
        }
        let since = now - recent;
        for flow in network.flows_since(0).filter(|f| f.started >= since) {
            if let Some(pod) = flow.endpoint.as_ref().and_then(|e| e.pod.as_ref()) {
                pulse.busy.insert(pod.clone());
            }
        }
        pulse
    }
}

fn clamp(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_put_into_words() {
        let stats = Stats {
            requests: 49,
            ok: 40,
            refused: 8,
            reset: 1,
            ..Stats::default()
        };
        let rate = Rate::of(&stats);
        assert_eq!(rate.per_second().english(), "4.9 requests/s");
        assert_eq!(
            rate.success().english(),
            "81.6 % succeed, the others: refused"
        );
        assert!(rate.is_hurt());
        assert_eq!(
            Rate::default().success().english(),
            "no requests in the last 10 s"
        );
    }
}
