//! The tests of Kindling and the harness they share.
