//! Who may do what: roles, reviews, tokens, impersonation.

use kubarium::apiserver::{Certificate, Credentials, Method, Request};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::{millis, secs};
use serde_json::{Value, json};

use crate::common::{created, get, json_of};

fn quiet() -> Cluster {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    cluster.run_for(secs(1));
    cluster
}

/// The message and code of what `user` is answered.
fn as_user(cluster: &mut Cluster, user: &str, mut request: Request) -> (u16, String) {
    request.impersonate = user.to_owned();
    let response = cluster.request(&request);
    let code = response.code;
    let message = json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (code, message)
}

fn with_token(cluster: &mut Cluster, token: &str, path: &str) -> (u16, Value) {
    let mut request = Request::get(path);
    request.credentials = Credentials::Token(token.to_owned());
    let response = cluster.request(&request);
    (response.code, json_of(response))
}

fn token_for(cluster: &mut Cluster, account: &str, spec: Value) -> Value {
    let path = format!("/api/v1/namespaces/default/serviceaccounts/{account}/token");
    let request = Request::new(Method::Post, path).with_body(json!({"spec": spec}));
    json_of(cluster.request(&request))
}

const PODS: &str = "/api/v1/namespaces/default/pods";
const REFUSED: &str = "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";

#[test]
fn rights_come_from_bindings_and_go_with_them() {
    let mut cluster = quiet();
    let list = || Request::get(PODS);
    assert_eq!(
        as_user(&mut cluster, "jane", list()),
        (403, REFUSED.to_owned())
    );
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: read}, roleRef: {kind: Role, name: reader}, subjects: [{kind: User, name: jane}]}",
    );
    assert_eq!(
        as_user(&mut cluster, "jane", list()).1,
        format!("{REFUSED}: RBAC: role.rbac.authorization.k8s.io \"reader\" not found")
    );
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader}, rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]}",
    );
    assert_eq!(as_user(&mut cluster, "jane", list()).0, 200);
    let elsewhere = Request::get("/api/v1/namespaces/kube-system/pods");
    assert_eq!(as_user(&mut cluster, "jane", elsewhere).0, 403);
    let log = Request::get(format!("{PODS}/x/log"));
    assert_eq!(
        as_user(&mut cluster, "jane", log).1,
        "pods \"x\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\""
    );
    let binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/read";
    cluster.request(&Request::new(Method::Delete, binding));
    assert_eq!(
        as_user(&mut cluster, "jane", list()),
        (403, REFUSED.to_owned())
    );
}

#[test]
fn paths_and_unknown_resources_are_judged_before_they_are_looked_for() {
    let mut cluster = quiet();
    for (user, path, code, expected) in [
        ("jane", "/apis", 200, ""),
        ("jane", "/healthz", 200, ""),
        (
            "jane",
            "/metrics",
            403,
            "forbidden: User \"jane\" cannot get path \"/metrics\"",
        ),
        ("system:anonymous", "/readyz", 200, ""),
        (
            "system:anonymous",
            "/api",
            403,
            "forbidden: User \"system:anonymous\" cannot get path \"/api\"",
        ),
        (
            "jane",
            "/apis/foo/v1/bars",
            403,
            "bars.foo is forbidden: User \"jane\" cannot list resource \"bars\" in API group \"foo\" at the cluster scope",
        ),
    ] {
        let mut request = Request::get(path);
        request.impersonate = user.to_owned();
        let response = cluster.request(&request);
        assert_eq!(response.code, code, "{user} {path}");
        if code != 200 {
            assert_eq!(json_of(response)["message"], expected);
        }
    }
}

#[test]
fn the_default_roles_are_there_and_their_sums_are_filled() {
    let mut cluster = quiet();
    let roles = get(
        &mut cluster,
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    );
    let items = roles["items"].as_array().expect("a list");
    assert!(items.len() > 60, "{}", items.len());
    let count = |name: &str| {
        let role = items.iter().find(|r| r["metadata"]["name"] == name);
        role.and_then(|r| r["rules"].as_array()).map_or(0, Vec::len)
    };
    let (view, edit, admin) = (count("view"), count("edit"), count("admin"));
    assert_eq!(view, count("system:aggregate-to-view"));
    assert_eq!(edit, view + count("system:aggregate-to-edit"));
    assert_eq!(admin, edit + count("system:aggregate-to-admin"));
    // Another part of the sum takes effect by itself.
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: more, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}, rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]}",
    );
    cluster.run_for(secs(1));
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/admin";
    let admin_now = get(&mut cluster, path)["rules"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(admin_now, admin + 1);
}

#[test]
fn nobody_grants_what_they_do_not_have() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: owner}, roleRef: {kind: ClusterRole, name: admin}, subjects: [{kind: User, name: jane}]}",
    );
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    let role = |verbs: Value, resources: Value| {
        Request::new(Method::Post, roles).with_body(json!({
            "metadata": {"generateName": "r-"},
            "rules": [{"apiGroups": [""], "resources": resources, "verbs": verbs}],
        }))
    };
    let own = role(json!(["get"]), json!(["pods"]));
    assert_eq!(as_user(&mut cluster, "jane", own).0, 201);
    let mut more = role(json!(["get", "delete"]), json!(["nodes"]));
    if let kubarium::apiserver::Body::Json(body) = &mut more.body {
        body["metadata"] = json!({"name": "nodes"});
    }
    assert_eq!(
        as_user(&mut cluster, "jane", more),
        (
            403,
            "roles.rbac.authorization.k8s.io \"nodes\" is forbidden: user \"jane\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"delete\"]}".to_owned()
        )
    );
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    let bind = |role: &str| {
        Request::new(Method::Post, bindings).with_body(json!({
            "metadata": {"name": role},
            "roleRef": {"kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "bob"}],
        }))
    };
    assert_eq!(as_user(&mut cluster, "jane", bind("view")).0, 201);
    let (code, message) = as_user(&mut cluster, "jane", bind("cluster-admin"));
    assert_eq!(code, 403);
    assert!(message.ends_with("not currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}"), "{message}");
    // Whoever may bind a role may bind it.
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: binder}, rules: [{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind], resourceNames: [cluster-admin]}]}",
    );
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: binder}, roleRef: {kind: Role, name: binder}, subjects: [{kind: User, name: jane}]}",
    );
    assert_eq!(as_user(&mut cluster, "jane", bind("cluster-admin")).0, 201);
}

#[test]
fn the_role_of_a_binding_stays() {
    let mut cluster = quiet();
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin";
    let mut request =
        Request::new(Method::Patch, path).with_body(json!({"roleRef": {"name": "view"}}));
    request.content_type = "application/merge-patch+json";
    assert_eq!(
        json_of(cluster.request(&request))["message"],
        "ClusterRoleBinding.rbac.authorization.k8s.io \"cluster-admin\" is invalid: roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"view\"}: cannot change roleRef"
    );
}

#[test]
fn tokens_let_in_until_they_end_or_their_account_goes() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}",
    );
    let answer = token_for(&mut cluster, "robot", json!({"expirationSeconds": 600}));
    let token = answer["status"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(token.split('.').count(), 3);
    let (code, body) = with_token(&mut cluster, &token, PODS);
    assert_eq!(code, 403);
    assert_eq!(
        body["message"],
        "pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""
    );
    let forged = format!("{}x", token);
    assert_eq!(
        with_token(&mut cluster, &forged, PODS).1["message"],
        "Unauthorized"
    );
    let foreign = token_for(&mut cluster, "robot", json!({"audiences": ["vault"]}));
    let foreign = foreign["status"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(with_token(&mut cluster, &foreign, PODS).0, 401);
    let review = |token: &str, audiences: Value| {
        Request::new(Method::Post, "/apis/authentication.k8s.io/v1/tokenreviews")
            .with_body(json!({"spec": {"token": token, "audiences": audiences}}))
    };
    let seen = json_of(cluster.request(&review(&foreign, json!(["vault"]))));
    assert_eq!(seen["status"]["authenticated"], true);
    assert_eq!(seen["status"]["audiences"], json!(["vault"]));
    assert_eq!(
        seen["status"]["user"]["groups"],
        json!([
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated"
        ])
    );
    let lasting = token_for(&mut cluster, "robot", json!({}));
    let lasting = lasting["status"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    cluster.run_for(secs(601));
    assert_eq!(with_token(&mut cluster, &token, PODS).0, 401);
    assert_eq!(with_token(&mut cluster, &lasting, PODS).0, 403);
    let account = "/api/v1/namespaces/default/serviceaccounts/robot";
    cluster.request(&Request::new(Method::Delete, account));
    assert_eq!(with_token(&mut cluster, &lasting, PODS).0, 401);
    let seen = json_of(cluster.request(&review(&lasting, Value::Null)));
    assert_eq!(
        seen["status"]["error"],
        "[invalid bearer token, serviceaccounts \"robot\" not found]"
    );
}

#[test]
fn secrets_of_tokens_are_filled_and_go_with_their_account() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Secret, metadata: {name: robot-token, annotations: {kubernetes.io/service-account.name: robot}}, type: kubernetes.io/service-account-token}",
    );
    cluster.run_for(secs(1));
    let path = "/api/v1/namespaces/default/secrets/robot-token";
    let secret = get(&mut cluster, path);
    let data = secret["data"].as_object().expect("data");
    let keys: Vec<&String> = data.keys().collect();
    assert_eq!(keys, ["ca.crt", "namespace", "token"]);
    let account = "/api/v1/namespaces/default/serviceaccounts/robot";
    assert_eq!(
        secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"],
        get(&mut cluster, account)["metadata"]["uid"]
    );
    cluster.request(&Request::new(Method::Delete, account));
    cluster.run_for(secs(1));
    assert_eq!(cluster.request(&Request::get(path)).code, 404);
}

#[test]
fn a_certificate_names_user_and_groups() {
    let mut cluster = quiet();
    let mut request = Request::get(PODS);
    request.credentials = Credentials::Certificate(Box::new(Certificate {
        user: "jane".to_owned(),
        groups: vec!["system:masters".to_owned()],
        fingerprint: String::new(),
    }));
    assert_eq!(cluster.request(&request).code, 200);
    request.credentials = Credentials::Anonymous;
    let (code, body) = (
        cluster.request(&request).code,
        json_of(cluster.request(&request)),
    );
    assert_eq!(code, 403);
    assert_eq!(
        body["message"],
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""
    );
}

#[test]
fn acting_as_others_is_a_right() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: actor}, rules: [{apiGroups: [''], resources: [users], verbs: [impersonate], resourceNames: [jane]}]}",
    );
    created(
        &mut cluster,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: actor}, roleRef: {kind: ClusterRole, name: actor}, subjects: [{kind: User, name: bob}]}",
    );
    let bob = Credentials::Certificate(Box::new(Certificate {
        user: "bob".to_owned(),
        ..Certificate::default()
    }));
    let mut request = Request::get(PODS);
    request.credentials = bob;
    request.impersonate = "jane".to_owned();
    assert_eq!(json_of(cluster.request(&request))["message"], REFUSED);
    request.impersonate_also.groups = vec!["system:masters".to_owned()];
    assert_eq!(
        json_of(cluster.request(&request))["message"],
        "groups \"system:masters\" is forbidden: User \"bob\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope"
    );
    request.impersonate_also.groups.clear();
    request.impersonate = "system:serviceaccount:default:robot".to_owned();
    assert_eq!(
        json_of(cluster.request(&request))["message"],
        "serviceaccounts \"robot\" is forbidden: User \"bob\" cannot impersonate resource \"serviceaccounts\" in API group \"\" in the namespace \"default\""
    );
}

#[test]
fn reviews_say_why() {
    let mut cluster = quiet();
    let ask = |spec: Value| {
        Request::new(
            Method::Post,
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        )
        .with_body(json!({"spec": spec}))
    };
    let asked = ask(json!({
        "user": "system:serviceaccount:kube-system:job-controller",
        "resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "default"},
    }));
    assert_eq!(
        json_of(cluster.request(&asked))["status"],
        json!({
            "allowed": true,
            "reason": "RBAC: allowed by ClusterRoleBinding \"system:controller:job-controller\" of ClusterRole \"system:controller:job-controller\" to ServiceAccount \"job-controller/kube-system\"",
        })
    );
    let wrong = json_of(cluster.request(&ask(json!({"user": "x"}))));
    assert_eq!(
        wrong["message"],
        ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
    );
}

#[test]
fn a_node_reads_what_its_pods_use() {
    let mut cluster = quiet();
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Secret, metadata: {name: used}}",
    );
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-0, containers: [{name: c, image: nginx, envFrom: [{secretRef: {name: used}}]}]}}",
    );
    let mut read = |node: &str, name: &str| {
        let mut request = Request::get(format!("/api/v1/namespaces/default/secrets/{name}"));
        request.impersonate = format!("system:node:{node}");
        request.impersonate_also.groups = vec!["system:nodes".to_owned()];
        let response = cluster.request(&request);
        (
            response.code,
            json_of(response)["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    assert_eq!(read("node-0", "used").0, 200);
    let (code, message) = read("node-1", "used");
    assert_eq!(code, 403);
    assert!(
        message.ends_with(": no relationship found between node 'node-1' and this object"),
        "{message}"
    );
}

#[test]
fn pods_have_tokens_of_their_own() {
    let mut cluster = Cluster::new(Config::playground(1, 1));
    cluster.run_for(secs(5));
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: worker-1, terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sh, -c, 'cat /var/run/secrets/kubernetes.io/serviceaccount/token; echo; sleep 1000']}]}}",
    );
    cluster.run_for(secs(20));
    let log = cluster.request(&Request::get(format!("{PODS}/p/log")));
    let kubarium::apiserver::Body::Text(token) = log.body else {
        panic!("{log:?}");
    };
    let token = token.trim().to_owned();
    let review = Request::new(Method::Post, "/apis/authentication.k8s.io/v1/tokenreviews")
        .with_body(json!({"spec": {"token": token}}));
    let seen = json_of(cluster.request(&review));
    assert_eq!(seen["status"]["error"], Value::Null, "{token}");
    let (code, body) = with_token(&mut cluster, &token, PODS);
    assert_eq!((code, body["reason"].as_str()), (403, Some("Forbidden")));
    let extra = &seen["status"]["user"]["extra"];
    assert_eq!(extra["authentication.kubernetes.io/pod-name"], json!(["p"]));
    assert_eq!(
        extra["authentication.kubernetes.io/node-name"],
        json!(["worker-1"])
    );
    cluster.request(&Request::new(Method::Delete, format!("{PODS}/p")));
    cluster.run_for(millis(100));
    assert_eq!(with_token(&mut cluster, &token, PODS).0, 401);
}
