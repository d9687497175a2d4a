//! What is refused of a track, and why; and the tickets by which providers fetch files.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};
use crate::tracks::PUBLIC;

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";

on_both! {
    async fn a_file_is_refused_with_its_line(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        for (media, file, line) in [
            ("text/vtt", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n\n00:00:05.000 --> broken\nNo\n", 6),
            ("text/vtt", "no header\n", 1),
            ("application/x-subrip", "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\n00:00:05,000 -> 00:00:06,000\nNo\n", 6),
        ] {
            let refused = app.send_file(&ids, media, "language=en", file).await.expect_problem(422, "invalid_body");
            let detail = refused["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.starts_with(&format!("line {line}")), "{detail}");
            assert_eq!(refused["errors"][0]["pointer"], "");
        }
        let latin = b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGr\xfc\xdfe\n".to_vec();
        let refused = app.send_file(&ids, "text/vtt", "language=de", latin).await.expect_problem(422, "invalid_body");
        assert!(refused["detail"].as_str().unwrap().starts_with("line 4"), "{refused}");
        assert_eq!(app.kept_files().await, 0);
    }
}

on_both! {
    async fn what_cannot_be_asked_for_is_said(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        for query in ["", "language=", "language=e", "language=en_US", "language=en&name=", "language=en&kind=audio", "language=en&x=1"] {
            app.send_file(&ids, "text/vtt", query, VTT).await.expect_problem(400, "invalid_request");
        }
        let long = format!("language=en&name={}", "x".repeat(101));
        app.send_file(&ids, "text/vtt", &long, VTT).await.expect_problem(400, "invalid_request");
        app.send_file(&ids, "text/vtt", "language=en&name=a%0Ab", VTT).await.expect_problem(400, "invalid_request");
        app.send_file(&ids, "text/plain", "language=en", VTT).await.expect_problem(415, "unsupported_media_type");
        let large = format!("{VTT}\nNOTE {}\n", "x".repeat(1024 * 1024));
        app.send_file(&ids, "text/vtt", "language=en", large).await.expect_problem(413, "payload_too_large");
        for (body, pointer) in [
            (json!({"language": "en"}), "/source_url"),
            (json!({"language": "e", "generate": true}), "/language"),
            (json!({"language": "en", "generate": true, "kind": "audio"}), "/kind"),
            (json!({"language": "en", "generate": true, "name": "a\nb"}), "/name"),
            (json!({"language": "en", "generate": true, "source_url": "https://a.example/x.vtt"}), "/generate"),
            (json!({"language": "en", "source_url": "https://a.example/x.vtt"}), "/source_url"),
            (json!({"language": "en", "generate": true, "x": 1}), "/x"),
        ] {
            let refused = app.ask_for_track(&ids, &body).await.expect_problem(422, "invalid_body");
            assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
        }
        let begun = Ids::of(&app.upload().await);
        app.send_file(&begun, "text/vtt", "language=en", VTT).await.expect_problem(409, "video_not_ready");
        let bob = app.token("bob", "");
        let path = format!("/v1/videos/{}/tracks", ids.video);
        app.post(&bob, &path, &json!({"language": "en", "generate": true})).await.expect_problem(404, "not_found");
        app.get(&bob, &path).await.expect_problem(404, "not_found");
        let sound = app.video(&json!(ids.video)).await["tracks"][0].clone();
        assert_eq!(sound["kind"], "audio");
        app.read_track(&ids, &sound["id"]).await.expect_problem(404, "not_found");
        app.drop_track(&ids, &json!("0199bbbb-0000-7000-8000-000000000000")).await.expect_problem(404, "not_found");
        assert_eq!((app.kept_files().await, app.mux.tracks_sent()), (0, 0));
    }
}

on_both! {
    async fn a_provider_that_cannot_reach_this_service_is_given_no_file(db: Db) {
        for url in ["http://video.example.com", "https://localhost", "https://127.0.0.1:8443", "https://10.0.0.1", "https://printer.local"] {
            let app = TestApp::with(db, &[("VIDEO_HTTP__PUBLIC_URL", url)]).await;
            let ids = app.video_with_sound().await;
            let refused = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect_problem(409, "not_supported");
            assert!(refused["detail"].as_str().unwrap().contains("http.public_url"), "{refused}");
            // The provider writes one without a file of ours.
            app.ask_for_track(&ids, &json!({"language": "en", "generate": true})).await.expect(202);
        }
    }
}

on_both! {
    async fn an_address_that_a_caller_names_obeys_the_rules_of_ingests_and_shows_nowhere(db: Db) {
        let more = [("VIDEO_INGEST__ALLOWED_HOSTS", "files.example")];
        let app = TestApp::with(db, &more).await;
        let ids = app.video_with_sound().await;
        let url = "https://files.example/secret-of-alice.vtt";
        let body = json!({"language": "en", "kind": "captions", "source_url": url});
        let track = app.ask_for_track(&ids, &body).await.expect(202);
        assert_eq!((&track["kind"], &track["source"]), (&json!("captions"), &json!("uploaded")));
        let sound = json!({"language": "es", "kind": "audio", "source_url": "https://files.example/es.m4a"});
        app.ask_for_track(&ids, &sound).await.expect(202);
        assert_eq!(app.kept_files().await, 2);
        app.read_track(&ids, &track["id"]).await.expect_problem(409, "not_supported");
        app.reconcile().await;
        let sent: Vec<Value> = app.mux.requests().into_iter().filter(|request| request.path.ends_with("/tracks")).map(|request| request.body).collect();
        assert_eq!((&sent[0]["url"], &sent[0]["closed_captions"]), (&json!(url), &json!(true)));
        assert_eq!((&sent[1]["url"], &sent[1]["type"]), (&json!("https://files.example/es.m4a"), &json!("audio")));
        app.mux.finish_tracks(&ids.asset, "ready");
        app.clock.advance(Duration::hours(1));
        app.reconcile().await;
        let video = app.video(&json!(ids.video)).await;
        assert_eq!(video["tracks"].as_array().unwrap().len(), 3, "{video}");
        assert!(!video.to_string().contains("secret-of-alice"));
        assert_eq!(app.kept_files().await, 0, "the address is forgotten");
    }
}

on_both! {
    async fn a_ticket_opens_one_file_for_an_hour(db: Db) {
        let app = TestApp::with(db, &[PUBLIC[0], ("VIDEO_AUTH__FAILURES_PER_MIN", "5")]).await;
        let ids = app.video_with_sound().await;
        let tracks = [
            app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202),
            app.send_file(&ids, "text/vtt", "language=de", VTT.replace("Hello", "Hallo")).await.expect(202),
        ];
        let ids = tracks.map(|track| track["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap());
        let tickets = ids.map(|id| app.state.tickets.issue_track_ticket(id, app.clock.now()).unwrap());
        let fetch = async |ticket: &str| app.send(Method::GET, &format!("/v1/tracks/{ticket}"), None, None).await;
        for (ticket, word) in tickets.iter().zip(["Hello", "Hallo"]) {
            let file = fetch(ticket).await;
            assert_eq!(file.status, 200);
            assert!(file.text.contains(word));
            assert_eq!(file.headers["cache-control"], "private, no-store");
            let head = app.send(Method::HEAD, &format!("/v1/tracks/{ticket}"), None, None).await;
            assert_eq!(head.status, 200);
        }
        // The ticket of one file, made one of the other; and a later end.
        let [en, de] = ids.map(|id| id.to_string());
        let end = app.clock.now().timestamp() + 3600;
        for tampered in [
            tickets[0].replace(&en, &de),
            tickets[0].replace(&end.to_string(), &(end + 60).to_string()),
            app.state.tickets.issue_ticket(ids[0], app.clock.now()),
        ] {
            fetch(&tampered).await.expect_problem(401, "unauthenticated");
        }
        app.clock.advance(Duration::minutes(60));
        fetch(&tickets[0]).await.expect_problem(401, "unauthenticated");
        for _ in 0..4 {
            fetch("v1.x").await.expect_problem(401, "unauthenticated");
        }
        fetch("v1.x").await.expect_problem(429, "rate_limited");
    }
}

on_both! {
    async fn a_video_has_at_most_a_hundred_tracks(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        for number in 1..100 {
            let body = json!({"language": "en", "name": format!("Number {number}"), "generate": true});
            app.ask_for_track(&ids, &body).await.expect(202);
        }
        // The hundredth is the sound of the file.
        let one_more = json!({"language": "fr", "generate": true});
        app.ask_for_track(&ids, &one_more).await.expect_problem(409, "too_many_tracks");
        let first = app.texts(&ids).await[0]["id"].clone();
        app.drop_track(&ids, &first).await.expect(202);
        app.ask_for_track(&ids, &one_more).await.expect(202);
    }
}

on_both! {
    async fn the_same_request_twice_is_one_track(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let send = async |query: &str, body: &str| {
            let url = format!("{}/v1/videos/{}/tracks?{query}", app.url, ids.video);
            let request = app.client.post(url).bearer_auth(app.alice()).header("content-type", "text/vtt");
            crate::support::answer(request.header("idempotency-key", "key-1").body(body.to_owned())).await
        };
        let first = send("language=en", VTT).await;
        let again = send("language=en", VTT).await;
        assert_eq!((first.expect(202), again.headers["idempotency-replayed"].to_str().unwrap()), (again.expect(202), "true"));
        assert_eq!(first.headers["location"], again.headers["location"]);
        assert_eq!(app.texts(&ids).await.len(), 1);
        send("language=de", VTT).await.expect_problem(422, "idempotency_key_reused");
        send("language=en", &VTT.replace("Hello", "Bye")).await.expect_problem(422, "idempotency_key_reused");
        // A refusal frees its key.
        let path = format!("/v1/videos/{}/tracks", ids.video);
        let post = async |body: Value| {
            let request = app.client.post(format!("{}{path}", app.url)).bearer_auth(app.alice()).json(&body);
            crate::support::answer(request.header("idempotency-key", "key-2")).await
        };
        post(json!({"language": "e", "generate": true})).await.expect_problem(422, "invalid_body");
        post(json!({"language": "fr", "generate": true})).await.expect(202);
    }
}
