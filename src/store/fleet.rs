//! What the database knows of all processes together, for an overview: a few bounded reads along indexes.

use chrono::{DateTime, Utc};

use super::depth::Depth;
use super::error::StoreError;
use super::handle::Store;
use super::replicas::Replica;
use crate::domain::{EventState, OutgoingState};

/// The state of the queues, and the processes that serve now.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Webhook events that are not at their end, or wait for a person, by state.
    pub inbox: Vec<(EventState, Depth)>,
    /// Outgoing events that are not delivered, by state.
    pub outbox: Vec<(OutgoingState, Depth)>,
    /// The endpoints that answered 410, each with the time of it.
    pub disabled_endpoints: Vec<(String, DateTime<Utc>)>,
    /// The processes that serve now.
    pub replicas: Vec<Replica>,
}

impl Store {
    /// Reads the [`Fleet`] now. Events of a state are counted up to `most`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn read_fleet(&self, most: i64) -> Result<Fleet, StoreError> {
        Ok(Fleet {
            inbox: self.inbox_depths(most).await?,
            outbox: self.outbox_depths(most).await?,
            disabled_endpoints: self.disabled_endpoints().await?,
            replicas: self.living_replicas().await?,
        })
    }
}
