//! Eviction: a deletion that asks the disruption budgets first.
//!
//! Models `k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{Eviction, PodDisruptionBudget, PodDisruptionBudgetStatus};
use serde_json::Value;

use super::body;
use super::path::Target;
use super::{delete_options, success, write_options};
use crate::api::disruption::{self, SYNC_FAILED};
use crate::api::status::Cause;
use crate::api::time::api_time;
use crate::api::{Key, Resource, Result, Status};
use crate::apiserver::admission::nodes::Act;
use crate::apiserver::request::{Request, Response};
use crate::apiserver::store::Expect;
use crate::apiserver::{ApiServer, Body, Caller, DeleteOptions, WriteOptions};
use crate::sim::Kernel;

/// In which an Eviction may come.
const VERSIONS: [&str; 2] = ["policy/v1", "policy/v1beta1"];

/// So many evicted pods may be on their way in one budget.
const MOST_DISRUPTED: usize = 2000;

impl ApiServer {
    pub(super) fn evict(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        target: &Target<'_>,
        name: &str,
        request: &Request,
    ) -> Result<Response> {
        let asked = write_options("CreateOptions", "eviction", request)?;
        let eviction = body::object("Eviction", request)?;
        let warnings = body::typed::<Eviction>("Eviction", &VERSIONS, eviction, request)?.1;
        let given = eviction["metadata"]["name"].as_str().unwrap_or_default();
        if given != name {
            return Err(Status::bad_request(
                "name in URL does not match name in Eviction object",
            ));
        }
        let mut inner = request.clone();
        inner.body = Body::Json(eviction["deleteOptions"].clone());
        let mut options = delete_options(&inner)?;
        options.dry_run |= asked.dry_run;
        let key = Key::new(target.namespace.unwrap_or_default(), name);
        let pod = self
            .get::<Pod>(&key)
            .ok_or_else(|| Status::not_found(target.kind.info(), name))?;
        let evicted = Pod::into_object(pod.clone());
        self.restrict(caller, (Act::Create, "eviction"), &evicted, None)?;
        if !is_harmless(&pod) {
            self.ask_budgets(kernel, &pod, &options)?;
        }
        self.delete_evicted(kernel, caller, &key, &options)?;
        let mut answer = success(Value::Null);
        if let Value::Object(map) = &mut answer {
            map.remove("details");
            map.insert("code".into(), 201.into());
        }
        let mut response = Response::json(201, answer);
        response.warnings = warnings;
        Ok(response)
    }

    /// Takes the pod's disruption out of its budget; refused when there is none left.
    fn ask_budgets(
        &mut self,
        kernel: &mut Kernel,
        pod: &Pod,
        options: &DeleteOptions,
    ) -> Result<()> {
        let mut budgets = self.list::<PodDisruptionBudget>(Some(pod.namespace()));
        budgets.retain(|b| disruption::covers(b, pod));
        // A pod without labels is in no budget, even in one of all pods.
        if pod.metadata.labels.as_ref().is_none_or(|l| l.is_empty()) {
            return Ok(());
        }
        let budget = match budgets.as_slice() {
            [] => return Ok(()),
            [budget] => budget,
            _ => {
                let mut status = Status::new(
                    500,
                    "",
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                );
                status.name.clear();
                return Err(status);
            }
        };
        let status = budget.status.clone().unwrap_or_default();
        if !disruption::is_ready(pod) {
            let policy = budget
                .spec
                .as_ref()
                .and_then(|s| s.unhealthy_pod_eviction_policy.as_deref());
            let (current, desired) = numbers(&status);
            let healthy = current >= desired && desired > 0;
            if policy == Some("AlwaysAllow") || healthy {
                return Ok(());
            }
        }
        let charged = charge(kernel, budget, pod)?;
        if !options.dry_run {
            let object = PodDisruptionBudget::into_object(Rc::new(charged));
            let server = Caller::component("apiserver");
            let _ = self.put(kernel, &server, "update status", object, Expect::Anything);
        }
        Ok(())
    }

    fn delete_evicted(
        &mut self,
        kernel: &mut Kernel,
        caller: &Caller,
        key: &Key,
        options: &DeleteOptions,
    ) -> Result<()> {
        if !options.dry_run
            && options.resource_version.is_none()
            && let Some(pod) = self.get::<Pod>(key)
            && options.uid.as_deref().is_none_or(|uid| uid == pod.uid())
        {
            let mut pod = (*pod).clone();
            let words = "Eviction API: evicting";
            disruption::mark_target(
                &mut pod,
                "EvictionByEvictionAPI",
                words,
                api_time(kernel.now),
            );
            let object = Pod::into_object(Rc::new(pod));
            self.update_object(kernel, caller, object, &WriteOptions::STATUS)?;
        }
        let (namespace, name) = (&*key.namespace, &*key.name);
        self.delete_object(kernel, caller, Pod::KIND, namespace, name, options)?;
        Ok(())
    }
}

/// Pods that do not run, or are going, are missed by nobody.
fn is_harmless(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    pod.metadata.deletion_timestamp.is_some()
        || matches!(phase, Some("Succeeded" | "Failed" | "Pending"))
}

fn charge(kernel: &Kernel, budget: &PodDisruptionBudget, pod: &Pod) -> Result<PodDisruptionBudget> {
    let mut charged = budget.clone();
    let name = budget.name();
    let generation = budget.metadata.generation.unwrap_or_default();
    let status = charged.status.get_or_insert_default();
    if status.observed_generation.unwrap_or_default() < generation {
        let words = format!("The disruption budget {name} is still being processed by the server.");
        return Err(too_many(words, 10));
    }
    let forbidden = |detail: &str| {
        let message = format!("poddisruptionbudget.policy \"{name}\" is forbidden: {detail}");
        let mut status = Status::new(403, "Forbidden", message);
        status.name = name.to_owned();
        status.group = "policy".to_owned();
        status.kind = "poddisruptionbudget".to_owned();
        status
    };
    let allowed = status.disruptions_allowed.unwrap_or_default();
    if allowed < 0 {
        return Err(forbidden("pdb disruptions allowed is negative"));
    }
    if status
        .disrupted_pods
        .as_ref()
        .is_some_and(|p| p.len() > MOST_DISRUPTED)
    {
        return Err(forbidden(
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
        ));
    }
    if allowed == 0 {
        return Err(too_many(denial(budget), 0));
    }
    status.disruptions_allowed = Some(allowed - 1);
    let last = allowed == 1;
    let disrupted = status.disrupted_pods.get_or_insert_default();
    disrupted.insert(pod.name().to_owned(), api_time(kernel.now));
    if last {
        disruption::set_allowed_condition(&mut charged, api_time(kernel.now));
    }
    Ok(charged)
}

/// How many pods are healthy, and how many have to be.
fn numbers(status: &PodDisruptionBudgetStatus) -> (i32, i32) {
    (
        status.current_healthy.unwrap_or_default(),
        status.desired_healthy.unwrap_or_default(),
    )
}

/// Why the budget allows no disruption.
fn denial(budget: &PodDisruptionBudget) -> String {
    let name = budget.name();
    let status = budget.status.clone().unwrap_or_default();
    let (current, desired) = numbers(&status);
    let said =
        disruption::condition(budget).filter(|c| c.status == "False" && !c.message.is_empty());
    let lead = format!("The disruption budget {name} does not allow evicting pods currently");
    match said {
        Some(c) if c.reason == SYNC_FAILED => {
            format!("{lead} because it failed sync: {}", c.message)
        }
        _ if current <= desired => {
            format!(
                "The disruption budget {name} needs {desired} healthy pods and has {current} currently"
            )
        }
        Some(c) => format!("{lead} ({}): {}", c.reason, c.message),
        None => lead,
    }
}

fn too_many(cause: String, retry_after: u32) -> Box<Status> {
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut status = Status::new(429, "TooManyRequests", message);
    status.retry_after_seconds = retry_after;
    status.causes.push(Cause {
        reason: "DisruptionBudget".to_owned(),
        message: cause,
        field: String::new(),
    });
    status
}
