//! The lesson that is written: what is wrong with it, what it will look like, and its check.

use yew::prelude::*;

use super::load::download;
use super::picture::PictureFrame;
use super::text::Text;
use crate::app::learn::{Act, AuthorView, PredictView};
use crate::app::share::What;
use crate::app::{Msg, Words};
use crate::ui::browser;
use crate::ui::runtime::{use_dispatch, use_runtime};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: AuthorView,
}

#[component]
pub fn AuthorPane(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    let runtime = use_runtime();
    let view = &props.view;
    let send = |act: Act| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Learn(act.clone())))
    };
    let save = Callback::from(move |_: MouseEvent| {
        let file = runtime
            .as_ref()
            .and_then(|r| r.model().files.current().cloned());
        if let Some(file) = file {
            download(&file.name, &file.text);
        }
    });
    let link = {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| {
            dispatch.emit(Msg::Share(browser::page().into()));
            dispatch.emit(Msg::ShareWhat(What::Lesson));
        })
    };
    let reads = view.problems.is_empty();
    let checking = view.checking;
    html! {
        <div class="k-learn-body">
            <p class="k-soft">
                { t!(w, "learn.file") }{ " " }<code>{ &*view.file }</code>
            </p>
            <p class="k-learn-actions">
                <button
                    type="button"
                    class="k-button k-button--primary"
                    disabled={!reads || checking.is_some()}
                    title={t!(w, "learn.check.title")}
                    onclick={send(Act::Check)}
                >
                    { t!(w, "learn.check") }
                </button>
                <button type="button" class="k-button" disabled={!reads} onclick={send(Act::Try)}>{ t!(w, "learn.try") }</button>
                <button type="button" class="k-button" onclick={save}>{ t!(w, "learn.download") }</button>
                <button type="button" class="k-button" disabled={!reads} title={t!(w, "learn.link.title")} onclick={link}>
                    { t!(w, "learn.link") }
                </button>
            </p>
            <div role="status">
                if let Some((done, steps)) = checking {
                    <p>{ t!(w, "learn.checking", done = done, steps = steps) }</p>
                }
                if view.findings.is_some() {
                    <p class="k-outcome">
                        <strong>{ w.say(&view.verdict) }</strong>
                        if view.outdated { { " " }{ t!(w, "learn.outdated") } }
                    </p>
                }
            </div>
            if let Some(findings) = &view.findings {
                <ul class="k-findings">
                    { for findings.iter().enumerate().map(|(i, (line, words, bad))| html! {
                        <li key={i} data-bad={bad.to_string()}>
                            <strong>{ if *bad { t!(w, "learn.mend") } else { t!(w, "learn.note") } }</strong>
                            { " " }{ line_link(&w, *line, &send) }{ w.say(words) }
                        </li>
                    }) }
                </ul>
            }
            if !reads {
                <h3>{ t!(w, "learn.no-lesson") }</h3>
                <ul class="k-findings">
                    { for view.problems.iter().enumerate().map(|(i, (line, words))| html! {
                        <li key={i} data-bad="true">{ line_link(&w, *line, &send) }{ &**words }</li>
                    }) }
                </ul>
            } else {
                <h3 class="k-step-title">{ &*view.title }</h3>
                if let Some(shown) = &view.picture {
                    <PictureFrame shown={shown.clone()} look={view.look.clone()} />
                }
                { for view.steps.iter().enumerate().map(|(i, step)| html! {
                    <section key={i} class="k-preview">
                        <h4>{ format!("{}. {}", i + 1, step.title) }</h4>
                        <Text text={step.text.clone()} />
                        if let Some(shown) = &step.picture { <PictureFrame shown={shown.clone()} /> }
                        if let Some(predict) = &step.predict { { question(&w, predict) } }
                        if !step.goals.is_empty() {
                            <h5>{ t!(w, "learn.goals") }</h5>
                            <ul class="k-text">{ for step.goals.iter().map(|goal| html! { <li>{ &**goal }</li> }) }</ul>
                        }
                        { for step.hints.iter().map(|hint| html! {
                            <div class="k-hint"><span class="k-hint-name">{ t!(w, "learn.hint") }</span><Text text={hint.clone()} /></div>
                        }) }
                    </section>
                }) }
                if !view.done.is_empty() {
                    <section class="k-preview">
                        <h4>{ t!(w, "learn.lesson.done") }</h4>
                        <Text text={view.done.clone()} />
                    </section>
                }
            }
        </div>
    }
}

/// Where in the text it is, and the way there.
fn line_link(w: &Words, line: usize, send: &impl Fn(Act) -> Callback<MouseEvent>) -> Html {
    if line == 0 {
        return Html::default();
    }
    html! {
        <>
            <button type="button" class="k-line-link" onclick={send(Act::GoTo(line))}>{ t!(w, "learn.line", n = line) }</button>
            { " " }
        </>
    }
}

/// A question as it stands when it has been answered right.
fn question(w: &Words, predict: &PredictView) -> Html {
    html! {
        <>
            <h5>{ t!(w, "learn.expect") }</h5>
            <p>{ &*predict.question }</p>
            <ul class="k-text">
                { for predict.choices.iter().enumerate().map(|(i, choice)| html! {
                    <li key={i}>
                        { &**choice }
                        if i == predict.right { { " " }<strong>{ format!("({})", t!(w, "learn.choice.right")) }</strong> }
                    </li>
                }) }
            </ul>
            <Text text={predict.because.clone()} />
        </>
    }
}
