//! What `@name` makes of a value.

use super::arithmetic::Failed;
use super::json;
use super::value::Value;

fn fail<T>(message: String) -> Failed<T> {
    Err(Value::text(&message))
}

pub fn format(name: &str, value: &Value) -> Failed<String> {
    Ok(match name {
        "json" => json::compact(value),
        "csv" => row(value, "csv", ",", |text| {
            format!("\"{}\"", text.replace('"', "\"\""))
        })?,
        "tsv" => row(value, "tsv", "\t", |text| {
            let text = text.replace('\\', "\\\\").replace('\t', "\\t");
            text.replace('\n', "\\n").replace('\r', "\\r")
        })?,
        "html" => {
            let text = value.shown().replace('&', "&amp;").replace('<', "&lt;");
            let text = text.replace('>', "&gt;").replace('\'', "&#39;");
            text.replace('"', "&quot;")
        }
        "uri" => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
            let one = |byte: u8| match plain(byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            };
            value.shown().bytes().map(one).collect()
        }
        "urid" => unescaped(value)?,
        "sh" => match value {
            Value::Array(array) => {
                let words: Failed<Vec<String>> = array.items.iter().map(quoted).collect();
                words?.join(" ")
            }
            other => quoted(other)?,
        },
        "base64" => crate::api::base64::encode(value.shown().as_bytes()),
        "base64d" => {
            let text = value.shown();
            let text = text.trim_end_matches('=');
            let (bytes, whole) = crate::api::base64::decode_part(text.bytes());
            // A letter alone is not even a byte.
            if !whole && bytes.is_empty() && !text.is_empty() || text.len() == 1 {
                return fail(format!("{} is not valid base64 data", value.described()));
            }
            String::from_utf8_lossy(&bytes).into_owned()
        }
        "base32" => base32(value.shown().as_bytes()),
        "base32d" => match base32_decoded(&value.shown()) {
            Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            None => return fail(format!("{} is not valid base32 data", value.described())),
        },
        _ => value.shown().to_string(),
    })
}

fn row(value: &Value, name: &str, between: &str, quote: fn(&str) -> String) -> Failed<String> {
    let Some(items) = value.items() else {
        let value = value.described();
        return fail(format!("{value} cannot be {name}-formatted, only array"));
    };
    let mut cells = Vec::new();
    for item in items {
        cells.push(match item {
            Value::Null => String::new(),
            Value::Text(text) => quote(text),
            Value::Array(_) | Value::Object(_) => {
                return fail(format!("{} is not valid in a csv row", item.described()));
            }
            other => json::compact(other),
        });
    }
    Ok(cells.join(between))
}

fn quoted(value: &Value) -> Failed<String> {
    match value {
        Value::Text(text) => Ok(format!("'{}'", text.replace('\'', "'\\''"))),
        Value::Array(_) | Value::Object(_) => fail(format!(
            "{} can not be escaped for shell",
            value.described()
        )),
        other => Ok(json::compact(other)),
    }
}

fn unescaped(value: &Value) -> Failed<String> {
    let text = value.shown();
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => return fail(format!("{} is not a valid uri encoding", value.described())),
        }
        rest = tail.get(2..).unwrap_or_default();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut bits = 0u64;
        for i in 0..5 {
            bits = bits << 8 | u64::from(chunk.get(i).copied().unwrap_or(0));
        }
        let letters = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let letter = LETTERS.get((bits >> (35 - 5 * i) & 31) as usize);
            out.push(match letter {
                Some(letter) if i < letters => char::from(*letter),
                _ => '=',
            });
        }
    }
    out
}

fn base32_decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u64, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|letter| *letter == byte)?;
        bits = bits << 5 | value as u64;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 255) as u8);
        }
    }
    Some(out)
}
