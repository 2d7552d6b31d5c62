//! What is looked into: the view that is open, and the last answer for each.

use crate::protocol::{
    ActivationsView, ClassifiedView, ConfusionView, FiltersView, HistogramsView, Look, Order, PictureOf,
    PredictionsView, ProfileView, SplitName,
};
use crate::ui::browser::Pixels;
use kindling::train::Graph;
use leptos::prelude::*;

/// What can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Pictures and what the model takes them for.
    Predictions,
    /// How often each class is taken for each.
    Confusion,
    /// The weights of a convolution.
    Filters,
    /// What the layers make of a picture.
    Activations,
    /// How weights and gradients are distributed.
    Histograms,
    /// The last single step.
    Step,
    /// The autograd graph.
    Graph,
    /// Time per kernel.
    Profile,
}

/// Answers.
#[derive(Clone, Copy)]
pub struct Inside {
    /// The view that is open.
    pub view: RwSignal<View>,
    /// Predictions.
    pub predictions: RwSignal<Option<(PredictionsView, Pixels)>>,
    /// The confusion matrix.
    pub confusion: RwSignal<Option<ConfusionView>>,
    /// Filters.
    pub filters: RwSignal<Option<(FiltersView, Pixels)>>,
    /// Activations: the picture, and the channels of each layer.
    pub activations: RwSignal<Option<(ActivationsView, Pixels, Vec<Pixels>)>>,
    /// Distributions.
    pub histograms: RwSignal<Option<HistogramsView>>,
    /// The graph.
    pub graph: RwSignal<Option<Graph>>,
    /// Kernels.
    pub profile: RwSignal<Option<ProfileView>>,
    /// The person's own picture.
    pub classified: RwSignal<Option<(ClassifiedView, Pixels)>>,
    /// The half whose pictures are predicted.
    pub split: RwSignal<SplitName>,
    /// Their order.
    pub order: RwSignal<Order>,
    /// The first of them.
    pub first: RwSignal<usize>,
    /// Only those of a cell of the confusion matrix.
    pub cell: RwSignal<Option<(usize, usize)>>,
    /// The convolution whose filters are shown.
    pub layer: RwSignal<Option<String>>,
    /// The picture whose activations are shown.
    pub picture: RwSignal<PictureOf>,
}

/// Predictions on one page.
pub const PAGE: usize = 28;

impl Inside {
    /// Nothing has been looked into.
    pub fn new() -> Self {
        Self {
            view: RwSignal::new(View::Predictions),
            predictions: RwSignal::new(None),
            confusion: RwSignal::new(None),
            filters: RwSignal::new(None),
            activations: RwSignal::new(None),
            histograms: RwSignal::new(None),
            graph: RwSignal::new(None),
            profile: RwSignal::new(None),
            classified: RwSignal::new(None),
            split: RwSignal::new(SplitName::Test),
            order: RwSignal::new(Order::AsTheyCome),
            first: RwSignal::new(0),
            cell: RwSignal::new(None),
            layer: RwSignal::new(None),
            picture: RwSignal::new(PictureOf::Sample { split: SplitName::Test, index: 0 }),
        }
    }

    /// The question that fills the open view; none for the single step, which is pressed.
    pub fn question(&self) -> Option<Look> {
        Some(match self.view.get() {
            View::Predictions => Look::Predictions {
                split: self.split.get(),
                first: self.first.get(),
                count: PAGE,
                order: self.order.get(),
                cell: self.cell.get(),
            },
            View::Confusion => Look::Confusion,
            View::Filters => Look::Filters { layer: self.layer.get() },
            View::Activations => Look::Activations { picture: self.picture.get() },
            View::Histograms => Look::Histograms,
            View::Step => return None,
            View::Graph => Look::Graph,
            View::Profile => Look::Profile,
        })
    }

    /// Forgets all answers: another run has begun.
    pub fn forget(&self) {
        self.predictions.set(None);
        self.confusion.set(None);
        self.filters.set(None);
        self.activations.set(None);
        self.histograms.set(None);
        self.graph.set(None);
        self.profile.set(None);
        self.classified.set(None);
        self.first.set(0);
        self.cell.set(None);
        self.layer.set(None);
    }
}
