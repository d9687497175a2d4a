//! `[upload]`, compiled.

use std::collections::BTreeSet;

use super::{
    client::{ClientSide, UploadDescriptor},
    report_action::ReportAction,
};
use crate::provider::{
    action::{Action, check_capture_name},
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    signing::Digest,
    subject::{Captures, TemplateInput},
    template::{AvailableFields, Id, Place, RequestField, Scope, ValueTables},
};

/// `[upload]`, compiled.
pub(crate) struct Upload {
    /// Fields that a request must have; [`Upload::check_request`] checks them.
    pub(super) requires: BTreeSet<RequestField>,
    /// Shortest and longest lifetime of an upload URL, in seconds, both allowed.
    ttl_s: (u64, u64),
    /// The calls that make the upload, 1 to 3.
    pub(crate) steps: Vec<Action>,
    /// `[upload.compute]`: name → [`Digest`].
    pub(super) compute: Vec<(String, Digest)>,
    /// `[upload.client]`.
    pub(crate) client: ClientSide,
    /// `[upload.get]`: the query about an upload.
    pub(crate) get: Option<ReportAction>,
    /// `[upload.cancel]`: calls the upload off.
    pub(crate) cancel: Option<Action>,
    /// The captures and ids that the steps can leave in a row, as a [`Place`].
    pub(crate) captures: Place,
}

impl Upload {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is missing or malformed, or a placeholder is not available at its place.
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let requires = read_required_fields(&mut at)?;
        let ttl_s = read_ttl(&mut at)?;
        let request = Place {
            secrets: true,
            fields: AvailableFields::Upload,
            required: requires.clone(),
            times: true,
            ..Place::default()
        };
        let (steps, place) = compile_steps(&mut at, request, constants)?;
        let captures = Place {
            captures: place.captures.clone(),
            ids: place.ids.clone(),
            ..Place::default()
        };
        let (compute, place) = compile_digests(&mut at, place, constants)?;
        let client = at
            .table("client")?
            .ok_or_else(|| at.error("client", "is missing and required"))?;
        let client = ClientSide::compile(
            client,
            &Place {
                secrets: false,
                ..place
            },
            constants,
        )?;
        let later = Place {
            secrets: true,
            ids: Place::all_ids(),
            ..Place::default()
        };
        let get = at
            .table("get")?
            .map(|get| ReportAction::compile(get, &later, constants))
            .transpose()?;
        let cancel = at
            .table("cancel")?
            .map(|cancel| compile_cancel(cancel, &later, constants))
            .transpose()?;
        at.finish()?;
        Ok(Self {
            requires,
            ttl_s,
            steps,
            compute,
            client,
            get,
            cancel,
            captures,
        })
    }

    /// Limits the wanted lifetime of an upload URL to what the provider allows, in seconds.
    pub(crate) fn ttl_s(&self, wanted_s: u64) -> u64 {
        wanted_s.clamp(self.ttl_s.0, self.ttl_s.1)
    }

    /// Makes the [`UploadDescriptor`] for the client, once every step has run. `captures` are those of the steps.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or is no URL or header value.
    pub(crate) fn describe(
        &self,
        input: &TemplateInput,
        captures: &Captures,
        values: &ValueTables,
    ) -> Result<UploadDescriptor, InvalidField> {
        let mut with_computed = captures.clone();
        for (name, digest) in &self.compute {
            let scope = Scope {
                captures: Some(captures),
                ..Scope::for_input(input, values)
            };
            with_computed.insert(name.clone(), digest.compute(&scope)?.into());
        }
        let scope = Scope {
            captures: Some(&with_computed),
            ..Scope::for_input(input, values)
        };
        self.client.describe(&scope, input.expires)
    }
}

/// Reads `requires`.
fn read_required_fields(at: &mut Reader) -> Result<BTreeSet<RequestField>, MapError> {
    let mut out = BTreeSet::new();
    for name in at.texts("requires")? {
        let ours = RequestField::parse(&name).ok_or_else(|| {
            let all = RequestField::ALL.map(RequestField::as_str).join(", ");
            at.error(
                "requires",
                format!("`{name}` is no field of an upload; allowed: {all}"),
            )
        })?;
        out.insert(ours);
    }
    Ok(out)
}

/// Reads `ttl_s`; without it, any lifetime goes.
fn read_ttl(at: &mut Reader) -> Result<(u64, u64), MapError> {
    let Some(mut table) = at.table("ttl_s")? else {
        return Ok((1, u64::from(u32::MAX)));
    };
    let min = table.whole("min")?.unwrap_or(1);
    let max = table.whole("max")?.unwrap_or(u64::from(u32::MAX));
    if min == 0 || min > max {
        return Err(table.error("min", "must be at least 1 and at most max"));
    }
    table.finish()?;
    Ok((min, max))
}

/// Compiles the steps into [`Action`]s. The second value is the [`Place`] after the last of them.
///
/// # Errors
/// [`MapError`]: no step is sure to take the upload's or the asset's id.
fn compile_steps(
    at: &mut Reader,
    mut place: Place,
    constants: &Constants,
) -> Result<(Vec<Action>, Place), MapError> {
    let tables = at.tables("steps")?;
    if !(1..=3).contains(&tables.len()) {
        return Err(at.error(
            "steps",
            format!("there must be 1 to 3 of them, not {}", tables.len()),
        ));
    }
    let mut steps = Vec::new();
    for mut table in tables {
        let step = Action::compile(&mut table, &place, constants)?;
        for (name, optional) in step.captures() {
            // Why: an optional capture that an earlier step is sure to take still has a value.
            let certain_before = place.captures.get(&name) == Some(&false);
            place.captures.insert(name.clone(), optional && !certain_before);
            place.ids.extend(Id::parse(&name));
        }
        table.finish()?;
        steps.push(step);
    }
    let certain = |id: Id| place.captures.get(id.as_str()) == Some(&false);
    if !certain(Id::Upload) && !certain(Id::Asset) {
        let what = "no step takes upload_id or asset_id: without one of them no event finds its video";
        return Err(at.error("steps", what));
    }
    Ok((steps, place))
}

/// Compiles `[upload.compute]` into [`Digest`]s. The second value is the [`Place`] with the computed texts.
fn compile_digests(
    at: &mut Reader,
    mut place: Place,
    constants: &Constants,
) -> Result<(Vec<(String, Digest)>, Place), MapError> {
    let Some(mut table) = at.table("compute")? else {
        return Ok((Vec::new(), place));
    };
    // Why: a computed text may hold captures, but no other computed text: they have no order.
    let before = place.clone();
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        check_capture_name(&table, &name)?;
        if Id::parse(&name).is_some() || place.captures.contains_key(&name) {
            return Err(table.error(&name, "is the name of a capture already"));
        }
        let mut inner = table.sub(&name, value)?;
        let digest = Digest::compile(&mut inner, &before, constants, false)?;
        inner.finish()?;
        place.captures.insert(name.clone(), false);
        out.push((name, digest));
    }
    Ok((out, place))
}

/// Compiles `[upload.cancel]`, an [`Action`] with `too_late`.
fn compile_cancel(mut at: Reader, place: &Place, constants: &Constants) -> Result<Action, MapError> {
    let mut action = Action::compile(&mut at, place, constants)?;
    action.too_late = at.statuses("too_late")?;
    at.finish()?;
    Ok(action)
}
