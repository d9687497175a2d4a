//! Trials of the calls about the parts of a video: its files and its tracks.

use serde_json::json;

use super::call_trials::CallTrial;
use crate::{
    domain::{Observation, TrackKind},
    provider::{
        subject::TemplateInput,
        template::{RenditionParts, Scope, TrackParts},
    },
};

/// A file of a track.
const SAMPLE_TRACK: &str = "WEBVTT\n\n00:00.000 --> 00:01.000\nSample\n";

impl CallTrial<'_> {
    /// Tries the calls that list, make and delete files.
    pub(super) fn try_file_calls(&mut self, row: &TemplateInput) {
        let provider = self.provider;
        for table in provider.map.renditions.iter() {
            let theirs = table.names.first().map(|(_, theirs)| theirs.as_str());
            let scope = Scope {
                rendition: RenditionParts {
                    name: theirs,
                    id: Some("sample-rendition-id"),
                    file: Some("sample.mp4"),
                },
                ..Scope::for_input(row, &provider.map.values)
            };
            if let Some(list) = &table.list {
                self.try_call(&list.action, &scope, |response| {
                    let mut seen = Observation::default();
                    if let Some(body) = &response.body {
                        table.read_list(body, &mut seen);
                    }
                    Ok(table.files_json(&seen))
                });
            }
            for action in table.make.iter().chain(&table.delete) {
                self.try_call(action, &scope, |_| Ok(json!({})));
            }
        }
    }

    /// Tries the calls that list, add, generate, delete and read tracks.
    pub(super) fn try_track_calls(&mut self, row: &TemplateInput) {
        let provider = self.provider;
        let Some(table) = &provider.map.tracks else { return };
        let parts = |kind: TrackKind| TrackParts {
            kind: Some(kind),
            language: Some("en"),
            name: Some("English"),
            url: Some("https://files.example/sample.vtt"),
            file: Some(SAMPLE_TRACK),
            id: Some("sample-track-id"),
        };
        let scope = Scope {
            track: parts(TrackKind::Captions),
            ..Scope::for_input(row, &provider.map.values)
        };
        if let Some(list) = &table.list {
            self.try_call(&list.action, &scope, |response| {
                let mut seen = Observation::default();
                if let Some(body) = &response.body {
                    table.read_list(body, &mut seen);
                }
                Ok(table.tracks_json(&seen))
            });
        }
        for add in &table.add {
            let calls = std::slice::from_ref(&add.action);
            self.try_steps_about(calls, row, parts(add.first_kind()));
        }
        self.try_steps_about(&table.generate, row, parts(TrackKind::Subtitles));
        for action in table.delete.iter().chain(&table.file) {
            self.try_call(action, &scope, |_| Ok(json!({})));
        }
    }
}
