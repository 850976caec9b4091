//! The curves of a rollout: available pods and successful requests over the last minutes.

use std::fmt::Write;
use std::time::Duration;

use crate::app::history::Sample;
use crate::sim::Time;

use super::Size;

/// The curve of available pods, between floor and ceiling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The SVG path of available pods, stepwise.
    pub available: String,
    /// The same, closed to the ground.
    pub area: String,
    pub floor: i32,
    pub ceiling: i32,
    pub desired: i32,
}

/// Draws `samples` of the time from `now - window` to `now` into `size`.
pub fn available(
    samples: &[Sample],
    bounds: (i32, i32),
    desired: i32,
    now: Time,
    window: Duration,
    size: Size,
) -> Chart {
    let most = samples
        .iter()
        .map(|s| s.available.max(s.total))
        .chain([bounds.1, desired, 1])
        .max()
        .unwrap_or(1);
    let y = |pods: i32| {
        let share = f64::from(pods) / f64::from(most);
        (f64::from(size.h) * (1.0 - share * 0.92)).round() as i32
    };
    let x = |at: Time| {
        let ago = now.since(at).as_secs_f64() / window.as_secs_f64().max(1e-9);
        (f64::from(size.w) * (1.0 - ago.min(1.0))).round() as i32
    };
    let mut path = String::new();
    let mut start = size.w;
    for sample in samples {
        let (px, py) = (x(sample.at), y(sample.available));
        if path.is_empty() {
            start = px;
            let _ = write!(path, "M{px} {py}");
        } else {
            let _ = write!(path, "H{px}V{py}");
        }
    }
    if !path.is_empty() {
        let _ = write!(path, "H{}", size.w);
    }
    let area = match path.is_empty() {
        true => String::new(),
        false => format!("{path}V{}H{start}Z", size.h),
    };
    Chart {
        available: path,
        area,
        floor: y(bounds.0),
        ceiling: y(bounds.1),
        desired: y(desired),
    }
}

/// One second of requests, as a bar: failures on top, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub x: i32,
    pub w: i32,
    pub ok: i32,
    pub failed: i32,
}

/// The bars of a series that ends at `until`, drawn at the instant `now`.
pub fn requests(
    series: &[(u32, u32)],
    until: Time,
    now: Time,
    window: Duration,
    size: Size,
) -> Vec<Bar> {
    let seconds = window.as_secs().max(1) as f64;
    let w = f64::from(size.w) / seconds;
    let most = series.iter().map(|(n, _)| *n).max().unwrap_or(1).max(1);
    // The last second may not be over.
    let late = now.since(until).as_secs_f64() - until.since(now).as_secs_f64();
    let mut bars = Vec::new();
    for (i, (requests, ok)) in series.iter().enumerate() {
        let ago = (series.len() - i) as f64 + late;
        let x = (f64::from(size.w) - ago * w).round() as i32;
        if x < 0 || x >= size.w || *requests == 0 {
            continue;
        }
        let tall = |n: u32| (f64::from(n) / f64::from(most) * f64::from(size.h)).ceil() as i32;
        let ok = (*ok).min(*requests);
        let failed = requests - ok;
        bars.push(Bar {
            x,
            w: (w.round() as i32 - 1).max(1),
            ok: tall(*requests) - if failed > 0 { tall(failed) } else { 0 },
            failed: if failed > 0 { tall(failed) } else { 0 },
        });
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::secs;

    const SIZE: Size = Size { w: 100, h: 50 };

    fn sample(at: u64, available: i32) -> Sample {
        Sample {
            at: Time::EPOCH + secs(at),
            available,
            total: 3,
            desired: 3,
        }
    }

    #[test]
    fn the_curve_is_a_staircase_that_ends_now() {
        let now = Time::EPOCH + secs(100);
        let samples = [sample(0, 0), sample(50, 2), sample(90, 3)];
        let chart = available(&samples, (2, 4), 3, now, secs(100), SIZE);
        assert_eq!(chart.available, "M0 50H50V27H90V15H100");
        assert!(chart.ceiling < chart.floor, "the ceiling is above");
        let none = available(&[], (0, 0), 0, now, secs(100), SIZE);
        assert_eq!(none.available, "");
    }

    #[test]
    fn a_single_failure_is_seen() {
        let now = Time::EPOCH + secs(2);
        let bars = requests(&[(1000, 999), (10, 10)], now, now, secs(10), SIZE);
        assert_eq!(bars.len(), 2);
        assert!(bars[0].failed >= 1);
        assert_eq!(bars[1].failed, 0);
    }
}
