//! `[webhook.event]` and `[[webhook.on]]`: the reading of events.
//!
//! The first [`Rule`] whose condition holds decides what an event says. Ids, time and rule are found once, from the raw
//! body ([`Events::make_excerpt`]), and travel with the event; the facts are read when its video's row is at hand.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    delivery::{Delivery, TranslateError, Translation, UnreadableEvent},
    verifier::Verifier,
    verify::VerifiedBody,
};
use crate::{
    domain::{Excerpt, Observation, Status, event_time},
    provider::{
        compile::{Constants, Location},
        condition::Condition,
        error::MapError,
        excerpt::Outline,
        pointer::{Pointer, text_of},
        renditions::RenditionTables,
        report::{self, FieldSources, StatusClaim},
        source::{Source, SourceInput, SourceRules, ValueKind},
        template::{Place, Scope, Template},
        tracks::TrackTable,
        vocabulary::{EmitWord, EventTable, OnTable, ScopeTable, SourceValue},
    },
};

/// Longest id and type of an event, in bytes. A longer id is none: the event is stored under its hash then.
const LONGEST_ID: usize = 255;

/// The word of `emit`: the effect of an event that a [`Rule`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emit {
    /// A status, or that the asset is gone ([`StatusClaim`]).
    Says(StatusClaim),
    /// Fields alone.
    Updated,
    /// Nothing: the event is stored as ignored.
    Ignore,
}

/// One `[[webhook.on]]`.
struct Rule {
    when: Condition,
    emit: Emit,
    /// The event is incomplete: the provider has to be queried too.
    refresh: bool,
    /// The common [`FieldSources`] of `[webhook.event]` and the rule's own.
    fields: FieldSources,
}

/// `[webhook.event]` and `[[webhook.on]]`, compiled.
pub(crate) struct Events {
    id: Option<Source>,
    event_type: Option<Source>,
    occurred_at: Option<Source>,
    /// `scope`: the source of the environment, and the only value that is not ignored.
    scope: Option<(Source, String)>,
    /// The [`FieldSources`] of `[webhook.event]`: they read the ids of an event that no rule wants.
    common: FieldSources,
    /// The rules, in the map's order; at least one.
    rules: Vec<Rule>,
    /// Where events list the video's files.
    renditions: RenditionTables,
    /// Where events list the video's tracks.
    tracks: Option<Arc<TrackTable>>,
    /// Every value that the rules' conditions name, as text: the event types that metrics may show.
    types: BTreeSet<String>,
    /// The [`Outline`] of a body: the parts that any source or condition reads.
    outline: Outline,
    /// Number of this map among those that the process has compiled; see [`Excerpt::map`].
    map: u64,
}

/// Number of maps that this process has compiled.
static MAPS: AtomicU64 = AtomicU64::new(0);

impl Events {
    /// Compiles both tables. `at` is the place of `[webhook]`.
    ///
    /// # Errors
    /// [`MapError`]: there is no rule, a part is malformed, or the id comes from a header that is not signed.
    pub(super) fn compile(
        (event, on): (EventTable, Vec<OnTable>),
        webhook: &Location,
        (verify, (renditions, tracks)): (&Verifier, (RenditionTables, Option<Arc<TrackTable>>)),
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let at = webhook.table("event");
        let id = compile_source(event.id, &at, "id", ValueKind::Any, constants)?;
        if let Some(name) = id.as_ref().and_then(Source::header)
            && !verify.signed_headers().contains(&name)
        {
            return Err(at.error(
                "id",
                "a header that is not part of `message` can be changed by anybody",
            ));
        }
        let common = report::compile_fields(event.fields, &at, &FieldSources::new(), constants)?;
        let mut this = Self {
            id,
            event_type: compile_source(event.event_type, &at, "type", ValueKind::Any, constants)?,
            occurred_at: compile_source(event.occurred_at, &at, "occurred_at", ValueKind::Time, constants)?,
            scope: compile_scope(event.scope, &at.table("scope"), constants)?,
            common,
            rules: Vec::new(),
            renditions,
            tracks,
            types: BTreeSet::new(),
            outline: Outline::default(),
            map: MAPS.fetch_add(1, Ordering::Relaxed),
        };
        for (index, rule) in on.into_iter().enumerate() {
            let rule = compile_rule(rule, &webhook.element("on", index), &this.common, constants)?;
            this.rules.push(rule);
        }
        if this.rules.is_empty() {
            return Err(webhook.error("on", "is missing and required: at least one [[webhook.on]]"));
        }
        let named = this.rules.iter().flat_map(|rule| rule.when.values());
        this.types = named.map(|value| text_of(value).into_owned()).collect();
        this.outline = Outline::from_pointers(this.all_pointers());
        Ok(this)
    }

    /// Returns the [`FieldSources`] of each rule.
    pub(crate) fn field_sources(&self) -> impl Iterator<Item = &FieldSources> {
        self.rules.iter().map(|rule| &rule.fields)
    }

    /// Returns every [`Pointer`] that is followed in a body.
    fn all_pointers(&self) -> impl Iterator<Item = &Pointer> {
        let scope = self.scope.iter().map(|(source, _)| source);
        let own = [&self.id, &self.event_type, &self.occurred_at]
            .into_iter()
            .flatten();
        let fields = self.rules.iter().flat_map(|rule| rule.fields.values());
        let ids = [
            report::ReportField::VideoId,
            report::ReportField::UploadId,
            report::ReportField::AssetId,
        ];
        let common = ids.into_iter().filter_map(|id| self.common.get(&id));
        let sources = own
            .chain(scope)
            .chain(common)
            .chain(fields)
            .flat_map(Source::pointers);
        let conditions = self.rules.iter().flat_map(|rule| rule.when.pointers());
        let tracks = self.tracks.iter().flat_map(|table| table.event_pointers());
        let lists = self.renditions.event_pointers().chain(tracks);
        sources.chain(conditions).chain(lists)
    }

    /// Reads a body into an [`Excerpt`]: the parts of it that the map reads, its rule, time and ids.
    ///
    /// # Errors
    /// The body is no JSON.
    pub(crate) fn make_excerpt(&self, body: &[u8]) -> Result<Excerpt, serde_json::Error> {
        let json = self.outline.parse(body)?;
        let given = SourceInput {
            json: Some(&json),
            ..SourceInput::default()
        };
        let rule = self.find_rule(&json);
        // Why ids of an ignored event too: its body goes with its video.
        let fields = rule.map_or(&self.common, |rule| &self.rules[rule].fields);
        let ids = report::read_ids(fields, given);
        Ok(Excerpt {
            occurred_at: self.read_time(given),
            map: self.map,
            rule,
            video_id: ids.video,
            upload_id: ids.upload,
            asset_id: ids.asset,
            json,
        })
    }

    /// This map made the [`Excerpt`]; one of another map may lack parts that this one reads.
    pub(crate) const fn is_own_excerpt(&self, excerpt: &Excerpt) -> bool {
        excerpt.map == self.map
    }

    /// Returns `event_type` if some rule names it, else `other`, so that a metric has few labels.
    pub(crate) fn known_type(&self, event_type: &str) -> &str {
        self.types.get(event_type).map_or("other", String::as_str)
    }

    /// Returns the [`ReportField`](report::ReportField) of every field that some rule reads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = report::ReportField> {
        self.rules.iter().flat_map(|rule| rule.fields.keys().copied())
    }

    /// Reads the parts of a verified event that need no row.
    ///
    /// # Errors
    /// [`UnreadableEvent`]: the body is no JSON.
    pub(crate) fn read_delivery(&self, body: &VerifiedBody) -> Result<Delivery, UnreadableEvent> {
        let hash_id = || format!("sha256:{}", body.sha256());
        let excerpt = self
            .make_excerpt(body.bytes())
            .map_err(|_| UnreadableEvent { event_id: hash_id() })?;
        let given = SourceInput {
            json: Some(&excerpt.json),
            headers: Some(body.signed_headers()),
            base: None,
        };
        let nothing = Scope::default();
        let read_text = |source: &Option<Source>| {
            source
                .as_ref()
                .and_then(|source| source.find_text(given, &nothing))
        };
        // Why without U+0000: PostgreSQL stores none in a text.
        let id = read_text(&self.id).filter(|id| (1..=LONGEST_ID).contains(&id.len()) && !id.contains('\0'));
        let id_is_hash = id.is_none() || self.id.as_ref().is_some_and(Source::is_hash);
        Ok(Delivery {
            event_id: id.unwrap_or_else(hash_id),
            id_is_hash,
            event_type: report::truncate_text(read_text(&self.event_type).unwrap_or_default(), LONGEST_ID),
            occurred_at: excerpt.occurred_at,
            video_id: excerpt.video_id,
            upload_id: excerpt.upload_id.clone(),
            asset_id: excerpt.asset_id.clone(),
            ignored: excerpt.rule.is_none(),
            excerpt: Arc::new(excerpt),
        })
    }

    /// Makes an observation of an excerpt that this map made. `scope` holds the video's row; `seen_at` is the event's
    /// first receipt.
    ///
    /// # Errors
    /// [`TranslateError::Ignored`] if the excerpt has no rule.
    pub(crate) fn translate_excerpt(
        &self,
        excerpt: &Excerpt,
        scope: &Scope<'_>,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let rule = excerpt.rule.and_then(|rule| self.rules.get(rule));
        let rule = rule.ok_or(TranslateError::Ignored)?;
        let given = SourceInput {
            json: Some(&excerpt.json),
            ..SourceInput::default()
        };
        let mut seen = Observation {
            at: event_time(excerpt.occurred_at, seen_at),
            seen_at,
            event_id: event_id.to_owned(),
            upload_id: excerpt.upload_id.clone(),
            asset_id: excerpt.asset_id.clone(),
            ..Observation::default()
        };
        report::read_facts(&rule.fields, given, scope, &mut seen);
        // Why: a rule without any field says that its event is about something else.
        if !rule.fields.is_empty() {
            self.renditions.read_event(&excerpt.json, &mut seen);
            if let Some(tracks) = &self.tracks {
                tracks.read_event(&excerpt.json, &mut seen);
            }
        }
        if let Emit::Says(says) = rule.emit {
            says.apply_to(&mut seen);
        }
        Ok(Translation {
            observation: seen,
            refresh: rule.refresh,
        })
    }

    /// Finds the index of the first [`Rule`] that holds. `None` if there is none, the event is of another environment,
    /// or the rule says to ignore it.
    fn find_rule(&self, json: &Value) -> Option<usize> {
        let given = SourceInput {
            json: Some(json),
            ..SourceInput::default()
        };
        if let Some((source, wanted)) = &self.scope
            && !source.is_text(wanted, given)
        {
            return None;
        }
        // Why filtered last: a rule that ignores an event hides the rules after it.
        self.rules
            .iter()
            .position(|rule| rule.when.holds(json))
            .filter(|rule| self.rules[*rule].emit != Emit::Ignore)
    }

    /// Reads the provider's time of the event.
    fn read_time(&self, given: SourceInput<'_>) -> Option<DateTime<Utc>> {
        self.occurred_at.as_ref()?.find_time(given, &Scope::default())
    }
}

/// Compiles the [`Source`] under `key`, if there is one.
fn compile_source(
    declared: Option<SourceValue>,
    at: &Location,
    key: &str,
    kind: ValueKind,
    constants: &Constants,
) -> Result<Option<Source>, MapError> {
    // Why: only the id may come from a header, because the rest is read again from the stored body, without headers.
    let rules = SourceRules {
        kind,
        place: &Place::default(),
        headers: key == "id",
        constants,
    };
    declared
        .map(|source| Source::compile(source, at, key, rules))
        .transpose()
}

/// Compiles `scope`. `None` if there is none, or the value that it must equal is empty: then every environment counts.
fn compile_scope(
    declared: Option<ScopeTable>,
    at: &Location,
    constants: &Constants,
) -> Result<Option<(Source, String)>, MapError> {
    let Some(declared) = declared else {
        return Ok(None);
    };
    let rules = SourceRules {
        kind: ValueKind::Any,
        place: &Place::default(),
        headers: false,
        constants,
    };
    let from = Source::compile(declared.at, at, "at", rules)?;
    let wanted = Template::compile(&declared.equals, &Place::default(), constants)
        .map_err(|what| at.error("equals", what))?;
    let wanted = wanted
        .text(&Scope::default())
        .map_err(|error| at.error("equals", error))?;
    Ok((!wanted.is_empty()).then_some((from, wanted)))
}

/// Compiles one `[[webhook.on]]` into a [`Rule`]. `common` are the fields that every rule has.
fn compile_rule(
    declared: OnTable,
    at: &Location,
    common: &FieldSources,
    constants: &Constants,
) -> Result<Rule, MapError> {
    Ok(Rule {
        when: Condition::compile(declared.when, declared.ignore_case, &at.table("when"), constants)?,
        emit: declared.emit.into(),
        refresh: declared.refresh,
        fields: report::compile_fields(declared.fields, at, common, constants)?,
    })
}

impl From<EmitWord> for Emit {
    fn from(word: EmitWord) -> Self {
        Self::Says(match word {
            EmitWord::Waiting => StatusClaim::Status(Status::Waiting),
            EmitWord::Preparing => StatusClaim::Status(Status::Preparing),
            EmitWord::Ready => StatusClaim::Status(Status::Ready),
            EmitWord::Errored => StatusClaim::Status(Status::Errored),
            EmitWord::Cancelled => StatusClaim::Status(Status::Cancelled),
            EmitWord::Expired => StatusClaim::Status(Status::Expired),
            EmitWord::Deleted => StatusClaim::Gone,
            EmitWord::Updated => return Self::Updated,
            EmitWord::Ignore => return Self::Ignore,
        })
    }
}
