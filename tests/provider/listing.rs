//! Lists of what the provider has: pages by number, pages by cursor, and what a map must say of them.

use serde_json::json;
use yourbit_video::domain::Policy;
use yourbit_video::provider::{CallError, Lookup, PageCursor, Priority, Provider};

use crate::{
    fake::Fake,
    support::{MINIMAL, load, now, vars},
};

const LIST: &str = r#"
[asset.get]
method = "GET"
url = "https://api.example/assets/{asset_id}"
status = { at = "/state", map = { done = "ready" } }
[asset.list]
method = "GET"
url = "BASE/assets?kind=video"
query = { limit = 2, after = "{cursor}" }
items = "/items"
next = { cursor = "/next" }
fields = { asset_id = "/id", playback_id = "/play" }
"#;

fn provider(list: &str) -> Provider {
    let vars = vars([("KEY", "k"), ("WEBHOOK", "w")]);
    load(&format!("{MINIMAL}{list}"), &vars).unwrap_or_else(|error| panic!("{error}"))
}

async fn page(
    provider: &Provider,
    mark: &PageCursor,
) -> Result<(Vec<String>, Option<PageCursor>), CallError> {
    let page = provider
        .list_assets(mark, Policy::Signed, Priority::Request("alice"), now())
        .await?;
    let ids = page
        .assets
        .into_iter()
        .filter_map(|asset| asset.video.observation.asset_id);
    Ok((ids.collect(), page.next))
}

#[tokio::test]
async fn a_cursor_leads_from_page_to_page_until_there_is_none() {
    let fake = Fake::start().await;
    let provider = provider(&LIST.replace("BASE", &fake.base));
    fake.says_json(200, &json!({"items": [{"id": "a"}, {"id": 7}], "next": "x&y=1"}));
    fake.says_json(200, &json!({"items": [], "next": "z"}));
    fake.says_json(200, &json!({"items": [{"id": "c"}], "next": null}));
    let (first, mark) = page(&provider, &provider.first_page()).await.unwrap();
    let (second, mark) = page(&provider, &mark.unwrap()).await.unwrap();
    let (third, mark) = page(&provider, &mark.unwrap()).await.unwrap();
    assert_eq!(
        (first, second, third),
        (vec!["a".into(), "7".into()], vec![], vec!["c".into()])
    );
    assert_eq!(mark, None);
    let asked: Vec<String> = fake.asked().iter().map(|asked| asked.target.clone()).collect();
    // The first page goes without a cursor, and what the provider gave is sent as one value.
    assert_eq!(
        asked,
        [
            "/assets?kind=video&limit=2",
            "/assets?kind=video&after=x%26y%3D1&limit=2",
            "/assets?kind=video&after=z&limit=2",
        ]
    );
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_is_no_endless_way() {
    let fake = Fake::start().await;
    let provider = provider(&LIST.replace("BASE", &fake.base));
    fake.says_json(200, &json!({"items": [{"id": "a"}], "next": "x"}));
    fake.says_json(200, &json!({"items": [{"id": "b"}], "next": "x"}));
    let (_, mark) = page(&provider, &provider.first_page()).await.unwrap();
    let stuck = page(&provider, &mark.unwrap()).await.unwrap_err();
    assert!(stuck.to_string().contains("next.cursor"), "{stuck}");
}

#[tokio::test]
async fn numbered_pages_end_with_an_empty_one_or_one_that_is_not_there() {
    for (status, body) in [
        (200, json!({"items": []})),
        (200, json!({"items": null})),
        (404, json!({})),
    ] {
        let fake = Fake::start().await;
        let list = LIST
            .replace("BASE", &fake.base)
            .replace("after = \"{cursor}\"", "page = \"{page}\"")
            .replace("{ cursor = \"/next\" }", "{ page = 0 }\ngone = [404]");
        let provider = provider(&list);
        fake.says_json(200, &json!({"items": [{"id": "a"}]}))
            .says_json(status, &body);
        let (_, mark) = page(&provider, &provider.first_page()).await.unwrap();
        assert_eq!(page(&provider, &mark.unwrap()).await.unwrap(), (vec![], None));
        assert_eq!(fake.asked()[1].target, "/assets?kind=video&limit=2&page=1");
    }
}

#[tokio::test]
async fn an_answer_without_a_list_is_an_outage_not_the_end() {
    let fake = Fake::start().await;
    let provider = provider(&LIST.replace("BASE", &fake.base));
    fake.says_json(200, &json!({"error": "try again"}));
    assert!(matches!(
        page(&provider, &provider.first_page()).await,
        Err(CallError::Outage { .. })
    ));
}

#[tokio::test]
async fn an_asset_is_found_by_its_playback_id() {
    let fake = Fake::start().await;
    let find = "\n[asset.find]\nmethod = \"GET\"\nurl = \"BASE/plays/{playback_id}\"\ngone = [404]\n\
                fields = { asset_id = \"/asset\", playback_policy = \"/policy\" }\n";
    let provider = provider(&find.replace("BASE", &fake.base));
    fake.says_json(200, &json!({"asset": "a", "policy": "public"}));
    fake.says_json(404, &json!({}));
    fake.says_json(200, &json!({"policy": "public"}));
    let ask = async || {
        provider
            .find_asset("p/1", Policy::Signed, Priority::Request("alice"), now())
            .await
    };
    let Ok(Lookup::Found(found)) = ask().await else {
        panic!("not found")
    };
    assert_eq!(
        (found.observation.asset_id.as_deref(), found.policy),
        (Some("a"), Policy::Public)
    );
    assert_eq!(ask().await, Ok(Lookup::Gone));
    assert!(matches!(ask().await, Err(CallError::Outage { .. })));
    assert_eq!(fake.asked()[0].target, "/plays/p%2F1");
}

#[test]
fn what_a_list_must_say_is_asked_for_at_start() {
    let vars = vars([("KEY", "k"), ("WEBHOOK", "w")]);
    let list = LIST.replace("BASE", "https://api.example");
    for (from, to, words) in [
        (
            "items = \"/items\"\n",
            "",
            &["[asset.list]", "items", "missing"][..],
        ),
        (
            "items = \"/items\"",
            "items = \"items\"",
            &["[asset.list]", "items", "pointer"],
        ),
        (
            "asset_id = \"/id\", ",
            "",
            &["[asset.list]", "fields", "asset_id"],
        ),
        (
            "after = \"{cursor}\"",
            "after = 1",
            &["[asset.list.next]", "cursor", "nowhere"],
        ),
        (
            "cursor = \"/next\"",
            "page = 1",
            &["[asset.list.next]", "page", "nowhere"],
        ),
        ("cursor = \"/next\"", "", &["[asset.list]", "next", "one of"]),
        (
            "after = \"{cursor}\"",
            "after = \"{secrets.key}\"",
            &["[asset.list]", "query", "secret"],
        ),
        (
            "after = \"{cursor}\"",
            "after = [1]",
            &["[asset.list.query]", "after", "text, number or true/false"],
        ),
        (
            "after = \"{cursor}\"",
            "after = \"{asset_id}\"",
            &["[asset.list]", "asset_id", "cursor"],
        ),
        (
            "items = ",
            "itmes = 1\nitems = ",
            &["[asset.list]", "itmes", "created_at"],
        ),
        (
            "https://api.example/assets/{asset_id}",
            "https://api.example/{page}",
            &["[asset.get]", "{page}"],
        ),
        ("[asset.get]", "[asset.delete]", &["asset", "status"]),
    ] {
        assert!(list.contains(from), "{from}");
        let text = format!("{MINIMAL}{}", list.replacen(from, to, 1));
        let line = load(&text, &vars)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        for word in words {
            assert!(line.contains(word), "{to}: \"{word}\" is not in: {line}");
        }
    }
}

#[tokio::test]
async fn a_list_by_time_goes_on_from_the_last_element() {
    let fake = Fake::start().await;
    let list = LIST
        .replace("BASE", &fake.base)
        .replace("{ cursor = \"/next\" }", "{ last = \"/created\" }");
    let provider = provider(&list);
    let item = |id: &str, created: &str| json!({"id": id, "created": created});
    // The time itself counts here: the last page gives the last element once more.
    fake.says_json(200, &json!({"items": [item("a", "t+3"), item("b", "t+2")]}));
    fake.says_json(200, &json!({"items": [item("b", "t+2"), item("c", "t+1")]}));
    fake.says_json(200, &json!({"items": [item("c", "t+1")]}));
    let (first, mark) = page(&provider, &provider.first_page()).await.unwrap();
    let (second, mark) = page(&provider, &mark.unwrap()).await.unwrap();
    let (third, mark) = page(&provider, &mark.unwrap()).await.unwrap();
    assert_eq!(
        [first, second, third],
        [vec!["a", "b"], vec!["b", "c"], vec!["c"]]
    );
    assert_eq!(mark, None, "nothing but what was the last before");
    let asked: Vec<String> = fake.asked().iter().map(|asked| asked.target.clone()).collect();
    assert_eq!(
        asked,
        [
            "/assets?kind=video&limit=2",
            "/assets?kind=video&after=t%2B2&limit=2",
            "/assets?kind=video&after=t%2B1&limit=2",
        ]
    );
    // It does not count here: the last page is empty.
    fake.says_json(200, &json!({"items": []}));
    let (none, mark) = page(&provider, &provider.first_page()).await.unwrap();
    assert!(none.is_empty() && mark.is_none());
    fake.says_json(200, &json!({"items": [{"id": "a"}]}));
    let broken = page(&provider, &provider.first_page()).await.unwrap_err();
    assert!(broken.to_string().contains("next.last"), "{broken}");
}

#[test]
fn a_list_has_one_way_to_its_next_page() {
    for (next, says) in [
        (
            "{ last = \"/created\", cursor = \"/next\" }",
            "[asset.list] next: must have one of: page",
        ),
        (
            "{ last = \"/created\" }\nquery = {}",
            "[asset.list.next] last: but {cursor} stands nowhere",
        ),
    ] {
        let mut list = LIST
            .replace("BASE", "https://api.example")
            .replace("{ cursor = \"/next\" }", next);
        if next.contains("query") {
            list = list.replace("query = { limit = 2, after = \"{cursor}\" }\n", "");
        }
        let vars = vars([("KEY", "k"), ("WEBHOOK", "w")]);
        let error = load(&format!("{MINIMAL}{list}"), &vars)
            .err()
            .map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(says), "{error}");
    }
}
