//! Binding a pod to a node: what the scheduler does once it has decided.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/pod/storage/storage.go` BindingREST. It goes past
//! the rules for updates: nothing but the node and the condition changes.

use std::rc::Rc;

use k8s_openapi::Shared;
use k8s_openapi::api::core::v1::{Binding, Pod, PodCondition};

use super::store::Expect;
use super::store::Place;
use super::{ApiServer, Caller, Stored, WriteOptions};
use crate::api::field::{Errors, Path, quote};
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result, Status};
use crate::sim::Kernel;

impl ApiServer {
    /// Binds a pod to `node`. `uid` may name the pod that is meant; empty for any.
    ///
    /// # Errors
    /// 404 when there is no such pod; 409 when it is bound already, is being deleted, has gates,
    /// or is another pod of the same name.
    pub fn bind_pod(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        key: &Key,
        uid: &str,
        node: &str,
    ) -> Result<Rc<Pod>> {
        let options = WriteOptions::default();
        self.bind_to(
            kernel,
            caller,
            (&key.namespace, &key.name),
            uid,
            node,
            &options,
            |_| {},
        )
    }

    pub(super) fn bind(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        namespace: &str,
        name: &str,
        binding: &Binding,
        options: &WriteOptions,
    ) -> Result<Rc<Pod>> {
        let mut errors = Errors::default();
        let target = Path::new("target");
        let kind = binding.target.kind.as_deref().unwrap_or_default();
        if !matches!(kind, "" | "Node") {
            let known = ["Node", "<empty>"];
            errors.not_supported_raw(&target.child("kind"), &quote(kind), &known);
        }
        let node = binding.target.name.as_deref().unwrap_or_default();
        if node.is_empty() {
            errors.required(&target.child("name"), "");
        }
        if !errors.is_empty() {
            let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
            let message = format!("Binding \"{name}\" is invalid: {}", texts.join(", "));
            return Err(Status::new(422, "Invalid", message));
        }
        let uid = binding.metadata.uid.as_deref().unwrap_or_default();
        let annotations = binding.metadata.annotations.clone();
        let labels = binding.metadata.labels.clone();
        self.bind_to(
            kernel,
            caller,
            (namespace, name),
            uid,
            node,
            options,
            |pod| {
                if let Some(annotations) = annotations {
                    let kept = pod.metadata.annotations.get_or_insert_default();
                    kept.extend(annotations);
                }
                if let Some(labels) = labels {
                    let kept = pod.metadata.labels.get_or_insert_default();
                    kept.extend(labels);
                }
            },
        )
    }

    #[expect(clippy::too_many_arguments, reason = "both callers are above")]
    fn bind_to(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        (namespace, name): (&str, &str),
        uid: &str,
        node: &str,
        options: &WriteOptions,
        also: impl FnOnce(&mut Pod),
    ) -> Result<Rc<Pod>> {
        let info = Pod::KIND.info();
        let old = self
            .store
            .get(&Place::new(Pod::KIND, namespace, name))
            .map(Stored::object)
            .ok_or_else(|| Status::not_found(info, name))?;
        let revision = old.revision();
        let mut object = old;
        if !uid.is_empty() && object.uid() != uid {
            return Err(conflict(
                name,
                &format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    object.uid()
                ),
            ));
        }
        if object.is_deleting() {
            let detail = format!("pod {name} is being deleted, cannot be assigned to a host");
            return Err(conflict(name, &detail));
        }
        let Some(pod) = object.edit::<Pod>() else {
            return Err(Status::not_found(info, name));
        };
        let spec = pod.spec.get_or_insert_default();
        if let Some(bound) = spec.node_name.as_deref().filter(|n| !n.is_empty()) {
            let detail = format!("pod {name} is already assigned to node \"{bound}\"");
            return Err(conflict(name, &detail));
        }
        if spec
            .scheduling_gates
            .as_ref()
            .is_some_and(|g| !g.is_empty())
        {
            let detail = format!("pod {name} has non-empty .spec.schedulingGates");
            return Err(conflict(name, &detail));
        }
        spec.node_name = Some(node.to_owned());
        let status = pod.status.get_or_insert_default();
        status.nominated_node_name = None;
        scheduled(
            status.conditions.get_or_insert_default(),
            api_time(kernel.now),
        );
        also(pod);
        self.label_topology(pod);
        self.conditions.share(pod);
        if !options.dry_run {
            object = self
                .put(kernel, caller, "bind", object, Expect::Revision(revision))
                .ok_or_else(|| Status::modified(info, name))?;
        }
        let pod = object.get::<Pod>().cloned();
        pod.ok_or_else(|| Status::not_found(info, name))
    }
}

/// Says that the pod has a node.
fn scheduled(
    conditions: &mut Vec<Shared<PodCondition>>,
    now: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
) {
    let condition = PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "True".to_owned(),
        last_transition_time: Some(now),
        ..PodCondition::default()
    };
    match conditions.iter_mut().find(|c| c.type_ == "PodScheduled") {
        Some(old) if old.status == "True" => {}
        Some(old) => *old = condition.into(),
        None => conditions.push(condition.into()),
    }
}

fn conflict(name: &str, detail: &str) -> Box<Status> {
    let message = format!("Operation cannot be fulfilled on pods/binding \"{name}\": {detail}");
    let mut status = Status::new(409, "Conflict", message);
    status.name = name.to_owned();
    status.kind = "pods/binding".to_owned();
    status
}
