//! Compilation of `[[renditions]]`.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    file::{RenditionKind, RenditionStatus},
    table::{FileFields, ListCall, RenditionTable, RenditionTables},
};
use crate::{
    domain::Field,
    provider::{
        action::Action,
        compile::{Constants, Location},
        condition::Condition,
        error::MapError,
        excerpt::Outline,
        lists::{List, compile_words},
        source::{Source, SourceRules, ValueKind},
        template::{Id, Place},
        vocabulary::{ActionTable, Entries, RenditionFieldsTable, RenditionsTable, SourceValue},
    },
};

/// Most bytes of one of our names of a file.
const NAME_MAX_BYTES: usize = 32;

impl RenditionTables {
    /// Compiles the tables. `root` is the place of the map.
    ///
    /// # Errors
    /// [`MapError`]: there are too many, two of them have the same name, or a part is malformed.
    pub(crate) fn compile(
        declared: Vec<RenditionsTable>,
        root: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        if declared.len() > Field::RENDITIONS.len() {
            let what = format!(
                "there must be at most {} of them, not {}",
                Field::RENDITIONS.len(),
                declared.len()
            );
            return Err(root.error("renditions", what));
        }
        let mut names = BTreeSet::new();
        let mut tables = Vec::with_capacity(declared.len());
        for ((index, declared), field) in declared.into_iter().enumerate().zip(Field::RENDITIONS) {
            let at = root.element("renditions", index);
            let table = RenditionTable::compile(declared, &at, field, constants)?;
            for (ours, _) in &table.names {
                if !names.insert(ours.clone()) {
                    return Err(at.error("names", format!("`{ours}` is a name of another [[renditions]]")));
                }
            }
            tables.push(table);
        }
        Ok(Self(Arc::from(tables)))
    }
}

impl RenditionTable {
    /// Compiles one table.
    fn compile(
        declared: RenditionsTable,
        at: &Location,
        field: Field,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        if declared.each.is_none() && declared.list.is_none() {
            let what = "is missing: without it, [renditions.list] must say where the files are listed";
            return Err(at.error("each", what));
        }
        let each = declared.each.map(|each| List::compile(&each, at, constants));
        let only = Condition::compile(declared.only, declared.ignore_case, &at.table("only"), constants)?;
        let fields = FileFields::compile(declared.fields, &at.table("fields"), constants)?;
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
        let make = declared
            .make
            .map(|make| compile_steps(make.0, &at.table("make"), constants));
        let delete = declared.delete.map(|delete| {
            let place = Place::for_unmaking();
            Action::compile(delete.action(), &at.table("delete"), &place, constants)
        });
        Ok(Self {
            field,
            each: each.transpose()?,
            only,
            names: check_names(declared.names, &at.table("names"))?,
            fields,
            outline,
            list: list.transpose()?,
            make: make.transpose()?.unwrap_or_default(),
            delete: delete.transpose()?,
        })
    }
}

impl FileFields {
    /// Compiles the sources, and refuses words of `kind` and `status` that are none.
    fn compile(
        declared: RenditionFieldsTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let compile = |source: SourceValue, key: &str, kind: ValueKind| {
            let rules = SourceRules {
                kind,
                place: &Place::default(),
                headers: false,
                constants,
            };
            Source::compile(source, at, key, rules)
        };
        let text = |source: Option<SourceValue>, key: &str| {
            source
                .map(|source| compile(source, key, ValueKind::Any))
                .transpose()
        };
        let number = |source: Option<SourceValue>, key: &str| {
            source
                .map(|source| compile(source, key, ValueKind::Integer))
                .transpose()
        };
        let this = Self {
            name: compile(declared.name, "name", ValueKind::Any)?,
            id: text(declared.id, "id")?,
            file: text(declared.file, "file")?,
            url: text(declared.url, "url")?,
            kind: compile_words(text(declared.kind, "kind")?, &RenditionKind::WORDS, at, "kind")?,
            status: compile_words(
                text(declared.status, "status")?,
                &RenditionStatus::WORDS,
                at,
                "status",
            )?,
            width: number(declared.width, "width")?,
            height: number(declared.height, "height")?,
            bytes: number(declared.bytes, "bytes")?,
            bitrate: number(declared.bitrate, "bitrate")?,
        };
        Ok(this)
    }

    /// Returns every source.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        let optional = [
            &self.id,
            &self.file,
            &self.url,
            &self.kind,
            &self.status,
            &self.width,
            &self.height,
            &self.bytes,
            &self.bitrate,
        ];
        std::iter::once(&self.name).chain(optional.into_iter().flatten())
    }
}

/// Checks our names of files: lower-case letters, digits and `-`.
fn check_names(declared: Entries<String>, at: &Location) -> Result<Vec<(String, String)>, MapError> {
    if declared.0.is_empty() {
        return Err(at.error("", "is empty; allowed: our name = the provider's, one or more"));
    }
    for (ours, theirs) in &declared.0 {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=NAME_MAX_BYTES).contains(&ours.len()) || !ours.bytes().all(is_plain) {
            let what = format!(
                "is no name; allowed: 1 to {NAME_MAX_BYTES} lower-case letters, digits and `-`, such as highest, audio-only, 1080p, source"
            );
            return Err(at.error(ours, what));
        }
        if theirs.is_empty() {
            return Err(at.error(ours, "is empty; allowed: the provider's name of the file"));
        }
    }
    Ok(declared.0)
}

/// Compiles the calls that have a file made: each sees the captures of those before it.
fn compile_steps(
    declared: Vec<ActionTable>,
    at: &Location,
    constants: &Constants,
) -> Result<Vec<Action>, MapError> {
    if !(1..=3).contains(&declared.len()) {
        let what = format!("there must be 1 to 3 of them, not {}", declared.len());
        return Err(at.error("steps", what));
    }
    let is_single = declared.len() == 1;
    let mut place = Place::for_making();
    let mut actions = Vec::new();
    for (index, step) in declared.into_iter().enumerate() {
        let at = if is_single {
            at.clone()
        } else {
            at.element("steps", index)
        };
        let step = Action::compile(step.action(), &at, &place, constants)?;
        if let Some(id) = step.captures().keys().find(|name| Id::parse(name).is_some()) {
            return Err(at.error("take", format!("{id} is known already: a file takes no ids")));
        }
        place.captures.extend(step.captures());
        actions.push(step);
    }
    Ok(actions)
}
