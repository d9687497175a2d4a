//! Sources and callers that mean harm: each is refused or bounded, and the asset says plainly why.
//!
//! Names are resolved by the test: 127.0.0.1 counts as public, and 127.0.0.2 is somebody's inside, where a victim listens.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use yourbit_video::{
    clock::Clock,
    local::{FetchOptions, Network},
};

use crate::{
    ingest::{asset_of, fetching, open_rules, originals, padded, settled},
    support::{
        Provider, clips, eventually,
        source::{Asked, Source, Wire, resolved},
    },
};

/// Rules of the internet as the test has it, with these hosts to redirect to.
fn closed_rules(
    hosts: &[&str],
    names: impl Fn(&str) -> Vec<&'static str> + Send + Sync + 'static,
) -> FetchOptions {
    let mut rules = open_rules();
    rules.ingest.allow_private = false;
    rules.ingest.allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    rules.network = Network::new(
        move |host| resolved(&names(&host)),
        |address| address == IpAddr::V4(Ipv4Addr::LOCALHOST),
    );
    rules
}

/// `outer.test` is public, `inner.test` is inside.
fn usual_names(host: &str) -> Vec<&'static str> {
    match host {
        "outer.test" => vec!["127.0.0.1"],
        "inner.test" => vec!["127.0.0.2"],
        _ => vec![],
    }
}

/// A server inside, which nobody may reach. At the port of another one where it is given.
async fn victim(port: u16) -> Source {
    Source::start_at(
        &format!("127.0.0.2:{port}"),
        |_, asked: Asked, wire: Wire| async move {
            wire.give(&std::fs::read(clips::silent(2)).unwrap(), &asked).await;
        },
    )
    .await
}

/// Code and message of an asset that errored. It tells nothing of its URL, and nothing of the file is left.
async fn refused(provider: &Provider, id: &str) -> (String, String) {
    let asset = settled(provider, id).await;
    assert_eq!(asset["status"], "errored", "{asset}");
    assert_eq!(asset["errors"]["type"], "invalid_input");
    let event = provider.inbox.first("video.asset.errored").await;
    let told = format!("{asset}{event}");
    assert!(!told.contains("secret") && !told.contains(".test"), "{told}");
    let error = &asset["errors"];
    (
        error["code"].as_str().unwrap().to_owned(),
        error["messages"][0].as_str().unwrap().to_owned(),
    )
}

/// Has a provider fetch `url`, which it does not get; why.
async fn refusal(rules: FetchOptions, url: &str) -> (String, String) {
    let provider = fetching(rules).await;
    let id = asset_of(&provider, url).await;
    let why = refused(&provider, &id).await;
    eventually("nothing is kept", async || {
        originals(provider.dir()).is_empty().then_some(())
    })
    .await;
    why
}

async fn is_unreachable(rules: FetchOptions, url: &str, says: &str) {
    let (code, message) = refusal(rules, url).await;
    assert_eq!(code, "source_unreachable", "{message}");
    assert!(message.contains(says), "{message}");
}

#[tokio::test]
async fn addresses_inside_are_refused_however_they_are_spelt() {
    let mut rules = open_rules();
    rules.ingest.allow_private = false;
    let provider = fetching(rules).await;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[2001:0:7f00:1::1]",
    ] {
        let body = json!({ "inputs": [{ "url": format!("http://{host}/secret") }] });
        let (status, answer) = provider.api(Method::POST, "/assets", Some(body)).await;
        assert_eq!(status, 400, "{host}: {answer}");
        let message = answer["error"]["messages"][0].as_str().unwrap();
        assert!(message.contains("private address"), "{host}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_plain_https_url_is_refused() {
    let mut rules = open_rules();
    rules.ingest.allow_http = false;
    let provider = fetching(rules).await;
    for (url, says) in [
        ("http://outer.test/a", "https://"),
        ("file:///etc/passwd", "https://"),
        ("https://user:secret@outer.test/a", "user name or password"),
        ("https://outer.test/a#secret", "fragment"),
        ("outer.test/a", "URL"),
        ("https:///a b", "URL"),
    ] {
        let body = json!({ "inputs": [{ "url": url }] });
        let (status, answer) = provider.api(Method::POST, "/assets", Some(body)).await;
        let message = answer["error"]["messages"][0].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(says), "{url}: {answer}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_a_connection() {
    let victim = victim(0).await;
    let url = format!("http://inner.test:{}/secret", victim.address.port());
    is_unreachable(closed_rules(&["*"], usual_names), &url, "private address").await;
    // The system's own resolver, and the real table of addresses.
    let mut rules = open_rules();
    rules.ingest.allow_private = false;
    let near = Source::of(vec![1]).await;
    let url = format!("http://localhost:{}/secret", near.address.port());
    is_unreachable(rules, &url, "private address").await;
    assert_eq!((victim.count(), near.count()), (0, 0), "nobody was asked");
}

#[tokio::test]
async fn a_redirect_inside_is_not_followed() {
    let victim = victim(0).await;
    let port = victim.address.port();
    for to in [
        format!("http://127.0.0.2:{port}/secret"),
        format!("http://0x7f.2:{port}/secret"),
        format!("http://[::ffff:127.0.0.2]:{port}/secret"),
        format!("http://inner.test:{port}/secret"),
    ] {
        let source = Source::start(move |_, _, wire: Wire| {
            let to = to.clone();
            async move { wire.redirect(&to).await }
        })
        .await;
        let url = format!("http://outer.test:{}/secret", source.address.port());
        is_unreachable(closed_rules(&["*"], usual_names), &url, "private address").await;
        assert_eq!(source.count(), 1);
    }
    assert_eq!(victim.count(), 0, "nobody asked it");
}

#[tokio::test]
async fn a_redirect_elsewhere_is_followed_where_it_is_listed_and_carries_nothing() {
    let target = Source::of(std::fs::read(clips::silent(2)).unwrap()).await;
    let to = format!("http://other.test:{}/b?token=2", target.address.port());
    let source = Source::start(move |_, asked: Asked, wire: Wire| {
        let to = to.clone();
        async move {
            match asked.path.as_str() {
                "/start?secret=1" => {
                    let headers = [("location", "/next"), ("set-cookie", "session=1; Path=/")];
                    wire.answer("307 Temporary Redirect", &headers, b"").await;
                }
                _ => wire.redirect(&to).await,
            }
        }
    })
    .await;
    let url = format!("http://outer.test:{}/start?secret=1", source.address.port());
    let names = |_: &str| vec!["127.0.0.1"];
    for hosts in [&[][..], &["*.other.test"], &["more.test"]] {
        is_unreachable(closed_rules(hosts, names), &url, "ingest.allowed_hosts").await;
    }
    assert_eq!(target.count(), 0);
    let provider = fetching(closed_rules(&["other.test"], names)).await;
    let id = asset_of(&provider, &url).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    for asked in [&source.asked()[..], &target.asked()[..]].concat() {
        for absent in ["cookie", "referer", "authorization"] {
            assert_eq!(asked.headers.get(absent), None, "{absent}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_what_is_no_file_of_the_web_is_refused() {
    for (to, says) in [
        ("file:///etc/passwd", "scheme"),
        ("ftp://outer.test/a", "scheme"),
        ("data:video/mp4;base64,AAAA", "scheme"),
        ("http://user:secret@outer.test/", "user name"),
        ("http://", "no URL"),
    ] {
        let source = Source::start(move |_, _, wire: Wire| async move { wire.redirect(to).await }).await;
        let url = format!("http://outer.test:{}/", source.address.port());
        is_unreachable(closed_rules(&["*"], usual_names), &url, says).await;
    }
    let source =
        Source::start(|_, _, wire: Wire| async move { wire.answer("301 Moved", &[], b"").await }).await;
    is_unreachable(open_rules(), &source.url("/"), "nowhere").await;
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let source = Source::start(|_, _, wire: Wire| async move { wire.redirect("/again").await }).await;
    is_unreachable(open_rules(), &source.url("/"), "more than 3 times").await;
    assert_eq!(source.count(), 4);
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let file = Arc::new(padded(4));
    let source = Source::start(move |_, _, mut wire: Wire| {
        let file = file.clone();
        async move {
            let length = file.len().to_string();
            wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", &length)])
                .await;
            wire.send(&file[..2 << 20]).await;
        }
    })
    .await;
    let victim = victim(source.address.port()).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    // The first answer is public, every other one is not.
    let names = move |_: &str| match count.fetch_add(1, Ordering::SeqCst) {
        0 => vec!["127.0.0.1"],
        _ => vec!["127.0.0.2"],
    };
    let url = format!("http://outer.test:{}/secret", source.address.port());
    is_unreachable(closed_rules(&[], names), &url, "private address").await;
    assert_eq!((source.count(), victim.count()), (1, 0));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "each connection resolves anew");
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_tried() {
    let source = Source::of(std::fs::read(clips::silent(2)).unwrap()).await;
    let victim = victim(source.address.port()).await;
    let names = |_: &str| vec!["127.0.0.2", "127.0.0.1"];
    let provider = fetching(closed_rules(&[], names)).await;
    let id = asset_of(
        &provider,
        &format!("http://outer.test:{}/", source.address.port()),
    )
    .await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert_eq!((source.count(), victim.count()), (1, 0));
}

/// A source that never ends.
async fn endless(head: &'static [(&'static str, &'static str)]) -> Source {
    Source::start(move |_, _, mut wire: Wire| async move {
        wire.head("200 OK", head).await;
        let is_chunked = head.contains(&("transfer-encoding", "chunked"));
        let mut piece = vec![7; 1 << 16];
        if is_chunked {
            piece = [b"10000\r\n".to_vec(), piece, b"\r\n".to_vec()].concat();
        }
        while wire.send(&piece).await {}
    })
    .await
}

#[tokio::test]
async fn a_body_without_an_end_is_bounded() {
    let small = |settings: &mut yourbit_video::config::Local| settings.max_bytes = 4 << 20;
    for head in [&[][..], &[("transfer-encoding", "chunked")]] {
        let source = endless(head).await;
        let provider = Provider::start_fetching(small, open_rules(), Clock::system()).await;
        let id = asset_of(&provider, &source.url("/secret")).await;
        let (code, message) = refused(&provider, &id).await;
        assert_eq!(code, "too_large");
        assert!(message.contains("4194304 bytes"), "{message}");
        assert_eq!(source.count(), 1, "it is not asked again");
        eventually("nothing is kept", async || {
            originals(provider.dir()).is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_that_says_it_is_too_large_is_not_begun() {
    let source = endless(&[("content-length", "1000000000000")]).await;
    let (code, message) = refusal(open_rules(), &source.url("/secret")).await;
    assert_eq!(code, "too_large", "{message}");
    // The caller's own limit.
    let source = Source::of(padded(1)).await;
    let provider = fetching(open_rules()).await;
    let body = json!({ "inputs": [{ "url": source.url("/") }], "max_bytes": 1 << 20 });
    let (_, made) = provider.api(Method::POST, "/assets", Some(body)).await;
    let (code, message) = refused(&provider, made["data"]["id"].as_str().unwrap()).await;
    assert_eq!(code, "too_large");
    assert!(message.contains("1048576 bytes"), "{message}");
}

#[tokio::test]
async fn an_owner_cannot_fetch_beyond_its_share() {
    let source = endless(&[]).await;
    let small = |settings: &mut yourbit_video::config::Local| settings.max_bytes_per_owner = 2 << 20;
    let provider = Provider::start_fetching(small, open_rules(), Clock::system()).await;
    let body = json!({ "inputs": [{ "url": source.url("/") }], "meta": { "creator_id": "owner" } });
    let (status, made) = provider.api(Method::POST, "/assets", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let (code, message) = refused(&provider, made["data"]["id"].as_str().unwrap()).await;
    assert_eq!(code, "too_large");
    assert!(message.contains("2097152"), "{message}");
}

#[tokio::test]
async fn slow_sources_are_given_up() {
    let drips = async |mut wire: Wire| {
        wire.head("200 OK", &[]).await;
        while wire.send("x").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let stalls = async |mut wire: Wire| {
        wire.head("200 OK", &[("content-length", "100")]).await;
        wire.send("x").await;
        wire.hang().await;
    };
    let says_nothing = async |wire: Wire| wire.hang().await;
    let endless_head = async |mut wire: Wire| {
        wire.send("HTTP/1.1 200 OK\r\n").await;
        while wire.send("x-more: and more\r\n").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let huge_head = async |mut wire: Wire| {
        wire.send("HTTP/1.1 200 OK\r\nx-huge: ").await;
        while wire.send(vec![b'x'; 1 << 16]).await {}
    };
    for (name, says) in [
        ("drips", "too slow"),
        ("stalls", "stopped sending"),
        ("says nothing", "did not answer in time"),
        ("endless head", "did not answer in time"),
        ("huge head", "broke off"),
    ] {
        let source = Source::start(move |_, _, wire: Wire| async move {
            match name {
                "drips" => drips(wire).await,
                "stalls" => stalls(wire).await,
                "says nothing" => says_nothing(wire).await,
                "endless head" => endless_head(wire).await,
                _ => huge_head(wire).await,
            }
        })
        .await;
        let mut rules = open_rules();
        match name {
            "drips" => rules.times.window = Duration::from_millis(50),
            "stalls" => rules.times.stall = Duration::from_millis(50),
            "huge head" => {}
            _ => rules.times.head = Duration::from_millis(50),
        }
        is_unreachable(rules, &source.url("/secret"), says).await;
        assert_eq!(source.count(), 8, "{name}: tries are bounded");
    }
}

#[tokio::test]
async fn all_tries_together_have_an_end() {
    let source = Source::start(|_, _, wire: Wire| async move {
        wire.answer("503 Service Unavailable", &[("retry-after", "1000")], b"")
            .await;
    })
    .await;
    let clock = Clock::frozen(Clock::system().now());
    let provider = Provider::start_fetching(|_| {}, open_rules(), clock.clone()).await;
    let id = asset_of(&provider, &source.url("/secret")).await;
    eventually("it was asked", async || (source.count() == 1).then_some(())).await;
    // Why again and again: the time of the next try is written after the answer came.
    eventually("it ends", async || {
        clock.advance(chrono::Duration::hours(12));
        let asset = provider.data(&format!("/assets/{id}")).await;
        (asset["status"] == "errored").then_some(())
    })
    .await;
    let (code, message) = refused(&provider, &id).await;
    assert_eq!(code, "source_unreachable");
    assert!(message.contains("within the time"), "{message}");
    assert_eq!(source.count(), 1);
}

#[tokio::test]
async fn a_try_that_goes_on_and_on_has_an_end() {
    let source = Source::start(|_, _, mut wire: Wire| async move {
        wire.head("200 OK", &[]).await;
        while wire.send("x").await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut rules = open_rules();
    rules.times.whole = Duration::from_secs(1);
    is_unreachable(rules, &source.url("/secret"), "within the time").await;
}

#[tokio::test]
async fn wrong_lengths_are_noticed() {
    // Fewer bytes than it says, each time.
    let source = Source::start(|_, _, mut wire: Wire| async move {
        wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", "1000")])
            .await;
        wire.send(vec![1; 100]).await;
    })
    .await;
    is_unreachable(open_rules(), &source.url("/secret"), "broke off").await;
    assert_eq!(source.count(), 8);
    // A part where the whole was asked for.
    let source = Source::start(|_, _, wire: Wire| async move {
        let headers = [("content-range", "bytes 0-99/1000")];
        wire.answer("206 Partial Content", &headers, &[1; 100]).await;
    })
    .await;
    is_unreachable(open_rules(), &source.url("/"), "a part of the file").await;
    // What is no number.
    let source = Source::start(|_, _, mut wire: Wire| async move {
        wire.head("200 OK", &[("content-length", "-5")]).await;
    })
    .await;
    is_unreachable(open_rules(), &source.url("/"), "broke off").await;
    let source = Source::of(Vec::new()).await;
    let (code, message) = refusal(open_rules(), &source.url("/")).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("corrupt_file", "The file is empty")
    );
}

#[tokio::test]
async fn bytes_behind_the_length_that_was_said_are_not_taken() {
    let file = Arc::new(std::fs::read(clips::silent(2)).unwrap());
    let given = file.clone();
    let source = Source::start(move |number, asked: Asked, mut wire: Wire| {
        let file = given.clone();
        async move {
            if number == 0 {
                let length = file.len().to_string();
                wire.head("200 OK", &[("content-length", &length)]).await;
                wire.send(&file[..]).await;
                wire.send(vec![7; 1 << 20]).await;
                wire.end().await;
            } else {
                wire.give(&file, &asked).await;
            }
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/")).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert!(originals(provider.dir()) == [file.to_vec()]);
}

#[tokio::test]
async fn more_bytes_than_the_range_says_are_not_taken() {
    let file = Arc::new(padded(4));
    let given = file.clone();
    let source = Source::start(move |number, asked: Asked, mut wire: Wire| {
        let file = given.clone();
        async move {
            match (number, asked.range()) {
                (0, _) => {
                    let length = file.len().to_string();
                    wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", &length)])
                        .await;
                    wire.send(&file[..3 << 20]).await;
                }
                (1, Some(start)) => {
                    let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
                    let headers = [("content-range", range.as_str()), ("etag", "\"v1\"")];
                    wire.head("206 Partial Content", &headers).await;
                    wire.send(&file[start..]).await;
                    // Without an end: they must not be waited for either.
                    while wire.send(vec![7; 1 << 16]).await {}
                }
                _ => wire.give(&file, &asked).await,
            }
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/")).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert!(
        originals(provider.dir()) == [file.to_vec()],
        "byte for byte the source"
    );
}

#[tokio::test]
async fn packed_bodies_are_refused() {
    let source = Source::start(|_, asked: Asked, wire: Wire| async move {
        assert_eq!(asked.headers["accept-encoding"], "identity");
        // Ten megabytes of zeros are ten kilobytes here: nobody unpacks them.
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut bomb, &vec![0; 10 << 20]).unwrap();
        let body = bomb.finish().unwrap();
        wire.answer("200 OK", &[("content-encoding", "gzip")], &body)
            .await;
    })
    .await;
    is_unreachable(open_rules(), &source.url("/secret"), "compressed").await;
}

#[tokio::test]
async fn what_is_no_video_is_an_error_and_a_playlist_is_never_followed() {
    let victim = victim(0).await;
    let other = clips::usual();
    let address = format!("http://{}/a.ts", victim.address);
    let hls = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXTINF:5,\nfile://{0}\n#EXTINF:5,\n{0}\n#EXT-X-ENDLIST\n",
        other.display()
    );
    let concat = format!("ffconcat version 1.0\nfile '{}'\n", other.display());
    let dash = format!(
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><Period><AdaptationSet \
         mimeType=\"video/mp4\"><Representation id=\"1\"><BaseURL>{address}</BaseURL></Representation></AdaptationSet>\
         </Period></MPD>"
    );
    let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"{address}\"/></svg>");
    for body in [
        hls,
        concat,
        dash,
        svg,
        "<!doctype html><title>Sign in</title>".to_owned(),
        "no video".to_owned(),
    ] {
        let given = body.clone();
        let source = Source::start(move |_, _, wire: Wire| {
            let body = given.clone();
            async move {
                let headers = [("content-type", "application/vnd.apple.mpegurl")];
                wire.answer("200 OK", &headers, body.as_bytes()).await;
            }
        })
        .await;
        let provider = fetching(open_rules()).await;
        let id = asset_of(&provider, &source.url("/list.m3u8?secret=1")).await;
        let asset = settled(&provider, &id).await;
        assert_eq!(asset["status"], "errored", "{body}: {asset}");
        let code = asset["errors"]["code"].as_str().unwrap();
        assert!(
            ["unsupported_file", "corrupt_file", "no_video"].contains(&code),
            "{body}: {asset}"
        );
        assert!(
            provider.inbox.of("video.upload.errored").is_empty(),
            "nobody knows of its upload"
        );
    }
    assert_eq!(victim.count(), 0, "nothing followed the playlist");
}

#[tokio::test]
async fn a_file_that_the_disk_has_no_room_for_is_put_off() {
    // More than any disk has: the head says so, and no byte of it is taken.
    let source = endless(&[("content-length", "4000000000000000000")]).await;
    let any_size = |settings: &mut yourbit_video::config::Local| settings.max_bytes = u64::MAX / 2;
    let clock = Clock::frozen(Clock::system().now());
    let provider = Provider::start_fetching(any_size, open_rules(), clock.clone()).await;
    let id = asset_of(&provider, &source.url("/")).await;
    // More often than a source may fail: a full disk is no fault of the source.
    for asked in 1..=10 {
        eventually("it is asked", async || (source.count() == asked).then_some(())).await;
        assert_eq!(
            provider.data(&format!("/assets/{id}")).await["status"],
            "preparing"
        );
        // Why again and again: the time of the next try is written after the answer came.
        eventually("it is asked again", async || {
            clock.advance(chrono::Duration::seconds(31));
            (source.count() > asked).then_some(())
        })
        .await;
    }
    assert!(originals(provider.dir()).is_empty());
}

#[tokio::test]
async fn a_full_disk_puts_a_fetch_off() {
    let source = Source::of(std::fs::read(clips::silent(2)).unwrap()).await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/")).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    let full = |settings: &mut yourbit_video::config::Local| settings.min_free_bytes = u64::MAX / 2;
    let provider = Provider::start_fetching(full, open_rules(), Clock::system()).await;
    let body = json!({ "inputs": [{ "url": source.url("/") }] });
    let (status, answer) = provider.api(Method::POST, "/assets", Some(body)).await;
    assert_eq!(status, 507, "{answer}");
    assert_eq!(provider.data("/assets").await, Value::Array(Vec::new()));
}
