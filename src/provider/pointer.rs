//! JSON pointers (RFC 6901) with one more kind of segment: `[key=value]`, the first such element of an array.

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

#[derive(Clone, Debug)]
enum Segment {
    Key(String),
    /// The first element of an array whose member equals the value.
    Find {
        member: String,
        value: Template,
    },
}

impl Pointer {
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self { segments: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is no JSON pointer: it must begin with `/`"));
        };
        let segments = rest
            .split('/')
            .map(|segment| Segment::compile(segment, place, constants));
        let segments = segments
            .collect::<Result<_, _>>()
            .map_err(|what| format!("pointer `{text}`: {what}"))?;
        Ok(Self { segments })
    }

    /// The members on the way to it, as far as no element of an array has to be looked for.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Find { .. } => None,
        })
    }

    /// The value there, null included.
    pub(crate) fn get<'v>(&self, root: &'v Value, scope: &Scope<'_>) -> Option<&'v Value> {
        self.segments
            .iter()
            .try_fold(root, |value, segment| segment.step(value, scope))
    }
}

impl Segment {
    fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        let Some(inner) = text.strip_prefix('[') else {
            return Ok(Self::Key(unescape(text)?));
        };
        let (member, value) = inner
            .strip_suffix(']')
            .and_then(|inner| inner.split_once('='))
            .filter(|(member, _)| !member.is_empty())
            .ok_or_else(|| format!("the segment `{text}` must read [key=value]"))?;
        let value = Template::compile(&unescape(value)?, place, constants)?;
        Ok(Self::Find {
            member: unescape(member)?,
            value,
        })
    }

    fn step<'v>(&self, value: &'v Value, scope: &Scope<'_>) -> Option<&'v Value> {
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => map.get(key),
            (Self::Key(key), Value::Array(items)) => items.get(index(key)?),
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

/// A JSON value as the text that maps compare with.
pub(crate) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// An array index: digits, without leading zeros.
fn index(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with('0');
    (plain && key.bytes().all(|byte| byte.is_ascii_digit())).then(|| key.parse().ok())?
}

fn unescape(text: &str) -> Result<String, String> {
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
