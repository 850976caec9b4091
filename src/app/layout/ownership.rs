//! The tree of owners, left to right; services come from the other side.

use crate::app::view::ownership::{Column, Edge, OwnershipView, Relation};

use super::{Rect, Size};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnershipLayout {
    pub stage: Size,
    pub size: Size,
    /// In the order of the items.
    pub items: Vec<Rect>,
    /// In the order of the edges: a path of SVG.
    pub edges: Vec<String>,
}

const MARGIN: i32 = 24;
/// On a stage that is narrower, the margin is smaller at the sides.
const NARROW: i32 = 640;
const NARROW_MARGIN: i32 = 16;
/// An item; where the columns do not fit beside each other, they are narrower than that.
const ITEM: Size = Size { w: 168, h: 46 };
const NARROWEST: i32 = 116;
const GAP: i32 = 10;
/// Owners of owners; more are not followed.
const DEEPEST: usize = 8;
const TITLES: i32 = 24;
/// How far below the first of what it owns or selects something stands at most: of a hundred pods one sees the
/// first, and whose they are.
const MOST_BELOW: i32 = 3 * (ITEM.h + GAP);
/// The least room between columns for the lines, and how much more a wide stage may give them.
const LEAST_GAP: i32 = 28;
/// On a phone three columns fit.
const PHONE: i32 = 480;
const PHONE_NARROWEST: i32 = 108;
const PHONE_GAP: i32 = 20;
const MOST_SPARE: i32 = 360;

/// Places items in columns; an owner stands in the middle of what it owns.
#[inline(never)] // it waits in the second file of the wasm until somebody wants it
pub fn place(view: &OwnershipView, stage: Size) -> OwnershipLayout {
    let (xs, width) = columns(view, stage);
    let x = |column: Column| {
        let place = view.columns.iter().position(|(c, _)| *c == column);
        let place = place.and_then(|place| xs.get(place)).copied();
        place.unwrap_or(MARGIN)
    };

    let n = view.items.len();
    let mut ys: Vec<Option<i32>> = vec![None; n];
    let mut next = MARGIN + TITLES;
    let family = Family::of(view);
    for root in (0..n).filter(|i| column(view, *i) <= Column::Pods && !family.is_owned(*i)) {
        seat_tree(view, &family, &mut ys, root, &mut next, 0);
        next += GAP;
    }
    // A claim stands beside the pods that use it.
    let mut free = MARGIN + TITLES;
    for claim in (0..n).filter(|i| column(view, *i) == Column::Claims) {
        let of = |e: &&Edge| e.to == claim && e.relation == Relation::Uses;
        let users = view.edges.iter().filter(of);
        let users: Vec<i32> = users
            .filter_map(|e| ys.get(e.from).copied().flatten())
            .collect();
        let y = match users.len() {
            0 => free,
            many => (users.iter().sum::<i32>() / many as i32).max(free),
        };
        if let Some(place) = ys.get_mut(claim) {
            *place = Some(y);
        }
        free = y + ITEM.h + GAP;
    }
    // A service stands where the pods are that it selects, unless another is there.
    let mut free = MARGIN + TITLES;
    for service in (0..n).filter(|i| column(view, *i) == Column::Services) {
        let chosen: Vec<i32> = view
            .edges
            .iter()
            .filter(|e| e.from == service && e.relation == Relation::Selects)
            .filter_map(|e| ys.get(e.to).copied().flatten())
            .collect();
        let wanted = match chosen.len() {
            0 => free,
            many => {
                let first = chosen.iter().min().copied().unwrap_or_default();
                (chosen.iter().sum::<i32>() / many as i32).min(first + MOST_BELOW)
            }
        };
        let slices = family.children(service);
        let y = wanted.max(free);
        if let Some(place) = ys.get_mut(service) {
            *place = Some(y);
        }
        let mut slice_y = y;
        for slice in slices {
            if let Some(place) = ys.get_mut(*slice) {
                *place = Some(slice_y);
            }
            slice_y += ITEM.h + GAP;
        }
        free = slice_y.max(y + ITEM.h + GAP);
    }
    for i in 0..n {
        if ys.get(i) == Some(&None) {
            let mut next = free.max(next);
            seat(&mut ys, i, &mut next);
            free = next;
        }
    }
    let items: Vec<Rect> = ys
        .iter()
        .enumerate()
        .map(|(i, y)| Rect {
            x: x(column(view, i)),
            y: y.unwrap_or(MARGIN),
            w: width,
            h: ITEM.h,
        })
        .collect();
    let mut lanes = Lanes::of(&items, &xs);
    let edges = view
        .edges
        .iter()
        .map(|edge| {
            let rect = |i: usize| items.get(i).copied().unwrap_or_default();
            lanes.path(rect(edge.from), rect(edge.to))
        })
        .collect();
    let bottom = items.iter().map(|r| r.y + r.h).max().unwrap_or_default();
    let right = xs.last().map_or(0, |x| x + width);
    OwnershipLayout {
        stage,
        size: Size {
            w: (right + NARROW_MARGIN).max(stage.w),
            h: (bottom + MARGIN).max(stage.h),
        },
        items,
        edges,
    }
}

/// Where the columns begin, and how wide an item is.
pub fn columns(view: &OwnershipView, stage: Size) -> (Vec<i32>, i32) {
    let count = view.columns.len().max(2) as i32;
    let (narrowest, gap) = if stage.w < PHONE {
        (PHONE_NARROWEST, PHONE_GAP)
    } else {
        (NARROWEST, LEAST_GAP)
    };
    let gaps = (count - 1) * gap;
    let margin = if stage.w < NARROW {
        NARROW_MARGIN
    } else {
        MARGIN
    };
    let width = ((stage.w - 2 * margin - gaps) / count).clamp(narrowest, ITEM.w);
    let least = count * width + gaps;
    let inner = (stage.w - 2 * margin).clamp(least, least + MOST_SPARE);
    let left = ((stage.w - inner) / 2).max(margin);
    let step = (inner - width) / (count - 1);
    ((0..count).map(|i| left + i * step).collect(), width)
}

/// From a height to another.
type Span = (i32, i32);

/// The ways that lines take between the columns, and, where they lead past others, between the items of those.
struct Lanes {
    columns: Vec<i32>,
    /// What is taken of the height, by the columns between: merged, from top to bottom.
    taken: Vec<((usize, usize), Vec<Span>)>,
    /// By column, from top to bottom.
    items: Vec<Vec<Span>>,
}

impl Lanes {
    fn of(items: &[Rect], columns: &[i32]) -> Lanes {
        let in_column = |x: i32| {
            let at = items.iter().filter(move |item| item.x == x);
            at.map(|item| (item.y, item.y + item.h)).collect()
        };
        Lanes {
            columns: columns.to_vec(),
            taken: Vec::new(),
            items: columns.iter().map(|x| in_column(*x)).collect(),
        }
    }

    /// The line between two items.
    fn path(&mut self, from: Rect, to: Rect) -> String {
        let middle = |rect: Rect| rect.y + rect.h / 2;
        // An owner beside what it owns: a bow to the right.
        if from.x == to.x {
            let (x, a, b) = (from.x + from.w, middle(from), middle(to));
            let out = x + PHONE_GAP - 4;
            return format!("M{x} {a}C{out} {a} {out} {b} {x} {b}");
        }
        let (left, right) = if from.x < to.x {
            (from, to)
        } else {
            (to, from)
        };
        let (x, y) = (left.x + left.w, middle(left));
        let (end, to_y) = (right.x, middle(right));
        let place = |x: i32| self.columns.iter().position(|c| *c == x);
        let between = match (place(left.x), place(right.x)) {
            (Some(a), Some(b)) if a + 1 < b => (a + 1, b - 1),
            _ => {
                let half = (x + end) / 2;
                return format!("M{x} {y}C{half} {y} {half} {to_y} {end} {to_y}");
            }
        };
        let lane = free(self.taken(between), (y + to_y) / 2);
        let edge = |column: usize, side: i32| self.columns.get(column).map_or(x, |c| c + side);
        let (enter, leave) = (edge(between.0, 0), edge(between.1, left.w));
        let (in_x, out_x) = ((x + enter) / 2, (leave + end) / 2);
        format!(
            "M{x} {y}C{in_x} {y} {in_x} {lane} {enter} {lane}L{leave} {lane}C{out_x} {lane} {out_x} {to_y} {end} {to_y}"
        )
    }

    fn taken(&mut self, (first, last): (usize, usize)) -> &[Span] {
        let known = self.taken.iter().position(|(of, _)| *of == (first, last));
        let at = known.unwrap_or_else(|| {
            let columns = self.items.get(first..=last).unwrap_or_default();
            let mut spans: Vec<Span> = columns.iter().flatten().copied().collect();
            spans.sort_unstable();
            let mut merged: Vec<Span> = Vec::new();
            for (top, bottom) in spans {
                match merged.last_mut() {
                    // A lane has two pixels to either side.
                    Some((_, end)) if top <= *end + 4 => *end = bottom.max(*end),
                    _ => merged.push((top, bottom)),
                }
            }
            self.taken.push(((first, last), merged));
            self.taken.len() - 1
        });
        self.taken.get(at).map_or(&[], |(_, spans)| spans)
    }
}

/// The height nearest to a wanted one at which nothing stands.
fn free(taken: &[Span], wanted: i32) -> i32 {
    let inside = taken.partition_point(|(_, bottom)| bottom + 2 < wanted);
    let Some((top, bottom)) = taken.get(inside).filter(|(top, _)| top - 2 < wanted) else {
        return wanted;
    };
    let before = inside.checked_sub(1).and_then(|i| taken.get(i));
    let above = before.map_or(top - GAP / 2, |(_, end)| {
        ((end + top) / 2).max(top - GAP / 2)
    });
    let after = taken.get(inside + 1);
    let below = after.map_or(bottom + GAP / 2, |(next, _)| {
        ((bottom + next) / 2).min(bottom + GAP / 2)
    });
    if wanted - above <= below - wanted {
        above
    } else {
        below
    }
}

fn column(view: &OwnershipView, i: usize) -> Column {
    view.items
        .get(i)
        .map_or(Column::Written, |item| item.column)
}

/// Who owns whom.
struct Family {
    children: Vec<Vec<usize>>,
    owned: Vec<bool>,
}

impl Family {
    fn of(view: &OwnershipView) -> Family {
        let n = view.items.len();
        let (mut children, mut owned) = (vec![Vec::new(); n], vec![false; n]);
        for edge in view.edges.iter().filter(|e| e.relation == Relation::Owns) {
            if let (Some(of), Some(is)) = (children.get_mut(edge.from), owned.get_mut(edge.to)) {
                of.push(edge.to);
                *is = true;
            }
        }
        Family { children, owned }
    }

    fn children(&self, of: usize) -> &[usize] {
        self.children.get(of).map_or(&[], Vec::as_slice)
    }

    fn is_owned(&self, i: usize) -> bool {
        self.owned.get(i).copied().unwrap_or_default()
    }
}

/// Seats what an item owns, as far as it stands to the left of the claims, and then itself in the middle.
fn seat_tree(
    view: &OwnershipView,
    family: &Family,
    ys: &mut [Option<i32>],
    of: usize,
    next: &mut i32,
    depth: usize,
) {
    let below: Vec<usize> = family
        .children(of)
        .iter()
        .copied()
        .filter(|c| column(view, *c) <= Column::Pods)
        .collect();
    for child in &below {
        if depth < DEEPEST && ys.get(*child) == Some(&None) {
            seat_tree(view, family, ys, *child, next, depth + 1);
        }
    }
    // What stands in one column does not stand beside what it owns there.
    let aside = below
        .into_iter()
        .filter(|c| column(view, *c) > column(view, of));
    centre_over(ys, of, aside, next);
}

fn seat(ys: &mut [Option<i32>], i: usize, next: &mut i32) {
    if let Some(place) = ys.get_mut(i)
        && place.is_none()
    {
        *place = Some(*next);
        *next += ITEM.h + GAP;
    }
}

fn centre_over(
    ys: &mut [Option<i32>],
    i: usize,
    children: impl Iterator<Item = usize>,
    next: &mut i32,
) {
    let below: Vec<i32> = children
        .filter_map(|c| ys.get(c).copied().flatten())
        .collect();
    match (below.iter().min(), below.iter().max()) {
        (Some(first), Some(last)) => {
            if let Some(place) = ys.get_mut(i) {
                *place = Some(((first + last) / 2).min(first + MOST_BELOW));
            }
        }
        _ => seat(ys, i, next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Key, Kind};
    use crate::app::layout::picture::points_on;
    use crate::app::view::ownership::Item;

    fn item(name: &str, column: Column) -> Item {
        Item {
            uid: name.into(),
            kind: Kind::all().next().unwrap(),
            key: Key::new("default", name),
            column,
            detail: "".into(),
            revision: None,
            tile: None,
        }
    }

    #[test]
    fn a_lane_is_the_nearest_place_where_nothing_stands() {
        let taken = [(10, 50), (60, 100), (200, 240)];
        assert_eq!(free(&taken, 5), 5);
        assert_eq!(free(&taken, 20), 5);
        assert_eq!(free(&taken, 48), 55);
        assert_eq!(free(&taken, 75), 55);
        assert_eq!(free(&taken, 90), 105);
        assert_eq!(free(&taken, 150), 150);
        assert_eq!(free(&taken, 230), 245);
        assert_eq!(free(&[], 7), 7);
    }

    #[test]
    fn columns_that_do_not_fit_are_narrower() {
        let view = OwnershipView {
            columns: vec![(Column::Pods, "".into()); 6],
            ..OwnershipView::default()
        };
        let (xs, width) = columns(&view, Size { w: 1000, h: 400 });
        assert!(width < ITEM.w && xs[5] + width <= 1000 - MARGIN);
        let (_, width) = columns(&view, Size { w: 500, h: 400 });
        assert_eq!(width, NARROWEST);
        let (xs, width) = columns(&view, Size { w: 390, h: 400 });
        assert!(xs[2] + width <= 390 && xs[3] < 420, "{xs:?}");
    }

    fn edge(from: usize, to: usize, relation: Relation) -> Edge {
        Edge { from, to, relation }
    }

    #[test]
    fn nothing_stands_on_anything_else() {
        let columns = [
            Column::Owners,
            Column::Written,
            Column::Made,
            Column::Pods,
            Column::Claims,
            Column::Services,
            Column::Slices,
        ];
        let view = OwnershipView {
            columns: columns.map(|c| (c, "".into())).to_vec(),
            items: vec![
                item("web", Column::Written),
                item("web-a", Column::Made),
                item("web-b", Column::Made),
                item("p1", Column::Pods),
                item("p2", Column::Pods),
                item("p3", Column::Pods),
                item("alone", Column::Pods),
                item("svc", Column::Services),
                item("svc2", Column::Services),
                item("slice", Column::Slices),
                item("site", Column::Owners),
                item("claim", Column::Claims),
                item("claim2", Column::Claims),
                item("nobody's", Column::Claims),
            ],
            edges: vec![
                edge(0, 1, Relation::Owns),
                edge(0, 2, Relation::Owns),
                edge(1, 3, Relation::Owns),
                edge(1, 4, Relation::Owns),
                edge(7, 3, Relation::Selects),
                edge(8, 3, Relation::Selects),
                edge(7, 9, Relation::Owns),
                edge(10, 0, Relation::Owns),
                edge(10, 7, Relation::Owns),
                edge(3, 11, Relation::Uses),
                edge(3, 12, Relation::Uses),
            ],
        };
        let layout = place(&view, Size { w: 1000, h: 400 });
        for (i, a) in layout.items.iter().enumerate() {
            for b in layout.items.iter().skip(i + 1) {
                let apart =
                    a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
                assert!(apart, "{i}: {a:?} {b:?}");
            }
        }
        // No line leads through an item: the owner of web owns svc as well, on the other side of its pods.
        for path in &layout.edges {
            for (x, y) in points_on(path) {
                let through = layout.items.iter().find(|item| {
                    (item.x + 1..item.x + item.w - 1).contains(&x)
                        && (item.y + 1..item.y + item.h - 1).contains(&y)
                });
                assert_eq!(through, None, "{path}");
            }
        }
        // Of a hundred pods one sees the first, and whose they are.
        let mut items = vec![item("web", Column::Written), item("web-a", Column::Made)];
        items.push(item("svc", Column::Services));
        let mut edges = vec![edge(0, 1, Relation::Owns)];
        for pod in 3..103 {
            items.push(item("pod", Column::Pods));
            edges.push(edge(1, pod, Relation::Owns));
            edges.push(edge(2, pod, Relation::Selects));
        }
        let many = OwnershipView {
            columns: view.columns.clone(),
            items,
            edges,
        };
        let placed = place(&many, Size { w: 1000, h: 400 });
        assert!(placed.items[..3].iter().all(|r| r.y + r.h < 400));
        // The owner of two stands between them.
        assert_eq!(
            layout.items[1].y,
            (layout.items[3].y + layout.items[4].y) / 2
        );
    }
}
