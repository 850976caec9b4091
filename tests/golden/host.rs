//! Running lines on a cluster in memory, as `kubarium-shell` does; one that does not end is a failure.

use kubarium::kubectl::Session;
pub use kubarium::kubectl::headless::{Desk, Outcome, ROUND_TRIP, World};

/// Runs a line to its end, and the simulation with it.
pub fn run(session: &mut Session, desk: &Desk, line: &str) -> Outcome {
    let outcome = kubarium::kubectl::headless::run(session, desk, line);
    let text = &outcome.text;
    assert!(
        !outcome.interrupted,
        "`{line}` does not end; so far:\n{text}"
    );
    outcome
}
