//! Whether a listed track is one that a caller asked for.
//!
//! Kind, language and name are compared as far as the call carried them, and as far as the list tells them: a provider that
//! knows one track of text a language lists no subtitles and captions apart.

use super::{table::TrackTable, track::ListedTrack};
use crate::{
    domain::{AskedTrack, TrackAction, TrackKind},
    provider::{
        action::Action,
        condition::same_ignoring_case,
        template::{Placeholder, TrackPart, TrackParts},
    },
};

/// The parts of a track that calls carry.
#[derive(Clone, Copy)]
struct Carried {
    language: bool,
    name: bool,
    /// Subtitles and captions are told apart.
    text_kind: bool,
}

impl TrackTable {
    /// Returns true where the listed track is as the one that was asked for: by kind, language and name, as far as the calls
    /// carry them and the list tells them. The provider's ids are not compared.
    pub(crate) fn is_like(&self, listed: &ListedTrack, asked: &AskedTrack) -> bool {
        let carried = self.carried(asked);
        let is_sound = |kind| kind == TrackKind::Audio;
        if is_sound(listed.kind) != is_sound(asked.kind) {
            return false;
        }
        if carried.text_kind && listed.kind != asked.kind {
            return false;
        }
        let sent = TrackParts::of_asked(asked);
        let is_same = |told: &Option<String>, sent: Option<&str>, same: fn(&str, &str) -> bool| {
            told.as_deref()
                .zip(sent)
                .is_some_and(|(told, sent)| same(told, sent))
        };
        let language = !carried.language
            || self.fields.language.is_none()
            || is_same(&listed.language, sent.language, same_ignoring_case);
        let name = !carried.name
            || self.fields.name.is_none()
            || is_same(&listed.name, sent.name, |told, sent| told == sent);
        language && name
    }

    /// Returns the parts that every call carries by which the track may have come to the provider.
    fn carried(&self, asked: &AskedTrack) -> Carried {
        let add = self.add_call(asked.kind).map(|add| vec![&add.action]);
        let generate = Some(self.generate.iter().collect::<Vec<_>>()).filter(|steps| !steps.is_empty());
        let ways: Vec<Vec<&Action>> = match asked.action {
            TrackAction::Add => add.into_iter().collect(),
            TrackAction::Generate => generate.into_iter().collect(),
            // Why both: a request to delete does not say how the track was asked for.
            TrackAction::Delete => add.into_iter().chain(generate).collect(),
        };
        let carry = |part: TrackPart| {
            let names_part =
                |name: &&Placeholder| matches!(name, Placeholder::Track(named) if *named == part);
            let carries = |way: &Vec<&Action>| {
                way.iter()
                    .flat_map(|call| call.names())
                    .any(|name| names_part(&name))
            };
            ways.iter().all(carries)
        };
        Carried {
            language: carry(TrackPart::Language),
            name: carry(TrackPart::Name),
            text_kind: carry(TrackPart::Kind) || carry(TrackPart::IsCaptions),
        }
    }
}
