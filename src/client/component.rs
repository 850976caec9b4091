//! What the cluster needs of a part of it: a value that is told things and acts through its `Ctx`.

use super::{Ctx, wire::Packet};
use crate::apiserver::WatchEvent;

/// A component of the cluster: a state machine, never a task.
pub trait Component: Clone {
    /// What the component schedules for itself.
    type Event: Clone;

    /// Called once, when the component's process starts: registers its watches.
    fn start(&mut self, ctx: &mut Ctx<'_, Self::Event>);

    /// A watch event has reached the component.
    fn watched(&mut self, event: WatchEvent, ctx: &mut Ctx<'_, Self::Event>);

    /// An event that the component scheduled is due.
    fn handle(&mut self, event: Self::Event, ctx: &mut Ctx<'_, Self::Event>);

    /// A packet has arrived over the simulated network.
    fn received(&mut self, _packet: Packet, _ctx: &mut Ctx<'_, Self::Event>) {}

    /// Whether an event belongs to the world and not to the component's process: it happens though
    /// the process stands still.
    fn is_physical(_event: &Self::Event) -> bool {
        false
    }

    /// What an event is called in the trace and in the causes: one or two words.
    fn label(event: &Self::Event) -> &'static str;
}
