//! Inspection: the open view, the settings of the views, and the last answer for each.

use crate::protocol::inspection::*;
use crate::ui::browser::Pixels;
use kindling::train::Graph;
use leptos::prelude::*;

/// An answer to an inspection.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected<T> {
    /// Last step of the model.
    pub step: u64,
    /// The answer.
    pub view: T,
    images: Vec<Pixels>,
}

impl<T> Inspected<T> {
    /// Returns the images of an attachment, each of this size.
    pub fn pixels(&self, attachment: usize, size: [usize; 2]) -> Pixels {
        self.images.get(attachment).cloned().unwrap_or_default().with_size(size)
    }
}

/// State of the inspection.
#[derive(Clone, Copy)]
pub struct InspectionState {
    /// Open view.
    pub view: RwSignal<View>,
    /// Settings of the views.
    pub requests: Requests,
    /// Last answers.
    pub answers: Answers,
    /// True while a requested answer has not arrived.
    pub pending: RwSignal<bool>,
    /// The user's image.
    pub classified: RwSignal<Option<(ClassifiedView, Pixels)>>,
}

macro_rules! state {
    ($($(#[$doc:meta])+ $name:ident $function:ident($($argument:ident: $request:ty)?) -> $answer:ty,)+) => {
        /// A view of the inspection.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum View {
            $($(#[$doc])+ $name,)+
            /// Last single step.
            Step,
        }

        /// Settings of the views that have any.
        #[derive(Clone, Copy)]
        pub struct Requests {
            $($(#[doc = concat!("Settings of the ", stringify!($function), ".")] pub $function: RwSignal<$request>,)?)+
        }

        /// Last answers for the views; `None` before the first.
        #[derive(Clone, Copy)]
        pub struct Answers {
            $($(#[$doc])+ pub $function: RwSignal<Option<Inspected<$answer>>>,)+
        }

        impl InspectionState {
            /// Creates a state without answers.
            pub fn new() -> Self {
                Self {
                    view: RwSignal::new(View::Predictions),
                    requests: Requests { $($($function: RwSignal::new(<$request>::default()),)?)+ },
                    answers: Answers { $($function: RwSignal::new(None),)+ },
                    pending: RwSignal::new(false),
                    classified: RwSignal::new(None),
                }
            }

            /// Returns the request that fills the open view; none for the single step, which has a
            /// button.
            pub fn request(&self) -> Option<Inspection> {
                Some(match self.view.get() {
                    $(View::$name => {
                        $(let $argument: $request = self.requests.$function.get();)?
                        Inspection::$name$(($argument))?
                    })+
                    View::Step => return None,
                })
            }

            /// Returns the step of the open view's answer; none for the single step, which shows
            /// its own.
            pub fn step(&self) -> Option<u64> {
                match self.view.get() {
                    $(View::$name => self.answers.$function.with(|answer| answer.as_ref().map(|answer| answer.step)),)+
                    View::Step => None,
                }
            }

            /// Stores an answer with its images.
            pub fn answer(&self, step: u64, answer: Answer, images: Vec<Pixels>) {
                self.pending.set(false);
                match answer {
                    $(Answer::$name(view) => {
                        self.answers.$function.set(Some(Inspected { step, view, images }));
                    })+
                }
            }

            fn clear_answers(&self) {
                $(self.answers.$function.set(None);)+
            }
        }
    };
}
for_each_inspection!(state);

impl InspectionState {
    /// Clears all answers, and the settings that belong to a run: another one has begun.
    pub fn forget(&self) {
        self.clear_answers();
        self.pending.set(false);
        self.classified.set(None);
        self.requests.predictions.update(|request| (request.first, request.cell) = (0, None));
        self.requests.filters.set(FiltersRequest::default());
    }

    /// Shows the activations of the layers for an image.
    pub fn show_activations(&self, image: ImageSource) {
        self.requests.activations.set(ActivationsRequest { image });
        self.view.set(View::Activations);
    }
}
