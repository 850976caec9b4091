//! Ownership: ownerReferences as solid lines, selectors as dashed ones.

use std::rc::Rc;

use yew::prelude::*;

use super::tile::{letter, revision_class};
use crate::app::layout::ownership::{OwnershipLayout, columns};
use crate::app::layout::{Direction, nearest};
use crate::app::view::ownership::{Item, OwnershipView, Relation};
use crate::app::{Msg, Selection, Shared, Text, say};
use crate::ui::hooks::focus;
use crate::ui::icons::glyph;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<OwnershipView>,
    pub layout: Shared<OwnershipLayout>,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn OwnershipStage(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let (view, layout) = (&props.view, &props.layout);
    let stop = use_state(|| 0_usize);
    if view.items.is_empty() {
        return html! {
            <p class="k-empty">{ t!(w, "ownership.empty") }</p>
        };
    }
    let stop_at = (*stop).min(view.items.len() - 1);
    let onkeydown = {
        let (view, layout) = (view.clone(), layout.clone());
        Callback::from(move |event: KeyboardEvent| {
            let to = Direction::of_key(&event.key())
                .and_then(|direction| nearest(&layout.items, stop_at, direction));
            if let Some(item) = to.and_then(|to| view.items.get(to)) {
                event.prevent_default();
                focus(&format!("item-{}", item.uid));
            }
        })
    };
    let size = layout.size;
    html! {
        <div class="k-scene k-ownership" style={format!("width:{}px;height:{}px", size.w, size.h)} {onkeydown}>
            <svg class="k-wires" width={size.w.to_string()} height={size.h.to_string()} aria-hidden="true">
                { for view.edges.iter().zip(&layout.edges).enumerate().map(|(i, (edge, path))| {
                    let class = match edge.relation {
                        Relation::Owns => "k-wire k-wire--owns",
                        Relation::Selects => "k-wire k-wire--selects",
                        Relation::Uses => "k-wire k-wire--uses",
                    };
                    html! { <path key={i} {class} d={path.clone()} /> }
                }) }
            </svg>
            <>{ for view.columns.iter().zip(columns(view, layout.stage).0).map(|((_, title), x)| html! {
                <h2 key={title.to_string()} class="k-column-title" style={format!("transform:translate({x}px,16px)")}>{ &**title }</h2>
            }) }</>
            <>{ for view.items.iter().zip(&layout.items).enumerate().map(|(i, (item, rect))| {
                let onclick = {
                    let (dispatch, selection) = (dispatch.clone(), Selection {
                        kind: item.kind,
                        key: item.key.clone(),
                        uid: item.uid.clone(),
                    });
                    Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Select(selection.clone())))
                };
                let onfocus = {
                    let stop = stop.clone();
                    Callback::from(move |_: FocusEvent| stop.set(i))
                };
                let phase = item.tile.as_ref().map(|t| format!("k-tile--{}", t.phase.name()));
                html! {
                    <button
                        key={item.uid.to_string()}
                        id={format!("item-{}", item.uid)}
                        type="button"
                        class={classes!("k-item", item.revision.map(revision_class), phase)}
                        style={rect.style()}
                        tabindex={if i == stop_at { "0" } else { "-1" }}
                        aria-label={w.say(&sentence(view, i, item))}
                        aria-pressed={(props.selected.as_ref() == Some(&item.uid)).to_string()}
                        {onclick}
                        {onfocus}
                    >
                        if let Some(tile) = &item.tile {
                            { glyph(tile.phase) }
                        }
                        <span class="k-tile-text">
                            <span class="k-tile-name">{ name(item) }</span>
                            <span class="k-tile-status">{ w.say(&item.detail) }</span>
                        </span>
                        { letter(item.revision) }
                    </button>
                }
            }) }</>
            <p class="k-legend">
                <span><span class="k-legend-line" aria-hidden="true" />{ "ownerReference" }</span>
                <span><span class="k-legend-line k-legend-line--dashed" aria-hidden="true" />{ "selector" }</span>
                if view.edges.iter().any(|e| e.relation == Relation::Uses) {
                    <span><span class="k-legend-line k-legend-line--dotted" aria-hidden="true" />{ t!(w, "picture.uses") }</span>
                }
            </p>
        </div>
    }
}

/// The part of a name that tells it from its neighbours.
fn name(item: &Item) -> String {
    match &item.tile {
        Some(tile) => tile.short.to_string(),
        None => item.key.name.to_string(),
    }
}

fn sentence(view: &OwnershipView, index: usize, item: &Item) -> Text {
    let kind = item.kind.info().kind;
    let named = |i: usize| {
        view.items
            .get(i)
            .map(|o| format!("{} {}", o.kind.info().kind, o.key.name))
    };
    let mut parts = vec![
        Text::from(format!("{kind} {}", item.key.name)),
        item.detail.clone(),
    ];
    for edge in &view.edges {
        if edge.to == index
            && edge.relation == Relation::Owns
            && let Some(owner) = named(edge.from)
        {
            parts.push(say!("ownership.owned", owner = owner));
        }
        if edge.to == index
            && edge.relation == Relation::Uses
            && let Some(by) = named(edge.from)
        {
            parts.push(say!("ownership.used", by = by));
        }
        if edge.to == index
            && edge.relation == Relation::Selects
            && let Some(by) = named(edge.from)
        {
            parts.push(say!("ownership.selected", by = by));
        }
    }
    Text::list(parts)
}
