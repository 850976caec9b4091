//! To be drawn.

use std::rc::Rc;

use yew::prelude::*;

use crate::app::Shared;
use crate::app::view::ownership::OwnershipView;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: Shared<OwnershipView>,
    pub selected: Option<Rc<str>>,
}

#[component]
pub fn OwnershipStage(_props: &Props) -> Html {
    html! { <div class="k-ownership" /> }
}
