//! The requests that reached the API server.

use yew::prelude::*;

use crate::app::requests::{RequestRow, requests};
use crate::app::{App, words};
use crate::sim::Time;
use crate::ui::icons::{Icon, icon};
use crate::ui::inspector::ObjectLink;
use crate::ui::runtime::use_runtime;
use crate::ui::words::{t, use_words};

const MOST: usize = 200;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub revision: u64,
}

#[component]
pub fn RequestsPane(props: &Props) -> Html {
    let runtime = use_runtime();
    let w = use_words();
    let components = use_state(|| true);
    // Reading changes no revision, but is a request too.
    let serial = runtime
        .as_ref()
        .map(|r| r.read(|app| app.session().requests().serial()));
    let rows = use_memo(
        (props.revision, serial, *components),
        |(_, _, components)| {
            let read = |app: &App| {
                let session = app.session();
                let (log, timeline) = (session.requests(), session.timeline());
                let cluster = timeline.cluster();
                let rows = requests(&log, session.history(), cluster, *components, MOST);
                (rows, timeline.start())
            };
            runtime.as_ref().map(|r| r.read(read))
        },
    );
    let toggle = {
        let components = components.clone();
        Callback::from(move |_: Event| components.set(!*components))
    };
    let Some((rows, start)) = &*rows else {
        return Html::default();
    };
    html! {
        <div class="k-table-pane">
            <div class="k-tools">
                <label>
                    <input type="checkbox" checked={*components} onchange={toggle} />
                    { " " }{ t!(w, "requests.components") }
                </label>
            </div>
            <div class="k-table-scroll" tabindex="0" role="region" aria-label={t!(w, "dock.requests")}>
                if rows.is_empty() {
                    <p class="k-soft k-table-empty">{ t!(w, "requests.empty") }</p>
                } else {
                    <table class="k-table k-requests">
                        <thead>
                            <tr>
                                <th scope="col">{ t!(w, "column.time") }</th>
                                <th scope="col">{ t!(w, "column.from") }</th>
                                <th scope="col">{ t!(w, "column.verb") }</th>
                                <th scope="col">{ t!(w, "column.what") }</th>
                                <th scope="col">{ t!(w, "column.answer") }</th>
                                <th scope="col">{ t!(w, "column.revision") }</th>
                            </tr>
                        </thead>
                        <tbody>
                            { for rows.iter().map(|row| html! {
                                <RequestLine key={row.id.to_string()} row={row.clone()} start={*start} />
                            }) }
                        </tbody>
                    </table>
                }
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    row: RequestRow,
    start: Time,
}

#[component]
fn RequestLine(props: &LineProps) -> Html {
    let row = &props.row;
    html! {
        <tr class={classes!((!row.component).then_some("is-own"), row.bad.then_some("is-warning"))}>
            <td class="k-number">{ words::fine_clock(row.at.since(props.start)) }</td>
            <td>{ &*row.who }</td>
            <td>{ &*row.verb }</td>
            <td class="k-wrap k-mono">
                if let Some(link) = &row.link {
                    <ObjectLink link={link.clone()} text={row.what.to_string()} />
                } else {
                    { &*row.what }
                }
            </td>
            <td>
                if row.bad { { icon(Icon::Wrong) } }
                { &*row.answer }
            </td>
            <td class="k-number">{ row.revision }</td>
        </tr>
    }
}
