use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// Encodes an API object. Empty maps and lists are left out, as Go's `omitempty` does.
///
/// API types cannot fail to encode; if one did, the result would be `null`.
pub fn encode<T: Serialize + ?Sized>(object: &T) -> Value {
    object
        .serialize(Encoder)
        .map(|node| node.value)
        .unwrap_or(Value::Null)
}

/// A value, and whether a struct leaves it out.
struct Node {
    value: Value,
    omit: bool,
}

fn keep(value: Value) -> Result<Node, Error> {
    Ok(Node { value, omit: false })
}

#[derive(Debug)]
struct Error;

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("value cannot be encoded")
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: Display>(_: T) -> Self {
        Error
    }
}

struct Encoder;

impl Serializer for Encoder {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = ser::Impossible<Node, Error>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = ser::Impossible<Node, Error>;

    fn serialize_bool(self, v: bool) -> Result<Node, Error> {
        keep(Value::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Node, Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<Node, Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<Node, Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<Node, Error> {
        keep(Value::Number(v.into()))
    }
    fn serialize_u8(self, v: u8) -> Result<Node, Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<Node, Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<Node, Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<Node, Error> {
        keep(Value::Number(v.into()))
    }
    fn serialize_f32(self, v: f32) -> Result<Node, Error> {
        self.serialize_f64(v.into())
    }
    fn serialize_f64(self, v: f64) -> Result<Node, Error> {
        keep(Number::from_f64(v).map_or(Value::Null, Value::Number))
    }
    fn serialize_char(self, v: char) -> Result<Node, Error> {
        keep(Value::String(v.to_string()))
    }
    fn serialize_str(self, v: &str) -> Result<Node, Error> {
        keep(Value::String(v.to_owned()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<Node, Error> {
        Err(Error)
    }
    fn serialize_none(self) -> Result<Node, Error> {
        Ok(Node {
            value: Value::Null,
            omit: true,
        })
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Node, Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node, Error> {
        keep(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Error> {
        keep(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Node, Error> {
        keep(Value::String(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        let mut map = Map::new();
        map.insert(variant.to_owned(), value.serialize(Encoder)?.value);
        keep(Value::Object(map))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<List, Error> {
        Ok(List(Vec::with_capacity(len.unwrap_or_default())))
    }
    fn serialize_tuple(self, len: usize) -> Result<List, Error> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<List, Error> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Error> {
        Ok(Fields {
            map: Map::new(),
            key: None,
            is_map: true,
        })
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Error> {
        Ok(Fields {
            map: Map::new(),
            key: None,
            is_map: false,
        })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error)
    }
}

struct List(Vec<Value>);

impl ser::SerializeSeq for List {
    type Ok = Node;
    type Error = Error;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(value.serialize(Encoder)?.value);
        Ok(())
    }
    fn end(self) -> Result<Node, Error> {
        Ok(Node {
            omit: self.0.is_empty(),
            value: Value::Array(self.0),
        })
    }
}

impl ser::SerializeTuple for List {
    type Ok = Node;
    type Error = Error;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Node, Error> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Node, Error> {
        ser::SerializeSeq::end(self)
    }
}

struct Fields {
    map: Map<String, Value>,
    key: Option<String>,
    /// A Go map, which `omitempty` leaves out when empty, and not a struct.
    is_map: bool,
}

impl ser::SerializeMap for Fields {
    type Ok = Node;
    type Error = Error;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        match key.serialize(Encoder)?.value {
            Value::String(key) => self.key = Some(key),
            other => self.key = Some(other.to_string()),
        }
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or(Error)?;
        self.map.insert(key, value.serialize(Encoder)?.value);
        Ok(())
    }
    fn end(self) -> Result<Node, Error> {
        Ok(Node {
            omit: self.is_map && self.map.is_empty(),
            value: Value::Object(self.map),
        })
    }
}

impl ser::SerializeStruct for Fields {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let node = value.serialize(Encoder)?;
        if !node.omit {
            self.map.insert(key.to_owned(), node.value);
        }
        Ok(())
    }
    fn end(self) -> Result<Node, Error> {
        ser::SerializeMap::end(self)
    }
}
