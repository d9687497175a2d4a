//! Checks that change nothing at the provider: credentials, the signing key, one playback URL.

use chrono::{DateTime, Utc};

use crate::provider::{
    client::CallOutcome,
    error::CallError,
    loaded::Provider,
    outcome::Lookup,
    playback::{PlaybackRequest, SigningMethod},
    priority::Priority,
    subject::TemplateInput,
    template::Scope,
};

/// Proof that the provider accepts our credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedCredentials {
    /// The provider's clock, from the `Date` header of its response; `None` where there was none.
    pub date: Option<DateTime<Utc>>,
}

impl Provider {
    /// Checks our credentials by `[check.credentials]`; `None` where the map has no such call.
    ///
    /// # Errors
    /// [`CallError::Refused`] with 401 or 403 where the provider refuses them; any other error where the call failed otherwise.
    pub async fn check_credentials(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<AcceptedCredentials>, CallError> {
        let Some(action) = &self.map.check.credentials else {
            return Ok(None);
        };
        let outcome = self
            .map
            .client
            .run(action, &Scope::default(), Priority::Request(""), now)
            .await?;
        Ok(Some(match outcome {
            CallOutcome::Done(response) => AcceptedCredentials { date: response.date },
            // Why no failure: a status that the map lists as `gone` is an answer, where bad credentials give a refusal.
            CallOutcome::Gone | CallOutcome::TooLate => AcceptedCredentials { date: None },
        }))
    }

    /// Looks the id of our signing key up by `[check.signing_key]`; `None` where signing is off or the map has no such
    /// call.
    ///
    /// # Errors
    /// The call failed, or the credentials do not allow it.
    pub async fn check_signing_key(&self, now: DateTime<Utc>) -> Result<Option<Lookup<()>>, CallError> {
        let action = self.map.check.signing_key.as_ref().filter(|_| self.has_signing());
        let Some(action) = action else {
            return Ok(None);
        };
        let outcome = self
            .map
            .client
            .run(action, &Scope::default(), Priority::Request(""), now)
            .await?;
        Ok(Some(match outcome {
            CallOutcome::Done(_) => Lookup::Found(()),
            CallOutcome::Gone | CallOutcome::TooLate => Lookup::Gone,
        }))
    }

    /// Returns true where URLs are signed by this process with a key of ours, and not fetched from the provider.
    pub fn signs_locally(&self) -> bool {
        self.has_signing() && !matches!(self.map.playback.sign, SigningMethod::Fetch(_))
    }

    /// Requests the HLS URL of a video, signed as viewers get it and without our credentials, and returns the HTTP
    /// status.
    ///
    /// # Errors
    /// The map makes no `hls` of it, or no response came.
    pub async fn probe_playback(
        &self,
        subject: &TemplateInput,
        request: &PlaybackRequest<'_>,
    ) -> Result<u16, CallError> {
        let urls = self.playback(subject, request).await?.urls;
        let hls = urls
            .get("hls")
            .ok_or_else(|| CallError::outage("the map makes no `hls` of it"))?;
        self.map.client.status_of(hls).await
    }
}
