//! The calls that begin a video at its provider: `[[upload.steps]]` and `[[ingest.steps]]`.

use std::collections::BTreeMap;

use super::{
    action::Action,
    begin_tracks::BeginTracks,
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    request_field::RequestField,
    subject::TemplateInput,
    template::{
        Id, Place, Placeholder, Scope, Slot, Template, UrlTemplate, ValueTables, check_header_value,
        check_path_value,
    },
    vocabulary::ActionKeys,
};

/// Compiles the steps into [`Action`]s. The second value is the [`Place`] after the last of them.
///
/// # Errors
/// [`MapError`]: there are none or more than three, or no step is sure to take the upload's or the asset's id.
pub(crate) fn compile_steps(
    declared: Vec<ActionKeys>,
    at: &Location,
    mut place: Place,
    constants: &Constants,
) -> Result<(Vec<Action>, Place), MapError> {
    if !(1..=3).contains(&declared.len()) {
        let what = format!("there must be 1 to 3 of them, not {}", declared.len());
        return Err(at.error("steps", what));
    }
    let mut steps = Vec::new();
    for (index, step) in declared.into_iter().enumerate() {
        let step = Action::compile(step, &at.element("steps", index), &place, constants)?;
        for (name, optional) in step.captures() {
            // Why: an optional capture that an earlier step is sure to take still has a value.
            let certain_before = place.captures.get(&name) == Some(&false);
            place.captures.insert(name.clone(), optional && !certain_before);
            place.ids.extend(Id::parse(&name));
        }
        steps.push(step);
    }
    let certain = |id: Id| place.captures.get(id.as_str()) == Some(&false);
    if !certain(Id::Upload) && !certain(Id::Asset) {
        let what = "no step takes upload_id or asset_id: without one of them no event finds its video";
        return Err(at.error("steps", what));
    }
    Ok((steps, place))
}

/// Has the calls ask for tracks, each for what is to be added to it.
pub(crate) fn ask_for_tracks(mut calls: Vec<Action>, tracks: BTreeMap<usize, BeginTracks>) -> Vec<Action> {
    for (index, tracks) in tracks {
        if let Some(call) = calls.get_mut(index) {
            call.ask_for_tracks(tracks);
        }
    }
    calls
}

/// The templates that a request for a new video fills in, for [`check_request`].
pub(crate) struct FilledIn<'a> {
    /// Every slot.
    pub(crate) slots: Vec<&'a Slot>,
    /// The headers.
    pub(crate) headers: Vec<&'a Template>,
    /// The URLs.
    pub(crate) urls: Vec<&'a UrlTemplate>,
    /// The caller's `provider_settings` reach the provider.
    pub(crate) carries_settings: bool,
}

impl<'a> FilledIn<'a> {
    /// Collects the templates of the steps. The caller's `provider_settings` are carried in the body of the first call, or
    /// where a call names them.
    pub(crate) fn from_steps(steps: &'a [Action]) -> Self {
        let named = |name: &Placeholder| matches!(name, Placeholder::Field(RequestField::ProviderSettings));
        Self {
            slots: steps.iter().flat_map(Action::slots).collect(),
            headers: steps.iter().flat_map(Action::header_templates).collect(),
            urls: steps.iter().map(Action::url).collect(),
            carries_settings: steps.first().is_some_and(Action::has_json)
                || steps.iter().flat_map(Action::names).any(named),
        }
    }
}

/// Checks that `[values]` has a word for each value of the request, that the map can carry its `provider_settings`, and
/// that its values fit into headers and paths.
///
/// # Errors
/// [`InvalidField`]: names the first field that does not fit.
pub(crate) fn check_request(
    filled_in: &FilledIn<'_>,
    input: &TemplateInput,
    values: &ValueTables,
) -> Result<(), InvalidField> {
    let scope = Scope::for_input(input, values);
    let has_settings = input
        .provider_settings
        .as_object()
        .is_some_and(|members| !members.is_empty());
    if has_settings && !filled_in.carries_settings {
        let what = "cannot be sent to this provider: no call of its map can carry them";
        return Err(InvalidField::new(RequestField::ProviderSettings.as_str(), what));
    }
    // Why every table: a value without a word is refused now, and not by the step that would send it.
    for ours in values.keys() {
        field_text(*ours, &scope)?;
    }
    for slot in filled_in.slots.iter().filter(|slot| slot.has_words()) {
        slot.filtered_value(&scope)?;
    }
    for slot in filled_in.headers.iter().flat_map(|template| template.slots()) {
        if let Some(text) = text_from_request(slot, &scope)? {
            check_header_value(slot, &text)?;
        }
    }
    for slot in filled_in.urls.iter().flat_map(|url| url.path_slots()) {
        if let Some(text) = text_from_request(slot, &scope)? {
            check_path_value(slot, &text)?;
        }
    }
    Ok(())
}

/// Checks the number of tracks that are asked for with a new video.
///
/// # Errors
/// [`InvalidField`]: there are more than the calls can carry.
pub(crate) fn check_tracks(input: &TemplateInput, most: usize) -> Result<(), InvalidField> {
    if input.tracks.len() <= most {
        return Ok(());
    }
    let what = match most {
        0 => "this provider takes no tracks with a new video".to_owned(),
        1 => "this provider takes one track with a new video".to_owned(),
        most => format!("this provider takes at most {most} tracks with a new video"),
    };
    Err(InvalidField::new("tracks", what))
}

/// Returns the text of a field ([`RequestField`]), in the provider's word; `None` if it is missing.
pub(crate) fn field_text(ours: RequestField, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    let name = Placeholder::Field(ours);
    let value = scope.look_up(&name)?;
    Ok(value.map(|value| value.into_text().into_owned()))
}

/// Returns the text that a field of the request becomes in this [`Slot`]; `None` if the slot holds anything else.
fn text_from_request(slot: &Slot, scope: &Scope<'_>) -> Result<Option<String>, InvalidField> {
    if !matches!(slot.name, Placeholder::Field(_)) {
        return Ok(None);
    }
    Ok(Some(slot.require_value(scope)?.into_text().into_owned()))
}
