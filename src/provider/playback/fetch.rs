//! Calls to the provider that playback needs (`kind = "fetch"` and `[playback.resolve]`), and the cache of their
//! captures.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quick_cache::sync::Cache;

use super::request::PlaybackContext;
use crate::provider::{
    action::Action,
    compile::{Constants, Location},
    error::{CallError, MapError},
    subject::Captures,
    template::{Id, Place, Placeholder, Scope},
    vocabulary::{ActionTable, FetchTable, ResolveTable},
};

/// Most entries in the cache of one [`FetchSteps`].
const MAX_CACHED: usize = 4096;

/// 1 to 3 HTTP [`Action`]s, each of which sees the captures of those before it.
pub(crate) struct FetchSteps {
    actions: Vec<Action>,
    /// The captures serve one answer and are never cached.
    single_use: bool,
    /// Lifetime of the captures in seconds; `None` if they end with `{expires}`.
    pub(crate) ttl_s: Option<u64>,
    /// Seconds for which captures are used again; 0 if their own lifetime decides.
    cache_s: u64,
    /// The cache: [`FetchSteps::cache_key`] → captures.
    cache: Cache<String, CachedCaptures>,
}

/// [`Captures`] of one run of the calls.
#[derive(Clone)]
struct CachedCaptures {
    captures: Arc<Captures>,
    /// End of what the captures open, in Unix seconds.
    ends_at: i64,
    /// Time from which they are fetched anew, in Unix seconds.
    stale_at: i64,
}

impl FetchSteps {
    /// Compiles the calls of `[playback.sign]` with `kind = "fetch"`.
    ///
    /// # Errors
    /// [`MapError`]: the end of the captures is unknown: there is no `ttl_s`, and no step names `{expires}`.
    pub(super) fn compile_fetch(
        declared: FetchTable,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut this = Self::compile_steps(declared.steps, at, place, constants)?;
        this.single_use = declared.single_use;
        this.ttl_s = declared.ttl_s;
        let names_end = this
            .placeholders()
            .any(|name| matches!(name, Placeholder::Expires | Placeholder::TtlS));
        if this.ttl_s.is_none_or(|ttl_s| ttl_s == 0) && !names_end {
            return Err(at.error(
                "ttl_s",
                "is missing: no step names {expires}, so nobody knows when it ends",
            ));
        }
        // Why: a step that sends {expires} has the provider end the captures with the answer itself.
        if names_end {
            this.ttl_s = None;
        }
        Ok(this)
    }

    /// Compiles `[playback.resolve]`.
    pub(super) fn compile_resolve(
        declared: ResolveTable,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut this = Self::compile_steps(declared.steps, at, place, constants)?;
        this.cache_s = declared.cache_s;
        this.single_use = this.cache_s == 0;
        Ok(this)
    }

    /// Compiles `steps`; an id is no capture here, because playback is of a video whose ids are known.
    fn compile_steps(
        declared: Vec<ActionTable>,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        if !(1..=3).contains(&declared.len()) {
            let what = format!("there must be 1 to 3 of them, not {}", declared.len());
            return Err(at.error("steps", what));
        }
        let mut place = Place {
            secrets: true,
            ..place.clone()
        };
        let mut actions = Vec::new();
        for (index, step) in declared.into_iter().enumerate() {
            let at = at.element("steps", index);
            let step = Action::compile(step.action(), &at, &place, constants)?;
            if let Some(id) = step.captures().keys().find(|name| Id::parse(name).is_some()) {
                return Err(at.error("take", format!("{id} is known already: playback takes no ids")));
            }
            place.captures.extend(step.captures());
            actions.push(step);
        }
        Ok(Self {
            actions,
            single_use: false,
            ttl_s: None,
            cache_s: 0,
            cache: Cache::new(MAX_CACHED),
        })
    }

    /// Returns the names of the captures; `true` if one is optional.
    pub(crate) fn capture_names(&self) -> BTreeMap<String, bool> {
        self.actions.iter().flat_map(Action::captures).collect()
    }

    /// Returns the calls, in their order.
    pub(super) fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Some capture of the calls is among `wanted`.
    pub(crate) fn provides_any(&self, wanted: &BTreeSet<String>) -> bool {
        self.capture_names().keys().any(|name| wanted.contains(name))
    }

    /// Returns every [`Placeholder`] in the calls.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.actions.iter().flat_map(Action::names)
    }

    /// Returns the captures for one video, and their end in Unix seconds: from the cache, else by calls.
    ///
    /// Two requests that miss at the same time both make the calls.
    ///
    /// # Errors
    /// [`CallError`]: a call failed, or its answer lacks a capture that is not optional.
    pub(super) async fn fetch_captures(
        &self,
        context: &PlaybackContext<'_>,
        scope: &Scope<'_>,
    ) -> Result<(Arc<Captures>, i64), CallError> {
        let key = self.cache_key(scope)?;
        if let Some(cached) = self
            .cache
            .get(&key)
            .filter(|cached| !self.single_use && self.is_good(cached, scope, context.request.max_ttl_s))
        {
            return Ok((cached.captures, cached.ends_at));
        }
        let mut captures = Captures::new();
        for step in &self.actions {
            let scope = Scope {
                captures: Some(&captures),
                ..*scope
            };
            let priority = context.request.priority();
            let now = context.request.now;
            let taken = context.client.take(step, &scope, priority, now).await?;
            captures.extend(taken);
        }
        let ends_at = self.ends_at(scope);
        let captures = Arc::new(captures);
        if !self.single_use {
            let stale_at = if self.cache_s > 0 {
                scope.now.saturating_add_unsigned(self.cache_s)
            } else {
                ends_at
            };
            self.cache.insert(
                key,
                CachedCaptures {
                    captures: Arc::clone(&captures),
                    ends_at,
                    stale_at,
                },
            );
        }
        Ok((captures, ends_at))
    }

    /// Returns the end of captures that are fetched now, in Unix seconds.
    fn ends_at(&self, scope: &Scope<'_>) -> i64 {
        match self.ttl_s {
            // Why the limit: the sum must stay a time that can be written in an answer.
            Some(ttl_s) => scope.now.saturating_add_unsigned(ttl_s.min(u64::from(u32::MAX))),
            None => scope.expires,
        }
    }

    /// [`CachedCaptures`] may serve this request: they are not stale, live as long as it wants, and no longer than `max_s`
    /// seconds where that is for the request to say.
    // Why a sixteenth less: a request that wants all of the lifetime that a fetch gives would never be served from the
    // cache, because every cached lifetime has begun.
    fn is_good(&self, cached: &CachedCaptures, scope: &Scope<'_>, max_s: u64) -> bool {
        if self.cache_s > 0 {
            return scope.now < cached.stale_at;
        }
        if self.ttl_s.is_none() && cached.ends_at > scope.now.saturating_add_unsigned(max_s) {
            return false;
        }
        let most_s = self.ends_at(scope) - scope.now;
        let wanted_s = (scope.expires - scope.now).min(most_s - most_s / 16);
        cached.ends_at >= scope.now + wanted_s
    }

    /// Builds the cache key: the first call's URL, and its body where it has one. Later calls are no part of it.
    fn cache_key(&self, scope: &Scope<'_>) -> Result<String, CallError> {
        let Some(first) = self.actions.first() else {
            return Ok(String::new());
        };
        let request = first.request(scope)?;
        Ok(match &request.body {
            None => request.url,
            Some(body) => format!("{} {}", request.url, body.to_shown()),
        })
    }
}
