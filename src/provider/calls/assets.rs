//! Calls about one asset: look it up, delete it, send changed fields.

use chrono::{DateTime, Utc};

use crate::{
    domain::Observation,
    provider::{
        calls::run::AnswerKind,
        client::CallOutcome,
        error::CallError,
        loaded::Provider,
        outcome::{DeleteOutcome, Lookup},
        priority::Priority,
        subject::TemplateInput,
    },
};

impl Provider {
    /// Looks the asset up by `[asset.get]`.
    ///
    /// # Errors
    /// The map has no `[asset.get]`, the asset's id is not known, or the call failed.
    pub async fn get_asset(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<Observation>, CallError> {
        let get = self.map.asset.get.as_ref();
        let get = get.ok_or_else(|| CallError::unsupported("asset.get"))?;
        self.observe_with(get, AnswerKind::Asset, subject, priority, now)
            .await
    }

    /// Deletes the asset by `[asset.delete]`. A second deletion gives [`DeleteOutcome::Gone`], so a retry is safe.
    ///
    /// # Errors
    /// The call failed, or an id that it needs is not known.
    pub async fn delete_asset(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<DeleteOutcome, CallError> {
        let Some(delete) = &self.map.asset.delete else {
            return Ok(DeleteOutcome::Unsupported);
        };
        Ok(match self.run_action(delete, subject, priority, now).await? {
            CallOutcome::Done(_) | CallOutcome::TooLate => DeleteOutcome::Deleted,
            CallOutcome::Gone => DeleteOutcome::Gone,
        })
    }

    /// Runs every `[[asset.update]]` whose `on` names one of the `changed` fields, in the map's order. Does nothing
    /// where none does.
    ///
    /// # Errors
    /// A call failed; the calls before it are done. Running all of them again does no harm.
    pub async fn update_asset(
        &self,
        subject: &TemplateInput,
        changed: &[&str],
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), CallError> {
        for update in &self.map.asset.updates {
            if update.on.iter().any(|field| changed.contains(&field.as_str())) {
                self.run_action(&update.action, subject, priority, now).await?;
            }
        }
        Ok(())
    }
}
