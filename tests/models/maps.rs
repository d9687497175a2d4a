//! Every shipped map: what it sends, and what its cassette says that the provider answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;
use url::Url;
use yourbit_video::provider::embedded_names;

use crate::{
    exceptions::judge,
    model::{Model, Operation, Rule},
    trial::{Call, Trial, cassette, read_map, root, try_file, try_map},
    words::word_faults,
};

/// The model of each shipped map, and where the map's own address stands for the model's.
const MODELS: [(&str, &str, Option<&str>); 5] = [
    ("api_video", "api_video", None),
    ("bunny_stream", "bunny_stream", None),
    ("cloudflare_stream", "cloudflare", None),
    ("local", "mux", Some("http://127.0.0.1:9/local")),
    ("mux", "mux", None),
];

#[test]
fn every_shipped_map_has_a_model() {
    let listed: BTreeSet<&str> = MODELS.iter().map(|(map, ..)| *map).collect();
    assert_eq!(listed, embedded_names().collect());
}

#[test]
fn what_mux_toml_sends_and_reads_fits_the_official_client() {
    check_map("mux");
}

#[test]
fn what_local_toml_sends_and_reads_fits_muxs_official_client() {
    check_map("local");
}

#[test]
fn what_cloudflare_stream_toml_sends_and_reads_fits_the_official_client() {
    check_map("cloudflare_stream");
}

#[test]
fn what_api_video_toml_sends_and_reads_fits_the_official_client() {
    check_map("api_video");
}

#[test]
fn what_bunny_stream_toml_sends_and_reads_fits_its_documented_shapes() {
    check_map("bunny_stream");
}

#[test]
fn a_member_that_a_model_lacks_is_a_fault_in_a_request_and_none_in_an_answer() {
    let model = Model::load("bunny_stream");
    let mut trial = try_map("bunny_stream");
    assert_eq!(trial_faults(&model, &trial), Vec::<String>::new());
    trial.calls[0].body.as_mut().unwrap()["colour"] = "red".into();
    trial.answers[0].body["colour"] = "red".into();
    let faults = trial_faults(&model, &trial);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("upload.steps.1 body") && faults[0].contains("'colour'"),
        "{faults:?}"
    );
}

#[test]
fn what_an_answer_or_event_must_have_and_does_not_is_a_fault() {
    let model = Model::load("bunny_stream");
    let mut trial = try_map("bunny_stream");
    trial.answers[0].body.as_object_mut().unwrap().remove("guid");
    trial.webhooks[0].body["Status"] = 99.into();
    trial.calls[1].url.push_str("?colour=red");
    let faults = trial_faults(&model, &trial);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("\"guid\" is a required property"))
    );
    assert!(faults.iter().any(|fault| fault.contains("99 is not one of")));
    assert!(faults.iter().any(|fault| fault.contains("colour")));
}

/// Maps under `config/providers/examples` are judged by the model of the API that they call.
#[test]
fn what_each_example_sends_and_reads_fits_the_official_client_of_its_provider() {
    let folder = root().join("config/providers/examples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let trial = try_file(&file, &example_cassette(name, &file));
        let model = MODELS.iter().find(|(_, model, _)| {
            let base = Model::load(model).base;
            trial.calls.iter().any(|call| call.url.starts_with(&base))
        });
        let faults = match model {
            Some((_, model, _)) => trial_faults(&Model::load(model), &trial),
            None => vec!["no model: none of its calls is one of an API that we have a model of".to_owned()],
        };
        judge(&format!("examples/{name}"), "its provider", &faults);
    }
}

/// Holds one map and its cassette against its model, and once more for every word of `[values]`.
fn check_map(map: &str) {
    let (_, model, own_base) = MODELS.iter().find(|(name, ..)| *name == map).unwrap();
    let model = Model::load(model);
    let mut trial = try_map(map);
    assert_eq!(trial.problems, Vec::<String>::new());
    assert!(trial.calls.len() > 4 && trial.answers.len() > 4 && trial.webhooks.len() > 1);
    let sample = trial.calls.len();
    for words in maps_with_one_word(map) {
        // Why only its calls: what the cassette holds is read with the map's own words.
        trial.calls.extend(try_file(words.path(), &cassette(map)).calls);
    }
    assert!(
        trial.calls.len() > sample || map == "bunny_stream",
        "{map} has [values]"
    );
    if let Some(own_base) = own_base {
        for call in &mut trial.calls {
            call.url = call.url.replacen(own_base, &model.base, 1);
        }
    }
    let mut faults = trial_faults(&model, &trial);
    faults.extend(word_faults(&model, &read_map(map), &trial.calls));
    judge(map, &format!("{} {}", model.package, model.version), &faults);
}

/// The map in files: for each of the provider's words in `[values]`, one that says this word for all of ours.
fn maps_with_one_word(map: &str) -> Vec<tempfile::NamedTempFile> {
    let map = read_map(map);
    let mut files = Vec::new();
    for (field, words) in map
        .get("values")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten()
    {
        for word in words.as_table().unwrap().values() {
            let mut changed = map.clone();
            for (_, theirs) in changed["values"][field].as_table_mut().unwrap().iter_mut() {
                theirs.clone_from(word);
            }
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), toml::to_string(&changed).unwrap()).unwrap();
            files.push(file);
        }
    }
    files
}

/// The cassette of an example: its own, else that of the map that it extends.
fn example_cassette(name: &str, file: &Path) -> PathBuf {
    let own = cassette(name);
    if own.exists() {
        return own;
    }
    let map: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let base = map.get("extends").and_then(toml::Value::as_str);
    cassette(base.unwrap_or_else(|| panic!("{name} has no cassette")))
}

/// Every difference between a map and a model. A fault begins with the action and the part.
fn trial_faults(model: &Model, trial: &Trial) -> Vec<String> {
    let mut faults = Vec::new();
    let mut operations = BTreeMap::new();
    for call in &trial.calls {
        match model.operation(&call.method, &call.url) {
            Some(operation) => {
                operations.insert(call.action.as_str(), operation);
                faults.extend(call_faults(model, operation, call));
            }
            None => faults.push(format!(
                "{} is no call of the API: {} {}",
                call.action, call.method, call.url
            )),
        }
    }
    for answer in &trial.answers {
        let operation = operations.get(answer.action.as_str());
        let Some(definition) = operation.and_then(|operation| model.answer(operation, answer.status)) else {
            continue;
        };
        let found = model.faults(definition, &answer.body, Rule::TheirAnswer);
        let about = format!("{} answer {}", answer.action, answer.status);
        faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
    }
    for event in &trial.webhooks {
        let about = format!("event \"{}\"", event.name);
        let Some(definition) = model.event(&event.body) else {
            faults.push(format!("{about}: no such event"));
            continue;
        };
        let found = model.faults(definition, &event.body, Rule::TheirAnswer);
        faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
    }
    faults.sort();
    faults.dedup();
    faults
}

/// Every difference between one call and its operation: query, headers, body.
fn call_faults(model: &Model, operation: &Operation, call: &Call) -> Vec<String> {
    let mut faults = Vec::new();
    let mut add = |part: &str, found: Vec<String>| {
        faults.extend(
            found
                .into_iter()
                .map(|fault| format!("{} {part}: {fault}", call.action)),
        );
    };
    let url = Url::parse(&call.url).unwrap();
    let query: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    match &operation.query {
        Some(definition) => add("query", model.text_faults(definition, query)),
        None => add(
            "query",
            query
                .iter()
                .map(|(name, _)| format!("{name} is not expected"))
                .collect(),
        ),
    }
    if let Some(definition) = &operation.headers {
        let mut headers = Vec::new();
        for (name, value) in &call.headers {
            let modelled = model
                .members(definition)
                .find(|(member, _)| member.eq_ignore_ascii_case(name));
            match modelled {
                Some((member, schema)) => {
                    headers.push((member.to_owned(), value.clone()));
                    add("headers", unknown_tus_keys(schema, value));
                }
                // Headers of HTTP itself and of the credentials are no part of a model.
                None if ["accept", "authorization", "content-length", "content-type"]
                    .contains(&name.as_str()) => {}
                None => add("headers", vec![format!("{name} is not expected")]),
            }
        }
        add("headers", model.text_faults(definition, headers));
    }
    match (&operation.body, &call.body) {
        (Some(definition), body) => {
            let body = body
                .clone()
                .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            add("body", model.faults(definition, &body, Rule::Request));
        }
        (None, Some(_)) => add("body", vec!["none is expected".to_owned()]),
        (None, None) => {}
    }
    faults
}

/// Keys of a tus upload's metadata that the header's description does not list, where it lists them.
fn unknown_tus_keys(schema: &Value, value: &str) -> Vec<String> {
    let described = schema["description"].as_str().unwrap_or_default();
    let Some((_, listed)) = described.split_once("Supported keys:") else {
        return Vec::new();
    };
    let listed: BTreeSet<&str> = listed.split('`').skip(1).step_by(2).collect();
    let sent = value.split(',').filter_map(|pair| pair.split(' ').next());
    sent.filter(|key| !listed.contains(key))
        .map(|key| format!("the key {key} is not listed"))
        .collect()
}
