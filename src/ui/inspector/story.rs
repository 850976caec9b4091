//! Why: the chain of causes as a timeline, from the applied YAML to the present state.

use std::rc::Rc;

use yew::prelude::*;

use super::ObjectLink;
use super::verdict::Verdict;
use crate::app::inspect::{Beat, Origin};
use crate::app::{Msg, words};
use crate::sim::Time;
use crate::ui::runtime::use_dispatch;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub beats: Vec<Beat>,
    /// When the cluster began: what its clock counts from.
    pub start: Time,
}

#[component]
pub fn Story(props: &Props) -> Html {
    if props.beats.is_empty() {
        return html! {
            <p class="k-soft">{ "Nothing is known about how this came about: it is older than what is remembered." }</p>
        };
    }
    let first_own = props.beats.iter().position(|b| b.own).unwrap_or_default();
    html! {
        <>
            <p class="k-words">
                { "How it came about, oldest first. Each step was caused by the one before it." }
            </p>
            <ol class="k-story">
                { for props.beats.iter().enumerate().map(|(i, beat)| html! {
                    <>
                        if i == first_own && i > 0 {
                            <li class="k-story-turn" aria-hidden="true">{ "and since then" }</li>
                        }
                        <BeatItem key={i} beat={beat.clone()} start={props.start} />
                    </>
                }) }
            </ol>
        </>
    }
}

#[derive(Properties, PartialEq)]
struct BeatProps {
    beat: Beat,
    start: Time,
}

#[component]
fn BeatItem(props: &BeatProps) -> Html {
    let beat = &props.beat;
    let clock = words::fine_clock(beat.at.since(props.start));
    html! {
        <li class={classes!("k-beat", format!("k-beat--{}", beat.kind.name()), beat.own.then_some("is-own"))}>
            <span class="k-beat-mark" aria-hidden="true" />
            <p class="k-beat-time k-number" title="Cluster time">{ clock }</p>
            <div class="k-beat-body">
                <p>
                    <strong>{ &*beat.who }</strong>
                    { format!(" {} ", beat.did) }
                    { for beat.subject.clone().map(|link| html! { <ObjectLink {link} /> }) }
                </p>
                if !beat.detail.is_empty() {
                    <p class="k-beat-detail">{ &*beat.detail }</p>
                }
                { for beat.origin.clone().map(|origin| html! { <OriginLink {origin} /> }) }
                { for beat.decision.clone().map(|decision: Rc<_>| html! { <Verdict {decision} /> }) }
                if beat.revision > 0 {
                    <p class="k-soft k-beat-revision k-number">{ format!("revision {}", beat.revision) }</p>
                }
            </div>
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct OriginProps {
    origin: Origin,
}

/// Leads to the line of the file that asked for it.
#[component]
fn OriginLink(props: &OriginProps) -> Html {
    let dispatch = use_dispatch();
    let origin = &props.origin;
    let (file, start, end) = (origin.file, origin.start, origin.end);
    let onclick =
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Reveal { file, start, end }));
    html! {
        <p>
            <button type="button" class="k-link k-object-link" {onclick}>
                { format!("{}, line {}", origin.name, origin.line) }
            </button>
        </p>
    }
}
