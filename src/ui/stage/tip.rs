//! What a pod tile says when the pointer or the focus is on it.

use yew::prelude::*;

use crate::app::Words;
use crate::app::layout::{Rect, Size};
use crate::app::view::Tile;
use crate::ui::words::t;

/// For a tile at a place on a stage of a size.
pub fn tip(w: &Words, tile: &Tile, at: Rect, stage: Size) -> Html {
    const WIDTH: i32 = 264;
    let Rect { x, y, h, .. } = at;
    let left = (x + at.w / 2 - WIDTH / 2).clamp(8, (stage.w - WIDTH - 8).max(8));
    // Where there is more room: below in the upper half, above in the lower one.
    let up = y > stage.h / 2;
    let (top, lift) = if up {
        (y - 8, "-100%")
    } else {
        (y + h + 8, "0")
    };
    let style = format!("transform:translate({left}px,{top}px) translateY({lift});width:{WIDTH}px");
    let facts = [
        (t!(w, "tip.status"), tile.status.to_string()),
        (
            t!(w, "tip.ready"),
            t!(
                w,
                "tip.ready.words",
                ready = tile.ready.0,
                total = tile.ready.1
            ),
        ),
        (
            t!(w, "tip.revision"),
            tile.revision
                .map_or_else(String::new, |r| r.letter().to_string()),
        ),
        (
            t!(w, "tip.restarts"),
            if tile.restarts > 0 {
                tile.restarts.to_string()
            } else {
                String::new()
            },
        ),
        (
            t!(w, "tip.node"),
            match &tile.node {
                Some(node) => node.to_string(),
                None => t!(w, "tip.node.none"),
            },
        ),
        (t!(w, "tip.address"), tile.ip.to_string()),
    ];
    html! {
        <div class="k-tip" {style} aria-hidden="true">
            <p class="k-tip-title">{ &*tile.key.name }</p>
            <dl>
                { for facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| html! {
                    <div key={name.clone()}><dt>{ name }</dt><dd>{ value }</dd></div>
                }) }
            </dl>
        </div>
    }
}
