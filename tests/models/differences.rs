//! What differs from Mux, as the tables of `docs/mux-stand-in.md`: made from the model, by asking the provider.
//!
//! `UPDATE_GENERATED=1 tests/run stand_in` writes them anew.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    local::make_movie,
    model::Model,
    session::{EVENTS, Session},
};

/// The page, and the marks around the tables.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mux-stand-in.md");
const BEGIN: &str = "<!-- made by tests/models/differences.rs -->\n\n";
const END: &str = "\n<!-- end of what is made -->";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_the_stand_in_tells_what_differs_from_mux() {
    let session = Session::start().await;
    let model = Model::load("mux");
    let movie = make_movie(&session).await;
    let made = [
        format!(
            "Held against `{}` {}: every call that it makes, every setting, member and event in its types.\n",
            model.package, model.version
        ),
        calls_table(&session, &model).await,
        settings_table(&session, &model).await,
        members_table(&session, &model, &movie).await,
        events_table(&model),
    ]
    .join("\n");
    assert!(made.contains("| live-streams | none | all "), "{made}");
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page
        .split_once(BEGIN)
        .expect("the page has a place for the tables");
    let (old, tail) = rest.split_once(END).expect("the place has an end");
    if old == made {
        return;
    }
    if std::env::var("UPDATE_GENERATED").is_ok_and(|update| update == "1") {
        return std::fs::write(PAGE, format!("{head}{BEGIN}{made}{END}{tail}")).unwrap();
    }
    let same = old.lines().zip(made.lines()).take_while(|(a, b)| a == b).count();
    let line = made.lines().nth(same).unwrap_or_default();
    panic!(
        "docs/mux-stand-in.md is old: run UPDATE_GENERATED=1 tests/run stand_in, and commit it. From here on: {line}"
    );
}

/// Calls of one kind: path and method.
type Calls<'a> = Vec<(String, &'a str)>;

/// Every call of the client, by what it is about: answered, or refused.
async fn calls_table(session: &Session, model: &Model) -> String {
    let mut groups: BTreeMap<String, (Calls<'_>, Calls<'_>)> = BTreeMap::new();
    for call in &model.calls {
        let mut parts = call.path.split('/').skip(1);
        let (area, _, about) = (parts.next(), parts.next(), parts.next());
        let about = match (area, about) {
            (Some("video"), Some(about)) => about,
            (Some(area @ ("data" | "robots" | "system")), Some(_)) => area,
            // Addresses of streams and images: the next table of the page, written by hand, has them.
            _ => continue,
        };
        let path = call.path.replace("param", &"a".repeat(44));
        let (status, body) = session.probe(&call.method, &path, &json!({})).await;
        let message = body["error"]["messages"][0].as_str().unwrap_or_default();
        assert!(
            status < 500 && status != 401,
            "{} {path}: {status} {body}",
            call.method
        );
        let group = groups.entry(about.to_owned()).or_default();
        let call = (call.path.replace("/param", "/{id}"), call.method.as_str());
        if message.contains("not supported by the local provider") {
            group.1.push(call);
        } else {
            group.0.push(call);
        }
    }
    let mut table = String::from("| calls about | answered | refused with 400 |\n|---|---|---|\n");
    for (about, (mut answered, mut refused)) in groups {
        answered.sort();
        refused.sort();
        let cell = |calls: &Calls<'_>, other: &Calls<'_>| match (calls.as_slice(), other.as_slice()) {
            ([], _) => "none".to_owned(),
            (calls, []) => format!("all {}", calls.len()),
            (calls, _) => {
                let calls = calls.iter().map(|(path, method)| format!("`{method} {path}`"));
                calls.collect::<Vec<_>>().join("<br>")
            }
        };
        table.push_str(&row(&[
            about,
            cell(&answered, &refused),
            cell(&refused, &answered),
        ]));
    }
    table
}

/// Every member of `new_asset_settings`, sent alone.
async fn settings_table(session: &Session, model: &Model) -> String {
    let operation = model
        .operation("POST", &format!("{}/video/v1/uploads", model.base))
        .unwrap();
    let schema = model.schema(operation.body.as_deref().unwrap(), "/new_asset_settings");
    let mut table =
        String::from("| `new_asset_settings` | kept | refused with 400 | passed over |\n|---|---|---|---|\n");
    for (name, schema) in schema["properties"].as_object().unwrap() {
        let (mut kept, mut refused, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        for (shown, value) in samples(model, schema) {
            let body = json!({ "cors_origin": "*", "new_asset_settings": { name: value } });
            let (status, answer) = session.probe("POST", "/video/v1/uploads", &body).await;
            let echoed = &answer["data"]["new_asset_settings"];
            match status {
                201 if echoed.get(name).is_some() || is_renamed(name, echoed) => kept.push(shown),
                201 => dropped.push(shown),
                _ => refused.push(shown),
            }
        }
        table.push_str(&row(&[
            format!("`{name}`"),
            list(&kept),
            list(&refused),
            list(&dropped),
        ]));
    }
    table
}

/// Whether a deprecated member came back under its new name.
fn is_renamed(name: &str, echoed: &Value) -> bool {
    name == "playback_policy" && echoed.get("playback_policies").is_some()
}

/// Values that the schema allows, each with its name: one for each word of a choice, else one in all.
fn samples(model: &Model, schema: &Value) -> Vec<(String, Value)> {
    let schema = model.resolve(schema);
    if let Some(words) = schema["enum"].as_array() {
        let shown = |word: &Value| word.as_str().map_or_else(|| word.to_string(), str::to_owned);
        return words
            .iter()
            .map(|word| (format!("`{}`", shown(word)), word.clone()))
            .collect();
    }
    if let Some(word) = schema.get("const") {
        return vec![(format!("`{}`", word.as_str().unwrap_or_default()), word.clone())];
    }
    if schema["type"] == "array" {
        let items = samples(model, &schema["items"]).into_iter();
        return items.map(|(shown, item)| (shown, json!([item]))).collect();
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        return samples(model, &ways[0]);
    }
    let value = match schema["type"].as_str() {
        Some("boolean") => json!(true),
        Some("number" | "integer") => json!(1),
        Some("object") => return object_samples(model, schema),
        _ => json!("text"),
    };
    vec![("any".to_owned(), value)]
}

/// Objects with the members that they must have, or all where they must have none; one for each word of the first choice.
fn object_samples(model: &Model, schema: &Value) -> Vec<(String, Value)> {
    let empty = Map::new();
    let members = schema["properties"].as_object().unwrap_or(&empty);
    let must: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let wanted = members
        .iter()
        .filter(|(name, _)| must.is_empty() || must.contains(&name.as_str()));
    let mut first: Option<(String, Vec<(String, Value)>)> = None;
    // Without a member that it must have, no choice is the one that matters.
    let chooses = !must.is_empty();
    let mut whole = Map::new();
    for (name, schema) in wanted {
        let mut values = samples(model, schema);
        whole.insert(name.clone(), values[0].1.clone());
        if values.len() > 1 && first.is_none() && chooses {
            first = Some((name.clone(), std::mem::take(&mut values)));
        }
    }
    let Some((name, values)) = first else {
        return vec![("any".to_owned(), Value::Object(whole))];
    };
    let with = |value: Value| {
        let mut whole = whole.clone();
        whole.insert(name.clone(), value);
        Value::Object(whole)
    };
    values
        .into_iter()
        .map(|(shown, value)| (shown, with(value)))
        .collect()
}

/// Members of assets and uploads that never come.
async fn members_table(session: &Session, model: &Model, movie: &Value) -> String {
    let upload = movie["upload_id"].as_str().unwrap();
    let (_, upload) = session
        .probe("GET", &format!("/video/v1/uploads/{upload}"), &json!({}))
        .await;
    let asset = format!("/video/v1/assets/{}", movie["id"].as_str().unwrap());
    session
        .probe("PATCH", &asset, &json!({ "thumbnail_time": 0.5 }))
        .await;
    let (_, asset) = session.probe("GET", &asset, &json!({})).await;
    let (_, waiting) = session
        .probe(
            "POST",
            "/video/v1/uploads",
            &json!({ "cors_origin": "*", "test": true }),
        )
        .await;
    let mut table = String::from("| answer | members of Mux that do not come |\n|---|---|\n");
    let seen: &[(&str, &str, &[&Value])] = &[
        ("asset", "/video/v1/assets/param", &[&asset["data"]]),
        (
            "upload",
            "/video/v1/uploads/param",
            &[&upload["data"], &waiting["data"]],
        ),
    ];
    for (about, path, values) in seen {
        let operation = model.operation("GET", &format!("{}{path}", model.base)).unwrap();
        let schema = model.schema(operation.answer.as_deref().unwrap(), "/data");
        let missing = schema["properties"].as_object().unwrap().keys();
        // What an error alone has is held against the model by another test.
        let missing = missing.filter(|name| !["error", "errors"].contains(&name.as_str()));
        let missing: Vec<String> = missing
            .filter(|name| values.iter().all(|value| value.get(name).is_none()))
            .map(|name| format!("`{name}`"))
            .collect();
        table.push_str(&row(&[(*about).to_owned(), list(&missing)]));
    }
    table
}

/// Events of Mux that are never sent, by what they are about.
fn events_table(model: &Model) -> String {
    let mut groups: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for event in model.event_types() {
        let about = match event.split_once('.') {
            Some(("robots", _)) => "robots",
            _ => event.rsplit_once('.').map_or(event, |(about, _)| about),
        };
        let group = groups.entry(about).or_default();
        let shown = format!("`{}`", event.trim_start_matches(about).trim_start_matches('.'));
        if EVENTS.contains(&event) {
            group.0.push(shown);
        } else {
            group.1.push(shown);
        }
    }
    let mut table = String::from("| events `…` | sent | never sent |\n|---|---|---|\n");
    for (about, (sent, never)) in groups {
        let never = match never.len() {
            many @ 20.. if sent.is_empty() => format!("all {many}"),
            _ => list(&never),
        };
        table.push_str(&row(&[format!("`{about}`"), list(&sent), never]));
    }
    table
}

/// A row of a table.
fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// A list in a cell.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        "–".to_owned()
    } else {
        items.join(", ")
    }
}
