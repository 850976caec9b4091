//! The small part of Markdown in which lessons are written, as plain data: headings, paragraphs, lists,
//! code. No HTML: what looks like it is text.

/// A block of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Heading(Vec<Span>),
    Paragraph(Vec<Span>),
    List {
        ordered: bool,
        items: Vec<Vec<Span>>,
    },
    Code {
        /// What stands behind the fence: "sh", "yaml" or nothing.
        language: String,
        text: String,
    },
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    Text(String),
    Code(String),
    Strong(String),
    Emphasis(String),
    Link { text: String, target: Target },
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// http or https.
    Web(String),
    /// An object, as `select` names it: "deploy/web".
    Object(String),
}

/// The most blocks that are read, and the most spans of a line.
const MOST_BLOCKS: usize = 500;
const MOST_SPANS: usize = 500;

/// Reads a text. There is no wrong Markdown: what means nothing is text.
pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if blocks.len() >= MOST_BLOCKS {
            break;
        }
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        if let Some(language) = trimmed.strip_prefix("```") {
            let indent = line.len() - line.trim_start().len();
            let mut code = Vec::new();
            for line in lines.by_ref() {
                if line.trim() == "```" {
                    break;
                }
                let lead = line.len() - line.trim_start().len();
                code.push(line.get(indent.min(lead)..).unwrap_or_default());
            }
            blocks.push(Block::Code {
                language: language.trim().to_owned(),
                text: code.join("\n"),
            });
            continue;
        }
        if let Some(heading) = heading(trimmed) {
            blocks.push(Block::Heading(spans(heading)));
            continue;
        }
        if let Some((ordered, first)) = item(trimmed) {
            let mut items = vec![first.to_owned()];
            while let Some(next) = lines.peek() {
                let next = next.trim();
                match item(next) {
                    Some((kind, text)) if kind == ordered => items.push(text.to_owned()),
                    None if !next.is_empty() && !starts_block(next) => {
                        if let Some(last) = items.last_mut() {
                            join(last, next);
                        }
                    }
                    _ => break,
                }
                lines.next();
            }
            blocks.push(Block::List {
                ordered,
                items: items.iter().map(|item| spans(item)).collect(),
            });
            continue;
        }
        let mut paragraph = trimmed.to_owned();
        while let Some(next) = lines.peek() {
            let next = next.trim();
            if next.is_empty() || starts_block(next) {
                break;
            }
            join(&mut paragraph, next);
            lines.next();
        }
        blocks.push(Block::Paragraph(spans(&paragraph)));
    }
    blocks
}

/// Lines of one paragraph are one line; between wide characters stands no space.
fn join(text: &mut String, next: &str) {
    let wide = |c: Option<char>| c.is_some_and(|c| ('\u{2e80}'..='\u{ffef}').contains(&c));
    if !wide(text.chars().last()) || !wide(next.chars().next()) {
        text.push(' ');
    }
    text.push_str(next);
}

fn starts_block(line: &str) -> bool {
    line.starts_with("```") || heading(line).is_some() || item(line).is_some()
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    ((1..=6).contains(&level) && rest.starts_with(' ')).then(|| rest.trim())
}

/// An item of a list: whether the list is ordered, and the text.
fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some((false, rest.trim()));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..)?.strip_prefix(". ")?;
    (1..=3).contains(&digits).then(|| (true, rest.trim()))
}

/// Reads the parts of a line.
pub fn spans(line: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let found = if out.len() < MOST_SPANS {
            span(rest, plain.chars().last())
        } else {
            None
        };
        match found {
            Some((span, length)) => {
                if !plain.is_empty() {
                    out.push(Span::Text(std::mem::take(&mut plain)));
                }
                out.push(span);
                rest = rest.get(length..).unwrap_or_default();
            }
            None => {
                let escaped = rest.strip_prefix('\\').and_then(|r| r.chars().next());
                let (taken, length) = match escaped.filter(char::is_ascii_punctuation) {
                    Some(mark) => (mark, 2),
                    None => (c, c.len_utf8()),
                };
                plain.push(taken);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
    if !plain.is_empty() {
        out.push(Span::Text(plain));
    }
    out
}

/// What begins here, and how long it is in the text.
fn span(text: &str, before: Option<char>) -> Option<(Span, usize)> {
    let enclosed = |mark: &str| {
        let inside = text.strip_prefix(mark)?;
        let end = inside.find(mark)?;
        let inside = inside.get(..end)?;
        let tight = !inside.is_empty() && !inside.starts_with(' ') && !inside.ends_with(' ');
        tight.then(|| (inside.to_owned(), end + 2 * mark.len()))
    };
    match text.chars().next()? {
        '`' => enclosed("`").map(|(text, length)| (Span::Code(text), length)),
        '*' if text.starts_with("**") => {
            enclosed("**").map(|(text, length)| (Span::Strong(text), length))
        }
        '*' => enclosed("*").map(|(text, length)| (Span::Emphasis(text), length)),
        // snake_case is no emphasis.
        '_' if !before.is_some_and(char::is_alphanumeric) => {
            enclosed("_").map(|(text, length)| (Span::Emphasis(text), length))
        }
        '[' => link(text),
        _ => None,
    }
}

fn link(text: &str) -> Option<(Span, usize)> {
    let close = text.find("](")?;
    let shown = text.get(1..close)?;
    let after = text.get(close + 2..)?;
    let end = after.find(')')?;
    let address = after.get(..end)?;
    let length = close + 2 + end + 1;
    if shown.is_empty() || shown.contains('[') {
        return None;
    }
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    let object = || {
        let (kind, name) = address.split_once('/')?;
        let word = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            !text.is_empty() && text.chars().all(fits)
        };
        (word(kind) && word(name)).then(|| address.to_owned())
    };
    let target = match web {
        true => Target::Web(address.to_owned()),
        false => Target::Object(object()?),
    };
    let text = shown.to_owned();
    Some((Span::Link { text, target }, length))
}

impl Block {
    /// The parts of its lines; none of a block of code.
    fn into_spans(self) -> Vec<Span> {
        match self {
            Block::Code { .. } => Vec::new(),
            Block::Heading(spans) | Block::Paragraph(spans) => spans,
            Block::List { items, .. } => items.into_iter().flatten().collect(),
        }
    }
}

/// The objects to which links of a text lead.
pub fn objects(text: &str) -> Vec<String> {
    let spans = parse(text).into_iter().flat_map(Block::into_spans);
    let targets = spans.filter_map(|span| match span {
        Span::Link {
            target: Target::Object(name),
            ..
        } => Some(name),
        _ => None,
    });
    targets.collect()
}

/// The commands of a text: what stands in blocks of `sh`, and code that begins with `kubectl`.
pub fn commands(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for block in parse(text) {
        if let Block::Code { language, text } = &block {
            if language == "sh" {
                out.extend(script(text));
            }
            continue;
        }
        for span in block.into_spans() {
            if let Span::Code(code) = span
                && code.starts_with("kubectl ")
                // `kubectl get TYPE/NAME` and the like name what is to be put in.
                && !code.contains("…")
            {
                out.push(code);
            }
        }
    }
    out
}

/// The commands of a script: lines, as far as they are commands.
fn script(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut lines = joined.lines();
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // What a here-document holds is no command.
        let Some((before, rest)) = line.split_once("<<") else {
            out.push(line.to_owned());
            continue;
        };
        let rest = rest.trim_start_matches(['-', ' ']);
        let (end, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let end = end.trim_matches(['\'', '"']);
        let _ = lines.by_ref().find(|line| line.trim() == end);
        out.push(format!("{before}{after}").trim().to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Span {
        Span::Text(text.to_owned())
    }

    #[test]
    fn blocks_are_told_apart() {
        let read = parse(
            "# A *b*\n\nOne\ntwo.\n- x\n  y\n- `z`\n\n1. p\n2. q\n```sh\nkubectl get pods\n```\n",
        );
        assert_eq!(
            read,
            [
                Block::Heading(vec![text("A "), Span::Emphasis("b".to_owned())]),
                Block::Paragraph(vec![text("One two.")]),
                Block::List {
                    ordered: false,
                    items: vec![vec![text("x y")], vec![Span::Code("z".to_owned())]],
                },
                Block::List {
                    ordered: true,
                    items: vec![vec![text("p")], vec![text("q")]],
                },
                Block::Code {
                    language: "sh".to_owned(),
                    text: "kubectl get pods".to_owned(),
                },
            ]
        );
    }

    #[test]
    fn links_lead_to_the_web_and_to_objects_only() {
        let link = |address: &str| spans(&format!("[a]({address})"));
        let of = |target| {
            vec![Span::Link {
                text: "a".to_owned(),
                target,
            }]
        };
        assert_eq!(
            link("https://k.io/x"),
            of(Target::Web("https://k.io/x".to_owned()))
        );
        assert_eq!(
            link("deploy/web"),
            of(Target::Object("deploy/web".to_owned()))
        );
        for bad in [
            "javascript:alert(1)",
            "//x.org/",
            "data:text/html,x",
            "a/b/c",
            "",
        ] {
            let read = link(bad);
            assert!(
                read.iter().all(|s| matches!(s, Span::Text(_))),
                "{bad}: {read:?}"
            );
        }
    }

    #[test]
    fn what_means_nothing_is_text() {
        for odd in [
            "<b>x</b>",
            "a * b",
            "snake_case_name",
            "`",
            "**",
            "[",
            "[]()",
            "\\*x\\*",
            "***",
            "雪**",
        ] {
            let read = spans(odd);
            assert_eq!(read.len(), 1, "{odd}: {read:?}");
            assert!(matches!(&read[0], Span::Text(_)), "{odd}");
        }
        assert_eq!(spans("\\*x\\*"), [text("*x*")]);
    }

    #[test]
    fn commands_are_found() {
        let found = commands(
            "Type `kubectl get pods` or `ls`.\n```sh\ncat <<E | kubectl apply -f -\nx: 1\nE\necho a \\\n  b\n# c\n```\n```yaml\nkind: Pod\n```",
        );
        assert_eq!(
            found,
            [
                "kubectl get pods",
                "cat | kubectl apply -f -",
                "echo a    b"
            ]
        );
    }
}
