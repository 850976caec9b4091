//! Requests for certificates (PKCS #10, RFC 2986) and certificates (RFC 5280), as Go's `crypto/x509` sees
//! them.
//!
//! Divergence: nothing here computes with keys. Whether a request is signed by the key that it names is
//! not checked; and what the cluster issues is a certificate in every field, but signed by a keyed hash of
//! the size of RSA's, which only this cluster can check. It keeps honest clients apart, and nobody else.

mod certificate;
mod der;
mod make;
pub mod pem;
mod public;

use std::net::{Ipv4Addr, Ipv6Addr};

use der::{Element, OID, Reader, SEQUENCE, SET};

pub use certificate::{Certificate, Terms, issue, usages};
pub use make::{private_key, request};
pub use public::Public;

/// What is wrong with bytes that are no request and no certificate.
const MALFORMED: &str = "asn1: syntax error: data truncated";

const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// `extensionRequest` of PKCS #9.
const REQUESTED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];

/// The attributes of names, by the last part of their numbers (2.5.4.n).
const ATTRIBUTES: [(u8, &str); 9] = [
    (3, "CN"),
    (5, "SERIALNUMBER"),
    (6, "C"),
    (7, "L"),
    (8, "ST"),
    (9, "STREET"),
    (10, "O"),
    (11, "OU"),
    (17, "POSTALCODE"),
];

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name(Vec<(&'static str, String)>);

impl Name {
    fn read(name: &Element<'_>) -> Option<Name> {
        let mut parts = Vec::new();
        let mut sets = name.inside();
        while !sets.0.is_empty() {
            let mut set = sets.take(SET)?.inside();
            while !set.0.is_empty() {
                let mut pair = set.take(SEQUENCE)?.inside();
                let (oid, value) = (pair.take(OID)?, pair.any()?);
                if let [0x55, 0x04, n] = oid.content
                    && let Some((_, short)) = ATTRIBUTES.iter().find(|(number, _)| number == n)
                {
                    let value = String::from_utf8_lossy(value.content).into_owned();
                    parts.push((*short, value));
                }
            }
        }
        Some(Name(parts))
    }

    /// The values of an attribute, named in short (`CN`, `O`), in order.
    pub fn all<'n>(&'n self, attribute: &'n str) -> impl Iterator<Item = &'n str> {
        let same = self.0.iter().filter(move |(short, _)| *short == attribute);
        same.map(|(_, value)| value.as_str())
    }

    /// All attributes, named in short, with their values.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(short, value)| (*short, value.as_str()))
    }

    /// The last value of an attribute; empty when there is none.
    pub fn one(&self, attribute: &str) -> &str {
        let same = self.0.iter().rfind(|(short, _)| *short == attribute);
        same.map_or("", |(_, value)| value.as_str())
    }
}

/// A request for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub subject: Name,
    pub dns_names: Vec<String>,
    pub email_addresses: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub uris: Vec<String>,
    /// What goes into the certificate as it stands: subject, key, alternative names.
    parts: [Vec<u8>; 3],
}

impl Request {
    /// Reads a request as text.
    ///
    /// # Errors
    /// What is wrong with it, in Kubernetes' or Go's words.
    pub fn parse(pem: &[u8]) -> Result<Request, &'static str> {
        let text = String::from_utf8_lossy(pem);
        let block = pem::first(&text).filter(|block| block.label == "CERTIFICATE REQUEST");
        let block = block.ok_or("PEM block type must be CERTIFICATE REQUEST")?;
        Request::read(&block.content).ok_or(MALFORMED)
    }

    fn read(bytes: &[u8]) -> Option<Request> {
        let mut whole = Reader(bytes);
        let mut outer = whole.take(SEQUENCE)?.inside();
        let mut info = outer.take(SEQUENCE)?.inside();
        outer.take(SEQUENCE)?;
        outer.take(der::BIT_STRING)?;
        info.take(der::INTEGER)?;
        let (name, key) = (info.take(SEQUENCE)?, info.take(SEQUENCE)?);
        if !whole.0.is_empty() || !outer.0.is_empty() {
            return None;
        }
        let mut request = Request {
            subject: Name::read(&name)?,
            ..Request::default()
        };
        let mut attributes = match info.take_if(0xa0) {
            Some(attributes) => attributes.inside(),
            None => Reader(&[]),
        };
        let mut names = Vec::new();
        while !attributes.0.is_empty() {
            let mut attribute = attributes.take(SEQUENCE)?.inside();
            if attribute.take(OID)?.content != REQUESTED {
                continue;
            }
            let mut extensions = attribute.take(SET)?.inside().take(SEQUENCE)?.inside();
            while !extensions.0.is_empty() {
                let (oid, value) = extension(&mut extensions)?;
                if oid == ALTERNATIVE_NAMES {
                    names = value.to_vec();
                    request.read_names(value)?;
                }
            }
        }
        request.parts = [name.whole.to_vec(), key.whole.to_vec(), names];
        Some(request)
    }

    fn read_names(&mut self, value: &[u8]) -> Option<()> {
        let mut names = Reader(value).take(SEQUENCE)?.inside();
        while !names.0.is_empty() {
            let name = names.any()?;
            let text = || String::from_utf8_lossy(name.content).into_owned();
            match name.tag {
                0x81 => self.email_addresses.push(text()),
                0x82 => self.dns_names.push(text()),
                0x86 => self.uris.push(text()),
                0x87 => self.ip_addresses.push(address(name.content)?),
                _ => {}
            }
        }
        Some(())
    }
}

/// The number and the value of the next extension.
fn extension<'a>(extensions: &mut Reader<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let mut extension = extensions.take(SEQUENCE)?.inside();
    let oid = extension.take(OID)?;
    // Whether it is critical.
    extension.take_if(0x01);
    Some((oid.content, extension.take(der::OCTET_STRING)?.content))
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(sixteen).to_string())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Made by `openssl req -new -key KEY -subj "/C=DE/ST=Berlin/O=dev/O=ops/CN=jane" -addext
    /// subjectAltName=DNS:a.example,DNS:b.example,IP:10.0.0.1,IP:fd00::1,email:j@a.example,URI:spiffe://a`
    /// with a key on the curve P-256.
    const JANE: &str = include_str!("jane.csr");

    #[test]
    fn a_request_is_read() {
        let request = Request::parse(JANE.as_bytes()).expect("one of openssl's");
        assert_eq!(request.subject.one("CN"), "jane");
        assert_eq!(request.subject.one("ST"), "Berlin");
        let groups: Vec<&str> = request.subject.all("O").collect();
        assert_eq!(groups, ["dev", "ops"]);
        assert_eq!(request.dns_names, ["a.example", "b.example"]);
        assert_eq!(request.ip_addresses, ["10.0.0.1", "fd00::1"]);
        assert_eq!(request.email_addresses, ["j@a.example"]);
        assert_eq!(request.uris, ["spiffe://a"]);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let none = "PEM block type must be CERTIFICATE REQUEST";
        let other = pem::written("CERTIFICATE", &[0x30, 0]);
        for text in ["", "x", other.as_str()] {
            assert_eq!(Request::parse(text.as_bytes()), Err(none), "{text}");
        }
        let block = pem::first(JANE).expect("one");
        // Every shorter one is none, and nothing panics.
        for end in 0..block.content.len() {
            let cut = pem::written("CERTIFICATE REQUEST", &block.content[..end]);
            assert_eq!(Request::parse(cut.as_bytes()), Err(MALFORMED), "{end}");
        }
        // Nor does it with any byte changed.
        for at in 0..block.content.len() {
            let mut changed = block.content.clone();
            changed[at] ^= 0x55;
            let _ = Request::read(&changed);
        }
    }

    #[test]
    fn a_certificate_says_what_was_asked_for() {
        let request = Request::parse(JANE.as_bytes()).expect("one of openssl's");
        let usages = ["digital signature".to_owned(), "client auth".to_owned()];
        let terms = Terms {
            usages: &usages,
            begins: 1_800_000_000,
            // In 2050 the form of times changes.
            ends: 2_600_000_000,
            serial: [0x81; 16],
            authority: "a",
        };
        let text = issue(&request, &terms);
        let read = Certificate::parse(text.as_bytes()).expect("a certificate");
        assert_eq!(read.subject, request.subject);
        assert_eq!((read.begins, read.ends), (1_800_000_000, 2_600_000_000));
        assert!(read.is_for_clients && read.is_signed_by("a") && !read.is_signed_by("b"));

        let block = pem::first(&text).expect("one");
        let mut forged = block.content.clone();
        let at = forged.windows(4).position(|w| w == b"jane").expect("it");
        forged[at] = b'J';
        let forged = pem::written("CERTIFICATE", &forged);
        let forged = Certificate::parse(forged.as_bytes()).expect("a certificate");
        assert!(forged.subject.one("CN") == "Jane" && !forged.is_signed_by("a"));
        for end in 0..block.content.len() {
            let cut = pem::written("CERTIFICATE", &block.content[..end]);
            assert!(Certificate::parse(cut.as_bytes()).is_err(), "{end}");
        }
    }
}
