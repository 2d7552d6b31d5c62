//! The model as text, with notes next to each line.

use crate::ui::numbers;
use crate::ui::store::Store;
use kindling::train::ModelSpec;
use leptos::html;
use leptos::prelude::*;

/// Note next to a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Note {
    shape: String,
    parameters: String,
    error: Option<String>,
}

/// The editor.
#[component]
pub fn Code(store: Store) -> impl IntoView {
    let draft = store.draft;
    let area = NodeRef::<html::Textarea>::new();
    let notes = Memo::new(move |_| {
        draft.text.with(|text| {
            let mut notes = vec![Note::default(); text.lines().count().max(1)];
            if let Some(error) = draft.text_error.get() {
                let last = notes.len() - 1;
                notes[(error.line - 1).min(last)].error = Some(error.why);
                return notes;
            }
            let lines = ModelSpec::parse(text).map(|parsed| parsed.lines).unwrap_or_default();
            draft.summary.with(|summary| {
                for (row, line) in summary.rows.iter().zip(lines) {
                    let Some(note) = notes.get_mut(line - 1) else { continue };
                    match &row.output {
                        Ok(shape) => note.shape = numbers::shape(shape),
                        Err(why) => note.error = Some(why.clone()),
                    }
                    if row.parameters > 0 {
                        note.parameters = numbers::count(row.parameters);
                    }
                }
            });
            notes
        })
    });
    let tab = move |event: web_sys::KeyboardEvent| {
        // Escape and then Tab leave the field; Tab alone indents nothing, so that keyboard users
        // are not trapped.
        if event.key() == "Enter"
            && let Some(area) = area.get_untracked()
            && let Some(indented) = indent_next(&area.value(), area.selection_start().ok().flatten())
        {
            event.prevent_default();
            let (text, at) = indented;
            area.set_value(&text);
            // The caret is within the text just set.
            let _ = area.set_selection_range(at, at);
            draft.typed(text);
        }
    };
    let rows = move || notes.with(|notes| notes.len() + 1);
    let gutter = move || {
        let notes = notes.get().into_iter();
        notes
            .map(|note| {
                view! {
                    <li class="note" class:wrong=note.error.is_some() title=note.error.clone().unwrap_or_default()>
                        <span class="block-shape">{note.error.clone().map_or(note.shape, |_| "does not fit".into())}</span>
                        <span class="block-parameters">{note.parameters}</span>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="code">
            <textarea
                class="code-text"
                node_ref=area
                aria-label="Layers, one per line, as in PyTorch"
                aria-invalid=move || draft.text_error.with(Option::is_some).to_string()
                spellcheck="false"
                autocomplete="off"
                autocapitalize="off"
                wrap="off"
                rows=rows
                prop:value=move || draft.text.get()
                on:input=move |event| draft.typed(event_target_value(&event))
                on:keydown=tab
            ></textarea>
            <ol class="notes" aria-label="Shape and parameters of each line">{gutter}</ol>
        </div>
    }
}

/// Inserts a new line at the caret, indented like the one before, one level deeper after a brace;
/// positions are in UTF-16 units.
fn indent_next(text: &str, caret: Option<u32>) -> Option<(String, u32)> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let caret = caret? as usize;
    let before = String::from_utf16(units.get(..caret)?).ok()?;
    let after = String::from_utf16(&units[caret..]).ok()?;
    let line = before.rsplit('\n').next()?;
    let mut indent: String = line.chars().take_while(|c| *c == ' ').collect();
    if line.trim_end().ends_with('{') {
        indent.push_str("    ");
    }
    let at = caret + 1 + indent.len();
    Some((format!("{before}\n{indent}{after}"), at as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_line_is_indented() {
        assert_eq!(indent_next("  a: ReLU()", Some(11)), Some(("  a: ReLU()\n  ".into(), 14)));
        assert_eq!(indent_next("Residual {\n}", Some(10)), Some(("Residual {\n    \n}".into(), 15)));
        assert_eq!(indent_next("", None), None);
    }
}
