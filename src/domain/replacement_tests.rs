//! Replacements, simulated: events of two providers about the assets of one video, permuted and repeated, answers, deletions,
//! further replacements and crashes between any two steps, while rows exchange their assets.
//!
//! Reads and writes are apart, as in the database: a write counts where its row still has the revision that was read. Each
//! rule is also taken out once, and the simulation must notice. A failure names its seed.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{
    AssetKey, ExchangeTerms, Field, NeededIds, Observation, Policy, Replacement, ShownStatus, Status, Video,
    exchange_assets, first_id_at,
};

const NEEDS: NeededIds = NeededIds {
    playback_id: true,
    asset_id: false,
    upload_id: false,
};

/// The rules that hold, or that are taken out.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// A passthrough is looked up among references, and an answer is written to the row that has the asset.
    by_reference: bool,
    /// Revisions grow at an exchange, and are not exchanged.
    revisions_grow: bool,
    /// The provider is asked once more before the exchange.
    asks_again: bool,
}

const ALL_RULES: Rules = Rules {
    by_reference: true,
    revisions_grow: true,
    asks_again: true,
};

/// `SplitMix64`: the same schedule for the same seed, on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// An asset as its provider has it.
#[derive(Clone, Debug)]
struct Asset {
    key: AssetKey,
    name: String,
    end: Status,
    policy: Policy,
    /// Events tell the policy; else answers alone do.
    tells_policy: bool,
    is_deleted: bool,
    deleted_by_us: bool,
}

/// An event on its way, or an answer.
#[derive(Clone, Debug)]
struct Report {
    provider: String,
    passthrough: Option<Uuid>,
    seen: Observation,
}

/// Work between its read and its write.
#[derive(Clone, Debug)]
enum Flight {
    Event(Report, Video),
    Answer(Observation, Video),
    GiveUp(Video),
    Exchange(Observation, Uuid),
}

struct World {
    rules: Rules,
    random: Random,
    now: DateTime<Utc>,
    ids: u128,
    rows: Vec<Video>,
    assets: Vec<Asset>,
    coming: Vec<Report>,
    parked: Vec<Report>,
    flights: Vec<Flight>,
    given_up: bool,
    exchanges: usize,
}

impl Asset {
    fn observation(&self, number: usize, is_answer: bool, now: DateTime<Utc>) -> Observation {
        let at = now - Duration::hours(1) + Duration::seconds(i64::try_from(number).unwrap_or_default());
        let mut seen = Observation {
            at: Some(if is_answer { now } else { at }),
            asked_at: is_answer.then_some(now),
            seen_at: now,
            event_id: if is_answer {
                String::new()
            } else {
                format!("{}-{number}", self.name)
            },
            upload_id: (number < 2 || is_answer).then(|| format!("upload-{}", self.name)),
            asset_id: (number > 0).then(|| self.name.clone()),
            ..Observation::default()
        };
        seen.status = [Status::Waiting, Status::Preparing, Status::Preparing, self.end]
            .get(number)
            .copied();
        if number >= 2 {
            seen.fields
                .push((Field::PlaybackId, json!(format!("plays-{}", self.name))));
        }
        if number == 3 {
            seen.fields.push((Field::Duration, json!(self.name.len())));
            if is_answer || self.tells_policy {
                seen.fields
                    .push((Field::PlaybackPolicy, json!(self.policy.as_str())));
            }
        }
        seen.gone = number == 4;
        seen
    }
}

impl World {
    fn new(seed: u64, rules: Rules) -> Self {
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

    fn new_row(&mut self, provider: &str) -> Video {
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
    fn make_asset(&mut self, row: usize) {
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
                passthrough: self.random.chance(60).then_some(asset.key.reference),
                seen: asset.observation(number, false, self.now),
            };
            self.coming.push(report);
        }
        self.assets.push(asset);
    }

    fn row_of(&self, key: &AssetKey) -> Option<usize> {
        self.rows.iter().position(|row| row.has_asset(key))
    }

    fn row_for_answer(&self, read: &Video) -> Option<usize> {
        if self.rules.by_reference {
            self.row_of(&read.asset_key())
        } else {
            self.rows.iter().position(|row| row.id == read.id)
        }
    }

    fn row_for_event(&self, report: &Report) -> Option<usize> {
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

    fn asset_of(&self, row: &Video) -> Option<&Asset> {
        self.assets.iter().find(|asset| row.has_asset(&asset.key))
    }

    fn truth(&self, row: &Video) -> Observation {
        let asset = self.asset_of(row).filter(|asset| !asset.is_deleted);
        let nothing = Observation {
            seen_at: self.now,
            ..Observation::default()
        };
        asset.map_or(nothing, |asset| asset.observation(3, true, self.now))
    }

    /// Changes a row where it still has the revision of `read`.
    fn write(&mut self, read: &Video, change: impl FnOnce(&mut Video)) -> bool {
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

    fn read_event(&mut self, report: Report) {
        match self.row_for_event(&report) {
            Some(row) => self.flights.push(Flight::Event(report, self.rows[row].clone())),
            None => self.parked.push(report),
        }
    }

    fn land(&mut self, flight: Flight) {
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
                    assert!(row.observe(&seen, NEEDS).is_ok(), "an answer failed: {seen:?}")
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
    fn exchange(&mut self, seen: &Observation, hidden: Uuid) {
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
        let (mut shown, mut aside) = exchange_assets(&video, &hidden, &terms);
        if !self.rules.revisions_grow {
            (shown.revision, aside.revision) = (hidden.revision, video.revision);
        }
        self.rows[0] = shown;
        self.rows[at] = aside;
        self.exchanges += 1;
    }

    fn open_replacement(&self) -> Option<usize> {
        self.rows.iter().position(Video::is_open_replacement)
    }

    fn begin_replacement(&mut self) {
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

    fn show_states(&mut self) {
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

    fn give_up(&mut self) {
        if let Some(at) = self.open_replacement() {
            self.given_up = true;
            let (hidden, video, now) = (self.rows[at].clone(), self.rows[0].clone(), self.now);
            self.write(&hidden, |row| row.give_up(now));
            self.write(&video, |row| row.set_replacement(None));
        }
    }

    /// Makes a step of the deletion of a row: the provider deletes its asset, and the answer is on its way.
    fn delete_step(&mut self, at: usize) {
        let read = self.rows[at].clone();
        if read.status != ShownStatus::Deleting {
            return;
        }
        let known = read.known.asset_id.is_some();
        if let Some(asset) = self
            .assets
            .iter_mut()
            .find(|asset| read.has_asset(&asset.key))
            .filter(|_| known)
        {
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

    fn step(&mut self) {
        self.now += Duration::milliseconds(10);
        let row = self.random.below(self.rows.len());
        match self.random.below(100) {
            0..30 if !self.coming.is_empty() => {
                let at = self.random.below(self.coming.len());
                let report = if self.random.chance(30) {
                    self.coming[at].clone()
                } else {
                    self.coming.remove(at)
                };
                self.read_event(report);
            }
            30..65 if !self.flights.is_empty() => {
                let at = self.random.below(self.flights.len());
                let flight = self.flights.remove(at);
                self.land(flight);
            }
            65..72 => {
                let read = self.rows[row].clone();
                self.flights.push(Flight::Answer(self.truth(&read), read));
            }
            72..82 => {
                let ready = self.rows.iter().find(|row| row.may_take_place(self.now));
                let flight = ready.map(|row| Flight::Exchange(self.truth(row), row.id));
                self.flights.extend(flight);
            }
            82..87 => self.begin_replacement(),
            87..91 => self.show_states(),
            91..93 => self.flights.clear(),
            93..95 => self.delete_step(row),
            95 => self.give_up(),
            96 if self.random.chance(30) => {
                let now = self.now;
                let read = self.rows[0].clone();
                self.write(&read, |video| video.give_up(now));
            }
            97 => {
                let hidden = self
                    .rows
                    .iter()
                    .filter(|row| row.is_open_replacement() && row.status != ShownStatus::Ready);
                let reads: Vec<Flight> = hidden.cloned().map(Flight::GiveUp).collect();
                self.given_up |= !reads.is_empty();
                self.flights.extend(reads);
            }
            98 if self.random.chance(40) => {
                let asset = self.random.below(self.assets.len());
                let asset = &mut self.assets[asset];
                asset.is_deleted = true;
                let seen = asset.observation(4, false, self.now);
                let provider = asset.key.provider.clone();
                self.coming.push(Report {
                    provider,
                    passthrough: Some(asset.key.reference),
                    seen,
                });
            }
            _ => {
                let parked = std::mem::take(&mut self.parked);
                self.coming.extend(parked);
            }
        }
    }
}

impl World {
    /// Each row knows things of one asset alone: of the one that its key names.
    fn check_whole(&self) {
        for row in &self.rows {
            let asset = self.asset_of(row);
            let name = asset.map(|asset| asset.name.as_str());
            let plays = row
                .known
                .facts
                .text(Field::PlaybackId)
                .and_then(|id| id.strip_prefix("plays-"));
            let upload = row
                .known
                .upload_id
                .as_deref()
                .and_then(|id| id.strip_prefix("upload-"));
            for known in [row.known.asset_id.as_deref(), plays, upload]
                .into_iter()
                .flatten()
            {
                assert_eq!(Some(known), name, "a row has something of another asset");
            }
        }
        for (at, asset) in self.assets.iter().enumerate() {
            let here = self.rows.iter().filter(|row| row.has_asset(&asset.key)).count();
            assert_eq!(here, 1, "asset {at} is in {here} rows");
        }
    }

    /// The video plays, unless its asset is gone or it is deleted itself.
    fn check_plays(&self) {
        let video = &self.rows[0];
        let asset = self.asset_of(video);
        if !video.known.delete_requested && asset.is_some_and(|asset| !asset.is_deleted) {
            assert_eq!(video.status, ShownStatus::Ready, "the video does not play");
        }
    }

    /// Everything that is on its way arrives, and all jobs run until nothing changes.
    fn settle(&mut self) {
        for _ in 0..40 {
            self.now += Duration::seconds(1);
            let flights = std::mem::take(&mut self.flights);
            flights.into_iter().for_each(|flight| self.land(flight));
            let parked = std::mem::take(&mut self.parked);
            self.coming.extend(parked);
            for report in std::mem::take(&mut self.coming) {
                self.read_event(report);
                if let Some(flight) = self.flights.pop() {
                    self.land(flight);
                }
            }
            for row in self.rows.clone() {
                self.land(Flight::Answer(self.truth(&row), row));
            }
            self.show_states();
            if self.rows[0].is_ending(self.now) {
                for row in self.rows.clone().into_iter().filter(Video::is_hidden) {
                    self.land(Flight::GiveUp(row));
                }
            }
            let ready = self.rows.iter().find(|row| row.may_take_place(self.now)).cloned();
            if let Some(row) = ready {
                self.land(Flight::Exchange(self.truth(&row), row.id));
            }
            (0..self.rows.len()).for_each(|at| self.delete_step(at));
        }
    }

    fn check_end(&self) {
        assert!(
            self.parked.is_empty() && self.coming.is_empty(),
            "events found no row: {:?}",
            self.parked
        );
        let video = &self.rows[0];
        for asset in &self.assets {
            let row = &self.rows[self.row_of(&asset.key).unwrap_or_default()];
            assert_eq!(row.known.reported, asset.end, "not all is known of {asset:?}");
            assert_eq!(row.known.gone, asset.is_deleted, "{asset:?}");
            let is_wanted = row.id == video.id && !video.known.delete_requested;
            assert!(
                !(asset.deleted_by_us && is_wanted),
                "the live asset was deleted: {asset:?}"
            );
            let is_unwanted = row.known.delete_requested && row.known.asset_id.is_some();
            assert!(!is_unwanted || asset.is_deleted, "an asset was left: {asset:?}");
        }
        // Where nothing interfered, the last good replacement has the video's place.
        let is_calm = !video.known.delete_requested && !self.given_up;
        let is_good = |asset: &&Asset| {
            asset.end == Status::Ready && asset.policy == Policy::Signed && !asset.is_deleted
        };
        let good = self.assets.iter().rev().find(is_good);
        if let Some(good) = good.filter(|_| is_calm && self.assets.iter().all(|asset| !asset.is_deleted)) {
            assert!(
                video.has_asset(&good.key),
                "a good replacement did not take the place: {good:?}"
            );
        }
        assert_eq!(video.reference.is_none(), video.reference() == video.id);
    }
}

/// Runs one schedule. Returns the number of exchanges.
fn run(seed: u64, rules: Rules) -> usize {
    let mut world = World::new(seed, rules);
    for _ in 0..120 {
        world.step();
        world.check_plays();
    }
    world.settle();
    world.check_plays();
    world.check_end();
    world.exchanges
}

/// Runs schedules and returns the first seed that fails, if one does.
fn first_failure(rules: Rules, seeds: std::ops::Range<u64>) -> Option<u64> {
    seeds
        .into_iter()
        .find(|seed| std::panic::catch_unwind(|| run(*seed, rules)).is_err())
}

#[test]
fn whatever_happens_each_asset_ends_in_one_row_with_all_that_is_known_of_it() {
    let exchanges: usize = (0..20_000_u64)
        .map(|seed| {
            let ran = std::panic::catch_unwind(|| run(seed, ALL_RULES));
            ran.unwrap_or_else(|_| panic!("the schedule of seed {seed} failed"))
        })
        .sum();
    assert!(exchanges > 10_000, "{exchanges} exchanges are few");
}

#[test]
fn a_look_up_by_the_rows_own_id_is_noticed() {
    let rules = Rules {
        by_reference: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..2_000).is_some());
}

#[test]
fn an_exchanged_revision_is_noticed() {
    let rules = Rules {
        revisions_grow: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..20_000).is_some());
}

#[test]
fn an_exchange_without_a_second_question_is_noticed() {
    let rules = Rules {
        asks_again: false,
        ..ALL_RULES
    };
    assert!(first_failure(rules, 0..2_000).is_some());
}
