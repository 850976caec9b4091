//! Holds `src/` to the picture in `src/lib.rs`: who may use whom, and what the deterministic part does
//! without.
//!
//! The checker reads Rust as tokens, without comments and strings, and follows `crate::`, `super::` and
//! grouped `use` paths to the top-level module they lead to. The layers:
//!
//! ```text
//! ui > app > lessons > kubectl > cluster
//!    > controllers | scheduler | kubelet | network    (siblings: they meet through API objects only)
//!    > client > apiserver | tools > api > sim
//! ```

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Top to bottom; modules of one row are siblings.
const LAYERS: [&[&str]; 10] = [
    &["ui"],
    &["app"],
    &["lessons"],
    &["kubectl"],
    &["cluster"],
    &["controllers", "scheduler", "kubelet", "network"],
    &["client"],
    &["apiserver", "tools"],
    &["api"],
    &["sim"],
];

/// Modules that meet the real world; everything else is deterministic.
const OUTSIDE: [&str; 3] = ["ui", "bin", "main"];

/// Paths that the deterministic part does without, and why.
const BANNED: [(&[&str], &str); 15] = [
    (
        &["HashMap"],
        "its order differs from run to run: use BTreeMap",
    ),
    (
        &["HashSet"],
        "its order differs from run to run: use BTreeSet",
    ),
    (&["Instant", "now"], "time is virtual"),
    (&["SystemTime"], "time is virtual"),
    (&["Timestamp", "now"], "time is virtual"),
    (&["Utc", "now"], "time is virtual"),
    (&["std", "thread"], "there is one thread"),
    (
        &["thread_local"],
        "state belongs to a value that can be cloned",
    ),
    (
        &["static", "mut"],
        "state belongs to a value that can be cloned",
    ),
    (
        &["RandomState"],
        "random numbers come from the named streams of sim",
    ),
    (&["yew"], "only ui knows the page"),
    (&["gloo"], "only ui knows the page"),
    (&["web_sys"], "only ui knows the browser"),
    (&["js_sys"], "only ui knows the browser"),
    (&["wasm_bindgen"], "only ui knows the browser"),
];

#[test]
fn modules_use_only_those_below_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(
        files.len() > 10,
        "the sources are where they are looked for: {}",
        src.display()
    );
    let mut findings = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let name = path
            .strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        findings.extend(check(&name, &text));
    }
    let list: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        list.is_empty(),
        "{} places leave the picture of src/lib.rs:\n{}",
        list.len(),
        list.join("\n")
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "src/{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Checks one file, named relative to `src/`.
fn check(file: &str, text: &str) -> Vec<Finding> {
    let tokens = tokens(text);
    let module = module_path(file);
    let top = module.first().map_or("lib", String::as_str);
    let mut findings = Vec::new();
    let mut find = |line: usize, what: String| {
        findings.push(Finding {
            file: file.to_owned(),
            line,
            what,
        })
    };

    let ours = layer(top);
    if ours.is_none() && !["lib", "main", "bin"].contains(&top) {
        find(
            1,
            format!("module {top} is not in the picture: give it a layer in tests/architecture.rs"),
        );
    }
    for edge in edges(&tokens, &module) {
        let used = edge.path[0].as_str();
        if ours.is_some() && used == top {
            continue;
        }
        if edge.path.iter().take(2).eq(["apiserver", "store"]) {
            find(
                edge.line,
                format!("{top} uses apiserver::store, which is apiserver's alone"),
            );
        } else if top == "main" && used != "ui" {
            find(
                edge.line,
                format!("main mounts ui and uses nothing else, but uses {used}"),
            );
        } else if let (Some(mine), Some(theirs)) = (ours, layer(used)) {
            if mine == theirs {
                find(edge.line, format!("{top} uses its sibling {used}"));
            } else if theirs < mine {
                find(edge.line, format!("{top} uses {used}, which is above it"));
            }
        }
    }
    if ["apiserver/mod.rs", "apiserver.rs"].contains(&file) {
        for window in tokens.windows(3) {
            if (window[0].is("pub") || window[0].is(")"))
                && window[1].is("mod")
                && window[2].is("store")
            {
                find(window[2].line, "the store is a private module".to_owned());
            }
        }
    }
    if !OUTSIDE.contains(&top) {
        for (line, what) in banned(&tokens) {
            find(line, what);
        }
    }
    findings
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// `controllers/deployment/sync.rs` is `[controllers, deployment, sync]`; `lib.rs` is the root.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut path: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if path
        .last()
        .is_some_and(|last| last == "mod" || last == "lib")
    {
        path.pop();
    }
    path
}

/// A use of a path that starts at the root of the crate.
#[derive(Debug, PartialEq, Eq)]
struct Edge {
    line: usize,
    /// The path from the root; never empty.
    path: Vec<String>,
}

/// Every path that starts at the root of the crate, or climbs with `super` from where it stands.
fn edges(tokens: &[Token<'_>], module: &[String]) -> Vec<Edge> {
    let mut found = Vec::new();
    let mut here: Vec<String> = module.to_vec();
    // Number of open braces outside each `mod name { … }` we are in.
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let starts_path = at == 0 || !tokens[at - 1].is("::");
        match token.text {
            "mod" if tokens.get(at + 2).is_some_and(|brace| brace.is("{")) => {
                here.push(tokens[at + 1].text.to_owned());
                inline.push(depth);
                depth += 1;
                at += 2;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if inline.last() == Some(&depth) {
                    inline.pop();
                    here.pop();
                }
            }
            "crate" | "kubarium" if starts_path => follow(tokens, at + 1, Vec::new(), &mut found),
            "super" if starts_path => {
                let mut base = here.clone();
                base.pop();
                let mut end = at + 1;
                while tokens.get(end).is_some_and(|t| t.is("::"))
                    && tokens.get(end + 1).is_some_and(|t| t.is("super"))
                {
                    base.pop();
                    end += 2;
                }
                follow(tokens, end, base, &mut found);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Follows a path from the separator at `at`, into groups, and notes where each end leads.
fn follow(tokens: &[Token<'_>], mut at: usize, mut path: Vec<String>, found: &mut Vec<Edge>) {
    while tokens.get(at).is_some_and(|t| t.is("::")) {
        let Some(next) = tokens.get(at + 1) else {
            break;
        };
        if next.is("{") {
            return follow_group(tokens, at + 1, &path, found);
        }
        if !next.is_word() {
            break;
        }
        path.push(next.text.to_owned());
        at += 2;
    }
    if !path.is_empty() {
        found.push(Edge {
            line: tokens[at - 1].line,
            path,
        });
    }
}

/// Follows each item of the group whose brace stands at `open`.
fn follow_group(tokens: &[Token<'_>], open: usize, path: &[String], found: &mut Vec<Edge>) {
    let mut depth = 0;
    let mut starts_item = false;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if starts_item && depth == 1 && token.is_word() {
            let mut item = path.to_vec();
            item.push(token.text.to_owned());
            follow(tokens, at + 1, item, found);
        }
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
        starts_item = token.is("{") || token.is(",");
    }
}

fn banned(tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let words: Vec<&Token<'_>> = tokens.iter().filter(|token| !token.is("::")).collect();
    let mut found = Vec::new();
    for (at, token) in words.iter().enumerate() {
        for (path, why) in BANNED {
            if path
                .iter()
                .enumerate()
                .all(|(offset, part)| words.get(at + offset).is_some_and(|t| t.is(part)))
            {
                found.push((
                    token.line,
                    format!("{} in the deterministic part: {why}", path.join("::")),
                ));
            }
        }
    }
    found
}

/// A word, a number, `::`, or one other character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl Token<'_> {
    fn is(&self, text: &str) -> bool {
        self.text == text
    }

    fn is_word(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Cuts Rust into tokens and drops comments, strings and characters.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest).unwrap_or_else(|| {
            let length = match first {
                c if c.is_alphanumeric() || c == '_' => rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            if !first.is_whitespace() {
                found.push(Token {
                    text: &rest[..length],
                    line,
                });
            }
            length
        });
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Length of the comment, string or character that stands at the beginning, if one does.
fn skipped(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    // b"…" and c"…" read like "…"; br"…" and cr"…" like r"…".
    let plain = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let prefix = rest.len() - plain.len();
    if plain.starts_with('"') {
        return Some(prefix + quoted(plain, '"'));
    }
    if let Some(raw) = plain.strip_prefix('r') {
        let body = raw.trim_start_matches('#');
        if let Some(inside) = body.strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(raw.len() - body.len()));
            let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
            return Some(rest.len() - inside.len() + length);
        }
    }
    // A character, not a lifetime: 'x' or an escape.
    let mut chars = plain.strip_prefix('\'')?.chars();
    match (chars.next()?, chars.next()) {
        ('\\', _) => Some(prefix + quoted(plain, '\'')),
        (c, Some('\'')) => Some(prefix + 2 + c.len_utf8()),
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a literal from its opening to its closing mark, which may be escaped inside.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

mod checker {
    use super::check;

    fn found(file: &str, text: &str) -> Vec<String> {
        check(file, text)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.what))
            .collect()
    }

    #[test]
    fn downward_edges_are_fine() {
        let text = "use crate::{api::Pod, client::{self, Informer}, sim};\nfn f() { crate::api::g::<u8>() }";
        assert_eq!(found("controllers/deployment/sync.rs", text), [""; 0]);
        assert_eq!(
            found(
                "apiserver/pipeline.rs",
                "use crate::apiserver::store::Store;"
            ),
            [""; 0]
        );
        assert_eq!(found("apiserver/mod.rs", "mod store;"), [""; 0]);
        assert_eq!(
            found("lib.rs", "pub mod api;\npub use crate::api::Pod;"),
            [""; 0]
        );
        assert_eq!(
            found(
                "ui/mod.rs",
                "use std::collections::HashMap; use web_sys::window;"
            ),
            [""; 0]
        );
    }

    #[test]
    fn upward_edges_and_siblings_are_found_wherever_they_hide() {
        for (file, text, expected) in [
            (
                "sim/clock.rs",
                "\nuse crate::api;",
                "2: sim uses api, which is above it",
            ),
            (
                "api/mod.rs",
                "use crate::{\n  sim,\n  client::Informer,\n};",
                "3: api uses client, which is above it",
            ),
            (
                "api/mod.rs",
                "use crate::{sim::{a, b}, client};",
                "1: api uses client, which is above it",
            ),
            (
                "scheduler/queue.rs",
                "use crate::kubelet::Worker;",
                "1: scheduler uses its sibling kubelet",
            ),
            (
                "client/mod.rs",
                "fn f() -> crate::cluster::Tank { x }",
                "1: client uses cluster, which is above it",
            ),
            (
                "client/mod.rs",
                "use super::cluster::Tank;",
                "1: client uses cluster, which is above it",
            ),
            (
                "client/a/b.rs",
                "use super::super::super::{api, ui};",
                "1: client uses ui, which is above it",
            ),
            (
                "client/a.rs",
                "mod tests { use super::super::super::app::Model; }",
                "1: client uses app, which is above it",
            ),
            (
                "client/a.rs",
                "use crate::apiserver::store::Store;",
                "1: client uses apiserver::store, which is apiserver's alone",
            ),
            (
                "apiserver/mod.rs",
                "pub mod store;",
                "1: the store is a private module",
            ),
            (
                "apiserver/mod.rs",
                "pub(crate) mod store;",
                "1: the store is a private module",
            ),
            (
                "main.rs",
                "fn main() { kubarium::cluster::run() }",
                "1: main mounts ui and uses nothing else, but uses cluster",
            ),
            (
                "odd.rs",
                "",
                "1: module odd is not in the picture: give it a layer in tests/architecture.rs",
            ),
        ] {
            assert_eq!(found(file, text), [expected], "{file}: {text}");
        }
    }

    #[test]
    fn super_inside_the_module_stays_inside() {
        let text = "use super::b::C; mod tests { use super::super::b; use super::*; } fn f() { super::b() }";
        assert_eq!(found("client/a.rs", text), [""; 0]);
        assert_eq!(
            found("client/mod.rs", "mod tests { use super::app; }"),
            [""; 0]
        );
    }

    #[test]
    fn what_differs_between_runs_is_found() {
        for (text, expected) in [
            ("use std::collections::{BTreeMap, HashMap};", "HashMap"),
            ("let x = std::time::Instant::now();", "Instant::now"),
            ("thread_local! { static X: u8 = 1; }", "thread_local"),
            ("static mut COUNT: u8 = 0;", "static::mut"),
            ("std::thread::spawn(f);", "std::thread"),
            ("use web_sys::window;", "web_sys"),
        ] {
            let found = found("sim/mod.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(
                found[0].contains(&format!("{expected} in the deterministic part")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn words_and_comments_are_no_code() {
        let text = "// crate::ui HashMap\n/* a /* b */ crate::ui */ const A: &str = \"crate::ui \\\" HashMap\";\n\
                    const B: &str = r#\"crate::ui \" HashMap\"#; const C: char = '\"'; const D: &[u8] = b\"HashMap\";\n\
                    fn f<'a>(x: &'a str) -> char { '\\'' }\nuse crate::ui;";
        assert_eq!(
            found("sim/mod.rs", text),
            ["5: sim uses ui, which is above it"]
        );
    }
}
