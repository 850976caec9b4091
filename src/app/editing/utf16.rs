//! Bytes into UTF-16 code units: what the browser counts in.

/// Converts byte offsets of one text. Made once per text, it answers in the order of the distance
/// from a line's start.
pub struct Units<'t> {
    text: &'t str,
    /// The byte and the unit that each line starts at.
    lines: Vec<(usize, u32)>,
}

impl<'t> Units<'t> {
    pub fn of(text: &'t str) -> Self {
        let mut lines = vec![(0, 0)];
        let mut units = 0u32;
        for (at, c) in text.char_indices() {
            units = units.saturating_add(c.len_utf16() as u32);
            if c == '\n' {
                lines.push((at + 1, units));
            }
        }
        Units { text, lines }
    }

    /// The unit at a byte. A byte inside of a character counts as the character's start, one behind
    /// the end as the end.
    pub fn at(&self, byte: usize) -> u32 {
        let byte = byte.min(self.text.len());
        let line = self.lines.partition_point(|(start, _)| *start <= byte);
        let (start, units) = line
            .checked_sub(1)
            .and_then(|i| self.lines.get(i))
            .copied()
            .unwrap_or_default();
        let rest = self.text.get(start..).unwrap_or_default();
        let within: usize = rest
            .char_indices()
            .take_while(|(at, c)| start + at + c.len_utf8() <= byte)
            .map(|(_, c)| c.len_utf16())
            .sum();
        units.saturating_add(within as u32)
    }
}

/// The byte at a unit; inside of a character its start.
pub fn byte_at(text: &str, unit: u32) -> usize {
    let mut units = 0u32;
    for (at, c) in text.char_indices() {
        let next = units.saturating_add(c.len_utf16() as u32);
        if next > unit {
            return at;
        }
        units = next;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_where_the_browser_has_it() {
        for text in [
            "",
            "plain",
            "# größe 🐟\nkind: Pod\n",
            "雪\r\n🐟🐟\n\n# ä",
            "\u{feff}a: 'e\u{301}'\n",
        ] {
            let units = Units::of(text);
            let mut expected = 0;
            for (at, c) in text.char_indices() {
                assert_eq!(units.at(at), expected, "{text:?} at {at}");
                assert_eq!(byte_at(text, expected), at, "{text:?} at unit {expected}");
                expected += c.len_utf16() as u32;
            }
            assert_eq!(units.at(text.len()), expected);
            assert_eq!(byte_at(text, expected), text.len());
        }
    }

    #[test]
    fn places_that_do_not_exist_are_moved_to_one_that_does() {
        let units = Units::of("ä🐟");
        assert_eq!(units.at(1), 0);
        assert_eq!(units.at(4), 1);
        assert_eq!(units.at(99), 3);
        assert_eq!(byte_at("ä🐟", 2), 2);
        assert_eq!(byte_at("ä🐟", 99), 6);
    }
}
