//! The simulation kernel: virtual time, one event queue, named random streams, causes and a
//! trace hash. It knows nothing of Kubernetes and uses nothing of the crate.
//!
//! Invariant: everything here is a plain value. Cloning a simulation and feeding both copies the
//! same inputs gives the same history, event for event, on every target.

mod cause;
mod disk;
mod kernel;
mod log;
pub mod ordered;
mod queue;
mod rng;
mod texts;
mod time;
mod trace;

pub use cause::{Cause, CauseId, CauseLog};
pub use disk::{Disk, Note, Usual};
pub use kernel::Kernel;
pub use log::Log;
pub use queue::{Class, EventQueue, Ticket};
pub use rng::{Rng, Streams, seal};
pub use texts::Texts;
pub use time::{Time, millis, secs};
pub use trace::{Trace, hash_bytes};
