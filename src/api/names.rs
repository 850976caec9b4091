//! The syntax of names: each function returns the messages that the API server would print, an
//! empty list meaning that the value is fine.
//!
//! Models `k8s.io/apimachinery/pkg/util/validation` and `pkg/api/validate/content`. The two
//! packages count length in different words ("characters" in the older, "bytes" in the newer one)
//! and both are kept, because a user sees them. Patterns are matched by hand: the regular
//! expressions only appear in the messages.

use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};

const LABEL_KEY_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_FORMAT: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const LABEL_VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const DNS1123_LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS1123_LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const DNS1123_SUBDOMAIN_FORMAT: &str =
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS1123_SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const DNS1035_LABEL_FORMAT: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const DNS1035_LABEL_RULE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const WILDCARD_FORMAT: &str =
    "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const WILDCARD_RULE: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const PERCENT_FORMAT: &str = "[0-9]+%";
const PERCENT_RULE: &str =
    "a valid percent string must be a numeric string followed by an ending '%'";
const HTTP_HEADER_FORMAT: &str = "[-A-Za-z0-9]+";
const HTTP_HEADER_RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-'";
const ENV_VAR_FORMAT: &str = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const ENV_VAR_RULE: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
const RELAXED_ENV_VAR_RULE: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const CONFIG_KEY_FORMAT: &str = "[-._a-zA-Z0-9]+";
const CONFIG_KEY_RULE: &str =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const C_IDENTIFIER_FORMAT: &str = "[A-Za-z_][A-Za-z0-9_]*";
const C_IDENTIFIER_RULE: &str = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";

const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;
const PORT_NAME_MAX: usize = 15;

/// The wording of a failed pattern, with examples of what would be accepted.
pub fn regex_error(rule: &str, format: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{rule} (regex used for validation is '{format}')");
    }
    let quoted: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!(
        "{rule} (e.g. {}regex used for validation is '{format}')",
        quoted.join(" or ")
    )
}

/// The wording of a number outside of its bounds, both inclusive.
pub fn inclusive_range_error(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// The wording of an empty value that may not be empty.
pub fn empty_error() -> String {
    "must be non-empty".to_owned()
}

/// The older wording of a value that is too long.
pub fn max_len_error(length: usize) -> String {
    format!("must be no more than {length} characters")
}

/// The newer wording of a value that is too long, used by label keys and values.
pub fn max_bytes_error(length: usize) -> String {
    format!("must be no more than {length} bytes")
}

/// A label key: an optional DNS subdomain and `/`, then a name. Also called a qualified name.
pub fn is_label_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let mut parts = value.split('/');
    let first = parts.next().unwrap_or_default();
    let name = match (parts.next(), parts.next()) {
        (None, _) => first,
        (Some(name), None) => {
            if first.is_empty() {
                errors.push(format!("prefix part {}", empty_error()));
            } else {
                if first.len() > SUBDOMAIN_MAX {
                    errors.push(format!("prefix part {}", max_bytes_error(SUBDOMAIN_MAX)));
                }
                if !subdomain_matches(first) {
                    errors.push(format!("prefix part {}", subdomain_error()));
                }
            }
            name
        }
        (Some(_), Some(_)) => {
            errors.push(format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                label_key_error()
            ));
            return errors;
        }
    };
    if name.is_empty() {
        errors.push(format!("name part {}", empty_error()));
    } else if name.len() > LABEL_MAX {
        errors.push(format!("name part {}", max_bytes_error(LABEL_MAX)));
    }
    if !label_name_matches(name) {
        errors.push(format!("name part {}", label_key_error()));
    }
    errors
}

/// Another name of [`is_label_key`], for the fields that are no labels.
pub fn is_qualified_name(value: &str) -> Vec<String> {
    is_label_key(value)
}

/// A label key that must carry a domain, such as `example.com/key`.
pub fn is_domain_prefixed_key(value: &str) -> Vec<String> {
    let errors = is_label_key(value);
    if !errors.is_empty() || value.contains('/') {
        return errors;
    }
    vec!["must be a domain-prefixed key (such as \"acme.io/foo\")".to_owned()]
}

/// A label value: empty, or up to 63 bytes of a name.
pub fn is_label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_bytes_error(LABEL_MAX));
    }
    if !value.is_empty() && !label_name_matches(value) {
        errors.push(regex_error(
            LABEL_VALUE_RULE,
            LABEL_VALUE_FORMAT,
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// A DNS label of RFC 1123: the names of namespaces, containers and volumes.
pub fn is_dns1123_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_len_error(LABEL_MAX));
    }
    if !dns_label_matches(value) {
        errors.push(if subdomain_matches(value) {
            "must not contain dots".to_owned()
        } else {
            regex_error(
                DNS1123_LABEL_RULE,
                DNS1123_LABEL_FORMAT,
                &["my-name", "123-abc"],
            )
        });
    }
    errors
}

/// A DNS subdomain of RFC 1123: the names of most objects.
pub fn is_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len_error(SUBDOMAIN_MAX));
    }
    if !subdomain_matches(value) {
        errors.push(subdomain_error());
    }
    errors
}

/// A DNS label of RFC 1035, which starts with a letter.
pub fn is_dns1035_label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_len_error(LABEL_MAX));
    }
    if !(dns_label_matches(value) && value.starts_with(|c: char| c.is_ascii_lowercase())) {
        errors.push(regex_error(
            DNS1035_LABEL_RULE,
            DNS1035_LABEL_FORMAT,
            &["my-name", "abc-123"],
        ));
    }
    errors
}

/// A host such as `*.example.com`.
pub fn is_wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len_error(SUBDOMAIN_MAX));
    }
    if !value.strip_prefix("*.").is_some_and(subdomain_matches) {
        errors.push(regex_error(
            WILDCARD_RULE,
            WILDCARD_FORMAT,
            &["*.example.com"],
        ));
    }
    errors
}

/// A key of a ConfigMap or Secret: it becomes a file name.
pub fn is_config_map_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_len_error(SUBDOMAIN_MAX));
    }
    if value.is_empty() || !value.bytes().all(is_name_byte) {
        errors.push(regex_error(
            CONFIG_KEY_RULE,
            CONFIG_KEY_FORMAT,
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    errors.extend(directory_prefix_errors(value));
    errors
}

/// The name of an environment variable, by the strict rule that `kubectl set env` and
/// `envFrom.prefix` keep.
pub fn is_env_var_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let fine = value.bytes().all(is_name_byte)
        && value.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if !fine {
        errors.push(regex_error(
            ENV_VAR_RULE,
            ENV_VAR_FORMAT,
            &["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
        ));
    }
    errors.extend(directory_prefix_errors(value));
    errors
}

/// The name of an environment variable, by the relaxed rule that containers have had since v1.34.
pub fn is_relaxed_env_var_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push(format!("environment variable name {}", empty_error()));
    }
    if !value
        .bytes()
        .all(|b| (0x20..0x7f).contains(&b) && b != b'=')
    {
        errors.push(RELAXED_ENV_VAR_RULE.to_owned());
    }
    errors
}

/// The name of a port: an IANA service name.
pub fn is_valid_port_name(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > PORT_NAME_MAX {
        errors.push(max_len_error(PORT_NAME_MAX));
    }
    let charset = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if value.is_empty() || !value.bytes().all(charset) {
        errors.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !value.bytes().any(|b| b.is_ascii_lowercase()) {
        errors.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        errors.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        errors.push("must not begin or end with a hyphen".to_owned());
    }
    errors
}

/// The number of a port, from 1 to 65535.
pub fn is_valid_port_num(port: i64) -> Vec<String> {
    is_in_range(port, 1, 65535)
}

/// A number within inclusive bounds.
pub fn is_in_range(value: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&value) {
        Vec::new()
    } else {
        vec![inclusive_range_error(low, high)]
    }
}

/// A percentage such as `25%`.
pub fn is_valid_percent(value: &str) -> Vec<String> {
    let digits = value.strip_suffix('%').unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        Vec::new()
    } else {
        vec![regex_error(PERCENT_RULE, PERCENT_FORMAT, &["1%", "93%"])]
    }
}

/// The name of an HTTP header.
pub fn is_http_header_name(value: &str) -> Vec<String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !value.is_empty() && value.bytes().all(fine) {
        Vec::new()
    } else {
        vec![regex_error(
            HTTP_HEADER_RULE,
            HTTP_HEADER_FORMAT,
            &["X-Header-Name"],
        )]
    }
}

/// An identifier as C has them.
pub fn is_c_identifier(value: &str) -> Vec<String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first = value.bytes().next();
    if value.bytes().all(fine) && first.is_some_and(|b| !b.is_ascii_digit()) {
        Vec::new()
    } else {
        vec![regex_error(
            C_IDENTIFIER_RULE,
            C_IDENTIFIER_FORMAT,
            &["my_name", "MY_NAME", "MyName"],
        )]
    }
}

/// An address as the API accepts it: leading zeros in the parts of an IPv4 address are read as
/// decimal, as Go once did and Kubernetes still does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ip {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Reads an address; `None` when it is none. IPv4 in IPv6 form (`::ffff:1.2.3.4`) is IPv4.
pub fn parse_ip_sloppy(value: &str) -> Option<Ip> {
    if value.contains(':') {
        let address: Ipv6Addr = value.parse().ok()?;
        return Some(match address.to_ipv4_mapped() {
            Some(v4) => Ip::V4(v4),
            None => Ip::V6(address),
        });
    }
    let mut octets = [0u8; 4];
    let mut parts = value.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = part.trim_start_matches('0');
        *octet = if significant.is_empty() {
            0
        } else {
            significant.parse().ok()?
        };
    }
    if parts.next().is_some() {
        return None;
    }
    Some(Ip::V4(Ipv4Addr::from(octets)))
}

/// Reads `address/length`; the length is checked against the family.
pub fn parse_cidr_sloppy(value: &str) -> Option<(Ip, u8)> {
    let (address, length) = value.split_once('/')?;
    if length.is_empty() || length.len() > 3 || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length: u16 = length.parse().ok()?;
    let written_as_v6 = address.contains(':');
    let ip = parse_ip_sloppy(address)?;
    let max = if written_as_v6 { 128 } else { 32 };
    if length > max {
        return None;
    }
    let length = match ip {
        Ip::V4(_) if written_as_v6 => length.checked_sub(96)?,
        _ => length,
    };
    Some((ip, length as u8))
}

/// An IP address of either family that is written in one way only, as the gate
/// `StrictIPCIDRValidation` wants it (KEP-4858).
pub fn is_valid_ip(value: &str) -> Vec<String> {
    let message = match parse_ip_sloppy(value) {
        None => "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        Some(Ip::V4(_)) if value.contains(':') => "must not be an IPv4-mapped IPv6 address",
        Some(Ip::V4(_)) if value.parse::<Ipv4Addr>().is_err() => "must not have leading 0s",
        Some(_) => return Vec::new(),
    };
    vec![message.to_owned()]
}

/// Tells of an address that is written in another form than usual (`GetWarningsForIP`).
pub fn ip_warning(value: &str, path: impl Display) -> Option<String> {
    match parse_ip_sloppy(value) {
        Some(Ip::V6(ip)) if ip.to_string() != value => Some(format!(
            "{path}: IPv6 address \"{value}\" should be in RFC 5952 canonical format (\"{ip}\")"
        )),
        _ => None,
    }
}

/// An IPv4 address.
pub fn is_valid_ipv4(value: &str) -> Vec<String> {
    match parse_ip_sloppy(value) {
        Some(Ip::V4(_)) => Vec::new(),
        _ => vec!["must be a valid IPv4 address".to_owned()],
    }
}

/// An IPv6 address.
pub fn is_valid_ipv6(value: &str) -> Vec<String> {
    match parse_ip_sloppy(value) {
        Some(Ip::V6(_)) => Vec::new(),
        _ => vec!["must be a valid IPv6 address".to_owned()],
    }
}

/// A block of addresses, strictly.
pub fn is_valid_cidr(value: &str) -> Vec<String> {
    let message = match parse_cidr_sloppy(value) {
        None => "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        Some(_) if !is_cidr_in_one_way(value) => "must not have leading 0s in IP or prefix length",
        Some((Ip::V4(_), _)) if value.contains(':') => "must not have an IPv4-mapped IPv6 address",
        Some((ip, length)) if masked(ip, length) != ip => {
            "must not have bits set beyond the prefix length"
        }
        Some(_) => return Vec::new(),
    };
    vec![message.to_owned()]
}

/// Whether there is no zero before another digit.
fn is_cidr_in_one_way(value: &str) -> bool {
    let Some((address, length)) = value.split_once('/') else {
        return false;
    };
    let fits = address.contains(':') || address.parse::<Ipv4Addr>().is_ok();
    fits && (length == "0" || !length.starts_with('0'))
}

/// Tells of a block that is written in another form than usual (`GetWarningsForCIDR`).
pub fn cidr_warning(value: &str, path: impl Display) -> Option<String> {
    match parse_cidr_sloppy(value) {
        Some((Ip::V6(ip), length)) if format!("{ip}/{length}") != value => Some(format!(
            "{path}: IPv6 CIDR value \"{value}\" should be in RFC 5952 canonical format (\"{ip}/{length}\")"
        )),
        _ => None,
    }
}

/// A name that can be a part of a URL's path.
pub fn is_path_segment(value: &str) -> Vec<String> {
    if matches!(value, "." | "..") {
        return vec![format!("may not be '{value}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|illegal| value.contains(**illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

/// An address without the bits beyond the first `length`.
pub fn masked(ip: Ip, length: u8) -> Ip {
    match ip {
        Ip::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32)));
            Ip::V4((u32::from(ip) & mask.unwrap_or(0)).into())
        }
        Ip::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128)));
            Ip::V6((u128::from(ip) & mask.unwrap_or(0)).into())
        }
    }
}

fn label_key_error() -> String {
    regex_error(
        LABEL_KEY_RULE,
        LABEL_KEY_FORMAT,
        &["MyName", "my.name", "123-abc"],
    )
}

fn subdomain_error() -> String {
    regex_error(
        DNS1123_SUBDOMAIN_RULE,
        DNS1123_SUBDOMAIN_FORMAT,
        &["example.com"],
    )
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

fn label_name_matches(name: &str) -> bool {
    let ends = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    name.bytes().all(is_name_byte) && ends(name.bytes().next()) && ends(name.bytes().last())
}

fn dns_label_matches(label: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    label.bytes().all(|b| alphanumeric(b) || b == b'-')
        && label.bytes().next().is_some_and(alphanumeric)
        && label.bytes().last().is_some_and(alphanumeric)
}

fn subdomain_matches(value: &str) -> bool {
    value.split('.').all(dns_label_matches)
}

fn directory_prefix_errors(value: &str) -> Option<String> {
    match value {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> Vec<String>;

    #[test]
    fn accepted() {
        let rows: &[(Check, &[&str])] = &[
            (
                is_label_key,
                &[
                    "a",
                    "A1",
                    "app.kubernetes.io/name",
                    "a_b.c-d",
                    "1/2",
                    "x.y.z/A",
                ],
            ),
            (is_label_value, &["", "a", "A.b_c-1", "1"]),
            (is_dns1123_label, &["a", "0", "a-b", "a--b"]),
            (is_dns1123_subdomain, &["a", "a.b", "0.1", "a-b.c"]),
            (is_dns1035_label, &["a", "a0", "a-b"]),
            (is_wildcard_dns1123_subdomain, &["*.a", "*.example.com"]),
            (is_config_map_key, &["a", ".a", "A_b-c.d", "a.."]),
            (is_env_var_name, &["A", "_a", "a.b-c", "-x"]),
            (is_relaxed_env_var_name, &["A", "1A", "a b", "a\"b"]),
            (is_valid_port_name, &["http", "a1", "1a-b"]),
            (is_valid_percent, &["0%", "25%", "1000%"]),
            (is_http_header_name, &["X-Real", "Host1"]),
            (is_c_identifier, &["_a", "A1"]),
            (is_valid_ip, &["10.0.0.1", "::1", "fe80::1", "FE80:0::1"]),
            (is_valid_ipv4, &["1.2.3.4", "::ffff:1.2.3.4"]),
            (is_valid_ipv6, &["::1"]),
            (
                is_valid_cidr,
                &["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/64", "::/0"],
            ),
            (is_domain_prefixed_key, &["acme.io/foo"]),
        ];
        for (check, values) in rows {
            for value in *values {
                assert_eq!(check(value), Vec::<String>::new(), "{value:?}");
            }
        }
    }

    #[test]
    fn refused_in_upstream_words() {
        let label_key = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        let config = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        let rows: &[(Check, &str, Vec<String>)] = &[
            (is_label_key, "a b", vec![format!("name part {label_key}")]),
            (
                is_label_key,
                "",
                vec!["name part must be non-empty".into(), format!("name part {label_key}")],
            ),
            (is_label_key, "/a", vec!["prefix part must be non-empty".into()]),
            (is_label_key, "A_/a", vec![format!("prefix part {subdomain}")]),
            (
                is_label_key,
                "a/b/c",
                vec![format!(
                    "a valid label key {label_key} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                )],
            ),
            (is_dns1123_subdomain, "my_web", vec![subdomain.into()]),
            (is_dns1123_subdomain, "a..b", vec![subdomain.into()]),
            (is_dns1123_label, "Bad_NS", vec![label.into()]),
            (is_dns1123_label, "a.b", vec!["must not contain dots".into()]),
            (
                is_dns1035_label,
                "1abc",
                vec!["a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')".into()],
            ),
            (is_config_map_key, "a b", vec![config.into()]),
            (is_config_map_key, "..", vec!["must not be '..'".into()]),
            (is_config_map_key, "..a", vec!["must not start with '..'".into()]),
            (
                is_relaxed_env_var_name,
                "A=B",
                vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".into()],
            ),
            (
                is_valid_percent,
                "25p",
                vec!["a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')".into()],
            ),
            (
                is_valid_port_name,
                "-12--",
                vec![
                    "must contain at least one letter (a-z)".into(),
                    "must not contain consecutive hyphens".into(),
                    "must not begin or end with a hyphen".into(),
                ],
            ),
            (
                is_valid_port_name,
                "abcdefghijklmnop",
                vec!["must be no more than 15 characters".into()],
            ),
            (
                is_valid_cidr,
                "10.0.0.0/33",
                vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".into()],
            ),
            (
                is_valid_ip,
                "10.0.0",
                vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".into()],
            ),
            (is_valid_ip, "010.0.0.1", vec!["must not have leading 0s".into()]),
            (
                is_valid_ip,
                "::ffff:1.2.3.4",
                vec!["must not be an IPv4-mapped IPv6 address".into()],
            ),
            (
                is_valid_cidr,
                "10.0.0.0/08",
                vec!["must not have leading 0s in IP or prefix length".into()],
            ),
            (
                is_valid_cidr,
                "::ffff:1.2.3.0/120",
                vec!["must not have an IPv4-mapped IPv6 address".into()],
            ),
            (
                is_valid_cidr,
                "10.0.0.1/8",
                vec!["must not have bits set beyond the prefix length".into()],
            ),
            (is_valid_ip, "256.0.0.1", vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".into()]),
        ];
        for (check, value, want) in rows {
            assert_eq!(&check(value), want, "{value:?}");
        }
    }

    #[test]
    fn length_is_counted_in_the_words_of_each_package() {
        let long = "x".repeat(64);
        assert_eq!(is_label_value(&long), ["must be no more than 63 bytes"]);
        assert_eq!(
            is_label_key(&long),
            ["name part must be no more than 63 bytes"]
        );
        assert_eq!(
            is_dns1123_label(&long),
            ["must be no more than 63 characters"]
        );
        assert_eq!(
            is_dns1123_subdomain(&"x".repeat(254)),
            ["must be no more than 253 characters"]
        );
        assert_eq!(
            is_valid_port_num(70000),
            ["must be between 1 and 65535, inclusive"]
        );
        assert_eq!(is_valid_port_num(0).len(), 1);
    }
}
