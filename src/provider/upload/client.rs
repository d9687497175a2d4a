//! `[upload.client]`: the description of an upload that the client gets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::HeaderName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::provider::{
    action::{compile_headers, compile_text_template},
    compile::{Constants, Reader},
    error::{InvalidField, MapError},
    template::{Place, Placeholder, Scope, Template, UrlTemplate},
};

/// Protocol by which the client sends the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UploadProtocol)]
pub enum Protocol {
    /// One PUT with the file as its body.
    Put,
    /// PUTs with `Content-Range`, 308 in between.
    PutContentRange,
    /// One multipart form.
    PostForm,
    /// Multipart forms with `Content-Range`.
    PostFormContentRange,
    /// tus 1.0 on an upload that exists already.
    TusExisting,
    /// tus 1.0, creation by the client.
    TusCreate,
}

/// Sizes of pieces in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UploadChunk)]
pub struct Chunk {
    /// Smallest piece but for the last.
    pub min: u64,
    /// Every piece but the last is a multiple of it.
    pub multiple: u64,
    /// Size for a client without a reason for another.
    pub default: u64,
    /// Largest piece.
    pub max: u64,
}

/// Description of an upload for the client: serialises as `upload` of `POST /v1/uploads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadDescriptor {
    /// Protocol by which the file is sent.
    pub protocol: Protocol,
    /// The HTTP method of the first request.
    pub method: String,
    /// Target of the first request. It opens the upload to anybody who has it.
    pub url: String,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Other fields of the form.
    pub form_fields: BTreeMap<String, String>,
    /// The form's field that holds the file; null without a form.
    pub file_field: Option<String>,
    /// tus metadata, not yet in base64; an empty value is a flag.
    pub tus_metadata: BTreeMap<String, String>,
    /// Sizes of pieces; null where the file goes as a whole or any size will do.
    pub chunk: Option<Chunk>,
    /// Largest file; null where no limit is known.
    pub max_bytes: Option<u64>,
    /// End of the URL.
    pub expires_at: DateTime<Utc>,
}

impl Protocol {
    /// The HTTP method of the first request.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Put | Self::PutContentRange => "PUT",
            Self::PostForm | Self::PostFormContentRange | Self::TusCreate => "POST",
            Self::TusExisting => "PATCH",
        }
    }

    /// The file is sent in a multipart form.
    const fn is_form(self) -> bool {
        matches!(self, Self::PostForm | Self::PostFormContentRange)
    }
}

/// The words of `protocol`.
const PROTOCOLS: [(&str, Protocol); 6] = [
    ("put", Protocol::Put),
    ("put_content_range", Protocol::PutContentRange),
    ("post_form", Protocol::PostForm),
    ("post_form_content_range", Protocol::PostFormContentRange),
    ("tus_existing", Protocol::TusExisting),
    ("tus_create", Protocol::TusCreate),
];

/// `[upload.client]`, compiled: the templates of an [`UploadDescriptor`].
pub(crate) struct ClientSide {
    protocol: Protocol,
    url: UrlTemplate,
    /// Headers: name, name as the map spells it, value.
    headers: Vec<(HeaderName, String, Template)>,
    form_fields: Vec<(String, Template)>,
    /// `None` without a form.
    file_field: Option<String>,
    tus_metadata: Vec<(String, Template)>,
    chunk: Option<Chunk>,
    max_bytes: Option<u64>,
}

impl ClientSide {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: a part is missing or malformed, or does not belong to the protocol.
    pub(super) fn compile(mut at: Reader, place: &Place, constants: &Constants) -> Result<Self, MapError> {
        let protocol = at.choice("protocol", &PROTOCOLS)?;
        let protocol = protocol.ok_or_else(|| {
            let all = PROTOCOLS.map(|(name, _)| name).join(", ");
            at.error("protocol", format!("is missing and required; allowed: {all}"))
        })?;
        let url = at.need_text("url")?;
        let url = UrlTemplate::compile(&url, place, constants).map_err(|what| at.error("url", what))?;
        // Why before the headers are read: reading takes the table away. Both lists have its order.
        let spelled = spelled_names(&at);
        let headers = compile_headers(&mut at, "headers", place, constants)?
            .into_iter()
            .zip(spelled);
        let headers = headers
            .map(|((name, template), spelled)| (name, spelled, template))
            .collect();
        let form_fields = compile_texts(&mut at, "form_fields", protocol.is_form(), place, constants)?;
        let file_field = at.text("file_field")?;
        if file_field.is_some() && !protocol.is_form() {
            return Err(at.error(
                "file_field",
                "belongs to post_form and post_form_content_range only",
            ));
        }
        let tus = protocol == Protocol::TusCreate;
        let this = Self {
            protocol,
            url,
            headers,
            form_fields,
            file_field: protocol
                .is_form()
                .then(|| file_field.unwrap_or_else(|| "file".to_owned())),
            tus_metadata: compile_texts(&mut at, "tus_metadata", tus, place, constants)?,
            chunk: at.table("chunk")?.map(read_chunk).transpose()?,
            max_bytes: at.whole("max_bytes")?,
        };
        at.finish()?;
        Ok(this)
    }

    /// Returns the [`Protocol`].
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the [`UrlTemplate`] of the client's first request.
    pub(crate) fn url(&self) -> &UrlTemplate {
        &self.url
    }

    /// Returns the [`Template`]s of the header values.
    pub(crate) fn header_templates(&self) -> impl Iterator<Item = &Template> {
        self.headers.iter().map(|(_, _, template)| template)
    }

    /// Returns every [`Placeholder`] in the templates.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        let url = self.url.slots().map(|slot| &slot.name);
        let fields = self.form_fields.iter().chain(&self.tus_metadata);
        let texts = self
            .header_templates()
            .chain(fields.map(|(_, template)| template));
        url.chain(texts.flat_map(Template::slots).map(|slot| &slot.name))
    }

    /// Renders the [`UploadDescriptor`]; the compiled `[upload]` calls it, once its computed values are in the scope.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or is no URL or header value.
    pub(super) fn describe(
        &self,
        scope: &Scope<'_>,
        expires_at: DateTime<Utc>,
    ) -> Result<UploadDescriptor, InvalidField> {
        let mut headers = BTreeMap::new();
        for (_, spelled, template) in &self.headers {
            headers.insert(spelled.clone(), template.header(scope)?);
        }
        Ok(UploadDescriptor {
            protocol: self.protocol,
            method: self.protocol.method().to_owned(),
            url: self.url.render(scope)?,
            headers,
            form_fields: render_texts(&self.form_fields, scope)?,
            file_field: self.file_field.clone(),
            tus_metadata: render_texts(&self.tus_metadata, scope)?,
            chunk: self.chunk,
            max_bytes: self.max_bytes,
            expires_at,
        })
    }
}

/// Returns header names as the map spells them.
// Why: a parsed name is lower-case, and people compare the names with the provider's documentation.
fn spelled_names(at: &Reader) -> Vec<String> {
    let table = at.peek("headers").and_then(toml::Value::as_table);
    table
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

/// Compiles a table of [`Template`]s; with `allowed` false, it must be empty.
fn compile_texts(
    at: &mut Reader,
    key: &'static str,
    allowed: bool,
    place: &Place,
    constants: &Constants,
) -> Result<Vec<(String, Template)>, MapError> {
    let Some(mut table) = at.table(key)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for (name, value) in table.entries() {
        let template = compile_text_template(&table, &name, value, place, constants)?;
        out.push((name, template));
    }
    if !allowed && !out.is_empty() {
        return Err(at.error(key, "does not belong to this protocol"));
    }
    Ok(out)
}

/// Reads `chunk` into a [`Chunk`]. A size that is left out follows from the smaller ones.
fn read_chunk(mut at: Reader) -> Result<Chunk, MapError> {
    let multiple = at.whole("multiple")?.unwrap_or(1);
    let min = at.whole("min")?.unwrap_or(multiple);
    let default = at.whole("default")?.unwrap_or(min);
    let max = at.whole("max")?.unwrap_or(default);
    if multiple == 0 || min == 0 || min > default || default > max || default % multiple != 0 {
        let what = "must hold 0 < min <= default <= max, and default a multiple of `multiple`";
        return Err(at.error("default", what));
    }
    at.finish()?;
    Ok(Chunk {
        min,
        multiple,
        default,
        max,
    })
}

/// Renders every [`Template`] of a table.
fn render_texts(
    from: &[(String, Template)],
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, String>, InvalidField> {
    from.iter()
        .map(|(name, template)| Ok((name.clone(), template.text(scope)?)))
        .collect()
}
