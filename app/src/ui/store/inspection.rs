//! Inspection: the open view, and the last answer for each.

use crate::protocol::{
    ActivationsView, ClassifiedView, ConfusionView, FiltersView, HistogramsView, ImageSource, Inspection, Order,
    PredictionsView, ProfileView, SplitName,
};
use crate::ui::browser::Pixels;
use kindling::train::Graph;
use leptos::prelude::*;

/// A view of the inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Images and predictions.
    Predictions,
    /// Confusion matrix.
    Confusion,
    /// Weights of a convolution.
    Filters,
    /// Activations of the layers for an image.
    Activations,
    /// Histograms of weights and gradients.
    Histograms,
    /// Last single step.
    Step,
    /// Autograd graph.
    Graph,
    /// Times of the kernels.
    Profile,
}

/// Answers to inspections.
#[derive(Clone, Copy)]
pub struct InspectionState {
    /// Open view.
    pub view: RwSignal<View>,
    /// Predictions.
    pub predictions: RwSignal<Option<(PredictionsView, Pixels)>>,
    /// Confusion matrix.
    pub confusion: RwSignal<Option<ConfusionView>>,
    /// Filters.
    pub filters: RwSignal<Option<(FiltersView, Pixels)>>,
    /// Activations: the image, and the channels of each layer.
    pub activations: RwSignal<Option<(ActivationsView, Pixels, Vec<Pixels>)>>,
    /// Histograms.
    pub histograms: RwSignal<Option<HistogramsView>>,
    /// Autograd graph.
    pub graph: RwSignal<Option<Graph>>,
    /// Kernel times.
    pub profile: RwSignal<Option<ProfileView>>,
    /// The user's image.
    pub classified: RwSignal<Option<(ClassifiedView, Pixels)>>,
    /// Split of the predicted images.
    pub split: RwSignal<SplitName>,
    /// Order of the predictions.
    pub order: RwSignal<Order>,
    /// Index of the first prediction on the page.
    pub first: RwSignal<usize>,
    /// Filter by a cell of the confusion matrix.
    pub cell: RwSignal<Option<(usize, usize)>>,
    /// Convolution whose filters are shown.
    pub layer: RwSignal<Option<String>>,
    /// Image whose activations are shown.
    pub image: RwSignal<ImageSource>,
}

/// Predictions per page.
pub const PAGE: usize = 28;

impl InspectionState {
    /// Creates a state without answers.
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
            order: RwSignal::new(Order::ByIndex),
            first: RwSignal::new(0),
            cell: RwSignal::new(None),
            layer: RwSignal::new(None),
            image: RwSignal::new(ImageSource::Sample { split: SplitName::Test, index: 0 }),
        }
    }

    /// Returns the request that fills the open view; none for the single step, which has a button.
    pub fn request(&self) -> Option<Inspection> {
        Some(match self.view.get() {
            View::Predictions => Inspection::Predictions {
                split: self.split.get(),
                first: self.first.get(),
                count: PAGE,
                order: self.order.get(),
                cell: self.cell.get(),
            },
            View::Confusion => Inspection::Confusion,
            View::Filters => Inspection::Filters { layer: self.layer.get() },
            View::Activations => Inspection::Activations { image: self.image.get() },
            View::Histograms => Inspection::Histograms,
            View::Step => return None,
            View::Graph => Inspection::Graph,
            View::Profile => Inspection::Profile,
        })
    }

    /// Clears all answers: another run has begun.
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
