//! The browser of the tests.

/// Its path.
pub(crate) fn chromium() -> String {
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let found = known.into_iter().find(|path| std::path::Path::new(path).exists());
    found
        .expect("chromium must be installed (tests/run does it)")
        .to_owned()
}
