//! The import of a CSV file with the columns `owner,title,upload_id,playback_id,created_at`, and perhaps `id,reference`.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Deserialize;
use uuid::Uuid;

use super::fields::{clean_title, is_owner};
use super::listing::look_up;
use super::tally::Tally;
use crate::commands::error::CommandError;
use crate::domain::parse_time;
use crate::jobs::adopt::{Adopted, Adopter, AdoptionDetails, ForeignIds, NotAdopted};

/// The columns, in any order; all are required.
const COLUMNS: [&str; 5] = ["owner", "title", "upload_id", "playback_id", "created_at"];
/// Columns that may be there as well.
const FURTHER: [&str; 2] = ["id", "reference"];

/// One row, as the file has it.
#[derive(Debug, Deserialize)]
struct Row {
    owner: String,
    title: String,
    upload_id: Option<String>,
    playback_id: Option<String>,
    created_at: String,
    #[serde(default)]
    id: Option<Uuid>,
    #[serde(default)]
    reference: Option<Uuid>,
}

/// Imports row by row. A faulty row is reported and passed over.
///
/// # Errors
/// The file cannot be read or has other columns, or a call or the database failed.
pub(super) async fn import_rows(
    adopter: &Adopter<'_>,
    file: &Path,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let name = file.display();
    let opened = std::fs::File::open(file).map_err(|error| format!("{name}: {error}"))?;
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(opened);
    let headers = reader
        .headers()
        .map_err(|error| format!("{name}: {error}"))?
        .clone();
    let mut found: Vec<&str> = headers.iter().collect();
    let mut wanted: Vec<&str> = FURTHER.into_iter().filter(|name| found.contains(name)).collect();
    wanted.extend(COLUMNS);
    found.sort_unstable();
    wanted.sort_unstable();
    if found != wanted {
        return Err(format!("{name}: line 1 must be the header {}", COLUMNS.join(",")).into());
    }
    let mut record = StringRecord::new();
    loop {
        let read = reader.read_record(&mut record);
        let line = match &read {
            Ok(false) => return Ok(()),
            Ok(true) => record.position().map_or(0, csv::Position::line),
            Err(error) => error.position().map_or(0, csv::Position::line),
        };
        let what = format!("line {line}");
        let row = match read.and_then(|_| record.deserialize::<Row>(Some(&headers))) {
            Ok(row) => row.into_adoption(),
            Err(error) if error.is_io_error() => return Err(format!("{name}: {error}").into()),
            Err(error) => Err(describe_csv_error(&error)),
        };
        match row {
            Err(why) => tally.fail(&what, &why),
            Ok((ids, adoption)) => match adopt_row(adopter, &ids, &adoption).await {
                Err(NotAdopted::Store(error)) => return Err(error.into()),
                Err(NotAdopted::Call(error)) => return Err(format!("{what}: {error}").into()),
                result => tally.count_result(&what, result),
            },
        }
    }
}

/// Adopts the video of a row, after a lookup ([`look_up`]) where it is not known yet ([`Adopter::find_known`]).
async fn adopt_row(
    adopter: &Adopter<'_>,
    ids: &ForeignIds,
    adoption: &AdoptionDetails,
) -> Result<Adopted, NotAdopted> {
    if let Some(known) = adopter.find_known(ids, adoption).await? {
        return Ok(known);
    }
    let seen = look_up(adopter, ids).await?;
    adopter.adopt_described(seen, adoption).await
}

impl Row {
    /// Checks the row and converts it to [`ForeignIds`] and [`AdoptionDetails`]. The error is the reason why it cannot
    /// be imported.
    fn into_adoption(self) -> Result<(ForeignIds, AdoptionDetails), String> {
        if !is_owner(&self.owner) {
            return Err("owner must have 1 to 128 characters".to_owned());
        }
        let id = |text: Option<String>| text.filter(|text| !text.is_empty());
        let ids = ForeignIds {
            upload: id(self.upload_id),
            asset: None,
            playback: id(self.playback_id),
        };
        if ids.upload.is_none() && ids.playback.is_none() {
            return Err("upload_id or playback_id is needed".to_owned());
        }
        let created_at = match self.created_at.as_str() {
            "" => None,
            text => Some(parse_time(text).ok_or("created_at must be a time such as 2024-05-01T12:00:00Z")?),
        };
        let adoption = AdoptionDetails {
            owner: self.owner,
            title: clean_title(&self.title),
            created_at,
            id: self.id,
            reference: self.reference,
        };
        Ok((ids, adoption))
    }
}

/// Describes an error of the CSV reader without its position, which the line names already.
fn describe_csv_error(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} columns instead of {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
