//! Who owns which field: `metadata.managedFields`, and server-side apply, which is built on it.
//!
//! Models `k8s.io/apimachinery/pkg/util/managedfields` and `sigs.k8s.io/structured-merge-diff`.
//!
//! What is kept beside an object ([`Owners`]) is not the set of its owned fields but the writes
//! that have not been looked at yet: who wrote, and the object before and after, which are shared
//! with the store anyway. The sets are worked out when somebody asks for them, which for most
//! objects nobody ever does; so a write costs next to nothing, and components, which look at
//! typed objects, never carry managed fields around.
//!
//! - `schema`: the types of lists and maps, from one table or the schemas of custom resources
//! - `set`: sets of paths, and their form in JSON (`FieldsV1`)
//! - `compare`: what differs between two objects
//! - `merge`: an applied configuration worked into an object, and what an applier gave up
//! - `managers`: the rules for owners when an object is written
//! - `owners`: what is kept beside each object
//! - `applying`: server-side apply

mod applying;
mod compare;
mod managers;
mod merge;
mod owners;
mod schema;
mod set;

pub(super) use applying::{Applied, apply, unfit};
pub(super) use managers::Manager;
pub(super) use owners::{LastStatus, Owners, Write, field_manager, is_light, is_reset};

#[cfg(test)]
mod tests;
