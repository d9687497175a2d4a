//! `[asset]`, compiled: calls that look up, delete and update one asset, and calls that find assets made elsewhere.

use super::{
    action::Action,
    compile::{Constants, Location},
    error::MapError,
    pointer::Pointer,
    report::{FieldSources, ReportField, StatusRule, compile_fields},
    request_field::RequestField,
    source::{Source, SourceRules, ValueKind},
    template::{Place, Placeholder},
    upload::ReportAction,
    vocabulary::{
        AssetFindTable, AssetListTable, AssetTable, AssetUpdateTable, ChangeWord, FieldsValue, NextTable,
        SourceValue,
    },
};

/// `[asset]`, compiled. Every part is optional; [`Capability`](super::loaded::Capability) names them.
#[derive(Default)]
pub(crate) struct Asset {
    pub(crate) get: Option<ReportAction>,
    pub(crate) delete: Option<Action>,
    pub(crate) updates: Vec<AssetUpdate>,
    pub(crate) list: Option<AssetList>,
    pub(crate) find: Option<AssetFind>,
}

/// `[asset.list]`: the provider's assets, page by page.
pub(crate) struct AssetList {
    pub(crate) action: Action,
    /// The place of the array of assets in a response.
    pub(crate) items: Pointer,
    pub(crate) next: NextPage,
    /// Read from each element. Without it `[asset.get]` looks each asset up.
    pub(crate) status: Option<StatusRule>,
    pub(crate) fields: FieldSources,
    pub(crate) title: Option<Source>,
    pub(crate) created_at: Option<Source>,
}

/// `[asset.list].next`: the rule by which the next page is requested.
pub(crate) enum NextPage {
    /// There is one page only.
    Never,
    /// Pages are numbered from `first` on, until one is empty.
    Numbered { first: i64 },
    /// Each page names the cursor of the next one here; the last page names none.
    Cursor(Source),
    /// The last element of each page holds the cursor of the next one; the last page has no element, or gives the cursor
    /// that it was asked with.
    Last(Source),
}

/// `[asset.find]`: the asset that a playback id belongs to.
pub(crate) struct AssetFind {
    pub(crate) action: Action,
    pub(crate) fields: FieldSources,
}

/// One `[[asset.update]]`.
pub(crate) struct AssetUpdate {
    /// Names of the row's fields whose change runs the action.
    pub(crate) on: Vec<RequestField>,
    pub(crate) action: Action,
}

impl Asset {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, or a list tells no status and `[asset.get]` is missing.
    pub(crate) fn compile(
        declared: AssetTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let place = Place::for_asset();
        let get = declared
            .get
            .map(|get| ReportAction::compile(get, &at.table("get"), &place, constants))
            .transpose()?;
        let delete = declared
            .delete
            .map(|delete| Action::compile(delete.action(), &at.table("delete"), &place, constants))
            .transpose()?;
        let list = declared
            .list
            .map(|list| AssetList::compile(list, &at.table("list"), constants))
            .transpose()?;
        // Why: the import needs the status of each asset, from the list itself or from a lookup of each.
        if get.is_none() && list.as_ref().is_some_and(|list| list.status.is_none()) {
            return Err(at.error("list", "has no status, and there is no [asset.get] to ask for it"));
        }
        let find = declared
            .find
            .map(|find| AssetFind::compile(find, &at.table("find"), constants))
            .transpose()?;
        let mut updates = Vec::new();
        for (index, update) in declared.update.into_iter().enumerate() {
            updates.push(AssetUpdate::compile(
                &update,
                &at.element("update", index),
                constants,
            )?);
        }
        Ok(Self {
            get,
            delete,
            updates,
            list,
            find,
        })
    }
}

impl AssetList {
    /// Compiles the table. Its call has no row, so only `{page}`, `{cursor}`, variables and secrets are available.
    fn compile(declared: AssetListTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        let place = Place::for_list();
        let mut action = Action::compile(declared.action(), at, &place, constants)?;
        action.reads_body = true;
        let items = Pointer::compile(&declared.items, &Place::default(), constants);
        let items = items.map_err(|what| at.error("items", what))?;
        let next = NextPage::compile(declared.next, at, &action, constants)?;
        let status = declared
            .status
            .map(|status| StatusRule::compile(status, at, constants));
        Ok(Self {
            action,
            items,
            next,
            status: status.transpose()?,
            fields: compile_asset_fields(declared.fields, at, constants)?,
            title: compile_source(declared.title, at, "title", ValueKind::Any, constants)?,
            created_at: compile_source(declared.created_at, at, "created_at", ValueKind::Time, constants)?,
        })
    }
}

impl NextPage {
    /// Compiles `next`. The placeholder that it feeds must stand somewhere in the call.
    fn compile(
        declared: Option<NextTable>,
        list: &Location,
        action: &Action,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let Some(declared) = declared else {
            return Ok(Self::Never);
        };
        let at = list.table("next");
        let is_named = |wanted: fn(&Placeholder) -> bool| action.names().into_iter().any(wanted);
        let cursor = compile_source(declared.cursor, &at, "cursor", ValueKind::Any, constants)?;
        let last = compile_source(declared.last, &at, "last", ValueKind::Any, constants)?;
        match (declared.page, cursor, last) {
            (Some(first), None, None) if is_named(|name| matches!(name, Placeholder::Page)) => {
                Ok(Self::Numbered {
                    first: i64::try_from(first).map_err(|_| at.error("page", "is too large"))?,
                })
            }
            (None, Some(cursor), None) if is_named(|name| matches!(name, Placeholder::Cursor)) => {
                Ok(Self::Cursor(cursor))
            }
            (None, None, Some(last)) if is_named(|name| matches!(name, Placeholder::Cursor)) => {
                Ok(Self::Last(last))
            }
            (Some(_), None, None) => Err(at.error("page", "but {page} stands nowhere in the call")),
            (None, Some(_), None) => Err(at.error("cursor", "but {cursor} stands nowhere in the call")),
            (None, None, Some(_)) => Err(at.error("last", "but {cursor} stands nowhere in the call")),
            _ => {
                let what = "must have one of: page (the first one's number), cursor (a source in the page before), \
                            last (a source in the last element of the page before)";
                Err(list.error("next", what))
            }
        }
    }
}

impl AssetFind {
    /// Compiles the table.
    fn compile(declared: AssetFindTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        let place = Place::for_asset();
        let mut action = Action::compile(declared.action(), at, &place, constants)?;
        action.reads_body = true;
        let fields = compile_asset_fields(declared.fields, at, constants)?;
        Ok(Self { action, fields })
    }
}

impl AssetUpdate {
    /// Compiles one element of the list.
    fn compile(declared: &AssetUpdateTable, at: &Location, constants: &Constants) -> Result<Self, MapError> {
        if declared.on.is_empty() {
            return Err(at.error(
                "on",
                "is missing and required: the fields whose change runs the action",
            ));
        }
        Ok(Self {
            on: declared.on.iter().map(|word| changed_field(*word)).collect(),
            action: Action::compile(declared.action(), at, &Place::for_update(), constants)?,
        })
    }
}

/// Returns the field that a map names as changed.
const fn changed_field(word: ChangeWord) -> RequestField {
    match word {
        ChangeWord::Title => RequestField::Title,
        ChangeWord::Metadata => RequestField::Metadata,
        ChangeWord::ExternalId => RequestField::ExternalId,
        ChangeWord::ThumbnailTime => RequestField::ThumbnailTime,
    }
}

/// Compiles `fields`, which must have a source for `asset_id`: a video found without it could not be adopted.
fn compile_asset_fields(
    declared: Option<FieldsValue>,
    at: &Location,
    constants: &Constants,
) -> Result<FieldSources, MapError> {
    let found = compile_fields(declared, at, &FieldSources::new(), constants)?;
    if !found.contains_key(&ReportField::AssetId) {
        return Err(at.error("fields", "asset_id is missing and required"));
    }
    Ok(found)
}

/// Compiles the source under `key`, with the placeholders of a row.
fn compile_source(
    declared: Option<SourceValue>,
    at: &Location,
    key: &str,
    kind: ValueKind,
    constants: &Constants,
) -> Result<Option<Source>, MapError> {
    let place = Place::for_row();
    let rules = SourceRules {
        kind,
        place: &place,
        headers: false,
        constants,
    };
    declared
        .map(|source| Source::compile(source, at, key, rules))
        .transpose()
}
