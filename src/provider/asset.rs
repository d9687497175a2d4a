//! `[asset]`, compiled: calls that look up, delete and update one asset, and calls that find assets made elsewhere.

use super::{
    action::Action,
    compile::{Constants, Reader},
    error::MapError,
    pointer::Pointer,
    report::{FieldSources, ReportField, StatusRule, compile_fields, row_place},
    source::{Source, SourceRules, ValueKind},
    template::{AvailableFields, Place, Placeholder, RequestField},
    upload::ReportAction,
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
}

/// `[asset.find]`: the asset that a playback id belongs to.
pub(crate) struct AssetFind {
    pub(crate) action: Action,
    pub(crate) fields: FieldSources,
}

/// One `[[asset.update]]`.
pub(crate) struct AssetUpdate {
    /// Names of the row's fields whose change runs the action.
    pub(crate) on: Vec<String>,
    pub(crate) action: Action,
}

impl Asset {
    /// Reads the whole `[asset]` table.
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let place = Place {
            secrets: true,
            ids: Place::all_ids(),
            ..Place::default()
        };
        let get = at
            .table("get")?
            .map(|get| ReportAction::compile(get, &place, constants))
            .transpose()?;
        let delete = match at.table("delete")? {
            None => None,
            Some(mut table) => {
                let action = Action::compile(&mut table, &place, constants)?;
                table.finish()?;
                Some(action)
            }
        };
        let place = Place {
            fields: AvailableFields::Row,
            ..place
        };
        let list = at
            .table("list")?
            .map(|table| AssetList::compile(table, constants));
        let list = list.transpose()?;
        // Why: the import needs the status of each asset, from the list itself or from a lookup of each.
        if get.is_none() && list.as_ref().is_some_and(|list| list.status.is_none()) {
            return Err(at.error("list", "has no status, and there is no [asset.get] to ask for it"));
        }
        let find = at
            .table("find")?
            .map(|table| AssetFind::compile(table, constants));
        let find = find.transpose()?;
        let updates = at.tables("update")?;
        let updates = updates
            .into_iter()
            .map(|table| AssetUpdate::compile(table, &place, constants))
            .collect::<Result<_, _>>()?;
        at.finish()?;
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
    /// Reads `[asset.list]`. Its call has no row, so only `{page}`, `{cursor}`, variables and secrets are available.
    fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let place = Place {
            secrets: true,
            paging: true,
            ..Place::default()
        };
        let mut action = Action::compile(&mut at, &place, constants)?;
        action.reads_body = true;
        let items = at.need_text("items")?;
        let items = Pointer::compile(&items, &Place::default(), constants);
        let items = items.map_err(|what| at.error("items", what))?;
        let next = NextPage::compile(&mut at, &action, constants)?;
        let status = if at.has("status") {
            Some(StatusRule::compile(&mut at, constants)?)
        } else {
            // Why: reading a key is what makes it an allowed one in the message about unknown keys.
            at.take("status");
            None
        };
        let this = Self {
            action,
            items,
            next,
            status,
            fields: compile_asset_fields(&mut at, constants)?,
            title: compile_source(&mut at, "title", ValueKind::Any, constants)?,
            created_at: compile_source(&mut at, "created_at", ValueKind::Time, constants)?,
        };
        at.finish()?;
        Ok(this)
    }
}

impl NextPage {
    /// Reads `next`. The placeholder that it feeds must stand somewhere in the call.
    fn compile(at: &mut Reader, action: &Action, constants: &Constants) -> Result<Self, MapError> {
        let Some(mut table) = at.table("next")? else {
            return Ok(Self::Never);
        };
        let named = |wanted: fn(&Placeholder) -> bool| action.names().into_iter().any(wanted);
        let first = table.whole("page")?;
        let cursor = compile_source(&mut table, "cursor", ValueKind::Any, constants)?;
        let next = match (first, cursor) {
            (Some(first), None) if named(|name| matches!(name, Placeholder::Page)) => Self::Numbered {
                first: i64::try_from(first).map_err(|_| table.error("page", "is too large"))?,
            },
            (None, Some(cursor)) if named(|name| matches!(name, Placeholder::Cursor)) => Self::Cursor(cursor),
            (Some(_), None) => return Err(table.error("page", "but {page} stands nowhere in the call")),
            (None, Some(_)) => return Err(table.error("cursor", "but {cursor} stands nowhere in the call")),
            _ => {
                let what =
                    "must have one of: page (the first one's number), cursor (a source in the page before)";
                return Err(at.error("next", what));
            }
        };
        table.finish()?;
        Ok(next)
    }
}

impl AssetFind {
    /// Reads `[asset.find]`.
    fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let place = Place {
            secrets: true,
            ids: Place::all_ids(),
            ..Place::default()
        };
        let mut action = Action::compile(&mut at, &place, constants)?;
        action.reads_body = true;
        let fields = compile_asset_fields(&mut at, constants)?;
        at.finish()?;
        Ok(Self { action, fields })
    }
}

impl AssetUpdate {
    /// Reads one `[[asset.update]]`; `on` must name fields that PATCH can change.
    fn compile(mut at: Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        // Why these: they are the fields that templates know and PATCH can change.
        const ALLOWED: [RequestField; 4] = [
            RequestField::Title,
            RequestField::Metadata,
            RequestField::ExternalId,
            RequestField::ThumbnailTime,
        ];
        let on = at.texts("on")?;
        for name in &on {
            if !ALLOWED.iter().any(|ours| ours.as_str() == name) {
                let allowed = ALLOWED.map(RequestField::as_str).join(", ");
                return Err(at.error("on", format!("`{name}` never changes; allowed: {allowed}")));
            }
        }
        if on.is_empty() {
            return Err(at.error(
                "on",
                "is missing and required: the fields whose change runs the action",
            ));
        }
        let action = Action::compile(&mut at, place, constants)?;
        at.finish()?;
        Ok(Self { on, action })
    }
}

/// Reads `fields`, which must have a source for `asset_id`: a video found without it could not be adopted.
fn compile_asset_fields(at: &mut Reader, constants: &Constants) -> Result<FieldSources, MapError> {
    let found = compile_fields(at, &FieldSources::new(), constants)?;
    if !found.contains_key(&ReportField::AssetId) {
        return Err(at.error("fields", "asset_id is missing and required"));
    }
    Ok(found)
}

/// Reads the source under `key`, with the placeholders of a row; `None` where the table lacks it.
fn compile_source(
    at: &mut Reader,
    key: &'static str,
    kind: ValueKind,
    constants: &Constants,
) -> Result<Option<Source>, MapError> {
    let Some(value) = at.take(key) else {
        return Ok(None);
    };
    let place = row_place();
    let rules = SourceRules {
        kind,
        place: &place,
        headers: false,
        constants,
    };
    Source::compile(at, key, value, rules).map(Some)
}
