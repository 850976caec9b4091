//! What containers write: the last lines, followed as they come.

use gloo::timers::callback::Interval;
use web_sys::{HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use crate::api::Key;
use crate::app::Shared;
use crate::app::inspect::{self, LogRequest, Logs};
use crate::sim::Time;
use crate::ui::runtime::use_runtime;
use crate::ui::words::{t, use_words};

/// How often logs are asked for, in milliseconds.
const EVERY: u32 = 400;

#[derive(Properties, PartialEq)]
pub struct PaneProps {
    pub revision: u64,
}

/// Choose a pod and a container, and read.
#[component]
pub fn LogsPane(props: &PaneProps) -> Html {
    let runtime = use_runtime();
    let w = use_words();
    let chosen = use_state(|| None::<(Key, std::rc::Rc<str>)>);
    let sources = use_memo(props.revision, |_| {
        let read = |app: &crate::app::App| inspect::log_sources(app.session().mirror());
        runtime.as_ref().map(|r| r.read(read)).unwrap_or_default()
    });
    let all: Vec<(Key, std::rc::Rc<str>)> = sources
        .iter()
        .flat_map(|(pod, names)| names.iter().map(|name| (pod.clone(), name.clone())))
        .collect();
    // A pod that is gone stays chosen: its last lines are still there to read.
    let current = (*chosen).clone().or_else(|| all.first().cloned());
    let Some(current) = current else {
        return html! { <p class="k-soft k-table-empty">{ t!(w, "logs.empty") }</p> };
    };
    let onchange = {
        let (chosen, all) = (chosen.setter(), all.clone());
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<HtmlSelectElement>()
                && let Ok(i) = usize::try_from(select.selected_index())
            {
                chosen.set(all.get(i).cloned());
            }
        })
    };
    let label = |(pod, container): &(Key, std::rc::Rc<str>)| match &*pod.namespace {
        "default" => format!("{} / {container}", pod.name),
        namespace => format!("{namespace}: {} / {container}", pod.name),
    };
    html! {
        <div class="k-table-pane">
            <div class="k-tools">
                <label>
                    { t!(w, "logs.container") }{ " " }
                    <select class="k-select" {onchange}>
                        { for all.iter().map(|source| html! {
                            <option selected={*source == current}>{ label(source) }</option>
                        }) }
                    </select>
                </label>
            </div>
            <LogView request={LogRequest { pod: current.0.clone(), container: current.1.clone(), previous: false }} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub request: LogRequest,
}

#[component]
pub fn LogView(props: &Props) -> Html {
    let runtime = use_runtime();
    let w = use_words();
    let logs = use_state(Shared::<Logs>::default);
    let node = use_node_ref();
    {
        let setter = logs.setter();
        use_effect_with(props.request.clone(), move |request| {
            let request = request.clone();
            let mut kept = Shared::<Logs>::default();
            let mut seen: Option<(Time, u64)> = None;
            let mut look = move || {
                let Some(runtime) = &runtime else {
                    return;
                };
                let client = runtime.client();
                let revision = runtime.model().scene.revision;
                let now = (client.now(), revision);
                // Nothing is written while time stands still.
                if seen != Some(now) {
                    seen = Some(now);
                    let found = inspect::read_logs(&request, |r| client.send(r));
                    if kept.keep(found) {
                        setter.set(kept.clone());
                    }
                }
            };
            look();
            let interval = Interval::new(EVERY, look);
            move || drop(interval)
        });
    }
    {
        // Stays at the end, unless somebody has scrolled up to read.
        let node = node.clone();
        use_effect_with((*logs).clone(), move |_| {
            if let Some(element) = node.cast::<HtmlElement>() {
                let left = element.scroll_height() - element.scroll_top() - element.client_height();
                if left < 200 {
                    element.set_scroll_top(element.scroll_height());
                }
            }
        });
    }
    let logs = &*logs;
    html! {
        <div
            ref={node}
            class="k-log"
            role="log"
            tabindex="0"
            aria-label={t!(w, "logs.label", name = &props.request.pod.name)}
        >
            if !logs.error.is_empty() {
                <p class="k-log-error">{ w.say(&logs.error) }</p>
            } else if logs.lines.is_empty() {
                <p class="k-soft">{ t!(w, "logs.silent") }</p>
            } else {
                <pre class="k-log-lines" lang="en" translate="no">{ logs.lines.join("\n") }</pre>
                <p class="k-unseen">{ t!(w, "logs.lines", n = logs.lines.len()) }</p>
            }
        </div>
    }
}
