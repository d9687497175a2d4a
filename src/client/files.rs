//! The files of the client, embedded and packed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::assets::{Asset, AssetSet, Module, SCRIPT, TEXT};

/// The modules that pages import.
const PUBLIC: &[&str] = &["player.js", "upload.js"];

macro_rules! modules {
    ($($path:literal)*) => {
        &[$(Module { path: $path, text: include_str!(concat!("package/", $path)) }),*]
    };
}

/// All modules of the package.
const MODULES: &[Module] = modules! {
    "answer.js"
    "begin.js"
    "chunks.js"
    "element.js"
    "element_base.js"
    "failure.js"
    "file_source.js"
    "form.js"
    "hls_addresses.js"
    "hls_library.js"
    "hls_source.js"
    "media_player.js"
    "player.js"
    "player_css.js"
    "player_element.js"
    "player_failure.js"
    "player_labels.js"
    "player_menus.js"
    "player_seek.js"
    "player_view.js"
    "put.js"
    "renewal.js"
    "request.js"
    "resume.js"
    "slots.js"
    "storyboard.js"
    "text_tracks.js"
    "transfer.js"
    "tus.js"
    "upload.js"
    "upload_element.js"
    "upload_labels.js"
    "upload_row.js"
    "upload_task.js"
    "upload_view.js"
};

/// The types of the public modules.
const TYPES: &[(&str, &str)] = &[
    ("player.d.ts", include_str!("package/player.d.ts")),
    ("upload.d.ts", include_str!("package/upload.d.ts")),
];

/// hls.js as it is published, and its licence.
const HLS: [(&str, &str, &str); 3] = [
    ("hls/hls.min.js", SCRIPT, include_str!("package/hls/hls.min.js")),
    ("hls/LICENSE", TEXT, include_str!("package/hls/LICENSE")),
    ("hls/VERSION", TEXT, include_str!("package/hls/VERSION")),
];

/// What is served below the digest.
pub(super) static FILES: LazyLock<AssetSet> = LazyLock::new(|| {
    let others = HLS.map(|(path, kind, text)| (path, kind, text.to_owned()));
    AssetSet::of_modules(MODULES, PUBLIC, None, &others)
});

/// What is served by a name that stays. A script is short: it hands on what the file below the digest exports.
pub(super) static ENTRIES: LazyLock<BTreeMap<&str, Asset>> = LazyLock::new(|| {
    let scripts = PUBLIC.iter().map(|path| {
        // Why a relative address: it holds behind a path of a proxy, too.
        let text = format!("export * from './{}/{path}';\n", FILES.digest());
        (*path, Asset::new(SCRIPT, text))
    });
    let types = TYPES.iter().map(|(path, text)| (*path, Asset::new(TEXT, *text)));
    scripts.chain(types).collect()
});

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{ENTRIES, FILES, MODULES, PUBLIC};

    #[test]
    fn the_public_modules_are_packed_and_have_names_that_stay() {
        for path in PUBLIC {
            assert!(FILES.paths().any(|packed| packed == *path), "{path}");
            assert!(ENTRIES.contains_key(path), "{path}");
        }
    }

    #[test]
    fn every_module_of_the_package_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/client/package");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_script = path.extension().is_some_and(|extension| extension == "js");
            let known = !is_script || MODULES.iter().any(|module| module.path == name);
            assert!(known, "src/client/files.rs does not name {name}");
        }
    }
}
