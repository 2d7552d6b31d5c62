//! Contents of an opened file, before it replaces anything.

use crate::protocol::FileSummary;
use crate::ui::numbers;
use crate::ui::settings;
use crate::ui::store::Store;
use kindling::data::catalog;
use leptos::html;
use leptos::prelude::*;

/// The dialog.
#[component]
pub fn FileDialog(store: Store) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let is_open = store.opened_file.with(Option::is_some);
        let Some(dialog) = dialog.get() else { return };
        if is_open && !dialog.open() {
            // A dialog in the document can be shown.
            let _ = dialog.show_modal();
        } else if !is_open && dialog.open() {
            dialog.close();
        }
    });
    let body = move || store.opened_file.get().map(|file| view! { <Summary store file /> });
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="file-dialog-title" on:close=move |_| store.opened_file.set(None)>
            {body}
        </dialog>
    }
}

#[component]
fn Summary(store: Store, file: FileSummary) -> impl IntoView {
    let kind = if file.run.is_some() { "Checkpoint" } else { "Model" };
    let metrics = file.metrics.iter().map(|(name, value)| {
        let value = if name.contains("accuracy") { numbers::percent(*value) } else { numbers::amount(*value) };
        (name.replace('_', " "), value)
    });
    let mut facts = vec![
        ("model".to_owned(), file.model.clone()),
        ("input".to_owned(), numbers::shape(&file.input)),
        ("parameters".to_owned(), numbers::count(file.parameters)),
        ("classes".to_owned(), file.classes.join(", ")),
    ];
    facts.extend(metrics);
    if let Some(run) = &file.run {
        facts.push(("step".to_owned(), numbers::whole(run.step)));
        facts.push(("epochs finished".to_owned(), format!("{} of {}", run.epoch, run.spec.epochs)));
    }
    let changes = file.run.as_ref().map(|run| {
        let differences = settings::differences(&untrack(|| store.draft.run_spec()), &run.spec);
        let rows =
            differences.into_iter().filter(|(name, ..)| name != "layers" && name != "model").map(|(name, old, new)| {
                view! {
                    <tr>
                        <th scope="row">{name}</th>
                        <td>{old}</td>
                        <td>{new}</td>
                    </tr>
                }
            });
        let rows = rows.collect::<Vec<_>>();
        (!rows.is_empty()).then(|| {
            view! {
                <table class="table">
                    <caption>"Settings that would change"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"setting"</th>
                            <th scope="col">"here"</th>
                            <th scope="col">"in the file"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
        })
    });
    let facts =
        facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view();
    let source = untrack(|| store.data_of(&file));
    let mismatch = file.mismatch.clone().filter(|_| source.is_none());
    let blocked = mismatch.is_some();
    let action = match source.as_ref().and_then(|source| catalog::find(source.kind.name())) {
        Some(set) => format!("Load {} and use it", set.title),
        None => "Use it".to_owned(),
    };
    view! {
        <h2 id="file-dialog-title">{kind} " in " {file.file.clone()}</h2>
        <dl class="facts">{facts}</dl>
        <details>
            <summary>"Layers"</summary>
            <pre class="listing" tabindex="0">{file.layers.clone()}</pre>
        </details>
        {changes}
        {mismatch.map(|why| view! { <p class="mismatch">{why}</p> })}
        <div class="dialog-buttons">
            <button class="button" type="button" on:click=move |_| store.opened_file.set(None)>"Cancel"</button>
            <button class="button primary" type="button" disabled=blocked on:click=move |_| store.use_file()>
                {action}
            </button>
        </div>
    }
}
