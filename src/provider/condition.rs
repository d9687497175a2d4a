//! `when` and `must`: what a JSON document has to say.

use serde_json::Value;

use super::{
    compile::{Constants, Reader, to_json},
    error::MapError,
    pointer::{Pointer, text_of},
    template::{Place, Scope},
};

/// Pointers and the values allowed there; all must hold, none always does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    tests: Vec<(Pointer, Vec<Value>)>,
    ignore_case: bool,
}

impl Condition {
    /// Reads `key` and the `ignore_case` beside it, where the table has them.
    pub(crate) fn compile(
        at: &mut Reader,
        key: &'static str,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let mut this = Self {
            tests: Vec::new(),
            ignore_case: at.boolean("ignore_case")?,
        };
        let Some(mut table) = at.table(key)? else {
            return Ok(this);
        };
        for (pointer, value) in table.entries() {
            if pointer == "ignore_case" {
                this.ignore_case |= value
                    .as_bool()
                    .ok_or_else(|| table.wrong(&pointer, "true or false", &value))?;
                continue;
            }
            let path = Pointer::compile(&pointer, &Place::default(), constants);
            let path = path.map_err(|what| table.error(&pointer, what))?;
            let allowed = match to_json(value) {
                Value::Array(items) => items,
                one => vec![one],
            };
            if allowed.is_empty() {
                return Err(table.error(&pointer, "an empty list can never hold"));
            }
            this.tests.push((path, allowed));
        }
        Ok(this)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Where it looks.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        self.tests.iter().map(|(pointer, _)| pointer)
    }

    /// Every value that it names.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.tests.iter().flat_map(|(_, allowed)| allowed)
    }

    pub(crate) fn holds(&self, document: &Value) -> bool {
        let scope = Scope::default();
        self.tests.iter().all(|(pointer, allowed)| {
            let found = pointer.get(document, &scope).filter(|value| !value.is_null());
            found.is_some_and(|found| allowed.iter().any(|wanted| self.equal(found, wanted)))
        })
    }

    fn equal(&self, found: &Value, wanted: &Value) -> bool {
        match (found, wanted) {
            (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
            (Value::String(left), Value::String(right)) if self.ignore_case => {
                same_ignoring_case(left, right)
            }
            _ => found == wanted,
        }
    }
}

/// Equal in Unicode lower case.
pub(crate) fn same_ignoring_case(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// A value compared as text, as the keys of a `map` are.
pub(crate) fn same_text(value: &Value, key: &str, ignore_case: bool) -> bool {
    let text = text_of(value);
    if ignore_case {
        same_ignoring_case(&text, key)
    } else {
        text == key
    }
}
