//! One HTTP call to the provider, as the map describes it: compiled once, filled in for every request.

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{
    begin_tracks::BeginTracks,
    compile::{Constants, Location},
    condition::Condition,
    error::{InvalidField, MapError},
    pointer::text_of,
    request_body::{BodyTemplate, RequestBody},
    source::{Source, SourceRules, ValueKind},
    template::{
        Id, JsonTemplate, Place, Placeholder, Scope, Slot, Template, UrlTemplate, is_built_in, percent_encode,
    },
    vocabulary::{ActionKeys, ActionMethod, Constant, Entries, HttpStatus, Scalar, SourceValue},
};
use crate::domain::SourceUrl;

/// A compiled HTTP action. [`Action::request`] fills it in; [`Client::run`](super::client::Client::run) sends it.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// The path of its table in the map, such as `upload.steps.1`: its name in logs, metrics and cassettes.
    pub(crate) label: String,
    method: Method,
    url: UrlTemplate,
    /// An object of scalars, appended to the URL. A member whose value is missing is left out.
    query: Option<JsonTemplate>,
    headers: Vec<(HeaderName, Template)>,
    /// The map spells the URL's origin, so that `[api].auth` and `[api].headers` may go there.
    authenticated: bool,
    /// False where the action says `auth = "none"`.
    with_auth: bool,
    body: Option<BodyTemplate>,
    /// What is added to the JSON body for tracks that are asked for with a new video.
    begin_tracks: Option<Arc<BeginTracks>>,
    /// Statuses of a success; empty means any 2xx.
    pub(crate) ok: Vec<u16>,
    /// The condition on the body of a success; without it the success is a refusal.
    pub(crate) must: Condition,
    /// Statuses that mean "it is not there": [`CallOutcome::Gone`](super::client::CallOutcome::Gone).
    pub(crate) gone: Vec<u16>,
    /// Statuses that mean "the file has arrived": [`CallOutcome::TooLate`](super::client::CallOutcome::TooLate). Only
    /// `[upload.cancel]` has them.
    pub(crate) too_late: Vec<u16>,
    /// Captures: values taken from the response, by name.
    pub(crate) take: Vec<(String, Source)>,
    /// A status or fields are read from the response's body. Set by the table that holds the action.
    pub(crate) reads_body: bool,
    /// The body of a success is a file: it is kept as it is, and never parsed. Set by the table that holds the action.
    pub(crate) takes_file: bool,
}

/// A request with every value filled in, before [`Client::headers_of`](super::client::Client::headers_of) adds
/// `[api].headers` and credentials.
#[derive(Debug)]
pub(crate) struct ActionRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// `[api].headers` go along.
    pub(crate) own_origin: bool,
    /// `[api].auth` goes along.
    pub(crate) with_auth: bool,
    /// The answer may be of any media type, and not JSON alone.
    pub(crate) takes_file: bool,
    pub(crate) body: Option<RequestBody>,
    /// The address that the request may hold, which is masked where the provider repeats it.
    pub(crate) source_url: Option<SourceUrl>,
}

impl From<ActionMethod> for Method {
    fn from(word: ActionMethod) -> Self {
        match word {
            ActionMethod::Get => Self::GET,
            ActionMethod::Post => Self::POST,
            ActionMethod::Put => Self::PUT,
            ActionMethod::Patch => Self::PATCH,
            ActionMethod::Delete => Self::DELETE,
        }
    }
}

impl Action {
    /// Compiles the keys of an action. The [`Place`] lists the placeholders available to it.
    ///
    /// # Errors
    /// [`MapError`]: a template, pointer or name is malformed, or a placeholder is not available.
    pub(crate) fn compile(
        declared: ActionKeys,
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let url =
            UrlTemplate::compile(&declared.url, place, constants).map_err(|what| at.error("url", what))?;
        // Why: a captured URL may lead anywhere, so no secret may go there in a header or body.
        let private = Place {
            secrets: !url.is_captured(),
            ..place.clone()
        };
        let body = BodyTemplate::compile((declared.body, declared.form), at, &private, constants)?;
        Ok(Self {
            label: at.path().to_owned(),
            method: declared.method.into(),
            authenticated: !url.is_captured(),
            with_auth: declared.auth.is_none(),
            url,
            query: compile_query(declared.query, at, place, constants)?,
            headers: compile_headers(
                declared.headers,
                at,
                &Place {
                    source_url: false,
                    ..private.clone()
                },
                constants,
            )?,
            body,
            begin_tracks: None,
            ok: status_codes(&declared.ok),
            must: Condition::compile(declared.must, declared.ignore_case, &at.table("must"), constants)?,
            gone: status_codes(&declared.gone),
            too_late: Vec::new(),
            take: compile_take(declared.take, &at.table("take"), place, constants)?,
            reads_body: false,
            takes_file: false,
        })
    }

    /// Fills every template in from the [`Scope`].
    ///
    /// # Errors
    /// [`InvalidField`] names the field whose value is missing or cannot stand where the map puts it.
    pub(crate) fn request(&self, scope: &Scope<'_>) -> Result<ActionRequest, InvalidField> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, template) in &self.headers {
            let value = template.header(scope)?;
            let value = HeaderValue::from_str(&value).map_err(|_| bad_header())?;
            headers.push((name.clone(), value));
        }
        let mut body = self.body.as_ref().map(|body| body.render(scope)).transpose()?;
        if let Some(RequestBody::Json(json)) = &mut body {
            if let Some(tracks) = &self.begin_tracks {
                tracks.fill(json, scope)?;
            }
            merge_missing(json, scope.body_defaults);
        }
        Ok(ActionRequest {
            method: self.method.clone(),
            url: self.render_url(scope)?,
            headers,
            own_origin: self.authenticated,
            with_auth: self.authenticated && self.with_auth,
            takes_file: self.takes_file,
            source_url: match scope.track.url {
                Some(url) => Some(SourceUrl::new(url)),
                None => scope.input.and_then(|input| input.source_url.clone()),
            },
            body,
        })
    }

    /// Renders the URL with its query.
    fn render_url(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut url = self.url.render(scope)?;
        let query = self.query.as_ref().map(|query| query.render(scope)).transpose()?;
        if let Some(Some(Value::Object(members))) = query {
            for (name, value) in &members {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.extend(percent_encode(name));
                url.push('=');
                url.extend(percent_encode(&text_of(value)));
            }
        }
        Ok(url)
    }

    /// Returns every placeholder in URL, headers, query and body.
    pub(crate) fn names(&self) -> Vec<&Placeholder> {
        self.slots().map(|slot| &slot.name).collect()
    }

    /// Returns every placeholder in URL, headers, query and body, as a [`Slot`].
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let headers = self.headers.iter().flat_map(|(_, template)| template.slots());
        let query = self.query.iter().flat_map(JsonTemplate::slots);
        let body = self.body.iter().flat_map(BodyTemplate::slots);
        self.url.slots().chain(headers).chain(query).chain(body)
    }

    /// Returns the HTTP method.
    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// Returns true where the action sends JSON.
    pub(crate) fn has_json(&self) -> bool {
        matches!(self.body, Some(BodyTemplate::Json(_)))
    }

    /// Returns true where the action sends a body.
    pub(crate) const fn has_body(&self) -> bool {
        self.body.is_some()
    }

    /// Returns true where a form or the body carries the file of a track.
    pub(crate) fn has_file(&self) -> bool {
        self.body.as_ref().is_some_and(BodyTemplate::has_file)
    }

    /// Has the action send the file of a track as its body.
    pub(crate) fn send_file(&mut self) {
        self.body = Some(BodyTemplate::File);
    }

    /// Has the action ask for tracks too.
    pub(crate) fn ask_for_tracks(&mut self, tracks: BeginTracks) {
        self.begin_tracks = Some(Arc::new(tracks));
    }

    /// Returns the URL's template. Together with [`Action::header_templates`] it covers every place where a caller's
    /// text can be unfit.
    pub(crate) fn url(&self) -> &UrlTemplate {
        &self.url
    }

    /// Returns the templates of the action's own headers.
    pub(crate) fn header_templates(&self) -> impl Iterator<Item = &Template> {
        self.headers.iter().map(|(_, template)| template)
    }

    /// Returns true where something reads the body of the response, so that it must be JSON.
    pub(crate) fn reads_body(&self) -> bool {
        self.reads_body || !self.must.is_empty() || self.take.iter().any(|(_, source)| source.reads_json())
    }

    /// Returns the names of the captures; the value is true where the capture is optional.
    pub(crate) fn captures(&self) -> BTreeMap<String, bool> {
        self.take
            .iter()
            .map(|(name, source)| (name.clone(), source.optional))
            .collect()
    }
}

/// Compiles the table `headers` of the table at `at`.
pub(crate) fn compile_headers(
    declared: Entries<Scalar>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(HeaderName, Template)>, MapError> {
    let at = at.table("headers");
    let compile = |(name, text): (String, Scalar)| {
        let header = name.parse().map_err(|_| at.error(&name, "is no header name"))?;
        let template = Template::compile(&text.0, place, constants).map_err(|what| at.error(&name, what))?;
        Ok((header, template))
    };
    declared.into_iter().map(compile).collect()
}

/// Returns the numbers of HTTP statuses.
pub(crate) fn status_codes(declared: &[HttpStatus]) -> Vec<u16> {
    declared.iter().map(|status| status.0).collect()
}

/// Refuses a name that no capture or computed text may have: it is no plain word, or a built-in placeholder other than
/// the three ids.
pub(crate) fn check_capture_name(at: &Location, name: &str) -> Result<(), MapError> {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain {
        return Err(at.error(name, "a name has letters, digits and `_` only"));
    }
    // Why: a capture of that name would hide the placeholder from later steps.
    if is_built_in(name) {
        let ids = Id::ALL.map(Id::as_str).join(", ");
        return Err(at.error(
            name,
            format!("is the name of a built-in placeholder; allowed: {ids}, or a new name"),
        ));
    }
    Ok(())
}

/// Compiles `query`, the parameters that are appended to the URL. Secrets are not available to it.
fn compile_query(
    declared: Option<Entries<Constant>>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Option<JsonTemplate>, MapError> {
    let Some(declared) = declared else {
        return Ok(None);
    };
    let table: toml::Table = declared
        .into_iter()
        .map(|(name, value)| (name, value.0))
        .collect();
    // Why: URLs are written to logs along their way, where no secret may be.
    let place = Place {
        secrets: false,
        ..place.clone()
    };
    let template = JsonTemplate::compile(table.into(), &place, constants);
    template.map(Some).map_err(|what| at.error("query", what))
}

/// Compiles `take`: a [`Source`] for each capture, which may read the response's headers too.
fn compile_take(
    declared: Entries<SourceValue>,
    at: &Location,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Source)>, MapError> {
    let mut out = Vec::new();
    for (name, source) in declared {
        check_capture_name(at, &name)?;
        let rules = SourceRules {
            kind: ValueKind::Any,
            place,
            headers: true,
            constants,
        };
        out.push((name.clone(), Source::compile(source, at, &name, rules)?));
    }
    Ok(out)
}

/// Creates the error of a value that passed the template's check and still is no [`HeaderValue`].
fn bad_header() -> InvalidField {
    InvalidField::new("provider", "a value makes no HTTP header")
}

/// Adds the members of `settings` that `body` lacks, at every depth. The map's own members win.
fn merge_missing(body: &mut Value, settings: Option<&Value>) {
    if let (Value::Object(body), Some(Value::Object(settings))) = (body, settings) {
        for (name, value) in settings {
            match body.get_mut(name) {
                Some(own) => merge_missing(own, Some(value)),
                None => drop(body.insert(name.clone(), value.clone())),
            }
        }
    }
}
