//! `[check]`, compiled: calls that only read, by which a provider tells whether credentials and keys are in order.

use http::Method;

use super::{
    action::Action,
    compile::{Constants, Location},
    error::MapError,
    template::Place,
    vocabulary::{ActionTable, CheckTable},
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
    /// Compiles the table.
    pub(crate) fn compile(
        declared: CheckTable,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        Ok(Self {
            credentials: compile_read_only(declared.credentials, &at.table("credentials"), constants)?,
            signing_key: compile_read_only(declared.signing_key, &at.table("signing_key"), constants)?,
        })
    }
}

/// Compiles an action and refuses any method but GET.
fn compile_read_only(
    declared: Option<ActionTable>,
    at: &Location,
    constants: &Constants,
) -> Result<Option<Action>, MapError> {
    let Some(declared) = declared else {
        return Ok(None);
    };
    let place = Place::for_account();
    let action = Action::compile(declared.action(), at, &place, constants)?;
    // Why: a check runs against the operator's real account and must change nothing there.
    if *action.method() != Method::GET {
        return Err(at.error("method", "a check only reads; allowed: GET"));
    }
    Ok(Some(action))
}
