//! Conditions of any object, told apart into what is as it should be and what is not.

use std::rc::Rc;

use serde_json::Value;

use super::json::{list, text, time};
use crate::sim::Time;

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub name: Rc<str>,
    pub status: Rc<str>,
    /// Whether it is as it should be; `None` when nobody knows.
    pub good: Option<bool>,
    pub reason: Rc<str>,
    pub message: Rc<str>,
    pub since: Option<Time>,
}

pub fn conditions(object: &Value) -> Vec<Condition> {
    list(object, "/status/conditions")
        .iter()
        .map(|condition| {
            let (name, status) = (text(condition, "/type"), text(condition, "/status"));
            Condition {
                name: name.into(),
                status: status.into(),
                good: match status {
                    "True" => Some(!tells_trouble(name)),
                    "False" => Some(tells_trouble(name)),
                    _ => None,
                },
                reason: text(condition, "/reason").into(),
                message: text(condition, "/message").into(),
                since: time(condition, "/lastTransitionTime"),
            }
        })
        .collect()
}

/// Conditions that should be false.
fn tells_trouble(name: &str) -> bool {
    ["Pressure", "Failure", "Unavailable", "Failed"]
        .iter()
        .any(|end| name.ends_with(end))
        || name == "DisruptionTarget"
        || name == "PodResizePending"
}

/// The condition of this name, when its status is `status`.
pub fn condition<'v>(object: &'v Value, name: &str, status: &str) -> Option<&'v Value> {
    list(object, "/status/conditions")
        .iter()
        .find(|c| text(c, "/type") == name && text(c, "/status") == status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn some_conditions_should_be_false() {
        let object = json!({"status": {"conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "MemoryPressure", "status": "False"},
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"},
            {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]}});
        let found = conditions(&object);
        let good: Vec<Option<bool>> = found.iter().map(|c| c.good).collect();
        assert_eq!(good, [Some(true), Some(true), Some(false), None]);
        assert_eq!(found[3].since, Some(Time::EPOCH));
        assert_eq!(conditions(&json!({"status": {"conditions": 3}})), []);
    }
}
