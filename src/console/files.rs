//! The files of the page, embedded and packed.

use std::sync::LazyLock;

use crate::assets::{AssetSet, Module, PICTURE, SCRIPT, STYLE, pack_styles};

/// The module that the page loads first.
const MAIN: &str = "app.js";

macro_rules! modules {
    ($($path:literal)*) => {
        &[$(Module { path: $path, text: include_str!($path) }),*]
    };
}

/// All modules of the page.
const MODULES: &[Module] = modules! {
    "address.js"
    "admin_api.js"
    "alerts.js"
    "api.js"
    "app.js"
    "bulk.js"
    "bulk_replay.js"
    "cards.js"
    "client.js"
    "copy.js"
    "dialog.js"
    "dom.js"
    "drop.js"
    "event_filter.js"
    "event_list.js"
    "event_view.js"
    "events_page.js"
    "failure_scene.js"
    "filters.js"
    "final.js"
    "follow.js"
    "format.js"
    "health_page.js"
    "home.js"
    "icons.js"
    "list.js"
    "list_view.js"
    "live.js"
    "navigation.js"
    "news.js"
    "pages.js"
    "pictures.js"
    "poster.js"
    "progress.js"
    "rows.js"
    "selection.js"
    "session.js"
    "setup_page.js"
    "sign_in.js"
    "snippets.js"
    "stage.js"
    "staging.js"
    "storyboard.js"
    "theatre.js"
    "thumb.js"
    "timeline.js"
    "times.js"
    "track_form.js"
    "track_words.js"
    "upload.js"
    "upload_card.js"
    "uploads.js"
    "video_details.js"
    "video_facts.js"
    "video_files.js"
    "video_page.js"
    "video_replacement.js"
    "video_tracks.js"
    "who.js"
    "words.js"
};

/// The script that is no module: it runs before the others have come.
const EARLY: &str = include_str!("early.js");

/// The style sheets, in the order in which they apply.
const STYLES: &[&str] = &[
    include_str!("../assets/ground.css"),
    include_str!("parts.css"),
    include_str!("stage.css"),
    include_str!("operate.css"),
];

/// What is served below `/console/`.
pub(super) static FILES: LazyLock<AssetSet> = LazyLock::new(|| {
    let others = [
        ("console.css", STYLE, pack_styles(STYLES)),
        ("early.js", SCRIPT, EARLY.to_owned()),
        ("icon.svg", PICTURE, include_str!("icon.svg").to_owned()),
    ];
    AssetSet::of_modules(MODULES, &[], Some(MAIN), &others)
});

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{FILES, MAIN, MODULES};

    #[test]
    fn the_modules_are_packed_and_the_main_one_is_there() {
        assert!(FILES.paths().any(|path| path == MAIN));
    }

    #[test]
    fn every_module_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_script = path.extension().is_some_and(|extension| extension == "js");
            let known = !is_script || name == "early.js" || MODULES.iter().any(|module| module.path == name);
            assert!(known, "src/console/files.rs does not name {name}");
        }
    }
}
