//! Compilation of `[tracks]`.

use super::{
    table::{AddCall, ListCall, ORIGINS, TrackFields, TrackTable},
    track::{TrackSend, TrackStatus},
};
use crate::provider::{
    action::Action,
    compile::{Constants, Location},
    condition::Condition,
    error::MapError,
    excerpt::Outline,
    lists::{List, compile_words},
    source::{Source, SourceRules, ValueKind},
    template::{Id, Place, Placeholder, TRACK_KINDS, TrackPart},
    vocabulary::{
        ActionTable, SendWord, SourceValue, TrackAddTable, TrackFieldsTable, TrackGenerateTable, TracksTable,
    },
};

impl TrackTable {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: nothing says where tracks are listed, two calls are for the same kind, or a part is malformed.
    pub(crate) fn compile(
        declared: TracksTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        if declared.each.is_none() && declared.list.is_none() {
            let what = "is missing: without it, [tracks.list] must say where the tracks are listed";
            return Err(at.error("each", what));
        }
        let each = declared.each.map(|each| List::compile(&each, at, constants));
        let only = Condition::compile(declared.only, declared.ignore_case, &at.table("only"), constants)?;
        let fields = TrackFields::compile(declared.fields, &at.table("fields"), constants)?;
        let outline = {
            let read = fields.sources().flat_map(Source::pointers);
            Outline::from_pointers(read.chain(only.pointers()))
        };
        let list = declared.list.map(|list| {
            let at = at.table("list");
            let mut action = Action::compile(list.action(), &at, &Place::for_asset(), constants)?;
            action.reads_body = true;
            let each = List::compile(&list.each, &at, constants)?;
            Ok(ListCall { action, each })
        });
        let generate = declared
            .generate
            .map(|generate| compile_generate(generate, &at.table("generate"), constants));
        let delete = declared
            .delete
            .map(|delete| compile_delete(&delete, &at.table("delete"), constants));
        let file = declared
            .file
            .map(|file| compile_file(&file, &at.table("file"), constants));
        Ok(Self {
            each: each.transpose()?,
            only,
            fields,
            outline,
            list: list.transpose()?,
            add: compile_adds(&declared.add, at, constants)?,
            generate: generate.transpose()?.unwrap_or_default(),
            delete: delete.transpose()?,
            file: file.transpose()?,
        })
    }
}

impl TrackFields {
    /// Compiles the sources, and refuses words of `kind`, `status` and `source` that are none.
    fn compile(declared: TrackFieldsTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        let compile = |source: SourceValue, key: &str| {
            let rules = SourceRules {
                kind: ValueKind::Any,
                place: &Place::default(),
                headers: false,
                constants,
            };
            Source::compile(source, at, key, rules)
        };
        let text =
            |source: Option<SourceValue>, key: &str| source.map(|source| compile(source, key)).transpose();
        Ok(Self {
            id: compile(declared.id, "id")?,
            language: text(declared.language, "language")?,
            name: text(declared.name, "name")?,
            kind: compile_words(text(declared.kind, "kind")?, &TRACK_KINDS, at, "kind")?,
            status: compile_words(
                text(declared.status, "status")?,
                &TrackStatus::WORDS,
                at,
                "status",
            )?,
            origin: compile_words(text(declared.source, "source")?, &ORIGINS, at, "source")?,
        })
    }

    /// Returns every source.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        let optional = [&self.language, &self.name, &self.kind, &self.status, &self.origin];
        std::iter::once(&self.id).chain(optional.into_iter().flatten())
    }
}

/// Compiles `[[tracks.add]]`.
fn compile_adds(
    declared: &[TrackAddTable],
    tracks: &Location,
    constants: &Constants,
) -> Result<Vec<AddCall>, MapError> {
    let mut out: Vec<AddCall> = Vec::new();
    for (index, add) in declared.iter().enumerate() {
        let at = tracks.element("add", index);
        if add.kinds.is_empty() {
            return Err(at.error("for", "is empty; allowed: subtitles, captions, audio"));
        }
        let kinds: Vec<_> = add.kinds.iter().map(|word| word.kind()).collect();
        for (word, kind) in add.kinds.iter().zip(&kinds) {
            let is_twice = kinds.iter().filter(|other| *other == kind).count() > 1;
            if is_twice || out.iter().any(|before| before.kinds.contains(kind)) {
                let what = format!("`{}` stands twice: one call is for a kind", word.as_str());
                return Err(at.error("for", what));
            }
        }
        out.push(AddCall {
            kinds,
            send: match add.send {
                SendWord::Url => TrackSend::Url,
                SendWord::Form | SendWord::Body | SendWord::Base64 => TrackSend::File,
            },
            action: compile_add(add, &at, constants)?,
        });
    }
    Ok(out)
}

/// Compiles one `[[tracks.add]]`, and checks that the call carries the file in the way that `send` says.
fn compile_add(declared: &TrackAddTable, at: &Location, constants: &Constants) -> Result<Action, MapError> {
    let place = match declared.send {
        SendWord::Url => Place::for_adding(Some(TrackPart::Url), false),
        SendWord::Base64 => Place::for_adding(Some(TrackPart::Base64), false),
        SendWord::Form => Place::for_adding(None, true),
        SendWord::Body => Place::for_adding(None, false),
    };
    let mut action = Action::compile(declared.action(), at, &place, constants)?;
    refuse_ids(&action, at)?;
    let names_part = |part: TrackPart| {
        let mut names = action.names().into_iter();
        names.any(|name| matches!(name, Placeholder::Track(named) if *named == part))
    };
    let missing = match declared.send {
        SendWord::Url if !names_part(TrackPart::Url) => Some("but {track.url} stands nowhere in the call"),
        SendWord::Base64 if !names_part(TrackPart::Base64) => {
            Some("but {track.base64} stands nowhere in the call")
        }
        SendWord::Form if !action.has_file() => Some("but no member of `form` is \"{file}\""),
        SendWord::Body if action.has_body() => {
            Some("but the call has a `body` or a `form`: the file itself is its body")
        }
        _ => None,
    };
    if let Some(what) = missing {
        return Err(at.error("send", what));
    }
    if declared.send == SendWord::Body {
        action.send_file();
    }
    Ok(action)
}

/// Compiles `[[tracks.generate.steps]]`: each call sees the captures of those before it.
fn compile_generate(
    declared: TrackGenerateTable,
    at: &Location,
    constants: &Constants,
) -> Result<Vec<Action>, MapError> {
    if !(1..=3).contains(&declared.steps.len()) {
        let what = format!("there must be 1 to 3 of them, not {}", declared.steps.len());
        return Err(at.error("steps", what));
    }
    let mut place = Place::for_adding(None, false);
    let mut actions = Vec::new();
    for (index, step) in declared.steps.into_iter().enumerate() {
        let at = at.element("steps", index);
        let step = Action::compile(step.action(), &at, &place, constants)?;
        refuse_ids(&step, &at)?;
        place.captures.extend(step.captures());
        actions.push(step);
    }
    let mut names = actions.iter().flat_map(Action::names);
    if !names.any(|name| matches!(name, Placeholder::Track(TrackPart::Language))) {
        return Err(at.error(
            "steps",
            "no call holds {track.language}: nothing says which track is wanted",
        ));
    }
    Ok(actions)
}

/// Compiles `[tracks.delete]`, which must name the track.
fn compile_delete(declared: &ActionTable, at: &Location, constants: &Constants) -> Result<Action, MapError> {
    let action = Action::compile(declared.action(), at, &Place::for_track(), constants)?;
    require_id(&action, at)?;
    Ok(action)
}

/// Compiles `[tracks.file]`, which must name the track. Its answer is a file, of which nothing is read as JSON.
fn compile_file(declared: &ActionTable, at: &Location, constants: &Constants) -> Result<Action, MapError> {
    let mut action = Action::compile(declared.action(), at, &Place::for_track(), constants)?;
    require_id(&action, at)?;
    if action.reads_body() {
        return Err(at.error(
            "must",
            "the answer is the file, and no JSON: neither `must` nor `take` can read it",
        ));
    }
    action.takes_file = true;
    Ok(action)
}

/// Refuses a call that names no track.
fn require_id(action: &Action, at: &Location) -> Result<(), MapError> {
    let mut names = action.names().into_iter();
    if names.any(|name| matches!(name, Placeholder::Track(TrackPart::Id))) {
        return Ok(());
    }
    Err(at.error(
        "url",
        "does not hold {track.id}: nothing says which track it is about",
    ))
}

/// Refuses a call that takes an id of the video.
fn refuse_ids(action: &Action, at: &Location) -> Result<(), MapError> {
    match action.captures().keys().find(|name| Id::parse(name).is_some()) {
        Some(id) => Err(at.error(
            "take",
            format!("{id} is known already; a track's own id is track_id"),
        )),
        None => Ok(()),
    }
}
