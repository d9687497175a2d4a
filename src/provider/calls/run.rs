//! One call of a [`Provider`], and one call whose response is read as an observation.

use chrono::{DateTime, Utc};

use crate::{
    domain::Observation,
    provider::{
        action::Action, client::CallOutcome, error::CallError, loaded::Provider, outcome::Found,
        priority::Priority, report, subject::Subject, template::Scope, upload::Ask,
    },
};

impl Provider {
    /// Makes one call with the values of `subject`.
    ///
    /// # Errors
    /// The call failed, or `subject` lacks a value that it needs.
    pub(in crate::provider) async fn run_action(
        &self,
        action: &Action,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CallOutcome, CallError> {
        let scope = Scope::of(subject, &self.map.values);
        self.map.client.run(action, &scope, priority, now).await
    }

    /// Makes one call and reads its response: the ids, the facts and the status that it reports, stamped with the time
    /// of the response.
    ///
    /// # Errors
    /// See [`Provider::run_action`].
    pub(super) async fn observe_with(
        &self,
        ask: &Ask,
        subject: &Subject,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Found<Observation>, CallError> {
        let CallOutcome::Done(response) = self.run_action(&ask.action, subject, priority, now).await? else {
            return Ok(Found::Gone);
        };
        let scope = Scope::of(subject, &self.map.values);
        let input = response.as_input();
        let mut seen = Observation::answered(response.time, now);
        report::read_report(&ask.fields, input, &scope, &mut seen);
        if let Some(claim) = ask.status.find(input, &scope) {
            claim.tell(&mut seen);
        }
        Ok(Found::Here(seen))
    }
}
