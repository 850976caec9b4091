//! How long things take on a node: one table, with where each number comes from.
//!
//! Numbers marked *measured* are typical of containerd 2.x on a 4-core virtual machine with a
//! local SSD (kind, minikube and cloud workers agree within a factor of two). Numbers marked
//! *default* are constants or flags of the kubelet, which a real node has exactly.
//!
//! | what | how long | from |
//! | --- | --- | --- |
//! | register after start | 100-400 ms | measured: certificate, informers, first sync |
//! | Ready after registration | 1 s | measured: first runtime check |
//! | lease renewal | 10 s + up to 4 % | default: a quarter of 40 s, jitter 0.04 |
//! | node status without a change | 5 min | default: `nodeStatusReportFrequency` |
//! | node status after a change | at most 10 s | default: `nodeStatusUpdateFrequency` |
//! | a status that others have changed is written again | 10 s | default: `syncPeriod` of the status manager |
//! | a pod is noticed and admitted | 2-10 ms | measured |
//! | sandbox (namespaces, CNI, pause) | 150-400 ms | measured |
//! | container: create and start | 60-180 ms | measured |
//! | pull: request and manifest | 400-900 ms | measured against a public registry |
//! | pull: bandwidth | 50 MB/s | measured: 400 Mbit/s, unpacking included |
//! | resizing a container in place | 50-200 ms | measured |
//! | an exited container is noticed | up to 1 s | default: the PLEG relists every second |
//! | sandbox: stop | 50-150 ms | measured |
//! | image back-off | 10 s, doubling to 300 s | default: `imageBackOff` |
//! | crash back-off | 10 s, doubling to 300 s, forgotten after 600 s | default: `containerBackOff` |
//! | retry of a failed sync | 10-15 s | default: `backOffPeriod`, jitter 0.5 |
//! | a pod waits for its claims before it says so | 123 s | default: `podAttachAndMountTimeout` |
//! | retry of a failed volume mount | 500 ms, doubling to 122 s | default: `exponentialbackoff` |
//! | least time between SIGTERM and SIGKILL | 2 s | default: `minimumGracePeriodInSeconds` |

use std::time::Duration;

use crate::sim::{Rng, millis, secs};

/// An even draw from a range of milliseconds.
#[derive(Clone, Copy)]
pub struct Span(pub u64, pub u64);

impl Span {
    pub fn draw(self, rng: &mut Rng) -> Duration {
        Duration::from_nanos(rng.between(self.0 * 1_000_000, self.1 * 1_000_000))
    }
}

pub const REGISTER: Span = Span(100, 400);
pub const READY_AFTER_REGISTRATION: Duration = secs(1);

pub const LEASE_DURATION_SECS: i32 = 40;
pub const LEASE_RENEWAL_MILLIS: u64 = 10_000;
pub const LEASE_JITTER_MILLIS: u64 = 400;

pub const STATUS_REPORT: Duration = secs(300);
pub const STATUS_UPDATE: Duration = secs(10);

/// How often the status manager compares what it wrote with what the API says.
pub const STATUS_SYNC: Duration = secs(10);

pub const ADMIT: Span = Span(2, 10);
pub const SANDBOX: Span = Span(150, 400);
pub const CONTAINER_START: Span = Span(60, 180);
pub const RESIZE: Span = Span(50, 200);
pub const SANDBOX_STOP: Span = Span(50, 150);
/// From the end of a process to the sync that sees it.
pub const RELIST: Span = Span(100, 1000);

pub const PULL_REQUEST: Span = Span(400, 900);
pub const PULL_BYTES_PER_SECOND: u64 = 50_000_000;

pub const BACK_OFF_START: Duration = secs(10);
pub const BACK_OFF_MOST: Duration = secs(300);
pub const SYNC_RETRY: Span = Span(10_000, 15_000);
/// From a change of a ConfigMap or Secret to the sync that brings it into volumes: the sync of a
/// pod every minute, and what the kubelet's cache adds.
pub const VOLUME_SYNC: Span = Span(60_000, 90_000);
pub const MOUNT_RETRY_START: Duration = millis(500);
pub const MOUNT_RETRY_MOST: Duration = millis(122_000);
/// A pod that waits for its claims says so this often, and looks this often.
pub const MOUNT_TIMEOUT: Duration = millis(123_000);
pub const MOUNT_POLL: Duration = secs(1);

/// A process gets this long after SIGTERM even when the grace period is used up.
pub const LEAST_GRACE: Duration = secs(2);

/// How long a pod takes to run and be ready on a fake node: long enough for a command or two, so
/// that a script can catch a rollout in the act as the recorded one did.
pub const FAKE_START: Duration = millis(60);

/// How long pods that are not always restarted run on fake nodes.
pub const FAKE_RUN: Duration = millis(900);

/// How long it takes to pull so many bytes.
pub fn pull(rng: &mut Rng, bytes: u64) -> Duration {
    let transfer = u128::from(bytes) * 1_000_000_000 / u128::from(PULL_BYTES_PER_SECOND);
    PULL_REQUEST.draw(rng) + Duration::from_nanos(u64::try_from(transfer).unwrap_or(u64::MAX))
}
