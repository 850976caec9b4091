//! The same commands, typed at the real kubectl on PATH and at ours, about the same objects: what they print has to
//! be the same, once what may differ between any two clusters is evened out (`tests/golden/normal.rs`).
//!
//! `printing/*.txt` hold a command to a line. `#since 1.35 COMMAND` is compared with kubectls of that version and
//! later: earlier ones print it otherwise. `#top 40 COMMAND` is compared in its first lines: behind them stands what is
//! chance.

mod clients;
#[path = "../../tests/golden/normal.rs"]
mod normal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clients::{Kubectl, Server};
use kubarium::kubectl::headless::{Options, Terminal};

/// Kubectls before that differ in too much.
const OLDEST: u32 = 32;

/// How often a line that changes nothing is typed at the real kubectl before it counts as different: what it keeps in
/// a map of Go's comes in any order, and another time in another. Four keys come in a given order with near certainty.
const TRIES: usize = 100;

/// Commands that change nothing in the cluster.
const READS: [&str; 14] = [
    "api-resources",
    "api-versions",
    "auth",
    "cluster-info",
    "completion",
    "describe",
    "diff",
    "events",
    "explain",
    "get",
    "kustomize",
    "options",
    "top",
    "version",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/printing")
}

fn lines(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(name)).expect("the commands");
    text.lines().map(str::to_owned).collect()
}

/// Ours, on a cluster like the server's.
fn ours() -> Terminal {
    let bare = Options {
        nodes: 3,
        bare: true,
        seed: 1,
    };
    let files: BTreeMap<String, String> = fs::read_dir(folder())
        .expect("the files")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
            (name.to_owned(), fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    Terminal::new(bare.cluster(), files, "default")
}

/// Compares a list of commands. The real kubectl and the server live in real time: on a busy machine, a line that
/// waits or watches may see one event more or less. What differs has to do so on a second cluster, too.
fn compare(name: &str) {
    let first = differences(name);
    if first.is_empty() {
        return;
    }
    let second = differences(name);
    let both = second.iter().filter(|(line, _)| first.contains_key(*line));
    let both: Vec<&str> = both.map(|(_, text)| text.as_str()).collect();
    assert!(
        both.is_empty(),
        "{} differ\n{}",
        both.len(),
        both.join("\n")
    );
    println!("differed once: {:?}", first.keys());
}

/// Runs the setup and a list of commands at both: the lines of the list for which they do not say the same.
fn differences(name: &str) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    let server = Server::start(&["--bare", "--nodes=3", "--speed=4", "--quiet"]);
    let Some(kubectl) = Kubectl::on(server) else {
        return wrong;
    };
    let minor = minor(&kubectl);
    if minor < OLDEST {
        println!(
            "SKIPPED: this kubectl is of 1.{minor}; what it prints is compared from 1.{OLDEST} on"
        );
        return wrong;
    }
    let mut terminal = ours();
    for line in lines("setup.txt") {
        let (said, code) = kubectl.typed(&line, &folder());
        let outcome = terminal.run_next(&line);
        assert_eq!(
            (code, outcome.exit_code),
            (0, 0),
            "{line}\n{said}\n{}",
            outcome.text
        );
    }
    for line in lines(name) {
        let (line, top, since) = parsed(&line);
        let (said, code) = kubectl.typed(line, &folder());
        let outcome = terminal.run_next(line);
        assert!(!outcome.interrupted, "{line} does not end");
        if since > minor {
            continue;
        }
        let ours = outcome.exit_code;
        let printed = evened(line, &outcome.text, top);
        let (mut expected, mut code) = (evened(line, &said, top), code);
        for _ in 1..TRIES {
            if (&expected, code) == (&printed, ours) || !changes_nothing(line) {
                break;
            }
            let (said, again) = kubectl.typed(line, &folder());
            (expected, code) = (evened(line, &said, top), again);
        }
        let same = match changes_nothing(line) {
            true => expected == printed,
            false => words(&expected) == words(&printed),
        };
        if !same || code != ours {
            let difference = difference(&expected, &printed);
            let said = format!("$ {line}\n{difference}exit={code}, ours {ours}\n");
            wrong.insert(line.to_owned(), said);
        }
    }
    wrong
}

/// Whether a line can be typed again without another outcome.
fn changes_nothing(line: &str) -> bool {
    let dry = ["--dry-run=client", "--dry-run=server", "--local"];
    line.split("kubectl ").skip(1).all(|command| {
        let verb = command.split_whitespace().next().unwrap_or_default();
        READS.contains(&verb) || dry.iter().any(|flag| command.contains(flag))
    })
}

/// What is said, in no order: a line that changes something is typed once, and what kubectl keeps in a map of Go's,
/// or does for many at once, may come in another order each time.
fn words(lines: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split([' ', ',', '[', ']', '\t']))
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words
}

/// A line of a list: the command, how many lines of it count, and since which minor version.
fn parsed(line: &str) -> (&str, usize, u32) {
    let word = |rest: &'static str, line: &'_ str| -> Option<(String, usize)> {
        let rest = line.strip_prefix(rest)?;
        let (word, command) = rest.split_once(' ')?;
        Some((word.to_owned(), line.len() - command.len()))
    };
    if let Some((version, at)) = word("#since 1.", line) {
        return (&line[at..], usize::MAX, version.parse().expect("a version"));
    }
    if let Some((number, at)) = word("#top ", line) {
        return (&line[at..], number.parse().expect("a number"), 0);
    }
    (line, usize::MAX, 0)
}

/// The minor version of the kubectl.
fn minor(kubectl: &Kubectl) -> u32 {
    let version = kubectl.ok(&["version", "--client"]);
    let (_, rest) = version.split_once("v1.").expect("a version");
    rest.split('.')
        .next()
        .unwrap_or_default()
        .parse()
        .expect("a number")
}

/// What a kubectl printed without what is free to differ, and without what changed from v1.32 to v1.36.
fn evened(command: &str, text: &str, top: usize) -> Vec<String> {
    let mut out = String::new();
    for line in without_empty_times(text).lines() {
        let trimmed = line.trim_start();
        // Objects that are made here had an empty time until v1.34; nodes, a version of kube-proxy until v1.33.
        if trimmed == "creationTimestamp: null" || trimmed.starts_with("Kube-Proxy Version:") {
            continue;
        }
        let mut line = line
            .replace("metadata: {}", "metadata:")
            .replace("kyaml,", "")
            // The server's clock is ahead of kubectl's.
            .replace("<invalid>", "0s")
            // One of them is too many.
            .replace("cannot delete cannot delete", "cannot delete");
        line = line.replace(",\"creationTimestamp\":null", "");
        // v1.34 says from where something is deleted, and the names of ports.
        if let Some((before, rest)) = line.split_once(" from ")
            && let Some((_, after)) = rest.split_once(" namespace")
        {
            line = format!("{before}{after}");
        }
        for name in [" (http)", " (https)", " (sql)", " (admin)", " (alt)"] {
            line = line.replace(name, "");
        }
        for old in ["ConfigMapOptional:", "SecretOptionalName:"] {
            if let Some(indent) = line.find(old) {
                line = format!("{}Optional:  false", &line[..indent]);
            }
        }
        // v1.35 says which part of an object an event is about.
        if let Some((before, rest)) = line.split_once(" spec.")
            && let Some((_, message)) = rest.split_once("}: ")
            && command.contains("describe")
        {
            line = format!("{before} {message}");
        }
        // Mistakes with flags were errors with a capital.
        if let Some(rest) = line.strip_prefix("Error: ") {
            line = format!("error: {rest}");
        }
        // The last lines of a failed template go by the object.
        if line.starts_with("\t\tmap[") || line.starts_with("\t\t{\"apiVersion\"") {
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    let even = normal::normal(command, &out);
    let mut lines: Vec<String> = even
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(free)
        .take(top)
        .collect();
    // What kubectl keeps in a map of Go's comes in any order.
    let unsorted = [
        "--list",
        "describe secret",
        "describe cm",
        "describe limits",
        "describe ns",
    ];
    if unsorted.iter().any(|part| command.contains(part)) {
        lines.sort();
    }
    lines
}

/// JSON without the empty times that were written until v1.34, and without the commas before them.
fn without_empty_times(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.trim_start() {
            "\"creationTimestamp\": null," => continue,
            "\"creationTimestamp\": null" => {
                if let Some(before) = out.last_mut()
                    && before.ends_with(',')
                {
                    before.pop();
                }
                continue;
            }
            _ => {}
        }
        if let (Some(before), Some(rest)) = (out.last_mut(), line.trim_start().strip_prefix('}'))
            && before.ends_with('{')
            && matches!(rest, "" | ",")
        {
            before.push('}');
            before.push_str(rest);
            continue;
        }
        out.push(line.to_owned());
    }
    out.join("\n")
}

/// What else differs between two clusters.
fn free(line: &str) -> String {
    match line.trim_start().split_once(':') {
        Some((key @ ("Resource Version" | "Created on"), _)) => format!("{key}: ANY"),
        _ => line.trim_end().to_owned(),
    }
}

/// The lines of one that the other has not, around what they share.
fn difference(expected: &[String], printed: &[String]) -> String {
    let same = expected
        .iter()
        .zip(printed)
        .take_while(|(a, b)| a == b)
        .count();
    let mut text = String::new();
    for (sign, lines) in [('-', expected), ('+', printed)] {
        for line in lines.iter().skip(same).take(12) {
            text.push_str(&format!("{sign}{line}\n"));
        }
    }
    text
}

#[test]
fn lists_and_formats() {
    compare("reads.txt");
}

#[test]
fn descriptions() {
    compare("describes.txt");
}

#[test]
fn what_is_worked_out_here() {
    compare("client.txt");
}

#[test]
fn changes() {
    compare("changes.txt");
}

#[test]
fn rich_objects() {
    compare("rich.txt");
}

#[test]
fn lines_of_engineers() {
    compare("more.txt");
}

#[test]
fn corners_of_templates_and_descriptions() {
    compare("corners.txt");
}

#[test]
fn columns_selectors_and_fields() {
    compare("fields.txt");
}

#[test]
fn set_label_annotate_patch() {
    compare("setters.txt");
}

#[test]
fn generators() {
    compare("generators.txt");
}

/// Every folder of `kustomize/`, built by both.
#[test]
fn kustomizations() {
    fn files(folder: &Path, lead: &str, out: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("the files") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
            let name = format!("{lead}{name}");
            match path.is_dir() {
                true => files(&path, &format!("{name}/"), out),
                false => {
                    out.insert(name, fs::read_to_string(&path).expect("a text"));
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize");
    let mut all = BTreeMap::new();
    files(&root, "", &mut all);
    let cases: Vec<String> = all
        .keys()
        .filter_map(|name| name.strip_suffix("/kustomization.yaml"))
        .filter(|folder| !folder.contains('/'))
        .map(str::to_owned)
        .collect();
    let server = Server::start(&["--bare", "--nodes=1", "--quiet"]);
    let Some(kubectl) = Kubectl::on(server) else {
        return;
    };
    if minor(&kubectl) < OLDEST {
        println!("SKIPPED: this kubectl is too old");
        return;
    }
    let bare = Options {
        nodes: 1,
        bare: true,
        seed: 1,
    };
    let mut terminal = Terminal::new(bare.cluster(), all, "default");
    let mut wrong = Vec::new();
    // Paths stand in errors, and the log's head before them, by the version.
    let even = |text: &str| -> Vec<String> {
        text.replace(root.to_str().unwrap_or_default(), "/root")
            .replace("\\\"", "\"")
            .lines()
            .filter(|line| !line.starts_with("# Warning") && !line.contains("never replaced"))
            .map(|line| match line.split_once("\"command failed\" err=\"") {
                Some((_, message)) => {
                    format!("error: {}", message.strip_suffix('"').unwrap_or(message))
                }
                None => line.to_owned(),
            })
            .collect()
    };
    for case in &cases {
        let line = format!("kubectl kustomize {case}");
        let (said, code) = kubectl.typed(&line, &root);
        let outcome = terminal.run_next(&line);
        let (expected, printed) = (even(&said), even(&outcome.text));
        if expected != printed || code != outcome.exit_code {
            wrong.push(format!("$ {line}\n{}", difference(&expected, &printed)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
