//! `[webhook.event]` and `[[webhook.on]]`: what an event says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{check::VerifiedBody, verify::Verify};
use crate::{
    domain::{Excerpt, Observation, event_time},
    provider::{
        compile::{Constants, Reader},
        condition::Condition,
        error::MapError,
        excerpt::Outline,
        pointer::{Pointer, text_of},
        report::{self, Fields, Says},
        source::{Given, Kind, Rules, Source},
        template::{Place, Scope, Template},
    },
};

/// What can be read of an event without the row that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The provider's id of it, or a hash where it has none.
    pub event_id: String,
    /// The id is a hash: an equal event that comes later may be a new one.
    pub id_is_hash: bool,
    /// For people who read the inbox; may be empty.
    pub event_type: String,
    /// The provider's time of it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Our own id, come back as passthrough.
    pub video_id: Option<Uuid>,
    /// The upload that it names.
    pub upload_id: Option<String>,
    /// The asset that it names.
    pub asset_id: Option<String>,
    /// Of another environment, or nothing that the map wants to know.
    pub ignored: bool,
    /// What the map reads of the body.
    pub excerpt: Arc<Excerpt>,
}

/// Verified, but no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event's body is no JSON")]
pub struct Unreadable {
    /// What it is stored under.
    pub event_id: String,
}

/// What an event says about its video.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// To be joined with what is known.
    pub observation: Observation,
    /// The event is incomplete: ask the provider too.
    pub refresh: bool,
}

/// A stored event says nothing (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslateError {
    /// Its body is no JSON.
    #[error("the event's body is no JSON")]
    Unreadable,
    /// The map that is loaded now ignores it.
    #[error("the provider's map ignores this event")]
    Ignored,
}

/// An id beyond this is none: the event is known by its hash then.
const LONGEST_ID: usize = 255;

/// What a rule makes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emit {
    Says(Says),
    Updated,
    Ignore,
}

struct Rule {
    when: Condition,
    emit: Emit,
    refresh: bool,
    fields: Fields,
}

/// How events are read.
pub(crate) struct Events {
    id: Option<Source>,
    event_type: Option<Source>,
    occurred_at: Option<Source>,
    /// Where the environment stands and what it must be.
    scope: Option<(Source, String)>,
    rules: Vec<Rule>,
    /// What the rules name.
    types: BTreeSet<String>,
    /// What all of it reads.
    outline: Outline,
    /// Differs from that of every other map here.
    map: u64,
}

/// Maps that were compiled in this process.
static MAPS: AtomicU64 = AtomicU64::new(0);

impl Events {
    pub(super) fn compile(
        webhook: &mut Reader,
        verify: &Verify,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut this = Self {
            id: None,
            event_type: None,
            occurred_at: None,
            scope: None,
            rules: Vec::new(),
            types: BTreeSet::new(),
            outline: Outline::default(),
            map: MAPS.fetch_add(1, Ordering::Relaxed),
        };
        let mut common = Fields::new();
        if let Some(mut at) = webhook.table("event")? {
            this.id = source(&mut at, "id", Kind::Any, constants)?;
            if let Some(name) = this.id.as_ref().and_then(Source::header)
                && !verify.signed_headers().contains(&name)
            {
                return Err(at.error(
                    "id",
                    "a header that is not part of `message` can be changed by anybody",
                ));
            }
            this.event_type = source(&mut at, "type", Kind::Any, constants)?;
            this.occurred_at = source(&mut at, "occurred_at", Kind::Time, constants)?;
            this.scope = scope(&mut at, constants)?;
            common = report::fields(&mut at, &Fields::new(), constants)?;
            at.finish()?;
        }
        for at in webhook.tables("on")? {
            this.rules.push(rule(at, &common, constants)?);
        }
        if this.rules.is_empty() {
            return Err(webhook.error("on", "is missing and required: at least one [[webhook.on]]"));
        }
        let named = this.rules.iter().flat_map(|rule| rule.when.values());
        this.types = named.map(|value| text_of(value).into_owned()).collect();
        this.outline = Outline::of(this.pointers());
        Ok(this)
    }

    /// Wherever it looks in a body.
    fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let scope = self.scope.iter().map(|(source, _)| source);
        let own = [&self.id, &self.event_type, &self.occurred_at]
            .into_iter()
            .flatten();
        let fields = self.rules.iter().flat_map(|rule| rule.fields.values());
        let sources = own.chain(scope).chain(fields).flat_map(Source::pointers);
        sources.chain(self.rules.iter().flat_map(|rule| rule.when.pointers()))
    }

    /// What is read of a body.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn excerpt(&self, body: &[u8]) -> Result<Excerpt, serde_json::Error> {
        let json = self.outline.parse(body)?;
        let given = Given {
            json: Some(&json),
            ..Given::default()
        };
        let rule = self.rule(&json);
        let ids = rule.map(|rule| report::ids(&self.rules[rule].fields, given));
        let ids = ids.unwrap_or_default();
        Ok(Excerpt {
            occurred_at: self.occurred_at(given),
            map: self.map,
            rule,
            video_id: ids.video,
            upload_id: ids.upload,
            asset_id: ids.asset,
            json,
        })
    }

    /// It is an excerpt of this map.
    pub(crate) const fn made(&self, excerpt: &Excerpt) -> bool {
        excerpt.map == self.map
    }

    /// `event_type` where some rule names it, else `other`.
    pub(crate) fn known_type(&self, event_type: &str) -> &str {
        self.types.get(event_type).map_or("other", String::as_str)
    }

    /// Every field that some rule reads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = report::Key> {
        self.rules.iter().flat_map(|rule| rule.fields.keys().copied())
    }

    /// Reads what needs no row.
    pub(crate) fn read(&self, body: &VerifiedBody) -> Result<Delivery, Unreadable> {
        let own_id = || format!("sha256:{}", body.sha256());
        let excerpt = self
            .excerpt(body.bytes())
            .map_err(|_| Unreadable { event_id: own_id() })?;
        let given = Given {
            json: Some(&excerpt.json),
            headers: Some(body.signed_headers()),
            base: None,
        };
        let nothing = Scope::default();
        let text = |source: &Option<Source>| {
            source
                .as_ref()
                .and_then(|source| source.find_text(given, &nothing))
        };
        let id = text(&self.id).filter(|id| (1..=LONGEST_ID).contains(&id.len()) && !id.contains('\0'));
        let id_is_hash = id.is_none() || self.id.as_ref().is_some_and(Source::is_hash);
        Ok(Delivery {
            event_id: id.unwrap_or_else(own_id),
            id_is_hash,
            event_type: report::kept(text(&self.event_type).unwrap_or_default(), LONGEST_ID),
            occurred_at: excerpt.occurred_at,
            video_id: excerpt.video_id,
            upload_id: excerpt.upload_id.clone(),
            asset_id: excerpt.asset_id.clone(),
            ignored: excerpt.rule.is_none(),
            excerpt: Arc::new(excerpt),
        })
    }

    /// Reads everything of an excerpt that this map made, with the row at hand. `seen_at` is the event's first receipt.
    pub(crate) fn translate(
        &self,
        excerpt: &Excerpt,
        scope: &Scope<'_>,
        event_id: &str,
        seen_at: DateTime<Utc>,
    ) -> Result<Translation, TranslateError> {
        let rule = excerpt.rule.and_then(|rule| self.rules.get(rule));
        let rule = rule.ok_or(TranslateError::Ignored)?;
        let given = Given {
            json: Some(&excerpt.json),
            ..Given::default()
        };
        let mut seen = Observation {
            at: event_time(excerpt.occurred_at, seen_at),
            seen_at,
            event_id: event_id.to_owned(),
            upload_id: excerpt.upload_id.clone(),
            asset_id: excerpt.asset_id.clone(),
            ..Observation::default()
        };
        report::tell_facts(&rule.fields, given, scope, &mut seen);
        if let Emit::Says(says) = rule.emit {
            says.tell(&mut seen);
        }
        Ok(Translation {
            observation: seen,
            refresh: rule.refresh,
        })
    }

    /// The first rule that holds, unless the event is of another environment or the rule says to ignore it.
    fn rule(&self, json: &Value) -> Option<usize> {
        let given = Given {
            json: Some(json),
            ..Given::default()
        };
        if let Some((source, wanted)) = &self.scope
            && !source.is_text(wanted, given)
        {
            return None;
        }
        self.rules
            .iter()
            .position(|rule| rule.when.holds(json))
            .filter(|rule| self.rules[*rule].emit != Emit::Ignore)
    }

    fn occurred_at(&self, given: Given<'_>) -> Option<DateTime<Utc>> {
        self.occurred_at.as_ref()?.find_time(given, &Scope::default())
    }
}

fn source(
    at: &mut Reader,
    key: &'static str,
    kind: Kind,
    constants: &Constants,
) -> Result<Option<Source>, MapError> {
    let Some(value) = at.take(key) else {
        return Ok(None);
    };
    // Only the id may come from a header: the others are read again from the stored body.
    let rules = Rules {
        kind,
        place: &Place::default(),
        headers: key == "id",
        constants,
    };
    Source::compile(at, key, value, rules).map(Some)
}

/// `None` while what it must equal is empty.
fn scope(at: &mut Reader, constants: &Constants) -> Result<Option<(Source, String)>, MapError> {
    let Some(mut table) = at.table("scope")? else {
        return Ok(None);
    };
    let from = table.need("at")?;
    let rules = Rules {
        kind: Kind::Any,
        place: &Place::default(),
        headers: false,
        constants,
    };
    let from = Source::compile(&table, "at", from, rules)?;
    let wanted = table.need_text("equals")?;
    let wanted = Template::compile(&wanted, &Place::default(), constants)
        .map_err(|what| table.error("equals", what))?;
    let wanted = wanted
        .text(&Scope::default())
        .map_err(|error| table.error("equals", error))?;
    table.finish()?;
    Ok((!wanted.is_empty()).then_some((from, wanted)))
}

fn rule(mut at: Reader, common: &Fields, constants: &Constants) -> Result<Rule, MapError> {
    let when = Condition::compile(&mut at, "when", constants)?;
    let word = at.need_text("emit")?;
    let emit = match word.as_str() {
        "updated" => Emit::Updated,
        "ignore" => Emit::Ignore,
        other => Emit::Says(Says::parse(other).ok_or_else(|| {
            at.error(
                "emit",
                format!(
                    "`{other}` is not known; allowed: {}, updated, ignore",
                    Says::names()
                ),
            )
        })?),
    };
    let refresh = at.boolean("refresh")?;
    let fields = report::fields(&mut at, common, constants)?;
    at.finish()?;
    Ok(Rule {
        when,
        emit,
        refresh,
        fields,
    })
}
