//! The words of a template: text between actions, and the tokens of each action with their places.

/// An offset into the source, in bytes.
pub type Place = usize;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// The name of a function, or a keyword.
    Word(String),
    /// A quoted text: as it was written, and what it means.
    Text(String, String),
    Number(String),
    Symbol(&'static str),
    /// `.a`; empty for the dot itself.
    Field(String),
    /// `$`, `$x`.
    Variable(String),
    /// Blanks: they part operands from what follows them at once.
    Blank,
}

pub enum Piece {
    Text(String),
    /// Its tokens, and where it ends.
    Action(Vec<(Token, Place)>, Place),
}

/// An error, and where it is.
pub type Failed = (String, Place);

/// Parts a source; `{{-` and `-}}` take the blanks beside them away.
pub fn pieces(source: &str) -> Result<Vec<Piece>, Failed> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut trim = false;
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let found = rest.find("{{");
        let mut text = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
        if trim {
            text = text.trim_start();
        }
        let Some(found) = found else {
            out.push(Piece::Text(text.to_owned()));
            return Ok(out);
        };
        let open = at + found;
        at = open + 2;
        let inside = source.get(at..).unwrap_or_default();
        if inside.starts_with('-') && inside.chars().nth(1).is_some_and(char::is_whitespace) {
            text = text.trim_end();
            at += 1;
        }
        out.push(Piece::Text(text.to_owned()));
        let inside = source.get(at..).unwrap_or_default();
        if inside.trim_start().starts_with("/*") {
            let Some(end) = inside.find("*/") else {
                return Err(("unclosed comment".to_owned(), open));
            };
            let behind = inside.get(end + 2..).unwrap_or_default();
            let trimmed = behind.trim_start();
            let skipped = behind.len() - trimmed.len();
            let (closing, length) = match trimmed.starts_with("-}}") && skipped > 0 {
                true => (true, 3),
                false if behind.starts_with("}}") => (false, 2),
                false => return Err(("comment ends before closing delimiter".to_owned(), open)),
            };
            at += end + 2 + if closing { skipped } else { 0 } + length;
            trim = closing;
            continue;
        }
        let (tokens, behind, closing) = action(source, at)?;
        out.push(Piece::Action(tokens, behind));
        (at, trim) = (behind, closing);
    }
}

/// The tokens of an action that begins at a place, where it ends, and whether blanks behind it go.
#[allow(clippy::type_complexity)]
fn action(source: &str, begin: Place) -> Result<(Vec<(Token, Place)>, Place, bool), Failed> {
    let mut tokens = Vec::new();
    let mut at = begin;
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        let blanks = rest.len() - trimmed.len();
        if blanks > 0 {
            tokens.push((Token::Blank, at));
        }
        at += blanks;
        if trimmed.starts_with("-}}") && blanks > 0 {
            return Ok((tokens, at + 3, true));
        }
        if trimmed.starts_with("}}") {
            return Ok((tokens, at + 2, false));
        }
        let Some(first) = trimmed.chars().next() else {
            return Err(("unclosed action".to_owned(), at));
        };
        let (token, length) = token(first, trimmed).map_err(|message| (message, at))?;
        tokens.push((token, at));
        at += length;
    }
}

fn token(first: char, rest: &str) -> Result<(Token, usize), String> {
    let after = rest.get(1..).unwrap_or_default();
    let word = |text: &str| text.find(|c: char| !is_letter(c)).unwrap_or(text.len());
    Ok(match first {
        '"' => {
            let (meaning, length) = quoted(rest)?;
            let written = rest.get(..length).unwrap_or_default().to_owned();
            (Token::Text(written, meaning), length)
        }
        '\'' => character(rest)?,
        '`' => {
            let Some(end) = after.find('`') else {
                return Err("unterminated raw quoted string".to_owned());
            };
            let written = rest.get(..end + 2).unwrap_or_default().to_owned();
            let meaning = after.get(..end).unwrap_or_default().to_owned();
            (Token::Text(written, meaning), end + 2)
        }
        '.' if !after.starts_with(|c: char| c.is_ascii_digit()) => {
            let end = word(after);
            let name = after.get(..end).unwrap_or_default();
            terminated(after.get(end..).unwrap_or_default())?;
            (Token::Field(name.to_owned()), end + 1)
        }
        '$' => {
            let end = word(after);
            let name = after.get(..end).unwrap_or_default();
            terminated(after.get(end..).unwrap_or_default())?;
            (Token::Variable(name.to_owned()), end + 1)
        }
        '0'..='9' | '-' | '+' | '.' => {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_')
                .unwrap_or(after.len());
            let written = rest.get(..end + 1).unwrap_or_default();
            (Token::Number(written.to_owned()), end + 1)
        }
        first if is_letter(first) => {
            let end = word(rest);
            terminated(rest.get(end..).unwrap_or_default())?;
            (
                Token::Word(rest.get(..end).unwrap_or_default().to_owned()),
                end,
            )
        }
        _ => {
            let symbol = [":=", "|", "(", ")", ",", "="]
                .into_iter()
                .find(|symbol| rest.starts_with(*symbol));
            match symbol {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => {
                    return Err(format!(
                        "unrecognized character in action: U+{:04X} '{first}'",
                        u32::from(first)
                    ));
                }
            }
        }
    })
}

/// Behind a name only some characters may follow (`atTerminator`).
fn terminated(behind: &str) -> Result<(), String> {
    match behind.chars().next() {
        Some(c) if !c.is_whitespace() && !".,|:()".contains(c) && !behind.starts_with("}}") => {
            Err(format!("bad character U+{:04X} '{c}'", u32::from(c)))
        }
        _ => Ok(()),
    }
}

/// What a text in quotes means, and how long it is with them.
fn quoted(rest: &str) -> Result<(String, usize), String> {
    let length = closed(rest, '"').ok_or("unterminated quoted string")?;
    let inside = rest.get(1..length - 1).unwrap_or_default();
    let meaning = unquoted(inside, '"').ok_or("invalid syntax")?;
    Ok((meaning, length))
}

/// A character in single quotes is the number that it has.
fn character(rest: &str) -> Result<(Token, usize), String> {
    let length = closed(rest, '\'').ok_or("unterminated character constant")?;
    let written = rest.get(..length).unwrap_or_default();
    let inside = written.get(1..length - 1).unwrap_or_default();
    let meaning = unquoted(inside, '\'').unwrap_or_default();
    let mut chars = meaning.chars();
    match (chars.next(), chars.next()) {
        (Some(_), None) => Ok((Token::Number(written.to_owned()), length)),
        _ => Err(format!("malformed character constant: {written}")),
    }
}

/// The number of a character in quotes.
pub fn number_of(written: &str) -> Option<u32> {
    let inside = written.strip_prefix('\'')?.strip_suffix('\'')?;
    unquoted(inside, '\'')?.chars().next().map(u32::from)
}

/// How long a text in quotes is, with them.
fn closed(rest: &str, quote: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    loop {
        match chars.next()? {
            (_, '\n') => return None,
            (_, '\\') => {
                chars.next().filter(|(_, c)| *c != '\n')?;
            }
            (at, c) if c == quote => return Some(at + 1),
            _ => {}
        }
    }
}

/// Go's escapes (`strconv.Unquote`); `None` for one that is none.
fn unquoted(inside: &str, quote: char) -> Option<String> {
    let mut meaning = Vec::new();
    let mut rest = inside;
    let mut letter = [0; 4];
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        if c != '\\' {
            meaning.extend(c.encode_utf8(&mut letter).bytes());
            continue;
        }
        let escaped = rest.chars().next()?;
        let behind = rest.get(escaped.len_utf8()..)?;
        // A byte by its number, or a character by its own.
        let (digits, count, radix) = match escaped {
            'x' => (behind, 2, 16),
            'u' => (behind, 4, 16),
            'U' => (behind, 8, 16),
            '0'..='7' => (rest, 3, 8),
            _ => ("", 0, 10),
        };
        if count > 0 {
            let number = u32::from_str_radix(digits.get(..count)?, radix).ok()?;
            rest = digits.get(count..)?;
            match count > 3 {
                true => {
                    let c = char::from_u32(number)?;
                    meaning.extend(c.encode_utf8(&mut letter).bytes());
                }
                false => meaning.push(u8::try_from(number).ok()?),
            }
            continue;
        }
        let meant = match escaped {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '\\' => '\\',
            c if c == quote => c,
            _ => return None,
        };
        meaning.extend(meant.encode_utf8(&mut letter).bytes());
        rest = behind;
    }
    Some(String::from_utf8_lossy(&meaning).into_owned())
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
