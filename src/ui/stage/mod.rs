//! The stage: four views of the same cluster, and the control plane as a strip above them.

mod control_plane;
mod dots;
mod nodes;
mod ownership;
mod rollout;
mod roving;
mod tile;
mod tip;
mod together;
mod traffic;

use yew::prelude::*;

use super::hooks::use_size;
use super::icons::{Icon, icon};
use super::runtime::{use_dispatch, use_is_real};
use super::tabs::{Tab, Tabs};
use super::words::{t, use_words};
use crate::app::{Msg, Scene, Selection, View};
use crate::sim::Time;

use control_plane::ControlPlaneStrip;
use nodes::NodesStage;
use ownership::OwnershipStage;
use rollout::RolloutStage;
use traffic::TrafficStage;

pub use tile::{letter, revision_class};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: View,
    pub scene: Scene,
    pub control_plane: bool,
    pub selection: Option<Selection>,
    pub now: Time,
}

#[component]
pub fn Stage(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let body = use_node_ref();
    {
        let dispatch = dispatch.clone();
        use_size(
            &body,
            Callback::from(move |size| dispatch.emit(Msg::StageIs(size))),
        );
    }
    // The traffic of a real cluster cannot be seen through its API.
    let real = use_is_real();
    let shown: &'static [View] = match real {
        true => &[View::Nodes, View::Rollout, View::Ownership],
        false => &View::ALL,
    };
    let tabs: Vec<Tab> = shown
        .iter()
        .map(|view| Tab {
            name: view.name().into(),
            label: w.say(&view.label()).into(),
        })
        .collect();
    let chosen = shown
        .iter()
        .position(|v| *v == props.view)
        .unwrap_or_default();
    let choose = {
        let dispatch = dispatch.clone();
        Callback::from(move |i: usize| {
            if let Some(view) = shown.get(i) {
                dispatch.emit(Msg::Show(*view));
            }
        })
    };
    let toggle = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::ToggleControlPlane));
    let scene = &props.scene;
    let selected = props.selection.as_ref().map(|s| s.uid.clone());
    html! {
        <section class="k-pane k-pane--stage" aria-label={t!(w, "stage.label")}>
            <div class="k-bar">
                <Tabs label={t!(w, "stage.views")} id="stage" {tabs} {chosen} {choose} />
                if !real {
                    <button
                        type="button"
                        class="k-button k-button--quiet"
                        aria-label={t!(w, "stage.control-plane")}
                        title={t!(w, "stage.control-plane")}
                        aria-expanded={props.control_plane.to_string()}
                        onclick={toggle}
                    >
                        { icon(Icon::Layers) }
                        <span>{ t!(w, "stage.control-plane") }</span>
                    </button>
                }
            </div>
            if props.control_plane {
                <ControlPlaneStrip view={scene.control_plane.clone()} />
            }
            <div
                ref={body}
                class="k-stage"
                id="stage-panel"
                role="tabpanel"
                aria-labelledby={format!("stage-tab-{}", props.view.name())}
                tabindex="-1"
            >
                { match props.view {
                    View::Nodes => html! {
                        <NodesStage
                            view={scene.nodes.clone()}
                            layout={scene.nodes_layout.clone()}
                            pulse={scene.pulse.clone()}
                            {selected}
                        />
                    },
                    View::Rollout => html! {
                        <RolloutStage
                            view={scene.rollout.clone()}
                            pulse={scene.pulse.clone()}
                            now={props.now}
                            {selected}
                        />
                    },
                    View::Traffic => html! {
                        <TrafficStage
                            view={scene.traffic.clone()}
                            layout={scene.traffic_layout.clone()}
                            pulse={scene.pulse.clone()}
                            now={props.now}
                            {selected}
                        />
                    },
                    View::Ownership => html! {
                        <OwnershipStage
                            view={scene.ownership.clone()}
                            layout={scene.ownership_layout.clone()}
                            {selected}
                        />
                    },
                } }
            </div>
        </section>
    }
}
