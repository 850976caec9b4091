//! Binary content in lines of text (RFC 7468), as Go's `encoding/pem` reads and writes it.

use crate::api::base64;

/// What stands between a `BEGIN` and its `END`.
#[derive(Debug, PartialEq, Eq)]
pub struct Block<'a> {
    pub label: &'a str,
    pub has_headers: bool,
    pub content: Vec<u8>,
    /// What comes after it.
    pub rest: &'a str,
}

/// The first block; text around it is passed over.
pub fn first(text: &str) -> Option<Block<'_>> {
    let mut rest = text;
    loop {
        let start = rest.find("-----BEGIN ")?;
        let at_line = start == 0 || rest.get(..start).is_some_and(|t| t.ends_with('\n'));
        rest = rest.get(start + 11..)?;
        let Some((label, body)) = rest.split_once("-----").filter(|_| at_line) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let Some((lines, after)) = body.split_once(end.as_str()) else {
            continue;
        };
        let (mut has_headers, mut letters) = (false, String::new());
        for line in lines.lines().map(str::trim) {
            match line.contains(':') {
                true => has_headers = true,
                false => letters.push_str(line),
            }
        }
        if let Some(content) = base64::decode(&letters) {
            return Some(Block {
                label,
                has_headers,
                content,
                rest: after,
            });
        }
    }
}

/// All blocks, in their order.
pub fn all(text: &str) -> Vec<Block<'_>> {
    std::iter::successors(first(text), |block| first(block.rest)).collect()
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A block as text, 64 letters to a line.
pub fn written(label: &str, content: &[u8]) -> String {
    let mut letters = String::with_capacity(content.len().div_ceil(3) * 4);
    for chunk in content.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0u32, |bits, (i, b)| bits | u32::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * i)) as usize & 63);
            let letter = letter.filter(|_| i <= chunk.len()).unwrap_or(&b'=');
            letters.push(char::from(*letter));
        }
    }
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in letters.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back() {
        for length in [0, 1, 2, 3, 47, 48, 49, 200] {
            let content: Vec<u8> = (0..length).collect();
            let text = format!("words\n{}more\n", written("X Y", &content));
            let block = first(&text).expect("one");
            assert_eq!(
                (block.label, block.content, block.rest, block.has_headers),
                ("X Y", content, "\nmore\n", false)
            );
        }
        for none in [
            "",
            "-----BEGIN X-----",
            "-----BEGIN X-----\n?\n-----END X-----",
            "-----BEGIN X-----\nAA==\n-----END Y-----",
            "a -----BEGIN X-----\nAA==\n-----END X-----",
        ] {
            assert_eq!(first(none), None, "{none}");
        }
        let two = "-----BEGIN A-----\n-----BEGIN B-----\nk: v\n\nAA==\n-----END B-----\n";
        let block = first(two).expect("the second");
        assert!(block.label == "B" && block.has_headers && block.content == [0]);
    }
}
