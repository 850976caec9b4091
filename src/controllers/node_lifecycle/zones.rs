//! How fast pods are evicted from the nodes of a zone: slowly, and not at all when so many nodes
//! are silent that the fault is more likely ours.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;

use super::health::{Health, Readiness};
use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, secs};

const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";

/// One node in ten seconds (`--node-eviction-rate`).
const INTERVAL: Duration = secs(10);
/// In a zone with many silent nodes (`--secondary-node-eviction-rate`), if it is large.
const SLOW_INTERVAL: Duration = secs(100);
/// A zone with more nodes than this is large (`--large-cluster-size-threshold`).
const LARGE: usize = 50;

/// Whether a node may be tainted so that its pods leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Now,
    After(Duration),
    /// Not while the zone is as it is.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Normal,
    Partial,
    Full,
}

/// When each zone was last allowed an eviction.
#[derive(Clone, Default)]
pub struct Zones {
    spent: BTreeMap<Rc<str>, Time>,
}

/// The zone of a node: region and zone by its labels.
pub fn of(node: &Node) -> Rc<str> {
    let label = |key: &str| {
        let labels = node.metadata.labels.as_ref();
        labels.and_then(|l| l.get(key)).cloned().unwrap_or_default()
    };
    format!("{}:{}", label(REGION), label(ZONE)).into()
}

fn state(ready: usize, silent: usize) -> State {
    if ready == 0 && silent > 0 {
        State::Full
    } else if silent > 2 && silent * 100 >= (ready + silent) * 55 {
        State::Partial
    } else {
        State::Normal
    }
}

impl Zones {
    /// Whether a node of `zone` that is not ready may be tainted now; `tainted` tells that it is.
    pub fn judge(
        &self,
        nodes: &BTreeMap<Rc<str>, Health>,
        zone: &Rc<str>,
        tainted: bool,
        now: Time,
    ) -> Verdict {
        let mut counts: BTreeMap<&Rc<str>, (usize, usize)> = BTreeMap::new();
        for health in nodes.values().filter(|h| h.is_registered()) {
            let count = counts.entry(&health.zone).or_default();
            if health.readiness == Readiness::True {
                count.0 += 1;
            } else {
                count.1 += 1;
            }
        }
        if counts
            .values()
            .all(|(ready, silent)| state(*ready, *silent) == State::Full)
        {
            return Verdict::Never;
        }
        if tainted {
            return Verdict::Now;
        }
        let (ready, silent) = counts.get(zone).copied().unwrap_or_default();
        let interval = match state(ready, silent) {
            State::Normal | State::Full => INTERVAL,
            State::Partial if ready + silent > LARGE => SLOW_INTERVAL,
            State::Partial => return Verdict::Never,
        };
        let free = self.spent.get(zone).map_or(now, |at| *at + interval);
        if free <= now {
            Verdict::Now
        } else {
            Verdict::After(free.since(now))
        }
    }

    pub fn spend(&mut self, zone: &Rc<str>, now: Time) {
        self.spent.insert(zone.clone(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ready: usize, silent: usize) -> BTreeMap<Rc<str>, Health> {
        let node = |i: usize| {
            let readiness = if i < ready {
                Readiness::True
            } else {
                Readiness::Unknown
            };
            let mut health = Health::default();
            health.register("u");
            health.readiness = readiness;
            health.zone = ":".into();
            (format!("{i:04}").into(), health)
        };
        (0..ready + silent).map(node).collect()
    }

    #[test]
    fn evictions_slow_down_and_stop_as_zones_fail() {
        let now = Time::EPOCH;
        let zone: Rc<str> = ":".into();
        let mut zones = Zones::default();
        zones.spend(&zone, now - secs(1));
        // (ready, silent, tainted already, verdict one second after the last eviction)
        for (ready, silent, tainted, expected) in [
            (3, 1, false, Verdict::After(secs(9))),
            (3, 1, true, Verdict::Now),
            (2, 2, false, Verdict::After(secs(9))),
            (1, 3, false, Verdict::Never),
            (0, 1, false, Verdict::Never),
            (0, 4, true, Verdict::Never),
            (30, 40, false, Verdict::After(secs(99))),
        ] {
            let verdict = zones.judge(&nodes(ready, silent), &zone, tainted, now);
            assert_eq!(verdict, expected, "{ready} {silent} {tainted}");
        }
        let later = zones.judge(&nodes(3, 1), &zone, false, now + secs(9));
        assert_eq!(later, Verdict::Now);
    }
}
