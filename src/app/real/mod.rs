//! A real cluster in the place of the simulated one: what is asked of its API server, and what its
//! answers mean. Whoever holds the page sends the requests; nothing here knows how.
//!
//! A browser opens six connections to a server that speaks HTTP/1.1, as `kubectl proxy` does, and the
//! terminal needs some. So there are four lanes: one watches the pods, the others take their kinds in
//! turn, each for a moment, from where they left off.

mod client;

use std::rc::Rc;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, Node, PersistentVolumeClaim, Pod, Service,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use crate::api::{Key, Kind, Object, Resource};
use crate::apiserver::ApiServer;
use crate::cluster::Arrival;

use super::text::{Text, say};

pub use client::{Guarded, Lock};

/// How many lanes there are.
pub const LANES: usize = 4;
/// How long a watch that is alone in its lane lasts, in seconds, and one that takes turns.
const LONG: u32 = 240;
const SHORT: u32 = 1;
/// A kind that the server refuses is asked for again after so many turns of its lane.
const PATIENCE: u32 = 60;
/// How long a lane waits after a failure, in milliseconds: doubled each time.
const FIRST_WAIT: u32 = 500;
const LONGEST_WAIT: u32 = 30_000;

/// One kind that is followed.
#[derive(Clone)]
struct Followed {
    kind: Kind,
    /// The resource version up to which it is known; `None` before it has been listed.
    version: Option<Rc<str>>,
    /// Turns to be left out.
    rests: u32,
}

#[derive(Clone)]
struct Lane {
    kinds: Vec<Followed>,
    turn: usize,
    failures: u32,
}

/// A request that a lane wants sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// With its query.
    pub path: String,
    /// The answer comes line by line, and each is an event.
    pub watch: bool,
    /// How long to wait before, in milliseconds.
    pub wait: u32,
}

/// What a lane was answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The whole answer to a list.
    List(Rc<str>),
    /// Whole lines of a watch.
    Lines(Rc<str>),
    /// A watch has ended by itself.
    End,
    /// The server refused, with this code; 0 when it was not reached.
    Refused(u16),
}

/// Keeps up with a real cluster.
#[derive(Clone)]
pub struct Follower {
    lanes: Vec<Lane>,
    /// Kinds that the server does not let us see.
    pub unseen: Vec<Rc<str>>,
}

impl Default for Follower {
    fn default() -> Self {
        let lanes: [&[Kind]; LANES] = [
            &[Pod::KIND],
            &[Node::KIND, Event::KIND],
            &[
                Deployment::KIND,
                ReplicaSet::KIND,
                Service::KIND,
                EndpointSlice::KIND,
            ],
            &[
                Namespace::KIND,
                StatefulSet::KIND,
                DaemonSet::KIND,
                Job::KIND,
                CronJob::KIND,
                Ingress::KIND,
                HorizontalPodAutoscaler::KIND,
                PersistentVolumeClaim::KIND,
                ConfigMap::KIND,
            ],
        ];
        let followed = |kind: &Kind| Followed {
            kind: *kind,
            version: None,
            rests: 0,
        };
        Follower {
            lanes: lanes
                .into_iter()
                .map(|kinds| Lane {
                    kinds: kinds.iter().map(followed).collect(),
                    turn: 0,
                    failures: 0,
                })
                .collect(),
            unseen: Vec::new(),
        }
    }
}

impl Follower {
    /// What a lane is to ask next.
    pub fn ask(&mut self, lane: usize) -> Option<Ask> {
        let lane = self.lanes.get_mut(lane)?;
        let alone = lane.kinds.len() == 1;
        // Those that rest are passed over, but never all of them at once without a pause.
        let mut wait = match lane.failures {
            0 => 0,
            n => FIRST_WAIT.saturating_mul(1 << n.min(8)).min(LONGEST_WAIT) / 2,
        };
        for _ in 0..lane.kinds.len() {
            let count = lane.kinds.len();
            let followed = lane.kinds.get_mut(lane.turn % count)?;
            if followed.rests == 0 {
                break;
            }
            followed.rests -= 1;
            lane.turn += 1;
            wait = wait.max(FIRST_WAIT);
        }
        let count = lane.kinds.len();
        let followed = lane.kinds.get(lane.turn % count)?;
        let info = followed.kind.info();
        let path = match info.group {
            "" => format!("/api/{}/{}", info.version, info.plural),
            group => format!("/apis/{group}/{}/{}", info.version, info.plural),
        };
        Some(match &followed.version {
            None => Ask {
                path,
                watch: false,
                wait,
            },
            Some(version) => {
                let seconds = if alone { LONG } else { SHORT };
                Ask {
                    path: format!(
                        "{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}"
                    ),
                    watch: true,
                    wait,
                }
            }
        })
    }

    /// What an answer changes. `server` is what is known so far.
    pub fn hear(&mut self, lane: usize, heard: &Heard, server: &ApiServer) -> Vec<Arrival> {
        let Some(lane) = self.lanes.get_mut(lane) else {
            return Vec::new();
        };
        let count = lane.kinds.len();
        let Some(followed) = lane.kinds.get_mut(lane.turn % count) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        match heard {
            Heard::List(text) => {
                lane.failures = 0;
                match listed(followed.kind, text, server) {
                    Some((version, found)) => {
                        followed.version = Some(version);
                        self.unseen
                            .retain(|kind| **kind != *followed.kind.info().plural);
                        changes = found;
                    }
                    None => {
                        followed.rests = PATIENCE;
                        lane.turn += 1;
                    }
                }
            }
            Heard::Lines(text) => {
                lane.failures = 0;
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    let Ok(event) = serde_json::from_str::<Value>(line) else {
                        continue;
                    };
                    match read(followed, &event) {
                        Some(Some(change)) => changes.push(change),
                        Some(None) => {}
                        // What was known is too old, or something else went wrong: begin again.
                        None => followed.version = None,
                    }
                }
            }
            Heard::End => lane.turn += 1,
            Heard::Refused(code) => {
                match code {
                    // A watch from too long ago; the next turn lists.
                    410 => followed.version = None,
                    401 | 403 | 404 | 405 => {
                        let plural: Rc<str> = followed.kind.info().plural.into();
                        followed.version = None;
                        followed.rests = PATIENCE;
                        if !self.unseen.contains(&plural) {
                            self.unseen.push(plural);
                        }
                    }
                    _ => lane.failures += 1,
                }
                lane.turn += 1;
            }
        }
        changes
    }

    /// Whether the server does not answer.
    pub fn is_lost(&self) -> bool {
        self.lanes.iter().all(|lane| lane.failures > 1)
    }

    /// Whether everything that can be seen has been listed.
    pub fn is_complete(&self) -> bool {
        let mut kinds = self.lanes.iter().flat_map(|lane| &lane.kinds);
        kinds.all(|k| k.version.is_some() || k.rests > 0)
    }
}

fn decode(kind: Kind, mut value: Value) -> Option<Object> {
    if !value.is_object() {
        return None;
    }
    value["apiVersion"] = kind.info().api_version().into();
    value["kind"] = kind.info().kind.into();
    if let Some(meta) = value["metadata"].as_object_mut() {
        // Half of most objects, and nobody draws it.
        meta.remove("managedFields");
    }
    let (object, _) = kind.decode(&value).ok()?;
    (!object.name().is_empty()).then_some(object)
}

/// The version of a list, and what it changes; `None` when it is no list.
fn listed(kind: Kind, text: &str, server: &ApiServer) -> Option<(Rc<str>, Vec<Arrival>)> {
    let mut list: Value = serde_json::from_str(text).ok()?;
    let version: Rc<str> = list["metadata"]["resourceVersion"].as_str()?.into();
    let items = match list["items"].take() {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        _ => return None,
    };
    let objects: Vec<Object> = items
        .into_iter()
        .filter_map(|item| decode(kind, item))
        .collect();
    let there: crate::sim::ordered::Set<Key> = objects.iter().map(Object::key).collect();
    let known = server.list_objects(kind, None);
    let gone = known
        .iter()
        .map(Object::key)
        .filter(|key| !there.contains(key));
    let mut changes: Vec<Arrival> = gone.map(|key| Arrival::Gone(kind, key)).collect();
    changes.extend(objects.into_iter().map(Arrival::Put));
    Some((version, changes))
}

/// What an event of a watch says; `None` when the watch is broken.
fn read(followed: &mut Followed, event: &Value) -> Option<Option<Arrival>> {
    let kind = followed.kind;
    let object = &event["object"];
    if let Some(version) = object["metadata"]["resourceVersion"].as_str() {
        followed.version = Some(version.into());
    }
    match event["type"].as_str() {
        Some("ADDED" | "MODIFIED") => Some(decode(kind, object.clone()).map(Arrival::Put)),
        Some("DELETED") => {
            let object = decode(kind, object.clone());
            Some(object.map(|object| Arrival::Gone(kind, object.key())))
        }
        Some("BOOKMARK") => Some(None),
        _ => None,
    }
}

/// What the page knows of the real cluster beside its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    /// "v1.36.2"
    pub version: Rc<str>,
    /// The page may change the cluster.
    pub writable: bool,
    pub lost: bool,
    pub unseen: Vec<Rc<str>>,
}

impl Real {
    /// The answer to `GET /version`, if it is that of a Kubernetes API server.
    pub fn of_version(text: &str) -> Option<Real> {
        let value: Value = serde_json::from_str(text).ok()?;
        let version = value["gitVersion"].as_str()?;
        value["major"].as_str()?;
        Some(Real {
            version: version.into(),
            writable: false,
            lost: false,
            unseen: Vec::new(),
        })
    }

    /// How it stands, in words.
    pub fn words(&self) -> Text {
        let unseen = match self.unseen.is_empty() {
            true => Text::default(),
            false => {
                let kinds = Text::list(self.unseen.iter().map(Text::from));
                say!("real.unseen", kinds = kinds)
            }
        };
        let lost = match self.lost {
            true => say!("real.lost"),
            false => Text::default(),
        };
        Text::sentences([lost, unseen])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Timeline;
    use crate::sim::Time;
    use serde_json::json;

    fn pod(name: &str, version: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": version},
               "spec": {"containers": []}, "status": {"phase": "Running"}})
    }

    fn names(timeline: &Timeline) -> Vec<String> {
        let pods = timeline.cluster().server().list::<Pod>(None);
        pods.iter().map(|p| p.name().to_owned()).collect()
    }

    fn hear(follower: &mut Follower, timeline: &mut Timeline, heard: Heard) {
        let changes = follower.hear(0, &heard, timeline.cluster().server());
        timeline.take_in(changes);
    }

    #[test]
    fn a_list_then_a_watch_from_there() {
        let (mut follower, mut timeline) = (Follower::default(), Timeline::replica(Time::EPOCH));
        let ask = follower.ask(0).unwrap();
        assert_eq!((&*ask.path, ask.watch), ("/api/v1/pods", false));
        let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [pod("a", "5"), pod("b", "6")]});
        hear(
            &mut follower,
            &mut timeline,
            Heard::List(list.to_string().into()),
        );
        assert_eq!(names(&timeline), ["a", "b"]);
        let ask = follower.ask(0).unwrap();
        assert!(
            ask.watch && ask.path.contains("resourceVersion=7"),
            "{ask:?}"
        );
        let lines = [
            json!({"type": "ADDED", "object": pod("c", "8")}),
            json!({"type": "DELETED", "object": pod("a", "9")}),
            json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "12"}}}),
        ];
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        hear(&mut follower, &mut timeline, Heard::Lines(text.into()));
        assert_eq!(names(&timeline), ["b", "c"]);
        hear(&mut follower, &mut timeline, Heard::End);
        assert!(follower.ask(0).unwrap().path.contains("resourceVersion=12"));
    }

    #[test]
    fn what_is_too_old_is_listed_anew_and_what_is_gone_goes() {
        let (mut follower, mut timeline) = (Follower::default(), Timeline::replica(Time::EPOCH));
        let list = |items: Value| {
            let list = json!({"metadata": {"resourceVersion": "7"}, "items": items});
            Heard::List(list.to_string().into())
        };
        hear(&mut follower, &mut timeline, list(json!([pod("a", "5")])));
        let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410}});
        hear(
            &mut follower,
            &mut timeline,
            Heard::Lines(gone.to_string().into()),
        );
        assert!(!follower.ask(0).unwrap().watch);
        hear(&mut follower, &mut timeline, list(json!([pod("z", "9")])));
        assert_eq!(names(&timeline), ["z"]);
        hear(&mut follower, &mut timeline, Heard::Refused(410));
        assert!(!follower.ask(0).unwrap().watch);
    }

    #[test]
    fn what_is_refused_rests_and_what_fails_waits() {
        let mut follower = Follower::default();
        let timeline = Timeline::replica(Time::EPOCH);
        let server = timeline.cluster().server();
        follower.hear(1, &Heard::Refused(403), server);
        assert_eq!(follower.unseen, ["nodes".into()]);
        assert!(follower.ask(1).unwrap().path.contains("events"));
        let mut waits = Vec::new();
        for _ in 0..12 {
            follower.hear(0, &Heard::Refused(0), server);
            waits.push(follower.ask(0).unwrap().wait);
        }
        assert!(
            waits.is_sorted() && waits[0] >= FIRST_WAIT && waits[11] <= LONGEST_WAIT,
            "{waits:?}"
        );
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "{\"items\": 3}",
            "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[1,null,{}]}",
        ] {
            follower.hear(0, &Heard::List(text.into()), server);
            follower.hear(0, &Heard::Lines(text.into()), server);
        }
    }

    #[test]
    fn a_server_is_known_by_its_version() {
        let real =
            Real::of_version(r#"{"major":"1","minor":"36","gitVersion":"v1.36.2"}"#).unwrap();
        assert_eq!((&*real.version, real.writable), ("v1.36.2", false));
        for text in ["", "<html>", "{}", "[1]", "{\"gitVersion\": 3}"] {
            assert_eq!(Real::of_version(text), None);
        }
    }
}
