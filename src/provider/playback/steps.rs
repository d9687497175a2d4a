//! Calls to the provider that playback needs, and how long their answers are kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quick_cache::sync::Cache;

use super::answer::Asking;
use crate::provider::{
    Priority,
    action::Action,
    compile::{Constants, Reader},
    error::{CallError, MapError},
    subject::Captures,
    template::{Id, Name, Place, Scope},
};

/// Answers kept at most.
const KEPT: usize = 4096;

/// 1 to 3 HTTP actions, each of which sees the captures of those before it.
pub(crate) struct Steps {
    actions: Vec<Action>,
    /// What an answer gives is used once and never kept.
    single_use: bool,
    /// How long what they give lives, in seconds; `None` where it ends with `{expires}`.
    pub(crate) ttl_s: Option<u64>,
    /// How long an answer is used again, in seconds.
    cache_s: u64,
    kept: Cache<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    captures: Arc<Captures>,
    /// Unix seconds: when what was given ends.
    ends: i64,
    /// Unix seconds: when it is asked for again.
    stale: i64,
}

impl Steps {
    /// Reads the calls of `[playback.sign]` with `kind = "fetch"`.
    pub(super) fn fetch(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let mut this = Self::compile(at, place, constants)?;
        this.single_use = at.boolean("single_use")?;
        this.ttl_s = at.whole("ttl_s")?;
        let names_end = this
            .names()
            .any(|name| matches!(name, Name::Expires | Name::TtlS));
        if this.ttl_s.is_none_or(|ttl_s| ttl_s == 0) && !names_end {
            return Err(at.error(
                "ttl_s",
                "is missing: no step names {expires}, so nobody knows when it ends",
            ));
        }
        if names_end {
            this.ttl_s = None;
        }
        Ok(this)
    }

    /// Reads `[playback.resolve]`.
    pub(super) fn resolve(mut at: Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let mut this = Self::compile(&mut at, place, constants)?;
        this.cache_s = at.whole("cache_s")?.unwrap_or_default();
        this.single_use = this.cache_s == 0;
        at.finish()?;
        Ok(this)
    }

    fn compile(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let tables = at.tables("steps")?;
        if !(1..=3).contains(&tables.len()) {
            return Err(at.error(
                "steps",
                format!("there must be 1 to 3 of them, not {}", tables.len()),
            ));
        }
        let mut place = Place {
            secrets: true,
            ..place.clone()
        };
        let mut actions = Vec::new();
        for mut table in tables {
            let step = Action::compile(&mut table, &place, constants)?;
            if let Some(id) = step.captures().keys().find(|name| Id::parse(name).is_some()) {
                return Err(table.error("take", format!("{id} is known already: playback takes no ids")));
            }
            place.captures.extend(step.captures());
            table.finish()?;
            actions.push(step);
        }
        Ok(Self {
            actions,
            single_use: false,
            ttl_s: None,
            cache_s: 0,
            kept: Cache::new(KEPT),
        })
    }

    /// What they take, true where one is optional.
    pub(crate) fn captures(&self) -> BTreeMap<String, bool> {
        self.actions.iter().flat_map(Action::captures).collect()
    }

    /// They take one of `wanted`.
    pub(crate) fn gives(&self, wanted: &BTreeSet<String>) -> bool {
        self.captures().keys().any(|name| wanted.contains(name))
    }

    /// Every placeholder in them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.actions.iter().flat_map(Action::names)
    }

    /// What they take for this video, and when it ends (Unix seconds).
    pub(super) async fn run(
        &self,
        asking: &Asking<'_>,
        scope: &Scope<'_>,
    ) -> Result<(Arc<Captures>, i64), CallError> {
        let key = self.key(scope)?;
        if let Some(kept) = self
            .kept
            .get(&key)
            .filter(|kept| !self.single_use && self.still_good(kept, scope))
        {
            return Ok((kept.captures, kept.ends));
        }
        let mut captures = Captures::new();
        for step in &self.actions {
            let scope = Scope {
                captures: Some(&captures),
                ..*scope
            };
            let priority = Priority::Request(asking.ask.caller);
            let taken = asking.client.take(step, &scope, priority, asking.now).await?;
            captures.extend(taken);
        }
        let ends = self.ends(scope);
        let captures = Arc::new(captures);
        if !self.single_use {
            let stale = if self.cache_s > 0 {
                scope.now.saturating_add_unsigned(self.cache_s)
            } else {
                ends
            };
            self.kept.insert(
                key,
                Kept {
                    captures: Arc::clone(&captures),
                    ends,
                    stale,
                },
            );
        }
        Ok((captures, ends))
    }

    fn ends(&self, scope: &Scope<'_>) -> i64 {
        match self.ttl_s {
            Some(ttl_s) => scope.now.saturating_add_unsigned(ttl_s.min(u64::from(u32::MAX))),
            None => scope.expires,
        }
    }

    /// Nobody gets less than what was asked for, or than most of what there is to get.
    fn still_good(&self, kept: &Kept, scope: &Scope<'_>) -> bool {
        if self.cache_s > 0 {
            return scope.now < kept.stale;
        }
        let whole = self.ends(scope) - scope.now;
        let asked = (scope.expires - scope.now).min(whole - whole / 16);
        kept.ends >= scope.now + asked
    }

    /// The first step's address, and what it sends where that can differ.
    fn key(&self, scope: &Scope<'_>) -> Result<String, CallError> {
        let Some(first) = self.actions.first() else {
            return Ok(String::new());
        };
        let request = first.request(scope)?;
        Ok(match &request.body {
            None => request.url,
            Some(body) => format!("{} {body}", request.url),
        })
    }
}
