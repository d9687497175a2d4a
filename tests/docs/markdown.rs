//! Pages of Markdown: their headings, links and blocks.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One page.
pub(crate) struct Page {
    /// From the root of the repository.
    pub(crate) path: String,
    /// The anchors that a link may name.
    pub(crate) anchors: Vec<String>,
    /// Line and target of each link.
    pub(crate) links: Vec<(usize, String)>,
    /// Line and text of what stands between backticks.
    pub(crate) code: Vec<(usize, String)>,
    pub(crate) blocks: Vec<Block>,
    /// The page starts the service that its commands speak to.
    pub(crate) starts_service: bool,
}

/// A fenced block.
pub(crate) struct Block {
    /// Line of its first line of text.
    pub(crate) line: usize,
    pub(crate) language: String,
    /// The comment right before it, without `<!--` and `-->`.
    pub(crate) mark: Option<String>,
    pub(crate) lines: Vec<String>,
}

impl Block {
    /// What stands behind `KEY:` in the mark.
    pub(crate) fn marked(&self, key: &str) -> Option<&str> {
        let rest = self.mark.as_deref()?.strip_prefix(key)?;
        Some(rest.trim_start_matches(':').trim())
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page of documentation.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths: Vec<String> = ["README.md", "CHANGELOG.md", "benches/README.md"]
        .map(str::to_owned)
        .to_vec();
    for optional in ["CONTRIBUTING.md", "SECURITY.md"] {
        if root().join(optional).exists() {
            paths.push(optional.to_owned());
        }
    }
    paths.extend(files_below("docs").filter(|path| Path::new(path).extension() == Some("md".as_ref())));
    paths.iter().map(|path| parse(path, &read(path))).collect()
}

/// Every picture of the documentation.
pub(crate) fn pictures() -> impl Iterator<Item = String> {
    files_below("docs/images")
}

fn files_below(folder: &str) -> impl Iterator<Item = String> {
    let mut folders = vec![root().join(folder)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| {
        let path = path.strip_prefix(root()).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

fn parse(path: &str, text: &str) -> Page {
    let mut page = Page {
        path: path.to_owned(),
        anchors: Vec::new(),
        links: Vec::new(),
        code: Vec::new(),
        blocks: Vec::new(),
        starts_service: false,
    };
    let mut seen = HashMap::<String, usize>::new();
    let mut mark = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            let fence: String = trimmed.chars().take_while(|c| *c == '`').collect();
            let indent = line.len() - trimmed.len();
            let language = trimmed[fence.len()..].split_whitespace().next();
            let inside = lines.by_ref().take_while(|(_, line)| line.trim() != fence);
            let unindent = |line: &str| line.get(indent..).unwrap_or_default().to_owned();
            page.blocks.push(Block {
                line: number + 2,
                language: language.unwrap_or_default().to_owned(),
                mark: mark.take(),
                lines: inside.map(|(_, line)| unindent(line)).collect(),
            });
            continue;
        }
        if let Some(comment) = trimmed
            .strip_prefix("<!--")
            .and_then(|rest| rest.strip_suffix("-->"))
        {
            page.starts_service |= comment.trim() == "starts its own service";
            mark = Some(comment.trim().to_owned());
            continue;
        }
        if !trimmed.is_empty() {
            mark = None;
        }
        if let Some(heading) = heading_text(trimmed) {
            let slug = slug_of(heading);
            let count = seen.entry(slug.clone()).or_default();
            page.anchors.push(if *count == 0 {
                slug
            } else {
                format!("{slug}-{count}")
            });
            *count += 1;
        }
        let code = line.split('`').skip(1).step_by(2);
        page.code.extend(code.map(|text| (number + 1, text.to_owned())));
        let plain = without_code(line);
        page.anchors.extend(attribute_values(&plain, "id"));
        let targets = inline_targets(&plain)
            .chain(attribute_values(&plain, "src"))
            .chain(attribute_values(&plain, "href"));
        page.links.extend(targets.map(|target| (number + 1, target)));
    }
    page
}

/// The text of a heading's line.
fn heading_text(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim())
}

/// The anchor that the usual renderers give a heading.
fn slug_of(heading: &str) -> String {
    let mut slug = String::new();
    for c in heading.chars().flat_map(char::to_lowercase) {
        match c {
            ' ' => slug.push('-'),
            '-' | '_' => slug.push(c),
            _ if c.is_alphanumeric() => slug.push(c),
            _ => {}
        }
    }
    slug
}

/// The line without what stands between backticks.
fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let plain: Vec<&str> = parts.iter().copied().step_by(2).collect();
    plain.join("``")
}

/// Targets of `[text](target)`, and of a line `[name]: target`.
fn inline_targets(line: &str) -> impl Iterator<Item = String> {
    let end = |rest: &str| {
        let end = rest.find([')', ' ']).unwrap_or(rest.len());
        rest[..end].trim_matches(['<', '>']).to_owned()
    };
    let inline = line.split("](").skip(1).map(end);
    let defined = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target.trim().to_owned());
    inline.chain(defined).collect::<Vec<_>>().into_iter()
}

/// Values of `name="value"` in elements of HTML.
fn attribute_values(line: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    let values = line.split(begin.as_str()).skip(1);
    values
        .filter_map(|rest| rest.split_once('"').map(|(value, _)| value.to_owned()))
        .collect()
}

#[test]
fn headings_links_and_blocks_are_read() {
    let text = "# One `two`: three!\n# One `two`: three!\n[a](b.md#c) `[no](code)` <img src=\"x.png\">\n\n<!-- exit 3 -->\n  ```console\n  $ false\n  ```\n";
    let page = parse("p.md", text);
    assert_eq!(page.anchors, ["one-two-three", "one-two-three-1"]);
    let targets: Vec<&str> = page.links.iter().map(|(_, target)| target.as_str()).collect();
    assert_eq!(targets, ["b.md#c", "x.png"]);
    assert_eq!(page.code.last().unwrap().1, "[no](code)");
    let block = &page.blocks[0];
    assert_eq!((block.line, block.language.as_str()), (7, "console"));
    assert_eq!(block.marked("exit"), Some("3"));
    assert_eq!(block.lines, ["$ false"]);
}
