//! From tokens to nodes: the grammar of YAML, with the words of libyaml for what breaks it.
//!
//! Nodes lie in one list and name each other by place, so neither parsing nor dropping recurses.

use super::MAX_DEPTH;
use super::scan::{Mark, SyntaxError, Token, TokenKind, scan};
use crate::sim::ordered::Map as BTreeMap;

/// The place of a node in [`Tree::nodes`].
pub type NodeId = usize;

#[derive(Clone, Debug)]
pub enum NodeKind {
    Scalar { text: String, plain: bool },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias { name: String, target: NodeId },
}

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    /// The tag with its handle resolved, when one was written.
    pub tag: Option<String>,
    pub start: Mark,
    pub end: Mark,
}

/// The nodes of one document.
#[derive(Debug, Default)]
pub struct Tree {
    pub nodes: Vec<Node>,
    pub root: Option<NodeId>,
}

const CORE_TAGS: &str = "tag:yaml.org,2002:";

/// Parses the first document of a text. What follows it is not looked at.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Tree, SyntaxError> {
    let (tokens, error) = scan(text);
    let end = Mark {
        offset: text.len(),
        ..tokens.last().map(|t| t.end).unwrap_or_default()
    };
    let mut parser = Parser {
        tokens,
        error,
        end,
        next: 0,
        tree: Tree::default(),
        anchors: BTreeMap::new(),
        handles: vec![
            ("!".to_owned(), "!".to_owned()),
            ("!!".to_owned(), CORE_TAGS.to_owned()),
        ],
    };
    parser.document()?;
    Ok(parser.tree)
}

/// A collection that is being filled.
enum Frame {
    BlockSequence(NodeId),
    IndentlessSequence(NodeId),
    BlockMapping(NodeId, Option<NodeId>),
    /// The flag says that no element was read yet.
    FlowSequence(NodeId, bool),
    /// The flag says that no pair was read yet, or, once there is a key, that it may have a value.
    FlowMapping(NodeId, bool, Option<NodeId>),
    /// `[a: b]`: a mapping of one pair.
    FlowPair(NodeId, Option<NodeId>),
}

/// Opens a collection for a node.
type MakeFrame = fn(NodeId) -> Frame;

/// What comes next.
enum Step {
    /// A node has to be read. `block` allows block collections, `indentless` a sequence that is
    /// indented as little as its key.
    Node { block: bool, indentless: bool },
    /// A node is there, and belongs to the innermost collection.
    Have(NodeId),
    /// The innermost collection continues.
    Continue,
}

struct Parser {
    tokens: Vec<Token>,
    error: Option<SyntaxError>,
    end: Mark,
    next: usize,
    tree: Tree,
    anchors: BTreeMap<String, NodeId>,
    handles: Vec<(String, String)>,
}

impl Parser {
    /// The next token. Past the last one lies the scanner's error.
    fn peek(&self) -> Result<&Token, SyntaxError> {
        match (self.tokens.get(self.next), &self.error) {
            (Some(token), _) => Ok(token),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(SyntaxError {
                problem: "did not find expected <stream-start>".to_owned(),
                mark: self.end,
                context: None,
                scanner: false,
            }),
        }
    }

    fn next_is(&self, kinds: &[TokenKind]) -> Result<bool, SyntaxError> {
        self.peek().map(|token| kinds.contains(&token.kind))
    }

    /// Takes the next token when it is of this kind.
    fn take(&mut self, kind: &TokenKind) -> Result<bool, SyntaxError> {
        let is = self.peek()?.kind == *kind;
        if is {
            self.next += 1;
        }
        Ok(is)
    }

    fn error<T>(&self, context: Option<Mark>, problem: &str) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            problem: problem.to_owned(),
            mark: self.peek()?.start,
            context,
            scanner: false,
        })
    }

    fn add(&mut self, kind: NodeKind, tag: Option<String>, start: Mark, end: Mark) -> NodeId {
        self.tree.nodes.push(Node {
            kind,
            tag,
            start,
            end,
        });
        self.tree.nodes.len() - 1
    }

    fn add_empty(&mut self) -> Result<NodeId, SyntaxError> {
        // It stands behind what was read last.
        let at = match self.next.checked_sub(1).and_then(|i| self.tokens.get(i)) {
            Some(token) => token.end,
            None => self.peek()?.start,
        };
        Ok(self.add(empty(), None, at, at))
    }

    fn start_of(&self, id: NodeId) -> Option<Mark> {
        self.tree.nodes.get(id).map(|node| node.start)
    }

    fn document(&mut self) -> Result<(), SyntaxError> {
        while self.take(&TokenKind::DocumentEnd)? {}
        let mut explicit = false;
        loop {
            match &self.peek()?.kind {
                TokenKind::VersionDirective => {}
                TokenKind::TagDirective { handle, prefix } => {
                    let pair = (handle.clone(), prefix.clone());
                    self.handles.push(pair);
                }
                TokenKind::DocumentStart => {
                    self.next += 1;
                    break;
                }
                TokenKind::StreamEnd if !explicit => return Ok(()),
                _ if explicit => {
                    return self.error(None, "did not find expected <document start>");
                }
                _ => break,
            }
            explicit = true;
            self.next += 1;
        }
        let empty = matches!(
            self.peek()?.kind,
            TokenKind::VersionDirective
                | TokenKind::TagDirective { .. }
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        );
        self.tree.root = Some(if empty {
            self.add_empty()?
        } else {
            self.nodes()?
        });
        // The end of the document is only known from the token behind it.
        self.peek()?;
        Ok(())
    }

    /// Reads one node with all that is in it.
    fn nodes(&mut self) -> Result<NodeId, SyntaxError> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut step = Step::Node {
            block: true,
            indentless: false,
        };
        loop {
            step = match step {
                Step::Node { block, indentless } => self.node(block, indentless, &mut frames)?,
                Step::Have(node) => match frames.last_mut() {
                    None => return Ok(node),
                    Some(frame) => {
                        self.attach(frame, node);
                        Step::Continue
                    }
                },
                Step::Continue => match frames.pop() {
                    // Only reached with a collection open.
                    None => return self.error(None, "did not find expected node content"),
                    Some(frame) => self.advance(frame, &mut frames)?,
                },
            };
            if frames.len() > MAX_DEPTH {
                return self.error(None, &format!("exceeded max depth of {MAX_DEPTH}"));
            }
        }
    }

    /// Puts a node into a collection: as element, key or value.
    fn attach(&mut self, frame: &mut Frame, child: NodeId) {
        let (id, key) = match frame {
            Frame::BlockSequence(id)
            | Frame::IndentlessSequence(id)
            | Frame::FlowSequence(id, _) => {
                if let Some(Node {
                    kind: NodeKind::Sequence(items),
                    ..
                }) = self.tree.nodes.get_mut(*id)
                {
                    items.push(child);
                }
                return;
            }
            Frame::BlockMapping(id, key)
            | Frame::FlowMapping(id, _, key)
            | Frame::FlowPair(id, key) => (*id, key),
        };
        match key.take() {
            None => *key = Some(child),
            Some(key) => {
                if let Some(Node {
                    kind: NodeKind::Mapping(pairs),
                    ..
                }) = self.tree.nodes.get_mut(id)
                {
                    pairs.push((key, child));
                }
            }
        }
    }

    /// Reads the start of a node: properties, then a scalar, an alias or the start of a collection.
    fn node(
        &mut self,
        block: bool,
        indentless: bool,
        frames: &mut Vec<Frame>,
    ) -> Result<Step, SyntaxError> {
        let start = self.peek()?.start;
        if let TokenKind::Alias(name) = &self.peek()?.kind {
            let name = name.clone();
            let end = self.peek()?.end;
            let Some(&target) = self.anchors.get(&name) else {
                return Err(SyntaxError {
                    problem: format!("unknown anchor '{name}' referenced"),
                    mark: Mark { line: 0, ..start },
                    context: None,
                    scanner: false,
                });
            };
            self.next += 1;
            let alias = NodeKind::Alias { name, target };
            return Ok(Step::Have(self.add(alias, None, start, end)));
        }
        let (mut anchor, mut tag) = (None, None);
        loop {
            match &self.peek()?.kind {
                TokenKind::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                TokenKind::Tag { handle, suffix } if tag.is_none() => {
                    let Some(prefix) = self.prefix(handle) else {
                        return Err(SyntaxError {
                            problem: "found undefined tag handle".to_owned(),
                            mark: self.peek()?.start,
                            context: Some(start),
                            scanner: false,
                        });
                    };
                    tag = Some(format!("{prefix}{suffix}"));
                }
                _ => break,
            }
            self.next += 1;
        }
        let has_properties = anchor.is_some() || tag.is_some();
        let token = self.peek()?;
        let (at, end) = (token.start, token.end);
        let mut consume = true;
        let (kind, frame): (NodeKind, Option<MakeFrame>) = match &token.kind {
            TokenKind::BlockEntry if indentless => {
                consume = false;
                (
                    NodeKind::Sequence(Vec::new()),
                    Some(Frame::IndentlessSequence),
                )
            }
            TokenKind::Scalar { text, plain } => {
                let (text, plain) = (text.clone(), *plain);
                (NodeKind::Scalar { text, plain }, None)
            }
            TokenKind::FlowSequenceStart => (
                NodeKind::Sequence(Vec::new()),
                Some(|id| Frame::FlowSequence(id, true)),
            ),
            TokenKind::FlowMappingStart => (
                NodeKind::Mapping(Vec::new()),
                Some(|id| Frame::FlowMapping(id, true, None)),
            ),
            TokenKind::BlockSequenceStart if block => {
                (NodeKind::Sequence(Vec::new()), Some(Frame::BlockSequence))
            }
            TokenKind::BlockMappingStart if block => (
                NodeKind::Mapping(Vec::new()),
                Some(|id| Frame::BlockMapping(id, None)),
            ),
            _ if has_properties => {
                consume = false;
                (empty(), None)
            }
            _ => return self.error(Some(start), "did not find expected node content"),
        };
        let node_start = if has_properties && frame.is_none() {
            start
        } else {
            at
        };
        let end = if consume || frame.is_some() { end } else { at };
        let id = self.add(kind, tag, node_start, end);
        if consume {
            self.next += 1;
        }
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
        }
        Ok(match frame {
            Some(frame) => {
                frames.push(frame(id));
                Step::Continue
            }
            None => Step::Have(id),
        })
    }

    fn prefix(&self, handle: &str) -> Option<String> {
        if handle.is_empty() {
            return Some(String::new());
        }
        let known = self.handles.iter().rev().find(|(h, _)| h == handle);
        known.map(|(_, prefix)| prefix.clone())
    }

    /// Continues a collection: its next part, or its end.
    fn advance(&mut self, frame: Frame, frames: &mut Vec<Frame>) -> Result<Step, SyntaxError> {
        use TokenKind as T;
        let block_node = Step::Node {
            block: true,
            indentless: false,
        };
        let mapping_node = Step::Node {
            block: true,
            indentless: true,
        };
        let flow_node = Step::Node {
            block: false,
            indentless: false,
        };
        match frame {
            Frame::BlockSequence(id) => {
                if self.take(&T::BlockEntry)? {
                    frames.push(Frame::BlockSequence(id));
                    return self.part(&[T::BlockEntry, T::BlockEnd], block_node);
                }
                if self.take(&T::BlockEnd)? {
                    return Ok(self.close(id, true));
                }
                self.error(self.start_of(id), "did not find expected '-' indicator")
            }
            Frame::IndentlessSequence(id) => {
                if self.take(&T::BlockEntry)? {
                    frames.push(Frame::IndentlessSequence(id));
                    return self.part(&[T::BlockEntry, T::Key, T::Value, T::BlockEnd], block_node);
                }
                Ok(self.close(id, true))
            }
            Frame::BlockMapping(id, None) => {
                if self.take(&T::Key)? {
                    frames.push(Frame::BlockMapping(id, None));
                    return self.part(&[T::Key, T::Value, T::BlockEnd], mapping_node);
                }
                if self.take(&T::BlockEnd)? {
                    return Ok(self.close(id, true));
                }
                self.error(self.start_of(id), "did not find expected key")
            }
            Frame::BlockMapping(id, key) => {
                frames.push(Frame::BlockMapping(id, key));
                if self.take(&T::Value)? {
                    return self.part(&[T::Key, T::Value, T::BlockEnd], mapping_node);
                }
                Ok(Step::Have(self.add_empty()?))
            }
            Frame::FlowSequence(id, first) => {
                if !self.next_is(&[T::FlowSequenceEnd])? && !first && !self.take(&T::FlowEntry)? {
                    return self.error(self.start_of(id), "did not find expected ',' or ']'");
                }
                if self.take(&T::FlowSequenceEnd)? {
                    return Ok(self.close(id, false));
                }
                frames.push(Frame::FlowSequence(id, false));
                if self.next_is(&[T::Key])? {
                    let start = self.peek()?.start;
                    self.next += 1;
                    let pair = self.add(NodeKind::Mapping(Vec::new()), None, start, start);
                    frames.push(Frame::FlowPair(pair, None));
                    return self.part(&[T::Value, T::FlowEntry, T::FlowSequenceEnd], flow_node);
                }
                Ok(flow_node)
            }
            Frame::FlowPair(id, None) => Ok(self.close(id, true)),
            Frame::FlowPair(id, key) => {
                // Closed as soon as its value is there.
                frames.push(Frame::FlowPair(id, key));
                if self.take(&T::Value)? {
                    return self.part(&[T::FlowEntry, T::FlowSequenceEnd], flow_node);
                }
                Ok(Step::Have(self.add_empty()?))
            }
            Frame::FlowMapping(id, first, None) => {
                if !self.next_is(&[T::FlowMappingEnd])? && !first && !self.take(&T::FlowEntry)? {
                    return self.error(self.start_of(id), "did not find expected ',' or '}'");
                }
                if self.take(&T::FlowMappingEnd)? {
                    return Ok(self.close(id, false));
                }
                let marked = self.take(&T::Key)?;
                frames.push(Frame::FlowMapping(id, marked, None));
                if marked {
                    return self.part(&[T::Value, T::FlowEntry, T::FlowMappingEnd], flow_node);
                }
                Ok(flow_node)
            }
            Frame::FlowMapping(id, marked, key) => {
                frames.push(Frame::FlowMapping(id, false, key));
                if marked && self.take(&T::Value)? {
                    return self.part(&[T::FlowEntry, T::FlowMappingEnd], flow_node);
                }
                Ok(Step::Have(self.add_empty()?))
            }
        }
    }

    /// The part that follows an indicator: a node, or nothing when one of these tokens comes.
    fn part(&mut self, ends: &[TokenKind], node: Step) -> Result<Step, SyntaxError> {
        if self.next_is(ends)? {
            return Ok(Step::Have(self.add_empty()?));
        }
        Ok(node)
    }

    /// Ends a collection. A block collection ends where its last part does.
    fn close(&mut self, id: NodeId, block: bool) -> Step {
        let last = match self.tree.nodes.get(id).map(|n| &n.kind) {
            Some(NodeKind::Sequence(items)) => items.last().copied(),
            Some(NodeKind::Mapping(pairs)) => pairs.last().map(|(_, value)| *value),
            _ => None,
        };
        let end = if block {
            last.and_then(|last| self.tree.nodes.get(last))
                .map(|node| node.end)
        } else {
            self.next
                .checked_sub(1)
                .and_then(|i| self.tokens.get(i))
                .map(|token| token.end)
        };
        if let (Some(node), Some(end)) = (self.tree.nodes.get_mut(id), end) {
            node.end = end;
        }
        Step::Have(id)
    }
}

fn empty() -> NodeKind {
    NodeKind::Scalar {
        text: String::new(),
        plain: true,
    }
}
