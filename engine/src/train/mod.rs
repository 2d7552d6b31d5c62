//! Training as plain data: what a model is made of and how it is trained. Specifications are what the page edits, a
//! share link carries, a model file's metadata holds, the command line reads and exporters print. Checking one
//! needs no device. A [`Trainer`] does what a specification says, a batch at a time.

mod augment;
pub mod bench;
mod check;
mod closely;
mod evaluate;
mod inputs;
mod live;
mod loss_reader;
mod metrics;
pub mod model;
mod progress;
pub mod python;
mod record;
mod resume;
mod selection;
mod spec;
mod state;
mod trace;
mod trainer;
pub mod weights;

pub use augment::Augment;
pub use closely::{Graph, GraphNode, LayerDetails, StepDetails};
pub use evaluate::evaluate;
pub use loss_reader::{LossReader, READ_INTERVAL_MS};
pub use metrics::{EpochResult, Evaluation, RegressionMetrics, StepResult};
pub use model::{LayerSpec, Model, ModelSpec};
pub use progress::{Ending, Event, Position};
pub use record::{DataRecord, EarlierSettings, RunRecord, Selection, SplitDigest, run_record};
pub use spec::{DataSpec, EarlyStopping, Keep, LossSpec, TrainSpec};
pub use state::{checkpoint_position, checkpoint_spec, load_model, run_spec};
pub use trainer::Trainer;
