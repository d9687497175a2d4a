//! The action map and everything that speaks to a provider.
