//! Adopting: videos that were made elsewhere get a row and an owner here. They may be the application's old ones, or any of
//! the provider's.
//!
//! 1. A row that has the upload or the asset already ends it: [`Adopted::Known`], or an error where it is another
//!    owner's or deleted ([`Adopter::find_known`]).
//! 2. The provider is asked, unless a listing told everything already ([`Adopter::describe`]).
//! 3. A new row is made of the answer in memory; what plays nowhere is refused ([`Adopter::adopt_described`]).
//! 4. The row is inserted. Where an event or another adoption made one meanwhile, that row learns what it lacks
//!    instead; this is tried twice.
//!
//! Why a repetition is safe: the answers are joined as any observation is, and a video of a known time of creation gets the
//! same id each time. The application gets no event about the adoption itself.

mod adopter;
mod foreign_video;
mod outcome;
mod request;

pub use self::adopter::Adopter;
pub use self::foreign_video::ForeignVideo;
pub use self::outcome::{Adopted, NotAdopted};
pub use self::request::{AdoptionDetails, ForeignIds};
