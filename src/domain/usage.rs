//! How much an owner has at a provider.

use serde::Serialize;

/// The videos of one owner at one provider that are not deleted.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Usage {
    /// The owner.
    pub owner: String,
    /// The provider.
    pub provider: String,
    /// The number of videos.
    #[schema(minimum = 0)]
    pub videos: i64,
    /// The sum of their durations as the provider reported them, in minutes, to a thousandth.
    #[schema(minimum = 0)]
    pub minutes: f64,
    /// The sum of their sizes in bytes: as the caller gave it before the upload, else as the provider reports it, else 0.
    #[schema(minimum = 0)]
    pub bytes: i64,
}

impl Usage {
    /// The first line of a CSV file of usages (RFC 4180).
    pub const CSV_HEAD: &str = "owner,provider,videos,minutes,bytes\r\n";

    /// Returns the usage as a line of CSV.
    pub fn to_csv(&self) -> String {
        let Self {
            owner,
            provider,
            videos,
            minutes,
            bytes,
        } = self;
        format!(
            "{},{},{videos},{minutes},{bytes}\r\n",
            quote(owner),
            quote(provider)
        )
    }
}

/// Quotes a field of CSV where it has to be.
fn quote(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_separators_are_quoted() {
        let usage = Usage {
            owner: "Smith, \"Al\"".to_owned(),
            provider: "mux".to_owned(),
            videos: 2,
            minutes: 1.5,
            bytes: 7,
        };
        assert_eq!(usage.to_csv(), "\"Smith, \"\"Al\"\"\",mux,2,1.5,7\r\n");
    }
}
