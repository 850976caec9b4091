//! Volumes, claims and classes of storage.

mod binding;
mod kinds;
