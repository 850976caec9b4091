//! A cluster that simulates nothing: a copy of a real one, so that all that reads a cluster can read
//! it. No component runs; objects come in as the real API server has them, and time is the wall clock's.

use super::{Cluster, Config};
use crate::api::{Key, Kind, Object};
use crate::sim::Time;

/// What became of an object elsewhere.
#[derive(Clone)]
pub enum Arrival {
    Put(Object),
    Gone(Kind, Key),
}

impl Cluster {
    /// An empty copy of a cluster, at this instant.
    pub fn replica(now: Time) -> Self {
        let config = Config {
            start: now,
            ..Config::bare(0, 0)
        };
        Cluster::assemble(config)
    }

    /// Takes in what has changed; tells whether anything did.
    pub fn take_in(&mut self, changes: Vec<Arrival>) -> bool {
        self.kernel.now = self.queue.now();
        self.kernel.cause = crate::sim::CauseId::NONE;
        let mut changed = false;
        for change in changes {
            changed |= match change {
                Arrival::Put(object) => self.server.replicate(&mut self.kernel, object),
                Arrival::Gone(kind, key) => self.server.forget(&mut self.kernel, kind, &key),
            };
        }
        self.settle();
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timeline;
    use super::*;
    use crate::api::Resource;
    use crate::sim::secs;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    #[test]
    fn what_is_taken_in_stays_as_it_is() {
        let mut timeline = Timeline::replica(Time::EPOCH);
        let pod = |phase: &str| {
            let (object, _) = Pod::KIND
                .decode(&json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": "a", "namespace": "default", "uid": "u-1", "resourceVersion": "77"},
                    "spec": {"nodeName": "far", "containers": [{"name": "c", "image": "i"}]},
                    "status": {"phase": phase},
                }))
                .unwrap();
            Arrival::Put(object)
        };
        assert!(timeline.take_in(vec![pod("Pending")]));
        assert!(!timeline.take_in(vec![pod("Pending")]));
        assert!(timeline.take_in(vec![pod("Running")]));
        timeline.run_until(Time::EPOCH + secs(4000), usize::MAX);
        let pods = timeline.cluster().server().list::<Pod>(None);
        assert_eq!(pods.len(), 1);
        assert_eq!(pods[0].uid(), "u-1");
        let status = pods[0].status.as_ref().unwrap();
        assert_eq!(status.phase.as_deref(), Some("Running"));
        assert!(timeline.take_in(vec![Arrival::Gone(Pod::KIND, Key::new("default", "a"))]));
        assert!(timeline.cluster().server().list::<Pod>(None).is_empty());
    }
}
