//! Events as a table, newest first.

use yew::prelude::*;

use crate::app::inspect::{self, EventRow};
use crate::app::{App, words};
use crate::sim::Time;
use crate::ui::icons::{Icon, icon};
use crate::ui::inspector::ObjectLink;
use crate::ui::runtime::use_runtime;
use crate::ui::words::{t, use_words};

/// Rows that are drawn.
const MOST: usize = 200;

#[derive(Properties, PartialEq)]
pub struct PaneProps {
    pub revision: u64,
}

/// The events of the whole cluster. While the pointer is on them they hold still.
#[component]
pub fn EventsPane(props: &PaneProps) -> Html {
    let runtime = use_runtime();
    let w = use_words();
    let warnings = use_state(|| false);
    let held = use_state(|| None::<u64>);
    let revision = held.unwrap_or(props.revision);
    let rows = use_memo((revision, *warnings), |(_, warnings)| {
        let read = |app: &App| {
            let session = app.session();
            let timeline = session.timeline();
            let sources = inspect::Sources::of(&timeline, session.mirror());
            let (rows, count) = inspect::events(&sources, *warnings, MOST);
            (rows, count, timeline.start())
        };
        runtime.as_ref().map(|r| r.read(read))
    });
    let hold = {
        let (held, revision) = (held.setter(), props.revision);
        Callback::from(move |_: PointerEvent| held.set(Some(revision)))
    };
    let release = {
        let held = held.setter();
        Callback::from(move |_: PointerEvent| held.set(None))
    };
    let toggle = {
        let warnings = warnings.clone();
        Callback::from(move |_: Event| warnings.set(!*warnings))
    };
    let Some((rows, count, start)) = &*rows else {
        return Html::default();
    };
    let waiting = held.is_some_and(|held| held != props.revision);
    html! {
        <div class="k-table-pane">
            <div class="k-tools">
                <label>
                    <input type="checkbox" checked={*warnings} onchange={toggle} />
                    { " " }{ t!(w, "events.warnings") }
                </label>
                <span class="k-soft k-number">{ t!(w, "events.count", n = *count) }</span>
                if waiting {
                    <span class="k-chip">{ t!(w, "events.held") }</span>
                }
            </div>
            <div class="k-table-scroll" tabindex="0" role="region" aria-label={t!(w, "dock.events")} onpointerenter={hold} onpointerleave={release}>
                <EventsTable
                    rows={rows.clone()}
                    start={*start}
                    about={true}
                    empty={if *warnings { t!(w, "events.no-warnings") } else { t!(w, "events.none") }}
                />
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub rows: Vec<EventRow>,
    pub start: Time,
    /// Whether it says what each event is about.
    pub about: bool,
    pub empty: AttrValue,
}

#[component]
pub fn EventsTable(props: &Props) -> Html {
    let w = use_words();
    if props.rows.is_empty() {
        return html! { <p class="k-soft k-table-empty">{ props.empty.clone() }</p> };
    }
    html! {
        <table class="k-table k-events">
            <thead>
                <tr>
                    <th scope="col">{ t!(w, "column.time") }</th>
                    <th scope="col">{ t!(w, "column.reason") }</th>
                    if props.about { <th scope="col">{ t!(w, "column.object") }</th> }
                    <th scope="col">{ t!(w, "column.message") }</th>
                    if props.about { <th scope="col">{ t!(w, "column.from") }</th> }
                </tr>
            </thead>
            <tbody>
                { for props.rows.iter().map(|row| html! {
                    <EventLine key={row.uid.to_string()} row={row.clone()} start={props.start} about={props.about} />
                }) }
            </tbody>
        </table>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    row: EventRow,
    start: Time,
    about: bool,
}

#[component]
fn EventLine(props: &LineProps) -> Html {
    let w = use_words();
    let row = &props.row;
    html! {
        <tr class={classes!(row.warning.then_some("is-warning"))}>
            <td class="k-number">{ words::clock(row.at.since(props.start)) }</td>
            <td class="k-event-reason">
                if row.warning {
                    { icon(Icon::Warning) }
                    <span class="k-unseen">{ t!(w, "events.warning") }{ " " }</span>
                }
                { &*row.reason }
                if row.count > 1 {
                    <span class="k-soft k-number">{ format!(" ×{}", row.count) }</span>
                }
            </td>
            if props.about {
                <td class="k-object">
                    if let Some(link) = &row.link {
                        <ObjectLink link={link.clone()} text={row.about.to_string()} />
                    } else {
                        { &*row.about }
                    }
                </td>
            }
            <td class="k-wrap" lang="en">{ &*row.message }</td>
            if props.about {
                <td class="k-soft">{ &*row.source }</td>
            }
        </tr>
    }
}
