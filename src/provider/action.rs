//! One HTTP call to the provider, as the map describes it.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{
    compile::{Constants, Reader},
    condition::Condition,
    error::{InvalidField, MapError},
    pointer::text_of,
    source::{Kind, Rules, Source},
    template::{Id, JsonTemplate, Name, Place, Scope, Template, UrlTemplate, encode, is_built_in},
};

/// A compiled HTTP action.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// The table that it stands in, for the log.
    pub(crate) label: String,
    method: Method,
    url: UrlTemplate,
    /// An object of scalars; a member that is missing is not sent.
    query: Option<JsonTemplate>,
    headers: Vec<(HeaderName, Template)>,
    /// Carries `[api].auth` and `[api].headers`.
    authenticated: bool,
    with_auth: bool,
    body: Option<JsonTemplate>,
    /// Empty: any 2xx.
    pub(crate) ok: Vec<u16>,
    pub(crate) must: Condition,
    pub(crate) gone: Vec<u16>,
    pub(crate) too_late: Vec<u16>,
    pub(crate) take: Vec<(String, Source)>,
    /// A status or fields are read from its answer.
    pub(crate) reads_body: bool,
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The map's own headers for every call go along.
    pub(crate) own_origin: bool,
    /// `[api].auth` goes along.
    pub(crate) with_auth: bool,
    pub(crate) body: Option<Value>,
}

const METHODS: [(&str, &Method); 5] = [
    ("GET", &Method::GET),
    ("POST", &Method::POST),
    ("PUT", &Method::PUT),
    ("PATCH", &Method::PATCH),
    ("DELETE", &Method::DELETE),
];

impl Action {
    /// Reads an action's keys from its table; the caller reads what else it may hold and finishes the table.
    pub(crate) fn compile(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let method = at
            .choice("method", &METHODS)?
            .ok_or_else(|| at.error("method", "is missing and required"))?;
        let url = at.need_text("url")?;
        let url = UrlTemplate::compile(&url, place, constants).map_err(|what| at.error("url", what))?;
        let with_auth = match at.text("auth")?.as_deref() {
            None => true,
            Some("none") => false,
            Some(other) => return Err(at.error("auth", format!("`{other}` is not known; allowed: none"))),
        };
        let query = query(at, place, constants)?;
        let private = Place {
            secrets: !url.is_captured(),
            ..place.clone()
        };
        let headers = headers(at, "headers", &private, constants)?;
        let body = at
            .take("body")
            .map(|value| JsonTemplate::compile(value, &private, constants));
        let body = body.transpose().map_err(|what| at.error("body", what))?;
        Ok(Self {
            label: at.path().to_owned(),
            method: method.clone(),
            authenticated: !url.is_captured(),
            with_auth,
            url,
            query,
            headers,
            body,
            ok: at.statuses("ok")?,
            must: Condition::compile(at, "must", constants)?,
            gone: at.statuses("gone")?,
            too_late: Vec::new(),
            take: take(at, place, constants)?,
            reads_body: false,
        })
    }

    /// Fills it in.
    pub(crate) fn request(&self, scope: &Scope<'_>) -> Result<Request, InvalidField> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, template) in &self.headers {
            let value = template.header(scope)?;
            let value = HeaderValue::from_str(&value).map_err(|_| bad_header())?;
            headers.push((name.clone(), value));
        }
        Ok(Request {
            method: self.method.clone(),
            url: self.address(scope)?,
            headers,
            own_origin: self.authenticated,
            with_auth: self.authenticated && self.with_auth,
            body: self
                .body
                .as_ref()
                .map(|body| body.render(scope))
                .transpose()?
                .map(|body| body.unwrap_or_else(empty))
                .map(|body| under(body, scope.under)),
        })
    }

    fn address(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut url = self.url.render(scope)?;
        let query = self.query.as_ref().map(|query| query.render(scope)).transpose()?;
        if let Some(Some(Value::Object(members))) = query {
            for (name, value) in &members {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.extend(encode(name));
                url.push('=');
                url.extend(encode(&text_of(value)));
            }
        }
        Ok(url)
    }

    /// Every placeholder in it.
    pub(crate) fn names(&self) -> Vec<&Name> {
        let url = self.url.slots().map(|slot| &slot.name);
        let headers = self
            .headers
            .iter()
            .flat_map(|(_, template)| template.slots().map(|slot| &slot.name));
        let inner = self.query.iter().chain(&self.body).flat_map(JsonTemplate::names);
        url.chain(headers).chain(inner).collect()
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// It sends a body.
    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// The address's and the headers' parts: where a caller's text can be unfit.
    pub(crate) fn url(&self) -> &UrlTemplate {
        &self.url
    }

    pub(crate) fn header_templates(&self) -> impl Iterator<Item = &Template> {
        self.headers.iter().map(|(_, template)| template)
    }

    /// The body of its answer is read.
    pub(crate) fn reads_body(&self) -> bool {
        self.reads_body || !self.must.is_empty() || self.take.iter().any(|(_, source)| source.reads_json())
    }

    /// Its captures, true where one is optional.
    pub(crate) fn captures(&self) -> BTreeMap<String, bool> {
        self.take
            .iter()
            .map(|(name, source)| (name.clone(), source.optional))
            .collect()
    }
}

/// A table of header templates under `key`.
pub(crate) fn headers(
    at: &mut Reader,
    key: &'static str,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(HeaderName, Template)>, MapError> {
    let Some(mut table) = at.table(key)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        let header = name
            .parse()
            .map_err(|_| table.error(&name, "is no header name"))?;
        let template = text_template(&table, &name, value, place, constants)?;
        out.push((header, template));
    }
    Ok(out)
}

/// The template under `key`; a number or a truth value stands for its text.
pub(crate) fn text_template(
    at: &Reader,
    key: &str,
    value: toml::Value,
    place: &Place,
    constants: &Constants,
) -> Result<Template, MapError> {
    let text = match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        other => return Err(at.wrong(key, "a text", &other)),
    };
    Template::compile(&text, place, constants).map_err(|what| at.error(key, what))
}

/// Refuses a name that a capture or computed text may not take.
pub(crate) fn check_capture_name(at: &Reader, name: &str) -> Result<(), MapError> {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain {
        return Err(at.error(name, "a name has letters, digits and `_` only"));
    }
    if is_built_in(name) {
        let ids = Id::ALL.map(Id::as_str).join(", ");
        return Err(at.error(
            name,
            format!("is the name of a built-in placeholder; allowed: {ids}, or a new name"),
        ));
    }
    Ok(())
}

/// `query`: what is appended to the address.
fn query(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Option<JsonTemplate>, MapError> {
    let Some(value) = at.take("query") else {
        return Ok(None);
    };
    let Some(table) = value.as_table() else {
        return Err(at.wrong("query", "a table", &value));
    };
    if let Some((name, other)) = table
        .iter()
        .find(|(_, value)| value.is_table() || value.is_array())
    {
        return Err(at.error(
            "query",
            format!(
                "{name} must be a text, number or true/false, not a {}",
                other.type_str()
            ),
        ));
    }
    let place = Place {
        secrets: false,
        ..place.clone()
    };
    let template = JsonTemplate::compile(value, &place, constants);
    template.map(Some).map_err(|what| at.error("query", what))
}

fn take(at: &mut Reader, place: &Place, constants: &Constants) -> Result<Vec<(String, Source)>, MapError> {
    let Some(mut table) = at.table("take")? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        check_capture_name(&table, &name)?;
        let rules = Rules {
            kind: Kind::Any,
            place,
            headers: true,
            constants,
        };
        out.push((name.clone(), Source::compile(&table, &name, value, rules)?));
    }
    Ok(out)
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn bad_header() -> InvalidField {
    InvalidField::new("provider", "a value makes no HTTP header")
}

/// `body` with the members that only `settings` has.
fn under(mut body: Value, settings: Option<&Value>) -> Value {
    if let (Value::Object(body), Some(Value::Object(settings))) = (&mut body, settings) {
        for (name, value) in settings {
            let merged = match body.remove(name) {
                Some(own) => under(own, Some(value)),
                None => value.clone(),
            };
            body.insert(name.clone(), merged);
        }
    }
    body
}
