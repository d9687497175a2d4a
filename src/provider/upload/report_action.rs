//! Actions whose response is a report.

use crate::provider::{
    action::Action,
    compile::{Constants, Location},
    error::MapError,
    report::{FieldSources, StatusRule, compile_fields},
    template::Place,
    vocabulary::ReportTable,
};

/// An [`Action`] whose response is a report about the upload or the asset: `[upload.get]` and the like.
#[derive(Clone, Debug)]
pub(crate) struct ReportAction {
    pub(crate) action: Action,
    /// The [`StatusRule`] that reads the status of the report.
    pub(crate) status: StatusRule,
    /// The sources of the report's other [`FieldSources`].
    pub(crate) fields: FieldSources,
}

impl ReportAction {
    /// Compiles an [`Action`] with `status` and `fields`.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed.
    pub(crate) fn compile(
        declared: ReportTable,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut action = Action::compile(declared.action(), at, place, constants)?;
        action.reads_body = true;
        Ok(Self {
            action,
            status: StatusRule::compile(declared.status, at, constants)?,
            fields: compile_fields(declared.fields, at, &FieldSources::new(), constants)?,
        })
    }
}
