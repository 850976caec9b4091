//! What is wrong with the text, as a list: each entry leads to its place.

use yew::prelude::*;

use crate::app::editing::{Diagnosis, Severity};
use crate::app::{Shared, words};
use crate::ui::icons::{Icon, icon};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub diagnosis: Shared<Diagnosis>,
    /// Shows a place: bytes from and to.
    pub go_to: Callback<(usize, usize)>,
}

#[component]
pub fn Problems(props: &Props) -> Html {
    let problems = &props.diagnosis.problems;
    if problems.is_empty() {
        return Html::default();
    }
    let errors = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    let mut title = Vec::new();
    if errors > 0 {
        title.push(words::count(errors + props.diagnosis.more, "error"));
    }
    if warnings > 0 {
        title.push(words::count(warnings, "warning"));
    }
    html! {
        <section class="k-problems" aria-label="Problems in this file">
            <h2 class="k-problems-title">{ title.join(", ") }</h2>
            <ul>
                { for problems.iter().map(|problem| {
                    let (go_to, place) = (props.go_to.clone(), (problem.start, problem.end));
                    let (sign, word) = match problem.severity {
                        Severity::Error => (Icon::Wrong, "Error"),
                        Severity::Warning => (Icon::Warning, "Warning"),
                    };
                    html! {
                        <li>
                            <button
                                type="button"
                                class={format!("k-problem k-problem--{}", problem.severity.name())}
                                onclick={Callback::from(move |_: MouseEvent| go_to.emit(place))}
                            >
                                { icon(sign) }
                                <span class="k-unseen">{ word }</span>
                                <span class="k-problem-place">{ format!("Line {}", problem.line) }</span>
                                <span class="k-problem-words">{ &*problem.message }</span>
                            </button>
                        </li>
                    }
                }) }
            </ul>
            if props.diagnosis.more > 0 {
                <p class="k-problems-more">{ format!("and {} more", props.diagnosis.more) }</p>
            }
        </section>
    }
}
