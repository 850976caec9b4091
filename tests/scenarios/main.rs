//! Scenarios at the API level in virtual time: apply, run, look. One module per area.

mod common;
mod store;
mod timeline;
