//! ASN.1 in its distinguished encoding, as far as certificates need it (X.690).

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// A value: its tag, what is in it, and both with the length between them, as they stand.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads what is in it.
    pub fn inside(&self) -> Reader<'a> {
        Reader(self.content)
    }
}

/// Reads one value after another.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next value; `None` at the end, and where the rest is none.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let (tag, first) = (*self.0.first()?, *self.0.get(1)?);
        let (header, length) = match first {
            short @ 0..=0x7f => (2, usize::from(short)),
            // At most four bytes of length: nothing longer can have been sent.
            long @ 0x81..=0x84 => {
                let digits = self.0.get(2..2 + usize::from(long & 0x7f))?;
                let length = digits.iter().fold(0, |n, b| n << 8 | u64::from(*b));
                (2 + digits.len(), usize::try_from(length).ok()?)
            }
            _ => return None,
        };
        let end = header.checked_add(length)?;
        let element = Element {
            tag,
            content: self.0.get(header..end)?,
            whole: self.0.get(..end)?,
        };
        self.0 = self.0.get(end..)?;
        Some(element)
    }

    /// The next value, which has to have that tag.
    pub fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next value, if it has that tag.
    pub fn take_if(&mut self, tag: u8) -> Option<Element<'a>> {
        if *self.0.first()? == tag {
            return self.any();
        }
        None
    }
}

/// A value with those parts in it.
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = (length as u64).to_be_bytes();
        let zeros = bytes.iter().take_while(|b| **b == 0).count();
        out.push(0x80 | (bytes.len() - zeros) as u8);
        out.extend(bytes.iter().skip(zeros));
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0_usize, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = element(OCTET_STRING, &[&content]);
            let mut reader = Reader(&written);
            let read = reader.any().expect("it is one");
            assert!(read.content == content && read.whole == written && reader.0.is_empty());
            // A part of it is nothing.
            assert!(Reader(&written[..written.len() - 1]).any().is_none());
        }
        for nonsense in [
            &[0x30][..],
            &[0x30, 0x80],
            &[0x30, 0x88, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader(nonsense).any().is_none(), "{nonsense:x?}");
        }
    }
}
