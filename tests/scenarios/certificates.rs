//! Requests for certificates: checked, approved, signed, cleaned away.

use kubarium::api::base64;
use kubarium::api::x509::Certificate;
use kubarium::apiserver::request::ACCEPT_TABLE;
use kubarium::apiserver::{Method, Request, Response};
use kubarium::cluster::{Cluster, Config};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{get, json_of};

const PATH: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING: &str = "kubernetes.io/kubelet-serving";

// Made by `openssl req -new`, with a key on the curve P-256.
/// `/O=dev/CN=jane`
const JANE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWU1IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVtTVFTdDlaUktkVTVxcVJIbDBoS1RsSzZuRmRsT2UrUFhBcUtTS1dlCnJvNHFuTWllWGZDUXo0TVZBb1h3czlrSjhJOHpzMENGN2dycHU3QzNiRENrREtBQU1Bb0dDQ3FHU000OUJBTUMKQTBrQU1FWUNJUUM0OXpBdnI3Zlg2Q2RmajUrTkZKQVFpY1NndXVmOU1mYzNXR0tqeTMxblV3SWhBSUxyRXNjYQpDS3Rxd0dsTTdEWGd1WHFKK3lEdENteG1yejFHbDdSWXJFaEcKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
/// `/O=system:masters/CN=eve`
const EVE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIak1JR0pBZ0VBTUNjeEZ6QVZCZ05WQkFvTURuTjVjM1JsYlRwdFlYTjBaWEp6TVF3d0NnWURWUVFEREFObApkbVV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVNZeEJLMzFsRXAxVG1xcEVlWFNFcE9VcnFjClYyVTU3NDljQ29wSXBaNnVqaXFjeUo1ZDhKRFBneFVDaGZDejJRbndqek96UUlYdUN1bTdzTGRzTUtRTW9BQXcKQ2dZSUtvWkl6ajBFQXdJRFNRQXdSZ0loQUtnZCtmUlRzY0RRVG5Wa2tGS0tLVThGMVdNMHBSMVM5aFlhSmk5QgpzL2tNQWlFQTJGVFVEYjdvMmVsQTUzcW5pdWpPcDI1VllrN20zem9lMXdubVVBYWJKVk09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";
/// `/O=system:nodes/CN=system:node:node-0`
const NODE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIdk1JR1dBZ0VBTURReEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekViTUJrR0ExVUVBd3dTYzNsegpkR1Z0T201dlpHVTZibTlrWlMwd01Ga3dFd1lIS29aSXpqMENBUVlJS29aSXpqMERBUWNEUWdBRW1NUVN0OVpSCktkVTVxcVJIbDBoS1RsSzZuRmRsT2UrUFhBcUtTS1dlcm80cW5NaWVYZkNRejRNVkFvWHdzOWtKOEk4enMwQ0YKN2dycHU3QzNiRENrREtBQU1Bb0dDQ3FHU000OUJBTUNBMGdBTUVVQ0lRQzRRUS9qR1pvRUhVeHRhNmp5WEVJMgpDQ012Vkd2WlJmRzdiV0NSNnpaQm9BSWdDVXlBaE9MUFB5QlNGek5YTnF3RjVYcjJlQkx5Y1V2U1hGMC9FSEdYCjFzUT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";
/// The same, with `DNS:node-0` and `IP:10.0.0.2`.
const NODE_SERVING: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQkdEQ0J3QUlCQURBME1SVXdFd1lEVlFRS0RBeHplWE4wWlcwNmJtOWtaWE14R3pBWkJnTlZCQU1NRW5ONQpjM1JsYlRwdWIyUmxPbTV2WkdVdE1EQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQUJKakVFcmZXClVTblZPYXFrUjVkSVNrNVN1cHhYWlRudmoxd0tpa2lsbnE2T0tweklubDN3a00rREZRS0Y4TFBaQ2ZDUE03TkEKaGU0SzZidXd0Mnd3cEF5Z0tqQW9CZ2txaGtpRzl3MEJDUTR4R3pBWk1CY0dBMVVkRVFRUU1BNkNCbTV2WkdVdApNSWNFQ2dBQUFqQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFpQU5SZmlLMHZEdFZFanhwZWlXZlZrSWx6VkFST1JZClovZHRsNjBHNHlmSTdRSWdlTmlPZHFvbG5rSHk0eVR6QTBsUE9tWm9Zam14L1ZkUXlIaHMzd1l4L3NRPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K";

fn quiet() -> Cluster {
    let mut cluster = Cluster::new(Config::bare(1, 1));
    cluster.run_for(secs(5));
    cluster
}

fn csr(name: &str, request: &str, signer: &str, usages: &[&str]) -> Value {
    json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {"request": request, "signerName": signer, "usages": usages},
    })
}

fn post(cluster: &mut Cluster, user: &str, csr: Value) -> Response {
    let mut request = Request::new(Method::Post, PATH).with_body(csr);
    request.impersonate = user.to_owned();
    cluster.request(&request)
}

fn message(response: Response) -> (u16, String) {
    let code = response.code;
    let text = json_of(response)["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (code, text)
}

/// Adds a condition through a subresource, as `user`; empty for the administrator.
fn decide(cluster: &mut Cluster, user: &str, name: &str, part: &str, condition: &str) -> Response {
    let mut object = get(cluster, &format!("{PATH}/{name}"));
    let condition = json!({"type": condition, "status": "True", "reason": "Test", "message": "m"});
    match object["status"]["conditions"].as_array_mut() {
        Some(all) => all.push(condition),
        None => object["status"] = json!({"conditions": [condition]}),
    }
    let mut request = Request::new(Method::Put, format!("{PATH}/{name}/{part}")).with_body(object);
    request.impersonate = user.to_owned();
    cluster.request(&request)
}

fn of(cluster: &mut Cluster, name: &str) -> Value {
    get(cluster, &format!("{PATH}/{name}"))
}

fn certificate(csr: &Value) -> Option<Certificate> {
    let text = base64::decode(csr["status"]["certificate"].as_str()?)?;
    Certificate::parse(&text).ok()
}

#[test]
fn a_request_is_approved_signed_and_cleaned_away() {
    let mut cluster = quiet();
    let mut asked = csr("jane", JANE, CLIENT, &["client auth", "digital signature"]);
    asked["spec"]["expirationSeconds"] = 7200.into();
    // Who asks, and what was decided, is not theirs to say.
    asked["spec"]["username"] = "somebody".into();
    asked["status"] = json!({"conditions": [{"type": "Approved", "status": "True"}]});
    let made = post(&mut cluster, "", asked);
    assert_eq!(made.code, 201, "{:?}", made.body);
    let made = json_of(made);
    assert_eq!(made["spec"]["username"], "kubernetes-admin");
    assert_eq!(
        made["spec"]["groups"],
        json!(["system:masters", "system:authenticated"])
    );
    assert_eq!(made["status"], json!({}));

    cluster.run_for(secs(5));
    let mut table = Request::get(PATH);
    table.accept = ACCEPT_TABLE;
    let table = json_of(cluster.request(&table));
    let names = table["columnDefinitions"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Name",
            "Age",
            "SignerName",
            "Requestor",
            "RequestedDuration",
            "Condition"
        ]
    );
    assert_eq!(
        table["rows"][0]["cells"],
        json!(["jane", "5s", CLIENT, "kubernetes-admin", "120m", "Pending"])
    );

    let before = cluster.now();
    let approved = decide(&mut cluster, "", "jane", "approval", "Approved");
    assert!(approved.is_success(), "{:?}", approved.body);
    cluster.run_for(secs(1));
    let signed = of(&mut cluster, "jane");
    let stamp = &signed["status"]["conditions"][0];
    assert!(stamp["lastUpdateTime"].is_string() && stamp["lastTransitionTime"].is_string());
    let issued = certificate(&signed).expect("it is signed");
    assert_eq!(issued.subject.one("CN"), "jane");
    let groups: Vec<&str> = issued.subject.all("O").collect();
    assert!(groups == ["dev"] && issued.is_for_clients);
    let now = before.unix_secs();
    assert_eq!((issued.begins, issued.ends), (now - 300, now + 7200));
    let system = get(&mut cluster, "/api/v1/namespaces/kube-system");
    assert!(issued.is_signed_by(system["metadata"]["uid"].as_str().unwrap()));

    // The hour is not over, then it is.
    cluster.run_for(secs(3500));
    assert_eq!(
        of(&mut cluster, "jane")["kind"],
        "CertificateSigningRequest"
    );
    cluster.run_for(secs(3700));
    assert_eq!(of(&mut cluster, "jane")["code"], 404);
}

#[test]
fn what_is_asked_for_is_checked() {
    let mut cluster = quiet();
    let refused = |cluster: &mut Cluster, change: &dyn Fn(&mut Value)| {
        let mut asked = csr("x", JANE, CLIENT, &["client auth"]);
        change(&mut asked["spec"]);
        let (code, text) = message(post(cluster, "", asked));
        assert_eq!(code, 422, "{text}");
        text
    };
    for (field, value, expected) in [
        (
            "request",
            json!("aGVsbG8="),
            "spec.request: Invalid value: \"aGVsbG8=\": PEM block type must be CERTIFICATE REQUEST",
        ),
        ("usages", json!([]), "spec.usages: Required value"),
        (
            "usages",
            json!(["client auth", "tea"]),
            "spec.usages[1]: Unsupported value: \"tea\": supported values: \"any\", \"cert sign\", \"client auth\"",
        ),
        (
            "usages",
            json!(["any", "any"]),
            "spec.usages[1]: Duplicate value: \"any\"",
        ),
        (
            "signerName",
            json!("kubernetes.io/legacy-unknown"),
            "the legacy signerName is not allowed via this API version",
        ),
        (
            "signerName",
            json!("mine"),
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ),
        (
            "expirationSeconds",
            json!(599),
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ),
    ] {
        let text = refused(&mut cluster, &|spec| spec[field] = value.clone());
        assert!(text.contains(expected), "{text}");
    }
    let all = csr("eve", EVE, CLIENT, &["client auth"]);
    assert_eq!(
        message(post(&mut cluster, "", all)),
        (
            403,
            format!(
                "certificatesigningrequests.certificates.k8s.io \"eve\" is forbidden: use of {CLIENT} signer with system:masters group is not allowed"
            )
        )
    );
    // For another signer it is not Kubernetes' business.
    let other = csr("eve", EVE, "example.com/signer", &["client auth"]);
    assert_eq!(post(&mut cluster, "", other).code, 201);
}

#[test]
fn decisions_are_final() {
    let mut cluster = quiet();
    assert_eq!(
        post(&mut cluster, "", csr("a", JANE, CLIENT, &["client auth"])).code,
        201
    );
    assert!(decide(&mut cluster, "", "a", "approval", "Denied").is_success());
    let (code, text) = message(decide(&mut cluster, "", "a", "approval", "Approved"));
    assert_eq!(code, 422);
    assert!(
        text.contains("status.conditions[1].type: Invalid value: \"Approved\": Approved and Denied conditions are mutually exclusive"),
        "{text}"
    );
    // They are not made or unmade through the status, and the spec stays.
    let mut object = of(&mut cluster, "a");
    object["status"]["conditions"] = json!([]);
    object["spec"]["usages"] = json!(["any"]);
    let put = Request::new(Method::Put, format!("{PATH}/a/status")).with_body(object.clone());
    let (code, text) = message(cluster.request(&put));
    assert_eq!(code, 422);
    assert!(
        text.contains("updates may not remove a condition of type \"Denied\""),
        "{text}"
    );
    let put = Request::new(Method::Put, format!("{PATH}/a")).with_body(object);
    let kept = json_of(cluster.request(&put));
    assert_eq!(kept["spec"]["usages"], json!(["client auth"]));
    assert_eq!(kept["status"]["conditions"][0]["type"], "Denied");

    assert_eq!(
        post(&mut cluster, "", csr("b", JANE, CLIENT, &["client auth"])).code,
        201
    );
    let (code, text) = message(decide(&mut cluster, "", "b", "status", "Approved"));
    assert_eq!(code, 422);
    assert!(
        text.contains("updates may not add a condition of type \"Approved\""),
        "{text}"
    );
    cluster.run_for(secs(5));
    assert!(certificate(&of(&mut cluster, "a")).is_none());
    // Nobody decides about the other one for a day.
    cluster.run_for(secs(2 * 3600));
    assert_eq!(of(&mut cluster, "a")["code"], 404);
    assert_eq!(of(&mut cluster, "b")["kind"], "CertificateSigningRequest");
    cluster.run_for(secs(24 * 3600));
    assert_eq!(of(&mut cluster, "b")["code"], 404);
}

#[test]
fn who_decides_needs_rights_on_the_signer() {
    let mut cluster = quiet();
    for object in [
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [
            {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests", "certificatesigningrequests/approval"], "verbs": ["*"]},
            {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["example.com/*"], "verbs": ["approve"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "r"},
            "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "User", "name": "joe"}]}),
    ] {
        let at = crate::common::collection(&object, "");
        let made = cluster.request(&Request::new(Method::Post, at).with_body(object));
        assert!(made.is_success(), "{:?}", made.body);
    }
    for (name, signer) in [("a", CLIENT), ("b", "example.com/any")] {
        let made = post(
            &mut cluster,
            "joe",
            csr(name, JANE, signer, &["client auth"]),
        );
        assert_eq!(made.code, 201);
        assert_eq!(json_of(made)["spec"]["username"], "joe");
    }
    assert_eq!(
        message(decide(&mut cluster, "joe", "a", "approval", "Approved")),
        (
            403,
            format!(
                "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to approve requests with signerName \"{CLIENT}\""
            )
        )
    );
    assert!(decide(&mut cluster, "joe", "b", "approval", "Approved").is_success());
    // Nobody here signs for others.
    cluster.run_for(secs(5));
    assert!(certificate(&of(&mut cluster, "b")).is_none());
}

#[test]
fn kubelets_get_theirs() {
    let mut cluster = quiet();
    let usages = ["digital signature", "client auth"];
    let node = |name: &str| csr(name, NODE, KUBELET, &usages);
    let mut request = Request::new(Method::Post, PATH).with_body(node("own"));
    request.impersonate = "system:node:node-0".to_owned();
    request.impersonate_also.groups = vec!["system:nodes".to_owned()];
    let made = cluster.request(&request);
    assert_eq!(made.code, 201, "{:?}", made.body);
    // Not everybody who asks in the name of a node is one, and not everything is for clients.
    assert_eq!(
        post(&mut cluster, "", csr("wrong", JANE, KUBELET, &usages)).code,
        201
    );
    let serving = ["digital signature", "key encipherment", "server auth"];
    assert_eq!(
        post(
            &mut cluster,
            "",
            csr("serving", NODE_SERVING, SERVING, &serving)
        )
        .code,
        201
    );
    assert_eq!(
        post(&mut cluster, "", csr("nameless", NODE, SERVING, &serving)).code,
        201
    );
    cluster.run_for(secs(2));
    assert_eq!(of(&mut cluster, "own")["status"], json!({}));
    // As kubeadm sets clusters up.
    let rotation = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "rotation"}, "subjects": [{"kind": "Group", "name": "system:nodes"}],
        "roleRef": {"kind": "ClusterRole", "name": "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"}});
    let at = crate::common::collection(&rotation, "");
    let made = cluster.request(&Request::new(Method::Post, at).with_body(rotation));
    assert!(made.is_success(), "{:?}", made.body);
    cluster.run_for(secs(30));
    let own = of(&mut cluster, "own");
    let condition = &own["status"]["conditions"][0];
    assert_eq!(
        (&condition["reason"], &condition["message"]),
        (
            &json!("AutoApproved"),
            &json!("Auto approving self kubelet client certificate after SubjectAccessReview.")
        )
    );
    let issued = certificate(&own).expect("it is signed");
    assert_eq!(issued.subject.one("CN"), "system:node:node-0");
    for name in ["wrong", "serving", "nameless"] {
        assert_eq!(of(&mut cluster, name)["status"], json!({}), "{name}");
        assert!(decide(&mut cluster, "", name, "approval", "Approved").is_success());
    }
    cluster.run_for(secs(2));
    for (name, expected) in [
        ("wrong", "subject organization is not system:nodes"),
        ("nameless", "DNS or IP subjectAltName is required"),
    ] {
        let failed = of(&mut cluster, name);
        let condition = &failed["status"]["conditions"][1];
        assert_eq!(condition["type"], "Failed");
        assert_eq!(condition["reason"], "SignerValidationFailure");
        assert_eq!(condition["message"], expected);
    }
    assert!(certificate(&of(&mut cluster, "serving")).is_some_and(|c| !c.is_for_clients));
}
