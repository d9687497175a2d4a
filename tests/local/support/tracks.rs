//! Tracks as an application sends them, and what a file holds of them.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::Value;
use sqlx::Connection;
use tokio::process::Command;

use super::{Provider, read};

/// Sends subtitles with this query and media type.
pub(crate) async fn put_track(
    provider: &Provider,
    asset_id: &str,
    query: &str,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> (StatusCode, Value) {
    let request = provider
        .http
        .put(format!(
            "{}/video/v1/assets/{asset_id}/tracks?{query}",
            provider.base
        ))
        .basic_auth(
            provider.credential("VIDEO_LOCAL_TOKEN"),
            Some(provider.credential("VIDEO_LOCAL_SECRET")),
        )
        .header("content-type", media_type)
        .body(body);
    read(request.send().await.unwrap()).await
}

/// The same with WebVTT that must be taken; the track.
pub(crate) async fn text_track(
    provider: &Provider,
    asset_id: &str,
    query: &str,
    body: impl Into<reqwest::Body>,
) -> Value {
    let (status, answer) = put_track(provider, asset_id, query, "text/vtt", body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer["data"].clone()
}

/// The times of the packets of one stream, in seconds, as the file has them.
pub(crate) async fn packet_times(file: &Path, stream: &str) -> Vec<f64> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream])
        .args(["-show_entries", "packet=pts_time", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .await
        .expect("ffprobe must be installed");
    let text = String::from_utf8(out.stdout).unwrap();
    let times = text
        .lines()
        .filter_map(|line| line.trim_end_matches(',').parse().ok());
    times.collect()
}

/// One number of the provider's tables, about an id.
pub(crate) async fn number(provider: &Provider, query: &'static str, id: &str) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(provider.dir().join("local.db"))
        .read_only(true);
    let mut rows = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar(query)
        .bind(id)
        .fetch_one(&mut rows)
        .await
        .unwrap()
}

/// The loudest of some tones in half a second of a file's sound from `from_s` on, in hertz.
pub(crate) async fn loudest_tone(file: &Path, from_s: f64) -> f64 {
    const RATE: f64 = 8000.0;
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(file)
        .args([
            "-ss",
            &from_s.to_string(),
            "-t",
            "0.5",
            "-vn",
            "-ac",
            "1",
            "-ar",
            "8000",
            "-f",
            "s16le",
            "-",
        ])
        .output()
        .await
        .expect("ffmpeg must be installed");
    let samples: Vec<f64> = out
        .stdout
        .chunks_exact(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])))
        .collect();
    assert!(!samples.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let strength = |hertz: f64| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        let mut angle = 0.0_f64;
        for sample in &samples {
            real += sample * angle.cos();
            imaginary += sample * angle.sin();
            angle += std::f64::consts::TAU * hertz / RATE;
        }
        real.hypot(imaginary)
    };
    let tones = (10..100).map(|step| f64::from(step) * 10.0);
    tones
        .max_by(|one, other| strength(*one).total_cmp(&strength(*other)))
        .unwrap()
}
