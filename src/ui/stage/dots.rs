//! Many pods: one canvas draws them, and a table says the same in numbers.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, Window};
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

/// So much is drawn above and below what is in sight: who scrolls a little sees no edge.
const BEYOND: i32 = 160;

/// What the canvas shows.
#[derive(Default)]
struct Drawn {
    view: Shared<NodesView>,
    layout: Shared<NodesLayout>,
    /// How far the stage is scrolled: to ask for it at each picture would have the browser lay out the page.
    scrolled: i32,
    /// The part of the scene that the canvas covers, from above.
    top: i32,
    height: i32,
    /// Under which circumstances the colours were read, and the colours.
    look: Look,
    colours: Colours,
}

#[component]
pub fn PodDots(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let canvas = use_node_ref();
    let counted = use_at_intervals(&props.view);
    let drawn = use_mut_ref(Drawn::default);
    {
        let (canvas, drawn) = (canvas.clone(), drawn.clone());
        use_effect_with(
            (props.view.clone(), props.layout.clone()),
            move |(view, layout)| {
                if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                    let mut drawn = drawn.borrow_mut();
                    (drawn.view, drawn.layout) = (view.clone(), layout.clone());
                    drawn.cover();
                    drawn.draw(&canvas);
                }
            },
        );
    }
    {
        let (canvas, drawn) = (canvas.clone(), drawn.clone());
        use_effect_with((), move |()| {
            let canvas = canvas.cast::<HtmlCanvasElement>();
            let stage = canvas.as_ref().and_then(stage_of);
            let listener = canvas.zip(stage).map(|(canvas, stage)| {
                let mut first = drawn.borrow_mut();
                first.scrolled = stage.scroll_top();
                first.cover();
                first.draw(&canvas);
                drop(first);
                EventListener::new(&stage.clone(), "scroll", move |_| {
                    let mut drawn = drawn.borrow_mut();
                    drawn.scrolled = stage.scroll_top();
                    if !drawn.covers() {
                        drawn.cover();
                        drawn.draw(&canvas);
                    }
                })
            });
            move || drop(listener)
        });
    }
    let onclick = Callback::from(move |event: MouseEvent| {
        let drawn = drawn.borrow();
        let (x, y) = (event.offset_x(), event.offset_y() + drawn.top);
        let mut spots = drawn.layout.spots.iter();
        let hit = spots.position(|spot| spot.density.is_drawn() && near(spot.rect, x, y));
        let tile = hit.and_then(|i| drawn.view.tiles.get(i)).cloned();
        // Whoever hears of it may draw.
        drop(drawn);
        if let Some(tile) = tile {
            dispatch.emit(Msg::Select(selection_of(&tile)));
        }
    });
    html! { <>
        <canvas ref={canvas} class="k-dots" aria-hidden="true" {onclick}>
            { for PHASES.iter().map(|phase| html! {
                <i key={phase.name()} class={classes!("k-probe", format!("k-tile--{}", phase.name()))} />
            }) }
            { for (0..Revision::COLOURS).map(|i| html! {
                <i key={i} class={classes!("k-probe", "k-probe--rev", revision_class(Revision(i)))} />
            }) }
        </canvas>
        <Numbers view={counted} />
    </> }
}

/// What scrolls.
fn stage_of(canvas: &HtmlCanvasElement) -> Option<Element> {
    canvas.closest(".k-stage").ok()?
}

/// How long numbers stand, in milliseconds: nobody reads a table that changes in every frame, and to lay it out
/// takes as long as to draw the dots.
const COUNT_EVERY: u32 = 500;

/// The view as it was at most so long ago.
#[hook]
fn use_at_intervals(view: &Shared<NodesView>) -> Shared<NodesView> {
    let shown = use_state(|| view.clone());
    let latest = use_mut_ref(|| view.clone());
    let waiting = use_mut_ref(|| None::<Timeout>);
    *latest.borrow_mut() = view.clone();
    {
        let setter = shown.setter();
        use_effect_with(view.clone(), move |_| {
            let pending = waiting.clone();
            waiting.borrow_mut().get_or_insert_with(|| {
                Timeout::new(COUNT_EVERY, move || {
                    // The closure that runs now must not be dropped here.
                    if let Some(done) = pending.borrow_mut().take() {
                        done.forget();
                    }
                    setter.set(latest.borrow().clone());
                })
            });
        });
    }
    (*shown).clone()
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

impl Drawn {
    fn covers(&self) -> bool {
        let bottom = (self.scrolled + self.layout.stage.h).min(self.layout.size.h);
        self.top <= self.scrolled && bottom <= self.top + self.height
    }

    /// Covers what is in sight, and some more: the canvas of a whole scene would be as large as ten stages, and is
    /// copied with each picture.
    fn cover(&mut self) {
        let all = self.layout.size.h;
        self.height = (self.layout.stage.h + 2 * BEYOND).clamp(0, all);
        self.top = (self.scrolled - BEYOND).clamp(0, all - self.height);
    }

    fn draw(&mut self, canvas: &HtmlCanvasElement) -> Option<()> {
        let window = web_sys::window()?;
        let scale = window.device_pixel_ratio().clamp(1.0, 2.0);
        let (w, h) = (f64::from(self.layout.size.w), f64::from(self.height));
        let (pw, ph) = ((w * scale) as u32, (h * scale) as u32);
        if canvas.width() != pw || canvas.height() != ph {
            canvas.set_width(pw);
            canvas.set_height(ph);
        }
        let style = format!("top:{}px;width:{w}px;height:{h}px", self.top);
        if canvas.get_attribute("style").as_ref() != Some(&style) {
            canvas.set_attribute("style", &style).ok()?;
        }
        let context = canvas
            .get_context("2d")
            .ok()??
            .dyn_into::<CanvasRenderingContext2d>()
            .ok()?;
        let down = -f64::from(self.top) * scale;
        context
            .set_transform(scale, 0.0, 0.0, scale, 0.0, down)
            .ok()?;
        context.clear_rect(0.0, f64::from(self.top), w, h);
        let look = Look::now(&window);
        if self.look != look || self.colours.phases.is_empty() {
            self.colours = Colours::read(canvas)?;
            self.look = look;
        }
        let seen = self.top..self.top + self.height;
        let pairs = self.view.tiles.iter().zip(&self.layout.spots);
        let drawn: Vec<_> = pairs
            .filter(|(_, spot)| {
                let Rect { y, h, .. } = spot.rect;
                spot.density.is_drawn() && y < seen.end && seen.start < y + h
            })
            .collect();
        // Colour by colour: to change it costs more than to draw a dot.
        for (phase, colour) in PHASES.iter().zip(&self.colours.phases) {
            context.set_fill_style_str(colour);
            context.set_stroke_style_str(colour);
            for (_, spot) in drawn.iter().filter(|(tile, _)| tile.phase == *phase) {
                shape(&context, *phase, body(spot));
            }
        }
        for (i, colour) in (0..).zip(&self.colours.revisions) {
            context.set_fill_style_str(colour);
            let of = |tile: &Tile| tile.revision.filter(|r| r.colour() == i);
            for (tile, spot) in &drawn {
                if let Some(revision) = of(tile).filter(|_| spot.density == Density::Dot) {
                    underline(&context, revision, spot.rect);
                }
            }
        }
        Some(())
    }
}

/// What the colours depend on. To ask for the colours themselves each time would have the browser work out the styles
/// of the whole page, and once more for the frame.
#[derive(Default, PartialEq)]
struct Look {
    theme: Option<String>,
    dark: bool,
    forced: bool,
}

impl Look {
    fn now(window: &Window) -> Look {
        let root = window.document().and_then(|d| d.document_element());
        let holds = |query: &str| {
            let list = window.match_media(query).ok().flatten();
            list.is_some_and(|list| list.matches())
        };
        Look {
            theme: root.and_then(|root| root.get_attribute("data-theme")),
            dark: holds("(prefers-color-scheme: dark)"),
            forced: holds("(forced-colors: active)"),
        }
    }
}

#[derive(Default)]
struct Colours {
    phases: Vec<String>,
    revisions: Vec<String>,
}

impl Colours {
    /// As the style sheet resolves them.
    fn read(canvas: &HtmlCanvasElement) -> Option<Colours> {
        let window = web_sys::window()?;
        let probes = canvas.children();
        let colour = |i: usize| {
            let probe: Element = probes.item(i as u32)?;
            let style = window.get_computed_style(&probe).ok()??;
            style.get_property_value("color").ok()
        };
        let all = |from: usize, count: usize| {
            let colours = (from..from + count).map(colour);
            colours.collect::<Option<Vec<String>>>()
        };
        Some(Colours {
            phases: all(0, PHASES.len())?,
            revisions: all(PHASES.len(), usize::from(Revision::COLOURS))?,
        })
    }
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
