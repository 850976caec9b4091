//! The grammar of kubectl's command line, with the words of its errors (`github.com/spf13/pflag`).

use std::time::Duration;

use crate::api::rfc3339::{go_quote, parse_go_duration};
use crate::sim::ordered::Map as BTreeMap;

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Bool,
    Text,
    Int,
    Duration,
    /// May be given several times, or as a comma-separated list.
    List,
    /// May be given several times; commas stay.
    Repeated,
    /// A text that may be left out, and then is this.
    Optional(&'static str),
}

/// A flag that a command knows.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub short: Option<char>,
    pub value: Value,
}

pub const fn flag(name: &'static str, value: Value) -> Flag {
    Flag {
        name,
        short: None,
        value,
    }
}

pub const fn short(name: &'static str, short: char, value: Value) -> Flag {
    Flag {
        name,
        short: Some(short),
        value,
    }
}

/// Flags of every command.
pub const GLOBAL: &[Flag] = &[
    short("namespace", 'n', Value::Text),
    short("help", 'h', Value::Bool),
    short("server", 's', Value::Text),
    short("v", 'v', Value::Int),
    flag("as", Value::Text),
    flag("as-group", Value::Repeated),
    flag("as-uid", Value::Text),
    flag("as-user-extra", Value::Repeated),
    flag("cache-dir", Value::Text),
    flag("certificate-authority", Value::Text),
    flag("client-certificate", Value::Text),
    flag("client-key", Value::Text),
    flag("cluster", Value::Text),
    flag("context", Value::Text),
    flag("disable-compression", Value::Bool),
    flag("insecure-skip-tls-verify", Value::Bool),
    flag("kubeconfig", Value::Text),
    flag("log-flush-frequency", Value::Duration),
    flag("match-server-version", Value::Bool),
    flag("password", Value::Text),
    flag("profile", Value::Text),
    flag("profile-output", Value::Text),
    flag("request-timeout", Value::Text),
    flag("tls-server-name", Value::Text),
    flag("token", Value::Text),
    flag("user", Value::Text),
    flag("username", Value::Text),
    flag("vmodule", Value::Text),
    flag("warnings-as-errors", Value::Bool),
];

/// A parsed command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    values: BTreeMap<&'static str, Vec<String>>,
    pub arguments: Vec<String>,
    /// How many arguments came before `--`.
    pub dash: Option<usize>,
}

/// Reads a command's words.
///
/// # Errors
/// The message of pflag, without `error: `.
pub fn parse(words: &[String], own: &[&[Flag]]) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.dash = Some(parsed.arguments.len());
            parsed.arguments.extend(words.by_ref().cloned());
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if name.is_empty() || name.starts_with('-') {
                return Err(format!("bad flag syntax: {word}"));
            }
            let flag = find(own, |f| f.name == name).ok_or(format!("unknown flag: --{name}"))?;
            let value = match (value, flag.value) {
                (Some(value), _) => value.to_owned(),
                (None, Value::Bool) => "true".to_owned(),
                (None, Value::Optional(default)) => default.to_owned(),
                (None, _) => match words.next() {
                    Some(value) => value.clone(),
                    None => return Err(format!("flag needs an argument: --{name}")),
                },
            };
            parsed.set(flag, value)?;
            continue;
        }
        let letters = match word.strip_prefix('-') {
            Some(letters) if !letters.is_empty() => letters,
            _ => {
                parsed.arguments.push(word.clone());
                continue;
            }
        };
        for (i, letter) in letters.char_indices() {
            let rest = letters.get(i + letter.len_utf8()..).unwrap_or_default();
            let flag = find(own, |f| f.short == Some(letter)).ok_or(format!(
                "unknown shorthand flag: '{letter}' in -{}",
                letters.get(i..).unwrap_or_default()
            ))?;
            let takes_rest = match (flag.value, rest.strip_prefix('=')) {
                (_, Some(value)) => Some(value.to_owned()),
                (Value::Bool, None) => None,
                (Value::Optional(_), None) => None,
                (_, None) if !rest.is_empty() => Some(rest.to_owned()),
                (_, None) => match words.next() {
                    Some(value) => Some(value.clone()),
                    None => {
                        return Err(format!("flag needs an argument: '{letter}' in -{letters}"));
                    }
                },
            };
            let ends = takes_rest.is_some();
            let value = match (takes_rest, flag.value) {
                (Some(value), _) => value,
                (None, Value::Optional(default)) => default.to_owned(),
                (None, _) => "true".to_owned(),
            };
            parsed.set(flag, value)?;
            if ends {
                break;
            }
        }
    }
    Ok(parsed)
}

fn find(own: &[&[Flag]], wanted: impl Fn(&Flag) -> bool) -> Option<Flag> {
    own.iter()
        .flat_map(|flags| flags.iter())
        .chain(GLOBAL)
        .find(|f| wanted(f))
        .copied()
}

impl Parsed {
    fn set(&mut self, flag: Flag, value: String) -> Result<(), String> {
        let refused = |reason: String| {
            let name = match flag.short {
                Some(short) => format!("-{short}, --{}", flag.name),
                None => format!("--{}", flag.name),
            };
            format!(
                "invalid argument {} for \"{name}\" flag: {reason}",
                go_quote(&value)
            )
        };
        let syntax = |function: &str| {
            refused(format!(
                "strconv.{function}: parsing {}: invalid syntax",
                go_quote(&value)
            ))
        };
        match flag.value {
            Value::Bool => {
                let value = match value.as_str() {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => "true",
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => "false",
                    _ => return Err(syntax("ParseBool")),
                };
                self.values.insert(flag.name, vec![value.to_owned()]);
            }
            Value::Int => {
                if value.parse::<i64>().is_err() {
                    return Err(syntax("ParseInt"));
                }
                self.values.insert(flag.name, vec![value]);
            }
            Value::Duration => {
                parse_go_duration(&value).map_err(refused)?;
                self.values.insert(flag.name, vec![value]);
            }
            Value::Text | Value::Optional(_) => {
                self.values.insert(flag.name, vec![value]);
            }
            Value::List => {
                let values = self.values.entry(flag.name).or_default();
                values.extend(value.split(',').map(str::to_owned));
            }
            Value::Repeated => self.values.entry(flag.name).or_default().push(value),
        }
        Ok(())
    }

    /// Whether the flag was given at all.
    pub fn given(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether the flag is on.
    pub fn is(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// As [`Parsed::is`], with what holds when it is not given.
    pub fn is_or(&self, name: &str, default: bool) -> bool {
        match self.given(name) {
            true => self.is(name),
            false => default,
        }
    }

    /// The flag's text; empty when it was not given.
    pub fn text(&self, name: &str) -> &str {
        self.values
            .get(name)
            .and_then(|v| v.last())
            .map_or("", String::as_str)
    }

    /// Whether `-f` or `-k` names files.
    pub fn names_files(&self) -> bool {
        !self.list("filename").is_empty() || !self.text("kustomize").is_empty()
    }

    pub fn list(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// A duration in nanoseconds, which may be negative.
    pub fn nanos(&self, name: &str) -> Option<i64> {
        parse_go_duration(self.text(name)).ok()
    }

    /// A duration, when it is positive.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.nanos(name)
            .filter(|n| *n > 0)
            .map(|n| Duration::from_nanos(n as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        short("output", 'o', Value::Text),
        short("watch", 'w', Value::Bool),
        short("selector", 'l', Value::Text),
        flag("replicas", Value::Int),
        flag("dry-run", Value::Optional("unchanged")),
        short("label-columns", 'L', Value::List),
    ];

    fn parsed(line: &str) -> Result<Parsed, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(&words, &[FLAGS])
    }

    #[test]
    fn every_way_to_write_a_flag() {
        for line in [
            "pods -n ns -o wide -w -l app=x",
            "pods -nns -owide -w -lapp=x",
            "-n=ns --output=wide --watch=true -l=app=x pods",
            "--namespace ns --output wide --watch pods --selector app=x",
            "-wn ns -o wide -- pods -l".trim_end_matches(" -l"),
        ] {
            let parsed = parsed(line).unwrap();
            assert_eq!(parsed.arguments, ["pods"], "{line}");
            assert_eq!(parsed.text("namespace"), "ns", "{line}");
            assert_eq!(parsed.text("output"), "wide", "{line}");
            assert!(parsed.is("watch"), "{line}");
        }
        assert_eq!(
            parsed("a -L x,y -L z").unwrap().list("label-columns"),
            ["x", "y", "z"]
        );
        assert_eq!(parsed("a -- -w b").unwrap().arguments, ["a", "-w", "b"]);
        assert_eq!(parsed("a --dry-run").unwrap().text("dry-run"), "unchanged");
    }

    #[test]
    fn errors_in_the_words_of_pflag() {
        for (line, message) in [
            ("--foo", "unknown flag: --foo"),
            ("--foo=bar", "unknown flag: --foo"),
            ("-x", "unknown shorthand flag: 'x' in -x"),
            ("-wx", "unknown shorthand flag: 'x' in -x"),
            ("--output", "flag needs an argument: --output"),
            ("-o", "flag needs an argument: 'o' in -o"),
            ("--=x", "bad flag syntax: --=x"),
            (
                "--replicas=a",
                "invalid argument \"a\" for \"--replicas\" flag: strconv.ParseInt: parsing \"a\": invalid syntax",
            ),
            (
                "--watch=a",
                "invalid argument \"a\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \"a\": invalid syntax",
            ),
        ] {
            assert_eq!(parsed(line), Err(message.to_owned()), "{line}");
        }
    }
}
