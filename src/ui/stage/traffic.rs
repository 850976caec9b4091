//! To be drawn.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::Shared;
use crate::app::view::traffic::TrafficView;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<TrafficView>,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn TrafficStage(_props: &Props) -> Html {
    html! { <div class="k-traffic" /> }
}
