//! Kindling: train neural networks in a browser tab and natively.
