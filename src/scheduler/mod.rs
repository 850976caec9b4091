//! To be built.

use crate::apiserver::WatchEvent;
use crate::client::{Component, Ctx};

#[derive(Clone, Default)]
pub struct Scheduler {}

#[derive(Clone)]
pub enum Event {}

impl Component for Scheduler {
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
