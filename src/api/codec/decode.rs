use std::cell::RefCell;
use std::fmt::Write as _;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use super::failure::{DecodeError, Failure, NEITHER_NUMBER_NOR_TEXT, Part};
use super::go_time::{self, time_error};
use crate::api::quantity::Quantity;

/// The lists that are something although they are empty: where nothing is said, they have values.
const KEPT_EMPTY: [(&str, &str); 1] = [("HPAScalingRules", "policies")];

/// Decodes `value`. `version` is the Go package of the kind's own types ("v1", "v2").
///
/// Returns the object and the paths of the fields that its type does not have.
pub fn decode<T: DeserializeOwned>(
    value: &Value,
    version: &str,
) -> Result<(T, Vec<String>), DecodeError> {
    let notes = RefCell::new(Notes::new(version, false));
    let mut decoded = attempt::<T>(value, &notes);
    let notes = notes.into_inner();
    if notes.skipped {
        // Some of what was left out may have to be something else than a list.
        let strict = RefCell::new(Notes::new(version, true));
        if let Err(failure) = attempt::<T>(value, &strict) {
            decoded = Err(failure);
        }
    }
    match decoded {
        Ok(object) => Ok((object, notes.unknown)),
        Err(failure) => Err(failure.in_the_end(value, &mut |rest| {
            let strict = RefCell::new(Notes::new(version, true));
            attempt::<T>(rest, &strict).err()
        })),
    }
}

fn attempt<T: DeserializeOwned>(value: &Value, notes: &RefCell<Notes<'_>>) -> Result<T, Failure> {
    let root = Spot {
        source: Source::Value(value),
        parent: None,
        step: Step::Root,
        notes,
    };
    T::deserialize(De(&root))
}

struct Notes<'n> {
    version: &'n str,
    /// Whether an empty list is a list where something optional is asked for.
    lists: bool,
    /// Whether there was one that was left out.
    skipped: bool,
    unknown: Vec<String>,
    /// What a probe has learnt: the Go name of a type.
    probed: String,
}

impl<'n> Notes<'n> {
    fn new(version: &'n str, lists: bool) -> Self {
        Notes {
            version,
            lists,
            skipped: false,
            unknown: Vec::new(),
            probed: String::new(),
        }
    }
}

/// A value and where in the document it stands: a list from the leaf to the root, on the stack.
#[derive(Clone, Copy)]
struct Spot<'de, 'p, 'n> {
    source: Source<'de, 'p>,
    parent: Option<&'p Spot<'de, 'p, 'n>>,
    step: Step<'p>,
    notes: &'p RefCell<Notes<'n>>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    /// A field of the named Go struct.
    Field(&'static str, &'p str),
    Key(&'p str),
    Index(usize),
}

#[derive(Clone, Copy)]
enum Source<'de, 'p> {
    Value(&'de Value),
    /// The name of a field or of a map's key.
    Key(&'de str),
    /// A value that stands for another: the canonical form of a quantity.
    Text(&'p str),
    /// No value at all: only to learn what the type asks for.
    Probe,
}

impl<'de, 'p, 'n> Spot<'de, 'p, 'n> {
    /// With indices and keys, as strict decoding errors name it.
    fn full(&self) -> String {
        let mut path = self.parent.map(Spot::full).unwrap_or_default();
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
        let mut spot = Some(self);
        while let Some(s) = spot {
            if let Step::Field(structure, name) = s.step {
                innermost = innermost.or(Some(structure));
                names.push(name);
            }
            spot = s.parent;
        }
        names.reverse();
        innermost.map(|structure| (structure, names.join(".")))
    }

    /// The same for one who goes there.
    fn place(&self) -> Vec<Part> {
        let mut place = self.parent.map(Spot::place).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Field(_, name) | Step::Key(name) => place.push(Part::Name(name.to_owned())),
            Step::Index(i) => place.push(Part::Index(i)),
        }
        place
    }

    fn error(&self, message: String) -> Failure {
        Failure::new(message, self.full(), self.place())
    }

    /// "cannot unmarshal FOUND into Go struct field … of type GO_TYPE".
    #[inline(never)]
    fn mismatch(&self, go_type: &str) -> Failure {
        let found = match self.source {
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
        self.error(match self.go_field() {
            Some((structure, path)) => format!(
                "json: cannot unmarshal {found} into Go struct field {structure}.{path} of type {go_type}"
            ),
            None => format!("json: cannot unmarshal {found} into Go value of type {go_type}"),
        })
    }

    fn probed(&self, go_type: &str) -> Failure {
        self.notes.borrow_mut().probed = go_type.to_owned();
        de::Error::custom("probe")
    }

    fn is_probe(&self) -> bool {
        matches!(self.source, Source::Probe)
    }

    fn null(&self) -> bool {
        matches!(self.source, Source::Value(Value::Null))
    }

    /// The error, placed here unless it has a place.
    #[inline(never)]
    fn located(&self, failure: Failure) -> Failure {
        match failure.0.error.message.as_str() {
            NEITHER_NUMBER_NOR_TEXT => self.mismatch("int32").stopping(),
            message if failure.0.error.path.is_empty() => self.error(message.to_owned()),
            _ => failure,
        }
    }

    #[inline(never)]
    fn bool(&self) -> Result<bool, Failure> {
        match self.source {
            Source::Value(Value::Bool(b)) => Ok(*b),
            Source::Value(Value::Null) => Ok(false),
            _ => Err(self.mismatch("bool")),
        }
    }

    /// An integer from `min` to `max`, as the bits of a `u64`.
    #[inline(never)]
    fn integer(&self, min: i64, max: u64, go_type: &str) -> Result<u64, Failure> {
        let number = match self.source {
            Source::Value(Value::Null) => return Ok(0),
            Source::Value(Value::Number(n)) => n,
            _ => return Err(self.mismatch(go_type)),
        };
        if let Some(n) = number.as_u64() {
            if n <= max {
                return Ok(n);
            }
        } else if let Some(n) = number.as_i64()
            && n >= min
        {
            return Ok(n.cast_unsigned());
        }
        Err(self.mismatch(go_type))
    }

    #[inline(never)]
    fn float(&self) -> Result<f64, Failure> {
        match self.source {
            Source::Value(Value::Number(n)) => Ok(n.as_f64().unwrap_or_default()),
            Source::Value(Value::Null) => Ok(0.0),
            _ => Err(self.mismatch("float64")),
        }
    }

    #[inline(never)]
    fn text(&self, go_type: &str) -> Result<&'p str, Failure> {
        match self.source {
            Source::Value(Value::String(s)) => Ok(s),
            Source::Key(s) | Source::Text(s) => Ok(s),
            Source::Value(Value::Null) => Ok(""),
            _ => Err(self.mismatch(go_type)),
        }
    }

    /// Whether an option has nothing. An empty list is none: no built-in kind can tell them apart
    /// once it was stored, for protobuf has no empty lists.
    #[inline(never)]
    fn nothing(&self) -> bool {
        match (self.source, self.step) {
            (Source::Value(Value::Array(items)), step) if items.is_empty() => {
                let kept =
                    matches!(step, Step::Field(of, name) if KEPT_EMPTY.contains(&(of, name)));
                let mut notes = self.notes.borrow_mut();
                notes.skipped |= !kept;
                !kept && !notes.lists
            }
            _ => self.null(),
        }
    }

    /// What has to be known about a wrapper of one value before it is entered. Leaves the text that
    /// stands for a quantity in `canonical_text`.
    #[inline(never)]
    fn enter(&self, name: &str, canonical_text: &mut Option<String>) -> Result<(), Failure> {
        match name {
            "Quantity" => {
                if self.is_probe() {
                    return Err(self.probed("resource.Quantity"));
                }
                let text = match self.source {
                    Source::Value(Value::String(s)) => canonical(s),
                    Source::Value(Value::Number(n)) => canonical(&n.to_string()),
                    Source::Value(Value::Null) => Ok("0".to_owned()),
                    _ => canonical("[]"),
                };
                *canonical_text = Some(text.map_err(|message| self.error(message).stopping())?);
                Ok(())
            }
            "Time" | "MicroTime" => match self.source {
                Source::Value(Value::String(_)) | Source::Key(_) | Source::Text(_) => Ok(()),
                Source::Probe => Err(self.probed(&format!("v1.{name}"))),
                Source::Value(_) => Err(self.mismatch("string").stopping()),
            },
            _ => Ok(()),
        }
    }

    /// The error of what a wrapper holds.
    #[inline(never)]
    fn inside(&self, name: &str, failure: Failure) -> Failure {
        let layout = match name {
            "Time" => go_time::SECONDS,
            "MicroTime" => go_time::MICROSECONDS,
            _ => return failure,
        };
        let text = self.text("string").unwrap_or_default();
        let said = time_error(text, layout).unwrap_or_else(|| failure.to_string());
        self.error(said).stopping()
    }

    #[inline(never)]
    fn elements(&'p self) -> Elements<'de, 'p, 'n> {
        let (items, probe): (&'de [Value], _) = match self.source {
            Source::Value(Value::Array(items)) => (items, Probe::No),
            Source::Value(Value::Null) => (&[], Probe::No),
            _ => (&[], Probe::Before),
        };
        self.notes.borrow_mut().probed.clear();
        Elements {
            rest: items.iter(),
            probe,
            index: 0,
            child: Spot {
                parent: Some(self),
                ..*self
            },
        }
    }

    #[inline(never)]
    fn entries(&'p self) -> Entries<'de, 'p, 'n> {
        let (rest, probe) = match self.source {
            Source::Value(Value::Object(map)) => (Some(map.iter()), Probe::No),
            Source::Value(Value::Null) => (None, Probe::No),
            _ => (None, Probe::Before),
        };
        self.notes.borrow_mut().probed.clear();
        Entries {
            rest,
            probe,
            structure: None,
            key: *self,
            child: Spot {
                parent: Some(self),
                source: Source::Probe,
                ..*self
            },
        }
    }

    /// The fields of a struct, by its name in Go: the API's own packages are named after their version.
    #[inline(never)]
    fn fields(&'p self, name: &'static str) -> Result<Entries<'de, 'p, 'n>, Failure> {
        let mut entries = self.entries();
        if entries.probe == Probe::No {
            entries.structure = Some(name);
            return Ok(entries);
        }
        let go_type = format!("{}.{name}", self.notes.borrow().version);
        Err(self.mismatch(&go_type))
    }

    /// The error of a list or a map: that it is none, where that was found out.
    #[inline(never)]
    fn instead(&self, probe: Probe, collection: &str, failure: Failure) -> Failure {
        if probe == Probe::No {
            return failure;
        }
        let go_type = format!("{collection}{}", self.notes.borrow().probed);
        self.mismatch(&go_type)
    }

    /// Notes that the type has no such field.
    #[inline(never)]
    fn ignored(&self) {
        if !self.is_probe() {
            self.notes.borrow_mut().unknown.push(self.full());
        }
    }

    #[inline(never)]
    fn enum_name(&self) -> Result<&'p str, Failure> {
        match self.source {
            Source::Value(Value::String(s)) => Ok(s),
            _ => Err(self.mismatch("string")),
        }
    }
}

/// The one deserializer. Code that is generic over what is decoded stands between every type and
/// each of its fields, so it is as thin as can be: what needs no type is a method of [`Spot`], and no
/// method below calls its visitor from two places.
#[derive(Clone, Copy)]
struct De<'de, 'p, 'n>(&'p Spot<'de, 'p, 'n>);

macro_rules! integers {
    ($($method:ident $visit:ident $ty:ty, $go:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            #[allow(
                clippy::unnecessary_cast,
                clippy::cast_possible_truncation,
                clippy::cast_possible_wrap,
                clippy::cast_sign_loss,
                reason = "the bounds are those of the type"
            )]
            visitor.$visit(self.0.integer(<$ty>::MIN as i64, <$ty>::MAX as u64, $go)? as $ty)
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'de, '_, '_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let result = match self.0.source {
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
            Source::Value(Value::Array(_)) => visitor.visit_seq(Items(&mut self.0.elements())),
            Source::Value(Value::Object(_)) => visitor.visit_map(Pairs(&mut self.0.entries())),
            Source::Value(Value::String(s)) => visitor.visit_str(s),
            Source::Key(s) | Source::Text(s) => visitor.visit_str(s),
            Source::Probe => return Err(self.0.probed("intstr.IntOrString")),
        };
        result.map_err(|failure| self.0.located(failure))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_bool(self.0.bool()?)
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

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_f64(self.0.float()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_f64(self.0.float()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_str(self.0.text("string")?)
    }

    /// Only byte strings (and times, which are caught by name) borrow their text.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let text = self.0.text("[]uint8")?;
        visitor
            .visit_str(text)
            .map_err(|e: Failure| self.0.error(base64_message(&e.to_string(), text)))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_str(self.0.text("string")?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.0.nothing() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let mut canonical_text = None;
        self.0.enter(name, &mut canonical_text)?;
        let mut spot = *self.0;
        if let Some(text) = &canonical_text {
            spot.source = Source::Text(text);
        }
        visitor
            .visit_newtype_struct(De(&spot))
            .map_err(|failure| self.0.inside(name, failure))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let mut elements = self.0.elements();
        visitor
            .visit_seq(Items(&mut elements))
            .map_err(|failure| self.0.instead(elements.probe, "[]", failure))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let mut entries = self.0.entries();
        visitor
            .visit_map(Pairs(&mut entries))
            .map_err(|failure| self.0.instead(entries.probe, "map[string]", failure))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(Pairs(&mut self.0.fields(name)?))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let name = self.0.enum_name()?;
        visitor
            .visit_enum(de::value::StrDeserializer::<Failure>::new(name))
            .map_err(|failure| self.0.located(failure))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_str(self.0.text("string")?)
    }

    /// Only fields that a type does not have are read this way.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.0.ignored();
        visitor.visit_unit()
    }
}

/// Whether a list or map is none, and is only entered to learn the type of what it would hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Probe {
    No,
    Before,
    After,
}

struct Elements<'de, 'p, 'n> {
    rest: std::slice::Iter<'de, Value>,
    probe: Probe,
    index: usize,
    child: Spot<'de, 'p, 'n>,
}

impl Elements<'_, '_, '_> {
    /// Moves on to the next element, which is then in `child`.
    #[inline(never)]
    fn advance(&mut self) -> Result<bool, Failure> {
        self.child.source = match self.probe {
            Probe::No => match self.rest.next() {
                Some(value) => Source::Value(value),
                None => return Ok(false),
            },
            Probe::Before => Source::Probe,
            Probe::After => return Err(de::Error::custom("probe")),
        };
        if self.probe == Probe::Before {
            self.probe = Probe::After;
        }
        self.child.step = Step::Index(self.index);
        self.index += 1;
        Ok(true)
    }
}

struct Items<'a, 'de, 'p, 'n>(&'a mut Elements<'de, 'p, 'n>);

impl<'de> SeqAccess<'de> for Items<'_, 'de, '_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        if !self.0.advance()? {
            return Ok(None);
        }
        seed.deserialize(De(&self.0.child)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.rest.len())
    }
}

struct Entries<'de, 'p, 'n> {
    rest: Option<serde_json::map::Iter<'de>>,
    probe: Probe,
    structure: Option<&'static str>,
    /// The name of the entry. Its place is that of the map.
    key: Spot<'de, 'p, 'n>,
    child: Spot<'de, 'p, 'n>,
}

impl Entries<'_, '_, '_> {
    /// Moves on to the next entry, which is then in `key` and `child`.
    #[inline(never)]
    fn advance(&mut self) -> Result<bool, Failure> {
        let (key, source) = match self.probe {
            Probe::No => match self.rest.as_mut().and_then(Iterator::next) {
                Some((key, value)) => (key.as_str(), Source::Value(value)),
                None => return Ok(false),
            },
            Probe::Before => ("", Source::Probe),
            Probe::After => return Err(de::Error::custom("probe")),
        };
        if self.probe == Probe::Before {
            self.probe = Probe::After;
        }
        self.key.source = Source::Key(key);
        self.child.source = source;
        self.child.step = match self.structure {
            Some(structure) => Step::Field(structure, key),
            None => Step::Key(key),
        };
        Ok(true)
    }
}

struct Pairs<'a, 'de, 'p, 'n>(&'a mut Entries<'de, 'p, 'n>);

impl<'de> MapAccess<'de> for Pairs<'_, 'de, '_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        if !self.0.advance()? {
            return Ok(None);
        }
        seed.deserialize(De(&self.0.key)).map(Some)
    }

    #[inline(never)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        seed.deserialize(De(&self.0.child))
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
