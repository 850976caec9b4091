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
    Int32,
    Duration,
    /// May be given several times, or as a comma-separated list.
    List,
    /// May be given several times; commas stay.
    Repeated,
    /// `key=value`, several times or with commas between them.
    Pairs,
    /// A text that may be left out, and then is this.
    Optional(&'static str),
}

/// A flag that a command knows.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    pub name: &'static str,
    pub short: Option<char>,
    pub value: Value,
    /// What holds when it is not given, as the help writes it.
    pub default: &'static str,
    /// Works, but the help does not mention it.
    pub hidden: bool,
}

/// Reads flags as commands state them, and as their help shows them, with blanks between them:
/// `-o,output='' watch=false`. What stands behind `=` tells the type: `''` is a text, `false` a switch,
/// `0` a number (`0/32` one of 32 bits), `0s` a duration, `[]` a list (`[]*` without commas, `[]=` of
/// pairs), `'none'?unchanged` a text that is `unchanged` when it is left out. A dot before the name
/// hides the flag.
pub fn read(stated: &[&'static str]) -> Vec<Flag> {
    stated
        .iter()
        .flat_map(|line| line.split(' '))
        .filter_map(flag)
        .collect()
}

fn flag(stated: &'static str) -> Option<Flag> {
    let (hidden, stated) = match stated.strip_prefix('.') {
        Some(rest) => (true, rest),
        None => (false, stated),
    };
    let (short, stated) = match stated.strip_prefix('-').and_then(|s| s.split_once(',')) {
        Some((short, rest)) => (short.chars().next(), rest),
        None => (None, stated),
    };
    let (name, default) = stated.split_once('=')?;
    let (default, value) = if default.starts_with('\'') {
        match default.rsplit_once("'?") {
            Some((text, left_out)) => {
                let quoted = default.get(..text.len() + 1).unwrap_or(text);
                (quoted, Value::Optional(left_out))
            }
            None => (default, Value::Text),
        }
    } else if let Some(list) = default.strip_suffix("]*") {
        (
            default.get(..list.len() + 1).unwrap_or(list),
            Value::Repeated,
        )
    } else if default.ends_with("]=") {
        (default.trim_end_matches('='), Value::Pairs)
    } else if default.is_empty() || default.starts_with('[') {
        (default, Value::List)
    } else if let Some(number) = default.strip_suffix("/32") {
        (number, Value::Int32)
    } else if matches!(default, "true" | "false") {
        (default, Value::Bool)
    } else if default.ends_with('s') {
        (default, Value::Duration)
    } else {
        (default, Value::Int)
    };
    Some(Flag {
        name,
        short,
        value,
        default,
        hidden,
    })
}

/// Flags of every command.
pub const GLOBAL: &str = "as='' as-group=[]* as-uid='' as-user-extra=[]* cache-dir='/root/.kube/cache' certificate-authority='' client-certificate='' client-key='' cluster='' context='' disable-compression=false .-h,help=false insecure-skip-tls-verify=false kubeconfig='' kuberc='' log-flush-frequency=5s match-server-version=false -n,namespace='' password='' profile='none' profile-output='profile.pprof' request-timeout='0' -s,server='' tls-server-name='' token='' user='' username='' -v,v=0/32 vmodule= warnings-as-errors=false";

/// A parsed command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    values: BTreeMap<&'static str, Vec<String>>,
    pub arguments: Vec<String>,
    /// How many arguments came before `--`.
    pub dash: Option<usize>,
    /// Global flags that the command has given another meaning.
    shadowed: Vec<&'static str>,
    /// The flags of the command itself.
    own: Vec<&'static str>,
}

/// Reads a command's words.
///
/// # Errors
/// The message of pflag, without `error: `.
pub fn parse(words: &[String], own: &[&'static str]) -> Result<Parsed, String> {
    let mut known = read(own);
    let global = read(&[GLOBAL]);
    let mut parsed = Parsed::default();
    let own_names = known.iter().map(|f| f.name);
    parsed.own = own_names.collect();
    let mut shadowed = parsed.own.clone();
    shadowed.retain(|name| global.iter().any(|g| g.name == *name));
    parsed.shadowed = shadowed;
    known.extend(global);
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
            let hyphens = name.replace('_', "-");
            let flag =
                find(&known, |f| f.name == hyphens).ok_or(format!("unknown flag: --{hyphens}"))?;
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
            let flag = find(&known, |f| f.short == Some(letter)).ok_or(format!(
                "unknown shorthand flag: '{letter}' in -{}",
                letters.get(i..).unwrap_or_default()
            ))?;
            let takes_rest = match (flag.value, rest.strip_prefix('=')) {
                // Alone, the sign is the value.
                (_, Some(value)) if !value.is_empty() => Some(value.to_owned()),
                (_, Some(_)) => Some("=".to_owned()),
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

fn find(known: &[Flag], wanted: impl Fn(&Flag) -> bool) -> Option<Flag> {
    known.iter().find(|f| wanted(f)).copied()
}

/// A number as Go reads it in base 0: with `0x`, `0o`, `0b` and underscores.
fn integer(text: &str, bits: u32) -> Result<i64, &'static str> {
    let syntax = "invalid syntax";
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)),
        [b'0', b'b', ..] => (2, lower.get(2..)),
        [b'0', b'o', ..] => (8, lower.get(2..)),
        [b'0', _, ..] => (8, lower.get(1..)),
        _ => (10, Some(lower.as_str())),
    };
    let digits = digits.unwrap_or_default();
    let clean: String = digits.chars().filter(|c| *c != '_').collect();
    let separated = clean.len() < digits.len();
    if separated
        && (digits.starts_with('_') && base == 10 || digits.ends_with('_') || digits.contains("__"))
    {
        return Err(syntax);
    }
    if clean.is_empty() || !clean.chars().all(|c| c.is_digit(base)) {
        return Err(syntax);
    }
    let range = "value out of range";
    let size = i128::from_str_radix(&clean, base).map_err(|_| range)?;
    let value = if negative { -size } else { size };
    let limit = 1_i128 << (bits - 1);
    match (-limit..limit).contains(&value) {
        true => i64::try_from(value).map_err(|_| range),
        false => Err(range),
    }
}

/// `file=2,other=3`.
fn is_vmodule(text: &str) -> bool {
    let mut parts = text.split(',').filter(|part| !part.is_empty());
    parts.all(|part| {
        part.split_once('=')
            .is_some_and(|(file, level)| !file.is_empty() && level.parse::<i32>().is_ok())
    })
}

/// A line of comma-separated values (`encoding/csv`).
fn fields(line: &str) -> Result<Vec<String>, String> {
    let wrong =
        |column: usize, what: &str| Err(format!("parse error on line 1, column {column}: {what}"));
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let at = line.len() - rest.len();
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, more) = match rest.split_once(',') {
                Some((field, more)) => (field, Some(more)),
                None => (rest, None),
            };
            if let Some(quote) = field.find('"') {
                return wrong(at + quote + 1, "bare \" in non-quoted field");
            }
            out.push(field.to_owned());
            match more {
                Some(more) => rest = more,
                None => return Ok(out),
            }
            continue;
        };
        let mut field = String::new();
        let mut inner = quoted;
        loop {
            let Some((part, more)) = inner.split_once('"') else {
                return wrong(line.len() + 1, "extraneous or missing \" in quoted-field");
            };
            field.push_str(part);
            inner = more;
            match inner.strip_prefix('"') {
                Some(more) => {
                    field.push('"');
                    inner = more;
                }
                None => break,
            }
        }
        out.push(field);
        match inner.strip_prefix(',') {
            Some(more) => rest = more,
            None if inner.is_empty() => return Ok(out),
            None => {
                let column = line.len() - inner.len();
                return wrong(column, "extraneous or missing \" in quoted-field");
            }
        }
    }
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
            Value::Int | Value::Int32 => {
                let bits = if flag.value == Value::Int { 64 } else { 32 };
                let number = integer(&value, bits).map_err(|reason| {
                    refused(format!(
                        "strconv.ParseInt: parsing {}: {reason}",
                        go_quote(&value)
                    ))
                })?;
                self.values.insert(flag.name, vec![number.to_string()]);
            }
            Value::Duration => {
                parse_go_duration(&value).map_err(|reason| match flag.name {
                    // A flag of Go's own package, which says less.
                    "log-flush-frequency" => refused("parse error".to_owned()),
                    _ => refused(reason),
                })?;
                self.values.insert(flag.name, vec![value]);
            }
            Value::List if flag.name == "vmodule" && !is_vmodule(&value) => {
                return Err(refused(
                    "syntax error: expect comma-separated list of filename=N".to_owned(),
                ));
            }
            Value::Text | Value::Optional(_) => {
                self.values.insert(flag.name, vec![value]);
            }
            Value::List => {
                let is_map = flag.default.is_empty() && flag.name != "vmodule";
                let mut pairs = value.split(',').filter(|pair| !pair.is_empty());
                if is_map && pairs.any(|pair| !pair.contains('=')) {
                    return Err(refused("malformed pair, expect string=string".to_owned()));
                }
                let new = match value.as_str() {
                    "" => Vec::new(),
                    line => fields(line).map_err(refused)?,
                };
                self.values.entry(flag.name).or_default().extend(new);
            }
            Value::Pairs => {
                let pairs = match value.matches('=').count() {
                    0 => return Err(refused(format!("{value} must be formatted as key=value"))),
                    1 => vec![value.trim_matches('"').to_owned()],
                    _ => fields(&value).map_err(&refused)?,
                };
                if let Some(pair) = pairs.iter().find(|p| !p.contains('=')) {
                    return Err(refused(format!("{pair} must be formatted as key=value")));
                }
                self.values.entry(flag.name).or_default().extend(pairs);
            }
            Value::Repeated => self.values.entry(flag.name).or_default().push(value),
        }
        Ok(())
    }

    /// Whether the command has such a flag, given or not.
    pub fn defines(&self, name: &str) -> bool {
        self.own.contains(&name)
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

    /// The text of a flag of all commands; empty when it was not given, or when the command has a flag
    /// of its own of that name.
    pub fn global(&self, name: &str) -> &str {
        match self.shadowed.contains(&name) {
            true => "",
            false => self.text(name),
        }
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

    const FLAGS: &[&str] = &[
        "-o,output='' -w,watch=false -l,selector=''",
        "replicas=0 dry-run='none'?unchanged -L,label-columns=[] port=-1/32 env=[]=",
    ];

    fn parsed(line: &str) -> Result<Parsed, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(&words, FLAGS)
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
        assert_eq!(
            parsed("-L \"x,y\",z").unwrap().list("label-columns"),
            ["x,y", "z"]
        );
        for (number, meant) in [
            ("0x10", 16),
            ("1_000", 1000),
            ("-3", -3),
            ("010", 8),
            ("0", 0),
        ] {
            let line = format!("--replicas={number}");
            assert_eq!(parsed(&line).unwrap().int("replicas"), Some(meant));
        }
        assert_eq!(
            parsed("--dry_run=client").unwrap().text("dry-run"),
            "client"
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
                "--port=3000000000",
                "invalid argument \"3000000000\" for \"--port\" flag: strconv.ParseInt: parsing \"3000000000\": value out of range",
            ),
            (
                "--env=a",
                "invalid argument \"a\" for \"--env\" flag: a must be formatted as key=value",
            ),
            (
                "-Lx\"y",
                "invalid argument \"x\\\"y\" for \"-L, --label-columns\" flag: parse error on line 1, column 2: bare \" in non-quoted field",
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
