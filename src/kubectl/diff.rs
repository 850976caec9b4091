//! Unified differences of two texts, as `diff -u -N` prints them, which `kubectl diff` runs.
//!
//! The changed lines are found by Myers' greedy algorithm and then slid as GNU diff slides them
//! (`analyze.c` `shift_boundaries`), so that hunks fall where a reader expects them.

use crate::sim::ordered::Map as BTreeMap;
use std::fmt::Write;

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// When more lines than this differ, the whole stretch between the common start and the common end
/// counts as changed. Bounds time and memory to the square of it.
const MAX_EDITS: usize = 1000;

/// The differences, empty when there are none. The labels stand behind `---` and `+++`: a name, a
/// tab and a time.
pub fn unified(old_label: &str, new_label: &str, old: &str, new: &str) -> String {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let changes = changed_lines(&old_lines, &new_lines);
    let mut out = String::new();
    for hunk in hunks(&changes, old_lines.len(), new_lines.len()) {
        if out.is_empty() {
            let _ = writeln!(out, "--- {old_label}\n+++ {new_label}");
        }
        write_hunk(&mut out, &hunk, &old_lines, &new_lines);
    }
    out
}

/// The differences as plain `diff` prints them.
pub fn plain(old: &str, new: &str) -> String {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let range = |range: &std::ops::Range<usize>| match range.len() {
        0 => range.start.to_string(),
        1 => (range.start + 1).to_string(),
        _ => format!("{},{}", range.start + 1, range.end),
    };
    let mut out = String::new();
    for change in changed_lines(&old_lines, &new_lines) {
        let letter = match (change.old.is_empty(), change.new.is_empty()) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        let _ = writeln!(out, "{}{letter}{}", range(&change.old), range(&change.new));
        marked(&mut out, "< ", old_lines.get(change.old.clone()));
        if letter == 'c' {
            out.push_str("---\n");
        }
        marked(&mut out, "> ", new_lines.get(change.new.clone()));
    }
    out
}

fn marked(out: &mut String, mark: &str, lines: Option<&[&str]>) {
    for line in lines.unwrap_or_default() {
        out.push_str(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// Lines with their line break, the last one perhaps without.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// One stretch of changed lines: `old` and `new` are ranges of line numbers from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

fn changed_lines<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Change> {
    let mut numbers: BTreeMap<&'a str, u32> = BTreeMap::new();
    let mut intern = |lines: &[&'a str]| -> Vec<u32> {
        let number = |line: &&'a str| {
            let next = numbers.len() as u32;
            *numbers.entry(line).or_insert(next)
        };
        lines.iter().map(number).collect()
    };
    let (ids_of_old, ids_of_new) = (intern(old), intern(new));
    let (mut gone, mut come) = mark(&ids_of_old, &ids_of_new);
    shift(&ids_of_old, &mut gone, &come);
    shift(&ids_of_new, &mut come, &gone);
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        let (from_i, from_j) = (i, j);
        while is_set(&gone, i) {
            i += 1;
        }
        while is_set(&come, j) {
            j += 1;
        }
        if (from_i, from_j) != (i, j) {
            changes.push(Change {
                old: from_i..i,
                new: from_j..j,
            });
        }
        i += 1;
        j += 1;
    }
    changes
}

fn is_set(flags: &[bool], at: usize) -> bool {
    flags.get(at).copied().unwrap_or(false)
}

/// Marks the lines that are gone from the old and come with the new text.
fn mark(old: &[u32], new: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - start;
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(most)
        .take_while(|(a, b)| a == b)
        .count();
    let (mut gone, mut come) = (vec![false; old.len()], vec![false; new.len()]);
    let (a, b) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    match trace(a, b) {
        Some(trace) => backtrack(&trace, a.len(), b.len(), |x, y| match (x, y) {
            (Some(x), _) => gone[start + x] = true,
            (_, Some(y)) => come[start + y] = true,
            _ => {}
        }),
        None => {
            gone[start..start + a.len()].fill(true);
            come[start..start + b.len()].fill(true);
        }
    }
    (gone, come)
}

/// The furthest point on each diagonal for every number of edits, the diagonals `-d..=d` in a row
/// of `2d + 1`. `None` when more than [`MAX_EDITS`] edits are needed.
fn trace(a: &[u32], b: &[u32]) -> Option<Vec<Vec<usize>>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for d in 0..=(a.len() + b.len()).min(MAX_EDITS) {
        let mut row = vec![0usize; 2 * d + 1];
        for k in (-(d as isize)..=d as isize).step_by(2) {
            let mut x = match rows.last() {
                Some(before) => step(before, d - 1, k).0,
                None => 0,
            };
            let mut y = (x as isize - k).max(0) as usize;
            while x < a.len() && y < b.len() && a[x] == b[y] {
                x += 1;
                y += 1;
            }
            row[(k + d as isize) as usize] = x;
            if x >= a.len() && y >= b.len() && k == a.len() as isize - b.len() as isize {
                rows.push(row);
                return Some(rows);
            }
        }
        rows.push(row);
    }
    None
}

/// From the row of `d` edits to diagonal `k` with one edit more: where x starts, and whether the
/// edit is an insertion.
fn step(row: &[usize], d: usize, k: isize) -> (usize, bool) {
    let at = |k: isize| {
        let i = k + d as isize;
        usize::try_from(i).ok().and_then(|i| row.get(i)).copied()
    };
    match (at(k - 1), at(k + 1)) {
        (Some(left), Some(down)) if left < down => (down, true),
        (Some(left), _) => (left + 1, false),
        (None, down) => (down.unwrap_or(0), true),
    }
}

/// Walks the trace back to the start and reports each edit: `(Some(x), None)` deletes, `(None,
/// Some(y))` inserts.
fn backtrack(
    rows: &[Vec<usize>],
    mut x: usize,
    mut y: usize,
    mut edit: impl FnMut(Option<usize>, Option<usize>),
) {
    for d in (1..rows.len()).rev() {
        let k = x as isize - y as isize;
        let (start, inserts) = step(&rows[d - 1], d - 1, k);
        let start_y = (start as isize - k).max(0) as usize;
        if inserts {
            y = start_y.saturating_sub(1);
            x = start;
            edit(None, Some(y));
        } else {
            x = start.saturating_sub(1);
            y = start_y;
            edit(Some(x), None);
        }
    }
}

/// Slides each stretch of changed lines as far down as it goes without changing the meaning, but
/// back up to where it meets a stretch in the other text.
fn shift(ids: &[u32], changed: &mut [bool], other: &[bool]) {
    let end = ids.len();
    let (mut i, mut j) = (0usize, 0usize);
    loop {
        while i < end && !changed[i] {
            while is_set(other, j) {
                j += 1;
            }
            j += 1;
            i += 1;
        }
        if i == end {
            return;
        }
        let mut start = i;
        while is_set(changed, i) {
            i += 1;
        }
        while is_set(other, j) {
            j += 1;
        }
        let mut corresponding;
        loop {
            let length = i - start;
            while start > 0 && ids[start - 1] == ids[i - 1] {
                start -= 1;
                i -= 1;
                changed[start] = true;
                changed[i] = false;
                while start > 0 && changed[start - 1] {
                    start -= 1;
                }
                j = previous(other, j);
            }
            corresponding = if j > 0 && is_set(other, j - 1) {
                i
            } else {
                end
            };
            while i < end && ids[start] == ids[i] {
                changed[start] = false;
                changed[i] = true;
                start += 1;
                i += 1;
                while is_set(changed, i) {
                    i += 1;
                }
                j += 1;
                while is_set(other, j) {
                    corresponding = i;
                    j += 1;
                }
            }
            if length == i - start {
                break;
            }
        }
        while corresponding < i {
            start -= 1;
            i -= 1;
            changed[start] = true;
            changed[i] = false;
            j = previous(other, j);
        }
    }
}

/// The place of the unchanged line before `j`.
fn previous(other: &[bool], j: usize) -> usize {
    let mut j = j.saturating_sub(1);
    while j > 0 && is_set(other, j) {
        j -= 1;
    }
    j
}

/// Changes that share their context, with the lines around them.
struct Hunk {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
    changes: Vec<Change>,
}

fn hunks(changes: &[Change], old_len: usize, new_len: usize) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for change in changes {
        let old_end = (change.old.end + CONTEXT).min(old_len);
        let new_end = (change.new.end + CONTEXT).min(new_len);
        match hunks.last_mut() {
            Some(hunk) if change.old.start <= hunk.old.end + CONTEXT => {
                hunk.old.end = old_end;
                hunk.new.end = new_end;
                hunk.changes.push(change.clone());
            }
            _ => hunks.push(Hunk {
                old: change.old.start.saturating_sub(CONTEXT)..old_end,
                new: change.new.start.saturating_sub(CONTEXT)..new_end,
                changes: vec![change.clone()],
            }),
        }
    }
    hunks
}

fn write_hunk(out: &mut String, hunk: &Hunk, old: &[&str], new: &[&str]) {
    let _ = writeln!(out, "@@ -{} +{} @@", range(&hunk.old), range(&hunk.new));
    let mut at = hunk.old.start;
    for change in &hunk.changes {
        write_lines(out, ' ', &old[at..change.old.start]);
        write_lines(out, '-', &old[change.old.clone()]);
        write_lines(out, '+', &new[change.new.clone()]);
        at = change.old.end;
    }
    write_lines(out, ' ', &old[at..hunk.old.end]);
}

/// `start,length`, counted from 1; a length of 1 is left out, an empty range starts one line before.
fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        length => format!("{},{length}", lines.start + 1),
    }
}

fn write_lines(out: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(old: &str, new: &str, want: Expect) {
        want.assert_eq(&unified("old", "new", old, new));
    }

    #[test]
    fn nothing_changed() {
        check("a\nb\n", "a\nb\n", expect![""]);
        check("", "", expect![""]);
    }

    #[test]
    fn a_new_file() {
        check(
            "",
            "a\nb\n",
            expect![[r#"
                --- old
                +++ new
                @@ -0,0 +1,2 @@
                +a
                +b
            "#]],
        );
        check(
            "a\n",
            "",
            expect![[r#"
                --- old
                +++ new
                @@ -1 +0,0 @@
                -a
            "#]],
        );
    }

    #[test]
    fn two_hunks_and_one() {
        let old: String = (1..=20).map(|i| format!("{i}\n")).collect();
        let far = old
            .replace("\n3\n", "\nthree\n")
            .replace("\n15\n", "\n15\nnew\n");
        check(
            &old,
            &far,
            expect![[r#"
                --- old
                +++ new
                @@ -1,6 +1,6 @@
                 1
                 2
                -3
                +three
                 4
                 5
                 6
                @@ -13,6 +13,7 @@
                 13
                 14
                 15
                +new
                 16
                 17
                 18
            "#]],
        );
        let near = old.replace("\n3\n", "\n").replace("\n10\n", "\nten\n");
        check(
            &old,
            &near,
            expect![[r#"
                --- old
                +++ new
                @@ -1,13 +1,12 @@
                 1
                 2
                -3
                 4
                 5
                 6
                 7
                 8
                 9
                -10
                +ten
                 11
                 12
                 13
            "#]],
        );
    }

    #[test]
    fn insertions_slide_down() {
        check(
            "list:\n- name: a\n  x: 1\n- name: b\n  x: 1\n",
            "list:\n- name: a\n  x: 1\n- name: b\n  x: 1\n- name: b\n  x: 1\n",
            expect![[r#"
                --- old
                +++ new
                @@ -3,3 +3,5 @@
                   x: 1
                 - name: b
                   x: 1
                +- name: b
                +  x: 1
            "#]],
        );
    }

    #[test]
    fn the_last_line_without_a_break() {
        check(
            "a\nb",
            "a\nb\n",
            expect![[r#"
                --- old
                +++ new
                @@ -1,2 +1,2 @@
                 a
                -b
                \ No newline at end of file
                +b
            "#]],
        );
    }

    /// Applies a unified difference, strictly.
    fn patch(old: &str, diff: &str) -> String {
        let old = lines(old);
        let (mut at, mut out) = (0, String::new());
        for line in diff.split_inclusive('\n').skip(2) {
            match line.split_at(1) {
                ("@", rest) => {
                    let start = rest.split(['-', ',', ' ']).nth(2).unwrap();
                    let start: usize = start.parse().unwrap();
                    let empty = rest.starts_with(&format!("@ -{start},0 "));
                    let start = if empty { start } else { start - 1 };
                    out.push_str(&old[at..start].concat());
                    at = start;
                }
                (mark, text) => {
                    if mark != "+" {
                        assert_eq!(old[at], text);
                        at += 1;
                    }
                    if mark != "-" {
                        out.push_str(text);
                    }
                }
            }
        }
        out.push_str(&old[at..].concat());
        out
    }

    #[test]
    fn every_difference_leads_from_old_to_new() {
        // A small generator of texts over few lines, so that much repeats.
        let mut state = 1u64;
        let mut next = |bound: u64| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) % bound
        };
        for round in 0..2000 {
            let mut text =
                || -> String { (0..next(30)).map(|_| format!("{}\n", next(5))).collect() };
            let (old, new) = (text(), text());
            let diff = unified("a", "b", &old, &new);
            assert_eq!(patch(&old, &diff), new, "round {round}\n{diff}");
        }
        let (old, new): (String, String) = (
            (0..3000).map(|i| format!("{i}\n")).collect(),
            (0..3000).map(|i| format!("x{i}\n")).collect(),
        );
        assert_eq!(patch(&old, &unified("a", "b", &old, &new)), new);
    }
}
