//! The playback URLs of the sample video.

use chrono::{DateTime, Utc};

use super::{
    report::{Report, SampleUrl},
    sample::{sample_row, sample_track},
};
use crate::{
    domain::Policy,
    provider::{
        loaded::Provider,
        playback::{FileRequest, PlaybackRequest},
        subject::Captures,
    },
};

/// Makes the URLs for both policies, where that takes no call to the provider. Failure is a problem.
pub(super) async fn try_playback(
    provider: &Provider,
    captures: &Captures,
    now: DateTime<Utc>,
    report: &mut Report,
) {
    let sizes = [("large".to_owned(), 640)];
    let files = provider.map.renditions.sample();
    let tracks = [sample_track()];
    for policy in [Policy::Public, Policy::Signed] {
        if !provider.can_play(policy) {
            continue;
        }
        let word = policy.as_str();
        if provider.map.playback.takes_calls(policy) {
            report
                .notes
                .push(format!("a {word} video's addresses take a call to the provider"));
            continue;
        }
        let row = sample_row(provider, policy, captures, now);
        let request = PlaybackRequest {
            now,
            expires_in_s: 3600,
            max_ttl_s: 604_800,
            time_s: Some(1),
            sizes: &sizes,
            params: &[],
            files: Some(FileRequest {
                files: &files,
                download: None,
                in_background: false,
            }),
            tracks: &tracks,
            caller: "",
        };
        match provider.playback(&row, &request).await {
            Ok(answer) => {
                let urls = answer.urls.iter().chain(&answer.thumbnails);
                report.urls.extend(urls.map(|(name, url)| SampleUrl {
                    policy: word,
                    name: name.clone(),
                    url: url.clone(),
                }));
                report
                    .urls
                    .extend(answer.renditions.into_iter().map(|one| SampleUrl {
                        policy: word,
                        name: format!("file {}", one.file.name),
                        url: one.url,
                    }));
                report.urls.extend(answer.tracks.into_iter().map(|one| SampleUrl {
                    policy: word,
                    name: "track".to_owned(),
                    url: one.url,
                }));
            }
            Err(error) => report
                .problems
                .push(format!("a {word} video cannot be played: {error}")),
        }
    }
}
