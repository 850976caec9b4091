//! The picture of a lesson, with the shapes of the stage. It stands still.

use std::rc::Rc;

use yew::prelude::*;

use crate::api::play::picture::{Link, Part};
use crate::app::Words;
use crate::app::layout::picture::{self as layout, Placed, Rule, RuleKind, Shape, Wire, phase};
use crate::app::learn::Depicted;
use crate::app::view::Phase;
use crate::ui::hooks::use_size;
use crate::ui::icons::glyph;
use crate::ui::stage::{letter, revision_class};
use crate::ui::words::{t, use_words};

/// The page loads it when it loads what draws.
const STYLE: &str = include_str!("../../../static/styles/picture.css");

/// How wide it is until that has been measured.
const WIDTH: i32 = 340;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shown: Depicted,
    /// What to look at, in words.
    #[prop_or("".into())]
    pub look: Rc<str>,
    /// Shows where in the page that is.
    #[prop_or_default]
    pub point: Option<Callback<MouseEvent>>,
}

#[component]
pub fn PictureFrame(props: &Props) -> Html {
    let w = use_words();
    let node = use_node_ref();
    let width = use_state_eq(|| WIDTH);
    {
        let width = width.setter();
        use_size(
            &node,
            Callback::from(move |size: crate::app::layout::Size| width.set(size.w)),
        );
    }
    let Some(picture) = props.shown.picture() else {
        return Html::default();
    };
    let drawn = layout::place(picture, *width);
    let size = drawn.size;
    html! {
        <figure class="k-picture-frame">
            <style>{ STYLE }</style>
            <div ref={node} class="k-picture" role="img" aria-label={picture.alt.clone()} style={format!("height:{}px", size.h)}>
                { for drawn.parts.iter().filter(|p| holds(p)).map(|p| part(p, &w)) }
                <svg class="k-wires" width={size.w.to_string()} height={size.h.to_string()}>
                    { for drawn.rules.iter().map(|rule| line(rule, size.w)) }
                    { for drawn.wires.iter().map(wire) }
                </svg>
                { for drawn.rules.iter().map(words) }
                { for drawn.parts.iter().filter(|p| !holds(p)).map(|p| part(p, &w)) }
            </div>
            if !drawn.links.is_empty() {
                // The words for those who do not see it are those of the picture.
                <p class="k-picture-legend" aria-hidden="true">
                    { for drawn.links.iter().map(|link| sample(*link, &w)) }
                </p>
            }
            if !props.look.is_empty() || props.point.is_some() {
                <figcaption class="k-look">
                    if !props.look.is_empty() {
                        <span><strong>{ t!(w, "learn.look") }</strong>{ " " }{ &*props.look }</span>
                    }
                    if let Some(onclick) = &props.point {
                        <button type="button" class="k-button" title={t!(w, "learn.picture.find.title")} {onclick}>
                            { eye() }
                            { t!(w, "learn.picture.find") }
                        </button>
                    }
                </figcaption>
            }
        </figure>
    }
}

/// Whether lines pass over it, and not behind it.
fn holds(placed: &Placed<'_>) -> bool {
    !placed.part.parts.is_empty()
}

fn part(placed: &Placed<'_>, w: &Words) -> Html {
    let Placed {
        part, shape, rect, ..
    } = placed;
    let failing = part.state == Phase::Failing.name();
    let revision = layout::revision(part);
    let class = classes!(
        "k-drawn",
        match shape {
            Shape::Tile => "k-tile",
            Shape::Tank => "k-tank",
            Shape::Frame => "k-drawn-frame",
            Shape::Card => "k-card",
            Shape::Item => "k-item",
        },
        (*shape == Shape::Tile).then(|| format!("k-tile--{}", phase(part).name())),
        (*shape == Shape::Tank && failing).then_some("k-tank--not-ready"),
        revision.map(revision_class),
        part.look.then_some("is-looked-at"),
        holds(placed).then_some("k-drawn--holds"),
    );
    html! {
        <div key={part.part.clone()} {class} style={rect.style()}>
            if *shape == Shape::Tile { { glyph(phase(part)) } }
            <div class="k-drawn-text">
                if !placed.kind.is_empty() { <span class="k-card-kind">{ placed.kind }</span> }
                <span class="k-drawn-name">
                    if *shape == Shape::Tank { <span class="k-health-shape" /> }
                    { part.called() }
                </span>
                { status(part, *shape, w) }
                if !part.note.is_empty() { <span class="k-drawn-note">{ &part.note }</span> }
            </div>
            { letter(revision) }
            if part.look { <span class="k-drawn-eye">{ eye() }</span> }
        </div>
    }
}

/// What is said of it under its name; of a pod that says nothing, its state.
fn status(part: &Part, shape: Shape, w: &Words) -> Html {
    let words = match (part.status.as_str(), shape) {
        ("", Shape::Tile) => match phase(part) {
            Phase::Ready => t!(w, "tile.status.ready"),
            Phase::Running => t!(w, "tile.status.running"),
            Phase::Pending => "Pending".to_owned(),
            Phase::Starting => "ContainerCreating".to_owned(),
            Phase::Terminating => "Terminating".to_owned(),
            Phase::Failing => "Error".to_owned(),
            Phase::Succeeded => "Completed".to_owned(),
        },
        ("", _) => return Html::default(),
        (status, _) => status.to_owned(),
    };
    html! { <span class="k-drawn-status">{ words }</span> }
}

fn wire_class(link: Link) -> String {
    format!("k-wire k-wire--{}", link.name())
}

fn wire(wire: &Wire) -> Html {
    html! {
        <g class={wire_class(wire.link)}>
            <path d={wire.line.clone()} />
            if !wire.head.is_empty() { <path class="k-wire-head" d={wire.head.clone()} /> }
        </g>
    }
}

/// A link as the legend shows it.
fn sample(link: Link, w: &Words) -> Html {
    let words = match link {
        Link::Owns => t!(w, "picture.owns"),
        Link::Selects => t!(w, "picture.selects"),
        Link::Asks => t!(w, "picture.asks"),
        Link::Refused => t!(w, "picture.refused"),
        Link::Watches => t!(w, "picture.watches"),
        Link::Uses => t!(w, "picture.uses"),
        Link::Changes => t!(w, "picture.changes"),
    };
    html! {
        <span key={link.name()}>
            <svg width="32" height="12">{ wire(&layout::sample(link)) }</svg>
            { words }
        </span>
    }
}

fn line(rule: &Rule<'_>, width: i32) -> Html {
    let class = match rule.kind {
        RuleKind::Title => return Html::default(),
        RuleKind::Ceiling => "k-curve-ceiling",
        RuleKind::Floor => "k-curve-floor",
    };
    let y = rule.line.to_string();
    html! { <line {class} x1="0" x2={width.to_string()} y1={y.clone()} y2={y} /> }
}

fn words(rule: &Rule<'_>) -> Html {
    html! { <p class="k-drawn-rule" style={format!("transform:translateY({}px)", rule.y)}>{ rule.text }</p> }
}

/// The sign for what to look at.
fn eye() -> Html {
    html! {
        <svg class="k-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path fill-rule="evenodd" d="M8 3.2c3.4 0 6 2.2 7.3 4.8-1.3 2.6-3.9 4.8-7.3 4.8S2 10.6.7 8C2 5.4 4.6 3.2 8 3.2zm0 1.5C5.500 4.700 3.500 6.100 2.400 8 3.500 9.900 5.500 11.300 8 11.300s4.500-1.400 5.600-3.300C12.500 6.100 10.500 4.700 8 4.700zm0 1.1a2.2 2.2 0 1 1 0 4.400 2.2 2.2 0 0 1 0-4.400z" />
        </svg>
    }
}
