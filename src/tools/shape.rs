//! `expand`, `fold`, `nl`, `rev` and `tac`: lines in another shape.

use super::call::{Call, Output};
use super::options::{has, options, value};

/// No line gets wider by a tab, and no number.
const WIDEST: usize = 1000;

fn number(text: Option<&str>, usual: usize) -> usize {
    let found = text.and_then(|t| t.parse::<usize>().ok());
    found.filter(|n| *n > 0).unwrap_or(usual).min(WIDEST)
}

pub fn expand(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, names) = options(&words, "t");
    let width = number(value(&flags, 't'), 8);
    let mut output = Output::default();
    let mut column = 0;
    for c in call.texts(&names, &mut output).chars() {
        match c {
            '\t' => {
                let blanks = width - column % width;
                output.out.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
                continue;
            }
            '\n' => column = 0,
            _ => column += 1,
        }
        output.out.push(c);
    }
    output
}

pub fn fold(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, names) = options(&words, "w");
    let width = number(value(&flags, 'w'), 80);
    let at_blanks = has(&flags, 's');
    let mut output = Output::default();
    let text = call.texts(&names, &mut output);
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let chars: Vec<char> = line.chars().collect();
        let mut rest = chars.as_slice();
        while rest.len() > width {
            let (head, _) = rest.split_at(width);
            let blank = head.iter().rposition(|c| *c == ' ').filter(|_| at_blanks);
            let (head, tail) = rest.split_at(blank.map_or(width, |at| at + 1));
            output.out.extend(head);
            output.out.push('\n');
            rest = tail;
        }
        output.out.extend(rest);
        output.out.push_str(end);
    }
    output
}

/// `nl [-b a|t|n] [-v FIRST] [-i STEP] [-w WIDTH] [-s SEPARATOR]`
pub fn nl(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (flags, names) = options(&words, "bviwsnhf");
    let style = value(&flags, 'b').unwrap_or("t");
    let whole = |letter: char, usual: i64| {
        let found = value(&flags, letter).and_then(|t| t.parse::<i64>().ok());
        found.unwrap_or(usual)
    };
    let (mut at, step) = (whole('v', 1), whole('i', 1));
    let width = number(value(&flags, 'w'), 6);
    let between = value(&flags, 's').unwrap_or("\t");
    let mut output = Output::default();
    for line in call.texts(&names, &mut output).lines() {
        let counts = match style {
            "a" => true,
            "n" => false,
            _ => !line.is_empty(),
        };
        let lead = match (counts, value(&flags, 'n')) {
            (false, _) => " ".repeat(width + between.chars().count()),
            (true, Some("ln")) => format!("{at:<width$}{between}"),
            (true, Some("rz")) => format!("{at:0width$}{between}"),
            (true, _) => format!("{at:width$}{between}"),
        };
        if counts {
            at = at.saturating_add(step);
        }
        output.out.push_str(&format!("{lead}{line}\n"));
    }
    output
}

pub fn rev(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (_, names) = options(&words, "");
    let mut output = Output::default();
    for line in call.texts(&names, &mut output).lines() {
        output.out.extend(line.chars().rev());
        output.out.push('\n');
    }
    output
}

pub fn tac(call: &mut Call<'_>) -> Output {
    let words = call.words.clone();
    let (_, names) = options(&words, "");
    let mut output = Output::default();
    let text = call.texts(&names, &mut output);
    for line in text.lines().rev() {
        output.out.push_str(line);
        output.out.push('\n');
    }
    output
}
