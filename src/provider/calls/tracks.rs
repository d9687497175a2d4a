//! Calls about the tracks of a video: list them, add one, have one generated, delete one, read its file. And what is known of
//! them without a call.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    domain::{AskedTrack, Observation, Policy, TrackKind, Video},
    provider::{
        action::Action,
        client::{CallOutcome, ProviderResponse},
        error::CallError,
        loaded::Provider,
        playback::{FileRequest, PlaybackRequest},
        pointer::text_of,
        priority::Priority,
        renditions::PlayableFiles,
        subject::{Captures, TemplateInput},
        template::{Scope, TrackParts},
        tracks::{AcceptedTrack, ListedTrack, TrackContent, TrackSend, TrackTable},
    },
};

/// The capture that is the provider's id of a track.
const TRACK_ID: &str = "track_id";
/// How long the address lives by which this service reads a file, in seconds.
const READ_TTL_S: u64 = 300;

impl Provider {
    /// Returns true where the map reads tracks at all.
    pub fn has_tracks(&self) -> bool {
        self.map.tracks.is_some()
    }

    /// Returns how the provider takes the file of a track of this kind; `None` where the map cannot add one.
    pub fn track_send(&self, kind: TrackKind) -> Option<TrackSend> {
        let call = self.tracks().and_then(|table| table.add_call(kind));
        call.map(|call| call.send)
    }

    /// Returns true where the map can have a track of text generated.
    pub fn can_generate_tracks(&self) -> bool {
        self.tracks().is_some_and(|table| !table.generate.is_empty())
    }

    /// Returns true where the map can have a track deleted.
    pub fn can_delete_tracks(&self) -> bool {
        self.tracks().is_some_and(|table| table.delete.is_some())
    }

    /// Returns true where the file of a track of text can be read back: by `[tracks.file]` or an address.
    pub fn can_read_tracks(&self) -> bool {
        let by_call = self.tracks().is_some_and(|table| table.file.is_some());
        by_call || self.map.playback.has_track_addresses()
    }

    /// Returns how many tracks can be asked for with an upload, or with an ingest; 0 where the map has no place for them.
    pub fn most_tracks_at_begin(&self, is_ingest: bool) -> usize {
        if is_ingest {
            self.map.ingest.as_ref().map_or(0, |ingest| ingest.most_tracks)
        } else {
            self.map.upload.most_tracks
        }
    }

    /// Returns the tracks as the provider listed them last, those that are gone left out. Makes no call.
    pub fn listed_tracks(&self, video: &Video) -> Vec<ListedTrack> {
        self.tracks().map_or_else(Vec::new, |table| table.tracks(video))
    }

    /// Returns true where the listed track is as the one that was asked for: by kind, language and name, as far as the map's
    /// calls carry them and its list tells them. The provider's ids are not compared.
    pub fn is_like(&self, listed: &ListedTrack, asked: &AskedTrack) -> bool {
        self.tracks().is_some_and(|table| table.is_like(listed, asked))
    }

    /// Lists the tracks by the map's call for that; nothing where it has none.
    ///
    /// # Errors
    /// The call failed.
    pub async fn list_tracks(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Observation>, CallError> {
        let Some((table, list)) = self
            .tracks()
            .and_then(|table| Some((table, table.list.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        // Why nothing of "gone": the asset's own lookup says whether it is there.
        let outcome = self.run_action(&list.action, subject, priority, now).await?;
        let CallOutcome::Done(response) = outcome else {
            return Ok(Vec::new());
        };
        let mut seen = Observation::from_answer(response.time, now);
        if let Some(body) = &response.body {
            table.read_list(body, &mut seen);
        }
        Ok(vec![seen])
    }

    /// Has the provider take a track.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn add_track(
        &self,
        subject: &TemplateInput,
        track: &AskedTrack,
        content: TrackContent<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AcceptedTrack, CallError> {
        let call = self.tracks().and_then(|table| table.add_call(track.kind));
        let call = call.ok_or_else(|| CallError::unsupported("tracks.add"))?;
        let asked = TrackParts::of_asked(track);
        let parts = match (content, call.send) {
            (TrackContent::Url(url), TrackSend::Url) => TrackParts {
                url: Some(url),
                ..asked
            },
            (TrackContent::File(file), TrackSend::File) => TrackParts {
                file: Some(file),
                ..asked
            },
            _ => return Err(CallError::unsupported("tracks.add")),
        };
        let calls = std::slice::from_ref(&call.action);
        self.run_track_calls(calls, subject, parts, priority, now).await
    }

    /// Has the provider generate a track.
    ///
    /// # Errors
    /// The map cannot, or a call failed.
    pub async fn generate_track(
        &self,
        subject: &TemplateInput,
        track: &AskedTrack,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AcceptedTrack, CallError> {
        let calls = self.tracks().map(|table| table.generate.as_slice());
        let calls = calls.filter(|calls| !calls.is_empty());
        let calls = calls.ok_or_else(|| CallError::unsupported("tracks.generate"))?;
        let parts = TrackParts::of_asked(track);
        self.run_track_calls(calls, subject, parts, priority, now).await
    }

    /// Deletes a listed track; one that is not there counts as deleted. Returns the time of the answer, by the provider's
    /// clock as far as that is known.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn delete_track(
        &self,
        subject: &TemplateInput,
        track: &ListedTrack,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, CallError> {
        let action = self.tracks().and_then(|table| table.delete.as_ref());
        let action = action.ok_or_else(|| CallError::unsupported("tracks.delete"))?;
        let outcome = self.run_track_call(action, subject, track, priority, now).await?;
        Ok(match outcome {
            CallOutcome::Done(response) => response.time.at,
            CallOutcome::Gone | CallOutcome::TooLate => now,
        })
    }

    /// Reads the file of a listed track of text that is ready: at most 1 MiB.
    ///
    /// # Errors
    /// The map cannot, or the call failed.
    pub async fn read_track(
        &self,
        video: &Video,
        track: &ListedTrack,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, CallError> {
        let subject = TemplateInput::from_video(video);
        if let Some(action) = self.tracks().and_then(|table| table.file.as_ref()) {
            let outcome = self
                .run_track_call(action, &subject, track, priority, now)
                .await?;
            return match outcome {
                CallOutcome::Done(response) => Ok(file_of(*response)),
                CallOutcome::Gone | CallOutcome::TooLate => Err(CallError::Refused {
                    status: 404,
                    message: None,
                }),
            };
        }
        let url = self.track_address(&subject, track, priority, now).await?;
        let url = url.ok_or_else(|| CallError::unsupported("tracks.file"))?;
        self.map.client.read_file(&url).await
    }

    /// Returns the address of a track of text that is ready; `None` where it has none.
    async fn track_address(
        &self,
        subject: &TemplateInput,
        track: &ListedTrack,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, CallError> {
        if !self.map.playback.has_track_addresses()
            || (subject.playback_policy == Policy::Signed && !self.has_signing())
        {
            return Ok(None);
        }
        let (caller, in_background) = match priority {
            Priority::Request(caller) => (caller, false),
            Priority::Background => ("", true),
        };
        let request = PlaybackRequest {
            now,
            expires_in_s: READ_TTL_S,
            max_ttl_s: READ_TTL_S,
            time_s: None,
            sizes: &[],
            params: &[],
            files: Some(FileRequest {
                files: &PlayableFiles::default(),
                download: None,
                in_background,
            }),
            tracks: std::slice::from_ref(track),
            caller,
        };
        let urls = self.playback(subject, &request).await?;
        Ok(urls.tracks.into_iter().next().map(|one| one.url))
    }

    /// Makes the calls that bring a track to the provider, each with the captures of those before it.
    async fn run_track_calls(
        &self,
        calls: &[Action],
        subject: &TemplateInput,
        track: TrackParts<'_>,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<AcceptedTrack, CallError> {
        let mut captures = Captures::new();
        let mut at = now;
        for action in calls {
            let scope = Scope {
                captures: Some(&captures),
                track,
                ..Scope::for_input(subject, &self.map.values)
            };
            let CallOutcome::Done(response) = self.map.client.run(action, &scope, priority, now).await?
            else {
                return Err(CallError::Refused {
                    status: 404,
                    message: None,
                });
            };
            let taken = response.take_captures(action, &scope)?;
            at = response.time.at;
            captures.extend(taken);
        }
        let id = captures.get(TRACK_ID).filter(|value| !value.is_null());
        Ok(AcceptedTrack {
            at,
            provider_id: id.map(|id: &Value| text_of(id).into_owned()),
        })
    }

    /// Makes a call about a listed track.
    async fn run_track_call(
        &self,
        action: &Action,
        subject: &TemplateInput,
        track: &ListedTrack,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<CallOutcome, CallError> {
        let scope = Scope {
            track: TrackParts {
                id: Some(&track.provider_id),
                ..TrackParts::default()
            },
            ..Scope::for_input(subject, &self.map.values)
        };
        self.map.client.run(action, &scope, priority, now).await
    }

    fn tracks(&self) -> Option<&TrackTable> {
        self.map.tracks.as_deref()
    }
}

/// Returns the file of an answer.
fn file_of(response: ProviderResponse) -> Vec<u8> {
    response.file.unwrap_or_default()
}
