//! The body of a call: JSON, a multipart form, or the file of a track.

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::{
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    template::{JsonTemplate, Place, Scope, Slot, Template},
    vocabulary::{Entries, Scalar, TomlValue},
};

/// The media type of the file of a track.
const TRACK_TYPE: &str = "text/vtt";
/// The name of the file of a track, in a form.
const TRACK_FILE_NAME: &str = "captions.vtt";

/// The body of a call, compiled.
#[derive(Clone, Debug)]
pub(crate) enum BodyTemplate {
    /// `body`.
    Json(JsonTemplate),
    /// `form`: names and values.
    Form(Vec<(String, FormTemplate)>),
    /// The file of a track, as it is.
    File,
}

/// A value of a form, compiled.
#[derive(Clone, Debug)]
pub(crate) enum FormTemplate {
    Text(Template),
    /// `{file}`: the file of a track.
    File,
}

/// The body of one request.
#[derive(Clone, Debug)]
pub(crate) enum RequestBody {
    Json(Value),
    Form(Form),
    /// The file of a track, `WebVTT`.
    File(String),
}

/// A multipart form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    parts: Vec<FormPart>,
    /// What stands between the parts.
    boundary: String,
}

/// One value of a form.
#[derive(Clone, Debug)]
struct FormPart {
    name: String,
    text: String,
    is_file: bool,
}

impl BodyTemplate {
    /// Compiles `body` or `form` of the table at `at`; `None` where there is neither.
    ///
    /// # Errors
    /// [`MapError`]: both stand there, a template is malformed, or a form names no value.
    pub(crate) fn compile(
        (body, form): (Option<TomlValue>, Option<Entries<Scalar>>),
        at: &Location,
        place: &Place,
        constants: &Constants,
    ) -> Result<Option<Self>, MapError> {
        match (body, form) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(at.error("form", "stands beside `body`: a call has one of both")),
            (Some(body), None) => JsonTemplate::compile(body.0, place, constants)
                .map(|body| Some(Self::Json(body)))
                .map_err(|what| at.error("body", what)),
            (None, Some(form)) => {
                let at = at.table("form");
                if form.0.is_empty() {
                    return Err(at.error("", "is empty; allowed: name = template, one or more"));
                }
                let compile = |(name, text): (String, Scalar)| {
                    let value = FormTemplate::compile(&text.0, place, constants);
                    value
                        .map(|value| (name.clone(), value))
                        .map_err(|what| at.error(&name, what))
                };
                let parts = form.into_iter().map(compile).collect::<Result<_, _>>()?;
                Ok(Some(Self::Form(parts)))
            }
        }
    }

    /// Returns true where some value of a form is the file of a track.
    pub(crate) fn has_file(&self) -> bool {
        match self {
            Self::Json(_) => false,
            Self::Form(parts) => parts.iter().any(|(_, value)| matches!(value, FormTemplate::File)),
            Self::File => true,
        }
    }

    /// Returns every placeholder, as a [`Slot`].
    pub(crate) fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::Json(body) => body.slots(),
            Self::Form(parts) => parts
                .iter()
                .filter_map(|(_, value)| match value {
                    FormTemplate::Text(text) => Some(text.slots()),
                    FormTemplate::File => None,
                })
                .flatten()
                .collect(),
            Self::File => Vec::new(),
        }
    }

    /// Fills the body in.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<RequestBody, InvalidField> {
        match self {
            // Why: a body whose every value is missing is an empty object still, not a request without a body.
            Self::Json(body) => Ok(RequestBody::Json(
                body.render(scope)?.unwrap_or_else(|| Value::Object(Map::new())),
            )),
            Self::Form(parts) => {
                let render = |(name, value): &(String, FormTemplate)| {
                    let (text, is_file) = match value {
                        FormTemplate::Text(text) => (text.text(scope)?, false),
                        FormTemplate::File => (track_file(scope)?, true),
                    };
                    let name = name.clone();
                    Ok(FormPart { name, text, is_file })
                };
                let parts = parts.iter().map(render).collect::<Result<_, InvalidField>>()?;
                Ok(RequestBody::Form(Form::new(parts)))
            }
            Self::File => track_file(scope).map(RequestBody::File),
        }
    }
}

impl FormTemplate {
    /// Compiles one value.
    fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        if text == "{file}" && place.file {
            return Ok(Self::File);
        }
        Template::compile(text, place, constants).map(Self::Text)
    }
}

impl RequestBody {
    /// Returns the media type.
    pub(crate) fn media_type(&self) -> HeaderValue {
        match self {
            Self::Json(_) => HeaderValue::from_static("application/json"),
            Self::Form(form) => form.media_type(),
            Self::File(_) => HeaderValue::from_static(TRACK_TYPE),
        }
    }

    /// Returns the bytes that are sent.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(body) => body.to_string().into_bytes(),
            Self::Form(form) => form.to_bytes(),
            Self::File(text) => text.clone().into_bytes(),
        }
    }

    /// Returns the body for people: JSON as it is, a form as an object of its values, a file as its name.
    pub(crate) fn to_shown(&self) -> Value {
        match self {
            Self::Json(body) => body.clone(),
            Self::Form(form) => {
                let values = form.parts.iter().map(|part| {
                    let shown = if part.is_file { TRACK_FILE_NAME } else { &part.text };
                    (part.name.clone(), shown.into())
                });
                Value::Object(values.collect())
            }
            Self::File(_) => json!(TRACK_FILE_NAME),
        }
    }
}

impl Form {
    /// Makes a form of its parts.
    fn new(parts: Vec<FormPart>) -> Self {
        let all: Vec<&[u8]> = parts.iter().map(|part| part.text.as_bytes()).collect();
        // Why a hash of the parts: what separates them must stand in none of them, and no part holds its own hash.
        let hash = digest(&SHA256, &all.concat());
        Self {
            parts,
            boundary: hex::encode(&hash.as_ref()[..20]),
        }
    }

    fn media_type(&self) -> HeaderValue {
        let text = format!("multipart/form-data; boundary={}", self.boundary);
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data"))
    }

    /// Writes the form as RFC 7578 has it.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        for part in &self.parts {
            out.push_str("--");
            out.push_str(&self.boundary);
            out.push_str("\r\nContent-Disposition: form-data; name=\"");
            out.push_str(&escape_name(&part.name));
            out.push('"');
            if part.is_file {
                out.push_str("; filename=\"");
                out.push_str(TRACK_FILE_NAME);
                out.push_str("\"\r\nContent-Type: ");
                out.push_str(TRACK_TYPE);
            }
            out.push_str("\r\n\r\n");
            out.push_str(&part.text);
            out.push_str("\r\n");
        }
        out.push_str("--");
        out.push_str(&self.boundary);
        out.push_str("--\r\n");
        out.into_bytes()
    }
}

/// Escapes a name of a form as browsers do.
fn escape_name(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns the file of the scope's track.
fn track_file(scope: &Scope<'_>) -> Result<String, InvalidField> {
    let file = scope.track.file.map(str::to_owned);
    file.ok_or_else(|| InvalidField::new("provider", "takes the file of a track, and there is none"))
}
