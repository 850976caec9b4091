//! How virtual time follows the wall clock: what the transport bar shows and sets.

use crate::sim::Time;

use super::session::Progress;
use super::text::Text;

/// How fast virtual time runs, in thousandths of the wall clock's speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(pub u32);

impl Speed {
    pub const NORMAL: Speed = Speed(1000);

    /// The speeds that can be chosen, slowest first.
    pub const ALL: [Speed; 10] = [
        Speed(100),
        Speed(250),
        Speed(500),
        Speed(1000),
        Speed(2000),
        Speed(5000),
        Speed(10_000),
        Speed(25_000),
        Speed(50_000),
        Speed(100_000),
    ];

    /// The nearest speed that can be chosen.
    pub fn nearest(milli: u32) -> Speed {
        Speed::ALL
            .into_iter()
            .min_by_key(|s| s.0.abs_diff(milli))
            .unwrap_or(Speed::NORMAL)
    }

    pub fn faster(self) -> Speed {
        Speed::ALL.into_iter().find(|s| *s > self).unwrap_or(self)
    }

    pub fn slower(self) -> Speed {
        Speed::ALL
            .into_iter()
            .rev()
            .find(|s| *s < self)
            .unwrap_or(self)
    }

    /// "0.25×", "10×".
    pub fn label(self) -> Text {
        Text::Row([Text::fraction(i64::from(self.0), 3), "×".into()].into())
    }
}

/// What the transport bar shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Transport {
    pub playing: bool,
    pub speed: Speed,
    pub start: Time,
    pub now: Time,
    /// The furthest instant that was reached.
    pub end: Time,
    /// What the cluster is busy with beside playing.
    pub progress: Progress,
    /// Virtual time runs slower than asked: there is more to compute than fits a frame.
    pub behind: bool,
}

impl Transport {
    pub fn is_in_the_past(&self) -> bool {
        self.now < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_said_as_people_say_them() {
        let said: Vec<String> = Speed::ALL.iter().map(|s| s.label().english()).collect();
        assert_eq!(
            said,
            [
                "0.1×", "0.25×", "0.5×", "1×", "2×", "5×", "10×", "25×", "50×", "100×"
            ]
        );
    }

    #[test]
    fn speeds_end_where_the_list_ends() {
        assert_eq!(Speed(100_000).faster(), Speed(100_000));
        assert_eq!(Speed(100).slower(), Speed(100));
        assert_eq!(Speed::NORMAL.faster(), Speed(2000));
        assert_eq!(Speed::nearest(1400), Speed::NORMAL);
        assert_eq!(Speed::nearest(7), Speed(100));
    }
}
