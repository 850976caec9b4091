//! The summary of an object: words, facts, containers, conditions, the company it keeps.

use yew::prelude::*;

use super::ObjectLink;
use crate::app::inspect::{Condition, Container, ContainerKind, Fact, Group, Summary};
use crate::app::{Text, Words, say, words};
use crate::sim::Time;
use crate::ui::icons::{Icon, glyph, icon};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub summary: Summary,
    pub now: Time,
}

#[component]
pub fn Facts(props: &Props) -> Html {
    let summary = &props.summary;
    let now = props.now;
    let w = use_words();
    html! {
        <>
            if !summary.words.is_empty() {
                <p class={classes!("k-words", summary.bad.then_some("k-words--bad"))}>
                    if summary.bad { { icon(Icon::Wrong) } }
                    <span>{ w.say(&summary.words) }</span>
                </p>
            }
            <dl class="k-facts">
                { for summary.facts.iter().map(|f| fact(&w, f)) }
            </dl>
            if !summary.containers.is_empty() {
                <h3 class="k-heading">{ t!(w, "facts.containers") }</h3>
                <ul class="k-containers">
                    { for summary.containers.iter().map(|c| container(&w, c, now)) }
                </ul>
            }
            { for summary.groups.iter().map(|g| group(&w, g)) }
            if !summary.conditions.is_empty() {
                <h3 class="k-heading">{ t!(w, "facts.conditions") }</h3>
                <ul class="k-conditions">
                    { for summary.conditions.iter().map(|c| condition(&w, c, now)) }
                </ul>
            }
            if !summary.labels.is_empty() {
                <h3 class="k-heading">{ t!(w, "facts.labels") }</h3>
                <ul class="k-chips">
                    { for summary.labels.iter().map(|(name, value)| {
                        let text = format!("{name}={value}");
                        html! { <li class="k-chip" title={text.clone()}>{ text }</li> }
                    }) }
                </ul>
            }
        </>
    }
}

fn fact(w: &Words, fact: &Fact) -> Html {
    html! {
        <div class="k-fact">
            <dt>{ w.say(&fact.term) }</dt>
            <dd>
                if let Some(link) = &fact.link {
                    <ObjectLink link={link.clone()} text={w.say(&fact.value)} />
                } else {
                    { w.say(&fact.value) }
                }
            </dd>
        </div>
    }
}

fn since(w: &Words, then: Option<Time>, now: Time) -> String {
    then.map(|then| w.say(&words::ago(then, now)))
        .unwrap_or_default()
}

fn container(w: &Words, container: &Container, now: Time) -> Html {
    let kind = match container.kind {
        ContainerKind::Init => Some(say!("facts.init")),
        ContainerKind::Sidecar => Some(say!("facts.sidecar")),
        ContainerKind::Regular => None,
    };
    let since = container.since.map(|then| words::ago(then, now));
    let state = Text::list([container.state.words(), since.unwrap_or_default()]);
    let ready = match (container.ready, container.kind) {
        (true, _) => Some(say!("facts.ready")),
        (false, ContainerKind::Init) => None,
        (false, _) => Some(say!("facts.not-ready")),
    };
    html! {
        <li class={classes!("k-container", container.bad.then_some("k-container--bad"))}>
            <div class="k-container-head">
                <strong>{ &*container.name }</strong>
                { for kind.map(|kind| html! { <span class="k-chip">{ w.say(&kind) }</span> }) }
                { for ready.map(|ready| html! { <span class="k-chip">{ w.say(&ready) }</span> }) }
                if container.restarts > 0 {
                    <span class="k-chip k-chip--warning">
                        { t!(w, "facts.restarts", n = container.restarts) }
                    </span>
                }
            </div>
            <p class="k-mono">{ &*container.image }</p>
            <p class="k-container-state">
                if container.bad { { icon(Icon::Wrong) } }
                <span>{ w.say(&state) }</span>
            </p>
            if !container.detail.is_empty() {
                <p class="k-container-detail" lang="en">{ &*container.detail }</p>
            }
            if let Some(before) = &container.before {
                <p class="k-soft">{ t!(w, "facts.before", how = before.inside()) }</p>
            }
            if !container.asked.is_empty() {
                <details class="k-details">
                    <summary>{ t!(w, "facts.asked") }</summary>
                    <dl class="k-facts">
                        { for container.asked.iter().map(|(term, value)| html! {
                            <div class="k-fact"><dt>{ w.say(term) }</dt><dd>{ w.say(value) }</dd></div>
                        }) }
                    </dl>
                </details>
            }
        </li>
    }
}

fn condition(w: &Words, condition: &Condition, now: Time) -> Html {
    let (sign, class) = match condition.good {
        Some(true) => (Icon::Right, "k-condition"),
        Some(false) => (Icon::Wrong, "k-condition k-condition--bad"),
        None => (Icon::Warning, "k-condition k-condition--bad"),
    };
    html! {
        <li {class}>
            { icon(sign) }
            <div>
                <p>
                    <strong>{ &*condition.name }</strong>
                    { format!(": {}", condition.status) }
                    if !condition.reason.is_empty() {
                        { format!(", {}", condition.reason) }
                    }
                    <span class="k-soft">{ format!(" {}", since(w, condition.since, now)) }</span>
                </p>
                if !condition.message.is_empty() {
                    <p class="k-soft" lang="en">{ &*condition.message }</p>
                }
            </div>
        </li>
    }
}

fn group(w: &Words, group: &Group) -> Html {
    let count = group.items.len() + group.more;
    html! {
        <>
            <h3 class="k-heading">
                { w.say(&group.heading) }
                if count > 0 { <span class="k-soft k-number">{ format!(" {count}") }</span> }
            </h3>
            if group.items.is_empty() {
                <p class="k-soft">{ w.say(&group.empty) }</p>
            }
            <ul class="k-related">
                { for group.items.iter().map(|item| html! {
                    <li>
                        { for item.phase.map(glyph) }
                        <ObjectLink link={item.link.clone()} text={item.link.key.name.to_string()} />
                        <span class="k-soft">{ w.say(&item.words) }</span>
                    </li>
                }) }
            </ul>
            if group.more > 0 {
                <p class="k-soft">{ t!(w, "more", n = group.more) }</p>
            }
        </>
    }
}
