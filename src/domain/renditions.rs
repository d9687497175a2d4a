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

use super::video::Video;

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
pub struct RenditionRequests(Vec<RenditionRequest>);

impl RenditionRequests {
    /// Returns the requests, in the order in which they were made.
    pub fn as_slice(&self) -> &[RenditionRequest] {
        &self.0
    }
}

impl Video {
    /// Returns the request about the file `name`.
    pub fn rendition_request(&self, name: &str) -> Option<&RenditionRequest> {
        let mut requests = self.renditions_asked.iter().flat_map(RenditionRequests::as_slice);
        requests.find(|request| request.name == name)
    }

    /// Some request waits for a call, or for what the provider makes of it.
    pub fn has_open_requests(&self) -> bool {
        let mut requests = self.renditions_asked.iter().flat_map(RenditionRequests::as_slice);
        requests.any(RenditionRequest::is_open)
    }

    /// Puts a new request in the place of one about the same file, and makes the video due at once.
    pub fn request_rendition(&mut self, name: &str, action: RenditionAction, now: DateTime<Utc>) {
        self.forget_rendition_request(name);
        let requests = self.renditions_asked.get_or_insert_default();
        requests.0.push(RenditionRequest {
            name: name.to_owned(),
            action,
            state: RequestState::Wanted,
            asked_at: now,
            done_at: None,
            error: None,
        });
        self.checks = 0;
        self.check_at = Some(now);
    }

    /// Removes the request about the file `name`.
    pub fn forget_rendition_request(&mut self, name: &str) {
        if let Some(requests) = &mut self.renditions_asked {
            requests.0.retain(|request| request.name != name);
            if requests.0.is_empty() {
                self.renditions_asked = None;
            }
        }
    }

    /// Changes this very request; does nothing where it is gone, or another one has taken its place.
    pub fn change_rendition_request(
        &mut self,
        request: &RenditionRequest,
        change: impl FnOnce(&mut RenditionRequest),
    ) -> bool {
        let mut requests = self.renditions_asked.iter_mut().flat_map(|all| &mut all.0);
        let found = requests.find(|known| known.is_same(request));
        found.map(change).is_some()
    }
}
