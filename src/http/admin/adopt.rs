//! `POST /v1/admin/videos`: adopts a video that was made elsewhere for an owner, by one of the provider's ids.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::erasing::{check_not_erasing, erase_late_video};
use crate::http::extract::{Body, NoQuery};
use crate::http::middleware::Admin;
use crate::http::paths::video_location;
use crate::http::problem::{ApiError, FieldProblem};
use crate::http::videos::VideoView;
use crate::jobs::adopt::{Adopted, Adopter, AdoptionDetails, ForeignIds, NotAdopted};
use crate::provider::Priority;
use crate::state::AppState;

/// What is adopted for whom: exactly one of the ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdoptRequest {
    /// A provider whose action map is loaded.
    provider: String,
    /// Whose video it is to be.
    #[schema(min_length = 1, max_length = 128)]
    owner: String,
    /// Of the upload, at the provider.
    #[schema(min_length = 1, max_length = 255)]
    upload_id: Option<String>,
    /// Of the asset, at the provider.
    #[schema(min_length = 1, max_length = 255)]
    asset_id: Option<String>,
    /// Of the asset's playback, at the provider.
    #[schema(min_length = 1, max_length = 255)]
    playback_id: Option<String>,
}

/// Gives a video that was made elsewhere a row and an owner.
#[utoipa::path(
    post,
    path = "/v1/admin/videos",
    operation_id = "adopt",
    tag = "admin",
    request_body = AdoptRequest,
    responses(
        (
            status = 201, body = VideoView, description = "There is a row now.",
            headers(("Location" = String, description = "The video.")),
        ),
        (
            status = 200, body = VideoView, description = "The owner has it already.",
            headers(("Location" = String, description = "The video.")),
        ),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "invalid_body", "payload_too_large", "unsupported_media_type", "video_taken",
        "provider_rejected", "provider_unavailable", "provider_busy"
    ]))),
)]
pub(crate) async fn adopt_video(
    State(state): State<AppState>,
    admin: Admin,
    _: NoQuery,
    Body(request): Body<AdoptRequest>,
) -> Result<Response, ApiError> {
    request.check()?;
    check_not_erasing(&state, &request.owner).await?;
    let Some(provider) = state.providers.by_name(&request.provider) else {
        return Err(ApiError::invalid_field(
            "provider",
            "no action map of this name is loaded",
        ));
    };
    let adopter = Adopter {
        store: &state.store,
        provider,
        clock: &state.clock,
        times: &state.check_times,
        policy: state.settings.uploads.playback_policy,
        priority: Priority::Request(admin.owner()),
        dry_run: false,
    };
    let adoption = AdoptionDetails {
        owner: request.owner.clone(),
        ..AdoptionDetails::default()
    };
    let (status, video) = match adopter.adopt_by_ids(&request.foreign_ids(), &adoption).await {
        Ok(Adopted::New(video)) => {
            erase_late_video(&state, &video.owner).await?;
            (StatusCode::CREATED, video)
        }
        Ok(Adopted::Known(video)) => (StatusCode::OK, video),
        Err(refusal) => return Err(request.explain(refusal)),
    };
    // Why: events of the video may have come before it had a row, and are parked in the inbox.
    state.intake.pending_signal().notify_one();
    let location = [(header::LOCATION, video_location(&state, video.id))];
    let view = VideoView::with_events_url(&state, &video);
    Ok((status, location, Json(view)).into_response())
}

impl AdoptRequest {
    /// Checks that exactly one id is given, and the lengths of texts.
    fn check(&self) -> Result<(), ApiError> {
        let mut problems = Vec::new();
        let given: Vec<_> = self
            .named_ids()
            .into_iter()
            .filter(|(_, id)| id.is_some())
            .collect();
        if given.len() != 1 {
            let detail = "must have exactly one of: upload_id, asset_id, playback_id";
            problems.push(FieldProblem::new("", detail));
        }
        let texts = given
            .into_iter()
            .map(|(name, id)| (name, id.map_or("", String::as_str), 255));
        for (name, text, most) in texts.chain([("owner", self.owner.as_str(), 128)]) {
            if !(1..=most).contains(&text.chars().count()) {
                problems.push(FieldProblem::new(
                    name,
                    format!("must have 1 to {most} characters"),
                ));
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ApiError::InvalidBody(problems))
        }
    }

    /// Returns every id with its member's name.
    fn named_ids(&self) -> [(&'static str, Option<&String>); 3] {
        [
            ("upload_id", self.upload_id.as_ref()),
            ("asset_id", self.asset_id.as_ref()),
            ("playback_id", self.playback_id.as_ref()),
        ]
    }

    fn foreign_ids(&self) -> ForeignIds {
        ForeignIds {
            upload: self.upload_id.clone(),
            asset: self.asset_id.clone(),
            playback: self.playback_id.clone(),
        }
    }

    /// Translates a refusal, with the pointer of the id that was given.
    fn explain(&self, refusal: NotAdopted) -> ApiError {
        let given = self.named_ids().into_iter().find(|(_, id)| id.is_some());
        let name = given.map_or("", |(name, _)| name);
        match refusal {
            NotAdopted::OtherOwner(video) => ApiError::VideoTaken {
                video_id: video.id,
                why: "It belongs to another owner here.",
            },
            NotAdopted::Deleted(video) => ApiError::VideoTaken {
                video_id: video.id,
                why: "It was deleted here.",
            },
            refusal @ (NotAdopted::Unknown(_)
            | NotAdopted::Unsupported(_)
            | NotAdopted::Conflict(_)
            | NotAdopted::NothingPlays) => ApiError::invalid_field(name, refusal.to_string()),
            NotAdopted::Call(error) => ApiError::from_call(error, None),
            NotAdopted::Store(error) => error.into(),
        }
    }
}
