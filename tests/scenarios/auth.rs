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
fn a_node_hears_what_it_may_not_change_of_a_claim() {
    let mut cluster = quiet();
    const CLAIM: &str = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    created(&mut cluster, CLAIM);
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-0, volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], containers: [{name: c, image: nginx}]}}",
    );
    let path = "/api/v1/namespaces/default/persistentvolumeclaims/c";
    let mut claim = json_of(cluster.request(&Request::get(path)));
    claim["status"]["phase"] = json!("Bound");
    let mut request = Request::new(Method::Put, format!("{path}/status")).with_body(claim);
    request.impersonate = "system:node:node-0".to_owned();
    request.impersonate_also.groups = vec!["system:nodes".to_owned()];
    let response = cluster.request(&request);
    assert_eq!(response.code, 403);
    let message = json_of(response)["message"].clone();
    let message = message.as_str().unwrap_or_default();
    let begins = "persistentvolumeclaims \"c\" is forbidden: node \"node-0\" is not allowed to update fields other than status.quantity and status.conditions: @@ -";
    assert!(message.starts_with(begins), "{message}");
    let lines = "-  \"Phase\": \"Pending\",\n+  \"Phase\": \"Bound\",\n   \"AccessModes\": null,\n";
    assert!(message.contains(lines), "{message}");
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

/// Asks as a node: the code, and what the refusal ends with.
fn as_node(cluster: &mut Cluster, node: &str, mut request: Request) -> (u16, String) {
    request.impersonate = format!("system:node:{node}");
    request.impersonate_also.groups = vec!["system:nodes".to_owned()];
    let response = cluster.request(&request);
    let code = response.code;
    let message = json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let end = message
        .rsplit_once("\": ")
        .map_or(message.clone(), |(_, end)| end.to_owned());
    (code, end)
}

#[test]
fn a_node_reads_what_leads_to_it() {
    let mut cluster = quiet();
    for object in [
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-0, serviceAccountName: default, volumes: [{name: v, persistentVolumeClaim: {claimName: c}}, {name: m, configMap: {name: m}}], containers: [{name: c, image: nginx}]}}",
        "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], claimRef: {namespace: default, name: c}, csi: {driver: d, volumeHandle: h, nodeStageSecretRef: {name: stage, namespace: default}, controllerPublishSecretRef: {name: publish, namespace: default}}}}",
        "{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: d, nodeName: node-0, source: {persistentVolumeName: v}}}",
    ] {
        created(&mut cluster, object);
    }
    let own = "/api/v1/namespaces/default";
    let unrelated = "no relationship found between node 'node-1' and this object";
    let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    let one = "can only get individual resources of this type";
    let own_lease = "can only access node lease with the same name as the requesting node";
    for (node, path, expected) in [
        ("node-0", format!("{own}/pods/p"), ""),
        ("node-1", format!("{own}/pods/p"), unrelated),
        ("node-0", format!("{own}/persistentvolumeclaims/c"), ""),
        (
            "node-1",
            format!("{own}/persistentvolumeclaims/c"),
            unrelated,
        ),
        ("node-0", format!("{own}/persistentvolumeclaims"), one),
        ("node-0", "/api/v1/persistentvolumes/v".to_owned(), ""),
        (
            "node-1",
            "/api/v1/persistentvolumes/v".to_owned(),
            unrelated,
        ),
        ("node-0", format!("{own}/secrets/stage"), ""),
        (
            "node-0",
            format!("{own}/secrets/publish"),
            "no relationship found between node 'node-0' and this object",
        ),
        ("node-0", format!("{own}/secrets"), "No Object name found"),
        (
            "node-0",
            "/api/v1/secrets".to_owned(),
            "can only read namespaced object of this type",
        ),
        (
            "node-0",
            format!("{own}/secrets?fieldSelector=metadata.name=stage"),
            "",
        ),
        ("node-0", format!("{own}/configmaps/m"), ""),
        ("node-1", format!("{own}/configmaps/m"), unrelated),
        (
            "node-0",
            format!("{own}/serviceaccounts/default"),
            "can only create tokens for individual service accounts",
        ),
        (
            "node-0",
            "/apis/storage.k8s.io/v1/volumeattachments/a".to_owned(),
            "",
        ),
        (
            "node-1",
            "/apis/storage.k8s.io/v1/volumeattachments/a".to_owned(),
            unrelated,
        ),
        ("node-0", "/api/v1/nodes/node-0".to_owned(), ""),
        (
            "node-0",
            "/api/v1/nodes/node-1".to_owned(),
            "node 'node-0' cannot read 'node-1', only its own Node object",
        ),
        (
            "node-0",
            "/api/v1/nodes".to_owned(),
            "node 'node-0' cannot read all nodes, only its own Node object",
        ),
        (
            "node-0",
            "/api/v1/pods".to_owned(),
            "can only list/watch pods with spec.nodeName field selector",
        ),
        (
            "node-0",
            "/api/v1/pods?fieldSelector=spec.nodeName=node-0".to_owned(),
            "",
        ),
        (
            "node-0",
            "/api/v1/pods?fieldSelector=spec.nodeName=node-1".to_owned(),
            "can only list/watch pods with spec.nodeName field selector",
        ),
        ("node-0", format!("{lease}/node-0"), ""),
        ("node-0", format!("{lease}/node-1"), own_lease),
        (
            "node-0",
            lease.to_owned(),
            "can only get, create, update, patch, or delete a node lease",
        ),
        ("node-0", "/api/v1/services".to_owned(), ""),
        (
            "node-0",
            "/apis/apps/v1/deployments".to_owned(),
            "User \"system:node:node-0\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope",
        ),
    ] {
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let mut request = Request::get(path);
        if let Some((name, value)) = query.split_once('=') {
            request = request.with_query(name, value);
        }
        let (code, end) = as_node(&mut cluster, node, request);
        match expected {
            "" => assert!(
                code == 200 || code == 404,
                "{node} {path} {query}: {code} {end}"
            ),
            expected => {
                assert_eq!(code, 403, "{node} {path} {query}: {end}");
                assert!(end.ends_with(expected), "{node} {path} {query}: {end}");
            }
        }
    }
    // The rights of nodes are written into the server: the role is there for others.
    cluster.request(&Request::new(
        Method::Delete,
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
    ));
    let services = Request::get("/api/v1/services");
    assert_eq!(as_node(&mut cluster, "node-0", services).0, 200);
}

#[test]
fn a_node_changes_its_own_node_and_pods_and_little_of_them() {
    let mut cluster = Cluster::new(Config::bare(1, 2));
    cluster.run_for(secs(1));
    created(
        &mut cluster,
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: node-0, containers: [{name: c, image: nginx}]}}",
    );
    let uid = |cluster: &mut Cluster, path: &str| {
        get(cluster, path)["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let node_uid = uid(&mut cluster, "/api/v1/nodes/node-0");
    let pod_uid = uid(&mut cluster, "/api/v1/namespaces/default/pods/p");
    let patch = |path: &str, body: Value| {
        let mut request = Request::new(Method::Patch, path).with_body(body);
        request.content_type = "application/merge-patch+json";
        request
    };
    let post = |path: &str, body: Value| Request::new(Method::Post, path).with_body(body);
    let mirror = |owner: Value, spec: Value| {
        let mut body = json!({
            "metadata": {"name": "m", "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [owner]},
            "spec": {"nodeName": "node-0", "containers": [{"name": "c", "image": "nginx"}]},
        });
        for (key, value) in spec.as_object().into_iter().flatten() {
            body["spec"][key] = value.clone();
        }
        post(PODS, body)
    };
    let owner = |extra: Value| {
        let mut owner = json!({"apiVersion": "v1", "kind": "Node", "name": "node-0", "uid": node_uid, "controller": true});
        for (key, value) in extra.as_object().into_iter().flatten() {
            owner[key] = value.clone();
        }
        owner
    };
    let token = |spec: Value| {
        post(
            "/api/v1/namespaces/default/serviceaccounts/default/token",
            json!({"spec": spec}),
        )
    };
    let bound = |uid: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid});
    let node = "/api/v1/nodes/node-0";
    let cases = [
        (
            patch(
                "/api/v1/nodes/node-1",
                json!({"metadata": {"labels": {"a": "b"}}}),
            ),
            403,
            "nodes \"node-1\" is forbidden: node \"node-0\" is not allowed to modify node \"node-1\"",
        ),
        (
            patch(node, json!({"metadata": {"labels": {"a": "b"}}})),
            200,
            "",
        ),
        (
            patch(
                node,
                json!({"metadata": {"labels": {"node-restriction.kubernetes.io/x": "y", "node-role.kubernetes.io/z": ""}}}),
            ),
            403,
            "nodes \"node-0\" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x, node-role.kubernetes.io/z",
        ),
        (
            patch(
                node,
                json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}),
            ),
            403,
            "nodes \"node-0\" is forbidden: node \"node-0\" is not allowed to modify taints",
        ),
        (
            patch(
                node,
                json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x"}]}}),
            ),
            403,
            "nodes \"node-0\" is forbidden: node \"node-0\" is not allowed to modify ownerReferences",
        ),
        (
            mirror(owner(json!({"controller": false})), json!({})),
            403,
            "pods \"m\" is forbidden: node \"node-0\" can only create pods with a controller owner reference set to itself",
        ),
        (
            mirror(owner(json!({"uid": "other"})), json!({})),
            403,
            "pods \"m\" is forbidden: node node-0 UID mismatch: expected other got ",
        ),
        (
            mirror(owner(json!({"name": "node-1"})), json!({})),
            403,
            "pods \"m\" is forbidden: node \"node-0\" can only create pods with an owner reference set to itself",
        ),
        (
            mirror(
                owner(json!({})),
                json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
            ),
            403,
            "pods \"m\" is forbidden: node \"node-0\" can not create pods that reference secrets",
        ),
        (
            mirror(
                owner(json!({})),
                json!({"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}),
            ),
            403,
            "pods \"m\" is forbidden: node \"node-0\" can not create pods that reference serviceaccounts (via projected volumes)",
        ),
        (mirror(owner(json!({})), json!({})), 201, ""),
        (
            post(
                PODS,
                json!({"metadata": {"name": "n"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}),
            ),
            403,
            "pods \"n\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"node-0\" can only create mirror pods",
        ),
        (
            token(json!({})),
            403,
            "serviceaccounts \"default\" is forbidden: node requested token not bound to a pod",
        ),
        (
            token(json!({"boundObjectRef": bound("")})),
            403,
            "serviceaccounts \"default\" is forbidden: node requested token with a pod binding without a uid",
        ),
        (
            token(json!({"boundObjectRef": bound("x")})),
            403,
            "serviceaccounts \"default\" is forbidden: the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated",
        ),
        (
            token(json!({"boundObjectRef": bound(&pod_uid), "audiences": ["vault"]})),
            403,
            "serviceaccounts \"default\" is forbidden: audience \"vault\" not found in pod spec volume, system:node:node-0 is not authorized to request tokens for this audience",
        ),
        (token(json!({"boundObjectRef": bound(&pod_uid)})), 201, ""),
    ];
    for (mut request, code, expected) in cases {
        request.impersonate = "system:node:node-0".to_owned();
        request.impersonate_also.groups = vec!["system:nodes".to_owned()];
        let shown = format!("{request:?}");
        let response = cluster.request(&request);
        let got = response.code;
        let message = json_of(response)["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(got, code, "{message} {shown}");
        assert!(message.starts_with(expected), "{message}\n{shown}");
    }
    // Another node's pod.
    let status = patch(
        "/api/v1/namespaces/default/pods/p/status",
        json!({"status": {"message": "x"}}),
    );
    assert_eq!(
        as_node(&mut cluster, "node-1", status).1,
        "pods \"p\" is forbidden: node \"node-1\" can only update pod status for pods with spec.nodeName set to itself"
    );
    let evict = post(
        "/api/v1/namespaces/default/pods/p/eviction",
        json!({"metadata": {"name": "p"}}),
    );
    assert_eq!(
        as_node(&mut cluster, "node-1", evict).1,
        "pods \"p\" is forbidden: node node-1 can only evict pods with spec.nodeName set to itself"
    );
    // Who says of nobody in particular that they are a node.
    let (code, end) = as_node(&mut cluster, "", Request::get("/api/v1/services"));
    assert_eq!(code, 403);
    assert!(
        end.ends_with(": unknown node for user \"system:node:\""),
        "{end}"
    );
}
