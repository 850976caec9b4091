//! Faults as objects: while a Fault exists, and its schedule says so, the world is as it says.
//!
//! This component only keeps the time of each fault and tells what it acts on; [`world`] makes the
//! world of the faults that act, and [`acts`] brings the cluster to it and back.

mod acts;
mod world;

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::api::play::{Fault, FaultPods, FaultSpec, FaultStatus, parse_duration};
use crate::api::selector::Selector;
use crate::api::time::api_time;
use crate::api::{Key, Resource};
use crate::apiserver::{EventType, WatchEvent, WriteOptions};
use crate::client::{Component, Ctx};
use crate::sim::Time;
use crate::sim::ordered::Map as BTreeMap;

pub(super) use acts::Applied;
pub(super) use world::Troubles;

/// How many objects a status names.
const MOST_AFFECTED: usize = 32;

/// A Fault that was seen.
#[derive(Clone)]
struct Known {
    uid: Rc<str>,
    spec: Rc<FaultSpec>,
    /// Which of its lives: a change of the spec starts a new one.
    run: u64,
    since: Option<Time>,
    until: Option<Time>,
    over: bool,
    strikes: u64,
}

impl Known {
    fn is_active(&self) -> bool {
        self.since.is_some() && !self.over
    }
}

/// Containers that are to end now.
#[derive(Clone)]
pub(super) struct Strike {
    pub pod: Rc<Pod>,
    /// The first when empty.
    pub container: String,
    /// `None` for lack of memory.
    pub code: Option<i32>,
}

#[derive(Clone, Default)]
pub struct Faults {
    known: BTreeMap<Rc<str>, Known>,
    runs: u64,
    /// Something has begun or ended.
    changed: bool,
    strikes: Vec<Strike>,
}

#[derive(Clone)]
pub enum Event {
    Begin(Rc<str>, u64),
    End(Rc<str>, u64),
    Strike(Rc<str>, u64),
}

fn span(text: &str) -> Option<Duration> {
    parse_duration(text).map(Duration::from_nanos)
}

impl Component for Faults {
    type Event = Event;

    fn start(&mut self, ctx: &mut Ctx<'_, Event>) {
        ctx.watch::<Fault>();
    }

    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Event>) {
        let Some(fault) = event.object.get::<Fault>().cloned() else {
            return;
        };
        let name: Rc<str> = fault.name().into();
        let known = self.known.get(&name);
        if event.event == EventType::Deleted {
            self.changed |= known.is_some_and(Known::is_active);
            self.known.remove(&name);
            return;
        }
        if known.is_some_and(|k| *k.uid == *fault.uid() && *k.spec == fault.spec) {
            return;
        }
        self.changed |= known.is_some_and(Known::is_active);
        self.runs += 1;
        let run = self.runs;
        let known = Known {
            uid: fault.uid().into(),
            spec: Rc::new(fault.spec.clone()),
            run,
            since: None,
            until: None,
            over: false,
            strikes: 0,
        };
        self.known.insert(name.clone(), known);
        match span(&fault.spec.start_after).filter(|wait| !wait.is_zero()) {
            Some(wait) => {
                ctx.after(wait, Event::Begin(name.clone(), run));
                self.report(&name, ctx);
            }
            None => self.begin(&name, run, ctx),
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_, Event>) {
        match event {
            Event::Begin(name, run) => self.begin(&name, run, ctx),
            Event::End(name, run) => self.end(&name, run, ctx),
            Event::Strike(name, run) => self.strike(&name, run, ctx),
        }
    }

    fn label(event: &Event) -> &'static str {
        match event {
            Event::Begin(..) => "fault begins",
            Event::End(..) => "fault ends",
            Event::Strike(..) => "fault strikes",
        }
    }
}

impl Faults {
    /// The faults that act now, by name.
    pub(super) fn active(&self) -> impl Iterator<Item = (&Rc<str>, &FaultSpec)> {
        let all = self.known.iter().filter(|(_, k)| k.is_active());
        all.map(|(name, known)| (name, &*known.spec))
    }

    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn take_strikes(&mut self) -> Vec<Strike> {
        std::mem::take(&mut self.strikes)
    }

    fn current(&mut self, name: &str, run: u64) -> Option<&mut Known> {
        self.known.get_mut(name).filter(|k| k.run == run)
    }

    fn begin(&mut self, name: &Rc<str>, run: u64, ctx: &mut Ctx<'_, Event>) {
        let now = ctx.now();
        let Some(known) = self.current(name, run) else {
            return;
        };
        let lasts = span(&known.spec.duration);
        known.since = Some(now);
        known.until = lasts.map(|lasts| now + lasts);
        let strikes = matches!(known.spec.type_.as_str(), "ContainerCrash" | "ContainerOOM");
        record(ctx, name, "fault begins", &known.spec.type_.clone());
        if let Some(lasts) = lasts {
            ctx.after(lasts, Event::End(name.clone(), run));
        }
        self.changed = true;
        match strikes {
            true => self.strike(name, run, ctx),
            false => self.report(name, ctx),
        }
    }

    fn end(&mut self, name: &Rc<str>, run: u64, ctx: &mut Ctx<'_, Event>) {
        let Some(known) = self.current(name, run) else {
            return;
        };
        known.over = true;
        record(ctx, name, "fault ends", &known.spec.type_.clone());
        self.changed = true;
        self.report(name, ctx);
    }

    /// Makes containers end.
    fn strike(&mut self, name: &Rc<str>, run: u64, ctx: &mut Ctx<'_, Event>) {
        let Some(known) = self.current(name, run).filter(|k| k.is_active()) else {
            return;
        };
        let spec = known.spec.clone();
        let code = (spec.type_ == "ContainerCrash").then(|| spec.exit_code.unwrap_or(1));
        let pods = spec.pods.as_ref().map(|pods| pods_of(pods, ctx));
        let pods = pods.unwrap_or_default();
        known.strikes += pods.len() as u64;
        if let Some(every) = span(&spec.every).filter(|every| !every.is_zero()) {
            ctx.after(every, Event::Strike(name.clone(), run));
        }
        record(ctx, name, "fault strikes", &spec.type_);
        self.strikes.extend(pods.into_iter().map(|pod| Strike {
            pod,
            container: spec.container.clone(),
            code,
        }));
        self.report(name, ctx);
    }

    fn report(&mut self, name: &Rc<str>, ctx: &mut Ctx<'_, Event>) {
        let Some(known) = self.known.get(name) else {
            return;
        };
        let phase = match (known.since, known.over) {
            (None, _) => "Waiting",
            (Some(_), false) => "Active",
            (Some(_), true) => "Over",
        };
        let affects = match known.since {
            Some(_) => affected(&known.spec, ctx),
            None => Vec::new(),
        };
        let status = FaultStatus {
            phase: phase.to_owned(),
            since: known.since.map(api_time),
            until: known.until.map(api_time),
            affects,
            strikes: known.strikes,
        };
        let uid = known.uid.clone();
        // It may be gone by now.
        let _ = ctx.patch::<Fault>(&Key::new("", name), &WriteOptions::STATUS, |fault| {
            if *fault.uid() == *uid {
                fault.status = status;
            }
        });
    }
}

/// What follows is caused by the fault.
fn record(ctx: &mut Ctx<'_, Event>, name: &Rc<str>, verb: &'static str, note: &str) {
    let subject: Rc<str> = format!("Fault {name}").into();
    let actor: Rc<str> = "faults".into();
    ctx.kernel.cause = ctx.kernel.record(&actor, verb, subject, 0, note);
}

fn selector_of(pods: &FaultPods) -> Selector {
    match &pods.selector {
        None => Selector::everything(),
        // The API server refuses selectors that cannot be read.
        some => Selector::from_api(some.as_ref()).unwrap_or_else(|_| Selector::nothing()),
    }
}

fn namespace_of(pods: &FaultPods) -> &str {
    match pods.namespace.as_str() {
        "" => "default",
        name => name,
    }
}

/// The pods that are bound to a node, and have not ended.
fn pods_of(pods: &FaultPods, ctx: &Ctx<'_, Event>) -> Vec<Rc<Pod>> {
    let selector = selector_of(pods);
    let empty = std::collections::BTreeMap::new();
    let mut found = ctx.list::<Pod>(Some(namespace_of(pods)));
    found.retain(|pod| {
        let spec = pod.spec.as_ref();
        let bound = spec.is_some_and(|s| s.node_name.as_ref().is_some_and(|n| !n.is_empty()));
        let labels = pod.metadata.labels.as_ref().unwrap_or(&empty);
        bound && selector.matches(labels)
    });
    found
}

fn affected(spec: &FaultSpec, ctx: &Ctx<'_, Event>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut side = |nodes: &[String], pods: Option<&FaultPods>| {
        all.extend(nodes.iter().map(|n| format!("node/{n}")));
        for pod in pods.map(|pods| pods_of(pods, ctx)).unwrap_or_default() {
            all.push(format!("pod/{}", pod.key()));
        }
    };
    side(&spec.nodes, spec.pods.as_ref());
    if let Some(to) = &spec.to {
        side(&to.nodes, to.pods.as_ref());
    }
    all.extend(spec.components.iter().map(|c| format!("component/{c}")));
    all.extend(spec.images.iter().map(|i| format!("image/{i}")));
    let more = all.len().saturating_sub(MOST_AFFECTED);
    all.truncate(MOST_AFFECTED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}
