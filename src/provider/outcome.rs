//! Results of calls where "not found" is an answer and no error.

/// The result of a lookup at the provider.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup<T> {
    /// The provider has it.
    Found(T),
    /// The provider answered with a status listed in the action's `gone`.
    Gone,
}

/// The result of [`Provider::cancel_upload`](super::Provider::cancel_upload).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The upload is cancelled: no asset will come of it.
    Cancelled,
    /// The file has arrived: the provider answered with a status listed in `too_late`.
    TooLate,
    /// The map has no call that cancels this upload.
    Unsupported,
    /// The provider does not know the upload, or knows it no longer.
    Gone,
}

/// The result of [`Provider::delete_asset`](super::Provider::delete_asset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The provider confirmed the deletion.
    Deleted,
    /// The provider did not have the asset any more.
    Gone,
    /// The map has no `[asset.delete]`.
    Unsupported,
}
