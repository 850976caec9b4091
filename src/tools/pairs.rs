//! `comm`, `join` and `paste`: lines of several files beside each other.

use std::cmp::Ordering;

use super::call::{Call, Output};
use super::options::{has, options, value};

fn two(call: &mut Call<'_>, names: &[&str]) -> Result<(String, String), Output> {
    let [first, second] = names else {
        let message = format!("{}: missing operand", call.name);
        return Err(Output::failed(&message, 1));
    };
    let mut read = |name: &str| call.text(name).map_err(|m| Output::failed(&m, 1));
    Ok((read(first)?, read(second)?))
}

/// `comm [-123] FILE FILE`, of sorted lines.
pub fn comm(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, names) = options(&words, "");
    let (first, second) = match two(call, &names) {
        Ok(texts) => texts,
        Err(output) => return output,
    };
    let hidden = ['1', '2', '3'].map(|letter| has(&flags, letter));
    let mut out = String::new();
    let mut write = |column: usize, line: &str| {
        if !hidden.get(column).copied().unwrap_or(true) {
            let before = hidden.iter().take(column).filter(|h| !**h).count();
            out.extend(std::iter::repeat_n('\t', before));
            out.push_str(line);
            out.push('\n');
        }
    };
    let mut left = first.lines().peekable();
    let mut right = second.lines().peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let line = match order {
            Ordering::Less => left.next(),
            Ordering::Greater => right.next(),
            Ordering::Equal => {
                right.next();
                left.next()
            }
        };
        let column = match order {
            Ordering::Less => 0,
            Ordering::Greater => 1,
            Ordering::Equal => 2,
        };
        write(column, line.unwrap_or_default());
    }
    Output::of(out)
}

/// `join [-1 FIELD] [-2 FIELD] [-j FIELD] [-t CHAR] [-a FILE] [-v FILE] FILE FILE`
pub fn join(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, names) = options(&words, "12jtave");
    let (first, second) = match two(call, &names) {
        Ok(texts) => texts,
        Err(output) => return output,
    };
    let mark = value(&flags, 't').and_then(|t| t.chars().next());
    let field = |letter: char| {
        let own = value(&flags, letter).or(value(&flags, 'j'));
        own.and_then(|f| f.parse::<usize>().ok())
            .unwrap_or(1)
            .max(1)
            - 1
    };
    let (own, other) = (field('1'), field('2'));
    let asked = |letter: char, file: &str| flags.contains(&(letter, file));
    let only = has(&flags, 'v');
    let cells = |line: &str| -> Vec<String> {
        match mark {
            Some(mark) => line.split(mark).map(str::to_owned).collect(),
            None => line.split_whitespace().map(str::to_owned).collect(),
        }
    };
    let between = mark.unwrap_or(' ').to_string();
    let key = |cells: &[String], at: usize| cells.get(at).cloned().unwrap_or_default();
    let rest = |cells: &[String], at: usize| -> Vec<String> {
        let others = cells.iter().enumerate().filter(|(i, _)| *i != at);
        others.map(|(_, cell)| cell.clone()).collect()
    };
    let left: Vec<Vec<String>> = first.lines().map(cells).collect();
    let right: Vec<Vec<String>> = second.lines().map(cells).collect();
    let mut used = vec![false; right.len()];
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for cells in &left {
        let wanted = key(cells, own);
        let mut found = false;
        for (cells_right, used) in right.iter().zip(&mut used) {
            if key(cells_right, other) != wanted {
                continue;
            }
            found = true;
            *used = true;
            if !only {
                let row = [
                    vec![wanted.clone()],
                    rest(cells, own),
                    rest(cells_right, other),
                ];
                rows.push((wanted.clone(), row.concat()));
            }
        }
        if !found && (asked('a', "1") || asked('v', "1")) {
            rows.push((wanted.clone(), [vec![wanted], rest(cells, own)].concat()));
        }
    }
    if asked('a', "2") || asked('v', "2") {
        for (cells, used) in right.iter().zip(used) {
            if !used {
                let wanted = key(cells, other);
                rows.push((wanted.clone(), [vec![wanted], rest(cells, other)].concat()));
            }
        }
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    Output::of(
        rows.iter()
            .map(|(_, row)| row.join(&between) + "\n")
            .collect(),
    )
}

/// `paste [-s] [-d LIST] [FILE...]`
pub fn paste(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, mut names) = options(&words, "d");
    let list: Vec<char> = match value(&flags, 'd') {
        None => vec!['\t'],
        Some(list) => super::print::unescape(list, false).0.chars().collect(),
    };
    let mark = |at: usize| list.get(at % list.len().max(1)).copied();
    if names.is_empty() {
        names.push("-");
    }
    let mut output = Output::default();
    let joined = |cells: &[&str]| -> String {
        let mut line = String::new();
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                line.extend(mark(i - 1));
            }
            line.push_str(cell);
        }
        line + "\n"
    };
    let mut texts = Vec::new();
    for name in &names {
        match call.text(name) {
            Ok(text) => texts.push(text),
            Err(message) => {
                output.complain(&message, 1);
                return output;
            }
        }
    }
    if has(&flags, 's') {
        for text in &texts {
            let lines: Vec<&str> = text.lines().collect();
            output.out.push_str(&joined(&lines));
        }
        return output;
    }
    // The input is one: each column that names it takes its next line.
    let inputs = names.iter().filter(|n| **n == "-").count();
    let mut columns: Vec<Vec<&str>> = Vec::new();
    let mut seen = 0;
    for (name, text) in names.iter().zip(&texts) {
        columns.push(match *name == "-" {
            false => text.lines().collect(),
            true => {
                seen += 1;
                text.lines().skip(seen - 1).step_by(inputs).collect()
            }
        });
    }
    let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..longest {
        let cells = columns
            .iter()
            .map(|c| c.get(at).copied().unwrap_or_default());
        output.out.push_str(&joined(&cells.collect::<Vec<_>>()));
    }
    output
}
