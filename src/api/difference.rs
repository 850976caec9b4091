//! How a refused change is shown: both values as JSON, a line for each field, and what differs between them as a
//! unified difference with three lines of context (`k8s.io/apimachinery/pkg/util/diff`).
//!
//! Which lines count as the same is decided as `github.com/pmezard/go-difflib` does, which is Python's difflib: the
//! longest common stretch first, then what is left and right of it.

use std::fmt::Write;
use std::ops::Range;

use crate::sim::ordered::Map;

/// Lines around a change.
const CONTEXT: usize = 3;
/// Of a text of so many lines, a line that comes more often than once in a hundred leads to no stretch.
const POPULAR_FROM: usize = 200;
/// When more lines than this are left between the common start and the common end, all of them count as changed.
const MOST_LINES: usize = 4000;

/// The differences between two JSON texts without blanks.
#[inline(never)] // it waits in the second file of the wasm until something is refused
pub fn of_json(then: &str, now: &str) -> String {
    let (then, now) = (indented(then), indented(now));
    let then: Vec<&str> = then.split('\n').collect();
    let now: Vec<&str> = now.split('\n').collect();
    let mut out = String::new();
    for group in grouped(&operations(&then, &now)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let olds = range(first.old.start, last.old.end);
        let news = range(first.new.start, last.new.end);
        let _ = writeln!(out, "@@ -{olds} +{news} @@");
        for operation in &group {
            let mut show = |mark: char, lines: &[&str], range: &Range<usize>| {
                for line in lines.get(range.clone()).unwrap_or_default() {
                    let _ = writeln!(out, "{mark}{line}");
                }
            };
            if operation.equal {
                show(' ', &then, &operation.old);
            } else {
                show('-', &then, &operation.old);
                show('+', &now, &operation.new);
            }
        }
    }
    out
}

/// As Go's `json.MarshalIndent` with a blank for each level.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut chars = json.chars().peekable();
    let newline = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth));
    };
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                if let Some(end) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    newline(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                newline(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                newline(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => out.push(c),
        }
    }
    out
}

fn range(from: usize, to: usize) -> String {
    match to - from {
        1 => (from + 1).to_string(),
        0 => format!("{from},0"),
        length => format!("{},{length}", from + 1),
    }
}

/// Lines that stay, or go for others.
#[derive(Clone, Debug)]
struct Operation {
    equal: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// A stretch of lines that both have.
#[derive(Clone, Copy)]
struct Match {
    old: usize,
    new: usize,
    length: usize,
}

fn operations(old: &[&str], new: &[&str]) -> Vec<Operation> {
    let mut operations = Vec::new();
    let (mut i, mut j) = (0, 0);
    let end = Match {
        old: old.len(),
        new: new.len(),
        length: 0,
    };
    for found in matches(old, new).into_iter().chain([end]) {
        if i < found.old || j < found.new {
            operations.push(Operation {
                equal: false,
                old: i..found.old,
                new: j..found.new,
            });
        }
        (i, j) = (found.old + found.length, found.new + found.length);
        if found.length > 0 {
            operations.push(Operation {
                equal: true,
                old: found.old..i,
                new: found.new..j,
            });
        }
    }
    operations
}

/// The common stretches, in order; those that touch are one.
fn matches(old: &[&str], new: &[&str]) -> Vec<Match> {
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = old.iter().zip(new).take_while(same).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest);
    let end = end.take_while(same).count();
    let mut found = Vec::new();
    if old.len().max(new.len()) - start - end > MOST_LINES {
        for (old, new, length) in [(0, 0, start), (old.len() - end, new.len() - end, end)] {
            found.push(Match { old, new, length });
        }
        return found;
    }
    let places = places(new);
    let mut open = vec![(0..old.len(), 0..new.len())];
    while let Some((olds, news)) = open.pop() {
        let longest = longest((old, olds.clone()), (new, news.clone()), &places);
        if longest.length == 0 {
            continue;
        }
        let (i, j) = (longest.old + longest.length, longest.new + longest.length);
        open.push((olds.start..longest.old, news.start..longest.new));
        open.push((i..olds.end, j..news.end));
        found.push(longest);
    }
    found.sort_by_key(|m| (m.old, m.new));
    let mut joined: Vec<Match> = Vec::new();
    for found in found {
        match joined.last_mut() {
            Some(last)
                if last.old + last.length == found.old && last.new + last.length == found.new =>
            {
                last.length += found.length;
            }
            _ => joined.push(found),
        }
    }
    joined
}

/// Where each line stands in the new text; without those that stand everywhere.
fn places<'l>(new: &[&'l str]) -> Map<&'l str, Vec<usize>> {
    let mut places: Map<&str, Vec<usize>> = Map::default();
    for (j, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(j);
    }
    if new.len() >= POPULAR_FROM {
        let most = new.len() / 100 + 1;
        places.retain(|_, at| at.len() <= most);
    }
    places
}

/// The longest common stretch; of several the one that begins first in the old text, then in the new one.
fn longest(
    (old, olds): (&[&str], Range<usize>),
    (new, news): (&[&str], Range<usize>),
    places: &Map<&str, Vec<usize>>,
) -> Match {
    let mut best = Match {
        old: olds.start,
        new: news.start,
        length: 0,
    };
    // How long the stretch is that ends at a line of the new text, and at the line before of the old one.
    let mut lengths: Map<usize, usize> = Map::default();
    for i in olds.clone() {
        let mut here: Map<usize, usize> = Map::default();
        let at = old.get(i).and_then(|line| places.get(line));
        for j in at
            .into_iter()
            .flatten()
            .copied()
            .filter(|j| news.contains(j))
        {
            let before = j.checked_sub(1).and_then(|j| lengths.get(&j));
            let length = before.copied().unwrap_or_default() + 1;
            here.insert(j, length);
            if length > best.length {
                best = Match {
                    old: i + 1 - length,
                    new: j + 1 - length,
                    length,
                };
            }
        }
        lengths = here;
    }
    // Lines that stand everywhere lengthen a stretch that others began.
    while best.old > olds.start
        && best.new > news.start
        && old.get(best.old - 1) == new.get(best.new - 1)
    {
        best.old -= 1;
        best.new -= 1;
        best.length += 1;
    }
    while best.old + best.length < olds.end
        && best.new + best.length < news.end
        && old.get(best.old + best.length) == new.get(best.new + best.length)
    {
        best.length += 1;
    }
    best
}

/// The operations in groups that are more than twice the context apart.
fn grouped(operations: &[Operation]) -> Vec<Vec<Operation>> {
    let mut operations = operations.to_vec();
    if operations.iter().all(|o| o.equal) {
        return Vec::new();
    }
    if let Some(first) = operations.first_mut().filter(|o| o.equal) {
        first.old.start = first.old.start.max(first.old.end.saturating_sub(CONTEXT));
        first.new.start = first.new.start.max(first.new.end.saturating_sub(CONTEXT));
    }
    if let Some(last) = operations.last_mut().filter(|o| o.equal) {
        last.old.end = last.old.end.min(last.old.start + CONTEXT);
        last.new.end = last.new.end.min(last.new.start + CONTEXT);
    }
    let mut groups = Vec::new();
    let mut group: Vec<Operation> = Vec::new();
    for mut operation in operations {
        if operation.equal && operation.old.len() > 2 * CONTEXT {
            group.push(Operation {
                equal: true,
                old: operation.old.start..operation.old.start + CONTEXT,
                new: operation.new.start..operation.new.start + CONTEXT,
            });
            groups.push(std::mem::take(&mut group));
            operation.old.start = operation.old.end - CONTEXT;
            operation.new.start = operation.new.end - CONTEXT;
        }
        group.push(operation);
    }
    if group.iter().any(|o| !o.equal) {
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_with_its_surroundings() {
        let then = r#"{"A":null,"B":{},"C":["x: {1,2}","\"y"],"D":1,"E":2,"F":3,"G":4,"H":5,"I":6,"J":7,"K":8,"L":9}"#;
        let now = then.replace("\"x: {1,2}\",", "").replace(":9", ":10");
        assert_eq!(
            of_json(then, &now),
            "@@ -2,7 +2,6 @@\n  \"A\": null,\n  \"B\": {},\n  \"C\": [\n-  \"x: {1,2}\",\n   \"\\\"y\"\n  ],\n  \"D\": 1,\n@@ -13,5 +12,5 @@\n  \"I\": 6,\n  \"J\": 7,\n  \"K\": 8,\n- \"L\": 9\n+ \"L\": 10\n }\n"
        );
        assert_eq!(of_json(then, then), "");
    }

    #[test]
    fn many_lines_are_told_apart_in_bounded_time() {
        let list = |word: &str| {
            let items: Vec<String> = (0..20_000)
                .map(|i| format!("\"{word}{}\"", i % 7))
                .collect();
            format!("[{}]", items.join(","))
        };
        let text = of_json(&list("a"), &list("b"));
        assert_eq!(text.lines().count(), 1 + 20_000 * 2 + 2);
    }
}
