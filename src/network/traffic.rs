//! Simulated clients: while a Traffic object exists, requests come at its rate.
//!
//! Each request is a connection of its own, as from curl. The time between two is drawn from
//! half to one and a half of the mean, so that clients do not march in step.

use std::rc::Rc;
use std::time::Duration;

use super::exchange::{Launch, Owner};
use super::{Event, Network, STREAM};
use crate::api::play::{MOST_CLIENTS, MOST_RATE, Traffic, TrafficSpec};
use crate::api::url::Url;
use crate::api::{Key, Resource};
use crate::apiserver::{EventType, WatchEvent};
use crate::client::Ctx;
use crate::sim::millis;
use crate::sim::ordered::Map as BTreeMap;

/// The clients of one Traffic object.
#[derive(Clone)]
struct Clients {
    uid: Rc<str>,
    spec: TrafficSpec,
    url: Url,
    /// Which run of requests is current: a change starts a new one.
    run: u64,
    /// The number of the first client; addresses follow from it.
    first: u32,
}

#[derive(Clone, Default)]
pub struct Generators {
    by_key: BTreeMap<Key, Clients>,
    runs: u64,
    clients: u32,
}

/// The address of a client: a network of its own, beside those of pods.
pub fn client_address(number: u32) -> Rc<str> {
    let n = number % 62_500;
    format!("10.245.{}.{}", n / 250, n % 250 + 1).into()
}

impl Network {
    /// A Traffic object was made, changed or deleted.
    pub(super) fn traffic_seen(&mut self, event: &WatchEvent, ctx: &mut Ctx<'_, Event>) {
        let Some(traffic) = event.object.get::<Traffic>() else {
            return;
        };
        let key = traffic.key();
        if event.event == EventType::Deleted {
            self.generators.by_key.remove(&key);
            return;
        }
        let known = self.generators.by_key.get(&key);
        if known.is_some_and(|k| k.spec == traffic.spec && *k.uid == *traffic.uid()) {
            return;
        }
        // The API server refuses URLs that cannot be read.
        let Ok(url) = Url::parse(&traffic.spec.url) else {
            self.generators.by_key.remove(&key);
            return;
        };
        let count = traffic.spec.clients.clamp(1, MOST_CLIENTS);
        let first = match known {
            Some(known) if known.spec.clients == traffic.spec.clients => known.first,
            _ => {
                let first = self.generators.clients;
                self.generators.clients = first.wrapping_add(count);
                first
            }
        };
        self.generators.runs += 1;
        let run = self.generators.runs;
        let clients = Clients {
            uid: traffic.uid().into(),
            spec: traffic.spec.clone(),
            url,
            run,
            first,
        };
        let goes = !clients.spec.paused && clients.spec.rate > 0;
        let wait = pause(&clients.spec, ctx);
        self.generators.by_key.insert(key.clone(), clients);
        if goes {
            ctx.after(wait, Event::Send { traffic: key, run });
        }
    }

    /// It is time for the next request of a Traffic object.
    pub(super) fn send_next(&mut self, key: &Key, run: u64, ctx: &mut Ctx<'_, Event>) {
        let Some(clients) = self.generators.by_key.get(key).filter(|c| c.run == run) else {
            return;
        };
        let count = clients.spec.clients.clamp(1, MOST_CLIENTS);
        let client = ctx.rng(STREAM).below(u64::from(count)) as u32;
        let number = clients.first.wrapping_add(client);
        let launch = Launch {
            owner: Owner::Traffic(key.clone()),
            client,
            from: client_address(number),
            node: self.objects.some_node(number as usize),
            namespace: (&key.namespace).into(),
            url: clients.url.clone(),
            host: clients.url.authority().into(),
            method: "GET".into(),
            token: "".into(),
            body: "".into(),
            timeout: millis(clients.spec.timeout_millis.max(1)),
        };
        let wait = pause(&clients.spec, ctx);
        let traffic = key.clone();
        ctx.after(wait, Event::Send { traffic, run });
        self.launch(launch, ctx);
    }
}

/// How long until the next request.
fn pause(spec: &TrafficSpec, ctx: &mut Ctx<'_, Event>) -> Duration {
    let mean = 1_000_000_000 / u64::from(spec.rate.clamp(1, MOST_RATE));
    Duration::from_nanos(ctx.rng(STREAM).between(mean / 2, mean + mean / 2))
}
