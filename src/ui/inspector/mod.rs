//! The inspector: what is selected, in full.

mod facts;
mod link;
mod story;
mod verdict;

use yew::prelude::*;

pub use link::ObjectLink;

use super::dock::{EventsTable, LogView};
use super::icons::{Icon, icon};
use super::runtime::{use_dispatch, use_is_real, use_runtime};
use super::tabs::{Tab, Tabs};
use super::words::{t, use_words};
use crate::app::inspect::{self, Found, LogRequest, Part};
use crate::app::{App, Msg, Selection, Words, say};
use crate::sim::Time;
use facts::Facts;
use story::Story;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub selection: Option<Selection>,
    /// The revision that the page shows: what is selected may have changed with it.
    pub revision: u64,
    /// Virtual time, for ages: changes once a second.
    pub now: Time,
}

#[component]
pub fn Inspector(props: &Props) -> Html {
    let w = use_words();
    let Some(selection) = &props.selection else {
        return html! {
            <section class="k-pane k-pane--inspector" aria-label={t!(w, "inspector.label")}>
                <p class="k-empty">{ t!(w, "inspector.empty") }</p>
            </section>
        };
    };
    html! {
        <Open selection={selection.clone()} revision={props.revision} now={props.now} />
    }
}

#[derive(Properties, PartialEq)]
struct OpenProps {
    selection: Selection,
    revision: u64,
    now: Time,
}

#[component]
fn Open(props: &OpenProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let runtime = use_runtime();
    let part = use_state(Part::default);
    let title = use_node_ref();
    let before = use_mut_ref(|| None::<web_sys::HtmlElement>);
    let selection = &props.selection;
    // Causes are a simulator's to know; logs and the object as it is, kubectl has.
    let real = use_is_real();
    let parts: &'static [Part] = match real {
        true => &[Part::Summary, Part::Events],
        false => Part::of(selection.kind),
    };
    // A kind without logs keeps its place in the summary.
    let chosen = parts.iter().position(|p| *p == *part).unwrap_or_default();
    let part_shown = parts.get(chosen).copied().unwrap_or_default();
    {
        // Where the focus was before, so that closing gives it back.
        use_effect_with((), move |()| {
            *before.borrow_mut() = super::hooks::focused();
            move || {
                if let Some(element) = before.borrow_mut().take() {
                    super::hooks::focus_unless_elsewhere(&element, ".k-pane--inspector");
                }
            }
        });
    }
    let found = runtime.as_ref().map(|runtime| {
        runtime.read(|app| inspect::find(app.session().timeline().cluster(), selection))
    });
    let choose = {
        let part = part.setter();
        Callback::from(move |i: usize| {
            if let Some(chosen) = parts.get(i) {
                part.set(*chosen);
            }
        })
    };
    let close = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Deselect));
    let info = selection.kind.info();
    let tabs: Vec<Tab> = parts
        .iter()
        .map(|part| Tab {
            name: part.name().into(),
            label: w.say(&part.label()).into(),
        })
        .collect();
    let name = selection.key.name.to_string();
    html! {
        <section
            class="k-pane k-pane--inspector"
            aria-label={t!(w, "inspector.label.of", kind = info.kind, name = &name)}
        >
            <div class="k-bar k-inspector-head">
                <div class="k-inspector-title" ref={title}>
                    <p class="k-inspector-kind">{ info.kind }</p>
                    <h2 class="k-title" title={name.clone()}>{ name }</h2>
                </div>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "inspector.close")}
                    title={t!(w, "inspector.close.title")}
                    onclick={close}
                >
                    { icon(Icon::Close) }
                </button>
            </div>
            <div class="k-bar k-bar--low">
                <Tabs label={t!(w, "inspector.label")} id="inspector" {tabs} {chosen} {choose} />
            </div>
            <div
                class="k-inspector-body"
                id="inspector-panel"
                role="tabpanel"
                tabindex="0"
                aria-label={w.say(&part_shown.label())}
            >
                { found.as_ref().map(|found| remark(&w, found, selection)) }
                { found.map(|found| body(&w, part_shown, props, &found, runtime.as_ref())) }
            </div>
        </section>
    }
}

/// What is said when the object is not what it was.
fn remark(w: &Words, found: &Found, selection: &Selection) -> Html {
    let kind = selection.kind.info().kind;
    match found {
        Found::Present(_) => Html::default(),
        Found::Gone => html! {
            <p class="k-remark">{ t!(w, "inspector.gone", kind = kind) }</p>
        },
        Found::Replaced(other) => {
            let link = inspect::Link::of(other);
            html! {
                <p class="k-remark">
                    { t!(w, "inspector.replaced", kind = kind) }{ " " }
                    <ObjectLink {link} />
                </p>
            }
        }
    }
}

fn body(
    w: &Words,
    part: Part,
    props: &OpenProps,
    found: &Found,
    runtime: Option<&super::runtime::Runtime>,
) -> Html {
    let selection = &props.selection;
    let read = |read: &dyn Fn(&App) -> Html| runtime.map(|r| r.read(read)).unwrap_or_default();
    match (part, found.present()) {
        (Part::Summary, Some(object)) => read(&|app| {
            let session = app.session();
            let timeline = session.timeline();
            let summary = inspect::summary(timeline.cluster(), session.mirror(), object);
            html! { <Facts {summary} now={props.now} /> }
        }),
        (Part::Why, _) => read(&|app| {
            let timeline = app.session().timeline();
            let beats = inspect::story(timeline.cluster(), &app.model().files, selection);
            html! { <Story {beats} start={timeline.start()} /> }
        }),
        (Part::Events, _) => read(&|app| {
            let (session, key) = (app.session(), &selection.key);
            let timeline = session.timeline();
            let sources = inspect::Sources::of(&timeline, session.mirror());
            let rows = inspect::events_of(&sources, selection.kind, key, &selection.uid);
            html! {
                <EventsTable
                    {rows}
                    start={timeline.start()}
                    about={false}
                    empty={t!(w, "inspector.no-events")}
                />
            }
        }),
        (Part::Logs, Some(object)) => {
            html! { <PodLogs object={inspect::Link::of(object)} containers={container_names(object)} /> }
        }
        (Part::Yaml, Some(object)) => html! { <Yaml text={inspect::yaml_of(object)} /> },
        (Part::Summary | Part::Logs | Part::Yaml, None) => Html::default(),
    }
}

fn container_names(object: &crate::api::Object) -> Vec<AttrValue> {
    let value = object.to_value();
    inspect::containers(&value)
        .iter()
        .map(|c| AttrValue::from(c.name.to_string()))
        .collect()
}

#[derive(Properties, PartialEq)]
struct PodLogsProps {
    object: inspect::Link,
    containers: Vec<AttrValue>,
}

/// The logs of the selected pod, with a choice of containers when there are several.
#[component]
fn PodLogs(props: &PodLogsProps) -> Html {
    let w = use_words();
    let chosen = use_state(|| 0usize);
    let previous = use_state(|| false);
    let container = props.containers.get(*chosen).or(props.containers.first());
    let onchange = {
        let chosen = chosen.setter();
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<web_sys::HtmlSelectElement>() {
                chosen.set(usize::try_from(select.selected_index()).unwrap_or_default());
            }
        })
    };
    let toggle = {
        let previous = previous.clone();
        Callback::from(move |_: Event| previous.set(!*previous))
    };
    let request = LogRequest {
        pod: props.object.key.clone(),
        container: container.map_or("", |c| c.as_str()).into(),
        previous: *previous,
    };
    html! {
        <div class="k-logs">
            <div class="k-tools">
                if props.containers.len() > 1 {
                    <label>
                        { t!(w, "logs.container") }{ " " }
                        <select class="k-select" {onchange}>
                            { for props.containers.iter().map(|name| html! { <option>{ name }</option> }) }
                        </select>
                    </label>
                }
                <label>
                    <input type="checkbox" checked={*previous} onchange={toggle} />
                    { " " }{ t!(w, "logs.previous") }
                </label>
            </div>
            <LogView {request} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct YamlProps {
    text: String,
}

#[component]
fn Yaml(props: &YamlProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let text = props.text.clone();
    let copy = Callback::from(move |_: MouseEvent| {
        super::hooks::copy(&text);
        dispatch.emit(Msg::Say(say!("inspector.yaml.copied")));
    });
    html! {
        <div class="k-yaml">
            <div class="k-tools">
                <button type="button" class="k-button" onclick={copy}>{ t!(w, "inspector.yaml.copy") }</button>
            </div>
            <pre
                class="k-yaml-text"
                lang="en"
                translate="no"
                tabindex="0"
                role="region"
                aria-label={t!(w, "part.yaml")}
            >{ &props.text }</pre>
        </div>
    }
}
