//! Nothing that is sent may panic, hang, or lose what is stored: random changes to valid objects of every
//! kind, and nonsense made of what the parsers look for.
//!
//! A failure prints its seed; `KUBARIUM_SEED=<seed> cargo test --test scenarios fuzz::` runs that one alone.

mod bodies;
mod mutate;
mod texts;

use kubarium::sim::Rng;

/// Says the seed when a test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("KUBARIUM_SEED={}", self.0);
        }
    }
}

/// Runs something with seeds, or with the one that is asked for.
fn with_seeds(many: u64, run: impl Fn(&mut Rng)) {
    let seeds = match std::env::var("KUBARIUM_SEED").map(|s| s.parse()) {
        Ok(Ok(seed)) => vec![seed],
        _ => (1..=many).collect(),
    };
    for seed in seeds {
        let _said = Seed(seed);
        run(&mut Rng::new(seed));
    }
}
