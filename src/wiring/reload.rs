//! Taking over new settings, maps and secrets while the service runs: all of them, or none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::maps::LocalHere;
use super::{App, Routers, StartError, authenticator, kept, maps, tell, warnings};
use crate::auth::{Development, check_development};
use crate::config::{ConfigError, Environment, Settings, load};
use crate::http::server::Served;
use crate::jobs;
use crate::local::{self as built_in, Local};
use crate::state::AppState;

/// Reads again what the start has read, and puts it in the place of what is there.
pub struct Reloader {
    file: Option<PathBuf>,
    env: Environment,
    /// The settings of the start, as they were given.
    start: Settings,
    state: AppState,
    served: Served,
    inner: Option<(Local, Served)>,
    elsewhere: Option<BTreeMap<&'static str, SecretString>>,
    metrics: Option<Served>,
    development: Option<Development>,
}

impl Reloader {
    /// Of a service that was built from this file, if any, and these variables.
    pub fn new(app: &App, file: Option<&Path>, env: &Environment) -> Self {
        let inner = app.local.as_ref();
        Self {
            file: file.map(Path::to_path_buf),
            env: env.clone(),
            start: app.asked.clone(),
            state: app.state.clone(),
            served: app.served.clone(),
            inner: inner.map(|inner| (inner.local.clone(), inner.served.clone())),
            elsewhere: app.elsewhere.clone(),
            metrics: app.metrics.as_ref().map(|(_, served)| served.clone()),
            development: app.development.clone(),
        }
    }

    /// What new requests find. Jobs that run on an older state are to be ended and begun with this one.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Takes everything over that may change; the names of settings that were changed but hold until the next start.
    /// Requests that are under way end on what they began with. Dropped before its end, it has changed nothing.
    ///
    /// # Errors
    /// The first thing that does not fit, as at the start: nothing is changed then.
    pub async fn reload(&mut self) -> Result<Vec<&'static str>, StartError> {
        let old = &self.state;
        let mut settings = load(self.file.as_deref(), &self.env)?;
        let mut kept = kept::keep(&mut settings, &self.start, &old.settings);
        // Before there are tables nothing is in use.
        let in_use = if old.tickets.are_settled() {
            old.store.providers_in_use().await?
        } else {
            Vec::new()
        };
        let names = maps::names(&settings, &in_use);
        let local = self.inner.as_ref().map(|(local, _)| local);
        if settings.auth.is_unset() != self.development.is_some() {
            return Err(only_a_start("auth", "begins or ends development mode"));
        }
        let elsewhere = &self.elsewhere;
        if names.contains(built_in::NAME) && local.is_none() && elsewhere.is_none() {
            return Err(only_a_start("providers.enabled", "brings in \"local\""));
        }
        if local.is_some()
            && settings.local.public_url.is_empty()
            && settings.http.public_url != old.settings.http.public_url
        {
            kept.push("local.public_url (that of http.public_url)");
        }
        if self.development.is_some() {
            check_development(&settings)?;
        }
        let auth = authenticator(&settings, &old.clock, self.development.as_ref(), Some(&old.auth)).await?;
        let here = match (local, elsewhere) {
            (Some(local), _) => LocalHere::Runs(local),
            (None, Some(made)) => LocalHere::RunsElsewhere(made),
            (None, None) => LocalHere::Not,
        };
        let hash_key = old.providers.hash_key();
        let set = maps::load(
            &settings,
            names,
            &self.env,
            &old.store,
            here,
            &old.metrics,
            &old.clock,
            hash_key,
        )
        .await?;
        set.continue_from(&old.providers);
        let state = old.renewed(settings, Arc::new(set), auth);
        let routers = Routers::of(&state, local);
        // Nothing can fail from here on.
        for warning in warnings(&state.settings) {
            tracing::warn!("{warning}");
        }
        if let Some((local, _)) = &self.inner {
            local.keep_widths(state.settings.playback.thumbnails.values().copied().collect());
        }
        tell(&state);
        state
            .intake
            .plan_by(jobs::inbox::planner(state.providers.clone(), state.check_times));
        if let (Some((_, served)), Some(router)) = (&self.inner, routers.inner) {
            served.exchange(router, &state.settings.http);
        }
        if let Some(served) = &self.metrics {
            served.exchange(routers.metrics, &state.settings.http);
        }
        self.served.exchange(routers.outer, &state.settings.http);
        self.state = state;
        Ok(kept)
    }
}

fn only_a_start(key: &str, what: &str) -> StartError {
    ConfigError::new("settings", key, format!("{what}: that takes a new start")).into()
}
