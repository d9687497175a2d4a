//! `POST /video/v1/assets`: an asset whose file is fetched from a URL.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Map, Value};

use super::{
    assets::load_asset_json, body::Body, envelope::data_response, settings, uploads::read_max_bytes,
};
use crate::local::{
    app::App,
    changes::inputs::{self, InputOutcome, InputRequest},
    error::MuxError,
    fetch::check_url,
    fetch_options::FetchOptions,
};

/// Members of an input that ask for what is not made here.
const UNSUPPORTED: [(&str, &str); 5] = [
    ("overlay_settings", "overlays"),
    ("generated_subtitles", "generated subtitles"),
    ("start_time", "clips"),
    ("end_time", "clips"),
    ("text_type", "text tracks"),
];

/// `POST /assets`: the asset, `preparing`. Its file is fetched in the background. 400 for a URL that the rules refuse, 503
/// without ffmpeg, 507 on a full disk or a full account, 429 above the owner's fetches.
pub(crate) async fn create_asset(State(app): State<App>, Body(body): Body) -> Result<Response, MuxError> {
    if let Err(missing) = &app.tools {
        return Err(MuxError::unavailable(missing));
    }
    let request = read_input_request(&app.fetcher.options, body)?;
    if !app.has_room()? {
        return Err(MuxError::disk_full(app.settings.min_free_bytes).retry_after(60));
    }
    match inputs::create_asset(&app, &request).await? {
        InputOutcome::Created(asset) => Ok(data_response(
            StatusCode::CREATED,
            &load_asset_json(&app, &asset).await?,
        )),
        InputOutcome::TooMany => {
            Err(MuxError::too_many("Too many files of this owner are still to be fetched").retry_after(60))
        }
        InputOutcome::NoRoom(kept) => Err(MuxError::over_share(kept, app.settings.max_bytes_per_owner)),
    }
}

/// Reads the body of [`create_asset`]: the settings of an asset, and `inputs` beside them, or its old name `input`.
fn read_input_request(
    options: &FetchOptions,
    mut body: Map<String, Value>,
) -> Result<InputRequest, MuxError> {
    let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
    let url = match (take("inputs"), take("input")) {
        (Some(inputs), None) => read_url(options, "inputs", inputs)?,
        (None, Some(input)) => read_url(options, "input", input)?,
        (None, None) => return Err(MuxError::invalid("inputs is missing")),
        (Some(_), Some(_)) => return Err(MuxError::invalid("inputs and input exclude each other")),
    };
    let max_bytes = read_max_bytes(body.get("max_bytes"))?;
    let settings = settings::read_settings(Some(&Value::Object(body)))?;
    let test = settings.get("test").and_then(Value::as_bool).unwrap_or_default();
    Ok(InputRequest {
        url,
        max_bytes,
        test,
        settings,
    })
}

/// Reads the one input that there may be, `{url}` or the URL itself, and checks its URL by [`check_url`].
fn read_url(options: &FetchOptions, name: &str, given: Value) -> Result<String, MuxError> {
    let mut inputs = match given {
        Value::Array(list) => list,
        one => vec![one],
    };
    if inputs.len() > 1 {
        return Err(MuxError::invalid(format!(
            "{name}: overlays, text tracks and further files are not supported by the local provider: name one input"
        )));
    }
    let first = inputs.pop().unwrap_or_default();
    if let Value::Object(fields) = &first {
        check_fields(name, fields)?;
    }
    let url = first
        .as_str()
        .or_else(|| first.get("url").and_then(Value::as_str));
    let url = url.ok_or_else(|| MuxError::invalid(format!("{name}: the input has no url")))?;
    match check_url(options, url) {
        Ok(_) => Ok(url.to_owned()),
        Err(problem) => Err(MuxError::invalid(format!("{name}: the url {problem}"))),
    }
}

/// Refuses what an input may ask for at Mux and not here.
fn check_fields(name: &str, fields: &Map<String, Value>) -> Result<(), MuxError> {
    let asks = |field: &str| fields.get(field).is_some_and(|value| !value.is_null());
    if let Some((field, what)) = UNSUPPORTED.iter().find(|(field, _)| asks(field)) {
        return Err(MuxError::invalid(format!(
            "{name}: {field}: {what} are not supported by the local provider"
        )));
    }
    match fields.get("type").and_then(Value::as_str) {
        None | Some("video" | "audio") => Ok(()),
        Some(_) => Err(MuxError::invalid(format!(
            "{name}: text tracks are not supported by the local provider"
        ))),
    }
}
