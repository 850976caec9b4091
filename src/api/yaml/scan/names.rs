//! Directives, anchors, aliases and tags.

use super::{Scan, Scanner, SyntaxError, TokenKind};

impl Scanner<'_> {
    pub(super) fn directive(&mut self) -> Scan<()> {
        let start = self.at;
        self.skip();
        let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if name.is_empty() {
            return self.error(start, "could not find expected directive name");
        }
        if !self.is_blankz(0) {
            return self.error(start, "found unexpected non-alphabetical character");
        }
        self.skip_blanks();
        let kind = match name.as_str() {
            "YAML" => {
                let major = self.word(|b| b.is_ascii_digit());
                if major.is_empty() {
                    return self.error(start, "did not find expected version number");
                }
                if self.byte(0) != Some(b'.') {
                    return self.error(start, "did not find expected digit or '.' character");
                }
                self.skip();
                let minor = self.word(|b| b.is_ascii_digit());
                if minor.is_empty() {
                    return self.error(start, "did not find expected version number");
                }
                if major != "1" || minor != "1" {
                    return Err(SyntaxError {
                        problem: "found incompatible YAML document".to_owned(),
                        mark: start,
                        context: None,
                        scanner: false,
                    });
                }
                TokenKind::VersionDirective
            }
            "TAG" => {
                let handle = self.word(|b| !b.is_ascii_whitespace());
                self.skip_blanks();
                let prefix = self.word(|b| !b.is_ascii_whitespace());
                if !handle.starts_with('!') {
                    return self.error(start, "did not find expected '!'");
                }
                if prefix.is_empty() {
                    return self.error(start, "did not find expected tag URI");
                }
                TokenKind::TagDirective { handle, prefix }
            }
            _ => return self.error(start, "found unknown directive name"),
        };
        self.push(kind, start);
        self.skip_blanks();
        if self.byte(0) == Some(b'#') {
            while !self.at_end() && !self.is_break() {
                self.skip();
            }
        }
        if !self.at_end() && !self.is_break() {
            return self.error(start, "did not find expected comment or line break");
        }
        Ok(())
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// The characters from here that are accepted; only ASCII is asked about.
    fn word(&mut self, accept: impl Fn(u8) -> bool) -> String {
        let mut word = String::new();
        while let Some(b) = self.byte(0).filter(|b| accept(*b)) {
            if b.is_ascii() {
                word.push(char::from(b));
                self.skip();
            } else {
                self.read(&mut word);
            }
        }
        word
    }

    pub(super) fn anchor(&mut self, alias: bool) -> Scan<()> {
        let start = self.at;
        self.skip();
        let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let ends = self.is_blankz(0)
            || matches!(
                self.byte(0),
                Some(b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`')
            );
        if name.is_empty() || !ends {
            return self.error(
                start,
                "did not find expected alphabetic or numeric character",
            );
        }
        let kind = if alias {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        self.push(kind, start);
        Ok(())
    }

    pub(super) fn tag(&mut self) -> Scan<()> {
        let start = self.at;
        let is_uri = |b: u8| b.is_ascii_alphanumeric() || b"-_;/?:@&=+$,.!~*'()[]%".contains(&b);
        let (handle, suffix) = if self.byte(1) == Some(b'<') {
            self.skip();
            self.skip();
            let suffix = self.word(is_uri);
            if suffix.is_empty() {
                return self.error(start, "did not find expected tag URI");
            }
            if self.byte(0) != Some(b'>') {
                return self.error(start, "did not find the expected '>'");
            }
            self.skip();
            (String::new(), suffix)
        } else {
            self.skip();
            let name = self.word(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if self.byte(0) == Some(b'!') {
                self.skip();
                let suffix = self.word(is_uri);
                if suffix.is_empty() {
                    return self.error(start, "did not find expected tag URI");
                }
                (format!("!{name}!"), suffix)
            } else {
                let suffix = name + &self.word(is_uri);
                if suffix.is_empty() {
                    (String::new(), "!".to_owned())
                } else {
                    ("!".to_owned(), suffix)
                }
            }
        };
        if !self.is_blankz(0) {
            return self.error(start, "did not find expected whitespace or line break");
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }
}
