//! `[playback.renditions]`: addresses of a video's files.
//!
//! An address of the map's template goes before one that the provider gave: it is signed as the rest, and can save the file
//! under a name. An address of the provider's own is passed on as [`PlayableFile`] allows.

use super::address::{Address, AddressNeeds, AddressPair};
use crate::{
    domain::Policy,
    provider::{
        compile::{Constants, Location},
        error::MapError,
        renditions::{PlayableFile, PlayableFiles, RenditionAddress},
        template::{Place, RenditionParts, Scope, Template, percent_encode},
        vocabulary::{DownloadTable, PlaybackRenditionsTable},
    },
};

/// Most characters of a file's name in a download, where the map says nothing.
const DOWNLOAD_MAX_CHARS: u32 = 255;

/// `[playback.renditions]`, compiled.
pub(crate) struct FileAddresses {
    pub(super) addresses: AddressPair,
    /// `{rendition.file}` of a file that has none.
    file: Option<Template>,
    download: Option<Download>,
}

/// `download`: the parameter that saves a file under a name.
struct Download {
    param: String,
    max_chars: u32,
    /// The allowed characters, as ranges; `None`: all but control characters.
    only: Option<Vec<(char, char)>>,
    /// The ranges as the map spells them.
    spelled: String,
}

/// The reason why no address saves a file under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadRefused {
    /// The map has no place for a name.
    NotSupported,
    /// The name does not fit. The text says what does.
    Unfit(String),
}

impl FileAddresses {
    /// Compiles the table. Its addresses stand at the [`Place`]s of public addresses and of signed ones.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed.
    pub(super) fn compile(
        declared: PlaybackRenditionsTable,
        at: &Location,
        (public, signed): (&Place, &Place),
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let (public, signed) = (Place::for_file(public.clone()), Place::for_file(signed.clone()));
        let file = declared
            .file
            .map(|text| Template::compile(&text, &Place::for_unnamed_file(), constants))
            .transpose();
        Ok(Self {
            addresses: AddressPair::compile(declared.url, at, "url", (&public, &signed), constants)?,
            file: file.map_err(|what| at.error("file", what))?,
            download: declared
                .download
                .map(|download| Download::compile(download, &at.table("download")))
                .transpose()?,
        })
    }

    /// Checks a name under which files are to be saved.
    ///
    /// # Errors
    /// See [`DownloadRefused`].
    pub(super) fn check_download(&self, name: &str) -> Result<(), DownloadRefused> {
        let download = self.download.as_ref().ok_or(DownloadRefused::NotSupported)?;
        download.check(name)
    }

    /// Returns the addresses of those files that have one: of the map, else of the provider.
    pub(super) fn render(
        this: Option<&Self>,
        files: &PlayableFiles,
        policy: Policy,
        download: Option<&str>,
        scope: &Scope<'_>,
    ) -> Vec<RenditionAddress> {
        let made = this.and_then(|this| Some((this, this.addresses.get(policy)?)));
        let address_of = |file: &PlayableFile| {
            let of_map = made.and_then(|(this, address)| this.render_one(file, address, download, scope));
            of_map.or_else(|| file.given_url.clone())
        };
        let rendered = files.0.iter().filter_map(|file| {
            Some(RenditionAddress {
                url: address_of(file)?,
                file: file.file.shown.clone(),
            })
        });
        rendered.collect()
    }

    /// Renders the address of one file; `None` where it lacks a value that the address holds.
    fn render_one(
        &self,
        file: &PlayableFile,
        address: &Address,
        download: Option<&str>,
        scope: &Scope<'_>,
    ) -> Option<String> {
        let parts = RenditionParts {
            name: Some(&file.file.theirs),
            id: file.file.id.as_deref(),
            file: None,
        };
        let own_scope = Scope {
            rendition: parts,
            ..*scope
        };
        let by_template = match (&file.file.file, &self.file) {
            (None, Some(template)) => template.text(&own_scope).ok(),
            _ => None,
        };
        let scope = Scope {
            rendition: RenditionParts {
                file: file.file.file.as_deref().or(by_template.as_deref()),
                ..parts
            },
            ..*scope
        };
        let mut url = address.url.render(&scope).ok()?;
        if let Some((download, name)) = self.download.as_ref().zip(download) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.extend(percent_encode(&download.param));
            url.push('=');
            url.extend(percent_encode(name));
        }
        Some(url)
    }

    /// Returns what the addresses of this policy need; `None` where there are none.
    pub(super) fn needs(&self, policy: Policy) -> Option<&AddressNeeds> {
        self.addresses.get(policy).map(|address| &address.needs)
    }
}

impl Download {
    /// Compiles the table.
    fn compile(declared: DownloadTable, at: &Location) -> Result<Self, MapError> {
        if declared.param.is_empty() {
            return Err(at.error("param", "is empty; allowed: the provider's name of the parameter"));
        }
        let max_chars = declared.max.unwrap_or(DOWNLOAD_MAX_CHARS);
        if max_chars == 0 {
            return Err(at.error("max", "must be above 0"));
        }
        let only = declared.only.as_deref().map(parse_ranges).transpose();
        Ok(Self {
            param: declared.param,
            max_chars,
            only: only.map_err(|what| at.error("only", what))?,
            spelled: declared.only.unwrap_or_default(),
        })
    }

    /// Checks a name.
    fn check(&self, name: &str) -> Result<(), DownloadRefused> {
        let allows = |char: char| {
            !char.is_control()
                && self
                    .only
                    .as_ref()
                    .is_none_or(|ranges| ranges.iter().any(|(from, to)| (*from..=*to).contains(&char)))
        };
        let length = u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
        if (1..=self.max_chars).contains(&length) && name.chars().all(allows) {
            return Ok(());
        }
        let what = if self.spelled.is_empty() {
            "without control characters".to_owned()
        } else {
            format!("of {}", self.spelled)
        };
        let fits = format!("must have 1 to {} characters {what}", self.max_chars);
        Err(DownloadRefused::Unfit(fits))
    }
}

/// Parses characters and ranges, such as `A-Za-z0-9_-`. A `-` at the end stands for itself.
fn parse_ranges(text: &str) -> Result<Vec<(char, char)>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut ranges = Vec::new();
    let mut rest = chars.as_slice();
    while let [first, tail @ ..] = rest {
        if let ['-', last, after @ ..] = tail {
            if last < first {
                return Err(format!(
                    "`{first}-{last}` is no range: its end lies before its beginning"
                ));
            }
            ranges.push((*first, *last));
            rest = after;
        } else {
            ranges.push((*first, *first));
            rest = tail;
        }
    }
    if ranges.is_empty() {
        return Err("is empty; allowed: characters and ranges, such as A-Za-z0-9_-".to_owned());
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_to_the_characters_of_the_map() {
        let download = |only: Option<&str>, max_chars| Download {
            param: "download".to_owned(),
            max_chars,
            only: only.map(|text| parse_ranges(text).unwrap()),
            spelled: only.unwrap_or_default().to_owned(),
        };
        let narrow = download(Some("A-Za-z0-9_-"), 8);
        for (name, fits) in [
            ("clip-1_A", true),
            ("", false),
            ("nine-char", false),
            ("a.mp4", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(narrow.check(name).is_ok(), fits, "{name}");
        }
        let wide = download(None, 255);
        assert_eq!(wide.check("Ferien & Meer: 'é'.mp4"), Ok(()));
        for bad in ["a\r\nb", "a\0b", "a\u{85}b"] {
            assert!(wide.check(bad).is_err(), "{bad:?}");
        }
        assert!(wide.check(&"é".repeat(256)).is_err());
        assert!(parse_ranges("z-a").is_err());
        assert!(parse_ranges("").is_err());
        assert_eq!(parse_ranges("a-").unwrap(), [('a', 'a'), ('-', '-')]);
    }
}
