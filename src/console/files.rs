//! The files of the page, embedded and packed.

use std::sync::LazyLock;

use crate::assets::{AssetSet, Module, PICTURE, SCRIPT, STYLE, pack_modules, pack_styles};

/// The module that the page loads first.
const MAIN: &str = "app.js";

macro_rules! modules {
    ($($path:literal)*) => {
        &[$(Module { path: $path, text: include_str!($path) }),*]
    };
}

/// All modules of the page.
const MODULES: &[Module] = modules! {
    "api.js"
    "app.js"
    "cards.js"
    "dialog.js"
    "dom.js"
    "format.js"
    "home.js"
    "icons.js"
    "list.js"
    "live.js"
    "player.js"
    "poster.js"
    "progress.js"
    "session.js"
    "sign_in.js"
    "snippets.js"
    "stage.js"
    "storyboard.js"
    "uploads.js"
    "video_page.js"
    "words.js"
    "upload/chunks.js"
    "upload/failure.js"
    "upload/form.js"
    "upload/put.js"
    "upload/request.js"
    "upload/transfer.js"
    "upload/tus.js"
};

/// The style sheets, in the order in which they apply.
const STYLES: &[&str] = &[include_str!("../assets/ground.css"), include_str!("parts.css")];

/// What is served below `/console/`.
#[expect(
    clippy::expect_used,
    reason = "the modules are part of the program, and a test packs them"
)]
pub(super) static FILES: LazyLock<AssetSet> = LazyLock::new(|| {
    let scripts = pack_modules(MODULES, &[], Some(MAIN)).expect("the modules have the form that is packed");
    let scripts = scripts.into_iter().map(|(path, text)| (path, SCRIPT, text));
    let others = [
        ("console.css".to_owned(), STYLE, pack_styles(STYLES)),
        (
            "icon.svg".to_owned(),
            PICTURE,
            include_str!("icon.svg").to_owned(),
        ),
    ];
    AssetSet::new(scripts.chain(others))
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
            let known = !is_script || MODULES.iter().any(|module| module.path == name);
            assert!(known, "src/console/files.rs does not name {name}");
        }
    }
}
