//! The scheduler's decision: who was refused and why, and what each plugin gave the others.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::inspect::Decision;
use crate::app::{Text, Words, say};
use crate::ui::words::{t, use_words};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub decision: Rc<Decision>,
}

#[component]
pub fn Verdict(props: &Props) -> Html {
    let w = use_words();
    let decision = &props.decision;
    html! {
        <div class="k-verdict">
            if decision.attempt > 1 {
                <p class="k-soft">{ t!(w, "verdict.attempt", n = decision.attempt) }</p>
            }
            if !decision.message.is_empty() {
                <p class="k-beat-detail" lang="en">{ &*decision.message }</p>
            }
            if !decision.preemption.is_empty() {
                <p class="k-beat-detail" lang="en">{ &*decision.preemption }</p>
            }
            if !decision.refused.is_empty() {
                <h3 class="k-heading">{ t!(w, "verdict.refused") }</h3>
                <ul class="k-refused">
                    { for decision.refused.iter().map(|group| {
                        let names = group.nodes.iter().take(8).map(Text::from);
                        let more = group.nodes.len().saturating_sub(8);
                        html! {
                            <li>
                                <strong>{ w.say(&Text::list(names)) }</strong>
                                if more > 0 { { " " }{ t!(w, "more", n = more) } }
                                { format!(": {}", group.reason) }
                                <span class="k-soft">{ format!(" ({})", group.plugin) }</span>
                            </li>
                        }
                    }) }
                </ul>
            }
            if !decision.candidates.is_empty() {
                <h3 class="k-heading">{ w.say(&title(decision)) }</h3>
                { scores(&w, decision) }
            }
            if decision.more > 0 {
                <p class="k-soft">{ t!(w, "more", n = decision.more) }</p>
            }
        </div>
    }
}

fn title(decision: &Decision) -> Text {
    match (
        decision.candidates.len() + decision.more,
        decision.plugins.is_empty(),
    ) {
        (1, true) => say!("verdict.only"),
        (n, _) => say!("verdict.scores", n = n),
    }
}

/// One row per plugin and one column per node would not fit: nodes are rows.
fn scores(w: &Words, decision: &Decision) -> Html {
    let best = decision
        .candidates
        .iter()
        .map(|c| c.total)
        .max()
        .unwrap_or(1)
        .max(1);
    html! {
        <ul class="k-scores">
            { for decision.candidates.iter().map(|candidate| {
                let share = candidate.total * 100 / best;
                let parts: Vec<String> = decision
                    .plugins
                    .iter()
                    .zip(&candidate.scores)
                    .map(|((plugin, weight), score)| match weight {
                        1 => format!("{plugin} {score}"),
                        weight => format!("{plugin} {score} × {weight}"),
                    })
                    .collect();
                html! {
                    <li class={classes!("k-score", candidate.chosen.then_some("is-chosen"))}>
                        <p class="k-score-head">
                            <strong>{ &*candidate.node }</strong>
                            if candidate.chosen { <span class="k-chip">{ t!(w, "verdict.chosen") }</span> }
                            <span class="k-number k-score-total">{ candidate.total }</span>
                        </p>
                        <div class="k-score-bar" aria-hidden="true">
                            <span style={format!("--k-level:{}", f64::from(u32::try_from(share).unwrap_or(0)) / 100.0)} />
                        </div>
                        if !parts.is_empty() {
                            <p class="k-soft">{ parts.join(", ") }</p>
                        }
                    </li>
                }
            }) }
        </ul>
    }
}
