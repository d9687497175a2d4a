//! The list of files in an event or an answer, as the row keeps it.

use serde_json::Value;

use super::table::{RenditionTable, RenditionTables};
use crate::{
    domain::Observation,
    provider::{
        lists::{List, is_storable_list},
        pointer::Pointer,
    },
};

impl RenditionTables {
    /// Returns the places in an event that the tables read.
    pub(crate) fn event_pointers(&self) -> impl Iterator<Item = &Pointer> {
        let lists = self.iter().filter_map(|table| table.each.as_ref());
        lists.flat_map(List::event_pointers)
    }

    /// Adds the lists of an event to its observation. A list that is not there says nothing.
    pub(crate) fn read_event(&self, event: &Value, seen: &mut Observation) {
        for table in self.iter() {
            let found = table.each.as_ref().and_then(|each| each.in_event(event));
            table.observe(found, seen);
        }
    }

    /// Adds the lists of one element of `[asset.list]` to its observation. A list that is not there says nothing.
    pub(crate) fn read_listed(&self, element: &Value, seen: &mut Observation) {
        self.read_event(element, seen);
    }

    /// Adds the lists of an answer of `[asset.get]` to its observation.
    // Why the empty list: the answer is about the whole asset, so that what it does not have is not there. A list that is a
    // call of its own is another matter.
    pub(crate) fn read_asset(&self, answer: &Value, seen: &mut Observation) {
        for table in self.iter() {
            let Some(each) = &table.each else { continue };
            let found = each.in_answer(answer, &table.outline);
            let found = found.or_else(|| table.list.is_none().then(Vec::new));
            table.observe(found, seen);
        }
    }
}

impl RenditionTable {
    /// Adds the list of an answer of `[renditions.list]` to its observation.
    pub(crate) fn read_list(&self, answer: &Value, seen: &mut Observation) {
        let Some(call) = &self.list else { return };
        let found = call.each.in_answer(answer, &self.outline).unwrap_or_default();
        self.observe(Some(found), seen);
    }

    /// Returns the files of an observation as JSON, by our names: for the trial of a map.
    pub(crate) fn files_json(&self, seen: &Observation) -> Value {
        let lists = seen.fields.iter().filter(|(field, _)| *field == self.field);
        let elements = lists.filter_map(|(_, list)| list.as_array()).flatten();
        let files = elements.filter_map(|element| self.read(element));
        let named = files.map(|file| {
            let name = file.shown.name.clone();
            let mut value = serde_json::to_value(file.shown).unwrap_or_default();
            if let Some(members) = value.as_object_mut() {
                members.retain(|_, member| !member.is_null());
            }
            (name, value)
        });
        Value::Object(named.collect())
    }

    /// Adds a list to the observation; one that is too long to be kept is left out.
    fn observe(&self, found: Option<Vec<Value>>, seen: &mut Observation) {
        let list = found.map(Value::from);
        if let Some(list) = list.filter(is_storable_list) {
            seen.fields.push((self.field, list));
        }
    }
}
