//! The horizontal autoscaler: every fifteen seconds it looks at how busy the pods of a workload are,
//! and scales it (`k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go`).

mod limits;
mod metrics;
mod replicas;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, MetricStatus,
};

use super::caches::Caches;
use super::controller::{Change, Controller, Next, Outcome, Scope, Triggers};
use crate::api::selector::Selector;
use crate::api::status::qualified;
use crate::api::time::api_time;
use crate::api::{Key, Kind, Object, Resource, Result, Status};
use crate::apiserver::WriteOptions;
use crate::client::{EventRecorder, Involved};
use crate::sim::Time;
use crate::sim::ordered::Map;

use limits::History;

/// `--horizontal-pod-autoscaler-sync-period`
const PERIOD: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub struct AutoscalerController {
    recorder: EventRecorder,
    histories: Map<Key, History>,
}

impl Default for AutoscalerController {
    fn default() -> Self {
        AutoscalerController {
            recorder: EventRecorder::new("horizontal-pod-autoscaler", ""),
            histories: Map::new(),
        }
    }
}

/// What an autoscaler scales, as the scale subresource shows it.
struct Scale {
    object: Object,
    wanted: i32,
    current: i32,
    selector: Option<Selector>,
}

impl Controller for AutoscalerController {
    fn name(&self) -> &'static str {
        "horizontal-pod-autoscaler"
    }

    fn changed(&mut self, change: &Change, _caches: &Caches, triggers: &mut Triggers) {
        let Some((old, new)) = change.of::<HorizontalPodAutoscaler>() else {
            return;
        };
        match (old, new) {
            (_, None) => {
                if let Some(old) = old {
                    self.histories.remove(&old.key());
                }
            }
            (Some(old), Some(new)) if old.spec == new.spec => {}
            (_, Some(new)) => triggers.add_after(new.key(), PERIOD, "the sync period"),
        }
    }

    fn sync(&mut self, key: &Key, scope: &mut Scope<'_, '_>) -> Outcome {
        let Some(autoscaler) = scope.ctx.get::<HorizontalPodAutoscaler>(key) else {
            self.histories.remove(key);
            return Ok(Next::Change);
        };
        let mut pass = Pass {
            new: (*autoscaler).clone(),
            old: autoscaler,
            recorder: &mut self.recorder,
            history: self.histories.entry(key.clone()).or_default(),
            now: scope.now(),
        };
        // What went wrong is in the conditions and events; the next pass is due in any case.
        let _ = pass.reconcile(scope);
        let written = pass.write(scope);
        if written.is_err_and(|status| !status.is_conflict() && !status.is_not_found()) {
            return Ok(Next::After(PERIOD, "the sync period"));
        }
        Ok(Next::After(PERIOD, "the sync period"))
    }

    fn boxed(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }
}

/// One look at one autoscaler.
struct Pass<'p> {
    old: Rc<HorizontalPodAutoscaler>,
    new: HorizontalPodAutoscaler,
    recorder: &'p mut EventRecorder,
    history: &'p mut History,
    now: Time,
}

impl Pass<'_> {
    fn condition(&mut self, type_: &str, holds: bool, reason: &str, message: &str) {
        let word = if holds { "True" } else { "False" };
        let status = self.new.status.get_or_insert_default();
        let conditions = status.conditions.get_or_insert_default();
        let i = match conditions.iter().position(|c| c.type_ == type_) {
            Some(i) => i,
            None => {
                conditions.push(HorizontalPodAutoscalerCondition {
                    type_: type_.to_owned(),
                    ..HorizontalPodAutoscalerCondition::default()
                });
                conditions.len() - 1
            }
        };
        if let Some(condition) = conditions.get_mut(i) {
            if condition.status != word {
                condition.last_transition_time = Some(api_time(self.now));
            }
            condition.status = word.to_owned();
            condition.reason = Some(reason.to_owned());
            condition.message = Some(message.to_owned());
        }
    }

    fn warn(&mut self, scope: &mut Scope<'_, '_>, reason: &str, message: &str) {
        let about = Involved::of(&*self.old);
        self.recorder.warning(scope.ctx, &about, reason, message);
    }

    fn reconcile(&mut self, scope: &mut Scope<'_, '_>) -> std::result::Result<(), String> {
        let scale = match self.scale(scope) {
            Ok(scale) => scale,
            Err(why) => {
                self.warn(scope, "FailedGetScale", &why);
                let words = format!(
                    "the HPA controller was unable to get the target's current scale: {why}"
                );
                self.condition("AbleToScale", false, "FailedGetScale", &words);
                return Err(why);
            }
        };
        let words = "the HPA controller was able to get the target's current scale";
        self.condition("AbleToScale", true, "SucceededGetScale", words);
        let current = scale.wanted;
        let least = self.new.spec.min_replicas.unwrap_or(1);
        let most = self.new.spec.max_replicas;
        self.history.begin(self.now, current);
        let mut statuses = None;
        let (wanted, reason) = if current == 0 && least != 0 {
            let words = "scaling is disabled since the replica count of the target is zero";
            self.condition("ScalingActive", false, "ScalingDisabled", words);
            (current, String::new())
        } else if current > most {
            (
                most,
                "Current number of replicas above Spec.MaxReplicas".to_owned(),
            )
        } else if current < least {
            (
                least,
                "Current number of replicas below Spec.MinReplicas".to_owned(),
            )
        } else {
            let (proposed, found) = self.propose(&scale, scope);
            statuses = Some(found);
            let (proposed, metric) = match proposed {
                Ok(proposed) => proposed,
                Err(why) => {
                    self.counts(scale.current, None, statuses);
                    self.warn(scope, "FailedComputeMetricsReplicas", &why);
                    return Err(why);
                }
            };
            let reason = match proposed {
                n if n > current => format!("{metric} above target"),
                n if n < current => "All metrics below target".to_owned(),
                _ => String::new(),
            };
            (self.normalize(current, proposed, least), reason)
        };
        if wanted != current {
            self.rescale(&scale, wanted, &reason, statuses.clone(), scope)?;
        }
        self.counts(scale.current, Some(wanted), statuses);
        Ok(())
    }

    /// Writes the new size to what is scaled.
    fn rescale(
        &mut self,
        scale: &Scale,
        wanted: i32,
        reason: &str,
        statuses: Option<Vec<MetricStatus>>,
        scope: &mut Scope<'_, '_>,
    ) -> std::result::Result<(), String> {
        let key = self.old.key();
        let note = format!("{} is scaled to {wanted}: {reason}", scale.object.name());
        scope.decide("HorizontalPodAutoscaler", &key, &note);
        if let Err(status) = set_replicas(scope, &scale.object, wanted) {
            let words = format!(
                "New size: {wanted}; reason: {reason}; error: {}",
                status.message
            );
            self.warn(scope, "FailedRescale", &words);
            let words = format!(
                "the HPA controller was unable to update the target scale: {}",
                status.message
            );
            self.condition("AbleToScale", false, "FailedUpdateScale", &words);
            self.counts(scale.current, None, statuses);
            return Err(status.message);
        }
        let words = format!("the HPA controller was able to update the target scale to {wanted}");
        self.condition("AbleToScale", true, "SucceededRescale", &words);
        let words = format!("New size: {wanted}; reason: {reason}");
        let about = Involved::of(&*self.old);
        self.recorder
            .normal(scope.ctx, &about, "SuccessfulRescale", &words);
        self.history.scaled(self.now, scale.wanted, wanted);
        self.new.status.get_or_insert_default().last_scale_time = Some(api_time(self.now));
        Ok(())
    }

    fn counts(&mut self, current: i32, desired: Option<i32>, metrics: Option<Vec<MetricStatus>>) {
        let status = self.new.status.get_or_insert_default();
        status.current_replicas = Some(current).filter(|n| *n != 0);
        if let Some(desired) = desired {
            status.desired_replicas = desired;
        }
        status.current_metrics = metrics.filter(|m| !m.is_empty());
    }

    fn write(&mut self, scope: &mut Scope<'_, '_>) -> Result<()> {
        if self.new.status != self.old.status {
            scope.ctx.update_status(self.new.clone())?;
        }
        Ok(())
    }

    /// The scale of the target; why there is none.
    fn scale(&self, scope: &Scope<'_, '_>) -> std::result::Result<Scale, String> {
        let target = &self.new.spec.scale_target_ref;
        let api_version = target.api_version.as_deref().unwrap_or_default();
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let kind = Kind::all().find(|k| k.info().kind == target.kind && k.info().group == group);
        let Some(kind) = kind else {
            return Err(format!(
                "no matches for kind \"{}\" in group \"{group}\"",
                target.kind
            ));
        };
        let info = kind.info();
        if !info.has_subresource("scale") {
            return Err("the server could not find the requested resource".to_owned());
        }
        let namespace = self.old.namespace();
        let object = scope.ctx.server.get_object(kind, namespace, &target.name);
        let object = object.map_err(|_| {
            let resource = qualified(info.plural, info.group);
            format!("{resource} \"{}\" not found", target.name)
        })?;
        let value = object.to_value();
        let number = |value: &serde_json::Value| value.as_i64().unwrap_or_default() as i32;
        Ok(Scale {
            wanted: number(&value["spec"]["replicas"]),
            current: number(&value["status"]["replicas"]),
            selector: selector_of(&value["spec"]["selector"]),
            object,
        })
    }
}

/// The selector of a workload: of labels, or a plain map as ReplicationControllers have it.
fn selector_of(value: &serde_json::Value) -> Option<Selector> {
    let is_new = value["matchLabels"].is_object() || value["matchExpressions"].is_array();
    if !is_new {
        let labels: BTreeMap<String, String> = value
            .as_object()?
            .iter()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
            .collect();
        return Some(Selector::from_labels(&labels)).filter(|_| !labels.is_empty());
    }
    let selector = crate::api::codec::decode(value, "v1").ok()?.0;
    Selector::from_api(Some(&selector)).ok()
}

/// Writes `spec.replicas`, of whatever kind the object is.
fn set_replicas(scope: &mut Scope<'_, '_>, object: &Object, replicas: i32) -> Result<()> {
    let mut value = object.to_value();
    value["spec"]["replicas"] = replicas.into();
    let (scaled, _) = object
        .kind()
        .decode(&value)
        .map_err(|e| Status::internal(e.message))?;
    let options = WriteOptions {
        subresource: "scale",
        ..WriteOptions::default()
    };
    let ctx = &mut *scope.ctx;
    ctx.server
        .update_object(ctx.kernel, ctx.caller, scaled, &options)
        .map(|_| ())
}
