//! What the tests of the network share: objects from a line of YAML.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::Value;

use crate::api::Resource;

pub fn object<T: Resource>(yaml: &str) -> Rc<T> {
    let value: Value = serde_yaml::from_str(yaml).unwrap_or_else(|e| panic!("{e}: {yaml}"));
    let (object, _) = T::KIND
        .decode(&value)
        .unwrap_or_else(|_| panic!("not decoded: {yaml}"));
    object
        .get::<T>()
        .expect("the kind that was decoded")
        .clone()
}

pub fn service(yaml: &str) -> Rc<Service> {
    object(yaml)
}

pub fn slice(yaml: &str) -> Rc<EndpointSlice> {
    object(yaml)
}
