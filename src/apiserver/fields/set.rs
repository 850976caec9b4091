//! Sets of paths of an object, as managed fields hold them
//! (`sigs.k8s.io/structured-merge-diff/fieldpath`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A set of paths: a tree whose nodes are members or lead to some.
///
/// The steps are kept as JSON writes them: `f:name` for a field, `k:{"name":"web"}` for the
/// element of a list with these keys, `v:"x"` for the element of a set, `i:0` for an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Whether the path that leads here is a member.
    pub member: bool,
    pub children: BTreeMap<String, Set>,
}

/// The name of the member itself among its children.
const SELF: &str = ".";

impl Set {
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    pub fn insert(&mut self, path: &[String]) {
        let mut at = self;
        for step in path {
            at = at.children.entry(step.clone()).or_default();
        }
        at.member = true;
    }

    /// The set that consists of these paths.
    pub fn of(paths: &[&[&str]]) -> Set {
        let mut set = Set::default();
        for path in paths {
            let path: Vec<String> = path.iter().map(|s| (*s).to_owned()).collect();
            set.insert(&path);
        }
        set
    }

    pub fn child(&self, step: &str) -> Option<&Set> {
        self.children.get(step)
    }

    /// Adds all paths of `other`.
    pub fn add(&mut self, other: &Set) {
        self.member |= other.member;
        for (step, theirs) in &other.children {
            match self.children.get_mut(step) {
                Some(mine) => mine.add(theirs),
                None => {
                    self.children.insert(step.clone(), theirs.clone());
                }
            }
        }
    }

    /// Takes the paths of `other` away; what lies below them stays.
    pub fn subtract(&mut self, other: &Set) {
        if other.member {
            self.member = false;
        }
        for (step, theirs) in &other.children {
            if let Some(mine) = self.children.get_mut(step) {
                mine.subtract(theirs);
                if mine.is_empty() {
                    self.children.remove(step);
                }
            }
        }
    }

    /// Takes the paths of `other` away, with all that lies below them.
    pub fn subtract_below(&mut self, other: &Set) {
        for (step, theirs) in &other.children {
            if theirs.member {
                self.children.remove(step);
            } else if let Some(mine) = self.children.get_mut(step) {
                mine.subtract_below(theirs);
                if mine.is_empty() {
                    self.children.remove(step);
                }
            }
        }
    }

    /// The paths that both have.
    pub fn common(&self, other: &Set) -> Set {
        let mut both = Set {
            member: self.member && other.member,
            children: BTreeMap::new(),
        };
        for (step, mine) in &self.children {
            if let Some(theirs) = other.children.get(step) {
                let common = mine.common(theirs);
                if !common.is_empty() {
                    both.children.insert(step.clone(), common);
                }
            }
        }
        both
    }

    /// As `FieldsV1`.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.children.is_empty() {
            map.insert(SELF.to_owned(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            map.insert(step.clone(), child.to_value());
        }
        Value::Object(map)
    }

    /// Reads `FieldsV1`; `None` when it is none.
    pub fn from_value(value: &Value) -> Option<Set> {
        let mut set = Set::of_members(value)?;
        set.member = value.get(SELF).is_some();
        Some(set)
    }

    fn of_members(value: &Value) -> Option<Set> {
        let mut set = Set::default();
        for (step, below) in value.as_object()? {
            if step == SELF {
                set.member = true;
                continue;
            }
            if !matches!(step.get(..2), Some("f:" | "k:" | "v:" | "i:")) {
                return None;
            }
            let mut child = Set::of_members(below)?;
            child.member |= child.children.is_empty();
            set.children.insert(step.clone(), child);
        }
        Some(set)
    }

    /// The members as people read them: `.spec.containers[name="web"].image`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect(&mut String::new(), &mut paths);
        paths
    }

    fn collect(&self, at: &mut String, paths: &mut Vec<String>) {
        if self.member {
            paths.push(at.clone());
        }
        for (step, child) in &self.children {
            let length = at.len();
            at.push_str(&readable(step));
            child.collect(at, paths);
            at.truncate(length);
        }
    }
}

/// The step to a field.
pub fn field_step(name: &str) -> String {
    format!("f:{name}")
}

/// A step as people read it.
pub fn readable(step: &str) -> String {
    let (kind, rest) = step.split_at_checked(2).unwrap_or((step, ""));
    match kind {
        "k:" => {
            let keys = serde_json::from_str::<Value>(rest).unwrap_or_default();
            let keys = keys.as_object().into_iter().flatten();
            let keys: Vec<String> = keys.map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", keys.join(","))
        }
        "v:" => format!("[={rest}]"),
        "i:" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}
