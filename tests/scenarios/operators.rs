//! Operators that are written as objects.

use std::collections::BTreeMap;

use kubarium::apiserver::request::MERGE_PATCH;
use kubarium::apiserver::{Method, Request};
use kubarium::cluster::Cluster;
use kubarium::kubectl::headless::{Options, Terminal};
use kubarium::sim::secs;
use serde_json::{Value, json};

use crate::common::{bare, create, created, get, json_of};

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: websites.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: websites, singular: website, kind: Website}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              replicas: {type: integer}
              image: {type: string}
              public: {type: boolean}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

const OPERATOR: &str = "
apiVersion: play.kubarium.dev/v1alpha1
kind: Operator
metadata: {name: website-operator}
spec:
  watch: {apiVersion: example.com/v1, kind: Website}
  children:
  - name: web
    template:
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: '${.metadata.name}'}
      spec:
        replicas: ${.spec.replicas ?? 2}
        selector: {matchLabels: {site: '${.metadata.name}'}}
        template:
          metadata: {labels: {site: '${.metadata.name}'}}
          spec: {containers: [{name: web, image: '${.spec.image ?? nginx}'}]}
  - name: service
    when: ${.spec.public}
    template:
      apiVersion: v1
      kind: Service
      metadata: {name: '${.metadata.name}'}
      spec: {selector: {site: '${.metadata.name}'}, ports: [{port: 80}]}
  status:
    ready: ${.children.web.status.readyReplicas}
    url: http://${.children.service.spec.clusterIP}/
    summary: '${.children.web.status.readyReplicas ?? 0} of ${.spec.replicas ?? 2}'
";

const SITE: &str = "/apis/example.com/v1/namespaces/default/websites/blog";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/blog";
const SERVICE: &str = "/api/v1/namespaces/default/services/blog";

fn cluster() -> Cluster {
    let mut cluster = bare(3);
    cluster.run_for(secs(1));
    created(&mut cluster, OPERATOR);
    created(&mut cluster, DEFINITION);
    cluster.run_for(secs(2));
    let site = json!({"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "blog"},
        "spec": {"public": true}});
    let path = SITE.trim_end_matches("/blog");
    let response = cluster.request(&Request::new(Method::Post, path).with_body(site));
    assert!(response.is_success(), "{:?}", response.body);
    cluster.run_for(secs(5));
    cluster
}

fn patch(cluster: &mut Cluster, path: &str, body: Value) {
    let mut request = Request::new(Method::Patch, path).with_body(body);
    request.content_type = MERGE_PATCH;
    let response = cluster.request(&request);
    assert!(response.is_success(), "{:?}", response.body);
    cluster.run_for(secs(5));
}

#[test]
fn a_website_gets_a_deployment_a_service_and_a_status() {
    let mut cluster = cluster();
    let deployment = get(&mut cluster, DEPLOYMENT);
    assert_eq!(deployment["spec"]["replicas"], 2);
    let owner = &deployment["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["controller"]),
        (&json!("Website"), &json!(true))
    );
    let managers = deployment["metadata"]["managedFields"].to_string();
    assert!(managers.contains("website-operator"), "{managers}");
    assert!(managers.contains("\"Apply\""), "{managers}");
    let address = get(&mut cluster, SERVICE)["spec"]["clusterIP"].clone();
    let status = get(&mut cluster, SITE)["status"].clone();
    let url = format!("http://{}/", address.as_str().unwrap_or("?"));
    assert_eq!(status, json!({"ready": 2, "url": url, "summary": "2 of 2"}));
    // A change of the parent.
    patch(
        &mut cluster,
        SITE,
        json!({"spec": {"replicas": 3, "image": "nginx:1.29"}}),
    );
    let deployment = get(&mut cluster, DEPLOYMENT);
    assert_eq!(deployment["spec"]["replicas"], 3);
    assert_eq!(
        deployment["spec"]["template"]["spec"]["containers"][0]["image"],
        "nginx:1.29"
    );
    assert_eq!(get(&mut cluster, SITE)["status"]["summary"], "3 of 3");
    // Whoever changes a child is put right.
    patch(&mut cluster, DEPLOYMENT, json!({"spec": {"replicas": 1}}));
    assert_eq!(get(&mut cluster, DEPLOYMENT)["spec"]["replicas"], 3);
    let gone = Request::new(Method::Delete, DEPLOYMENT);
    assert!(cluster.request(&gone).is_success());
    cluster.run_for(secs(10));
    assert_eq!(get(&mut cluster, DEPLOYMENT)["status"]["readyReplicas"], 3);
    // What is not rendered any more goes, and what came from it in the status.
    patch(&mut cluster, SITE, json!({"spec": {"public": false}}));
    assert_eq!(get(&mut cluster, SERVICE)["reason"], "NotFound");
    assert_eq!(get(&mut cluster, SITE)["status"]["url"], "http:///");
    let events = get(&mut cluster, "/api/v1/namespaces/default/events");
    let told: Vec<String> = events["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["involvedObject"]["kind"] == "Website")
        .map(|e| e["message"].as_str().unwrap_or_default().to_owned())
        .collect();
    for expected in [
        "Created Deployment blog",
        "Created Service blog",
        "Deleted Service blog",
    ] {
        assert!(told.iter().any(|m| m == expected), "{told:?}");
    }
    // The children go with their owner.
    assert!(
        cluster
            .request(&Request::new(Method::Delete, SITE))
            .is_success()
    );
    cluster.run_for(secs(10));
    assert_eq!(get(&mut cluster, DEPLOYMENT)["reason"], "NotFound");
}

#[test]
fn nothing_moves_once_all_is_as_it_should_be() {
    let mut cluster = cluster();
    cluster.run_for(secs(60));
    let version = |cluster: &mut Cluster, path: &str| {
        get(cluster, path)["metadata"]["resourceVersion"].clone()
    };
    let before = (
        version(&mut cluster, SITE),
        version(&mut cluster, DEPLOYMENT),
    );
    cluster.run_for(secs(600));
    let after = (
        version(&mut cluster, SITE),
        version(&mut cluster, DEPLOYMENT),
    );
    assert_eq!(before, after);
}

#[test]
fn why_leads_through_the_operator() {
    let cluster = cluster();
    let kind = kubarium::api::Kind::by_gvk("apps/v1", "Deployment").expect("a kind");
    let steps = cluster.why(kind, "default", "blog");
    let actors: Vec<&str> = steps.iter().map(|s| &*s.actor).collect();
    assert!(actors.contains(&"website-operator"), "{actors:?}");
    assert_eq!(steps.first().map(|s| s.verb), Some("request"));
}

#[test]
fn what_is_wrong_with_an_operator_is_said_where_it_is() {
    let mut cluster = bare(1);
    for (change, expected) in [
        (
            json!({"watch": {"kind": "X"}}),
            "spec.watch.apiVersion: Required value",
        ),
        (
            json!({"watch": {"apiVersion": "v1", "kind": "X"}, "children": [{"name": "a",
                "template": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${x"}}}]}),
            "spec.children[0].template.metadata.name: Invalid value: \"${x\": a placeholder has no closing brace",
        ),
        (
            json!({"watch": {"apiVersion": "v1", "kind": "X"}, "children": [{"name": "a", "template": {"kind": "ConfigMap"}}]}),
            "spec.children[0].template.apiVersion: Required value",
        ),
        (
            json!({"watch": {"apiVersion": "v1", "kind": "X"}, "status": "fine"}),
            "spec.status: Invalid value",
        ),
    ] {
        let manifest = json!({"apiVersion": "play.kubarium.dev/v1alpha1", "kind": "Operator",
            "metadata": {"name": "o"}, "spec": change});
        let answer = json_of(create(&mut cluster, &manifest.to_string()));
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_child_that_cannot_be_made_is_told_and_tried_again() {
    let options = Options {
        nodes: 2,
        bare: false,
        seed: 1,
    };
    let mut t = Terminal::new(options.cluster(), BTreeMap::new(), "default");
    let operator = "{apiVersion: play.kubarium.dev/v1alpha1, kind: Operator, metadata: {name: copies}, spec: \
        {watch: {apiVersion: v1, kind: ConfigMap}, children: [{name: copy, when: '${.data.copy}', template: \
        {apiVersion: v1, kind: Service, metadata: {name: '${.metadata.name}-copy'}, spec: {type: '${.data.copy}', ports: [{port: 80}]}}}]}}";
    let line = format!(
        "cat <<EOF | kubectl apply -f -\n{}\nEOF",
        operator.replace('$', "\\$")
    );
    let outcome = t.run(&line);
    assert_eq!(outcome.exit_code, 0, "{}", outcome.text);
    t.run("kubectl create configmap c --from-literal=copy=Wrong");
    t.desk.borrow_mut().run_for(secs(2));
    let told = t
        .run("kubectl get events --field-selector reason=ReconcileFailed")
        .text;
    assert!(
        told.contains("spec.type: Unsupported value: \"Wrong\""),
        "{told}"
    );
    t.run("kubectl patch configmap c -p '{\"data\":{\"copy\":\"ClusterIP\"}}'");
    t.desk.borrow_mut().run_for(secs(5));
    let text = t
        .run("kubectl get service c-copy -o name; kubectl get operators")
        .text;
    assert!(text.contains("service/c-copy"), "{text}");
    assert!(text.contains("copies   ConfigMap   Service"), "{text}");
}
