//! Where each request is on the stage, at an instant.

use std::time::Duration;

use super::traffic::TrafficLayout;
use crate::api::Key;
use crate::app::view::traffic::TrafficView;
use crate::network::{Flow, Outcome};
use crate::sim::Time;

/// A request, drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub x: f32,
    pub y: f32,
    pub mark: DotMark,
    /// From 0, gone, to 1.
    pub alpha: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DotMark {
    /// On its way there.
    Request,
    /// On its way back.
    Answer,
    Failure,
}

/// How long a request takes from client to endpoint on the screen, by the wall clock. Real ones
/// take a few milliseconds: too fast to be seen, so they are drawn as if the wire were longer.
const TRIP: Duration = Duration::from_millis(700);
/// How far a failure falls, in CSS pixels.
const FALL: f32 = 40.0;
/// At most so many are drawn.
const MOST: usize = 400;

/// How far into the past a drawn request can have begun, at a speed in thousandths.
pub fn reach(speed_milli: u32) -> Duration {
    stretch(speed_milli) * 3
}

fn stretch(speed_milli: u32) -> Duration {
    TRIP * speed_milli.max(1) / 1000
}

/// Where requests are at the instant `now`: a function of time alone, so that pause stands still and
/// the scrubber moves them too.
pub fn dots<'f>(
    view: &TrafficView,
    layout: &TrafficLayout,
    flows: impl Iterator<Item = &'f Flow>,
    now: Time,
    speed_milli: u32,
) -> Vec<Dot> {
    let trip = stretch(speed_milli).as_secs_f32();
    let mut dots = Vec::new();
    for flow in flows {
        let age = now.since(flow.started).as_secs_f32() / trip;
        if let Some(dot) = path_of(view, layout, flow).and_then(|path| path.at(age)) {
            dots.push(dot);
        }
    }
    // At high speed there are more than anyone can follow: an even selection of them.
    if dots.len() > MOST {
        let every = dots.len().div_ceil(MOST);
        dots = dots.into_iter().step_by(every).collect();
    }
    dots
}

/// The stations of a request, and how it ends.
struct Path {
    stations: Vec<(f32, f32)>,
    /// `None` while it has not ended.
    success: Option<bool>,
}

fn path_of(view: &TrafficView, layout: &TrafficLayout, flow: &Flow) -> Option<Path> {
    let client = flow.traffic.as_ref().and_then(|key| {
        let i = view.clients.iter().position(|c| c.key == *key)?;
        let (rect, n) = (layout.clients.get(i)?, view.clients.get(i)?.clients);
        Some(layout.client_port(*rect, flow.client, n))
    })?;
    let mut stations = vec![client];
    let service = flow
        .service
        .as_ref()
        .and_then(|key| view.services.iter().position(|s| s.key == *key));
    if let Some(i) = service {
        let rect = layout.services.get(i)?;
        stations.push(layout.entrance(*rect));
        stations.push(layout.exit(*rect));
        if let Some(end) = flow
            .endpoint
            .as_ref()
            .and_then(|end| endpoint_at(view, layout, i, end.pod.as_ref(), &end.address))
        {
            stations.push(end);
        }
    }
    let success = match flow.outcome {
        Outcome::Pending => None,
        outcome => Some(outcome.is_success()),
    };
    Some(Path { stations, success })
}

fn endpoint_at(
    view: &TrafficView,
    layout: &TrafficLayout,
    service: usize,
    pod: Option<&Key>,
    address: &str,
) -> Option<(f32, f32)> {
    let ends = &view.services.get(service)?.endpoints;
    let i = ends.iter().position(|end| match (&end.tile, pod) {
        (Some(tile), Some(pod)) => tile.key == *pod,
        _ => *end.address == *address,
    })?;
    layout.end(service, i)
}

impl Path {
    /// The place after `age` trips; `None` when nothing is left to see.
    fn at(&self, age: f32) -> Option<Dot> {
        let dot = |(x, y): (f32, f32), mark, alpha| Dot { x, y, mark, alpha };
        let last = *self.stations.last()?;
        if age < 1.0 {
            return Some(dot(self.along(age), DotMark::Request, 1.0));
        }
        match self.success {
            None => Some(dot(last, DotMark::Request, 0.7)),
            Some(true) if age < 2.0 => Some(dot(
                self.along(2.0 - age),
                DotMark::Answer,
                1.0 - (age - 1.0) * 0.6,
            )),
            Some(false) if age < 2.5 => {
                let fallen = (age - 1.0) / 1.5;
                // Beside the box at which it failed, where nothing covers it.
                let aside = if self.stations.len() > 3 { -10.0 } else { 10.0 };
                let place = (last.0 + aside, last.1 + FALL * fallen * fallen);
                Some(dot(place, DotMark::Failure, 1.0 - fallen * fallen))
            }
            Some(_) => None,
        }
    }

    /// The place at a share of the whole way.
    fn along(&self, share: f32) -> (f32, f32) {
        let legs: Vec<f32> = self
            .stations
            .windows(2)
            .map(|leg| match leg {
                [(ax, ay), (bx, by)] => (bx - ax).hypot(by - ay),
                _ => 0.0,
            })
            .collect();
        let mut left = legs.iter().sum::<f32>() * share.clamp(0.0, 1.0);
        for (leg, ends) in legs.iter().zip(self.stations.windows(2)) {
            if let [(ax, ay), (bx, by)] = ends {
                if left <= *leg && *leg > 0.0 {
                    let t = left / leg;
                    return (ax + (bx - ax) * t, ay + (by - ay) * t);
                }
                left -= leg;
            }
        }
        self.stations.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(success: Option<bool>) -> Path {
        Path {
            stations: vec![(0.0, 0.0), (100.0, 0.0), (200.0, 0.0)],
            success,
        }
    }

    #[test]
    fn a_request_goes_there_and_back() {
        let there = path(Some(true)).at(0.5).unwrap();
        assert_eq!((there.x, there.mark), (100.0, DotMark::Request));
        let back = path(Some(true)).at(1.75).unwrap();
        assert_eq!((back.x, back.mark), (50.0, DotMark::Answer));
        assert_eq!(path(Some(true)).at(2.1), None);
    }

    #[test]
    fn a_failure_falls_where_it_failed_and_one_without_an_answer_waits() {
        let failed = path(Some(false)).at(2.0).unwrap();
        assert_eq!(failed.mark, DotMark::Failure);
        assert!(failed.y > 0.0 && failed.alpha < 1.0);
        let waits = path(None).at(50.0).unwrap();
        assert_eq!((waits.x, waits.mark), (200.0, DotMark::Request));
    }

    #[test]
    fn a_request_that_goes_nowhere_has_a_place_too() {
        let lost = Path {
            stations: vec![(7.0, 9.0)],
            success: Some(false),
        };
        assert_eq!(lost.at(0.3).map(|d| (d.x, d.y)), Some((7.0, 9.0)));
    }
}
