//! Where in the text each field of a document stands.

use crate::sim::ordered::Map as BTreeMap;

/// A stretch of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Bytes from the start of the text.
    pub start: usize,
    pub end: usize,
    /// The line of the start, from 1.
    pub line: usize,
    /// The column of the start in characters, from 1.
    pub column: usize,
}

/// One field, list element or whole document, and what lies below it.
///
/// A part that came in through an alias or a merge key is where it was first written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanMap {
    /// The name of the field; none for list elements and the document.
    pub key: Option<Span>,
    pub value: Span,
    /// By field name, or by the number of the list element.
    pub children: BTreeMap<String, SpanMap>,
    /// True when the children are list elements.
    pub is_list: bool,
}

/// Fields whose members are free names: Kubernetes writes them in brackets.
const FREE_NAMES: [&str; 13] = [
    "labels",
    "annotations",
    "matchLabels",
    "nodeSelector",
    "data",
    "stringData",
    "binaryData",
    "limits",
    "requests",
    "hard",
    "used",
    "capacity",
    "parameters",
];

impl SpanMap {
    /// Finds a field by its path, as Kubernetes writes it: `spec.containers[0].image`,
    /// `metadata.labels[app.kubernetes.io/name]`. Names with dots are found without brackets too.
    pub fn find(&self, path: &str) -> Option<&SpanMap> {
        let (found, rest) = self.walk(path);
        rest.is_empty().then_some(found)
    }

    /// Finds a field, or what would contain it: a missing field is shown at its parent.
    pub fn nearest(&self, path: &str) -> &SpanMap {
        self.walk(path).0
    }

    /// What to underline: the key of a field when it has one, else its value.
    pub fn mark(&self) -> Span {
        self.key.unwrap_or(self.value)
    }

    fn walk<'a, 'p>(&'a self, path: &'p str) -> (&'a SpanMap, &'p str) {
        let (mut at, mut rest) = (self, path);
        while !rest.is_empty() {
            match at.step(rest) {
                Some((child, after)) => (at, rest) = (child, after),
                None => break,
            }
        }
        (at, rest)
    }

    /// The child that the path starts with; the longest name wins.
    fn step<'p>(&self, path: &'p str) -> Option<(&SpanMap, &'p str)> {
        let bracketed = path.strip_prefix('[');
        let name_on = bracketed.unwrap_or_else(|| path.strip_prefix('.').unwrap_or(path));
        let name_on = match bracketed {
            Some(inner) => inner.strip_prefix('"').unwrap_or(inner),
            None => name_on,
        };
        let mut best: Option<(&String, &SpanMap, &str)> = None;
        for (name, child) in &self.children {
            let Some(after) = name_on.strip_prefix(name.as_str()) else {
                continue;
            };
            let after = if bracketed.is_some() {
                match after.strip_prefix('"').unwrap_or(after).strip_prefix(']') {
                    Some(after) => after,
                    None => continue,
                }
            } else if after.is_empty() || after.starts_with(['.', '[']) {
                after
            } else {
                continue;
            };
            if best.is_none_or(|(longest, ..)| longest.len() < name.len()) {
                best = Some((name, child, after));
            }
        }
        best.map(|(_, child, after)| (child, after))
    }

    /// The path of the innermost field whose key or value covers a byte of the text.
    pub fn path_at(&self, offset: usize) -> String {
        let mut path = String::new();
        let mut at = self;
        'down: loop {
            for (name, child) in &at.children {
                let covers = |span: &Span| (span.start..=span.end).contains(&offset);
                if child.key.as_ref().is_some_and(covers) || covers(&child.value) {
                    push_segment(&mut path, name, at.is_list);
                    at = child;
                    continue 'down;
                }
            }
            return path;
        }
    }

    /// Every field with its path, in the order of their names.
    pub fn paths(&self) -> Vec<(String, &SpanMap)> {
        let mut all = Vec::new();
        let mut open = vec![(String::new(), self)];
        while let Some((path, at)) = open.pop() {
            for (name, child) in at.children.iter().rev() {
                let mut path = path.clone();
                push_segment(&mut path, name, at.is_list);
                open.push((path, child));
            }
            if !path.is_empty() {
                all.push((path, at));
            }
        }
        all
    }
}

/// Adds a name or a number to a path, in brackets where Kubernetes has them.
pub fn push_segment(path: &mut String, name: &str, is_index: bool) {
    let parent = path.rsplit(['.', ']']).next().unwrap_or_default();
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
    if is_index || !plain || FREE_NAMES.contains(&parent) {
        path.push('[');
        path.push_str(name);
        path.push(']');
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    }
}
