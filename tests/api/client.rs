//! The scripts of the client and the files of the page, as browsers ask for them.

use yourbit_video::config::load;

use crate::support::{Db, TestApp, environment};

/// GET with these headers, and nothing decoded: the headers of the answer and the length of its body.
async fn fetch(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> (reqwest::Response, String) {
    let url = format!("{}{path}", app.url);
    let request = headers
        .iter()
        .fold(app.client.get(&url), |request, (name, value)| {
            request.header(*name, *value)
        });
    (request.send().await.unwrap(), url)
}

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The address below the digest that a script of the client hands on.
async fn target(app: &TestApp, name: &str) -> String {
    let (answer, _) = fetch(app, &format!("/client/v1/{name}"), &[]).await;
    let text = answer.text().await.unwrap();
    let path = text.split('\'').nth(1).unwrap_or_else(|| panic!("{text}"));
    format!("/client/v1/{}", path.strip_prefix("./").unwrap())
}

#[tokio::test]
async fn a_page_of_any_origin_imports_the_client_by_an_address_that_stays() {
    let app = TestApp::start(Db::Sqlite).await;
    for name in ["upload.js", "player.js"] {
        let origin = [("origin", "https://app.example.com")];
        let (entry, _) = fetch(&app, &format!("/client/v1/{name}"), &origin).await;
        assert_eq!(entry.status(), 200);
        assert_eq!(header(&entry, "cache-control"), "no-cache");
        let etag = header(&entry, "etag").to_owned();
        let (again, _) = fetch(&app, &format!("/client/v1/{name}"), &[("if-none-match", &etag)]).await;
        assert_eq!(again.status(), 304);
        for answer in [&entry, &again] {
            assert_eq!(header(answer, "access-control-allow-origin"), "*");
            assert_eq!(header(answer, "cross-origin-resource-policy"), "cross-origin");
            assert_eq!(header(answer, "access-control-allow-credentials"), "");
        }

        let path = target(&app, name).await;
        let (plain, _) = fetch(&app, &path, &origin).await;
        assert_eq!(plain.status(), 200, "{path}");
        assert!(header(&plain, "cache-control").contains("immutable"), "{path}");
        assert_eq!(header(&plain, "access-control-allow-origin"), "*");
        assert_eq!(header(&plain, "x-content-type-options"), "nosniff");
        assert!(header(&plain, "content-type").starts_with("text/javascript"));
        let length = plain.bytes().await.unwrap().len();
        for encoding in ["br", "gzip"] {
            let (packed, _) = fetch(&app, &path, &[("accept-encoding", encoding)]).await;
            assert_eq!(header(&packed, "content-encoding"), encoding);
            assert_eq!(header(&packed, "vary"), "Accept-Encoding");
            let packed = packed.bytes().await.unwrap().len();
            assert!(packed * 2 < length, "{path}: {packed} of {length} bytes");
        }
    }
}

#[tokio::test]
async fn a_file_of_another_release_is_answered_and_not_kept() {
    let app = TestApp::start(Db::Sqlite).await;
    let path = target(&app, "upload.js").await;
    let other = format!("/client/v1/0123456789abcdef/{}", path.rsplit('/').next().unwrap());
    let (answer, _) = fetch(&app, &other, &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    for missing in [
        "/client/v1/nothing.js",
        "/client/v1/0123456789abcdef/nothing.js",
        "/client/v1/0123456789abcdef/..%2f..%2fCargo.toml",
        "/client/v1/0123456789abcde/upload.js",
        "/client/v2/upload.js",
    ] {
        let (answer, url) = fetch(&app, missing, &[]).await;
        assert_eq!(answer.status(), 404, "{url}");
        assert_eq!(
            header(&answer, "content-type"),
            "application/problem+json",
            "{url}"
        );
    }
    let refused = app
        .client
        .post(format!("{}/client/v1/upload.js", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 405);
}

#[tokio::test]
async fn the_client_can_be_switched_off() {
    let off = [("VIDEO_HTTP__CLIENT", "false"), ("VIDEO_HTTP__CONSOLE", "false")];
    let app = TestApp::with(Db::Sqlite, &off).await;
    for path in ["/client/v1/upload.js", "/"] {
        assert_eq!(fetch(&app, path, &[]).await.0.status(), 404, "{path}");
    }
}

/// The faults of settings with these variables.
fn faults(more: &[(&str, &str)]) -> String {
    let env = environment("sqlite::memory:", "http://127.0.0.1:1", more);
    load(None, &env).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn the_page_needs_the_client() {
    let fault = faults(&[("VIDEO_HTTP__CLIENT", "false")]);
    assert!(fault.contains("VIDEO_HTTP__CLIENT"), "{fault}");
    assert!(fault.contains("set http.console to false as well"), "{fault}");
}

#[test]
fn the_settings_of_a_player_from_elsewhere_are_refused() {
    let fault = faults(&[("VIDEO_CONSOLE__HLS_JS_URL", "https://cdn.example.com/hls.js")]);
    assert!(fault.contains("VIDEO_CONSOLE__HLS_JS_URL"), "{fault}");

    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("video.toml");
    std::fs::write(&file, "[console]\nhls_js_integrity = \"sha384-x\"\n").unwrap();
    let env = environment("sqlite::memory:", "http://127.0.0.1:1", &[]);
    let fault = load(Some(&file), &env).unwrap_err().to_string();
    assert!(fault.contains("console"), "{fault}");
}
