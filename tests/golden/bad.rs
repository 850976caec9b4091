//! One wrong input each, applied in a namespace of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::Session;
use kubarium::sim::{millis, secs};

use super::host::{ROUND_TRIP, World, run};
use super::known::{Verdict, difference};
use super::normal::normal;

#[test]
fn wrong_inputs_are_refused_in_the_words_of_kubernetes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bad");
    let files = files(&folder);
    let mut base = Cluster::new(Config::bare(1, 10));
    base.run_for(secs(10));
    let (world, cluster) = World::new(base, BTreeMap::new(), ROUND_TRIP);
    let mut session = Session::new(world, "default");
    assert_eq!(
        run(&mut session, &cluster, "kubectl create ns bad").exit_code,
        0
    );
    cluster.borrow_mut().run_for(secs(2));
    let base = cluster.borrow().clone();

    let mut verdict = Verdict::default();
    for name in files.keys().filter_map(|f| f.strip_suffix(".out")) {
        let (world, cluster) = World::new(base.clone(), files.clone(), ROUND_TRIP);
        let mut session = Session::new(world, "default");
        let expected = &files[&format!("{name}.out")];
        let input = format!("{name}.yaml");
        let command = match files.get(&format!("{name}.cmd")) {
            Some(command) => command
                .trim_end()
                .replace("$K", "kubectl -n bad")
                .replace("$F", &input),
            None => format!("kubectl -n bad apply -f {input}"),
        };
        let before = format!("{name}.pre.yaml");
        if files.contains_key(&before) {
            run(
                &mut session,
                &cluster,
                &format!("kubectl -n bad apply -f {before}"),
            );
            cluster.borrow_mut().run_for(millis(500));
        }
        let outcome = run(&mut session, &cluster, &command);
        let newline = if outcome.text.is_empty() || outcome.text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let printed = format!("{}{newline}exit={}\n", outcome.text, outcome.exit_code);
        let expected = expected.split_once('\n').map_or("", |(_, rest)| rest);
        verdict.add(
            &format!("bad/{name}"),
            difference(&normal(&command, expected), &normal(&command, &printed)),
        );
    }
    verdict.settle("bad/");
}

/// The files of the folder, with the one that is too large to be kept.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = fs::read_dir(folder)
        .expect("the transcripts")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
            let bytes = fs::read(&path).expect("a file");
            (
                name.to_owned(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect();
    let large = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: k\ndata:\n  a: {}\n",
        "x".repeat(1_100_000)
    );
    files.insert("configmap-too-large.yaml".to_owned(), large);
    files
}
