//! Checksums: MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), and the CRC of POSIX's `cksum`.

use super::call::{Call, Output};
use super::sha256;

pub fn sums(call: &mut Call<'_>) -> Output {
    let mut names: Vec<&str> = call
        .words
        .iter()
        .copied()
        .filter(|w| *w == "-" || !w.starts_with('-'))
        .collect();
    let check = call.words.iter().any(|w| matches!(*w, "-c" | "--check"));
    let unnamed = names.is_empty();
    if unnamed {
        names.push("-");
    }
    let mut output = Output::default();
    for name in names {
        let text = match call.text(name) {
            Ok(text) => text,
            Err(message) => {
                output.complain(&message, 1);
                continue;
            }
        };
        if check {
            verify(call, &text, &mut output);
            continue;
        }
        let line = match call.name {
            "cksum" => {
                let sum = crc(text.as_bytes());
                let name = if unnamed {
                    String::new()
                } else {
                    format!(" {name}")
                };
                format!("{sum} {}{name}\n", text.len())
            }
            tool => format!("{}  {name}\n", digest(tool, text.as_bytes())),
        };
        output.out.push_str(&line);
    }
    output
}

/// Whether files have the sums that a text lists.
fn verify(call: &mut Call<'_>, list: &str, output: &mut Output) {
    let mut failed = 0;
    for line in list.lines() {
        let Some((sum, name)) = line.split_once("  ").or(line.split_once(" *")) else {
            continue;
        };
        match call.text(name) {
            Ok(text) if digest(call.name, text.as_bytes()) == sum => {
                output.out.push_str(&format!("{name}: OK\n"));
            }
            Ok(_) => {
                failed += 1;
                output.out.push_str(&format!("{name}: FAILED\n"));
            }
            Err(message) => output.complain(&message, 1),
        }
    }
    if failed > 0 {
        let noun = if failed == 1 { "checksum" } else { "checksums" };
        let message = format!(
            "{}: WARNING: {failed} computed {noun} did NOT match",
            call.name
        );
        output.complain(&message, 1);
    }
}

fn digest(tool: &str, bytes: &[u8]) -> String {
    match tool {
        "md5sum" => md5(bytes),
        "sha1sum" => sha1(bytes),
        _ => sha256::hex(bytes),
    }
}

/// The message in blocks of 64 bytes, with its length in bits behind it.
fn blocks(bytes: &[u8], length: [u8; 8]) -> Vec<u8> {
    let mut message = bytes.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend(length);
    message
}

fn hex(bytes: impl Iterator<Item = u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

pub fn md5(bytes: &[u8]) -> String {
    const TURNS: [[u32; 4]; 4] = [
        [7, 12, 17, 22],
        [5, 9, 14, 20],
        [4, 11, 16, 23],
        [6, 10, 15, 21],
    ];
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let message = blocks(bytes, (bytes.len() as u64 * 8).to_le_bytes());
    for block in message.chunks_exact(64) {
        let word = |i: usize| {
            let four = block.get(i * 4..i * 4 + 4).unwrap_or_default();
            four.iter()
                .rev()
                .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
        };
        let [mut a, mut b, mut c, mut d] = state;
        for i in 0..64usize {
            let (mixed, at) = match i / 16 {
                0 => (b & c | !b & d, i),
                1 => (d & b | !d & c, (5 * i + 1) % 16),
                2 => (b ^ c ^ d, (3 * i + 5) % 16),
                _ => (c ^ (b | !d), 7 * i % 16),
            };
            let constant = MD5.get(i).copied().unwrap_or(0);
            let sum = a
                .wrapping_add(mixed)
                .wrapping_add(constant)
                .wrapping_add(word(at));
            let turn = TURNS
                .get(i / 16)
                .and_then(|t| t.get(i % 4))
                .copied()
                .unwrap_or(0);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(turn));
        }
        for (own, new) in state.iter_mut().zip([a, b, c, d]) {
            *own = own.wrapping_add(new);
        }
    }
    hex(state.into_iter().flat_map(u32::to_le_bytes))
}

/// The whole parts of 2^32 times the sines of 1 to 64.
const MD5: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

pub fn sha1(bytes: &[u8]) -> String {
    let mut state: [u32; 5] = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    let message = blocks(bytes, (bytes.len() as u64 * 8).to_be_bytes());
    for block in message.chunks_exact(64) {
        let mut words: Vec<u32> = block
            .chunks_exact(4)
            .map(|four| {
                four.iter()
                    .fold(0, |word, byte| word << 8 | u32::from(*byte))
            })
            .collect();
        for i in 16..80 {
            let back = |by: usize| words.get(i - by).copied().unwrap_or(0);
            words.push((back(3) ^ back(8) ^ back(14) ^ back(16)).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match i / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc_u32),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a
                .rotate_left(5)
                .wrapping_add(mixed)
                .wrapping_add(e)
                .wrapping_add(constant)
                .wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (own, new) in state.iter_mut().zip([a, b, c, d, e]) {
            *own = own.wrapping_add(new);
        }
    }
    hex(state.into_iter().flat_map(u32::to_be_bytes))
}

/// As `cksum` computes it: the length counts, too.
fn crc(bytes: &[u8]) -> u32 {
    let mut length = bytes.len();
    let mut tail = Vec::new();
    while length > 0 {
        tail.push((length & 255) as u8);
        length >>= 8;
    }
    let mut crc = 0u32;
    for byte in bytes.iter().chain(&tail) {
        crc ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            let over = crc >> 31 == 1;
            crc <<= 1;
            if over {
                crc ^= 0x04c1_1db7;
            }
        }
    }
    !crc
}
