//! How a refused change of a claim is shown: both specs as Go prints structs, with what differs
//! marked and what is far from a difference left out (`github.com/google/go-cmp`).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::api::codec::encode;
use crate::api::field::quote;
use crate::api::quantity::QuantityExt;

/// How many equal fields are shown before and after one that differs.
const AROUND: usize = 2;

/// A field as it is printed: in one line, and spread out when it differs.
struct Field {
    name: &'static str,
    then: String,
    now: String,
    /// The lines inside, each with its sign, for a struct that differs in parts.
    inside: Option<String>,
}

pub(super) fn difference(
    then: &PersistentVolumeClaimSpec,
    now: &PersistentVolumeClaimSpec,
) -> String {
    let fields = fields(then, now);
    let differs: Vec<bool> = fields.iter().map(|f| f.then != f.now).collect();
    let shown = |i: usize| {
        let from = i.saturating_sub(AROUND);
        let to = (i + AROUND + 1).min(differs.len());
        differs.get(from..to).is_some_and(|d| d.contains(&true))
    };
    let mut text = "  core.PersistentVolumeClaimSpec{\n".to_owned();
    let mut i = 0;
    while i < fields.len() {
        if !shown(i) {
            let count = (i..fields.len()).take_while(|i| !shown(*i)).count();
            text.push_str(&left_out(count));
            i += count;
            continue;
        }
        // Lines that follow each other are aligned, as far as each is one line.
        let block = (i..fields.len())
            .take_while(|i| shown(*i) && fields.get(*i).is_some_and(|f| f.inside.is_none()))
            .count();
        let last = i + block.max(1);
        let block = fields.get(i..last).unwrap_or_default();
        let width = block.iter().map(|f| f.name.len()).max().unwrap_or_default();
        for field in block {
            let name = format!("{}:{}", field.name, " ".repeat(width - field.name.len()));
            if let Some(inside) = &field.inside {
                text.push_str(&format!("  \t{}: {inside}", field.name));
            } else if field.then == field.now {
                text.push_str(&format!("  \t{name} {},\n", field.now));
            } else {
                text.push_str(&format!("- \t{name} {},\n", field.then));
                text.push_str(&format!("+ \t{name} {},\n", field.now));
            }
        }
        i = last;
    }
    text.push_str("  }\n");
    text
}

fn left_out(count: usize) -> String {
    let fields = if count == 1 { "field" } else { "fields" };
    format!("  \t... // {count} identical {fields}\n")
}

fn fields(then: &PersistentVolumeClaimSpec, now: &PersistentVolumeClaimSpec) -> Vec<Field> {
    let field = |name, of: &dyn Fn(&PersistentVolumeClaimSpec) -> String| Field {
        name,
        then: of(then),
        now: of(now),
        inside: None,
    };
    let any = |value: serde_json::Value| match value {
        serde_json::Value::Null => "nil".to_owned(),
        value => format!("&{value}"),
    };
    let mut resources = field("Resources", &resources);
    if resources.then != resources.now {
        resources.inside = Some(resources_inside(then, now));
    }
    vec![
        field("AccessModes", &|s| match &s.access_modes {
            Some(modes) => {
                let modes: Vec<String> = modes.iter().map(|m| quote(m)).collect();
                format!("{{{}}}", modes.join(", "))
            }
            None => "nil".to_owned(),
        }),
        field("Selector", &|s| any(encode(&s.selector))),
        resources,
        field("VolumeName", &|s| {
            quote(s.volume_name.as_deref().unwrap_or_default())
        }),
        field("StorageClassName", &|s| text(s.storage_class_name.as_ref())),
        field("VolumeMode", &|s| text(s.volume_mode.as_ref())),
        field("DataSource", &|s| any(encode(&s.data_source))),
        field("DataSourceRef", &|s| any(encode(&s.data_source_ref))),
        field("VolumeAttributesClassName", &|s| {
            text(s.volume_attributes_class_name.as_ref())
        }),
    ]
}

fn text(value: Option<&String>) -> String {
    value.map_or_else(|| "nil".to_owned(), |v| format!("&{}", quote(v)))
}

type Amounts = Option<BTreeMap<String, Quantity>>;

fn parts(spec: &PersistentVolumeClaimSpec) -> [(&'static str, Amounts); 2] {
    let resources = spec.resources.clone().unwrap_or_default();
    [
        ("Limits", resources.limits),
        ("Requests", resources.requests),
    ]
}

fn resources(spec: &PersistentVolumeClaimSpec) -> String {
    let parts: Vec<String> = parts(spec)
        .iter()
        .filter_map(|(name, amounts)| {
            let amounts: Vec<String> = amounts
                .as_ref()?
                .iter()
                .map(|(key, amount)| {
                    format!("s{}: {{i: {{...}}, {}}}", quote(key), printed(amount))
                })
                .collect();
            Some(format!("{name}: {{{}}}", amounts.join(", ")))
        })
        .collect();
    format!("{{{}}}", parts.join(", "))
}

fn printed(amount: &Quantity) -> String {
    let format = match amount.amount().format() {
        crate::api::quantity::Format::BinarySi => "BinarySI",
        crate::api::quantity::Format::DecimalSi => "DecimalSI",
        crate::api::quantity::Format::DecimalExponent => "DecimalExponent",
    };
    format!("s: {}, Format: \"{format}\"", quote(&amount.0))
}

fn resources_inside(then: &PersistentVolumeClaimSpec, now: &PersistentVolumeClaimSpec) -> String {
    let mut text = "core.VolumeResourceRequirements{\n".to_owned();
    for ((name, before), (_, after)) in parts(then).into_iter().zip(parts(now)) {
        if before == after {
            let shown = match &before {
                Some(_) => "{...}",
                None => "nil",
            };
            text.push_str(&format!("  \t\t{name}: {shown},\n"));
            continue;
        }
        for (sign, amounts) in [('-', before), ('+', after)] {
            text.push_str(&format!("{sign} \t\t{name}: core.ResourceList{{\n"));
            for (key, amount) in amounts.iter().flatten() {
                text.push_str(&format!(
                    "{sign} \t\t\ts{}: {{i: resource.int64Amount{{value: {}}}, {}}},\n",
                    quote(key),
                    amount.amount().value(),
                    printed(amount)
                ));
            }
            text.push_str(&format!("{sign} \t\t}},\n"));
        }
    }
    text.push_str("  \t},\n");
    text
}
