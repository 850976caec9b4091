//! From nodes to a JSON value, with the place of every field.
//!
//! Follows `sigs.k8s.io/yaml` on go-yaml v2: aliases are expanded within limits, merge keys are
//! worked in where they stand, keys that are no texts become texts, the last of two equal keys wins.

use super::parse::{Node, NodeId, NodeKind, Tree};
use super::scalar::{Scalar, go_float, resolve};
use super::scan::Mark;
use super::spans::{Span, SpanMap, push_segment};
use super::{Duplicate, MAX_ALIASED_NODES, MAX_DEPTH, MAX_NODES};
use crate::api::base64;
use crate::api::rfc3339::go_quote;
use crate::sim::ordered::Set as BTreeSet;
use serde_json::{Map, Number, Value};

const CORE: &str = "tag:yaml.org,2002:";

/// What a document is made of.
pub struct Composed {
    pub value: Value,
    pub spans: SpanMap,
    pub duplicates: Vec<Duplicate>,
}

/// A message, and the node it speaks of.
pub struct ComposeError {
    pub message: String,
    pub mark: Mark,
}

/// Composes the root node. `place` turns the bounds of a node into a span of the whole text.
///
/// # Errors
/// What go-yaml refuses after parsing, with `yaml: ` in front where it has that.
pub fn compose(
    tree: &Tree,
    root: NodeId,
    place: &dyn Fn(Mark, Mark) -> Span,
) -> Result<Composed, ComposeError> {
    let mut composer = Composer {
        tree,
        place,
        path: String::new(),
        duplicates: Vec::new(),
        nodes: 0,
        aliased: 0,
        open_aliases: BTreeSet::new(),
    };
    let (value, spans) = composer.node(root, 0)?;
    Ok(Composed {
        value,
        spans,
        duplicates: composer.duplicates,
    })
}

struct Composer<'a> {
    tree: &'a Tree,
    place: &'a dyn Fn(Mark, Mark) -> Span,
    path: String,
    duplicates: Vec<Duplicate>,
    /// Nodes composed so far, and how many of them inside of an alias.
    nodes: usize,
    aliased: usize,
    open_aliases: BTreeSet<NodeId>,
}

type Result<T, E = ComposeError> = std::result::Result<T, E>;

impl<'a> Composer<'a> {
    fn get(&self, id: NodeId) -> Result<&'a Node> {
        // Every id was given out by the parser; the error is for completeness.
        self.tree.nodes.get(id).ok_or_else(|| ComposeError {
            message: "yaml: unknown problem parsing YAML content".to_owned(),
            mark: Mark::default(),
        })
    }

    fn count(&mut self, node: &Node, depth: usize) -> Result<()> {
        self.nodes += 1;
        let fail = |message: String| Err(error(node, message));
        if !self.open_aliases.is_empty() {
            self.aliased += 1;
            // The ratio is go-yaml's, the bound our own.
            let suspicious =
                self.aliased > 100 && self.nodes > 1000 && self.aliased * 100 > self.nodes * 99;
            if suspicious || self.aliased > MAX_ALIASED_NODES {
                return fail("yaml: document contains excessive aliasing".to_owned());
            }
        }
        if self.nodes > MAX_NODES {
            return fail(format!("yaml: document has more than {MAX_NODES} nodes"));
        }
        if depth > MAX_DEPTH {
            return fail(format!("yaml: exceeded max depth of {MAX_DEPTH}"));
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId, depth: usize) -> Result<(Value, SpanMap)> {
        let node = self.get(id)?;
        self.count(node, depth)?;
        let mut spans = SpanMap {
            value: (self.place)(node.start, node.end),
            ..SpanMap::default()
        };
        let value = match &node.kind {
            NodeKind::Scalar { text, plain } => json_scalar(node, text, *plain)?,
            NodeKind::Alias { name, target } => {
                let (value, target_spans) = self.alias(id, name, *target, depth)?;
                spans.children = target_spans.children;
                spans.is_list = target_spans.is_list;
                value
            }
            NodeKind::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                spans.is_list = true;
                for (i, item) in items.iter().enumerate() {
                    let length = self.path.len();
                    push_segment(&mut self.path, &i.to_string(), true);
                    let (value, child) = self.node(*item, depth + 1)?;
                    self.path.truncate(length);
                    list.push(value);
                    spans.children.insert(i.to_string(), child);
                }
                Value::Array(list)
            }
            NodeKind::Mapping(pairs) => {
                let mut map = Map::new();
                self.mapping(pairs, &mut map, &mut spans, depth)?;
                Value::Object(map)
            }
        };
        Ok((value, spans))
    }

    fn alias(
        &mut self,
        id: NodeId,
        name: &str,
        target: NodeId,
        depth: usize,
    ) -> Result<(Value, SpanMap)> {
        if !self.open_aliases.insert(id) {
            let node = self.get(id)?;
            return Err(error(
                node,
                format!("yaml: anchor '{name}' value contains itself"),
            ));
        }
        let composed = self.node(target, depth + 1)?;
        self.open_aliases.remove(&id);
        Ok(composed)
    }

    fn mapping(
        &mut self,
        pairs: &[(NodeId, NodeId)],
        map: &mut Map<String, Value>,
        spans: &mut SpanMap,
        depth: usize,
    ) -> Result<()> {
        let mut written: BTreeSet<String> = BTreeSet::new();
        for (key_id, value_id) in pairs {
            let key_node = self.get(*key_id)?;
            if is_merge(key_node) {
                self.merge(*value_id, map, spans, depth)?;
                continue;
            }
            self.count(key_node, depth + 1)?;
            let key = self.key(*key_id, *value_id, depth)?;
            let key_span = (self.place)(key_node.start, key_node.end);
            let length = self.path.len();
            push_segment(&mut self.path, &key, false);
            if !written.insert(key.clone())
                && let Some(first) = spans.children.get(&key).and_then(|child| child.key)
            {
                self.duplicates.push(Duplicate {
                    path: self.path.clone(),
                    first,
                    second: key_span,
                });
            }
            let (value, mut child) = self.node(*value_id, depth + 1)?;
            self.path.truncate(length);
            child.key = Some(key_span);
            map.insert(key.clone(), value);
            spans.children.insert(key, child);
        }
        Ok(())
    }

    /// Works `<<: *other` or `<<: [*a, *b]` in; of a list, the first one wins.
    fn merge(
        &mut self,
        id: NodeId,
        map: &mut Map<String, Value>,
        spans: &mut SpanMap,
        depth: usize,
    ) -> Result<()> {
        let node = self.get(id)?;
        let sources = match &node.kind {
            NodeKind::Sequence(items) => items.iter().rev().copied().collect(),
            _ => vec![id],
        };
        for source in sources {
            let node = self.get(source)?;
            let (value, from) = match &node.kind {
                NodeKind::Mapping(_) => self.node(source, depth + 1)?,
                NodeKind::Alias { target, .. }
                    if matches!(self.get(*target)?.kind, NodeKind::Mapping(_)) =>
                {
                    self.node(source, depth + 1)?
                }
                _ => {
                    return Err(error(
                        node,
                        "yaml: map merge requires map or sequence of maps as the value".to_owned(),
                    ));
                }
            };
            if let Value::Object(members) = value {
                map.extend(members);
                spans.children.extend(from.children);
            }
        }
        Ok(())
    }

    /// The text of a key.
    fn key(&mut self, id: NodeId, value: NodeId, depth: usize) -> Result<String> {
        let node = self.get(id)?;
        let (text, plain, tag) = match &node.kind {
            NodeKind::Scalar { text, plain } => (text, *plain, node),
            NodeKind::Alias { target, .. } => {
                let target = self.get(*target)?;
                match &target.kind {
                    NodeKind::Scalar { text, plain } => (text, *plain, target),
                    _ => return self.bad_key(id, depth),
                }
            }
            _ => return self.bad_key(id, depth),
        };
        match meaning(tag, text, plain)? {
            Meaning::Scalar(Scalar::Text | Scalar::Timestamp) => Ok(text.clone()),
            Meaning::Bytes(bytes) => Ok(bytes),
            Meaning::Scalar(Scalar::Bool(b)) => Ok(b.to_string()),
            Meaning::Scalar(Scalar::Int(int)) => Ok(int.to_string()),
            Meaning::Scalar(Scalar::Uint(int)) => Ok(int.to_string()),
            Meaning::Scalar(Scalar::Float(float)) => Ok(go_float(float, true)),
            Meaning::Scalar(Scalar::Null) => {
                let (value, _) = self.node(value, depth + 1)?;
                Err(error(
                    node,
                    format!(
                        "unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
                        go_syntax(&value)
                    ),
                ))
            }
        }
    }

    /// A key that is a list or a mapping: the usual sight of a template that was not rendered.
    fn bad_key(&mut self, id: NodeId, depth: usize) -> Result<String> {
        let (value, _) = self.node(id, depth + 1)?;
        let node = self.get(id)?;
        Err(error(
            node,
            format!("yaml: invalid map key: {}", go_syntax(&value)),
        ))
    }
}

fn error(node: &Node, message: String) -> ComposeError {
    ComposeError {
        message,
        mark: node.start,
    }
}

fn is_merge(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar { text, plain } if text == "<<" => match &node.tag {
            None => *plain,
            Some(tag) => tag.strip_prefix(CORE) == Some("merge"),
        },
        _ => false,
    }
}

enum Meaning {
    Scalar(Scalar),
    /// The content of a `!!binary` scalar.
    Bytes(String),
}

fn meaning(node: &Node, text: &str, plain: bool) -> Result<Meaning> {
    let tag = match node.tag.as_deref() {
        None if !plain => return Ok(Meaning::Scalar(Scalar::Text)),
        None | Some("!") => return Ok(Meaning::Scalar(resolve(text))),
        Some(tag) => tag.strip_prefix(CORE).unwrap_or(""),
    };
    let found = resolve(text);
    let wanted = match tag {
        "binary" => {
            let bytes = base64::decode(text).ok_or_else(|| {
                error(
                    node,
                    "yaml: !!binary value contains invalid base64 data".to_owned(),
                )
            })?;
            return Ok(Meaning::Bytes(String::from_utf8_lossy(&bytes).into_owned()));
        }
        "bool" => "!!bool",
        "int" => "!!int",
        "float" => "!!float",
        "null" => "!!null",
        "timestamp" => "!!timestamp",
        _ => return Ok(Meaning::Scalar(Scalar::Text)),
    };
    match found {
        Scalar::Int(int) if wanted == "!!float" => Ok(Meaning::Scalar(Scalar::Float(int as f64))),
        found if found.tag() == wanted => Ok(Meaning::Scalar(found)),
        found => Err(error(
            node,
            format!("yaml: cannot decode {} `{text}` as a {wanted}", found.tag()),
        )),
    }
}

fn json_scalar(node: &Node, text: &str, plain: bool) -> Result<Value> {
    let scalar = match meaning(node, text, plain)? {
        Meaning::Bytes(text) => return Ok(Value::String(text)),
        Meaning::Scalar(scalar) => scalar,
    };
    Ok(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::Int(int) => Value::Number(int.into()),
        Scalar::Uint(int) => Value::Number(int.into()),
        Scalar::Text | Scalar::Timestamp => Value::String(text.to_owned()),
        // Go writes a float without a fraction as an integer, and so it is one from then on.
        Scalar::Float(float) if float.trunc() == float && float.abs() < 9.2e18 => {
            Value::Number((float as i64).into())
        }
        Scalar::Float(float) => match Number::from_f64(float) {
            Some(number) => Value::Number(number),
            None => {
                let name = match go_float(float, false).as_str() {
                    ".inf" => "+Inf",
                    "-.inf" => "-Inf",
                    _ => "NaN",
                };
                return Err(error(node, format!("json: unsupported value: {name}")));
            }
        },
    })
}

/// A value in the syntax of Go source (`%#v`), as go-yaml shows a key that is none.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => go_quote(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let members: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", go_quote(key), go_syntax(value)))
                .collect();
            format!(
                "map[interface {{}}]interface {{}}{{{}}}",
                members.join(", ")
            )
        }
    }
}
