//! Certificates: issued, and read again (RFC 5280, section 4;
//! `pkg/controller/certificates/authority/policies.go`).

use super::der::{self, BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, element};
use super::{ALTERNATIVE_NAMES, MALFORMED, Name, Request, extension, pem};
use crate::api::rfc3339::{Civil, civil_of, seconds_of};
use crate::sim::seal;

/// The words of the size of an RSA signature of 2048 bits.
pub(super) const SIGNATURE_WORDS: usize = 32;

/// `sha256WithRSAEncryption`, without parameters.
pub(super) const ALGORITHM: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00,
];
/// `CN=kubernetes`, as kubeadm calls its authority.
const ISSUER: &str = "kubernetes";
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const TRUE: &[u8] = &[0x01, 0x01, 0xff];
const CLIENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// Usages of the API that are bits of the key usage, in the order of the bits; the first has two names.
const BITS: [&str; 9] = [
    "digital signature",
    "content commitment",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
];

/// Usages of the API that are numbers of the extended key usage.
const EXTENDED: [(&str, &[u8]); 14] = [
    ("any", &[0x55, 0x1d, 0x25, 0x00]),
    ("server auth", &[0x2b, 6, 1, 5, 5, 7, 3, 1]),
    ("client auth", CLIENTS),
    ("code signing", &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
    ("email protection", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("s/mime", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
    ("ipsec end system", &[0x2b, 6, 1, 5, 5, 7, 3, 5]),
    ("ipsec tunnel", &[0x2b, 6, 1, 5, 5, 7, 3, 6]),
    ("ipsec user", &[0x2b, 6, 1, 5, 5, 7, 3, 7]),
    ("timestamping", &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
    ("ocsp signing", &[0x2b, 6, 1, 5, 5, 7, 3, 9]),
    ("microsoft sgc", &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3]),
    (
        "netscape sgc",
        &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1],
    ),
    // Another name of the first bit; here so that it is a known usage.
    ("signing", &[]),
];

/// All usages that the API knows.
pub fn usages() -> impl Iterator<Item = &'static str> {
    let extended = EXTENDED.iter().map(|(usage, _)| *usage);
    BITS.into_iter().chain(extended)
}

/// What a certificate is to say beyond its request.
pub struct Terms<'a> {
    pub usages: &'a [String],
    /// Seconds since the epoch.
    pub begins: i64,
    pub ends: i64,
    pub serial: [u8; 16],
    /// Who signs: what is signed by another one is not signed.
    pub authority: &'a str,
}

/// Issues a certificate, as text.
pub fn issue(request: &Request, terms: &Terms<'_>) -> String {
    let [subject, key, names] = &request.parts;
    let mut serial = terms.serial;
    // Positive, and without a zero in front.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    let issuer = element(
        SEQUENCE,
        &[
            &element(OID, &[COMMON_NAME]),
            &element(0x0c, &[ISSUER.as_bytes()]),
        ],
    );
    let to_be_signed = element(
        SEQUENCE,
        &[
            &element(0xa0, &[&[INTEGER, 1, 2]]),
            &element(INTEGER, &[&serial]),
            ALGORITHM,
            &element(SEQUENCE, &[&element(SET, &[&issuer])]),
            &element(SEQUENCE, &[&time(terms.begins), &time(terms.ends)]),
            subject,
            key,
            &element(
                0xa3,
                &[&element(SEQUENCE, &[&extensions(terms.usages, names)])],
            ),
        ],
    );
    let signature = signature(&to_be_signed, terms.authority);
    let bits = element(BIT_STRING, &[&[0], &signature]);
    let whole = element(SEQUENCE, &[&to_be_signed, ALGORITHM, &bits]);
    pem::written("CERTIFICATE", &whole)
}

fn extensions(usages: &[String], names: &[u8]) -> Vec<u8> {
    let is_used = |usage: &str| usages.iter().any(|u| u == usage);
    let mut bits = 0_u16;
    for (i, usage) in BITS.iter().enumerate() {
        if is_used(usage) || (i == 0 && is_used("signing")) {
            bits |= 0x8000 >> i;
        }
    }
    let mut all = Vec::new();
    let mut add = |oid: &[u8], critical: &[u8], value: &[u8]| {
        let value = element(OCTET_STRING, &[value]);
        all.extend(element(
            SEQUENCE,
            &[&element(OID, &[oid]), critical, &value],
        ));
    };
    if bits != 0 {
        let [high, low] = bits.to_be_bytes();
        let unused = (bits.trailing_zeros() % 8) as u8;
        let value = match low {
            0 => element(BIT_STRING, &[&[unused, high]]),
            low => element(BIT_STRING, &[&[unused, high, low]]),
        };
        add(KEY_USAGE, TRUE, &value);
    }
    let mut numbers: Vec<Vec<u8>> = Vec::new();
    for (usage, oid) in EXTENDED {
        let number = element(OID, &[oid]);
        if is_used(usage) && !oid.is_empty() && !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    if !numbers.is_empty() {
        let numbers: Vec<&[u8]> = numbers.iter().map(Vec::as_slice).collect();
        add(EXTENDED_KEY_USAGE, &[], &element(SEQUENCE, &numbers));
    }
    add(BASIC_CONSTRAINTS, TRUE, &element(SEQUENCE, &[]));
    if !names.is_empty() {
        add(ALTERNATIVE_NAMES, &[], names);
    }
    all
}

/// `UTCTime` until 2049, `GeneralizedTime` from then on.
fn time(seconds: i64) -> Vec<u8> {
    let c = civil_of(seconds);
    let rest = format!(
        "{:02}{:02}{:02}{:02}{:02}Z",
        c.month, c.day, c.hour, c.minute, c.second
    );
    let (tag, text) = match c.year {
        1950..2050 => (0x17, format!("{:02}{rest}", c.year % 100)),
        year => (0x18, format!("{year:04}{rest}")),
    };
    element(tag, &[text.as_bytes()])
}

fn seconds(time: &der::Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(time.content).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if time.tag == 0x17 { 2 } else { 4 })?;
    let year: i64 = year.parse().ok()?;
    let year = match time.tag {
        0x17 if year < 50 => year + 2000,
        0x17 => year + 1900,
        0x18 => year,
        _ => return None,
    };
    let part = |i: usize| rest.get(2 * i..2 * i + 2)?.parse::<u8>().ok();
    let c = Civil {
        year,
        month: part(0).filter(|m| (1..=12).contains(m))?,
        day: part(1).filter(|d| (1..=31).contains(d))?,
        hour: part(2)?,
        minute: part(3)?,
        second: part(4)?,
        nanosecond: 0,
        weekday: 0,
    };
    Some(seconds_of(&c))
}

fn signature(bytes: &[u8], authority: &str) -> Vec<u8> {
    // The name of who signs is the key.
    let key = authority.bytes().fold([0x6b75, 0x6261], |[a, b], byte| {
        let step = |lane: u64, by: u64| (lane ^ u64::from(byte)).wrapping_mul(by).rotate_left(11);
        [
            step(a, 0x0000_0100_0000_01b3),
            step(b, 0x9e37_79b9_7f4a_7c15),
        ]
    });
    seal(key, bytes, SIGNATURE_WORDS)
}

/// A certificate, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub subject: Name,
    /// Seconds since the epoch.
    pub begins: i64,
    pub ends: i64,
    /// Whether it may be shown by a client.
    pub is_for_clients: bool,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads the first certificate of a text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pem: &[u8]) -> Result<Certificate, &'static str> {
        let text = String::from_utf8_lossy(pem);
        let block = pem::first(&text).filter(|block| block.label == "CERTIFICATE");
        let block = block.ok_or("must contain at least one CERTIFICATE PEM block")?;
        Certificate::read(&block.content).ok_or(MALFORMED)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Certificate> {
        let mut whole = Reader(bytes);
        let mut outer = whole.take(SEQUENCE)?.inside();
        let signed = outer.take(SEQUENCE)?;
        outer.take(SEQUENCE)?;
        let signature = outer.take(BIT_STRING)?.content.get(1..)?;
        if !whole.0.is_empty() || !outer.0.is_empty() {
            return None;
        }
        let mut fields = signed.inside();
        fields.take_if(0xa0);
        fields.take(INTEGER)?;
        // Algorithm and issuer.
        fields.take(SEQUENCE)?;
        fields.take(SEQUENCE)?;
        let mut validity = fields.take(SEQUENCE)?.inside();
        let subject = Name::read(&fields.take(SEQUENCE)?)?;
        fields.take(SEQUENCE)?;
        let mut certificate = Certificate {
            subject,
            begins: seconds(&validity.any()?)?,
            ends: seconds(&validity.any()?)?,
            is_for_clients: false,
            signed: signed.whole.to_vec(),
            signature: signature.to_vec(),
        };
        while !fields.0.is_empty() {
            let field = fields.any()?;
            if field.tag != 0xa3 {
                continue;
            }
            let mut extensions = field.inside().take(SEQUENCE)?.inside();
            while !extensions.0.is_empty() {
                let (oid, value) = extension(&mut extensions)?;
                if oid == EXTENDED_KEY_USAGE {
                    let mut usages = Reader(value).take(SEQUENCE)?.inside();
                    while let Some(usage) = usages.any() {
                        certificate.is_for_clients |= usage.content == CLIENTS;
                    }
                }
            }
        }
        Some(certificate)
    }

    /// Whether it was issued by that authority, and says what it said then.
    pub fn is_signed_by(&self, authority: &str) -> bool {
        self.signature == signature(&self.signed, authority)
    }
}
