//! What an address asks for: the one place where it is read.
//!
//! The query says how the page is to look and begin, the hash what it is to hold: no server sees it.
//! What is not understood is left out; an address never keeps the page from opening.

use super::embed::Layout;
use super::model::{Theme, View, Workers};
use super::transport::Speed;

/// An address, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    /// `embed=1`: the page is a part of another one.
    pub embed: bool,
    /// `api=1`: the page around it may act by messages.
    pub api: bool,
    /// `readonly`: it can be watched and moved in time, and nothing else.
    pub readonly: bool,
    /// `start=open`: whoever embeds the page has shown what the link holds, and was told to go on.
    pub opens: bool,
    /// `start=play` and `start=pause`.
    pub plays: Option<bool>,
    /// `theme=light`, `dark` or `system`.
    pub theme: Option<Theme>,
    /// `view=rollout` and the like: a view of the stage.
    pub view: Option<View>,
    /// `view=split` and the like: which panes an embedded page shows.
    pub layout: Option<Layout>,
    /// `speed=0.5`: times the wall clock.
    pub speed: Option<Speed>,
    /// `nodes=5`: worker nodes of a new cluster.
    pub workers: Option<Workers>,
    /// `lang=de`.
    pub lang: Option<String>,
    /// `lesson=rollouts`.
    pub lesson: Option<String>,
    /// `#s=…`: a shared cluster, as [`link`](super::link) reads it.
    pub link: Option<String>,
}

impl Address {
    /// Reads the query and the hash, each with or without its mark.
    pub fn read(query: &str, hash: &str) -> Address {
        let mut address = Address::default();
        for pair in query.trim_start_matches('?').split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.take(name, &decoded(value));
        }
        let hash = decoded(hash.trim_start_matches('#'));
        address.link = hash
            .split('&')
            .find_map(|part| part.strip_prefix("s="))
            .map(str::to_owned);
        address
    }

    fn take(&mut self, name: &str, value: &str) {
        // A word may stand alone: `?embed`, `&readonly`.
        let on = !matches!(value, "0" | "false" | "no");
        match name {
            "embed" => self.embed = on,
            "api" => self.api = on,
            "readonly" => self.readonly = on,
            "start" => {
                for word in value.split(',') {
                    match word {
                        "open" => self.opens = true,
                        "play" => self.plays = Some(true),
                        "pause" => self.plays = Some(false),
                        _ => {}
                    }
                }
            }
            "theme" => self.theme = Theme::ALL.into_iter().find(|t| t.name() == value),
            "view" => {
                for word in value.split(',') {
                    self.view = View::by_name(word).or(self.view);
                    self.layout = Layout::by_name(word).or(self.layout);
                }
            }
            "speed" => self.speed = speed(value),
            "nodes" => self.workers = value.parse().ok().map(Workers::new),
            "lang" if !value.is_empty() => self.lang = Some(value.to_owned()),
            "lesson" if !value.is_empty() => self.lesson = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// "0.5", "10": the nearest speed that can be chosen; `None` for what is no positive number.
pub fn speed(text: &str) -> Option<Speed> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) {
        return None;
    }
    let thousandths = format!("{rest:0<3}");
    let milli = whole
        .parse::<u32>()
        .unwrap_or(u32::MAX)
        .saturating_mul(1000)
        .saturating_add(thousandths.get(..3)?.parse().ok()?);
    (milli > 0).then(|| Speed::nearest(milli))
}

/// Undoes percent-encoding; what is encoded wrongly stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', [a, b, ..]) => hex(*a).zip(hex(*b)).map(|(a, b)| a * 16 + b),
            _ => None,
        };
        bytes.push(code.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = after
            .get(if code.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_how_the_page_looks() {
        let address = Address::read(
            "?embed=1&theme=dark&view=split%2Crollout&speed=0.5&nodes=5&lang=de&start=open,play&readonly",
            "",
        );
        let expected = Address {
            embed: true,
            readonly: true,
            opens: true,
            plays: Some(true),
            theme: Some(Theme::Dark),
            view: Some(View::Rollout),
            layout: Some(Layout::Split),
            speed: Some(Speed(500)),
            workers: Some(Workers::new(5)),
            lang: Some("de".to_owned()),
            ..Address::default()
        };
        assert_eq!(address, expected);
        assert_eq!(Address::read("", ""), Address::default());
        assert_eq!(
            Address::read("embed=0&api=0&readonly=false", "#"),
            Address::default()
        );
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let query = "?theme=pink&view=&view=x&speed=fast&speed=-1&speed=NaN&nodes=many&start=now&%&%zz=%e2&=&==&lang=&lesson=";
        assert_eq!(Address::read(query, "#x=1&%"), Address::default());
    }

    #[test]
    fn the_content_stands_in_the_hash() {
        let link = |hash: &str| Address::read("?s=1.query", hash).link;
        assert_eq!(link("#s=1.abc"), Some("1.abc".to_owned()));
        assert_eq!(link("s%3D1.abc"), Some("1.abc".to_owned()));
        assert_eq!(link("#t=4&s=1.abc"), Some("1.abc".to_owned()));
        assert_eq!(link("#section"), None);
        assert_eq!(link(""), None);
    }

    #[test]
    fn speeds_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("0.5", Some(500)),
            ("0.25x", None),
            ("10.", Some(10_000)),
            ("99999999999", Some(100_000)),
            ("0", None),
            (".5", None),
            ("", None),
        ] {
            assert_eq!(speed(text).map(|s| s.0), expected, "{text}");
        }
    }
}
