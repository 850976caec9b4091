//! `od`, `hexdump` and `xxd`: bytes as numbers and letters.

use super::call::{Call, Output};
use super::options::{has, options, value};

pub fn dump(call: &mut Call<'_>) -> Output {
    let given = call.words.clone();
    let (flags, names) = options(&given, "AtNjnsvlcg");
    // Letters of one tool are others in another.
    let plain = |letter: char| {
        given
            .iter()
            .any(|w| w.starts_with('-') && !w.starts_with("--") && w.contains(letter))
    };
    let (canonical, letters) = (plain('C'), plain('c'));
    let style = value(&flags, 't').unwrap_or("o2");
    let bare = value(&flags, 'A') == Some("n");
    let hidden = has(&flags, 'p');
    let mut output = Output::default();
    let text = call.texts(&names, &mut output);
    let bytes = text.as_bytes();
    match call.name {
        "xxd" if hidden => {
            for line in bytes.chunks(30) {
                let digits: String = line.iter().map(|b| format!("{b:02x}")).collect();
                output.out.push_str(&(digits + "\n"));
            }
        }
        "xxd" => xxd(bytes, &mut output.out),
        "hexdump" if canonical => hexdump(bytes, &mut output.out),
        "hexdump" => words(bytes, "x2", false, 7, &mut output.out),
        _ => {
            let style = if letters { "c" } else { style };
            words(bytes, style, bare, 7, &mut output.out);
        }
    }
    output
}

fn shown(line: &[u8]) -> String {
    let letter = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    line.iter().map(letter).collect()
}

fn xxd(bytes: &[u8], out: &mut String) {
    for (i, line) in bytes.chunks(16).enumerate() {
        let pair = |two: &[u8]| two.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let pairs: Vec<String> = line.chunks(2).map(pair).collect();
        out.push_str(&format!(
            "{:08x}: {:39}  {}\n",
            i * 16,
            pairs.join(" "),
            shown(line)
        ));
    }
}

fn hexdump(bytes: &[u8], out: &mut String) {
    for (i, line) in bytes.chunks(16).enumerate() {
        let half = |part: &[u8]| {
            let digits: Vec<String> = part.iter().map(|b| format!("{b:02x}")).collect();
            format!("{:23}", digits.join(" "))
        };
        let (left, right) = line.split_at(line.len().min(8));
        let (left, right) = (half(left), half(right));
        out.push_str(&format!(
            "{:08x}  {left}  {right}  |{}|\n",
            i * 16,
            shown(line)
        ));
    }
    if !bytes.is_empty() {
        out.push_str(&format!("{:08x}\n", bytes.len()));
    }
}

/// One unit of `od`, as its style writes it.
fn unit(bytes: &[u8], style: &str) -> String {
    let number = bytes
        .iter()
        .rev()
        .fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    match style {
        "c" => match bytes.first().copied().unwrap_or(0) {
            0 => "  \\0".to_owned(),
            7 => "  \\a".to_owned(),
            8 => "  \\b".to_owned(),
            b'\t' => "  \\t".to_owned(),
            b'\n' => "  \\n".to_owned(),
            11 => "  \\v".to_owned(),
            12 => "  \\f".to_owned(),
            b'\r' => "  \\r".to_owned(),
            byte @ b' '..=b'~' => format!("   {}", char::from(byte)),
            byte => format!(" {byte:03o}"),
        },
        "x1" => format!(" {number:02x}"),
        "x4" => format!(" {number:08x}"),
        "u1" | "d1" => format!(" {number:3}"),
        "o1" | "b" => format!(" {number:03o}"),
        "d2" | "u2" => format!(" {number:5}"),
        "x2" | "x" => format!(" {number:04x}"),
        _ => format!(" {number:06o}"),
    }
}

fn words(bytes: &[u8], style: &str, bare: bool, digits: usize, out: &mut String) {
    let size = match style {
        "c" | "x1" | "u1" | "d1" | "o1" | "b" => 1,
        "x4" => 4,
        _ => 2,
    };
    let address = |at: usize| match (bare, style) {
        (true, _) => String::new(),
        (false, _) => format!("{at:0digits$o}"),
    };
    for (i, line) in bytes.chunks(16).enumerate() {
        let units: String = line.chunks(size).map(|bytes| unit(bytes, style)).collect();
        out.push_str(&format!("{}{units}\n", address(i * 16)));
    }
    if !bare {
        out.push_str(&format!("{}\n", address(bytes.len())));
    }
}
