//! Random Deployments under random changes: the promises of a rolling update are checked after
//! every event, and when the changes stop, everything comes to rest.
//!
//! A failure prints its seed; `KUBARIUM_SEED=<seed> cargo test properties` runs that one alone.

mod addresses;
mod budgets;
mod faulty;
mod invariants;
mod limits;
mod orphans;
mod plan;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubelet::Runtime;
use kubarium::sim::{Rng, secs};

use invariants::Invariants;
use plan::Plan;

/// How many random Deployments are tried.
const RUNS: u64 = 200;
/// How long a Deployment may take to come to rest once nobody changes it.
/// Pulls of images that do not exist back off for up to five minutes.
const PATIENCE_SECS: u64 = 900;

/// Five small nodes that run pods at once, or with simulated containers.
fn cluster(seed: u64, simulated: bool) -> Cluster {
    let mut config = Config::bare(seed, 5);
    for node in &mut config.nodes {
        node.cpu_millis = 6000;
        if simulated {
            node.runtime = Runtime::Simulated;
        }
    }
    Cluster::new(config)
}

/// One Deployment's life. Returns the hash of its history.
fn run(seed: u64) -> Result<u64, String> {
    let mut rng = Rng::new(seed);
    let plan = Plan::random(&mut rng);
    let mut cluster = cluster(seed, plan.simulated);
    cluster.run_for(secs(20));
    let mut invariants = Invariants::new(&cluster, &plan);
    let told = |text: String| format!("{text}\nplan: {plan:#?}");
    for step in &plan.steps {
        let at = cluster.now() + step.after;
        while cluster.step(at) {
            invariants.check(&cluster).map_err(told)?;
        }
        cluster.run_until(at);
        step.change.apply(&mut cluster, &mut invariants, &mut rng);
        invariants.check(&cluster).map_err(told)?;
    }
    plan::heal(&mut cluster, &mut invariants);
    let limit = cluster.now() + secs(PATIENCE_SECS);
    while invariants::pending(&cluster).is_some() {
        if !cluster.step(limit) {
            let pending = invariants::pending(&cluster).unwrap_or_default();
            return Err(told(format!("did not come to rest: {pending}")));
        }
        invariants.check(&cluster).map_err(told)?;
    }
    plan::delete(&mut cluster);
    cluster.run_for(secs(60));
    invariants::nothing_left(&cluster).map_err(told)?;
    Ok(cluster.kernel().trace.hash())
}

fn seeds() -> Vec<u64> {
    match std::env::var("KUBARIUM_SEED").map(|s| s.parse()) {
        Ok(Ok(seed)) => vec![seed],
        _ => (1..=RUNS).collect(),
    }
}

#[test]
fn random_rollouts_keep_their_promises_and_come_to_rest() {
    for seed in seeds() {
        if let Err(why) = run(seed) {
            panic!("KUBARIUM_SEED={seed}: {why}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in [3, 5, 8] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(3), run(5));
}

#[test]
fn a_copy_goes_on_as_the_original() {
    let mut original = cluster(7, true);
    original.run_for(secs(20));
    plan::create(&mut original, &Plan::random(&mut Rng::new(7)));
    original.run_for(kubarium::sim::millis(37));
    let mut copy = original.clone();
    original.run_for(secs(30));
    copy.run_for(secs(30));
    assert_eq!(original.kernel().trace.hash(), copy.kernel().trace.hash());
}
