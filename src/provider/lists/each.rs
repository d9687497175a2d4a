//! `each`: where a list of files is, and its elements.

use serde_json::{Map, Value};

use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    excerpt::Outline,
    pointer::Pointer,
    template::{Place, Scope},
    vocabulary::EachValue,
};

/// Name of the member that holds the key of an object's member.
const KEY: &str = "@key";

/// `each`, compiled.
pub(in crate::provider) struct List {
    /// The first that finds an array or an object wins.
    at: Vec<Pointer>,
    /// The members of an object are elements.
    keys: bool,
}

impl List {
    /// Compiles the value under `each` of the table at `at`. Its pointers stand without a row, since they find events too.
    ///
    /// # Errors
    /// [`MapError`]: there is no pointer, one is malformed, or `keys` stands beside the whole answer.
    pub(in crate::provider) fn compile(
        declared: &EachValue,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let compile = |text: &String| Pointer::compile(text, &Place::default(), constants);
        let pointers: Result<Vec<_>, String> = declared.at.iter().map(compile).collect();
        let pointers = pointers.map_err(|what| at.error("each", what))?;
        if pointers.is_empty() {
            return Err(at.error("each", "must have a pointer"));
        }
        Ok(Self {
            at: pointers,
            keys: declared.keys,
        })
    }

    /// Returns the places in an event that the list is looked for: not the whole event, which is no list of parts.
    pub(in crate::provider) fn event_pointers(&self) -> impl Iterator<Item = &Pointer> {
        self.at.iter().filter(|pointer| pointer.keys().next().is_some())
    }

    /// Finds the elements in an event; `None` where it has no such list.
    pub(in crate::provider) fn in_event(&self, event: &Value) -> Option<Vec<Value>> {
        self.event_pointers()
            .find_map(|pointer| self.elements_at(pointer, event))
    }

    /// Finds the elements in an answer; `None` where it has no such list. Of the whole answer as one element only the parts
    /// of the outline are kept.
    pub(in crate::provider) fn in_answer(&self, answer: &Value, outline: &Outline) -> Option<Vec<Value>> {
        self.at.iter().find_map(|pointer| {
            if pointer.keys().next().is_none() && answer.is_object() && !self.keys {
                // Why cut: an answer is long, and a row would keep all of it.
                let parts = outline.parse(answer.to_string().as_bytes()).ok()?;
                return Some(vec![parts]);
            }
            self.elements_at(pointer, answer)
        })
    }

    /// Returns the elements of the list at the pointer.
    fn elements_at(&self, pointer: &Pointer, document: &Value) -> Option<Vec<Value>> {
        match pointer.get(document, &Scope::default())? {
            Value::Array(items) => Some(items.clone()),
            Value::Object(members) if self.keys => Some(members.iter().map(with_key).collect()),
            object @ Value::Object(_) => Some(vec![object.clone()]),
            _ => None,
        }
    }
}

/// Returns a member of an object as an element that holds the member's name.
fn with_key((key, value): (&String, &Value)) -> Value {
    let mut element = match value {
        Value::Object(members) => members.clone(),
        other => Map::from_iter([("@value".to_owned(), other.clone())]),
    };
    element.insert(KEY.to_owned(), key.clone().into());
    Value::Object(element)
}
