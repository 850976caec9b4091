//! Whether a certificate and a private key fit, in the words of Go (`crypto/tls`, `X509KeyPair`).
//!
//! Divergence: of an elliptic key without its public half, and of an Ed25519 key, only the type is compared.

/// A block of PEM: its type, and the bytes in it.
struct Block {
    label: String,
    bytes: Vec<u8>,
}

/// The public half of a key.
#[derive(Debug, PartialEq, Eq)]
enum Public {
    Rsa(Vec<u8>),
    /// The point, where it is known.
    Elliptic(Option<Vec<u8>>),
    Edwards,
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const EDWARDS: &[u8] = &[0x2b, 0x65, 0x70];

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const BYTES: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// # Errors
/// What Go says of the pair.
pub fn check(certificate: &str, key: &str) -> Result<(), String> {
    let certificates = blocks(certificate);
    let Some(first) = certificates.iter().find(|b| b.label == "CERTIFICATE") else {
        return Err(no_certificate(&certificates));
    };
    let keys = blocks(key);
    let is_key = |b: &&Block| b.label == "PRIVATE KEY" || b.label.ends_with(" PRIVATE KEY");
    let Some(private) = keys.iter().find(is_key) else {
        return Err(no_key(&keys));
    };
    let public = of_certificate(&first.bytes).ok_or("x509: malformed certificate")?;
    let own = of_private(&private.bytes).ok_or("tls: failed to parse private key")?;
    match (public, own) {
        (Public::Rsa(a), Public::Rsa(b)) if a != b => mismatch(),
        (Public::Elliptic(Some(a)), Public::Elliptic(Some(b))) if a != b => mismatch(),
        (Public::Rsa(_), Public::Rsa(_))
        | (Public::Elliptic(_), Public::Elliptic(_))
        | (Public::Edwards, Public::Edwards) => Ok(()),
        _ => Err("tls: private key type does not match public key type".to_owned()),
    }
}

fn mismatch() -> Result<(), String> {
    Err("tls: private key does not match public key".to_owned())
}

fn labels(blocks: &[Block]) -> String {
    let labels: Vec<&str> = blocks.iter().map(|b| b.label.as_str()).collect();
    format!("[{}]", labels.join(" "))
}

fn no_certificate(found: &[Block]) -> String {
    match found {
        [] => "tls: failed to find any PEM data in certificate input".to_owned(),
        [one] if one.label.ends_with("PRIVATE KEY") => "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".to_owned(),
        many => format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: {}",
            labels(many)
        ),
    }
}

fn no_key(found: &[Block]) -> String {
    match found {
        [] => "tls: failed to find any PEM data in key input".to_owned(),
        [one] if one.label == "CERTIFICATE" => {
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned()
        }
        many => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: {}",
            labels(many)
        ),
    }
}

/// The blocks of a text; what stands between them is left out.
fn blocks(text: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let label = line
            .trim_end()
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"));
        let Some(label) = label else { continue };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        let mut ended = false;
        for line in lines.by_ref() {
            ended = line.trim_end() == end;
            if ended {
                break;
            }
            // Headers, as in encrypted keys.
            if !line.contains(':') {
                body.push_str(line.trim());
            }
        }
        if let (true, Some(bytes)) = (ended, crate::api::yaml::decode_base64(&body)) {
            out.push(Block {
                label: label.to_owned(),
                bytes,
            });
        }
    }
    out
}

/// The first element of DER: its tag, its content, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let count = usize::from(*first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, after) = rest.split_at_checked(count)?;
        length = digits
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

/// As [`element`], if it has the tag: its content, and what follows.
fn tagged(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// What a bit string holds, without the count of unused bits.
fn bits(content: &[u8]) -> Option<&[u8]> {
    content.split_first().map(|(_, rest)| rest)
}

fn of_certificate(der: &[u8]) -> Option<Public> {
    let (certificate, _) = tagged(der, SEQUENCE)?;
    let (mut rest, _) = tagged(certificate, SEQUENCE)?;
    if let Some((0xa0, _, after)) = element(rest) {
        rest = after;
    }
    rest = tagged(rest, INTEGER)?.1;
    // The algorithm of the signature, the issuer, the validity, the subject.
    for _ in 0..4 {
        rest = tagged(rest, SEQUENCE)?.1;
    }
    let (info, _) = tagged(rest, SEQUENCE)?;
    let (algorithm, rest) = tagged(info, SEQUENCE)?;
    let (object, _) = tagged(algorithm, OBJECT)?;
    let key = bits(tagged(rest, BITS)?.0)?;
    match object {
        RSA => {
            let (numbers, _) = tagged(key, SEQUENCE)?;
            Some(Public::Rsa(tagged(numbers, INTEGER)?.0.to_vec()))
        }
        ELLIPTIC => Some(Public::Elliptic(Some(key.to_vec()))),
        EDWARDS => Some(Public::Edwards),
        _ => None,
    }
}

/// A private key in one of the three forms: PKCS#1, PKCS#8, SEC 1.
fn of_private(der: &[u8]) -> Option<Public> {
    let (content, _) = tagged(der, SEQUENCE)?;
    let (_, rest) = tagged(content, INTEGER)?;
    match element(rest)? {
        (INTEGER, modulus, _) => Some(Public::Rsa(modulus.to_vec())),
        (SEQUENCE, algorithm, rest) => {
            let (inner, _) = tagged(rest, BYTES)?;
            match tagged(algorithm, OBJECT)?.0 {
                RSA | ELLIPTIC => of_private(inner),
                EDWARDS => Some(Public::Edwards),
                _ => None,
            }
        }
        (BYTES, _, mut rest) => {
            while let Some((tag, content, after)) = element(rest) {
                if tag == 0xa1 {
                    let point = bits(tagged(content, BITS)?.0)?;
                    return Some(Public::Elliptic(Some(point.to_vec())));
                }
                rest = after;
            }
            Some(Public::Elliptic(None))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERT: &str = "-----BEGIN CERTIFICATE-----\nMIIBbjCCARWgAwIBAgIUOv4LdqOVH4LfPU2XJm08qmlFIVUwCgYIKoZIzj0EAwIw\nDDEKMAgGA1UEAwwBeDAgFw0yNjExMzAwNjU0MjVaGA8yMTI2MTEwNjA2NTQyNVow\nDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHOx/EiwejDY\nzSn5NBbqXcYJOaEPtNHJtdf2wH0S7oRsWNXSN/yDIMZwbzgBvskBsx0cNsWiB5br\n+002zgBILYyjUzBRMB0GA1UdDgQWBBQvYHs1LaejbIHAlkUQMRF6FHYiHDAfBgNV\nHSMEGDAWgBQvYHs1LaejbIHAlkUQMRF6FHYiHDAPBgNVHRMBAf8EBTADAQH/MAoG\nCCqGSM49BAMCA0cAMEQCIG7fU97xa8L0dhIUMxds0v77u0ePQUQQUZQk4hGBJPTx\nAiBhqtTrJPf2vtbXSwN53jHARlSeapvIrIMPNN78c64X7g==\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJpBmWP0PQSP3XKWLIwysU0COEK4FhQxPhnm/aEn6bt/oAoGCCqGSM49\nAwEHoUQDQgAEc7H8SLB6MNjNKfk0Fupdxgk5oQ+00cm11/bAfRLuhGxY1dI3/IMg\nxnBvOAG+yQGzHRw2xaIHluv7TTbOAEgtjA==\n-----END EC PRIVATE KEY-----\n";
    const OTHER: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBMkto7YayZmjfToW/hno3q1l55jEgFHc+picTw9wJd+oAoGCCqGSM49\nAwEHoUQDQgAEGwB5ODjhdgfL27K/C6vqQ9eURRDpldEdDfgw8GR3//sfz6rss94e\nWxMrbk8rqBfX4TXzlf3Jp6QsicxFPzxo1A==\n-----END EC PRIVATE KEY-----\n";

    #[test]
    fn pairs_and_what_goes_wrong() {
        let junk = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
        let broken =
            |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for (certificate, key, said) in [
            (CERT, KEY, ""),
            (CERT, OTHER, "tls: private key does not match public key"),
            (
                "hello",
                KEY,
                "tls: failed to find any PEM data in certificate input",
            ),
            (
                CERT,
                "hello",
                "tls: failed to find any PEM data in key input",
            ),
            (
                KEY,
                KEY,
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
            ),
            (
                CERT,
                CERT,
                "tls: found a certificate rather than a key in the PEM for the private key",
            ),
            (
                junk,
                KEY,
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [X]",
            ),
            (
                broken("CERTIFICATE").as_str(),
                KEY,
                "x509: malformed certificate",
            ),
            (
                CERT,
                broken("PRIVATE KEY").as_str(),
                "tls: failed to parse private key",
            ),
        ] {
            let found = check(certificate, key).err().unwrap_or_default();
            assert_eq!(found, said);
        }
    }
}
