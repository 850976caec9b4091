//! Owners and applies on plain JSON.

use serde_json::{Value, json};

use super::compare::compare;
use super::managers::{Manager, apply, update};
use super::schema::Type;
use super::set::Set;
use crate::api::Resource as _;

fn deployment() -> Type {
    Type::of_kind(k8s_openapi::api::apps::v1::Deployment::KIND)
}

fn manager(name: &str, applies: bool) -> Manager {
    Manager {
        name: name.to_owned(),
        applies,
        api_version: "apps/v1".to_owned(),
        subresource: String::new(),
        time: Some(0),
        fields: Set::default(),
    }
}

fn fields(managers: &[Manager], name: &str) -> Value {
    let found = managers.iter().find(|m| m.name == name);
    found.map_or(Value::Null, |m| m.fields.to_value())
}

#[test]
fn what_is_always_there_is_not_owned_itself() {
    let new = json!({"spec": {
        "selector": {"matchLabels": {"a": "b"}}, "strategy": {"type": "Recreate"},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
            {"name": "x", "image": "i", "resources": {}, "ports": [{"containerPort": 80}]},
        ]}},
    }});
    let mut managers = Vec::new();
    let found = compare(&json!({}), &new, deployment());
    update(&mut managers, &manager("me", false), &found);
    assert_eq!(
        fields(&managers, "me"),
        json!({"f:spec": {
            "f:selector": {}, "f:strategy": {"f:type": {}},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"x\"}": {
                    ".": {}, "f:name": {}, "f:image": {}, "f:resources": {},
                    "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {
                        ".": {}, "f:containerPort": {},
                    }},
                }}},
            },
        }})
    );
}

#[test]
fn sets_come_back_from_json() {
    let value =
        json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {"v:\"x\"": {}}}});
    let set = Set::from_value(&value).expect("is a set");
    assert_eq!(set.to_value(), value);
    assert_eq!(
        set.paths(),
        [
            ".metadata.finalizers[=\"x\"]",
            ".metadata.labels",
            ".metadata.labels.a"
        ]
    );
    assert_eq!(Set::from_value(&json!({"metadata": {}})), None);
}

fn applied(
    managers: &mut Vec<Manager>,
    live: &Value,
    configuration: Value,
    name: &str,
    force: bool,
) -> Result<Value, Vec<String>> {
    let writer = manager(name, true);
    apply(
        managers,
        &writer,
        live,
        &configuration,
        deployment(),
        &Set::default(),
        force,
    )
    .map_err(|conflicts| {
        let of = |(m, set): &(Manager, Set)| format!("{}: {}", m.quoted(), set.paths().join(" "));
        conflicts.iter().map(of).collect()
    })
}

#[test]
fn what_is_no_longer_applied_goes_unless_somebody_owns_it() {
    let (mut managers, live) = (Vec::new(), json!({}));
    let first = json!({"metadata": {"labels": {"a": "1", "b": "1"}}, "spec": {"replicas": 3, "paused": true}});
    let live = applied(&mut managers, &live, first, "one", false).expect("no conflict");
    let second = json!({"spec": {"paused": true}});
    let live = applied(&mut managers, &live, second, "two", false).expect("the same value");
    let less = json!({"metadata": {"labels": {"a": "1"}}});
    let live = applied(&mut managers, &live, less, "one", false).expect("its own");
    assert_eq!(live["metadata"], json!({"labels": {"a": "1"}}));
    assert_eq!(live["spec"], json!({"paused": true}));
}

#[test]
fn another_value_of_an_owned_field_is_a_conflict() {
    let (mut managers, live) = (Vec::new(), json!({}));
    let of = |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "x", "image": image}]}}}});
    let live = applied(&mut managers, &live, of("a"), "one", false).expect("nobody is there");
    let refused = applied(&mut managers, &live, of("b"), "two", false);
    assert_eq!(
        refused,
        Err(vec![
            "\"one\": .spec.template.spec.containers[name=\"x\"].image".to_owned()
        ])
    );
    let live = applied(&mut managers, &live, of("b"), "two", true).expect("is forced");
    assert_eq!(
        live["spec"]["template"]["spec"]["containers"][0]["image"],
        "b"
    );
    let left = fields(&managers, "one");
    assert_eq!(
        left,
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"x\"}": {
            ".": {}, "f:name": {},
        }}}}}})
    );
}

#[test]
fn lists_with_keys_keep_the_order_of_both() {
    let names = |list: &[&str]| -> Value {
        let items: Vec<Value> = list.iter().map(|n| json!({"name": n})).collect();
        json!({"spec": {"template": {"spec": {"containers": items}}}})
    };
    for (live, applied, want) in [
        (
            &["a", "b", "c"][..],
            &["a", "x"][..],
            &["a", "b", "c", "x"][..],
        ),
        (&["a", "b"], &["b", "a"], &["b", "a"]),
        (&["a", "b", "c"], &["x", "b"], &["a", "x", "b", "c"]),
    ] {
        let merged = super::merge::merge(&names(live), &names(applied), deployment());
        let containers = &merged["spec"]["template"]["spec"]["containers"];
        let found: Vec<&str> = containers
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|c| c["name"].as_str())
            .collect();
        assert_eq!(found, want, "{live:?} {applied:?}");
    }
}

#[test]
fn the_oldest_updaters_are_joined() {
    let mut managers = Vec::new();
    let mut live = json!({"metadata": {"labels": {}}});
    for i in 0..12 {
        let mut next = live.clone();
        next["metadata"]["labels"][format!("l{i}")] = json!("x");
        let mut writer = manager(&format!("m{i:02}"), false);
        writer.time = Some(i * 1_000_000_000);
        update(&mut managers, &writer, &compare(&live, &next, deployment()));
        live = next;
    }
    let names: Vec<&str> = managers.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names.len(), 10);
    assert_eq!(names[0], "ancient-changes");
    assert_eq!(names[1], "m03");
    let joined = &fields(&managers, "ancient-changes")["f:metadata"]["f:labels"];
    assert!(joined.get("f:l0").is_some() && joined.get("f:l2").is_some());
}
