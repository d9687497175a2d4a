//! The requests about files in a video's row: written, changed and removed.

use chrono::{DateTime, Utc};

use super::{
    renditions::{RenditionAction, RenditionRequest, RenditionRequests, RequestState},
    video::Video,
};

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
