//! Keys and requests for certificates, as openssl writes them.
//!
//! Divergence: a key has the form of RSA's, but its numbers are drawn and have none of the properties of a
//! key; a request is signed by a keyed hash of the same size.

use super::certificate::{ALGORITHM, SIGNATURE_WORDS};
use super::der::{self, BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, element};
use super::{ALTERNATIVE_NAMES, ATTRIBUTES, REQUESTED, pem};
use crate::api::names::{Ip, parse_ip_sloppy};
use crate::sim::{Rng, seal};

/// `rsaEncryption`, without parameters.
const RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// 65537.
const EXPONENT: &[u8] = &[INTEGER, 3, 1, 0, 1];

/// A private key of so many bits, as text (PKCS #8).
pub fn private_key(seed: u64, bits: usize) -> String {
    let mut rng = Rng::new(seed);
    let bytes = bits.clamp(512, 8192) / 8;
    let mut number = |bytes: usize| {
        let mut out: Vec<u8> = Vec::with_capacity(bytes + 8);
        out.push(0);
        while out.len() <= bytes {
            out.extend(rng.next_u64().to_be_bytes());
        }
        out.truncate(bytes + 1);
        // As long as it should be, and odd.
        if let [_, first, .., last] = out.as_mut_slice() {
            *first |= 0x80;
            *last |= 1;
        }
        element(INTEGER, &[&out])
    };
    let (modulus, private) = (number(bytes), number(bytes));
    let rest: Vec<Vec<u8>> = (0..5).map(|_| number(bytes / 2)).collect();
    let mut parts: Vec<&[u8]> = vec![&[INTEGER, 1, 0], &modulus, EXPONENT, &private];
    parts.extend(rest.iter().map(Vec::as_slice));
    let key = element(SEQUENCE, &parts);
    let whole = element(
        SEQUENCE,
        &[&[INTEGER, 1, 0], RSA, &element(OCTET_STRING, &[&key])],
    );
    pem::written("PRIVATE KEY", &whole)
}

/// The public half of a private key.
fn public_key(text: &str) -> Option<Vec<u8>> {
    let block = pem::first(text).filter(|block| block.label == "PRIVATE KEY")?;
    let mut outer = Reader(&block.content).take(SEQUENCE)?.inside();
    outer.take(INTEGER)?;
    outer.take(SEQUENCE)?;
    let mut key = outer.take(OCTET_STRING)?.inside().take(SEQUENCE)?.inside();
    key.take(INTEGER)?;
    let (modulus, exponent) = (key.take(INTEGER)?, key.take(INTEGER)?);
    let numbers = element(SEQUENCE, &[modulus.whole, exponent.whole]);
    Some(element(
        SEQUENCE,
        &[RSA, &element(BIT_STRING, &[&[0], &numbers])],
    ))
}

/// A request for a certificate, as text.
///
/// # Errors
/// What is wrong with the key, the subject (`/O=dev/CN=jane`) or the names (`DNS:a,IP:10.0.0.1`).
pub fn request(key: &str, subject: &str, names: &str) -> Result<String, String> {
    let public = public_key(key).ok_or("Could not read private key")?;
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let rest = subject.strip_prefix('/');
    let rest =
        rest.ok_or("subject name is expected to be in the format /type0=value0/type1=value1")?;
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        let (short, value) = part.split_once('=').ok_or_else(|| {
            format!("Missing '=' after RDN type string '{part}' in subject name string")
        })?;
        let known = ATTRIBUTES.iter().find(|(_, known)| *known == short);
        let (number, _) =
            known.ok_or_else(|| format!("Unknown attribute \"{short}\" in the subject"))?;
        let pair = element(
            SEQUENCE,
            &[
                &element(OID, &[&[0x55, 0x04, *number]]),
                &element(0x0c, &[value.as_bytes()]),
            ],
        );
        parts.push(element(SET, &[&pair]));
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let info = element(
        SEQUENCE,
        &[
            &[INTEGER, 1, 0],
            &element(SEQUENCE, &parts),
            &public,
            &attributes(names)?,
        ],
    );
    let signature = seal([0x6b65, 0x79], &info, SIGNATURE_WORDS);
    let bits = element(der::BIT_STRING, &[&[0], &signature]);
    let whole = element(SEQUENCE, &[&info, ALGORITHM, &bits]);
    Ok(pem::written("CERTIFICATE REQUEST", &whole))
}

fn attributes(names: &str) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let (kind, value) = name.split_once(':').unwrap_or((name, ""));
        let address;
        let (tag, value) = match (kind, parse_ip_sloppy(value)) {
            ("DNS", _) => (0x82, value.as_bytes()),
            ("email", _) => (0x81, value.as_bytes()),
            ("URI", _) => (0x86, value.as_bytes()),
            ("IP", Some(ip)) => {
                address = match ip {
                    Ip::V4(ip) => ip.octets().to_vec(),
                    Ip::V6(ip) => ip.octets().to_vec(),
                };
                (0x87, address.as_slice())
            }
            _ => return Err(format!("Error adding request extensions: {name}")),
        };
        all.extend(element(tag, &[value]));
    }
    if all.is_empty() {
        return Ok(element(0xa0, &[]));
    }
    let value = element(OCTET_STRING, &[&element(SEQUENCE, &[&all])]);
    let extension = element(SEQUENCE, &[&element(OID, &[ALTERNATIVE_NAMES]), &value]);
    let set = element(SET, &[&element(SEQUENCE, &[&extension])]);
    let attribute = element(SEQUENCE, &[&element(OID, &[REQUESTED]), &set]);
    Ok(element(0xa0, &[&attribute]))
}

#[cfg(test)]
mod tests {
    use super::super::Request;
    use super::*;

    #[test]
    fn a_request_that_is_made_is_read() {
        let key = private_key(1, 2048);
        let text = request(
            &key,
            "/C=DE/O=dev/O=ops/CN=jane",
            "DNS:a.b, IP:10.0.0.1,email:j@a",
        );
        let read = Request::parse(text.expect("it is made").as_bytes()).expect("a request");
        assert_eq!(read.subject.one("CN"), "jane");
        assert_eq!(read.subject.all("O").collect::<Vec<_>>(), ["dev", "ops"]);
        assert_eq!(
            (read.dns_names, read.ip_addresses),
            (vec!["a.b".to_owned()], vec!["10.0.0.1".to_owned()])
        );
        assert_ne!(key, private_key(2, 2048));
        let bare = request(&key, "/CN=x", "").expect("it is made");
        assert!(Request::parse(bare.as_bytes()).is_ok());
        for (key, subject, names) in [
            ("x", "/CN=x", ""),
            (&*key, "CN=x", ""),
            (&*key, "/XX=x", ""),
            (&*key, "/CN", ""),
            (&*key, "/CN=x", "IP:x"),
            (&*key, "/CN=x", "DNS"),
        ] {
            let made = request(key, subject, names);
            assert_eq!(made.is_err(), names != "DNS", "{subject} {names}");
        }
    }
}
