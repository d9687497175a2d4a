//! The places of a map where templates stand, by name: what is available at each.

use std::collections::BTreeSet;

use super::{
    placeholder::{AvailableFields, Place, RenditionPart},
    track::TrackPart,
};
use crate::provider::request_field::RequestField;

/// Makes a [`Place`].
pub(crate) type MakePlace = fn() -> Place;

/// The names of places, as the reference of the vocabulary shows them.
pub(crate) const NAMED_PLACES: [(&str, MakePlace); 20] = [
    (
        "`[api]`, `key` of a signature, `[webhook.verify].secret`, `[check.*]`",
        Place::for_account,
    ),
    ("`[[upload.steps]]`", || Place::for_upload(BTreeSet::new())),
    ("`[upload.client]`, `[upload.compute.*]`", || {
        Place::for_client(Place::for_upload(BTreeSet::new()))
    }),
    ("`[[ingest.steps]]`; `source_url` in no header", Place::for_ingest),
    (
        "`[upload.get]`, `[upload.cancel]`, `[asset.get]`, `[asset.delete]`, `[asset.find]`, `[renditions.list]`, `[tracks.list]`",
        Place::for_asset,
    ),
    ("`[renditions.make]`", Place::for_making),
    ("`[renditions.delete]`", Place::for_unmaking),
    ("`[[tracks.add]]` with `send = \"url\"`", || {
        Place::for_adding(Some(TrackPart::Url), false)
    }),
    (
        "`[[tracks.add]]` with `send = \"form\"`; `file` alone in a member of `form`",
        || Place::for_adding(None, true),
    ),
    ("`[[tracks.add]]` with `send = \"base64\"`", || {
        Place::for_adding(Some(TrackPart::Base64), false)
    }),
    (
        "`[[tracks.add]]` with `send = \"body\"`, `[[tracks.generate.steps]]`",
        || Place::for_adding(None, false),
    ),
    ("`[tracks.delete]`, `[tracks.file]`", Place::for_track),
    ("`[[asset.update]]`", Place::for_update),
    ("`[asset.list]`", Place::for_list),
    (
        "values of `[key=value]` in pointers of `status` and `fields`",
        Place::for_row,
    ),
    ("`[webhook.verify].message`", Place::for_delivery),
    ("`[playback]`, `[thumbnail]`", Place::for_playback),
    ("`[playback.renditions]`", || {
        Place::for_file(Place::for_playback())
    }),
    ("`[playback.tracks]`", || {
        Place::for_track_address(Place::for_playback())
    }),
    ("`header` and `claims` of tokens", Place::for_claims),
];

impl Place {
    /// What is known without any video: variables and secrets.
    pub(crate) fn for_account() -> Self {
        Self {
            secrets: true,
            ..Self::default()
        }
    }

    /// The calls of an upload: the request's fields, of which `required` cannot be missing.
    pub(crate) fn for_upload(required: BTreeSet<RequestField>) -> Self {
        Self {
            secrets: true,
            fields: AvailableFields::Upload,
            required,
            times: true,
            ..Self::default()
        }
    }

    /// The calls of an ingest: the request's fields, none of which is required, and the address.
    pub(crate) fn for_ingest() -> Self {
        Self {
            source_url: true,
            ..Self::for_upload(BTreeSet::new())
        }
    }

    /// What the client is told: everything that is available to the calls of the upload, but no secret.
    pub(crate) fn for_client(calls: Self) -> Self {
        Self {
            secrets: false,
            ..calls
        }
    }

    /// The calls about one upload or asset.
    pub(crate) fn for_asset() -> Self {
        Self {
            secrets: true,
            ids: Self::all_ids(),
            ..Self::default()
        }
    }

    /// The calls that have a file of a video made.
    pub(crate) fn for_making() -> Self {
        Self {
            rendition: [RenditionPart::Name].into(),
            ..Self::for_asset()
        }
    }

    /// The call that deletes a file of a video.
    pub(crate) fn for_unmaking() -> Self {
        Self {
            rendition: RenditionPart::ALL.into(),
            ..Self::for_asset()
        }
    }

    /// The part of an address that a file has by its name.
    pub(crate) fn for_unnamed_file() -> Self {
        Self {
            rendition: [RenditionPart::Name, RenditionPart::Id].into(),
            ..Self::default()
        }
    }

    /// An address of a file of a video, at the place of other addresses.
    pub(crate) fn for_file(addresses: Self) -> Self {
        Self {
            rendition: RenditionPart::ALL.into(),
            ..addresses
        }
    }

    /// The calls that have the provider take a track, or write one. `content` is the part by which it gets the file;
    /// `file`: a form carries it.
    pub(crate) fn for_adding(content: Option<TrackPart>, file: bool) -> Self {
        Self {
            track: TrackPart::ASKED.into_iter().chain(content).collect(),
            file,
            ..Self::for_asset()
        }
    }

    /// The calls about a track that the provider lists.
    pub(crate) fn for_track() -> Self {
        Self {
            track: [TrackPart::Id].into(),
            ..Self::for_asset()
        }
    }

    /// An address of a track, at the place of other addresses.
    pub(crate) fn for_track_address(addresses: Self) -> Self {
        Self {
            track: [TrackPart::Id].into(),
            ..addresses
        }
    }

    /// What is added for a track to a call that begins a video, at the place of that call.
    pub(crate) fn for_begun_track(call: Self) -> Self {
        Self {
            track: TrackPart::ASKED.into(),
            ..call
        }
    }

    /// The calls that tell the provider of a change of the row.
    pub(crate) fn for_update() -> Self {
        Self {
            fields: AvailableFields::Row,
            ..Self::for_asset()
        }
    }

    /// The call that lists assets.
    pub(crate) fn for_list() -> Self {
        Self {
            secrets: true,
            paging: true,
            ..Self::default()
        }
    }

    /// Pointers into an answer or an event, once its row is known.
    pub(crate) fn for_row() -> Self {
        Self {
            fields: AvailableFields::Row,
            ids: Self::all_ids(),
            ..Self::default()
        }
    }

    /// The message that a webhook's signature is of.
    pub(crate) fn for_delivery() -> Self {
        Self {
            secrets: true,
            delivery: true,
            ..Self::default()
        }
    }

    /// The header and the claims of tokens.
    // Why so few fields: whoever has a token can read it.
    pub(crate) fn for_claims() -> Self {
        Self {
            fields: AvailableFields::Claims,
            ..Self::for_playback()
        }
    }

    /// The addresses of a video, and what they are made of.
    pub(crate) fn for_playback() -> Self {
        Self {
            ids: Self::all_ids(),
            times: true,
            ..Self::default()
        }
    }
}
