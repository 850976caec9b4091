//! The command line: `kubectl` and the shell around it, against an API client.
//!
//! A [`Session`] starts lines, and each becomes a [`Job`]: a future that the host polls, with no
//! runtime behind it. Requests to the simulated server are ready at once; what takes virtual time
//! (`-w`, `rollout status`, `sleep`) is pending until the host has run the simulation further.
//! Dropping a job is Ctrl-C.
//!
//! Architecture invariant: nothing here knows the page, and commands read and write plain JSON,
//! never the typed API objects: what the server sent is what is printed.

mod cmd;
mod complete;
mod describe;
pub mod diff;
mod discovery;
mod editor;
mod error;
mod flags;
pub mod headless;
pub mod host;
mod io;
mod jq;
mod json;
mod kube;
mod kubeconfig;
mod kustomize;
mod machine;
mod manifests;
mod network;
mod printers;
mod reach;
mod resources;
mod session;
pub mod shell;
mod tabwriter;
mod trace;
pub mod upstream;
mod validation;

pub use cmd::{as_sent, is_known};
pub use complete::{Completion, begin as begin_completion, complete};
pub use host::{END, Edited, Host, HttpAnswer, HttpCall, HttpFailure};
pub use io::{Span, Stream};
pub use kube::{APPLY_MANAGER, path};
pub use session::{Job, Progress, Session};
