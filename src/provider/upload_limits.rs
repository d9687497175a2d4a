//! Limits of one upload.

/// What an upload may be at most. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UploadLimits {
    /// Bytes of the file, at least 1.
    pub max_bytes: Option<u64>,
    /// Seconds of the video, at least 1.
    pub max_duration_s: Option<u64>,
}

/// The placeholder of a limit: the strictest that holds for the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UploadLimit {
    MaxBytes,
    MaxDurationS,
}

impl UploadLimit {
    /// Every limit.
    pub(crate) const ALL: [Self; 2] = [Self::MaxBytes, Self::MaxDurationS];

    /// The name in maps.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MaxBytes => "max_bytes",
            Self::MaxDurationS => "max_duration_s",
        }
    }

    /// Finds a limit by its name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.as_str() == name)
    }
}

impl UploadLimits {
    /// Returns one of the limits.
    pub(crate) const fn get(&self, limit: UploadLimit) -> Option<u64> {
        match limit {
            UploadLimit::MaxBytes => self.max_bytes,
            UploadLimit::MaxDurationS => self.max_duration_s,
        }
    }
}
