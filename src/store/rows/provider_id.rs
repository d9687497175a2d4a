//! `provider_ids`: which video has which id at its provider. The table grows by a row an id and is never changed.
//!
//! A video of a map that shares another map's account has a second row an id, under the account's name. So the primary key
//! refuses an id that another video of the account has, whichever map that one is of. Rows from before the account was
//! shared have the map's name alone; look-ups go by the names of all maps of the account, so they are found all the same.

use std::borrow::Cow;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::columns::table;
use crate::domain::{Accounts, Video};
use crate::sql::row_by_name;

table! {
    /// The columns of `provider_ids`.
    IdTable is "provider_ids", of<'r> NewId<'r>;
    provider: String = |new| &*new.provider, Once;
    kind: String = |new| new.kind, Once;
    id: String = |new| new.id, Once;
    video_id: Uuid = |new| new.video_id, Once;
}

/// An id that becomes known.
#[derive(Clone, Debug)]
pub(in crate::store) struct NewId<'a> {
    /// The name of the video's map, or of its account.
    pub(in crate::store) provider: Cow<'a, str>,
    /// `upload` or `asset`.
    pub(in crate::store) kind: &'static str,
    /// The id at the provider.
    pub(in crate::store) id: &'a str,
    pub(in crate::store) video_id: Uuid,
}

/// Returns the rows of the ids that `after` has and `before` had not; of all of them where there is no `before`.
pub(in crate::store) fn gained_ids<'a>(
    before: Option<&Video>,
    after: &'a Video,
    accounts: &Accounts,
) -> Vec<NewId<'a>> {
    let (had_upload, had_asset) = before.map_or((false, false), |video| {
        (video.known.upload_id.is_some(), video.known.asset_id.is_some())
    });
    let upload = after.known.upload_id.as_deref().filter(|_| !had_upload);
    let asset = after.known.asset_id.as_deref().filter(|_| !had_asset);
    let account = accounts.account_of(&after.provider);
    let mut rows = Vec::new();
    for (kind, id) in [("upload", upload), ("asset", asset)] {
        let Some(id) = id else { continue };
        let mut add = |provider| {
            rows.push(NewId {
                provider,
                kind,
                id,
                video_id: after.id,
            });
        };
        add(Cow::Borrowed(after.provider.as_str()));
        if account != after.provider {
            add(Cow::Owned(account.to_owned()));
        }
    }
    rows
}

/// Returns whether `after` has an id at its provider that `before` had not.
pub(in crate::store) fn gains_ids(before: &Video, after: &Video) -> bool {
    let gains = |before: &Option<String>, after: &Option<String>| before.is_none() && after.is_some();
    gains(&before.known.upload_id, &after.known.upload_id)
        || gains(&before.known.asset_id, &after.known.asset_id)
}

/// A video whose row is removed, and the ids that it had.
#[derive(Debug)]
pub(in crate::store) struct PurgedVideo {
    pub(in crate::store) id: Uuid,
    pub(in crate::store) reference: Option<Uuid>,
    pub(in crate::store) upload_id: Option<String>,
    pub(in crate::store) asset_id: Option<String>,
}

impl PurgedVideo {
    /// The id under which its provider knew it.
    pub(in crate::store) fn reference(&self) -> Uuid {
        self.reference.unwrap_or(self.id)
    }
}

row_by_name! { PurgedVideo from PgRow, SqliteRow; { id, reference, upload_id, asset_id } }
