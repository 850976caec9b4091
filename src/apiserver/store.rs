//! The store: what etcd is to a real cluster. Keys in order, one revision counter over all of
//! them, every version until it is compacted, transactions, watches from a revision, leases.
//!
//! Private to the API server: nobody else can reach it, and the module system sees to that.
//! Values are opaque here; cloning one must be cheap (shared pointers).

mod free;
mod kv;
mod lease;
mod place;

pub use kv::{Change, Expect, Store, Version, Weigh};
pub use lease::LeaseId;
pub use place::{Place, Range};
