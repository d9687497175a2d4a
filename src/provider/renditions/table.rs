//! `[[renditions]]`, compiled, and the reading of one element of a list.

use std::sync::Arc;

use serde_json::Value;

use super::file::{Rendition, RenditionFile, RenditionKind, RenditionStatus};
use crate::{
    domain::{Fact, Field, Video},
    provider::{
        action::Action,
        condition::Condition,
        excerpt::Outline,
        lists::{List, read_word},
        numbers::parse_bytes,
        source::{Source, SourceInput},
        template::Scope,
    },
};

/// The tables of a map, in its order. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct RenditionTables(pub(super) Arc<[RenditionTable]>);

/// One `[[renditions]]`.
pub(crate) struct RenditionTable {
    /// The field of the row that keeps its list.
    pub(crate) field: Field,
    /// Where events and the answer of `[asset.get]` have the list; `None`: only the call of its own has it.
    pub(super) each: Option<List>,
    pub(super) only: Condition,
    /// Our names and the provider's.
    pub(crate) names: Vec<(String, String)>,
    pub(super) fields: FileFields,
    /// What a whole answer is cut to: the parts that the table reads.
    pub(super) outline: Outline,
    pub(crate) list: Option<ListCall>,
    /// The calls that have a file made; none where files cannot be asked for.
    pub(crate) make: Vec<Action>,
    pub(crate) delete: Option<Action>,
}

/// `[renditions.list]`.
pub(crate) struct ListCall {
    pub(crate) action: Action,
    pub(super) each: List,
}

/// `fields`: the sources of a file.
pub(super) struct FileFields {
    pub(super) name: Source,
    pub(super) id: Option<Source>,
    pub(super) file: Option<Source>,
    pub(super) url: Option<Source>,
    pub(super) kind: Option<Source>,
    pub(super) status: Option<Source>,
    pub(super) width: Option<Source>,
    pub(super) height: Option<Source>,
    pub(super) bytes: Option<Source>,
    pub(super) bitrate: Option<Source>,
}

impl RenditionTables {
    /// Returns the tables, in the map's order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RenditionTable> {
        self.0.iter()
    }

    /// Returns true where the map has no table.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns every call of the tables.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action> {
        self.iter().flat_map(|table| {
            let list = table.list.iter().map(|list| &list.action);
            list.chain(&table.make).chain(&table.delete)
        })
    }

    /// Returns the table that lists our name of a file, and the provider's name.
    pub(crate) fn find(&self, name: &str) -> Option<(&RenditionTable, &str)> {
        self.0.iter().find_map(|table| {
            let (_, theirs) = table.names.iter().find(|(ours, _)| ours == name)?;
            Some((table, theirs.as_str()))
        })
    }

    /// Reads the files that the row keeps, each with the fact that it stands in: of one name only the first that is ready,
    /// else the first.
    pub(crate) fn files<'v>(&self, video: &'v Video) -> Vec<(RenditionFile, &'v Fact)> {
        let mut out: Vec<(RenditionFile, &Fact)> = Vec::new();
        for table in self.0.iter() {
            let Some(fact) = video.known.fact(table.field) else {
                continue;
            };
            for element in fact.value.as_array().into_iter().flatten() {
                let Some(file) = table.read(element) else {
                    continue;
                };
                let known = out
                    .iter_mut()
                    .find(|(known, _)| known.shown.name == file.shown.name);
                match known {
                    None => out.push((file, fact)),
                    Some(known)
                        if known.0.shown.status != RenditionStatus::Ready
                            && file.shown.status == RenditionStatus::Ready =>
                    {
                        *known = (file, fact);
                    }
                    Some(_) => {}
                }
            }
        }
        out
    }
}

impl RenditionTable {
    /// Returns true where a file of the table can be asked for.
    pub(crate) fn can_make(&self) -> bool {
        !self.make.is_empty()
    }

    /// Returns true where elements tell the part of an address that `{rendition.file}` is.
    pub(super) fn tells_file(&self) -> bool {
        self.fields.file.is_some()
    }

    /// Reads one element of the list; `None` where it is not for the table, or has no name or status that the map knows.
    pub(super) fn read(&self, element: &Value) -> Option<RenditionFile> {
        if !self.only.holds(element) {
            return None;
        }
        let input = SourceInput {
            json: Some(element),
            ..SourceInput::default()
        };
        let nothing = Scope::default();
        let text = |source: &Option<Source>| source.as_ref()?.find_text(input, &nothing);
        let whole = |source: &Option<Source>| parse_bytes(&source.as_ref()?.find_value(input, &nothing)?);
        let theirs = self.fields.name.find_text(input, &nothing)?;
        let (name, _) = self.names.iter().find(|(_, known)| *known == theirs)?;
        let status = match &self.fields.status {
            None => RenditionStatus::Ready,
            Some(source) => read_word(source, &RenditionStatus::WORDS, input)?,
        };
        let kind = self
            .fields
            .kind
            .as_ref()
            .and_then(|source| read_word(source, &RenditionKind::WORDS, input));
        Some(RenditionFile {
            shown: Rendition {
                name: name.clone(),
                kind: kind.unwrap_or_else(|| RenditionKind::by_name(name)),
                status,
                width: whole(&self.fields.width),
                height: whole(&self.fields.height),
                bytes: whole(&self.fields.bytes),
                bitrate: whole(&self.fields.bitrate),
            },
            theirs,
            id: text(&self.fields.id),
            file: text(&self.fields.file),
            url: text(&self.fields.url),
        })
    }
}
