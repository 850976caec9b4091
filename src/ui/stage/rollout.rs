//! To be drawn.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::Shared;
use crate::app::view::rollout::RolloutView;
use crate::sim::Time;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<RolloutView>,
    pub now: Time,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn RolloutStage(_props: &Props) -> Html {
    html! { <div class="k-rollout" /> }
}
