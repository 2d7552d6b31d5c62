//! Learn: PyTorch's introduction, next to controls that run each part on the real engine.

use crate::ui::inside::{Graph, Step};
use crate::ui::numbers;
use crate::ui::store::{Phase, Store, View};
use leptos::prelude::*;

const LOOP: &str = "for inputs, labels in loader:
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = criterion(outputs, labels)
    loss.backward()
    optimizer.step()";

const AUTOGRAD: &str = "x = torch.ones(5)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = cross_entropy(z, y)
loss.backward()
w.grad, b.grad";

const NETWORK: &str = "class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        …";

/// The tab.
#[component]
pub fn Learn(store: Store) -> impl IntoView {
    view! {
        <div class="page learn">
            <h1>"Learn"</h1>
            <p class="lead">
                "The ideas of PyTorch’s introduction, each with its code, what Kindling does for it, and something to press. What you press runs on the engine in this tab, with the model and data of the playground."
            </p>
            <Network store />
            <Loop store />
            <Autograd store />
        </div>
    }
}

/// A section: text and code on the left, the engine on the right.
#[component]
fn Section(
    id: &'static str,
    title: &'static str,
    code: &'static str,
    words: Vec<&'static str>,
    children: Children,
) -> impl IntoView {
    let paragraphs = words.into_iter().map(|words| view! { <p>{words}</p> }).collect_view();
    view! {
        <section class="lesson" aria-labelledby=id>
            <div class="lesson-words">
                <h2 id=id>{title}</h2>
                {paragraphs}
                <pre class="listing" tabindex="0" aria-label="PyTorch"><code>{code}</code></pre>
            </div>
            <div class="panel lesson-press">{children()}</div>
        </section>
    }
}

#[component]
fn Network(store: Store) -> impl IntoView {
    let rows = move || {
        let summary = store.draft.summary.get();
        let rows = summary.rows.into_iter().map(|row| {
            let output = row.output.map_or_else(|why| why, |shape| numbers::shape(&shape));
            view! {
                <tr>
                    <th scope="row">{row.kind}</th>
                    <td>{numbers::shape(&row.input)}</td>
                    <td>{output}</td>
                    <td>{numbers::count(row.parameters)}</td>
                </tr>
            }
        });
        rows.collect_view()
    };
    let words = move || format!("{} parameters in all", numbers::count(store.draft.summary.with(|s| s.parameters)));
    view! {
        <Section
            id="network"
            title="Building a network"
            code=NETWORK
            words=vec![
                "A network is a chain of layers. Each takes a tensor of one shape and gives one of another; a convolution’s output is smaller than its input by the kernel less one, pooling by two halves it.",
                "Kindling infers every shape without running anything. A layer that does not fit is known at once, and with it the number that would make it fit.",
            ]
        >
            <p class="press">
                <button class="button" type="button" on:click=move |_| {
                    if let Err(reason) = store.draft.choose_preset("cifar-intro") {
                        store.tell(true, reason);
                    }
                }>"This network"</button>
                <button class="button" type="button" on:click=move |_| {
                    if let Err(reason) = store.draft.choose_preset("mlp") {
                        store.tell(true, reason);
                    }
                }>"Without convolutions"</button>
                <span class="quiet">{words}</span>
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Shapes">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"layer"</th>
                            <th scope="col">"takes"</th>
                            <th scope="col">"gives"</th>
                            <th scope="col">"parameters"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Section>
    }
}

#[component]
fn Loop(store: Store) -> impl IntoView {
    let going = move || matches!(store.run.phase.get(), Phase::Going | Phase::Starting);
    view! {
        <Section
            id="loop"
            title="The training loop"
            code=LOOP
            words=vec![
                "Five lines train every network: clear the gradients, look at a batch, say how wrong it was, find out how each parameter contributed, move each a little the other way.",
                "Kindling records these five lines once, plans them as a handful of kernels, and sends each step to the device as one piece. Press the button: one batch passes through, and you see how large activations, gradients and the optimizer’s changes were in every layer.",
            ]
        >
            <p class="press">
                <button class="button primary" type="button" disabled=going on:click=move |_| store.step()>
                    "Run the five lines once"
                </button>
            </p>
            <Step store />
        </Section>
    }
}

#[component]
fn Autograd(store: Store) -> impl IntoView {
    let ready = move || matches!(store.run.phase.get(), Phase::Paused | Phase::Going | Phase::Ended(_));
    let show = move |_| {
        store.inside.view.set(View::Graph);
        store.look();
    };
    view! {
        <Section
            id="autograd"
            title="Autograd and its graph"
            code=AUTOGRAD
            words=vec![
                "Every operation on a tensor that requires a gradient is remembered. backward() walks that memory from the loss to the parameters and multiplies derivatives along the way: the chain rule, kept as a graph.",
                "The functions have PyTorch’s names, because they are PyTorch’s functions. Make a step first, then look at the graph that it left.",
            ]
        >
            <p class="press">
                <button class="button" type="button" disabled=move || !ready() on:click=show>
                    "Show the graph of the last step"
                </button>
            </p>
            <Show when=move || store.inside.graph.with(Option::is_some)>
                <Graph store />
            </Show>
        </Section>
    }
}
