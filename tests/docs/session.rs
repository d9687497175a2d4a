//! The commands of one page, typed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::markdown::{Block, Page, root};
use crate::printed::agrees;

/// Stands for `cargo` in the session: the program is built already.
const CARGO: &str = r#"#!/bin/sh
[ "$1 $2 $3" = "run -q --" ] || { echo "only 'cargo run -q -- …' can be typed here" >&2; exit 99; }
shift 3
exec yourbit-video "$@"
"#;

/// One command with what the page prints below it.
struct Step {
    line: usize,
    command: String,
    printed: Vec<String>,
    exit: i32,
}

/// A text for a file.
struct Text {
    file: String,
    text: String,
    /// Behind what is in the file already.
    append: bool,
}

/// What a page has its reader do, in order.
enum Act {
    Type(Step),
    Write(Text),
}

/// Types what the page prints. Returns a text for each thing that was not as the page says; after one of them the rest of
/// the page is not typed.
pub(crate) fn type_page(page: &Page, limit: Duration) -> Vec<String> {
    let mut ports = Ports::default();
    let (acts, mut faults) = read_acts(page, &mut ports);
    let steps: Vec<&Step> = acts.iter().filter_map(Act::as_step).collect();
    if steps.is_empty() {
        return faults;
    }
    let place = Place::new(ports.of(8080));
    let _service = (!page.starts_service).then(|| place.start_service());
    let ended = place.type_all(&acts, limit);
    for (number, step) in steps.iter().enumerate() {
        let Some((code, actual)) = place.outcome(number) else {
            faults.push(format!(
                "{}:{}: did not end within {limit:?}: {}\n{}",
                page.path,
                step.line,
                step.command,
                place.log()
            ));
            break;
        };
        if code != step.exit || !agrees(&step.printed, &actual) {
            faults.push(format!(
                "{}:{}: $ {}\n  the page prints (and exit {}):\n    {}\n  it printed (and exit {code}):\n    {}\n{}",
                page.path,
                step.line,
                step.command,
                step.exit,
                step.printed.join("\n    "),
                actual.join("\n    "),
                place.log()
            ));
            break;
        }
    }
    if !ended && faults.is_empty() {
        faults.push(format!("{}: the session did not end within {limit:?}", page.path));
    }
    faults
}

impl Act {
    fn as_step(&self) -> Option<&Step> {
        match self {
            Self::Type(step) => Some(step),
            Self::Write(_) => None,
        }
    }
}

/// Reads what the page has its reader do; and a fault for each block that is neither to be typed nor marked.
fn read_acts(page: &Page, ports: &mut Ports) -> (Vec<Act>, Vec<String>) {
    let mut acts = Vec::new();
    let mut faults = Vec::new();
    for block in &page.blocks {
        let at = format!("{}:{}", page.path, block.line);
        if block.marked("not run").is_some() {
            if block.marked("not run") == Some("") {
                faults.push(format!("{at}: say why it is not run"));
            }
        } else if let Some(file) = block.marked("file").or_else(|| block.marked("append")) {
            acts.push(Act::Write(Text {
                file: file.to_owned(),
                text: ports.exchanged(&block.text()),
                append: block.marked("append").is_some(),
            }));
        } else if block.language == "sh" && block.marked("run").is_some() {
            acts.push(Act::Type(Step {
                line: block.line,
                command: ports.exchanged(&block.text()),
                printed: Vec::new(),
                exit: 0,
            }));
        } else if block.language == "console" {
            match read_steps(block, ports) {
                Ok(steps) => acts.extend(steps.into_iter().map(Act::Type)),
                Err(why) => faults.push(format!("{at}: {why}")),
            }
        }
    }
    (acts, faults)
}

fn read_steps(block: &Block, ports: &mut Ports) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in block.lines.iter().enumerate() {
        let line = ports.exchanged(line);
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                line: block.line + number,
                command: command.to_owned(),
                printed: Vec::new(),
                exit: 0,
            });
            continue;
        }
        let step = steps
            .last_mut()
            .ok_or("a block marked console begins with `$ `")?;
        let begun = step.printed.is_empty();
        if begun && step.command.ends_with('\\') {
            step.command = format!("{}\n{line}", step.command);
        } else if let Some(more) = line.strip_prefix("> ").filter(|_| begun) {
            step.command = format!("{}\n{more}", step.command);
        } else {
            step.printed.push(line);
        }
    }
    let exit = block.marked("exit").map(str::parse).transpose();
    if let (Some(exit), Some(last)) = (exit.map_err(|_| "exit CODE is a number")?, steps.last_mut()) {
        last.exit = exit;
    }
    Ok(steps)
}

/// A fault for each block of shell commands that no shell can read.
pub(crate) fn syntax_faults(page: &Page) -> Vec<String> {
    let blocks = page.blocks.iter().filter(|block| block.language == "sh");
    let texts = blocks.map(|block| (block.line, block.text()));
    let steps = page.blocks.iter().filter(|block| block.language == "console");
    let steps = steps.flat_map(|block| read_steps(block, &mut Ports::default()).unwrap_or_default());
    let all = texts.chain(steps.map(|step| (step.line, step.command)));
    let faulty = all.filter_map(|(line, text)| {
        let mut bash = Command::new("bash")
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        bash.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let outcome = bash.wait_with_output().unwrap();
        let why = String::from_utf8_lossy(&outcome.stderr).into_owned();
        (!outcome.status.success()).then(|| format!("{}:{line}: {why}", page.path))
    });
    faulty.collect()
}

/// Tells whether a program is there.
pub(crate) fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Free ports in place of those that a page names.
#[derive(Default)]
struct Ports(HashMap<u16, u16>);

impl Ports {
    fn of(&mut self, named: u16) -> u16 {
        *self.0.entry(named).or_insert_with(|| {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            listener.local_addr().unwrap().port()
        })
    }

    /// Returns the text with a free port behind each `127.0.0.1:` and `localhost:`.
    fn exchanged(&mut self, text: &str) -> String {
        let mut exchanged = String::new();
        let mut rest = text;
        while let Some(end) = ["127.0.0.1:", "localhost:"]
            .iter()
            .filter_map(|host| Some(rest.find(host)? + host.len()))
            .min()
        {
            exchanged.push_str(&rest[..end]);
            rest = &rest[end..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if let Ok(port) = rest[..digits].parse() {
                exchanged.push_str(&self.of(port).to_string());
                rest = &rest[digits..];
            }
        }
        exchanged + rest
    }
}

/// The folder in which the commands of a page are typed.
struct Place {
    folder: TempDir,
    port: u16,
}

/// A service that ends with the session.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    fn new(port: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let programs = folder.path().join(".programs");
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir(folder.path().join(".typed")).unwrap();
        symlink(
            env!("CARGO_BIN_EXE_yourbit-video"),
            programs.join("yourbit-video"),
        )
        .unwrap();
        let cargo = programs.join("cargo");
        fs::write(&cargo, CARGO).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        for shown in ["config", "tests"] {
            symlink(root().join(shown), folder.path().join(shown)).unwrap();
        }
        Self { folder, port }
    }

    /// A command in this folder, without settings of the surroundings.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars() {
            if name.starts_with("VIDEO_") || name.starts_with("OTEL_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        let programs = self.folder.path().join(".programs");
        let paths = std::env::var("PATH").unwrap_or_default();
        command
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{paths}", programs.display()))
            .env("VIDEO_HTTP__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("VIDEO_LOCAL__MIN_FREE_BYTES", "0")
            .stdin(Stdio::null());
        command
    }

    fn start_service(&self) -> Running {
        let log = fs::File::create(self.folder.path().join(".log")).unwrap();
        let program = self.folder.path().join(".programs/yourbit-video");
        let mut child = self
            .command(&program)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{}", self.log());
            sleep(Duration::from_millis(50));
        }
        Running(child)
    }

    /// What the service wrote.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(".log")).unwrap_or_default()
    }

    /// Types everything in one shell, which ends at the first command whose exit code is another one than the page says.
    /// Returns whether the shell ended in time.
    fn type_all(&self, acts: &[Act], limit: Duration) -> bool {
        let mut script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n".to_owned();
        let mut number = 0;
        for (place, act) in acts.iter().enumerate() {
            match act {
                Act::Write(Text { file, text, append }) => {
                    let kept = format!(".typed/text-{place}");
                    fs::write(self.folder.path().join(&kept), text).unwrap();
                    let into = if *append { ">>" } else { ">" };
                    writeln!(script, "cat '{kept}' {into} '{file}'").unwrap();
                }
                Act::Type(step) => {
                    let typed = format!(".typed/{number}");
                    fs::write(self.folder.path().join(&typed), &step.command).unwrap();
                    let exit = step.exit;
                    writeln!(
                        script,
                        ". {typed} > {typed}.out 2>&1; code=$?; echo $code > {typed}.code; [ $code = {exit} ] || exit"
                    )
                    .unwrap();
                    number += 1;
                }
            }
        }
        let file = self.folder.path().join(".typed/script");
        fs::write(&file, script).unwrap();
        let seconds = limit.as_secs().to_string();
        let mut shell = self.command(Path::new("timeout"));
        shell.args(["-k", "5", &seconds, "bash"]).arg(file);
        // 124: `timeout` had to end it.
        shell.status().unwrap().code() != Some(124)
    }

    /// Exit code and lines of the command with this number; none where it did not end, or was not typed.
    fn outcome(&self, number: usize) -> Option<(i32, Vec<String>)> {
        let typed = self.folder.path().join(format!(".typed/{number}"));
        let code = fs::read_to_string(typed.with_extension("code")).ok()?;
        let out = fs::read(typed.with_extension("out")).ok()?;
        let lines = String::from_utf8_lossy(&out).lines().map(str::to_owned).collect();
        Some((code.trim().parse().ok()?, lines))
    }
}
