//! The maps that are shipped inside the binary. The only place of the program that names a provider.

const MAPS: [(&str, &str); 2] = [
    ("local", include_str!("../../config/providers/local.toml")),
    ("mux", include_str!("../../config/providers/mux.toml")),
];

/// The TOML text of the shipped map called `name`.
pub fn embedded(name: &str) -> Option<&'static str> {
    MAPS.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The names of all shipped maps.
pub fn embedded_names() -> impl Iterator<Item = &'static str> {
    MAPS.iter().map(|(name, _)| *name)
}
