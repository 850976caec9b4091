//! The types of the Kubernetes API: those of `k8s-openapi`, whose documentation holds here, with the large optional
//! parts of pods behind a [`Shared`] pointer. `build.rs` says which, and why.

#![allow(
    clippy::all,
    clippy::pedantic,
    missing_docs,
    rustdoc::bare_urls,
    rustdoc::invalid_html_tags,
    reason = "it is generated elsewhere"
)]
#![cfg_attr(feature = "schemars", recursion_limit = "256")]

mod shared;

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

pub use self::_byte_string::ByteString;
pub use self::_deep_merge::{DeepMerge, strategies as merge_strategies};
pub use self::_resource::{
    ClusterResourceScope, ListableResource, Metadata, NamespaceResourceScope, Resource,
    ResourceScope, SubResourceScope, api_version, group, kind, version,
};
pub use self::shared::Shared;
pub use jiff;
#[cfg(feature = "schemars")]
pub use schemars;
pub use serde;
pub use serde_json;
