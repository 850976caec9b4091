//! Random changes to a value.

use kubarium::sim::Rng;
use serde_json::{Map, Value, json};

/// What is put where something else was.
pub fn scalar(rng: &mut Rng) -> Value {
    match rng.below(24) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(i64::MAX),
        5 => json!(i64::MIN),
        6 => json!(u64::MAX),
        7 => json!(2_000_000_000),
        8 => json!(1.5),
        9 => json!(1e300),
        10 => json!(""),
        11 => json!("x".repeat(300)),
        12 => json!("ä\u{0}\u{202e}😀\n"),
        13 => json!("../../etc"),
        14 => json!("200%"),
        15 => json!("-5m"),
        16 => json!("99999999999999999999Ei"),
        17 => json!("2026-13-01T00:00:00Z"),
        18 => json!("${.a.b ?? "),
        19 => json!([]),
        20 => json!({}),
        21 => json!("10.96.0.300"),
        22 => json!("*/0 * * * *"),
        _ => json!(rng.below(70_000)),
    }
}

/// How many values there are.
fn count(value: &Value) -> u64 {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The value with a number, in the order of [`count`].
fn at<'v>(value: &'v mut Value, left: &mut u64) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| at(item, left)),
        Value::Object(map) => map.values_mut().find_map(|item| at(item, left)),
        _ => None,
    }
}

/// Changes one place.
pub fn change(value: &mut Value, rng: &mut Rng) {
    let mut which = rng.below(count(value));
    let Some(place) = at(value, &mut which) else {
        return;
    };
    let what = rng.below(8);
    match place {
        Value::Object(map) if what < 5 => edit_map(map, what, rng),
        Value::Array(items) if what < 4 && !items.is_empty() => {
            let i = rng.below(items.len() as u64) as usize;
            match what {
                0 => drop(items.remove(i)),
                1 => items.push(items[i].clone()),
                2 => items.reverse(),
                _ => items.push(scalar(rng)),
            }
        }
        Value::String(text) if what < 3 => match what {
            0 => text.push_str(&text.clone()),
            1 => drop(text.pop()),
            _ => text.push(['/', '.', '-', '%', '\u{e9}', ' '][rng.below(6) as usize]),
        },
        Value::Number(_) if what < 3 => *place = json!(rng.below(10)),
        place if what == 7 => *place = Value::Array(vec![place.take()]),
        place => *place = scalar(rng),
    }
}

fn edit_map(map: &mut Map<String, Value>, what: u64, rng: &mut Rng) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let key = rng.pick(&keys).cloned().unwrap_or_default();
    match what {
        0 => drop(map.remove(&key)),
        1 => drop(map.insert("unknown".to_owned(), scalar(rng))),
        2 => {
            // The same under a name that may mean something else.
            let taken = map.get(&key).cloned().unwrap_or_default();
            let names = ["name", "spec", "status", "value", "selector", "a/b/c", ""];
            map.insert(
                names[rng.below(names.len() as u64) as usize].to_owned(),
                taken,
            );
        }
        3 => {
            let fields = [
                ("finalizers", json!(["example.com/stay"])),
                (
                    "ownerReferences",
                    json!([{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "u"}]),
                ),
                ("deletionTimestamp", json!("2026-01-01T00:00:00Z")),
                ("generateName", json!("x-")),
                ("resourceVersion", json!("1")),
                ("uid", json!("other")),
                ("namespace", json!("kube-system")),
            ];
            let (name, value) = fields[rng.below(fields.len() as u64) as usize].clone();
            map.insert(name.to_owned(), value);
        }
        _ => drop(map.insert(key, scalar(rng))),
    }
}

/// Keeps numbers of pods and clients small: how many there may be is another test's.
fn tame(value: &mut Value) {
    const MANY: [&str; 7] = [
        "replicas",
        "parallelism",
        "completions",
        "minReplicas",
        "maxReplicas",
        "rate",
        "clients",
    ];
    let few = |value: &mut Value| {
        if value
            .as_i64()
            .is_some_and(|n| (21..=i64::from(i32::MAX)).contains(&n))
        {
            *value = json!(20);
        }
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(tame),
        Value::Object(map) => {
            let path = map.get("path").and_then(Value::as_str).unwrap_or_default();
            let operation = MANY.iter().any(|name| path.ends_with(name));
            for (key, value) in map.iter_mut() {
                if MANY.contains(&key.as_str()) || (operation && key == "value") {
                    few(value);
                }
                tame(value);
            }
        }
        _ => {}
    }
}

/// A few changes.
pub fn mutated(value: &Value, rng: &mut Rng) -> Value {
    let mut out = value.clone();
    for _ in 0..rng.between(1, 3) {
        change(&mut out, rng);
    }
    tame(&mut out);
    out
}

/// A JSON patch: operations on places that are there, and on some that are not.
pub fn json_patch(value: &Value, rng: &mut Rng) -> Value {
    let mut operations = Vec::new();
    for _ in 0..rng.between(1, 4) {
        let names = ["add", "remove", "replace", "move", "copy", "test", "no"];
        operations.push(json!({
            "op": names[rng.below(names.len() as u64) as usize],
            "path": pointer(value, rng), "from": pointer(value, rng), "value": scalar(rng),
        }));
    }
    let mut patch = Value::Array(operations);
    if rng.chance(150) {
        change(&mut patch, rng);
    }
    tame(&mut patch);
    patch
}

fn pointer(mut value: &Value, rng: &mut Rng) -> String {
    let mut out = String::new();
    while !rng.chance(200) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let keys: Vec<&String> = map.keys().collect();
                let key = keys[rng.below(keys.len() as u64) as usize];
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
                value = &map[key];
            }
            Value::Array(items) if !items.is_empty() => {
                let i = rng.below(items.len() as u64) as usize;
                out.push_str(&format!("/{i}"));
                value = &items[i];
            }
            _ => break,
        }
    }
    let ends = ["", "", "", "/-", "/9", "/x", "/~", "/01", "x"];
    out + ends[rng.below(ends.len() as u64) as usize]
}

/// A part of a value, changed: what a merge patch sends.
pub fn merge_patch(value: &Value, rng: &mut Rng) -> Value {
    let mut out = value.clone();
    if let Value::Object(map) = &mut out {
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            match rng.below(4) {
                0 => drop(map.remove(&key)),
                1 => map[&key] = merge_patch(&map[&key], rng),
                _ => {}
            }
        }
        if rng.chance(100) {
            let names = [
                "$patch",
                "$retainKeys",
                "$setElementOrder/ports",
                "$deleteFromPrimitiveList/finalizers",
            ];
            let values = [
                json!("delete"),
                json!("replace"),
                json!(["x"]),
                json!([{"name": "x"}]),
            ];
            let name = names[rng.below(4) as usize].to_owned();
            map.insert(name, values[rng.below(4) as usize].clone());
        }
    }
    if rng.chance(300) {
        change(&mut out, rng);
    }
    tame(&mut out);
    out
}
