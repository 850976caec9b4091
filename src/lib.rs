//! Kubarium: a Kubernetes control plane as a deterministic simulation.
//!
//! Modules are listed top to bottom; each uses those below it, never those above, and siblings
//! (controllers, scheduler, kubelet, network) do not import each other. `tests/architecture.rs`
//! holds the `use crate::` edges to this picture; `docs/architecture.md` draws it.

// A panic ends the page. What can be reached from outside returns its error; where something cannot
// fail, `#[expect(clippy::expect_used, reason = "…")]` says why.
#![warn(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[cfg(target_arch = "wasm32")]
pub mod ui;

pub mod app;

pub mod lessons;

pub mod kubectl;

pub mod cluster;

pub mod controllers;
pub mod kubelet;
pub mod network;
pub mod scheduler;

pub mod client;

pub mod apiserver;
pub mod tools;

pub mod api;

pub mod sim;
