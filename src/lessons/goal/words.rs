//! What is missing, in words.

use crate::api::KindInfo;
use crate::api::play::lesson::Amount;

/// What a kind is called: the names of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noun {
    pub singular: &'static str,
    pub plural: &'static str,
}

impl From<&'static KindInfo> for Noun {
    fn from(info: &'static KindInfo) -> Self {
        Noun {
            singular: info.singular,
            plural: info.plural,
        }
    }
}

/// Why a goal is not met yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// The present lies before the beginning of the step.
    Early,
    Unclear,
    Kind {
        kind: String,
    },
    Absent {
        kind: Noun,
        name: String,
        fresh: bool,
    },
    StillThere {
        kind: Noun,
        name: String,
        count: usize,
    },
    Count {
        kind: Noun,
        good: usize,
        want: Amount,
        tested: bool,
    },
    /// So many of several pass, and what one of the others lacks.
    Of {
        kind: Noun,
        good: usize,
        total: usize,
        first: Box<Missing>,
    },
    Value {
        name: String,
        path: String,
        have: Option<String>,
        want: Relation,
    },
    Condition {
        name: String,
        condition: String,
        have: Option<String>,
        want: String,
    },
    Log {
        name: String,
        text: String,
    },
    Event {
        reason: String,
        about: String,
    },
    NoRequests {
        to: String,
    },
    Requests {
        to: String,
        ok: u64,
        total: u64,
        want: u32,
    },
    Failures {
        to: String,
        failed: u64,
        want: u32,
    },
    Held {
        seconds: u64,
        want: u64,
    },
    /// What had to hold all the time was broken.
    Broken {
        how: Box<Missing>,
    },
}

/// What a value is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    There,
    Missing,
    Equal(String),
    NotEqual(String),
    Like(String),
    AtLeast(String),
    AtMost(String),
}

/// The numbers of a workload that have a word of their own.
pub const NUMBERS: [(&str, &str); 4] = [
    ("readyReplicas", "ready"),
    ("availableReplicas", "available"),
    ("updatedReplicas", "updated"),
    ("currentReplicas", "current"),
];

impl Missing {
    /// In English; the page has words of its own, in its language.
    pub fn words(&self) -> String {
        match self {
            Missing::Early => "the step begins later".to_owned(),
            Missing::Unclear => "not yet".to_owned(),
            Missing::Kind { kind } => format!("there is no kind {kind}"),
            Missing::Absent { kind, name, fresh } => match (name.as_str(), fresh) {
                ("", true) => format!("no new {} yet", kind.singular),
                ("", false) => format!("no {} yet", kind.singular),
                (name, true) => format!("no new {} {name} yet", kind.singular),
                (name, false) => format!("no {} {name} yet", kind.singular),
            },
            Missing::StillThere { kind, name, count } => match count {
                1 => format!("{} {name} is still there", kind.singular),
                count => format!("{count} {} are still there", kind.plural),
            },
            Missing::Count {
                kind,
                good,
                want,
                tested,
            } => {
                let fit = if *tested { " that fit" } else { "" };
                let noun = if *good == 1 {
                    kind.singular
                } else {
                    kind.plural
                };
                format!("{good} {noun}{fit}, {}", amount(want))
            }
            Missing::Of {
                kind,
                good,
                total,
                first,
            } => format!("{good} of {total} {}; {}", kind.plural, first.words()),
            Missing::Value {
                name,
                path,
                have,
                want,
            } => value(name, path, have.as_deref(), want),
            Missing::Condition {
                name,
                condition,
                have,
                want,
            } => match have {
                Some(have) => format!("{name}: {condition} is {have}, not {want}"),
                None => format!("{name}: {condition} is not {want} yet"),
            },
            Missing::Log { name, text } => {
                format!("{name}: no line with \"{text}\" in the log yet")
            }
            Missing::Event { reason, about } => match about.as_str() {
                "" => format!("no event {reason} yet"),
                about => format!("no event {reason} of a {about} yet"),
            },
            Missing::NoRequests { to } => format!("no requests to {to} yet"),
            Missing::Requests {
                to,
                ok,
                total,
                want,
            } => {
                let percent = ok * 100 / (*total).max(1);
                format!("{to}: {percent}% of {total} requests succeed, not {want}%")
            }
            Missing::Failures { to, failed, want } => {
                format!("{to}: {failed} of {want} failed requests")
            }
            Missing::Held { seconds, want } => format!("holds for {seconds} of {want} s"),
            Missing::Broken { how } => format!("broken: {}", how.words()),
        }
    }
}

fn amount(want: &Amount) -> String {
    match (want.equals, want.at_least, want.at_most) {
        (Some(n), _, _) => format!("not {n}"),
        (_, Some(n), _) => format!("not {n} or more"),
        (_, _, Some(n)) => format!("not {n} or fewer"),
        _ => String::new(),
    }
}

/// The field at the end of a path is such a number: its word.
pub fn number_word(path: &str) -> Option<&'static str> {
    let last = path.trim_matches(['{', '}']).rsplit('.').next()?;
    let found = NUMBERS.iter().find(|(name, _)| *name == last);
    found.map(|(_, word)| *word)
}

fn value(name: &str, path: &str, have: Option<&str>, want: &Relation) -> String {
    let field = path.trim_matches(['{', '}']);
    if let (Some(word), Relation::Equal(want) | Relation::AtLeast(want)) = (number_word(path), want)
    {
        return format!("{name}: {} of {want} {word}", have.unwrap_or("0"));
    }
    let have = have.unwrap_or("not set");
    match want {
        Relation::There => format!("{name}: {field} is not set yet"),
        Relation::Missing => format!("{name}: {field} is {have}, and should not be set"),
        Relation::Equal(want) => format!("{name}: {field} is {have}, not {want}"),
        Relation::NotEqual(_) => format!("{name}: {field} is still {have}"),
        Relation::Like(want) => format!("{name}: {field} is {have}, not like {want}"),
        Relation::AtLeast(want) => format!("{name}: {field} is {have}, not {want} or more"),
        Relation::AtMost(want) => format!("{name}: {field} is {have}, not {want} or less"),
    }
}
