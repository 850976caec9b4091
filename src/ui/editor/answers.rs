//! What applying a file was answered with. It stays until the next time.

use yew::prelude::*;

use crate::app::{Applied, Shared, Tone, Words};
use crate::ui::icons::{Icon, icon};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub applied: Shared<Applied>,
}

#[component]
pub fn Answers(props: &Props) -> Html {
    let w = use_words();
    match props.applied.lines.is_empty() {
        true => Html::default(),
        false => section(&props.applied, &w),
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn section(applied: &Applied, w: &Words) -> Html {
    html! {
        <section class="k-answers" aria-label={t!(w, "answers.label")}>
            <h2 class="k-answers-title">
                { "kubectl apply -f " }{ &*applied.file }
            </h2>
            <ul>
                { for applied.lines.iter().map(|line| {
                    let (class, sign, word) = match line.tone {
                        Tone::Good => ("k-answer k-answer--good", Icon::Right, t!(w, "answers.good")),
                        Tone::Warning => ("k-answer k-answer--warning", Icon::Warning, t!(w, "answers.warning")),
                        Tone::Bad => ("k-answer k-answer--bad", Icon::Wrong, t!(w, "answers.bad")),
                    };
                    html! {
                        <li {class}>
                            { icon(sign) }
                            <span class="k-unseen">{ word }</span>
                            <span lang="en">{ &*line.text }</span>
                        </li>
                    }
                }) }
            </ul>
            if !applied.left_out.is_empty() {
                <div class="k-left-out">
                    <p class="k-left-out-title">{ t!(w, "inert.count", n = applied.left_out.len()) }</p>
                    <ul>
                        { for applied.left_out.iter().map(|left| html! {
                            <li class="k-answer k-answer--warning">
                                { icon(Icon::Warning) }
                                <span>
                                    { t!(w, "inert.place", file = &left.file, line = left.line, object = &left.object) }
                                    { " " }
                                    <span class="k-brought-words">{ w.say(&left.why) }</span>
                                </span>
                            </li>
                        }) }
                    </ul>
                </div>
            }
        </section>
    }
}
