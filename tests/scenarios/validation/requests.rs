//! Requests that are wrong whatever object they are about.

use kubarium::apiserver::request::{JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH};
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::{Cluster, Config};
use serde_json::Value;

use super::said;
use crate::common::created;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const MAP: &str = "/api/v1/namespaces/default/configmaps/m";
const CONFIG_MAP: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {a: b}}";

fn check(rows: &[(Request, &str)]) {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    created(&mut cluster, CONFIG_MAP);
    for (request, want) in rows {
        let said = said(cluster.request(request));
        assert_eq!(said, *want, "{} {:?}", request.path, request.query);
    }
}

fn value(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).expect("test bodies are YAML")
}

fn query(method: Method, path: &str, name: &str, text: &str) -> Request {
    Request::new(method, path)
        .with_body(value(CONFIG_MAP))
        .with_query(name, text)
}

#[test]
fn options() {
    let long = "x".repeat(129);
    check(&[
        (
            query(Method::Post, MAPS, "dryRun", "foo"),
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"foo\"]: supported values: \"All\"",
        ),
        (
            query(Method::Put, MAP, "fieldValidation", "foo"),
            "UpdateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"foo\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        ),
        (
            query(Method::Post, MAPS, "fieldManager", &long).with_query("dryRun", "foo"),
            "CreateOptions.meta.k8s.io \"\" is invalid: [fieldManager: Too long: may not be more than 128 bytes, dryRun: Unsupported value: [\"foo\"]: supported values: \"All\"]",
        ),
        (
            Request::new(Method::Delete, MAP).with_query("gracePeriodSeconds", "x"),
            "strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            Request::get(MAPS).with_query("limit", "x"),
            "strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (Request::get(MAPS).with_query("limit", "-1"), ""),
        (
            Request::get(MAPS).with_query("timeoutSeconds", "x"),
            "strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            Request::get(MAPS)
                .with_query("resourceVersion", "1")
                .with_query("resourceVersionMatch", "Foo"),
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
    ]);
}

#[test]
fn bodies() {
    let post = |body: &str| Request::new(Method::Post, MAPS).with_body(value(body));
    let put = |body: &str| Request::new(Method::Put, MAP).with_body(value(body));
    check(&[
        (
            Request::new(Method::Post, MAPS),
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
        ),
        (
            post("[a]"),
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" } (5b2261225d)",
        ),
        (
            post("{apiVersion: v2, kind: ConfigMap, metadata: {name: q}}"),
            "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"v2\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            post("{apiVersion: apps/v1, kind: Deployment, metadata: {name: q}}"),
            "Deployment in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion",
        ),
        (
            put("{apiVersion: v1, kind: ConfigMap, metadata: {name: m, resourceVersion: x}}"),
            "strconv.ParseUint: parsing \"x\": invalid syntax",
        ),
        (
            put("{apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: x}}"),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            put("{apiVersion: v1, kind: ConfigMap, metadata: {}}"),
            "the name of the object (m based on URL) was undeterminable: name must be provided",
        ),
        // The namespace is that of the URL.
        (put(CONFIG_MAP), ""),
        // And so is what nobody says of the type.
        (
            put("{apiVersion: '', kind: ConfigMap, metadata: {name: m}}"),
            "",
        ),
        (put("{apiVersion: v1, kind: '', metadata: {name: m}}"), ""),
        (put("{metadata: {name: m}}"), ""),
        (
            post("{apiVersion: '', kind: Pod, metadata: {name: q}}"),
            "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion",
        ),
    ]);
}

#[test]
fn a_put_without_a_revision() {
    let mut cluster = Cluster::new(Config::bare(1, 0));
    let mut put = |path: &str, body: &str| {
        let request = Request::new(Method::Put, path).with_body(value(body));
        let response = cluster.request(&request);
        (response.code, said(response))
    };
    let budget = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}}";
    let of_budget = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/b";
    assert_eq!(put(of_budget, budget).0, 404);
    // These are made when there is none.
    let lease = "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l}}";
    let of_lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
    assert_eq!(put(of_lease, lease).0, 201);
    assert_eq!(
        put(of_lease, lease),
        (
            422,
            "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
                .to_owned()
        )
    );
}

#[test]
fn patches() {
    let patch = |kind: &'static str, body: &str| {
        let mut request = Request::new(Method::Patch, MAP).with_body(value(body));
        request.content_type = kind;
        request
    };
    let mut cluster = Cluster::new(Config::bare(1, 0));
    created(&mut cluster, CONFIG_MAP);
    for (request, want) in [
        (
            patch(MERGE_PATCH, "{kind: Pod}"),
            "converting (v1.Pod) to (core.ConfigMap): unknown conversion",
        ),
        (
            patch(MERGE_PATCH, "{kind: Foo}"),
            "no kind \"Foo\" is registered for version \"v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        ),
        (
            patch(JSON_PATCH, "[{op: add, path: /foo, value: 1}]")
                .with_query("fieldValidation", "Strict"),
            "strict decoding error: unknown field \"foo\"",
        ),
        (
            patch(STRATEGIC_MERGE_PATCH, "{foo: 1}").with_query("fieldValidation", "Strict"),
            "Invalid value: \"map[foo:1]\": strict decoding error: unknown field \"foo\"",
        ),
        (patch(STRATEGIC_MERGE_PATCH, "{kind: Pod}"), ""),
    ] {
        let said = said(cluster.request(&request));
        assert!(said.ends_with(want), "{said}");
    }
}

#[test]
fn options_of_deletions() {
    let delete = |yaml: &str| Request::new(Method::Delete, MAP).with_body(value(yaml));
    check(&[
        (
            delete("{gracePeriodSeconds: five}"),
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        ),
        (
            delete("{preconditions: uid}"),
            "json: cannot unmarshal string into Go struct field DeleteOptions.preconditions of type v1.Preconditions",
        ),
        (
            delete("{dryRun: [All, Some]}"),
            "DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"All\",\"Some\"]: supported values: \"All\"",
        ),
        (
            delete("{apiVersion: v1, kind: Pod}"),
            "no kind \"Pod\" is registered for version \"v1\"",
        ),
        (
            delete("{propagationPolicy: Sideways, orphanDependents: true}"),
            "DeleteOptions.meta.k8s.io \"\" is invalid: [propagationPolicy: Invalid value: \"Sideways\": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"]",
        ),
        // A body is all that counts, and may say what nobody knows.
        (
            delete("{dryRun: [All], nonsense: true}").with_query("propagationPolicy", "x"),
            "",
        ),
        (delete("{gracePeriodSeconds: -5}"), ""),
        (delete("{}"), "configmaps \"m\" not found"),
    ]);
}

#[test]
fn questions_have_selectors_of_one_form() {
    const PATH: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let both = "spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: \"a=b\": may not specified at the same time as requirements";
    let rows = [
        ("fieldSelector: {rawSelector: a=b}", ""),
        (
            "fieldSelector: {rawSelector: a=b, requirements: [{key: a, operator: In, values: [b]}]}",
            both,
        ),
        (
            "labelSelector: {}",
            "spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required",
        ),
        (
            "fieldSelector: {requirements: [{key: '', operator: In, values: []}, {key: a, operator: Later}]}",
            "spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified\nspec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            "labelSelector: {requirements: [{key: a, operator: Exists, values: [b]}]}",
            "spec.resourceAttributes.labelSelector.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
    ];
    let rows = rows.map(|(selector, want)| {
        let body = format!(
            "{{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, spec: {{user: u, resourceAttributes: {{verb: list, resource: pods, {selector}}}}}}}"
        );
        (Request::new(Method::Post, PATH).with_body(value(&body)), want)
    });
    check(&rows);
}
