//! Scenarios at the API level in virtual time: apply, run, look. One module per area.

mod apiserver;
mod auth;
mod autoscaling;
mod certificates;
mod common;
mod controllers;
mod controllers_daemonset;
mod custom_resources;
mod disruption;
mod faults;
mod fields;
mod fuzz;
mod inert;
mod kubelet;
mod machinery;
mod network;
mod networking;
mod operators;
mod properties;
mod quota;
mod scheduler;
mod storage;
mod store;
mod timeline;
mod validation;
mod workloads;
