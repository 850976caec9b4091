//! The managers of an object, and what a write makes of them
//! (`sigs.k8s.io/structured-merge-diff/merge` update.go, and the chain of
//! `k8s.io/apimachinery/pkg/util/managedfields`).

use serde_json::{Value, json};

use super::compare::{Comparison, compare, paths_of, with_structs};
use super::merge::{merge, without};
use super::schema::{Shape, Type};
use super::set::Set;
use crate::api::rfc3339::{format_time, parse_time};
use crate::sim::Time;

/// How many managers that update an object are kept apart.
const MAX_UPDATERS: usize = 10;

/// Who owns what the oldest of more managers owned.
const ANCIENT: &str = "ancient-changes";

/// One manager of an object, and what it owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    pub name: String,
    /// Whether it applies its configuration, or just updates.
    pub applies: bool,
    pub api_version: String,
    pub subresource: String,
    /// When it last took something, in nanoseconds of the Unix epoch.
    pub time: Option<i64>,
    pub fields: Set,
}

impl Manager {
    /// Whether both are the same manager. One that applies has one entry for all versions.
    fn is(&self, other: &Manager) -> bool {
        self.name == other.name
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.api_version == other.api_version)
    }

    /// A manager that applies, and owns nothing yet.
    pub fn applier(name: &str, api_version: String, subresource: &str, now: Time) -> Manager {
        Manager {
            name: name.to_owned(),
            applies: true,
            api_version,
            subresource: subresource.to_owned(),
            time: Some(whole_seconds(now)),
            fields: Set::default(),
        }
    }

    fn operation(&self) -> &'static str {
        if self.applies { "Apply" } else { "Update" }
    }

    /// As conflicts name it.
    pub fn quoted(&self) -> String {
        let mut text = json!(self.name).to_string();
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource \"{}\"", self.subresource));
        }
        if !self.applies {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }

    /// As an entry of `metadata.managedFields`.
    pub fn to_value(&self) -> Value {
        let mut entry = json!({
            "manager": self.name,
            "operation": self.operation(),
            "apiVersion": self.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_value(),
        });
        if let Some(time) = self.time {
            entry["time"] = Value::from(format_time(time));
        }
        if !self.subresource.is_empty() {
            entry["subresource"] = Value::from(self.subresource.as_str());
        }
        entry
    }

    /// Reads an entry; `None` when it is none.
    pub fn from_value(value: &Value) -> Option<Manager> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let applies = match value["operation"].as_str() {
            Some("Apply") => true,
            Some("Update") => false,
            _ => return None,
        };
        let known_type = value["fieldsType"].as_str() == Some("FieldsV1");
        Some(Manager {
            name: text("manager"),
            applies,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: value["time"].as_str().and_then(parse_time),
            fields: Set::from_value(&value["fieldsV1"]).filter(|_| known_type)?,
        })
    }
}

/// The times of managers are kept as they are written.
pub fn whole_seconds(time: Time) -> i64 {
    const SECOND: u64 = 1_000_000_000;
    (time.0 / SECOND * SECOND) as i64
}

/// What nobody owns.
fn never_owned() -> Set {
    Set::of(&[
        &["f:apiVersion"],
        &["f:kind"],
        &["f:metadata"],
        &["f:metadata", "f:name"],
        &["f:metadata", "f:namespace"],
        &["f:metadata", "f:creationTimestamp"],
        &["f:metadata", "f:selfLink"],
        &["f:metadata", "f:uid"],
        &["f:metadata", "f:clusterName"],
        &["f:metadata", "f:generation"],
        &["f:metadata", "f:managedFields"],
        &["f:metadata", "f:resourceVersion"],
    ])
}

/// Somebody else's fields are in the way.
pub type Conflicts = Vec<(Manager, Set)>;

/// Takes from the others what the writer changed or removed.
fn take(
    managers: &mut Vec<Manager>,
    writer: &Manager,
    found: &Comparison,
    force: bool,
) -> Result<(), Conflicts> {
    let mut changed = found.modified.clone();
    changed.add(&found.added);
    let mut conflicts = Vec::new();
    for manager in managers.iter().filter(|m| !m.is(writer)) {
        let common = manager.fields.common(&changed);
        if !common.is_empty() {
            conflicts.push((manager.clone(), common));
        }
    }
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    for manager in managers.iter_mut().filter(|m| !m.is(writer)) {
        manager.fields.subtract(&changed);
        manager.fields.subtract(&found.removed);
    }
    managers.retain(|m| !m.fields.is_empty());
    Ok(())
}

/// An update: the writer owns what it changed. `writer.fields` is not looked at.
pub fn update(managers: &mut Vec<Manager>, writer: &Manager, found: &Comparison) {
    if take(managers, writer, found, true).is_err() {
        return;
    }
    let mut taken = found.modified.clone();
    taken.add(&found.added);
    let mut own = match managers.iter().position(|m| m.is(writer)) {
        Some(at) => managers.remove(at),
        None => Manager {
            fields: Set::default(),
            ..writer.clone()
        },
    };
    own.fields.subtract(&found.removed);
    own.fields.add(&taken);
    taken.subtract(&never_owned());
    if !taken.is_empty() {
        own.time = writer.time;
        own.api_version.clone_from(&writer.api_version);
    }
    managers.push(own);
    tidy(managers);
    cap(managers);
}

fn tidy(managers: &mut Vec<Manager>) {
    for manager in managers.iter_mut() {
        manager.fields.subtract(&never_owned());
    }
    managers.retain(|m| !m.fields.is_empty());
    sort(managers);
}

/// The order in which entries are written.
pub fn sort(managers: &mut [Manager]) {
    managers.sort_by(|a, b| {
        let key = |m: &Manager| (m.operation(), m.time.map(|t| t.div_euclid(1_000_000_000)));
        key(a)
            .cmp(&key(b))
            .then_with(|| a.name.cmp(&b.name))
            .then_with(|| a.api_version.cmp(&b.api_version))
            .then_with(|| a.subresource.cmp(&b.subresource))
    });
}

/// Joins the oldest updaters when there are too many.
fn cap(managers: &mut Vec<Manager>) {
    let mut updaters = managers.iter().filter(|m| !m.applies).count();
    let mut oldest: Vec<Manager> = managers.iter().filter(|m| !m.applies).cloned().collect();
    sort(&mut oldest);
    let mut firsts: Vec<Manager> = Vec::new();
    for manager in oldest {
        if updaters <= MAX_UPDATERS {
            break;
        }
        let Some(first) = firsts.iter().find(|m| m.api_version == manager.api_version) else {
            firsts.push(manager);
            continue;
        };
        let bucket = Manager {
            name: ANCIENT.to_owned(),
            applies: false,
            api_version: manager.api_version.clone(),
            subresource: String::new(),
            time: manager.time,
            fields: Set::default(),
        };
        if !managers.iter().any(|m| m.is(&bucket)) {
            let fields = first.fields.clone();
            managers.retain(|m| !m.is(first));
            managers.push(Manager {
                fields,
                ..bucket.clone()
            });
        }
        managers.retain(|m| !m.is(&manager));
        if let Some(kept) = managers.iter_mut().find(|m| m.is(&bucket)) {
            kept.fields.add(&manager.fields);
            kept.time = manager.time;
        }
        updaters -= 1;
    }
    sort(managers);
}

/// An apply: the writer owns what its configuration says, and what it no longer says goes, unless
/// somebody else owns it. Returns the object.
pub fn apply(
    managers: &mut Vec<Manager>,
    writer: &Manager,
    live: &Value,
    applied: &Value,
    kind: Type,
    ignored: &Set,
    force: bool,
) -> Result<Value, Conflicts> {
    let former = managers.clone();
    let mut object = merge(live, applied, kind);
    let mut claimed = paths_of(applied, kind);
    claimed.subtract_below(ignored);
    let last = match managers.iter().position(|m| m.is(writer)) {
        Some(at) => managers.remove(at),
        None => Manager {
            fields: Set::default(),
            ..writer.clone()
        },
    };
    managers.push(Manager {
        fields: claimed,
        time: last.time,
        ..writer.clone()
    });
    if !last.fields.is_empty() {
        object = prune(&object, managers, &last.fields, kind);
    }
    let mut found = compare(live, &object, kind);
    found.ignore(ignored);
    take(managers, writer, &found, force)?;
    tidy(managers);
    let before: Vec<&Manager> = former.iter().collect();
    let unchanged = managers.len() == before.len()
        && managers.iter().all(|m| {
            let same = former.iter().find(|f| f.is(m));
            same.is_some_and(|f| f.fields == m.fields && f.api_version == m.api_version)
        });
    if !(unchanged && object == *live) {
        if let Some(own) = managers.iter_mut().find(|m| m.is(writer)) {
            own.time = writer.time;
        }
        sort(managers);
    }
    Ok(object)
}

/// Takes out what the applier owned and no longer does, as far as nobody else owns it.
fn prune(merged: &Value, managers: &[Manager], last: &Set, kind: Type) -> Value {
    let shape = Shape::Struct {
        of: kind,
        always: true,
    };
    let all = |object: &Value| with_structs(&paths_of(object, kind), shape);
    let last = with_structs(last, shape);
    let mut pruned = without(merged, &last, kind);
    // What others own, or the applier still does, comes back.
    let mut owned = Set::default();
    for manager in managers {
        owned.add(&manager.fields);
    }
    let everything = all(merged);
    let mut kept = all(&pruned);
    kept.add(&with_structs(&owned, shape));
    let mut gone = everything.clone();
    gone.subtract(&kept);
    pruned = without(merged, &gone, kind);
    // And what was never the applier's stays.
    let mut gone = everything;
    gone.subtract(&all(&pruned));
    without(merged, &gone.common(&last), kind)
}
