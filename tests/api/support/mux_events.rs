//! Events as Mux sends them, and Mux's signature.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// `t=…,v1=…` over the raw body.
pub(crate) fn signature(secret: &str, at: i64, body: &[u8]) -> String {
    format!("t={at},v1={}", v1(secret, at, body))
}

pub(crate) fn v1(secret: &str, at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// The ids of one video at Mux.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) video: String,
    pub(crate) upload: String,
    pub(crate) asset: String,
    pub(crate) playback: String,
}

impl Ids {
    /// The ids that the fake's answer implies.
    pub(crate) fn of(video: &Value) -> Self {
        let upload = video["upload_id"].as_str().unwrap().to_owned();
        Self {
            video: video["id"].as_str().unwrap().to_owned(),
            asset: format!("asset-of-{upload}"),
            playback: format!("playback-of-{upload}"),
            upload,
        }
    }

    /// The four events of a video's usual life, in order, a second apart.
    pub(crate) fn usual(&self, policy: &str, now: DateTime<Utc>) -> [Value; 4] {
        let at = |seconds| now + Duration::seconds(seconds);
        [
            self.upload_event("created", "waiting", at(0)),
            self.upload_event("asset_created", "asset_created", at(1)),
            self.asset_event("created", "preparing", policy, at(2)),
            self.asset_event("ready", "ready", policy, at(3)),
        ]
    }

    pub(crate) fn upload_event(&self, kind: &str, status: &str, at: DateTime<Utc>) -> Value {
        let mut data = json!({
            "timeout": 3600, "status": status, "id": self.upload, "cors_origin": "https://app.example.com",
            "new_asset_settings": {"playback_policies": ["signed"], "passthrough": self.video},
        });
        if status == "asset_created" {
            data["asset_id"] = json!(self.asset);
        }
        Self::envelope(&format!("video.upload.{kind}"), "upload", &self.upload, at, &data)
    }

    pub(crate) fn asset_event(&self, kind: &str, status: &str, policy: &str, at: DateTime<Utc>) -> Value {
        let mut data = json!({
            "upload_id": self.upload, "status": status, "passthrough": self.video,
            "playback_ids": [{"policy": policy, "id": self.playback}],
            "mp4_support": "none", "master_access": "none", "id": self.asset, "created_at": 1_656_362_193,
        });
        if status == "ready" {
            data["duration"] = json!(23.857_167);
            data["aspect_ratio"] = json!("16:9");
            data["max_stored_frame_rate"] = json!(-1);
            data["tracks"] = json!([
                {"type": "video", "max_width": 1920, "max_height": 1080, "max_frame_rate": -1, "id": "t1"},
                {"type": "audio", "status": "ready", "max_channels": 2, "id": "t2"},
            ]);
        }
        Self::envelope(&format!("video.asset.{kind}"), "asset", &self.asset, at, &data)
    }

    fn envelope(kind: &str, object: &str, id: &str, at: DateTime<Utc>, data: &Value) -> Value {
        json!({
            "type": kind, "request_id": null, "object": {"type": object, "id": id},
            "id": format!("event-{kind}-{id}"), "environment": {"name": "Production", "id": "55g0gl"},
            "data": data, "created_at": at.to_rfc3339_opts(SecondsFormat::Micros, true),
            "attempts": [], "accessor_source": null, "accessor": null,
        })
    }
}
