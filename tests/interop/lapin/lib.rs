//! The cases for lapin: each a test of Rust's own, run against the broker that
//! LEVERET_TEST_BROKER names.
#![cfg(test)]

mod connection;
mod content;
mod errors;
mod messages;
mod relay;
mod session;
mod topology;
