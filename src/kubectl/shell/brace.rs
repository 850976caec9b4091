//! Braces in words: `a{b,c}` and `{1..3}` stand for several words.

use super::lex::{Part, Word};

/// No word stands for more than so many.
const MOST_WORDS: usize = 4096;
const DEEPEST: usize = 8;

/// A letter that may be a brace, or a part that is none.
#[derive(Clone)]
enum Unit {
    Letter(char),
    Other(Part),
}

/// The words that a word stands for; itself if there are no braces in it.
pub fn expand(word: Word) -> Vec<Word> {
    let open =
        |part: &Part| matches!(part, Part::Text { text, quoted: false } if text.contains('{'));
    if !word.iter().any(open) {
        return vec![word];
    }
    let mut units = Vec::new();
    for part in word {
        match part {
            Part::Text {
                text,
                quoted: false,
            } => units.extend(text.chars().map(Unit::Letter)),
            other => units.push(Unit::Other(other)),
        }
    }
    let mut out = Vec::new();
    expand_units(&units, 0, &mut out);
    out.into_iter().map(join).collect()
}

fn join(units: Vec<Unit>) -> Word {
    let mut word = Word::new();
    for unit in units {
        match unit {
            Unit::Letter(c) => super::lex::push_text(&mut word, c.encode_utf8(&mut [0; 4]), false),
            Unit::Other(part) => word.push(part),
        }
    }
    word
}

fn is(unit: Option<&Unit>, wanted: char) -> bool {
    matches!(unit, Some(Unit::Letter(c)) if *c == wanted)
}

fn expand_units(units: &[Unit], depth: usize, out: &mut Vec<Vec<Unit>>) {
    let mut from = 0;
    while let Some(start) = (from..units.len()).find(|i| is(units.get(*i), '{')) {
        let Some((end, commas)) = matching(units, start) else {
            from = start + 1;
            continue;
        };
        let inside = units.get(start + 1..end).unwrap_or_default();
        let choices: Vec<Vec<Unit>> = if commas.is_empty() {
            match sequence(inside) {
                Some(words) => words
                    .iter()
                    .map(|w| w.chars().map(Unit::Letter).collect())
                    .collect(),
                None => {
                    from = start + 1;
                    continue;
                }
            }
        } else {
            let mut choices = Vec::new();
            let mut at = start + 1;
            for comma in commas.into_iter().chain([end]) {
                let choice = units.get(at..comma).unwrap_or_default();
                if depth < DEEPEST {
                    expand_units(choice, depth + 1, &mut choices);
                } else {
                    choices.push(choice.to_vec());
                }
                at = comma + 1;
            }
            choices
        };
        let mut tails = Vec::new();
        let tail = units.get(end + 1..).unwrap_or_default();
        match depth < DEEPEST {
            true => expand_units(tail, depth + 1, &mut tails),
            false => tails.push(tail.to_vec()),
        }
        let head = units.get(..start).unwrap_or_default();
        for choice in choices {
            for tail in &tails {
                if out.len() >= MOST_WORDS {
                    return;
                }
                out.push([head, &choice, tail].concat());
            }
        }
        return;
    }
    out.push(units.to_vec());
}

/// Where a brace closes, and the commas on its level.
fn matching(units: &[Unit], start: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0usize;
    let mut commas = Vec::new();
    for (i, unit) in units.iter().enumerate().skip(start) {
        match unit {
            Unit::Letter('{') => depth += 1,
            Unit::Letter('}') => {
                depth -= 1;
                if depth == 0 {
                    return Some((i, commas));
                }
            }
            Unit::Letter(',') if depth == 1 => commas.push(i),
            _ => {}
        }
    }
    None
}

/// `1..3`, `a..e`, `01..10`, `1..9..2`.
fn sequence(inside: &[Unit]) -> Option<Vec<String>> {
    let mut text = String::new();
    for unit in inside {
        match unit {
            Unit::Letter(c) => text.push(*c),
            Unit::Other(_) => return None,
        }
    }
    let mut parts = text.split("..");
    let (from, to, step) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let step: i64 = step.map_or(Some(1), |s| s.parse().ok())?;
    let step = step.checked_abs()?.max(1);
    let single = |text: &str| {
        let mut chars = text.chars();
        chars
            .next()
            .filter(|c| c.is_ascii_alphabetic() && chars.next().is_none())
    };
    let (first, last, width) = match (from.parse::<i64>(), to.parse::<i64>()) {
        (Ok(a), Ok(b)) => {
            let padded = |t: &str| t.trim_start_matches('-').starts_with('0') && t.len() > 1;
            let width = match padded(from) || padded(to) {
                true => from.len().max(to.len()),
                false => 0,
            };
            (a, b, Some(width))
        }
        _ => {
            let (a, b) = (single(from)?, single(to)?);
            (i64::from(u32::from(a)), i64::from(u32::from(b)), None)
        }
    };
    let mut out = Vec::new();
    let mut at = first;
    while (first <= last && at <= last) || (first > last && at >= last) {
        if out.len() >= MOST_WORDS {
            break;
        }
        out.push(match width {
            Some(width) => format!("{at:0width$}"),
            None => u32::try_from(at).ok().and_then(char::from_u32)?.to_string(),
        });
        let next = if first <= last {
            at.checked_add(step)
        } else {
            at.checked_sub(step)
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    Some(out)
}
