//! Rollouts: the revisions of a workload side by side, its bounds, and who was hurt.

use std::rc::Rc;

use yew::prelude::*;

use super::tile::{PodTile, letter, revision_class};
use crate::api::Resource;
use crate::app::layout::Size;
use crate::app::layout::chart::{self, Bar};
use crate::app::layout::nodes::Density;
use crate::app::view::pulse::{Pulse, Rate};
use crate::app::view::rollout::{RolloutView, Set, State, WINDOW, Workload};
use crate::app::{Msg, Selection, Shared, words};
use crate::sim::Time;
use crate::ui::runtime::use_dispatch;
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
    if props.view.workloads.is_empty() {
        return html! {
            <p class="k-empty">{ "No Deployments yet. Apply the manifest: Ctrl+Enter" }</p>
        };
    }
    html! {
        <div class="k-rollouts">
            { for props.view.workloads.iter().map(|workload| html! {
                <article key={workload.uid.to_string()} class="k-rollout" aria-label={format!("Deployment {}", workload.key.name)}>
                    <Revisions workload={workload.clone()} selected={props.selected.clone()} />
                    <Curves workload={workload.clone()} pulse={props.pulse.clone()} now={props.now} />
                </article>
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct RevisionsProps {
    workload: Shared<Workload>,
    selected: Option<Rc<str>>,
}

#[component]
fn Revisions(props: &RevisionsProps) -> Html {
    let dispatch = use_dispatch();
    let w = &props.workload;
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
                { w.state.word() }
            </span>
            <span class="k-soft">{ &*w.strategy }</span>
        </header>
        <p class={if w.state == State::Stalled { "k-rollout-words k-bad" } else { "k-rollout-words" }}>
            { &*w.words }
        </p>
        <div class="k-sets">
            { for w.sets.iter().map(|set| html! {
                <section
                    key={set.uid.to_string()}
                    class={classes!("k-set", set.current.then_some("is-current"), revision_class(set.revision))}
                    aria-label={format!("Revision {}", set.revision.letter())}
                >
                    <h3 class="k-set-head">
                        { letter(Some(set.revision)) }
                        <button type="button" class="k-link k-set-name" onclick={select(ReplicaSet::KIND, &set.key, &set.uid)}>
                            { &*set.images }
                        </button>
                        <span class="k-set-count">{ format!("{} of {} ready", set.ready, set.desired) }</span>
                    </h3>
                    <p class="k-soft">{ role(set) }</p>
                    <div class="k-set-tiles">
                        { for set.tiles.iter().map(|tile| html! {
                            <PodTile
                                key={tile.uid.to_string()}
                                tile={tile.clone()}
                                density={if set.tiles.len() > 24 { Density::Compact } else { Density::Full }}
                                selected={props.selected.as_ref() == Some(&tile.uid)}
                                prefix="rollout-tile"
                            />
                        }) }
                        if set.tiles.is_empty() {
                            <span class="k-soft">{ "no pods" }</span>
                        }
                    </div>
                </section>
            }) }
        </div>
    </> }
}

fn role(set: &Set) -> String {
    let age = if set.current { "current" } else { "older" };
    if set.number.is_empty() {
        age.to_owned()
    } else {
        format!("{age}, revision {}", set.number)
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
    let summary = format!(
        "{} available of {} desired; the floor is {}, the ceiling {}.",
        w.available, w.desired, w.floor, w.ceiling
    );
    html! {
        <div class="k-curves">
            <div class="k-curve-head">
                <h3>{ "Pods" }</h3>
                <p class="k-soft">{ format!("{} available, {} in all", w.available, w.total) }</p>
            </div>
            <div class="k-curve">
                <svg viewBox={format!("0 0 {} {}", PODS.w, PODS.h)} preserveAspectRatio="none" role="img" aria-label={summary}>
                    <path class="k-curve-area" d={pods.area} />
                    { line("k-curve-ceiling", pods.ceiling) }
                    { line("k-curve-floor", pods.floor) }
                    <path class="k-curve-line" d={pods.available} />
                </svg>
                { label("k-curve-label--ceiling", pods.ceiling, &format!("ceiling {}", w.ceiling)) }
                { label("k-curve-label--floor", pods.floor, &format!("floor {}", w.floor)) }
            </div>
            <div class="k-curve-head">
                <h3>{ "Requests" }</h3>
                <p class={if rate.is_hurt() { "k-bad" } else { "k-soft" }}>{ said(w, &rate) }</p>
            </div>
            <div class="k-curve k-curve--requests">
                <svg viewBox={format!("0 0 {} {}", REQUESTS.w, REQUESTS.h)} preserveAspectRatio="none" aria-hidden="true">
                    { for bars.unwrap_or_default().iter().map(bar) }
                </svg>
            </div>
            <p class="k-curve-axis" aria-hidden="true">
                <span>{ format!("{} ago", words::span(WINDOW)) }</span>
                <span>{ format!("{} ago", words::span(WINDOW / 2)) }</span>
                <span>{ "now" }</span>
            </p>
        </div>
    }
}

fn said(workload: &Workload, rate: &Rate) -> String {
    if workload.services.is_empty() {
        return "No Service selects these pods.".to_owned();
    }
    if rate.requests == 0 {
        return rate.success();
    }
    format!("{}, {}", rate.per_second(), rate.success())
}

fn line(class: &'static str, y: i32) -> Html {
    html! {
        <line {class} x1="0" x2={PODS.w.to_string()} y1={y.to_string()} y2={y.to_string()} vector-effect="non-scaling-stroke" />
    }
}

fn label(class: &'static str, y: i32, text: &str) -> Html {
    let top = f64::from(y) / f64::from(PODS.h) * 100.0;
    html! {
        <span class={classes!("k-curve-label", class)} style={format!("top:{top:.1}%")} aria-hidden="true">{ text.to_owned() }</span>
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
