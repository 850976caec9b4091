//! Traffic: clients, services, endpoints, and the requests between them on one canvas.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

use super::roving::use_roving;
use super::tile::{PodTile, tile_id};
use super::tip::tip;
use crate::api::{Key, Resource};
use crate::app::layout::requests::{Dot, DotMark};
use crate::app::layout::traffic::TrafficLayout;
use crate::app::layout::{Rect, Size};
use crate::app::view::Tile;
use crate::app::view::pulse::{Pulse, Rate};
use crate::app::view::traffic::{Hub, Source, TrafficView};
use crate::app::{Msg, Selection, Shared, Text, say};
use crate::sim::Time;
use crate::ui::hooks::prefers_stillness;
use crate::ui::runtime::{use_dispatch, use_runtime};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<TrafficView>,
    pub layout: Shared<TrafficLayout>,
    pub pulse: Shared<Pulse>,
    pub now: Time,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn TrafficStage(props: &Props) -> Html {
    let w = use_words();
    let (view, layout) = (&props.view, &props.layout);
    let prefix = |hub: &Hub| format!("traffic-{}", hub.uid);
    let tiles = view.services.iter().flat_map(|hub| {
        let tiles = hub.endpoints.iter().filter_map(|end| end.tile.as_ref());
        tiles.map(move |tile| tile_id(&prefix(hub), tile))
    });
    let roving = use_roving(tiles.collect());
    let attended = use_state(|| None::<Rc<str>>);
    let attend = {
        let attended = attended.clone();
        use_callback((), move |uid: Option<Rc<str>>, ()| attended.set(uid))
    };
    if view.clients.is_empty() && view.services.is_empty() {
        return html! {
            <p class="k-empty">{ t!(w, "traffic.empty") }</p>
        };
    }
    let size = layout.size;
    html! {
        <div
            class="k-scene k-traffic"
            style={format!("width:{}px;height:{}px", size.w, size.h)}
            onfocusin={roving.onfocusin}
            onkeydown={roving.onkeydown}
        >
            <Wires view={view.clone()} layout={layout.clone()} />
            <>{ for view.clients.iter().zip(&layout.clients).map(|(source, rect)| {
                let rate = props.pulse.clients.get(&source.key).copied().unwrap_or_default();
                html! {
                    <ClientBox key={source.uid.to_string()} source={source.clone()} rect={*rect} {rate}
                        selected={props.selected.as_ref() == Some(&source.uid)} />
                }
            }) }</>
            <>{ for view.services.iter().zip(&layout.services).map(|(hub, rect)| {
                let rate = props.pulse.services.get(&hub.key).map(|t| t.rate).unwrap_or_default();
                html! {
                    <ServiceBox key={hub.uid.to_string()} hub={hub.clone()} rect={*rect} {rate}
                        selected={props.selected.as_ref() == Some(&hub.uid)} />
                }
            }) }</>
            <>{ for view.services.iter().zip(&layout.endpoints).flat_map(|(hub, ends)| {
                let (attend, stop) = (&attend, &roving.stop);
                hub.endpoints.iter().zip(&ends.rects).map(move |(end, rect)| match &end.tile {
                    Some(tile) => html! {
                        <PodTile
                            key={format!("{}-{}", hub.uid, tile.uid)}
                            tile={tile.clone()}
                            density={ends.density()}
                            style={rect.style()}
                            selected={props.selected.as_ref() == Some(&tile.uid)}
                            busy={props.pulse.busy.contains(&tile.key)}
                            tabbable={tile_id(&prefix(hub), tile) == *stop}
                            attend={attend.clone()}
                            prefix={prefix(hub)}
                        />
                    },
                    None => html! {
                        <div
                            key={format!("{}-{}", hub.uid, end.address)}
                            class="k-endpoint"
                            style={rect.style()}
                            title={ends.frame.map(|_| end.address.to_string())}
                        >
                            { if ends.frame.is_none() { &*end.address } else { "" } }
                        </div>
                    },
                })
            }) }</>
            <Flows {size} now={props.now} layout={layout.clone()} />
            if let Some((tile, rect)) = attended_tile(view, layout, attended.as_deref()) {
                { tip(&w, tile, rect, size) }
            }
        </div>
    }
}

/// The tile that the pointer or the focus is on, where names have no room.
fn attended_tile<'v>(
    view: &'v TrafficView,
    layout: &TrafficLayout,
    uid: Option<&str>,
) -> Option<(&'v Tile, Rect)> {
    let uid = uid?;
    let groups = view.services.iter().zip(&layout.endpoints);
    groups
        .filter(|(_, ends)| ends.frame.is_some())
        .flat_map(|(hub, ends)| hub.endpoints.iter().zip(&ends.rects))
        .find_map(|(end, rect)| {
            let tile = end.tile.as_ref().filter(|tile| &*tile.uid == uid)?;
            Some((&**tile, *rect))
        })
}

fn select(
    kind: crate::api::Kind,
    key: &Key,
    uid: &Rc<str>,
    dispatch: &Callback<Msg>,
) -> Callback<MouseEvent> {
    let (dispatch, selection) = (
        dispatch.clone(),
        Selection {
            kind,
            key: key.clone(),
            uid: uid.clone(),
        },
    );
    Callback::from(move |_| dispatch.emit(Msg::Select(selection.clone())))
}

#[derive(Properties, PartialEq)]
struct ClientProps {
    source: Source,
    rect: Rect,
    rate: Rate,
    selected: bool,
}

#[component]
fn ClientBox(props: &ClientProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let source = &props.source;
    let clients = say!("traffic.clients", n = source.clients);
    html! {
        <section
            id={format!("card-{}", source.uid)}
            class={classes!("k-card", props.selected.then_some("is-selected"))}
            style={props.rect.style()}
            aria-label={t!(w, "traffic.client.label", name = &source.key.name)}
        >
            <p class="k-card-kind">{ "Traffic" }</p>
            <h2 class="k-card-name">
                <button type="button" class="k-link"
                    onclick={select(crate::api::play::Traffic::KIND, &source.key, &source.uid, &dispatch)}>
                    { &*source.key.name }
                </button>
            </h2>
            <p class="k-card-words">
                { t!(w, "traffic.client.words", clients = clients, rate = source.rate.to_string(), url = &source.url) }
            </p>
            <p class={if props.rate.is_hurt() { "k-card-words k-bad" } else { "k-card-words" }}>
                { if source.paused { t!(w, "traffic.paused") } else { w.say(&props.rate.success()) } }
            </p>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct ServiceProps {
    hub: Hub,
    rect: Rect,
    rate: Rate,
    selected: bool,
}

#[component]
fn ServiceBox(props: &ServiceProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let (hub, rate) = (&props.hub, &props.rate);
    let ready = t!(
        w,
        "traffic.endpoints",
        ready = hub.ready(),
        total = hub.endpoints.len()
    );
    let took = rate.mean_micros.map_or_else(Text::default, |micros| {
        let tenths = i64::try_from(micros / 100).unwrap_or(i64::MAX);
        say!("traffic.took", ms = Text::fraction(tenths, 1))
    });
    html! {
        <section
            id={format!("card-{}", hub.uid)}
            class={classes!("k-card", props.selected.then_some("is-selected"))}
            style={props.rect.style()}
            aria-label={t!(w, "traffic.service.label", name = &hub.key.name)}
        >
            <p class="k-card-kind">{ "Service" }</p>
            <h2 class="k-card-name">
                <button type="button" class="k-link"
                    onclick={select(k8s_openapi::api::core::v1::Service::KIND, &hub.key, &hub.uid, &dispatch)}>
                    { &*hub.key.name }
                </button>
            </h2>
            <p class="k-card-words">{ format!("{}  {}", hub.cluster_ip, hub.ports) }</p>
            <p class={if hub.ready() == 0 { "k-card-words k-bad" } else { "k-card-words" }}>{ ready }</p>
            if rate.requests > 0 {
                <p class="k-card-words">{ w.say(&Text::list([rate.per_second(), took])) }</p>
            }
            <p class={if rate.is_hurt() { "k-card-words k-bad" } else { "k-card-words" }}>
                { w.say(&rate.success()) }
            </p>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct WiresProps {
    view: Shared<TrafficView>,
    layout: Shared<TrafficLayout>,
}

#[component]
fn Wires(props: &WiresProps) -> Html {
    let (view, layout) = (&props.view, &props.layout);
    let mut wires: Vec<(String, &'static str)> = Vec::new();
    for (source, rect) in view.clients.iter().zip(&layout.clients) {
        let to = source
            .service
            .as_ref()
            .and_then(|uid| view.services.iter().position(|s| s.uid == *uid))
            .and_then(|i| layout.services.get(i));
        let Some(to) = to else {
            continue;
        };
        for client in 0..source.clients.min(8) {
            let from = layout.client_port(*rect, client, source.clients);
            wires.push((line(from, layout.entrance(*to)), "k-wire"));
        }
    }
    for (i, (hub, from)) in view.services.iter().zip(&layout.services).enumerate() {
        // Many share the way to their row.
        let mut ways: Vec<((f32, f32), bool)> = Vec::new();
        for (j, end) in hub.endpoints.iter().enumerate() {
            let Some(to) = layout.end(i, j) else {
                continue;
            };
            match ways.iter_mut().rev().find(|(way, _)| *way == to) {
                Some((_, ready)) => *ready |= end.ready,
                None => ways.push((to, end.ready)),
            }
        }
        for (to, ready) in ways {
            let class = if ready {
                "k-wire"
            } else {
                "k-wire k-wire--cut"
            };
            wires.push((line(layout.exit(*from), to), class));
        }
    }
    let frames = layout.endpoints.iter().filter_map(|ends| ends.frame);
    html! {
        <svg class="k-wires" width={layout.size.w.to_string()} height={layout.size.h.to_string()} aria-hidden="true">
            <>{ for wires.into_iter().enumerate().map(|(i, (d, class))| html! { <path key={i} {class} {d} /> }) }</>
            { for frames.map(|frame| html! {
                <rect
                    class="k-ends"
                    x={frame.x.to_string()} y={frame.y.to_string()}
                    width={frame.w.to_string()} height={frame.h.to_string()}
                />
            }) }
        </svg>
    }
}

fn line((x, y): (f32, f32), (to_x, to_y): (f32, f32)) -> String {
    format!("M{x} {y}L{to_x} {to_y}")
}

#[derive(Properties, PartialEq)]
struct FlowsProps {
    size: Size,
    now: Time,
    layout: Shared<TrafficLayout>,
}

/// Requests as dots, failures as crosses that fall.
#[component]
fn Flows(props: &FlowsProps) -> Html {
    let runtime = use_runtime();
    let canvas = use_node_ref();
    {
        let canvas = canvas.clone();
        use_effect_with((props.now, props.size), move |(_, size)| {
            if let (Some(runtime), Some(canvas)) = (runtime, canvas.cast::<HtmlCanvasElement>()) {
                let dots = match prefers_stillness() {
                    // The rates beside the boxes say the same.
                    true => Vec::new(),
                    false => runtime.read(|app| app.dots()),
                };
                draw(&canvas, *size, &dots);
            }
        });
    }
    html! { <canvas ref={canvas} class="k-flows" aria-hidden="true" /> }
}

fn draw(canvas: &HtmlCanvasElement, size: Size, dots: &[Dot]) -> Option<()> {
    let window = web_sys::window()?;
    let scale = window.device_pixel_ratio().clamp(1.0, 3.0);
    let (w, h) = (f64::from(size.w), f64::from(size.h));
    let (pw, ph) = ((w * scale) as u32, (h * scale) as u32);
    if canvas.width() != pw || canvas.height() != ph {
        canvas.set_width(pw);
        canvas.set_height(ph);
    }
    let context = canvas
        .get_context("2d")
        .ok()??
        .dyn_into::<CanvasRenderingContext2d>()
        .ok()?;
    let style = window.get_computed_style(canvas).ok()??;
    let colour = |name: &str| style.get_property_value(name).unwrap_or_default();
    // Registered colours would be resolved; `color` is, whatever the token says.
    let (sent, answer, failed) = (
        colour("color"),
        colour("outline-color"),
        colour("text-decoration-color"),
    );
    context
        .set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0)
        .ok()?;
    context.clear_rect(0.0, 0.0, w, h);
    for dot in dots {
        let (x, y) = (f64::from(dot.x), f64::from(dot.y));
        context.set_global_alpha(f64::from(dot.alpha.clamp(0.0, 1.0)));
        context.begin_path();
        match dot.mark {
            DotMark::Request | DotMark::Answer => {
                let request = dot.mark == DotMark::Request;
                context.set_fill_style_str(if request { &sent } else { &answer });
                let radius = if request { 4.0 } else { 3.0 };
                context.arc(x, y, radius, 0.0, std::f64::consts::TAU).ok()?;
                context.fill();
            }
            DotMark::Failure => {
                context.set_stroke_style_str(&failed);
                context.set_line_width(2.5);
                context.move_to(x - 5.0, y - 5.0);
                context.line_to(x + 5.0, y + 5.0);
                context.move_to(x + 5.0, y - 5.0);
                context.line_to(x - 5.0, y + 5.0);
                context.stroke();
            }
        }
    }
    Some(())
}
