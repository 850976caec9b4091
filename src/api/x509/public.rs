//! The public halves of keys, as far as it takes to see whether a certificate and a private key belong together.

use super::der::{BIT_STRING, Element, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE};

/// The public half of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Public {
    /// The modulus.
    Rsa(Vec<u8>),
    /// The point, where it is known.
    Elliptic(Option<Vec<u8>>),
    /// Ed25519; which one is not known of a private key without arithmetic.
    Edwards,
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const EDWARDS: &[u8] = &[0x2b, 0x65, 0x70];
const VERSION: u8 = 0xa0;
const POINT: u8 = 0xa1;

impl Public {
    /// The key that a certificate (RFC 5280) is about.
    pub fn of_certificate(der: &[u8]) -> Option<Public> {
        let certificate = Reader(der).take(SEQUENCE)?;
        let mut parts = certificate.inside().take(SEQUENCE)?.inside();
        parts.take_if(VERSION);
        parts.take(INTEGER)?;
        // The algorithm of the signature, the issuer, the validity, the subject.
        for _ in 0..4 {
            parts.take(SEQUENCE)?;
        }
        let mut info = parts.take(SEQUENCE)?.inside();
        let algorithm = info.take(SEQUENCE)?.inside().take(OID)?;
        let key = bits(&info.take(BIT_STRING)?)?;
        match algorithm.content {
            RSA => {
                let mut numbers = Reader(key).take(SEQUENCE)?.inside();
                Some(Public::Rsa(numbers.take(INTEGER)?.content.to_vec()))
            }
            ELLIPTIC => Some(Public::Elliptic(Some(key.to_vec()))),
            EDWARDS => Some(Public::Edwards),
            _ => None,
        }
    }

    /// Of a private key in one of the three forms: PKCS#8, or PKCS#1 and SEC 1, which also stand inside the first.
    pub fn of_private(der: &[u8]) -> Option<Public> {
        let mut parts = Reader(der).take(SEQUENCE)?.inside();
        parts.take(INTEGER)?;
        let Some(algorithm) = parts.take_if(SEQUENCE) else {
            return Public::of_plain(der);
        };
        let inner = parts.take(OCTET_STRING)?;
        match algorithm.inside().take(OID)?.content {
            RSA | ELLIPTIC => Public::of_plain(inner.content),
            EDWARDS => Some(Public::Edwards),
            _ => None,
        }
    }

    fn of_plain(der: &[u8]) -> Option<Public> {
        let mut parts = Reader(der).take(SEQUENCE)?.inside();
        parts.take(INTEGER)?;
        let next = parts.any()?;
        match next.tag {
            INTEGER => Some(Public::Rsa(next.content.to_vec())),
            OCTET_STRING => {
                while let Some(part) = parts.any() {
                    if part.tag == POINT {
                        let point = part.inside().take(BIT_STRING)?;
                        return Some(Public::Elliptic(Some(bits(&point)?.to_vec())));
                    }
                }
                Some(Public::Elliptic(None))
            }
            _ => None,
        }
    }
}

/// What a bit string holds, without the count of unused bits.
fn bits<'a>(string: &Element<'a>) -> Option<&'a [u8]> {
    string.content.split_first().map(|(_, rest)| rest)
}
