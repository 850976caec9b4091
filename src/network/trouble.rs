//! What faults make of a connection: it gets no answer, or takes longer.

use std::time::Duration;

use super::exchange::{Launch, Owner};
use super::way::Way;
use super::{Event, Network, latency};
use crate::client::Ctx;
use crate::client::world::{Effect, Place};

impl Network {
    /// What faults make of a way, and how much longer it takes.
    pub(super) fn troubled(
        &self,
        way: Way,
        launch: &Launch,
        ctx: &mut Ctx<'_, Event>,
    ) -> (Way, Duration) {
        let world = ctx.world;
        let Way::To(endpoint) = way else {
            return (way, Duration::ZERO);
        };
        // Clients that are no process of a pod live beside the nodes.
        let (node, pod) = match &launch.owner {
            Owner::Process(node, ..) => {
                let home = self.objects.home(&launch.from);
                (&**node, home.map(|home| &home.pod))
            }
            _ => ("", None),
        };
        let off_node = *node != *endpoint.node;
        let dark = world.off.contains(&endpoint.node)
            || (off_node && (world.is_dark(&endpoint.node) || world.is_dark(node)));
        if dark {
            return (Way::Silence, Duration::ZERO);
        }
        let mut slower = Duration::ZERO;
        if !world.links.is_empty() {
            let from = Place { node, pod };
            let to = Place {
                node: &endpoint.node,
                pod: endpoint.pod.as_ref(),
            };
            for link in world.between(ctx.server, from, to) {
                let Effect::Slow {
                    latency,
                    loss_per_mille,
                } = link.effect
                else {
                    return (Way::Silence, Duration::ZERO);
                };
                slower += latency;
                let mut wait = latency::RETRANSMIT;
                for _ in 0..latency::RETRANSMISSIONS {
                    if !ctx.kernel.rng(&link.stream).chance(loss_per_mille) {
                        break;
                    }
                    slower += wait;
                    wait *= 2;
                }
            }
        }
        (Way::To(endpoint), slower)
    }
}
