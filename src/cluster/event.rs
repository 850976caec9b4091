//! The closed list of what can happen.

use super::faults::{self, Faults};
use crate::apiserver::WatcherId;
use crate::client::Component;
use crate::client::wire::Packet;
use crate::controllers::{self, Controllers};
use crate::kubelet::{self, Kubelet};
use crate::network::{self, Network};
use crate::scheduler::{self, Scheduler};

/// An event of the simulation.
#[derive(Clone)]
pub enum Event {
    /// The next watch event of a watcher arrives.
    Deliver(WatcherId),
    /// A lease in the store ends.
    Expire,
    /// A packet arrives at its node, or back at its sender.
    Packet(Packet),
    Controllers(controllers::Event),
    Scheduler(scheduler::Event),
    Network(network::Event),
    /// By the kubelet's position among the nodes, and by the life of the machine in which it was
    /// scheduled.
    Kubelet(u32, u32, kubelet::Event),
    Faults(faults::Event),
}

impl Event {
    /// What the event is called in the trace.
    pub fn label(&self) -> &'static str {
        match self {
            Event::Deliver(_) => "watch",
            Event::Expire => "lease ends",
            Event::Packet(Packet::Request(_)) => "request",
            Event::Packet(Packet::Reply(_)) => "reply",
            Event::Packet(Packet::Call(_)) => "call",
            Event::Packet(Packet::Called(_)) => "called",
            Event::Controllers(event) => Controllers::label(event),
            Event::Scheduler(event) => Scheduler::label(event),
            Event::Network(event) => Network::label(event),
            Event::Kubelet(_, _, event) => Kubelet::label(event),
            Event::Faults(event) => Faults::label(event),
        }
    }
}
