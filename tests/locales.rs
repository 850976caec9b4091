//! The catalogues in `static/locales` against each other, and against what the page says.
//!
//! Keys are literals (`say!("header.reset")`), so that reading the sources finds every one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

type Catalogue = BTreeMap<String, Value>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every language by its tag.
fn catalogues() -> BTreeMap<String, Catalogue> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("static/locales")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let tag = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            all.insert(
                tag,
                serde_json::from_str(&text).expect("a flat JSON object"),
            );
        }
    }
    all
}

/// The forms of a message: one, or one for each plural category.
fn forms(message: &Value) -> Vec<(&str, &str)> {
    match message {
        Value::String(text) => vec![("other", text)],
        Value::Object(forms) => forms
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str().unwrap()))
            .collect(),
        other => panic!("a message is a text or an object of texts, not {other}"),
    }
}

fn placeholders(message: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in forms(message) {
        for part in text.split('{').skip(1) {
            if let Some((name, _)) = part.split_once('}') {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// Files with an ending below a folder, with their text.
fn sources(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, ending: &str, out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, ending, out);
            } else if path.extension().is_some_and(|e| e == ending) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy();
                out.push((name.into_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    walk(&root().join(folder), ending, &mut out);
    out.sort();
    out
}

/// Rust without its comments, and without the tests at its end.
fn code(text: &str) -> String {
    // `mod tests;` leads to a file of its own.
    let is_end = |at: &usize| {
        let line = text.get(*at..).and_then(|t| t.lines().nth(1));
        line.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    let marks = text.match_indices("#[cfg(test)]\n").map(|(at, _)| at);
    let end = marks.into_iter().find(is_end).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The page's own Rust.
fn rust() -> Vec<(String, String)> {
    let mut all = sources("src/ui", "rs");
    all.extend(sources("src/app", "rs"));
    all.into_iter()
        .filter(|(name, _)| !name.ends_with("/tests.rs"))
        .map(|(name, text)| (name, code(&text)))
        .collect()
}

/// A call of `say!` or `t!`: its key, and the names of its arguments.
struct Call {
    file: String,
    key: String,
    names: BTreeSet<String>,
}

fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for (file, text) in rust() {
        for mark in ["say!(", "t!("] {
            for (at, _) in text.match_indices(mark) {
                // `assert!(` ends like `t!(`.
                let before = text.get(..at).and_then(|t| t.chars().next_back());
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    continue;
                }
                let arguments = arguments(&text[at + mark.len()..]);
                let mut arguments = arguments.iter().map(|a| a.trim());
                if mark == "t!(" {
                    arguments.next();
                }
                let Some(key) = arguments.next().filter(|a| a.starts_with('"')) else {
                    continue;
                };
                let names = arguments
                    .filter(|a| !a.is_empty())
                    .map(|a| a.split('=').next().unwrap_or_default().trim().to_owned());
                calls.push(Call {
                    file: file.clone(),
                    key: key.trim_matches('"').to_owned(),
                    names: names.collect(),
                });
            }
        }
    }
    calls
}

/// What stands between commas up to the closing bracket.
fn arguments(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for c in text.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            match c {
                '"' => quoted = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    out.push(String::new());
                    continue;
                }
                _ => {}
            }
        }
        out.last_mut().unwrap().push(c);
    }
    out
}

/// Keys that files beside the Rust use: `say("page.title", …)`, and the name of a language.
fn other_keys() -> BTreeSet<String> {
    let boot = fs::read_to_string(root().join("static/boot.js")).unwrap();
    boot.split("say(\"")
        .skip(1)
        .filter_map(|part| part.split_once('"'))
        .map(|(key, _)| key.to_owned())
        .chain(["page.language".to_owned()])
        .collect()
}

#[test]
fn every_key_that_is_used_is_there_and_every_key_that_is_there_is_used() {
    let mut used = other_keys();
    used.extend(calls().into_iter().map(|call| call.key));
    assert!(used.len() > 100, "the sources were not understood");
    for (tag, catalogue) in catalogues() {
        let there: BTreeSet<String> = catalogue.keys().cloned().collect();
        let missing: Vec<_> = used.difference(&there).collect();
        let unused: Vec<_> = there.difference(&used).collect();
        assert!(missing.is_empty(), "{tag}.json lacks {missing:?}");
        assert!(unused.is_empty(), "nothing says {unused:?} of {tag}.json");
    }
}

#[test]
fn every_language_has_the_same_placeholders() {
    let all = catalogues();
    for (tag, catalogue) in &all {
        for (key, message) in catalogue {
            let wanted = all["en"].get(key).map(placeholders);
            assert_eq!(Some(placeholders(message)), wanted, "{key} of {tag}.json");
        }
    }
}

#[test]
fn every_placeholder_is_filled() {
    let english = &catalogues()["en"];
    for call in calls() {
        let Some(message) = english.get(&call.key) else {
            continue;
        };
        for name in placeholders(message) {
            assert!(
                call.names.contains(&name),
                "{}: {} needs {name}",
                call.file,
                call.key
            );
        }
        if message.is_object() {
            assert!(
                call.names.contains("n"),
                "{}: {} needs n to choose a form",
                call.file,
                call.key
            );
        }
    }
}

/// Which forms a language has is its own affair (`web/scripts/page.test.mjs` asks the browser's
/// tables); every one has the last resort, and English has its two.
#[test]
fn plural_forms_are_complete() {
    for (tag, catalogue) in catalogues() {
        for (key, message) in &catalogue {
            let names: Vec<&str> = forms(message).into_iter().map(|(name, _)| name).collect();
            assert!(names.contains(&"other"), "{key} of {tag}.json: {names:?}");
            if tag == "en" && message.is_object() {
                assert_eq!(names, ["one", "other"], "{key}");
            }
            for (name, text) in forms(message) {
                assert!(
                    !text.is_empty(),
                    "{key} ({name}) of {tag}.json says nothing"
                );
            }
        }
    }
}

#[test]
fn catalogues_are_sorted() {
    for entry in fs::read_dir(root().join("static/locales")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let keys: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  \"")?.split_once("\":"))
            .map(|(key, _)| key)
            .collect();
        assert!(keys.is_sorted(), "{}", path.display());
    }
}

/// Literals of the page that are no message: names, and words that are the same in every language.
const SAME_IN_EVERY_LANGUAGE: [&str; 8] = [
    "Kubarium",
    "Ctrl+C",
    "Service",
    "Traffic",
    "kube-system",
    "kubectl apply -f ",
    "ownerReference",
    "selector",
];

/// Whole literals elsewhere that look like sentences and are none.
const NO_SENTENCES: [&str; 13] = [
    // What is typed, and what bash says.
    "kubectl get pods",
    "kubectl get pods -w",
    "kubectl apply",
    "kubectl apply -f cluster.yaml",
    "kubectl proxy --www=dist",
    "kind create cluster --config kind.yaml",
    "(reverse-i-search)`{}': ",
    // A verb of the log of causes.
    "update status",
    // kubectl's own words.
    "{f} not set",
    "the manifest is not an object",
    "error validating data: {list}",
    "no matches for kind \"{name}\" in version \"{version}\"",
    "{name} in version \"{}\" cannot be handled as a {name}: {reason}",
];

#[test]
fn the_page_says_nothing_that_no_catalogue_has() {
    let found: Vec<String> = rust()
        .iter()
        .flat_map(|(file, text)| spoken(file, text))
        .collect();
    assert!(
        found.is_empty(),
        "these belong into static/locales:\n{}",
        found.join("\n")
    );
}

#[test]
fn words_outside_of_the_catalogues_are_found() {
    let bad = [
        r#"html! { <p class="k-soft k-wide">{ "Nothing" }</p> }"#,
        "html! {\n    <h2>\n        { \"Events\" }\n    </h2>\n}",
        r#"<button aria-label="Close" title={t!(w, "files.new")} />"#,
        r#"model.say("All is well.".into())"#,
        r#"format!("{n} pods left")"#,
    ];
    for text in bad {
        assert_eq!(spoken("src/ui/a.rs", text).len(), 1, "{text}");
    }
    let good = r#"<p class="k-tile is-busy" id={format!("tile-{}", uid)}>{ t!(w, "files.new") }{ " · " }</p>"#;
    assert_eq!(spoken("src/ui/a.rs", good), Vec::<String>::new());
}

/// Literals of a file that people would read.
fn spoken(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (before, literal, after) in literals(text) {
        if SAME_IN_EVERY_LANGUAGE.contains(&&*literal) || NO_SENTENCES.contains(&&*literal) {
            continue;
        }
        let before = before.trim_end();
        let is_name = ["say!(", "#[wasm_bindgen(inline_js =", "include_str!("]
            .iter()
            .any(|mark| before.ends_with(mark));
        let is_spoken = ["aria-label=", "title=", "placeholder=", "label=", "alt="]
            .iter()
            .any(|mark| before.ends_with(mark));
        let is_text_node = file.starts_with("src/ui") && before.ends_with("{") && {
            let line = before
                .lines()
                .next_back()
                .unwrap_or_default()
                .trim_end_matches('{');
            line.trim().is_empty() && before.trim_end_matches('{').trim_end().ends_with('>')
                || line.trim_end().ends_with('>')
        };
        // What CodeMirror asks with, beside what it is answered.
        let is_asked = after.starts_with(", say!(");
        let letters = literal
            .split(|c: char| !c.is_alphabetic())
            .any(|run| run.len() > 2);
        let bad = letters && (is_spoken || is_text_node) || looks_like_words(&literal);
        if bad && !is_name && !is_asked {
            found.push(format!("{file}: {literal:?}"));
        }
    }
    found
}

/// Two words with a space between them, and no sign of code.
fn looks_like_words(literal: &str) -> bool {
    let words: Vec<&str> = literal.split(' ').collect();
    let is_word = |word: &str| {
        let word = word.trim_matches(|c: char| ".,:;!?'\"()".contains(c));
        word.len() > 1 && word.chars().all(char::is_alphabetic)
    };
    !literal.contains("strict decoding error")
        && !literal.contains("://")
        // A selector.
        && !literal.contains("[role=")
        && words.windows(2).any(|pair| pair.iter().all(|w| is_word(w)))
}

/// The string literals of Rust, each with what stands before and behind it.
fn literals(text: &str) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut seen = String::new();
    while let Some(at) = rest.find('"') {
        let (before, after) = rest.split_at(at);
        seen.push_str(before);
        // A character literal, or a lifetime's quote: '"'.
        if before.ends_with('\'') && after.starts_with("\"'") {
            seen.push_str("\"'");
            rest = &after[2..];
            continue;
        }
        let mut literal = String::new();
        let mut end = 1;
        let mut escaped = false;
        for c in after[1..].chars() {
            end += c.len_utf8();
            match c {
                '"' if !escaped => break,
                '\\' if !escaped => escaped = true,
                c => {
                    escaped = false;
                    literal.push(c);
                }
            }
        }
        let tail: String = seen.chars().rev().take(80).collect();
        let behind = after[end..].chars().take(16).collect();
        out.push((tail.chars().rev().collect(), literal, behind));
        seen.push_str(&after[..end]);
        rest = &after[end..];
    }
    out
}
