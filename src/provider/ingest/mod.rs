//! `[ingest]`, compiled: the calls by which the provider fetches a video from an address.
//!
//! They are as the calls of an upload, with the address as `{source_url}`. What a call takes may not be there yet
//! ([`Ingest::until_s`]): it is asked again then.

use std::collections::BTreeMap;

use super::{
    action::Action,
    begin_tracks::compile_begin_tracks,
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    request_field::RequestField,
    steps::{FilledIn, ask_for_tracks, check_request, check_tracks, compile_steps},
    subject::TemplateInput,
    template::{Place, Placeholder, ValueTables},
    vocabulary::{ActionMethod, IngestTable},
};

/// The longest time in seconds for which steps may wait, all together: less than the quarter of an hour after which a
/// video without any id is given up.
const LONGEST_WAIT_S: u64 = 840;

/// `[ingest]`, compiled.
pub(crate) struct Ingest {
    /// The calls, 1 to 3.
    pub(crate) steps: Vec<Action>,
    /// For each call the seconds for which it may find nothing.
    until_s: Vec<Option<u64>>,
    /// The provider fetches from addresses that are signed or end.
    pub(crate) fetches_signed: bool,
    /// The most tracks that can be asked for with an ingest; 0 where there is no place for them.
    pub(crate) most_tracks: usize,
    /// The captures of the calls; `true` if one can be missing.
    captures: BTreeMap<String, bool>,
}

impl Ingest {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is missing or malformed, a placeholder is not available at its place, or no call names the
    /// address.
    pub(crate) fn compile(
        declared: IngestTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let fetches_signed = declared.fetches_signed.unwrap_or(true);
        let tracks = declared.tracks;
        let declared = declared.steps;
        for (index, step) in declared.iter().enumerate() {
            if let Some(wait) = step.until_s {
                check_wait(wait, index, step.action().method, &at.element("steps", index))?;
            }
        }
        let until_s: Vec<Option<u64>> = declared.iter().map(|step| step.until_s).collect();
        if until_s.iter().flatten().sum::<u64>() > LONGEST_WAIT_S {
            let what = format!("until_s of all steps together is more than {LONGEST_WAIT_S}");
            return Err(at.error("steps", what));
        }
        let actions: Vec<_> = declared.into_iter().map(|step| step.action()).collect();
        let request = Place::for_ingest();
        let tracks = tracks
            .map(|tracks| compile_begin_tracks(tracks, &at.table("tracks"), (&actions, &request), constants))
            .transpose()?;
        let (tracks, most_tracks) = tracks.unwrap_or_default();
        let (steps, place) = compile_steps(actions, at, request, constants)?;
        let steps = ask_for_tracks(steps, tracks);
        let names_address = |step: &Action| {
            step.names()
                .iter()
                .any(|name| matches!(name, Placeholder::SourceUrl))
        };
        if !steps.first().is_some_and(names_address) {
            let what = "the first step must hold {source_url}: the provider would fetch nothing";
            return Err(at.error("steps", what));
        }
        Ok(Self {
            steps,
            until_s,
            fetches_signed,
            most_tracks,
            captures: place.captures,
        })
    }

    /// Returns the seconds for which the step at `index` may find nothing; `None` where it must succeed at once.
    pub(crate) fn until_s(&self, index: usize) -> Option<u64> {
        self.until_s.get(index).copied().flatten()
    }

    /// The step at `index` can be made without what the one before it takes.
    pub(crate) fn is_independent(&self, index: usize) -> bool {
        let before = self.steps.get(..index).unwrap_or_default();
        let taken: Vec<String> = before
            .iter()
            .flat_map(|step| step.captures().into_keys())
            .collect();
        self.steps.get(index).is_some_and(|step| {
            step.names().iter().all(|name| match name {
                Placeholder::Captured(name) => !taken.contains(name),
                Placeholder::Id(id) => !taken.iter().any(|name| name == id.as_str()),
                _ => true,
            })
        })
    }

    /// The address is needed for a step from the index `done` on.
    pub(crate) fn needs_address_after(&self, done: usize) -> bool {
        let ahead = self.steps.get(done..).unwrap_or_default();
        ahead
            .iter()
            .flat_map(Action::names)
            .any(|name| matches!(name, Placeholder::SourceUrl))
    }

    /// Checks a request for an ingest, as [`check_request`] does.
    ///
    /// # Errors
    /// [`InvalidField`]: names the first field that does not fit.
    pub(crate) fn check_request(
        &self,
        input: &TemplateInput,
        values: &ValueTables,
    ) -> Result<(), InvalidField> {
        check_tracks(input, self.most_tracks)?;
        check_request(&FilledIn::from_steps(&self.steps), input, values)
    }

    /// Some call sends this field ([`RequestField`]) to the provider.
    pub(crate) fn sends_field(&self, ours: RequestField) -> bool {
        self.steps
            .iter()
            .flat_map(Action::names)
            .any(|name| matches!(name, Placeholder::Field(named) if *named == ours))
    }

    /// Some call is sure to take this capture.
    pub(crate) fn surely_takes(&self, name: &str) -> bool {
        self.captures.get(name) == Some(&false)
    }
}

/// Checks `until_s` of the step at `index`.
fn check_wait(wait: u64, index: usize, method: ActionMethod, at: &Location) -> Result<(), MapError> {
    if !(1..=LONGEST_WAIT_S).contains(&wait) {
        return Err(at.error("until_s", format!("must lie in 1 to {LONGEST_WAIT_S}")));
    }
    // Why: what is made again and again must make nothing.
    if index == 0 || method != ActionMethod::Get {
        return Err(at.error(
            "until_s",
            "may stand at a GET after the first step only: the call is repeated",
        ));
    }
    Ok(())
}
