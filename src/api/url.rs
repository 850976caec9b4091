//! The little of URLs that clients inside a cluster need: `http://host:port/path`.

use std::fmt;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Name or address, without the brackets of IPv6.
    pub host: String,
    pub port: u16,
    /// With its query; begins with a slash.
    pub path: String,
    /// Whether the port stood in the text.
    pub explicit_port: bool,
}

/// Why a text is no URL that can be requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// Something other than http: the simulated network carries no TLS.
    Scheme,
    NoHost,
    Port,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::Scheme => "only http:// is supported",
            UrlError::NoHost => "no host part in the URL",
            UrlError::Port => "port number was not a decimal number between 0 and 65535",
        })
    }
}

impl Url {
    /// Reads a URL. Without a scheme, http is meant, as with curl.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err(UrlError::Scheme),
            None => text,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => match v6.split_once(']') {
                Some((host, after)) => (host, after.strip_prefix(':')),
                None => return Err(UrlError::NoHost),
            },
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(UrlError::NoHost);
        }
        let (port, explicit_port) = match port {
            None | Some("") => (80, false),
            Some(port) => (port.parse().map_err(|_| UrlError::Port)?, true),
        };
        let tail = tail.split('#').next().unwrap_or_default();
        let path = if tail.starts_with('/') {
            tail.to_owned()
        } else {
            format!("/{tail}")
        };
        Ok(Url {
            host: host.to_owned(),
            port,
            path,
            explicit_port,
        })
    }

    /// Host and port as the `Host` header has them.
    pub fn authority(&self) -> String {
        let v6 = self.host.contains(':');
        let host = if v6 {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        if self.port == 80 {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// A text as it may stand in an address: other bytes than letters, digits, `-_.~` and those of `kept` as numbers.
pub fn escaped(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte if kept.as_bytes().contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes what a query escapes: `%20`, and `+` for a blank. What is no escape stays as it is.
pub fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || ahead.next().and_then(|b| char::from(b).to_digit(16));
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => {
                    bytes.push((high * 16 + low) as u8);
                    rest = ahead;
                }
                _ => bytes.push(byte),
            },
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_stand_in_an_address_is_a_number() {
        assert_eq!(escaped("a b/ü~", ""), "a%20b%2F%C3%BC~");
        assert_eq!(escaped("/a?b", "/"), "/a%3Fb");
    }

    #[test]
    fn urls_are_taken_apart() {
        let cases = [
            ("http://web", ("web", 80, "/")),
            ("web", ("web", 80, "/")),
            ("HTTP://web:8080/a/b?c=d#e", ("web", 8080, "/a/b?c=d")),
            ("10.0.0.1:30080", ("10.0.0.1", 30080, "/")),
            ("http://user:pw@web/x", ("web", 80, "/x")),
            ("http://web?q", ("web", 80, "/?q")),
            ("http://[fd00::1]:81/", ("fd00::1", 81, "/")),
            ("http://web:/", ("web", 80, "/")),
        ];
        for (text, (host, port, path)) in cases {
            let url = Url::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(
                (&*url.host, url.port, &*url.path),
                (host, port, path),
                "{text}"
            );
        }
        let errors = [
            ("https://web", UrlError::Scheme),
            ("ftp://web", UrlError::Scheme),
            ("", UrlError::NoHost),
            ("http://", UrlError::NoHost),
            ("http://:80", UrlError::NoHost),
            ("http://a b", UrlError::NoHost),
            ("http://web:99999", UrlError::Port),
            ("http://web:x", UrlError::Port),
            ("http://[fd00::1", UrlError::NoHost),
        ];
        for (text, error) in errors {
            assert_eq!(Url::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn queries_are_unescaped() {
        for (given, expected) in [
            ("a%20b+c", "a b c"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("app%3Dweb", "app=web"),
        ] {
            assert_eq!(unescaped(given), expected);
        }
    }
}
