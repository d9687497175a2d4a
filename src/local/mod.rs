//! The local provider: a small service of its own.
