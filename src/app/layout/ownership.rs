//! The tree of owners, left to right; services come from the other side.

use crate::app::view::ownership::{OwnershipView, Relation};

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
const COLUMNS: i32 = 5;
const TITLES: i32 = 24;
/// The least room between columns for the lines, and how much more a wide stage may give them.
const LEAST_GAP: i32 = 28;
const MOST_SPARE: i32 = 360;

/// Places items in columns; an owner stands in the middle of what it owns.
#[inline(never)] // it waits in the second file of the wasm until somebody wants it
pub fn place(view: &OwnershipView, stage: Size) -> OwnershipLayout {
    let (left, inner) = frame(stage);
    let step = (inner - ITEM.w) / (COLUMNS - 1);
    let x = |column: u8| left + i32::from(column) * step;

    let n = view.items.len();
    let mut ys: Vec<Option<i32>> = vec![None; n];
    let children = |of: usize| {
        view.edges
            .iter()
            .filter(move |e| e.from == of && e.relation == Relation::Owns)
            .map(|e| e.to)
    };
    let owned: Vec<bool> = (0..n)
        .map(|i| {
            view.edges
                .iter()
                .any(|e| e.to == i && e.relation == Relation::Owns)
        })
        .collect();
    let mut next = MARGIN + TITLES;
    // Owners are at most three deep: what was written, what it made, pods.
    let roots: Vec<usize> = (0..n)
        .filter(|i| owned.get(*i) == Some(&false) && column(view, *i) <= 2)
        .collect();
    for root in roots {
        for set in children(root) {
            for pod in children(set) {
                seat(&mut ys, pod, &mut next);
            }
            centre_over(&mut ys, set, children(set), &mut next);
        }
        centre_over(&mut ys, root, children(root), &mut next);
        next += GAP;
    }
    // A service stands where the pods are that it selects, unless another is there.
    let mut free = MARGIN + TITLES;
    for service in (0..n).filter(|i| column(view, *i) == 3) {
        let chosen: Vec<i32> = view
            .edges
            .iter()
            .filter(|e| e.from == service && e.relation == Relation::Selects)
            .filter_map(|e| ys.get(e.to).copied().flatten())
            .collect();
        let wanted = match chosen.len() {
            0 => free,
            many => chosen.iter().sum::<i32>() / many as i32,
        };
        let slices: Vec<usize> = children(service).collect();
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
    OwnershipLayout {
        stage,
        size: Size {
            w: (left + inner + MARGIN).max(stage.w),
            h: (bottom + MARGIN).max(stage.h),
        },
        items,
        edges,
    }
}

/// Where the columns begin, for their titles.
pub fn columns(stage: Size) -> [i32; COLUMNS as usize] {
    let (left, inner) = frame(stage);
    let step = (inner - ITEM.w) / (COLUMNS - 1);
    std::array::from_fn(|i| left + i as i32 * step)
}

/// Where the columns begin, and how much room they share.
fn frame(stage: Size) -> (i32, i32) {
    let least = COLUMNS * ITEM.w + (COLUMNS - 1) * LEAST_GAP;
    let inner = (stage.w - 2 * MARGIN).clamp(least, least + MOST_SPARE);
    (((stage.w - inner) / 2).max(MARGIN), inner)
}

fn column(view: &OwnershipView, i: usize) -> u8 {
    view.items.get(i).map_or(0, |item| item.column)
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
                *place = Some((first + last) / 2);
            }
        }
        _ => seat(ys, i, next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Key, Kind};
    use crate::app::view::ownership::{Edge, Item};

    fn item(name: &str, column: u8) -> Item {
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
        let view = OwnershipView {
            items: vec![
                item("web", 0),
                item("web-a", 1),
                item("web-b", 1),
                item("p1", 2),
                item("p2", 2),
                item("p3", 2),
                item("alone", 2),
                item("svc", 3),
                item("svc2", 3),
                item("slice", 4),
            ],
            edges: vec![
                edge(0, 1, Relation::Owns),
                edge(0, 2, Relation::Owns),
                edge(1, 3, Relation::Owns),
                edge(1, 4, Relation::Owns),
                edge(7, 3, Relation::Selects),
                edge(8, 3, Relation::Selects),
                edge(7, 9, Relation::Owns),
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
        // The owner of two stands between them.
        assert_eq!(
            layout.items[1].y,
            (layout.items[3].y + layout.items[4].y) / 2
        );
    }
}
