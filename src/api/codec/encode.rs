use std::fmt::Display;

use serde::ser::{self, Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// Encodes an API object. Empty maps and lists are left out, as Go's `omitempty` does, and what Go
/// writes nevertheless ([`written`]) is there.
#[inline(never)] // it waits in the second file of the wasm until somebody wants it
pub fn encode<T: Serialize + ?Sized>(object: &T) -> Value {
    match object.serialize(Encoder) {
        Ok(node) => node.value,
        Err(never) => match never {},
    }
}

/// A value, and whether a struct leaves it out.
struct Node {
    value: Value,
    omit: bool,
}

fn keep(value: Value) -> Result<Node, Never> {
    Ok(Node { value, omit: false })
}

/// API types cannot fail to encode. With an error that does not exist, no code stands between their
/// fields for it.
#[derive(Debug)]
enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    #[expect(
        clippy::panic,
        reason = "only types of the operating system refuse to be encoded: paths, clocks, locks"
    )]
    fn custom<T: Display>(message: T) -> Self {
        panic!("{message}")
    }
}

struct Encoder;

impl Serializer for Encoder {
    type Ok = Node;
    type Error = Never;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    fn serialize_bool(self, v: bool) -> Result<Node, Never> {
        keep(Value::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Node, Never> {
        self.serialize_i64(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<Node, Never> {
        self.serialize_i64(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<Node, Never> {
        self.serialize_i64(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<Node, Never> {
        keep(Value::Number(v.into()))
    }
    fn serialize_u8(self, v: u8) -> Result<Node, Never> {
        self.serialize_u64(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<Node, Never> {
        self.serialize_u64(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<Node, Never> {
        self.serialize_u64(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<Node, Never> {
        keep(Value::Number(v.into()))
    }
    fn serialize_f32(self, v: f32) -> Result<Node, Never> {
        self.serialize_f64(v.into())
    }
    fn serialize_f64(self, v: f64) -> Result<Node, Never> {
        keep(Number::from_f64(v).map_or(Value::Null, Value::Number))
    }
    fn serialize_char(self, v: char) -> Result<Node, Never> {
        keep(Value::String(v.to_string()))
    }
    fn serialize_str(self, v: &str) -> Result<Node, Never> {
        keep(Value::String(v.to_owned()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Node, Never> {
        keep(Value::Array(v.iter().map(|byte| (*byte).into()).collect()))
    }
    fn serialize_none(self) -> Result<Node, Never> {
        Ok(Node {
            value: Value::Null,
            omit: true,
        })
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Node, Never> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node, Never> {
        keep(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Never> {
        keep(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Node, Never> {
        keep(Value::String(variant.to_owned()))
    }
    /// What is kept as raw JSON is written though it is empty, such as the `status: {}` of a definition.
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Node, Never> {
        keep(value.serialize(self)?.value)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, Never> {
        keep(tagged(variant, value.serialize(Encoder)?.value))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<List, Never> {
        Ok(List {
            items: Vec::with_capacity(len.unwrap_or_default()),
            variant: None,
        })
    }
    fn serialize_tuple(self, len: usize) -> Result<List, Never> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<List, Never> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<List, Never> {
        let mut list = self.serialize_seq(Some(len))?;
        list.variant = Some(variant);
        Ok(list)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Never> {
        Ok(Fields {
            map: Map::new(),
            key: None,
            shape: Shape::Map,
        })
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields, Never> {
        Ok(Fields {
            map: Map::new(),
            key: None,
            shape: Shape::Struct(name),
        })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, Never> {
        Ok(Fields {
            map: Map::new(),
            key: None,
            shape: Shape::Variant(variant),
        })
    }
}

/// What a variant holds, under its name.
fn tagged(variant: &str, value: Value) -> Value {
    let mut map = Map::new();
    map.insert(variant.to_owned(), value);
    Value::Object(map)
}

struct List {
    items: Vec<Value>,
    variant: Option<&'static str>,
}

impl List {
    #[inline(never)]
    fn push(&mut self, node: Node) {
        self.items.push(node.value);
    }

    #[inline(never)]
    fn finish(self) -> Node {
        let omit = self.items.is_empty() && self.variant.is_none();
        let list = Value::Array(self.items);
        Node {
            omit,
            value: match self.variant {
                Some(variant) => tagged(variant, list),
                None => list,
            },
        }
    }
}

impl ser::SerializeSeq for List {
    type Ok = Node;
    type Error = Never;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.push(value.serialize(Encoder)?);
        Ok(())
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for List {
    type Ok = Node;
    type Error = Never;
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Node;
    type Error = Never;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleVariant for List {
    type Ok = Node;
    type Error = Never;
    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        ser::SerializeSeq::serialize_element(self, value)
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

enum Shape {
    /// A Go map, which `omitempty` leaves out when empty.
    Map,
    /// With the name of its type.
    Struct(&'static str),
    Variant(&'static str),
}

/// What Go writes for a field that says nothing.
#[derive(Clone, Copy)]
enum Zero {
    /// An instant, and a list without `omitempty`.
    Null,
    /// A struct that is no pointer: `omitempty` does not leave it out.
    Struct,
    /// A quantity.
    Quantity,
    /// A number without `omitempty`.
    Number,
}

impl Zero {
    fn value(self) -> Value {
        match self {
            Zero::Null => Value::Null,
            Zero::Struct => Value::Object(Map::new()),
            Zero::Quantity => Value::from("0"),
            Zero::Number => Value::from(0),
        }
    }
}

/// The fields of a type that Go writes although they are zero, and that may be missing in ours. Those of
/// the specs and statuses of whole objects are set by the defaults of their kinds (`k8s.io/api`, types.go).
fn written(type_: &str) -> &'static [(&'static str, Zero)] {
    match type_ {
        "PodCondition" | "PersistentVolumeClaimCondition" | "JobCondition" => &[
            ("lastProbeTime", Zero::Null),
            ("lastTransitionTime", Zero::Null),
        ],
        "DeploymentCondition" | "CertificateSigningRequestCondition" => &[
            ("lastUpdateTime", Zero::Null),
            ("lastTransitionTime", Zero::Null),
        ],
        "NodeCondition" => &[
            ("lastHeartbeatTime", Zero::Null),
            ("lastTransitionTime", Zero::Null),
        ],
        "NamespaceCondition"
        | "ReplicationControllerCondition"
        | "ReplicaSetCondition"
        | "DaemonSetCondition"
        | "StatefulSetCondition"
        | "HorizontalPodAutoscalerCondition"
        | "CustomResourceDefinitionCondition" => &[("lastTransitionTime", Zero::Null)],
        "ContainerStatus" => &[("state", Zero::Struct), ("lastState", Zero::Struct)],
        "ContainerStateRunning" => &[("startedAt", Zero::Null)],
        "ContainerStateTerminated" => &[("startedAt", Zero::Null), ("finishedAt", Zero::Null)],
        "EphemeralContainer" => &[("resources", Zero::Struct)],
        "HorizontalPodAutoscalerStatus" => &[("currentMetrics", Zero::Null)],
        "JobTemplateSpec" | "PersistentVolumeClaimTemplate" => &[("metadata", Zero::Struct)],
        "LimitRangeSpec" => &[("limits", Zero::Null)],
        "PersistentVolumeClaimSpec" => &[("resources", Zero::Struct)],
        "ProjectedVolumeSource" => &[("sources", Zero::Null)],
        "ResourceFieldSelector" => &[("divisor", Zero::Quantity)],
        "StatefulSetOrdinals" => &[("start", Zero::Number)],
        _ => &[],
    }
}

struct Fields {
    map: Map<String, Value>,
    key: Option<String>,
    shape: Shape,
}

impl Fields {
    #[inline(never)]
    fn put(&mut self, key: &str, node: Node) {
        if !node.omit {
            self.map.insert(key.to_owned(), node.value);
        }
    }

    #[inline(never)]
    fn name(&mut self, key: Node) {
        self.key = Some(match key.value {
            Value::String(key) => key,
            other => other.to_string(),
        });
    }

    #[inline(never)]
    fn fill(&mut self, node: Node) {
        let key = self.key.take().unwrap_or_default();
        self.map.insert(key, node.value);
    }

    #[inline(never)]
    fn finish(mut self) -> Node {
        let omit = matches!(self.shape, Shape::Map) && self.map.is_empty();
        if let Shape::Struct(type_) = self.shape {
            for (name, zero) in written(type_) {
                self.map.entry(*name).or_insert_with(|| zero.value());
            }
        }
        let fields = Value::Object(self.map);
        Node {
            omit,
            value: match self.shape {
                Shape::Variant(variant) => tagged(variant, fields),
                Shape::Map | Shape::Struct(_) => fields,
            },
        }
    }
}

impl ser::SerializeMap for Fields {
    type Ok = Node;
    type Error = Never;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Never> {
        self.name(key.serialize(Encoder)?);
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Never> {
        self.fill(value.serialize(Encoder)?);
        Ok(())
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for Fields {
    type Ok = Node;
    type Error = Never;
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.put(key, value.serialize(Encoder)?);
        Ok(())
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for Fields {
    type Ok = Node;
    type Error = Never;
    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        ser::SerializeStruct::serialize_field(self, key, value)
    }
    fn end(self) -> Result<Node, Never> {
        Ok(self.finish())
    }
}
