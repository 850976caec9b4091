//! The transport bar: play and pause, step, speed, and the scrubber.

mod scrubber;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::view::marks::Mark;
use crate::app::{Msg, Progress, Shared, Speed, Transport, Words, words};
use scrubber::Scrubber;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub transport: Transport,
    pub marks: Shared<Vec<Mark>>,
}

#[component]
pub fn TransportBar(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let t = &props.transport;
    let send = |msg: Msg| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(msg.clone()))
    };
    let (symbol, [play, play_title]) = if t.playing {
        (
            Icon::Pause,
            [t!(w, "transport.pause"), t!(w, "transport.pause.title")],
        )
    } else {
        (
            Icon::Play,
            [t!(w, "transport.play"), t!(w, "transport.play.title")],
        )
    };
    let elapsed = t.now.since(t.start);
    let clock = if t.speed <= Speed::NORMAL {
        words::fine_clock(elapsed)
    } else {
        words::clock(elapsed)
    };
    html! {
        <section class="k-transport" aria-label={t!(w, "transport.label")}>
            <div class="k-transport-buttons" role="group" aria-label={t!(w, "transport.playback")}>
                <button
                    type="button"
                    class="k-button k-button--round"
                    aria-label={play}
                    title={play_title}
                    onclick={send(Msg::TogglePlay)}
                >
                    { icon(symbol) }
                </button>
                <button
                    type="button"
                    class="k-button k-button--quiet"
                    aria-label={t!(w, "transport.step")}
                    title={t!(w, "transport.step.title")}
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
            { progress(&w, t, &send(Msg::Stop)) }
            <button
                type="button"
                class="k-button k-button--quiet k-to-end"
                disabled={!t.is_in_the_past()}
                aria-label={t!(w, "transport.present")}
                title={t!(w, "transport.present")}
                onclick={send(Msg::Seek(t.end))}
            >
                { icon(Icon::ToEnd) }
            </button>
            <SpeedChoice speed={t.speed} behind={t.behind} />
        </section>
    }
}

fn progress(w: &Words, transport: &Transport, stop: &Callback<MouseEvent>) -> Html {
    let (words, done) = match transport.progress {
        Progress::Idle => return Html::default(),
        Progress::Stepping => (t!(w, "transport.stepping"), None),
        Progress::Seeking(done) => (t!(w, "transport.seeking"), Some(done)),
        Progress::Restoring(done) => (t!(w, "transport.restoring"), Some(done)),
    };
    html! {
        <div class="k-progress" role="status">
            <span>{ &words }</span>
            if let Some(done) = done {
                <progress max="1000" value={done.to_string()} aria-label={words} />
            }
            <button type="button" class="k-button k-button--quiet" onclick={stop.clone()}>
                { t!(w, "transport.stop") }
            </button>
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
    let w = use_words();
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
        t!(w, "transport.speed.behind")
    } else {
        t!(w, "transport.speed.title")
    };
    html! {
        <div class="k-speed" role="group" aria-label={t!(w, "transport.speed")} data-behind={props.behind.to_string()}>
            <button
                type="button"
                class="k-button k-button--quiet"
                aria-label={t!(w, "transport.slower")}
                title={t!(w, "transport.slower.title")}
                disabled={speed.slower() == speed}
                onclick={set(speed.slower())}
            >
                { icon(Icon::Slower) }
            </button>
            <select class="k-select" aria-label={t!(w, "transport.speed")} {title} {onchange}>
                { for Speed::ALL.into_iter().map(|s| html! {
                    <option key={s.0} value={s.0.to_string()} selected={s == speed}>{ w.say(&s.label()) }</option>
                }) }
            </select>
            <button
                type="button"
                class="k-button k-button--quiet"
                aria-label={t!(w, "transport.faster")}
                title={t!(w, "transport.faster.title")}
                disabled={speed.faster() == speed}
                onclick={set(speed.faster())}
            >
                { icon(Icon::Faster) }
            </button>
        </div>
    }
}
