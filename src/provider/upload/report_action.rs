//! Actions whose response is a report.

use crate::provider::{
    action::Action,
    compile::{Constants, Reader},
    error::MapError,
    report::{FieldSources, StatusRule, compile_fields},
    template::Place,
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
    /// Reads an [`Action`] with `status` and `fields`.
    ///
    /// # Errors
    /// [`MapError`]: a part is missing or malformed.
    pub(crate) fn compile(mut at: Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let mut action = Action::compile(&mut at, place, constants)?;
        action.reads_body = true;
        let status = StatusRule::compile(&mut at, constants)?;
        let fields = compile_fields(&mut at, &FieldSources::new(), constants)?;
        at.finish()?;
        Ok(Self {
            action,
            status,
            fields,
        })
    }
}
