//! `when` and `must`: conditions on a JSON document.

use serde_json::Value;

use super::{
    compile::{Constants, Location},
    error::MapError,
    pointer::{Pointer, text_of},
    template::{Place, Scope},
    vocabulary::ConditionTable,
};

/// A list of tests, each a [`Pointer`] and the values allowed there. All must hold; an empty list always holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    tests: Vec<(Pointer, Vec<Value>)>,
    ignore_case: bool,
}

impl Condition {
    /// Compiles the condition that stands at `at`. `ignore_case` is the key beside it; it may stand within it too.
    ///
    /// # Errors
    /// A pointer that is none, or an empty list of allowed values.
    pub(crate) fn compile(
        declared: ConditionTable,
        ignore_case: bool,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut this = Self {
            tests: Vec::new(),
            ignore_case,
        };
        for (pointer, value) in declared.0 {
            let value = value.json();
            if pointer == "ignore_case" {
                this.ignore_case |= value
                    .as_bool()
                    .ok_or_else(|| at.error(&pointer, "must be true or false"))?;
                continue;
            }
            let path = Pointer::compile(&pointer, &Place::default(), constants);
            let path = path.map_err(|what| at.error(&pointer, what))?;
            let allowed = match value {
                Value::Array(items) => items,
                one => vec![one],
            };
            if allowed.is_empty() {
                return Err(at.error(&pointer, "an empty list can never hold"));
            }
            this.tests.push((path, allowed));
        }
        Ok(this)
    }

    /// Returns true where there is no test.
    pub(crate) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Returns the pointers of all tests.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        self.tests.iter().map(|(pointer, _)| pointer)
    }

    /// Returns the allowed values of all tests.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.tests.iter().flat_map(|(_, allowed)| allowed)
    }

    /// Returns true where every test finds one of its allowed values. A missing or null value never matches.
    pub(crate) fn holds(&self, document: &Value) -> bool {
        let scope = Scope::default();
        self.tests.iter().all(|(pointer, allowed)| {
            // Why: null means the same as a missing value, and neither equals anything.
            let found = pointer.get(document, &scope).filter(|value| !value.is_null());
            found.is_some_and(|found| allowed.iter().any(|wanted| self.is_equal(found, wanted)))
        })
    }

    /// Compares by JSON type. Numbers compare by value, so that `1` equals `1.0`.
    fn is_equal(&self, found: &Value, wanted: &Value) -> bool {
        match (found, wanted) {
            (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
            (Value::String(left), Value::String(right)) if self.ignore_case => {
                same_ignoring_case(left, right)
            }
            _ => found == wanted,
        }
    }
}

/// Returns true where both texts are equal in Unicode lower case.
pub(crate) fn same_ignoring_case(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// Returns true where the value's text is `key`: the comparison of the `map` of a [`Source`](super::source::Source).
pub(crate) fn same_text(value: &Value, key: &str, ignore_case: bool) -> bool {
    let text = text_of(value);
    if ignore_case {
        same_ignoring_case(&text, key)
    } else {
        text == key
    }
}
