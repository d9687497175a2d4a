//! Yourbit Video: a service that an application puts between itself and a video provider.

pub mod clock;
pub mod config;
pub mod domain;
pub mod local;
pub mod provider;
pub mod store;
