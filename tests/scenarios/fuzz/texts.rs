//! Nonsense for the parsers, made of what they look for.

use kubarium::api::cron::Schedule;
use kubarium::api::jsonpath::Template;
use kubarium::api::pattern::Pattern;
use kubarium::api::quantity::Quantity;
use kubarium::api::selector::{FieldSelector, Selector};
use kubarium::api::time_zone::TimeZone;
use kubarium::api::{names, rfc3339, yaml};
use kubarium::sim::Rng;
use serde_json::{Value, json};

use super::with_seeds;

/// Up to `most` of the parts.
pub fn soup(rng: &mut Rng, parts: &[&str], most: u64) -> String {
    (0..rng.between(1, most))
        .map(|_| parts[rng.below(parts.len() as u64) as usize])
        .collect()
}

#[test]
fn numbers_times_and_addresses() {
    const PARTS: &[&str] = &[
        "1",
        "0",
        "9",
        "999999999999999999",
        ".",
        "-",
        "+",
        "e",
        "E",
        "Ki",
        "Mi",
        "Ei",
        "m",
        "n",
        "u",
        "k",
        "%",
        " ",
        "h",
        "s",
        "ms",
        "µs",
        ":",
        "T",
        "Z",
        "2026-01-01",
        "T10:00:00",
        "/",
        "10.0.0.1",
        "::",
        "f",
        "é",
        "",
    ];
    with_seeds(50, |rng| {
        for _ in 0..200 {
            let text = soup(rng, PARTS, 7);
            if let Ok(quantity) = Quantity::parse(&text) {
                let canonical = quantity.to_string();
                let again = Quantity::parse(&canonical).expect("what is printed can be read");
                assert_eq!(again.to_string(), canonical, "{text:?}");
                let _ = (
                    quantity.value(),
                    quantity.milli_value(),
                    quantity.is_integer(),
                );
                let _ = quantity.add(&again).sub(&quantity.negate()).scale(i64::MAX);
                let _ = quantity.percent_of(&again, true);
            }
            let _ = rfc3339::parse_time(&text);
            let _ = rfc3339::parse_go_duration(&text);
            let _ = names::parse_ip_sloppy(&text);
            let _ = names::parse_cidr_sloppy(&text);
        }
    });
}

#[test]
fn schedules_have_a_next_time_or_none() {
    const PARTS: &[&str] = &[
        "*",
        "/",
        "-",
        ",",
        " ",
        " ",
        " ",
        "0",
        "1",
        "5",
        "59",
        "31",
        "30",
        "2",
        "12",
        "feb",
        "MON",
        "sun",
        "?",
        "@daily",
        "@every ",
        "1h",
        "TZ=Europe/Berlin ",
        "CRON_TZ=",
        "99",
        "L",
    ];
    let zone = TimeZone::find("America/New_York").expect("it is known");
    with_seeds(50, |rng| {
        for _ in 0..100 {
            let text = match rng.chance(500) {
                true => soup(rng, PARTS, 14),
                false => {
                    let field = |rng: &mut Rng| {
                        soup(rng, &["*", "*/5", "1", "31", "2", "0-6", ",3", "/7"], 3)
                    };
                    let fields: Vec<String> = (0..5).map(|_| field(rng)).collect();
                    fields.join(" ")
                }
            };
            let Ok(schedule) = Schedule::parse(&text) else {
                continue;
            };
            let mut at = 1_767_225_600;
            for _ in 0..4 {
                let Some(next) = schedule.next(at, &zone) else {
                    break;
                };
                assert!(next > at, "{text:?}: {next} after {at}");
                at = next;
            }
            // As late as an instant can be, but for some years.
            let _ = schedule.next(7_258_118_400, &zone);
        }
    });
}

#[test]
fn selectors_patterns_and_paths() {
    const PARTS: &[&str] = &[
        "{", "}", "[", "]", ".", "..", "*", "a", "items", "$", "@", "?(", ")", "(", "==", "<=",
        "&&", "\"", "'", "range ", "end", "0", "-1", ":", "::", ",", "in", " notin ", "!", "=",
        "\\", "|", "+", "^", "{2,9}", "[^a-z]", "é", "\n",
    ];
    let root = json!({"items": [{"a": 1, "b": [1, 2, {"a": "x"}]}, {"a": "é"}], "a": null});
    with_seeds(50, |rng| {
        for _ in 0..150 {
            let text = soup(rng, PARTS, 12);
            let _ = Selector::parse(&text);
            let _ = FieldSelector::parse(&text);
            for template in [Template::parse(&text), Template::relaxed(&text)]
                .into_iter()
                .flatten()
            {
                let _ = template.render(&root);
                let _ = template.find(&root);
            }
            if let Ok(pattern) = Pattern::compile(&text, true, rng.chance(500)) {
                let _ = pattern.is_match(&"a".repeat(60));
            }
        }
    });
}

/// Equal, with whole numbers equal to the floats that they are.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let like = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(like)
        }
        (a, b) => a == b,
    }
}

#[test]
fn yaml_is_read_or_refused_and_what_is_written_is_read_back() {
    const PARTS: &[&str] = &[
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "|\n",
        ">-\n",
        "|2+\n",
        "\"",
        "'",
        "#",
        " # c\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "~",
        "yes",
        "0o17",
        "1e3",
        ".inf",
        "0x1F",
        "\t",
        "\u{feff}",
        "é",
        "\\u00e9",
        "\\",
        "2026-01-01",
        "\r\n",
        "=",
    ];
    with_seeds(50, |rng| {
        for _ in 0..150 {
            let text = soup(rng, PARTS, 24);
            let parsed = yaml::parse(&text);
            for document in parsed.documents {
                let written = yaml::to_yaml(&document.value);
                let mut again = yaml::parse(&written);
                assert!(
                    again.error.is_none(),
                    "{text:?} is written as {written:?}: {:?}",
                    again.error
                );
                let value = again.documents.pop().map_or(Value::Null, |d| d.value);
                assert!(
                    same(&value, &document.value),
                    "{text:?} is written as {written:?}"
                );
            }
        }
    });
}
