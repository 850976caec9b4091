//! The line discipline of a terminal (`termios`, cooked mode): a client at a terminal sends every key as
//! it is hit, and sees what the far end writes and nothing else.

/// The line that is being typed.
#[derive(Default)]
pub struct Terminal {
    line: String,
    /// Inside an escape sequence, of a cursor key say: such keys do nothing.
    escape: Escape,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    Long,
}

/// What comes of some keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// For the program.
    pub input: String,
    /// To be seen by whoever types.
    pub echo: String,
    /// The input has ended: Ctrl-D at the start of a line.
    pub ends: bool,
}

/// The longest line that is kept, in bytes (`N_TTY_BUF_SIZE`).
const LONGEST: usize = 4096;

impl Terminal {
    pub fn keys(&mut self, text: &str) -> Typed {
        let mut typed = Typed::default();
        for key in text.chars() {
            match (self.escape, key) {
                (Escape::Begun, '[' | 'O') => self.escape = Escape::Long,
                (Escape::Begun, _) | (Escape::Long, '@'..='~') => self.escape = Escape::None,
                (Escape::Long, _) => {}
                (Escape::None, '\x1b') => self.escape = Escape::Begun,
                (Escape::None, key) => self.key(key, &mut typed),
            }
        }
        typed
    }

    fn key(&mut self, key: char, typed: &mut Typed) {
        match key {
            '\r' | '\n' => {
                typed.echo.push_str("\r\n");
                self.line.push('\n');
                typed.input.push_str(&std::mem::take(&mut self.line));
            }
            // Backspace and Delete.
            '\x08' | '\x7f' if self.line.pop().is_some() => typed.echo.push_str("\x08 \x08"),
            // Ctrl-C: the line is dropped, and a shell asks anew.
            '\x03' => {
                self.line.clear();
                typed.echo.push_str("^C\r\n");
                typed.input.push('\n');
            }
            // Ctrl-D.
            '\x04' if self.line.is_empty() => typed.ends = true,
            '\x04' => typed.input.push_str(&std::mem::take(&mut self.line)),
            // Ctrl-U.
            '\x15' => {
                for _ in self.line.drain(..) {
                    typed.echo.push_str("\x08 \x08");
                }
            }
            key if self.line.len() < LONGEST && (key == '\t' || !key.is_control()) => {
                self.line.push(key);
                typed.echo.push(key);
            }
            _ => {}
        }
    }
}

/// What a program writes, as a terminal gets it.
pub fn shown(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(input: &str, echo: &str, ends: bool) -> Typed {
        Typed {
            input: input.to_owned(),
            echo: echo.to_owned(),
            ends,
        }
    }

    #[test]
    fn keys_make_lines() {
        let mut terminal = Terminal::default();
        for (keys, expected) in [
            ("l", of("", "l", false)),
            ("x\x7fs\r", of("ls\n", "x\x08 \x08s\r\n", false)),
            ("\x7f", of("", "", false)),
            ("\x1b[", of("", "", false)),
            ("Aab\x15c\x04", of("c", "ab\x08 \x08\x08 \x08c", false)),
            ("no\x03", of("\n", "no^C\r\n", false)),
            ("\x1bOBä\n", of("ä\n", "ä\r\n", false)),
            ("\x04", of("", "", true)),
        ] {
            assert_eq!(terminal.keys(keys), expected, "{keys:?}");
        }
        assert!(terminal.keys(&"x".repeat(10_000)).echo.len() <= LONGEST);
        assert_eq!(shown("a\nb\n"), "a\r\nb\r\n");
    }
}
