//! Creating and deleting pods, in bounds (`daemon_controller.go` syncNodes).

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::manage::Plan;
use super::sync::Sync;
use super::template;
use crate::api::{Resource, Result, Status};
use crate::apiserver::DeleteOptions;
use crate::client::Involved;
use crate::controllers::replicaset::{
    create_pod, is_namespace_terminating, pod_from_template, slow_start,
};

/// How many pods one step creates, and how many it deletes, at most.
const BURST: usize = 250;
/// How many names a decision tells.
const TOLD: usize = 3;

impl Sync<'_, '_, '_> {
    /// Does what a plan says; what is beyond the bounds follows in later syncs.
    pub fn carry_out(&mut self, plan: &Plan) -> Result<()> {
        let create = &plan.create[..plan.create.len().min(BURST)];
        let delete = &plan.delete[..plan.delete.len().min(BURST)];
        let key = self.set.key();
        let now = self.scope.now();
        self.controller.expectations.forget(&key);
        if create.is_empty() && delete.is_empty() {
            return Ok(());
        }
        self.decide(&note(create, delete));
        let expectations = &mut self.controller.expectations;
        expectations.expect_creations(&key, create.len(), now);
        expectations.expect_deletions(&key, delete.iter().map(|p| p.uid()), now);
        let created = self.create_on(create);
        let deleted = self.delete_all(delete);
        created.and(deleted)
    }

    fn create_on(&mut self, nodes: &[Rc<str>]) -> Result<()> {
        let template = template::for_pods(&self.set, &self.hash);
        let mut next = nodes.iter();
        let (scope, controller, set) = (&mut *self.scope, &mut *self.controller, &self.set);
        let (created, outcome) = slow_start(nodes.len(), || {
            let Some(node) = next.next() else {
                return Ok(());
            };
            let mut pod = pod_from_template(&**set, Some(&template));
            if let Some(spec) = &mut pod.spec {
                template::tie_to(spec.affinity.get_or_insert_default(), node);
            }
            create_pod(scope, &mut controller.recorder, &**set, pod)
        });
        // What was not created will not be seen.
        let key = set.key();
        for _ in created..nodes.len() {
            controller.expectations.creation_observed(&key);
        }
        match outcome {
            Err(status) if is_namespace_terminating(&status) => Ok(()),
            outcome => outcome,
        }
    }

    fn delete_all(&mut self, pods: &[Rc<Pod>]) -> Result<()> {
        let key = self.set.key();
        let about = Involved::of(&*self.set);
        let mut failure: Option<Box<Status>> = None;
        for pod in pods {
            let options = DeleteOptions::default();
            let deleted = self.scope.ctx.delete::<Pod>(&pod.key(), &options);
            let recorder = &mut self.controller.recorder;
            match deleted {
                Ok(()) => {
                    let message = format!("Deleted pod: {}", pod.name());
                    recorder.normal(self.scope.ctx, &about, "SuccessfulDelete", &message);
                }
                Err(status) => {
                    self.controller
                        .expectations
                        .deletion_observed(&key, pod.uid());
                    if !status.is_not_found() {
                        let message = format!("Error deleting: {}", status.message);
                        let recorder = &mut self.controller.recorder;
                        recorder.warning(self.scope.ctx, &about, "FailedDelete", &message);
                        failure = failure.or(Some(status));
                    }
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// The decision in words: "create on node-1, node-2; delete agent-x".
fn note(create: &[Rc<str>], delete: &[Rc<Pod>]) -> String {
    let nodes: Vec<&str> = create.iter().map(|n| &**n).collect();
    let pods: Vec<&str> = delete.iter().map(|p| p.name()).collect();
    let parts = [("create on", nodes), ("delete", pods)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts
        .map(|(verb, names)| {
            let told = names
                .iter()
                .take(TOLD)
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            match names.len().saturating_sub(TOLD) {
                0 => format!("{verb} {told}"),
                more => format!("{verb} {told} and {more} more"),
            }
        })
        .collect();
    parts.join("; ")
}
