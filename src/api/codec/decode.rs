use std::cell::RefCell;
use std::fmt::{self, Display, Write as _};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;

use crate::api::quantity::Quantity;

/// Why a value is not of its type, in the words of the real API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    pub message: String,
    /// Where, with list indices: `spec.template.spec.containers[0].ports`.
    pub path: String,
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: Display>(message: T) -> Self {
        DecodeError {
            message: message.to_string(),
            path: String::new(),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        if expected == "IntOrString" {
            let found = match unexpected {
                Unexpected::Bool(_) => "bool".to_owned(),
                Unexpected::Float(n) => format!("number {n}"),
                Unexpected::Seq => "array".to_owned(),
                Unexpected::Map => "object".to_owned(),
                _ => "value".to_owned(),
            };
            return Self::custom(format_args!(
                "json: cannot unmarshal {found} into Go value of type int32"
            ));
        }
        Self::custom(format_args!("invalid value: expected {expected}"))
    }
}

/// Decodes `value`. `version` is the Go package of the kind's own types ("v1", "v2").
///
/// Returns the object and the paths of the fields that its type does not have.
pub fn decode<'de, T: de::Deserialize<'de>>(
    value: &'de Value,
    version: &str,
) -> Result<(T, Vec<String>), DecodeError> {
    let notes = RefCell::new(Notes {
        version,
        unknown: Vec::new(),
        probed: String::new(),
    });
    let root = Place {
        parent: None,
        step: Step::Root,
    };
    let object = T::deserialize(De {
        source: Source::Value(value),
        place: &root,
        notes: &notes,
    })?;
    Ok((object, notes.into_inner().unknown))
}

struct Notes<'n> {
    version: &'n str,
    unknown: Vec<String>,
    /// What a probe has learnt: the Go name of a type.
    probed: String,
}

/// Where in the document we are: a list from the leaf to the root, on the stack.
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    /// A field of the named Go struct.
    Field(&'static str, &'p str),
    Key(&'p str),
    Index(usize),
}

impl Place<'_> {
    /// With indices and keys, as strict decoding errors name it.
    fn full(&self) -> String {
        let mut path = self.parent.map(Place::full).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Field(_, name) | Step::Key(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Index(i) => {
                let _ = write!(path, "[{i}]");
            }
        }
        path
    }

    /// The innermost Go struct, and the field names from the root to here, as Go names a place.
    fn go_field(&self) -> Option<(&'static str, String)> {
        let mut innermost = None;
        let mut names = Vec::new();
        let mut place = Some(self);
        while let Some(p) = place {
            if let Step::Field(structure, name) = p.step {
                innermost = innermost.or(Some(structure));
                names.push(name);
            }
            place = p.parent;
        }
        names.reverse();
        innermost.map(|structure| (structure, names.join(".")))
    }
}

#[derive(Clone)]
enum Source<'de> {
    Value(&'de Value),
    /// The name of a field or of a map's key.
    Key(&'de str),
    /// A value that stands for another, such as the canonical form of a quantity.
    Text(String),
    /// No value at all: only to learn what the type asks for.
    Probe,
}

struct De<'de, 'p, 'n> {
    source: Source<'de>,
    place: &'p Place<'p>,
    notes: &'p RefCell<Notes<'n>>,
}

impl<'de> De<'de, '_, '_> {
    fn error(&self, message: String) -> DecodeError {
        DecodeError {
            message,
            path: self.place.full(),
        }
    }

    /// "cannot unmarshal FOUND into Go struct field … of type GO_TYPE".
    fn mismatch(&self, go_type: &str) -> DecodeError {
        let found = match &self.source {
            Source::Value(Value::Null) => "null".to_owned(),
            Source::Value(Value::Bool(_)) => "bool".to_owned(),
            Source::Value(Value::Number(n)) => {
                // Go names the number only where a number was expected.
                if go_type.starts_with("int") || go_type.starts_with("uint") {
                    format!("number {n}")
                } else {
                    "number".to_owned()
                }
            }
            Source::Value(Value::String(_)) | Source::Key(_) | Source::Text(_) => {
                "string".to_owned()
            }
            Source::Value(Value::Array(_)) => "array".to_owned(),
            Source::Value(Value::Object(_)) => "object".to_owned(),
            Source::Probe => return self.probed(go_type),
        };
        self.error(match self.place.go_field() {
            Some((structure, path)) => format!(
                "json: cannot unmarshal {found} into Go struct field {structure}.{path} of type {go_type}"
            ),
            None => format!("json: cannot unmarshal {found} into Go value of type {go_type}"),
        })
    }

    fn probed(&self, go_type: &str) -> DecodeError {
        self.notes.borrow_mut().probed = go_type.to_owned();
        de::Error::custom("probe")
    }

    fn is_probe(&self) -> bool {
        matches!(self.source, Source::Probe)
    }

    /// The Go name of a struct type; the API's own packages are named after their version.
    fn go_struct(&self, name: &str) -> String {
        format!("{}.{name}", self.notes.borrow().version)
    }

    fn null(&self) -> bool {
        matches!(self.source, Source::Value(Value::Null))
    }

    fn probe_list<V: Visitor<'de>>(&self, visitor: V) -> String {
        self.notes.borrow_mut().probed.clear();
        let _ = visitor.visit_seq(Elements {
            rest: [].iter(),
            index: 0,
            probe: true,
            de: self,
        });
        format!("[]{}", self.notes.borrow().probed)
    }

    fn probe_map<V: Visitor<'de>>(&self, visitor: V) -> String {
        self.notes.borrow_mut().probed.clear();
        let _ = visitor.visit_map(Entries {
            rest: None,
            value: None,
            structure: None,
            probe: Some(true),
            de: self,
        });
        format!("map[string]{}", self.notes.borrow().probed)
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $ty:ty, $go:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match &self.source {
                Source::Value(Value::Null) => visitor.$visit(0),
                Source::Value(Value::Number(n)) => {
                    let number = n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
                    match number.and_then(|n| <$ty>::try_from(n).ok()) {
                        Some(n) => visitor.$visit(n),
                        None => Err(self.mismatch($go)),
                    }
                }
                _ => Err(self.mismatch($go)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'de, '_, '_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let result = match &self.source {
            Source::Value(Value::Null) => visitor.visit_unit(),
            Source::Value(Value::Bool(b)) => visitor.visit_bool(*b),
            Source::Value(Value::Number(n)) => {
                if let Some(n) = n.as_i64() {
                    visitor.visit_i64(n)
                } else if let Some(n) = n.as_u64() {
                    visitor.visit_u64(n)
                } else {
                    visitor.visit_f64(n.as_f64().unwrap_or_default())
                }
            }
            Source::Value(Value::String(s)) => visitor.visit_borrowed_str(s),
            Source::Value(Value::Array(items)) => visitor.visit_seq(Elements {
                rest: items.iter(),
                index: 0,
                probe: false,
                de: &self,
            }),
            Source::Value(Value::Object(map)) => visitor.visit_map(Entries {
                rest: Some(map.iter()),
                value: None,
                structure: None,
                probe: None,
                de: &self,
            }),
            Source::Key(s) => visitor.visit_borrowed_str(s),
            Source::Text(s) => visitor.visit_str(s),
            Source::Probe => return Err(self.probed("intstr.IntOrString")),
        };
        result.map_err(|mut e: DecodeError| {
            if e.path.is_empty() {
                e.path = self.place.full();
            }
            e
        })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::Bool(b)) => visitor.visit_bool(*b),
            Source::Value(Value::Null) => visitor.visit_bool(false),
            _ => Err(self.mismatch("bool")),
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8, "int8";
        deserialize_i16 visit_i16 i16, "int16";
        deserialize_i32 visit_i32 i32, "int32";
        deserialize_i64 visit_i64 i64, "int64";
        deserialize_u8 visit_u8 u8, "uint8";
        deserialize_u16 visit_u16 u16, "uint16";
        deserialize_u32 visit_u32 u32, "uint32";
        deserialize_u64 visit_u64 u64, "uint64";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::Number(n)) => visitor.visit_f64(n.as_f64().unwrap_or_default()),
            Source::Value(Value::Null) => visitor.visit_f64(0.0),
            _ => Err(self.mismatch("float64")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_string(visitor)
    }

    /// Only byte strings (and times, which are caught by name) borrow their text.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let text: &str = match &self.source {
            Source::Value(Value::String(s)) => s,
            Source::Text(s) => s,
            Source::Key(s) => s,
            Source::Value(Value::Null) => "",
            _ => return Err(self.mismatch("[]uint8")),
        };
        visitor
            .visit_str(text)
            .map_err(|e: DecodeError| self.error(base64_message(&e.message, text)))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::String(s)) => visitor.visit_borrowed_str(s),
            Source::Key(s) => visitor.visit_borrowed_str(s),
            Source::Text(s) => visitor.visit_str(s),
            Source::Value(Value::Null) => visitor.visit_str(""),
            _ => Err(self.mismatch("string")),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        // An empty list is no list: what Go's `omitempty` writes, everybody reads back.
        let nothing = match &self.source {
            Source::Value(Value::Array(items)) => items.is_empty(),
            _ => self.null(),
        };
        if nothing {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match name {
            "Quantity" => {
                if self.is_probe() {
                    return Err(self.probed("resource.Quantity"));
                }
                let canonical = match &self.source {
                    Source::Value(Value::String(s)) => canonical(s),
                    Source::Value(Value::Number(n)) => canonical(&n.to_string()),
                    Source::Value(Value::Null) => Ok("0".to_owned()),
                    _ => canonical("[]"),
                };
                let text = canonical.map_err(|message| self.error(message))?;
                visitor.visit_newtype_struct(De {
                    source: Source::Text(text),
                    ..self
                })
            }
            "Time" | "MicroTime" => {
                if self.is_probe() {
                    return Err(self.probed(&format!("v1.{name}")));
                }
                let text = match &self.source {
                    Source::Value(Value::String(s)) => s.clone(),
                    Source::Value(v) => {
                        let found = match v {
                            Value::Bool(_) => "bool",
                            Value::Number(_) => "number",
                            Value::Array(_) => "array",
                            _ => "object",
                        };
                        return Err(self.error(format!(
                            "json: cannot unmarshal {found} into Go value of type string"
                        )));
                    }
                    _ => String::new(),
                };
                let layout = if name == "Time" {
                    "2006-01-02T15:04:05Z07:00"
                } else {
                    "2006-01-02T15:04:05.000000Z07:00"
                };
                let place = self.place.full();
                visitor.visit_newtype_struct(self).map_err(|_| DecodeError {
                    message: format!(
                        "parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\""
                    ),
                    path: place,
                })
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::Array(items)) => visitor.visit_seq(Elements {
                rest: items.iter(),
                index: 0,
                probe: false,
                de: &self,
            }),
            Source::Value(Value::Null) => visitor.visit_seq(Elements {
                rest: [].iter(),
                index: 0,
                probe: false,
                de: &self,
            }),
            _ => {
                let go_type = self.probe_list(visitor);
                Err(self.mismatch(&go_type))
            }
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::Object(map)) => visitor.visit_map(Entries {
                rest: Some(map.iter()),
                value: None,
                structure: None,
                probe: None,
                de: &self,
            }),
            Source::Value(Value::Null) => visitor.visit_map(Entries {
                rest: None,
                value: None,
                structure: None,
                probe: None,
                de: &self,
            }),
            _ => {
                let go_type = self.probe_map(visitor);
                Err(self.mismatch(&go_type))
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::Object(map)) => visitor.visit_map(Entries {
                rest: Some(map.iter()),
                value: None,
                structure: Some(name),
                probe: None,
                de: &self,
            }),
            Source::Value(Value::Null) => visitor.visit_map(Entries {
                rest: None,
                value: None,
                structure: Some(name),
                probe: None,
                de: &self,
            }),
            _ => {
                let go_type = self.go_struct(name);
                Err(self.mismatch(&go_type))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Value(Value::String(s)) => {
                let text: &str = s;
                visitor
                    .visit_enum(de::value::StrDeserializer::<DecodeError>::new(text))
                    .map_err(|e| self.error(e.message))
            }
            _ => Err(self.mismatch("string")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.source {
            Source::Key(s) => visitor.visit_borrowed_str(s),
            _ => self.deserialize_string(visitor),
        }
    }

    /// Only fields that a type does not have are read this way.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if !self.is_probe() {
            self.notes.borrow_mut().unknown.push(self.place.full());
        }
        visitor.visit_unit()
    }
}

struct Elements<'de, 'd, 'p, 'n> {
    rest: std::slice::Iter<'de, Value>,
    index: usize,
    probe: bool,
    de: &'d De<'de, 'p, 'n>,
}

impl<'de> SeqAccess<'de> for Elements<'de, '_, '_, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let source = if self.probe {
            self.probe = false;
            Source::Probe
        } else {
            match self.rest.next() {
                Some(value) => Source::Value(value),
                None => return Ok(None),
            }
        };
        let place = Place {
            parent: Some(self.de.place),
            step: Step::Index(self.index),
        };
        self.index += 1;
        seed.deserialize(De {
            source,
            place: &place,
            notes: self.de.notes,
        })
        .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Entries<'de, 'd, 'p, 'n> {
    rest: Option<serde_json::map::Iter<'de>>,
    value: Option<(&'de str, &'de Value)>,
    structure: Option<&'static str>,
    /// `Some(true)` before the probed key, `Some(false)` after it.
    probe: Option<bool>,
    de: &'d De<'de, 'p, 'n>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_, '_, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let key = match self.probe {
            Some(true) => {
                self.probe = Some(false);
                ""
            }
            Some(false) => return Ok(None),
            None => match self.rest.as_mut().and_then(Iterator::next) {
                Some((key, value)) => {
                    self.value = Some((key, value));
                    key
                }
                None => return Ok(None),
            },
        };
        let de = De {
            source: Source::Key(key),
            place: self.de.place,
            notes: self.de.notes,
        };
        seed.deserialize(de).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, DecodeError> {
        let (key, source) = match self.value.take() {
            Some((key, value)) => (key, Source::Value(value)),
            None => ("", Source::Probe),
        };
        let step = match self.structure {
            Some(structure) => Step::Field(structure, key),
            None => Step::Key(key),
        };
        let place = Place {
            parent: Some(self.de.place),
            step,
        };
        seed.deserialize(De {
            source,
            place: &place,
            notes: self.de.notes,
        })
    }
}

/// Go's words for a base64 text that does not decode (`encoding/base64.CorruptInputError`).
fn base64_message(message: &str, text: &str) -> String {
    let offset = message
        .split("offset ")
        .nth(1)
        .and_then(|rest| rest.trim_end_matches('.').parse::<usize>().ok())
        .unwrap_or(text.len() / 4 * 4);
    if message.contains("symbol") || message.contains("padding") || message.contains("length") {
        format!("illegal base64 data at input byte {offset}")
    } else {
        message.to_owned()
    }
}

/// The canonical text of a quantity, as it is stored.
fn canonical(text: &str) -> Result<String, String> {
    Quantity::parse(text.trim())
        .map(|q| q.to_string())
        .map_err(|e| e.to_string())
}
