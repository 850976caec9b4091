//! How long things take on the simulated network. All spans are drawn evenly from their range.
//!
//! | what | span |
//! | --- | --- |
//! | looking up a name at the cluster's DNS | 0.3 to 0.9 ms |
//! | connecting to an address of the cluster, and sending the request | 0.4 to 1.0 ms |
//! | from the node that took a NodePort's connection on to another | 0.1 to 0.3 ms |
//! | kube-proxy writing its rules after a change | 10 to 30 ms, at most once a second |
//! | until a lost packet is sent again | 1 s, doubling, six times (RFC 6298, `tcp_syn_retries`) |
//! | until an address that nobody has is given up | 3 s |
//! | until a name that nobody answers for is given up | 10 s |
//!
//! The way back is part of the answer's own time, which the node draws.

use std::time::Duration;

use crate::sim::{Rng, millis, secs};

/// A range of microseconds.
pub type Span = (u64, u64);

pub const LOOKUP: Span = (300, 900);
pub const CONNECT: Span = (400, 1_000);
pub const FORWARD: Span = (100, 300);
pub const SYNC: Span = (10_000, 30_000);

/// kube-proxy's `minSyncPeriod`: changes that follow each other faster are written together.
pub const MIN_SYNC_PERIOD: Duration = secs(1);

/// TCP's first time-out, and how often a packet is sent again.
pub const RETRANSMIT: Duration = secs(1);
pub const RETRANSMISSIONS: u32 = 6;

/// Neighbour discovery fails after three tries.
pub const NO_NEIGHBOUR: Duration = secs(3);
/// A resolver's two tries of five seconds.
pub const NO_RESOLVER: Duration = secs(10);
/// What a client waits for a connection when it sets no limit: Linux gives up after six retries.
pub const CONNECT_TIMEOUT: Duration = millis(127_000);

pub fn draw(rng: &mut Rng, (least, most): Span) -> Duration {
    Duration::from_micros(rng.between(least, most))
}
