//! HTTP actions: the calls that this service makes to the provider.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    source::{ConditionTable, SourceValue},
    value::{Constant, Entries, HttpStatus, Scalar, TomlValue},
};

/// HTTP method of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ActionMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Switches `[api].auth` off for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthOff {
    /// The call goes without credentials.
    None,
}

/// The keys that every action has, taken off the table that declares them.
#[derive(Clone, Debug)]
pub(crate) struct ActionKeys {
    pub(crate) method: ActionMethod,
    pub(crate) url: String,
    pub(crate) auth: Option<AuthOff>,
    pub(crate) headers: Entries<Scalar>,
    pub(crate) query: Option<Entries<Constant>>,
    pub(crate) body: Option<TomlValue>,
    pub(crate) form: Option<Entries<Scalar>>,
    pub(crate) ok: Vec<HttpStatus>,
    pub(crate) must: ConditionTable,
    pub(crate) ignore_case: bool,
    pub(crate) gone: Vec<HttpStatus>,
    pub(crate) take: Entries<SourceValue>,
}

/// Declares a table that is an HTTP action with further keys of its own.
// Why a macro: serde cannot refuse unknown keys in a struct that another one is flattened into.
macro_rules! action_table {
    ($(#[$meta:meta])* $name:ident { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            /// HTTP method.
            method: $crate::provider::vocabulary::ActionMethod,
            /// Template of the URL. Values are percent-encoded, except `vars.*`, a placeholder that the URL begins
            /// with, and the filter `raw`. Scheme, host and port come from literals, from `vars.*`, or from a whole URL
            /// that the provider gave. A secret may not stand here.
            url: String,
            /// `"none"` sends this call without `[api].auth`. Credentials never go to an address that the provider gave.
            auth: Option<$crate::provider::vocabulary::AuthOff>,
            /// Headers of this call: name = template.
            #[serde(default)]
            headers: $crate::provider::vocabulary::Entries<$crate::provider::vocabulary::Scalar>,
            /// Parameters that are added to the URL: name = template. A parameter whose value is missing is left out.
            query: Option<$crate::provider::vocabulary::Entries<$crate::provider::vocabulary::Constant>>,
            /// JSON body, written as TOML; texts are templates. A text that is exactly one placeholder keeps the
            /// value's type; a missing value drops its key. Left out: no body.
            body: Option<$crate::provider::vocabulary::TomlValue>,
            /// Multipart form instead of `body`: name = template. `"{file}"` is the file of a track, where a call sends one.
            form: Option<$crate::provider::vocabulary::Entries<$crate::provider::vocabulary::Scalar>>,
            /// Statuses of a success. Left out: any 2xx. Other 4xx are refusals; 5xx, 429, timeouts and redirects are
            /// outages.
            #[serde(default)]
            ok: Vec<$crate::provider::vocabulary::HttpStatus>,
            /// Condition on the body of a success. Where it does not hold, the answer is a refusal.
            #[serde(default)]
            must: $crate::provider::vocabulary::ConditionTable,
            /// Texts in `must` are compared without regard to case.
            #[serde(default)]
            ignore_case: bool,
            /// Statuses that mean "it is not there".
            #[serde(default)]
            gone: Vec<$crate::provider::vocabulary::HttpStatus>,
            /// Captures: name = source in the answer. A capture that is not optional and not found is an outage. A name
            /// has letters, digits and `_`, and is no built-in placeholder except `upload_id`, `asset_id` and
            /// `playback_id`.
            #[serde(default)]
            take: $crate::provider::vocabulary::Entries<$crate::provider::vocabulary::SourceValue>,
            $($(#[$own_meta])* pub(crate) $own: $own_type,)*
        }

        impl $name {
            /// Returns the keys of the action.
            pub(crate) fn action(&self) -> $crate::provider::vocabulary::ActionKeys {
                $crate::provider::vocabulary::ActionKeys {
                    method: self.method,
                    url: self.url.clone(),
                    auth: self.auth,
                    headers: self.headers.clone(),
                    query: self.query.clone(),
                    body: self.body.clone(),
                    form: self.form.clone(),
                    ok: self.ok.clone(),
                    must: self.must.clone(),
                    ignore_case: self.ignore_case,
                    gone: self.gone.clone(),
                    take: self.take.clone(),
                }
            }
        }
    };
}
pub(super) use action_table;

action_table! {
    /// An HTTP action: one call to the provider.
    ActionTable {}
}

action_table! {
    /// The action that calls an upload off.
    CancelTable {
        /// Statuses that mean "the file has arrived": the upload cannot be called off any more.
        #[serde(default)]
        too_late: Vec<HttpStatus>,
    }
}
