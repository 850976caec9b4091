//! Events for people, with aggregation (`k8s.io/client-go/tools/record`).

use std::num::NonZeroU64;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Event, EventSeries, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Ctx;
use crate::api::kinds::KindInfo;
use crate::api::time::{api_time, micro_time};
use crate::api::{Key, Object, Resource};
use crate::apiserver::WriteOptions;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};
use crate::sim::{Time, hash_bytes, secs};

/// From this many similar events on, they are combined into one.
const MAX_SIMILAR: usize = 10;
/// Similar events this far apart are not combined.
const SIMILAR_WINDOW_SECS: u64 = 600;
/// How many correlations are remembered (client-go's LRU caches hold 4096).
const REMEMBERED: usize = 4096;
/// A series that pauses for so long has ended: the next event is a new one.
const SERIES_ENDS_SECS: u64 = 360;
/// The second event of a series is written at once, later ones are written up so often.
const SERIES_REFRESH_SECS: u64 = 1800;
/// What a combined event's message begins with.
const COMBINED: &str = "(combined from similar events): ";

/// The object that an event is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Involved {
    pub reference: ObjectReference,
}

impl Involved {
    pub fn of<T: Resource>(object: &T) -> Self {
        Involved::named(T::KIND.info(), object.meta())
    }

    pub fn of_object(object: &Object) -> Self {
        Involved::named(object.info(), object.meta())
    }

    fn named(info: &KindInfo, meta: &ObjectMeta) -> Self {
        Involved {
            reference: ObjectReference {
                api_version: Some(info.api_version()),
                kind: Some(info.kind.to_owned()),
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
                uid: meta.uid.clone(),
                resource_version: meta.resource_version.clone(),
                field_path: None,
            },
        }
    }

    /// Which object it is: repeats about the same one are counted together.
    fn identity(&self) -> Identity {
        let r = &self.reference;
        let parts = [&r.kind, &r.namespace, &r.name, &r.uid];
        Identity::of(&parts.map(|part| part.as_deref().unwrap_or_default()))
    }

    /// About one container of a pod.
    #[must_use]
    pub fn container(mut self, field: &str, name: &str) -> Self {
        self.reference.field_path = Some(format!("spec.{field}{{{name}}}"));
        self
    }
}

/// What makes two events the same, or similar: a hash of texts, as the texts of each event would
/// have to be kept, compared and copied otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity(NonZeroU64);

impl Identity {
    fn of(parts: &[&str]) -> Self {
        Identity::mix(0, parts)
    }

    fn and(self, parts: &[&str]) -> Self {
        Identity::mix(self.0.get(), parts)
    }

    fn mix(hash: u64, parts: &[&str]) -> Self {
        // What is mixed in after each part keeps "a", "bc" apart from "ab", "c".
        let parts = parts.iter();
        let hash = parts.fold(hash, |hash, part| hash_bytes(hash, part.as_bytes()));
        Identity(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN))
    }
}

/// An event that was written. Three of them are kept for each pod.
#[derive(Clone, Debug)]
struct Seen {
    /// What its name ends with.
    suffix: u64,
    count: i32,
    first: Time,
}

#[derive(Clone, Debug)]
struct Similar {
    message: Identity,
    /// Other messages, of which there are nearly never any.
    #[expect(clippy::box_collection, reason = "a word where there is none")]
    others: Option<Box<Vec<Identity>>>,
    last: Time,
}

/// Writes events; repeats raise a count, and many similar ones become one.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    component: Rc<str>,
    host: Rc<str>,
    seen: BTreeMap<Identity, Seen>,
    /// The keys of `seen`, oldest first.
    by_age: BTreeSet<(Time, Identity)>,
    similar: BTreeMap<Identity, Similar>,
    series: BTreeMap<Identity, Series>,
    /// When ended series were last forgotten.
    swept: Time,
}

/// Repeats of an event of the new API.
#[derive(Clone, Debug)]
struct Series {
    key: Key,
    count: i32,
    last: Time,
    written: Time,
}

impl EventRecorder {
    /// `host` is the node for kubelets, and empty for the control plane.
    pub fn new(component: &str, host: &str) -> Self {
        EventRecorder {
            component: component.into(),
            host: host.into(),
            seen: BTreeMap::new(),
            by_age: BTreeSet::new(),
            similar: BTreeMap::new(),
            series: BTreeMap::new(),
            swept: Time::EPOCH,
        }
    }

    pub fn normal<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        reason: &str,
        message: &str,
    ) {
        self.record(ctx, about, "Normal", reason, message);
    }

    pub fn warning<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        reason: &str,
        message: &str,
    ) {
        self.record(ctx, about, "Warning", reason, message);
    }

    fn record<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        type_: &str,
        reason: &str,
        message: &str,
    ) {
        let now = ctx.now();
        let r = &about.reference;
        let field = r.field_path.as_deref().unwrap_or_default();
        let group = about.identity().and(&[field, type_, reason]);
        let combined = self.combine(group, message, now);
        let message = if combined {
            format!("{COMBINED}{message}")
        } else {
            message.to_owned()
        };
        let identity = if combined {
            group
        } else {
            group.and(&[&message])
        };
        if let Some(seen) = self.seen.get_mut(&identity) {
            seen.count += 1;
            let count = seen.count;
            let namespace = r.namespace.as_deref().unwrap_or("default");
            let key = Key::new(namespace, &name_of(r, seen.suffix));
            let patched = ctx.patch::<Event>(&key, &WriteOptions::default(), |event| {
                event.count = Some(count);
                event.last_timestamp = Some(api_time(now));
                event.message = Some(message.clone());
            });
            if matches!(patched, Ok(Some(_))) {
                return;
            }
            self.forget(identity);
        }
        let namespace = r.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let suffix = now.0.wrapping_add(self.seen.len() as u64);
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name_of(r, suffix)),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            involved_object: r.clone(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            type_: Some(type_.to_owned()),
            source: Some(EventSource {
                component: Some(self.component.to_string()),
                host: (!self.host.is_empty()).then(|| self.host.to_string()),
            }),
            count: Some(1),
            first_timestamp: Some(api_time(now)),
            last_timestamp: Some(api_time(now)),
            reporting_component: Some(self.component.to_string()),
            reporting_instance: (!self.host.is_empty()).then(|| self.host.to_string()),
            ..Event::default()
        };
        if ctx.create(event).is_ok() {
            if self.seen.len() >= REMEMBERED {
                self.forget_oldest();
            }
            self.by_age.insert((now, identity));
            self.seen.insert(
                identity,
                Seen {
                    suffix,
                    count: 1,
                    first: now,
                },
            );
        }
    }

    /// Writes an event of the new series API, as the scheduler does: with `eventTime` and
    /// `action`, without counts.
    pub fn normal_with_action<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        type_: &str,
        reason: &str,
        action: &str,
        message: &str,
    ) {
        let _ = self.write_with_action(ctx, about, type_, reason, action, message);
    }

    /// As [`EventRecorder::normal_with_action`], for what may repeat: repeats about the same
    /// version of an object become a series (`k8s.io/client-go/tools/events`).
    pub fn series<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        type_: &str,
        reason: &str,
        action: &str,
        message: &str,
    ) {
        let now = ctx.now();
        let r = &about.reference;
        let version = r.resource_version.as_deref().unwrap_or_default();
        let identity = about.identity().and(&[version, type_, reason, action]);
        if let Some(series) = self.series.get_mut(&identity)
            && now.since(series.last) < secs(SERIES_ENDS_SECS)
        {
            series.count += 1;
            series.last = now;
            let due = now.since(series.written) >= secs(SERIES_REFRESH_SECS);
            if series.count > 2 && !due {
                return;
            }
            series.written = now;
            let (key, count) = (series.key.clone(), series.count);
            let patched = ctx.patch::<Event>(&key, &WriteOptions::default(), |event| {
                event.series = Some(EventSeries {
                    count: Some(count),
                    last_observed_time: Some(micro_time(now)),
                });
            });
            if matches!(patched, Ok(Some(_))) {
                return;
            }
        }
        let written = self.write_with_action(ctx, about, type_, reason, action, message);
        if let Some(key) = written {
            self.sweep(now);
            let series = Series {
                key,
                count: 1,
                last: now,
                written: now,
            };
            self.series.insert(identity, series);
        }
    }

    fn write_with_action<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        about: &Involved,
        type_: &str,
        reason: &str,
        action: &str,
        message: &str,
    ) -> Option<Key> {
        let now = ctx.now();
        let r = &about.reference;
        let namespace = r.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let suffix = now.0.wrapping_add(ctx.server.revision() << 40);
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name_of(r, suffix)),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            involved_object: r.clone(),
            action: Some(action.to_owned()),
            event_time: Some(micro_time(now)),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            type_: Some(type_.to_owned()),
            source: Some(EventSource::default()),
            reporting_component: Some(self.component.to_string()),
            reporting_instance: Some(format!("{}-control-plane", self.component)),
            ..Event::default()
        };
        ctx.create(event).ok().map(|written| written.key())
    }

    /// Whether this event joins a combined one: the tenth different message in ten minutes does.
    fn combine(&mut self, group: Identity, message: &str, now: Time) -> bool {
        if self.similar.len() >= REMEMBERED {
            self.similar.pop_first();
        }
        let message = Identity::of(&[message]);
        let similar = self.similar.entry(group).or_insert_with(|| Similar {
            message,
            others: None,
            last: now,
        });
        if now.since(similar.last) > secs(SIMILAR_WINDOW_SECS) {
            similar.message = message;
            similar.others = None;
        }
        similar.last = now;
        let others = similar.others.as_deref().map_or(&[][..], Vec::as_slice);
        let known = similar.message == message || others.contains(&message);
        let mut count = 1 + others.len();
        if !known && count < MAX_SIMILAR {
            similar.others.get_or_insert_default().push(message);
            count += 1;
        }
        count >= MAX_SIMILAR
    }

    /// Forgets the series that have ended; now and then only, as it looks at all of them.
    fn sweep(&mut self, now: Time) {
        if now.since(self.swept) >= secs(SERIES_ENDS_SECS) {
            self.swept = now;
            self.series
                .retain(|_, s| now.since(s.last) < secs(SERIES_ENDS_SECS));
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, oldest)) = self.by_age.pop_first() {
            self.seen.remove(&oldest);
        }
    }

    fn forget(&mut self, identity: Identity) {
        if let Some(seen) = self.seen.remove(&identity) {
            self.by_age.remove(&(seen.first, identity));
        }
    }
}

/// What an event is called: like what it is about, with a number behind it.
fn name_of(about: &ObjectReference, suffix: u64) -> String {
    let name = about.name.as_deref().unwrap_or_default();
    format!("{name}.{suffix:x}")
}
