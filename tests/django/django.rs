//! The application in a virtual environment of its own, made where it is missing.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Secrets;

/// The application's own requirements.
const REQUIREMENTS: &str = include_str!("../../examples/django/requirements.txt");
/// How long a start may take.
const DEADLINE: Duration = Duration::from_mins(2);

/// The running application; ends with the value.
pub(crate) struct Django {
    port: u16,
    settings: Vec<(&'static str, String)>,
    child: Child,
    log: PathBuf,
}

impl Django {
    /// Makes its database and starts it on `port`, for a service on `service`.
    pub(crate) fn start(folder: &Path, port: u16, service: u16, secrets: &Secrets) -> Self {
        let settings = vec![
            ("DJANGO_SECRET_KEY", "a secret of the tests".to_owned()),
            (
                "DJANGO_DATABASE",
                folder.join("django.sqlite3").display().to_string(),
            ),
            ("VIDEO_SERVICE_URL", format!("http://127.0.0.1:{service}")),
            ("VIDEO_JWT_SECRET", secrets.tokens.clone()),
            ("VIDEO_EVENTS_SECRETS", secrets.events.clone()),
            // The source tree stays as it is.
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ];
        run(&mut manage(&settings, &["migrate", "--verbosity", "0"]));
        run(&mut manage(
            &settings,
            &["makemigrations", "--check", "--dry-run"],
        ));
        let log = folder.join("django.log");
        let address = format!("127.0.0.1:{port}");
        let child = manage(&settings, &["runserver", "--noreload", &address])
            .stdout(File::create(folder.join("django.out")).unwrap())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut django = Self {
            port,
            settings,
            child,
            log,
        };
        wait_for(port, &mut django.child, "the application");
        django
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Adds a user whose password is `<name>-password`.
    pub(crate) fn add_user(&self, name: &str) {
        let code = format!(
            "from django.contrib.auth.models import User; User.objects.create_user('{name}', password='{name}-password')"
        );
        run(&mut manage(&self.settings, &["shell", "--command", &code]));
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// A command of the application.
fn manage(settings: &[(&str, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(python());
    command
        .arg("manage.py")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/django"))
        .envs(settings.iter().map(|(name, value)| (*name, value)));
    command
}

/// The interpreter of the virtual environment.
fn python() -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tmp.join("django");
    let installed = folder.join("installed.txt");
    // One test makes it, the others wait.
    let turn = File::create(tmp.join("django.lock")).unwrap();
    turn.lock().unwrap();
    if fs::read_to_string(&installed).ok().as_deref() != Some(REQUIREMENTS) {
        install(&folder);
        fs::write(installed, REQUIREMENTS).unwrap();
    }
    folder.join("bin/python")
}

fn install(folder: &Path) {
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder));
    let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/django/requirements.txt");
    run(Command::new(folder.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--requirement", requirements]));
}

/// Runs a command to its end; fails with what it said.
fn run(command: &mut Command) {
    let done = command
        .output()
        .expect("python3 is needed: tests/run installs it");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{command:?}: {said}{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

/// Waits until something listens on `port`.
pub(crate) fn wait_for(port: u16, child: &mut Child, what: &str) {
    let end = Instant::now() + DEADLINE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none() && Instant::now() < end,
            "{what} does not start: {ended:?}"
        );
        sleep(Duration::from_millis(50));
    }
}
