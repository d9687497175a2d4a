//! Sources and callers that mean harm.
