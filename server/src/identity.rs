//! Who a client is: what its certificate says.

use kubarium::apiserver::request::Certificate;
use ring::digest::{SHA256, digest};

/// What a connection says of its client.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// The certificate, when it has shown one that our authority has signed.
    pub certificate: Option<Certificate>,
}

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

/// Reads user (`CN`) and groups (`O`, each) out of a certificate (X.509 in DER).
pub fn certificate(der: &[u8]) -> Option<Certificate> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    let mut found = Certificate::default();
    // [0] version, serial, algorithm, issuer, validity, subject.
    let mut position = 0;
    while let Some((tag, content, rest)) = element(fields) {
        fields = rest;
        if position == 0 && tag == 0xa0 {
            continue;
        }
        position += 1;
        if position == 5 {
            read_name(content, &mut found);
            break;
        }
    }
    for byte in digest(&SHA256, der).as_ref() {
        found.fingerprint.push_str(&format!("{byte:02x}"));
    }
    (!found.user.is_empty()).then_some(found)
}

/// Reads a `Name`: sets of type and value.
fn read_name(mut name: &[u8], into: &mut Certificate) {
    while let Some((_, set, rest)) = element(name) {
        name = rest;
        let mut set = set;
        while let Some((_, pair, rest)) = element(set) {
            set = rest;
            let Some((_, kind, value)) = element(pair) else {
                continue;
            };
            let Some((_, value, _)) = element(value) else {
                continue;
            };
            let value = String::from_utf8_lossy(value).into_owned();
            match kind {
                COMMON_NAME => into.user = value,
                ORGANIZATION => into.groups.push(value),
                _ => {}
            }
        }
    }
}

/// The first element of DER: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let count = length & 0x7f;
        if count > 4 {
            return None;
        }
        let (digits, after) = rest.split_at_checked(count)?;
        length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certs::Authority;

    #[test]
    fn a_certificate_names_its_user_and_groups() {
        let authority = Authority::new().unwrap();
        let issued = authority
            .client("jane", &["dev", "system:masters"])
            .unwrap();
        let read = certificate(&issued.der).unwrap();
        assert_eq!(read.user, "jane");
        assert_eq!(read.groups, ["dev", "system:masters"]);
        assert_eq!(read.fingerprint.len(), 64);
        for cut in 0..issued.der.len() {
            // Whatever is left of it: no panic.
            let _ = certificate(&issued.der[..cut]);
        }
        assert_eq!(certificate(&[]), None);
    }
}
