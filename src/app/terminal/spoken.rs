//! What a screen reader says of the terminal: results, and not each redraw.
//!
//! A command that has ended is read from its beginning, up to a bound; one that goes on (`-w`,
//! `logs -f`) is read now and then, and then its newest lines.

use super::screen::{Line, Origin, Screen};

/// Lines that are read in one go.
const MOST_LINES: usize = 12;
/// Of a command that goes on.
const MOST_NEW: usize = 3;
/// How much of a line is read, in characters.
const MOST_OF_A_LINE: usize = 400;

/// What is to be read aloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub lines: Vec<String>,
    /// How many lines beside them came.
    pub more: usize,
}

impl Heard {
    /// Of the lines since the one with this number.
    pub fn since(screen: &Screen, number: u64, running: bool) -> Heard {
        let settled = screen.blocks(true).flat_map(|block| block.lines.iter());
        let lines = settled.chain(screen.tail().iter());
        let new = |line: &&Line| {
            let told = matches!(line.origin, Origin::Out | Origin::Err | Origin::Note);
            line.number >= number && told && !line.text.trim().is_empty()
        };
        let lines: Vec<&Line> = lines.filter(new).collect();
        let (from, most) = match running {
            true => (lines.len().saturating_sub(MOST_NEW), MOST_NEW),
            false => (0, MOST_LINES),
        };
        let read = lines.iter().skip(from).take(most);
        Heard {
            lines: read.map(|line| short(&line.text)).collect(),
            more: lines.len().saturating_sub(most),
        }
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(MOST_OF_A_LINE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_beginning_and_streams_from_the_end() {
        let mut screen = Screen::default();
        screen.print(Origin::Out, "before\n");
        let from = screen.serial();
        screen.typed("$ ", "kubectl get pods");
        for i in 0..250 {
            screen.print(Origin::Out, &format!("pod-{i}\n\n"));
        }
        let ended = Heard::since(&screen, from, false);
        assert_eq!(ended.lines.first().map(String::as_str), Some("pod-0"));
        assert_eq!((ended.lines.len(), ended.more), (MOST_LINES, 238));
        let running = Heard::since(&screen, from, true);
        assert_eq!(running.lines, ["pod-247", "pod-248", "pod-249"]);
        assert_eq!(running.more, 247);
        assert_eq!(
            Heard::since(&screen, screen.serial(), true),
            Heard::default()
        );
    }

    #[test]
    fn endless_lines_are_cut_between_characters() {
        let mut screen = Screen::default();
        screen.print(Origin::Err, &"🐟".repeat(5_000));
        let heard = Heard::since(&screen, 0, false);
        assert_eq!(heard.lines[0].chars().count(), MOST_OF_A_LINE + 1);
    }
}
