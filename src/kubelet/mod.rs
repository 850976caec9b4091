//! To be built.

use std::rc::Rc;

use crate::apiserver::WatchEvent;
use crate::client::{Component, Ctx};

/// The machine that a kubelet runs on.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    pub name: Rc<str>,
    pub control_plane: bool,
    /// Position among the nodes: addresses follow from it.
    pub index: u8,
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    /// Whether images need no pull.
    pub images_present: bool,
}

#[derive(Clone)]
pub struct Kubelet {
    pub node: NodeSpec,
}

impl Kubelet {
    pub fn new(node: NodeSpec) -> Self {
        Kubelet { node }
    }
}

#[derive(Clone)]
pub enum Event {}

impl Component for Kubelet {
    type Event = Event;
    fn start(&mut self, _ctx: &mut Ctx<'_, Event>) {}
    fn watched(&mut self, _event: WatchEvent, _ctx: &mut Ctx<'_, Event>) {}
    fn handle(&mut self, event: Event, _ctx: &mut Ctx<'_, Event>) {
        match event {}
    }
    fn label(event: &Event) -> &'static str {
        match *event {}
    }
}
