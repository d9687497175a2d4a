//! `[upload.tracks]` and `[ingest.tracks]`: what is added to the calls that begin a video, for tracks that are asked for with it.
//!
//! 1. [`compile_begin_tracks`] parses the paths, and tries each on the body that the map spells.
//! 2. [`BeginTracks::fill`] follows them in the body of one call. What is missing on the way is made.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    compile::{Constants, Location},
    error::{InvalidField, MapError},
    extend::MapPath,
    template::{JsonTemplate, Place, Placeholder, Scope, TrackPart, TrackParts},
    vocabulary::{ActionKeys, BeginTracksTable, TomlValue},
};

/// Most tracks in a list of a provider that states no number: as many as a video can have.
const MOST_IN_LIST: usize = 100;

/// What is added to the body of one call.
#[derive(Clone, Debug)]
pub(crate) struct BeginTracks {
    changes: Vec<Change>,
}

/// One change of a body.
#[derive(Clone, Debug)]
struct Change {
    path: Vec<Segment>,
    value: JsonTemplate,
    /// The path leads to a list, which gets the value as one more element.
    is_list: bool,
}

/// One segment of a path in a body.
#[derive(Clone, Debug)]
enum Segment {
    Member(String),
    /// The index of an element.
    Element(usize),
}

/// The changes by the index of their call, and the most tracks that can be asked for.
type ByCall = (BTreeMap<usize, BeginTracks>, usize);

/// Compiles the table at `at`, which is `upload.tracks` or `ingest.tracks`. `calls` are those of the same table, and stand at
/// `place`.
///
/// # Errors
/// [`MapError`]: a path leads to no place in the body of a call, or a part is missing or malformed.
pub(crate) fn compile_begin_tracks(
    declared: BeginTracksTable,
    at: &Location,
    (calls, place): (&[ActionKeys], &Place),
    constants: &Constants,
) -> Result<ByCall, MapError> {
    let (paths, is_list) = match (declared.at, declared.item, declared.set) {
        (Some(path), Some(item), None) => (vec![(path, item)], true),
        (None, None, Some(set)) if !set.0.is_empty() => (set.0, false),
        _ => {
            return Err(at.error("at", "there must be `at` and `item`, or `set` instead of both"));
        }
    };
    let most = if is_list { MOST_IN_LIST } else { 1 };
    let max = declared
        .max
        .map_or(most, |max| usize::try_from(max).unwrap_or(usize::MAX));
    if !(1..=most).contains(&max) {
        return Err(at.error("max", format!("must lie in 1 to {most}")));
    }
    let place = Place::for_begun_track(place.clone());
    let mut by_call: BTreeMap<usize, BeginTracks> = BTreeMap::new();
    for (path, value) in paths {
        let error = |what: String| {
            let (key, at) = if is_list {
                ("at", at.clone())
            } else {
                (path.as_str(), at.table("set"))
            };
            at.error(key, what)
        };
        let (call, segments) = parse_path(&path, at.path()).map_err(error)?;
        let body = calls.get(call).map(|call| call.body.clone().map(TomlValue::json));
        let Some(mut body) = body else {
            return Err(error(format!("there are {} calls", calls.len())));
        };
        let Some(body) = &mut body else {
            return Err(error("that call has no `body`".to_owned()));
        };
        let sample = value.clone().json();
        put(body, &segments, sample, is_list).map_err(error)?;
        let key = if is_list { "item" } else { "set" };
        let value = JsonTemplate::compile(value.0, &place, constants).map_err(|what| at.error(key, what))?;
        let changes = by_call
            .entry(call)
            .or_insert_with(|| BeginTracks { changes: Vec::new() });
        changes.changes.push(Change {
            path: segments,
            value,
            is_list,
        });
    }
    let all = by_call.values().flat_map(|one| &one.changes);
    let mut names = all.flat_map(|change| change.value.placeholders());
    if !names.any(|name| matches!(name, Placeholder::Track(TrackPart::Language))) {
        let key = if is_list { "item" } else { "set" };
        return Err(at.error(
            key,
            "does not hold {track.language}: nothing says which track is wanted",
        ));
    }
    Ok((by_call, max))
}

impl BeginTracks {
    /// Adds what stands for the tracks of the scope's video to the body of the call.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or the body has something else on the way.
    pub(crate) fn fill(&self, body: &mut Value, scope: &Scope<'_>) -> Result<(), InvalidField> {
        for track in scope.input.iter().flat_map(|input| &input.tracks) {
            let scope = Scope {
                track: TrackParts::of_asked(track),
                ..*scope
            };
            for change in &self.changes {
                if let Some(value) = change.value.render(&scope)? {
                    put(body, &change.path, value, change.is_list)
                        .map_err(|what| InvalidField::new("tracks", what))?;
                }
            }
        }
        Ok(())
    }
}

/// Parses a path such as `upload.steps.1.body.inputs.1.subtitles` to the index of the call, and the segments after `body`.
/// `table` is the path of the table that it stands in.
fn parse_path(text: &str, table: &str) -> Result<(usize, Vec<Segment>), String> {
    let path = MapPath::parse(text)?;
    let begin = table.split('.').next().unwrap_or_default();
    let wrong = || format!("must begin with `{begin}.steps.`, the number of a call and `.body.`");
    let [first, steps, call, body, rest @ ..] = path.segments() else {
        return Err(wrong());
    };
    let call = call
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1));
    let Some(call) = call.filter(|_| first == begin && steps == "steps" && body == "body") else {
        return Err(wrong());
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let segment = |text: &String| match text.parse::<usize>().ok().and_then(|n| n.checked_sub(1)) {
        Some(index) => Segment::Element(index),
        None => Segment::Member(text.clone()),
    };
    Ok((call, rest.iter().map(segment).collect()))
}

/// Puts a value at the end of a path, or as one more element into the list there.
///
/// # Errors
/// Something else stands on the way.
fn put(root: &mut Value, path: &[Segment], value: Value, is_list: bool) -> Result<(), String> {
    let mut at = root;
    for segment in path {
        at = match segment {
            Segment::Member(name) => {
                if at.is_null() {
                    *at = Value::Object(Map::new());
                }
                let kind = kind_of(at);
                let members = at.as_object_mut();
                let members = members.ok_or_else(|| format!("`{name}` leads below {kind}"))?;
                members.entry(name.clone()).or_insert(Value::Null)
            }
            Segment::Element(index) => {
                if at.is_null() {
                    *at = Value::Array(Vec::new());
                }
                let kind = kind_of(at);
                let items = at.as_array_mut();
                let items = items.ok_or_else(|| format!("`{}` leads below {kind}", index + 1))?;
                if *index == items.len() {
                    items.push(Value::Null);
                }
                let count = items.len();
                let item = items.get_mut(*index);
                item.ok_or_else(|| format!("there is no element {} in a list of {count}", index + 1))?
            }
        };
    }
    if !is_list {
        *at = value;
        return Ok(());
    }
    if at.is_null() {
        *at = Value::Array(Vec::new());
    }
    let kind = kind_of(at);
    match at.as_array_mut() {
        Some(items) => items.push(value),
        None => return Err(format!("leads to {kind}, which is no list")),
    }
    Ok(())
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
