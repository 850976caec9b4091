//! Messages that stay until they are read, and the region that screen readers listen to.

use yew::prelude::*;

use super::icons::{Icon, icon};
use super::runtime::use_dispatch;
use super::words::{t, use_words};
use crate::app::{Msg, Notice, Shared, Spoken};

#[derive(Properties, PartialEq)]
pub struct NoticesProps {
    pub notices: Shared<Vec<Notice>>,
}

#[component]
pub fn Notices(props: &NoticesProps) -> Html {
    let dispatch = use_dispatch();
    let w = use_words();
    html! {
        <div class="k-notices">
            { for props.notices.iter().map(|notice| {
                let (dispatch, id) = (dispatch.clone(), notice.id);
                let onclick = Callback::from(move |_: MouseEvent| dispatch.emit(Msg::Dismiss(id)));
                let class = if notice.bad { "k-notice k-notice--bad" } else { "k-notice" };
                html! {
                    <div key={notice.id} {class} role="alert">
                        <p>{ w.say(&notice.text) }</p>
                        <button type="button" class="k-button k-button--quiet"
                            aria-label={t!(w, "notice.dismiss")} {onclick}>
                            { icon(Icon::Close) }
                        </button>
                    </div>
                }
            }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct SpokenProps {
    pub spoken: Shared<Spoken>,
}

#[component]
pub fn LiveRegion(props: &SpokenProps) -> Html {
    let w = use_words();
    html! {
        <div class="k-unseen" role="status" aria-live="polite" aria-atomic="true">
            <span key={props.spoken.serial}>{ w.say(&props.spoken.text) }</span>
        </div>
    }
}
