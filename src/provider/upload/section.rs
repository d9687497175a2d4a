//! `[upload]`, compiled.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    client::{ClientSide, UploadDescriptor},
    report_action::ReportAction,
};
use crate::provider::{
    action::{Action, check_capture_name},
    begin_tracks::compile_begin_tracks,
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    request_field::RequestField,
    signing::{Digest, DigestRules},
    steps::{ask_for_tracks, compile_steps},
    subject::{Captures, TemplateInput},
    template::{Id, Place, Placeholder, Scope, Template, ValueTables},
    upload_limits::UploadLimits,
    vocabulary::{ActionTable, CancelTable, DigestTable, Entries, IdsTable, Scalar, TtlTable, UploadTable},
};

/// The largest limit, which every JSON parser reads exactly: 2^53 - 1.
const MAX_LIMIT: u64 = (1 << 53) - 1;

/// Signed texts by their names, in the order of the map.
type NamedDigests = Vec<(String, Arc<Digest>)>;

/// `[upload]`, compiled.
pub(crate) struct Upload {
    /// Fields that a request must have; [`Upload::check_request`] checks them.
    pub(super) requires: BTreeSet<RequestField>,
    /// Shortest and longest lifetime of an upload URL, in seconds, both allowed.
    ttl_s: (u64, u64),
    /// The provider's own limits.
    pub(crate) limits: UploadLimits,
    /// The calls that make the upload, 1 to 3; none where there are `ids`.
    pub(crate) steps: Vec<Action>,
    /// `ids`: the ids that this service gives, where the provider takes a file without a call before it.
    ids: Vec<(Id, Template)>,
    /// `[upload.compute]`: name → [`Digest`].
    pub(super) compute: NamedDigests,
    /// The most tracks that can be asked for with an upload; 0 where there is no place for them.
    pub(crate) most_tracks: usize,
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
    pub(crate) fn compile(
        declared: UploadTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let requires: BTreeSet<RequestField> = declared.requires.into_iter().collect();
        let ttl_s = compile_ttl(declared.ttl_s, at)?;
        let limits = UploadLimits {
            max_bytes: compile_limit(declared.max_bytes.as_ref(), "max_bytes", at, constants)?,
            max_duration_s: compile_limit(declared.max_duration_s.as_ref(), "max_duration_s", at, constants)?,
        };
        if limits.max_bytes.is_some() && declared.client.max_bytes.is_some() {
            return Err(at.error("max_bytes", "stands in [upload.client] too: leave that one out"));
        }
        let limits = UploadLimits {
            max_bytes: limits.max_bytes.or(declared.client.max_bytes),
            ..limits
        };
        let request = Place {
            limits,
            ..Place::for_upload(requires.clone())
        };
        let calls: Vec<_> = declared.steps.iter().map(ActionTable::action).collect();
        let tracks = declared
            .tracks
            .map(|tracks| compile_begin_tracks(tracks, &at.table("tracks"), (&calls, &request), constants))
            .transpose()?;
        let (tracks, most_tracks) = tracks.unwrap_or_default();
        let (ids, steps, place) = match declared.ids {
            None => {
                let (steps, place) = compile_steps(calls, at, request, constants)?;
                (Vec::new(), ask_for_tracks(steps, tracks), place)
            }
            Some(_) if !declared.steps.is_empty() => {
                return Err(at.error(
                    "ids",
                    "stands instead of [[upload.steps]]: there must be one of both",
                ));
            }
            Some(ids) => {
                let (ids, place) = compile_ids(ids, &at.table("ids"), request, constants)?;
                (ids, Vec::new(), place)
            }
        };
        let captures = Place {
            captures: place.captures.clone(),
            ids: place.ids.clone(),
            ..Place::default()
        };
        let (compute, place) = compile_digests(declared.compute, at, place, constants)?;
        let place = Place::for_client(place);
        let client = ClientSide::compile(declared.client, &at.table("client"), &place, constants)?;
        let later = Place::for_asset();
        let get = declared
            .get
            .map(|get| ReportAction::compile(get, &at.table("get"), &later, constants))
            .transpose()?;
        let cancel = declared
            .cancel
            .map(|cancel| compile_cancel(&cancel, &at.table("cancel"), &later, constants))
            .transpose()?;
        Ok(Self {
            requires,
            ttl_s,
            limits,
            steps,
            ids,
            compute,
            most_tracks,
            client,
            get,
            cancel,
            captures,
        })
    }

    /// Returns the names of the members that a request for an upload must have.
    pub(crate) fn required_fields(&self) -> impl Iterator<Item = &'static str> {
        self.requires.iter().map(|field| field.as_str())
    }

    /// Limits the wanted lifetime of an upload URL to what the provider allows, in seconds.
    pub(crate) fn ttl_s(&self, wanted_s: u64) -> u64 {
        wanted_s.clamp(self.ttl_s.0, self.ttl_s.1)
    }

    /// This service gives the ids, so that the provider knows no asset before its file has come.
    pub(crate) fn gives_ids(&self) -> bool {
        !self.ids.is_empty()
    }

    /// Returns the number of steps: the calls, or the one step that gives the ids.
    pub(crate) fn step_count(&self) -> usize {
        if self.gives_ids() { 1 } else { self.steps.len() }
    }

    /// Makes the ids that this service gives, as captures.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing.
    pub(crate) fn make_ids(&self, scope: &Scope<'_>) -> Result<Captures, InvalidField> {
        let make =
            |(id, template): &(Id, Template)| Ok((id.as_str().to_owned(), template.text(scope)?.into()));
        self.ids.iter().map(make).collect()
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
        let max_bytes = input
            .limits
            .max_bytes
            .into_iter()
            .chain(self.limits.max_bytes)
            .min();
        self.client.describe(&scope, max_bytes, input.expires)
    }
}

/// Compiles a limit: a number above 0, or a template of variables that gives one.
fn compile_limit(
    declared: Option<&Scalar>,
    key: &str,
    at: &Location,
    constants: &Constants,
) -> Result<Option<u64>, MapError> {
    let Some(Scalar(text)) = declared else {
        return Ok(None);
    };
    let template =
        Template::compile(text, &Place::default(), constants).map_err(|what| at.error(key, what))?;
    let number = template
        .text(&Scope::default())
        .ok()
        .and_then(|text| text.parse().ok());
    match number.filter(|number| (1..=MAX_LIMIT).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(at.error(key, "must give a whole number, 1 to 9007199254740991")),
    }
}

/// Compiles `ttl_s`; without it, any lifetime goes.
fn compile_ttl(declared: Option<TtlTable>, at: &Location) -> Result<(u64, u64), MapError> {
    let min = declared.and_then(|ttl| ttl.min).unwrap_or(1);
    let max = declared.and_then(|ttl| ttl.max).unwrap_or(u64::from(u32::MAX));
    if min == 0 || min > max {
        return Err(at
            .table("ttl_s")
            .error("min", "must be at least 1 and at most max"));
    }
    Ok((min, max))
}

/// Compiles `ids`. The second value is the [`Place`] with the ids.
///
/// # Errors
/// [`MapError`]: neither the upload's nor the asset's id is given, or an id is not of one video alone.
fn compile_ids(
    declared: IdsTable,
    at: &Location,
    mut place: Place,
    constants: &Constants,
) -> Result<(Vec<(Id, Template)>, Place), MapError> {
    // Why: an id is written to the row, and shown.
    let public = Place {
        secrets: false,
        ..place.clone()
    };
    let declared = [
        (Id::Upload, declared.upload_id),
        (Id::Asset, declared.asset_id),
        (Id::Playback, declared.playback_id),
    ];
    let mut ids = Vec::new();
    for (id, text) in declared {
        let Some(text) = text else { continue };
        let error = |what: String| at.error(id.as_str(), what);
        let template = Template::compile(&text, &public, constants).map_err(error)?;
        let is_unique = |name: &Placeholder| matches!(name, Placeholder::Field(RequestField::VideoId));
        if !template.slots().any(|slot| is_unique(&slot.name)) {
            let what = "does not hold {video_id}: two videos would have one id";
            return Err(error(what.to_owned()));
        }
        place.captures.insert(id.as_str().to_owned(), false);
        place.ids.insert(id);
        ids.push((id, template));
    }
    if !ids.iter().any(|(id, _)| matches!(id, Id::Upload | Id::Asset)) {
        let what = "has neither upload_id nor asset_id: without one of them no event finds its video";
        return Err(at.error("", what));
    }
    Ok((ids, place))
}

/// Compiles `[upload.compute]` into [`Digest`]s. The second value is the [`Place`] with the computed texts.
fn compile_digests(
    declared: Entries<DigestTable>,
    at: &Location,
    mut place: Place,
    constants: &Constants,
) -> Result<(NamedDigests, Place), MapError> {
    let at = at.table("compute");
    // Why: a message may hold captures, but no other computed text, which would look like a capture of a call.
    let before = place.clone();
    let mut out = NamedDigests::new();
    for (name, digest) in declared {
        check_capture_name(&at, &name)?;
        if Id::parse(&name).is_some() || place.captures.contains_key(&name) {
            return Err(at.error(&name, "is the name of a capture already"));
        }
        let rules = DigestRules {
            place: &before,
            constants,
            earlier: &out,
            for_playback: false,
        };
        let digest = Digest::compile(digest, &at.table(&name), rules)?;
        place.captures.insert(name.clone(), false);
        out.push((name, Arc::new(digest)));
    }
    Ok((out, place))
}

/// Compiles `[upload.cancel]`, an [`Action`] with `too_late`.
fn compile_cancel(
    declared: &CancelTable,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Action, MapError> {
    let mut action = Action::compile(declared.action(), at, place, constants)?;
    action.too_late = declared.too_late.iter().map(|status| status.0).collect();
    Ok(action)
}
