//! Two fake providers of different shapes, for videos that go from one to the other.

mod account;
mod new;
mod old;

use std::path::Path;

pub(crate) use account::Account;
pub(crate) use new::NewProvider;
pub(crate) use old::OldProvider;

/// The map of the new provider.
const CLIPS: &str = include_str!("clips.toml");

/// Both providers.
#[derive(Clone)]
pub(crate) struct TwoProviders {
    pub(crate) old: OldProvider,
    pub(crate) new: NewProvider,
}

impl TwoProviders {
    pub(crate) async fn start() -> Self {
        Self {
            old: OldProvider::start().await,
            new: NewProvider::start().await,
        }
    }

    /// What the service has to be told of them.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        [
            ("VIDEO_PROVIDERS__DEFAULT", "old".to_owned()),
            ("VIDEO_PROVIDERS__ENABLED", "old,clips".to_owned()),
            ("VIDEO_MUX_API", self.old.url.clone()),
            ("VIDEO_MUX_STREAM", format!("{}/stream", self.old.url)),
            ("CLIPS_API", self.new.url.clone()),
            ("CLIPS_KEY", "clips-key".to_owned()),
            ("CLIPS_SECRET", new::SECRET.to_owned()),
            ("VIDEO_INGEST__ALLOW_PRIVATE", "true".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Writes their maps, `old` and `clips`, with a rate each; without one where time stands still.
    pub(crate) fn write_maps(folder: &Path, rate: Option<&str>) {
        let rate = rate.unwrap_or("[ ]");
        let old = format!("extends = \"mux\"\n[set]\n\"api.rate\" = {rate}\n");
        std::fs::write(folder.join("old.toml"), old).unwrap();
        std::fs::write(folder.join("clips.toml"), CLIPS.replace("RATE", rate)).unwrap();
    }

    /// Sends webhooks to the service at `url` from now on.
    pub(crate) fn send_webhooks_to(&self, url: &str) {
        self.old.send_webhooks_to(url);
        self.new.send_webhooks_to(url);
    }
}
