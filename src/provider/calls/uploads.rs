//! Calls about one upload: make its URL, look it up, cancel it.
//!
//! An upload is made in these steps:
//!
//! 1. [`Provider::check_upload`] refuses what the provider cannot take, before a row is written.
//! 2. [`Provider::reserve_upload_permits`] reserves the rate permits of all steps that are known to go to the provider's
//!    own host, before the first call; others take theirs when they run. An upload that cannot finish in time fails as [`CallError::Busy`], and the provider has not seen it.
//! 3. [`Provider::run_upload_step_with`] makes one call a step and adds what it takes to the captures. The caller
//!    stores the captures after each step, so that a crash or an error loses no id.
//! 4. [`Provider::upload_descriptor`] makes what the client needs to send its file.

use chrono::{DateTime, Utc};

use crate::{
    domain::Observation,
    provider::{
        calls::run::AnswerKind,
        client::{CallOutcome, UploadPermits},
        error::{CallError, InvalidField},
        loaded::Provider,
        outcome::{CancelOutcome, DeleteOutcome, Lookup},
        priority::Priority,
        request_field::RequestField,
        subject::{Captures, TemplateInput},
        template::Scope,
        upload::UploadDescriptor,
    },
};

impl Provider {
    /// Checks that this provider can take such an upload. Makes no call.
    ///
    /// # Errors
    /// Names the field that is missing, that `[values]` has no word for, or that holds what the provider cannot take.
    pub fn check_upload(&self, input: &TemplateInput) -> Result<(), InvalidField> {
        self.map.upload.check_request(input, &self.map.values)
    }

    /// Returns true where a call of the upload carries the quality that the caller chose.
    pub fn sends_quality(&self) -> bool {
        self.map.upload.sends_field(RequestField::Quality)
    }

    /// Returns the number of steps that make an upload: its calls, 1 to 3, or the one step that gives the ids without a
    /// call.
    pub fn upload_step_count(&self) -> usize {
        self.map.upload.step_count()
    }

    /// This service gives an asset its id, so that the provider knows none before the file has come.
    pub fn gives_ids(&self) -> bool {
        self.map.upload.gives_ids()
    }

    /// Reserves a rate permit for each step from index `first` on, and waits until the first permit begins.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the last permit would begin too late. No step is made then.
    pub async fn reserve_upload_permits(
        &self,
        first: usize,
        priority: Priority<'_>,
    ) -> Result<UploadPermits, CallError> {
        let steps = self.map.upload.steps.get(first..).unwrap_or_default();
        self.map.client.reserve_upload_permits(steps, priority).await
    }

    /// Runs the step at `index` with a rate permit of its own, and adds what it takes to `captures`.
    ///
    /// # Errors
    /// The provider refused, or gave no usable response. `captures` is unchanged then.
    pub async fn run_upload_step(
        &self,
        index: usize,
        input: &TemplateInput,
        captures: &mut Captures,
    ) -> Result<(), CallError> {
        let permits = (Priority::Request(&input.owner), &mut UploadPermits::default());
        self.run_upload_step_with(index, input, captures, permits).await
    }

    /// Runs the step at `index` with the next of the reserved permits. See [`Provider::run_upload_step`].
    ///
    /// # Errors
    /// As [`Provider::run_upload_step`].
    pub async fn run_upload_step_with(
        &self,
        index: usize,
        input: &TemplateInput,
        captures: &mut Captures,
        permits: (Priority<'_>, &mut UploadPermits),
    ) -> Result<(), CallError> {
        if self.map.upload.gives_ids() {
            let scope = Scope::for_input(input, &self.map.values);
            captures.extend(self.map.upload.make_ids(&scope)?);
            return Ok(());
        }
        let step = self.map.upload.steps.get(index);
        let step = step.ok_or_else(|| CallError::unsupported("upload.steps"))?;
        let scope = Scope {
            captures: Some(captures),
            // Why the first alone: that call makes the upload, so the caller's provider_settings belong into its body.
            body_defaults: (index == 0).then_some(&input.provider_settings),
            ..Scope::for_input(input, &self.map.values)
        };
        let taken = self
            .map
            .client
            .take_with_permits(step, &scope, permits, input.now)
            .await?;
        captures.extend(taken);
        Ok(())
    }

    /// Builds what the client needs to send its file, once every step has run.
    ///
    /// # Errors
    /// [`CallError::Outage`] where the captures make no URL or header.
    pub fn upload_descriptor(
        &self,
        input: &TemplateInput,
        captures: &Captures,
    ) -> Result<UploadDescriptor, CallError> {
        let descriptor = self.map.upload.describe(input, captures, &self.map.values);
        descriptor.map_err(|error| CallError::outage(format!("[upload.client] {error}")))
    }

    /// Looks the upload up by `[upload.get]`.
    ///
    /// # Errors
    /// The map has no `[upload.get]`, the upload's id is not known, or the call failed.
    pub async fn get_upload(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<Observation>, CallError> {
        let get = self.map.upload.get.as_ref();
        let get = get.ok_or_else(|| CallError::unsupported("upload.get"))?;
        self.observe_with(get, AnswerKind::Upload, subject, priority, now)
            .await
    }

    /// Cancels the upload by `[upload.cancel]`. Where the map has none, deletes the asset, if one is known already.
    ///
    /// # Errors
    /// The call failed, or an id that it needs is not known.
    pub async fn cancel_upload(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CancelOutcome, CallError> {
        let Some(cancel) = &self.map.upload.cancel else {
            // Why by deletion: where the provider makes the asset before the file comes, the upload ends with the
            // asset.
            if subject.asset_id.is_none() {
                return Ok(CancelOutcome::Unsupported);
            }
            return Ok(match self.delete_asset(subject, priority, now).await? {
                DeleteOutcome::Deleted => CancelOutcome::Cancelled,
                DeleteOutcome::Gone => CancelOutcome::Gone,
                DeleteOutcome::Unsupported => CancelOutcome::Unsupported,
            });
        };
        Ok(match self.run_action(cancel, subject, priority, now).await? {
            CallOutcome::Done(_) => CancelOutcome::Cancelled,
            CallOutcome::TooLate => CancelOutcome::TooLate,
            CallOutcome::Gone => CancelOutcome::Gone,
        })
    }
}
