//! Maps that must not load: each is refused in one line that names file, table, key and what is wrong.

use crate::support::{MINIMAL, Vars, load, rsa_pem, vars};

/// The smallest map with everything in it that the tests break.
pub(crate) fn full() -> String {
    let signed = r#"hls = { public = "https://cdn.example/{playback_id}.m3u8", signed = "https://cdn.example/{playback_id}.m3u8?token={token.play}" }"#;
    let jwt = r#"
[vars]
kid = "k1"
[playback.sign]
kind = "jwt"
algorithm = "RS256"
key = "{secrets.sign}"
header = { kid = "{vars.kid}" }
claims = { sub = "{playback_id}", exp = "{expires}" }
tokens = { play = { aud = "v" } }
[webhook.verify]
kind = "hmac"
secret = "{secrets.webhook}"
header = "X-Signature"
format = { kind = "pairs", signature = ["v1"], timestamp = "t" }
message = "{timestamp}.{body}"
[webhook.event]
id = "/id"
fields = { asset_id = "/asset" }
[[webhook.on]]
when = { "/type" = "ready" }
emit = "ready"
[asset.get]
method = "GET"
url = "https://api.example/assets/{asset_id}"
status = { at = "/status", map = { ok = "ready" } }
[thumbnail]
url = "https://img.example/{playback_id}.jpg"
"#;
    MINIMAL
        .replace("[secrets]\n", "[secrets]\nsign = \"${SIGN}\"\n")
        .replace("hls = \"https://cdn.example/{playback_id}.m3u8\"", signed)
        + jwt
}

pub(crate) fn env() -> Vars {
    vars([("KEY", "k"), ("WEBHOOK", "w"), ("SIGN", &rsa_pem())])
}

/// Loads the map with one place changed; gives the refusal.
fn broken(from: &str, to: &str) -> String {
    let map = full();
    assert!(map.contains(from), "nothing to break: {from}");
    let error = load(&map.replace(from, to), &env())
        .err()
        .map(|error| error.to_string());
    let error = error.unwrap_or_else(|| panic!("the map loads with {to}"));
    assert!(
        error.starts_with("test.toml: ") && !error.contains('\n'),
        "{error}"
    );
    assert!(!error.contains("BEGIN"), "{error}");
    error
}

#[track_caller]
fn refused(from: &str, to: &str, says: &[&str]) {
    let error = broken(from, to);
    for part in says {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn the_whole_map_loads() {
    assert!(
        load(&full(), &env()).is_ok(),
        "{:?}",
        load(&full(), &env()).err().map(|error| error.to_string())
    );
}

#[test]
fn an_unknown_key() {
    refused(
        "protocol = \"put\"",
        "protocol = \"put\"\ncolour = \"red\"",
        &["[upload.client] colour:", "allowed: protocol, url"],
    );
    refused(
        "[api]",
        "[weather]\nsun = 1\n[api]",
        &["weather:", "unknown key", "playback"],
    );
}

#[test]
fn a_code_of_an_error_that_is_not_in_the_list() {
    let fields = "fields = { asset_id = \"/asset\"";
    refused(
        fields,
        &format!("{fields}, error_code = {{ at = \"/why\", map = {{ bad = \"odd\" }} }}"),
        &[
            "[webhook.event.fields] error_code:",
            "bad: \"odd\" is no code of an error",
            "unsupported_file, corrupt_file, no_video",
        ],
    );
}

#[test]
fn a_code_of_the_provider_with_two_meanings() {
    let fields = "fields = { asset_id = \"/asset\" }";
    let two = "fields = { asset_id = \"/asset\", error_code = { at = \"/why\", map = { bad = \"too_long\" } } }\n\
               [[webhook.on]]\nwhen = { \"/type\" = \"broken\" }\nemit = \"errored\"\n\
               fields = { error_code = { at = \"/other\", map = { bad = \"no_video\" } } }";
    refused(fields, two, &["error_code", "\"bad\"", "too_long", "no_video"]);
}

#[test]
fn an_unknown_filter() {
    refused(
        "\"{upload_url}\"",
        "\"{upload_url|upper}\"",
        &["[upload.client] url:", "`upper`", "last_segment"],
    );
}

#[test]
fn a_placeholder_that_is_not_available_there() {
    refused(
        "assets/{asset_id}",
        "assets/{title}",
        &["[asset.get] url:", "{title} is not available", "asset_id"],
    );
    refused(
        "api.example/uploads",
        "api.example/{upload_id}",
        &["[upload.steps.1] url:", "{upload_id}"],
    );
    refused(
        "{playback_id}.jpg",
        "{token.play}{nobody}.jpg",
        &["[thumbnail] url:", "{nobody} is not known"],
    );
    refused(
        "{ aud = \"v\" }",
        "{ aud = \"{owner}\" }",
        &["[playback.sign.tokens] play:", "{owner}"],
    );
    refused(
        "https://cdn.example/{playback_id}.m3u8\", signed",
        "https://cdn.example/{token.play}\", signed",
        &["[playback.urls.hls] public:"],
    );
}

#[test]
fn a_secret_in_a_url() {
    let says = ["{secrets.key} must never stand here"];
    refused(
        "/assets/{asset_id}",
        "/assets/{asset_id}?key={secrets.key}",
        &says,
    );
    refused("{playback_id}.jpg", "{playback_id}.jpg?{secrets.key}", &says);
    refused("?token={token.play}", "?token={secrets.key}", &says);
}

#[test]
fn a_secret_in_a_claim() {
    refused(
        "{ aud = \"v\" }",
        "{ aud = \"{secrets.key}\" }",
        &["[playback.sign.tokens] play:", "must never"],
    );
    refused(
        "{ kid = \"{vars.kid}\" }",
        "{ kid = \"{secrets.key}\" }",
        &["[playback.sign] header:", "must never"],
    );
}

#[test]
fn a_secret_for_the_client() {
    let to = "url = \"{upload_url}\"\nheaders = { X-Key = \"{secrets.key}\" }";
    refused(
        "url = \"{upload_url}\"",
        to,
        &["[upload.client.headers] X-Key:", "must never"],
    );
}

#[test]
fn a_secret_for_an_address_that_the_provider_gave() {
    let second = "[upload.client]";
    let step = "[[upload.steps]]\nmethod = \"PUT\"\nurl = \"{upload_url}\"\nheaders = { X = \"{secrets.key}\" }\n[upload.client]";
    refused(second, step, &["[upload.steps.2.headers] X:", "must never"]);
}

#[test]
fn a_timestamp_that_is_not_signed() {
    refused(
        "\"{timestamp}.{body}\"",
        "\"{body}\"",
        &["[webhook.verify] timestamp:", "protects nothing"],
    );
    refused(
        "\"{timestamp}.{body}\"",
        "\"{timestamp}\"",
        &["[webhook.verify] message:", "{body}"],
    );
}

#[test]
fn a_token_without_an_end_or_a_video() {
    refused(
        ", exp = \"{expires}\"",
        "",
        &["[playback.sign.tokens] play:", "binds no expiry"],
    );
    refused(
        "sub = \"{playback_id}\"",
        "sub = \"x\"",
        &["[playback.sign.tokens] play:", "binds no video"],
    );
}

#[test]
fn an_unknown_emit() {
    refused(
        "emit = \"ready\"",
        "emit = \"happy\"",
        &["[webhook.on.1] emit:", "`happy`", "ready", "ignore"],
    );
}

#[test]
fn a_bad_pointer() {
    refused(
        "id = \"/id\"\n",
        "id = \"id\"\n",
        &["[webhook.event] id:", "must begin with `/`"],
    );
    refused(
        "id = \"/id\"\n",
        "id = \"/a~2\"\n",
        &["[webhook.event] id:", "~0"],
    );
    refused(
        "id = \"/id\"\n",
        "id = \"/a/[b]/c\"\n",
        &["[webhook.event] id:", "[key=value]"],
    );
}

#[test]
fn a_missing_required_capture() {
    refused(
        "upload_id = \"/id\", asset_id = \"/asset\", ",
        "",
        &["[upload] steps:", "upload_id or asset_id"],
    );
    refused("playback_id = \"/play\", ", "", &["[playback]", "playback_id"]);
    refused(
        "upload_url = \"/url\"",
        "other = \"/url\"",
        &["[upload.client] url:", "{upload_url}"],
    );
}

#[test]
fn a_value_that_can_be_missing() {
    let to = "url = \"https://api.example/uploads\"\nheaders = { X-Title = \"{title}\" }";
    let from = "url = \"https://api.example/uploads\"";
    refused(from, to, &["[upload.steps.1.headers] X-Title:", "default:"]);
    let to = "url = \"https://api.example/uploads\"\nbody = { name = \"clip {title}\" }";
    refused(from, to, &["[upload.steps.1] body:", "default:"]);
}

#[test]
fn an_unknown_algorithm() {
    refused(
        "\"RS256\"",
        "\"none\"",
        &[
            "[playback.sign] algorithm:",
            "`none`",
            "RS256, ES256, EdDSA, HS256",
        ],
    );
}

#[test]
fn a_key_of_the_wrong_kind() {
    refused(
        "\"RS256\"",
        "\"ES256\"",
        &["[playback.sign] key:", "ES256 needs a P-256"],
    );
    refused("\"RS256\"", "\"HS256\"", &["[playback.sign] key:", "wrong kind"]);
    refused(
        "key = \"{secrets.sign}\"",
        "key = \"{secrets.key}\"",
        &["[playback.sign] key:", "PEM"],
    );
}

#[test]
fn addresses_whose_host_a_value_would_choose() {
    for url in [
        "{video_id}",
        "https://{video_id}.example/",
        "https://api.example{video_id}",
        "ftp://api.example/",
        "/uploads",
    ] {
        refused(
            "\"https://api.example/uploads\"",
            &format!("\"{url}\""),
            &["[upload.steps.1] url:"],
        );
    }
    refused(
        "example/uploads",
        "example/uploads/{owner|raw}",
        &["[upload.steps.1] url:", "`raw` is refused"],
    );
    refused(
        "https://api.example/uploads",
        "https://user:pw@api.example/uploads",
        &["password"],
    );
}

#[test]
fn names_that_are_taken() {
    refused(
        "upload_url = \"/url\"",
        "upload_url = \"/url\", title = \"/t\"",
        &["[upload.steps.1.take] title:", "built-in"],
    );
}

#[test]
fn what_every_map_must_have() {
    for (from, says) in [
        (
            "auth = { kind = \"bearer\", token = \"{secrets.key}\" }",
            "[api] auth:",
        ),
        ("protocol = \"put\"\n", "[upload.client] protocol:"),
        ("header = \"X-Signature\"\n", "[webhook.verify] header:"),
        ("secret = \"{secrets.webhook}\"\n", "[webhook.verify] secret:"),
    ] {
        refused(from, "", &[says, "missing and required"]);
    }
    refused(
        "hls = {",
        "dash = {",
        &["[playback.urls] hls:", "missing and required"],
    );
    refused(
        "[[webhook.on]]\nwhen = { \"/type\" = \"ready\" }\nemit = \"ready\"",
        "",
        &["[webhook] on:"],
    );
}
