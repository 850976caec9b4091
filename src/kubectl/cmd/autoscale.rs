//! `kubectl autoscale`. Models `k8s.io/kubectl/pkg/cmd/autoscale`.

use serde_json::{Value, json};

use super::generate::{known, make};
use super::{Command, FILES, OUTPUT};
use crate::api::quantity::Quantity;
use crate::kubectl::error::{Result, plain};
use crate::kubectl::json::name;
use crate::kubectl::kube::{DryRun, Kube};

pub const AUTOSCALE: Command = Command {
    path: "autoscale",
    short: "Auto-scale a deployment, replica set, stateful set, or replication controller",
    help: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]
Make an autoscaler that keeps the number of pods between two bounds, as their load asks for.

# Two to ten pods, at four fifths of the CPU that they request
kubectl autoscale deployment web --min=2 --max=10 --cpu=80%",
    flags: &[OUTPUT, FILES, ".cpu-percent=-1/32 cpu='' dry-run='none'?unchanged field-manager='kubectl-autoscale' max=-1/32 memory='' min=-1/32 name='' save-config=false"],
    run: |kube| Box::pin(run(kube)),
};

/// The target of a resource: a share of what is requested (`80%`), or an amount (`500m`).
fn metric(resource: &str, text: &str) -> Result<Value> {
    let target = match text.strip_suffix('%') {
        Some(percent) => match percent.parse::<i32>() {
            Ok(percent) => json!({"type": "Utilization", "averageUtilization": percent}),
            Err(_) => {
                return plain(format!(
                    "invalid {resource} percentage value: strconv.ParseInt: parsing \"{percent}\": invalid syntax"
                ));
            }
        },
        None => match Quantity::parse(text) {
            Ok(amount) => json!({"type": "AverageValue", "averageValue": amount.to_string()}),
            Err(error) => return plain(format!("invalid {resource} value: {text}: {error}")),
        },
    };
    Ok(json!({"type": "Resource", "resource": {"name": resource, "target": target}}))
}

async fn run(kube: &Kube) -> Result<()> {
    let flags = &kube.flags;
    if !flags.given("max") {
        return plain("required flag(s) \"max\" not set");
    }
    let least = flags.int("min").unwrap_or(-1);
    let most = flags.int("max").unwrap_or(-1);
    if most < 1 {
        return plain(format!(
            "--max=MAXPODS is required and must be at least 1, max: {most}"
        ));
    }
    if most < least {
        return plain(format!(
            "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}"
        ));
    }
    let mut metrics = Vec::new();
    if flags.given("cpu-percent") {
        kube.warn("Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).");
        if flags.given("cpu") {
            return plain("--cpu-percent and --cpu are mutually exclusive");
        }
        if let Some(percent) = flags.int("cpu-percent").filter(|p| *p >= 0) {
            metrics.push(metric("cpu", &format!("{percent}%"))?);
        }
    }
    for resource in ["cpu", "memory"] {
        if !flags.text(resource).is_empty() {
            metrics.push(metric(resource, flags.text(resource))?);
        }
    }
    let (objects, failures) = kube.chosen_objects().await?;
    if let Some(failure) = crate::kubectl::error::all(failures) {
        return Err(failure);
    }
    if objects.is_empty() {
        return plain("no objects passed to autoscale");
    }
    let kind = known("autoscaling/v2", "HorizontalPodAutoscaler")?;
    for (target, object) in &objects {
        if !target.kind.has_subresource("scale") {
            let kind = target.kind;
            return plain(format!(
                "cannot autoscale a {}: could not find scale subresource for {}/{}, Resource={} in discovery information",
                kind.kind, kind.group, kind.version, kind.plural
            ));
        }
        let own = match flags.text("name") {
            "" => name(object),
            given => given,
        };
        let reference = json!({
            "apiVersion": target.kind.api_version(), "kind": target.kind.kind, "name": name(object),
        });
        let mut spec = json!({"scaleTargetRef": reference, "maxReplicas": most});
        if least > 0 {
            spec["minReplicas"] = least.into();
        }
        if !metrics.is_empty() {
            spec["metrics"] = Value::Array(metrics.clone());
        }
        let autoscaler = json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": own}, "spec": spec,
        });
        make(
            kube,
            kind,
            autoscaler,
            "kubectl-autoscale",
            "",
            match kube.dry_run()? {
                DryRun::Client => "created",
                _ => "autoscaled",
            },
        )
        .await?;
    }
    Ok(())
}
