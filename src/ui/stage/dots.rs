//! Many pods: one canvas draws them, and a table says the same in numbers.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};
use yew::prelude::*;

use super::tile::{revision_class, selection_of};
use crate::app::layout::Rect;
use crate::app::layout::nodes::{Density, NodesLayout, Spot};
use crate::app::view::nodes::NodesView;
use crate::app::view::{Phase, Revision, Tile};
use crate::app::{Msg, Shared, Text, say};
use crate::sim::ordered::Map as BTreeMap;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<NodesView>,
    pub layout: Shared<NodesLayout>,
}

const PHASES: [Phase; 7] = [
    Phase::Pending,
    Phase::Starting,
    Phase::Running,
    Phase::Ready,
    Phase::Terminating,
    Phase::Failing,
    Phase::Succeeded,
];

#[component]
pub fn PodDots(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let canvas = use_node_ref();
    {
        let canvas = canvas.clone();
        use_effect_with(
            (props.view.clone(), props.layout.clone()),
            move |(view, layout)| {
                if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                    draw(&canvas, view, layout);
                }
            },
        );
    }
    let onclick = {
        let (view, layout) = (props.view.clone(), props.layout.clone());
        Callback::from(move |event: MouseEvent| {
            let (x, y) = (event.offset_x(), event.offset_y());
            let hit = layout
                .spots
                .iter()
                .position(|spot| spot.density.is_drawn() && near(spot.rect, x, y));
            if let Some(tile) = hit.and_then(|i| view.tiles.get(i)) {
                dispatch.emit(Msg::Select(selection_of(tile)));
            }
        })
    };
    html! { <>
        <canvas ref={canvas} class="k-dots" aria-hidden="true" {onclick}>
            { for PHASES.iter().map(|phase| html! {
                <i key={phase.name()} class={classes!("k-probe", format!("k-tile--{}", phase.name()))} />
            }) }
            { for (0..Revision::COLOURS).map(|i| html! {
                <i key={i} class={classes!("k-probe", "k-probe--rev", revision_class(Revision(i)))} />
            }) }
        </canvas>
        <Numbers view={props.view.clone()} />
    </> }
}

/// A dot is smaller than a finger.
fn near(rect: Rect, x: i32, y: i32) -> bool {
    let wide = Rect {
        x: rect.x - 1,
        y: rect.y - 1,
        w: rect.w + 2,
        h: rect.h + 2,
    };
    wide.contains(x, y)
}

fn draw(canvas: &HtmlCanvasElement, view: &NodesView, layout: &NodesLayout) -> Option<()> {
    let window = web_sys::window()?;
    let scale = window.device_pixel_ratio().clamp(1.0, 2.0);
    let (w, h) = (f64::from(layout.size.w), f64::from(layout.size.h));
    let (pw, ph) = ((w * scale) as u32, (h * scale) as u32);
    if canvas.width() != pw || canvas.height() != ph {
        canvas.set_width(pw);
        canvas.set_height(ph);
        let style = format!("width:{w}px;height:{h}px");
        canvas.set_attribute("style", &style).ok()?;
    }
    let context = canvas
        .get_context("2d")
        .ok()??
        .dyn_into::<CanvasRenderingContext2d>()
        .ok()?;
    context
        .set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0)
        .ok()?;
    context.clear_rect(0.0, 0.0, w, h);
    let (phases, revisions) = colours(canvas)?;
    let drawn = || {
        let pairs = view.tiles.iter().zip(&layout.spots);
        pairs.filter(|(_, spot)| spot.density.is_drawn())
    };
    // Colour by colour: to change it costs more than to draw a dot.
    for (phase, colour) in PHASES.iter().zip(&phases) {
        context.set_fill_style_str(colour);
        context.set_stroke_style_str(colour);
        for (_, spot) in drawn().filter(|(tile, _)| tile.phase == *phase) {
            shape(&context, *phase, body(spot));
        }
    }
    for (i, colour) in (0..).zip(&revisions) {
        context.set_fill_style_str(colour);
        let of = |tile: &Tile| tile.revision.filter(|r| r.colour() == i);
        for (tile, spot) in drawn() {
            if let Some(revision) = of(tile).filter(|_| spot.density == Density::Dot) {
                underline(&context, revision, spot.rect);
            }
        }
    }
    Some(())
}

/// The colours of the phases and of the revisions, as the style sheet resolves them.
fn colours(canvas: &HtmlCanvasElement) -> Option<(Vec<String>, Vec<String>)> {
    let window = web_sys::window()?;
    let probes = canvas.children();
    let colour = |i: usize| {
        let probe: Element = probes.item(i as u32)?;
        let style = window.get_computed_style(&probe).ok()??;
        style.get_property_value("color").ok()
    };
    let all = |from: usize, count: usize| (from..from + count).map(colour).collect();
    let phases: Option<Vec<String>> = all(0, PHASES.len());
    let revisions: Option<Vec<String>> = all(PHASES.len(), usize::from(Revision::COLOURS));
    Some((phases?, revisions?))
}

/// Where the shape of the phase stands: a dot leaves room for the line of its revision.
fn body(spot: &Spot) -> Rect {
    match spot.density {
        Density::Dot => Rect {
            h: spot.rect.h - 4,
            ..spot.rect
        },
        _ => spot.rect,
    }
}

/// The revision: a line in its colour, whole or broken by turns.
fn underline(context: &CanvasRenderingContext2d, revision: Revision, rect: Rect) {
    let (x, y) = (f64::from(rect.x), f64::from(rect.y + rect.h - 2));
    let w = f64::from(rect.w);
    if revision.0.is_multiple_of(2) {
        context.fill_rect(x, y, w, 2.0);
    } else {
        let part = w / 3.0;
        context.fill_rect(x, y, part, 2.0);
        context.fill_rect(x + w - part, y, part, 2.0);
    }
}

/// Told apart by shape even at six pixels: full, hollow, half, a bar, a cross.
fn shape(context: &CanvasRenderingContext2d, phase: Phase, rect: Rect) {
    let (x, y) = (f64::from(rect.x), f64::from(rect.y));
    let (w, h) = (f64::from(rect.w), f64::from(rect.h));
    match phase {
        Phase::Ready => context.fill_rect(x, y, w, h),
        Phase::Running => context.stroke_rect(x + 0.5, y + 0.5, w - 1.0, h - 1.0),
        Phase::Starting => {
            context.stroke_rect(x + 0.5, y + 0.5, w - 1.0, h - 1.0);
            context.fill_rect(x, y + h / 2.0, w, h / 2.0);
        }
        Phase::Pending => {
            context.fill_rect(x, y, 2.0, 2.0);
            context.fill_rect(x + w - 2.0, y, 2.0, 2.0);
            context.fill_rect(x, y + h - 2.0, 2.0, 2.0);
            context.fill_rect(x + w - 2.0, y + h - 2.0, 2.0, 2.0);
        }
        Phase::Terminating => context.fill_rect(x, y + h / 2.0 - 1.0, w, 2.0),
        Phase::Failing => {
            context.begin_path();
            context.move_to(x, y);
            context.line_to(x + w, y + h);
            context.move_to(x + w, y);
            context.line_to(x, y + h);
            context.set_line_width(2.0);
            context.stroke();
            context.set_line_width(1.0);
        }
        Phase::Succeeded => context.fill_rect(x + w / 2.0 - 1.0, y, 2.0, h),
    }
}

fn phase_words(phase: Phase) -> Text {
    match phase {
        Phase::Pending => say!("phase.pending"),
        Phase::Starting => say!("phase.starting"),
        Phase::Running => say!("phase.running"),
        Phase::Ready => say!("phase.ready"),
        Phase::Terminating => say!("phase.terminating"),
        Phase::Failing => say!("phase.failing"),
        Phase::Succeeded => say!("phase.succeeded"),
    }
}

#[derive(Properties, PartialEq)]
struct NumbersProps {
    view: Shared<NodesView>,
}

/// Pods per node and phase: what the canvas shows, for those who do not see it.
#[component]
fn Numbers(props: &NumbersProps) -> Html {
    let w = use_words();
    let mut counts: BTreeMap<Rc<str>, BTreeMap<Phase, u32>> = BTreeMap::new();
    for tile in props.view.tiles.iter().filter(|t| !t.system) {
        let node = tile
            .node
            .clone()
            .unwrap_or_else(|| t!(w, "dots.unbound").into());
        *counts
            .entry(node)
            .or_default()
            .entry(tile.phase)
            .or_default() += 1;
    }
    html! {
        <table class="k-unseen">
            <caption>{ t!(w, "dots.caption") }</caption>
            <thead>
                <tr>
                    <th scope="col">{ t!(w, "dots.node") }</th>
                    { for PHASES.iter().map(|p| html! { <th key={p.name()} scope="col">{ w.say(&phase_words(*p)) }</th> }) }
                </tr>
            </thead>
            <tbody>
                { for counts.iter().map(|(node, by_phase)| html! {
                    <tr key={node.to_string()}>
                        <th scope="row">{ &**node }</th>
                        { for PHASES.iter().map(|p| html! {
                            <td key={p.name()}>{ by_phase.get(p).copied().unwrap_or_default() }</td>
                        }) }
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
