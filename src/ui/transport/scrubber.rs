//! The scrubber: the history as a line, with marks where something happened.

use std::time::Duration;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::app::view::marks::Mark;
use crate::app::{Msg, Shared, words};
use crate::sim::{Time, secs};
use crate::ui::hooks::focus;
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub start: Time,
    pub now: Time,
    pub end: Time,
    pub marks: Shared<Vec<Mark>>,
}

/// How far arrow keys and page keys go.
const STEP: Duration = secs(1);
const LEAP: Duration = secs(15);

#[component]
pub fn Scrubber(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let track = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let (start, now, end) = (props.start, props.now, props.end);
    let whole = words::scale(end.since(start));
    let seek_to = {
        let (track, dispatch) = (track.clone(), dispatch.clone());
        move |client_x: i32| {
            let Some(track) = track.cast::<HtmlElement>() else {
                return;
            };
            let rect = track.get_bounding_client_rect();
            let share = (f64::from(client_x) - rect.left()) / rect.width().max(1.0);
            let nanos = share.clamp(0.0, 1.0) * whole.as_nanos() as f64;
            let to = start + Duration::from_nanos(nanos as u64);
            dispatch.emit(Msg::Seek(to.min(end)));
        }
    };
    let onpointerdown = {
        let (dragging, seek_to, track) = (dragging.clone(), seek_to.clone(), track.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(track) = track.cast::<HtmlElement>() {
                let _ = track.set_pointer_capture(event.pointer_id());
            }
            *dragging.borrow_mut() = true;
            seek_to(event.client_x());
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                seek_to(event.client_x());
            }
        })
    };
    let release = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    let onkeydown = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => now - STEP,
                "ArrowRight" | "ArrowUp" => now + STEP,
                "PageDown" => now - LEAP,
                "PageUp" => now + LEAP,
                "Home" => start,
                "End" => end,
                _ => return,
            };
            event.prevent_default();
            dispatch.emit(Msg::Seek(to.clamp(start, end)));
        })
    };
    let share = |at: Time| permille(at.since(start), whole);
    let elapsed = now.since(start);
    html! {
        <div class="k-scrubber">
            <div
                ref={track}
                class="k-track"
                role="slider"
                tabindex="0"
                aria-label={t!(w, "scrubber.label")}
                aria-valuemin="0"
                aria-valuemax={end.since(start).as_secs().to_string()}
                aria-valuenow={elapsed.as_secs().to_string()}
                aria-valuetext={t!(w, "scrubber.value", now = words::clock(elapsed), end = words::clock(end.since(start)))}
                style={format!("--k-now:{}%;--k-end:{}%", share(now), share(end))}
                {onpointerdown}
                {onpointermove}
                onpointerup={release.clone()}
                onpointercancel={release}
                {onkeydown}
            >
                <div class="k-track-line" />
                <div class="k-track-lived" />
                <div class="k-track-played" />
                <div class="k-track-head" />
            </div>
            <Marks {start} {whole} marks={props.marks.clone()} />
            <div class="k-ticks" aria-hidden="true">
                { for (0..=4_u32).map(|i| html! {
                    <span key={i} style={format!("left:{}%", i * 25)}>{ words::clock(whole * i / 4) }</span>
                }) }
            </div>
        </div>
    }
}

/// In per cent, with three places: CSS takes it as it is.
fn permille(span: Duration, whole: Duration) -> f64 {
    let share = span.as_secs_f64() / whole.as_secs_f64().max(1e-9);
    (share.clamp(0.0, 1.0) * 100_000.0).round() / 1000.0
}

#[derive(Properties, PartialEq)]
struct MarksProps {
    start: Time,
    whole: Duration,
    marks: Shared<Vec<Mark>>,
}

/// One stop for the Tab key; arrows go from mark to mark, Enter goes to its moment.
#[component]
fn Marks(props: &MarksProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let current = use_state(|| 0_usize);
    let last = props.marks.len().saturating_sub(1);
    let chosen = (*current).min(last);
    let onkeydown = {
        let current = current.clone();
        Callback::from(move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowRight" => (chosen + 1).min(last),
                "ArrowLeft" => chosen.saturating_sub(1),
                "Home" => 0,
                "End" => last,
                _ => return,
            };
            event.prevent_default();
            current.set(to);
            focus(&format!("mark-{to}"));
        })
    };
    html! {
        <div class="k-marks" role="group" aria-label={t!(w, "scrubber.marks")} {onkeydown}>
            { for props.marks.iter().enumerate().map(|(i, mark)| {
                let left = permille(mark.at.since(props.start), props.whole);
                let at = words::clock(mark.at.since(props.start));
                let side = if left > 66.0 { "end" } else if left > 33.0 { "middle" } else { "start" };
                let onclick = {
                    let (dispatch, to) = (dispatch.clone(), mark.at);
                    Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Seek(to)))
                };
                let onfocus = {
                    let current = current.clone();
                    Callback::from(move |_: FocusEvent| current.set(i))
                };
                html! {
                    <button
                        key={i}
                        id={format!("mark-{i}")}
                        type="button"
                        class={classes!("k-mark", format!("k-mark--{}", mark.kind.name()))}
                        style={format!("left:{left}%")}
                        tabindex={if i == chosen { "0" } else { "-1" }}
                        aria-label={t!(w, "scrubber.mark", what = &mark.text, at = &at)}
                        {onclick}
                        {onfocus}
                    >
                        <span class="k-mark-shape" aria-hidden="true" />
                        <span class="k-mark-words" data-side={side} aria-hidden="true">
                            { w.say(&mark.text) }{ " · " }{ at }
                        </span>
                    </button>
                }
            }) }
        </div>
    }
}
