//! What goes wrong around the components: the part of the simulated world that faults change.
//!
//! Whoever handles an event can look at it; only the composition root changes it.

use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use crate::api::selector::Selector;
use crate::api::{Key, Resource};
use crate::apiserver::ApiServer;
use crate::sim::ordered::{Map as BTreeMap, Set as BTreeSet};

/// The world as it is now; the default is one in which nothing is wrong.
#[derive(Clone, Default)]
pub struct World {
    /// Machines without power.
    pub off: BTreeSet<Rc<str>>,
    /// Machines whose network leads nowhere.
    pub cut: BTreeSet<Rc<str>>,
    pub links: Vec<Link>,
    pub outages: Vec<Outage>,
    /// Controllers that do nothing, by the name that the flag `--controllers` gives them.
    pub paused: BTreeSet<Rc<str>>,
    /// How much longer a request to the API server takes, by the name of the controller.
    pub slow: BTreeMap<Rc<str>, Duration>,
}

/// A rule for what travels between two ends, in either direction.
#[derive(Clone)]
pub struct Link {
    /// The random stream that decides what is lost.
    pub stream: Rc<str>,
    pub a: Side,
    /// Everything that is not `a` when absent.
    pub b: Option<Side>,
    pub effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Cut,
    Slow {
        latency: Duration,
        loss_per_mille: u32,
    },
}

/// One end of a link: what is on some nodes, or some pods.
#[derive(Clone, Default)]
pub struct Side {
    pub nodes: Vec<Rc<str>>,
    pub pods: Option<(Rc<str>, Rc<Selector>)>,
}

/// Somebody on the network.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    pub node: &'p str,
    pub pod: Option<&'p Key>,
}

/// A registry that does not answer as it should.
#[derive(Clone)]
pub struct Outage {
    /// Names of images without tag; `*` stands for any text.
    pub images: Vec<Rc<str>>,
    /// The nodes that feel it; all when empty.
    pub nodes: Vec<Rc<str>>,
    pub failure: Rc<str>,
}

impl World {
    /// Whether a machine cannot be reached, nor reach anything.
    pub fn is_dark(&self, node: &str) -> bool {
        self.off.contains(node) || self.cut.contains(node)
    }

    /// What becomes of a packet between two places.
    pub fn between<'w>(
        &'w self,
        server: &ApiServer,
        from: Place<'_>,
        to: Place<'_>,
    ) -> impl Iterator<Item = &'w Link> {
        let applies = |link: &Link| {
            let holds = |side: &Side, place: Place<'_>| side.holds(server, place);
            let way = |x: Place<'_>, y: Place<'_>| {
                holds(&link.a, x)
                    && match &link.b {
                        Some(b) => holds(b, y),
                        None => !holds(&link.a, y),
                    }
            };
            way(from, to) || way(to, from)
        };
        let found: Vec<bool> = self.links.iter().map(applies).collect();
        let all = self.links.iter().zip(found);
        all.filter(|(_, applies)| *applies).map(|(link, _)| link)
    }
}

impl Side {
    fn holds(&self, server: &ApiServer, place: Place<'_>) -> bool {
        if self.nodes.iter().any(|n| **n == *place.node) {
            return true;
        }
        let (Some((namespace, selector)), Some(key)) = (&self.pods, place.pod) else {
            return false;
        };
        *key.namespace == **namespace
            && server.get::<Pod>(key).is_some_and(|pod| {
                let labels = pod.meta().labels.clone().unwrap_or_default();
                selector.matches(&labels)
            })
    }
}
