//! Tanks in a grid, tiles in the tanks, the scheduler's tray above them.
//!
//! A tile keeps its place in its tank until it leaves; a newcomer takes the first free one. So
//! nothing moves but what has a reason to.

use std::rc::Rc;

use crate::api::Name;
use crate::app::Shared;
use crate::app::view::Tile;
use crate::app::view::nodes::NodesView;
use crate::sim::ordered::Map as BTreeMap;

use super::{Direction, Rect, Size, nearest};

/// How much a tile shows, by how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    /// Name and state in words.
    #[default]
    Full,
    /// Shape and letter.
    Compact,
    /// Too many for elements: a canvas draws a shape for each.
    Dot,
    /// A canvas draws specks.
    Speck,
}

impl Density {
    /// For so many pods that are not the cluster's own.
    pub fn of(pods: usize) -> Density {
        match pods {
            0..=60 => Density::Full,
            61..=400 => Density::Compact,
            401..=1500 => Density::Dot,
            _ => Density::Speck,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Density::Full => "full",
            Density::Compact => "compact",
            Density::Dot => "dot",
            Density::Speck => "speck",
        }
    }

    /// Whether a canvas draws the tiles: a thousand elements that come, change and go take the
    /// browser longer than a frame.
    pub fn is_drawn(self) -> bool {
        matches!(self, Density::Dot | Density::Speck)
    }

    /// Width, height and gap of a tile.
    pub(super) fn tile(self) -> (i32, i32, i32) {
        match self {
            Density::Full => (112, 44, 8),
            Density::Compact => (28, 28, 4),
            Density::Dot => (12, 12, 2),
            Density::Speck => (6, 6, 1),
        }
    }
}

/// Who sits where in a tank; an empty seat stays empty until somebody comes.
#[derive(Clone, Debug, Default)]
struct Seats {
    /// Whether a seat is taken.
    taken: Vec<bool>,
    by_pod: BTreeMap<Name, usize>,
}

/// The tiles of a tank by their place in the view: those of the system, and the others.
type Crowd = (Vec<usize>, Vec<usize>);

/// What earlier pictures tell about the next one: above all, which place each pod has in its tank, or in the tray.
#[derive(Clone, Debug, Default)]
pub struct Places {
    by_tank: BTreeMap<(Rc<str>, bool), Seats>,
    density: Density,
    /// Many pods came or went.
    hurried: bool,
    /// How many rows of tiles the tray has had since many began to come.
    tray_rows: i32,
    /// The tiles that have an element, in the order of the view.
    shown: Vec<Shared<Tile>>,
}

/// Tiles, by their place in the view, and their seats; and how many seats that takes.
#[derive(Default)]
struct Seated {
    tiles: Vec<(usize, usize)>,
    needed: usize,
}

impl Places {
    /// Gives places to the pods of one tank: those who have one keep it.
    fn seat(&mut self, tank: &str, system: bool, view: &NodesView, pods: &[usize]) -> Seated {
        let seats = self.by_tank.entry((tank.into(), system)).or_default();
        let mut stays = vec![false; seats.taken.len()];
        let mut tiles = Vec::with_capacity(pods.len());
        let mut newcomers = Vec::new();
        for &i in pods {
            let Some(tile) = view.tiles.get(i) else {
                continue;
            };
            let uid = Name::new(&tile.uid);
            match seats.by_pod.get(&uid) {
                Some(&seat) => {
                    if let Some(stays) = stays.get_mut(seat) {
                        *stays = true;
                    }
                    tiles.push((i, seat));
                }
                None => newcomers.push((i, uid)),
            }
        }
        if tiles.len() < seats.by_pod.len() {
            let still = |seat: usize| stays.get(seat).copied().unwrap_or_default();
            seats.by_pod.retain(|_, seat| still(*seat));
        }
        seats.taken = stays;
        let mut free = 0;
        for (i, uid) in newcomers {
            while seats.taken.get(free).copied().unwrap_or_default() {
                free += 1;
            }
            match seats.taken.get_mut(free) {
                Some(seat) => *seat = true,
                None => seats.taken.push(true),
            }
            seats.by_pod.insert(uid, free);
            tiles.push((i, free));
        }
        while seats.taken.last() == Some(&false) {
            seats.taken.pop();
        }
        Seated {
            tiles,
            needed: seats.taken.len(),
        }
    }

    /// How large tiles are drawn. When many are made, all are as small from the start as they have to be in the
    /// end, and they do not become larger before it is quiet.
    fn density(&mut self, own: usize, coming: usize, burst: bool) -> Density {
        let density = Density::of(own + coming);
        if !burst || density > self.density {
            self.density = density;
        }
        self.density
    }

    /// Nobody sees the tiles any more: they have no elements.
    pub fn leave(&mut self) {
        self.shown.clear();
    }

    /// Gives elements to some of the tiles that have none yet; tells whether others have to wait.
    fn admit(&mut self, view: &NodesView, spots: &mut [Spot]) -> bool {
        let mut before = std::mem::take(&mut self.shown).into_iter().peekable();
        let mut more = ADMITTED;
        let mut late = false;
        for (tile, spot) in view.tiles.iter().zip(spots) {
            if spot.density.is_drawn() {
                continue;
            }
            while before.next_if(|known| known.key < tile.key).is_some() {}
            if before.next_if(|known| known.uid == tile.uid).is_none() {
                spot.late = more == 0;
                late |= spot.late;
                more = more.saturating_sub(1);
            }
            if !spot.late {
                self.shown.push(tile.clone());
            }
        }
        late
    }
}

/// Where a tile stands. System pods are drawn small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub rect: Rect,
    /// How far down its tank begins, which it moves along with.
    pub tank: i32,
    pub density: Density,
    /// It gets its element in one of the next pictures: a frame has time for some only.
    pub late: bool,
}

impl Spot {
    /// As the style of the tile: the way of its tank, and its own in it. What moves both moves them alike, whatever
    /// else had begun to move one of them.
    pub fn style(&self) -> String {
        let own = Rect {
            y: self.rect.y - self.tank,
            ..self.rect
        };
        format!("translate:0 {}px;{}", self.tank, own.style())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodesLayout {
    /// What it was made for.
    pub stage: Size,
    pub size: Size,
    pub tray: Rect,
    /// In the order of the tanks.
    pub tanks: Vec<Rect>,
    /// In the order of the tiles.
    pub spots: Vec<Spot>,
    pub density: Density,
    /// Some tiles are late.
    pub unfinished: bool,
    /// So many pods come or go that there is no time for motion.
    pub hurried: bool,
    /// There is little room: tanks and tray show what matters most.
    pub low: bool,
}

/// When more pods than these come or go, there is room for all of them at once, and not row by row.
const BURST: usize = 40;
/// It is over when there are no more than these: a rollout has now more of them, now fewer.
const CALM: usize = 10;
/// How many tiles get an element in one picture.
const ADMITTED: usize = 32;
/// With more rows than these in the tray, its tiles are small.
const TRAY_ROWS: i32 = 2;
/// By how many rows the tray grows then.
const TRAY_STEP: i32 = 4;

/// The extents of what stands on the stage.
struct Form {
    /// Around everything.
    margin: i32,
    /// Between tanks, and below the tray.
    gap: i32,
    tank_width: i32,
    tank_head: i32,
    tank_padding: i32,
    /// The strip at a tank's bottom for the cluster's own pods.
    tank_foot: i32,
    /// Below what stands in it.
    foot_padding: i32,
    tray: i32,
    tray_label: i32,
    tray_padding: i32,
    /// Tiles are no larger.
    density: Density,
}

const ROOMY: Form = Form {
    margin: 16,
    gap: 12,
    tank_width: 256,
    tank_head: 92,
    tank_padding: 12,
    tank_foot: 44,
    foot_padding: 6,
    tray: 44,
    tray_label: 132,
    tray_padding: 8,
    density: Density::Full,
};

/// In an embed that is a few lines high: the names of the tanks, and what is in them.
const LOW: Form = Form {
    margin: 6,
    gap: 6,
    tank_width: 136,
    tank_head: 30,
    tank_padding: 8,
    tank_foot: 33,
    foot_padding: 2,
    tray: 32,
    tray_label: 160,
    tray_padding: 2,
    density: Density::Compact,
};

/// A stage that is no wider than a phone.
const NARROW: i32 = 360;

impl Form {
    /// For a stage that has no room for one roomy row of tanks, or for two where a row is one tank.
    fn of(stage: Size, tanks: usize) -> &'static Form {
        let (_, tile_h, gap) = ROOMY.density.tile();
        let row = ROOMY.gap + ROOMY.tank_head + tile_h + gap + ROOMY.tank_foot;
        let one = 2 * ROOMY.margin + ROOMY.tray_padding * 2 + tile_h + row;
        let least = if stage.w < NARROW && tanks > 1 {
            one + row
        } else {
            one
        };
        if (1..least).contains(&stage.h) {
            &LOW
        } else {
            &ROOMY
        }
    }
}

/// Places everything.
pub fn place(view: &NodesView, stage: Size, places: &mut Places) -> NodesLayout {
    let own = view.tiles.iter().filter(|t| !t.system).count();
    let burst = view.unrest() > if places.hurried { CALM } else { BURST };
    places.hurried = burst;
    // Who asks for a thousand and has one may wait for long: what is there counts too.
    let coming = view.coming.min(16 * own);
    let form = Form::of(stage, view.tanks.len());
    let density = places.density(own, coming, burst).max(form.density);
    let (tile_w, tile_h, gap) = density.tile();
    let width = stage.w.max(form.tank_width + 2 * form.margin);
    let inner = width - 2 * form.margin;

    let mut by_node: BTreeMap<&str, Crowd> = BTreeMap::new();
    let mut waiting: Vec<usize> = Vec::new();
    for tank in &view.tanks {
        by_node.insert(&tank.name, Crowd::default());
    }
    for (i, tile) in view.tiles.iter().enumerate() {
        let node = tile.node.as_deref();
        match node.and_then(|node| by_node.get_mut(node)) {
            Some((_, system)) if tile.system => system.push(i),
            Some((pods, _)) => pods.push(i),
            None => waiting.push(i),
        }
    }

    let nowhere = Spot {
        rect: Rect::default(),
        tank: 0,
        density,
        late: false,
    };
    let mut spots = vec![nowhere; view.tiles.len()];
    let put = |spots: &mut [Spot], seated: &Seated, tank: i32, area: Rect, density: Density| {
        let (w, h, gap) = density.tile();
        let columns = per_row(area.w, w, gap);
        // Full tiles share what is left of the row.
        let w = match density {
            Density::Full => ((area.w - gap * (columns - 1)) / columns).min(w + w / 2),
            _ => w,
        };
        for &(i, seat) in &seated.tiles {
            let seat = seat as i32;
            let rect = Rect {
                x: area.x + seat % columns * (w + gap),
                y: area.y + seat / columns * (h + gap),
                w,
                h,
            };
            if let Some(spot) = spots.get_mut(i) {
                *spot = Spot {
                    rect,
                    tank,
                    density,
                    late: false,
                };
            }
        }
    };

    // The tray. Where many wait, the tanks are to be in sight all the same.
    let tray_inner = (inner - form.tray_label - form.tank_padding).max(tile_w);
    let seats = places.seat("", false, view, &waiting);
    let roomy = rows_for(seats.needed, per_row(tray_inner, tile_w, gap)) <= TRAY_ROWS;
    let small = if roomy {
        density
    } else {
        density.max(Density::Compact)
    };
    let (small_w, small_h, small_gap) = small.tile();
    let columns = per_row(tray_inner, small_w, small_gap);
    let mut rows = rows_for(seats.needed, columns).max(1);
    if burst && rows > 2 {
        rows = (rows + TRAY_STEP - 1) / TRAY_STEP * TRAY_STEP;
        rows = rows.max(places.tray_rows);
        places.tray_rows = rows;
    } else {
        places.tray_rows = 0;
    }
    let tray = Rect {
        x: form.margin,
        y: form.margin,
        w: inner,
        h: (2 * form.tray_padding + rows * (small_h + small_gap) - small_gap).max(form.tray),
    };
    let area = Rect {
        x: tray.x + form.tray_label,
        y: tray.y + form.tray_padding,
        w: tray_inner,
        h: tray.h,
    };
    put(&mut spots, &seats, 0, area, small);

    // The tanks: as many side by side as fit, each row as high as its fullest.
    let count = view.tanks.len() as i32;
    let fit = ((inner + form.gap) / (form.tank_width + form.gap)).clamp(1, count.max(1));
    // An even grid looks calmer than a full row and a leftover.
    let grid_rows = rows_for(view.tanks.len(), fit).max(1);
    let across = (count + grid_rows - 1) / grid_rows.max(1);
    let across = across.max(1);
    let tank_w = (inner - form.gap * (across - 1)) / across;
    let tank_inner = tank_w - 2 * form.tank_padding;
    let columns = per_row(tank_inner, tile_w, gap);

    let seated: Vec<_> = view
        .tanks
        .iter()
        .map(|tank| {
            let (pods, system) = by_node.remove(&*tank.name).unwrap_or_default();
            (
                places.seat(&tank.name, false, view, &pods),
                places.seat(&tank.name, true, view, &system),
            )
        })
        .collect();
    let top = tray.y + tray.h + form.gap;
    let spare = (stage.h - top - form.margin - form.gap * (grid_rows - 1)) / grid_rows;
    let share = if burst {
        let open = view.tanks.iter().filter(|t| t.taints.is_empty()).count();
        (own + coming).div_ceil(open.max(1))
    } else {
        0
    };
    let need = |seats: &Seated| rows_for(seats.needed.max(share), columns) * (tile_h + gap);
    let foot = |seats: &Seated| {
        let (w, h, gap) = Density::Compact.tile();
        let rows = rows_for(seats.needed, per_row(tank_inner, w, gap));
        (rows * (h + gap) + 2 * form.foot_padding).max(form.tank_foot)
    };
    let low = form.density > Density::Full;
    let mut tanks = Vec::new();
    let mut y = top;
    for row in seated.chunks(across as usize) {
        let body = row.iter().map(|(pods, _)| need(pods)).max().unwrap_or(0);
        let feet = row
            .iter()
            .map(|(_, s)| foot(s))
            .max()
            .unwrap_or(form.tank_foot);
        let least = form.tank_head + body.max(tile_h + gap) + feet;
        let h = least.max(spare.min(560));
        for (i, (pods, system)) in row.iter().enumerate() {
            let rect = Rect {
                x: form.margin + i as i32 * (tank_w + form.gap),
                y,
                w: tank_w,
                h,
            };
            let area = Rect {
                x: rect.x + form.tank_padding,
                y: rect.y + form.tank_head,
                w: tank_inner,
                h: h - form.tank_head - feet,
            };
            put(&mut spots, pods, rect.y, area, density);
            // Where there is little room, the first row of all of them is in sight.
            let own_foot = if low { feet } else { foot(system) };
            let area = Rect {
                y: rect.y + h - own_foot + form.foot_padding,
                h: own_foot,
                ..area
            };
            put(&mut spots, system, rect.y, area, Density::Compact);
            tanks.push(rect);
        }
        y += h + form.gap;
    }

    let unfinished = places.admit(view, &mut spots);
    NodesLayout {
        stage,
        size: Size {
            w: width,
            h: y - form.gap + form.margin,
        },
        tray,
        tanks,
        spots,
        density,
        unfinished,
        hurried: burst,
        low,
    }
}

/// So many tiles of one set are drawn; fewer are elements.
const DRAWN_SET: usize = 160;

/// The tiles of a set by themselves, in rows, where they are too many for elements.
pub fn rows(tiles: usize, width: i32) -> Option<NodesLayout> {
    if tiles < DRAWN_SET {
        return None;
    }
    let density = Density::of(tiles).max(Density::Dot);
    let (w, h, gap) = density.tile();
    let columns = per_row(width, w, gap);
    let spot = |i: usize| {
        let i = i32::try_from(i).unwrap_or(i32::MAX);
        Spot {
            rect: Rect {
                x: i % columns * (w + gap),
                y: i / columns * (h + gap),
                w,
                h,
            },
            tank: 0,
            density,
            late: false,
        }
    };
    let size = Size {
        w: width,
        h: rows_for(tiles, columns) * (h + gap),
    };
    Some(NodesLayout {
        // All of it is in sight.
        stage: size,
        size,
        spots: (0..tiles).map(spot).collect(),
        density,
        ..NodesLayout::default()
    })
}

/// The tile that an arrow key leads to.
pub fn neighbour(spots: &[Spot], from: usize, direction: Direction) -> Option<usize> {
    let places: Vec<Rect> = spots.iter().map(|spot| spot.rect).collect();
    nearest(&places, from, direction)
}

fn per_row(width: i32, tile: i32, gap: i32) -> i32 {
    ((width + gap) / (tile + gap)).max(1)
}

fn rows_for(n: usize, columns: i32) -> i32 {
    let n = i32::try_from(n).unwrap_or(i32::MAX - columns);
    (n + columns - 1) / columns.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Key;
    use crate::app::view::Phase;
    use crate::app::view::nodes::{Fill, Health, Tank};

    fn tank(name: &str) -> Shared<Tank> {
        Shared::new(Tank {
            name: name.into(),
            uid: name.into(),
            role: "worker".into(),
            health: Health::Ready,
            remarks: Vec::new(),
            taints: Vec::new(),
            cpu: Fill::default(),
            memory: Fill::default(),
            address: "".into(),
        })
    }

    fn tile(uid: &str, node: Option<&str>) -> Shared<Tile> {
        Shared::new(Tile {
            uid: uid.into(),
            key: Key::new("default", uid),
            short: uid.into(),
            workload: "web".into(),
            owner: "".into(),
            node: node.map(Rc::from),
            revision: None,
            phase: Phase::Ready,
            status: "Running".into(),
            restarts: 0,
            ready: (1, 1),
            system: false,
            ip: "".into(),
            requests: (0, 0),
            words: "".into(),
        })
    }

    fn view(tiles: Vec<Shared<Tile>>) -> NodesView {
        NodesView {
            tanks: vec![tank("a"), tank("b")],
            tiles: tiles.into(),
            ..NodesView::default()
        }
    }

    const STAGE: Size = Size { w: 900, h: 600 };

    #[test]
    fn tiles_stand_in_their_tank_and_do_not_overlap() {
        let mut tiles: Vec<_> = (0..30)
            .map(|i| tile(&format!("p{i:02}"), Some("a")))
            .collect();
        tiles.push(tile("q", None));
        let layout = place(&view(tiles), STAGE, &mut Places::default());
        let tank = layout.tanks[0];
        for (i, spot) in layout.spots.iter().enumerate().take(30) {
            assert!(
                tank.contains(spot.rect.x, spot.rect.y),
                "{i}: {spot:?} in {tank:?}"
            );
            assert!(tank.contains(spot.rect.x + spot.rect.w - 1, spot.rect.y + spot.rect.h - 1));
            for other in &layout.spots[i + 1..30] {
                assert!(!other.rect.contains(spot.rect.x, spot.rect.y), "{i}");
            }
        }
        let waiting = layout.spots[30].rect;
        assert!(layout.tray.contains(waiting.x, waiting.y));
    }

    #[test]
    fn who_stays_keeps_the_place_and_who_comes_takes_the_gap() {
        let mut places = Places::default();
        let (a, b, c) = (
            tile("a1", Some("a")),
            tile("b1", Some("a")),
            tile("c1", Some("a")),
        );
        let before = place(&view(vec![a.clone(), b, c.clone()]), STAGE, &mut places);
        let d = tile("d1", Some("a"));
        let after = place(&view(vec![a, c, d]), STAGE, &mut places);
        assert_eq!(before.spots[0], after.spots[0]);
        assert_eq!(before.spots[2], after.spots[1], "c stays");
        assert_eq!(before.spots[1], after.spots[2], "d takes the place of b");
    }

    #[test]
    fn tiles_move_down_with_their_tank() {
        let tiles = vec![tile("p", Some("b")), tile("q", None)];
        let layout = place(
            &view(tiles),
            Size { w: 300, h: 900 },
            &mut Places::default(),
        );
        let (tank, [tile, waiting]) = (layout.tanks[1], [layout.spots[0], layout.spots[1]]);
        assert_eq!((tile.tank, waiting.tank), (tank.y, 0));
        assert!(tank.y > layout.tanks[0].y);
        let own = tile.rect.y - tank.y;
        let expected = format!(
            "translate:0 {}px;transform:translate(28px,{own}px);",
            tank.y
        );
        assert!(tile.style().starts_with(&expected), "{}", tile.style());
    }

    #[test]
    fn a_low_stage_shows_what_is_in_the_tanks() {
        let mut tiles = vec![tile("p", Some("a")), tile("q", Some("b"))];
        for i in 0..7 {
            let mut own = tile(&format!("s{i}"), Some("a"));
            own.edit().system = true;
            tiles.push(own);
        }
        let view = NodesView {
            tanks: ["a", "b", "c", "d"].map(tank).into(),
            tiles: tiles.into(),
            ..NodesView::default()
        };
        // What is left for the stage of embeds that are 240 and 320 pixels high, and of a high narrow one.
        for stage in [(700, 140), (500, 140), (300, 140), (300, 220), (320, 380)] {
            let stage = Size {
                w: stage.0,
                h: stage.1,
            };
            let layout = place(&view, stage, &mut Places::default());
            assert!(layout.low, "{stage:?}");
            assert_eq!(layout.size.w, stage.w);
            for (i, spot) in layout.spots.iter().enumerate().take(4) {
                assert!(
                    spot.rect.y + spot.rect.h <= stage.h,
                    "{i} in {stage:?}: {spot:?}"
                );
            }
            for other in &layout.tanks[1..] {
                assert!(!layout.tanks[0].contains(other.x, other.y));
            }
        }
        for stage in [(700, 400), (400, 620), (900, 0)] {
            let stage = Size {
                w: stage.0,
                h: stage.1,
            };
            assert!(
                !place(&view, stage, &mut Places::default()).low,
                "{stage:?}"
            );
        }
    }

    #[test]
    fn the_narrowest_stage_still_has_room() {
        let tiles = vec![tile("p", Some("a")), tile("q", Some("elsewhere"))];
        let layout = place(&view(tiles), Size { w: 0, h: 0 }, &mut Places::default());
        assert!(layout.tanks.iter().all(|r| r.w > 0 && r.h > 0));
        assert!(layout.size.h >= layout.tanks[1].y + layout.tanks[1].h);
    }

    #[test]
    fn many_that_wait_leave_the_tanks_in_sight() {
        let waiting = |n: usize| {
            let layout = place(&view(tiles(n, None)), STAGE, &mut Places::default());
            (layout.spots[0].density, layout.tanks[0].y)
        };
        assert_eq!(waiting(12).0, Density::Full);
        let (density, y) = waiting(30);
        assert_eq!(density, Density::Compact);
        assert!(y < STAGE.h / 4, "{y}");
    }

    #[test]
    fn arrows_lead_to_the_nearest_tile() {
        let tiles = (0..4).map(|i| tile(&format!("p{i}"), Some("a"))).collect();
        let layout = place(&view(tiles), STAGE, &mut Places::default());
        let to = |from, direction| neighbour(&layout.spots, from, direction);
        assert_eq!(to(0, Direction::Right), Some(1));
        assert_eq!(to(1, Direction::Left), Some(0));
        assert_eq!(to(0, Direction::Left), None);
        assert_eq!(to(0, Direction::Up), None);
        assert_eq!(to(99, Direction::Up), None);
    }

    fn tiles(n: usize, node: Option<&str>) -> Vec<Shared<Tile>> {
        (0..n).map(|i| tile(&format!("p{i:04}"), node)).collect()
    }

    #[test]
    fn a_burst_makes_room_for_all_at_once() {
        let mut places = Places::default();
        let node = |i: usize| if i.is_multiple_of(2) { "a" } else { "b" };
        let coming = |n: usize, coming: usize| NodesView {
            coming,
            ..view(
                (0..n)
                    .map(|i| tile(&format!("p{i:04}"), Some(node(i))))
                    .collect(),
            )
        };
        let mut layout = |n, c| place(&coming(n, c), STAGE, &mut places);
        assert_eq!(layout(5, 0).density, Density::Full);
        assert_eq!(layout(1, 995).density, Density::Full, "they may not come");
        assert_eq!(layout(5, 995).density, Density::Compact);
        assert_eq!(layout(30, 970).density, Density::Dot, "long before 400");
        assert_eq!(layout(1000, 0).density, Density::Dot);
        assert_eq!(layout(90, 0).density, Density::Compact);
        // The tanks have their height before they are full.
        let early = layout(90, 210).tanks;
        assert_eq!(early, layout(200, 100).tanks);
        assert_eq!(early, layout(300, 0).tanks);
        assert!(early[0].h > layout(200, 0).tanks[0].h);
    }

    #[test]
    fn tiles_do_not_grow_while_many_go() {
        let mut places = Places::default();
        let going = |n: usize, moving: usize| NodesView {
            moving,
            ..view(tiles(n, Some("a")))
        };
        let mut layout = |n, leaving| place(&going(n, leaving), STAGE, &mut places).density;
        assert_eq!(layout(500, 0), Density::Dot);
        assert_eq!(layout(300, 295), Density::Dot);
        assert_eq!(layout(60, 40), Density::Dot, "it is not over yet");
        assert_eq!(layout(45, 9), Density::Full);
        assert_eq!(layout(60, 40), Density::Full, "nor has it begun again");
    }

    #[test]
    fn tiles_get_their_elements_some_at_a_time() {
        let mut places = Places::default();
        let view = view(tiles(100, Some("a")));
        let late = |layout: &NodesLayout| layout.spots.iter().filter(|s| s.late).count();
        for expected in [68, 36, 4, 0] {
            let layout = place(&view, STAGE, &mut places);
            assert_eq!((late(&layout), layout.unfinished), (expected, expected > 0));
        }
        assert!(
            !place(&view, STAGE, &mut places).unfinished,
            "who is shown stays"
        );
        places.leave();
        assert_eq!(late(&place(&view, STAGE, &mut places)), 68);
    }

    #[test]
    fn many_tiles_of_a_set_stand_in_rows_of_their_own() {
        assert_eq!(rows(100, 400), None);
        for (n, width) in [(160, 400), (1000, 900), (5000, 300), (200, 0)] {
            let layout = rows(n, width).unwrap();
            assert!(layout.density.is_drawn() && layout.spots.len() == n);
            let last = layout.spots[n - 1].rect;
            assert!(last.y + last.h <= layout.size.h, "{n} in {width}: {last:?}");
            let right = layout.spots.iter().map(|s| s.rect.x + s.rect.w).max();
            assert!(right <= Some(width.max(last.w)), "{n} in {width}");
        }
    }

    #[test]
    fn many_pods_are_drawn_smaller() {
        assert_eq!(Density::of(3), Density::Full);
        assert_eq!(Density::of(100), Density::Compact);
        assert_eq!(Density::of(1000), Density::Dot);
        assert_eq!(Density::of(5000), Density::Speck);
    }
}
