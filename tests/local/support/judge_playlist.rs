//! A stream's playlists, as a player reads them.

use std::time::Duration;

use reqwest::{Client, Url};

/// One rendition: its playlist, read.
#[derive(Debug)]
pub(crate) struct Rendition {
    /// Width and height as the master playlist names them; 0 for sound alone.
    pub(crate) size: (u32, u32),
    /// `EXT-X-TARGETDURATION`.
    pub(crate) target_s: f64,
    /// Address and length of each segment.
    pub(crate) segments: Vec<(Url, f64)>,
}

/// A stream's playlists.
#[derive(Debug)]
pub(crate) struct Served {
    /// The largest first.
    pub(crate) renditions: Vec<Rendition>,
}

impl Served {
    /// Reads the master playlist and all others.
    pub(crate) async fn read(client: &Client, master: &Url) -> Result<Self, String> {
        let text = get_text(client, master).await?;
        let mut renditions = Vec::new();
        let mut size = None;
        for line in text.lines() {
            if let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") {
                size = Some(resolution(attributes));
            } else if let Some(size) = size.take() {
                let url = join(master, line)?;
                renditions.push(Rendition::read(client, &url, size).await?);
            }
        }
        renditions.sort_by_key(|one| std::cmp::Reverse(one.size));
        if renditions.is_empty() {
            return Err(format!("no rendition: {text}"));
        }
        Ok(Self { renditions })
    }

    /// The same once the largest picture is `size`: larger ones join later. After a minute as it is.
    pub(crate) async fn read_whole(
        client: &Client,
        master: &Url,
        size: Option<(u32, u32)>,
    ) -> Result<Self, String> {
        let mut tries = 0;
        loop {
            let served = Self::read(client, master).await?;
            tries += 1;
            if served.renditions[0].size == size.unwrap_or_default() || tries > 200 {
                return Ok(served);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

impl Rendition {
    async fn read(client: &Client, url: &Url, size: (u32, u32)) -> Result<Self, String> {
        let text = get_text(client, url).await?;
        let (mut segments, mut seconds, mut target_s) = (Vec::new(), None, None);
        for line in text.lines() {
            if let Some(info) = line.strip_prefix("#EXTINF:") {
                let number = info.split(',').next().unwrap_or_default();
                seconds = Some(number.parse().map_err(|_| format!("{url}: {line}"))?);
            } else if let Some(number) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                target_s = number.parse().ok();
            } else if !line.starts_with('#')
                && let Some(seconds) = seconds.take()
            {
                segments.push((join(url, line)?, seconds));
            }
        }
        let ended = text.trim_end().ends_with("#EXT-X-ENDLIST");
        let Some(target_s) = target_s.filter(|_| ended && !segments.is_empty()) else {
            return Err(format!("{url} is no whole playlist: {text}"));
        };
        Ok(Self {
            size,
            target_s,
            segments,
        })
    }

    /// The sum of all segments, in seconds.
    pub(crate) fn length_s(&self) -> f64 {
        self.segments.iter().map(|(_, seconds)| seconds).sum()
    }

    /// Fetches all segments, in order.
    pub(crate) async fn fetch(&self, client: &Client) -> Result<Vec<u8>, String> {
        let mut all = Vec::new();
        for (url, _) in &self.segments {
            all.extend(get(client, url).await?);
        }
        Ok(all)
    }
}

/// `RESOLUTION` of a rendition; 0 for sound alone.
fn resolution(attributes: &str) -> (u32, u32) {
    let size = attributes.split_once("RESOLUTION=").and_then(|(_, after)| {
        let (width, height) = after.split(',').next()?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    });
    size.unwrap_or_default()
}

fn join(base: &Url, reference: &str) -> Result<Url, String> {
    base.join(reference)
        .map_err(|error| format!("{reference}: {error}"))
}

async fn get_text(client: &Client, url: &Url) -> Result<String, String> {
    String::from_utf8(get(client, url).await?).map_err(|error| format!("{url}: {error}"))
}

/// Fetches what must be there.
pub(crate) async fn get(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let answer = client
        .get(url.clone())
        .send()
        .await
        .map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("{url}: {}", answer.status()));
    }
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    Ok(bytes.to_vec())
}
