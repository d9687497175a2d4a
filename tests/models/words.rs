//! The words that a map reads: statuses and types of events.

use crate::{
    model::Model,
    trial::{Call, read_map, try_map},
};

#[test]
fn a_status_that_a_map_does_not_read_and_an_event_that_is_none_are_faults() {
    let model = Model::load("bunny_stream");
    let mut map = read_map("bunny_stream");
    let calls = try_map("bunny_stream").calls;
    assert_eq!(word_faults(&model, &map, &calls), Vec::<String>::new());
    let statuses = map["asset"]["get"]["status"]["map"].as_table_mut().unwrap();
    statuses.remove("8");
    assert_eq!(
        word_faults(&model, &map, &calls),
        ["asset.get status: 8 is not read"]
    );
    let (model, mut map) = (Model::load("api_video"), read_map("api_video"));
    map["webhook"]["on"][0]["when"]["/type"] = "video.colour".into();
    assert_eq!(
        word_faults(&model, &map, &calls),
        ["webhook.on: there is no event video.colour"]
    );
}

/// Differences in words: a status of the model that the map does not read, and a type of events that is none.
pub(crate) fn word_faults(model: &Model, map: &toml::Table, calls: &[Call]) -> Vec<String> {
    let mut faults = Vec::new();
    for (table, action) in [("upload", "upload.get"), ("asset", "asset.get")] {
        let status = map[table].get("get").map(|get| &get["status"]);
        // Without a pointer the status is derived from several members.
        let at = status.and_then(|status| status.get("at")?.as_str());
        let call = calls.iter().find(|call| call.action == action);
        let operation = call.and_then(|call| model.operation(&call.method, &call.url));
        let answer = operation.and_then(|operation| operation.answer.as_deref());
        let (Some(at), Some(answer)) = (at, answer) else {
            continue;
        };
        for word in model.choices(answer, at).into_iter().flatten() {
            let word = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
            if status.unwrap()["map"].get(&word).is_none() {
                faults.push(format!("{action} status: {word} is not read"));
            }
        }
    }
    for rule in map["webhook"]["on"].as_array().unwrap() {
        let types = rule.get("when").and_then(|when| when.get("/type"));
        let types = types.map(|types| types.as_array().cloned().unwrap_or_else(|| vec![types.clone()]));
        for of in types.into_iter().flatten() {
            let of = of.as_str().unwrap().to_owned();
            if !model.knows_event(&of) {
                faults.push(format!("webhook.on: there is no event {of}"));
            }
        }
    }
    faults
}
