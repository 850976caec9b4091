//! The lesson that is taken: the step, the question, the goals, and what helps.

use yew::prelude::*;

use super::picture::PictureFrame;
use super::point::outline;
use super::text::Text;
use crate::app::learn::{Act, GoalView, LessonView, PredictView};
use crate::app::{Msg, Words};
use crate::lessons::Standing;
use crate::ui::hooks::focus;
use crate::ui::icons::{Icon, icon};
use crate::ui::runtime::use_dispatch;
use crate::ui::words::{t, use_words};

/// The heading that has the focus when another step is shown.
const HEADING: &str = "lesson-step";

#[derive(Properties, PartialEq)]
pub struct Props {
    pub lesson: LessonView,
}

#[component]
pub fn LessonPane(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let lesson = &props.lesson;
    let is_new = use_mut_ref(|| true);
    let place = (
        lesson.title.clone(),
        lesson.shown,
        lesson.finished.is_some(),
    );
    use_effect_with(place, move |_| {
        // Opening the page on a lesson takes the focus from nobody.
        if !is_new.replace(false) {
            focus(HEADING);
        }
    });
    let was_pointed = use_mut_ref(|| lesson.pointed.clone());
    use_effect_with(lesson.pointed.clone(), move |pointed| {
        // What was pointed at in another lesson is no news.
        let is_new = was_pointed.replace(pointed.clone()) != *pointed;
        let later = pointed.as_ref().filter(|_| is_new).and_then(outline);
        move || drop(later)
    });
    let send = |act: Act| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(act.clone())))
    };
    let now = lesson.shown == lesson.at && lesson.finished.is_none();
    html! {
        <>
        <div class="k-learn-body">
            if let Some(done) = &lesson.finished {
                <h3 id={HEADING} tabindex="-1" class="k-step-title">
                    { icon(Icon::Right) }{ " " }{ t!(w, "learn.lesson.done") }
                </h3>
                <Text text={done.clone()} />
                if let Some((name, title)) = &lesson.next {
                    <button type="button" class="k-button k-button--primary" onclick={send(Act::Start(name.clone()))}>
                        { t!(w, "learn.next.lesson", title = title) }
                    </button>
                }
            } else {
                <Progress shown={lesson.shown} at={lesson.at} steps={lesson.steps} />
                <h3 id={HEADING} tabindex="-1" class="k-step-title">{ &*lesson.step_title }</h3>
                <Text text={lesson.text.clone()} />
                { pictured(lesson, &w, send(Act::Point)) }
                if let Some(predict) = &lesson.predict {
                    <Question predict={predict.clone()} />
                }
                if !lesson.goals.is_empty() {
                    <Goals goals={lesson.goals.clone()} asks_first={lesson.asks_first} />
                }
                if lesson.failed {
                    <p class="k-warning">
                        { t!(w, "learn.failed") }
                    </p>
                }
                <>{ for lesson.hints.iter().map(|hint| html! {
                    <div class="k-hint"><span class="k-hint-name">{ t!(w, "learn.hint") }</span><Text text={hint.clone()} /></div>
                }) }</>
                if now {
                    <p class="k-learn-actions">
                        if lesson.more_hints {
                            <button type="button" class="k-button" onclick={send(Act::Hint)}>
                                { if lesson.hints.is_empty() { t!(w, "learn.hint") } else { t!(w, "learn.hint.more") } }
                            </button>
                        }
                        if lesson.showing {
                            <button type="button" class="k-button" onclick={send(Act::Hold)}>{ t!(w, "learn.hold") }</button>
                        } else if lesson.can_show {
                            <button
                                type="button"
                                class="k-button"
                                title={t!(w, "learn.show.title")}
                                onclick={send(Act::ShowMe)}
                            >
                                { t!(w, "learn.show") }
                            </button>
                        }
                        <button
                            type="button"
                            class="k-button"
                            title={t!(w, "learn.redo.title")}
                            onclick={send(Act::Redo)}
                        >
                            { t!(w, "learn.redo") }
                        </button>
                    </p>
                }
            }
        </div>
        <div class="k-learn-foot">
            <button
                type="button"
                class="k-button k-button--quiet"
                title={t!(w, "learn.over.title")}
                onclick={send(Act::StartOver)}
            >
                { icon(Icon::Reset) }
                <span>{ t!(w, "learn.over") }</span>
            </button>
            <span class="k-learn-space" />
            <button
                type="button"
                class="k-button"
                disabled={lesson.shown == 0 && lesson.finished.is_none()}
                onclick={send(Act::Back)}
            >
                { t!(w, "learn.back") }
            </button>
            if lesson.finished.is_none() {
                <button
                    type="button"
                    class="k-button k-button--primary"
                    disabled={!lesson.step_done}
                    onclick={send(Act::Next)}
                >
                    { if lesson.shown + 1 < lesson.steps { t!(w, "learn.next") } else { t!(w, "learn.finish") } }
                </button>
            } else {
                <button type="button" class="k-button k-button--primary" onclick={send(Act::Leave)}>
                    { t!(w, "learn.home") }
                </button>
            }
        </div>
        </>
    }
}

/// What to look at: in words with the first step, and as a picture; with later steps that have none of their
/// own, the picture is folded.
fn pictured(lesson: &LessonView, w: &Words, point: Callback<MouseEvent>) -> Html {
    let look = match lesson.shown {
        0 => lesson.look.clone(),
        _ => "".into(),
    };
    let Some(shown) = lesson.picture.clone() else {
        return match &*look {
            "" => Html::default(),
            look => {
                html! { <p class="k-look"><strong>{ t!(w, "learn.look") }</strong>{ " " }{ look }</p> }
            }
        };
    };
    let fresh = shown.fresh;
    let point = lesson.can_point.then_some(point);
    let frame = html! { <PictureFrame {shown} {look} {point} /> };
    match fresh {
        true => frame,
        false => html! {
            <details class="k-picture-again">
                <summary>{ t!(w, "learn.picture.again") }</summary>
                { frame }
            </details>
        },
    }
}

#[derive(Properties, PartialEq)]
struct ProgressProps {
    shown: usize,
    at: usize,
    steps: usize,
}

#[component]
fn Progress(props: &ProgressProps) -> Html {
    let w = use_words();
    html! {
        <p class="k-steps">
            <span>{ t!(w, "learn.step", step = props.shown + 1, steps = props.steps) }</span>
            <span class="k-steps-bars" aria-hidden="true">
                { for (0..props.steps).map(|i| {
                    let state = if i < props.at { "done" } else if i == props.at { "now" } else { "later" };
                    html! { <span key={i} class="k-steps-bar" data-state={state} data-shown={(i == props.shown).to_string()} /> }
                }) }
            </span>
        </p>
    }
}

#[derive(Properties, PartialEq)]
struct QuestionProps {
    predict: PredictView,
}

#[component]
fn Question(props: &QuestionProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let predict = &props.predict;
    let answered = predict.chosen.is_some();
    html! {
        <fieldset class="k-question">
            <legend>{ t!(w, "learn.expect") }<span>{ &*predict.question }</span></legend>
            { for predict.choices.iter().enumerate().map(|(i, choice)| {
                let dispatch = dispatch.clone();
                let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(Act::Choose(i))));
                let chosen = predict.chosen == Some(i);
                let right = answered && i == predict.right;
                let state = match (right, chosen) {
                    (true, true) => t!(w, "learn.choice.both"),
                    (true, false) => t!(w, "learn.choice.right"),
                    (false, true) => t!(w, "learn.choice.yours"),
                    _ => String::new(),
                };
                html! {
                    <button
                        key={i}
                        type="button"
                        class="k-choice"
                        data-right={right.to_string()}
                        aria-pressed={chosen.to_string()}
                        disabled={answered}
                        {onclick}
                    >
                        <span class="k-choice-mark" aria-hidden="true">
                            if right { { icon(Icon::Right) } } else if chosen { { icon(Icon::Close) } }
                        </span>
                        <span>{ &**choice }</span>
                        if !state.is_empty() { <span class="k-choice-state">{ state }</span> }
                    </button>
                }
            }) }
            <div role="status">
                if let Some(chosen) = predict.chosen {
                    <p class="k-outcome"><strong>{ if chosen == predict.right { t!(w, "learn.right") } else { t!(w, "learn.wrong") } }</strong></p>
                    <Text text={predict.because.clone()} />
                }
            </div>
        </fieldset>
    }
}

#[derive(Properties, PartialEq)]
struct GoalsProps {
    goals: Vec<GoalView>,
    asks_first: bool,
}

#[component]
fn Goals(props: &GoalsProps) -> Html {
    let w = use_words();
    html! {
        <section class="k-goals">
            <h4>{ t!(w, "learn.goals") }</h4>
            if props.asks_first {
                <p class="k-soft">{ t!(w, "learn.asks") }</p>
            }
            <ul>
                { for props.goals.iter().enumerate().map(|(i, goal)| {
                    let (state, word) = match goal.standing {
                        Standing::Met => ("met", t!(w, "goal.met")),
                        Standing::NotYet => ("not-yet", t!(w, "goal.not-yet")),
                        Standing::Failed => ("failed", t!(w, "goal.failed")),
                    };
                    html! {
                        <li key={i} class="k-goal" data-state={state}>
                            <span class="k-goal-mark" aria-hidden="true">
                                { match goal.standing {
                                    Standing::Met => icon(Icon::Right),
                                    Standing::Failed => icon(Icon::Close),
                                    Standing::NotYet => Html::default(),
                                } }
                            </span>
                            <span class="k-goal-text">{ &*goal.text }</span>
                            <span class="k-goal-state">
                                <strong>{ word }</strong>
                                if !goal.missing.is_empty() { { ": " }{ w.say(&goal.missing) } }
                            </span>
                        </li>
                    }
                }) }
            </ul>
        </section>
    }
}
