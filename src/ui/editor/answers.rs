//! What applying a file was answered with. It stays until the next time.

use yew::prelude::*;

use crate::app::{Applied, Shared, Tone};
use crate::ui::icons::{Icon, icon};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub applied: Shared<Applied>,
}

#[component]
pub fn Answers(props: &Props) -> Html {
    let applied = &props.applied;
    if applied.lines.is_empty() {
        return Html::default();
    }
    html! {
        <section class="k-answers" aria-label="Answers of the API server">
            <h2 class="k-answers-title">
                { "kubectl apply -f " }{ &*applied.file }
            </h2>
            <ul>
                { for applied.lines.iter().map(|line| {
                    let (class, sign, word) = match line.tone {
                        Tone::Good => ("k-answer k-answer--good", Icon::Right, "Done"),
                        Tone::Warning => ("k-answer k-answer--warning", Icon::Warning, "Warning"),
                        Tone::Bad => ("k-answer k-answer--bad", Icon::Wrong, "Error"),
                    };
                    html! {
                        <li {class}>
                            { icon(sign) }
                            <span class="k-unseen">{ word }</span>
                            <span>{ &*line.text }</span>
                        </li>
                    }
                }) }
            </ul>
        </section>
    }
}
