//! Learn: PyTorch's introduction, with controls that run each part on the engine.

use crate::ui::inspection::{Graph, Step};
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
                "The steps of PyTorch’s introduction, each with its code, its implementation in Kindling, and a button that runs it on the engine in this tab, with the model and data of the playground."
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
    text: Vec<&'static str>,
    children: Children,
) -> impl IntoView {
    let paragraphs = text.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
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
    let text = move || format!("{} parameters in total", numbers::count(store.draft.summary.with(|s| s.parameters)));
    view! {
        <Section
            id="network"
            title="Building a network"
            code=NETWORK
            text=vec![
                "A network is a sequence of layers. Each maps a tensor of one shape to a tensor of another: without padding, a convolution’s output is smaller than its input by kernel size − 1; pooling by 2 halves it.",
                "Kindling infers every shape without running the network. A layer that does not fit is reported at once, with the argument that would fit.",
            ]
        >
            <p class="press">
                <button class="button" type="button" on:click=move |_| {
                    if let Err(reason) = store.draft.choose_preset("cifar-intro") {
                        store.notify(true, reason);
                    }
                }>"This network"</button>
                <button class="button" type="button" on:click=move |_| {
                    if let Err(reason) = store.draft.choose_preset("mlp") {
                        store.notify(true, reason);
                    }
                }>"Without convolutions"</button>
                <span class="quiet">{text}</span>
            </p>
            <div class="scroll" tabindex="0" role="region" aria-label="Shapes">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"layer"</th>
                            <th scope="col">"input shape"</th>
                            <th scope="col">"output shape"</th>
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
    let is_training = move || matches!(store.run.phase.get(), Phase::Training | Phase::Starting);
    view! {
        <Section
            id="loop"
            title="The training loop"
            code=LOOP
            text=vec![
                "Five lines train every network: clear the gradients, predict a batch, compute the loss, compute the gradient of every parameter, update the parameters.",
                "Kindling records these five lines once, compiles them to a few kernels, and submits each step to the device as one command buffer. Press the button to train on one batch and see the norms of activations, gradients and updates of every layer.",
            ]
        >
            <p class="press">
                <button class="button primary" type="button" disabled=is_training on:click=move |_| store.step()>
                    "Run the five lines once"
                </button>
            </p>
            <Step store />
        </Section>
    }
}

#[component]
fn Autograd(store: Store) -> impl IntoView {
    let ready = move || matches!(store.run.phase.get(), Phase::Paused | Phase::Training | Phase::Ended(_));
    let show = move |_| {
        store.inspection.view.set(View::Graph);
        store.inspect();
    };
    view! {
        <Section
            id="autograd"
            title="Autograd and its graph"
            code=AUTOGRAD
            text=vec![
                "Every operation on a tensor that requires a gradient is recorded in a graph. backward() traverses it from the loss to the parameters and applies the chain rule at every node.",
                "The functions have PyTorch’s names. Run a step first, then inspect its graph.",
            ]
        >
            <p class="press">
                <button class="button" type="button" disabled=move || !ready() on:click=show>
                    "Show the graph of the last step"
                </button>
            </p>
            <Show when=move || store.inspection.answers.graph.with(Option::is_some)>
                <Graph store />
            </Show>
        </Section>
    }
}
