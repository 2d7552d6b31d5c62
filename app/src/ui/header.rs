//! The bar at the top: name, tabs, device, sharing, files, color scheme.

use super::files::{FileMenu, ShareButton};
use super::route::{Tab, TabLink};
use super::store::{Status, Store};
use super::theme::ThemeButton;
use crate::hardware_text;
use crate::protocol::{DeviceKind, Hardware};
use leptos::prelude::*;

/// The bar.
#[component]
pub fn Header(store: Store, tab: RwSignal<Tab>) -> impl IntoView {
    let links = Tab::ALL.into_iter().map(|to| view! { <TabLink tab=to open=tab /> }).collect_view();
    view! {
        <header class="bar">
            <a class="brand" href="./" aria-label="Kindling, start page">
                <Flame />
                <span>"Kindling"</span>
            </a>
            <nav class="nav" aria-label="Tabs">{links}</nav>
            <Chip store />
            <ShareButton store />
            <FileMenu store />
            <ThemeButton />
        </header>
    }
}

/// Name and kind of the current device.
#[component]
fn Chip(store: Store) -> impl IntoView {
    let text = move || match (store.device.get(), store.status.get()) {
        (_, Status::Failed(_)) => ("Engine stopped".to_owned(), ""),
        (Some(device), status) => {
            let name = match (&status, device.kind) {
                // The browser's name for the adapter is more specific than the engine's.
                (Status::Known(hardware @ (Hardware::Gpu(_) | Hardware::Software(_))), kind)
                    if kind != DeviceKind::Cpu =>
                {
                    hardware_text::describe(hardware).name
                }
                _ => device.name,
            };
            let kind = match device.kind {
                DeviceKind::Hardware | DeviceKind::Unknown => "WebGPU",
                DeviceKind::Software => "software WebGPU",
                DeviceKind::Cpu => "WebAssembly",
            };
            (name, kind)
        }
        (None, Status::Known(hardware)) => {
            let described = hardware_text::describe(&hardware);
            (described.name, described.kind)
        }
        (None, Status::Detecting) => ("…".to_owned(), ""),
    };
    let shown = move || match (store.device.get(), store.status.get()) {
        (_, Status::Failed(_)) => "failed",
        (Some(device), _) => match device.kind {
            DeviceKind::Hardware | DeviceKind::Unknown => "gpu",
            DeviceKind::Software => "software",
            DeviceKind::Cpu => "cpu",
        },
        (None, status) => kind(&status),
    };
    let meaning = move || match store.status.get() {
        Status::Known(hardware) => hardware_text::describe(&hardware).explanation,
        Status::Detecting => "Detecting the GPU".to_owned(),
        Status::Failed(reason) => reason,
    };
    view! {
        <span class="chip" data-kind=shown title=meaning>
            <span class="dot" aria-hidden="true"></span>
            <span class="chip-name">{move || text().0}</span>
            <span class="chip-kind">{move || text().1}</span>
        </span>
    }
}

/// Returns the status's name in the style sheet.
pub fn kind(status: &Status) -> &'static str {
    match status {
        Status::Detecting => "detecting",
        Status::Known(Hardware::Gpu(_)) => "gpu",
        Status::Known(Hardware::Software(_)) => "software",
        Status::Known(Hardware::Cpu(_)) => "cpu",
        Status::Failed(_) => "failed",
    }
}

#[component]
fn Flame() -> impl IntoView {
    view! {
        <svg class="flame" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12.6 2c.6 3.4-1 5.1-2.7 7C8.1 11 6 13 6 16a6.2 6.2 0 0 0 12.4 0c0-2.5-1.1-4.4-2.3-6-.2 1.5-.8 2.5-1.9 3.1.7-3.9-.1-8.2-1.6-11.1Z" />
        </svg>
    }
}
