//! Clients on the left, services in the middle, endpoints on the right, or one below the other where that
//! does not fit.

use super::nodes::Density;
use super::{Rect, Size};
use crate::app::view::traffic::{Source, TrafficView};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficLayout {
    pub stage: Size,
    pub size: Size,
    /// Everything stands below each other: the stage is narrow.
    pub stacked: bool,
    /// In the order of the view.
    pub clients: Vec<Rect>,
    pub services: Vec<Rect>,
    /// By service.
    pub endpoints: Vec<Ends>,
}

/// The endpoints of a service: in a column with their names, or, where they are many, close together in a frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// In the order of the view.
    pub rects: Vec<Rect>,
    pub frame: Option<Rect>,
}

impl Ends {
    pub fn density(&self) -> Density {
        match self.frame {
            Some(_) => Density::Compact,
            None => Density::Full,
        }
    }
}

const MARGIN: i32 = 24;
const NARROW_MARGIN: i32 = 16;
const CLIENT: Size = Size { w: 216, h: 116 };
const SERVICE: Size = Size { w: 216, h: 132 };
const ENDPOINT: Size = Size { w: 150, h: 44 };
/// Where boxes have the whole width, their words are in one line each.
const WIDE_CLIENT: i32 = 84;
const WIDE_SERVICE: i32 = 114;
/// How wide a letter of them is, at most, and how many letters a client's have beside the address that it asks.
const LETTER: i32 = 7;
const SAID_OF_CLIENTS: i32 = 32;
const GAP: i32 = 12;
const GROUP_GAP: i32 = 32;
/// The most endpoints of a service that are shown with their names.
const NAMED: usize = 16;
/// Between the frame of many endpoints and them.
const PADDING: i32 = 8;
/// The most columns of them: more would be a band in which nobody finds a pod again.
const COLUMNS: i32 = 12;
/// Room for wires between two columns of boxes, at least.
const WIRES: i32 = 48;

/// Places everything: in three columns, or where they do not fit one below the other.
#[inline(never)] // it waits in the second file of the wasm until somebody wants it
pub fn place(view: &TrafficView, stage: Size) -> TrafficLayout {
    let least = 2 * MARGIN + CLIENT.w + SERVICE.w + ENDPOINT.w + 2 * WIRES;
    if stage.w < least {
        return stacked(view, stage);
    }
    let width = stage.w;
    let room = width - 2 * MARGIN - CLIENT.w - SERVICE.w - 2 * WIRES;
    let grids: Vec<Option<Grid>> = view
        .services
        .iter()
        .map(|s| Grid::of(s.endpoints.len(), room))
        .collect();
    // The widest group has the right edge, and the services stand in one line.
    let widest = grids.iter().flatten().map(|grid| grid.size.w);
    let endpoint_x = width - MARGIN - widest.max().unwrap_or_default().max(ENDPOINT.w);
    let service_x = (MARGIN + CLIENT.w + endpoint_x - SERVICE.w) / 2;

    let heights: Vec<i32> = view
        .services
        .iter()
        .zip(&grids)
        .map(|(service, grid)| match grid {
            Some(grid) => grid.size.h,
            None => stack(service.endpoints.len(), ENDPOINT.h, GAP),
        })
        .map(|ends| ends.max(SERVICE.h))
        .collect();
    let right: i32 = heights.iter().sum::<i32>() + GROUP_GAP * spaces(heights.len());
    let left = stack(view.clients.len(), CLIENT.h, GAP);
    let height = (right.max(left) + 2 * MARGIN).max(stage.h);

    // Beside endpoints that do not fit on the stage, in the middle of what one sees of them at first.
    let beside = (stage.h / 2 - MARGIN - SERVICE.h / 2).max(0);
    let mut services = Vec::new();
    let mut endpoints = Vec::new();
    let mut y = (height - right) / 2;
    for ((service, group), grid) in view.services.iter().zip(&heights).zip(&grids) {
        services.push(Rect {
            x: service_x,
            y: y + ((group - SERVICE.h) / 2).min(beside),
            w: SERVICE.w,
            h: SERVICE.h,
        });
        let n = service.endpoints.len();
        endpoints.push(match grid {
            Some(grid) => grid.at(endpoint_x, y + (group - grid.size.h) / 2, n),
            None => {
                let top = y + (group - stack(n, ENDPOINT.h, GAP)) / 2;
                let rect = |i: i32| Rect {
                    x: endpoint_x,
                    y: top + i * (ENDPOINT.h + GAP),
                    w: ENDPOINT.w,
                    h: ENDPOINT.h,
                };
                Ends {
                    rects: (0..count(n)).map(rect).collect(),
                    frame: None,
                }
            }
        });
        y += group + GROUP_GAP;
    }
    let top = ((height - left) / 2).min(((stage.h - left) / 2).max(MARGIN));
    let clients = (0..view.clients.len() as i32)
        .map(|i| Rect {
            x: MARGIN,
            y: top + i * (CLIENT.h + GAP),
            w: CLIENT.w,
            h: CLIENT.h,
        })
        .collect();
    TrafficLayout {
        stage,
        stacked: false,
        size: Size {
            w: width,
            h: height,
        },
        clients,
        services,
        endpoints,
    }
}

/// Each service below those who ask it and above its endpoints, so that no way leads past another service; on top are
/// clients that ask none of them.
fn stacked(view: &TrafficView, stage: Size) -> TrafficLayout {
    let width = stage.w.max(2 * NARROW_MARGIN + CLIENT.w.max(SERVICE.w));
    let inner = width - 2 * NARROW_MARGIN;
    let box_of = |y: i32, h: i32| Rect {
        x: NARROW_MARGIN,
        y,
        w: inner,
        h,
    };
    let client_h = |client: &Source| {
        let letters = count(client.url.chars().count()) + SAID_OF_CLIENTS;
        match letters * LETTER > inner - 2 * GAP {
            true => CLIENT.h,
            false => WIDE_CLIENT,
        }
    };
    let mut y = NARROW_MARGIN;
    let mut clients = vec![Rect::default(); view.clients.len()];
    let mut put_those = |y: &mut i32, asks: &dyn Fn(Option<&str>) -> bool| {
        for (rect, client) in clients.iter_mut().zip(&view.clients) {
            if asks(client.service.as_deref()) {
                *rect = box_of(*y, client_h(client));
                *y += rect.h + GAP;
            }
        }
    };
    let is_here = |uid: &str| view.services.iter().any(|s| *s.uid == *uid);
    put_those(&mut y, &|service| !service.is_some_and(is_here));
    let (mut services, mut endpoints) = (Vec::new(), Vec::new());
    let across = ((inner + GAP) / (ENDPOINT.w + GAP)).max(1);
    // They share what is left of the row.
    let end_w = ((inner - GAP * (across - 1)) / across).min(ENDPOINT.w + ENDPOINT.w / 2);
    for service in &view.services {
        if y > NARROW_MARGIN {
            y += GROUP_GAP;
        }
        let above = y;
        put_those(&mut y, &|asked| asked == Some(&*service.uid));
        if y > above {
            y += GROUP_GAP - GAP;
        }
        services.push(box_of(y, WIDE_SERVICE));
        y += WIDE_SERVICE + GROUP_GAP;
        let n = service.endpoints.len();
        if let Some(grid) = Grid::of(n, inner) {
            endpoints.push(grid.at(NARROW_MARGIN, y, n));
            y += grid.size.h + GAP;
            continue;
        }
        let rect = |i: i32| Rect {
            x: NARROW_MARGIN + i % across * (end_w + GAP),
            y: y + i / across * (ENDPOINT.h + GAP),
            w: end_w,
            h: ENDPOINT.h,
        };
        endpoints.push(Ends {
            rects: (0..count(n)).map(rect).collect(),
            frame: None,
        });
        y += (count(n) + across - 1) / across * (ENDPOINT.h + GAP);
    }
    TrafficLayout {
        stage,
        stacked: true,
        size: Size {
            w: width,
            h: (y + NARROW_MARGIN).max(stage.h),
        },
        clients,
        services,
        endpoints,
    }
}

/// Many endpoints, close together.
struct Grid {
    columns: i32,
    /// With the frame around them.
    size: Size,
}

impl Grid {
    /// For `n` endpoints in `room` pixels; `None` for so few that they have names.
    fn of(n: usize, room: i32) -> Option<Grid> {
        if n <= NAMED {
            return None;
        }
        let (w, h, gap) = Density::Compact.tile();
        let columns = ((room - 2 * PADDING + gap) / (w + gap)).clamp(1, COLUMNS);
        let rows = (count(n) + columns - 1) / columns;
        let size = Size {
            w: columns * (w + gap) - gap + 2 * PADDING,
            h: rows * (h + gap) - gap + 2 * PADDING,
        };
        Some(Grid { columns, size })
    }

    fn at(&self, x: i32, y: i32, n: usize) -> Ends {
        let (w, h, gap) = Density::Compact.tile();
        let rect = |i: i32| Rect {
            x: x + PADDING + i % self.columns * (w + gap),
            y: y + PADDING + i / self.columns * (h + gap),
            w,
            h,
        };
        Ends {
            rects: (0..count(n)).map(rect).collect(),
            frame: Some(Rect {
                x,
                y,
                w: self.size.w,
                h: self.size.h,
            }),
        }
    }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn spaces(n: usize) -> i32 {
    count(n).saturating_sub(1).max(0)
}

fn stack(n: usize, height: i32, gap: i32) -> i32 {
    count(n) * height + gap * spaces(n)
}

impl TrafficLayout {
    /// Where a client's requests leave its box: each client has its own place at the edge.
    pub fn client_port(&self, rect: Rect, client: u32, of: u32) -> (f32, f32) {
        let of = of.clamp(1, 8);
        let share = (client % of + 1) as f32 / (of + 1) as f32;
        let (x, y) = (rect.x as f32, rect.y as f32);
        match self.stacked {
            true => (x + rect.w as f32 * share, y + rect.h as f32),
            false => (x + rect.w as f32, y + rect.h as f32 * share),
        }
    }

    /// Where requests come to a box.
    pub fn entrance(&self, rect: Rect) -> (f32, f32) {
        match self.stacked {
            true => (rect.centre().0 as f32, rect.y as f32),
            false => (rect.x as f32, rect.centre().1 as f32),
        }
    }

    /// Where requests come to an endpoint of a service; of many, where its row or column begins at their frame.
    pub fn end(&self, service: usize, index: usize) -> Option<(f32, f32)> {
        let ends = self.endpoints.get(service)?;
        let rect = ends.rects.get(index)?;
        Some(match (ends.frame, self.stacked) {
            (None, _) => self.entrance(*rect),
            (Some(frame), true) => (rect.centre().0 as f32, frame.y as f32),
            (Some(frame), false) => (frame.x as f32, rect.centre().1 as f32),
        })
    }

    /// Where a service sends them on.
    pub fn exit(&self, rect: Rect) -> (f32, f32) {
        match self.stacked {
            true => (rect.centre().0 as f32, (rect.y + rect.h) as f32),
            false => ((rect.x + rect.w) as f32, rect.centre().1 as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Key;
    use crate::app::view::traffic::{End, Hub};

    fn source(name: &str) -> Source {
        Source {
            uid: name.into(),
            key: Key::new("default", name),
            url: "http://web/".into(),
            rate: 5,
            clients: 3,
            paused: false,
            service: Some("web".into()),
        }
    }

    fn asking(name: &str, service: Option<&str>) -> Source {
        Source {
            service: service.map(Into::into),
            ..source(name)
        }
    }

    fn hub(name: &str, endpoints: usize) -> Hub {
        let end = |i: usize| End {
            address: format!("10.0.0.{i}").into(),
            ready: true,
            tile: None,
        };
        Hub {
            uid: name.into(),
            key: Key::new("default", name),
            cluster_ip: "".into(),
            ports: "".into(),
            outside: Vec::new(),
            endpoints: (0..endpoints).map(end).collect(),
        }
    }

    #[test]
    fn a_narrow_stage_is_not_left_sideways() {
        let view = TrafficView {
            clients: vec![source("a"), source("b")],
            services: vec![hub("web", 5)],
        };
        let layout = place(&view, Size { w: 320, h: 400 });
        assert!(layout.stacked);
        assert_eq!(layout.size.w, 320);
        let all: Vec<Rect> = layout
            .clients
            .iter()
            .chain(&layout.services)
            .chain(layout.endpoints.iter().flat_map(|ends| &ends.rects))
            .copied()
            .collect();
        assert_eq!(all.len(), 8);
        for (i, rect) in all.iter().enumerate() {
            assert!(rect.x >= 0 && rect.x + rect.w <= 320, "{rect:?}");
            assert!(rect.y + rect.h <= layout.size.h, "{rect:?}");
            for other in &all[i + 1..] {
                assert!(!other.contains(rect.x, rect.y), "{rect:?} {other:?}");
            }
        }
        assert!(!place(&view, Size { w: 900, h: 400 }).stacked);
    }

    #[test]
    fn below_each_other_no_way_to_a_service_leads_past_another_one() {
        let view = TrafficView {
            clients: vec![
                asking("readers", Some("blog")),
                asking("visitors", Some("shop")),
                asking("lost", None),
                asking("buyers", Some("shop")),
            ],
            services: vec![hub("shop", 3), hub("blog", 2), hub("idle", 1)],
        };
        let layout = place(&view, Size { w: 320, h: 400 });
        let (clients, services) = (&layout.clients, &layout.services);
        let bottom = |service: usize| {
            let rects = &layout.endpoints[service].rects;
            rects.iter().map(|r| r.y + r.h).max().unwrap_or_default()
        };
        assert!(clients[2].y < clients[1].y && clients[1].y < clients[3].y);
        assert!(clients[3].y + clients[3].h < services[0].y);
        assert!(bottom(0) < clients[0].y && clients[0].y + clients[0].h < services[1].y);
        assert!(bottom(1) < services[2].y && bottom(2) <= layout.size.h);
        // Without any clients, the first service begins at the top.
        let alone = TrafficView {
            services: vec![hub("shop", 3)],
            ..TrafficView::default()
        };
        let layout = place(&alone, Size { w: 320, h: 400 });
        assert_eq!(layout.services[0].y, NARROW_MARGIN);
    }

    #[test]
    fn a_hundred_endpoints_are_seen_at_a_glance() {
        let view = TrafficView {
            clients: vec![source("a")],
            services: vec![hub("web", 100), hub("api", 3)],
        };
        for width in [320, 700, 900, 1400] {
            let layout = place(&view, Size { w: width, h: 600 });
            let (web, api) = (&layout.endpoints[0], &layout.endpoints[1]);
            assert_eq!(
                (web.density(), api.density()),
                (Density::Compact, Density::Full)
            );
            let frame = web.frame.expect("they are many");
            assert!(frame.x >= 0 && frame.x + frame.w <= width, "{frame:?}");
            assert!(frame.h <= 900, "{frame:?}");
            for (i, rect) in web.rects.iter().enumerate() {
                let (right, bottom) = (rect.x + rect.w, rect.y + rect.h);
                assert!(frame.contains(rect.x, rect.y), "{rect:?}");
                assert!(right <= frame.x + frame.w && bottom <= frame.y + frame.h);
                let (x, y) = layout.end(0, i).expect("it has a way in");
                assert!(x as i32 == frame.x || y as i32 == frame.y, "at the frame");
            }
            assert!(!frame.contains(api.rects[0].x, api.rects[0].y));
        }
        // With room, the service that they belong to is on the stage with them.
        let wide = place(&view, Size { w: 1400, h: 600 });
        for rect in wide.clients.iter().chain(wide.services.first()) {
            assert!(rect.y >= 0 && rect.y + rect.h <= 600, "{rect:?}");
        }
        // Where there is room, it stands in the middle.
        let few = place(
            &TrafficView {
                services: vec![hub("web", 3)],
                ..TrafficView::default()
            },
            Size { w: 900, h: 400 },
        );
        assert_eq!(
            few.services[0].centre().1,
            few.endpoints[0].rects[1].centre().1
        );
    }

    #[test]
    fn an_empty_view_fills_the_stage() {
        let stage = Size { w: 900, h: 600 };
        assert_eq!(place(&TrafficView::default(), stage).size, stage);
    }
}
