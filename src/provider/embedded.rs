//! The maps that are shipped inside the binary. No other place of the program names a provider.

/// Names and texts of the shipped maps.
// Why embedded: the binary runs without any file beside it.
const MAPS: [(&str, &str); 5] = [
    ("local", include_str!("../../config/providers/local.toml")),
    ("mux", include_str!("../../config/providers/mux.toml")),
    (
        "cloudflare_stream",
        include_str!("../../config/providers/cloudflare_stream.toml"),
    ),
    ("api_video", include_str!("../../config/providers/api_video.toml")),
    (
        "bunny_stream",
        include_str!("../../config/providers/bunny_stream.toml"),
    ),
];

/// Returns the TOML text of the shipped map called `name`; `None` where there is no such map.
pub fn embedded_map(name: &str) -> Option<&'static str> {
    MAPS.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// Returns the names of all shipped maps.
pub fn embedded_names() -> impl Iterator<Item = &'static str> {
    MAPS.iter().map(|(name, _)| *name)
}
