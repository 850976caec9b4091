//! What a picture of a lesson has to be: small, joined up, and of things that can be drawn.

use crate::api::Kind;
use crate::api::field::{Errors, Path};
use crate::api::play::picture::{Link, PLACES, Part, Picture, STATES, THINGS};

const MOST_ROWS: usize = 6;
const MOST_PARTS: usize = 24;
const MOST_LINKS: usize = 32;
/// Kinds of links that a legend can tell apart at a glance.
const MOST_KINDS: usize = 4;
/// A container in a pod in a node.
const DEEPEST: usize = 3;
const MOST_LOOKS: usize = 3;
const LONGEST_ALT: usize = 500;
const LONGEST_NAME: usize = 40;
const LONGEST_WORDS: usize = 80;

pub fn validate(path: &Path<'_>, picture: &Picture, errors: &mut Errors) {
    let alt = path.child("alt");
    if picture.alt.trim().is_empty() {
        let why = "says in words what there is to see";
        errors.required(&alt, why);
    }
    short(&alt, &picture.alt, LONGEST_ALT, errors);
    if !picture.place.is_empty() && !PLACES.contains(&picture.place.as_str()) {
        errors.not_supported(&path.child("place"), picture.place.as_str(), &PLACES);
    }
    if !picture.find.is_empty() && !picture.find.contains('/') {
        let why = "names an object, as in \"svc/web\" or \"pod/web-*\"";
        errors.invalid(&path.child("find"), picture.find.as_str(), why);
    }
    let rows = path.child("rows");
    if picture.rows.is_empty() {
        errors.required(&rows, "a picture has at least one row");
    }
    if picture.rows.len() > MOST_ROWS {
        errors.too_many(&rows, picture.rows.len(), MOST_ROWS);
        return;
    }
    let mut parts: Vec<&Part> = Vec::new();
    picture.each(&mut |part| parts.push(part));
    if parts.len() > MOST_PARTS {
        errors.too_many(&rows, parts.len(), MOST_PARTS);
        return;
    }
    let looks = parts.iter().filter(|part| part.look).count();
    if looks == 0 {
        errors.required(&rows, "one part has `look: true`");
    }
    if looks > MOST_LOOKS {
        let why = format!("at most {MOST_LOOKS} parts have `look: true`: one idea at a time");
        errors.forbidden(&rows, why);
    }
    let counted = |link: &Link| parts.iter().map(|p| p.links(*link).len()).sum::<usize>();
    let links: usize = Link::ALL.iter().map(counted).sum();
    if links > MOST_LINKS {
        errors.too_many(&rows, links, MOST_LINKS);
    }
    let kinds = Link::ALL.iter().filter(|link| counted(link) > 0).count();
    if kinds > MOST_KINDS {
        let why = format!("at most {MOST_KINDS} kinds of links: one idea at a time");
        errors.forbidden(&rows, why);
    }
    let mut seen = Vec::new();
    for (i, row) in picture.rows.iter().enumerate() {
        let path = rows.index(i);
        for (name, text) in [
            ("title", &row.title),
            ("ceiling", &row.ceiling),
            ("floor", &row.floor),
        ] {
            short(&path.child(name), text, LONGEST_WORDS, errors);
        }
        let list = path.child("parts");
        if row.parts.is_empty() {
            errors.required(&list, "a row has at least one part");
        }
        for (n, one) in row.parts.iter().enumerate() {
            let mut checked = Checked {
                all: &parts,
                seen: &mut seen,
                errors,
            };
            checked.part(&list.index(n), one, &mut Vec::new());
        }
    }
}

struct Checked<'p, 's, 'e> {
    all: &'p [&'p Part],
    seen: &'s mut Vec<&'p str>,
    errors: &'e mut Errors,
}

impl<'p> Checked<'p, '_, '_> {
    /// `around`: what it lies in, outermost first.
    fn part(&mut self, path: &Path<'_>, part: &'p Part, around: &mut Vec<&'p str>) {
        let (word, name) = part.split();
        let at = path.child("part");
        if part.part.is_empty() {
            self.errors.required(&at, "as in \"pod/web-1\"");
        } else if name.is_empty() || !is_drawn(word) {
            let why = format!(
                "a kind and a name, as in \"pod/web-1\"; the kind as kubectl takes it, one of your own \
                 (\"Website\"), or {}",
                THINGS.join(", ")
            );
            self.errors.invalid(&at, part.part.as_str(), why);
        } else if self.seen.contains(&part.part.as_str()) {
            self.errors.duplicate(&at, part.part.as_str());
        }
        self.seen.push(&part.part);
        short(&at, name, LONGEST_NAME, self.errors);
        for (field, text, most) in [
            ("name", &part.name, LONGEST_NAME),
            ("status", &part.status, LONGEST_NAME),
            ("note", &part.note, LONGEST_WORDS),
        ] {
            short(&path.child(field), text, most, self.errors);
        }
        let runs = is(word, "pod") || word == "container";
        let state = path.child("state");
        if runs {
            if !part.state.is_empty() && !STATES.contains(&part.state.as_str()) {
                self.errors
                    .not_supported(&state, part.state.as_str(), &STATES);
            }
        } else if is(word, "node") {
            if !["", "ready", "failing"].contains(&part.state.as_str()) {
                let states = ["ready", "failing"];
                self.errors
                    .not_supported(&state, part.state.as_str(), &states);
            }
        } else if !part.state.is_empty() {
            let why = "belongs to pods, containers and nodes; write a `note`";
            self.errors.forbidden(&state, why);
        }
        let mark = part.mark.as_bytes();
        if !mark.is_empty() && !matches!(mark, [b'A'..=b'Z']) {
            let why = "a letter from A to Z";
            self.errors
                .invalid(&path.child("mark"), part.mark.as_str(), why);
        }
        around.push(&part.part);
        for link in Link::ALL {
            let list = path.child(link.name());
            for (i, to) in part.links(link).iter().enumerate() {
                let mut holds = false;
                part.each(&mut |inner| holds |= inner.part == *to);
                if !self.all.iter().any(|p| p.part == *to) {
                    self.errors.not_found(&list.index(i), to.as_str());
                } else if holds || around.contains(&to.as_str()) {
                    let why = "leads to itself, to what it holds, or to what it lies in";
                    self.errors.invalid(&list.index(i), to.as_str(), why);
                }
            }
        }
        let inner = path.child("parts");
        if around.len() >= DEEPEST && !part.parts.is_empty() {
            let why = "parts lie too deep in each other";
            self.errors.forbidden(&inner, why);
        } else {
            for (i, one) in part.parts.iter().enumerate() {
                self.part(&inner.index(i), one, around);
            }
        }
        around.pop();
    }
}

/// Whether there is a way to draw something of this kind.
fn is_drawn(word: &str) -> bool {
    // What begins with a capital letter may be a kind that the lesson itself brings.
    let own = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    THINGS.contains(&word) || Kind::by_word(word).is_some() || own(word)
}

fn is(word: &str, singular: &str) -> bool {
    Kind::by_word(word).is_some_and(|kind| kind.info().singular == singular)
}

fn short(path: &Path<'_>, text: &str, most: usize, errors: &mut Errors) {
    if text.chars().count() > most {
        errors.forbidden(path, format!("at most {most} letters"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::codec::decode;

    fn errors(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut picture = json!({
            "alt": "The Service web leads to one of two pods.",
            "find": "svc/web",
            "rows": [
                {"parts": [{"part": "svc/web", "look": true, "selects": ["pod/a"]}]},
                {"title": "pods", "parts": [
                    {"part": "node/one", "parts": [{"part": "pod/a", "state": "ready", "mark": "A"}]},
                    {"part": "pod/b", "state": "running", "note": "left out"},
                ]},
            ],
        });
        change(&mut picture);
        let (picture, unknown): (Picture, _) = decode(&picture, "v1alpha1").expect("decodes");
        assert_eq!(unknown, [""; 0]);
        let mut errors = Errors::default();
        validate(&Path::new("picture"), &picture, &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_wrong_is_found_at_its_field() {
        assert_eq!(errors(|_| {}), [""; 0]);
        type Change = fn(&mut Value);
        let cases: &[(Change, &str)] = &[
            (
                |p| p["alt"] = json!(" "),
                "picture.alt: Required value: says in words what there is to see",
            ),
            (
                |p| p["find"] = json!("web"),
                "picture.find: Invalid value: \"web\": names an object, as in \"svc/web\" or \"pod/web-*\"",
            ),
            (
                |p| p["rows"][0]["parts"][0]["look"] = json!(false),
                "picture.rows: Required value: one part has `look: true`",
            ),
            (
                |p| p["rows"][1]["parts"][1]["part"] = json!("pot/b"),
                "picture.rows[1].parts[1].part: Invalid value: \"pot/b\": a kind and a name, as in \"pod/web-1\"; \
                 the kind as kubectl takes it, one of your own (\"Website\"), or client, component, container, \
                 file, image, thing",
            ),
            (
                |p| p["rows"][1]["parts"][1]["part"] = json!("pod/a"),
                "picture.rows[1].parts[1].part: Duplicate value: \"pod/a\"",
            ),
            (
                |p| p["rows"][0]["parts"][0]["selects"] = json!(["pod/c"]),
                "picture.rows[0].parts[0].selects[0]: Not found: \"pod/c\"",
            ),
            (
                |p| p["rows"][1]["parts"][0]["owns"] = json!(["pod/a"]),
                "picture.rows[1].parts[0].owns[0]: Invalid value: \"pod/a\": leads to itself, to what it holds, or to what it lies in",
            ),
            (
                |p| p["rows"][1]["parts"][0]["parts"][0]["uses"] = json!(["node/one"]),
                "picture.rows[1].parts[0].parts[0].uses[0]: Invalid value: \"node/one\": leads to itself, to what it holds, or to what it lies in",
            ),
            (
                |p| p["rows"][0]["parts"][0]["state"] = json!("ready"),
                "picture.rows[0].parts[0].state: Forbidden: belongs to pods, containers and nodes; write a `note`",
            ),
            (
                |p| p["rows"][1]["parts"][0]["state"] = json!("running"),
                "picture.rows[1].parts[0].state: Unsupported value: \"running\": supported values: \"failing\", \"ready\"",
            ),
            (
                |p| p["rows"][1]["parts"][1]["mark"] = json!("v2"),
                "picture.rows[1].parts[1].mark: Invalid value: \"v2\": a letter from A to Z",
            ),
            (
                |p| p["rows"][1]["title"] = json!("x".repeat(81)),
                "picture.rows[1].title: Forbidden: at most 80 letters",
            ),
            (
                |p| p["rows"][1]["parts"] = json!([]),
                "picture.rows[1].parts: Required value: a row has at least one part",
            ),
            (
                |p| {
                    p["rows"][1]["parts"][0]["parts"][0]["parts"] =
                        json!([{"part": "container/c", "parts": [{"part": "thing/x"}]}]);
                },
                "picture.rows[1].parts[0].parts[0].parts[0].parts: Forbidden: parts lie too deep in each other",
            ),
            (
                |p| {
                    let part = |i| json!({"part": format!("pod/p{i}")});
                    p["rows"][1]["parts"] = (0..30).map(part).collect();
                },
                "picture.rows: Too many: 31: must have at most 24 items",
            ),
        ];
        for (change, expected) in cases {
            let found = errors(change);
            assert!(found.iter().any(|e| e == expected), "{expected}\n{found:?}");
        }
    }
}
