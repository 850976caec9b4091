//! The summary of an object: words, facts, containers, conditions, the company it keeps.

use yew::prelude::*;

use super::ObjectLink;
use crate::app::inspect::{Condition, Container, ContainerKind, Fact, Group, Summary};
use crate::app::words;
use crate::sim::Time;
use crate::ui::icons::{Icon, glyph, icon};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub summary: Summary,
    pub now: Time,
}

#[component]
pub fn Facts(props: &Props) -> Html {
    let summary = &props.summary;
    let now = props.now;
    html! {
        <>
            if !summary.words.is_empty() {
                <p class={classes!("k-words", summary.bad.then_some("k-words--bad"))}>
                    if summary.bad { { icon(Icon::Wrong) } }
                    <span>{ &*summary.words }</span>
                </p>
            }
            <dl class="k-facts">
                { for summary.facts.iter().map(fact) }
            </dl>
            if !summary.containers.is_empty() {
                <h3 class="k-heading">{ "Containers" }</h3>
                <ul class="k-containers">
                    { for summary.containers.iter().map(|c| container(c, now)) }
                </ul>
            }
            { for summary.groups.iter().map(group) }
            if !summary.conditions.is_empty() {
                <h3 class="k-heading">{ "Conditions" }</h3>
                <ul class="k-conditions">
                    { for summary.conditions.iter().map(|c| condition(c, now)) }
                </ul>
            }
            if !summary.labels.is_empty() {
                <h3 class="k-heading">{ "Labels" }</h3>
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

fn fact(fact: &Fact) -> Html {
    html! {
        <div class="k-fact">
            <dt>{ fact.term }</dt>
            <dd>
                if let Some(link) = &fact.link {
                    <ObjectLink link={link.clone()} text={fact.value.to_string()} />
                } else {
                    { &*fact.value }
                }
            </dd>
        </div>
    }
}

fn since(then: Option<Time>, now: Time) -> String {
    then.map(|then| words::ago(then, now)).unwrap_or_default()
}

fn container(container: &Container, now: Time) -> Html {
    let kind = match container.kind {
        ContainerKind::Init => Some("init"),
        ContainerKind::Sidecar => Some("sidecar"),
        ContainerKind::Regular => None,
    };
    let mut state = container.state.to_string();
    if let Some(then) = container.since {
        state += &format!(", {}", words::ago(then, now));
    }
    let ready = match (container.ready, container.kind) {
        (true, _) => Some("ready"),
        (false, ContainerKind::Init) => None,
        (false, _) => Some("not ready"),
    };
    html! {
        <li class={classes!("k-container", container.bad.then_some("k-container--bad"))}>
            <div class="k-container-head">
                <strong>{ &*container.name }</strong>
                { for kind.map(|kind| html! { <span class="k-chip">{ kind }</span> }) }
                { for ready.map(|ready| html! { <span class="k-chip">{ ready }</span> }) }
                if container.restarts > 0 {
                    <span class="k-chip k-chip--warning">
                        { words::count(usize::try_from(container.restarts).unwrap_or_default(), "restart") }
                    </span>
                }
            </div>
            <p class="k-mono">{ &*container.image }</p>
            <p class="k-container-state">
                if container.bad { { icon(Icon::Wrong) } }
                <span>{ state }</span>
            </p>
            if !container.detail.is_empty() {
                <p class="k-container-detail">{ &*container.detail }</p>
            }
            if !container.before.is_empty() {
                <p class="k-soft">{ format!("Before that: {}", container.before) }</p>
            }
            if !container.asked.is_empty() {
                <details class="k-details">
                    <summary>{ "As asked for" }</summary>
                    <dl class="k-facts">
                        { for container.asked.iter().map(|(term, value)| html! {
                            <div class="k-fact"><dt>{ *term }</dt><dd>{ value }</dd></div>
                        }) }
                    </dl>
                </details>
            }
        </li>
    }
}

fn condition(condition: &Condition, now: Time) -> Html {
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
                    <span class="k-soft">{ format!(" {}", since(condition.since, now)) }</span>
                </p>
                if !condition.message.is_empty() {
                    <p class="k-soft">{ &*condition.message }</p>
                }
            </div>
        </li>
    }
}

fn group(group: &Group) -> Html {
    let count = group.items.len() + group.more;
    html! {
        <>
            <h3 class="k-heading">
                { group.heading }
                if count > 0 { <span class="k-soft k-number">{ format!(" {count}") }</span> }
            </h3>
            if group.items.is_empty() {
                <p class="k-soft">{ group.empty }</p>
            }
            <ul class="k-related">
                { for group.items.iter().map(|item| html! {
                    <li>
                        { for item.phase.map(glyph) }
                        <ObjectLink link={item.link.clone()} text={item.link.key.name.to_string()} />
                        <span class="k-soft">{ &*item.words }</span>
                    </li>
                }) }
            </ul>
            if group.more > 0 {
                <p class="k-soft">{ format!("and {} more", group.more) }</p>
            }
        </>
    }
}
