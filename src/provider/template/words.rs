//! The words of one table of `[values]`.

use serde_json::Value;

/// One table of `[values]`: pairs of our value and the provider's.
pub(crate) type Words = Vec<(String, Value)>;
