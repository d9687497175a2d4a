//! The rows of one video, what is on its way to them, and how it reaches them.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::asset::{Asset, Random};
use super::{NEEDS, Rules};
use crate::domain::{
    AssetKey, ExchangeTerms, Observation, Policy, Replacement, ShownStatus, Status, Video, exchange_assets,
    first_id_at,
};

/// An event on its way, or an answer.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) provider: String,
    pub(super) passthrough: Option<Uuid>,
    pub(super) seen: Observation,
}

/// Work between its read and its write.
#[derive(Clone, Debug)]
pub(super) enum Flight {
    Event(Report, Video),
    Answer(Observation, Video),
    GiveUp(Video),
    Exchange(Observation, Uuid),
}

pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) random: Random,
    pub(super) now: DateTime<Utc>,
    pub(super) ids: u128,
    pub(super) rows: Vec<Video>,
    pub(super) assets: Vec<Asset>,
    pub(super) coming: Vec<Report>,
    pub(super) parked: Vec<Report>,
    pub(super) flights: Vec<Flight>,
    /// A replacement was given up, or an exchange undone.
    pub(super) given_up: bool,
    pub(super) exchanges: usize,
}

impl World {
    pub(super) fn new(seed: u64, rules: Rules) -> Self {
        let mut world = Self {
            rules,
            random: Random(seed),
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default(),
            ids: 0,
            rows: Vec::new(),
            assets: Vec::new(),
            coming: Vec::new(),
            parked: Vec::new(),
            flights: Vec::new(),
            given_up: false,
            exchanges: 0,
        };
        let video = world.new_row("a");
        world.rows.push(video);
        world.make_asset(0);
        world.assets[0].end = Status::Ready;
        world.assets[0].policy = Policy::Signed;
        for number in 0..4 {
            let seen = world.assets[0].observation(number, number == 3, world.now);
            let _same_ids = world.rows[0].observe(&seen, NEEDS);
        }
        world
    }

    pub(super) fn new_row(&mut self, provider: &str) -> Video {
        self.ids += 1;
        let id = Uuid::from_u128(first_id_at(self.now).as_u128() + self.ids);
        Video::new(
            id,
            "owner".to_owned(),
            provider.to_owned(),
            Policy::Signed,
            self.now,
        )
    }

    /// Makes the asset of a row, with all events about it.
    pub(super) fn make_asset(&mut self, row: usize) {
        let asset = Asset {
            key: self.rows[row].asset_key(),
            // Why the same names at two providers: ids are unique at one alone.
            name: format!("asset-{}", row + usize::from(self.random.chance(50)) * 10),
            end: if self.random.chance(85) {
                Status::Ready
            } else {
                Status::Errored
            },
            policy: if self.random.chance(80) {
                Policy::Signed
            } else {
                Policy::Public
            },
            tells_policy: self.random.chance(50),
            is_deleted: false,
            deleted_by_us: false,
        };
        for number in 0..4 {
            let report = Report {
                provider: asset.key.provider.clone(),
                // Why the first one always: the answer that begins an upload tells its id, too.
                passthrough: (number == 0 || self.random.chance(60)).then_some(asset.key.reference),
                seen: asset.observation(number, false, self.now),
            };
            self.coming.push(report);
        }
        self.assets.push(asset);
    }

    pub(super) fn row_of(&self, key: &AssetKey) -> Option<usize> {
        self.rows.iter().position(|row| row.has_asset(key))
    }

    pub(super) fn row_for_answer(&self, read: &Video) -> Option<usize> {
        if self.rules.by_reference {
            self.row_of(&read.asset_key())
        } else {
            self.rows.iter().position(|row| row.id == read.id)
        }
    }

    pub(super) fn row_for_event(&self, report: &Report) -> Option<usize> {
        let known = |one: fn(&Video) -> &Option<String>, id: &Option<String>| {
            let here = |row: &Video| row.provider == report.provider && id.is_some() && one(row) == id;
            self.rows.iter().position(here)
        };
        let by_reference = |id: Uuid| {
            let named = |row: &Video| {
                if self.rules.by_reference {
                    row.reference()
                } else {
                    row.id
                }
            };
            let here = |row: &Video| row.provider == report.provider && named(row) == id;
            self.rows.iter().position(here)
        };
        known(|row| &row.known.asset_id, &report.seen.asset_id)
            .or_else(|| known(|row| &row.known.upload_id, &report.seen.upload_id))
            .or_else(|| report.passthrough.and_then(by_reference))
    }

    pub(super) fn asset_of(&self, row: &Video) -> Option<&Asset> {
        self.assets.iter().find(|asset| row.has_asset(&asset.key))
    }

    pub(super) fn truth(&self, row: &Video) -> Observation {
        let asset = self.asset_of(row).filter(|asset| !asset.is_deleted);
        let nothing = Observation {
            seen_at: self.now,
            ..Observation::default()
        };
        asset.map_or(nothing, |asset| asset.observation(3, true, self.now))
    }

    /// Changes a row where it still has the revision of `read`.
    pub(super) fn write(&mut self, read: &Video, change: impl FnOnce(&mut Video)) -> bool {
        let Some(row) = self
            .rows
            .iter_mut()
            .find(|row| row.id == read.id && row.revision == read.revision)
        else {
            return false;
        };
        let mut after = read.clone();
        change(&mut after);
        if after != *read {
            after.revision += 1;
            after.version += i64::from(!after.looks_like(read));
            *row = after;
        }
        true
    }

    pub(super) fn read_event(&mut self, report: Report) {
        match self.row_for_event(&report) {
            Some(row) => self.flights.push(Flight::Event(report, self.rows[row].clone())),
            None => self.parked.push(report),
        }
    }

    pub(super) fn land(&mut self, flight: Flight) {
        match flight {
            Flight::Event(report, read) => {
                let mut after = read.clone();
                let named_other = report.passthrough.is_some_and(|id| id != read.reference());
                let joined = after.observe(&report.seen, NEEDS);
                let conflicts = named_other && self.rules.by_reference;
                assert!(!conflicts && joined.is_ok(), "an event failed: {report:?}");
                if !self.write(&read, |row| row.clone_from(&after)) {
                    self.coming.push(report);
                }
            }
            Flight::Answer(seen, read) => {
                let join = |row: &mut Video| {
                    assert!(row.observe(&seen, NEEDS).is_ok(), "an answer failed: {seen:?}");
                };
                if !self.write(&read, join)
                    && let Some(row) = self.row_for_answer(&read)
                {
                    let read = self.rows[row].clone();
                    self.write(&read, join);
                }
            }
            Flight::GiveUp(read) => {
                let now = self.now;
                self.write(&read, |row| row.give_up(now));
            }
            Flight::Exchange(seen, hidden) => self.exchange(&seen, hidden),
        }
        self.check_whole();
    }

    /// Joins the second answer, and exchanges the two rows in one transaction.
    pub(super) fn exchange(&mut self, seen: &Observation, hidden: Uuid) {
        let Some(at) = self.rows.iter().position(|row| row.id == hidden) else {
            return;
        };
        if self.rules.asks_again && self.rows[at].exchanged_at.is_none() {
            let read = self.rows[at].clone();
            self.write(&read, |row| assert!(row.observe(seen, NEEDS).is_ok()));
        }
        let (video, hidden) = (self.rows[0].clone(), self.rows[at].clone());
        if video.is_ending(self.now) || !hidden.may_take_place(self.now) {
            return;
        }
        let terms = ExchangeTerms {
            now: self.now,
            keep_until: self.now + Duration::hours(24),
            unsent: Vec::new(),
            is_undo: false,
        };
        self.write_exchange(at, &terms);
        self.exchanges += 1;
    }

    /// Exchanges the video's asset with the one that the last exchange put aside.
    pub(super) fn undo(&mut self) {
        let last = (1..self.rows.len()).max_by_key(|at| (self.rows[*at].exchanged_at, *at));
        let Some(at) = last.filter(|at| self.rows[*at].may_be_put_back(self.now)) else {
            return;
        };
        if self.rows[0].is_ending(self.now) || self.rows[0].replacement.is_some() {
            return;
        }
        let terms = ExchangeTerms {
            now: self.now,
            keep_until: self.now + Duration::hours(24),
            unsent: Vec::new(),
            is_undo: true,
        };
        self.write_exchange(at, &terms);
        self.given_up = true;
    }

    fn write_exchange(&mut self, at: usize, terms: &ExchangeTerms) {
        let (video, hidden) = (self.rows[0].clone(), self.rows[at].clone());
        let (mut shown, mut aside) = exchange_assets(&video, &hidden, terms);
        if !self.rules.revisions_grow {
            (shown.revision, aside.revision) = (hidden.revision, video.revision);
        }
        self.rows[0] = shown;
        self.rows[at] = aside;
    }

    pub(super) fn open_replacement(&self) -> Option<usize> {
        self.rows.iter().position(Video::is_open_replacement)
    }

    pub(super) fn begin_replacement(&mut self) {
        if self.open_replacement().is_some() || self.rows[0].is_ending(self.now) || self.rows.len() > 3 {
            return;
        }
        let provider = if self.random.chance(70) { "b" } else { "a" };
        let hidden = Video {
            replaces: Some(self.rows[0].id),
            ..self.new_row(provider)
        };
        self.rows[0].set_replacement(Some(Replacement::of(&hidden)));
        self.rows[0].revision += 1;
        self.rows.push(hidden);
        self.make_asset(self.rows.len() - 1);
    }

    pub(super) fn show_states(&mut self) {
        for row in self
            .rows
            .clone()
            .iter()
            .filter(|row| row.is_hidden() && row.exchanged_at.is_none())
        {
            let shows = self.rows[0]
                .replacement
                .as_ref()
                .is_some_and(|shown| shown.video_id == row.id);
            if shows {
                let read = self.rows[0].clone();
                let state = row.is_open_replacement().then(|| Replacement::of(row));
                self.write(&read, |video| video.set_replacement(state));
            }
        }
    }

    pub(super) fn give_up(&mut self) {
        if let Some(at) = self.open_replacement() {
            self.given_up = true;
            let (hidden, video, now) = (self.rows[at].clone(), self.rows[0].clone(), self.now);
            self.write(&hidden, |row| row.give_up(now));
            self.write(&video, |row| row.set_replacement(None));
        }
    }

    /// Makes a step of the deletion of a row: the provider deletes its asset, and the answer is on its way.
    pub(super) fn delete_step(&mut self, at: usize) {
        let read = self.rows[at].clone();
        if read.status != ShownStatus::Deleting {
            return;
        }
        // Why without its id, too: the upload is cancelled then, and no asset comes of it.
        let asset = self.assets.iter_mut().find(|asset| read.has_asset(&asset.key));
        if let Some(asset) = asset {
            (asset.is_deleted, asset.deleted_by_us) = (true, true);
        }
        let gone = Observation {
            at: Some(self.now),
            seen_at: self.now,
            gone: true,
            ..Observation::default()
        };
        self.flights.push(Flight::Answer(gone, read));
    }
}
