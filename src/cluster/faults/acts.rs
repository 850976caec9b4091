//! Brings the cluster to the world of the faults that act, and back when they end.

use std::rc::Rc;
use std::time::Duration;

use super::Strike;
use super::world::Troubles;
use crate::api::Kind;
use crate::apiserver::WatchState;
use crate::cluster::{CONTROLLERS, Cluster, FIRST_KUBELET, NETWORK, SCHEDULER};
use crate::kubelet::Exit;
use crate::sim::ordered::Set as BTreeSet;

/// What of the faults was brought about.
#[derive(Clone, Default)]
pub struct Applied {
    off: BTreeSet<Rc<str>>,
    /// Kubelets that cannot reach the API server, for one reason or another.
    offline: BTreeSet<Rc<str>>,
    /// Whether anything is wrong at all.
    any: bool,
}

impl Cluster {
    /// Takes in what the faults have come to.
    pub(in crate::cluster) fn apply_faults(&mut self) {
        for strike in Rc::make_mut(&mut self.faults.component).take_strikes() {
            self.strike(&strike);
        }
        if !Rc::make_mut(&mut self.faults.component).take_changed() {
            return;
        }
        self.bring_about();
    }

    /// Brings the processes to what faults and people have made of the world.
    pub(in crate::cluster) fn bring_about(&mut self) {
        let mut troubles = self.faults.component.troubles();
        self.machines.trouble(&mut troubles);
        self.world = troubles.world.clone();
        self.pause(&troubles);
        self.power(&troubles);
        self.watches(&troubles);
        self.reconnect(&troubles);
        self.applied.any = !self.world_is_well(&troubles);
    }

    fn world_is_well(&self, troubles: &Troubles) -> bool {
        let world = &troubles.world;
        let still = troubles.pauses.is_empty() && !troubles.deaf;
        world.off.is_empty() && world.cut.is_empty() && still
    }

    /// Whether anything that stops machines or processes acts now.
    pub fn is_disturbed(&self) -> bool {
        self.applied.any
    }

    fn strike(&mut self, strike: &Strike) {
        let spec = strike.pod.spec.as_ref();
        let node = spec.and_then(|s| s.node_name.as_deref());
        let mut nodes = self.config.nodes.iter();
        let Some(i) = nodes.position(|n| Some(n.name.as_str()) == node) else {
            return;
        };
        let exit = strike.code.map_or(Exit::OUT_OF_MEMORY, Exit::with);
        let uid: Rc<str> = strike.pod.metadata.uid.as_deref().unwrap_or("").into();
        self.on_node(i, |kubelet, ctx| {
            kubelet.harm(&uid, &strike.container, exit, ctx);
        });
    }

    /// Processes that stand still, and those whose requests take longer.
    fn pause(&mut self, troubles: &Troubles) {
        let means = |component: &str, node: &str| {
            let mut all = troubles.pauses.iter();
            all.any(|reach| reach.means(component, node))
        };
        let slow = |component: &str, node: &str| {
            let all = troubles.slow.iter();
            let all = all.filter(|(reach, _)| reach.means(component, node));
            all.map(|(_, latency)| *latency)
                .max()
                .unwrap_or(Duration::ZERO)
        };
        self.controllers.paused = means("kube-controller-manager", "");
        self.scheduler.paused = means("kube-scheduler", "");
        self.network.paused = means("kube-proxy", "");
        self.scheduler.slow = slow("kube-scheduler", "");
        for i in 0..self.kubelets.len() {
            let name = self.config.nodes.get(i).map_or("", |n| n.name.as_str());
            let (paused, slow) = (means("kubelet", name), slow("kubelet", name));
            if let Some(part) = self.kubelets.get_mut(i) {
                part.paused = paused;
                part.slow = slow;
            }
        }
        self.release();
        // Controllers that were paused find what has gathered in their queues.
        self.on_controllers(|controllers, ctx| controllers.wake(ctx));
    }

    /// Machines lose their power, or get it back.
    fn power(&mut self, troubles: &Troubles) {
        let before = std::mem::replace(&mut self.applied.off, troubles.world.off.clone());
        for i in 0..self.kubelets.len() {
            let name = self.config.nodes.get(i).map_or("", |n| n.name.as_str());
            let name: Rc<str> = name.into();
            let (was, is) = (before.contains(&name), troubles.world.off.contains(&name));
            if was == is {
                continue;
            }
            let subscriber = FIRST_KUBELET + i as u32;
            if is {
                self.on_node(i, |kubelet, ctx| kubelet.lose_power(ctx));
                self.server.drop_watches(subscriber);
                if let Some(part) = self.kubelets.get_mut(i) {
                    // What it had scheduled belongs to a life that is over.
                    part.boot += 1;
                    part.held.clear();
                    part.offline = true;
                }
                self.applied.offline.insert(name);
            } else {
                if let Some(part) = self.kubelets.get_mut(i) {
                    part.boot += 1;
                    part.offline = false;
                }
                self.applied.offline.remove(&name);
                self.on_node(i, |kubelet, ctx| kubelet.boot(ctx));
            }
        }
    }

    /// Watches that bring nothing, or bring it late.
    fn watches(&mut self, troubles: &Troubles) {
        let nodes = &self.config.nodes;
        let node_of = |subscriber: u32| -> &str {
            let i = subscriber.checked_sub(FIRST_KUBELET).map(|i| i as usize);
            i.and_then(|i| nodes.get(i)).map_or("", |n| n.name.as_str())
        };
        let state = |subscriber: u32, kind: Kind| {
            let (component, node) = match subscriber {
                CONTROLLERS => ("kube-controller-manager", ""),
                SCHEDULER => ("kube-scheduler", ""),
                NETWORK => ("kube-proxy", ""),
                _ => ("kubelet", node_of(subscriber)),
            };
            let info = kind.info();
            if troubles.deaf {
                return WatchState::Stuck;
            }
            // Where pods and nodes are is no matter of kube-proxy's knowledge.
            let proxies = matches!(info.plural, "services" | "endpointslices");
            if component == "kube-proxy" && !proxies {
                return WatchState::Open;
            }
            let cut = component == "kubelet" && troubles.world.cut.contains(node);
            let paused = component != "kube-proxy"
                && troubles.pauses.iter().any(|r| r.means(component, node));
            let mut state = match cut || paused {
                true => WatchState::Stuck,
                false => WatchState::Open,
            };
            for (reach, resources, late) in &troubles.watches {
                let concerned =
                    resources.is_empty() || resources.iter().any(|r| **r == *info.plural);
                if !concerned || !reach.means(component, node) {
                    continue;
                }
                state = match (late, state) {
                    (None, _) | (_, WatchState::Stuck) => WatchState::Stuck,
                    (Some(by), WatchState::Late(other)) => WatchState::Late(other.max(*by)),
                    (Some(by), WatchState::Open) => WatchState::Late(*by),
                };
            }
            state
        };
        self.server.set_watches(&mut self.kernel, &state);
    }

    /// Kubelets that cannot reach the API server, or can again.
    fn reconnect(&mut self, troubles: &Troubles) {
        for i in 0..self.kubelets.len() {
            let name = self.config.nodes.get(i).map_or("", |n| n.name.as_str());
            let world = &troubles.world;
            let paused = troubles.pauses.iter().any(|r| r.means("kubelet", name));
            let is = world.is_dark(name) || paused || troubles.deaf;
            let name: Rc<str> = name.into();
            let was = match is {
                true => !self.applied.offline.insert(name),
                false => self.applied.offline.remove(&name),
            };
            if let Some(part) = self.kubelets.get_mut(i) {
                part.offline = is;
            }
            if was && !is {
                self.on_node(i, |kubelet, ctx| kubelet.reconnected(ctx));
            }
        }
    }
}
