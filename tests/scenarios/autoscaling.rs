//! Autoscalers and the metrics that they follow, as a user of the API meets them.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, create, created, get, json_of};

const HPA: &str = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web";

fn web(cluster: &mut Cluster, replicas: u32) {
    created(
        cluster,
        &format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: nginx, ports: [{{containerPort: 80}}], resources: {{requests: {{cpu: 100m, memory: 32Mi}}}}}}]}}}}}}}}"
        ),
    );
}

fn autoscaler(cluster: &mut Cluster, spec: &str) {
    created(
        cluster,
        &format!(
            "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: web}}, spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, {spec}}}}}"
        ),
    );
}

fn condition(hpa: &Value, type_: &str) -> (String, String, String) {
    let all = hpa["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let found = all
        .into_iter()
        .find(|c| c["type"] == type_)
        .unwrap_or_default();
    let text = |f: &str| found[f].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

fn replicas(cluster: &mut Cluster) -> i64 {
    let web = get(cluster, "/apis/apps/v1/namespaces/default/deployments/web");
    web["spec"]["replicas"].as_i64().unwrap_or(0)
}

fn traffic(cluster: &mut Cluster, rate: u32) {
    created(
        cluster,
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}",
    );
    created(
        cluster,
        &format!(
            "{{apiVersion: play.kubarium.dev/v1alpha1, kind: Traffic, metadata: {{name: users}}, spec: {{url: \"http://web/\", rate: {rate}}}}}"
        ),
    );
}

#[test]
fn without_a_metrics_server_nothing_is_known() {
    let mut cluster = bare(2);
    cluster.run_for(secs(5));
    web(&mut cluster, 2);
    autoscaler(&mut cluster, "maxReplicas: 3");
    let hpa = get(&mut cluster, HPA);
    assert_eq!(hpa["spec"]["minReplicas"], 1);
    assert_eq!(
        hpa["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"],
        80
    );
    assert!(
        hpa["status"]["conditions"].is_null(),
        "the first look comes after 15 s"
    );
    cluster.run_for(secs(16));
    let hpa = get(&mut cluster, HPA);
    assert_eq!(condition(&hpa, "AbleToScale").1, "SucceededGetScale");
    let why = "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
    assert_eq!(
        condition(&hpa, "ScalingActive"),
        (
            "False".to_owned(),
            "FailedGetResourceMetric".to_owned(),
            format!("the HPA was unable to compute the replica count: {why}")
        )
    );
    assert_eq!(hpa["status"]["currentReplicas"], 2);
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    let told = |reason: &str, message: &str| {
        let mut all = events["items"].as_array().into_iter().flatten();
        all.any(|e| e["reason"] == reason && e["message"] == message)
    };
    assert!(told("FailedGetResourceMetric", why));
    assert!(told(
        "FailedComputeMetricsReplicas",
        &format!(
            "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
        )
    ));
    assert_eq!(replicas(&mut cluster), 2);
}

#[test]
fn a_busy_workload_grows_and_shrinks_again() {
    let mut cluster = Cluster::new(Config::playground(1, 3));
    cluster.run_for(secs(30));
    web(&mut cluster, 1);
    cluster.run_for(secs(60));
    autoscaler(
        &mut cluster,
        "minReplicas: 1, maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]",
    );
    cluster.run_for(secs(60));
    assert_eq!(replicas(&mut cluster), 1, "idle");
    // 100 requests a second at 2 ms each are 200m of CPU: four pods at half of 100m.
    traffic(&mut cluster, 100);
    cluster.run_for(secs(240));
    let hpa = get(&mut cluster, HPA);
    let size = replicas(&mut cluster);
    assert!(
        (4..=5).contains(&size),
        "{size} replicas: {}",
        hpa["status"]
    );
    assert_eq!(condition(&hpa, "ScalingActive").1, "ValidMetricFound");
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    let mut all = events["items"].as_array().into_iter().flatten();
    assert!(all.any(|e| e["reason"] == "SuccessfulRescale"
        && e["message"].as_str().is_some_and(|m| {
            m.ends_with("reason: cpu resource utilization (percentage of request) above target")
        })));
    let path = "/apis/play.kubarium.dev/v1alpha1/namespaces/default/traffics/users";
    cluster.request(&Request::new(Method::Delete, path));
    cluster.run_for(secs(120));
    assert_eq!(replicas(&mut cluster), size, "held for five minutes");
    let hpa = get(&mut cluster, HPA);
    assert_eq!(condition(&hpa, "AbleToScale").1, "ScaleDownStabilized");
    cluster.run_for(secs(300));
    assert_eq!(replicas(&mut cluster), 1);
}

#[test]
fn usage_is_told_by_the_metrics_server() {
    let mut cluster = Cluster::new(Config::playground(1, 2));
    cluster.run_for(secs(30));
    web(&mut cluster, 1);
    cluster.run_for(secs(60));
    let pods = get(
        &mut cluster,
        "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods",
    );
    let usage = &pods["items"][0]["containers"][0]["usage"];
    assert_eq!(usage["cpu"], "1m", "{pods}");
    assert_eq!(pods["items"][0]["window"], "15s");
    let nodes = get(&mut cluster, "/apis/metrics.k8s.io/v1beta1/nodes");
    assert_eq!(nodes["items"].as_array().map_or(0, Vec::len), 3);
    let mut bare = bare(1);
    let missing = bare.request(&Request::get("/apis/metrics.k8s.io/v1beta1/nodes"));
    assert_eq!(missing.code, 404);
}

#[test]
fn both_versions_show_the_same_objects() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    let old = created(
        &mut cluster,
        "{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 60, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}",
    );
    assert_eq!(
        (
            &old["apiVersion"],
            &old["spec"]["targetCPUUtilizationPercentage"]
        ),
        (&json!("autoscaling/v1"), &json!(60))
    );
    let hpa = get(&mut cluster, HPA);
    assert_eq!(hpa["apiVersion"], "autoscaling/v2");
    assert_eq!(
        hpa["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"],
        60
    );
    let path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/web";
    let mut patch = Request::new(Method::Patch, path)
        .with_body(json!({"spec": {"targetCPUUtilizationPercentage": 70}}));
    patch.content_type = kubarium::apiserver::request::MERGE_PATCH;
    let patched = json_of(cluster.request(&patch));
    assert_eq!(
        patched["spec"]["targetCPUUtilizationPercentage"], 70,
        "{patched}"
    );
    let list = get(
        &mut cluster,
        "/apis/autoscaling/v1/horizontalpodautoscalers",
    );
    assert_eq!(
        list["items"][0]["spec"]["targetCPUUtilizationPercentage"],
        70
    );
    let groups = get(&mut cluster, "/apis/autoscaling");
    assert_eq!(groups["preferredVersion"]["version"], "v2");
    assert_eq!(groups["versions"][1]["version"], "v1");
}

#[test]
fn autoscalers_are_refused_in_upstreams_words() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    for (spec, message) in [
        (
            "{maxReplicas: 0, scaleTargetRef: {kind: Deployment, name: web}}",
            "[spec.maxReplicas: Invalid value: 0: must be greater than 0, spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`]",
        ),
        (
            "{maxReplicas: 2, minReplicas: 0, scaleTargetRef: {kind: Deployment, name: web}}",
            "[spec.minReplicas: Invalid value: 0: must be greater than or equal to 1, spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas]",
        ),
        (
            "{maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource}]}",
            "spec.metrics[0].resource: Required value: must populate information for the given metric source",
        ),
        (
            "{maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]}",
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
        ),
    ] {
        let yaml = format!(
            "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: x}}, spec: {spec}}}"
        );
        let status = json_of(create(&mut cluster, &yaml));
        assert_eq!(
            status["message"],
            format!("HorizontalPodAutoscaler.autoscaling \"x\" is invalid: {message}")
        );
    }
}
