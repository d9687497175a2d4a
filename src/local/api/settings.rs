//! `new_asset_settings`: checked, and normalised as Mux echoes them.

use serde_json::{Map, Value, json};

use super::body::{optional_choice, optional_flag, optional_text};
use crate::local::error::MuxError;

/// Values of `video_quality`.
const QUALITIES: [&str; 3] = ["basic", "plus", "premium"];
/// Values of `max_resolution_tier`.
const TIERS: [&str; 3] = ["1080p", "1440p", "2160p"];
/// Values of `encoding_tier`, the old name of the quality.
const ENCODING_TIERS: [&str; 3] = ["smart", "baseline", "premium"];
/// Longest `passthrough`, in characters.
pub(crate) const MAX_PASSTHROUGH: usize = 255;

/// Reads the settings of an upload; see [`UploadRequest::settings`](crate::local::changes::uploads::UploadRequest). A
/// setting that the local provider cannot follow is refused with 400, never ignored; unknown fields are dropped.
pub(crate) fn read_settings(given: Option<&Value>) -> Result<Value, MuxError> {
    let empty = Map::new();
    let given = match given {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(map)) => map,
        Some(_) => return Err(MuxError::invalid("new_asset_settings must be an object")),
    };
    refuse_unsupported(given)?;
    let mut out = Map::new();
    let policies = read_policies(given)?;
    if !policies.is_empty() {
        out.insert("playback_policies".into(), json!(policies));
    }
    insert_some(
        &mut out,
        "passthrough",
        optional_text(given, "passthrough", MAX_PASSTHROUGH)?,
    );
    insert_some(&mut out, "meta", read_meta(given.get("meta"))?);
    insert_some(
        &mut out,
        "video_quality",
        optional_choice(given, "video_quality", &QUALITIES)?,
    );
    insert_some(
        &mut out,
        "encoding_tier",
        optional_choice(given, "encoding_tier", &ENCODING_TIERS)?,
    );
    insert_some(
        &mut out,
        "max_resolution_tier",
        optional_choice(given, "max_resolution_tier", &TIERS)?,
    );
    insert_some(
        &mut out,
        "normalize_audio",
        optional_flag(given, "normalize_audio")?,
    );
    insert_some(
        &mut out,
        "static_renditions",
        read_static_renditions(given.get("static_renditions"))?,
    );
    insert_some(&mut out, "test", optional_flag(given, "test")?);
    Ok(Value::Object(out))
}

/// Reads `meta`: titles and ids with Mux's limits, in code points. `None` for a missing one; 400 for an unknown
/// field.
pub(crate) fn read_meta(given: Option<&Value>) -> Result<Option<Value>, MuxError> {
    let map = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(MuxError::invalid("meta must be an object")),
    };
    let mut out = Map::new();
    insert_some(&mut out, "title", optional_text(map, "title", 512)?);
    insert_some(&mut out, "creator_id", optional_text(map, "creator_id", 128)?);
    insert_some(&mut out, "external_id", optional_text(map, "external_id", 128)?);
    if let Some(unknown) = map
        .keys()
        .find(|key| !["title", "creator_id", "external_id"].contains(&key.as_str()))
    {
        return Err(MuxError::invalid(format!("meta.{unknown} is not a known field")));
    }
    Ok(Some(Value::Object(out)))
}

/// Reads `playback_policies`, or its old name `playback_policy`, by [`read_policy`]. A bare string counts as a list
/// of one.
fn read_policies(given: &Map<String, Value>) -> Result<Vec<String>, MuxError> {
    let named = given
        .get("playback_policies")
        .or_else(|| given.get("playback_policy"));
    let list = match named {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    list.iter().map(read_policy).collect()
}

/// Reads one policy: `public` or `signed`.
pub(crate) fn read_policy(value: &Value) -> Result<String, MuxError> {
    match value.as_str() {
        Some(policy @ ("public" | "signed")) => Ok(policy.to_owned()),
        Some("drm") => Err(MuxError::invalid("The local provider has no DRM")),
        _ => Err(MuxError::invalid("A playback policy must be public or signed")),
    }
}

/// Refuses inputs of an upload, `mp4_support` and `master_access` other than `none`, and DRM.
fn refuse_unsupported(given: &Map<String, Value>) -> Result<(), MuxError> {
    for name in ["inputs", "input"] {
        let listed = match given.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if listed
            .iter()
            // Why empty objects pass: they ask for nothing.
            .any(|input| input.as_object().is_none_or(|fields| !fields.is_empty()))
        {
            return Err(MuxError::invalid(format!(
                "{name}: inputs by URL, overlays and subtitles are not supported by the local provider"
            )));
        }
    }
    for (name, harmless) in [("mp4_support", "none"), ("master_access", "none")] {
        if optional_choice(given, name, &[harmless]).is_err() {
            return Err(MuxError::invalid(format!(
                "{name}: only {harmless} is supported by the local provider"
            )));
        }
    }
    if given
        .get("advanced_playback_policies")
        .is_some_and(|value| !value.is_null())
    {
        return Err(MuxError::invalid("The local provider has no DRM"));
    }
    Ok(())
}

/// Reads `static_renditions`: `highest`, at most once.
fn read_static_renditions(given: Option<&Value>) -> Result<Option<Value>, MuxError> {
    let list = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(MuxError::invalid("static_renditions must be a list")),
    };
    let mut out = Vec::new();
    for rendition in list {
        let Some(rendition) = rendition.as_object() else {
            return Err(MuxError::invalid("static_renditions must be a list of objects"));
        };
        let resolution = read_resolution(rendition.get("resolution"))?;
        let mut kept = Map::new();
        kept.insert("resolution".into(), json!(resolution));
        insert_some(
            &mut kept,
            "passthrough",
            optional_text(rendition, "passthrough", MAX_PASSTHROUGH)?,
        );
        out.push(Value::Object(kept));
    }
    if out.len() > 1 {
        return Err(MuxError::invalid(
            "static_renditions: \"highest\" may be named once",
        ));
    }
    Ok(Some(Value::Array(out)))
}

/// Reads the `resolution` of a static rendition: `highest`, the only one that is made.
pub(crate) fn read_resolution(given: Option<&Value>) -> Result<&'static str, MuxError> {
    match given.and_then(Value::as_str) {
        Some("highest") => Ok("highest"),
        _ => Err(MuxError::invalid(
            "static_renditions: the local provider makes resolution \"highest\" only",
        )),
    }
}

/// Inserts a field that has a value.
fn insert_some(out: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        out.insert(name.into(), value.into());
    }
}
