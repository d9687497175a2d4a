//! Who may see what (`facts/mux.md` 6.6).

use super::{params::Params, token::Claims};
use crate::local::{app::App, error::MuxError, ids, media::MediaInfo, options::ClientAddress, store::Asset};

/// What may stand in the query beside a token; everything else must be in the token.
const BESIDE_TOKEN: [&str; 2] = ["format", "download"];

/// A question for one playback id.
pub(crate) struct PlaybackRequest {
    playback_id: String,
    query: Params,
    caller: Option<ClientAddress>,
}

/// A good answer to it: the asset, and the parameters that count.
pub(crate) struct Grant {
    pub(crate) playback_id: String,
    pub(crate) asset: Asset,
    pub(crate) media: MediaInfo,
    pub(crate) params: Params,
    /// The token of a signed id, to be handed down; its end in Unix seconds.
    pub(crate) token: Option<(String, f64)>,
    /// Where the request comes from, where that is known.
    pub(crate) caller: Option<ClientAddress>,
}

impl PlaybackRequest {
    /// A question as it came.
    pub(crate) fn new(playback_id: &str, query: Option<&str>) -> Self {
        Self {
            playback_id: playback_id.to_owned(),
            query: Params::from_query(query.unwrap_or_default()),
            caller: None,
        }
    }

    /// The same from a known place.
    pub(crate) fn with_caller(mut self, caller: Option<ClientAddress>) -> Self {
        self.caller = caller;
        self
    }

    /// Read anew for every answer: after a deletion nothing is served.
    pub(crate) async fn authorize(self, app: &App, audience: &str) -> Result<Grant, MuxError> {
        if !ids::is_id(&self.playback_id) {
            return Err(MuxError::invalid("Playback ID was invalid"));
        }
        let found = app.store.find_playback_id(&self.playback_id).await?;
        let found = found.ok_or_else(|| MuxError::not_found("Playback ID"))?;
        let (params, token) = match (found.policy.as_str(), self.query.text("token")) {
            ("public", None) => (self.query, None),
            ("public", Some(_)) => {
                return Err(MuxError::invalid("A public playback ID takes no token"));
            }
            (_, None) => return Err(MuxError::forbidden("A signed playback ID needs a token")),
            (_, Some(token)) => {
                let now = app.clock.now();
                let claims = Claims::verify(&app.credentials, token, &self.playback_id, audience, now)
                    .ok_or_else(|| MuxError::forbidden("The token was not accepted"))?;
                let mut params = Params::from_claims(&claims.0);
                params.copy_beside_token(&self.query, &BESIDE_TOKEN);
                (params, Some((token.to_owned(), claims.expires_s())))
            }
        };
        let asset = app
            .store
            .find_asset(&found.asset_id)
            .await?
            .ok_or_else(|| MuxError::not_found("Asset"))?;
        match (asset.status.as_str(), asset.media.clone()) {
            ("ready", Some(media)) => Ok(Grant {
                playback_id: self.playback_id,
                media: media.0,
                asset,
                params,
                token,
                caller: self.caller,
            }),
            ("errored", _) => Err(MuxError::not_ready("Asset is errored")),
            _ => Err(MuxError::not_ready("Asset is still preparing")),
        }
    }
}

impl Grant {
    /// `?token=…` for what is below a signed playlist; nothing for a public one.
    pub(crate) fn token_query(&self) -> String {
        self.token
            .as_ref()
            .map(|(token, _)| format!("?token={token}"))
            .unwrap_or_default()
    }
}
