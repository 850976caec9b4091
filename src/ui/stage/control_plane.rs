//! The control plane as a strip: who wrote last, what, and the way of each write.

use yew::prelude::*;

use crate::app::Shared;
use crate::app::view::control_plane::{self, ControlPlane, SERVER, STORE};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<ControlPlane>,
}

#[component]
pub fn ControlPlaneStrip(props: &Props) -> Html {
    let view = &props.view;
    let w = use_words();
    html! {
        <section class="k-strip" aria-label={t!(w, "stage.control-plane")}>
            <ol class="k-strip-parts" style={format!("--k-parts:{}", view.parts.len())}>
                { for view.parts.iter().enumerate().map(|(i, part)| html! {
                    <li
                        key={i}
                        class={classes!("k-part", (Some(i) == view.writer()).then_some("is-active"))}
                        title={w.say(&part.words)}
                    >
                        <p class="k-part-name">{ w.say(&part.name.label()) }</p>
                        <p class="k-part-words">
                            { w.say(if part.words.is_empty() { &part.role } else { &part.words }) }
                        </p>
                    </li>
                }) }
            </ol>
            <Bus from={view.writer()} parts={view.parts.len()} write={view.newest()} />
            <ol class="k-strip-writes" aria-label={t!(w, "stage.writes")}>
                { for view.writes.iter().take(4).map(|write| html! {
                    <li key={write.revision}>
                        <span class="k-number">{ write.revision }</span>
                        <span class="k-strip-actor">{ &*write.actor }</span>
                        <span>{ w.say(&control_plane::words(write)) }</span>
                    </li>
                }) }
            </ol>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct BusProps {
    /// Who wrote last, by position.
    from: Option<usize>,
    parts: usize,
    /// The revision of the last write.
    write: u64,
}

/// A write runs from its author to the API server and on to etcd; then those who watch are told.
#[component]
fn Bus(props: &BusProps) -> Html {
    let Some(from) = props.from else {
        return html! { <div class="k-bus" aria-hidden="true" /> };
    };
    let place = |i: usize| (i as f64 + 0.5) / props.parts.max(1) as f64 * 100.0;
    let style = format!(
        "--k-from:{}%;--k-server:{}%;--k-store:{}%",
        place(from),
        place(SERVER),
        place(STORE)
    );
    html! {
        // A new element for each write: its animation runs once, and a newer one replaces it.
        <div key={props.write} class="k-bus" {style} aria-hidden="true">
            <span class="k-bus-write" />
            { for (0..SERVER).filter(|i| *i != from).map(|i| html! {
                <span key={i} class="k-bus-told" style={format!("--k-to:{}%", place(i))} />
            }) }
        </div>
    }
}
