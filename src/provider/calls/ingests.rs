//! Calls of an ingest: the provider fetches a video from an address.
//!
//! They are made as those of an upload, in the same order: checked, rate reserved, run step by step. What a step takes may
//! not be there yet.

use crate::provider::{
    client::{CallOutcome, UploadPermits},
    error::{CallError, InvalidField},
    loaded::Provider,
    priority::Priority,
    request_field::RequestField,
    subject::{Captures, TemplateInput},
    template::Scope,
};

impl Provider {
    /// Checks that this provider can fetch such a video. Makes no call.
    ///
    /// # Errors
    /// Names the field that `[values]` has no word for, or that holds what the provider cannot take; `provider` where the
    /// map has no `[[ingest.steps]]`.
    pub fn check_ingest(&self, input: &TemplateInput) -> Result<(), InvalidField> {
        match &self.map.ingest {
            Some(ingest) => ingest.check_request(input, &self.map.values),
            None => Err(InvalidField::new("provider", "fetches no videos from addresses")),
        }
    }

    /// Returns true where a call of an ingest carries the quality that the caller chose.
    pub fn ingest_sends_quality(&self) -> bool {
        let ingest = self.map.ingest.as_ref();
        ingest.is_some_and(|ingest| ingest.sends_field(RequestField::Quality))
    }

    /// Returns the number of calls of an ingest, 1 to 3; 0 where the provider fetches nothing.
    pub fn ingest_step_count(&self) -> usize {
        self.map.ingest.as_ref().map_or(0, |ingest| ingest.steps.len())
    }

    /// Returns true where the provider fetches from addresses, those that are signed or end included.
    pub fn fetches_signed(&self) -> bool {
        let ingest = self.map.ingest.as_ref();
        ingest.is_some_and(|ingest| ingest.fetches_signed)
    }

    /// Returns the seconds for which the step at `index` may find nothing; `None` where it must succeed at once.
    pub fn ingest_until_s(&self, index: usize) -> Option<u64> {
        self.map.ingest.as_ref()?.until_s(index)
    }

    /// Returns true where the step at `index` can be made without what those before it take: it finds the video by our id.
    pub fn ingest_step_is_independent(&self, index: usize) -> bool {
        let ingest = self.map.ingest.as_ref();
        ingest.is_some_and(|ingest| ingest.is_independent(index))
    }

    /// Returns true where a step from index `done` on needs the address.
    pub fn ingest_needs_address_after(&self, done: usize) -> bool {
        let ingest = self.map.ingest.as_ref();
        ingest.is_some_and(|ingest| ingest.needs_address_after(done))
    }

    /// Reserves a rate permit for each step from index `first` on, as [`Provider::reserve_upload_permits`] does.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the last permit would begin too late. No step is made then.
    pub async fn reserve_ingest_permits(
        &self,
        first: usize,
        priority: Priority<'_>,
    ) -> Result<UploadPermits, CallError> {
        let steps = self.map.ingest.as_ref().map(|ingest| ingest.steps.as_slice());
        let steps = steps.and_then(|steps| steps.get(first..)).unwrap_or_default();
        // Why not those that may wait: each question takes a permit of its own.
        let at_once = steps.iter().enumerate();
        let at_once: Vec<_> = at_once
            .filter(|(index, _)| self.ingest_until_s(first + index).is_none())
            .map(|(_, step)| step.clone())
            .collect();
        self.map.client.reserve_upload_permits(&at_once, priority).await
    }

    /// Runs the step at `index` with the next of the reserved permits, and adds what it takes to `captures`.
    ///
    /// # Errors
    /// As [`Provider::run_upload_step`].
    pub async fn run_ingest_step(
        &self,
        index: usize,
        input: &TemplateInput,
        captures: &mut Captures,
        (priority, permits): (Priority<'_>, &mut UploadPermits),
    ) -> Result<(), CallError> {
        let step = self
            .map
            .ingest
            .as_ref()
            .and_then(|ingest| ingest.steps.get(index));
        let step = step.ok_or_else(|| CallError::unsupported("ingest.steps"))?;
        let scope = Scope {
            captures: Some(captures),
            // Why the first alone: that call makes the video, so the caller's provider_settings belong into its body.
            body_defaults: (index == 0).then_some(&input.provider_settings),
            ..Scope::for_input(input, &self.map.values)
        };
        let taken = self
            .map
            .client
            .take_with_permits(step, &scope, (priority, permits), input.now)
            .await?;
        captures.extend(taken);
        Ok(())
    }

    /// Runs the step at `index`, which may find nothing yet, and adds what it takes to `captures`. Returns false where what
    /// it takes is not there: the answer lacks it, or is a 404.
    ///
    /// # Errors
    /// The provider refused, or did not answer.
    pub async fn ask_ingest_step(
        &self,
        index: usize,
        input: &TemplateInput,
        captures: &mut Captures,
        priority: Priority<'_>,
    ) -> Result<bool, CallError> {
        let step = self
            .map
            .ingest
            .as_ref()
            .and_then(|ingest| ingest.steps.get(index));
        let step = step.ok_or_else(|| CallError::unsupported("ingest.steps"))?;
        let scope = Scope {
            captures: Some(captures),
            ..Scope::for_input(input, &self.map.values)
        };
        let taken = match self.map.client.run(step, &scope, priority, input.now).await {
            Ok(CallOutcome::Done(response)) => response.take_captures(step, &scope).ok(),
            Ok(CallOutcome::Gone | CallOutcome::TooLate) | Err(CallError::Refused { status: 404, .. }) => {
                None
            }
            Err(error) => return Err(error),
        };
        let found = taken.is_some();
        captures.extend(taken.unwrap_or_default());
        Ok(found)
    }
}
