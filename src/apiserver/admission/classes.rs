//! The class of an ingress, and the runtime class of a pod.
//!
//! Models `k8s.io/kubernetes/plugin/pkg/admission/network/defaultingressclass` and
//! `plugin/pkg/admission/runtimeclass`.

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::api::node::v1::RuntimeClass;

use super::requested_name;
use crate::api::{Key, Object, Resource, Result, Status};
use crate::apiserver::ApiServer;

const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const OLD_CLASS: &str = "kubernetes.io/ingress.class";

impl ApiServer {
    /// An ingress that names no class gets the default one.
    pub(super) fn admit_ingress_class(&self, object: &mut Object) {
        let Some(ingress) = object.edit::<Ingress>() else {
            return;
        };
        let annotations = ingress.metadata.annotations.as_ref();
        let old = annotations.is_some_and(|a| a.contains_key(OLD_CLASS));
        let Some(spec) = ingress
            .spec
            .as_mut()
            .filter(|s| s.ingress_class_name.is_none() && !old)
        else {
            return;
        };
        let classes = self.list::<IngressClass>(None);
        let chosen = classes
            .iter()
            .filter(|c| {
                let annotations = c.metadata.annotations.as_ref();
                annotations.and_then(|a| a.get(DEFAULT)).map(String::as_str) == Some("true")
            })
            .min_by_key(|c| {
                let made = c.metadata.creation_timestamp.as_ref().map(|t| t.0);
                (std::cmp::Reverse(made), c.name())
            });
        if let Some(class) = chosen {
            spec.ingress_class_name = Some(class.name().to_owned());
        }
    }

    /// What the runtime class of a pod adds to it.
    pub(super) fn admit_runtime_class(&self, object: &mut Object) -> Result<()> {
        let name = requested_name(object).to_owned();
        let refuse = |detail: &str| Err(Status::forbidden(Pod::KIND.info(), &name, detail));
        let Some(spec) = object.edit::<Pod>().and_then(|p| p.spec.as_mut()) else {
            return Ok(());
        };
        let mut class = None;
        if let Some(wanted) = &spec.runtime_class_name {
            class = self.get::<RuntimeClass>(&Key::new("", wanted));
            if class.is_none() {
                return refuse(&format!(
                    "pod rejected: RuntimeClass \"{wanted}\" not found"
                ));
            }
        }
        let overhead = class.as_ref().and_then(|c| c.overhead.as_ref());
        let overhead = overhead.and_then(|o| o.pod_fixed.clone());
        let given = spec.overhead.as_ref().is_some_and(|o| !o.is_empty());
        match overhead {
            Some(_) if given && spec.overhead != overhead => {
                return refuse(
                    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
                );
            }
            None if given => {
                return refuse(
                    "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
                );
            }
            Some(overhead) => spec.overhead = Some(overhead),
            None => {}
        }
        match class.as_ref().and_then(|c| c.scheduling.as_ref()) {
            Some(rules) => match schedule(spec, rules) {
                Some(conflict) => refuse(&conflict),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Adds what nodes the class is for; returns where the pod says otherwise.
fn schedule(spec: &mut PodSpec, rules: &k8s_openapi::api::node::v1::Scheduling) -> Option<String> {
    for (key, value) in rules.node_selector.iter().flatten() {
        let selector = spec.node_selector.get_or_insert_default();
        match selector.get(key) {
            Some(own) if own != value => {
                return Some(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
                ));
            }
            _ => {
                selector.insert(key.clone(), value.clone());
            }
        }
    }
    for toleration in rules.tolerations.iter().flatten() {
        let tolerations = spec.tolerations.get_or_insert_default();
        if !tolerations.contains(toleration) {
            tolerations.push(toleration.clone());
        }
    }
    None
}
