//! nginx, as Debian packages it, in front of the service.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::service::free_port;

/// A proxy on a port of its own. It ends with the test.
pub(crate) struct Nginx {
    port: u16,
    folder: TempDir,
    child: Child,
}

impl Nginx {
    /// Starts it with these `location` blocks. None, with a line that says so, where nginx is not installed.
    pub(crate) fn start(locations: &str) -> Option<Self> {
        Self::start_on(free_port(), locations)
    }

    /// The same, on this port.
    pub(crate) fn start_on(port: u16, locations: &str) -> Option<Self> {
        let Some(program) = find() else {
            println!("skipped: nginx is not installed (on Debian: apt-get install nginx; tests/run does it)");
            return None;
        };
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("nginx.conf"), configuration(port, locations)).unwrap();
        let child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "error.log"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self { port, folder, child };
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = nginx.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{}", nginx.log());
            sleep(Duration::from_millis(20));
        }
        Some(nginx)
    }

    /// Where it listens, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}", self.log());
        }
    }
}

/// As little as nginx runs with: one process, everything in its folder.
fn configuration(port: u16, locations: &str) -> String {
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\nhttp {{\n\
         access_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
         uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n\
         server {{\nlisten 127.0.0.1:{port};\nclient_max_body_size 0;\n{locations}\n}}\n}}\n"
    )
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join("nginx"))
        .find(|file| file.is_file())
}
