//! Access to a playback id.
//!
//! 1. The id must exist: 400 for text that cannot be an id, 404 for an unknown one.
//! 2. A public id takes no token (400). A signed id needs one (403) that [`Claims::verify`] accepts (403).
//! 3. The parameters come from the query of a public id, and from the claims of a signed one.
//! 4. The asset must be ready: 412 while it is preparing or after an error.

use super::{params::Params, token::Claims};
use crate::local::{
    app::App,
    error::MuxError,
    ids,
    media::{ImageRequest, MediaInfo},
    options::ClientAddress,
    store::Asset,
};

/// Parameters that may stand in the query beside a token. Every other parameter of a signed id must be a claim.
const BESIDE_TOKEN: [&str; 2] = ["format", "download"];

/// A viewer's request for one playback id, not yet authorized.
pub(crate) struct PlaybackRequest {
    playback_id: String,
    query: Params,
    /// The viewer's address, where it is known.
    caller: Option<ClientAddress>,
}

/// Proof that the viewer may see the asset, with the parameters that count. Only [`PlaybackRequest::authorize`] makes
/// one.
pub(crate) struct Grant {
    pub(crate) playback_id: String,
    pub(crate) asset: Asset,
    /// The finished stream.
    pub(crate) media: MediaInfo,
    /// Parameters of the query of a public id, or of the claims of a signed one.
    pub(crate) params: Params,
    /// The token of a signed id and its end in Unix seconds; `None` for a public id.
    pub(crate) token: Option<(String, f64)>,
    /// The viewer's address, where it is known.
    pub(crate) caller: Option<ClientAddress>,
}

impl PlaybackRequest {
    /// Makes a request from a path's playback id and the raw query.
    pub(crate) fn new(playback_id: &str, query: Option<&str>) -> Self {
        Self {
            playback_id: playback_id.to_owned(),
            query: Params::from_query(query.unwrap_or_default()),
            caller: None,
        }
    }

    /// Adds the viewer's address, which image jobs are charged to.
    pub(crate) fn with_caller(mut self, caller: Option<ClientAddress>) -> Self {
        self.caller = caller;
        self
    }

    /// Checks the request for one `audience` of tokens: `v` video, `t` thumbnail, `g` moving picture, `s` storyboard.
    ///
    /// The rows are read anew for each response, so nothing of a deleted asset is served.
    ///
    /// # Errors
    /// 400, 403, 404 and 412 as listed above.
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
    /// Returns the request for an image of the asset, charged to its owner and to the viewer's address.
    ///
    /// No other image is protected from eviction; see [`ImageRequest::stay`].
    pub(crate) fn image_request(
        &self,
        kind: &'static str,
        cap: usize,
        name: String,
        part: String,
    ) -> ImageRequest {
        ImageRequest {
            asset_id: self.asset.id.clone(),
            owner: self.asset.owner.clone(),
            caller: self.caller,
            kind,
            cap,
            name,
            part,
            stay: Vec::new(),
        }
    }

    /// Returns `?token=…` for the addresses in a signed playlist; empty for a public one.
    pub(crate) fn token_query(&self) -> String {
        self.token
            .as_ref()
            .map(|(token, _)| format!("?token={token}"))
            .unwrap_or_default()
    }
}
