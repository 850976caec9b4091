//! What has been typed and answered: lines, the oldest of which fall off.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use super::links::About;
use crate::app::Shared;

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Typed, behind a prompt.
    Typed,
    Out,
    Err,
    /// A word of the terminal itself: that something was interrupted or cut.
    Note,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Counts up; a line keeps its number.
    pub number: u64,
    pub origin: Origin,
    pub text: Rc<str>,
    /// The prompt before a typed line.
    pub prompt: Rc<str>,
    /// What the command that printed it is about.
    pub about: Rc<About>,
}

/// A stretch of lines that does not change any more, so that it is drawn once.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub first: u64,
    pub lines: Vec<Line>,
}

/// Lines that are drawn.
pub const SHOWN: usize = 2_000;
/// Lines that are kept to be copied or shown on demand.
const KEPT: usize = 20_000;
/// Lines per block.
const BLOCK: usize = 100;
/// Longer lines are cut: a browser lays out a whole line at once.
const LONGEST: usize = 20_000;

/// The terminal's paper.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    full: VecDeque<Shared<Block>>,
    /// The block that is being filled.
    last: Shared<Vec<Line>>,
    next: u64,
    /// Lines of full blocks.
    settled: usize,
    /// Lines that are forgotten.
    lost: u64,
    about: Rc<About>,
    /// Whether the last line may go on: its newline has not come yet.
    open: Option<Origin>,
}

impl Screen {
    /// What was typed, behind its prompt.
    pub fn typed(&mut self, prompt: &str, text: &str) {
        self.open = None;
        for (i, line) in text.split('\n').enumerate() {
            let prompt = if i == 0 { prompt } else { "> " };
            self.push(Origin::Typed, line, prompt);
        }
    }

    /// The lines that come are those of another command.
    pub fn begin(&mut self, about: About) {
        self.about = Rc::new(about);
    }

    pub fn note(&mut self, text: &str) {
        self.open = None;
        self.push(Origin::Note, text, "");
    }

    /// Output as it comes: lines, and beginnings of lines.
    pub fn print(&mut self, origin: Origin, text: &str) {
        let text = &*without_escapes(text);
        for part in text.split_inclusive('\n') {
            let (line, ended) = match part.strip_suffix('\n') {
                Some(line) => (line.strip_suffix('\r').unwrap_or(line), true),
                None => (part, false),
            };
            if self.open == Some(origin) {
                self.go_on(line);
            } else {
                self.push(origin, line, "");
            }
            self.open = (!ended).then_some(origin);
        }
    }

    pub fn clear(&mut self) {
        let (next, about) = (self.next, self.about.clone());
        *self = Screen {
            next,
            about,
            ..Screen::default()
        };
    }

    /// The blocks to draw, oldest first; `all` of what is kept, or what a page stands well.
    pub fn blocks(&self, all: bool) -> impl Iterator<Item = &Shared<Block>> {
        let mut over = match all {
            true => 0,
            false => (self.settled + self.last.len()).saturating_sub(SHOWN),
        };
        self.full.iter().skip_while(move |block| {
            let hide = over >= block.lines.len();
            if hide {
                over -= block.lines.len();
            }
            hide
        })
    }

    /// The lines after the blocks.
    pub fn tail(&self) -> &Shared<Vec<Line>> {
        &self.last
    }

    /// How many kept lines [`Screen::blocks`] leaves out when not asked for all.
    pub fn hidden(&self) -> usize {
        let shown: usize = self.blocks(false).map(|b| b.lines.len()).sum();
        self.settled - shown
    }

    /// How many lines are forgotten.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.last.is_empty()
    }

    /// Counts up with every change of the number of lines.
    pub fn serial(&self) -> u64 {
        self.next
    }

    fn push(&mut self, origin: Origin, text: &str, prompt: &str) {
        if self.last.len() >= BLOCK {
            let lines = (*self.last).clone();
            let first = lines.first().map_or(0, |l| l.number);
            self.settled += lines.len();
            self.full.push_back(Shared::new(Block { first, lines }));
            self.last = Shared::default();
        }
        while self.settled > KEPT {
            let Some(block) = self.full.pop_front() else {
                break;
            };
            self.settled -= block.lines.len();
            self.lost += block.lines.len() as u64;
        }
        let line = Line {
            number: self.next,
            origin,
            text: cut(text).into(),
            prompt: prompt.into(),
            about: self.about.clone(),
        };
        self.next += 1;
        self.last.edit().push(line);
    }

    fn go_on(&mut self, text: &str) {
        if let Some(line) = self.last.edit().last_mut() {
            let whole = format!("{}{text}", line.text);
            line.text = cut(&whole).into();
        }
    }
}

/// A text without what would set colours or move the cursor: this screen has neither.
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escapes_taken_out(text))
}

#[inline(never)] // it waits in the second file of the wasm until it happens
fn escapes_taken_out(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match behind.strip_prefix('[') {
            // Numbers, and the letter that ends them.
            Some(sequence) => {
                let end = sequence.find(|c: char| ('@'..='~').contains(&c));
                sequence
                    .get(end.map_or(sequence.len(), |end| end + 1)..)
                    .unwrap_or_default()
            }
            None => behind,
        };
    }
    out.push_str(rest);
    out
}

fn cut(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(screen: &Screen) -> Vec<String> {
        let settled = screen.blocks(true).flat_map(|b| b.lines.iter());
        settled
            .chain(screen.tail().iter())
            .map(|l| l.text.to_string())
            .collect()
    }

    #[test]
    fn colours_are_not_shown() {
        for (text, expected) in [
            ("plain", "plain"),
            ("\u{1b}[1;39m{\u{1b}[0m}", "{}"),
            ("a\u{1b}[2Kb\u{1b}c", "abc"),
            ("open\u{1b}[1;3", "open"),
        ] {
            assert_eq!(without_escapes(text), expected);
        }
    }

    #[test]
    fn output_comes_in_pieces() {
        let mut screen = Screen::default();
        screen.typed("$ ", "cat <<EOF\nx\nEOF");
        screen.print(Origin::Out, "one\ntw");
        screen.print(Origin::Out, "o\r\n\nthree");
        screen.print(Origin::Err, "error");
        screen.print(Origin::Err, "!\n");
        screen.note("interrupted");
        assert_eq!(
            texts(&screen),
            [
                "cat <<EOF",
                "x",
                "EOF",
                "one",
                "two",
                "",
                "three",
                "error!",
                "interrupted"
            ]
        );
        let prompts: Vec<String> = screen.tail().iter().map(|l| l.prompt.to_string()).collect();
        assert_eq!(
            prompts.get(..3),
            Some(&["$ ", "> ", "> "].map(str::to_owned)[..])
        );
    }

    #[test]
    fn a_page_is_given_what_it_stands_and_the_rest_on_demand() {
        let mut screen = Screen::default();
        for i in 0..50_000 {
            screen.print(Origin::Out, &format!("line {i}\n"));
        }
        let shown: usize =
            screen.blocks(false).map(|b| b.lines.len()).sum::<usize>() + screen.tail().len();
        assert!((SHOWN..=SHOWN + BLOCK).contains(&shown), "{shown}");
        let all = texts(&screen);
        assert_eq!(all.len(), shown + screen.hidden());
        assert!(all.len() <= KEPT + 2 * BLOCK);
        assert_eq!(all.len() as u64 + screen.lost(), 50_000);
        assert_eq!(all.last().map(String::as_str), Some("line 49999"));
        screen.clear();
        assert!(screen.is_empty());
        screen.print(Origin::Out, "x");
        assert_eq!(screen.tail()[0].number, 50_000);
    }

    #[test]
    fn settled_lines_keep_their_identity() {
        let mut screen = Screen::default();
        (0..250).for_each(|i| screen.print(Origin::Out, &format!("{i}\n")));
        let before: Vec<Shared<Block>> = screen.blocks(false).cloned().collect();
        screen.print(Origin::Out, "more\n");
        let after: Vec<Shared<Block>> = screen.blocks(false).cloned().collect();
        assert_eq!(before, after);
    }

    #[test]
    fn endless_lines_are_cut_between_characters() {
        let mut screen = Screen::default();
        for _ in 0..9 {
            screen.print(Origin::Out, &"ä🐟".repeat(1000));
        }
        assert!(texts(&screen)[0].len() <= LONGEST);
    }
}
