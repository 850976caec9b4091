//! ValidatingAdmissionPolicies: what they refuse, what they warn of, and whom they bind.

use kubarium::kubectl::headless::Terminal;
use kubarium::sim::secs;

use crate::common::settled;

fn says(t: &mut Terminal, line: &str, expected: &str) {
    let outcome = t.run(line);
    assert!(
        outcome.text.contains(expected),
        "{line}\nexpected: {expected}\n{}",
        outcome.text
    );
}

fn apply(t: &mut Terminal, yaml: &str, expected: &str) {
    says(
        t,
        &format!("kubectl apply -f - <<'EOF'\n{yaml}\nEOF"),
        expected,
    );
}

/// A policy called `p` about some resources, with what else its spec says.
fn policy(operations: &str, resources: &str, rest: &str) -> String {
    let group = if resources == "deployments" {
        "apps"
    } else {
        ""
    };
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {{name: p}}, spec: {{\
         matchConstraints: {{resourceRules: [{{apiGroups: ['{group}'], apiVersions: [v1], operations: [{operations}], \
         resources: [{resources}]}}]}}, {rest}}}}}"
    )
}

/// A binding called `b` to it.
fn binding(rest: &str) -> String {
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {{name: b}}, \
         spec: {{policyName: p, {rest}}}}}"
    )
}

const RULE: &str = "ValidatingAdmissionPolicy 'p' with binding 'b'";

#[test]
fn what_breaks_a_rule_is_refused() {
    let mut t = settled(2);
    let rules = "validations: [{expression: 'object.spec.replicas <= 3'}, \
                 {expression: 'has(object.metadata.labels.team)', message: ' every deployment has a team '}]";
    apply(
        &mut t,
        &policy("CREATE, UPDATE", "deployments", rules),
        "created",
    );
    says(
        &mut t,
        "kubectl get validatingadmissionpolicy p -o jsonpath='{.status}'",
        "{\"observedGeneration\":1,\"typeChecking\":{}}",
    );
    // A policy alone does nothing.
    says(
        &mut t,
        "kubectl create deployment a --image=nginx --replicas=4",
        "created",
    );
    apply(
        &mut t,
        &binding(
            "validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {strict: 'yes'}}}",
        ),
        "created",
    );
    says(
        &mut t,
        "kubectl create deployment b --image=nginx --replicas=4",
        "created",
    );
    says(&mut t, "kubectl label ns default strict=yes", "labeled");
    says(
        &mut t,
        "kubectl create deployment c --image=nginx --replicas=4",
        &format!(
            "error: failed to create deployment: deployments.apps \"c\" is forbidden: {RULE} denied request: failed expression: object.spec.replicas <= 3\n"
        ),
    );
    says(
        &mut t,
        "kubectl label deployment a team=x",
        &format!(
            "The deployments \"a\" is invalid: : {RULE} denied request: failed expression: object.spec.replicas <= 3\n"
        ),
    );
    says(
        &mut t,
        "kubectl create deployment c --image=nginx",
        "denied request: every deployment has a team\n",
    );
    // Neither status nor scale are the deployment.
    says(&mut t, "kubectl scale deployment a --replicas=2", "scaled");
    t.desk.borrow_mut().run_for(secs(20));
    says(&mut t, "kubectl get deployment a", "2/2");
    says(&mut t, "kubectl label deployment a team=x", "labeled");
    // Other kinds and other namespaces are not meant.
    says(&mut t, "kubectl create configmap c", "created");
    says(&mut t, "kubectl create ns free", "created");
    says(
        &mut t,
        "kubectl create deployment c --image=nginx -n free --replicas=9",
        "created",
    );
    says(
        &mut t,
        "kubectl delete validatingadmissionpolicybinding b",
        "deleted",
    );
    says(
        &mut t,
        "kubectl create deployment c --image=nginx --replicas=9",
        "created",
    );
}

#[test]
fn controllers_are_bound_as_everybody_is() {
    let mut t = settled(2);
    let rules = "variables: [{name: images, expression: 'object.spec.containers.map(c, c.image)'}], validations: [{\
                 expression: '!variables.images.exists(i, i.endsWith(\":latest\"))', reason: Forbidden, \
                 messageExpression: '\"no such tag for \" + object.spec.containers[0].name + \", \" + string(request.operation)'}]";
    apply(&mut t, &policy("CREATE", "pods", rules), "created");
    apply(&mut t, &binding("validationActions: [Deny]"), "created");
    says(
        &mut t,
        "kubectl run x --image=nginx:latest",
        &format!(
            "Error from server (Forbidden): pods \"x\" is forbidden: {RULE} denied request: no such tag for x, CREATE\n"
        ),
    );
    says(
        &mut t,
        "kubectl create deployment web --image=nginx:latest",
        "created",
    );
    t.desk.borrow_mut().run_for(secs(5));
    says(&mut t, "kubectl get events", "Warning   FailedCreate");
    says(
        &mut t,
        "kubectl get events",
        "no such tag for nginx, CREATE",
    );
    says(
        &mut t,
        "kubectl set image deployment/web nginx=nginx:1.27",
        "updated",
    );
    t.desk.borrow_mut().run_for(secs(20));
    says(&mut t, "kubectl get deployment web", "1/1");
}

#[test]
fn parameters_are_objects() {
    let mut t = settled(2);
    let rules = "paramKind: {apiVersion: v1, kind: ConfigMap}, validations: [{expression: \
                 'object.spec.replicas <= int(params.data.most)', messageExpression: '\"at most \" + params.data.most'}]";
    apply(&mut t, &policy("CREATE", "deployments", rules), "created");
    let bound = |action| {
        binding(&format!(
            "validationActions: [Deny], paramRef: {{name: limits, namespace: default, parameterNotFoundAction: {action}}}"
        ))
    };
    apply(&mut t, &bound("Deny"), "created");
    says(
        &mut t,
        "kubectl create deployment a --image=nginx",
        "denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction\n",
    );
    apply(&mut t, &bound("Allow"), "configured");
    says(
        &mut t,
        "kubectl create deployment a --image=nginx",
        "created",
    );
    says(
        &mut t,
        "kubectl create configmap limits --from-literal=most=2",
        "created",
    );
    says(
        &mut t,
        "kubectl create deployment b --image=nginx --replicas=3",
        "denied request: at most 2\n",
    );
    says(
        &mut t,
        "kubectl create deployment b --image=nginx --replicas=2",
        "created",
    );
}

#[test]
fn what_fails_is_refused_unless_it_is_to_be_ignored() {
    let mut t = settled(2);
    let rules = "validations: [{expression: 'object.metadata.annotations.owner != \"\"'}]";
    let with = |how: &str, condition: &str| {
        let condition = format!("matchConditions: [{{name: c, expression: '{condition}'}}]");
        policy(
            "CREATE",
            "configmaps",
            &format!("failurePolicy: {how}, {condition}, {rules}"),
        )
    };
    apply(
        &mut t,
        &with("Fail", "!object.metadata.name.startsWith(\"free\")"),
        "created",
    );
    apply(&mut t, &binding("validationActions: [Deny]"), "created");
    says(
        &mut t,
        "kubectl create configmap a",
        "denied request: expression 'object.metadata.annotations.owner != \"\"' resulted in error: no such key: annotations\n",
    );
    says(&mut t, "kubectl create configmap free-a", "created");
    apply(&mut t, &with("Ignore", "true"), "configured");
    says(&mut t, "kubectl create configmap a", "created");
}

#[test]
fn deletions_are_judged_and_warnings_are_told() {
    let mut t = settled(2);
    let rules = "validations: [{expression: 'oldObject.metadata.name != \"keep\"'}]";
    apply(&mut t, &policy("DELETE", "configmaps", rules), "created");
    apply(&mut t, &binding("validationActions: [Deny]"), "created");
    says(&mut t, "kubectl create configmap keep", "created");
    says(
        &mut t,
        "kubectl delete configmap keep",
        &format!("{RULE} denied request: failed expression"),
    );
    says(&mut t, "kubectl get configmap keep", "keep");
    apply(
        &mut t,
        &binding("validationActions: [Warn, Audit]"),
        "configured",
    );
    let rules = "validations: [{expression: 'object.data.size() < 2', message: too much}]";
    apply(
        &mut t,
        &policy("CREATE, UPDATE", "configmaps", rules),
        "configured",
    );
    says(
        &mut t,
        "kubectl create configmap big --from-literal=a=1 --from-literal=b=2",
        &format!("Warning: Validation failed for {RULE}: too much\nconfigmap/big created\n"),
    );
    says(
        &mut t,
        "kubectl create configmap small --from-literal=a=1",
        "configmap/small created\n",
    );
    // Nobody locks the door behind himself.
    let rules = "validations: [{expression: 'false'}]";
    apply(
        &mut t,
        &policy("'*'", "'*'", rules).replace("apiGroups: ['']", "apiGroups: ['*']"),
        "configured",
    );
    apply(&mut t, &binding("validationActions: [Deny]"), "configured");
    says(
        &mut t,
        "kubectl create configmap x",
        "failed expression: false",
    );
    says(
        &mut t,
        "kubectl delete validatingadmissionpolicy p",
        "deleted",
    );
    says(&mut t, "kubectl create configmap x", "created");
}

#[test]
fn wrong_policies_are_refused() {
    let mut t = settled(2);
    let cases = [
        (
            "validations: [{expression: 'objct.x'}]",
            "spec.validations[0].expression: Invalid value: \"objct.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objct' (in container '')\n | objct.x\n | ^",
        ),
        (
            "validations: [{expression: '1 + 1'}]",
            "spec.validations[0].expression: Invalid value: \"1 + 1\": must evaluate to bool",
        ),
        (
            "validations: [{expression: 'params.x'}]",
            "undeclared reference to 'params'",
        ),
        (
            "validations: [{expression: 'true', reason: Nope, message: ' '}]",
            "spec.validations[0].message: Invalid value: \" \": message must be non-empty if specified",
        ),
        (
            "validations: []",
            "spec.validations: Required value: validations or auditAnnotations must be non-empty; at least one is required",
        ),
        (
            "failurePolicy: Maybe, validations: [{expression: 'true'}]",
            "spec.failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"",
        ),
        (
            "matchConditions: [{name: a, expression: 'variables.x'}], validations: [{expression: 'true'}]",
            "spec.matchConditions[0].expression: Invalid value: \"variables.x\": compilation failed",
        ),
    ];
    for (rest, expected) in cases {
        apply(&mut t, &policy("CREATE", "pods", rest), expected);
    }
    apply(
        &mut t,
        &policy(
            "CREATE, MAKE",
            "pods",
            "validations: [{expression: 'true'}]",
        ),
        "spec.matchConstraints.resourceRules[0].operations[1]: Unsupported value: \"MAKE\"",
    );
    for (rest, expected) in [
        (
            "validationActions: []",
            "spec.validationActions: Required value",
        ),
        (
            "validationActions: [Deny, Warn]",
            "must not contain both Deny and Warn",
        ),
        (
            "validationActions: [Deny, Deny]",
            "spec.validationActions[1]: Duplicate value: \"Deny\"",
        ),
        (
            "validationActions: [Deny], paramRef: {name: a}",
            "spec.paramRef.parameterNotFoundAction: Required value",
        ),
        (
            "validationActions: [Deny], paramRef: {parameterNotFoundAction: Allow}",
            "spec.paramRef: Required value: one of name or selector must be specified",
        ),
    ] {
        apply(&mut t, &binding(rest), expected);
    }
}

/// A configuration of webhooks called `hooks`, of pods of namespaces, with what else its webhook says.
fn webhook(kind: &str, rest: &str) -> String {
    format!(
        "{{apiVersion: admissionregistration.k8s.io/v1, kind: {kind}, metadata: {{name: hooks}}, webhooks: [{{\
         name: pods.example.com, admissionReviewVersions: [v1], rules: [{{apiGroups: [''], apiVersions: [v1], \
         operations: [CREATE], resources: [pods]}}], {rest}}}]}}"
    )
}

const SERVICE: &str =
    "sideEffects: None, clientConfig: {service: {name: hook, namespace: default, path: /judge}}";

#[test]
fn a_webhook_that_cannot_be_called_is_in_the_way() {
    let mut t = settled(2);
    for kind in [
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ] {
        apply(&mut t, &webhook(kind, SERVICE), "created");
        says(
            &mut t,
            "kubectl run x --image=nginx",
            "Error from server (InternalError): Internal error occurred: failed calling webhook \"pods.example.com\": failed to call webhook: Post \"https://hook.default.svc:443/judge?timeout=10s\": service \"hook\" not found\n",
        );
        says(&mut t, &format!("kubectl delete {kind} hooks"), "deleted");
    }
    apply(
        &mut t,
        &webhook("ValidatingWebhookConfiguration", SERVICE),
        "created",
    );
    // What is not meant goes through; controllers are held up as everybody is.
    says(
        &mut t,
        "kubectl create deployment web --image=nginx",
        "created",
    );
    t.desk.borrow_mut().run_for(secs(5));
    says(&mut t, "kubectl get events", "FailedCreate");
    says(
        &mut t,
        "kubectl create service clusterip hook --tcp=443:8443",
        "created",
    );
    says(
        &mut t,
        "kubectl run x --image=nginx",
        "/judge?timeout=10s\": no endpoints available for service \"hook\"\n",
    );
    // Its server has to get past it.
    let ignored = format!("{SERVICE}, failurePolicy: Ignore");
    apply(
        &mut t,
        &webhook("ValidatingWebhookConfiguration", &ignored),
        "configured",
    );
    says(
        &mut t,
        "kubectl run hook --image=example.com/hook -l app=hook",
        "created",
    );
    t.desk.borrow_mut().run_for(secs(20));
    apply(
        &mut t,
        &webhook("ValidatingWebhookConfiguration", SERVICE),
        "configured",
    );
    says(&mut t, "kubectl run x --image=nginx", "created");
    says(&mut t, "kubectl delete pod hook", "deleted");
    says(
        &mut t,
        "kubectl run y --image=nginx",
        "no endpoints available",
    );
    says(
        &mut t,
        "kubectl delete validatingwebhookconfiguration hooks",
        "deleted",
    );
    says(&mut t, "kubectl run y --image=nginx", "created");
}

#[test]
fn webhooks_say_what_they_want() {
    let mut t = settled(2);
    let kind = "ValidatingWebhookConfiguration";
    let url = "sideEffects: Some, clientConfig: {url: 'https://hooks.example.com/judge'}";
    apply(
        &mut t,
        &webhook(kind, url),
        "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
    );
    let url = "sideEffects: None, timeoutSeconds: 5, matchConditions: [{name: a, expression: 'object.metadata.name != \"free\"'}], \
               clientConfig: {url: 'https://hooks.example.com/judge'}";
    apply(&mut t, &webhook(kind, url), "created");
    says(&mut t, "kubectl run free --image=nginx", "created");
    says(
        &mut t,
        "kubectl run x --image=nginx",
        "Post \"https://hooks.example.com/judge?timeout=5s\": dial tcp: lookup hooks.example.com: no such host\n",
    );
    for (rest, expected) in [
        (
            "sideEffects: None",
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
        ),
        (
            "clientConfig: {url: 'http://a.b'}",
            "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
        ),
        (
            "sideEffects: None, timeoutSeconds: 60, clientConfig: {url: 'https://a.b'}",
            "webhooks[0].timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
        ),
    ] {
        apply(&mut t, &webhook(kind, rest), expected);
    }
    let short = webhook(kind, url).replace("pods.example.com", "pods");
    apply(
        &mut t,
        &short,
        "webhooks[0].name: Invalid value: \"pods\": should be a domain with at least three segments separated by dots",
    );
}
