//! Base64 (RFC 4648): of values in objects, and, with the letters of URLs and without padding, of tokens.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The letters of URLs.
pub const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// With padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = letters(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// With the letters of URLs, without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    letters(bytes, URL)
}

fn letters(bytes: &[u8], letters: &[u8; 64]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0u32, |bits, (i, b)| bits | u32::from(*b) << (16 - 8 * i));
        for i in 0..=chunk.len() {
            let letter = (bits >> (18 - 6 * i)) & 63;
            text.extend(letters.get(letter as usize).copied().map(char::from));
        }
    }
    text
}

/// Standard base64 with padding; line breaks are skipped. `None` when it is none.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (bytes, whole) = decode_part(text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')));
    whole.then_some(bytes)
}

/// What can be read of standard base64, and whether it was whole.
pub fn decode_part(letters: impl Iterator<Item = u8>) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let (mut bits, mut count, mut padding) = (0u32, 0u32, 0u32);
    for letter in letters {
        if letter == b'=' {
            padding += 1;
            continue;
        }
        let Some(value) = value(letter, STANDARD).filter(|_| padding == 0) else {
            return (out, false);
        };
        push(value, &mut bits, &mut count, &mut out);
    }
    (out, matches!((count, padding), (0, 0) | (4, 2) | (2, 1)))
}

/// Where Go finds that a text is no base64 (`CorruptInputError`): at a letter that cannot be, at padding where none is
/// due, or at the four letters that are not all there.
pub fn corrupt_at(text: &[u8]) -> usize {
    let mut letters = text
        .iter()
        .enumerate()
        .filter(|(_, b)| !matches!(b, b'\r' | b'\n'));
    let mut due = 0_usize;
    let mut begun = 0;
    while let Some((at, letter)) = letters.next() {
        if due == 0 {
            begun = at;
        }
        if *letter != b'=' {
            if value(*letter, STANDARD).is_none() {
                return at;
            }
            due = (due + 1) % 4;
            continue;
        }
        if due < 2 {
            return at;
        }
        if due == 2 && !matches!(letters.next(), Some((_, b'='))) {
            return if at + 1 < text.len() { at } else { text.len() };
        }
        return letters.next().map_or(text.len(), |(behind, _)| behind);
    }
    begun
}

/// Base64 with the letters of URLs; padding is not needed.
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.trim_end_matches('=').bytes() {
        push(value(letter, URL)?, &mut bits, &mut count, &mut out);
    }
    Some(out)
}

fn value(letter: u8, letters: &[u8; 64]) -> Option<u32> {
    let last = letters.get(62..).unwrap_or_default();
    Some(match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        _ => 62 + u32::from(last.iter().position(|l| *l == letter)? != 0),
    })
}

/// Takes in six bits; `count` is how many wait for a byte to be full.
fn push(value: u32, bits: &mut u32, count: &mut u32, out: &mut Vec<u8>) {
    *bits = *bits << 6 | value;
    *count += 6;
    if *count >= 8 {
        *count -= 8;
        out.push((*bits >> *count) as u8);
        *bits &= (1 << *count) - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["", "a", "ab", "abc", "Grüße\n", "\u{7ff}???>>>"] {
            let bytes = text.as_bytes().to_vec();
            assert_eq!(decode(&encode(&bytes)), Some(bytes.clone()), "{text}");
            assert_eq!(decode_url(&encode_url(&bytes)), Some(bytes), "{text}");
        }
        assert_eq!(encode(b"hell"), "aGVsbA==");
        assert_eq!(encode_url(b"\xfb\xff"), "-_8");
        assert_eq!(decode("aGVs\nbG8="), Some(b"hello".to_vec()));
        for bad in [
            "a",
            "aGVsbA",
            "aGVsbA=",
            "aGVsbA===",
            "a=Vs",
            "aG!s",
            "Y!==",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        for (bad, at) in [
            ("!!", 0),
            ("aG!s", 2),
            ("aGVsbG", 4),
            ("aGVs=bG8", 4),
            ("YQ=", 3),
            ("YQ=a", 2),
            ("YQ==Y", 4),
        ] {
            assert_eq!(corrupt_at(bad.as_bytes()), at, "{bad}");
        }
        assert_eq!(decode_part(b"YQ".iter().copied()), (b"a".to_vec(), false));
    }
}
