//! JSON pointers (RFC 6901) with one more kind of segment: `[key=value]`, the first element of an array whose member
//! equals the value.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    compile::Constants,
    template::{Place, Scope, Template},
};

/// A compiled pointer.
#[derive(Clone, Debug)]
pub(crate) struct Pointer {
    segments: Vec<Segment>,
}

/// One step of a [`Pointer`].
#[derive(Clone, Debug)]
enum Segment {
    /// A member of an object, or an index into an array.
    Key(String),
    /// The first element of an array whose member, as text, equals the value.
    Find { member: String, value: Template },
}

impl Pointer {
    /// Compiles a pointer. The value of a `[key=value]` is a [`Template`] that stands at `place`.
    ///
    /// # Errors
    /// Says what is malformed, or what placeholder is not available.
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is no JSON pointer: it must begin with `/`"));
        };
        let segments = rest
            .split('/')
            .map(|segment| Segment::parse(segment, place, constants));
        let segments = segments
            .collect::<Result<_, _>>()
            .map_err(|what| format!("pointer `{text}`: {what}"))?;
        Ok(Self { segments })
    }

    /// Returns the keys from the root on, up to the first [`Segment::Find`].
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Find { .. } => None,
        })
    }

    /// Follows the pointer to a [`Value`], which may be null. `None` if there is none, or a `[key=value]` cannot be
    /// rendered.
    pub(crate) fn get<'v>(&self, root: &'v Value, scope: &Scope<'_>) -> Option<&'v Value> {
        self.segments
            .iter()
            .try_fold(root, |value, segment| segment.follow(value, scope))
    }
}

impl Segment {
    /// Parses the text between two slashes.
    fn parse(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        let Some(inner) = text.strip_prefix('[') else {
            return Ok(Self::Key(decode_escapes(text)?));
        };
        let (member, value) = inner
            .strip_suffix(']')
            .and_then(|inner| inner.split_once('='))
            .filter(|(member, _)| !member.is_empty())
            .ok_or_else(|| format!("the segment `{text}` must read [key=value]"))?;
        let value = Template::compile(&decode_escapes(value)?, place, constants)?;
        Ok(Self::Find {
            member: decode_escapes(member)?,
            value,
        })
    }

    /// Takes one step from `value`.
    fn follow<'v>(&self, value: &'v Value, scope: &Scope<'_>) -> Option<&'v Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.get(key),
            (Self::Key(key), Value::Array(items)) => items.get(parse_index(key)?),
            (Self::Find { member, value }, Value::Array(items)) => {
                let wanted = value.text(scope).ok()?;
                items
                    .iter()
                    .find(|item| item.get(member).is_some_and(|found| text_of(found) == wanted))
            }
            _ => None,
        }
    }
}

/// Returns a JSON value as the text that maps compare with: a string without quotes, anything else as compact JSON.
pub(crate) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Parses an array index: digits, without leading zeros (RFC 6901).
fn parse_index(key: &str) -> Option<usize> {
    // Why: `01` is no index in RFC 6901, and `+1` would parse as one.
    let plain = key == "0" || !key.starts_with('0');
    (plain && key.bytes().all(|byte| byte.is_ascii_digit())).then(|| key.parse().ok())?
}

/// Decodes `~0` to `~` and `~1` to `/`.
fn decode_escapes(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '~' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('0') => out.push('~'),
            Some('1') => out.push('/'),
            _ => return Err(format!("`~` in `{text}` must be written ~0 (and `/` ~1)")),
        }
    }
    Ok(out)
}
