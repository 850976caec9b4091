//! The one road between JSON values and API types, in both directions.
//!
//! Decoding words its errors as the real API server does (Go's `encoding/json` through
//! `sigs.k8s.io/json`): it names the Go struct, the path of the field and the Go type. Those are
//! learnt from what each type asks of its deserializer, not from a schema. Unknown fields are the
//! ones that a type asks to ignore; they are collected with their full path.
//!
//! Encoding leaves out empty maps and lists, as Go's `omitempty` does, and keeps empty structs.
//!
//! There is exactly one `Deserializer` and one `Serializer` type here on purpose: every further
//! one would instantiate the code of every API type again, which costs hundreds of kilobytes.

mod decode;
mod encode;
mod failure;
pub mod go_time;

pub use decode::decode;
pub use encode::encode;
pub use failure::DecodeError;

#[cfg(test)]
mod tests;
