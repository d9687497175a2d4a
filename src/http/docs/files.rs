//! The files of the page, embedded and packed.

use std::sync::LazyLock;

use crate::assets::{AssetSet, Module, PICTURE, STYLE, pack_styles};

/// The module that the page loads first.
const MAIN: &str = "page.js";

macro_rules! modules {
    ($($path:literal)*) => {
        &[$(Module { path: $path, text: include_str!($path) }),*]
    };
}

/// All modules of the page.
const MODULES: &[Module] = modules! {
    "answer.js"
    "calls.js"
    "contents.js"
    "dom.js"
    "model.js"
    "operation.js"
    "page.js"
    "schema.js"
    "token.js"
    "trial.js"
};

/// The style sheets, in the order in which they apply. The ground is the console page's too.
const STYLES: &[&str] = &[include_str!("../../assets/ground.css"), include_str!("style.css")];

/// What is served below `/docs/`.
pub(super) static FILES: LazyLock<AssetSet> = LazyLock::new(|| {
    let others = [
        ("docs.css", STYLE, pack_styles(STYLES)),
        (
            "icon.svg",
            PICTURE,
            include_str!("../../console/icon.svg").to_owned(),
        ),
    ];
    AssetSet::of_modules(MODULES, &[], Some(MAIN), &others)
});

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn the_modules_are_packed_with_the_form_apart() {
        let paths: Vec<&str> = FILES.paths().collect();
        assert_eq!(paths, ["docs.css", "icon.svg", "page.js", "trial.js"]);
    }
}
