//! One whole map: every table compiled, and the checks between tables.

use std::collections::BTreeSet;

use super::{
    asset::Asset,
    check::Check,
    client::Client,
    compile::{Constants, Reader, refuse},
    error::MapError,
    load_options::{Env, LoadOptions},
    playback::Playback,
    report::ReportField,
    signing::find_key_fault,
    template::{Id, Placeholder, ValueTables},
    upload::{self, Upload},
    webhook::Webhook,
};
use crate::domain::Field;

/// The compiled tables of one map. [`Provider`](super::loaded::Provider) owns it.
pub(crate) struct Map {
    pub(crate) values: ValueTables,
    pub(crate) client: Client,
    pub(crate) upload: Upload,
    pub(crate) asset: Asset,
    pub(crate) check: Check,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) playback: Playback,
}

impl Map {
    /// Compiles the text `toml`. `file` is named in errors only.
    ///
    /// # Errors
    /// The first fault of a table; but where variables are unset, all of them in one error.
    pub(crate) fn compile(
        file: &str,
        toml: &str,
        env: Env<'_>,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let mut root = Reader::root(file, toml)?;
        let (mut constants, mut faults) = Constants::load(&mut root, env)?;
        // Why first: an unset variable makes every later fault doubtful, and one start should name all that are unset.
        if !faults.is_empty() {
            faults.append(&mut constants.blank);
            faults.extend(find_key_fault(&root, &constants));
            return Err(refuse(&root, &faults));
        }
        // Why here: the key comes with the options, not from the variables of the map.
        constants.hash_key = options.hash_key.clone();
        let values = upload::values(&mut root)?;
        let mut api = root
            .table("api")?
            .ok_or_else(|| root.error("api", "is missing and required"))?;
        let client = Client::compile(&mut api, &constants, options)?;
        api.finish()?;
        let table = root
            .table("upload")?
            .ok_or_else(|| root.error("upload", "is missing and required"))?;
        let upload = Upload::compile(table, &constants)?;
        let asset = match root.table("asset")? {
            Some(table) => Asset::compile(table, &constants)?,
            None => Asset::default(),
        };
        let check = root
            .table("check")?
            .map(|table| Check::compile(table, &constants));
        let check = check.transpose()?.unwrap_or_default();
        let webhook = root
            .table("webhook")?
            .map(|table| Webhook::compile(table, &constants))
            .transpose()?;
        let playback = Playback::compile(&mut root, &upload.captures, &constants)?;
        let this = Self {
            values,
            client,
            upload,
            asset,
            check,
            webhook,
            playback,
        };
        this.check_ids(&root)?;
        // Why last: a table that uses an empty variable may say more about it than that it is empty.
        if !constants.blank.is_empty() {
            return Err(refuse(&root, &constants.blank));
        }
        root.finish()?;
        Ok(this)
    }

    /// Refuses a map in which a template names an id that no `take` and no `fields` gives.
    fn check_ids(&self, root: &Reader) -> Result<(), MapError> {
        let mut given = self.captured_ids();
        let asks = self.upload.get.iter().chain(&self.asset.get);
        let fetched = asks.flat_map(|ask| ask.fields.keys().copied());
        let told = self.webhook.iter().flat_map(|webhook| webhook.events.keys());
        given.extend(fetched.chain(told).filter_map(id_of_field));
        for (table, names) in self.named_ids() {
            if let Some(id) = names.iter().find(|id| !given.contains(id)) {
                let what = format!(
                    "names {{{0}}}, but nothing gives it: no `take` and no `fields` has {0}",
                    id.as_str()
                );
                return Err(root.error_in(table, "", what));
            }
        }
        Ok(())
    }

    /// Returns the ids that the steps of an upload capture.
    fn captured_ids(&self) -> BTreeSet<Id> {
        self.upload
            .captures
            .captures
            .keys()
            .filter_map(|name| Id::parse(name))
            .collect()
    }

    /// Returns the ids that templates name, with the table that names them.
    fn named_ids(&self) -> Vec<(&'static str, BTreeSet<Id>)> {
        let ids_in = |names: Vec<&Placeholder>| -> BTreeSet<Id> {
            let ids = names.into_iter().filter_map(|name| match name {
                Placeholder::Id(id) => Some(*id),
                _ => None,
            });
            ids.collect()
        };
        let mut out = vec![("playback", self.playback.named_ids())];
        out.extend(
            self.upload
                .get
                .iter()
                .map(|ask| ("upload.get", ids_in(ask.action.names()))),
        );
        out.extend(
            self.upload
                .cancel
                .iter()
                .map(|action| ("upload.cancel", ids_in(action.names()))),
        );
        out.extend(
            self.asset
                .get
                .iter()
                .map(|ask| ("asset.get", ids_in(ask.action.names()))),
        );
        out.extend(
            self.asset
                .delete
                .iter()
                .map(|action| ("asset.delete", ids_in(action.names()))),
        );
        out.extend(
            self.asset
                .updates
                .iter()
                .map(|update| ("asset.update", ids_in(update.action.names()))),
        );
        out
    }
}

/// Returns the placeholder of an id that a report's field gives; `None` for other fields.
fn id_of_field(key: ReportField) -> Option<Id> {
    match key {
        ReportField::UploadId => Some(Id::Upload),
        ReportField::AssetId => Some(Id::Asset),
        ReportField::Fact(Field::PlaybackId) => Some(Id::Playback),
        _ => None,
    }
}
