//! What the page says, before it is said in a language.
//!
//! The model, the views and the inspector hold [`Text`]s: the key of a message and what it is about.
//! [`Words`](super::Words) turn them into a language where they are drawn, so that choosing another
//! language changes nothing but what is read. What Kubernetes itself says stands in a text as it is.

use std::rc::Rc;

use crate::api::Name;

/// A sentence or a word of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The same in every language: names, and what Kubernetes says.
    Plain(Rc<str>),
    /// A number: `value` over ten to the power of `places`.
    Number { value: i64, places: u8 },
    /// A message of the catalogue, and what its placeholders stand for.
    Said {
        key: &'static str,
        with: Rc<[(&'static str, Text)]>,
    },
    /// Parts, one after the other.
    Row(Rc<[Text]>),
}

/// A message of the catalogue: `say!("pod.failed", name = pod.name(), reason = reason)`.
///
/// The key is a literal, so that a test can find every key that is used. A message with plural forms
/// chooses by its argument `n`.
macro_rules! say {
    ($key:literal $(,)?) => {
        $crate::app::Text::of($key, [])
    };
    ($key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::app::Text::of($key, [$((stringify!($name), $crate::app::Text::from($value))),+])
    };
}
pub(crate) use say;

impl Text {
    /// What [`say!`] makes.
    pub fn of<const N: usize>(key: &'static str, with: [(&'static str, Text); N]) -> Text {
        Text::Said {
            key,
            with: Rc::from(with.as_slice()),
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Text::Plain(text) => text.is_empty(),
            Text::Row(parts) => parts.iter().all(Text::is_empty),
            Text::Number { .. } | Text::Said { .. } => false,
        }
    }

    /// A number with decimal places: `fraction(125, 2)` is 1.25.
    pub fn fraction(value: i64, places: u8) -> Text {
        Text::Number { value, places }
    }

    /// "a, b, c"; what is empty is left out.
    pub fn list(parts: impl IntoIterator<Item = Text>) -> Text {
        Text::row(parts, &say!("list.comma"))
    }

    /// Sentences without their full stops, one after the other: "A. B. C".
    pub fn sentences(parts: impl IntoIterator<Item = Text>) -> Text {
        Text::row(parts, &say!("list.sentence"))
    }

    /// Parts with something between them; what is empty is left out.
    pub fn row(parts: impl IntoIterator<Item = Text>, between: &Text) -> Text {
        let mut row: Vec<Text> = Vec::new();
        for part in parts {
            if part.is_empty() {
                continue;
            }
            if !row.is_empty() {
                row.push(between.clone());
            }
            row.push(part);
        }
        match row.len() {
            0 => Text::default(),
            1 => row.swap_remove(0),
            _ => Text::Row(row.into()),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Text::Plain("".into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::Plain(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::Plain(text.into())
    }
}

impl From<Rc<str>> for Text {
    fn from(text: Rc<str>) -> Self {
        Text::Plain(text)
    }
}

impl From<&Rc<str>> for Text {
    fn from(text: &Rc<str>) -> Self {
        Text::Plain(text.clone())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Text::Plain(text.as_str().into())
    }
}

impl From<&Name> for Text {
    fn from(name: &Name) -> Self {
        Text::Plain((**name).into())
    }
}

impl From<char> for Text {
    fn from(letter: char) -> Self {
        Text::Plain(letter.encode_utf8(&mut [0; 4]).into())
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Text {
            fn from(number: $number) -> Self {
                Text::Number {
                    value: i64::try_from(number).unwrap_or(i64::MAX),
                    places: 0,
                }
            }
        })+
    };
}
numbers!(u8, u16, i32, u32, i64, u64, usize);
