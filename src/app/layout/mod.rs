//! Where things stand on the stage, in CSS pixels. Pure: the same input gives the same places, and
//! the style sheet moves what is placed elsewhere than before.

pub mod chart;
pub mod nodes;
pub mod ownership;
pub mod picture;
pub mod requests;
pub mod traffic;

/// A place and its extent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Rect {
    pub fn centre(self) -> (i32, i32) {
        (self.x + self.w / 2, self.y + self.h / 2)
    }

    pub fn contains(self, x: i32, y: i32) -> bool {
        (self.x..self.x + self.w).contains(&x) && (self.y..self.y + self.h).contains(&y)
    }

    /// As the style of an element that is placed absolutely.
    pub fn style(self) -> String {
        format!(
            "transform:translate({}px,{}px);width:{}px;height:{}px",
            self.x, self.y, self.w, self.h
        )
    }
}

/// The extent of the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub w: i32,
    pub h: i32,
}

/// Where an arrow key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

impl Direction {
    /// By the name that browsers give the key.
    pub fn of_key(key: &str) -> Option<Direction> {
        match key {
            "ArrowLeft" => Some(Direction::Left),
            "ArrowRight" => Some(Direction::Right),
            "ArrowUp" => Some(Direction::Up),
            "ArrowDown" => Some(Direction::Down),
            _ => None,
        }
    }
}

/// The nearest of `places` in a direction from one of them: straight ahead counts more than aside.
pub fn nearest(places: &[Rect], from: usize, direction: Direction) -> Option<usize> {
    let (x, y) = places.get(from)?.centre();
    let distance = |rect: &Rect| {
        let (dx, dy) = (rect.centre().0 - x, rect.centre().1 - y);
        let (ahead, aside) = match direction {
            Direction::Left => (-dx, dy.abs()),
            Direction::Right => (dx, dy.abs()),
            Direction::Up => (-dy, dx.abs()),
            Direction::Down => (dy, dx.abs()),
        };
        (ahead > 0).then(|| i64::from(ahead) + 3 * i64::from(aside))
    };
    places
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != from)
        .filter_map(|(i, rect)| Some((distance(rect)?, i)))
        .min()
        .map(|(_, i)| i)
}
