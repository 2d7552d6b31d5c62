//! The views of "Inspect": each is a function from the run to an answer. None changes the run.

mod images;
mod numbers;
pub mod pixels;
mod step;

pub use step::step_view;

use super::page::Page;
use super::run::Run;
use crate::protocol::FromWorker;
use crate::protocol::inspection::*;
use images::*;
use kindling::{Error, Result};
use numbers::*;

/// An answer, and its attached bytes.
type Answered<T> = (T, Vec<Vec<u8>>);

/// Subject of an inspection.
pub struct Subject<'a> {
    run: &'a mut Run,
    user_image: Option<&'a UserImage>,
}

/// The inspection of a session: answers for the views.
pub struct Inspector {
    page: Page,
    user_image: Option<UserImage>,
}

macro_rules! answer {
    ($($(#[$doc:meta])+ $name:ident $function:ident($($argument:ident: $request:ty)?) -> $answer:ty,)+) => {
        async fn answer(subject: Subject<'_>, inspection: Inspection) -> Result<Answered<Answer>> {
            Ok(match inspection {
                $(Inspection::$name$(($argument))? => {
                    let (view, bulk) = $function(subject$(, $argument)?).await?;
                    (Answer::$name(view), bulk)
                })+
            })
        }
    };
}
for_each_inspection!(answer);

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
        let step = run.trainer().position().step;
        let (answer, bulk) = answer(Subject { run, user_image: self.user_image.as_ref() }, inspection).await?;
        self.page.say_with(FromWorker::Inspected { step, answer }, bulk);
        Ok(())
    }

    /// Classifies the user's image of RGBA bytes.
    ///
    /// # Errors
    /// There is no run, or it is not trained on images; or the device fails.
    pub async fn classify(&mut self, run: Option<&Run>, size: [u32; 2], bytes: &[u8]) -> Result<()> {
        let ((view, bulk), image) = images::classify(run.ok_or_else(no_run)?, size, bytes).await?;
        self.page.say_with(FromWorker::Classified(view), bulk);
        self.user_image = Some(image);
        Ok(())
    }
}

fn no_run() -> Error {
    Error::value("inspect", "begin a run first: there is no model to inspect")
}
