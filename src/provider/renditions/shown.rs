//! The files of a video as they are shown: those of the provider's list, and what callers asked for.
//!
//! A request that is open hides what the list said before it:
//!
//! | request | list has the file | shown |
//! |---|---|---|
//! | none | yes | as the list has it |
//! | to be made | since the provider accepted the call | as the list has it |
//! | to be made | not, or from before | `preparing` |
//! | refused | ready | as the list has it |
//! | refused | not, or not ready | `errored` |
//! | to be deleted | any | not at all |
//! | deletion refused | yes | as the list has it |
//!
//! A list from before may name a file that was deleted, or one whose making failed.

use super::{
    file::{Rendition, RenditionFile, RenditionStatus},
    table::RenditionTables,
};
use crate::domain::{Fact, RenditionAction, RenditionRequest, RenditionRequests, RequestState, Video};

impl RenditionTables {
    /// Returns the files, in the order of the map's lists, then those that were only asked for.
    pub(crate) fn shown(&self, video: &Video) -> Vec<RenditionFile> {
        let files = self.files(video);
        let listed: Vec<String> = files.iter().map(|(file, _)| file.shown.name.clone()).collect();
        let mut out: Vec<RenditionFile> = files
            .into_iter()
            .filter_map(|(file, fact)| {
                let request = video.rendition_request(&file.shown.name);
                merge(file, fact, request)
            })
            .collect();
        let requests = video
            .renditions_asked
            .iter()
            .flat_map(RenditionRequests::as_slice);
        for request in requests.filter(|request| request.action == RenditionAction::Make) {
            // Why: a name that the map does not list any more is asked for by nobody.
            let Some((_, theirs)) = self.find(&request.name) else {
                continue;
            };
            if !listed.contains(&request.name) {
                out.push(RenditionFile {
                    shown: Rendition::named(&request.name, status_of(request)),
                    theirs: theirs.to_owned(),
                    id: None,
                    file: None,
                    url: None,
                });
            }
        }
        out
    }
}

/// Returns a listed file as it is shown beside a request about it; `None` where it is hidden.
fn merge(file: RenditionFile, fact: &Fact, request: Option<&RenditionRequest>) -> Option<RenditionFile> {
    let Some(request) = request else {
        return Some(file);
    };
    if request.action == RenditionAction::Delete {
        return request.is_refused().then_some(file);
    }
    let is_ready = file.shown.status == RenditionStatus::Ready;
    if (request.is_refused() && is_ready) || is_answered(request, fact) {
        return Some(file);
    }
    Some(RenditionFile {
        shown: Rendition {
            status: status_of(request),
            ..file.shown
        },
        ..file
    })
}

/// Returns true where the list is from after the call that the provider accepted.
pub(crate) fn is_answered(request: &RenditionRequest, fact: &Fact) -> bool {
    request.state == RequestState::Done
        && fact
            .stamp
            .at()
            .zip(request.done_at)
            .is_some_and(|(told, done)| told > done)
}

/// Returns the status of a file that the provider does not show.
fn status_of(request: &RenditionRequest) -> RenditionStatus {
    if request.is_refused() {
        RenditionStatus::Errored
    } else {
        RenditionStatus::Preparing
    }
}
