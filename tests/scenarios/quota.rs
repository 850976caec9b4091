//! Quotas and limit ranges, as a user of the API meets them.

use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::sim::{Rng, millis, secs};
use serde_json::Value;

use crate::common::{bare, create, created, get, json_of};

const QUOTA: &str = "/api/v1/namespaces/default/resourcequotas/q";

fn quota(cluster: &mut Cluster, spec: &str) {
    let yaml =
        format!("{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: q}}, spec: {spec}}}");
    created(cluster, &yaml);
    cluster.run_for(secs(1));
}

fn pod(name: &str, resources: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: \
         [{{name: c, image: nginx, resources: {resources}}}]}}}}"
    )
}

/// What the refusal of a manifest says.
fn refused(cluster: &mut Cluster, yaml: &str) -> String {
    let response = create(cluster, yaml);
    assert!(!response.is_success(), "should be refused: {yaml}");
    let status = json_of(response);
    status["message"].as_str().unwrap_or_default().to_owned()
}

fn used(cluster: &mut Cluster) -> Value {
    get(cluster, QUOTA)["status"]["used"].clone()
}

fn delete(cluster: &mut Cluster, path: &str) {
    let response = cluster.request(&Request::new(Method::Delete, path));
    assert!(response.is_success(), "{:?}", response.body);
}

#[test]
fn pods_beyond_the_quota_are_refused_until_others_are_gone() {
    let mut cluster = bare(2);
    cluster.run_for(secs(5));
    quota(&mut cluster, "{hard: {pods: 2, count/pods: 5}}");
    assert_eq!(
        used(&mut cluster),
        serde_json::json!({"pods": "0", "count/pods": "0"})
    );
    created(&mut cluster, &pod("a", "{}"));
    created(&mut cluster, &pod("b", "{}"));
    assert_eq!(used(&mut cluster)["pods"], "2", "charged at once");
    assert_eq!(
        refused(&mut cluster, &pod("over", "{}")),
        "pods \"over\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    );
    delete(&mut cluster, "/api/v1/namespaces/default/pods/a");
    cluster.run_for(secs(40));
    assert_eq!(used(&mut cluster)["pods"], "1");
    created(&mut cluster, &pod("over", "{}"));
}

#[test]
fn a_quota_of_compute_makes_containers_state_it() {
    let mut cluster = bare(2);
    cluster.run_for(secs(5));
    quota(
        &mut cluster,
        "{hard: {requests.cpu: 500m, limits.cpu: \"1\", limits.memory: 1Gi}}",
    );
    assert_eq!(
        refused(&mut cluster, &pod("a", "{}")),
        "pods \"a\" is forbidden: failed quota: q: must specify limits.cpu for: c; limits.memory for: c; requests.cpu for: c"
    );
    created(
        &mut cluster,
        &pod(
            "a",
            "{requests: {cpu: 400m}, limits: {cpu: 500m, memory: 512Mi}}",
        ),
    );
    assert_eq!(
        refused(
            &mut cluster,
            &pod(
                "b",
                "{requests: {cpu: 200m}, limits: {cpu: 600m, memory: 512Mi}}"
            )
        ),
        "pods \"b\" is forbidden: exceeded quota: q, requested: limits.cpu=600m,requests.cpu=200m, used: limits.cpu=500m,requests.cpu=400m, limited: limits.cpu=1,requests.cpu=500m"
    );
    let table = Request::get("/api/v1/namespaces/default/resourcequotas");
    let mut table = table;
    table.accept = kubarium::apiserver::request::ACCEPT_TABLE;
    let table = json_of(cluster.request(&table));
    let cells = table["rows"][0]["cells"].clone();
    assert_eq!(cells[1], "requests.cpu: 400m/500m");
    assert_eq!(cells[2], "limits.cpu: 500m/1, limits.memory: 512Mi/1Gi");
}

#[test]
fn objects_of_any_kind_are_counted() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    quota(
        &mut cluster,
        "{hard: {configmaps: 2, count/deployments.apps: 1, services.nodeports: 1}}",
    );
    // `kube-root-ca.crt` is there already.
    assert_eq!(used(&mut cluster)["configmaps"], "1");
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
    );
    assert_eq!(
        refused(
            &mut cluster,
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}"
        ),
        "configmaps \"b\" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2"
    );
    let web = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: TYPE, ports: [{name: a, port: 80}, {name: b, port: 81}]}}";
    assert_eq!(
        refused(&mut cluster, &web.replace("TYPE", "NodePort")),
        "services \"web\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1"
    );
    let mut service = created(&mut cluster, &web.replace("TYPE", "ClusterIP"));
    service["spec"]["type"] = "NodePort".into();
    let put = Request::new(Method::Put, "/api/v1/namespaces/default/services/web");
    let response = cluster.request(&put.with_body(service));
    assert_eq!(response.code, 403, "an update is charged for what it adds");
}

#[test]
fn scopes_choose_the_pods_that_count() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    quota(&mut cluster, "{hard: {pods: 1}, scopes: [BestEffort]}");
    created(&mut cluster, &pod("best", "{}"));
    created(&mut cluster, &pod("burst", "{requests: {cpu: 1m}}"));
    assert!(refused(&mut cluster, &pod("best2", "{}")).contains("exceeded quota: q"));
    assert_eq!(used(&mut cluster)["pods"], "1");
    for (spec, message) in [
        (
            "{hard: {cpu: 1}, scopes: [BestEffort]}",
            "spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource",
        ),
        (
            "{hard: {pods: 1}, scopes: [Terminating, NotTerminating]}",
            "spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes",
        ),
        (
            "{hard: {bananas: 1}}",
            "[spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource type or fully qualified, spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource for quota]",
        ),
        (
            "{hard: {pods: 1500m}}",
            "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
        ),
    ] {
        let yaml =
            format!("{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: x}}, spec: {spec}}}");
        let wanted = format!("ResourceQuota \"x\" is invalid: {message}");
        assert_eq!(refused(&mut cluster, &yaml), wanted);
    }
}

#[test]
fn limit_ranges_fill_in_and_refuse() {
    let mut cluster = bare(1);
    cluster.run_for(secs(5));
    created(
        &mut cluster,
        "{apiVersion: v1, kind: LimitRange, metadata: {name: lr}, spec: {limits: [{type: Container, \
         default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: \"1\"}, min: {cpu: 50m}, \
         maxLimitRequestRatio: {cpu: \"4\"}}]}}",
    );
    let got = created(&mut cluster, &pod("a", "{}"));
    assert_eq!(
        got["spec"]["containers"][0]["resources"],
        serde_json::json!({"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}})
    );
    assert_eq!(
        got["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    );
    assert_eq!(
        refused(
            &mut cluster,
            &pod("b", "{requests: {cpu: 10m}, limits: {cpu: \"2\"}}")
        ),
        "pods \"b\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 4, but provided ratio is 200.000000]"
    );
    let bad = "{apiVersion: v1, kind: LimitRange, metadata: {name: x}, spec: {limits: [{type: Container, max: {cpu: 1}, min: {cpu: 2}}]}}";
    assert_eq!(
        refused(&mut cluster, bad),
        "LimitRange \"x\" is invalid: [spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1, spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1, spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1]"
    );
}

/// Workloads grow, pods are deleted and created by hand: at no instant are there more pods that
/// have not ended than the quota allows.
#[test]
fn a_quota_is_never_exceeded() {
    for seed in 1..=20u64 {
        let mut rng = Rng::new(seed);
        let mut cluster = bare(3);
        cluster.run_for(secs(5));
        let most = 3 + rng.below(8) as usize;
        quota(&mut cluster, &format!("{{hard: {{pods: {most}}}}}"));
        for name in ["a", "b"] {
            created(
                &mut cluster,
                &format!(
                    "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {}, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: nginx}}]}}}}}}}}",
                    rng.below(12)
                ),
            );
        }
        for i in 0..30 {
            let until = cluster.now() + millis(rng.below(4000));
            while cluster.step(until) {
                let pods = get(&mut cluster, "/api/v1/namespaces/default/pods");
                let count = pods["items"].as_array().map_or(0, Vec::len);
                assert!(count <= most, "seed {seed}: {count} pods, {most} allowed");
            }
            match rng.below(3) {
                0 => {
                    create(&mut cluster, &pod(&format!("own-{i}"), "{}"));
                }
                1 => {
                    let pods = get(&mut cluster, "/api/v1/namespaces/default/pods");
                    let all = pods["items"].as_array().cloned().unwrap_or_default();
                    if let Some(one) = rng.pick(&all) {
                        let name = one["metadata"]["name"].as_str().unwrap_or_default();
                        let path = format!("/api/v1/namespaces/default/pods/{name}");
                        let request = Request::new(Method::Delete, path);
                        cluster.request(&request.with_query("gracePeriodSeconds", "0"));
                    }
                }
                _ => {
                    let path = "/apis/apps/v1/namespaces/default/deployments/a/scale";
                    let mut scale = get(&mut cluster, path);
                    scale["spec"]["replicas"] = rng.below(12).into();
                    cluster.request(&Request::new(Method::Put, path).with_body(scale));
                }
            }
        }
        // What was counted agrees with what is there once all is at rest.
        cluster.run_for(secs(700));
        let pods = get(&mut cluster, "/api/v1/namespaces/default/pods");
        let count = pods["items"].as_array().map_or(0, Vec::len);
        assert_eq!(used(&mut cluster)["pods"], count.to_string(), "seed {seed}");
    }
}
