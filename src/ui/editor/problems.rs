//! What is wrong with the text, as a list: each entry leads to its place.

use yew::prelude::*;

use crate::app::editing::{Diagnosis, Severity};
use crate::app::{Shared, Text, Words, say};
use crate::ui::icons::{Icon, icon};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub diagnosis: Shared<Diagnosis>,
    /// Shows a place: bytes from and to.
    pub go_to: Callback<(usize, usize)>,
}

#[component]
pub fn Problems(props: &Props) -> Html {
    let w = use_words();
    match props.diagnosis.problems.is_empty() {
        true => Html::default(),
        false => section(props, &w),
    }
}

#[inline(never)] // it waits in the second file of the wasm until somebody wants it
fn section(props: &Props, w: &Words) -> Html {
    let problems = &props.diagnosis.problems;
    let errors = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    let mut title = Vec::new();
    if errors > 0 {
        title.push(say!("problems.errors", n = errors + props.diagnosis.more));
    }
    if warnings > 0 {
        title.push(say!("problems.warnings", n = warnings));
    }
    html! {
        <section class="k-problems" aria-label={t!(w, "problems.label")}>
            <h2 class="k-problems-title">{ w.say(&Text::list(title)) }</h2>
            <ul>
                { for problems.iter().map(|problem| {
                    let (go_to, place) = (props.go_to.clone(), (problem.start, problem.end));
                    let (sign, word) = match problem.severity {
                        Severity::Error => (Icon::Wrong, t!(w, "problems.error")),
                        Severity::Warning => (Icon::Warning, t!(w, "problems.warning")),
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
                                <span class="k-problem-place">{ t!(w, "problems.line", n = problem.line) }</span>
                                <span class="k-problem-words">{ w.say(&problem.message) }</span>
                            </button>
                        </li>
                    }
                }) }
            </ul>
            if props.diagnosis.more > 0 {
                <p class="k-problems-more">{ t!(w, "problems.more", n = props.diagnosis.more) }</p>
            }
        </section>
    }
}
