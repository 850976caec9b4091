//! CPU time of this thread, and what it asks of the allocator.

#![allow(
    unsafe_code,
    reason = "an allocator that counts cannot be written otherwise, and the clock is the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a run has cost.
#[derive(Clone, Copy, Default)]
pub struct Reading {
    pub cpu_nanos: u64,
    pub allocations: u64,
    /// How much more is held after the run than before it.
    pub grown_bytes: i64,
    /// The most that was held at one time, less what was held when the run began.
    pub peak_bytes: i64,
    /// All that the cluster holds.
    pub whole_bytes: i64,
    pub events: u64,
    pub virtual_secs: u64,
}

impl Reading {
    pub const WORST: Reading = Reading {
        cpu_nanos: u64::MAX,
        allocations: 0,
        grown_bytes: 0,
        peak_bytes: 0,
        whole_bytes: 0,
        events: 0,
        virtual_secs: 0,
    };

    pub fn add(&mut self, other: &Reading) {
        self.cpu_nanos += other.cpu_nanos;
        self.allocations += other.allocations;
        self.grown_bytes += other.grown_bytes;
        self.peak_bytes += other.peak_bytes;
        self.whole_bytes += other.whole_bytes;
        self.events += other.events;
        self.virtual_secs += other.virtual_secs;
    }
}

pub struct Meter {
    cpu: u64,
    allocations: u64,
    held: i64,
}

impl Meter {
    pub fn start() -> Self {
        let (allocations, held) = (ALLOCATIONS.get(), HELD.get());
        PEAK.set(held);
        Meter {
            allocations,
            held,
            cpu: cpu_nanos(),
        }
    }

    pub fn read(self) -> Reading {
        Reading {
            cpu_nanos: cpu_nanos() - self.cpu,
            allocations: ALLOCATIONS.get() - self.allocations,
            grown_bytes: HELD.get() - self.held,
            peak_bytes: PEAK.get() - self.held,
            ..Reading::default()
        }
    }
}

/// How many bytes this thread holds.
pub fn held() -> i64 {
    HELD.get()
}

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(bytes: i64) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    if held > PEAK.get() {
        PEAK.set(held);
    }
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count(layout.size() as i64);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count(size as i64 - layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// CPU time of this thread, to the nanosecond.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn cpu_nanos() -> u64 {
    #[repr(C)]
    #[derive(Default)]
    struct Timespec {
        seconds: i64,
        nanos: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    let mut time = Timespec::default();
    // SAFETY: `time` is of the layout that 64-bit Linux writes, and outlives the call.
    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.seconds.unsigned_abs() * 1_000_000_000 + time.nanos.unsigned_abs()
}

/// Time on the wall: elsewhere nobody tells.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn cpu_nanos() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
