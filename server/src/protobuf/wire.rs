//! The wire format: numbered fields, one after the other.

/// The content of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'b> {
    Number(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'b [u8]),
}

/// The fields of a message in their order; `None` when it is not one.
pub fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        let field = match key & 7 {
            0 => Field::Number(number(&mut bytes)?),
            1 => {
                let (bits, rest) = bytes.split_at_checked(8)?;
                bytes = rest;
                Field::Fixed64(u64::from_le_bytes(bits.try_into().ok()?))
            }
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Field::Bytes(content)
            }
            5 => {
                bytes = bytes.get(4..)?;
                Field::Fixed32
            }
            _ => return None,
        };
        out.push((key >> 3, field));
    }
    Some(out)
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for i in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
