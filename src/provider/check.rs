//! `[check]`, compiled: calls that only read, by which a provider tells whether credentials and keys are in order.

use http::Method;

use super::{
    action::Action,
    compile::{Constants, Reader},
    error::MapError,
    template::Place,
};

/// `[check]`, compiled. Both calls are GETs.
#[derive(Default)]
pub(crate) struct Check {
    /// `[check.credentials]`: succeeds only with valid credentials.
    pub(super) credentials: Option<Action>,
    /// `[check.signing_key]`: looks our signing key up by its id.
    pub(super) signing_key: Option<Action>,
}

impl Check {
    /// Reads the whole `[check]` table.
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let this = Self {
            credentials: compile_read_only(&mut at, "credentials", constants)?,
            signing_key: compile_read_only(&mut at, "signing_key", constants)?,
        };
        at.finish()?;
        Ok(this)
    }
}

/// Reads the action under `key` and refuses any method but GET; `None` where the table lacks it.
fn compile_read_only(
    at: &mut Reader,
    key: &'static str,
    constants: &Constants,
) -> Result<Option<Action>, MapError> {
    let Some(mut table) = at.table(key)? else {
        return Ok(None);
    };
    let place = Place {
        secrets: true,
        ..Place::default()
    };
    let action = Action::compile(&mut table, &place, constants)?;
    // Why: a check runs against the operator's real account and must change nothing there.
    if *action.method() != Method::GET {
        return Err(table.error("method", "a check only reads; allowed: GET"));
    }
    table.finish()?;
    Ok(Some(action))
}
