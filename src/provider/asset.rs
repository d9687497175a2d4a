//! `[asset]`: asking for a video, deleting it, changing it; finding those that were made elsewhere.

use super::{
    action::Action,
    compile::{Constants, Reader},
    error::MapError,
    pointer::Pointer,
    report::{Fields, Key, StatusRule, fields, row},
    source::{Kind, Rules, Source},
    template::{Name, Ours, OursWhere, Place},
    upload::Ask,
};

/// `[asset]`, compiled.
#[derive(Default)]
pub(crate) struct Asset {
    pub(crate) get: Option<Ask>,
    pub(crate) delete: Option<Action>,
    pub(crate) updates: Vec<Update>,
    pub(crate) list: Option<List>,
    pub(crate) find: Option<Find>,
}

/// `[asset.list]`: the provider's assets, page by page.
pub(crate) struct List {
    pub(crate) action: Action,
    /// Where an answer has its assets.
    pub(crate) items: Pointer,
    pub(crate) next: Next,
    /// Read from each asset; without it each is asked for by `[asset.get]`.
    pub(crate) status: Option<StatusRule>,
    pub(crate) fields: Fields,
    pub(crate) title: Option<Source>,
    pub(crate) created_at: Option<Source>,
}

/// How the next page is asked for.
pub(crate) enum Next {
    /// There is one page only.
    None,
    /// By its number, until a page is empty.
    Page { first: i64 },
    /// By what the page before has here, until one has nothing.
    Cursor(Source),
}

/// `[asset.find]`: the asset that a playback id belongs to.
pub(crate) struct Find {
    pub(crate) action: Action,
    pub(crate) fields: Fields,
}

/// One `[[asset.update]]`.
pub(crate) struct Update {
    pub(crate) on: Vec<String>,
    pub(crate) action: Action,
}

impl Asset {
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let place = Place {
            secrets: true,
            ids: Place::all_ids(),
            ..Place::default()
        };
        let get = at
            .table("get")?
            .map(|get| Ask::compile(get, &place, constants))
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
            ours: OursWhere::Row,
            ..place
        };
        let list = at.table("list")?.map(|table| List::compile(table, constants));
        let list = list.transpose()?;
        if get.is_none() && list.as_ref().is_some_and(|list| list.status.is_none()) {
            return Err(at.error("list", "has no status, and there is no [asset.get] to ask for it"));
        }
        let find = at.table("find")?.map(|table| Find::compile(table, constants));
        let find = find.transpose()?;
        let updates = at.tables("update")?;
        let updates = updates
            .into_iter()
            .map(|table| update(table, &place, constants))
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

impl List {
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
        let next = Next::compile(&mut at, &action, constants)?;
        let status = if at.has("status") {
            Some(StatusRule::compile(&mut at, constants)?)
        } else {
            // Only asked for, so that it is among the keys that are allowed.
            at.take("status");
            None
        };
        let this = Self {
            action,
            items,
            next,
            status,
            fields: naming_the_asset(&mut at, constants)?,
            title: source(&mut at, "title", Kind::Any, constants)?,
            created_at: source(&mut at, "created_at", Kind::Time, constants)?,
        };
        at.finish()?;
        Ok(this)
    }
}

impl Next {
    fn compile(at: &mut Reader, action: &Action, constants: &Constants) -> Result<Self, MapError> {
        let Some(mut table) = at.table("next")? else {
            return Ok(Self::None);
        };
        let named = |wanted: fn(&Name) -> bool| action.names().into_iter().any(wanted);
        let first = table.whole("page")?;
        let cursor = source(&mut table, "cursor", Kind::Any, constants)?;
        let next = match (first, cursor) {
            (Some(first), None) if named(|name| matches!(name, Name::Page)) => Self::Page {
                first: i64::try_from(first).map_err(|_| table.error("page", "is too large"))?,
            },
            (None, Some(cursor)) if named(|name| matches!(name, Name::Cursor)) => Self::Cursor(cursor),
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

impl Find {
    fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let place = Place {
            secrets: true,
            ids: Place::all_ids(),
            ..Place::default()
        };
        let mut action = Action::compile(&mut at, &place, constants)?;
        action.reads_body = true;
        let fields = naming_the_asset(&mut at, constants)?;
        at.finish()?;
        Ok(Self { action, fields })
    }
}

fn naming_the_asset(at: &mut Reader, constants: &Constants) -> Result<Fields, MapError> {
    let found = fields(at, &Fields::new(), constants)?;
    if !found.contains_key(&Key::AssetId) {
        return Err(at.error("fields", "asset_id is missing and required"));
    }
    Ok(found)
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
    let place = row();
    let rules = Rules {
        kind,
        place: &place,
        headers: false,
        constants,
    };
    Source::compile(at, key, value, rules).map(Some)
}

fn update(mut at: Reader, place: &Place, constants: &Constants) -> Result<Update, MapError> {
    const ALLOWED: [Ours; 4] = [Ours::Title, Ours::Metadata, Ours::ExternalId, Ours::ThumbnailTime];
    let on = at.texts("on")?;
    for name in &on {
        if !ALLOWED.iter().any(|ours| ours.as_str() == name) {
            let allowed = ALLOWED.map(Ours::as_str).join(", ");
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
    Ok(Update { on, action })
}
