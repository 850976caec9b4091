//! Rules of custom resources in CEL (`x-kubernetes-validations`): refused definitions, refused objects, transitions.

use crate::common::Terminal;

/// A definition of `shops` with this schema of its spec, in the flow style of YAML.
fn definition(spec: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: shops.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{plural: shops, singular: shop, kind: Shop}}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {{status: {{}}, scale: {{specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}}}
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-validations:
        - {{rule: 'self.metadata.name.size() <= 10', message: names are short}}
        properties:
          spec: {spec}
          status:
            type: object
            properties: {{replicas: {{type: integer}}, phase: {{type: string, maxLength: 20}}}}
            x-kubernetes-validations:
            - {{rule: '!has(oldSelf.phase) || has(self.phase)', message: a phase does not go away}}"
    )
}

const SPEC: &str = r#"
            type: object
            required: [replicas]
            properties:
              replicas: {type: integer}
              most: {type: integer}
              tier: {type: string, enum: [free, paid]}
              owner:
                type: string
                maxLength: 40
                x-kubernetes-validations:
                - {rule: self == oldSelf, message: owner is immutable}
              port:
                x-kubernetes-int-or-string: true
                x-kubernetes-validations:
                - {rule: "type(self) == int ? self > 0 : self.matches('^[a-z]+$')", message: a number or a name}
              hosts:
                type: array
                maxItems: 10
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string, maxLength: 63}, ip: {type: string, maxLength: 40}, weight: {type: integer}}
                  x-kubernetes-validations:
                  - {rule: '!has(self.ip) || isIP(self.ip)', messageExpression: "'host ' + self.name + ' has no address'", fieldPath: .ip}
                  - {rule: '!has(oldSelf.weight) || self.weight >= oldSelf.weight', message: weights grow}
            x-kubernetes-validations:
            - {rule: '!has(self.most) || self.replicas <= self.most'}
            - {rule: "self.tier != 'free' || self.replicas < 3", message: free shops are small, reason: FieldValueForbidden, fieldPath: .tier}"#;

impl Terminal {
    fn with_shops() -> Self {
        let mut terminal = Terminal::new(1);
        let text = terminal.apply(&definition(SPEC));
        assert!(text.ends_with("created\n"), "{text}");
        terminal
            .run("kubectl wait --for=condition=Established crd/shops.example.com --timeout=10s");
        terminal
    }

    fn shop(&mut self, name: &str, spec: &str) -> String {
        self.apply(&format!(
            "apiVersion: example.com/v1\nkind: Shop\nmetadata: {{name: {name}}}\nspec: {spec}"
        ))
    }

    /// Applies the spec of `a`, and expects to be told this.
    #[track_caller]
    fn refused(&mut self, spec: &str, expected: &str) {
        let found = self.shop("a", spec);
        let expected = format!("The Shop \"a\" is invalid: {expected}\n");
        assert_eq!(found, expected);
    }
}

#[test]
fn an_object_that_breaks_a_rule_is_refused() {
    let mut terminal = Terminal::with_shops();
    terminal.refused(
        "{replicas: 5, most: 3, tier: paid}",
        "spec: Invalid value: failed rule: !has(self.most) || self.replicas <= self.most",
    );
    terminal.refused(
        "{replicas: 5, tier: free}",
        "spec.tier: Forbidden: free shops are small",
    );
    // A field that is not there is an error, and not false.
    terminal.refused(
        "{replicas: 5}",
        "spec: Invalid value: no such key: tier evaluating rule: free shops are small",
    );
    terminal.refused(
        "{replicas: 1, tier: free, port: HTTP}",
        "spec.port: Invalid value: \"HTTP\": a number or a name",
    );
    terminal.refused(
        "{replicas: 1, tier: free, hosts: [{name: x, ip: 1.2.3}]}",
        "spec.hosts[0].ip: Invalid value: host x has no address",
    );
    assert_eq!(
        terminal.shop("a-very-long-name", "{replicas: 1, tier: free}"),
        "The Shop \"a-very-long-name\" is invalid: <nil>: Invalid value: names are short\n"
    );
    assert_eq!(
        terminal.shop("a", "{replicas: 1, tier: free, port: 80, owner: me}"),
        "shop.example.com/a created\n"
    );
}

#[test]
fn rules_are_not_asked_of_what_breaks_the_schema() {
    let mut terminal = Terminal::with_shops();
    let text = terminal.shop("a", "{most: 3, tier: gold}");
    assert_eq!(
        text,
        "The Shop \"a\" is invalid: \n* spec.replicas: Required value\n* spec.tier: Unsupported value: \"gold\": supported values: \"free\", \"paid\"\n* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation\n"
    );
}

#[test]
fn a_rule_about_the_old_value_is_asked_in_updates() {
    let mut terminal = Terminal::with_shops();
    let spec =
        "{replicas: 1, tier: paid, owner: me, hosts: [{name: x, weight: 2}, {name: w, weight: 1}]}";
    assert_eq!(terminal.shop("a", spec), "shop.example.com/a created\n");
    terminal.refused(
        "{replicas: 1, tier: paid, owner: you}",
        "spec.owner: Invalid value: \"you\": owner is immutable",
    );
    // Hosts are told apart by their names, wherever they stand.
    let spec = "{replicas: 1, tier: paid, owner: me, hosts: [{name: w, weight: 3}, {name: x, weight: 1}, {name: z, weight: 0}]}";
    terminal.refused(spec, "spec.hosts[1]: Invalid value: weights grow");
    // What is removed has no new value of which a rule could be asked.
    let spec = "{replicas: 1, tier: paid, hosts: [{name: w, weight: 3}]}";
    assert_eq!(terminal.shop("a", spec), "shop.example.com/a configured\n");
    let spec = "{replicas: 1, tier: paid, owner: you}";
    assert_eq!(terminal.shop("a", spec), "shop.example.com/a configured\n");
}

#[test]
fn subresources_keep_the_rules_too() {
    let mut terminal = Terminal::with_shops();
    terminal.shop("a", "{replicas: 1, most: 3, tier: paid}");
    let text = terminal.run("kubectl scale shop/a --replicas=4");
    assert!(
        text.contains("failed rule: !has(self.most) || self.replicas <= self.most"),
        "{text}"
    );
    let patch =
        |p: &str| format!("kubectl patch shop a --subresource=status --type=merge -p '{p}'");
    assert_eq!(
        terminal.run(&patch(r#"{"status":{"phase":"Open"}}"#)),
        "shop.example.com/a patched\n"
    );
    let text = terminal.run(&patch(r#"{"status":{"phase":null}}"#));
    assert_eq!(
        text,
        "The Shop \"a\" is invalid: status: Invalid value: a phase does not go away\n"
    );
    let status =
        "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a}\nstatus: {phase: Sold}";
    let apply = |flags: &str| format!("kubectl apply {flags} -f - <<'EOF'\n{status}\nEOF");
    assert_eq!(
        terminal.run(&apply("--subresource=status")),
        "error: --subresource can only be specified for --server-side\n"
    );
    assert_eq!(
        terminal.run(&apply(
            "--server-side --subresource=status --force-conflicts"
        )),
        "shop.example.com/a serverside-applied\n"
    );
    assert_eq!(
        terminal.run("kubectl get shop a -o jsonpath='{.status.phase} {.spec.most}'"),
        "Sold 3"
    );
    // Rules are also kept by server-side apply.
    let manifest = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a}\nspec: {replicas: 9, most: 3, tier: paid}";
    let text = terminal.run(&format!(
        "kubectl apply --server-side --force-conflicts -f - <<'EOF'\n{manifest}\nEOF"
    ));
    assert!(text.contains("failed rule: !has(self.most)"), "{text}");
}

#[test]
fn what_was_stored_before_a_rule_is_excused_until_it_changes() {
    let mut terminal = Terminal::with_shops();
    terminal.shop("a", "{replicas: 1, tier: paid, owner: nobody}");
    let stricter = SPEC.replace(
        "- {rule: self == oldSelf, message: owner is immutable}",
        "- {rule: \"self != 'nobody'\", message: somebody owns it}",
    );
    terminal.apply(&definition(&stricter));
    terminal.run("sleep 2");
    let text = terminal.run("kubectl patch shop a --type=merge -p '{\"spec\":{\"replicas\":2}}'");
    assert_eq!(
        text,
        "Warning: spec.owner: Invalid value: \"nobody\": somebody owns it\nshop.example.com/a patched\n"
    );
    let text = terminal.shop("b", "{replicas: 1, tier: paid, owner: nobody}");
    assert_eq!(
        text,
        "The Shop \"b\" is invalid: spec.owner: Invalid value: \"nobody\": somebody owns it\n"
    );
}

#[test]
fn a_definition_with_a_rule_that_cannot_be_understood_is_refused() {
    let mut terminal = Terminal::new(1);
    let with = |rule: &str| {
        definition(&format!(
            "{{type: object, properties: {{num: {{type: integer}}, names: {{type: array, items: {{type: string}}}}}}, x-kubernetes-validations: [{{rule: \"{rule}\"}}]}}"
        ))
    };
    let at = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule";
    for (rule, expected) in [
        (
            "self.m > 0",
            "compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m > 0\n | ....^",
        ),
        (
            "self.num > 'a'",
            "compilation failed: ERROR: <input>:1:10: found no matching overload for '_>_' applied to '(int, string)'\n | self.num > 'a'\n | .........^",
        ),
        (
            "other.num > 0",
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other.num > 0\n | ^",
        ),
        ("self.num", "cel expression must evaluate to a bool"),
    ] {
        let text = terminal.apply(&with(rule));
        let shown = rule.replace('>', "\\u003e");
        let expected = format!(
            "The CustomResourceDefinition \"shops.example.com\" is invalid: {at}: Invalid value: {{\"Rule\":\"{shown}\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}}: {expected}\n"
        );
        assert_eq!(text, expected);
    }
    let text = terminal.apply(&with("self.names.all(a, self.names.exists_one(b, a == b))"));
    assert!(
        text.contains("estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"),
        "{text}"
    );
    assert_eq!(terminal.run("kubectl get crd"), "No resources found\n");
}

#[test]
fn a_rule_that_costs_too_much_ends_and_says_so() {
    let mut terminal = Terminal::new(1);
    let rule = "self.nums.all(a, self.nums.all(b, self.nums.all(c, a + b + c >= 0)))";
    let spec = format!(
        "{{type: object, properties: {{nums: {{type: array, maxItems: 70, items: {{type: integer}}}}}}, x-kubernetes-validations: [{{rule: \"{rule}\"}}]}}"
    );
    let text = terminal.apply(&definition(&spec));
    assert!(text.ends_with("created\n"), "{text}");
    terminal.run("sleep 2");
    let numbers = |n: usize| format!("{{nums: [{}]}}", vec!["1"; n].join(", "));
    let text = terminal.shop("a", &numbers(25));
    assert_eq!(text, "shop.example.com/a created\n");
    let text = terminal.shop("a", &numbers(70));
    assert_eq!(
        text,
        format!(
            "The Shop \"a\" is invalid: spec: Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {rule}\n"
        )
    );
}
