//! The tracks of the fake's assets, as Mux's calls answer about them.

use serde_json::{Value, json};

use super::fake_mux::{FakeMux, Planned, Request};

impl FakeMux {
    /// The tracks of text of an asset, as the provider has them.
    pub(crate) fn text_tracks(&self, asset: &str) -> Vec<Value> {
        let tracks = self.known(asset)["tracks"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        tracks
            .into_iter()
            .filter(|track| track["type"] == "text")
            .collect()
    }

    /// Every track of an asset that is being made takes this status.
    pub(crate) fn finish_tracks(&self, asset: &str, status: &str) {
        let mut data = self.known(asset);
        for track in data["tracks"].as_array_mut().unwrap() {
            if track["status"] == "preparing" {
                track["status"] = json!(status);
            }
        }
        self.know(&data);
    }

    /// A track that the provider has from elsewhere.
    pub(crate) fn add_track(&self, asset: &str, track: Value) {
        let mut data = self.known(asset);
        data["tracks"].as_array_mut().unwrap().push(track);
        self.know(&data);
    }

    /// How often the provider was asked to take or to write a track.
    pub(crate) fn tracks_sent(&self) -> usize {
        let posts = self.asked("POST");
        let about_tracks =
            |path: &&String| path.ends_with("/tracks") || path.ends_with("/generate-subtitles");
        posts.iter().filter(about_tracks).count()
    }
}

/// Answers a call about the tracks of `asset`, and changes them; `None` for any other call. `parts` is the path behind the
/// asset's id, `count` the number of the request.
pub(super) fn answer(request: &Request, parts: &[&str], asset: &mut Value, count: usize) -> Option<Planned> {
    let tracks = asset["tracks"].as_array_mut()?;
    let body = &request.body;
    match (request.method.as_str(), parts) {
        ("POST", ["tracks"]) => {
            let id = format!("track-{count}");
            let mut track = json!({"id": id, "status": "preparing"});
            for member in ["type", "text_type", "language_code", "name", "closed_captions"] {
                if !body[member].is_null() {
                    track[member] = body[member].clone();
                }
            }
            if track["type"] == "text" {
                track["text_source"] = json!("uploaded");
            }
            tracks.push(track.clone());
            Some(Planned::json(201, &json!({"data": track})))
        }
        ("POST", ["tracks", _, "generate-subtitles"]) => {
            let wanted = body["generated_subtitles"][0].clone();
            let track = json!({
                "id": format!("track-{count}"), "type": "text", "text_type": "subtitles", "text_source": "generated_vod",
                "status": "preparing", "language_code": wanted["language_code"], "name": wanted["name"],
            });
            tracks.push(track.clone());
            Some(Planned::json(201, &json!({"data": [track]})))
        }
        ("DELETE", ["tracks", id]) => {
            let before = tracks.len();
            tracks.retain(|track| track["id"] != *id);
            Some(Planned::text(if tracks.len() < before { 204 } else { 404 }, ""))
        }
        _ => None,
    }
}
