//! `[check]`: calls that only read, by which the provider tells whether credentials and keys are in order.

use chrono::{DateTime, Utc};
use http::Method;

use super::{
    Found, PlaybackAsk, Priority, Provider,
    action::Action,
    client::Sent,
    compile::{Constants, Reader},
    error::{CallError, MapError},
    playback::Sign,
    subject::Subject,
    template::{Place, Scope},
};

/// `[check]`, compiled.
#[derive(Default)]
pub(crate) struct Check {
    /// Answered to whom it may answer.
    credentials: Option<Action>,
    /// Finds the signing key by its id.
    signing_key: Option<Action>,
}

/// The credentials are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The provider's clock, where it tells it.
    pub date: Option<DateTime<Utc>>,
}

impl Check {
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let this = Self {
            credentials: reading(&mut at, "credentials", constants)?,
            signing_key: reading(&mut at, "signing_key", constants)?,
        };
        at.finish()?;
        Ok(this)
    }
}

/// A call that changes nothing.
fn reading(at: &mut Reader, key: &'static str, constants: &Constants) -> Result<Option<Action>, MapError> {
    let Some(mut table) = at.table(key)? else {
        return Ok(None);
    };
    let place = Place {
        secrets: true,
        ..Place::default()
    };
    let action = Action::compile(&mut table, &place, constants)?;
    if *action.method() != Method::GET {
        return Err(table.error("method", "a check only reads; allowed: GET"));
    }
    table.finish()?;
    Ok(Some(action))
}

impl Provider {
    /// Whether the provider takes our credentials; `None` where the map has no call that tells.
    ///
    /// # Errors
    /// It refuses them (`Refused` with 401 or 403), or the call failed otherwise.
    pub async fn check_credentials(&self, now: DateTime<Utc>) -> Result<Option<Taken>, CallError> {
        let Some(action) = &self.map.check.credentials else {
            return Ok(None);
        };
        let sent = self
            .map
            .client
            .run(action, &Scope::default(), Priority::Request(""), now)
            .await?;
        Ok(Some(match sent {
            Sent::Done(answer) => Taken { date: answer.date },
            Sent::Gone | Sent::TooLate => Taken { date: None },
        }))
    }

    /// Whether the provider knows the id of the signing key; `None` where signing is off or the map has no call that
    /// tells.
    ///
    /// # Errors
    /// The call failed, or the credentials do not allow it.
    pub async fn check_signing_key(&self, now: DateTime<Utc>) -> Result<Option<Found<()>>, CallError> {
        let action = self.map.check.signing_key.as_ref().filter(|_| self.signs());
        let Some(action) = action else {
            return Ok(None);
        };
        let sent = self
            .map
            .client
            .run(action, &Scope::default(), Priority::Request(""), now)
            .await?;
        Ok(Some(match sent {
            Sent::Done(_) => Found::Here(()),
            Sent::Gone | Sent::TooLate => Found::Gone,
        }))
    }

    /// Addresses are signed here, so that a key of ours can be the wrong one.
    pub fn signs_itself(&self) -> bool {
        self.signs() && !matches!(self.map.playback.sign, Sign::Fetch(_))
    }

    /// The HTTP status with which the provider answers to the address of a video, signed as viewers get it.
    ///
    /// # Errors
    /// There is no such address, or nobody answered.
    pub async fn try_playback(&self, subject: &Subject, ask: &PlaybackAsk<'_>) -> Result<u16, CallError> {
        let urls = self.playback(subject, ask).await?.urls;
        let hls = urls
            .get("hls")
            .ok_or_else(|| CallError::outage("the map makes no `hls` of it"))?;
        self.map.client.status_of(hls).await
    }
}
