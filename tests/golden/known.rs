//! The list of what does not agree yet, and the verdict over a run.

use std::collections::BTreeMap;

/// What is known of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is run, and does not agree.
    Fails,
    /// It is not run on the cluster of the scenario, because it needs what does not exist yet.
    Skip,
}

/// The list: `fails FOLDER/NAME: reason` and `skip FOLDER/NAME: reason`, one to a line.
pub fn list() -> BTreeMap<String, (Known, String)> {
    let mut known = BTreeMap::new();
    for line in include_str!("known.txt").lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(' ').expect("a word and a name");
        let (name, reason) = rest.split_once(": ").expect("a name and a reason");
        let what = match word {
            "fails" => Known::Fails,
            "skip" => Known::Skip,
            other => panic!("known.txt: {other}: not a word of the list"),
        };
        assert!(!reason.trim().is_empty(), "{name} has no reason");
        let before = known.insert(name.to_owned(), (what, reason.to_owned()));
        assert!(before.is_none(), "{name} is listed twice");
    }
    known
}

/// What came of the transcripts of a folder.
#[derive(Default)]
pub struct Verdict {
    pub passed: usize,
    seen: Vec<String>,
    wrong: Vec<String>,
}

impl Verdict {
    /// Takes note of a transcript; `difference` is empty when it agrees.
    pub fn add(&mut self, name: &str, difference: String) {
        let known = list();
        self.seen.push(name.to_owned());
        match (difference.is_empty(), known.get(name)) {
            (true, None) => self.passed += 1,
            (true, Some((_, reason))) => self.wrong.push(format!(
                "{name} agrees now, strike it from known.txt (it said: {reason})"
            )),
            (false, Some(_)) => {}
            (false, None) => self.wrong.push(format!("{name} differs:\n{difference}")),
        }
    }

    /// Fails with everything that is not as the list says.
    pub fn settle(mut self, folder: &str) {
        for name in list().keys() {
            if name.starts_with(folder) && !self.seen.contains(name) {
                self.wrong
                    .push(format!("{name} is listed and does not exist"));
            }
        }
        println!("{folder}: {} of {} agree", self.passed, self.seen.len());
        assert!(
            self.wrong.is_empty(),
            "{} transcripts are not as known.txt says:\n\n{}",
            self.wrong.len(),
            self.wrong.join("\n\n")
        );
    }
}

/// The lines in which two texts differ: `-` was expected, `+` was printed.
pub fn difference(expected: &str, actual: &str) -> String {
    if expected == actual {
        return String::new();
    }
    let diff = kubarium::kubectl::diff::unified("expected", "printed", expected, actual);
    match diff.is_empty() {
        true => format!("expected:\n{expected}\nprinted:\n{actual}"),
        false => diff,
    }
}
