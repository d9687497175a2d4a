//! One whole map: every table compiled, and the checks between tables.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    asset::Asset,
    check::Check,
    client::Client,
    compile::{Constants, Location, refuse},
    error::MapError,
    error_codes::ErrorCodes,
    ingest::Ingest,
    load_options::{Env, LoadOptions},
    playback::Playback,
    renditions::RenditionTables,
    report::ReportField,
    signing::find_key_fault,
    source::Source,
    template::{Id, Place, Placeholder, ValueTables},
    tracks::TrackTable,
    upload::{Upload, field_tables, read_words},
    vocabulary::{PlaybackTable, read_map},
    webhook::Webhook,
};
use crate::domain::Field;

/// The compiled tables of one map. [`Provider`](super::loaded::Provider) owns it.
pub(crate) struct Map {
    pub(crate) values: ValueTables,
    pub(crate) client: Client,
    pub(crate) upload: Upload,
    pub(crate) ingest: Option<Ingest>,
    pub(crate) asset: Asset,
    pub(crate) check: Check,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) playback: Playback,
    pub(crate) renditions: RenditionTables,
    pub(crate) tracks: Option<Arc<TrackTable>>,
    pub(crate) error_codes: ErrorCodes,
}

impl Map {
    /// Compiles the tables of `file`, which is named in errors only.
    ///
    /// 1. The tables are read as the declared [`vocabulary`](super::vocabulary).
    /// 2. Variables and secrets are read from the environment. Where some are unset, one error names all of them.
    /// 3. Each table is compiled, and then what one table needs of another is checked.
    ///
    /// # Errors
    /// The first fault of a step.
    pub(crate) fn compile(
        file: &str,
        tables: &toml::Table,
        env: Env<'_>,
        options: &LoadOptions,
    ) -> Result<Self, MapError> {
        let root = Location::root(file);
        let declared = read_map(file, tables.clone())?;
        let (mut constants, mut faults) = Constants::load(&declared, tables, &root, env)?;
        // Why first: an unset variable makes every later fault doubtful, and one start should name all that are unset.
        if !faults.is_empty() {
            faults.append(&mut constants.blank);
            faults.extend(find_key_fault(&declared, &constants));
            return Err(refuse(&root, &faults));
        }
        // Why here: the key comes with the options, not from the variables of the map.
        constants.hash_key = options.hash_key.clone();
        constants.words = read_words(declared.values, tables, &root)?;
        let upload = Upload::compile(declared.upload, &root.table("upload"), &constants)?;
        let ingest = declared
            .ingest
            .filter(|ingest| !ingest.steps.is_empty())
            .map(|ingest| Ingest::compile(ingest, &root.table("ingest"), &constants))
            .transpose()?;
        let captures = common_captures(&upload, ingest.as_ref());
        let renditions = RenditionTables::compile(declared.renditions, &root, &constants)?;
        let tracks = declared
            .tracks
            .map(|table| TrackTable::compile(table, &root.table("tracks"), &constants).map(Arc::new))
            .transpose()?;
        let webhook = declared
            .webhook
            .map(|webhook| {
                let lists = (renditions.clone(), tracks.clone());
                Webhook::compile(webhook, &root.table("webhook"), lists, &constants)
            })
            .transpose()?;
        let asset = Asset::compile(declared.asset, &root.table("asset"), &constants)?;
        if declared.playback.renditions.is_some() && renditions.is_empty() {
            let what = "there is no [[renditions]], which says what the files are";
            return Err(root.error("playback.renditions", what));
        }
        if tracks.is_none() {
            refuse_tracks(&declared.playback, &upload, ingest.as_ref(), &root)?;
        }
        let this = Self {
            error_codes: ErrorCodes::collect(error_code_sources(&upload, &asset, webhook.as_ref()), &root)?,
            values: field_tables(&constants.words),
            client: Client::compile(declared.api, &root.table("api"), &constants, options)?,
            asset,
            check: Check::compile(declared.check, &root.table("check"), &constants)?,
            webhook,
            playback: Playback::compile(
                (declared.playback, declared.thumbnail),
                &root,
                &captures,
                &constants,
            )?,
            upload,
            ingest,
            renditions,
            tracks,
        };
        this.check_ids(&root)?;
        // Why last: a table that uses an empty variable may say more about it than that it is empty.
        if !constants.blank.is_empty() {
            return Err(refuse(&root, &constants.blank));
        }
        Ok(this)
    }

    /// Refuses a map in which a template names an id that no `take` and no `fields` gives.
    fn check_ids(&self, root: &Location) -> Result<(), MapError> {
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
                return Err(root.table(table).error("", what));
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
        out.extend(
            self.renditions
                .actions()
                .map(|action| ("renditions", ids_in(action.names()))),
        );
        let calls = self.tracks.iter().flat_map(|table| table.actions());
        out.extend(calls.map(|action| ("tracks", ids_in(action.names()))));
        out
    }
}

/// Refuses what speaks of tracks in a map without `[tracks]`.
fn refuse_tracks(
    playback: &PlaybackTable,
    upload: &Upload,
    ingest: Option<&Ingest>,
    root: &Location,
) -> Result<(), MapError> {
    let places = [
        ("playback.tracks", playback.tracks.is_some()),
        ("upload.tracks", upload.most_tracks > 0),
        (
            "ingest.tracks",
            ingest.is_some_and(|ingest| ingest.most_tracks > 0),
        ),
    ];
    match places.into_iter().find(|(_, is_there)| *is_there) {
        Some((place, _)) => Err(root.error(place, "there is no [tracks], which says what the tracks are")),
        None => Ok(()),
    }
}

/// Returns the captures that a row can have, as a [`Place`]: those of an upload, which can be missing where the steps of an
/// ingest do not surely take them too.
fn common_captures(upload: &Upload, ingest: Option<&Ingest>) -> Place {
    let mut place = upload.captures.clone();
    if let Some(ingest) = ingest {
        for (name, can_miss) in &mut place.captures {
            *can_miss |= Id::parse(name).is_none() && !ingest.surely_takes(name);
        }
    }
    place
}

/// Returns the sources of the field `error_code` in every report that the map reads.
fn error_code_sources<'a>(
    upload: &'a Upload,
    asset: &'a Asset,
    webhook: Option<&'a Webhook>,
) -> impl Iterator<Item = &'a Source> {
    let asked = upload.get.iter().chain(&asset.get).map(|ask| &ask.fields);
    let listed = asset.list.iter().map(|list| &list.fields);
    let found = asset.find.iter().map(|find| &find.fields);
    let told = webhook
        .into_iter()
        .flat_map(|webhook| webhook.events.field_sources());
    let all = asked.chain(listed).chain(found).chain(told);
    all.filter_map(|fields| fields.get(&ReportField::Fact(Field::ErrorCode)))
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
