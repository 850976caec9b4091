//! The conditions of pods. Those that come in many are scheduled, started and ready in the same seconds, and then
//! have the same conditions.

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Pod, PodCondition};

use crate::api::time::from_api;
use crate::sim::hash_bytes;
use crate::sim::ordered::Map;

/// How many are remembered. What is not remembered any more is just not shared with what comes.
const REMEMBERED: usize = 256;

/// One copy of each condition that was written lately.
#[derive(Clone, Default)]
pub(super) struct Conditions(Map<u64, Shared<PodCondition>>);

impl Conditions {
    /// Puts those that are known into the pod, which nobody else may hold yet: else it is copied.
    pub fn share(&mut self, pod: &mut Pod) {
        let status = pod.status.as_mut();
        let conditions = status.and_then(|status| status.conditions.as_mut());
        for condition in conditions.into_iter().flatten() {
            let key = hash(condition);
            match self.0.get(&key) {
                Some(known) if known == condition => *condition = known.clone(),
                _ => {
                    if self.0.len() >= REMEMBERED {
                        self.0.clear();
                    }
                    self.0.insert(key, condition.clone());
                }
            }
        }
    }
}

fn hash(condition: &PodCondition) -> u64 {
    let since = condition.last_transition_time.as_ref();
    let seed = since.map_or(0, |since| from_api(since).0);
    let parts = [&condition.type_, &condition.status];
    parts
        .iter()
        .fold(seed, |hash, part| hash_bytes(hash, part.as_bytes()))
}
