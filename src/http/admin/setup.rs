//! `GET /v1/admin/setup`: the settings as they hold, and what each loaded map can do. No secret is in it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::config::{EffectiveSetting, Endpoint, SettingSource, Settings, list_settings};
use crate::domain::{Announcement, Policy, TrackKind, shown_endpoint};
use crate::http::extract::NoQuery;
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::provider::{Capability, MapVariable, Protocol, Provider};
use crate::state::AppState;

/// How the process that answers is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Setup {
    /// The release that answers.
    version: &'static str,
    /// No setting of `[auth]` is made: only this machine may call.
    development: bool,
    /// Every setting, in the order of the documentation.
    settings: Vec<SettingView>,
    /// The secrets of the service itself: whether each is set.
    secrets: Vec<SecretView>,
    /// Every loaded map: those that take uploads, and those that only have videos here.
    providers: Vec<ProviderView>,
    /// The application's endpoints.
    endpoints: Vec<EndpointView>,
    /// What the start logged about the settings.
    warnings: Vec<String>,
}

/// A setting as it holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupSetting)]
pub(crate) struct SettingView {
    /// `section.name`.
    #[schema(example = "http.listen")]
    key: String,
    /// The value. Users, queries and fragments of addresses are masked as `***`, or left out.
    value: Value,
    source: SourceKind,
    /// The file, or the environment variable; null for a default.
    origin: Option<String>,
    meaning: String,
}

/// The part that gave a setting its value.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SetupSource)]
pub(crate) enum SourceKind {
    /// The program's own default.
    Default,
    /// The settings file.
    File,
    /// The environment.
    Environment,
}

/// A secret of the service itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupSecret)]
pub(crate) struct SecretView {
    /// The variable; a file may be named by `<variable>_FILE` instead.
    variable: String,
    meaning: String,
    set: bool,
}

/// A loaded map.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupProvider)]
pub(crate) struct ProviderView {
    name: String,
    /// It takes new uploads.
    enabled: bool,
    /// It takes the uploads that name no provider.
    default: bool,
    /// Why it cannot work now; null where it can.
    out_of_order: Option<String>,
    /// The file of the map, as errors show it.
    file: String,
    /// The map is part of the program.
    built_in: bool,
    /// The maps that it builds on, the nearest first.
    extends: Vec<String>,
    /// The map that has its account at the provider for its own: itself, or another.
    account: String,
    /// How a file is sent.
    protocol: Protocol,
    /// Policies of playback.
    policies: Vec<Policy>,
    /// What the map can do: `quality`, `cancel`, `delete`, `list`, `find`, `update`, `look_up`, `thumbnails`, `webhooks`.
    capabilities: Vec<&'static str>,
    /// Members that a request for an upload must have.
    requires: Vec<&'static str>,
    /// Parameters that a request for playback may have.
    params: Vec<String>,
    /// The provider's own limit of a file, in bytes.
    max_bytes: Option<u64>,
    /// The provider's own limit of a video, in seconds.
    max_duration_s: Option<u64>,
    /// Where the provider is to send its webhooks; null where it sends none here, or is the built-in one.
    webhook_url: Option<String>,
    /// The variables that the map names: whether each is set, never a value.
    variables: Vec<VariableView>,
}

/// A variable of a map.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupVariable)]
pub(crate) struct VariableView {
    name: String,
    /// It holds a secret.
    secret: bool,
    /// The map has a default for it. What needs one without a default is off while that is not set.
    optional: bool,
    set: bool,
}

/// An endpoint of the application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetupEndpoint)]
pub(crate) struct EndpointView {
    /// The URL without its query.
    url: String,
    /// The types of events that it gets.
    types: Vec<Announcement>,
    /// The variable that has the secrets which sign its events.
    secrets_env: String,
}

/// How the process that answers is set up: its settings as they hold, what each loaded map can do, and which secrets are
/// set. No secret is in the answer.
#[utoipa::path(
    get,
    path = "/v1/admin/setup",
    operation_id = "setup",
    tag = "admin",
    responses((status = 200, body = Setup)),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn show_setup(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let settings = &state.settings;
    let mut providers: Vec<ProviderView> = state
        .providers
        .iter()
        .map(|one| view_provider(&state, one))
        .collect();
    // Why: the set has no order, and people look for the one that takes uploads.
    providers.sort_by(|a, b| (b.default, b.enabled, &a.name).cmp(&(a.default, a.enabled, &b.name)));
    let setup = Setup {
        version: env!("CARGO_PKG_VERSION"),
        development: settings.auth.is_unset(),
        settings: settings
            .list_effective()
            .into_iter()
            .map(SettingView::from)
            .collect(),
        secrets: view_secrets(settings),
        providers,
        endpoints: settings.events.endpoints.iter().map(EndpointView::from).collect(),
        warnings: settings.warnings.clone(),
    };
    let mut response = Json(setup).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl From<EffectiveSetting> for SettingView {
    fn from(setting: EffectiveSetting) -> Self {
        let (source, origin) = match setting.source {
            SettingSource::Default => (SourceKind::Default, None),
            SettingSource::File(name) => (SourceKind::File, Some(name)),
            SettingSource::Environment(name) => (SourceKind::Environment, Some(name)),
        };
        Self {
            key: setting.key,
            value: setting.value,
            source,
            origin,
            meaning: setting.meaning,
        }
    }
}

impl From<&Endpoint> for EndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        let own = endpoint.secrets_env.as_deref();
        Self {
            url: shown_endpoint(&endpoint.url).to_owned(),
            types: endpoint.types.clone(),
            secrets_env: own.unwrap_or("VIDEO_EVENTS__SECRETS").to_owned(),
        }
    }
}

/// Lists the secrets of the service itself.
fn view_secrets(settings: &Settings) -> Vec<SecretView> {
    let listed = list_settings().secrets.into_iter();
    listed
        .map(|secret| SecretView {
            set: match secret.variable.as_str() {
                "VIDEO_AUTH__JWT_SECRET" => !settings.auth.jwt_secrets.is_empty(),
                "VIDEO_EVENTS__SECRETS" => !settings.events.secrets.is_empty(),
                other => settings.is_set_by(other),
            },
            variable: secret.variable,
            meaning: secret.meaning,
        })
        .collect()
}

/// Describes a loaded map.
fn view_provider(state: &AppState, provider: &Provider) -> ProviderView {
    let (name, chosen, limits) = (
        provider.name(),
        &state.settings.providers,
        provider.upload_limits(),
    );
    let origin = provider.origin();
    let policies = [Policy::Public, Policy::Signed].into_iter();
    // Why not the built-in one: it sends its events to this service by itself.
    let takes_webhooks = provider.receives_webhooks() && !state.providers.is_local(name);
    ProviderView {
        enabled: chosen.enabled.iter().any(|enabled| enabled == name),
        default: chosen.default == name,
        out_of_order: state.providers.check_in_order(name).err().map(|reason| reason.0),
        file: origin.file.clone(),
        built_in: origin.is_built_in,
        extends: origin.extends.clone(),
        account: provider.account().to_owned(),
        protocol: provider.upload_protocol(),
        policies: policies.filter(|policy| provider.can_play(*policy)).collect(),
        capabilities: capability_names(provider),
        requires: provider.required_fields().collect(),
        params: provider.param_names().map(str::to_owned).collect(),
        max_bytes: limits.max_bytes,
        max_duration_s: limits.max_duration_s,
        webhook_url: takes_webhooks.then(|| format!("{}/v1/webhooks/{name}", state.settings.http.public_url)),
        variables: provider.variables().iter().map(VariableView::from).collect(),
        name: name.to_owned(),
    }
}

impl From<&MapVariable> for VariableView {
    fn from(variable: &MapVariable) -> Self {
        Self {
            name: variable.name.clone(),
            secret: variable.is_secret,
            optional: variable.is_optional,
            set: variable.is_set,
        }
    }
}

/// Returns the names of what a map can do.
fn capability_names(provider: &Provider) -> Vec<&'static str> {
    let supports = |what| provider.supports(what);
    [
        ("quality", provider.sends_quality()),
        (
            "cancel",
            supports(Capability::UploadCancel) || supports(Capability::AssetDelete),
        ),
        ("delete", supports(Capability::AssetDelete)),
        ("list", supports(Capability::AssetList)),
        ("find", supports(Capability::AssetFind)),
        ("update", supports(Capability::AssetUpdate)),
        (
            "look_up",
            supports(Capability::AssetGet) || supports(Capability::UploadGet),
        ),
        ("ingest", supports(Capability::Ingest)),
        ("thumbnails", supports(Capability::Thumbnails)),
        ("renditions", supports(Capability::Renditions)),
        ("tracks", provider.track_send(TrackKind::Captions).is_some()),
        ("sound_tracks", provider.track_send(TrackKind::Audio).is_some()),
        ("generated_tracks", provider.can_generate_tracks()),
        ("webhooks", provider.receives_webhooks()),
    ]
    .into_iter()
    .filter_map(|(name, has)| has.then_some(name))
    .collect()
}
