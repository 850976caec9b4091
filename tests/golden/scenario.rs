//! One story, command by command, on ten nodes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kubarium::kubectl::headless::{Options, Script, Terminal};

use super::known::{self, Known, Verdict, difference};
use super::normal::normal;

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
    let bare = Options {
        nodes: 10,
        bare: true,
        seed: 1,
    };
    let mut terminal = Terminal::new(bare.cluster(), inputs.clone(), "golden");

    let known = known::list();
    let mut verdict = Verdict::default();
    let script = Script::parse(&read("commands.txt").expect("the commands"));
    assert!(script.headed && script.lines.len() == 146);
    for line in &script.lines {
        let (name, command) = (&line.name, &line.command);
        let listed = format!("scenario/{name}");
        let skipped = matches!(known.get(&listed), Some((Known::Skip, _)));
        let outcome = if skipped {
            // What it does to the cluster is not kept: later commands have not seen it.
            let before = terminal.desk.borrow().clone();
            let outcome = terminal.run_next(command);
            terminal = Terminal::new(before, inputs.clone(), "golden");
            outcome
        } else {
            terminal.run_next(command)
        };
        assert!(!outcome.interrupted, "`{command}` does not end");
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
