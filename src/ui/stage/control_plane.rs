//! The control plane as a strip: who wrote last, and what.

use yew::prelude::*;

use crate::app::Shared;
use crate::app::view::control_plane::{self, ControlPlane};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<ControlPlane>,
}

#[component]
pub fn ControlPlaneStrip(props: &Props) -> Html {
    let view = &props.view;
    let newest = view.writes.first().map_or(0, |w| w.revision);
    html! {
        <section class="k-strip" aria-label="Control plane">
            <ol class="k-strip-parts">
                { for view.parts.iter().filter(|p| p.name != "kube-apiserver").map(|part| html! {
                    <li
                        key={part.name}
                        class={classes!("k-part", (part.last == newest && newest > 0).then_some("is-active"))}
                    >
                        <p class="k-part-name">{ part.name }</p>
                        <p class="k-part-words">
                            { if part.words.is_empty() { part.role } else { &*part.words } }
                        </p>
                        // A new element for each write: its animation runs once.
                        <span key={part.last} class="k-part-pulse" aria-hidden="true" />
                    </li>
                }) }
                <li class="k-part k-part--server">
                    <p class="k-part-name">{ "kube-apiserver" }</p>
                    <p class="k-part-words">{ "every read and write passes here" }</p>
                </li>
                <li class="k-part k-part--store">
                    <p class="k-part-name">{ "etcd" }</p>
                    <p class="k-part-words">
                        { "revision " }<strong>{ view.revision }</strong>
                    </p>
                </li>
            </ol>
            <ol class="k-strip-writes" aria-label="Last writes, newest first">
                { for view.writes.iter().take(4).map(|write| html! {
                    <li key={write.revision}>
                        <span class="k-number">{ write.revision }</span>
                        <span class="k-strip-actor">{ &*write.actor }</span>
                        <span>{ control_plane::words(write) }</span>
                    </li>
                }) }
            </ol>
        </section>
    }
}
