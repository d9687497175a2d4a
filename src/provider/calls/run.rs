//! One call of a [`Provider`], and one call whose response is read as an observation.

use chrono::{DateTime, Utc};

use crate::{
    domain::Observation,
    provider::{
        action::Action, client::CallOutcome, error::CallError, loaded::Provider, outcome::Lookup,
        priority::Priority, report, subject::TemplateInput, template::Scope, upload::ReportAction,
    },
};

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerKind {
    Upload,
    /// The whole asset, its files included.
    Asset,
}

impl Provider {
    /// Makes one call with the values of `subject`.
    ///
    /// # Errors
    /// The call failed, or `subject` lacks a value that it needs.
    pub(in crate::provider) async fn run_action(
        &self,
        action: &Action,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CallOutcome, CallError> {
        let scope = Scope::for_input(subject, &self.map.values);
        self.map.client.run(action, &scope, priority, now).await
    }

    /// Makes one call and reads its response: the ids, the facts and the status that it reports, stamped with the time
    /// of the response.
    ///
    /// # Errors
    /// See [`Provider::run_action`].
    pub(super) async fn observe_with(
        &self,
        ask: &ReportAction,
        kind: AnswerKind,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Lookup<Observation>, CallError> {
        let CallOutcome::Done(response) = self.run_action(&ask.action, subject, priority, now).await? else {
            return Ok(Lookup::Gone);
        };
        let scope = Scope::for_input(subject, &self.map.values);
        let input = response.as_input();
        let mut seen = Observation::from_answer(response.time, now);
        report::read_report(&ask.fields, input, &scope, &mut seen);
        if let (AnswerKind::Asset, Some(json)) = (kind, input.json) {
            self.map.renditions.read_asset(json, &mut seen);
            if let Some(tracks) = &self.map.tracks {
                tracks.read_asset(json, &mut seen);
            }
        }
        if let Some(claim) = ask.status.find(input, &scope) {
            claim.apply_to(&mut seen);
        }
        Ok(Lookup::Found(seen))
    }
}
