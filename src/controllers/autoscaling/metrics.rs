//! What each metric of an autoscaler asks for (`computeReplicasForMetrics`).

use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
    ResourceMetricStatus,
};

use super::replicas::{self, Source};
use super::{Pass, Scale};
use crate::api::Resource;
use crate::api::quantity::{Quantity, QuantityExt};
use crate::api::selector::Selector;
use crate::controllers::controller::Scope;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;

/// The number that the metrics ask for, and which of them.
type Proposal = std::result::Result<(i32, String), String>;

/// Why a metric says nothing: the reason of its event, and the words.
struct Unknown {
    reason: &'static str,
    why: String,
    /// How the words begin when all metrics are summed up.
    lead: String,
}

impl Pass<'_> {
    pub(super) fn propose(
        &mut self,
        scale: &Scale,
        scope: &mut Scope<'_, '_>,
    ) -> (Proposal, Vec<MetricStatus>) {
        let selector = match self.selector(scale, scope) {
            Ok(selector) => selector,
            Err(why) => return (Err(why), Vec::new()),
        };
        let metrics = self.new.spec.metrics.clone().unwrap_or_default();
        let mut statuses = vec![MetricStatus::default(); metrics.len()];
        let mut best: Option<(i32, String)> = None;
        let mut unknown = Vec::new();
        for (spec, status) in metrics.iter().zip(&mut statuses) {
            match self.one(spec, scale, &selector, status, scope) {
                Ok((replicas, name)) => {
                    if best
                        .as_ref()
                        .is_none_or(|(most, _)| *most == 0 || replicas > *most)
                    {
                        best = Some((replicas, name));
                    }
                }
                Err(failure) => {
                    self.warn(scope, failure.reason, &failure.why);
                    unknown.push(failure);
                }
            }
        }
        let found = best.as_ref().map(|(replicas, _)| *replicas);
        if let Some(first) = unknown.first()
            && found.is_none_or(|replicas| replicas < scale.wanted)
        {
            let words = format!(
                "the HPA was unable to compute the replica count: {}",
                first.why
            );
            let (reason, lead, why) = (first.reason, &first.lead, &first.why);
            let all = format!(
                "invalid metrics ({} invalid out of {}), first error is: {lead}: {why}",
                unknown.len(),
                metrics.len()
            );
            self.condition("ScalingActive", false, reason, &words);
            return (Err(all), statuses);
        }
        let (replicas, name) = best.unwrap_or((scale.wanted, String::new()));
        let words =
            format!("the HPA was able to successfully calculate a replica count from {name}");
        self.condition("ScalingActive", true, "ValidMetricFound", &words);
        (Ok((replicas, name)), statuses)
    }

    /// The selector of the pods, if no other autoscaler has it too.
    fn selector(
        &mut self,
        scale: &Scale,
        scope: &mut Scope<'_, '_>,
    ) -> std::result::Result<Selector, String> {
        let Some(selector) = scale.selector.clone() else {
            let why = "selector is required".to_owned();
            self.warn(scope, "SelectorRequired", &why);
            let words = "the HPA target's scale is missing a selector";
            self.condition("ScalingActive", false, "InvalidSelector", words);
            return Err(why);
        };
        let own = &self.old.spec.scale_target_ref;
        let namespace = self.old.namespace();
        let others = scope.ctx.list::<HorizontalPodAutoscaler>(Some(namespace));
        let same: Vec<String> = others
            .iter()
            .filter(|other| {
                let target = &other.spec.scale_target_ref;
                (&target.kind, &target.name) == (&own.kind, &own.name)
            })
            .map(|other| format!("{namespace}/{}", other.name()))
            .collect();
        if same.len() > 1 {
            let why = format!(
                "pods by selector {selector} are controlled by multiple HPAs: [{}]",
                same.join(" ")
            );
            self.warn(scope, "AmbiguousSelector", &why);
            self.condition("ScalingActive", false, "AmbiguousSelector", &why);
            return Err(why);
        }
        Ok(selector)
    }

    fn one(
        &self,
        spec: &MetricSpec,
        scale: &Scale,
        selector: &Selector,
        status: &mut MetricStatus,
        scope: &mut Scope<'_, '_>,
    ) -> std::result::Result<(i32, String), Unknown> {
        let namespace = self.old.namespace();
        if let Some(resource) = &spec.resource {
            let (name, kind) = (resource.name.as_str(), "resource");
            let source = Source {
                namespace,
                selector,
                resource: name,
                container: "",
            };
            let found = self.of_resource(&source, kind, &resource.target, scale, scope);
            let (replicas, name, current) = found.map_err(|why| Unknown {
                reason: "FailedGetResourceMetric",
                why,
                lead: format!("failed to get {name} resource metric value"),
            })?;
            status.type_ = "Resource".to_owned();
            status.resource = Some(ResourceMetricStatus {
                current,
                name: resource.name.clone(),
            });
            return Ok((replicas, name));
        }
        if let Some(resource) = &spec.container_resource {
            let (name, container) = (resource.name.as_str(), resource.container.as_str());
            let source = Source {
                namespace,
                selector,
                resource: name,
                container,
            };
            let kind = "container resource";
            let found = self.of_resource(&source, kind, &resource.target, scale, scope);
            let (replicas, name, current) = found.map_err(|why| Unknown {
                reason: "FailedGetContainerResourceMetric",
                why,
                lead: format!("failed to get {name} container metric value"),
            })?;
            status.type_ = "ContainerResource".to_owned();
            status.container_resource = Some(ContainerResourceMetricStatus {
                container: resource.container.clone(),
                current,
                name: resource.name.clone(),
            });
            return Ok((replicas, name));
        }
        Err(self.not_served(spec))
    }

    /// Metrics that only an adapter could know; there is none.
    fn not_served(&self, spec: &MetricSpec) -> Unknown {
        const NO_CUSTOM: &str = "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";
        if let Some(pods) = &spec.pods {
            return Unknown {
                reason: "FailedGetPodsMetric",
                why: format!("unable to get metric {}: {NO_CUSTOM}", pods.metric.name),
                lead: "failed to get pods metric value".to_owned(),
            };
        }
        if let Some(object) = &spec.object {
            let described = &object.described_object;
            return Unknown {
                reason: "FailedGetObjectMetric",
                why: format!(
                    "unable to get metric {}: {} on {} {}/{NO_CUSTOM}",
                    object.metric.name,
                    described.kind,
                    self.old.namespace(),
                    described.name
                ),
                lead: "failed to get object metric value".to_owned(),
            };
        }
        if let Some(external) = &spec.external {
            let name = &external.metric.name;
            return Unknown {
                reason: "FailedGetExternalMetric",
                why: format!(
                    "unable to get external metric {}/{name}/nil: unable to fetch metrics from external metrics API: no external metrics API (external.metrics.k8s.io) registered",
                    self.old.namespace()
                ),
                lead: format!("failed to get {name} external metric value"),
            };
        }
        let why = format!("unknown metric source type \"{}\"", spec.type_);
        Unknown {
            reason: "InvalidMetricSourceType",
            lead: "failed to compute".to_owned(),
            why,
        }
    }

    fn of_resource(
        &self,
        source: &Source<'_>,
        kind: &str,
        target: &MetricTarget,
        scale: &Scale,
        scope: &mut Scope<'_, '_>,
    ) -> std::result::Result<(i32, String, MetricValueStatus), String> {
        let name = source.resource;
        let rules = self.new.spec.behavior.as_ref();
        let tolerance = |up: bool| {
            let rules = rules.and_then(|b| {
                if up {
                    b.scale_up.as_ref()
                } else {
                    b.scale_down.as_ref()
                }
            });
            let given = rules.and_then(|r| r.tolerance.as_ref());
            given.map_or(replicas::TOLERANCE, |q| q.amount().milli_value())
        };
        let tolerances = (tolerance(false), tolerance(true));
        if let Some(value) = &target.average_value {
            let wanted = value.amount().milli_value();
            let found = replicas::by_value(source, wanted, scale.wanted, tolerances, scope)
                .map_err(|why| format!("failed to get {name} usage: {why}"))?;
            let current = MetricValueStatus {
                average_value: Some(Quantity::from_milli(found.average).into()),
                ..MetricValueStatus::default()
            };
            return Ok((found.replicas, format!("{name} {kind}"), current));
        }
        let Some(percent) = target.average_utilization else {
            return Err(
                "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set"
                    .to_owned(),
            );
        };
        let found = replicas::by_share(source, percent, scale.wanted, tolerances, scope)
            .map_err(|why| format!("failed to get {name} utilization: {why}"))?;
        let current = MetricValueStatus {
            average_utilization: Some(found.percent),
            average_value: Some(Quantity::from_milli(found.average).into()),
            value: None,
        };
        let words = format!("{name} {kind} utilization (percentage of request)");
        Ok((found.replicas, words, current))
    }
}
