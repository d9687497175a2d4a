//! `[upload]`: the calls that make an upload URL, and what the client is told.

mod check;
mod client;

use std::collections::BTreeSet;

use super::{
    action::{Action, check_capture_name},
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    report::{Fields, StatusRule, fields},
    signing::Digest,
    subject::{Captures, Subject},
    template::{Id, Ours, OursWhere, Place, Scope, ValueTables},
};
use client::ClientSide;
pub use client::{Chunk, Protocol, UploadDescriptor};

/// An action whose answer is a report about the upload or the asset.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) action: Action,
    pub(crate) status: StatusRule,
    pub(crate) fields: Fields,
}

/// `[upload]`, compiled.
pub(crate) struct Upload {
    requires: BTreeSet<Ours>,
    /// Seconds, inclusive.
    ttl_s: (u64, u64),
    pub(crate) steps: Vec<Action>,
    compute: Vec<(String, Digest)>,
    pub(crate) client: ClientSide,
    pub(crate) get: Option<Ask>,
    pub(crate) cancel: Option<Action>,
    /// What the steps can leave in a row.
    pub(crate) captures: Place,
}

impl Ask {
    /// Reads an action with `status` and `fields`.
    pub(crate) fn compile(mut at: Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let mut action = Action::compile(&mut at, place, constants)?;
        action.reads_body = true;
        let status = StatusRule::compile(&mut at, constants)?;
        let fields = fields(&mut at, &Fields::new(), constants)?;
        at.finish()?;
        Ok(Self {
            action,
            status,
            fields,
        })
    }
}

impl Upload {
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let requires = requires(&mut at)?;
        let ttl_s = ttl(&mut at)?;
        let request = Place {
            secrets: true,
            ours: OursWhere::Upload,
            required: requires.clone(),
            times: true,
            ..Place::default()
        };
        let (steps, place) = steps(&mut at, request, constants)?;
        let captures = Place {
            captures: place.captures.clone(),
            ids: place.ids.clone(),
            ..Place::default()
        };
        let (compute, place) = compute(&mut at, place, constants)?;
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
            .map(|get| Ask::compile(get, &later, constants))
            .transpose()?;
        let cancel = at
            .table("cancel")?
            .map(|cancel| cancel_action(cancel, &later, constants))
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

    /// The wanted life of an upload URL, as far as the provider allows it.
    pub(crate) fn ttl_s(&self, wanted_s: u64) -> u64 {
        wanted_s.clamp(self.ttl_s.0, self.ttl_s.1)
    }

    /// What the client is told once every step has run.
    pub(crate) fn describe(
        &self,
        input: &Subject,
        captures: &Captures,
        values: &ValueTables,
    ) -> Result<UploadDescriptor, InvalidField> {
        let mut known = captures.clone();
        for (name, digest) in &self.compute {
            let scope = Scope {
                captures: Some(captures),
                ..Scope::of(input, values)
            };
            known.insert(name.clone(), digest.compute(&scope)?.into());
        }
        let scope = Scope {
            captures: Some(&known),
            ..Scope::of(input, values)
        };
        self.client.describe(&scope, input.expires)
    }
}

fn requires(at: &mut Reader) -> Result<BTreeSet<Ours>, MapError> {
    let mut out = BTreeSet::new();
    for name in at.texts("requires")? {
        let ours = Ours::parse(&name).ok_or_else(|| {
            let all = Ours::ALL.map(Ours::as_str).join(", ");
            at.error(
                "requires",
                format!("`{name}` is no field of an upload; allowed: {all}"),
            )
        })?;
        out.insert(ours);
    }
    Ok(out)
}

fn ttl(at: &mut Reader) -> Result<(u64, u64), MapError> {
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

/// The steps, and what is available after the last of them.
fn steps(at: &mut Reader, mut place: Place, constants: &Constants) -> Result<(Vec<Action>, Place), MapError> {
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

fn compute(
    at: &mut Reader,
    mut place: Place,
    constants: &Constants,
) -> Result<(Vec<(String, Digest)>, Place), MapError> {
    let Some(mut table) = at.table("compute")? else {
        return Ok((Vec::new(), place));
    };
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

fn cancel_action(mut at: Reader, place: &Place, constants: &Constants) -> Result<Action, MapError> {
    let mut action = Action::compile(&mut at, place, constants)?;
    action.too_late = at.statuses("too_late")?;
    at.finish()?;
    Ok(action)
}

/// `[values]`: our value → theirs.
pub(crate) fn values(root: &mut Reader) -> Result<ValueTables, MapError> {
    let Some(mut table) = root.table("values")? else {
        return Ok(ValueTables::new());
    };
    let mut out = ValueTables::new();
    for (name, value) in table.entries() {
        let ours = Ours::parse(&name).ok_or_else(|| {
            let all = Ours::ALL.map(Ours::as_str).join(", ");
            table.error(&name, format!("is no value of ours; allowed: {all}"))
        })?;
        let mut entries = table.sub(&name, value)?;
        let entries = entries
            .entries()
            .into_iter()
            .map(|(key, value)| (key, super::compile::to_json(value)));
        out.insert(ours, entries.collect());
    }
    Ok(out)
}
