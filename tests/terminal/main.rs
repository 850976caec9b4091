//! The terminal: transcripts of commands on a small cluster, as a person would see them.
//!
//! A transcript is text: `$ COMMAND` (it goes on after `> `), what it prints, and `exit=N` where the
//! exit code is not 0. A line `...` stands for any number of lines, and `..` inside a line for any
//! text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod applyset;
mod certificates;
mod edit;
mod etcd;
mod fuzz;
mod kubeconfig;
mod kustomize;
mod manifests;
mod nodes;
mod pods;
mod rights;
mod shell;
mod since;
mod tutorials;

use std::collections::BTreeMap;
use std::time::Duration;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::Session;
use kubarium::kubectl::headless::{Desk, World, run};
use kubarium::sim::secs;

pub const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: 'nginx:1.25'}
";

/// A terminal beside a cluster.
pub struct Bench {
    pub session: Session,
    pub desk: Desk,
}

impl Bench {
    fn of(cluster: Cluster, files: &[(&str, &str)]) -> Bench {
        let mut all = BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())]);
        all.extend(
            files
                .iter()
                .map(|(n, t)| ((*n).to_owned(), (*t).to_owned())),
        );
        let (world, desk) = World::new(cluster, all, Duration::ZERO);
        Bench {
            session: Session::new(world, "default"),
            desk,
        }
    }

    /// Fake nodes: a pod is ready as soon as it is seen.
    pub fn bare(files: &[(&str, &str)]) -> Bench {
        let mut cluster = Cluster::new(Config::bare(1, 3));
        cluster.run_for(secs(10));
        Bench::of(cluster, files)
    }

    /// Kubelets, images, a network.
    pub fn full(files: &[(&str, &str)]) -> Bench {
        let mut cluster = Cluster::new(Config::playground(1, 2));
        cluster.run_for(secs(60));
        Bench::of(cluster, files)
    }

    /// What a command prints, and its exit code if it is not 0.
    pub fn run(&mut self, line: &str) -> String {
        let outcome = run(&mut self.session, &self.desk, line);
        let mut text = outcome.text;
        if outcome.exit_code != 0 {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&format!("exit={}\n", outcome.exit_code));
        }
        text
    }

    /// Runs the commands of a transcript, and holds what they print against it.
    pub fn check(&mut self, transcript: &str) {
        let mut wrong = Vec::new();
        let mut lines = transcript.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ ") else {
                assert!(line.trim().is_empty(), "no command before {line:?}");
                continue;
            };
            let mut command = command.to_owned();
            while let Some(more) = lines.next_if(|l| *l == ">" || l.starts_with("> ")) {
                command.push('\n');
                command.push_str(more.get(2..).unwrap_or_default());
            }
            let mut expected: Vec<&str> = Vec::new();
            while let Some(line) = lines.next_if(|l| !l.starts_with("$ ")) {
                expected.push(line);
            }
            // A blank line before the next command parts them.
            while expected.last().is_some_and(|l| l.is_empty()) {
                expected.pop();
            }
            let printed = self.run(&command);
            let mut found: Vec<&str> = printed.lines().collect();
            while found.last().is_some_and(|l| l.is_empty()) {
                found.pop();
            }
            if !fits(&expected, &found) {
                wrong.push(format!(
                    "$ {command}\n--- expected\n{}\n--- printed\n{printed}---",
                    expected.join("\n")
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn fits(expected: &[&str], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => (0..=found.len()).any(|skip| fits(rest, &found[skip..])),
        Some((first, rest)) => found
            .split_first()
            .is_some_and(|(line, others)| line_fits(first, line) && fits(rest, others)),
    }
}

fn line_fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split("..");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
