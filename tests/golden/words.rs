//! What kubectl says of wrong command lines, to the letter, and that no line makes the terminal panic
//! or wait for ever.
//!
//! `words/*.txt` are transcripts: `$ command`, what it prints, `exit=N`. The commands of a file run one
//! after the other in the same terminal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use kubarium::cluster::{Cluster, Config};
use kubarium::kubectl::Session;
use kubarium::sim::{Rng, secs};

use super::host::{Desk, World, run};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: c, image: 'nginx:1.25'}
";

fn terminal() -> (Session, Desk) {
    let mut cluster = Cluster::new(Config::bare(1, 3));
    cluster.run_for(secs(10));
    let files = BTreeMap::from([("web.yaml".to_owned(), WEB.to_owned())]);
    let (world, desk) = World::new(cluster, files, Duration::ZERO);
    (Session::new(world, "default"), desk)
}

#[test]
fn words_of_the_real_kubectl() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/words");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).expect("the transcripts") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a transcript");
        let (mut session, desk) = terminal();
        for block in text.split("$ ").skip(1) {
            let (command, expected) = block.split_once('\n').expect("a command");
            let outcome = run(&mut session, &desk, command);
            let printed = format!("{}exit={}\n", outcome.text, outcome.exit_code);
            if printed != expected {
                wrong.push(format!(
                    "$ {command}\n--- expected\n{expected}--- printed\n{printed}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pieces of lines: what shells and flag parsers trip over, and what brings them far.
const PIECES: &[&str] = &[
    "kubectl",
    "k",
    "get",
    "pods",
    "deploy/web",
    "-o",
    "jsonpath={",
    ".items[*]",
    "{range .a}",
    "}",
    "--",
    "-",
    "--=",
    "-n",
    "-nx",
    "-ojson",
    "--output=",
    "go-template={{",
    "range",
    "end",
    "}}",
    "'",
    "\"",
    "\\",
    "$(",
    ")",
    "`",
    "${",
    "${A:-",
    "$A",
    "$?",
    "|",
    "||",
    "&&",
    "&",
    ";",
    ";;",
    "<",
    "<<",
    "<<EOF\n",
    "EOF\n",
    ">",
    ">>",
    "2>&1",
    "2>",
    "/dev/null",
    "(",
    "{",
    "\n",
    "#",
    "*",
    "?",
    "[",
    "]",
    "if",
    "then",
    "else",
    "fi",
    "for",
    "in",
    "do",
    "done",
    "while",
    "true",
    "false",
    "!",
    "A=1",
    "A=$(",
    "echo",
    "printf",
    "%s",
    "%5d",
    "grep",
    "-E",
    "(a|",
    "a{3,",
    "[^",
    "sed",
    "s/a/b/g",
    "s/(/",
    "-n",
    "/x/,$p",
    "awk",
    "'{print $1}'",
    "'{print $'",
    "NR==",
    "cut",
    "-d,",
    "-f1-",
    "tr",
    "a-z",
    "xargs",
    "-I",
    "{}",
    "head",
    "-3",
    "seq",
    "9",
    "base64",
    "-d",
    "label",
    "a=b",
    "a-",
    "--all",
    "-l",
    "a in (",
    "!a",
    "taint",
    "node",
    "a=b:X",
    "set",
    "image",
    "patch",
    "-p",
    "{\"a\":",
    "create",
    "-f",
    "apply",
    "web.yaml",
    "explain",
    "--sort-by",
    ".a[",
    "é",
    "\u{0}",
    "-9223372036854775809",
    "--replicas=",
    "99999999999999999999",
    "=",
    "custom-columns=A:",
];

/// A line that does not come to rest is interrupted; one that never yields would hang the test.
#[test]
fn no_line_makes_the_terminal_panic() {
    let (mut session, desk) = terminal();
    let mut random = Rng::new(36);
    for _ in 0..3000 {
        let mut line = String::new();
        for _ in 0..1 + random.below(9) {
            let piece = PIECES[random.below(PIECES.len() as u64) as usize];
            line.push_str(piece);
            if random.below(4) > 0 {
                line.push(' ');
            }
        }
        let _ = Session::is_incomplete(&line);
        let mut job = session.start(&line);
        for _ in 0..20 {
            if job.poll().exit_code.is_some() {
                break;
            }
        }
        job.interrupt();
        assert!(job.is_done(), "{line}");
    }
    // What was started in the background says what it has to say.
    run(&mut session, &desk, "sleep 1");
    let alive = run(&mut session, &desk, "echo alive");
    assert_eq!((alive.text.as_str(), alive.exit_code), ("alive\n", 0));
}
