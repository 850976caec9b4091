//! Kinds that come as data: a definition is applied, and its objects are served like any other.

use crate::common::Terminal;

const DEFINITION: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [cronSpec]
            properties:
              cronSpec: {type: string, pattern: '^\S+( \S+){4}$'}
              image: {type: string}
              replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
          status: {type: object, properties: {replicas: {type: integer}}}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;

impl Terminal {
    fn with_crontabs() -> Self {
        let mut terminal = Terminal::new(2);
        terminal.apply(DEFINITION);
        let waited = terminal.run("kubectl wait --for=condition=Established crd/crontabs.stable.example.com --timeout=10s");
        assert!(waited.contains("condition met"), "{waited}");
        terminal
    }

    fn tab(&mut self, name: &str, spec: &str) -> String {
        self.apply(&format!(
            "apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {{name: {name}}}\nspec: {spec}"
        ))
    }
}

#[test]
fn objects_of_a_definition_are_served_like_any_other() {
    let mut terminal = Terminal::new(2);
    assert_eq!(
        terminal.run("kubectl get crontabs"),
        "error: the server doesn't have a resource type \"crontabs\"\n"
    );
    let mut terminal = Terminal::with_crontabs();
    assert_eq!(
        terminal.tab("mine", "{cronSpec: '* * * * */5', image: x}"),
        "crontab.stable.example.com/mine created\n"
    );
    let table = terminal.run("kubectl get ct");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|l| {
            l.split("  ")
                .map(str::trim)
                .filter(|c| !c.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(rows[0], ["NAME", "SPEC", "REPLICAS", "AGE"]);
    assert_eq!(rows[1][..3], ["mine", "* * * * */5", "1"]);
    assert_eq!(
        terminal.run("kubectl get crontab mine -o jsonpath='{.apiVersion} {.metadata.generation} {.spec.replicas}'"),
        "stable.example.com/v1 1 1"
    );
    assert!(
        terminal
            .run("kubectl get all")
            .contains("crontab.stable.example.com/mine")
    );
    assert!(
        terminal
            .run("kubectl api-resources")
            .contains("stable.example.com/v1")
    );
    assert_eq!(
        terminal.run("kubectl scale crontab/mine --replicas=4"),
        "crontab.stable.example.com/mine scaled\n"
    );
    assert_eq!(
        terminal.run("kubectl get ct mine -o jsonpath='{.spec.replicas}'"),
        "4"
    );
    let patched =
        terminal.run("kubectl patch ct mine --type=merge -p '{\"spec\":{\"image\":\"y\"}}'");
    assert_eq!(patched, "crontab.stable.example.com/mine patched\n");
    let patched = terminal.run("kubectl patch ct mine -p '{\"spec\":{\"image\":\"z\"}}'");
    assert!(
        patched.contains("application/merge-patch+json"),
        "{patched}"
    );
    assert_eq!(
        terminal.run("kubectl delete ct mine"),
        "crontab.stable.example.com \"mine\" deleted from default namespace\n"
    );
}

#[test]
fn what_the_schema_does_not_allow_is_refused() {
    let mut terminal = Terminal::with_crontabs();
    for (spec, expected) in [
        ("{image: x}", "spec.cronSpec: Required value"),
        (
            "{cronSpec: every day}",
            "spec.cronSpec: Invalid value: \"every day\": spec.cronSpec in body should match '^\\S+( \\S+){4}$'",
        ),
        (
            "{cronSpec: '* * * * *', replicas: 11}",
            "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10",
        ),
        (
            "{cronSpec: '* * * * *', replicas: two}",
            "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"",
        ),
    ] {
        let text = terminal.tab("bad", spec);
        assert_eq!(
            text,
            format!("The CronTab \"bad\" is invalid: {expected}\n")
        );
    }
    let unknown = terminal.tab("bad", "{cronSpec: '* * * * *', color: red}");
    assert!(
        unknown.contains("strict decoding error: unknown field \"spec.color\""),
        "{unknown}"
    );
    assert_eq!(
        terminal.run("kubectl get ct"),
        "No resources found in default namespace.\n"
    );
}

#[test]
fn the_other_version_sees_the_same_object() {
    let mut terminal = Terminal::with_crontabs();
    terminal.tab("mine", "{cronSpec: '* * * * *'}");
    let text = terminal.run("kubectl get crontabs.v1beta1.stable.example.com mine -o jsonpath='{.apiVersion} {.spec.cronSpec}'");
    assert_eq!(
        text,
        "Warning: stable.example.com/v1beta1 CronTab is deprecated\nstable.example.com/v1beta1 * * * * *"
    );
}

#[test]
fn a_deleted_definition_takes_its_objects_along() {
    let mut terminal = Terminal::with_crontabs();
    terminal.tab("mine", "{cronSpec: '* * * * *'}");
    let text = terminal.run("kubectl delete crd crontabs.stable.example.com");
    assert_eq!(
        text,
        "customresourcedefinition.apiextensions.k8s.io \"crontabs.stable.example.com\" deleted\n"
    );
    assert_eq!(
        terminal.run("kubectl get crontabs"),
        "error: the server doesn't have a resource type \"crontabs\"\n"
    );
    terminal.apply(DEFINITION);
    terminal.run("sleep 2");
    assert_eq!(
        terminal.run("kubectl get ct"),
        "No resources found in default namespace.\n"
    );
}

#[test]
fn names_that_are_taken_are_refused() {
    let mut terminal = Terminal::with_crontabs();
    let other = DEFINITION
        .replace("crontabs", "others")
        .replace("singular: crontab,", "singular: other,");
    terminal.apply(&other);
    terminal.run("sleep 1");
    let text = terminal.run("kubectl get crd others.stable.example.com -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}'");
    assert_eq!(
        text,
        "NamesAccepted=False ListKindConflict: \"CronTabList\" is already in use\nEstablished=False NotAccepted: not all names are accepted\n"
    );
}

#[test]
fn what_a_custom_object_owns_goes_with_it() {
    let mut terminal = Terminal::with_crontabs();
    terminal.tab("mine", "{cronSpec: '* * * * *'}");
    let uid = terminal.run("kubectl get ct mine -o jsonpath='{.metadata.uid}'");
    terminal.apply(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n  ownerReferences:\n  - {{apiVersion: stable.example.com/v1, kind: CronTab, name: mine, uid: {uid}}}"
    ));
    terminal.run("sleep 2");
    assert!(
        terminal
            .run("kubectl get cm owned -o name")
            .contains("owned")
    );
    terminal.run("kubectl delete ct mine");
    terminal.run("sleep 2");
    assert!(terminal.run("kubectl get cm owned").contains("NotFound"));
    terminal.run("kubectl create ns gone");
    terminal.apply("apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: there, namespace: gone}\nspec: {cronSpec: '* * * * *'}");
    terminal.run("kubectl delete ns gone");
    assert_eq!(terminal.run("kubectl get ct -A"), "No resources found\n");
}
