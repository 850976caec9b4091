//! One story, command by command, on ten nodes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::Session;
use kubarium::sim::{millis, secs};

use super::host::{ROUND_TRIP, World, run};
use super::known::{self, Known, Verdict, difference};
use super::normal::normal;

/// What passes before a command of the script. Pods of these nodes are ready sooner than those of
/// the transcripts, so commands that meet a rollout under way follow each other at once.
fn pause(command: &str) -> std::time::Duration {
    match command.starts_with("kubectl rollout") {
        true => millis(3),
        false => millis(60),
    }
}

#[test]
fn the_scenario_prints_what_a_real_cluster_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/scenario");
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let inputs: BTreeMap<String, String> = fs::read_dir(folder.join("inputs"))
        .expect("the inputs")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
            (name.to_owned(), fs::read_to_string(&path).expect("a file"))
        })
        .collect();
    let mut base = Cluster::new(Config::bare(1, 10));
    base.run_for(secs(7));
    let (world, mut cluster) = World::new(base, inputs.clone(), ROUND_TRIP);
    let mut session = Session::new(world, "golden");
    assert_eq!(
        run(&mut session, &cluster, "kubectl create ns golden").exit_code,
        0
    );
    cluster.borrow_mut().run_for(secs(2));

    let known = known::list();
    let mut verdict = Verdict::default();
    for line in read("commands.txt").expect("the commands").lines() {
        let (heading, command) = line.split_once(": ").expect("a heading and a command");
        let name = heading.replace(' ', "-");
        let listed = format!("scenario/{name}");
        cluster.borrow_mut().run_for(pause(command));
        let skipped = matches!(known.get(&listed), Some((Known::Skip, _)));
        let outcome = if skipped {
            // What it does to the cluster is not kept: later commands have not seen it.
            let before = cluster.borrow().clone();
            let outcome = run(&mut session, &cluster, command);
            let (world, again) = World::new(before, inputs.clone(), ROUND_TRIP);
            session = Session::new(world, "golden");
            cluster = again;
            outcome
        } else {
            run(&mut session, &cluster, command)
        };
        let Ok(expected) = read(&format!("{name}.out")) else {
            assert!(
                !known.contains_key(&listed) || skipped,
                "{listed} has no transcript"
            );
            if skipped {
                verdict.add(&listed, "not compared".to_owned());
            }
            continue;
        };
        let newline = if outcome.text.ends_with('\n') || outcome.text.is_empty() {
            ""
        } else {
            "<no newline at end>\n"
        };
        let printed = format!("{}{newline}exit={}\n", outcome.text, outcome.exit_code);
        let expected = expected.split_once('\n').map_or("", |(_, rest)| rest);
        verdict.add(
            &listed,
            difference(&normal(command, expected), &normal(command, &printed)),
        );
    }
    verdict.settle("scenario/");
}
