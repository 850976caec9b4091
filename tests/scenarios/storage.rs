//! Volumes, claims and classes of storage.

mod kinds;
