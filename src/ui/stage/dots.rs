//! More than a thousand pods: one canvas draws them, and a table says the same in numbers.

use std::collections::BTreeMap;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};
use yew::prelude::*;

use super::tile::selection_of;
use crate::app::layout::Rect;
use crate::app::layout::nodes::{Density, NodesLayout};
use crate::app::view::Phase;
use crate::app::view::nodes::NodesView;
use crate::app::{Msg, Shared};
use crate::ui::runtime::use_dispatch;

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
                .position(|spot| spot.density == Density::Canvas && near(spot.rect, x, y));
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
    canvas.set_width((w * scale) as u32);
    canvas.set_height((h * scale) as u32);
    let style = format!("width:{w}px;height:{h}px");
    canvas.set_attribute("style", &style).ok()?;
    let context = canvas
        .get_context("2d")
        .ok()??
        .dyn_into::<CanvasRenderingContext2d>()
        .ok()?;
    context.scale(scale, scale).ok()?;
    let colours = colours(canvas);
    for (tile, spot) in view.tiles.iter().zip(&layout.spots) {
        if spot.density != Density::Canvas {
            continue;
        }
        let colour = colours.get(&tile.phase).map_or("", String::as_str);
        context.set_fill_style_str(colour);
        context.set_stroke_style_str(colour);
        shape(&context, tile.phase, spot.rect);
    }
    Some(())
}

/// The colour of each phase, as the style sheet resolves it.
fn colours(canvas: &HtmlCanvasElement) -> BTreeMap<Phase, String> {
    let children = canvas.children();
    let colour = |i: usize| {
        let probe: Element = children.item(i as u32)?;
        let style = web_sys::window()?.get_computed_style(&probe).ok()??;
        style.get_property_value("color").ok()
    };
    PHASES
        .iter()
        .enumerate()
        .filter_map(|(i, phase)| Some((*phase, colour(i)?)))
        .collect()
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

#[derive(Properties, PartialEq)]
struct NumbersProps {
    view: Shared<NodesView>,
}

/// Pods per node and phase: what the canvas shows, for those who do not see it.
#[component]
fn Numbers(props: &NumbersProps) -> Html {
    let mut counts: BTreeMap<Rc<str>, BTreeMap<Phase, u32>> = BTreeMap::new();
    for tile in props.view.tiles.iter().filter(|t| !t.system) {
        let node = tile.node.clone().unwrap_or_else(|| "no node yet".into());
        *counts
            .entry(node)
            .or_default()
            .entry(tile.phase)
            .or_default() += 1;
    }
    html! {
        <table class="k-unseen">
            <caption>{ "Pods by node and state" }</caption>
            <thead>
                <tr>
                    <th scope="col">{ "Node" }</th>
                    { for PHASES.iter().map(|p| html! { <th key={p.name()} scope="col">{ p.name() }</th> }) }
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
