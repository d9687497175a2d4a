//! The calls that begin a video: the map's steps of an upload, or those of an ingest.

use crate::provider::{
    CallError, Captures, InvalidField, Priority, Provider, TemplateInput, UploadDescriptor, UploadPermits,
};

/// The steps of one map for one kind of video.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) provider: &'a Provider,
    pub(super) is_ingest: bool,
}

impl Calls<'_> {
    /// Checks that the provider takes such a video.
    pub(super) fn check(&self, subject: &TemplateInput) -> Result<(), InvalidField> {
        if self.is_ingest {
            self.provider.check_ingest(subject)
        } else {
            self.provider.check_upload(subject)
        }
    }

    /// Returns true where a call carries the quality that the caller chose.
    pub(super) fn sends_quality(&self) -> bool {
        if self.is_ingest {
            self.provider.ingest_sends_quality()
        } else {
            self.provider.sends_quality()
        }
    }

    /// Returns the number of steps.
    pub(super) fn count(&self) -> usize {
        if self.is_ingest {
            self.provider.ingest_step_count()
        } else {
            self.provider.upload_step_count()
        }
    }

    /// Reserves the rate for the steps from index `first` on.
    pub(super) async fn reserve(
        &self,
        first: usize,
        priority: Priority<'_>,
    ) -> Result<UploadPermits, CallError> {
        if self.is_ingest {
            self.provider.reserve_ingest_permits(first, priority).await
        } else {
            self.provider.reserve_upload_permits(first, priority).await
        }
    }

    /// Makes the call of the step at `index`, and adds what it takes to `captures`.
    pub(super) async fn run(
        &self,
        index: usize,
        subject: &TemplateInput,
        captures: &mut Captures,
        permits: (Priority<'_>, &mut UploadPermits),
    ) -> Result<(), CallError> {
        let provider = self.provider;
        if self.is_ingest {
            provider.run_ingest_step(index, subject, captures, permits).await
        } else {
            provider
                .run_upload_step_with(index, subject, captures, permits)
                .await
        }
    }

    /// Returns what a client needs to send its file; `None` where the provider fetches it.
    pub(super) fn descriptor(
        &self,
        subject: &TemplateInput,
        captures: &Captures,
    ) -> Result<Option<UploadDescriptor>, CallError> {
        if self.is_ingest {
            return Ok(None);
        }
        self.provider.upload_descriptor(subject, captures).map(Some)
    }
}
