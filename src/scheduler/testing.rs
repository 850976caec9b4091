//! What the tables of plugin tests share: pods, nodes and caches from a line of YAML.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Node, Pod, Service};
use serde_json::Value;

use super::cache::SchedulerCache;
use super::nodeinfo::NodeInfo;
use super::podinfo::PodInfo;
use crate::api::{Object, Resource};
use crate::apiserver::{EventType, WatchEvent};
use crate::sim::CauseId;

fn object<T: Resource>(yaml: &str) -> Rc<T> {
    let value: Value = serde_yaml::from_str(yaml).unwrap_or_else(|e| panic!("{e}: {yaml}"));
    let (object, unknown) = T::KIND
        .decode(&value)
        .unwrap_or_else(|_| panic!("not decoded: {yaml}"));
    let unknown: Vec<_> = unknown.iter().filter(|p| !p.ends_with("kind")).collect();
    assert!(unknown.is_empty(), "{unknown:?}: {yaml}");
    object
        .get::<T>()
        .expect("the kind that was decoded")
        .clone()
}

/// A pod, in `default` unless it says otherwise; its uid is its name.
pub fn pod(yaml: &str) -> Rc<PodInfo> {
    let mut pod = (*object::<Pod>(yaml)).clone();
    pod.metadata.uid = pod.metadata.name.clone();
    pod.metadata.namespace.get_or_insert("default".to_owned());
    PodInfo::new(&Rc::new(pod))
}

pub fn node(yaml: &str) -> NodeInfo {
    let node = object::<Node>(yaml);
    let mut info = NodeInfo::named(0, node.name());
    info.set_node(Some(node));
    info
}

pub fn cache(nodes: &[&str]) -> SchedulerCache {
    let mut cache = SchedulerCache::default();
    for yaml in nodes {
        cache.set_node(&object::<Node>(yaml));
    }
    cache
}

pub fn service(cache: &mut SchedulerCache, yaml: &str) {
    let object: Object = Service::into_object(object::<Service>(yaml));
    cache.services.apply(&WatchEvent {
        event: EventType::Added,
        object,
        revision: 1,
        cause: CauseId::NONE,
    });
}
