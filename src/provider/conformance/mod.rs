//! The conformance kit: tries a map without an account, on responses and webhooks recorded from its provider.
//!
//! [`examine`] runs one [`Trial`]:
//!
//! 1. Compile the map with the environment of the cassette. A map that does not compile ends the trial.
//! 2. Show every request that the map would send for a sample video, with secrets masked (`call_trials`).
//! 3. Read the recorded responses and compare what is read with what the cassette expects.
//! 4. Verify and translate the recorded webhooks, and compare likewise (`webhook_trials`).
//! 5. Make the playback URLs of the sample video (`playback_trials`).
//! 6. List the capabilities of the map, and of live trials the responses of the real API (`live`).
//!
//! A difference is a problem in the [`Report`]; a capability that the map lacks is none.
//!
//! [`record()`] makes a cassette of what the real API answers.

mod call_trials;
mod cassette;
mod live;
mod mask;
mod part_trials;
mod playback_trials;
mod record;
mod report;
mod sample;
mod trial;
mod webhook_trials;

pub use live::RemoteIds;
pub use record::{RecordError, Recorded, Recording, record};
pub use report::{Finding, ReadAnswer, ReadEvent, Report, SampleCall, SampleUrl};
pub use trial::{Trial, examine};
