//! The outcomes of an adoption.

use crate::domain::{IdentityConflict, Video};
use crate::provider::CallError;
use crate::store::StoreError;

/// The video has a row of this owner.
#[derive(Debug)]
pub enum Adopted {
    /// The row is new. With [`Adopter::dry_run`](super::Adopter::dry_run) it is the row that would be written.
    New(Video),
    /// The row was there already.
    Known(Video),
}

/// The video got no row.
#[derive(Debug, thiserror::Error)]
pub enum NotAdopted {
    /// The provider does not know the id, or calls the asset deleted. Holds the kind of the id.
    #[error("the provider knows no such {0}")]
    Unknown(&'static str),
    /// The map cannot ask about such an id. Holds the name of the missing table.
    #[error("the provider's map has no [{0}]")]
    Unsupported(&'static str),
    /// The video's row belongs to another owner.
    #[error("it is video {} of another owner here", .0.id)]
    OtherOwner(Box<Video>),
    /// The video's row is deleted.
    #[error("it was deleted here, as video {}", .0.id)]
    Deleted(Box<Video>),
    /// The video's ids contradict each other or those of a row.
    #[error("its ids belong to different videos: {0}")]
    Conflict(String),
    /// The video is ready, but has no id by which it could be played.
    #[error("it is ready, but has no id that plays with a policy of public or signed")]
    NothingPlays,
    /// The provider refused or failed.
    #[error("{0}")]
    Call(CallError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentityConflict> for NotAdopted {
    fn from(conflict: IdentityConflict) -> Self {
        Self::Conflict(format!("another {} than the one known", conflict.0))
    }
}
