//! Whether a certificate and a private key fit, in the words of Go (`crypto/tls`, `X509KeyPair`).
//!
//! Divergence: of an elliptic key without its public half, and of an Ed25519 key, only the type is compared.

use crate::api::x509::Public;
use crate::api::x509::pem::{self, Block};

/// # Errors
/// What Go says of the pair.
pub fn check(certificate: &str, key: &str) -> Result<(), String> {
    let certificates = pem::all(certificate);
    let Some(first) = certificates.iter().find(|b| b.label == "CERTIFICATE") else {
        return Err(no_certificate(&certificates));
    };
    let keys = pem::all(key);
    let is_key = |b: &&Block<'_>| b.label == "PRIVATE KEY" || b.label.ends_with(" PRIVATE KEY");
    let Some(private) = keys.iter().find(is_key) else {
        return Err(no_key(&keys));
    };
    let public = Public::of_certificate(&first.content).ok_or("x509: malformed certificate")?;
    let own = Public::of_private(&private.content).ok_or("tls: failed to parse private key")?;
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

fn labels(blocks: &[Block<'_>]) -> String {
    let labels: Vec<&str> = blocks.iter().map(|b| b.label).collect();
    format!("[{}]", labels.join(" "))
}

fn no_certificate(found: &[Block<'_>]) -> String {
    match found {
        [] => "tls: failed to find any PEM data in certificate input".to_owned(),
        [one] if one.label.ends_with("PRIVATE KEY") => "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".to_owned(),
        many => format!(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: {}",
            labels(many)
        ),
    }
}

fn no_key(found: &[Block<'_>]) -> String {
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
