//! What the provider is asked to do, beside playback.

use chrono::{DateTime, Utc};

use super::{
    CancelOutcome, DeleteOutcome, Found, Priority, Provider,
    action::Action,
    client::{Sent, UploadTurns},
    error::{CallError, InvalidField},
    report,
    subject::{Captures, Subject},
    template::{Ours, Scope},
    upload::{Ask, UploadDescriptor},
};
use crate::domain::Observation;

impl Provider {
    /// Whether this provider can take such an upload.
    ///
    /// # Errors
    /// Names the field that is missing, that the provider has no word for, or that holds what it cannot take.
    pub fn check_upload(&self, input: &Subject) -> Result<(), InvalidField> {
        self.map.upload.check(input, &self.map.values)
    }

    /// Whether the provider is told the quality of an upload.
    pub fn takes_quality(&self) -> bool {
        self.map.upload.carries(Ours::Quality)
    }

    /// How many calls an upload takes: 1 to 3.
    pub fn upload_steps(&self) -> usize {
        self.map.upload.steps.len()
    }

    /// Takes the turns of all steps from `first` on in the provider's rate, and waits until the first of them begins.
    ///
    /// # Errors
    /// [`CallError::Busy`] where the last would come too late: no step is made then.
    pub async fn take_upload_turns(&self, first: usize, caller: &str) -> Result<UploadTurns, CallError> {
        let steps = self.map.upload.steps.get(first..).unwrap_or_default();
        self.map.client.take_turns(steps, Priority::Request(caller)).await
    }

    /// Runs step `index` and puts what it takes into `captures`.
    ///
    /// # Errors
    /// The provider refused, or gave no usable answer; `captures` is as it was then.
    pub async fn upload_step(
        &self,
        index: usize,
        input: &Subject,
        captures: &mut Captures,
    ) -> Result<(), CallError> {
        self.upload_step_in(index, input, captures, &mut UploadTurns::default())
            .await
    }

    /// As [`Provider::upload_step`], in the next of `turns`.
    ///
    /// # Errors
    /// As [`Provider::upload_step`].
    pub async fn upload_step_in(
        &self,
        index: usize,
        input: &Subject,
        captures: &mut Captures,
        turns: &mut UploadTurns,
    ) -> Result<(), CallError> {
        let step = self.map.upload.steps.get(index);
        let step = step.ok_or_else(|| CallError::unsupported("upload.steps"))?;
        let scope = Scope {
            captures: Some(captures),
            // The first call is the one that makes the upload.
            under: (index == 0).then_some(&input.provider_settings),
            ..Scope::of(input, &self.map.values)
        };
        let turns = (Priority::Request(&input.owner), turns);
        let taken = self.map.client.take_in(step, &scope, turns, input.now).await?;
        captures.extend(taken);
        Ok(())
    }

    /// What the client is told once every step has run.
    ///
    /// # Errors
    /// The provider gave something that makes no address or header.
    pub fn upload_client(&self, input: &Subject, captures: &Captures) -> Result<UploadDescriptor, CallError> {
        let told = self.map.upload.describe(input, captures, &self.map.values);
        told.map_err(|error| CallError::outage(format!("[upload.client] {error}")))
    }

    /// Asks about the upload.
    ///
    /// # Errors
    /// The map cannot ask, the upload's id is not known, or the call failed.
    pub async fn get_upload(
        &self,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Found<Observation>, CallError> {
        let ask = self
            .map
            .upload
            .get
            .as_ref()
            .ok_or_else(|| CallError::unsupported("upload.get"))?;
        self.ask(ask, subject, priority, now).await
    }

    /// Asks about the asset.
    ///
    /// # Errors
    /// The map cannot ask, the asset's id is not known, or the call failed.
    pub async fn get_asset(
        &self,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Found<Observation>, CallError> {
        let ask = self
            .map
            .asset
            .get
            .as_ref()
            .ok_or_else(|| CallError::unsupported("asset.get"))?;
        self.ask(ask, subject, priority, now).await
    }

    /// Calls the upload off; where the map has no call for that, by deleting the asset that was made beforehand.
    ///
    /// # Errors
    /// The call failed, or an id that it needs is not known.
    pub async fn cancel_upload(
        &self,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CancelOutcome, CallError> {
        let Some(cancel) = &self.map.upload.cancel else {
            if subject.asset_id.is_none() {
                return Ok(CancelOutcome::Unsupported);
            }
            return Ok(match self.delete_asset(subject, priority, now).await? {
                DeleteOutcome::Deleted => CancelOutcome::Cancelled,
                DeleteOutcome::Gone => CancelOutcome::Gone,
                DeleteOutcome::Unsupported => CancelOutcome::Unsupported,
            });
        };
        Ok(match self.run(cancel, subject, priority, now).await? {
            Sent::Done(_) => CancelOutcome::Cancelled,
            Sent::TooLate => CancelOutcome::TooLate,
            Sent::Gone => CancelOutcome::Gone,
        })
    }

    /// Deletes the asset.
    ///
    /// # Errors
    /// The call failed, or an id that it needs is not known.
    pub async fn delete_asset(
        &self,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<DeleteOutcome, CallError> {
        let Some(delete) = &self.map.asset.delete else {
            return Ok(DeleteOutcome::Unsupported);
        };
        Ok(match self.run(delete, subject, priority, now).await? {
            Sent::Done(_) | Sent::TooLate => DeleteOutcome::Deleted,
            Sent::Gone => DeleteOutcome::Gone,
        })
    }

    /// Tells the provider what changed; does nothing where the map wants to know none of `changed`.
    ///
    /// # Errors
    /// A call failed; those before it are done, and running all again does no harm.
    pub async fn update_asset(
        &self,
        subject: &Subject,
        changed: &[&str],
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), CallError> {
        for update in &self.map.asset.updates {
            if update.on.iter().any(|field| changed.contains(&field.as_str())) {
                self.run(&update.action, subject, priority, now).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn run(
        &self,
        action: &Action,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Sent, CallError> {
        let scope = Scope::of(subject, &self.map.values);
        self.map.client.run(action, &scope, priority, now).await
    }

    async fn ask(
        &self,
        ask: &Ask,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Found<Observation>, CallError> {
        let Sent::Done(answer) = self.run(&ask.action, subject, priority, now).await? else {
            return Ok(Found::Gone);
        };
        let scope = Scope::of(subject, &self.map.values);
        let given = answer.given();
        let mut seen = Observation::answered(answer.time, now);
        report::tell(&ask.fields, given, &scope, &mut seen);
        if let Some(says) = ask.status.find(given, &scope) {
            says.tell(&mut seen);
        }
        Ok(Found::Here(seen))
    }
}
