//! The picture of a lesson: rows of parts at a width that is given, and the lines between them.
//!
//! Text is measured by guess, a little too wide rather than too narrow, so that no browser is needed and the same
//! picture stands the same way everywhere.

use crate::api::Kind;
use crate::api::play::picture::{Link, Part, Picture};
use crate::app::view::{Phase, Revision};

use super::{Rect, Size};

mod wires;

#[cfg(test)]
pub(super) use wires::points_on;
pub use wires::sample;
use wires::wire;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureLayout<'p> {
    pub size: Size,
    /// Those that hold others come before what they hold.
    pub parts: Vec<Placed<'p>>,
    pub wires: Vec<Wire>,
    pub rules: Vec<Rule<'p>>,
    /// The kinds of links that there are.
    pub links: Vec<Link>,
}

/// A part and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<'p> {
    pub part: &'p Part,
    pub shape: Shape,
    pub rect: Rect,
    /// The word for its kind, when the shape does not say it.
    pub kind: &'p str,
}

/// As what a part is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A pod or a container, as on the stage.
    Tile,
    /// A node, with pods in it or not.
    Tank,
    /// Something else that holds parts.
    Frame,
    /// Who asks and who answers: Services, clients, components.
    Card,
    /// Any other object.
    Item,
}

/// A line between two parts, as the path of an SVG; `head` is drawn at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    pub link: Link,
    pub line: String,
    pub head: String,
    /// How far down it goes.
    low: i32,
}

/// Words above a row, or a line with words above or below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule<'p> {
    pub kind: RuleKind,
    pub text: &'p str,
    /// Where the words begin, and where the line is.
    pub y: i32,
    pub line: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    Title,
    Ceiling,
    Floor,
}

/// A picture gets no wider: lines would only grow longer.
const WIDEST: i32 = 640;
const MARGIN: i32 = 8;
/// The sign for what to look at stands out above.
const TOP: i32 = 14;
const GAP: i32 = 12;
/// Room for a line from one part to its neighbour.
const LINK_GAP: i32 = 40;
const ROW_GAP: i32 = 18;
const LINK_ROW_GAP: i32 = 40;
/// Room for lines that pass by to what has gone on below.
const PASS_GAP: i32 = 26;
const PAD: i32 = 8;
const NAME: i32 = 17;
const LINE: i32 = 15;
const RULE_GAP: i32 = 11;
const LEAST: i32 = 84;
const MOST: i32 = 176;

/// Places a picture at a width. What does not fit beside each other goes on below.
pub fn place(picture: &Picture, width: i32) -> PictureLayout<'_> {
    let width = width.max(2 * LEAST);
    let inner = (width - 2 * MARGIN).min(WIDEST);
    let left = (width - inner) / 2;
    let linked = linked(picture);
    let mut layout = PictureLayout::default();
    let mut y = TOP;
    for (i, row) in picture.rows.iter().enumerate() {
        if i > 0 {
            y += match crosses(picture, i) {
                true => LINK_ROW_GAP,
                false => ROW_GAP,
            };
        }
        for (kind, text) in [
            (RuleKind::Title, &row.title),
            (RuleKind::Ceiling, &row.ceiling),
        ] {
            if !text.is_empty() {
                let tall = LINE * lines(text, inner) as i32;
                layout.rules.push(Rule {
                    kind,
                    text,
                    y,
                    line: y + tall + 3,
                });
                y += tall + RULE_GAP;
            }
        }
        y = place_row(&row.parts, left, y, inner, &linked, &mut layout);
        if !row.floor.is_empty() {
            layout.rules.push(Rule {
                kind: RuleKind::Floor,
                text: &row.floor,
                y: y + RULE_GAP,
                line: y + RULE_GAP - 3,
            });
            y += RULE_GAP + LINE * lines(&row.floor, inner) as i32;
        }
    }
    let mut low = y;
    for link in Link::ALL {
        let mut wires = Vec::new();
        for from in &layout.parts {
            let ends = from.part.links(link).iter();
            for to in ends.filter_map(|to| find(&layout.parts, to)) {
                wires.push(wire(link, from, to, &layout.parts, width));
            }
        }
        if !wires.is_empty() {
            layout.links.push(link);
        }
        low = wires.iter().fold(low, |low, wire| low.max(wire.low));
        layout.wires.append(&mut wires);
    }
    layout.size = Size {
        w: width,
        h: low + MARGIN,
    };
    layout
}

/// What links lead to, or begin at.
fn linked(picture: &Picture) -> Vec<&str> {
    let mut names = Vec::new();
    picture.each(&mut |part| {
        for link in Link::ALL {
            let to = part.links(link);
            names.extend(to.iter().map(String::as_str));
            if !to.is_empty() {
                names.push(&part.part);
            }
        }
    });
    names
}

fn find<'a, 'p>(parts: &'a [Placed<'p>], name: &str) -> Option<&'a Placed<'p>> {
    parts.iter().find(|p| p.part.part == name)
}

/// Whether a link leads from one side of the gap above a row to the other.
fn crosses(picture: &Picture, row: usize) -> bool {
    let mut above = Vec::new();
    for part in picture.rows.iter().take(row).flat_map(|r| &r.parts) {
        part.each(&mut |p| above.push(&*p.part));
    }
    let mut found = false;
    let mut n = 0;
    picture.each(&mut |part| {
        let is_above = n < above.len();
        n += 1;
        for link in Link::ALL {
            let to = part.links(link);
            found |= to.iter().any(|to| above.contains(&to.as_str()) != is_above);
        }
    });
    found
}

/// Places parts from left to right in as many lines as they need; returns where the last one ends.
fn place_row<'p>(
    parts: &'p [Part],
    left: i32,
    top: i32,
    width: i32,
    linked: &[&str],
    layout: &mut PictureLayout<'p>,
) -> i32 {
    let joined = parts.iter().any(|part| {
        let mut to = Link::ALL.iter().flat_map(|link| part.links(*link));
        to.any(|to| parts.iter().any(|p| p.part == *to))
    });
    let passed = parts.iter().any(|p| linked.contains(&p.part.as_str()));
    let (gap, between) = match (joined, passed) {
        (true, _) => (LINK_GAP, LINK_ROW_GAP - PAD),
        (_, true) => (GAP, PASS_GAP),
        _ => (GAP, PAD),
    };
    let mut y = top;
    let lines = broken(parts, width, gap);
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            y += between;
        }
        let widths = shared(line, width, gap);
        let heights: Vec<i32> = line
            .iter()
            .zip(&widths)
            .map(|(p, w)| height(p, *w, linked))
            .collect();
        let tallest = heights.iter().copied().max().unwrap_or_default();
        let whole: i32 = widths.iter().sum::<i32>() + gap * (line.len() as i32 - 1);
        let mut x = left + (width - whole) / 2;
        for ((part, w), h) in line.iter().zip(&widths).zip(&heights) {
            // What holds others is as tall as its neighbours; what is small stands in the middle.
            let h = match part.parts.is_empty() && shape(part) != Shape::Tank {
                true => *h,
                false => tallest,
            };
            let rect = Rect {
                x,
                y: y + (tallest - h) / 2,
                w: *w,
                h,
            };
            layout.parts.push(Placed {
                part,
                shape: shape(part),
                rect,
                kind: kind(part),
            });
            if !part.parts.is_empty() {
                let (left, top) = (rect.x + PAD, rect.y + head(part, *w) + PAD / 2);
                place_row(&part.parts, left, top, *w - 2 * PAD, linked, layout);
            }
            x += *w + gap;
        }
        y += tallest;
    }
    y
}

/// Parts in lines that are about equally long.
fn broken(parts: &[Part], width: i32, gap: i32) -> Vec<&[Part]> {
    let fits = |line: &[Part]| {
        let least: i32 = line.iter().map(least).sum();
        line.len() == 1 || least + gap * (line.len() as i32 - 1) <= width
    };
    let n = parts.len();
    for count in 1..n {
        let each = n.div_ceil(count);
        let lines: Vec<&[Part]> = parts.chunks(each).collect();
        if lines.iter().all(|line| fits(line)) {
            return lines;
        }
    }
    parts.chunks(1).collect()
}

/// The widths of the parts of a line: what they would like, or less.
fn shared(line: &[Part], width: i32, gap: i32) -> Vec<i32> {
    let room = width - gap * (line.len() as i32 - 1);
    let mut wishes: Vec<i32> = line.iter().map(wish).collect();
    // What is alike is equally wide.
    for shape_of in [
        Shape::Tile,
        Shape::Tank,
        Shape::Frame,
        Shape::Card,
        Shape::Item,
    ] {
        let is = |part: &&Part| shape(part) == shape_of;
        let widest = line.iter().filter(is).map(wish).max().unwrap_or_default();
        for (part, wish) in line.iter().zip(&mut wishes) {
            if shape(part) == shape_of {
                *wish = widest;
            }
        }
    }
    let (least, wished): (Vec<i32>, i32) =
        (line.iter().map(least).collect(), wishes.iter().sum::<i32>());
    let needed: i32 = least.iter().sum();
    let spare = (room - needed).max(0);
    let wanted = (wished - needed).max(1);
    let given = wishes.iter().zip(&least).map(|(wish, least)| {
        let more = (wish - least).max(0);
        least
            + if wanted > spare {
                more * spare / wanted
            } else {
                more
            }
    });
    given.map(|w| w.min(room)).collect()
}

pub fn shape(part: &Part) -> Shape {
    let (word, _) = part.split();
    let singular = Kind::by_word(word).map_or(word, |kind| kind.info().singular);
    match singular {
        "pod" | "container" => Shape::Tile,
        "node" => Shape::Tank,
        _ if !part.parts.is_empty() => Shape::Frame,
        "service" | "ingress" | "traffic" | "client" | "component" => Shape::Card,
        _ => Shape::Item,
    }
}

/// The word for the kind of a part; nothing for what its shape says, and for what is none.
fn kind(part: &Part) -> &str {
    let (word, _) = part.split();
    match shape(part) {
        Shape::Tile | Shape::Tank => "",
        _ => match Kind::by_word(word) {
            Some(kind) => kind.info().kind,
            // A kind that the lesson brings.
            None if word.starts_with(|c: char| c.is_ascii_uppercase()) => word,
            None => "",
        },
    }
}

/// The phase whose shape a pod or a container has.
pub fn phase(part: &Part) -> Phase {
    let all = [
        Phase::Pending,
        Phase::Starting,
        Phase::Running,
        Phase::Terminating,
        Phase::Failing,
        Phase::Succeeded,
    ];
    let named = all.into_iter().find(|phase| phase.name() == part.state);
    named.unwrap_or(Phase::Ready)
}

pub fn revision(part: &Part) -> Option<Revision> {
    let letter = part.mark.bytes().next()?;
    letter.checked_sub(b'A').map(Revision)
}

/// Whether a line under the name says how it is.
fn has_status(part: &Part) -> bool {
    shape(part) == Shape::Tile || !part.status.is_empty()
}

/// The room that everything takes but the text.
fn frame(part: &Part) -> i32 {
    let letter = if part.mark.is_empty() { 0 } else { 21 };
    match shape(part) {
        Shape::Tile => 22 + 22 + letter,
        _ => 24 + letter,
    }
}

fn widest_text(part: &Part) -> i32 {
    let status = text_width(&part.status);
    let state = match phase(part) {
        _ if !has_status(part) || !part.status.is_empty() => 0,
        Phase::Pending | Phase::Ready | Phase::Failing => 46,
        _ => 70,
    };
    let words = part.note.split(' ').map(text_width).max();
    // Chinese breaks anywhere.
    let word = words.unwrap_or_default().min(90);
    // A long kind is cut before its name is.
    let kind = text_width(kind(part)).min(76);
    let widest = name_width(part.called()).max(status).max(state);
    widest.max(kind).max(word)
}

fn least(part: &Part) -> i32 {
    let own = (widest_text(part) + frame(part)).clamp(LEAST, MOST);
    let inner = part.parts.iter().map(least).max();
    own.max(inner.map_or(0, |w| w + 2 * PAD))
}

fn wish(part: &Part) -> i32 {
    // A state that may be cut where it is narrow.
    let state = match phase(part) {
        Phase::Starting if part.status.is_empty() => 120,
        _ => 0,
    };
    let note = text_width(&part.note).min(150).max(state);
    let note = note.max(text_width(kind(part)));
    let own = (widest_text(part).max(note) + frame(part) + 8).clamp(LEAST + 16, MOST);
    let gaps = GAP * (part.parts.len() as i32 - 1).max(0);
    let inner: i32 = part.parts.iter().map(wish).sum();
    own.max(inner + gaps + if inner > 0 { 2 * PAD } else { 0 })
}

/// How tall the text of a part is.
fn head(part: &Part, width: i32) -> i32 {
    let room = width - frame(part);
    let kind = if kind(part).is_empty() { 0 } else { LINE };
    let status = if has_status(part) { LINE } else { 0 };
    let note = LINE * lines(&part.note, room) as i32;
    PAD + kind + NAME + status + note
}

fn height(part: &Part, width: i32, linked: &[&str]) -> i32 {
    let head = head(part, width);
    if part.parts.is_empty() {
        return head + PAD;
    }
    let mut inside = PictureLayout::default();
    let y = place_row(&part.parts, 0, 0, width - 2 * PAD, linked, &mut inside);
    head + PAD / 2 + y + PAD
}

/// Where the words of something stand that holds parts.
fn words(placed: &Placed<'_>) -> Rect {
    let Placed { part, rect, .. } = placed;
    let note = text_width(&part.note).max(text_width(&part.status));
    let wide = name_width(part.called())
        .max(note)
        .max(text_width(placed.kind));
    Rect {
        w: rect.w.min(wide + frame(part)),
        h: head(part, rect.w) - PAD / 2,
        ..*rect
    }
}

/// Names are set in the monospace face.
fn name_width(text: &str) -> i32 {
    text.chars().map(|c| if is_wide(c) { 12 } else { 7 }).sum()
}

/// The width of small text.
fn text_width(text: &str) -> i32 {
    let tenths = |c: char| match c {
        c if is_wide(c) => 118,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | '\'' | '/' => 44,
        'm' | 'w' | 'M' | 'W' => 113,
        'A'..='Z' => 94,
        '0'..='9' => 74,
        _ => 70,
    };
    text.chars().map(tenths).sum::<i32>() / 10
}

fn is_wide(c: char) -> bool {
    u32::from(c) >= 0x2e80
}

/// In how many lines a text breaks.
pub fn lines(text: &str, width: i32) -> usize {
    if text.is_empty() {
        return 0;
    }
    let (mut count, mut used) = (1, 0);
    for word in text.split_inclusive(' ') {
        let w = text_width(word);
        let wide = word.chars().any(is_wide);
        if used > 0 && used + w > width && !wide {
            count += 1;
            used = 0;
        }
        used += w;
        // Chinese breaks anywhere, and so does a word that is longer than the line.
        while used > width.max(24) {
            count += 1;
            used -= width.max(24) - if wide { 12 } else { 0 };
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::source::Source;

    /// Every picture of the course.
    fn course() -> Vec<(String, Picture)> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("static/lessons");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).expect("lessons").flatten() {
            let Ok(text) = std::fs::read_to_string(entry.path().join("lesson.yaml")) else {
                continue;
            };
            let words = std::fs::read_to_string(entry.path().join("zh-CN.yaml")).ok();
            for words in [None, words.as_deref()] {
                let Ok(source) = Source::translated(&text, words) else {
                    continue;
                };
                let spec = source.spec();
                let own = spec.steps.iter().filter_map(|s| s.picture.as_ref());
                for picture in own.chain(&spec.picture) {
                    let name = format!("{:?} {}", entry.file_name(), words.is_some());
                    found.push((name, picture.clone()));
                }
            }
        }
        found
    }

    #[test]
    fn nothing_stands_on_anything_else_at_any_width() {
        let pictures = course();
        assert!(!pictures.is_empty());
        for (name, picture) in &pictures {
            for width in [280, 320, 348, 430, 560, 900] {
                let layout = place(picture, width);
                assert_eq!(layout.size.w, width);
                for (i, a) in layout.parts.iter().enumerate() {
                    let (p, r) = (&a.part.part, a.rect);
                    let inside = r.x >= 0 && r.x + r.w <= width && r.y + r.h <= layout.size.h;
                    assert!(inside, "{name} at {width}: {p} {r:?}");
                    for b in layout.parts.iter().skip(i + 1) {
                        let o = b.rect;
                        let apart = r.x + r.w <= o.x
                            || o.x + o.w <= r.x
                            || r.y + r.h <= o.y
                            || o.y + o.h <= r.y;
                        let mut holds = false;
                        a.part
                            .each(&mut |inner| holds |= std::ptr::eq(inner, b.part));
                        let within = o.x >= r.x
                            && o.x + o.w <= r.x + r.w
                            && o.y > r.y
                            && o.y + o.h <= r.y + r.h;
                        let fine = if holds { within } else { apart };
                        assert!(fine, "{name} at {width}: {p} {r:?}, {} {o:?}", b.part.part);
                    }
                }
                let mut links = 0;
                let count = |p: &Part| Link::ALL.iter().map(|l| p.links(*l).len()).sum::<usize>();
                picture.each(&mut |p| links += count(p));
                assert_eq!(layout.wires.len(), links, "{name}");
            }
        }
    }

    #[test]
    fn lines_go_around_what_stands_between() {
        for (name, picture) in &course() {
            for width in [280, 320, 348, 430, 560, 900] {
                let layout = place(picture, width);
                let mut wires = layout.wires.iter();
                for link in &layout.links {
                    for from in &layout.parts {
                        for to in from.part.links(*link) {
                            let wire = wires.next().expect("a line for every link");
                            let to = find(&layout.parts, to).expect("a part");
                            let crossed = layout.parts.iter().find(|p| {
                                let is_end = [from, to].iter().any(|end| {
                                    wires::within(p.rect, end.rect)
                                        || wires::within(end.rect, p.rect)
                                });
                                !is_end
                                    && wires::points_on(&wire.line)
                                        .iter()
                                        .any(|(x, y)| p.rect.contains(*x, *y))
                            });
                            let crossed = crossed.map(|p| &p.part.part);
                            assert_eq!(
                                crossed, None,
                                "{name} at {width}: {link:?} {} {}: {}",
                                from.part.part, to.part.part, wire.line
                            );
                            assert!(wire.low < layout.size.h, "{name} at {width}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_goes_on_below() {
        let part = |name: &str| Part {
            part: name.to_owned(),
            ..Part::default()
        };
        let picture = Picture {
            rows: vec![crate::api::play::picture::Row {
                parts: (0..6).map(|i| part(&format!("pod/web-{i}"))).collect(),
                ..Default::default()
            }],
            ..Picture::default()
        };
        let rows = |width: i32| {
            let mut ys: Vec<i32> = place(&picture, width)
                .parts
                .iter()
                .map(|p| p.rect.y)
                .collect();
            ys.dedup();
            ys.len()
        };
        assert_eq!((rows(900), rows(348), rows(280)), (1, 2, 3));
    }

    #[test]
    fn text_breaks_as_a_browser_does_or_sooner() {
        assert_eq!(lines("", 100), 0);
        assert_eq!(lines("never less than four", 200), 1);
        assert_eq!(lines("never less than four", 84), 2);
        assert_eq!(lines("始终不少于四个可用的副本", 90), 2);
    }
}
