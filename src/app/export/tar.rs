//! Archives that every `tar` reads: the POSIX form (IEEE Std 1003.1, `ustar`), files only.

const BLOCK: usize = 512;
/// How much of a path fits into a header: its last part, and what is before it.
const NAME: usize = 100;
const PREFIX: usize = 155;

pub struct Archive {
    bytes: Vec<u8>,
    now: u64,
}

impl Archive {
    /// `now` is when its files were changed, in seconds since 1970.
    pub fn new(now: u64) -> Self {
        Archive {
            bytes: Vec::new(),
            now,
        }
    }

    /// Adds a text under a path whose parts are joined by slashes. What does not fit into a header is
    /// cut off its name.
    pub fn add(&mut self, path: &str, text: &str) {
        let (prefix, name) = divide(path);
        let mut header = [0_u8; BLOCK];
        put(&mut header, 0, name);
        put(&mut header, 100, "0000644\0");
        put(&mut header, 108, "0000000\0");
        put(&mut header, 116, "0000000\0");
        put(&mut header, 124, &format!("{:011o}\0", text.len()));
        put(
            &mut header,
            136,
            &format!("{:011o}\0", self.now & 0o77_777_777_777),
        );
        // The sum is taken with blanks in its own place.
        put(&mut header, 148, "        ");
        put(&mut header, 156, "0");
        put(&mut header, 257, "ustar\0");
        put(&mut header, 263, "00");
        put(&mut header, 345, prefix);
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        put(&mut header, 148, &format!("{sum:06o}\0 "));
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(text.as_bytes());
        self.pad();
    }

    /// Two empty blocks end an archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }

    fn pad(&mut self) {
        let whole = self.bytes.len().next_multiple_of(BLOCK);
        self.bytes.resize(whole, 0);
    }
}

fn put(header: &mut [u8; BLOCK], at: usize, text: &str) {
    for (place, byte) in header.iter_mut().skip(at).zip(text.bytes()) {
        *place = byte;
    }
}

/// The folders and the name, each as far as it fits.
fn divide(path: &str) -> (&str, &str) {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    match path.len() <= NAME {
        true => ("", path),
        false => (head(folders, PREFIX), head(name, NAME)),
    }
}

/// So many bytes of a text, at the most, in whole characters.
fn head(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an archive as the standard says: names and texts.
    fn read(bytes: &[u8]) -> Vec<(String, String)> {
        let mut files = Vec::new();
        let mut at = 0;
        while bytes[at] != 0 {
            let header = &bytes[at..at + BLOCK];
            let field = |from: usize, len: usize| {
                let raw = &header[from..from + len];
                let end = raw.iter().position(|b| *b == 0).unwrap_or(len);
                String::from_utf8(raw[..end].to_vec()).unwrap()
            };
            let octal = |text: String| usize::from_str_radix(text.trim(), 8).unwrap();
            let mut blank = header.to_vec();
            blank[148..156].fill(b' ');
            let sum: usize = blank.iter().map(|b| usize::from(*b)).sum();
            assert_eq!(octal(field(148, 8)), sum);
            let size = octal(field(124, 12));
            let path = match field(345, 155) {
                prefix if prefix.is_empty() => field(0, 100),
                prefix => format!("{prefix}/{}", field(0, 100)),
            };
            let text = bytes[at + BLOCK..at + BLOCK + size].to_vec();
            files.push((path, String::from_utf8(text).unwrap()));
            at += BLOCK + size.next_multiple_of(BLOCK);
        }
        assert!(bytes[at..].len() == 2 * BLOCK && bytes[at..].iter().all(|b| *b == 0));
        files
    }

    #[test]
    fn what_is_written_is_read_again() {
        let long = format!("kubarium/files/{}", "雪".repeat(60));
        let mut archive = Archive::new(1_700_000_000);
        let whole = "y".repeat(512);
        archive.add("a.yaml", "kind: Pod\n");
        archive.add("b/empty.yaml", "");
        archive.add(&long, &whole);
        let files = read(&archive.finish());
        assert_eq!(files[0], ("a.yaml".to_owned(), "kind: Pod\n".to_owned()));
        assert_eq!(files[1], ("b/empty.yaml".to_owned(), String::new()));
        assert_eq!(
            files[2],
            (format!("kubarium/files/{}", "雪".repeat(33)), whole)
        );
    }
}
