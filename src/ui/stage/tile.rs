//! A pod tile.

use std::rc::Rc;

use yew::prelude::*;

use crate::api::Resource;
use crate::app::layout::nodes::Density;
use crate::app::view::{Phase, Revision, Tile};
use crate::app::{Msg, Selection, Shared, Text, say};
use crate::ui::icons::glyph;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::use_words;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub tile: Shared<Tile>,
    pub density: Density,
    /// Where it stands; empty where the flow of the page places it.
    #[prop_or_default]
    pub style: AttrValue,
    #[prop_or_default]
    pub selected: bool,
    /// Whether requests reach it.
    #[prop_or_default]
    pub busy: bool,
    /// Whether the Tab key stops here.
    #[prop_or(true)]
    pub tabbable: bool,
    /// Tells that the pointer or the focus is on it, or no longer.
    #[prop_or_default]
    pub attend: Callback<Option<Rc<str>>>,
    /// Begins the element's id.
    #[prop_or("tile".into())]
    pub prefix: AttrValue,
}

#[component]
pub fn PodTile(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let tile = &props.tile;
    let onclick = {
        let tile = tile.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Select(selection_of(&tile))))
    };
    let attend = |uid: Option<Rc<str>>| {
        let attend = props.attend.clone();
        move || attend.emit(uid.clone())
    };
    let (enter, leave) = (attend(Some(tile.uid.clone())), attend(None));
    let (focused, blurred) = (enter.clone(), leave.clone());
    let class = classes!(
        "k-tile",
        format!("k-tile--{}", tile.phase.name()),
        format!("k-tile--{}", props.density.name()),
        tile.revision.map(revision_class),
        tile.system.then_some("k-tile--system"),
        props.busy.then_some("is-busy"),
    );
    html! {
        <button
            type="button"
            id={tile_id(&props.prefix, tile)}
            {class}
            style={props.style.clone()}
            tabindex={if props.tabbable { "0" } else { "-1" }}
            aria-label={w.say(&tile.words)}
            aria-pressed={props.selected.to_string()}
            {onclick}
            onpointerenter={Callback::from(move |_: PointerEvent| enter())}
            onpointerleave={Callback::from(move |_: PointerEvent| leave())}
            onfocus={Callback::from(move |_: FocusEvent| focused())}
            onblur={Callback::from(move |_: FocusEvent| blurred())}
        >
            { glyph(tile.phase) }
            if props.density == Density::Full {
                <span class="k-tile-text">
                    <span class="k-tile-name">{ &*tile.short }</span>
                    <span class="k-tile-status">{ w.say(&status(tile)) }</span>
                </span>
            }
            { letter(tile.revision) }
            if tile.restarts > 0 {
                <span class="k-tile-restarts">{ format!("↻{}", tile.restarts) }</span>
            }
        </button>
    }
}

/// The id of a tile's element.
pub fn tile_id(prefix: &str, tile: &Tile) -> String {
    format!("{prefix}-{}", tile.uid)
}

/// Ready pods that run say so; others say what they wait for.
fn status(tile: &Tile) -> Text {
    match tile.phase {
        Phase::Running => say!("tile.status.running"),
        Phase::Ready => say!("tile.status.ready"),
        _ => Text::from(&tile.status),
    }
}

pub fn revision_class(revision: Revision) -> String {
    format!("k-rev-{}", revision.colour())
}

pub fn letter(revision: Option<Revision>) -> Html {
    match revision {
        Some(revision) => html! { <span class="k-letter">{ revision.letter() }</span> },
        None => Html::default(),
    }
}

pub fn selection_of(tile: &Tile) -> Selection {
    Selection {
        kind: k8s_openapi::api::core::v1::Pod::KIND,
        key: tile.key.clone(),
        uid: tile.uid.clone(),
    }
}
