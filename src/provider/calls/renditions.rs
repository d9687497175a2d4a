//! Calls about the files of a video: list them, have one made, delete one. And what is known of them without a call.

use chrono::{DateTime, Utc};

use crate::{
    domain::{Observation, Video},
    provider::{
        client::CallOutcome,
        error::CallError,
        loaded::Provider,
        playback::{DownloadRefused, FileRequest, PlaybackRequest},
        priority::Priority,
        renditions::{Audience, PlayableFiles, Rendition, RenditionAddress, RenditionFile, is_answered},
        subject::{Captures, TemplateInput},
        template::{RenditionParts, Scope},
    },
};

impl Provider {
    /// Returns the files of a video as they are shown, those that callers asked for included. Makes no call.
    pub fn renditions(&self, video: &Video) -> Vec<Rendition> {
        let files = self.map.renditions.shown(video).into_iter();
        files.map(|file| file.shown).collect()
    }

    /// Returns the file of this name as the provider listed it last, whatever callers asked for. Makes no call.
    pub fn listed_rendition(&self, video: &Video, name: &str) -> Option<Rendition> {
        self.listed_file(video, name).map(|file| file.shown)
    }

    /// Returns the file of this name as the provider listed it after it had accepted the call of the request about it. Makes no
    /// call.
    pub fn answered_rendition(&self, video: &Video, name: &str) -> Option<Rendition> {
        let request = video.rendition_request(name)?;
        let files = self.map.renditions.files(video).into_iter();
        let mut named = files.filter(|(file, fact)| file.shown.name == name && is_answered(request, fact));
        named.next().map(|(file, _)| file.shown)
    }

    /// Returns true where the map lists this name of a file.
    pub fn knows_rendition(&self, name: &str) -> bool {
        self.map.renditions.find(name).is_some()
    }

    /// Returns true where the map can have this file made.
    pub fn can_make_rendition(&self, name: &str) -> bool {
        self.map
            .renditions
            .find(name)
            .is_some_and(|(table, _)| table.can_make())
    }

    /// Returns true where the map can have this file deleted.
    pub fn can_delete_rendition(&self, name: &str) -> bool {
        self.map
            .renditions
            .find(name)
            .is_some_and(|(table, _)| table.delete.is_some())
    }

    /// Returns the names of the files that the map can have made, in its order.
    pub fn makeable_renditions(&self) -> Vec<&str> {
        let tables = self.map.renditions.iter().filter(|table| table.can_make());
        let names = tables.flat_map(|table| &table.names);
        names.map(|(ours, _)| ours.as_str()).collect()
    }

    /// Returns the names of the files that the map lists, in its order.
    pub fn rendition_names(&self) -> Vec<&str> {
        let names = self.map.renditions.iter().flat_map(|table| &table.names);
        names.map(|(ours, _)| ours.as_str()).collect()
    }

    /// Returns true where the map reads files at all.
    pub fn has_renditions(&self) -> bool {
        self.map.renditions.iter().next().is_some()
    }

    /// Returns the files of a video that are ready, for those who may have their addresses. Makes no call.
    pub fn playable_files(&self, video: &Video, audience: Audience) -> PlayableFiles {
        self.map.renditions.playable(video, audience)
    }

    /// Checks a name under which the addresses of files are to save them.
    ///
    /// # Errors
    /// See [`DownloadRefused`].
    pub fn check_download(&self, name: &str) -> Result<(), DownloadRefused> {
        self.map.playback.check_download(name)
    }

    /// Returns an address of each file that is ready, the source included, for a job that hands it to a server. An address
    /// that the provider gave ends when the provider says.
    ///
    /// # Errors
    /// The map cannot play such a video, or a call that its addresses need failed.
    pub async fn rendition_addresses(
        &self,
        video: &Video,
        ttl_s: u64,
        now: DateTime<Utc>,
    ) -> Result<Vec<RenditionAddress>, CallError> {
        let files = self.playable_files(video, Audience::Owner);
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let request = PlaybackRequest {
            now,
            expires_in_s: ttl_s,
            max_ttl_s: ttl_s,
            time_s: None,
            sizes: &[],
            params: &[],
            files: Some(FileRequest {
                files: &files,
                download: None,
                in_background: true,
            }),
            tracks: &[],
            caller: "",
        };
        let urls = self.playback(&TemplateInput::from_video(video), &request).await?;
        Ok(urls.renditions)
    }

    /// Lists the files of a video by the map's calls for that; nothing where it has none.
    ///
    /// # Errors
    /// A call failed.
    pub async fn list_renditions(
        &self,
        subject: &TemplateInput,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Observation>, CallError> {
        let mut out = Vec::new();
        for table in self.map.renditions.iter() {
            let Some(list) = &table.list else { continue };
            // Why nothing of "gone": the asset's own lookup says whether it is there.
            if let CallOutcome::Done(response) = self.run_action(&list.action, subject, priority, now).await?
                && let Some(body) = &response.body
            {
                let mut seen = Observation::from_answer(response.time, now);
                table.read_list(body, &mut seen);
                out.push(seen);
            }
        }
        Ok(out)
    }

    /// Has the file made. Returns the time of the answer that accepted it, by the provider's clock as far as that is known.
    ///
    /// # Errors
    /// The map cannot have it made, or a call failed.
    pub async fn make_rendition(
        &self,
        subject: &TemplateInput,
        name: &str,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, CallError> {
        let found = self.map.renditions.find(name);
        let Some((table, theirs)) = found.filter(|(table, _)| table.can_make()) else {
            return Err(CallError::unsupported("renditions.make"));
        };
        let mut captures = Captures::new();
        let mut accepted_at = now;
        for action in &table.make {
            let scope = Scope {
                captures: Some(&captures),
                rendition: RenditionParts {
                    name: Some(theirs),
                    ..RenditionParts::default()
                },
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
            accepted_at = response.time.at;
            captures.extend(taken);
        }
        Ok(accepted_at)
    }

    /// Deletes the file that the provider listed last under this name; one that is not there counts as deleted. Returns the
    /// time of the answer, by the provider's clock as far as that is known.
    ///
    /// # Errors
    /// The map cannot delete it, or the call failed.
    pub async fn delete_rendition(
        &self,
        video: &Video,
        name: &str,
        priority: Priority<'_>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, CallError> {
        let action = self
            .map
            .renditions
            .find(name)
            .and_then(|(table, _)| table.delete.as_ref());
        let action = action.ok_or_else(|| CallError::unsupported("renditions.delete"))?;
        let Some(file) = self.listed_file(video, name) else {
            return Ok(now);
        };
        let subject = TemplateInput::from_video(video);
        let scope = Scope {
            rendition: RenditionParts {
                name: Some(&file.theirs),
                id: file.id.as_deref(),
                file: file.file.as_deref(),
            },
            ..Scope::for_input(&subject, &self.map.values)
        };
        Ok(match self.map.client.run(action, &scope, priority, now).await? {
            CallOutcome::Done(response) => response.time.at,
            CallOutcome::Gone | CallOutcome::TooLate => now,
        })
    }

    fn listed_file(&self, video: &Video, name: &str) -> Option<RenditionFile> {
        let files = self.map.renditions.files(video).into_iter();
        let mut named = files.map(|(file, _)| file).filter(|file| file.shown.name == name);
        named.next()
    }
}
