//! When a node was last heard of, and what its conditions say.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time as ApiTime};

use crate::api::Resource;
use crate::api::time::{api_time, from_api};
use crate::sim::{Time, secs};

/// How long a node may be silent (`--node-monitor-grace-period`).
const GRACE: Duration = secs(50);
/// How long a node that has never reported may take (`--node-startup-grace-period`).
const STARTUP_GRACE: Duration = secs(60);
/// How often upstream looks at all nodes (`--node-monitor-period`): silence is noticed at the
/// next look.
const PERIOD_NANOS: u64 = 5_000_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    True,
    False,
    #[default]
    Unknown,
}

#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Empty until the node itself was seen.
    pub uid: Rc<str>,
    pub readiness: Readiness,
    pub zone: Rc<str>,
    /// When, by our clock, something of the node last moved.
    heard: Time,
    renewed: Option<MicroTime>,
    /// The Ready condition's heartbeat and transition as they were last.
    reported: Option<(Option<ApiTime>, Option<ApiTime>)>,
}

impl Health {
    pub fn is_registered(&self) -> bool {
        !self.uid.is_empty()
    }

    /// Notes the node's identity; tells whether it is new.
    pub fn register(&mut self, uid: &str) -> bool {
        let new = *self.uid != *uid;
        if new {
            self.uid = uid.into();
        }
        new
    }

    pub fn see_lease(&mut self, renewed: Option<MicroTime>, now: Time) {
        if renewed.is_some() && renewed != self.renewed {
            self.renewed = renewed;
            self.heard = now;
        }
    }

    pub fn see_node(&mut self, node: &Node, now: Time) {
        let ready = condition(node, "Ready");
        // What this controller writes itself is no sign of life.
        let Some(ready) = ready.filter(|c| c.status != "Unknown") else {
            return;
        };
        let reported = (
            ready.last_heartbeat_time.clone(),
            ready.last_transition_time.clone(),
        );
        if self.reported.as_ref() != Some(&reported) {
            self.reported = Some(reported);
            self.heard = now;
        }
    }

    /// Until when the node has to be heard of.
    pub fn deadline(&self, node: &Node) -> Time {
        let created = node.metadata.creation_timestamp.as_ref().map(from_api);
        if condition(node, "Ready").is_none() {
            return created.unwrap_or_default() + STARTUP_GRACE;
        }
        self.heard.max(created.unwrap_or_default()) + GRACE
    }
}

/// The first look at all nodes after an instant.
pub fn next_look(after: Time) -> Time {
    Time((after.0 / PERIOD_NANOS + 1).saturating_mul(PERIOD_NANOS))
}

pub fn condition<'n>(node: &'n Node, type_: &str) -> Option<&'n NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|c| c.type_ == type_)
}

pub fn readiness(node: &Node) -> Readiness {
    match condition(node, "Ready").map(|c| c.status.as_str()) {
        Some("True") => Readiness::True,
        Some("False") => Readiness::False,
        _ => Readiness::Unknown,
    }
}

/// Nothing is known of a node that is silent.
pub fn set_unknown(node: &mut Node, now: Time) {
    const TYPES: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
    let created = node.metadata.creation_timestamp.clone();
    let status = node.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    for type_ in TYPES {
        match conditions.iter_mut().find(|c| c.type_ == type_) {
            Some(condition) if condition.status == "Unknown" => {}
            Some(condition) => {
                condition.status = "Unknown".to_owned();
                condition.reason = Some("NodeStatusUnknown".to_owned());
                condition.message = Some("Kubelet stopped posting node status.".to_owned());
                condition.last_transition_time = Some(api_time(now));
            }
            None => conditions.push(NodeCondition {
                type_: type_.to_owned(),
                status: "Unknown".to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: created.clone(),
                last_transition_time: Some(api_time(now)),
            }),
        }
    }
    debug_assert!(!node.name().is_empty());
}
