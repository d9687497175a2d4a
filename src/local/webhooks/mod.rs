//! Webhooks: what lies in the outbox is sent until somebody says 2xx.

mod envelope;
mod send;
mod worker;

pub(crate) use send::build_client;
pub(crate) use worker::run;
