//! `base64` and `xargs`.

use std::rc::Rc;

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::client::LocalFuture;
use crate::tools::options;

/// `base64 [-d] [-w COLUMNS] [FILE]`.
pub async fn base64(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let short: Vec<String> = arguments
        .iter()
        .map(|word| match word.as_str() {
            "--decode" => "-d".to_owned(),
            word => match word.strip_prefix("--wrap=") {
                Some(columns) => format!("-w{columns}"),
                None => word.to_owned(),
            },
        })
        .collect();
    let (flags, names) = options(&short, "w");
    let text = match read_all(shell, io, "base64", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    if flags.iter().any(|(letter, _)| matches!(letter, 'd' | 'D')) {
        let (bytes, whole) = decode(&text);
        io.out.write(&String::from_utf8_lossy(&bytes));
        return match whole {
            true => 0,
            false => fail(io, "base64: invalid input", 1),
        };
    }
    let columns = flags
        .iter()
        .find(|(letter, _)| *letter == 'w')
        .map_or(76, |(_, value)| value.parse().unwrap_or(76));
    let encoded = crate::api::base64::encode(text.as_bytes());
    if columns == 0 {
        io.out.write(&encoded);
        return 0;
    }
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(columns.min(rest.len()));
        io.out.line(line);
        rest = tail;
    }
    0
}

/// The bytes, and whether the text was whole; blanks are skipped.
pub fn decode(text: &str) -> (Vec<u8>, bool) {
    crate::api::base64::decode_part(text.bytes().filter(|b| !b.is_ascii_whitespace()))
}

/// `xargs [-n MOST] [-I TEXT] [COMMAND [WORDS]]`: the words of the input as arguments.
pub fn xargs<'a>(
    shell: &'a Rc<Shell>,
    io: &'a Io,
    arguments: &'a [String],
) -> LocalFuture<'a, i32> {
    Box::pin(async move {
        let mut most = usize::MAX;
        let mut place = None;
        let mut empty = true;
        let (mut nulls, mut shown) = (false, false);
        let mut rest = arguments;
        while let Some((first, tail)) = rest.split_first() {
            let Some(letters) = first.strip_prefix('-').filter(|l| !l.is_empty()) else {
                break;
            };
            rest = tail;
            match letters {
                "r" | "-no-run-if-empty" => {
                    empty = false;
                    continue;
                }
                "0" | "-null" => {
                    nulls = true;
                    continue;
                }
                "t" | "-verbose" => {
                    shown = true;
                    continue;
                }
                _ => {}
            }
            let Some((letter, inline)) = letters.split_at_checked(1) else {
                return fail(io, &format!("xargs: invalid option: {first}"), 1);
            };
            let value = match (inline, rest.split_first()) {
                ("", Some((value, tail))) => {
                    rest = tail;
                    value.as_str()
                }
                (inline, _) => inline,
            };
            match (letter, value.parse::<usize>()) {
                ("n" | "L", Ok(number)) if number > 0 => most = number,
                ("I", _) if !value.is_empty() => place = Some(value),
                ("P", Ok(_)) => {}
                _ => return fail(io, &format!("xargs: invalid option: {first}"), 1),
            }
        }
        let text = match &io.input {
            Some(pipe) => pipe.rest().await,
            None => String::new(),
        };
        let echo = ["echo".to_owned()];
        let command = if rest.is_empty() { &echo[..] } else { rest };
        let words: Vec<String> = match place {
            Some(_) => text
                .lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect(),
            None if nulls => {
                let pieces = text.split('\0').filter(|piece| !piece.is_empty());
                pieces.map(str::to_owned).collect()
            }
            None => words_of(&text),
        };
        if words.is_empty() && (!empty || place.is_some()) {
            return 0;
        }
        let mut code = 0;
        let size = match place {
            Some(_) => 1,
            None => most.min(words.len().max(1)),
        };
        let groups: Vec<&[String]> = match words.is_empty() {
            true => vec![&[]],
            false => words.chunks(size).collect(),
        };
        for group in groups {
            let mut line: Vec<String> = command.to_vec();
            match (place, group) {
                (Some(place), [word]) => {
                    line = line.iter().map(|part| part.replace(place, word)).collect();
                }
                _ => line.extend_from_slice(group),
            }
            let Some((name, arguments)) = line.split_first() else {
                break;
            };
            if shown {
                io.err.line(&line.join(" "));
            }
            let inner = Io {
                input: None,
                ..io.clone()
            };
            let ended = super::super::run::run_named(shell, inner, name, arguments, false).await;
            match ended.code {
                0 => {}
                127 => return 127,
                _ => code = 123,
            }
            shell.world.breathe().await;
        }
        code
    })
}

/// Words that blanks separate; quotes and backslashes keep them together.
fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_what_it_writes() {
        for text in ["", "a", "ab", "abc", "Grüße\n"] {
            let encoded = crate::api::base64::encode(text.as_bytes());
            assert_eq!(decode(&encoded), (text.as_bytes().to_vec(), true), "{text}");
        }
        assert_eq!(decode("YQ").0, b"a");
        assert!(!decode("Y!==").1);
        assert!(!decode("YQ==YQ==").1);
    }
}
