//! Why: the chain of causes as a timeline, from the applied YAML to the present state.

use std::rc::Rc;

use yew::prelude::*;

use super::ObjectLink;
use super::verdict::Verdict;
use crate::app::inspect::{Beat, Origin, SUBJECT};
use crate::app::{Msg, words};
use crate::sim::Time;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub beats: Vec<Beat>,
    /// When the cluster began: what its clock counts from.
    pub start: Time,
}

#[component]
pub fn Story(props: &Props) -> Html {
    let w = use_words();
    if props.beats.is_empty() {
        return html! {
            <p class="k-soft">{ t!(w, "story.unknown") }</p>
        };
    }
    let first_own = props.beats.iter().position(|b| b.own).unwrap_or_default();
    html! {
        <>
            <p class="k-words">{ t!(w, "story.words") }</p>
            <ol class="k-story">
                { for props.beats.iter().enumerate().map(|(i, beat)| html! {
                    <>
                        if i == first_own && i > 0 {
                            <li class="k-story-turn" aria-hidden="true">{ t!(w, "story.since") }</li>
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
    let w = use_words();
    let beat = &props.beat;
    let did = w.say(&beat.did);
    let (before, after) = did.split_once(SUBJECT).unwrap_or((&did, ""));
    let clock = words::fine_clock(beat.at.since(props.start));
    html! {
        <li class={classes!("k-beat", format!("k-beat--{}", beat.kind.name()), beat.own.then_some("is-own"))}>
            <span class="k-beat-mark" aria-hidden="true" />
            <p class="k-beat-time k-number" title={t!(w, "story.time")}>{ clock }</p>
            <div class="k-beat-body">
                <p>
                    <strong>{ w.say(&beat.who) }</strong>
                    { format!(" {before}") }
                    { for beat.subject.clone().map(|link| html! { <ObjectLink {link} /> }) }
                    { after }
                </p>
                if !beat.detail.is_empty() {
                    <p class="k-beat-detail">{ w.say(&beat.detail) }</p>
                }
                { for beat.origin.clone().map(|origin| html! { <OriginLink {origin} /> }) }
                { for beat.decision.clone().map(|decision: Rc<_>| html! { <Verdict {decision} /> }) }
                if beat.revision > 0 {
                    <p class="k-soft k-beat-revision k-number">{ t!(w, "story.revision", n = beat.revision) }</p>
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
    let w = use_words();
    let origin = &props.origin;
    let (file, start, end) = (origin.file, origin.start, origin.end);
    let onclick =
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Reveal { file, start, end }));
    html! {
        <p>
            <button type="button" class="k-link k-object-link" {onclick}>
                { t!(w, "story.line", file = &origin.name, line = origin.line) }
            </button>
        </p>
    }
}
