//! The tree of owners, left to right; services come from the other side.

use crate::app::view::ownership::{Column, Edge, OwnershipView, Relation};

use super::{Rect, Size};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnershipLayout {
    pub stage: Size,
    pub size: Size,
    /// In the order of the items.
    pub items: Vec<Rect>,
    /// In the order of the edges: from where to where.
    pub edges: Vec<[(i32, i32); 2]>,
}

const MARGIN: i32 = 24;
const ITEM: Size = Size { w: 168, h: 46 };
const GAP: i32 = 10;
/// Owners of owners; more are not followed.
const DEEPEST: usize = 8;
const TITLES: i32 = 24;
/// The least room between columns for the lines, and how much more a wide stage may give them.
/// How far below the first of what it owns or selects something stands at most: of a hundred pods one sees the
/// first, and whose they are.
const MOST_BELOW: i32 = 3 * (ITEM.h + GAP);
const LEAST_GAP: i32 = 28;
const MOST_SPARE: i32 = 360;

/// Places items in columns; an owner stands in the middle of what it owns.
#[inline(never)] // it waits in the second file of the wasm until somebody wants it
pub fn place(view: &OwnershipView, stage: Size) -> OwnershipLayout {
    let xs = columns(view, stage);
    let x = |column: Column| {
        let place = view.columns.iter().position(|(c, _)| *c == column);
        let place = place.and_then(|place| xs.get(place)).copied();
        place.unwrap_or(MARGIN)
    };

    let n = view.items.len();
    let mut ys: Vec<Option<i32>> = vec![None; n];
    let mut next = MARGIN + TITLES;
    let is_owned = |i: usize| {
        let mut edges = view.edges.iter();
        edges.any(|e| e.to == i && e.relation == Relation::Owns)
    };
    for root in (0..n).filter(|i| column(view, *i) <= Column::Pods && !is_owned(*i)) {
        seat_tree(view, &mut ys, root, &mut next, 0);
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
        let slices: Vec<usize> = children(view, service).collect();
        let y = wanted.max(free);
        if let Some(place) = ys.get_mut(service) {
            *place = Some(y);
        }
        let mut slice_y = y;
        for slice in &slices {
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
            w: ITEM.w,
            h: ITEM.h,
        })
        .collect();
    let edges = view
        .edges
        .iter()
        .map(|edge| {
            let rect = |i: usize| items.get(i).copied().unwrap_or_default();
            let (from, to) = (rect(edge.from), rect(edge.to));
            if from.x < to.x {
                [(from.x + from.w, from.centre().1), (to.x, to.centre().1)]
            } else {
                [(from.x, from.centre().1), (to.x + to.w, to.centre().1)]
            }
        })
        .collect();
    let bottom = items.iter().map(|r| r.y + r.h).max().unwrap_or_default();
    let right = xs.last().map_or(0, |x| x + ITEM.w);
    OwnershipLayout {
        stage,
        size: Size {
            w: (right + MARGIN).max(stage.w),
            h: (bottom + MARGIN).max(stage.h),
        },
        items,
        edges,
    }
}

/// Where the columns begin.
pub fn columns(view: &OwnershipView, stage: Size) -> Vec<i32> {
    let count = view.columns.len().max(2) as i32;
    let least = count * ITEM.w + (count - 1) * LEAST_GAP;
    let inner = (stage.w - 2 * MARGIN).clamp(least, least + MOST_SPARE);
    let left = ((stage.w - inner) / 2).max(MARGIN);
    let step = (inner - ITEM.w) / (count - 1);
    (0..count).map(|i| left + i * step).collect()
}

fn column(view: &OwnershipView, i: usize) -> Column {
    view.items
        .get(i)
        .map_or(Column::Written, |item| item.column)
}

fn children(view: &OwnershipView, of: usize) -> impl Iterator<Item = usize> {
    let edges = view.edges.iter();
    let owns = edges.filter(move |e| e.from == of && e.relation == Relation::Owns);
    owns.map(|e| e.to)
}

/// Seats what an item owns, as far as it stands to the left of the claims, and then itself in the middle.
fn seat_tree(
    view: &OwnershipView,
    ys: &mut [Option<i32>],
    of: usize,
    next: &mut i32,
    depth: usize,
) {
    let below: Vec<usize> = children(view, of)
        .filter(|c| column(view, *c) <= Column::Pods)
        .collect();
    for child in &below {
        if depth < DEEPEST && ys.get(*child) == Some(&None) {
            seat_tree(view, ys, *child, next, depth + 1);
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
