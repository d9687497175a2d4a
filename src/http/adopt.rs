//! `POST /v1/admin/videos`: a video that was made elsewhere, adopted for an owner.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Admin;
use super::error::{ApiError, FieldProblem};
use super::extract::{Body, NoQuery};
use super::view::{VideoView, location};
use crate::jobs::adopt::{Adopted, Adopter, Adoption, ForeignIds, NotAdopted};
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
pub(crate) async fn adopt(
    State(state): State<AppState>,
    admin: Admin,
    _: NoQuery,
    Body(request): Body<AdoptRequest>,
) -> Result<Response, ApiError> {
    request.check()?;
    let Some(provider) = state.providers.by_name(&request.provider) else {
        return Err(ApiError::field(
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
    let of = Adoption {
        owner: request.owner.clone(),
        ..Adoption::default()
    };
    let (status, video) = match adopter.by_ids(&request.ids(), &of).await {
        Ok(Adopted::New(video)) => (StatusCode::CREATED, video),
        Ok(Adopted::Known(video)) => (StatusCode::OK, video),
        Err(refusal) => return Err(request.refused(refusal)),
    };
    // Events that waited for it are due.
    state.intake.stored().notify_one();
    let location = [(header::LOCATION, location(&state, video.id))];
    Ok((status, location, Json(VideoView::single(&state, &video))).into_response())
}

impl AdoptRequest {
    fn check(&self) -> Result<(), ApiError> {
        let mut problems = Vec::new();
        let given: Vec<_> = self.named().into_iter().filter(|(_, id)| id.is_some()).collect();
        if given.len() != 1 {
            let detail = "must have exactly one of: upload_id, asset_id, playback_id";
            problems.push(FieldProblem::of("", detail));
        }
        let texts = given
            .into_iter()
            .map(|(name, id)| (name, id.map_or("", String::as_str), 255));
        for (name, text, most) in texts.chain([("owner", self.owner.as_str(), 128)]) {
            if !(1..=most).contains(&text.chars().count()) {
                problems.push(FieldProblem::of(
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

    fn named(&self) -> [(&'static str, Option<&String>); 3] {
        [
            ("upload_id", self.upload_id.as_ref()),
            ("asset_id", self.asset_id.as_ref()),
            ("playback_id", self.playback_id.as_ref()),
        ]
    }

    fn ids(&self) -> ForeignIds {
        ForeignIds {
            upload: self.upload_id.clone(),
            asset: self.asset_id.clone(),
            playback: self.playback_id.clone(),
        }
    }

    /// The refusal, pointing at the id that was given.
    fn refused(&self, refusal: NotAdopted) -> ApiError {
        let given = self.named().into_iter().find(|(_, id)| id.is_some());
        let name = given.map_or("", |(name, _)| name);
        match refusal {
            NotAdopted::OfAnother(video) => ApiError::VideoTaken {
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
            | NotAdopted::NothingPlays) => ApiError::field(name, refusal.to_string()),
            NotAdopted::Call(error) => ApiError::of_call(error, None),
            NotAdopted::Store(error) => error.into(),
        }
    }
}
