//! The transport bar: play and pause, step, speed, and the scrubber.

mod scrubber;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use crate::app::view::marks::Mark;
use crate::app::{Msg, Progress, Shared, Speed, Transport, words};
use scrubber::Scrubber;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub transport: Transport,
    pub marks: Shared<Vec<Mark>>,
}

#[component]
pub fn TransportBar(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let t = &props.transport;
    let send = |msg: Msg| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(msg.clone()))
    };
    let (symbol, play) = if t.playing {
        (Icon::Pause, "Pause")
    } else {
        (Icon::Play, "Play")
    };
    let elapsed = t.now.since(t.start);
    let clock = if t.speed <= Speed::NORMAL {
        words::fine_clock(elapsed)
    } else {
        words::clock(elapsed)
    };
    html! {
        <section class="k-transport" aria-label="Time">
            <div class="k-transport-buttons" role="group" aria-label="Playback">
                <button
                    type="button"
                    class="k-button k-button--round"
                    aria-label={play}
                    title={format!("{play} (Space)")}
                    onclick={send(Msg::TogglePlay)}
                >
                    { icon(symbol) }
                </button>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label="Step to the next change"
                    title="Step to the next change (.)"
                    onclick={send(Msg::Step)}
                >
                    { icon(Icon::Step) }
                </button>
            </div>
            <p class="k-clock">
                <span class="k-clock-now">{ clock }</span>
                <span class="k-clock-end">{ format!("/ {}", words::clock(t.end.since(t.start))) }</span>
            </p>
            <Scrubber start={t.start} now={t.now} end={t.end} marks={props.marks.clone()} />
            { progress(t, &send(Msg::Stop)) }
            <button
                type="button"
                class="k-button k-button--quiet k-to-end"
                disabled={!t.is_in_the_past()}
                aria-label="Return to the present"
                title="Return to the present"
                onclick={send(Msg::Seek(t.end))}
            >
                { icon(Icon::ToEnd) }
            </button>
            <SpeedChoice speed={t.speed} behind={t.behind} />
        </section>
    }
}

fn progress(transport: &Transport, stop: &Callback<MouseEvent>) -> Html {
    let (words, done) = match transport.progress {
        Progress::Idle => return Html::default(),
        Progress::Stepping => ("Looking for the next change", None),
        Progress::Seeking(done) => ("Replaying to that moment", Some(done)),
        Progress::Restoring(done) => ("Bringing back your last visit", Some(done)),
    };
    html! {
        <div class="k-progress" role="status">
            <span>{ words }</span>
            if let Some(done) = done {
                <progress max="1000" value={done.to_string()} aria-label={words} />
            }
            <button type="button" class="k-button k-button--quiet" onclick={stop.clone()}>{ "Stop here" }</button>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SpeedProps {
    speed: Speed,
    behind: bool,
}

#[component]
fn SpeedChoice(props: &SpeedProps) -> Html {
    let dispatch = use_dispatch();
    let speed = props.speed;
    let set = |to: Speed| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::SetSpeed(to)))
    };
    let onchange = {
        let dispatch = dispatch.clone();
        Callback::from(move |event: Event| {
            let chosen = event
                .target_dyn_into::<HtmlSelectElement>()
                .and_then(|select| select.value().parse().ok());
            if let Some(milli) = chosen {
                dispatch.emit(Msg::SetSpeed(Speed::nearest(milli)));
            }
        })
    };
    let title = if props.behind {
        "There is more to compute than fits a frame: time runs slower than this"
    } else {
        "Speed of virtual time"
    };
    html! {
        <div class="k-speed" role="group" aria-label="Speed" data-behind={props.behind.to_string()}>
            <button
                type="button"
                class="k-button k-button--quiet"
                aria-label="Slower"
                title="Slower (<)"
                disabled={speed.slower() == speed}
                onclick={set(speed.slower())}
            >
                { icon(Icon::Slower) }
            </button>
            <select class="k-select" aria-label="Speed" {title} {onchange}>
                { for Speed::ALL.into_iter().map(|s| html! {
                    <option key={s.0} value={s.0.to_string()} selected={s == speed}>{ s.label() }</option>
                }) }
            </select>
            <button
                type="button"
                class="k-button k-button--quiet"
                aria-label="Faster"
                title="Faster (>)"
                disabled={speed.faster() == speed}
                onclick={set(speed.faster())}
            >
                { icon(Icon::Faster) }
            </button>
        </div>
    }
}
