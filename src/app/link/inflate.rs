//! Unpacks DEFLATE (RFC 1951). A link may come from anyone, so there is a bound on what comes out, and
//! every broken stream ends with an answer. It stands here, not in the browser, so that a link is read
//! at once and the same everywhere.

/// Why a stream could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It ends too early.
    Cut,
    /// It says what no packer would say.
    Damaged,
    /// More comes out than was allowed.
    TooLarge,
}

/// The longest code, in bits.
const LONGEST: usize = 15;
/// The base and the extra bits of the symbols 257 to 285: how much is copied.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The same for distances: from how far back.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// In which order the lengths of the codes of code lengths come.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Unpacks a raw stream into at most `most` bytes. What follows the stream is left alone.
///
/// # Errors
/// What is wrong with it.
pub fn inflate(packed: &[u8], most: usize) -> Result<Vec<u8>, Trouble> {
    let mut bits = Bits {
        bytes: packed,
        held: 0,
        count: 0,
    };
    let mut out = Vec::new();
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, &mut out, most)?,
            1 => {
                let (literals, distances) = fixed()?;
                coded(&mut bits, &literals, &distances, &mut out, most)?;
            }
            2 => {
                let (literals, distances) = described(&mut bits)?;
                coded(&mut bits, &literals, &distances, &mut out, most)?;
            }
            _ => return Err(Trouble::Damaged),
        }
        if last {
            return Ok(out);
        }
    }
}

/// A stream that packs nothing: for browsers without a packer.
pub fn store(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + text.len() / 65_535 * 5 + 5);
    let mut rest = text;
    loop {
        let (block, after) = rest.split_at(rest.len().min(65_535));
        let length = block.len() as u16;
        packed.push(u8::from(after.is_empty()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
        if after.is_empty() {
            return packed;
        }
        rest = after;
    }
}

/// Bits, the lowest of each byte first.
struct Bits<'b> {
    bytes: &'b [u8],
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bits, at most 16.
    fn take(&mut self, number: u32) -> Result<u32, Trouble> {
        while self.count < number {
            let (first, rest) = self.bytes.split_first().ok_or(Trouble::Cut)?;
            self.held |= u32::from(*first) << self.count;
            self.count += 8;
            self.bytes = rest;
        }
        let value = self.held & ((1 << number) - 1);
        self.held >>= number;
        self.count -= number;
        Ok(value)
    }

    /// Goes on at the next whole byte.
    fn align(&mut self) {
        self.held >>= self.count % 8;
        self.count -= self.count % 8;
    }
}

/// A canonical prefix code: how many codes there are of each length, and their symbols in order.
struct Code {
    counts: [u16; LONGEST + 1],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Result<Code, Trouble> {
        let mut counts = [0_u16; LONGEST + 1];
        let mut symbols = Vec::with_capacity(lengths.len());
        for (length, count) in counts.iter_mut().enumerate().skip(1) {
            for (symbol, own) in lengths.iter().enumerate() {
                if usize::from(*own) == length {
                    symbols.push(symbol as u16);
                    *count += 1;
                }
            }
        }
        // More codes than there is room for: some would begin with others.
        let mut room = 1_i32;
        for count in &counts[1..] {
            room = room * 2 - i32::from(*count);
            if room < 0 {
                return Err(Trouble::Damaged);
            }
        }
        Ok(Code { counts, symbols })
    }

    fn read(&self, bits: &mut Bits<'_>) -> Result<usize, Trouble> {
        let (mut code, mut first, mut index) = (0_usize, 0_usize, 0_usize);
        for count in &self.counts[1..] {
            let count = usize::from(*count);
            code |= bits.take(1)? as usize;
            if code < first + count {
                let symbol = self.symbols.get(index + code - first);
                return symbol.map(|s| usize::from(*s)).ok_or(Trouble::Damaged);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(Trouble::Damaged)
    }
}

fn fixed() -> Result<(Code, Code), Trouble> {
    let length = |symbol: usize| match symbol {
        0..=143 => 8,
        144..=255 => 9,
        256..=279 => 7,
        _ => 8,
    };
    let literals: Vec<u8> = (0..288).map(length).collect();
    Ok((Code::new(&literals)?, Code::new(&[5; 30])?))
}

fn described(bits: &mut Bits<'_>) -> Result<(Code, Code), Trouble> {
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let given = bits.take(4)? as usize + 4;
    if literals > 286 || distances > DISTANCES.len() {
        return Err(Trouble::Damaged);
    }
    let mut lengths = [0_u8; ORDER.len()];
    for place in ORDER.into_iter().take(given) {
        lengths[place] = bits.take(3)? as u8;
    }
    let code = Code::new(&lengths)?;
    let mut lengths = Vec::with_capacity(literals + distances);
    while lengths.len() < literals + distances {
        let (value, times) = match code.read(bits)? {
            length @ 0..=15 => (length as u8, 1),
            16 => {
                let before = *lengths.last().ok_or(Trouble::Damaged)?;
                (before, 3 + bits.take(2)? as usize)
            }
            17 => (0, 3 + bits.take(3)? as usize),
            _ => (0, 11 + bits.take(7)? as usize),
        };
        lengths.resize(lengths.len() + times, value);
    }
    if lengths.len() > literals + distances {
        return Err(Trouble::Damaged);
    }
    let (literals, distances) = lengths.split_at(literals);
    Ok((Code::new(literals)?, Code::new(distances)?))
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>, most: usize) -> Result<(), Trouble> {
    bits.align();
    let length = bits.take(16)?;
    if bits.take(16)? != length ^ 0xffff {
        return Err(Trouble::Damaged);
    }
    if out.len() + length as usize > most {
        return Err(Trouble::TooLarge);
    }
    for _ in 0..length {
        out.push(bits.take(8)? as u8);
    }
    Ok(())
}

fn coded(
    bits: &mut Bits<'_>,
    literals: &Code,
    distances: &Code,
    out: &mut Vec<u8>,
    most: usize,
) -> Result<(), Trouble> {
    loop {
        let symbol = literals.read(bits)?;
        if let Ok(byte) = u8::try_from(symbol) {
            if out.len() >= most {
                return Err(Trouble::TooLarge);
            }
            out.push(byte);
            continue;
        }
        if symbol == 256 {
            return Ok(());
        }
        let length = amount(LENGTHS.get(symbol - 257), bits)?;
        let distance = amount(DISTANCES.get(distances.read(bits)?), bits)?;
        let from = out.len().checked_sub(distance).ok_or(Trouble::Damaged)?;
        if out.len() + length > most {
            return Err(Trouble::TooLarge);
        }
        // What is copied may overlap with what comes of it: that is how runs are packed.
        for at in from..from + length {
            out.push(out.get(at).copied().unwrap_or_default());
        }
    }
}

fn amount(entry: Option<&(u16, u8)>, bits: &mut Bits<'_>) -> Result<usize, Trouble> {
    let (base, extra) = entry.ok_or(Trouble::Damaged)?;
    Ok(usize::from(*base) + bits.take(u32::from(*extra))? as usize)
}

#[cfg(test)]
mod tests {
    use super::super::base64;
    use super::*;

    /// Made by zlib: fixed codes, no compression, and own codes.
    const FIXED: &str = "S0xKToQhAA";
    const STORED: &str = "AQUA-v9oZWxsbw";
    const OWN: &str = include_str!("own-codes.txt");

    fn unpack(text: &str) -> Result<String, Trouble> {
        let bytes = inflate(&base64::decode(text.trim()).unwrap(), 10_000)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    fn numbers() -> String {
        let list: Vec<String> = (0..400)
            .map(|i| format!("\"pod-{}-{}\"", i % 37, i * i))
            .collect();
        format!("{{\"a\":[{}]}}", list.join(","))
    }

    #[test]
    fn streams_of_another_packer_are_unpacked() {
        assert_eq!(unpack(FIXED).unwrap(), "abcabcabcabc");
        assert_eq!(unpack(STORED).unwrap(), "hello");
        assert_eq!(unpack("AwA").unwrap(), "");
        assert_eq!(unpack(OWN).unwrap(), numbers());
    }

    #[test]
    fn what_is_stored_is_unpacked() {
        for length in [0, 1, 65_535, 65_536, 200_000] {
            let text = vec![7; length];
            assert_eq!(inflate(&store(&text), length), Ok(text));
        }
    }

    #[test]
    fn every_stream_that_is_cut_says_so() {
        let whole = base64::decode(OWN.trim()).unwrap();
        for length in 0..whole.len() {
            let cut = inflate(&whole[..length], 10_000);
            assert_eq!(cut, Err(Trouble::Cut), "{length} of {}", whole.len());
        }
    }

    #[test]
    fn nothing_comes_out_beyond_the_bound() {
        // 258 bytes for each bit or two: a bomb of a thousand to one.
        let mut bomb = vec![0xed, 0xc1];
        bomb.extend([0x01; 4]);
        for packed in [base64::decode(OWN.trim()).unwrap(), store(&[1; 4000])] {
            assert_eq!(inflate(&packed, 3999), Err(Trouble::TooLarge));
        }
        assert!(inflate(&bomb, 1000).is_err());
    }

    #[test]
    fn noise_is_survived() {
        let whole = base64::decode(OWN.trim()).unwrap();
        let mut state = 1_u64;
        for round in 0..3000 {
            let mut noise = whole.clone();
            for _ in 0..=round % 5 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let at = (state >> 33) as usize % noise.len();
                noise[at] = (state >> 20) as u8;
            }
            if let Ok(out) = inflate(&noise, 10_000) {
                assert!(out.len() <= 10_000);
            }
        }
    }
}
