//! The world of the faults that act now.

use std::rc::Rc;
use std::time::Duration;

use super::{Faults, namespace_of, selector_of};
use crate::api::play::{CONTROLLERS, FaultPods, FaultSpec};
use crate::client::world::{Effect, Link, Outage, Side, World};
use crate::sim::millis;

/// What the faults do to the processes of the cluster, beside what they do to the world.
#[derive(Clone, Default)]
pub struct Troubles {
    pub world: World,
    /// Processes that stand still, and the nodes that are meant; all when none is named.
    pub pauses: Vec<Reach>,
    /// Watches from which no event comes, or comes late.
    pub watches: Vec<(Reach, Vec<Rc<str>>, Option<Duration>)>,
    /// The API server answers nobody.
    pub deaf: bool,
    /// Processes whose requests take longer.
    pub slow: Vec<(Reach, Duration)>,
}

/// A process, and on which nodes.
#[derive(Clone)]
pub struct Reach {
    pub component: Rc<str>,
    pub nodes: Vec<Rc<str>>,
}

impl Reach {
    /// Whether a process is meant: the kubelet of `node`, or one of the control plane.
    pub fn means(&self, component: &str, node: &str) -> bool {
        *self.component == *component
            && (component != "kubelet"
                || self.nodes.is_empty()
                || self.nodes.iter().any(|n| **n == *node))
    }
}

fn texts(list: &[String]) -> Vec<Rc<str>> {
    list.iter().map(|text| text.as_str().into()).collect()
}

fn side(nodes: &[String], pods: Option<&FaultPods>) -> Side {
    Side {
        nodes: texts(nodes),
        pods: pods.map(|p| (namespace_of(p).into(), Rc::new(selector_of(p)))),
    }
}

impl Faults {
    pub(in crate::cluster) fn troubles(&self) -> Troubles {
        let mut all = Troubles::default();
        for (name, spec) in self.active() {
            all.add(name, spec);
        }
        all
    }
}

impl Troubles {
    /// A process stands still: of every node when none is named.
    pub fn pause(&mut self, component: &str, node: Option<&Rc<str>>) {
        self.pauses.push(Reach {
            component: component.into(),
            nodes: node.into_iter().cloned().collect(),
        });
    }

    fn add(&mut self, name: &str, spec: &FaultSpec) {
        let latency = millis(spec.latency_millis);
        let world = &mut self.world;
        let reach = |component: &String| Reach {
            component: component.as_str().into(),
            nodes: texts(&spec.nodes),
        };
        match spec.type_.as_str() {
            "NodeCrash" => world.off.extend(texts(&spec.nodes)),
            // The network of whole nodes: their kubelets are cut off as well.
            "NetworkCut" if spec.to.is_none() && spec.pods.is_none() => {
                world.cut.extend(texts(&spec.nodes));
            }
            "NetworkCut" | "SlowNetwork" => world.links.push(Link {
                stream: format!("fault/{name}").into(),
                a: side(&spec.nodes, spec.pods.as_ref()),
                b: spec.to.as_ref().map(|to| side(&to.nodes, to.pods.as_ref())),
                effect: match spec.type_.as_str() {
                    "NetworkCut" => Effect::Cut,
                    _ => Effect::Slow {
                        latency,
                        loss_per_mille: spec.loss_per_mille,
                    },
                },
            }),
            "RegistryOutage" => world.outages.push(Outage {
                images: texts(&spec.images),
                nodes: texts(&spec.nodes),
                failure: spec.failure.as_str().into(),
            }),
            "Pause" => {
                for component in &spec.components {
                    if CONTROLLERS.contains(&component.as_str()) {
                        world.paused.insert(component.as_str().into());
                    } else {
                        self.pauses.push(reach(component));
                    }
                }
            }
            "SlowAPI" => {
                for component in &spec.components {
                    match component.as_str() {
                        "kube-controller-manager" => {
                            for name in CONTROLLERS {
                                raise(world, name, latency);
                            }
                        }
                        name if CONTROLLERS.contains(&name) => raise(world, name, latency),
                        _ => self.slow.push((reach(component), latency)),
                    }
                }
            }
            "StuckWatch" => {
                let late = (!latency.is_zero()).then_some(latency);
                for component in &spec.components {
                    let resources = texts(&spec.resources);
                    self.watches.push((reach(component), resources, late));
                }
            }
            _ => {}
        }
    }
}

fn raise(world: &mut World, name: &str, latency: Duration) {
    let old = world.slow.get(name).copied().unwrap_or_default();
    world.slow.insert(name.into(), old.max(latency));
}
