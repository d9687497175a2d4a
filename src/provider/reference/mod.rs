//! The vocabulary of action maps for people and for editors, made of the declarations that read maps.
//!
//! [`schema`] gives the JSON Schema of a map, for editors that check TOML. [`reference_markdown`] gives the reference:
//! every table and key, every filter, and every placeholder with the places where it may stand. The documentation holds
//! both, and a test holds it to them.

mod markdown;
mod placeholders;
mod schema;

pub use markdown::reference_markdown;
pub use schema::schema;
