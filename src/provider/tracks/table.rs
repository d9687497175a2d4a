//! `[tracks]`, compiled, and the reading of one element of a list.

use serde_json::Value;

use super::track::{ListedTrack, TrackSend, TrackStatus};
use crate::{
    domain::{Field, TrackKind, TrackOrigin, Video},
    provider::{
        action::Action,
        condition::Condition,
        excerpt::Outline,
        lists::{List, read_word},
        source::{Source, SourceInput},
        template::{Scope, TRACK_KINDS},
    },
};

/// `[tracks]`, compiled.
pub(crate) struct TrackTable {
    /// Where events and the answer of `[asset.get]` have the list; `None`: only the call of its own has it.
    pub(super) each: Option<List>,
    pub(super) only: Condition,
    pub(super) fields: TrackFields,
    /// What a whole answer is cut to: the parts that the table reads.
    pub(super) outline: Outline,
    pub(crate) list: Option<ListCall>,
    pub(crate) add: Vec<AddCall>,
    /// The calls that have the provider write a track; none where it writes none.
    pub(crate) generate: Vec<Action>,
    pub(crate) delete: Option<Action>,
    /// The call whose answer is the file of a track.
    pub(crate) file: Option<Action>,
}

/// `[tracks.list]`.
pub(crate) struct ListCall {
    pub(crate) action: Action,
    pub(super) each: List,
}

/// One `[[tracks.add]]`.
pub(crate) struct AddCall {
    pub(super) kinds: Vec<TrackKind>,
    pub(crate) send: TrackSend,
    pub(crate) action: Action,
}

/// `fields`: the sources of a track.
pub(super) struct TrackFields {
    pub(super) id: Source,
    pub(super) language: Option<Source>,
    pub(super) name: Option<Source>,
    pub(super) kind: Option<Source>,
    pub(super) status: Option<Source>,
    pub(super) origin: Option<Source>,
}

impl AddCall {
    /// Returns a kind that the call is for.
    pub(crate) fn first_kind(&self) -> TrackKind {
        self.kinds.first().copied().unwrap_or(TrackKind::Captions)
    }
}

impl TrackTable {
    /// Returns every call of the table.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action> {
        let list = self.list.iter().map(|list| &list.action);
        let add = self.add.iter().map(|add| &add.action);
        list.chain(add)
            .chain(&self.generate)
            .chain(&self.delete)
            .chain(&self.file)
    }

    /// Returns the call that has the provider take a track of this kind.
    pub(crate) fn add_call(&self, kind: TrackKind) -> Option<&AddCall> {
        self.add.iter().find(|add| add.kinds.contains(&kind))
    }

    /// Reads the tracks that the row keeps, in the provider's order. Those that are gone are left out.
    pub(crate) fn tracks(&self, video: &Video) -> Vec<ListedTrack> {
        let kept = video.known.fact(Field::Tracks);
        let elements = kept.and_then(|fact| fact.value.as_array()).into_iter().flatten();
        let tracks = elements.filter_map(|element| self.read(element));
        tracks
            .filter(|track| track.status != TrackStatus::Deleted)
            .collect()
    }

    /// Reads one element of the list; `None` where it is not for the table, or has no id, kind or status that the map knows.
    pub(super) fn read(&self, element: &Value) -> Option<ListedTrack> {
        if !self.only.holds(element) {
            return None;
        }
        let input = SourceInput {
            json: Some(element),
            ..SourceInput::default()
        };
        let nothing = Scope::default();
        let text = |source: &Option<Source>| source.as_ref()?.find_text(input, &nothing);
        let kind = match &self.fields.kind {
            None => TrackKind::Captions,
            Some(source) => read_word(source, &TRACK_KINDS, input)?,
        };
        let status = match &self.fields.status {
            None => TrackStatus::Ready,
            Some(source) => read_word(source, &TrackStatus::WORDS, input)?,
        };
        let origin = self.fields.origin.as_ref();
        Some(ListedTrack {
            provider_id: self.fields.id.find_text(input, &nothing)?,
            kind,
            language: text(&self.fields.language),
            name: text(&self.fields.name),
            status,
            origin: origin.and_then(|source| read_word(source, &ORIGINS, input)),
        })
    }
}

/// Where tracks come from, by their names in maps.
pub(super) const ORIGINS: [(&str, TrackOrigin); 3] = [
    ("uploaded", TrackOrigin::Uploaded),
    ("generated", TrackOrigin::Generated),
    ("embedded", TrackOrigin::Embedded),
];
