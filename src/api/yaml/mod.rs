//! YAML as kubectl reads and writes it.
//!
//! What a user types becomes JSON values, with the place of every field in the text, so that an
//! error about a field can be shown where it stands. The rules are those of `sigs.k8s.io/yaml` on
//! go-yaml v2 (YAML 1.1), and the errors carry its words and its way of counting lines. Reading never
//! panics and is bounded in size, depth and expansion of aliases.

mod compose;
mod emit;
mod parse;
mod scalar;
mod scan;
mod spans;

#[cfg(test)]
mod tests;

use scan::{Mark, SyntaxError};
use serde_json::Value;

use crate::api::json::scan::{ScanError, value_end};

pub use emit::{Order, to_yaml, to_yaml_in_order};
pub use spans::{Span, SpanMap};

/// The largest text that is read, in bytes: what an API server accepts in one request.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;
/// How deep collections may lie in each other: no deeper than JSON can be read back, so that what
/// recurses over a value later is bounded as well.
const MAX_DEPTH: usize = 120;
/// How many nodes a document may have, and how many of them may come in through aliases.
const MAX_NODES: usize = 1_000_000;
const MAX_ALIASED_NODES: usize = 100_000;
/// The parser reads ahead by so many bytes, and so may see a bad character before a syntax error.
const READ_AHEAD: usize = 512;

/// One document of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub value: Value,
    /// Where its fields stand in the whole text.
    pub spans: SpanMap,
    /// Keys that were written twice in one mapping. The last one counts.
    pub duplicates: Vec<Duplicate>,
}

/// A key that was written before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    pub path: String,
    pub first: Span,
    pub second: Span,
}

/// Why a text could not be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// What kubectl prints behind `error parsing FILE: `. A line in it is counted from the start of
    /// the document, as go-yaml counts it.
    pub message: String,
    /// Where it is in the whole text.
    pub span: Span,
}

impl std::fmt::Display for YamlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for YamlError {}

/// What could be read of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The documents before the error. Empty documents are left out.
    pub documents: Vec<Document>,
    /// The first error; nothing is read behind it.
    pub error: Option<YamlError>,
}

/// Reads all documents of a text: YAML documents between lines of `---`, or JSON values one after
/// the other.
///
/// Models `k8s.io/apimachinery/pkg/util/yaml` `YAMLOrJSONDecoder`: the text is cut at the separator
/// lines before anything else, and what looks like JSON and is none is read as YAML.
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_BYTES {
        return Parsed {
            documents: Vec::new(),
            error: Some(YamlError {
                message: format!("Request entity too large: limit is {MAX_BYTES}"),
                span: Span {
                    line: 1,
                    column: 1,
                    ..Span::default()
                },
            }),
        };
    }
    let mut parsed = Parsed::default();
    let places = Places::of(text);
    let mut yaml_from = 0;
    let mut no_json = None;
    if text.trim_start().starts_with('{') {
        match parse_json_values(text, &places, &mut parsed.documents) {
            Json::All => return parsed,
            Json::Broken(error) => {
                parsed.error = Some(error);
                return parsed;
            }
            Json::Unclear { end, error } => {
                yaml_from = end;
                no_json = Some(error);
            }
        }
    }
    for chunk in chunks(text, yaml_from) {
        let document = match chunk {
            Ok(range) => parse_document(text, range, &places),
            Err(error) => Err(error),
        };
        match document {
            Ok(document) => parsed
                .documents
                .extend(document.filter(|document| !document.value.is_null())),
            Err(error) => {
                // What is neither is told as what it looks like.
                parsed.error = Some(no_json.unwrap_or(error));
                break;
            }
        }
        no_json = None;
    }
    parsed
}

/// What reading a text as JSON values led to.
enum Json {
    All,
    /// There are several values, so it is JSON, and broken.
    Broken(YamlError),
    /// Behind at most one value, which ends at `end`, stands what may be YAML.
    Unclear {
        end: usize,
        error: YamlError,
    },
}

/// Reads the JSON values at the start of a text. Places are those that reading them as YAML gives.
fn parse_json_values(text: &str, places: &Places, documents: &mut Vec<Document>) -> Json {
    let mut end = 0;
    let mut count = 0;
    loop {
        let start = end;
        let error = match value_end(text.as_bytes(), start) {
            Ok(None) => return Json::All,
            Ok(Some(stop)) => {
                end = stop;
                Ok(serde_json::from_str(
                    text.get(start..end).unwrap_or_default(),
                ))
            }
            Err(error) => Err(error),
        };
        match error {
            Ok(Ok(value)) => {
                count += 1;
                let value: Value = value;
                let spans = match parse_document(text, start..end, places) {
                    Ok(Some(document)) => document.spans,
                    _ => SpanMap::default(),
                };
                if !value.is_null() {
                    documents.push(Document {
                        value,
                        spans,
                        duplicates: Vec::new(),
                    });
                }
            }
            // Values that nest too deep for this reader.
            Ok(Err(error)) => {
                let error = json_error(text, places, start, error.to_string());
                return Json::Unclear { end: start, error };
            }
            Err(error) => {
                let offset = match &error {
                    ScanError::End => text.len(),
                    ScanError::Syntax { offset, .. } => *offset,
                };
                let message = match error {
                    ScanError::End => "unexpected EOF".to_owned(),
                    ScanError::Syntax { message, .. } if count > 1 => message,
                    ScanError::Syntax { message, .. } => {
                        format!("json: offset {}: {message}", offset + 1)
                    }
                };
                let error = json_error(text, places, offset, message);
                return match count {
                    0 | 1 => Json::Unclear { end, error },
                    _ => Json::Broken(error),
                };
            }
        }
    }
}

fn json_error(text: &str, places: &Places, offset: usize, message: String) -> YamlError {
    let (line, column) = places.position(text, offset);
    YamlError {
        message,
        span: Span {
            start: offset,
            end: word_end(text, offset),
            line,
            column,
        },
    }
}

/// Cuts a text at its separator lines. Ends with an error when a separator line holds more.
fn chunks(text: &str, from: usize) -> Vec<Result<std::ops::Range<usize>, YamlError>> {
    let mut chunks = Vec::new();
    let mut start = from;
    let mut at = from;
    for (number, line) in text
        .get(from..)
        .unwrap_or_default()
        .split_inclusive('\n')
        .enumerate()
    {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let lines_before = text.get(..from).map_or(0, |t| t.matches('\n').count());
                chunks.push(Err(YamlError {
                    message: format!("invalid Yaml document separator: {rest}"),
                    span: Span {
                        start: at,
                        end: at + line.trim_end().len(),
                        line: lines_before + number + 1,
                        column: 1,
                    },
                }));
                return chunks;
            }
            // A separator with nothing before it belongs to the document behind it.
            if at > start {
                chunks.push(Ok(start..at));
                start = at + line.len();
            }
        }
        at += line.len();
    }
    if at > start {
        chunks.push(Ok(start..at));
    }
    chunks
}

fn parse_document(
    text: &str,
    range: std::ops::Range<usize>,
    places: &Places,
) -> Result<Option<Document>, YamlError> {
    let base = range.start;
    let chunk = text.get(range).unwrap_or_default();
    let lines_before = places.line_of(base);
    let span = |start: Mark, end: Mark| Span {
        start: base + start.offset,
        end: base + end.offset.max(start.offset),
        line: lines_before + start.line + 1,
        column: start.column + 1,
    };
    let tree = parse::parse(chunk);
    let error_at = tree
        .as_ref()
        .map_or_else(|e| e.mark.offset, |_| chunk.len());
    if let Some(offset) = control_character(chunk).filter(|at| *at <= error_at + READ_AHEAD) {
        let (line, column) = places.position(text, base + offset);
        return Err(YamlError {
            message: converting("yaml: control characters are not allowed"),
            span: Span {
                start: base + offset,
                end: base + offset + 1,
                line,
                column,
            },
        });
    }
    let tree = tree.map_err(|error| {
        let (line, column) = places.position(text, base + error.mark.offset);
        YamlError {
            message: converting(&go_message(&error)),
            span: Span {
                start: base + error.mark.offset,
                end: base + word_end(chunk, error.mark.offset),
                line,
                column,
            },
        }
    })?;
    let Some(root) = tree.root else {
        return Ok(None);
    };
    let composed = compose::compose(&tree, root, &span).map_err(|error| YamlError {
        message: converting(&error.message),
        span: Span {
            end: base + word_end(chunk, error.mark.offset),
            ..span(error.mark, error.mark)
        },
    })?;
    Ok(Some(Document {
        value: composed.value,
        spans: composed.spans,
        duplicates: composed.duplicates,
    }))
}

fn converting(message: &str) -> String {
    format!("error converting YAML to JSON: {message}")
}

/// The message with the line that go-yaml v2 puts in front: the scanner's lines count from 1, the
/// parser's from 0, and the first line is not named.
fn go_message(error: &SyntaxError) -> String {
    let line = match (error.mark.line, error.context) {
        (0, context) => context.map_or(0, |mark| mark.line),
        (line, _) if error.scanner => line + 1,
        (line, _) => line,
    };
    match line {
        0 => format!("yaml: {}", error.problem),
        line => format!("yaml: line {line}: {}", error.problem),
    }
}

/// The first character that YAML does not allow in a text at all.
fn control_character(text: &str) -> Option<usize> {
    text.char_indices()
        .find(|(at, c)| match c {
            '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' => false,
            '\u{feff}' => *at != 0,
            '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => false,
            _ => true,
        })
        .map(|(at, _)| at)
}

/// The end of the word at a place, at least one character on.
fn word_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let word = rest
        .char_indices()
        .find(|(at, c)| *at > 0 && (c.is_whitespace() || matches!(c, ':' | ',' | '}' | ']')))
        .map_or(rest.len(), |(at, _)| at);
    start + word
}

/// Where the lines of a text start.
struct Places {
    starts: Vec<usize>,
}

impl Places {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        Places {
            starts: breaks.map(|(at, _)| at + 1).collect(),
        }
    }

    /// How many lines lie before a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Line and column of a byte, both from 1.
    fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let start = line
            .checked_sub(1)
            .and_then(|i| self.starts.get(i))
            .copied()
            .unwrap_or(0);
        let column = text.get(start..offset).map_or(0, |s| s.chars().count());
        (line + 1, column + 1)
    }
}
