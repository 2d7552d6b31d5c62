//! Messages of files in protobuf, by their field numbers. Fields that are not used are left out:
//! protobuf skips unknown ones.

pub mod onnx;
pub mod tensorboard;
