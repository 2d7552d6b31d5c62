//! The views of "Inspect": each is a function from the run to an answer. None changes the run.

mod images;
mod numbers;
pub mod pixels;
mod step;

pub use step::step;

use super::page::Page;
use super::run::Run;
use crate::protocol::{FromWorker, Inspection};
use images::UserImage;
use kindling::{Error, Result};

/// An answer, and its attached bytes.
type Answered = (FromWorker, Vec<Vec<u8>>);

/// The inspection of a session: answers for the views.
pub struct Inspector {
    page: Page,
    user_image: Option<UserImage>,
}

impl Inspector {
    /// Creates an inspection without the user's image.
    pub fn new(page: Page) -> Self {
        Self { page, user_image: None }
    }

    /// Answers the request of a view.
    ///
    /// # Errors
    /// There is no run; the view does not exist for its model or data; or the device fails.
    pub async fn inspect(&self, run: Option<&mut Run>, inspection: Inspection) -> Result<()> {
        let run = run.ok_or_else(no_run)?;
        let (message, bulk) = match inspection {
            Inspection::Predictions { split, first, count, order, cell } => {
                images::predictions(run, split, [first, count], order, cell).await?
            }
            Inspection::Confusion => numbers::confusion(run, &self.page).await?,
            Inspection::Filters { layer } => images::filters(run, layer).await?,
            Inspection::Activations { image } => images::activations(run, image, self.user_image.as_ref()).await?,
            Inspection::Histograms => numbers::histograms(run).await?,
            Inspection::Graph => numbers::graph(run).await?,
            Inspection::Profile => numbers::profile(run).await?,
        };
        self.page.say_with(message, bulk);
        Ok(())
    }

    /// Classifies the user's image of RGBA bytes.
    ///
    /// # Errors
    /// There is no run, or it is not trained on images; or the device fails.
    pub async fn classify(&mut self, run: Option<&Run>, size: [u32; 2], bytes: &[u8]) -> Result<()> {
        let ((message, bulk), image) = images::classify(run.ok_or_else(no_run)?, size, bytes).await?;
        self.page.say_with(message, bulk);
        self.user_image = Some(image);
        Ok(())
    }
}

fn no_run() -> Error {
    Error::value("inspect", "begin a run first: there is no model to inspect")
}
