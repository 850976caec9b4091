//! Nothing that is typed may panic, hang, or run without an end: nonsense made of what the parsers
//! look for, by seeds.

use kubarium::kubectl::complete;

use super::Bench;

/// A stream of numbers, from Knuth's generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn of<'t>(&mut self, tokens: &[&'t str]) -> &'t str {
        tokens[self.next() % tokens.len()]
    }

    /// Some of the tokens, with and without blanks between them.
    fn text(&mut self, tokens: &[&str], most: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.next() % most {
            out.push_str(self.of(tokens));
            if self.next().is_multiple_of(3) {
                out.push(' ');
            }
        }
        out
    }
}

/// Polls a line for a while, and interrupts it then; it must never take longer than a moment.
fn survive(bench: &mut Bench, line: &str) {
    let mut job = bench.session.start(line);
    for _ in 0..40 {
        if job.poll().exit_code.is_some() {
            break;
        }
        let limit = bench.desk.borrow().now() + kubarium::sim::secs(1);
        bench.desk.borrow_mut().step(limit);
    }
    job.interrupt();
    drop(job);
    for _ in 0..3 {
        bench.session.poll_jobs(true);
    }
    let middle = line.len() / 2;
    let _ = complete(&bench.session, line, line.len());
    let _ = complete(&bench.session, line, middle);
}

const SHELL: &[&str] = &[
    "$",
    "${",
    "}",
    "$((",
    "))",
    "`",
    "'",
    "\"",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "[[",
    "]]",
    "if",
    "then",
    "fi",
    "else",
    "for",
    "in",
    "do",
    "done",
    "while",
    "until",
    "case",
    "esac",
    ";;",
    ";",
    "&",
    "&&",
    "||",
    "|",
    "<",
    ">",
    ">>",
    "2>&1",
    "<<EOF\n",
    "EOF\n",
    "<<<",
    "<(",
    "\n",
    "a",
    "*",
    "?",
    "[a",
    "=",
    ":-",
    ":+",
    "#",
    "##",
    "%%",
    "/",
    "//",
    "{1..9}",
    "{a,b}",
    "{9..1..2}",
    "echo",
    "x=1",
    "$x",
    "\"$@\"",
    "$*",
    "$?",
    "$!",
    "f() {",
    "f",
    "set -e",
    "set -u",
    "alias a='a b'",
    "read x",
    "local y",
    "1",
    "+",
    "-",
    "==",
    "=~",
    "-eq",
    "!",
    "test",
    "[ ",
    " ]",
    "true",
    "false",
    "💥",
    "\u{0}",
    "function",
    "time",
    "return",
    "break",
    "continue",
    "exit 3",
    "eval",
    "sh -c",
    "wait",
    "jobs",
    "fg",
    "kill %1",
    "sleep 1",
    "printf '%s%5d'",
    "xargs",
    "sort",
    "sed s/a/b/",
    "((",
    "yes",
];

const JQ: &[&str] = &[
    ".",
    "..",
    "[",
    "]",
    "{",
    "}",
    "|",
    ",",
    "\\\"",
    "a",
    ".a",
    "[]",
    "?",
    "//",
    "=",
    "|=",
    "+=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "if",
    "then",
    "elif",
    "else",
    "end",
    "reduce",
    "foreach",
    "as",
    "$x",
    "def f:",
    "def g(h):",
    ";",
    "f",
    "map(",
    "select(",
    ")",
    "(",
    "recurse",
    "repeat(.)",
    "range(9)",
    "limit(3;",
    "@base64",
    "@tsv",
    "1",
    "1e999",
    "try",
    "catch",
    "error",
    "label $a|",
    "break $a",
    "paths",
    "del(",
    "tojson",
    "test(\"(a*)*b\")",
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    "until(false;.)",
    "while(true;.)",
    "-1",
    ":",
    "[1:]",
    "to_entries",
    "walk(",
    "add",
    "gsub(",
    "sort_by(",
    "first(",
    "$__loc__",
    "not",
    "and",
    "or",
    "==",
    "<",
    "💥",
    "implode",
    "splits(",
];

const KUBECTL: &[&str] = &[
    "get",
    "pods",
    "-o",
    "jsonpath=",
    "{",
    "}",
    "[",
    "]",
    "?(",
    "@",
    ".",
    ")",
    "{range",
    "{end}",
    "..",
    "*",
    "-l",
    "'a in (b'",
    "!",
    "=",
    "--",
    "-n",
    "--namespace",
    "wide",
    "custom-columns=",
    "A:.b[",
    "go-template=",
    "'{{",
    "}}'",
    "range",
    "if",
    "end",
    "index",
    "printf",
    ".items",
    "|",
    "-f",
    "-k",
    "web.yaml",
    "--watch=x",
    "-v",
    "9",
    "💥",
    "edit",
    "apply",
    "debug",
    "cp",
    "a:b",
    "port-forward",
    "8080:x",
    ":",
    "kustomize",
    "explain",
    "pods.spec",
    "--for=jsonpath=",
    "wait",
    "set",
    "image",
    "a=b",
    "create",
    "secret",
    "generic",
    "--from-literal=x",
    "rollout",
    "undo",
    "logs",
    "--since=1",
    "top",
    "auth",
    "can-i",
    "-A",
    "--sort-by=",
    "patch",
    "-p",
    "--type=json",
    "'[{\"op\":",
    "label",
    "a-",
    "taint",
    "node",
    "x=y:z",
    "drain",
    "run",
    "--image",
    "--dry-run",
    "config",
    "set-context",
    "scale",
    "--replicas=-1",
    "expose",
    "autoscale",
    "describe",
    "cm/x",
    "cluster-info",
    "dump",
    "diff",
    "replace",
    "--raw",
    "/api",
    "exec",
    "-it",
    "attach",
    "events",
    "certificate",
    "approve",
    "'{.items[?(@.a==\"b\")].c}'",
    "'{.a[1:2:0]}'",
    "'{.a[-1]}'",
];

#[test]
fn lines_of_nonsense_are_survived() {
    let mut bench = Bench::bare(&[]);
    for seed in 0..1_500 {
        let mut random = Random(seed);
        let line = random.text(SHELL, 14);
        survive(&mut bench, &line);
        // What a line may have left behind does not pile up.
        if seed % 100 == 0 {
            bench = Bench::bare(&[]);
        }
    }
}

#[test]
fn filters_of_nonsense_are_survived() {
    let mut bench = Bench::bare(&[("in.json", "{\"a\": [1, {\"b\": \"x\"}, null]}")]);
    for seed in 0..400 {
        let mut random = Random(seed);
        let filter = random.text(JQ, 10).replace('\'', "");
        survive(&mut bench, &format!("jq -c '{filter}' in.json | head -5"));
    }
}

#[test]
fn commands_of_nonsense_are_survived() {
    let mut bench = Bench::bare(&[]);
    bench.run("kubectl create cm x --from-literal=a=b");
    for seed in 0..1_500 {
        let mut random = Random(seed);
        let mut words = String::from("kubectl");
        for _ in 0..=random.next() % 7 {
            if !random.next().is_multiple_of(4) {
                words.push(' ');
            }
            words.push_str(random.of(KUBECTL));
        }
        survive(&mut bench, &words);
        let template = random.text(&KUBECTL[6..34], 8).replace('\'', "");
        let format = random.of(&["jsonpath", "go-template", "custom-columns"]);
        survive(
            &mut bench,
            &format!("kubectl get cm x -o {format}='{template}'"),
        );
    }
}

#[test]
fn kustomizations_of_nonsense_are_survived() {
    const WORDS: &[&str] = &[
        "resources:",
        "patches:",
        "- ",
        "  ",
        "\n",
        "app.yaml",
        "target:",
        "{kind: .*}",
        "patch: |",
        "images:",
        "name: app",
        "newTag: 1",
        "replicas:",
        "count: x",
        "namePrefix: p-",
        "namespace: n",
        "commonLabels:",
        "{a: b}",
        "configMapGenerator:",
        "literals: [a=b]",
        "[",
        "]",
        "behavior: merge",
        "components:",
        "../x",
        ".",
        "path: k.yaml",
        "op: add",
        "$patch: delete",
        "apiVersion: apps/v1",
        "kind: Deployment",
        "metadata: {name: app}",
        "labels:",
        "pairs:",
        "💥",
        "name: '('",
        "spec: {template: 1}",
        "envs: [app.yaml]",
        "null",
        "generatorOptions:",
    ];
    let app = super::WEB.replace("web", "app");
    let mut bench = Bench::bare(&[]);
    for seed in 0..1_000 {
        let mut random = Random(seed);
        let text = random.text(WORDS, 25);
        let patch = random.text(WORDS, 12);
        let host = bench.session.host().clone();
        for (name, text) in [
            ("x/kustomization.yaml", &text),
            ("x/app.yaml", &app),
            ("x/k.yaml", &patch),
        ] {
            host.write_file(name, text);
        }
        survive(&mut bench, "kubectl kustomize x");
    }
}
