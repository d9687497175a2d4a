//! `[asset]`: asking for a video, deleting it, changing it.

use super::{
    action::Action,
    compile::{Constants, Reader},
    error::MapError,
    template::{Ours, OursWhere, Place},
    upload::Ask,
};

/// `[asset]`, compiled.
#[derive(Default)]
pub(crate) struct Asset {
    pub(crate) get: Option<Ask>,
    pub(crate) delete: Option<Action>,
    pub(crate) updates: Vec<Update>,
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
        let updates = at.tables("update")?;
        let updates = updates
            .into_iter()
            .map(|table| update(table, &place, constants))
            .collect::<Result<_, _>>()?;
        at.finish()?;
        Ok(Self { get, delete, updates })
    }
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
