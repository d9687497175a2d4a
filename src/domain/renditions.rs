//! Requests about the files of a video (renditions): made, or deleted, at the provider in the background.
//!
//! A request is part of the row until the provider shows what was asked for. Its states:
//!
//! | state | means |
//! |---|---|
//! | [`Wanted`](RequestState::Wanted) | The provider was not called. |
//! | [`Calling`](RequestState::Calling) | The call was about to be made. Whether it arrived is not known. |
//! | [`Done`](RequestState::Done) | The provider accepted the call. The file is awaited. |
//! | [`Refused`](RequestState::Refused) | The provider refused the call for good. |

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenditionAction {
    /// The file is to be made.
    Make,
    /// The file is to be deleted.
    Delete,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// The provider was not called.
    Wanted,
    /// The provider is called, or was: the answer is not known.
    Calling,
    /// The provider accepted the call.
    Done,
    /// The provider refused the call for good.
    Refused,
}

/// One request about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionRequest {
    /// This service's name of the file, such as `highest`.
    pub name: String,
    /// What is asked for.
    pub action: RenditionAction,
    /// How far it is.
    pub state: RequestState,
    /// Time of the request. Together with name and action it tells a request from a later one.
    pub asked_at: DateTime<Utc>,
    /// Time of the answer that accepted the call, by the provider's clock as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
    /// The reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl RenditionRequest {
    /// Both are the same request, whatever has become of it.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.action, self.asked_at) == (&other.name, other.action, other.asked_at)
    }

    /// The provider refused the call for good.
    pub fn is_refused(&self) -> bool {
        self.state == RequestState::Refused
    }

    /// The request is not refused: its file is awaited, or its deletion.
    pub fn is_open(&self) -> bool {
        !self.is_refused()
    }
}

/// The requests of one video that are not done, at most one for each name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RenditionRequests(pub(super) Vec<RenditionRequest>);

impl RenditionRequests {
    /// Returns the requests, in the order in which they were made.
    pub fn as_slice(&self) -> &[RenditionRequest] {
        &self.0
    }
}
