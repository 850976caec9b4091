//! The enumerations of the API, which its documents name and the types of `k8s-openapi` do not. `build.rs` reads them
//! from a package that was made from those documents.

/// One enumeration: the definition and the field that hold it, and its values in order, each with what follows it
/// where the API lists values: what it means, or nothing.
pub type Enum = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

include!(concat!(env!("OUT_DIR"), "/enums.rs"));
