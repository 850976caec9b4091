//! A row of tabs, as the ARIA pattern has them: arrows move, Home and End jump.

use yew::prelude::*;

use super::hooks::focus;

#[derive(Clone, PartialEq)]
pub struct Tab {
    /// Also the end of the element's id.
    pub name: AttrValue,
    pub label: AttrValue,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What the tabs choose between.
    pub label: AttrValue,
    /// Begins the ids: the tab is `{id}-tab-{name}`, what it shows `{id}-panel`.
    pub id: AttrValue,
    pub tabs: Vec<Tab>,
    pub chosen: usize,
    pub choose: Callback<usize>,
}

#[component]
pub fn Tabs(props: &Props) -> Html {
    let onkeydown = {
        let (choose, chosen) = (props.choose.clone(), props.chosen);
        let ids: Vec<String> = props.tabs.iter().map(|t| tab_id(&props.id, t)).collect();
        Callback::from(move |event: KeyboardEvent| {
            let last = ids.len().saturating_sub(1);
            let to = match event.key().as_str() {
                "ArrowRight" if chosen >= last => 0,
                "ArrowRight" => chosen + 1,
                "ArrowLeft" if chosen == 0 => last,
                "ArrowLeft" => chosen - 1,
                "Home" => 0,
                "End" => last,
                _ => return,
            };
            event.prevent_default();
            choose.emit(to);
            if let Some(id) = ids.get(to) {
                focus(id);
            }
        })
    };
    html! {
        <div class="k-tabs" role="tablist" aria-label={props.label.clone()} {onkeydown}>
            { for props.tabs.iter().enumerate().map(|(i, tab)| {
                let chosen = i == props.chosen;
                let onclick = {
                    let choose = props.choose.clone();
                    Callback::from(move |_: MouseEvent| choose.emit(i))
                };
                html! {
                    <button
                        key={tab.name.to_string()}
                        type="button"
                        role="tab"
                        class="k-tab"
                        id={tab_id(&props.id, tab)}
                        aria-selected={if chosen { "true" } else { "false" }}
                        aria-controls={format!("{}-panel", props.id)}
                        tabindex={if chosen { "0" } else { "-1" }}
                        {onclick}
                    >
                        { tab.label.clone() }
                    </button>
                }
            }) }
        </div>
    }
}

pub fn tab_id(id: &str, tab: &Tab) -> String {
    format!("{id}-tab-{}", tab.name)
}
