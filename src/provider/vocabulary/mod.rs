//! The vocabulary of action maps, declared: one type for each table, one documented field for each key.
//!
//! These types are all that there is of the vocabulary. [`read_map`] reads a parsed file into [`ActionMap`] and refuses
//! keys, words and types that are not declared; the rest of [`provider`](super) compiles what was read. The same
//! declarations give the JSON Schema and the reference ([`reference`](super::reference)), so that what is documented is
//! what is read.
//!
//! A doc comment in these files is text for the author of a map. It says what the key holds, its unit, its range, and
//! what leaving it out means. [`template`](super::template) has the placeholders that a template can name.

mod action;
mod address;
mod api;
mod asset;
mod deserializer;
mod digest;
mod fault;
mod fields;
mod ingest;
mod map;
mod playback;
mod read;
mod renditions;
mod source;
mod tracks;
mod upload;
mod value;
mod webhook;

pub(crate) use action::{ActionKeys, ActionMethod, ActionTable, AuthOff, CancelTable};
pub(crate) use address::AddressValue;
pub(crate) use api::{ApiTable, AuthTable, RateTable};
pub(crate) use asset::{
    AssetFindTable, AssetListTable, AssetTable, AssetUpdateTable, ChangeWord, CheckTable, NextTable,
};
pub(crate) use digest::{
    Base64Marks, DigestAlgorithm, DigestKeyEncoding, DigestTable, Encoding, KeyEncoding,
};
pub(crate) use fields::{FieldsValue, ReportTable};
pub(crate) use ingest::IngestTable;
pub(crate) use map::{ActionMap, ThumbnailTable, TimeFormatWord};
pub(crate) use playback::{
    FetchTable, JwtTable, KeyFormat, PlaybackTable, ResolveTable, SignTable, SignedParamsWord, TokenAlgorithm,
};
pub(crate) use read::read_map;
#[cfg(test)]
pub(crate) use read::read_source;
pub(crate) use renditions::{
    DownloadTable, EachValue, PlaybackRenditionsTable, RenditionFieldsTable, RenditionsTable,
};
pub(crate) use source::{ConditionTable, DeriveRule, FormatWord, SourceTable, SourceValue};
pub(crate) use tracks::{
    BeginTracksTable, PlaybackTracksTable, SendWord, TrackAddTable, TrackFieldsTable, TrackGenerateTable,
    TracksTable,
};
pub(crate) use upload::{ChunkTable, ClientTable, IdsTable, TtlTable, UploadTable};
pub(crate) use value::{Constant, Entries, HttpStatus, OneOrMany, Positive, Scalar, TomlValue, to_json};
pub(crate) use webhook::{
    EmitWord, EventTable, HashTable, HashWord, HeaderFormatValue, HmacTable, OnTable, PublicKeyTable,
    ScopeTable, SharedTokenTable, TimestampTable, TimestampUnit, VerifyAlgorithm, VerifyTable, WebhookTable,
};
