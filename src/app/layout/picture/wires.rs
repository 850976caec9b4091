//! The lines of a picture: from one part to another, and around what stands between them.

use crate::api::play::picture::Link;

use super::super::Rect;
use super::{Placed, Wire};

/// How far a line keeps from what it goes around, and from the edge of the picture.
const CLEAR: i32 = 3;
/// The same of a line without corners.
const NEAR: i32 = 2;
/// Half the gap between neighbours: there it goes from one line of parts to the next.
const ASIDE: i32 = 6;
/// What a head needs before the part it points to.
const HEAD: i32 = 10;
/// How far from a part a line looks for a way aside.
const REACH: i32 = 48;
const ROUND: i32 = 7;
/// How far from a corner of a part a line begins and ends, and by how much it is moved aside at a time.
const EDGE: i32 = 14;
const STEP: i32 = 6;

type Point = (i32, i32);

/// A line between two parts of a picture that is `width` wide.
pub(super) fn wire(
    link: Link,
    from: &Placed<'_>,
    to: &Placed<'_>,
    parts: &[Placed<'_>],
    width: i32,
) -> Wire {
    // What holds one of the two is no obstacle, nor is what they hold; but the words of what holds one are.
    let holds = |p: &Placed<'_>| within(from.rect, p.rect) != within(to.rect, p.rect);
    let related = |p: &Placed<'_>| {
        let mut ends = [from, to].into_iter();
        ends.any(|end| within(end.rect, p.rect) || within(p.rect, end.rect))
    };
    let others: Vec<Rect> = parts
        .iter()
        .filter(|p| !related(p))
        .map(|p| p.rect)
        .collect();
    let is_end = |p: &Placed<'_>| p.rect == from.rect || p.rect == to.rect;
    let mut all: Vec<Rect> = parts
        .iter()
        .filter(|p| related(p) && holds(p) && !is_end(p))
        .map(super::words)
        .collect();
    all.extend(&others);
    let (a, b) = (from.rect, to.rect);
    let way = shifted(a, b, &all)
        .or_else(|| shifted(a, b, &others))
        .or_else(|| around(a, b, &others, width))
        .unwrap_or_else(|| direct(a, b, 0, 0));
    let (end, heading) = way.end();
    Wire {
        link,
        line: way.path(),
        head: head(link, end, heading),
        low: way.points().iter().map(|p| p.1).max().unwrap_or_default(),
    }
}

/// A short line, for the legend.
pub fn sample(link: Link) -> Wire {
    let way = Way::Bent(vec![(1, 6), (31, 6)]);
    Wire {
        link,
        line: way.path(),
        head: head(link, (31, 6), (1, 0)),
        low: 6,
    }
}

/// The course of a line.
enum Way {
    /// From one point to another, and upright at both.
    Swung(Point, Point),
    /// From corner to corner.
    Bent(Vec<Point>),
}

impl Way {
    /// Points along it that are close enough to tell what it touches.
    fn points(&self) -> Vec<Point> {
        match self {
            Way::Bent(points) => points.clone(),
            Way::Swung(a, b) => (0..=16).map(|i| on_swing(*a, *b, i, 16)).collect(),
        }
    }

    /// Where it ends, and in which direction it arrives there.
    fn end(&self) -> (Point, Point) {
        match self {
            Way::Swung(a, b) => (*b, (0, (b.1 - a.1).signum())),
            Way::Bent(points) => match points.as_slice() {
                [.., a, b] => (*b, ((b.0 - a.0).signum(), (b.1 - a.1).signum())),
                _ => ((0, 0), (0, 1)),
            },
        }
    }

    fn path(&self) -> String {
        match self {
            Way::Swung((ax, ay), (bx, by)) => {
                let middle = (ay + by) / 2;
                format!("M{ax} {ay}C{ax} {middle} {bx} {middle} {bx} {by}")
            }
            Way::Bent(points) => bent(points),
        }
    }
}

/// A point of the curve that `Way::Swung` draws, in parts of its length.
fn on_swing((ax, ay): Point, (bx, by): Point, i: i32, n: i32) -> Point {
    let (i, j, n) = (i64::from(i), i64::from(n - i), i64::from(n));
    let at = |p: [i32; 4]| {
        let [a, b, c, d] = p.map(i64::from);
        let sum = j * j * j * a + 3 * j * j * i * b + 3 * j * i * i * c + i * i * i * d;
        i32::try_from(sum / (n * n * n)).unwrap_or_default()
    };
    let middle = (ay + by) / 2;
    (at([ax, ax, bx, bx]), at([ay, middle, middle, by]))
}

/// Corners are rounded.
fn bent(points: &[Point]) -> String {
    let mut path = String::new();
    for (i, p) in points.iter().enumerate() {
        let corner = (points.get(i.wrapping_sub(1)), points.get(i + 1));
        let (Some(before), Some(after)) = corner else {
            let letter = if i == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{} {}", p.0, p.1));
            continue;
        };
        let (a, b) = (towards(*p, *before), towards(*p, *after));
        path.push_str(&format!("L{} {}Q{} {} {} {}", a.0, a.1, p.0, p.1, b.0, b.1));
    }
    path
}

/// A point a little way from a corner along one of its sides.
fn towards((x, y): Point, (tx, ty): Point) -> Point {
    let (dx, dy) = (tx - x, ty - y);
    let step = ROUND.min((dx.abs() + dy.abs()) / 2);
    (x + dx.signum() * step, y + dy.signum() * step)
}

/// Straight there and from the middle to the middle, or not far from it, where nothing is in the way.
fn shifted(from: Rect, to: Rect, others: &[Rect]) -> Option<Way> {
    let steps = |rect: Rect| {
        let most = (rect.w / 2 - EDGE).max(0) / STEP;
        (0..=2 * most).map(|i| STEP * if i % 2 == 0 { i / 2 } else { -(i + 1) / 2 })
    };
    let mut tries: Vec<(i32, i32)> = steps(to).map(|there| (0, there)).collect();
    // From its end, too, where that alone is not enough.
    tries.extend(
        steps(from)
            .skip(1)
            .flat_map(|here| steps(to).map(move |there| (here, there))),
    );
    tries.into_iter().find_map(|(here, there)| {
        let way = direct(from, to, here, there);
        let points = way.points();
        let mut pieces = points.windows(2);
        pieces
            .all(|w| is_free(w[0], w[1], NEAR, others))
            .then_some(way)
    })
}

/// Down, up, or aside, whatever is in the way; so far from the middle of both.
fn direct(from: Rect, to: Rect, here: i32, there: i32) -> Way {
    let ((fx, fy), (tx, _)) = (from.centre(), to.centre());
    let (fx, tx) = (fx + here, tx + there);
    if to.y >= from.y + from.h {
        Way::Swung((fx, from.y + from.h), (tx, to.y))
    } else if to.y + to.h <= from.y {
        Way::Swung((fx, from.y), (tx, to.y + to.h))
    } else {
        // At a height that both have.
        let (high, low) = (from.y.max(to.y), (from.y + from.h).min(to.y + to.h));
        let y = fy.clamp(high, low.max(high));
        match to.x > from.x {
            true => Way::Bent(vec![(from.x + from.w, y), (to.x, y)]),
            false => Way::Bent(vec![(from.x, y), (to.x + to.w, y)]),
        }
    }
}

/// The shortest way with corners that touches nothing.
fn around(from: Rect, to: Rect, others: &[Rect], width: i32) -> Option<Way> {
    let ((fx, _), (tx, _)) = (from.centre(), to.centre());
    let (leave, arrive) = if to.y >= from.y + from.h {
        ((from.y + from.h, 1), (to.y, -1))
    } else if to.y + to.h <= from.y {
        ((from.y, -1), (to.y + to.h, 1))
    } else {
        return beside(from, to, others);
    };
    let edges = others.iter().chain([&from, &to]);
    let aside = edges.flat_map(|o| [o.x - ASIDE, o.x + o.w + ASIDE]);
    let mut columns: Vec<i32> = aside
        .chain([fx, tx])
        .map(|x| x.clamp(CLEAR, width - CLEAR))
        .collect();
    columns.sort_by_key(|x| ((x - fx).abs() + (x - tx).abs(), (x - fx).abs()));
    columns.dedup();
    columns.into_iter().find_map(|x| {
        let y = level(leave, fx, x, ROUND, others)?;
        let z = level(arrive, tx, x, HEAD + 2, others)?;
        let points = vec![
            (fx, leave.0),
            (fx, y),
            (x, y),
            (x, z),
            (tx, z),
            (tx, arrive.0),
        ];
        is_free((x, y), (x, z), CLEAR, others).then(|| Way::Bent(straight(points)))
    })
}

/// Below two parts that stand beside each other, or above them.
fn beside(from: Rect, to: Rect, others: &[Rect]) -> Option<Way> {
    let ((fx, _), (tx, _)) = (from.centre(), to.centre());
    let below = (from.y + from.h).max(to.y + to.h);
    let above = from.y.min(to.y);
    let ways = [
        (below, 1, from.y + from.h, to.y + to.h),
        (above, -1, from.y, to.y),
    ];
    ways.into_iter().find_map(|(edge, sign, start, end)| {
        let y = level((edge, sign), fx, tx, HEAD + 2, others)?;
        let free = is_free((fx, start), (fx, y), CLEAR, others)
            && is_free((tx, y), (tx, end), CLEAR, others);
        (free && y > CLEAR).then(|| Way::Bent(vec![(fx, start), (fx, y), (tx, y), (tx, end)]))
    })
}

/// The nearest height, on one side of an edge, at which one can go from `x` to `to`.
fn level((edge, sign): (i32, i32), x: i32, to: i32, least: i32, others: &[Rect]) -> Option<i32> {
    let heights = (least..=REACH).map(|k| edge + sign * k);
    let mut free = heights
        .filter(|y| is_free((x, edge + sign), (x, *y), CLEAR, others))
        .filter(|y| is_free((x, *y), (to, *y), CLEAR, others));
    free.next()
}

/// Without corners that are none.
fn straight(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for point in points {
        if let [.., a, b] = kept.as_slice() {
            let on_line = (a.0 == b.0 && b.0 == point.0) || (a.1 == b.1 && b.1 == point.1);
            if on_line {
                kept.pop();
            }
        }
        if kept.last() != Some(&point) {
            kept.push(point);
        }
    }
    kept
}

/// Whether the box around a piece of a line stays away from all others. Pieces are upright, level, or short.
fn is_free(a: Point, b: Point, clear: i32, others: &[Rect]) -> bool {
    let (left, right) = (a.0.min(b.0) - clear, a.0.max(b.0) + clear);
    let (top, bottom) = (a.1.min(b.1) - clear, a.1.max(b.1) + clear);
    others
        .iter()
        .all(|o| right <= o.x || left >= o.x + o.w || bottom <= o.y || top >= o.y + o.h)
}

pub(super) fn within(inner: Rect, outer: Rect) -> bool {
    inner.x >= outer.x
        && inner.x + inner.w <= outer.x + outer.w
        && inner.y >= outer.y
        && inner.y + inner.h <= outer.y + outer.h
}

/// What stands at the end of a line that arrives in a direction.
fn head(link: Link, (x, y): Point, (dx, dy): Point) -> String {
    // A point so far back along the line, and so far aside.
    let at = |back: i32, aside: i32| (x - dx * back + dy * aside, y - dy * back + dx * aside);
    let ((ax, ay), (bx, by)) = (at(8, 4), at(8, -4));
    match link {
        Link::Owns | Link::Selects => String::new(),
        Link::Asks | Link::Changes => format!("M{x} {y}L{ax} {ay}L{bx} {by}z"),
        Link::Watches => format!("M{ax} {ay}L{x} {y}L{bx} {by}"),
        Link::Uses => {
            let (cx, cy) = at(3, 0);
            format!("M{} {cy}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", cx - 3)
        }
        Link::Refused => {
            let (cx, cy) = at(11, 0);
            format!("M{} {}l10 10m0 -10l-10 10", cx - 5, cy - 5)
        }
    }
}

/// Points on a path as it is drawn here, a pixel or two apart.
#[cfg(test)]
pub(in crate::app::layout) fn points_on(path: &str) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut pieces: Vec<(char, Vec<f64>)> = Vec::new();
    let mut number = String::new();
    let flush = |number: &mut String, pieces: &mut Vec<(char, Vec<f64>)>| {
        if let (Ok(n), Some((_, numbers))) = (number.parse(), pieces.last_mut()) {
            numbers.push(n);
        }
        number.clear();
    };
    for c in path.chars() {
        match c {
            'M' | 'L' | 'C' | 'Q' => {
                flush(&mut number, &mut pieces);
                pieces.push((c, Vec::new()));
            }
            ' ' => flush(&mut number, &mut pieces),
            c => number.push(c),
        }
    }
    flush(&mut number, &mut pieces);
    let mut at = (0.0, 0.0);
    for (_, numbers) in &pieces {
        let mut corners = vec![at];
        corners.extend(numbers.chunks(2).map(|n| (n[0], n[1])));
        for i in 0..=200 {
            // De Casteljau, whatever the degree.
            let (t, mut left) = (f64::from(i) / 200.0, corners.clone());
            while left.len() > 1 {
                let mid = |w: &[(f64, f64)]| {
                    (
                        w[0].0 + (w[1].0 - w[0].0) * t,
                        w[0].1 + (w[1].1 - w[0].1) * t,
                    )
                };
                left = left.windows(2).map(mid).collect();
            }
            points.push((left[0].0.round() as i32, left[0].1.round() as i32));
        }
        at = corners[corners.len() - 1];
    }
    // The first piece is a jump from nowhere.
    points.split_off(201)
}
