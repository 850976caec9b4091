//! Atoms about objects: which there are, and what holds of them.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::Value;

use crate::api::play::lesson::{Amount, Goal, LogTest, Test as TestSpec};
use crate::api::selector::Selector;
use crate::api::{Key, Kind, Object};
use crate::apiserver::{EventType, WatchEvent};
use crate::cluster::Cluster;
use crate::sim::Time;
use crate::sim::ordered::{Map, Set};

use super::plan::{is_like, kind_named};
use super::tests_of::Test;
use super::words::Missing;

/// Objects of a kind, and how many of them pass.
#[derive(Clone, Debug)]
pub struct Objects {
    /// The kind as the goal names it.
    word: Rc<str>,
    kind: Option<Kind>,
    namespace: String,
    /// A star stands for any text; empty for all.
    name: String,
    selector: Selector,
    tests: Vec<Test>,
    logs: Option<LogTest>,
    /// Events: whom they are about, kind and name.
    about: Option<(String, String)>,
    reason: Option<Rc<str>>,
    want: Want,
    /// Only what is new since the step began.
    fresh: bool,
    /// The objects that were there when the step began, by uid, and the revision of that moment.
    old: Set<Rc<str>>,
    began: u64,
    seen: Map<Key, Found>,
}

#[derive(Clone, Debug)]
enum Want {
    Absent,
    Every,
    Amount(Amount),
}

#[derive(Clone, Debug)]
struct Found {
    object: Object,
    missing: Option<Missing>,
    /// Whether the log contains what it is to contain; the second in which it was read last.
    logged: bool,
    read: u64,
}

impl Objects {
    pub fn of(goal: &Goal) -> Objects {
        let (word, name) = goal.object.split_once('/').unwrap_or((&goal.object, ""));
        let mut tests: Vec<Test> = goal.r#where.iter().map(Test::of).collect();
        let mut atom = Objects {
            word: word.into(),
            kind: None,
            namespace: match goal.namespace.as_str() {
                "" => "default".to_owned(),
                namespace => namespace.to_owned(),
            },
            name: name.to_owned(),
            selector: Selector::parse(&goal.selector).unwrap_or_else(|_| Selector::nothing()),
            tests: Vec::new(),
            logs: goal.logs.clone(),
            about: None,
            reason: None,
            want: match (&goal.count, goal.absent) {
                (_, true) => Want::Absent,
                (Some(count), _) => Want::Amount(count.clone()),
                (None, false) => Want::Every,
            },
            fresh: goal.fresh,
            old: Set::default(),
            began: 0,
            seen: Map::default(),
        };
        if let Some(event) = &goal.event {
            tests.push(Test::of(&TestSpec {
                path: ".reason".to_owned(),
                equals: Some(Value::from(event.reason.as_str())),
                ..TestSpec::default()
            }));
            atom.word = "events".into();
            atom.reason = Some(event.reason.as_str().into());
            let (kind, name) = event.about.split_once('/').unwrap_or((&event.about, "*"));
            atom.about = Some((kind.to_owned(), name.to_owned()));
            atom.fresh = true;
            if let Want::Every = atom.want {
                atom.want = Want::Amount(Amount {
                    at_least: Some(1),
                    ..Amount::default()
                });
            }
            if !event.message.is_empty() {
                let message = event.message.clone();
                atom.logs = Some(LogTest {
                    contains: message,
                    ..LogTest::default()
                });
            }
        }
        atom.tests = tests;
        atom
    }

    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// What is there at the beginning of the step is old.
    pub fn begin(&mut self, cluster: &Cluster) {
        self.began = cluster.server().revision();
        self.list(cluster);
        if self.reason.is_none() && self.fresh {
            let kind = self.kind;
            let objects = kind.map(|kind| cluster.server().list_objects(kind, None));
            let uids = objects.into_iter().flatten().map(|o| Rc::from(o.uid()));
            self.old = uids.collect();
            self.list(cluster);
        }
    }

    /// Takes in all that there is now; the kind may have come to be since.
    pub fn list(&mut self, cluster: &Cluster) {
        self.kind = self.kind.or_else(|| kind_named(&self.word, cluster));
        self.seen = Map::default();
        let Some(kind) = self.kind else {
            return;
        };
        let namespace = kind.info().namespaced.then_some(self.namespace.as_str());
        for object in cluster.server().list_objects(kind, namespace) {
            self.take(object, cluster);
        }
    }

    pub fn apply(&mut self, event: &WatchEvent, cluster: &Cluster) {
        if Some(event.object.kind()) != self.kind {
            return;
        }
        let key = event.object.key();
        let elsewhere = event.object.info().namespaced && *key.namespace != *self.namespace;
        if event.event == EventType::Deleted {
            self.seen.remove(&key);
        } else if !elsewhere {
            self.take(event.object.clone(), cluster);
        }
    }

    fn take(&mut self, object: Object, cluster: &Cluster) {
        let key = object.key();
        if !self.concerns(&object, cluster) {
            self.seen.remove(&key);
            return;
        }
        let missing = self.lacks(&object);
        let before = self.seen.get(&key);
        let known = before.filter(|found| found.object.uid() == object.uid());
        let (logged, read) = known.map_or((false, 0), |found| (found.logged, found.read));
        let found = Found {
            object,
            missing,
            logged,
            read,
        };
        self.seen.insert(key, found);
    }

    fn concerns(&self, object: &Object, cluster: &Cluster) -> bool {
        if !self.name.is_empty() && !is_like(object.name(), &self.name) {
            return false;
        }
        if !self.selector.is_everything() {
            let empty = Default::default();
            let labels = object.meta().labels.as_ref().unwrap_or(&empty);
            if !self.selector.matches(labels) {
                return false;
            }
        }
        if let (Some((kind, name)), Some(event)) = (&self.about, object.get::<Event>()) {
            let about = &event.involved_object;
            let named = about.name.as_deref().unwrap_or_default();
            let of_kind = kind.is_empty()
                || kind_named(kind, cluster).is_some_and(|k| {
                    about
                        .kind
                        .as_deref()
                        .is_some_and(|about| about == k.info().kind)
                });
            // What was recorded before the step began happened before it.
            return of_kind && is_like(named, name) && object.revision() > self.began;
        }
        !self.fresh || !self.old.contains(object.uid())
    }

    fn lacks(&self, object: &Object) -> Option<Missing> {
        if let (Some(logs), Some(event)) = (&self.logs, object.get::<Event>()) {
            let message = event.message.as_deref().unwrap_or_default();
            if !message.contains(&logs.contains) {
                return Some(Missing::Unclear);
            }
        }
        if self.tests.is_empty() {
            return None;
        }
        let value = object.to_value();
        let mut tests = self.tests.iter();
        tests.find_map(|test| test.missing(object.name(), &value))
    }

    fn reads_logs(&self) -> bool {
        self.logs.is_some() && self.reason.is_none()
    }

    /// Reads logs that have not said yet what they are to say; once in a second.
    pub fn read_logs(&mut self, cluster: &Cluster, now: Time) {
        if !self.reads_logs() {
            return;
        }
        let Some(logs) = &self.logs else {
            return;
        };
        let second = now.0 / 1_000_000_000;
        for found in self.seen.values_mut() {
            if found.logged || found.read == second {
                continue;
            }
            found.read = second;
            if let Some(pod) = found.object.get::<Pod>() {
                let text = cluster.log_of(pod, &logs.container);
                found.logged = text.contains(&logs.contains);
            }
        }
    }

    fn passes(&self, found: &Found) -> bool {
        found.missing.is_none() && (found.logged || !self.reads_logs())
    }

    /// How many pass.
    fn good(&self) -> usize {
        self.seen.values().filter(|f| self.passes(f)).count()
    }

    pub fn holds(&self) -> bool {
        let good = self.good();
        match &self.want {
            Want::Absent => good == 0,
            // One log that says it is enough.
            Want::Every if self.reads_logs() => good > 0,
            Want::Every => good > 0 && good == self.seen.len(),
            Want::Amount(amount) => {
                let good = u32::try_from(good).unwrap_or(u32::MAX);
                amount.equals.is_none_or(|n| good == n)
                    && amount.at_least.is_none_or(|n| good >= n)
                    && amount.at_most.is_none_or(|n| good <= n)
            }
        }
    }

    pub fn missing(&self) -> Option<Missing> {
        if self.holds() {
            return None;
        }
        let Some(kind) = self.kind else {
            let kind = self.word.to_string();
            return Some(Missing::Kind { kind });
        };
        let info = kind.info().into();
        let first = self.seen.values().next();
        let of_first = |found: &Found| {
            let text = self.logs.as_ref().map(|l| l.contains.clone());
            found.missing.clone().unwrap_or_else(|| Missing::Log {
                name: found.object.name().to_owned(),
                text: text.unwrap_or_default(),
            })
        };
        Some(match &self.want {
            Want::Absent => {
                let left: Vec<&Found> = self.seen.values().filter(|f| self.passes(f)).collect();
                Missing::StillThere {
                    kind: info,
                    name: left
                        .first()
                        .map(|f| f.object.name().to_owned())
                        .unwrap_or_default(),
                    count: left.len(),
                }
            }
            Want::Amount(_) if self.reason.is_some() => Missing::Event {
                reason: self.reason.as_deref().unwrap_or_default().to_owned(),
                about: self.about.clone().map(|(kind, _)| kind).unwrap_or_default(),
            },
            Want::Every => match first {
                None => Missing::Absent {
                    kind: info,
                    name: self.name.clone(),
                    fresh: self.fresh,
                },
                Some(first) => {
                    let bad = self
                        .seen
                        .values()
                        .find(|f| !self.passes(f))
                        .unwrap_or(first);
                    let inner = of_first(bad);
                    match self.seen.len() {
                        1 => inner,
                        total => Missing::Of {
                            kind: info,
                            good: self.good(),
                            total,
                            first: Box::new(inner),
                        },
                    }
                }
            },
            Want::Amount(amount) => Missing::Count {
                kind: info,
                good: self.good(),
                want: amount.clone(),
                tested: !self.tests.is_empty() || self.logs.is_some(),
            },
        })
    }
}
