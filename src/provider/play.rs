//! How one video is played: its addresses, and what signs them.

use super::Provider;
use super::error::CallError;
use super::playback::{Asking, Missing, PlaybackAsk, PlaybackUrls};
use super::subject::Subject;

impl Provider {
    /// All addresses of a video, signed where its policy asks for it.
    ///
    /// # Errors
    /// The map cannot play such a video, an id is not known, or a call that playback needs failed.
    pub async fn playback(
        &self,
        subject: &Subject,
        ask: &PlaybackAsk<'_>,
    ) -> Result<PlaybackUrls, CallError> {
        let asking = self.asking(subject, ask, Missing::Signed);
        whole(self.map.playback.answer(asking, false).await?)
    }

    /// As [`Provider::playback`], of signatures that are known, or made in no time; `None`, before any call, where a slow one
    /// is missing: [`Provider::sign_ahead`] makes it, for a caller that has taken its permit to sign.
    ///
    /// # Errors
    /// As [`Provider::playback`].
    pub async fn known_playback(
        &self,
        subject: &Subject,
        ask: &PlaybackAsk<'_>,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let asking = self.asking(subject, ask, Missing::LeftOut);
        self.map.playback.answer(asking, false).await
    }

    /// The addresses of a video's pictures, and what signs them, only.
    ///
    /// # Errors
    /// As [`Provider::playback`].
    pub async fn thumbnails(
        &self,
        subject: &Subject,
        ask: &PlaybackAsk<'_>,
    ) -> Result<PlaybackUrls, CallError> {
        let asking = self.asking(subject, ask, Missing::Signed);
        whole(self.map.playback.answer(asking, true).await?)
    }

    /// As [`Provider::known_playback`], of the pictures alone.
    ///
    /// # Errors
    /// As [`Provider::playback`].
    pub async fn known_thumbnails(
        &self,
        subject: &Subject,
        ask: &PlaybackAsk<'_>,
    ) -> Result<Option<PlaybackUrls>, CallError> {
        let asking = self.asking(subject, ask, Missing::LeftOut);
        self.map.playback.answer(asking, true).await
    }

    /// Makes the slow signatures that [`Provider::known_playback`] (of pictures alone: [`Provider::known_thumbnails`]) lacks,
    /// and calls nobody.
    ///
    /// # Errors
    /// A claim lacks its value, or signing failed.
    pub async fn sign_ahead(
        &self,
        subject: &Subject,
        ask: &PlaybackAsk<'_>,
        only_thumbnails: bool,
    ) -> Result<(), CallError> {
        let asking = self.asking(subject, ask, Missing::SignedAhead);
        self.map.playback.sign_ahead(asking, only_thumbnails).await
    }

    fn asking<'a>(&'a self, subject: &'a Subject, ask: &'a PlaybackAsk<'a>, missing: Missing) -> Asking<'a> {
        Asking {
            missing,
            client: &self.map.client,
            values: &self.map.values,
            subject,
            ask,
            now: ask.now,
        }
    }
}

/// An answer whose signatures were all to be made.
fn whole(answer: Option<PlaybackUrls>) -> Result<PlaybackUrls, CallError> {
    answer.ok_or_else(|| CallError::outage("a signature was not made"))
}
