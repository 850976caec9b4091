//! Events in few bytes. There are four for each pod, and hardly one is ever read again.
//!
//! An event takes some 850 bytes and twenty texts. Nearly all of that is the same for all pods of a Deployment: what
//! has happened, in which words, who says so. So those that are alike share one event of which only these parts are
//! filled in, and what is an event's own are some hundred bytes.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;

use crate::sim::hash_bytes;
use crate::sim::ordered::{Map, Set};

/// How many kinds of event are remembered. What is not remembered any more is just not shared with what comes.
const REMEMBERED: usize = 1024;

/// An event, and who has created it.
#[derive(Clone)]
pub struct Packed {
    like: Rc<Like>,
    own: Rc<[u8]>,
}

/// What events have in common: the parts that [`Own::of`] takes are not filled in.
struct Like {
    event: Event,
    by: Rc<str>,
}

/// Packs events, and knows what those that it has packed lately had in common.
#[derive(Clone, Default)]
pub struct Packer {
    likes: Map<u64, Rc<Like>>,
    /// What has been said once. Said again it is remembered, as it will not be the last time.
    said: Set<u64>,
}

/// The instance that reports is the host, written down already.
const INSTANCE_IS_HOST: u8 = 1;
/// The message is the event's own.
const OWN_MESSAGE: u8 = 2;

impl Packer {
    pub fn pack(&mut self, event: &Event, by: &str) -> Packed {
        let full = hash(event, by, true);
        let is_common = self.likes.contains_key(&full) || !self.said.insert(full);
        let key = match is_common {
            true => full,
            false => hash(event, by, false),
        };
        if self.said.len() > REMEMBERED {
            self.said.clear();
        }
        let flags = flags(event, is_common);
        let like = match self.likes.get(&key) {
            Some(like) if like.fits(event, by, flags) => like.clone(),
            _ => self.remember(key, event, by, flags),
        };
        Packed {
            like,
            own: own(event, flags).into(),
        }
    }

    fn remember(&mut self, key: u64, event: &Event, by: &str, flags: u8) -> Rc<Like> {
        if self.likes.len() >= REMEMBERED {
            self.likes.clear();
        }
        let mut event = event.clone();
        fill(&mut event, flags, &mut Reader(&[]));
        let like = Rc::new(Like {
            event,
            by: by.into(),
        });
        self.likes.insert(key, like.clone());
        like
    }
}

impl Packed {
    /// The event, as it was before.
    pub fn event(&self) -> Event {
        let mut event = self.like.event.clone();
        let mut own = Reader(&self.own);
        let flags = own.byte();
        fill(&mut event, flags, &mut own);
        event
    }

    /// Who has created it.
    pub fn by(&self) -> &Rc<str> {
        &self.like.by
    }

    /// What it has in common with others: the kind and the namespace of what it is about, its type and its reason.
    pub fn like(&self) -> &Event {
        &self.like.event
    }

    /// The name of what it is about.
    pub fn about(&self) -> &str {
        let mut own = Reader(&self.own);
        own.byte();
        own.text().unwrap_or_default()
    }

    /// Its resource version.
    pub fn version(&self) -> &str {
        let mut own = Reader(&self.own);
        own.byte();
        own.text();
        own.text().unwrap_or_default()
    }
}

impl Like {
    fn fits(&self, event: &Event, by: &str, flags: u8) -> bool {
        let like = &self.event;
        let message = match flags & OWN_MESSAGE {
            0 => &event.message,
            _ => &None,
        };
        let instance = match flags & INSTANCE_IS_HOST {
            0 => &event.reporting_instance,
            _ => &None,
        };
        *self.by == *by
            && is_plain(like)
            && is_plain(event)
            && texts(like) == texts(event)
            && like.source.is_some() == event.source.is_some()
            && like.message == *message
            && like.reporting_instance == *instance
    }
}

/// What events of the same kind have in common, as texts.
fn texts(event: &Event) -> [Option<&str>; 9] {
    let about = &event.involved_object;
    let source = event.source.as_ref();
    [
        about.api_version.as_deref(),
        about.kind.as_deref(),
        about.namespace.as_deref(),
        about.field_path.as_deref(),
        event.action.as_deref(),
        event.reason.as_deref(),
        event.type_.as_deref(),
        event.reporting_component.as_deref(),
        source.and_then(|s| s.component.as_deref()),
    ]
}

fn hash(event: &Event, by: &str, with_message: bool) -> u64 {
    let message = event.message.as_deref().filter(|_| with_message);
    let parts = texts(event).into_iter().chain([Some(by), message]);
    parts.fold(0, |hash, part| {
        hash_bytes(hash, part.unwrap_or_default().as_bytes())
    })
}

/// Whether it has nothing that only few events have; then it is worth comparing.
fn is_plain(event: &Event) -> bool {
    let meta = &event.metadata;
    event.related.is_none()
        && event.series.is_none()
        && meta.namespace == event.involved_object.namespace
        && meta.annotations.is_none()
        && meta.labels.is_none()
        && meta.finalizers.is_none()
        && meta.owner_references.is_none()
        && meta.managed_fields.is_none()
        && meta.generate_name.is_none()
        && meta.generation.is_none()
        && meta.self_link.is_none()
        && meta.deletion_timestamp.is_none()
        && meta.deletion_grace_period_seconds.is_none()
}

fn flags(event: &Event, is_common: bool) -> u8 {
    let host = event.source.as_ref().and_then(|s| s.host.as_ref());
    let instance = match host.is_some() && event.reporting_instance.as_ref() == host {
        true => INSTANCE_IS_HOST,
        false => 0,
    };
    let message = if is_common { 0 } else { OWN_MESSAGE };
    instance | message
}

/// The event's own parts, in the order in which [`fill`] reads them.
fn own(event: &Event, flags: u8) -> Vec<u8> {
    let (meta, about) = (&event.metadata, &event.involved_object);
    let mut own = Writer {
        bytes: Vec::with_capacity(192),
        last: None,
    };
    own.bytes.push(flags);
    own.text(about.name.as_deref());
    own.text(meta.resource_version.as_deref());
    // An event is called like what it is about, with a number behind it.
    let rest = meta.name.as_deref().zip(about.name.as_deref());
    let rest = rest.and_then(|(name, about)| name.strip_prefix(about));
    own.bytes.push(u8::from(rest.is_some()));
    own.text(rest.or(meta.name.as_deref()));
    own.uid(meta.uid.as_deref());
    own.uid(about.uid.as_deref());
    own.text(about.resource_version.as_deref());
    own.text(event.source.as_ref().and_then(|s| s.host.as_deref()));
    if flags & OWN_MESSAGE != 0 {
        own.text(event.message.as_deref());
    }
    own.time(meta.creation_timestamp.as_ref().map(|t| t.0));
    own.time(event.first_timestamp.as_ref().map(|t| t.0));
    own.time(event.last_timestamp.as_ref().map(|t| t.0));
    own.time(event.event_time.as_ref().map(|t| t.0));
    match event.count {
        None => own.bytes.push(0),
        Some(count) => {
            own.bytes.push(1);
            own.bytes.extend(count.to_le_bytes());
        }
    }
    own.bytes
}

/// Puts an event's own parts into it; there are none where there is nothing to read.
fn fill(event: &mut Event, flags: u8, own: &mut Reader<'_>) {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let (meta, about) = (&mut event.metadata, &mut event.involved_object);
    about.name = text(own.text());
    meta.resource_version = text(own.text());
    let is_rest = own.byte() == 1;
    let name = own.text();
    meta.name = match about.name.as_deref().filter(|_| is_rest) {
        Some(about) => name.map(|rest| [about, rest].concat()),
        None => text(name),
    };
    meta.uid = own.uid();
    about.uid = own.uid();
    about.resource_version = text(own.text());
    let host = text(own.text());
    if flags & INSTANCE_IS_HOST != 0 {
        event.reporting_instance.clone_from(&host);
    }
    if let Some(source) = &mut event.source {
        source.host = host;
    }
    if flags & OWN_MESSAGE != 0 {
        event.message = text(own.text());
    }
    let mut last = Timestamp::default();
    meta.creation_timestamp = own.time(&mut last).map(Time);
    event.first_timestamp = own.time(&mut last).map(Time);
    event.last_timestamp = own.time(&mut last).map(Time);
    event.event_time = own.time(&mut last).map(MicroTime);
    event.count = (own.byte() == 1).then(|| i32::from_le_bytes(own.number()));
}

struct Writer {
    bytes: Vec<u8>,
    /// The instant that was written last: the next is often the same.
    last: Option<Timestamp>,
}

impl Writer {
    /// Its length plus one, and its bytes; zero for none.
    fn text(&mut self, text: Option<&str>) {
        let mut len = text.map_or(0, |text| text.len() + 1);
        while len >= 0x80 {
            self.bytes.push(len as u8 | 0x80);
            len >>= 7;
        }
        self.bytes.push(len as u8);
        self.bytes.extend(text.unwrap_or_default().bytes());
    }

    /// The number that it writes out in hexadecimal digits, or the text if it is another.
    fn uid(&mut self, uid: Option<&str>) {
        let number = uid.and_then(|uid| {
            let digits = u128::from_str_radix(&uid.replace('-', ""), 16).ok()?;
            (uid_of(digits) == uid).then_some(digits)
        });
        match number {
            Some(number) => {
                self.bytes.push(1);
                self.bytes.extend(number.to_le_bytes());
            }
            None => {
                self.bytes.push(0);
                self.text(uid);
            }
        }
    }

    fn time(&mut self, time: Option<Timestamp>) {
        match time {
            None => self.bytes.push(0),
            Some(_) if time == self.last => self.bytes.push(1),
            Some(time) => {
                self.bytes.push(2);
                self.bytes.extend(time.as_second().to_le_bytes());
                self.bytes.extend(time.subsec_nanosecond().to_le_bytes());
                self.last = Some(time);
            }
        }
    }
}

/// Reads what a [`Writer`] wrote; behind the end are zeros.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn byte(&mut self) -> u8 {
        let [byte] = self.number();
        byte
    }

    fn number<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((number, rest)) => {
                self.0 = rest;
                *number
            }
            None => [0; N],
        }
    }

    fn text(&mut self) -> Option<&'b str> {
        let (mut len, mut shift) = (0_usize, 0);
        loop {
            let byte = self.byte();
            len |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 28 {
                break;
            }
        }
        let (text, rest) = self.0.split_at_checked(len.checked_sub(1)?)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn uid(&mut self) -> Option<String> {
        match self.byte() {
            1 => Some(uid_of(u128::from_le_bytes(self.number()))),
            _ => self.text().map(str::to_owned),
        }
    }

    fn time(&mut self, last: &mut Timestamp) -> Option<Timestamp> {
        match self.byte() {
            0 => return None,
            1 => {}
            _ => {
                let second = i64::from_le_bytes(self.number());
                let nanosecond = i32::from_le_bytes(self.number());
                *last = Timestamp::new(second, nanosecond).unwrap_or_default();
            }
        }
        Some(*last)
    }
}

/// A UUID as it is written.
fn uid_of(number: u128) -> String {
    let digits = format!("{number:032x}");
    let mut uid = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uid.push('-');
        }
        uid.push(digit);
    }
    uid
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{EventSeries, EventSource, ObjectReference};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    fn event(name: &str, message: &str) -> Event {
        let text = |text: &str| Some(text.to_owned());
        let time = Timestamp::new(1_700_000_000, 0).ok().map(Time);
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.17a2b3c4d5e6f708")),
                namespace: text("default"),
                uid: text("0a1b2c3d-0e4f-4a5b-8c6d-7e8f90a1b2c3"),
                resource_version: text("123456"),
                creation_timestamp: time.clone(),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: text("v1"),
                kind: text("Pod"),
                name: text(name),
                namespace: text("default"),
                uid: text("f0f1f2f3-f4f5-4647-8849-4a4b4c4d4e4f"),
                resource_version: text("4711"),
                field_path: text("spec.containers{web}"),
            },
            reason: text("Created"),
            message: text(message),
            type_: text("Normal"),
            source: Some(EventSource {
                component: text("kubelet"),
                host: text("worker-1"),
            }),
            count: Some(1),
            first_timestamp: time.clone(),
            last_timestamp: time,
            reporting_component: text("kubelet"),
            reporting_instance: text("worker-1"),
            ..Event::default()
        }
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let plain = event("web-6d4cf56db6-x2k9p", "Created container: web");
        let changes: [fn(&mut Event); 16] = [
            |_| {},
            |e| e.message = None,
            |e| e.message = Some("ü".repeat(20_000)),
            |e| e.reporting_instance = None,
            |e| e.reporting_instance = Some("worker-2".to_owned()),
            |e| e.source = None,
            |e| e.source = Some(EventSource::default()),
            |e| e.count = None,
            |e| e.count = Some(i32::MIN),
            |e| e.event_time = Timestamp::new(-5, 123_456_000).ok().map(MicroTime),
            |e| e.first_timestamp = None,
            |e| e.metadata.uid = Some("0A1B2C3D-0e4f-4a5b-8c6d-7e8f90a1b2c3".to_owned()),
            |e| e.involved_object.uid = Some("worker-1".to_owned()),
            |e| e.metadata.name = Some("mine".to_owned()),
            |e| e.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into()),
            |e| {
                e.series = Some(EventSeries {
                    count: Some(7),
                    last_observed_time: None,
                });
            },
        ];
        let mut packer = Packer::default();
        for _ in 0..3 {
            for change in changes {
                let mut event = plain.clone();
                change(&mut event);
                for event in [&event, &Event::default()] {
                    let packed = packer.pack(event, "kubelet");
                    assert!(packed.event() == *event);
                    assert_eq!(&**packed.by(), "kubelet");
                    let about = &event.involved_object;
                    assert_eq!(packed.about(), about.name.as_deref().unwrap_or_default());
                    let version = event.metadata.resource_version.as_deref();
                    assert_eq!(packed.version(), version.unwrap_or_default());
                }
            }
        }
    }

    #[test]
    fn those_that_are_alike_share_what_they_can() {
        let mut packer = Packer::default();
        let mut pack = |name: &str, message: &str| packer.pack(&event(name, message), "kubelet");
        let all: Vec<Packed> = (10..20)
            .map(|i| pack(&format!("web-6d4cf56db6-x2k{i}"), "Created container: web"))
            .collect();
        let last = all.last().expect("ten");
        // The first had words that nobody had heard before.
        for packed in &all[1..] {
            assert!(Rc::ptr_eq(&packed.like, &last.like));
            assert!(packed.own.len() < 130, "{} bytes", packed.own.len());
        }
        let own = pack("web-0", "Successfully assigned default/web-0 to worker-1");
        assert!(Rc::ptr_eq(&own.like, &all[0].like));
        for i in 0..3 * REMEMBERED {
            pack("web-0", &i.to_string());
        }
        assert!(packer.said.len() <= REMEMBERED + 1 && packer.likes.len() <= REMEMBERED);
    }
}
