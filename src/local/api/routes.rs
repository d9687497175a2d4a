//! The management API's routes and layers.

use axum::{
    Router,
    extract::OriginalUri,
    http::{HeaderValue, Method, header},
    middleware,
    routing::{any, delete, get, post, put},
};
use tower_http::set_header::SetResponseHeaderLayer;

use super::{assets, auth, inputs, playback_ids, static_renditions, tracks, uploads};
use crate::local::{app::App, chaos, error::MuxError};

/// Returns the API's routes. Layers, from the outside in: [`auth::require_token`], [`chaos::inject_api_faults`],
/// `Cache-Control`.
pub(crate) fn routes(app: &App) -> Router<App> {
    // Why the token check is the outermost layer: strangers learn nothing, not even of the faults made on purpose.
    let no_store = HeaderValue::from_static("max-age=0, private, must-revalidate");
    Router::new()
        .route("/video/v1/uploads", post(uploads::create_upload).get(uploads::list_uploads))
        .route("/video/v1/uploads/{id}", get(uploads::show_upload))
        .route("/video/v1/uploads/{id}/cancel", put(uploads::cancel_upload))
        .route("/video/v1/assets", get(assets::list_assets).post(inputs::create_asset))
        .route(
            "/video/v1/assets/{id}",
            get(assets::show_asset).patch(assets::patch_asset).delete(assets::delete_asset),
        )
        .route("/video/v1/assets/{id}/thumbnail-time", delete(assets::clear_thumbnail_time))
        .route("/video/v1/assets/{id}/playback-ids", post(playback_ids::create_playback_id))
        .route(
            "/video/v1/assets/{id}/playback-ids/{playback_id}",
            delete(playback_ids::delete_playback_id).get(playback_ids::show_playback_id),
        )
        .route(
            "/video/v1/assets/{id}/static-renditions",
            post(static_renditions::create_static_rendition),
        )
        .route(
            "/video/v1/assets/{id}/static-renditions/{rendition}",
            delete(static_renditions::delete_static_rendition),
        )
        .route("/video/v1/assets/{id}/tracks", put(tracks::put_text_track).post(tracks::create_track))
        .route("/video/v1/assets/{id}/tracks/{track}", delete(tracks::delete_track))
        .route(
            "/video/v1/assets/{id}/tracks/{track}/generate-subtitles",
            post(tracks::refuse_generation),
        )
        .route("/video/v1/playback-ids/{playback_id}", get(playback_ids::find_asset_of))
        // The rest of Mux's API.
        .route("/video/{*rest}", any(refuse_unsupported))
        .route("/system/{*rest}", any(refuse_unsupported))
        .route("/data/{*rest}", any(refuse_unsupported))
        .route("/robots/{*rest}", any(refuse_unsupported))
        .method_not_allowed_fallback(refuse_unsupported)
        .route_layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            no_store,
        ))
        .route_layer(middleware::from_fn_with_state(app.clone(), chaos::inject_api_faults))
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::require_token))
}

/// Answers calls that Mux has and the local provider has not: 400, because 404 means a wrong id.
async fn refuse_unsupported(method: Method, OriginalUri(uri): OriginalUri) -> MuxError {
    let path: String = uri.path().chars().take(200).collect();
    MuxError::unsupported(&format!("{method} {path}"))
}
