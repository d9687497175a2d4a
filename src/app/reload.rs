//! Reloading settings, maps and secrets while the service runs: all of them, or none.
//!
//! 1. Read the settings again. Those that only a start can change stay as they are (`start_only`).
//! 2. Refuse a change that would need a new listener, folder or secret of development mode.
//! 3. Load keys and maps again. Any error up to here leaves everything as it was.
//! 4. Build the new snapshot ([`AppState::reloaded_with`]) and its routers.
//! 5. Exchange what the observer follows, and the routers. No step from here on can fail. The commit point is each
//!    exchange by itself: a request sees the old snapshot or the new one, never a mixture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::authentication::build_authenticator;
use super::build::App;
use super::maps::{LocalAccess, load_maps, names_to_load};
use super::observers::{Observer, replace_observed};
use super::preflight::start_warnings;
use super::routers::Routers;
use super::start_error::StartError;
use super::start_only::restore_start_only;
use crate::auth::{Development, check_development};
use crate::config::{ConfigError, Environment, Settings, load};
use crate::http::server::ServiceHandle;
use crate::local::{self, Local};
use crate::state::AppState;

/// Reads everything again that the start has read, and exchanges it in the running service.
pub struct Reloader {
    file: Option<PathBuf>,
    env: Environment,
    /// The settings as the start read them.
    start: Settings,
    /// The snapshot that new requests find.
    state: AppState,
    served: ServiceHandle,
    /// The built-in provider, where it runs here, and its inner service.
    inner: Option<(Local, ServiceHandle)>,
    /// The credentials of the built-in provider, where another process has its folder.
    remote_local_credentials: Option<BTreeMap<&'static str, SecretString>>,
    metrics: Option<ServiceHandle>,
    observer: Observer,
    development: Option<Development>,
}

impl Reloader {
    /// Creates the reloader of a service that was built from this file, if any, and these variables.
    pub fn new(app: &App, file: Option<&Path>, env: &Environment) -> Self {
        let inner = app.local.as_ref();
        Self {
            file: file.map(Path::to_path_buf),
            env: env.clone(),
            start: app.settings_as_read.clone(),
            state: app.state.clone(),
            served: app.served.clone(),
            inner: inner.map(|inner| (inner.local.clone(), inner.served.clone())),
            remote_local_credentials: app.remote_local_credentials.clone(),
            metrics: app.metrics.as_ref().map(|(_, served)| served.clone()),
            observer: app.observer.clone(),
            development: app.development.clone(),
        }
    }

    /// Returns the snapshot that new requests find. After a reload the caller must end the jobs of the older snapshot
    /// and begin them with this one.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Reloads. Returns the names of settings that were changed but hold until the next start.
    ///
    /// Requests that are under way end on the snapshot that they began with. A future that is dropped before its end
    /// has changed nothing: it awaits nothing after the first exchange.
    ///
    /// # Errors
    /// The first thing that does not fit, as in [`App::build`]; everything stays as it was.
    pub async fn reload(&mut self) -> Result<Vec<&'static str>, StartError> {
        let old = &self.state;
        let mut settings = load(self.file.as_deref(), &self.env)?;
        let mut unchanged = restore_start_only(&mut settings, &self.start, &old.settings);
        // Before there are tables no provider has videos.
        let in_use = if old.tickets.has_key() {
            old.store.providers_in_use().await?
        } else {
            Vec::new()
        };
        let names = names_to_load(&settings, &in_use);
        let access = self.local_access();
        self.refuse_start_only_changes(&settings, &names, access)?;
        if matches!(access, LocalAccess::Here(_))
            && settings.local.public_url.is_empty()
            && settings.http.public_url != old.settings.http.public_url
        {
            unchanged.push("local.public_url (that of http.public_url)");
        }
        if self.development.is_some() {
            check_development(&settings)?;
        }
        let auth =
            build_authenticator(&settings, &old.clock, self.development.as_ref(), Some(&old.auth)).await?;
        let hash_key = old.providers.hash_key();
        let set = load_maps(
            &settings,
            names,
            &self.env,
            &old.store,
            access,
            &old.metrics,
            &old.clock,
            hash_key,
        )
        .await?;
        // Why: the rate of calls, and a pause that a provider requested, must not begin anew with each reload.
        set.continue_from(&old.providers);
        let state = old.reloaded_with(settings, Arc::new(set), auth);
        self.exchange_snapshot(state);
        Ok(unchanged)
    }

    /// Returns how maps reach the built-in provider, which is where the start found it.
    fn local_access(&self) -> LocalAccess<'_> {
        match (&self.inner, &self.remote_local_credentials) {
            (Some((local, _)), _) => LocalAccess::Here(local),
            (None, Some(credentials)) => LocalAccess::Elsewhere(credentials),
            (None, None) => LocalAccess::None,
        }
    }

    /// Refuses changes that a reload can neither make nor leave out.
    fn refuse_start_only_changes(
        &self,
        settings: &Settings,
        names: &BTreeSet<String>,
        access: LocalAccess<'_>,
    ) -> Result<(), StartError> {
        if settings.auth.is_unset() != self.development.is_some() {
            return Err(only_a_start("auth", "begins or ends development mode"));
        }
        if names.contains(local::NAME) && matches!(access, LocalAccess::None) {
            return Err(only_a_start("providers.enabled", "brings in \"local\""));
        }
        Ok(())
    }

    /// Puts the new snapshot and its routers in the place of the old one. Cannot fail.
    fn exchange_snapshot(&mut self, state: AppState) {
        let local = self.inner.as_ref().map(|(local, _)| local);
        let routers = Routers::new(&state, local);
        for warning in start_warnings(&state.settings) {
            tracing::warn!("{warning}");
        }
        if let Some(local) = local {
            local.set_thumbnail_widths(state.settings.playback.thumbnails.values().copied().collect());
        }
        // Why before the routers: a change by a request on the new snapshot may need a map that only the new snapshot
        // has.
        replace_observed(&self.observer, &state);
        if let (Some((_, served)), Some(router)) = (&self.inner, routers.inner) {
            served.replace(router, &state.settings.http);
        }
        if let Some(served) = &self.metrics {
            served.replace(routers.metrics, &state.settings.http);
        }
        self.served.replace(routers.public, &state.settings.http);
        self.state = state;
    }
}

/// Returns the error about a change of the setting `key` that needs a new start.
fn only_a_start(key: &str, what: &str) -> StartError {
    ConfigError::new("settings", key, format!("{what}: that takes a new start")).into()
}
