//! The open tab, as an address (`?tab=runs`) that can be linked and reopened. Share links use the
//! hash, so tabs use the query, which needs no routes on the server.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::MouseEvent;

/// A tab of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Data, model, training, inspection.
    Playground,
    /// Stored runs.
    Runs,
    /// Lessons.
    Learn,
    /// Hardware and measurements.
    Device,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Tab; 4] = [Tab::Playground, Tab::Runs, Tab::Learn, Tab::Device];

    /// Returns the tab's name.
    pub fn name(self) -> &'static str {
        match self {
            Tab::Playground => "Playground",
            Tab::Runs => "Runs",
            Tab::Learn => "Learn",
            Tab::Device => "Device",
        }
    }

    /// Returns its address, relative to the page.
    pub fn address(self) -> &'static str {
        match self {
            Tab::Playground => "./",
            Tab::Runs => "./?tab=runs",
            Tab::Learn => "./?tab=learn",
            Tab::Device => "./?tab=device",
        }
    }

    /// Parses the tab of an address's query.
    fn of(query: &str) -> Tab {
        let wanted = |tab: &Tab| tab.address().split_once('?').is_some_and(|(_, q)| query.contains(q));
        Tab::ALL.into_iter().find(wanted).unwrap_or(Tab::Playground)
    }
}

/// Returns the open tab, which follows the browser's back and forward.
pub fn route() -> RwSignal<Tab> {
    let here = || Tab::of(&window().location().search().unwrap_or_default());
    let tab = RwSignal::new(here());
    let back = window_event_listener(leptos::ev::popstate, move |_| tab.set(here()));
    on_cleanup(move || back.remove());
    tab
}

/// A link to a tab.
#[component]
pub fn TabLink(tab: Tab, open: RwSignal<Tab>) -> impl IntoView {
    let go = move |event: MouseEvent| {
        // Clicks that open another window or tab are left to the browser.
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0 {
            return;
        }
        event.prevent_default();
        if open.get_untracked() != tab {
            let history = window().history();
            // A relative address of the same origin can always be pushed.
            let _ = history.and_then(|h| h.push_state_with_url(&JsValue::NULL, "", Some(tab.address())));
            open.set(tab);
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    };
    view! {
        <a
            class="nav-link"
            href=tab.address()
            aria-current=move || (open.get() == tab).then_some("page")
            on:click=go
        >
            {tab.name()}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_to_their_tabs() {
        for tab in Tab::ALL {
            let query = tab.address().trim_start_matches("./");
            assert_eq!(Tab::of(query), tab);
        }
        assert_eq!(Tab::of("?x=1&tab=learn"), Tab::Learn);
        assert_eq!(Tab::of("?tab=nothing"), Tab::Playground);
    }
}
