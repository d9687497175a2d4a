//! `derive`: a value by the first rule that holds.

use serde_json::Value;

use crate::provider::{
    compile::{Constants, Location},
    condition::Condition,
    error::MapError,
    vocabulary::DeriveRule,
};

/// Compiles the rules under `derive` of the table at `at`.
pub(super) fn compile_derived(
    declared: Vec<DeriveRule>,
    at: &Location,
    constants: &Constants,
) -> Result<Vec<(Condition, Value)>, MapError> {
    if declared.is_empty() {
        return Err(at.error("derive", "an empty list gives nothing"));
    }
    let compile = |(index, rule): (usize, DeriveRule)| {
        let at = at.element("derive", index);
        let when = Condition::compile(rule.when, rule.ignore_case, &at.table("when"), constants)?;
        Ok((when, rule.is.json()))
    };
    let rules = declared.into_iter().enumerate().map(compile);
    rules.collect()
}
