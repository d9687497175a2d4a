//! The built-in provider: every answer of its API and every webhook, held against Mux's model.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    exceptions::judge,
    model::{Model, Rule},
    session::{Answer, Session},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_and_event_of_the_built_in_provider_fits_muxs_official_client() {
    let session = Session::start().await;
    uploads(&session).await;
    let movie = make_movie(&session).await;
    let sound = session
        .ingest("-f lavfi -i sine=duration=1 -c:a aac", "m4a")
        .await;
    let broken = session.ingest("", "mp4").await;
    assert_eq!(
        [&movie["status"], &sound["status"], &broken["status"]],
        ["ready", "ready", "errored"]
    );
    record_cassette(&session).await;
    let fetched = session.ingest_by_url(&movie).await;
    assert_eq!(
        [&fetched["status"], &fetched["ingest_type"]],
        ["ready", "on_demand_url"]
    );
    assets(&session, &movie).await;
    session.clock.advance(chrono::Duration::hours(2));
    let waiting = session.get("/uploads?limit=100").await;
    assert!(
        waiting["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|upload| upload["status"] == "timed_out")
    );
    let events = session.wait_for_events().await;

    let model = Model::load("mux");
    let about = format!("{} {}", model.package, model.version);
    judge(
        "local answers",
        &about,
        &answer_faults(&model, &session.answers.lock().unwrap()),
    );
    judge("local events", &about, &event_faults(&model, &events));
}

#[test]
fn an_answer_without_a_member_that_mux_always_sends_is_a_fault() {
    let model = Model::load("mux");
    let answer = Answer {
        method: Method::GET,
        url: format!("{}/video/v1/uploads/u1", model.base),
        status: 200,
        body: json!({ "data": { "id": "u1", "status": "waiting", "timeout": 60 } }),
    };
    let faults = answer_faults(&model, &[answer]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].contains("\"cors_origin\" is a required property"),
        "{faults:?}"
    );
    let event = json!({ "type": "video.upload.colour" });
    assert_eq!(
        event_faults(&model, &[event]),
        ["video.upload.colour: no such event"]
    );
}

/// A short clip with a picture and two sounds, ready.
pub(crate) async fn make_movie(session: &Session) -> Value {
    let inputs = "-f lavfi -i testsrc2=size=320x180:rate=10:duration=1 -f lavfi -i sine=duration=1 \
                  -f lavfi -i sine=frequency=880:duration=1 -map 0 -map 1 -map 2";
    session
        .ingest(&format!("{inputs} -c:v libx264 -c:a aac"), "mp4")
        .await
}

/// Calls about tracks: one by URL, one whose file is not there, deletions, and what is not made.
async fn tracks(session: &Session, asset: &Value) {
    let id = asset["id"].as_str().unwrap();
    let path = format!("/assets/{id}/tracks");
    // A file of WebVTT that the provider itself serves.
    for file in ["storyboard.vtt", "none.vtt"] {
        let asked = json!({ "url": session.public_url(asset, file), "type": "text", "text_type": "subtitles",
            "language_code": "en", "name": "English", "closed_captions": true, "passthrough": "ours" });
        session.call(Method::POST, &path, Some(asked)).await;
    }
    let shown = session.settle(id).await;
    let all = shown["tracks"].as_array().unwrap();
    let text = |status: &str| {
        let found = all
            .iter()
            .find(|track| track["type"] == "text" && track["status"] == status);
        found.unwrap_or_else(|| panic!("no text is {status}: {shown}"))
    };
    text("errored");
    let ready = text("ready")["id"].as_str().unwrap();
    let asked = json!({ "generated_subtitles": [{ "language_code": "en", "name": "English" }] });
    session
        .call(
            Method::POST,
            &format!("{path}/{ready}/generate-subtitles"),
            Some(asked),
        )
        .await;
    for _ in 0..2 {
        session
            .call(Method::DELETE, &format!("{path}/{ready}"), None)
            .await;
    }
}

/// Has `provider record` ask the provider: the map reads the cassette, which holds none of its credentials and ids.
async fn record_cassette(session: &Session) {
    let cassette = session.scratch.path().join("cassette.toml");
    let run = async |args: &[&str], variables: &BTreeMap<String, String>| {
        let out = tokio::process::Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
            .arg("provider")
            .args(args)
            .arg(&cassette)
            .env_clear()
            .envs(variables)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{args:?}: {said}");
        String::from_utf8(out.stdout).unwrap()
    };
    run(&["record", "local", "--out"], &session.credentials).await;
    let text = std::fs::read_to_string(&cassette).unwrap();
    for (name, value) in &session.credentials {
        assert!(!text.contains(value.as_str()), "{name} in {text}");
    }
    for answer in session.answers.lock().unwrap().iter() {
        if let Some(id) = answer.body["data"]["id"].as_str() {
            assert!(!text.contains(id), "{id} in {text}");
        }
    }
    let report = run(&["test", "local", "--json", "--cassette"], &BTreeMap::new()).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    let read = report["answers"].as_array().unwrap();
    for action in [
        "check.credentials",
        "asset.list",
        "asset.get",
        "upload.get",
        "asset.find",
    ] {
        assert!(
            read.iter().any(|answer| answer["action"] == action),
            "no {action} in {text}"
        );
    }
}

/// Uploads in all their states, and every kind of refusal.
async fn uploads(session: &Session) {
    let made = session.call(Method::POST, "/uploads", Some(json!({}))).await;
    let id = made["data"]["id"].as_str().unwrap();
    session.get(&format!("/uploads/{id}")).await;
    session.get("/uploads?limit=1").await;
    let cancel = format!("/uploads/{id}/cancel");
    for _ in 0..2 {
        session.call(Method::PUT, &cancel, None).await;
    }
    session
        .call(Method::POST, "/uploads", Some(json!({ "timeout": 60 })))
        .await;
    session
        .call(Method::POST, "/uploads", Some(json!({ "timeout": 1 })))
        .await;
    session.get("/uploads/no").await;
    session.get(&format!("/uploads/{}", "a".repeat(44))).await;
    session
        .call(Method::POST, "/assets", Some(json!({ "inputs": [] })))
        .await;
    session.stranger_gets("/uploads").await;
}

/// What can be done with an asset.
async fn assets(session: &Session, asset: &Value) {
    let id = asset["id"].as_str().unwrap();
    let path = format!("/assets/{id}");
    let change = json!({ "passthrough": "changed", "meta": { "title": "Changed" } });
    session.call(Method::PATCH, &path, Some(change)).await;
    session
        .call(Method::PATCH, &path, Some(json!({ "thumbnail_time": 0.5 })))
        .await;
    session
        .call(Method::DELETE, &format!("{path}/thumbnail-time"), None)
        .await;
    session.get("/assets?limit=1").await;
    session.get("/assets?page=2&limit=2").await;
    let added = session
        .call(
            Method::POST,
            &format!("{path}/playback-ids"),
            Some(json!({ "policy": "public" })),
        )
        .await;
    let playback = added["data"]["id"].as_str().unwrap();
    session.get(&format!("{path}/playback-ids/{playback}")).await;
    session.get(&format!("/playback-ids/{playback}")).await;
    session
        .call(Method::DELETE, &format!("{path}/playback-ids/{playback}"), None)
        .await;
    session.get(&format!("/playback-ids/{playback}")).await;
    tracks(session, asset).await;
    let file = asset["static_renditions"]["files"][0]["id"].as_str().unwrap();
    let files = format!("{path}/static-renditions");
    for _ in 0..2 {
        session
            .call(Method::DELETE, &format!("{files}/{file}"), None)
            .await;
    }
    session
        .call(Method::POST, &files, Some(json!({ "resolution": "highest" })))
        .await;
    session.settle(id).await;
    session
        .call(Method::POST, &files, Some(json!({ "resolution": "270p" })))
        .await;
    session.call(Method::DELETE, &path, None).await;
    session.get(&path).await;
}

/// Every difference between answers and Mux's model.
fn answer_faults(model: &Model, answers: &[Answer]) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for Answer {
        method,
        url,
        status,
        body,
    } in answers
    {
        let about = format!(
            "{method} {} {status}",
            url.trim_start_matches("https://api.mux.com/video/v1")
        );
        let Some(operation) = model.operation(method.as_str(), url) else {
            faults.insert(format!("{about}: no call of the API"));
            continue;
        };
        match model.answer(operation, *status) {
            Some(definition) => {
                let found = model.faults(definition, body, Rule::OurAnswer);
                faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
            }
            None if body.is_null() => {}
            None => drop(faults.insert(format!("{about}: no body is expected"))),
        }
    }
    faults.into_iter().collect()
}

/// Every difference between events and Mux's model.
fn event_faults(model: &Model, events: &[Value]) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for event in events {
        let about = event["type"].as_str().unwrap_or_default();
        match model.event(event) {
            Some(definition) => {
                let found = model.faults(definition, event, Rule::OurAnswer);
                faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
            }
            None => drop(faults.insert(format!("{about}: no such event"))),
        }
    }
    faults.into_iter().collect()
}
