//! How long to wait before the same thing is done again
//! (`k8s.io/client-go/util/flowcontrol/backoff.go`).

use std::rc::Rc;
use std::time::Duration;

use crate::sim::ordered::Map as BTreeMap;
use crate::sim::{Time, secs};

const INITIAL: Duration = secs(1);
const MAX: Duration = secs(15 * 60);

#[derive(Clone, Copy)]
struct Entry {
    delay: Duration,
    updated: Time,
}

/// Doubling delays by key; what was left alone for twice the longest delay starts anew.
#[derive(Clone, Default)]
pub(super) struct Backoff {
    entries: BTreeMap<Rc<str>, Entry>,
}

impl Backoff {
    /// For how long `key` is to be left alone, counted from now; `None` when it is not.
    pub fn waits(&self, key: &str, now: Time) -> Option<Duration> {
        let entry = self.entries.get(key).filter(|e| !expired(e, now))?;
        (now.since(entry.updated) < entry.delay).then_some(entry.delay)
    }

    /// Counts one more time; forgets what has expired.
    pub fn next(&mut self, key: &str, now: Time) {
        self.entries.retain(|_, entry| !expired(entry, now));
        let entry = self.entries.entry(key.into());
        entry
            .and_modify(|e| {
                *e = Entry {
                    delay: (e.delay * 2).min(MAX),
                    updated: now,
                }
            })
            .or_insert(Entry {
                delay: INITIAL,
                updated: now,
            });
    }
}

fn expired(entry: &Entry, now: Time) -> bool {
    now.since(entry.updated) > MAX * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_expire() {
        let mut backoff = Backoff::default();
        let start = Time::EPOCH;
        assert_eq!(backoff.waits("a", start), None);
        let mut now = start;
        for seconds in [1, 2, 4, 8] {
            backoff.next("a", now);
            assert_eq!(backoff.waits("a", now), Some(secs(seconds)));
            assert_eq!(backoff.waits("b", now), None);
            now += secs(seconds);
            assert_eq!(backoff.waits("a", now), None);
        }
        for _ in 0..20 {
            backoff.next("a", now);
        }
        assert_eq!(backoff.waits("a", now), Some(MAX));
        let later = now + MAX * 2 + secs(1);
        backoff.next("a", later);
        assert_eq!(backoff.waits("a", later), Some(INITIAL));
    }
}
