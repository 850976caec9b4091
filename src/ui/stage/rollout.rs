//! Rollouts: the revisions of a workload side by side, its bounds, and who was hurt.

use std::rc::Rc;

use yew::prelude::*;

use super::dots::PodDots;
use super::roving::use_roving;
use super::tile::{PodTile, letter, revision_class, tile_id};
use crate::api::Resource;
use crate::app::layout::Size;
use crate::app::layout::chart::{self, Bar};
use crate::app::layout::nodes::{Density, rows};
use crate::app::view::Tile;
use crate::app::view::nodes::NodesView;
use crate::app::view::pulse::{Pulse, Rate};
use crate::app::view::rollout::{RolloutView, Set, State, WINDOW, Workload};
use crate::app::{Msg, Selection, Shared, Text, say, words};
use crate::sim::Time;
use crate::ui::hooks::use_size;
use crate::ui::runtime::{use_dispatch, use_is_real};
use crate::ui::words::{t, use_words};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<RolloutView>,
    pub pulse: Shared<Pulse>,
    pub now: Time,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn RolloutStage(props: &Props) -> Html {
    let lang = use_words();
    if props.view.workloads.is_empty() {
        return html! {
            <p class="k-empty">{ t!(lang, "rollout.empty") }</p>
        };
    }
    html! {
        <div class="k-rollouts">
            { for props.view.workloads.iter().map(|workload| html! {
                <article key={workload.uid.to_string()} id={format!("rollout-{}", workload.uid)} class="k-rollout"
                    aria-label={t!(lang, "rollout.label", name = &workload.key.name)}>
                    <Revisions workload={workload.clone()} selected={props.selected.clone()} />
                    <Curves workload={workload.clone()} pulse={props.pulse.clone()} now={props.now} />
                </article>
            }) }
        </div>
    }
}

/// Begins the ids of tiles.
const PREFIX: &str = "rollout-tile";

#[derive(Properties, PartialEq)]
struct RevisionsProps {
    workload: Shared<Workload>,
    selected: Option<Rc<str>>,
}

#[component]
fn Revisions(props: &RevisionsProps) -> Html {
    let dispatch = use_dispatch();
    let lang = use_words();
    let w = &props.workload;
    let few = w.sets.iter().filter(|set| !is_drawn(set));
    let tiles = few.flat_map(|set| &set.tiles);
    let roving = use_roving(tiles.map(|tile| tile_id(PREFIX, tile)).collect());
    let select = |kind, key: &crate::api::Key, uid: &Rc<str>| {
        let (dispatch, selection) = (
            dispatch.clone(),
            Selection {
                kind,
                key: key.clone(),
                uid: uid.clone(),
            },
        );
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Select(selection.clone())))
    };
    html! { <>
        <header class="k-rollout-head">
            <h2 class="k-rollout-name">
                <button type="button" class="k-link" onclick={select(Deployment::KIND, &w.key, &w.uid)}>
                    { &*w.key.name }
                </button>
            </h2>
            <span class={classes!("k-state", format!("k-state--{}", w.state.name()))}>
                <span class="k-state-shape" aria-hidden="true" />
                { lang.say(&w.state.word()) }
            </span>
            <span class="k-soft">{ &*w.strategy }</span>
        </header>
        <p class={if w.state == State::Stalled { "k-rollout-words k-bad" } else { "k-rollout-words" }}>
            { lang.say(&w.words) }
        </p>
        <div class="k-sets" onfocusin={roving.onfocusin} onkeydown={roving.onkeydown}>
            { for w.sets.iter().map(|set| html! {
                <section
                    key={set.uid.to_string()}
                    id={format!("set-{}", set.uid)}
                    class={classes!("k-set", set.current.then_some("is-current"), revision_class(set.revision))}
                    aria-label={t!(lang, "rollout.revision", letter = set.revision.letter())}
                >
                    <h3 class="k-set-head">
                        { letter(Some(set.revision)) }
                        <button type="button" class="k-link k-set-name" onclick={select(ReplicaSet::KIND, &set.key, &set.uid)}>
                            { &*set.images }
                        </button>
                        <span class="k-set-count">
                            { t!(lang, "rollout.set.ready", ready = set.ready, desired = set.desired) }
                        </span>
                    </h3>
                    <p class="k-soft">{ lang.say(&role(set)) }</p>
                    if is_drawn(set) {
                        <Drawn tiles={set.tiles.clone()} />
                    } else { <div class="k-set-tiles">
                        <>{ for set.tiles.iter().map(|tile| html! {
                            <PodTile
                                key={tile.uid.to_string()}
                                tile={tile.clone()}
                                density={if set.tiles.len() > 24 { Density::Compact } else { Density::Full }}
                                selected={props.selected.as_ref() == Some(&tile.uid)}
                                prefix={PREFIX}
                                tabbable={tile_id(PREFIX, tile) == roving.stop}
                            />
                        }) }</>
                        if set.tiles.is_empty() {
                            <span class="k-soft">{ t!(lang, "rollout.set.none") }</span>
                        }
                    </div> }
                </section>
            }) }
        </div>
    </> }
}

/// Whether its tiles are too many for elements, however wide it is.
fn is_drawn(set: &Set) -> bool {
    rows(set.tiles.len(), 0).is_some()
}

#[derive(Properties, PartialEq)]
struct DrawnProps {
    tiles: Vec<Shared<Tile>>,
}

/// The tiles of a set that are many, as dots.
#[component]
fn Drawn(props: &DrawnProps) -> Html {
    let node = use_node_ref();
    let width = use_state(|| 0);
    {
        let width = width.setter();
        use_size(&node, Callback::from(move |size: Size| width.set(size.w)));
    }
    let drawn = use_memo((props.tiles.clone(), *width), |(tiles, width)| {
        let view = NodesView {
            tiles: tiles.as_slice().into(),
            ..NodesView::default()
        };
        let layout = rows(tiles.len(), *width).unwrap_or_default();
        (Shared::new(view), Shared::new(layout))
    });
    let (view, layout) = &*drawn;
    // It has a height before it knows its width, or nobody would tell it.
    let style = format!("height:{}px", layout.size.h.max(1));
    html! {
        <div ref={node} class="k-set-dots" {style}>
            if *width > 0 {
                <PodDots view={view.clone()} layout={layout.clone()} />
            }
        </div>
    }
}

fn role(set: &Set) -> Text {
    let age = if set.current {
        say!("rollout.set.current")
    } else {
        say!("rollout.set.older")
    };
    if set.number.is_empty() {
        age
    } else {
        say!("rollout.set.numbered", age = age, number = &set.number)
    }
}

#[derive(Properties, PartialEq)]
struct CurvesProps {
    workload: Shared<Workload>,
    pulse: Shared<Pulse>,
    now: Time,
}

const PODS: Size = Size { w: 720, h: 120 };
const REQUESTS: Size = Size { w: 720, h: 44 };

/// Available pods over time between floor and ceiling, and the requests below.
#[component]
fn Curves(props: &CurvesProps) -> Html {
    let lang = use_words();
    // Nobody counts the requests of a real cluster.
    let counted = !use_is_real();
    let (w, now) = (&props.workload, props.now);
    let pods = chart::available(
        &w.samples,
        (w.floor, w.ceiling),
        w.desired,
        now,
        WINDOW,
        PODS,
    );
    let through = w.services.iter().find_map(|s| props.pulse.services.get(s));
    let bars = through.map(|t| chart::requests(&t.series, t.until, now, WINDOW, REQUESTS));
    let rate = through.map(|t| t.rate).unwrap_or_default();
    let summary = t!(
        lang,
        "rollout.curve",
        available = w.available,
        desired = w.desired,
        floor = w.floor,
        ceiling = w.ceiling
    );
    html! {
        <div class="k-curves">
            <div class="k-curve-head">
                <h3>{ t!(lang, "rollout.pods") }</h3>
                <p class="k-soft">
                    { t!(lang, "rollout.pods.words", available = w.available, total = w.total) }
                </p>
            </div>
            <div class="k-curve">
                <svg viewBox={format!("0 0 {} {}", PODS.w, PODS.h)} preserveAspectRatio="none" role="img" aria-label={summary}>
                    <path class="k-curve-area" d={pods.area} />
                    { line("k-curve-ceiling", pods.ceiling) }
                    { line("k-curve-floor", pods.floor) }
                    <path class="k-curve-line" d={pods.available} />
                </svg>
                { label("k-curve-label--ceiling", pods.ceiling, t!(lang, "rollout.ceiling", n = w.ceiling)) }
                { label("k-curve-label--floor", pods.floor, t!(lang, "rollout.floor", n = w.floor)) }
            </div>
            if counted {
                <div class="k-curve-head">
                    <h3>{ t!(lang, "rollout.requests") }</h3>
                    <p class={if rate.is_hurt() { "k-bad" } else { "k-soft" }}>{ lang.say(&said(w, &rate)) }</p>
                </div>
                <div class="k-curve k-curve--requests">
                    <svg viewBox={format!("0 0 {} {}", REQUESTS.w, REQUESTS.h)} preserveAspectRatio="none" aria-hidden="true">
                        { for bars.unwrap_or_default().iter().map(bar) }
                    </svg>
                </div>
            }
            <p class="k-curve-axis" aria-hidden="true">
                <span>{ t!(lang, "time.ago", span = words::span(WINDOW)) }</span>
                <span>{ t!(lang, "time.ago", span = words::span(WINDOW / 2)) }</span>
                <span>{ t!(lang, "rollout.now") }</span>
            </p>
        </div>
    }
}

fn said(workload: &Workload, rate: &Rate) -> Text {
    if workload.services.is_empty() {
        return say!("rollout.requests.none");
    }
    if rate.requests == 0 {
        return rate.success();
    }
    Text::list([rate.per_second(), rate.success()])
}

fn line(class: &'static str, y: i32) -> Html {
    html! {
        <line {class} x1="0" x2={PODS.w.to_string()} y1={y.to_string()} y2={y.to_string()} vector-effect="non-scaling-stroke" />
    }
}

fn label(class: &'static str, y: i32, text: String) -> Html {
    let top = f64::from(y) / f64::from(PODS.h) * 100.0;
    html! {
        <span class={classes!("k-curve-label", class)} style={format!("top:{top:.1}%")} aria-hidden="true">{ text }</span>
    }
}

fn bar(bar: &Bar) -> Html {
    let rect = |class: &'static str, y: i32, h: i32| {
        html! {
            <rect {class} x={bar.x.to_string()} width={bar.w.to_string()} y={y.to_string()} height={h.to_string()} />
        }
    };
    html! { <g key={bar.x}>
        { rect("k-bar-ok", REQUESTS.h - bar.ok, bar.ok) }
        if bar.failed > 0 {
            { rect("k-bar-failed", REQUESTS.h - bar.ok - bar.failed, bar.failed) }
        }
    </g> }
}
