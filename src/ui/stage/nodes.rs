//! Nodes as tanks, pods as tiles in them.

use std::rc::Rc;

use yew::prelude::*;

use super::dots::PodDots;
use super::tile::PodTile;
use super::tip;
use super::together::move_together;
use crate::api::{Key, Resource};
use crate::app::layout::nodes::{NodesLayout, neighbour};
use crate::app::layout::{Direction, Rect};
use crate::app::view::Tile;
use crate::app::view::nodes::{Fill, Health, NodesView, Tank};
use crate::app::view::pulse::Pulse;
use crate::app::{Msg, Selection, Shared, Text, Words, say, words};
use crate::ui::hooks::focus;
use crate::ui::runtime::{use_dispatch, use_is_real};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<NodesView>,
    pub layout: Shared<NodesLayout>,
    pub pulse: Shared<Pulse>,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn NodesStage(props: &Props) -> Html {
    let w = use_words();
    // What the editor holds is not meant for it.
    let real = use_is_real();
    let attended = use_state(|| None::<Rc<str>>);
    let attend = {
        let attended = attended.clone();
        use_callback((), move |uid: Option<Rc<str>>, ()| attended.set(uid))
    };
    let stop = use_state(|| None::<Rc<str>>);
    let (view, layout) = (&props.view, &props.layout);
    let tiles = &view.tiles;
    // The Tab key stops at one tile; arrows lead to the others.
    let stop_at = stop
        .as_ref()
        .and_then(|uid| tiles.iter().position(|t| t.uid == *uid))
        .or_else(|| tiles.iter().position(|t| !t.system))
        .unwrap_or_default();
    let onkeydown = {
        let (view, layout, stop, attended) =
            (view.clone(), layout.clone(), stop.clone(), attended.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(direction) = Direction::of_key(&event.key()) else {
                // What hovering or the focus has brought can be sent away.
                if event.key() == "Escape" {
                    attended.set(None);
                }
                return;
            };
            let target = event.target_dyn_into::<web_sys::Element>();
            let id = target.map(|e| e.id()).unwrap_or_default();
            let uid = id.strip_prefix("tile-");
            let from = view.tiles.iter().position(|t| uid == Some(&*t.uid));
            let to = from
                .and_then(|from| neighbour(&layout.spots, from, direction))
                .and_then(|to| view.tiles.get(to));
            if let Some(tile) = to {
                event.prevent_default();
                stop.set(Some(tile.uid.clone()));
                focus(&format!("tile-{}", tile.uid));
            }
        })
    };
    let own = tiles.iter().any(|t| !t.system);
    let tip = attended.as_ref().and_then(|uid| {
        let index = tiles.iter().position(|t| t.uid == *uid)?;
        Some((tiles.get(index)?, layout.spots.get(index)?))
    });
    let size = layout.size;
    let scene = use_node_ref();
    {
        let scene = scene.clone();
        use_effect_with(layout.clone(), move |layout| {
            if !layout.hurried
                && let Some(scene) = scene.cast::<web_sys::Element>()
            {
                move_together(&scene);
            }
        });
    }
    html! {
        <div ref={scene} class={classes!("k-scene", layout.hurried.then_some("is-hurried"), layout.low.then_some("is-low"))} style={format!("height:{}px", size.h)} {onkeydown}>
            <div class="k-tray" style={layout.tray.style()}>
                <h2 class="k-tray-title">{ t!(w, "nodes.scheduler") }</h2>
                <p class="k-tray-words">
                    { if own || real { w.say(&waiting(tiles)) } else { t!(w, "nodes.empty") } }
                </p>
            </div>
            // Lists of their own: one list of all, with the tray that has no key, would go by the place in it, and make
            // tanks and tiles anew whenever one comes or goes after them.
            <>{ for view.tanks.iter().zip(&layout.tanks).map(|(tank, rect)| html! {
                <TankBox key={tank.name.to_string()} tank={tank.clone()} rect={*rect}
                    selected={props.selected.as_ref() == Some(&tank.uid)} />
            }) }</>
            if layout.density.is_drawn() {
                <PodDots view={view.clone()} layout={layout.clone()} />
            }
            <>{ for tiles.iter().zip(&layout.spots).enumerate().filter(|(_, (_, spot))| !spot.late && !spot.density.is_drawn()).map(|(i, (tile, spot))| html! {
                <PodTile
                    key={tile.uid.to_string()}
                    tile={tile.clone()}
                    density={spot.density}
                    style={spot.style()}
                    selected={props.selected.as_ref() == Some(&tile.uid)}
                    busy={props.pulse.busy.contains(&tile.key)}
                    tabbable={i == stop_at}
                    attend={attend.clone()}
                />
            }) }</>
            if let Some((tile, spot)) = tip {
                { tip::tip(&w, tile, spot.rect, size) }
            }
        </div>
    }
}

fn waiting(tiles: &[Shared<Tile>]) -> Text {
    let n = tiles.iter().filter(|t| t.node.is_none()).count();
    match n {
        0 => say!("nodes.waiting.none"),
        n => say!("nodes.waiting", n = n),
    }
}

/// In a tank that is no wider the tiles need the room of the words.
const NARROW: i32 = 346;

#[derive(Properties, PartialEq)]
struct TankProps {
    tank: Shared<Tank>,
    rect: Rect,
    selected: bool,
}

#[component]
fn TankBox(props: &TankProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let tank = &props.tank;
    let onclick = {
        let tank = tank.clone();
        Callback::from(move |_: MouseEvent| {
            dispatch.emit(Msg::Select(Selection {
                kind: k8s_openapi::api::core::v1::Node::KIND,
                key: Key::new("", &tank.name),
                uid: tank.uid.clone(),
            }));
        })
    };
    let health = match tank.health {
        Health::Ready => "ready",
        Health::NotReady => "not-ready",
        Health::Unknown => "unknown",
    };
    let level = tank.cpu.milli().max(tank.memory.milli());
    html! {
        <section
            id={format!("tank-{}", tank.uid)}
            class={classes!("k-tank", format!("k-tank--{health}"), props.selected.then_some("is-selected"),
                (props.rect.w <= NARROW).then_some("is-narrow"))}
            style={props.rect.style()}
            aria-label={t!(w, "nodes.tank", name = &tank.name, health = tank.health.word())}
        >
            <div class="k-water" style={format!("transform:translateY({}%)", 100.0 - f64::from(level) / 10.0)} aria-hidden="true" />
            <div class="k-tank-head">
                <h2 class="k-tank-name">
                    <button type="button" class="k-link" {onclick}>{ &*tank.name }</button>
                </h2>
                <span class="k-health">
                    <span class="k-health-shape" aria-hidden="true" />
                    { tank.health.word() }
                </span>
            </div>
            <p class="k-tank-facts">
                <span>{ &*tank.role }</span>
                { for tank.remarks.iter().map(|remark| html! {
                    <span key={remark.to_string()} class="k-chip k-chip--warning">{ &**remark }</span>
                }) }
                if let Some(first) = tank.taints.first() {
                    <span class="k-chip" title={tank.taints.join("\n")}>
                        { w.say(&taint_words(first, tank.taints.len())) }
                    </span>
                }
            </p>
            { bar(&w, say!("nodes.cpu"), tank.cpu, &words::cpus(tank.cpu.used), &words::cpus(tank.cpu.of)) }
            { bar(&w, say!("nodes.memory"), tank.memory, &words::bytes(tank.memory.used), &words::bytes(tank.memory.of)) }
            <p class="k-tank-foot" aria-hidden="true">{ "kube-system" }</p>
        </section>
    }
}

fn taint_words(first: &str, n: usize) -> Text {
    if n == 1 {
        let effect = first.rsplit_once(':').map_or(first, |(_, effect)| effect);
        say!("nodes.taint", effect = effect)
    } else {
        say!("nodes.taints", n = n)
    }
}

fn bar(w: &Words, name: Text, fill: Fill, used: &Text, of: &Text) -> Html {
    let share = words::percent(fill.used.max(0) as u64, fill.of.max(0) as u64);
    html! {
        <div class="k-fill" title={t!(w, "nodes.fill", used = used, of = of, share = share)}>
            <span class="k-fill-name">{ w.say(&name) }</span>
            <span class="k-fill-track">
                <span class="k-fill-level" style={format!("transform:scaleX({})", f64::from(fill.milli()) / 1000.0)} />
            </span>
            <span class="k-fill-words">{ t!(w, "nodes.fill.short", used = used, of = of) }</span>
        </div>
    }
}
