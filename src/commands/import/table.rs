//! The rows of an old table: `owner,title,upload_id,playback_id,created_at`.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Deserialize;

use super::{Tally, is_owner, listing::ask, title};
use crate::commands::CommandError;
use crate::domain::parse_time;
use crate::jobs::adopt::{Adopted, Adopter, Adoption, ForeignIds, NotAdopted};

const COLUMNS: [&str; 5] = ["owner", "title", "upload_id", "playback_id", "created_at"];

/// One line, as it stands.
#[derive(Debug, Deserialize)]
struct Row {
    owner: String,
    title: String,
    upload_id: Option<String>,
    playback_id: Option<String>,
    created_at: String,
}

/// Imports line by line; a bad one holds up no other.
pub(super) async fn import(
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
    let mut wanted = COLUMNS;
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
            Ok(row) => row.checked(),
            Err(error) if error.is_io_error() => return Err(format!("{name}: {error}").into()),
            Err(error) => Err(plain(&error)),
        };
        match row {
            Err(why) => tally.fail(&what, &why),
            Ok((ids, of)) => match one(adopter, &ids, &of).await {
                Err(NotAdopted::Store(error)) => return Err(error.into()),
                Err(NotAdopted::Call(error)) => return Err(format!("{what}: {error}").into()),
                ended => tally.count(&what, ended),
            },
        }
    }
}

async fn one(adopter: &Adopter<'_>, ids: &ForeignIds, of: &Adoption) -> Result<Adopted, NotAdopted> {
    if let Some(known) = adopter.known(ids, of).await? {
        return Ok(known);
    }
    let seen = ask(adopter, ids).await?;
    adopter.seen(seen, of).await
}

impl Row {
    /// What the line says, or why it says nothing.
    fn checked(self) -> Result<(ForeignIds, Adoption), String> {
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
        let of = Adoption {
            owner: self.owner,
            title: title(&self.title),
            created_at,
        };
        Ok((ids, of))
    }
}

/// The reason, without the position that is said anyway.
fn plain(error: &csv::Error) -> String {
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
