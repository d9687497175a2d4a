//! The list of tracks in an event or an answer, as the row keeps it.

use serde_json::{Value, json};

use super::table::TrackTable;
use crate::{
    domain::{Field, Observation},
    provider::{
        lists::{List, is_storable_list},
        pointer::Pointer,
    },
};

impl TrackTable {
    /// Returns the places in an event that the table reads.
    pub(crate) fn event_pointers(&self) -> impl Iterator<Item = &Pointer> {
        self.each.iter().flat_map(List::event_pointers)
    }

    /// Adds the list of an event, or of one element of `[asset.list]`, to its observation. A list that is not there says
    /// nothing.
    pub(crate) fn read_event(&self, event: &Value, seen: &mut Observation) {
        let found = self.each.as_ref().and_then(|each| each.in_event(event));
        observe(found, seen);
    }

    /// Adds the list of an answer of `[asset.get]` to its observation.
    // Why the empty list: the answer is about the whole asset, so that what it does not have is not there. A list that is a
    // call of its own is another matter.
    pub(crate) fn read_asset(&self, answer: &Value, seen: &mut Observation) {
        let Some(each) = &self.each else { return };
        let found = each.in_answer(answer, &self.outline);
        observe(found.or_else(|| self.list.is_none().then(Vec::new)), seen);
    }

    /// Adds the list of an answer of `[tracks.list]` to its observation.
    pub(crate) fn read_list(&self, answer: &Value, seen: &mut Observation) {
        let Some(call) = &self.list else { return };
        let found = call.each.in_answer(answer, &self.outline);
        observe(Some(found.unwrap_or_default()), seen);
    }

    /// Returns the tracks of an observation as JSON, by the provider's ids: for the trial of a map.
    pub(crate) fn tracks_json(&self, seen: &Observation) -> Value {
        let lists = seen.fields.iter().filter(|(field, _)| *field == Field::Tracks);
        let elements = lists.filter_map(|(_, list)| list.as_array()).flatten();
        let tracks = elements.filter_map(|element| self.read(element));
        let named = tracks.map(|track| {
            let mut value = json!({
                "kind": track.kind,
                "language": track.language,
                "name": track.name,
                "status": track.status.as_str(),
                "source": track.origin,
            });
            if let Some(members) = value.as_object_mut() {
                members.retain(|_, member| !member.is_null());
            }
            (track.provider_id, value)
        });
        Value::Object(named.collect())
    }
}

/// Adds a list to the observation; one that is too long to be kept is left out.
fn observe(found: Option<Vec<Value>>, seen: &mut Observation) {
    let list = found.map(Value::from);
    if let Some(list) = list.filter(is_storable_list) {
        seen.fields.push((Field::Tracks, list));
    }
}
