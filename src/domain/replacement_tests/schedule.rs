//! The steps of a schedule, its end, and what must hold.

use chrono::Duration;

use super::asset::Asset;
use super::world::{Flight, Report, World};
use crate::domain::{AssetKey, Field, Policy, ShownStatus, Status, Video};

impl World {
    pub(super) fn step(&mut self) {
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
            91..93 => self.crash(),
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
            99 if self.random.chance(50) => self.undo(),
            _ => {
                let parked = std::mem::take(&mut self.parked);
                self.coming.extend(parked);
            }
        }
    }
}

impl World {
    /// What was under way is lost. Events that were not stored yet come again.
    fn crash(&mut self) {
        for flight in std::mem::take(&mut self.flights) {
            if let Flight::Event(report, _) = flight {
                self.coming.push(report);
            }
        }
    }

    /// What of the rows must not change any more. (Each answer has a later stamp.)
    fn essence(&self) -> Vec<(ShownStatus, Status, AssetKey, bool)> {
        let essence = |row: &Video| {
            let known = &row.known;
            (row.status, known.reported, row.asset_key(), known.gone)
        };
        self.rows.iter().map(essence).collect()
    }

    /// Each row knows things of one asset alone: of the one that its key names.
    pub(super) fn check_whole(&self) {
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
    pub(super) fn check_plays(&self) {
        let video = &self.rows[0];
        let asset = self.asset_of(video);
        if !video.known.delete_requested && asset.is_some_and(|asset| !asset.is_deleted) {
            assert_eq!(video.status, ShownStatus::Ready, "the video does not play");
        }
    }

    /// Everything that is on its way arrives, and all jobs run until nothing changes.
    pub(super) fn settle(&mut self) {
        let mut before = Vec::new();
        for _ in 0..40 {
            if before == self.essence() && self.flights.is_empty() && self.coming.is_empty() {
                break;
            }
            before = self.essence();
            self.now += Duration::seconds(1);
            let flights = std::mem::take(&mut self.flights);
            for flight in flights {
                self.land(flight);
            }
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
            for at in 0..self.rows.len() {
                self.delete_step(at);
            }
        }
    }

    pub(super) fn check_end(&self) {
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
