//! Training as plain data: what a model is made of and how it is trained. Specifications are what the page edits, a
//! share link carries, a model file's metadata holds, the command line reads and exporters print. Checking one
//! needs no device. A [`Trainer`] does what a specification says, a batch at a time.

pub mod bench;
mod closely;
mod evaluate;
mod inputs;
mod live;
mod metrics;
pub mod model;
mod progress;
mod spec;
mod state;
mod trace;
mod trainer;

pub use closely::{Graph, GraphNode, LayerDetails, StepDetails};
pub use evaluate::evaluate;
pub use metrics::{EpochResult, Evaluation, StepResult};
pub use model::{LayerSpec, Model, ModelSpec};
pub use progress::{Ending, Event, Position};
pub use spec::{Augment, DataSpec, EarlyStopping, LossSpec, TrainSpec};
pub use state::{checkpoint_spec, load_model};
pub use trainer::Trainer;
