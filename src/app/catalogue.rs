//! A language: its messages, how it counts, how it writes numbers.
//!
//! A catalogue is a flat JSON object from keys to messages (`static/locales/`). A message is a text
//! with `{placeholders}`, or, where a number changes the words, an object from the plural categories
//! of Unicode CLDR to such texts, chosen by the placeholder `{n}`. English is compiled in; it speaks
//! where another language has no words.

use std::fmt::Write;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::text::Text;

const ENGLISH: &str = include_str!("../../static/locales/en.json");

/// The language that everything falls back on.
pub const FALLBACK: &str = "en";

/// What differs between languages beside their words.
pub trait Rules {
    /// The plural category of a number: "one", "few", "other".
    fn plural(&self, n: i64) -> Rc<str>;
    /// A number with so many decimal places, and no grouping.
    fn number(&self, value: i64, places: u8) -> String;
}

/// English, which needs no browser.
struct English;

impl Rules for English {
    fn plural(&self, n: i64) -> Rc<str> {
        if n == 1 { "one" } else { "other" }.into()
    }

    fn number(&self, value: i64, places: u8) -> String {
        plain_number(value, places)
    }
}

/// A number with a decimal point; zeros at its end are left out.
pub fn plain_number(value: i64, places: u8) -> String {
    let mut unit = 1_u64;
    let mut places = usize::from(places.min(18));
    let mut rest = value.unsigned_abs();
    while places > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        places -= 1;
    }
    for _ in 0..places {
        unit *= 10;
    }
    let sign = if value < 0 { "-" } else { "" };
    match places {
        0 => format!("{sign}{rest}"),
        _ => format!("{sign}{}.{:0places$}", rest / unit, rest % unit),
    }
}

/// A chosen language. Cloning it is cheap; two are equal when they are the same one.
#[derive(Clone)]
pub struct Words(Rc<Inner>);

struct Inner {
    tag: Rc<str>,
    own: Map<String, Value>,
    english: Rc<Map<String, Value>>,
    rules: Box<dyn Rules>,
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Words {
    fn default() -> Self {
        Words::english()
    }
}

impl Words {
    /// The words that are compiled in.
    pub fn english() -> Words {
        Words(Rc::new(Inner {
            tag: FALLBACK.into(),
            own: Map::new(),
            english: Rc::new(parse(ENGLISH).unwrap_or_default()),
            rules: Box::new(English),
        }))
    }

    /// Another language: its tag, its catalogue, and its rules. `None` when the catalogue is none.
    pub fn of(&self, tag: &str, catalogue: &str, rules: Box<dyn Rules>) -> Option<Words> {
        Some(Words(Rc::new(Inner {
            tag: tag.into(),
            own: parse(catalogue)?,
            english: self.0.english.clone(),
            rules,
        })))
    }

    /// The BCP 47 tag: "en", "zh-CN".
    pub fn tag(&self) -> &str {
        &self.0.tag
    }

    /// A text in this language.
    pub fn say(&self, text: &Text) -> String {
        let mut out = String::new();
        self.write(text, &mut out);
        out
    }

    fn write(&self, text: &Text, out: &mut String) {
        match text {
            Text::Plain(text) => out.push_str(text),
            Text::Number { value, places } => out.push_str(&self.0.rules.number(*value, *places)),
            Text::Row(parts) => parts.iter().for_each(|part| self.write(part, out)),
            Text::Said { key, with } => match self.message(key, with) {
                Some(message) => self.fill(message, with, out),
                // A key that no catalogue has: a test keeps this from happening.
                None => out.push_str(key),
            },
        }
    }

    fn message(&self, key: &str, with: &[(&'static str, Text)]) -> Option<&str> {
        let inner = &self.0;
        match inner.own.get(key).or_else(|| inner.english.get(key))? {
            Value::String(message) => Some(message),
            Value::Object(forms) => {
                let n = with.iter().find_map(|(name, text)| match text {
                    Text::Number { value, places: 0 } if *name == "n" => Some(*value),
                    _ => None,
                });
                let category = inner.rules.plural(n.unwrap_or_default());
                let form = forms.get(&*category).or_else(|| forms.get("other"));
                form.and_then(Value::as_str)
            }
            _ => None,
        }
    }

    fn fill(&self, message: &str, with: &[(&'static str, Text)], out: &mut String) {
        let mut rest = message;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let known = after.split_once('}').and_then(|(name, tail)| {
                let (_, text) = with.iter().find(|(known, _)| *known == name)?;
                Some((text, tail))
            });
            match known {
                Some((text, tail)) => {
                    self.write(text, out);
                    rest = tail;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
    }
}

fn parse(catalogue: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(catalogue) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}

impl Text {
    /// The text in English, for tests and where no language was chosen.
    pub fn english(&self) -> String {
        let mut out = String::new();
        let _ = write!(out, "{}", Words::english().say(self));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::say;
    use super::*;

    struct Polish;

    impl Rules for Polish {
        fn plural(&self, n: i64) -> Rc<str> {
            match n {
                1 => "one",
                2..=4 => "few",
                _ => "many",
            }
            .into()
        }

        fn number(&self, value: i64, places: u8) -> String {
            plain_number(value, places).replace('.', ",")
        }
    }

    fn polish(catalogue: &str) -> Words {
        Words::english()
            .of("pl", catalogue, Box::new(Polish))
            .unwrap()
    }

    #[test]
    fn plural_forms_are_chosen_by_the_rules_of_the_language() {
        let words =
            polish(r#"{"count.pods": {"one": "{n} pod", "few": "{n} pody", "many": "{n} podów"}}"#);
        let said = [1, 3, 7].map(|n| words.say(&say!("count.pods", n = n)));
        assert_eq!(said, ["1 pod", "3 pody", "7 podów"]);
        assert_eq!(say!("count.pods", n = 1).english(), "1 pod");
        assert_eq!(say!("count.pods", n = 2).english(), "2 pods");
    }

    #[test]
    fn what_a_language_lacks_is_said_in_english() {
        let words = polish("{}");
        assert_eq!(words.say(&say!("header.reset")), "Reset");
    }

    #[test]
    fn texts_stand_inside_texts_and_braces_of_others_are_left_alone() {
        let words = polish(r#"{"list.comma": " + ", "time.ago": "{span} temu {n}"}"#);
        let inner = Text::list(["{span}".into(), Text::default(), Text::fraction(125, 2)]);
        let said = words.say(&say!("time.ago", span = inner));
        assert_eq!(said, "{span} + 1,25 temu {n}");
    }

    #[test]
    fn numbers_have_no_zeros_at_their_end() {
        let said = [(0, 0), (250, 3), (4000, 3), (-15, 1), (1005, 3)]
            .map(|(value, places)| plain_number(value, places));
        assert_eq!(said, ["0", "0.25", "4", "-1.5", "1.005"]);
    }

    #[test]
    fn a_catalogue_that_is_none_is_refused() {
        let broken = Words::english().of("pl", "[]", Box::new(Polish));
        assert!(broken.is_none());
    }
}
