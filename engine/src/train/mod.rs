//! Models and runs as plain data: the page edits specifications, share links and model files
//! contain them, the command line reads them and exporters print them. Checking one needs no
//! device. A [`Trainer`] executes a specification, one batch at a time.

mod augment;
mod check;
mod checkpoint;
mod evaluate;
mod inputs;
mod inspect;
mod loss_reader;
mod metrics;
pub mod model;
pub mod onnx;
mod progress;
pub mod python;
mod record;
mod spec;
mod trainer;
pub mod weights;

pub use augment::Augment;
pub use checkpoint::{checkpoint_position, checkpoint_spec, load_model, run_spec};
pub use evaluate::evaluate;
pub use inspect::{Graph, GraphNode, LayerDetails, StepDetails};
pub use loss_reader::{LossReader, READ_INTERVAL_MS};
pub use metrics::{EpochResult, Evaluation, RegressionMetrics, StepResult};
pub use model::{LayerSpec, Model, ModelSpec};
pub use progress::{Ending, Event, Position};
pub use record::{DataRecord, EarlierSettings, RunRecord, Selection, SplitDigest, run_record};
pub use spec::{DataSpec, EarlyStopping, Keep, LossSpec, TrainSpec};
pub use trainer::Trainer;
