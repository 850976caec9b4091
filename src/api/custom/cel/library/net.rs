//! URLs, addresses and blocks of addresses (`library/{urls,ip,cidr}.go`).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use crate::api::custom::cel::eval::{Outcome, fail};
use crate::api::custom::cel::value::{Url, Value};
use crate::api::names::{Ip, masked};

/// Calls a function of these; nothing where it is none of them, or the arguments do not fit.
pub fn call(function: &str, args: &[Value]) -> Option<Outcome> {
    Some(match (function, args) {
        ("url", [Value::Text(text)]) => match url(text) {
            Some(url) => Ok(Value::Url(Rc::new(url))),
            None => fail(format!(
                "URL parse error during conversion from string: parse {}: invalid URI for request",
                crate::api::rfc3339::go_quote(text)
            )),
        },
        ("isURL", [Value::Text(text)]) => Ok(Value::Bool(url(text).is_some())),
        ("getScheme", [Value::Url(url)]) => Ok(Value::text(&url.scheme)),
        ("getHost", [Value::Url(url)]) => Ok(Value::text(&url.host)),
        ("getHostname", [Value::Url(url)]) => Ok(Value::text(host_and_port(&url.host).0)),
        ("getPort", [Value::Url(url)]) => Ok(Value::text(host_and_port(&url.host).1)),
        ("getEscapedPath", [Value::Url(url)]) => Ok(Value::text(&escaped(&url.path))),
        ("getQuery", [Value::Url(url)]) => {
            let entries = url.query.iter().map(|(name, values)| {
                let values = values.iter().map(|v| Value::text(v)).collect();
                (Value::text(name), Value::list(values))
            });
            Ok(Value::map(entries.collect()))
        }
        ("ip", [Value::Cidr(ip, _)]) => Ok(Value::Ip(*ip)),
        ("ip", [Value::Text(text)]) => address(text).map(Value::Ip).or_else(fail),
        ("isIP", [Value::Text(text)]) => Ok(Value::Bool(address(text).is_ok())),
        ("ip.isCanonical", [Value::Text(text)]) => match address(text) {
            Ok(ip) => Ok(Value::Bool(super::format::ip(&ip) == **text)),
            Err(why) => fail(why),
        },
        ("family", [Value::Ip(ip)]) => Ok(Value::Int(match ip {
            Ip::V4(_) => 4,
            Ip::V6(_) => 6,
        })),
        ("isUnspecified", [Value::Ip(ip)]) => Ok(Value::Bool(match ip {
            Ip::V4(ip) => ip.is_unspecified(),
            Ip::V6(ip) => ip.is_unspecified(),
        })),
        ("isLoopback", [Value::Ip(ip)]) => Ok(Value::Bool(match ip {
            Ip::V4(ip) => ip.is_loopback(),
            Ip::V6(ip) => ip.is_loopback(),
        })),
        ("isLinkLocalMulticast", [Value::Ip(ip)]) => Ok(Value::Bool(match ip {
            Ip::V4(ip) => matches!(ip.octets(), [224, 0, 0, _]),
            Ip::V6(ip) => matches!(ip.octets(), [0xff, second, ..] if second & 0x0f == 2),
        })),
        ("isLinkLocalUnicast", [Value::Ip(ip)]) => Ok(Value::Bool(local_unicast(ip))),
        ("isGlobalUnicast", [Value::Ip(ip)]) => Ok(Value::Bool(match ip {
            Ip::V4(v4) => {
                !(v4.is_unspecified()
                    || v4.is_broadcast()
                    || v4.is_loopback()
                    || v4.is_multicast()
                    || local_unicast(ip))
            }
            Ip::V6(v6) => {
                !(v6.is_unspecified() || v6.is_loopback() || v6.is_multicast() || local_unicast(ip))
            }
        })),
        ("cidr", [Value::Text(text)]) => match block(text) {
            Ok((ip, length)) => Ok(Value::Cidr(ip, length)),
            Err(why) => fail(why),
        },
        ("isCIDR", [Value::Text(text)]) => Ok(Value::Bool(block(text).is_ok())),
        ("containsIP", [Value::Cidr(ip, length), Value::Ip(other)]) => {
            Ok(Value::Bool(contains(ip, *length, other)))
        }
        ("containsIP", [Value::Cidr(ip, length), Value::Text(other)]) => match address(other) {
            Ok(other) => Ok(Value::Bool(contains(ip, *length, &other))),
            Err(why) => fail(why),
        },
        ("containsCIDR", [Value::Cidr(ip, length), Value::Cidr(other, other_length)]) => Ok(
            Value::Bool(contains(ip, *length, other) && length <= other_length),
        ),
        ("containsCIDR", [Value::Cidr(ip, length), Value::Text(other)]) => match block(other) {
            Ok((other, other_length)) => Ok(Value::Bool(
                contains(ip, *length, &other) && *length <= other_length,
            )),
            Err(why) => fail(why),
        },
        ("masked", [Value::Cidr(ip, length)]) => Ok(Value::Cidr(masked(*ip, *length), *length)),
        ("prefixLength", [Value::Cidr(_, length)]) => Ok(Value::Int(i64::from(*length))),
        _ => return None,
    })
}

fn local_unicast(ip: &Ip) -> bool {
    match ip {
        Ip::V4(ip) => ip.is_link_local(),
        Ip::V6(ip) => matches!(ip.octets(), [0xfe, second, ..] if second & 0xc0 == 0x80),
    }
}

fn contains(ip: &Ip, length: u8, other: &Ip) -> bool {
    let same = matches!((ip, other), (Ip::V4(_), Ip::V4(_)) | (Ip::V6(_), Ip::V6(_)));
    same && masked(*ip, length) == masked(*other, length)
}

/// Reads an address strictly: no leading zeros, no IPv4 in IPv6 form, no zone.
fn address(text: &str) -> Result<Ip, String> {
    let quoted = crate::api::rfc3339::go_quote(text);
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Ok(Ip::V4(v4));
    }
    match text.parse::<Ipv6Addr>() {
        Ok(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"))
        }
        Ok(v6) => Ok(Ip::V6(v6)),
        Err(_) if text.contains('%') => Err(format!(
            "IP address {quoted} with zone value is not allowed"
        )),
        Err(_) => Err(format!(
            "IP Address {quoted} parse error during conversion from string: ParseAddr({quoted}): unable to parse IP"
        )),
    }
}

fn block(text: &str) -> Result<(Ip, u8), String> {
    let quoted = crate::api::rfc3339::go_quote(text);
    let wrong = || {
        format!(
            "network address parse error during conversion from string: netip.ParsePrefix({quoted}): unable to parse"
        )
    };
    let (ip, length) = text.split_once('/').ok_or_else(wrong)?;
    let ip = address(ip)?;
    let plain = length == "0" || !length.starts_with('0');
    let digits = length.bytes().all(|b| b.is_ascii_digit());
    let length: u8 = match length.parse() {
        Ok(length) if plain && digits => length,
        _ => return Err(wrong()),
    };
    let most = match ip {
        Ip::V4(_) => 32,
        Ip::V6(_) => 128,
    };
    match length <= most {
        true => Ok((ip, length)),
        false => Err(wrong()),
    }
}

fn host_and_port(host: &str) -> (&str, &str) {
    if let Some((inside, after)) = host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        return (inside, after.strip_prefix(':').unwrap_or_default());
    }
    host.split_once(':').unwrap_or((host, ""))
}

/// Reads an absolute URL, or an absolute path (`url.ParseRequestURI`).
fn url(text: &str) -> Option<Url> {
    if text.is_empty() || text.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return None;
    }
    let mut scheme = "";
    let mut rest = text;
    let ends = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'));
    if let Some(end) = ends
        && text.get(end..)?.starts_with(':')
    {
        scheme = text.get(..end)?;
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        rest = text.get(end + 1..)?;
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = match rest.strip_prefix("//") {
        Some(after) if !scheme.is_empty() => {
            let end = after.find('/').unwrap_or(after.len());
            let (authority, path) = after.split_at(end);
            let host = authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host);
            (host, path)
        }
        _ if rest.starts_with('/') => ("", rest),
        // `mailto:x` and its like have no path.
        _ if !scheme.is_empty() => ("", ""),
        _ => return None,
    };
    let port = host_and_port(host).1;
    if !port.bytes().all(|b| b.is_ascii_digit())
        || host.contains(['<', '>', '"', '\\', '^', '`', '{', '}', '|'])
    {
        return None;
    }
    let path = decoded(path)?;
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (
            decoded(&name.replace('+', " ")),
            decoded(&value.replace('+', " ")),
        ) else {
            continue;
        };
        match pairs.iter_mut().find(|(n, _)| *n == name) {
            Some((_, values)) => values.push(value),
            None => pairs.push((name, vec![value])),
        }
    }
    Some(Url {
        scheme: scheme.to_ascii_lowercase(),
        host: host.to_owned(),
        path,
        query: pairs,
    })
}

/// Undoes `%41`; nothing where the digits are none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        if b != b'%' {
            bytes.push(b);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        let plain = b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*".contains(&b);
        match plain {
            true => out.push(char::from(b)),
            false => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
